"""Sharing one record with a person or a team, at a level, until a moment or for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.access.models import Member, Share, Team
from kernel.events.subscribers import publish
from kernel.records.change import event_row
from kernel.records.explaining import reach_of
from kernel.records.types import RecordType, registry

MOST = 100


def may_share(access: Access, record: Any) -> bool:
    """Whoever may change the record by their roles. What was shared with one is not passed on."""
    return access.rtype.can_share and reach_of(access, record, "edit") not in ("", "shared")


def shares_of(rtype: RecordType, record: Any) -> QuerySet[Share]:
    rows = Share.objects.lasting().filter(record_type=rtype.slug, record_id=record.pk)
    return rows.select_related("member", "team", "created_by").order_by("created_at", "pk")


def known_shares(access: Access, record: Any) -> list[Share]:
    """Those of a record, for whoever may know people at all."""
    return list(shares_of(access.rtype, record)) if access.actor.access(registry["members"]).may("view") else []


def whom(access: Access, record: Any, member: UUID | None, team: UUID | None) -> Member | Team:
    """Whoever these ids name, among those whom the actor sees; one of the two is given."""
    if not may_share(access, record):
        raise PermissionDenied(_("Your role does not allow this."))
    found: Member | Team | None = None
    if member and not team:
        found = access.actor.access(registry["members"]).records().filter(pk=member, active=True).first()
    elif team and not member:
        found = access.actor.access(registry["teams"]).records().filter(pk=team).first()
    if found is None:
        problem = _("Choose a person or a team, one of the two.")
        raise ValidationError({"member": ValidationError(problem, code="required")})
    return found


def share(access: Access, record: Any, whom: Member | Team, level: str, until: datetime | None = None) -> Share:
    """Open the record to somebody; what they were given before is replaced."""
    if not may_share(access, record):
        raise PermissionDenied(_("Your role does not allow this."))
    if level not in Share.Level.values:
        raise ValidationError({"level": ValidationError(_("Choose one from the list."), code="choice")})
    if until is not None and until <= timezone.now():
        raise ValidationError({"until": ValidationError(_("Choose a day to come."), code="past")})
    is_team = isinstance(whom, Team)
    with_whom: dict[str, Any] = {"team": whom if is_team else None, "member": None if is_team else whom}
    rows = Share.objects.filter(record_type=access.rtype.slug, record_id=record.pk)
    held = rows.filter(**with_whom).first()
    if held is None and rows.lasting().count() >= MOST:
        problem = _("This is shared often enough: share it with a team instead.")
        raise ValidationError({"member": ValidationError(problem, code="most")})
    before = canonical(held) if held else None
    made, _is_new = Share.objects.update_or_create(
        record_type=access.rtype.slug, record_id=record.pk, **with_whom,
        defaults={"level": level, "until": until, "created_by": access.actor.member},
    )  # fmt: skip
    _tell(access, record, "shared", [before, canonical(made)])
    return made


def unshare(access: Access, record: Any, held: Share) -> None:
    if not may_share(access, record):
        raise PermissionDenied(_("Your role does not allow this."))
    before = canonical(held)
    held.delete()
    _tell(access, record, "unshared", [before, None])


def canonical(held: Share) -> dict[str, Any]:
    """A share as history keeps it."""
    whom = {"team": str(held.team_id)} if held.team_id else {"member": str(held.member_id)}
    return {**whom, "level": held.level, "until": held.until.isoformat() if held.until else None}


def _tell(access: Access, record: Any, what: str, change: list[Any]) -> None:
    event = event_row(f"{access.rtype.name}.{what}", record, access, {"shares": change})
    event.save(force_insert=True)
    publish([event])
