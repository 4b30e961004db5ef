"""Bulk writing: many records under one change set, still one event for each.

The sibling of `change`: the same permission, derivation, validation and history, in a constant number of statements
for each batch. An item brings values (a row of a file), or an act: whatever goes through `change` for one record (an
edit, a verb, a removal) is gathered here and written with the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.events.subscribers import publish
from kernel.lib.ids import uuid7
from kernel.records import afterwards, duplicates, steps
from kernel.records.change import (
    SEEN,
    NotFound,
    Stale,
    acting,
    assign,
    change,
    check_editable,
    check_outcome,
    differences,
    event_row,
    gathering,
    settle_values,
    snapshot,
    verb_of,
)
from kernel.records.deriving import derive, stamp
from kernel.records.show import Shown
from kernel.records.statements import write_many
from kernel.records.trees import keep_still, rings
from kernel.records.types import RecordType
from kernel.records.uniqueness import check_unique
from kernel.records.validation import as_known, validate

BATCH = 500


@dataclass
class Item:
    """One row of work: a record (new or as it was read) and the values to give it, or what to do to it. `error` says
    why it was refused; `event` is what it came to."""

    values: Mapping[str, Any]
    record: Any
    error: ValidationError | None = None
    is_changed: bool = field(default=False)
    is_new: bool = field(init=False)
    step: steps.Step | None = field(default=None)
    act: Callable[[Any], Any] | None = None
    event: str = ""
    cause: UUID | None = None
    is_back: bool = False

    def __post_init__(self) -> None:
        self.is_new = self.record.is_new


def change_many(access: Access, items: Sequence[Item], *, change_set: UUID) -> None:
    """Create or update every item, at most BATCH of them. A refused item carries its error; the others are saved.

    Values are written as `assign` would, except that relations are taken as checked by the caller, who has looked
    them all up in reach. Runs inside the caller's transaction.
    """
    with acting(change_set), _one_batch(access):
        _change_many(access, items, change_set)


def create_many(access: Access, rows: Sequence[Mapping[str, Any]], records: Sequence[Any] = ()) -> list[Any]:
    """`create` for at most BATCH rows of values: all of them, or what refuses the first that is refused is raised.
    `records` are the new ones to fill, where they hold what is no field."""
    made = records or [access.rtype.model() for _row in rows]
    items = [Item(values, record) for values, record in zip(rows, made, strict=True)]
    change_many(access, items, change_set=uuid7())
    for item in items:
        if item.error:
            raise item.error
    return [item.record for item in items]


@contextmanager
def _one_batch(access: Access) -> Iterator[None]:
    """What an actor looks up for one record need not be looked up for the next of the same batch."""
    memo = access.actor.memo
    outer = memo.get(SEEN)
    memo[SEEN] = set()
    try:
        yield
    finally:
        memo.pop(SEEN) if outer is None else memo.update({SEEN: outer})


def _change_many(access: Access, items: Sequence[Item], change_set: UUID) -> None:
    rtype = access.rtype
    items = _without_rings(rtype, items)
    existing = _lock(access, [item for item in items if not item.is_new])
    earliest = _earliest(rtype, items)
    planned = cache(lambda: steps.earliest_of(rtype, existing))
    ready: list[tuple[Item, dict[str, Any]]] = []
    for item in items:
        try:
            if not item.is_new:
                item.record = existing.get(item.record.pk)
                if item.record is None:
                    raise ValidationError(_GONE(), code="gone")  # noqa: TRY301 - one place tells what refuses an item
            item.step = steps.step_of(rtype, item.record)
            changes = _act(item, planned) if item.act else _alter(access, item)
            if item.record.pk in earliest:
                steps.check_typed(rtype, item.record, earliest)
        except NotFound:
            item.error = ValidationError(_GONE(), code="gone")
        except Stale:
            item.error = ValidationError(_("This has been done already."), code="stale")
        except PermissionDenied as error:
            item.error = ValidationError(str(error), code="forbidden")
        except ValidationError as error:
            item.error = as_known(access, item.record, error) if item.record else error
        else:
            if changes or item.is_new or (item.event and not item.event.endswith(".updated")):
                stamp(rtype, item.record)
                item.is_changed = True
                ready.append((item, changes))
    ready = _without_repeated(access, ready)
    try:
        with transaction.atomic():
            _save(access, ready, change_set)
    except IntegrityError:
        # One row breaks a constraint: each is saved alone, so that only that one is refused, in the constraint's words.
        for item, _changes in ready:
            _save_alone(access, item, change_set)


def _GONE() -> str:
    return _("This record was changed or removed meanwhile, or you may not edit it.")


def _without_rings(rtype: RecordType, items: Sequence[Item]) -> list[Item]:
    """Those that put no record below itself, not even together."""
    places = {item.record.pk: item.values[rtype.tree] for item in items if rtype.tree in item.values}
    if places:
        keep_still(rtype, {rtype.tree})
        problems = rings(rtype, places)
        for item in items:
            item.error = problems.get(item.record.pk)
    return [item for item in items if item.error is None]


def _lock(access: Access, items: list[Item]) -> dict[Any, Any]:
    if not items:
        return {}
    ids = [item.record.pk for item in items]
    # What an act takes the right for, it says itself.
    is_acting = any(item.act for item in items)
    rows = access.records("view" if is_acting else "edit")
    records = list(rows.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk"))
    if is_acting and len(records) < len(ids) and any(item.record.deleted_at for item in items):
        rows = access.records(deleted=True).filter(pk__in=ids).select_for_update(of=("self",))
        records += rows.order_by("pk")
    tables = {name for item in items for name in item.values}
    specs = [s for s in access.rtype.specs().values() if s.kind.has_table]
    Shown(
        access,
        records,
        specs if is_acting else [s for s in specs if s.name in tables],
        with_labels=False,
        is_read=False,
    )
    return {record.pk: record for record in records}


class _Gathered:
    """Takes the change of one item's record: nothing is written yet."""

    def __init__(self, item: Item, earliest: Callable[[], Mapping[UUID, datetime]]) -> None:
        self.item, self.earliest = item, earliest
        self.changes: dict[str, Any] = {}

    def holds(self, record: Any) -> bool:
        return record is self.item.record

    @contextmanager
    def change(
        self, record: Any, event: str, access: Access, version: int | None, given: set[str], standing: Mapping[str, Any]
    ) -> Iterator[None]:
        rtype, item, held = access.rtype, self.item, copy(record)
        verb = verb_of(rtype, event)
        access.check(verb, held)
        is_done = any(own.event == event and not own.applies(held) for own in rtype.verbs)
        if is_done or (version is not None and held.version != version):
            raise Stale(held)
        keep_still(rtype, given)
        before = snapshot(rtype, record)
        yield
        changes = settle_values(access, record, before, given, standing, self.earliest)
        if changes or not event.endswith(".updated"):
            event = rtype.event_of(event, changes)
            check_outcome(access, event, changes, held)
        item.event, item.is_back = event, held.deleted_at is not None and record.deleted_at is None
        self.changes = changes


