"""Links that set a new password: for one identity at one tenant, for an hour, and once."""

import datetime
from typing import Any

from django.core import signing
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from kernel.accounts import throttle
from kernel.accounts.models import Identity

PER_IP = throttle.Limit("reset-ip", times=20, seconds=3600)
PER_ADDRESS = throttle.Limit("reset-address", times=4, seconds=3600)
LIFETIME = datetime.timedelta(hours=1)
SALT = "kernel.accounts.resets"


def may_ask(email: str, *, ip: str) -> bool:
    """Whether the address gets another letter; nobody's mailbox is flooded, and the page does not say which it was.

    Raises `throttle.TooMany` when the caller has asked too often lately.
    """
    throttle.hit(PER_IP, ip)
    try:
        throttle.hit(PER_ADDRESS, email)
    except throttle.TooMany:
        return False
    return True


def new_token(identity: Identity, tenant: Any = None) -> str:
    """`tenant` is where the link is opened; None is the public site."""
    return signing.dumps(
        {
            "tenant": _tenant(tenant),
            "identity": str(identity.pk),
            "state": _state(identity),
            "until": int((timezone.now() + LIFETIME).timestamp()),
        },
        salt=SALT,
    )


def redeem(token: str, tenant: Any = None) -> Identity | None:
    """Whose password may be set. The token carries the state of the old password and of the address, so that another
    of either spends it."""
    try:
        claims = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    if claims["tenant"] != _tenant(tenant) or claims["until"] < timezone.now().timestamp():
        return None
    identity = Identity.objects.filter(pk=claims["identity"], is_active=True).first()
    if identity is None or not constant_time_compare(claims["state"], _state(identity)):
        return None
    return identity


def _tenant(tenant: Any) -> str:
    return str(tenant.pk) if tenant is not None else ""


def _state(identity: Identity) -> str:
    state = f"{identity.password}:{identity.session_epoch}:{identity.email}"
    return salted_hmac(SALT, state, algorithm="sha256").hexdigest()[:24]
