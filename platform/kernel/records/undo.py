"""Taking back a change set: what it created goes to the trash, what it changed gets its old values back.

A field that somebody changed since is left alone and told as a conflict.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F
from django.utils import timezone

from kernel.access.actor import Access, Actor
from kernel.events.models import Event
from kernel.events.subscribers import publish
from kernel.records import steps
from kernel.records.change import NotFound, change, event_row
from kernel.records.types import registry

CHUNK = 200


@dataclass(frozen=True)
class Conflict:
    """A record that could not be taken back whole. `fields` are those changed since; empty where it is all of it."""

    slug: str
    pk: UUID
    label: str
    fields: tuple[str, ...]
    reason: str


def events_of(change_set: UUID, after: UUID | None = None) -> list[Event]:
    """The next events of a change set, last first."""
    events = Event.objects.filter(change_set=change_set).exclude(record_id=None).order_by("-pk")
    return list((events.filter(pk__lt=after) if after else events)[:CHUNK])


def undo(actor: Actor, events: list[Event], change_set: UUID) -> Iterator[Conflict]:
    """Take back these events, as changes of `change_set`. Runs inside the caller's transaction.

    What was made goes last: a note that was hung on it would go out of reach with it.
    """
    made = [event for event in events if event.name.endswith(".created")]
    for event in chain((e for e in events if e not in made), _removing(actor, made, change_set)):
        access = actor.access(registry[event.record_type])
        record: Any = access.rtype.model.objects.filter(pk=event.record_id).first()  # type: ignore[misc]
        if record is None:
            continue
        try:
            kept = _take_back(access, record, event, change_set)
        except (NotFound, PermissionDenied, ValidationError) as error:
            reason = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            yield Conflict(event.record_type, record.pk, record.label, (), reason)
        else:
            if kept:
                yield Conflict(event.record_type, record.pk, record.label, tuple(kept), "")


def _removing(actor: Actor, events: list[Event], change_set: UUID) -> Iterator[Event]:
    """Begins when the changes before it have been taken back."""
    yield from _remove_untouched(actor, events, change_set)


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


def _take_back(access: Access, record: Any, event: Event, change_set: UUID) -> list[str]:
    name = access.rtype.name
    marks: dict[str, Any] = {"change_set": change_set, "cause": event.pk}
    suffix = event.name.rpartition(".")[2]
    if suffix == "created":
        if record.deleted_at:
            return []
        kept = _changed_since(access, record, event)
        if not kept:
            with change(record, f"{name}.deleted", access, **marks):
                record.deleted_at = timezone.now()
        return kept
    kept = []
    with change(record, f"{name}.updated", access, **marks):
        if suffix in ("deleted", "restored"):
            record.deleted_at = timezone.now() if suffix == "restored" else None
        for field, (before, after) in event.changes.items():
            spec = access.rtype.specs().get(field)
            if spec is None:
                continue
            if spec.canonical(record) != after and not _both_empty(spec.canonical(record), after):
                kept.append(field)
            else:
                spec.assign(record, spec.kind.restore(spec, before))
    return kept


def _changed_since(access: Access, record: Any, event: Event) -> list[str]:
    specs = access.rtype.specs()
    changed = []
    for field, (_before, after) in event.changes.items():
        now = specs[field].canonical(record) if field in specs else after
        if now != after and not _both_empty(now, after):
            changed.append(field)
    return changed


def _both_empty(one: Any, other: Any) -> bool:
    return one in (None, []) and other in (None, [])
