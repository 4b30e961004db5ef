"""URLs of the public site, BASE_DOMAIN itself."""

from importlib.util import find_spec

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from kernel.web.mail import dev_mail

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include(module)) for module in ("tenants.signup.urls",) if find_spec(module)
]
if settings.EMBEDDED:
    urlpatterns.append(path("dev/mail", dev_mail, name="dev-mail"))