def _act(item: Item, earliest: Callable[[], Mapping[UUID, datetime]]) -> dict[str, Any]:
    gathered = _Gathered(item, earliest)
    token = gathering.set(gathered)
    try:
        if item.act:
            item.act(item.record)
    finally:
        gathering.reset(token)
    return gathered.changes


def _without_repeated(access: Access, ready: list[tuple[Item, dict[str, Any]]]) -> list[tuple[Item, dict[str, Any]]]:
    """Those that give no second record what only one may have, and are no second ones themselves."""
    every = set(access.rtype.specs())
    changed = {i.record.pk: every if i.is_back else set(i.values) | set(changes) for i, changes in ready}
    problems = check_unique(access, [item.record for item, _changes in ready], changed)
    problems |= duplicates.check_many(access, [item.record for item, _changes in ready])
    for item, _changes in ready:
        if item.record.pk in problems:
            item.error, item.is_changed = as_known(access, item.record, problems[item.record.pk]), False
    return [(item, changes) for item, changes in ready if item.error is None]


def _earliest(rtype: RecordType, items: Sequence[Item]) -> dict[UUID, datetime]:
    """What is planned for those records whose next step is given by hand."""
    name = rtype.next_step_field
    typed = [item.record.pk for item in items if name and name in item.values and not item.is_new]
    return steps.earliest_of(rtype, typed) if typed else {}


