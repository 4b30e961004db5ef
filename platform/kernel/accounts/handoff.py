"""From the public site into a tenant's host, where the public site's cookie is worth nothing."""

import datetime
import hashlib
import secrets
from typing import Any

from django.utils import timezone

from kernel.accounts.models import HandOff, Identity

LIFETIME = datetime.timedelta(seconds=60)


def new_handoff(identity: Identity, tenant: Any, factor: str = "") -> str:
    """The code for `/enter?code=…` at this tenant. `factor` is what the person showed beside the password."""
    code = secrets.token_urlsafe(32)
    now = timezone.now()
    HandOff.objects.filter(expires_at__lt=now - datetime.timedelta(days=1)).delete()
    HandOff.objects.create(
        digest=_digest(code),
        identity=identity,
        tenant_id=tenant.pk,
        epoch=identity.session_epoch,
        factor=factor,
        expires_at=now + LIFETIME,
    )
    return code


def redeem(code: str, tenant: Any) -> tuple[Identity, str] | None:
    """The identity and the second factor it showed, once, within the minute, at the tenant it was made for."""
    now = timezone.now()
    mine = HandOff.objects.filter(digest=_digest(code), tenant_id=tenant.pk, expires_at__gt=now, used_at=None)
    if not mine.update(used_at=now):
        return None
    handoff = HandOff.objects.select_related("identity").get(digest=_digest(code))
    identity = handoff.identity
    is_good = identity.is_active and identity.session_epoch == handoff.epoch
    return (identity, handoff.factor) if is_good else None


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
