"""URLs of the public site, BASE_DOMAIN itself."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from kernel.web.mail import dev_mail

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("tenants.signup.urls")),
]
if settings.EMBEDDED:
    urlpatterns.append(path("dev/mail", dev_mail, name="dev-mail"))

handler400 = "kernel.web.errors.bad_request"
handler403 = "kernel.web.errors.forbidden"
handler404 = "kernel.web.errors.not_found"
handler500 = "kernel.web.errors.server_error"
