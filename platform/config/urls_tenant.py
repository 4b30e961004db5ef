"""URLs of a workspace, SUBDOMAIN.BASE_DOMAIN."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from kernel.web.mail import dev_mail

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("kernel.api.urls")),
    path("", include("kernel.web.accounts.urls")),
    path("", include("kernel.web.settings.urls")),
    path("", include("crm_core.sales.settings.urls")),
    path("", include("kernel.ui.urls")),
    path("", include("kernel.files.urls")),
    path("", include("kernel.transfer.urls")),
    path("", include("crm_core.reporting.urls")),
    path("", include("crm_core.contacts.urls")),
    path("", include("crm_core.leads.urls")),
    path("", include("crm_core.activities.urls")),
    path("", include("crm_core.teamwork.urls")),
    path("", include("crm_core.sales.urls")),
    path("", include("kernel.web.urls")),
]
if settings.EMBEDDED:
    urlpatterns.append(path("dev/mail", dev_mail, name="dev-mail"))

handler400 = "kernel.web.errors.bad_request"
handler403 = "kernel.web.errors.forbidden"
handler404 = "kernel.web.errors.not_found"
handler500 = "kernel.web.errors.server_error"
