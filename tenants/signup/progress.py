"""Which sign-up this browser is in the middle of: a signed cookie with the id of its row, and nothing else."""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from kernel.accounts import codes
from kernel.accounts.models import EmailCode

SALT = "tenants.signup"
LIFETIME = 2 * 60 * 60


def cookie_name() -> str:
    return "__Host-signup" if settings.HTTPS else "signup"


def remember(response: HttpResponse, code: EmailCode) -> None:
    response.set_cookie(
        cookie_name(),
        signing.dumps(str(code.pk), salt=SALT),
        max_age=LIFETIME,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def current(request: HttpRequest) -> EmailCode | None:
    try:
        pk = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    return codes.find_code(pk)
