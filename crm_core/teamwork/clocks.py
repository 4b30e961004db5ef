"""What is meant by the clock moves with it: a day without an hour stays that day, nine o'clock stays nine o'clock.

A moment that somebody named once (a call at three) is the same moment in every zone and stays. Days and recurring rules
are kept as moments too, of the zone that their owner was in: `Clock` remembers which, so that it does not matter when a
change of zone is noticed, how often, or whether a worker dies on the way.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Value
from django.db.models.functions import Coalesce, NullIf

from crm_core.teamwork.models import Clock
from kernel.access.actor import Access, operator
from kernel.access.models import Member
from kernel.lib.ids import uuid7
from kernel.lib.planning import at
from kernel.records.bulk import Item, change_many
from kernel.records.change import change
from kernel.records.steps import earliest_of, planned_types, stepping_types
from kernel.records.types import RecordType
from kernel.tenancy.context import get_tenant
from kernel.tenancy.pending import mark_pending, sweeper

AT_ONCE = 300
MEMBERS_AT_ONCE = 50


def follow_zone(was: Member) -> None:
    """After a member chose: the first rows at once, what is left by the sweep. `was` is the member as before."""
    zone = was.timezone or get_tenant().timezone
    Clock.objects.get_or_create(member_id=was.pk, defaults={"zone": zone})
    for clock, now in _behind().filter(pk=was.pk).values_list("clock", "zone"):
        if _move(clock, now):
            mark_pending()


@sweeper
def sweep_clocks() -> bool:
    """Members whose zone, or whose company's, is another by now. True while something is left to move."""
    is_left = False
    fresh = []
    for pk, clock, zone in _behind().values_list("pk", "clock", "zone")[:MEMBERS_AT_ONCE]:
        if clock is None:
            fresh.append(Clock(member_id=pk, zone=zone))
        else:
            is_left = _move(clock, zone) or is_left
    Clock.objects.bulk_create(fresh, ignore_conflicts=True)
    return is_left or len(fresh) == MEMBERS_AT_ONCE


def _behind() -> Any:
    usual = Value(get_tenant().timezone)
    members = Member.objects.alive().annotate(zone=Coalesce(NullIf("timezone", Value("")), usual))
    return members.exclude(clock__zone=F("zone"), clock__cursor={}).order_by("pk")


def _move(member: UUID, wanted: str) -> bool:
    """Move some of what this member has. True while there is more."""
    clock = Clock.objects.select_for_update().get(pk=member)
    zone = clock.cursor.get("to", wanted)  # what was begun is brought to its end, whatever was chosen meanwhile
    dated = [(rtype, rtype.due_field) for rtype in planned_types()]
    dated += [(rtype, rtype.next_step_field) for rtype in stepping_types()]
    place, after, left, change_set = clock.cursor.get("place", 0), clock.cursor.get("after"), AT_ONCE, uuid7()
    while place < len(dated) and left:
        rtype, name = dated[place]
        rows = list(_open_rows(rtype, name, member, after)[:left])
        access = operator("job").access(rtype)
        items = [
            Item({}, row, act=partial(_shift, access, name, clock.zone, zone))
            for row in _by_the_clock(rtype, name, rows, clock.zone)
        ]
        change_many(access, items, change_set=change_set)
        place, after = (place, str(rows[-1].pk)) if len(rows) == left else (place + 1, None)
        left -= len(rows)
    is_left = place < len(dated)
    clock.cursor = {"to": zone, "place": place, "after": after} if is_left else {}
    clock.zone = clock.zone if is_left else zone
    clock.save()
    return is_left or zone != wanted


def _open_rows(rtype: RecordType, name: str, member: UUID, after: str | None) -> Any:
    model: Any = rtype.model
    rows = model.objects.alive().filter(owner=member, **{f"{name}__isnull": False})
    if rtype.due_field:
        rows = rows.filter(done_at=None)
    return (rows.filter(pk__gt=after) if after else rows).order_by("pk")


def _by_the_clock(rtype: RecordType, name: str, rows: Any, zone: str) -> list[Any]:
    """Those that mean a day, or a time of a rule. A next step that follows what is planned moves with that."""
    found = [
        row
        for row in rows
        if getattr(row, "repeat", "") or getattr(row, name).astimezone(ZoneInfo(zone)).time() == dt.time()
    ]
    planned = earliest_of(rtype, [row.pk for row in found]) if found and not rtype.due_field else {}
    return [row for row in found if row.pk not in planned]


def _shift(access: Access, name: str, old: str, new: str, record: Any) -> None:
    with change(record, f"{access.rtype.name}.updated", access):
        setattr(record, name, _moved(getattr(record, name), old, new))
        if getattr(record, "repeat_from", None):
            record.repeat_from = _moved(record.repeat_from, old, new)


def _moved(moment: dt.datetime, old: str, new: str) -> dt.datetime:
    local = moment.astimezone(ZoneInfo(old))
    return at(local.date(), local.time(), new)
