"""Taking back a change set: what it created goes to the trash, what it changed gets its old values back.

A field that somebody changed since is left alone and told as a conflict, with what it was and what was made of it.
Taking back is a change set too, and can be taken back in its turn.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import groupby
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor
from kernel.events.models import Event
from kernel.events.subscribers import publish
from kernel.records import steps
from kernel.records.bulk import Item, change_many
from kernel.records.change import UNTOLD, NotFound, Stale, acting, change, event_row, snapshot
from kernel.records.types import RecordType, registry

CHUNK = 500
KEPT = timedelta(hours=24)


@dataclass(frozen=True)
class Conflict:
    """A record that could not be taken back whole. `fields` are those changed since; empty where it is all of it.
    `values` says of each what it was and what the change set had made of it."""

    slug: str
    pk: UUID
    label: str
    fields: tuple[str, ...]
    reason: str
    values: dict[str, list[Any]] = field(default_factory=dict)


@dataclass
class Plan:
    """What a change set did to one record, its events taken together: {field: [before, after]}, and whether the record
    was there before and after (None: it was neither removed nor brought back). `broken` are fields that somebody else
    changed in between: they go back as far as to what that was."""

    record: Any
    cause: UUID
    fields: dict[str, list[Any]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    is_created: bool = False
    was_there: bool | None = None
    is_there: bool | None = None
    kept: list[str] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """An earlier event than those before."""
        suffix = event.name.rpartition(".")[2]
        if suffix in ("created", "deleted", "restored"):
            there = suffix != "deleted"
            self.is_there = there if self.is_there is None else self.is_there
            self.was_there, self.is_created = not there, suffix == "created"
        for name, (before, after) in event.changes.items():
            if name in self.broken:
                continue
            if name not in self.fields:
                self.fields[name] = [before, after]
            elif _is_same(self.fields[name][0], after):
                self.fields[name][0] = before
            else:
                self.broken.add(name)


def events_of(change_set: UUID, after: UUID | None = None) -> list[Event]:
    """The next events of a change set, last first."""
    events = Event.objects.filter(change_set=change_set).exclude(record_id=None).order_by("-pk")
    return list((events.filter(pk__lt=after) if after else events)[:CHUNK])


def undo(actor: Actor, events: list[Event], change_set: UUID) -> list[Conflict]:
    """Take back these events, as changes of `change_set`. Runs inside the caller's transaction.

    What was made goes last: a note that was hung on it would go out of reach with it.
    """
    made = [event for event in events if event.name.endswith(".created")]
    conflicts = _take_back(actor, [e for e in events if e not in made], change_set)
    rest = _remove_untouched(actor, made, change_set)
    return conflicts + _take_back(actor, rest, change_set)


def _take_back(actor: Actor, events: list[Event], change_set: UUID) -> list[Conflict]:
    """In the order of the events; those of one type that follow one another are written together."""
    conflicts: list[Conflict] = []
    for slug, group in groupby(events, key=lambda event: event.record_type):
        if slug not in registry:
            continue
        access = actor.access(registry[slug])
        plans = _plans(access.rtype, list(group))
        # Places in a tree are looked at as the database has them, so each waits for the one before.
        alone = [plan for plan in plans if access.rtype.tree and access.rtype.tree in plan.fields]
        items = [_item(access, plan) for plan in plans if plan not in alone]
        change_many(access, [item for _plan, item in items], change_set=change_set)
        for plan in alone:
            items.append(_one_alone(access, plan, change_set))
        for plan, item in items:
            if item.error is not None:
                reason = " ".join(item.error.messages)
                conflicts.append(Conflict(slug, plan.record.pk, plan.record.label, (), reason))
            elif plan.kept:
                values = {name: plan.fields[name] for name in plan.kept if name in plan.fields}
                conflicts.append(Conflict(slug, plan.record.pk, plan.record.label, tuple(plan.kept), "", values))
    return conflicts


def _plans(rtype: RecordType, events: list[Event]) -> list[Plan]:
    records = rtype.model.objects.in_bulk([event.record_id for event in events])
    plans: dict[Any, Plan] = {}
    for event in events:
        record = records.get(event.record_id)
        if record is not None:
            plans.setdefault(record.pk, Plan(record, event.pk)).add(event)
    return list(plans.values())


def _item(access: Access, plan: Plan) -> tuple[Plan, Item]:
    return plan, Item({}, plan.record, act=partial(_carry_out, access, plan), cause=plan.cause)


def _one_alone(access: Access, plan: Plan, change_set: UUID) -> tuple[Plan, Item]:
    item = Item({}, plan.record)
    try:
        with transaction.atomic(), acting(change_set):
            _carry_out(access, plan, plan.record)
    except (NotFound, Stale):
        item.error = ValidationError(_("There is no such record, or it is not yours to see."))
    except PermissionDenied as error:
        item.error = ValidationError(str(error))
    except ValidationError as error:
        item.error = error
    return plan, item


def _carry_out(access: Access, plan: Plan, record: Any) -> None:
    rtype = access.rtype
    specs = {name: spec for name, spec in rtype.specs().items() if name in plan.fields}
    moved = [name for name, spec in specs.items() if not _is_same(spec.canonical(record), plan.fields[name][1])]
    if plan.is_created:
        plan.kept = [] if record.deleted_at else moved
        if not record.deleted_at and not moved:
            with change(record, f"{rtype.name}.deleted", access, cause=plan.cause):
                record.deleted_at = timezone.now()
        return
    # What is again as it was has come back with something else.
    moved = [name for name in moved if not _is_same(specs[name].canonical(record), plan.fields[name][0])]
    editable = access.editable(record)
    barred = [name for name, spec in specs.items() if name not in editable and not spec.read_only]
    plan.kept = sorted({*moved, *(plan.broken & specs.keys()), *barred})
    back = {name: plan.fields[name][0] for name in specs if name not in moved and name not in barred}
    event = "updated"
    if plan.was_there is not None and plan.was_there != plan.is_there and plan.is_there == (record.deleted_at is None):
        event = "restored" if plan.was_there else "deleted"
    standing = {} if plan.kept else _as_it_was(rtype, record, back)
    given = {*back, "team"} & rtype.specs().keys()
    with change(record, f"{rtype.name}.{event}", access, given=given, standing=standing, cause=plan.cause):
        if event != "updated":
            record.deleted_at = None if event == "restored" else timezone.now()
        for name, value in back.items():
            specs[name].assign(record, specs[name].kind.restore(specs[name], value))


def _as_it_was(rtype: RecordType, record: Any, back: dict[str, Any]) -> dict[str, Any]:
    """Every value of a record that nobody changed since: what derivations make of it was in the change set too."""
    return {name: value for name, value in (snapshot(rtype, record) | back).items() if name not in UNTOLD}


def put_back(access: Access, pk: UUID, values: dict[str, Any], change_set: UUID) -> None:
    """Give a record these earlier values (canonical) whatever stands there now: somebody looked and chose so.

    Raises PermissionDenied, NotFound and ValidationError as any edit does.
    """
    record = access.records("edit").filter(pk=pk).first()
    if record is None:
        raise NotFound
    editable = access.editable(record)
    if not values.keys() <= editable.keys():
        raise NotFound
    with change(record, f"{access.rtype.name}.updated", access, given=set(values), change_set=change_set):
        for name, value in values.items():
            editable[name].assign(record, editable[name].kind.restore(editable[name], value))


def _remove_untouched(actor: Actor, events: list[Event], change_set: UUID) -> list[Event]:
    """Move to the trash, all at once, the records that nobody touched since they were created; answers the rest.

    A first version is what its event says, so nothing needs comparing.
    """
    rest: list[Event] = []
    created: dict[str, dict[UUID, Event]] = {}
    for event in events:
        # Settings have rules about their end (a stage that deals stand on stays), so they go one by one.
        if event.name.endswith(".created") and event.record_id and not registry[event.record_type].is_setting:
            created.setdefault(event.record_type, {})[event.record_id] = event
        else:
            rest.append(event)
    for slug, by_id in created.items():
        access, now = actor.access(registry[slug]), timezone.now()
        mine = access.records("delete").filter(pk__in=by_id, version=1).select_for_update(of=("self",)).order_by("pk")
        records = list(mine)
        rows = [_removal(access, record, by_id.pop(record.pk), change_set) for record in records]
        gone = access.rtype.model.objects.filter(pk__in=[record.pk for record in records])
        was = [steps.step_of(access.rtype, record) for record in records]
        gone.update(deleted_at=now, updated_at=now, version=F("version") + 1)
        Event.objects.bulk_create(rows)
        publish(rows)
        steps.settle((step, None) for step in was)
        rest += by_id.values()
    return sorted(rest, key=lambda event: event.pk, reverse=True)


def _removal(access: Access, record: Any, created: Event, change_set: UUID) -> Event:
    return event_row(f"{access.rtype.name}.deleted", record, access, {}, change_set=change_set, cause=created.pk)


def _is_same(one: Any, other: Any) -> bool:
    return one == other or (one in (None, []) and other in (None, []))
