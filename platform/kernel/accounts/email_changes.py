"""Another e-mail address for an account: asked for with the password, confirmed in the old mailbox and the new one."""

import datetime
from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone

from kernel.accounts import throttle
from kernel.accounts.models import EmailChange, Identity

LIFETIME = datetime.timedelta(hours=24)
PER_IDENTITY = throttle.Limit("email-change", times=5, seconds=24 * 60 * 60)
SALT = "kernel.accounts.email_changes"
OLD, NEW = "old", "new"


def ask(identity: Identity, email: str, tenant: Any) -> EmailChange:
    """Begin; what was asked for before is forgotten. Raises `throttle.TooMany`: each asking writes two letters."""
    throttle.hit(PER_IDENTITY, str(identity.pk))
    now = timezone.now()
    with transaction.atomic("platform"):
        EmailChange.objects.filter(identity=identity).delete()
        return EmailChange.objects.create(
            identity=identity, tenant_id=tenant.pk, email=email, created_at=now, expires_at=now + LIFETIME
        )


def waiting(identity: Identity) -> EmailChange | None:
    return EmailChange.objects.filter(identity=identity, expires_at__gt=timezone.now()).first()


def forget(identity: Identity) -> bool:
    return bool(EmailChange.objects.filter(identity=identity).delete()[0])


def token_of(change: EmailChange, side: str) -> str:
    return signing.dumps([str(change.pk), side, change.email], salt=SALT)


def find(token: str, tenant: Any) -> tuple[EmailChange, str] | None:
    """What a link is about, and whose mailbox it was sent to; None for one that is spent, too old or of elsewhere."""
    try:
        pk, side, email = signing.loads(token, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    open_ones = EmailChange.objects.filter(tenant_id=tenant.pk, expires_at__gt=timezone.now(), identity__is_active=True)
    change = open_ones.select_related("identity").filter(pk=pk, email=email).first()
    return (change, side) if change else None


def said_yes(change: EmailChange, side: str) -> bool:
    return (change.old_said_yes_at if side == OLD else change.new_said_yes_at) is not None


def confirm(change: EmailChange, side: str) -> str:
    """One mailbox says yes: "waiting" for the other, "done" with both, "taken" if somebody has the address by now."""
    with transaction.atomic("platform"):
        row = EmailChange.objects.select_for_update().filter(pk=change.pk).first()
        if row is None:
            return "done"  # by the same button a moment ago
        setattr(row, f"{side}_said_yes_at", timezone.now())
        row.save(update_fields=[f"{side}_said_yes_at"])
        if not (row.old_said_yes_at and row.new_said_yes_at):
            return "waiting"
        try:
            with transaction.atomic("platform"):
                Identity.objects.filter(pk=row.identity_id).update(email=row.email)
        except IntegrityError:
            return "taken"
        row.delete()
    return "done"
