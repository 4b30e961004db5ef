"""Legal holds: what a court or an authority may ask for stays, whoever would destroy it.

A hold is on a record and covers what hangs on it. Changing such a record and moving it to the trash go on, since its
history keeps the values; purging, merging and erasing are refused until the hold is lifted or its last day is over.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access.actor import Access
from kernel.events.names import tell
from kernel.events.removing import nothing_goes_while
from kernel.events.subscribers import publish
from kernel.lib.format import Format
from kernel.records.change import event_row
from kernel.records.models import LegalHold
from kernel.records.types import RecordType, registry
from kernel.tenancy.context import get_tenant

RIGHT = "privacy"
LONGEST = 300

tell("legal_hold.set", gettext_lazy("%(who)s put this under legal hold"))
tell("legal_hold.lifted", gettext_lazy("%(who)s lifted the legal hold"))


def can_hold(rtype: RecordType) -> bool:
    """What hangs on another record is held with that one; what people choose from is never destroyed."""
    return not (rtype.parent or rtype.is_setting)


def may_hold(access: Access) -> bool:
    return can_hold(access.rtype) and access.actor.may_system(RIGHT)


def today() -> date:
    """The day it is where the workspace is."""
    return timezone.localdate(timezone=ZoneInfo(get_tenant().timezone))


def lasting() -> QuerySet[LegalHold]:
    return LegalHold.objects.filter(Q(until=None) | Q(until__gte=today()))


@nothing_goes_while
def is_any() -> bool:
    """What is held may be changed because its history keeps the values: so no history goes for its age meanwhile."""
    return lasting().exists()


def hold_of(record: Any) -> LegalHold | None:
    """The hold on this record, or on one that it hangs on, and that one on."""
    ids: list[UUID] = []
    at: Any = record
    while at is not None and at.pk not in ids:
        ids.append(at.pk)
        about = registry.get(getattr(at, "about_type", ""))
        at = about.model._default_manager.filter(pk=at.about_id).first() if about else None
    return lasting().filter(record_id__in=ids).first()


def held_among(ids: Collection[UUID]) -> set[UUID]:
    return set(lasting().filter(record_id__in=ids).values_list("record_id", flat=True))


def refusal(hold: LegalHold, fmt: Format, label: str) -> ValidationError:
    """Why something is not destroyed, in a sentence."""
    text = _("“%(label)s” is under legal hold, so nothing of it may be destroyed.")
    if hold.until:
        text = _("“%(label)s” is under legal hold until %(day)s, so nothing of it may be destroyed.")
    day = fmt.date(hold.until) if hold.until else ""
    return ValidationError(text % {"label": label, "day": day}, code="legal_hold")


def check_free(access: Access, records: Collection[Any]) -> None:
    """Raises ValidationError for the first of these that is under hold."""
    if not is_any():
        return
    for record in records:
        if hold := hold_of(record):
            raise refusal(hold, access.actor.format, record.label)


def set_hold(access: Access, record: Any, reason: str, until: date | None) -> LegalHold:
    """Hold a record, or say anew why and how long. Raises ValidationError keyed by field."""
    _check(access, record)
    reason = " ".join(reason.split())
    problems: dict[str, Any] = {}
    if not reason:
        problems["reason"] = ValidationError(_("Say why it is held."), code="required")
    elif len(reason) > LONGEST:
        problems["reason"] = ValidationError(_("This is too long."), code="max_length")
    if until and until < today():
        problems["until"] = ValidationError(_("This day is over."), code="past")
    if problems:
        raise ValidationError(problems)
    values = {"record_type": access.rtype.slug, "reason": reason, "until": until, "member": access.actor.member}
    hold, _made = LegalHold.objects.update_or_create(record_id=record.pk, defaults={**values, "at": timezone.now()})
    _note("legal_hold.set", access, record, hold, is_set=True)
    return hold


def lift(access: Access, record: Any) -> None:
    _check(access, record)
    hold = LegalHold.objects.filter(record_id=record.pk).first()
    if hold is not None:
        _note("legal_hold.lifted", access, record, hold, is_set=False)
        hold.delete()


def _check(access: Access, record: Any) -> None:
    if not may_hold(access) or access.actor.viewer is not None:
        raise PermissionDenied(_("Your role does not allow this."))


def _note(name: str, access: Access, record: Any, hold: LegalHold, *, is_set: bool) -> None:
    said = {"reason": hold.reason, "until": hold.until.isoformat() if hold.until else None}
    changes = {key: [None, value] if is_set else [value, None] for key, value in said.items()}
    event = event_row(name, record, access, changes)
    event.save(force_insert=True)
    publish([event])
