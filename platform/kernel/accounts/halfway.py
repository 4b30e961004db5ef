"""Between the password and the second step: who it is, in a signed cookie of this host, for five minutes."""

from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from kernel.accounts.models import Identity

COOKIE = "__Host-halfway" if settings.HTTPS else "halfway"
SALT = "kernel.accounts.halfway"
SECONDS = 5 * 60


def begin(response: HttpResponse, identity: Identity, tenant: Any = None) -> HttpResponse:
    value = signing.dumps([str(identity.pk), identity.session_epoch, _tenant(tenant)], salt=SALT)
    response.set_cookie(
        COOKIE, value, max_age=SECONDS, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    return response


def who(request: HttpRequest, tenant: Any = None) -> Identity | None:
    """Whose password was typed here a moment ago, if it is still theirs."""
    try:
        pk, epoch, where = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        return None
    if where != _tenant(tenant):
        return None
    return Identity.objects.filter(pk=pk, session_epoch=epoch, is_active=True).first()


def end(response: HttpResponse) -> HttpResponse:
    response.delete_cookie(COOKIE, samesite="Lax")
    return response


def _tenant(tenant: Any) -> str:
    return str(tenant.pk) if tenant is not None else ""
