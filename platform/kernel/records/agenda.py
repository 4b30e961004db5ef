"""What is still to be done: about one record, or by one member, by when it is due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from kernel.access.actor import Access, Actor
from kernel.records.find import find
from kernel.records.steps import earliest_of, planned_types, stepping_types
from kernel.records.types import RecordType

ABOUT_ONE = 20
MOST = 40
AHEAD = 7
LATE, TODAY, SOON, LATER, SOMETIME = "late", "today", "soon", "later", "sometime"


@dataclass(frozen=True)
class Entry:
    """An open row, or with `is_step` unset a record that is itself due on a date somebody typed."""

    rtype: RecordType
    record: Any
    due: datetime | None
    is_step: bool = True


def open_about(access: Access, record: Any) -> list[Entry]:
    """The open rows about a record that this actor may see, the earliest first; a query or two for each type."""
    entries: list[Entry] = []
    for child in _readable_types(access.actor):
        params = {"about": f"{access.rtype.slug}:{record.pk}", "done_at__empty": "true", "sort": child.rtype.due_field}
        rows = find(child, params).page(ABOUT_ONE).rows
        entries += [Entry(child.rtype, row, getattr(row, child.rtype.due_field)) for row in rows]
    return sorted(entries, key=_by_due)


def agenda(actor: Actor, owner: str) -> dict[str, list[Entry]]:
    """The open rows of a member ("me", an id, or "" for all in reach) by when they are due, and the records with a
    date of their own. Of each type at most MOST a span: who has more has a list to narrow. A set number of queries."""
    today = actor.format.today()
    mine = {"owner": owner} if owner else {}
    spans: dict[str, list[Entry]] = {name: [] for name in (LATE, TODAY, SOON, LATER, SOMETIME)}
    for entry in (*_planned(actor, mine, today), *_dated(actor, mine, today)):
        spans[span_of(actor, entry.due, today)].append(entry)
    return {name: sorted(entries, key=_by_due) for name, entries in spans.items() if entries}


def span_of(actor: Actor, due: datetime | None, today: date) -> str:
    if due is None:
        return SOMETIME
    days = (actor.format.local(due).date() - today).days
    return LATE if days < 0 else TODAY if days == 0 else SOON if days <= AHEAD else LATER


def _readable_types(actor: Actor) -> Iterator[Access]:
    for rtype in planned_types():
        access = actor.access(rtype)
        if access.may("view") and {"about", "done_at", "owner", rtype.due_field} <= set(access.readable()):
            yield access


def _planned(actor: Actor, mine: dict[str, str], today: date) -> Iterator[Entry]:
    for access in _readable_types(actor):
        name = access.rtype.due_field
        asked = [{f"{name}__lt": today.isoformat()}, {f"{name}__gte": today.isoformat()}]
        if access.rtype.may_stand_alone:
            asked.append({f"{name}__empty": "true"})
        for bounds in asked:
            params = {"done_at__empty": "true", "sort": name, **mine, **bounds}
            for row in find(access, params).page(MOST).rows:
                yield Entry(access.rtype, row, getattr(row, name))


def _dated(actor: Actor, mine: dict[str, str], today: date) -> Iterator[Entry]:
    """Records due by a date that was typed: what is planned for the others stands in the list by itself."""
    until = (today + timedelta(days=AHEAD)).isoformat()
    for rtype in stepping_types():
        access, name = actor.access(rtype), rtype.next_step_field
        needed = {name, "owner", *(key.partition("__")[0] for key in rtype.open_when)}
        if not access.may("view") or not needed <= set(access.readable()):
            continue
        params = {f"{name}__lte": until, "sort": name, **mine, **rtype.open_when}
        rows = find(access, params).page(MOST).rows
        planned = earliest_of(rtype, [row.pk for row in rows]) if rows else {}
        for row in rows:
            if row.pk not in planned:
                yield Entry(rtype, row, getattr(row, name), is_step=False)


def _by_due(entry: Entry) -> tuple[bool, float, str]:
    return entry.due is None, entry.due.timestamp() if entry.due else 0.0, str(entry.record.pk)