def _alter(access: Access, item: Item) -> dict[str, Any]:
    record, rtype, is_new = item.record, access.rtype, item.is_new
    access.check("create" if is_new else "edit", None if is_new else record)
    # Rights are those on the record as it stands: whoever holds it may hand it to somebody else, as on its page.
    held = record if is_new else copy(record)
    if not is_new and access.actor.via == "import":
        access.check("import", held)
    before = {} if is_new else snapshot(rtype, record)
    editable = access.editable(record)
    if not item.values.keys() <= editable.keys():
        check_editable(access, item.values, record)
    for name, value in item.values.items():
        editable[name].check(record, value)
        editable[name].assign(record, value)
    derive(access, record, before, set(item.values))
    if is_new:
        access.check("create", record)
    validate(access, record, before)
    changes = differences(before | record.__dict__.get("_before", {}), snapshot(rtype, record))
    if not is_new:
        # A row of a file that closes a deal takes the right to close it, as anywhere else.
        check_outcome(access, rtype.event_of(f"{rtype.name}.updated", changes), changes, held)
    return changes


def _save(access: Access, ready: list[tuple[Item, dict[str, Any]]], change_set: UUID) -> None:
    rtype = access.rtype
    write_many([item.record for item, _changes in ready if item.is_new])
    write_many([item.record for item, _changes in ready if not item.is_new])
    with acting(change_set):
        _save_tables(access, [item.record for item, _changes in ready])
    events = [
        event_row(
            item.event or rtype.event_of(f"{rtype.name}.{'created' if item.is_new else 'updated'}", changes),
            item.record,
            access,
            changes,
            change_set=change_set,
            cause=item.cause,
        )
        for item, changes in ready
    ]
    write_many(events)
    publish(events)
    steps.settle((item.step, steps.step_of(rtype, item.record)) for item, _changes in ready)
    afterwards.follow(access, [(item.record, event) for (item, _changes), event in zip(ready, events, strict=True)])


def _save_tables(access: Access, records: list[Any]) -> None:
    for name, spec in access.rtype.specs().items():
        touched = [record for record in records if name in record.__dict__.get("_before", {})]
        if not touched:
            continue
        if spec.rows:
            model, parent = spec.extra["model"], spec.extra["parent"]
            emptied = [record for record in touched if record.__dict__["_before"][name]]
            if emptied:
                model.objects.filter(**{f"{parent}__in": emptied}).delete()
            rows = [row for record in touched for row in spec.kind.build(spec, record)]  # type: ignore[attr-defined]
            model.objects.bulk_create(rows)
        else:
            for record in touched:
                spec.kind.save(spec, record, access)


def _save_alone(access: Access, item: Item, change_set: UUID) -> None:
    event = f"{access.rtype.name}.{'created' if item.is_new else 'updated'}"
    record = access.rtype.model() if item.is_new else item.record
    try:
        if item.act:
            for name in ("_before", "_rows", "_many"):
                record.__dict__.pop(name, None)
            record.refresh_from_db()
            with transaction.atomic():
                item.act(record)
            return
        with change(record, event, access, given=set(item.values), change_set=change_set):
            assign(access, record, item.values)
        item.record = record
    except (NotFound, Stale):
        item.error, item.is_changed = ValidationError(_GONE(), code="gone"), False
    except (ValidationError, PermissionDenied) as error:
        item.error = error if isinstance(error, ValidationError) else ValidationError(str(error))
        item.is_changed = False
