"""Links that let a member in: made for one member of one tenant, used once."""

import datetime
from urllib.parse import quote

from django.core.signing import Signer
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from kernel.access.models import Invitation, Member, digest
from kernel.tenancy.context import get_tenant

LIFETIME = datetime.timedelta(days=7)
_signer = Signer(salt="kernel.web.accounts.invitations")


def token_of(invitation: Invitation) -> str:
    """Follows from the row, the address and the secret key: neither a table nor the queue holds it.

    Of the address too, because it proves one: after it was changed, a link sent to the old one would prove the new.
    """
    return _signer.signature(f"{get_tenant().pk}:{invitation.pk}:{invitation.member.email}")


def link_to(invitation: Invitation) -> str:
    return f"{get_tenant().url}/join/{quote(token_of(invitation))}"


def new_invitation(member: Member, by: Member | None) -> Invitation:
    """A fresh one; those made for the member before stop working."""
    now = timezone.now()
    with transaction.atomic():
        Invitation.objects.filter(member=member, used_at=None, expires_at__gt=now).update(expires_at=now)
        invitation = Invitation(member=member, created_by=by, created_at=now, expires_at=now + LIFETIME)
        invitation.token_hash = digest(token_of(invitation))
        invitation.save()
    return invitation


def find_invitation(token: str) -> Invitation | None:
    """The invitation, while it can be accepted: unused, in time, and its member active and not yet let in."""
    open_ones = Invitation.objects.filter(
        used_at=None,
        expires_at__gt=timezone.now(),
        member__active=True,
        member__deleted_at=None,
        member__identity=None,
    )
    found = open_ones.select_related("member", "created_by").filter(token_hash=digest(token)).first()
    return found if found and constant_time_compare(token, token_of(found)) else None


def spend(invitation: Invitation) -> bool:
    """Use it up; False if another request was quicker."""
    mine = Invitation.objects.filter(pk=invitation.pk, used_at=None)
    return bool(mine.update(used_at=timezone.now()))
