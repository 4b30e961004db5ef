"""From the public site or one's own workspace into another, where a cookie of here is worth nothing.

The code alone opens nothing: somebody else's, in a link, would sign a person in as that somebody. The goal gives the
browser a secret and sends its digest back to the origin; there the browser shows by a cookie that it is the one which
was given the code, and the code is bound to the digest. So it works only where it began.
"""

import datetime
import hashlib
import secrets
from typing import Any

from django.utils import timezone

from kernel.accounts.models import HandOff, Identity

LIFETIME = datetime.timedelta(seconds=60)


def new_handoff(identity: Identity, tenant: Any, factor: str = "", origin: Any = None) -> str:
    """The code for `/enter?code=…` at this tenant. `factor` is what the person showed beside the password."""
    code = secrets.token_urlsafe(32)
    now = timezone.now()
    HandOff.objects.filter(expires_at__lt=now - datetime.timedelta(days=1)).delete()
    HandOff.objects.create(
        digest=digest(code),
        identity=identity,
        tenant_id=tenant.pk,
        epoch=identity.session_epoch,
        factor=factor,
        origin_id=origin.pk if origin is not None else None,
        expires_at=now + LIFETIME,
    )
    return code


def find(code: str) -> HandOff | None:
    """While it can be used."""
    open_ones = HandOff.objects.filter(expires_at__gt=timezone.now(), used_at=None)
    return open_ones.select_related("tenant", "origin").filter(digest=digest(code)).first() if code else None


def bind(code: str, origin: Any, browser: str) -> HandOff | None:
    """Leave the way open to one browser; None where it is not begun here, or is bound already."""
    found = find(code)
    if found is None or found.origin_id != (origin.pk if origin is not None else None):
        return None
    return found if HandOff.objects.filter(pk=found.pk, browser="").update(browser=browser) else None


def redeem(code: str, tenant: Any, secret: str) -> tuple[Identity, str] | None:
    """The identity and the second factor it showed: once, within the minute, at the tenant and for the browser it was
    made for."""
    now = timezone.now()
    mine = HandOff.objects.filter(digest=digest(code), tenant_id=tenant.pk, expires_at__gt=now, used_at=None)
    if not secret or not mine.filter(browser=digest(secret)).update(used_at=now):
        return None
    handoff = HandOff.objects.select_related("identity").get(digest=digest(code))
    identity = handoff.identity
    is_good = identity.is_active and identity.session_epoch == handoff.epoch
    return (identity, handoff.factor) if is_good else None


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
