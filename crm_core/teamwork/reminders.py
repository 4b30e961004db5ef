"""Reminders: a row for each record that is due and each member who has it, told once when its moment has come.

The rows follow the records in the transaction of each change, whoever makes it: put off, handed over, done, removed.
The sweep tells those whose moment has come, and marks them told in the same transaction. What a row says is held
against the record once more before it is told, so that one left behind says nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm_core.teamwork.models import Preferences, Reminder
from crm_core.teamwork.notifying import notify, receiver
from crm_core.teamwork.preferences import REMINDER, preferences_of, remind_moment
from kernel.access.actor import Access, Actor, format_for
from kernel.access.models import Member
from kernel.events.models import Event
from kernel.records.afterwards import after_change
from kernel.records.find import find
from kernel.records.steps import earliest_of
from kernel.records.types import RecordType, registry
from kernel.tenancy.pending import mark_pending, sweeper, wake_at

logger = logging.getLogger(__name__)

AT_ONCE = 100
MOST_MOVED = 2_000
LATE = dt.timedelta(hours=1)
AGAIN = dt.timedelta(minutes=5)
ENDS = ("created", "deleted", "restored", "purged")


@dataclass(frozen=True)
class Watch:
    """A date of a type to remind of. `receivers(record)` is who is reminded, `is_planned` one with a lead time."""

    kind: str
    field: str
    is_planned: bool
    receivers: Callable[[Any], Sequence[UUID]]


_watched: dict[str, Watch] = {}


def watch(slug: str, field: str, kind: str, receivers: Callable[[Any], Sequence[UUID]]) -> None:
    """Remind of a date of a type that is neither planned for others nor a next step; at that moment."""
    _watched[slug] = Watch(kind, field, is_planned=False, receivers=receivers)


def takers_of(record: Any) -> Sequence[UUID]:
    """Whoever has it, and of a meeting the members who take part."""
    parts = (part.partition(":") for part in getattr(record, "participants", None) or ())
    found = [UUID(pk) for slug, _colon, pk in parts if slug == "members"]
    return list(dict.fromkeys([*([record.owner_id] if record.owner_id else []), *found]))


def watches(rtype: RecordType) -> list[Watch]:
    name = rtype.due_field or rtype.next_step_field
    found = [Watch(REMINDER, name, is_planned=True, receivers=takers_of)] if name else []
    return [*found, *([_watched[rtype.slug]] if rtype.slug in _watched else [])]


@after_change
def keep_reminders(access: Access, changed: Sequence[tuple[Any, Event]]) -> None:
    """Bring the rows of these records in line with what is so now."""
    rtype = access.rtype
    for asked in watches(rtype):
        touching = {asked.field, "owner", "team", "participants", "done_at", "reminder", rtype.next_step_field}
        records = [
            (record, event.name.rpartition(".")[2] == "created")
            for record, event in changed
            if touching & event.changes.keys() or event.name.rpartition(".")[2] in ENDS
        ]
        if records:
            _keep(rtype, asked, records)


def _keep(rtype: RecordType, asked: Watch, records: Sequence[tuple[Any, bool]]) -> None:
    now = timezone.now()
    wanted = {
        (record.pk, member): (record, getattr(record, asked.field))
        for record, _is_new in records
        for member in _receivers(asked, record)
    }
    old = [record.pk for record, is_new in records if not is_new]
    held = {}
    if old:
        rows = Reminder.objects.filter(record_id__in=old, kind=asked.kind)
        held = {(row.record_id, row.member_id): row for row in rows}
    gone = [row.pk for pair, row in held.items() if pair not in wanted]
    if gone:
        Reminder.objects.filter(pk__in=gone).delete()
    clocks = Clocks({member for _pk, member in wanted})
    fresh = []
    for (pk, member), (record, due) in wanted.items():
        row = held.get((pk, member))
        if row and row.due_at == due and row.told_at:
            continue  # it was told, and nothing about it is new
        moment = clocks.moment(member, getattr(record, "reminder", ""), due, now) if asked.is_planned else due
        if moment is None or moment <= now:
            if row:
                row.delete()
            continue
        row = row or Reminder(kind=asked.kind, record_type=rtype.slug, record_id=pk, member_id=member)
        row.due_at, row.remind_at, row.told_at = due, moment, None
        fresh.append(row)
    if fresh:
        _write(fresh)


def _receivers(asked: Watch, record: Any) -> Sequence[UUID]:
    """Whoever is to be reminded: of nothing that is done, gone or past."""
    due = getattr(record, asked.field)
    is_over = due is None or record.deleted_at or getattr(record, "done_at", None)
    return [] if is_over else asked.receivers(record)


def _write(rows: list[Reminder]) -> None:
    Reminder.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["record_id", "kind", "member"],
        update_fields=["due_at", "remind_at", "told_at"],
    )
    wake_at(min(row.remind_at for row in rows))


class Clocks:
    """When each of some members wants to be reminded: two queries, however many they are."""

    def __init__(self, members: Iterable[UUID]) -> None:
        ids = list(members)
        self._members = {m.pk: m for m in Member.objects.filter(pk__in=ids)} if ids else {}
        self._preferences = {p.pk: p for p in Preferences.objects.filter(pk__in=ids)} if ids else {}

    def moment(self, member: UUID, lead: str, due: dt.datetime, now: dt.datetime) -> dt.datetime | None:
        preferences = self._preferences.get(member)
        lead = lead or (preferences.lead if preferences else "0")
        return remind_moment(lead, due, format_for(self._members.get(member)), now)


def keep_clock(member: UUID) -> None:
    """Bring in line what a member is still to be reminded of, after they chose another lead time or zone."""
    now = timezone.now()
    for rtype in registry.values():
        for asked in watches(rtype):
            if not asked.is_planned:
                continue
            # What is due on a day is told of later on that day.
            since = {f"{asked.field}__gt": now - dt.timedelta(days=1)}
            done = {"done_at": None} if rtype.due_field else {}
            rows = rtype.model.objects.alive().filter(owner=member, **since, **done)
            _keep(rtype, asked, [(row, False) for row in rows.order_by(asked.field, "pk")[:MOST_MOVED]])


@sweeper
def sweep_reminders() -> bool:
    """Tell what is to be told by now. True while more of it is left."""
    now = timezone.now()
    waiting = Reminder.objects.filter(told_at=None)
    rows = list(waiting.filter(remind_at__lte=now).order_by("remind_at").select_for_update(skip_locked=True)[:AT_ONCE])
    for row in rows:
        try:
            with transaction.atomic():
                _remind(row, now)
        except Exception:
            logger.exception("The reminder %s could not be told.", row.pk)
            Reminder.objects.filter(pk=row.pk).update(remind_at=now + AGAIN)
    following = waiting.order_by("remind_at").values_list("remind_at", flat=True).first()
    if following and following > now:
        wake_at(following)
    if len(rows) == AT_ONCE:
        mark_pending()
        return True
    return False


def _remind(row: Reminder, now: dt.datetime) -> None:
    """Tell it and mark it told, or drop what is no longer so. Both are written together, or neither."""
    actor = receiver(row.member_id)
    if actor is None or not _holds(actor, row):
        row.delete()
        return
    lead = _moved(actor, row)
    if lead and lead > now:  # the zone of its reader is another by now
        Reminder.objects.filter(pk=row.pk).update(remind_at=lead)
        return
    data: dict[str, Any] = {"due": row.due_at.isoformat()}
    if now - row.remind_at > LATE:
        data["late"] = True
    notify(
        actor, row.kind, key=f"{row.kind}:{row.record_id}:{row.due_at.isoformat()}",
        record=(row.record_type, row.record_id), data=data,
    )  # fmt: skip
    Reminder.objects.filter(pk=row.pk).update(told_at=now)


def _moved(actor: Actor, row: Reminder) -> dt.datetime | None:
    """When a thing that is due on a day is told of, on the reader's clock as it is now."""
    assert actor.member is not None
    if row.kind != REMINDER or actor.format.local(row.due_at).time() != dt.time():
        return None
    own = registry[row.record_type].model.objects.filter(pk=row.record_id).first()
    lead = getattr(own, "reminder", "") or preferences_of(actor.member.pk).lead
    return remind_moment(lead, row.due_at, actor.format, row.remind_at - dt.timedelta(days=2))


def _holds(actor: Actor, row: Reminder) -> bool:
    """Whether the record still says so, as this member may see it."""
    rtype = registry.get(row.record_type)
    asked = next((found for found in watches(rtype) if found.kind == row.kind), None) if rtype else None
    if rtype is None or asked is None or not actor.access(rtype).may("view"):
        return False
    access = actor.access(rtype)
    rows = access.records()
    if asked.is_planned and rtype.next_step_field and rtype.open_when:
        try:
            rows = find(access, rtype.open_when).rows
        except ValidationError:
            rows = access.records()  # what tells open ones from others is hidden from this reader
    record = rows.filter(pk=row.record_id).first()
    if record is None or getattr(record, asked.field) != row.due_at or getattr(record, "done_at", None):
        return False
    if asked.is_planned and not rtype.due_field and earliest_of(rtype, [record.pk]):
        return False  # what is planned for it reminds of itself
    return row.member_id in asked.receivers(record)
