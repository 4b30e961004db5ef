"""URLs of a workspace, SUBDOMAIN.BASE_DOMAIN."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from kernel.web.mail import dev_mail

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(module))
    for module in (
        "kernel.web.accounts.urls",
        "kernel.web.settings.urls",
        "crm_core.sales.settings.urls",
        "kernel.ui.urls",
        "kernel.files.urls",
        "kernel.transfer.urls",
        "crm_core.reporting.urls",
        "crm_core.sales.urls",
        "kernel.api.urls",
        "kernel.web.urls",
    )
    if find_spec(module)
]
if settings.EMBEDDED:
    urlpatterns.append(path("dev/mail", dev_mail, name="dev-mail"))

handler400 = "kernel.web.errors.bad_request"
handler403 = "kernel.web.errors.forbidden"
handler404 = "kernel.web.errors.not_found"
handler500 = "kernel.web.errors.server_error"
