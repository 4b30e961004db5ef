"""The only write path. Pages, the API, imports and verbs all end here.

`change` holds one record: permission, row lock and version, then the caller's alteration, then derived values,
validation, save and the event with canonical before and after, in one transaction; on any error nothing is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Access
from kernel.events.models import Event
from kernel.events.subscribers import publish, settled
from kernel.lib.ids import uuid7
from kernel.records import afterwards, duplicates, steps
from kernel.records.deriving import derive, stamp
from kernel.records.explaining import reach_of
from kernel.records.specs import FieldSpec
from kernel.records.statements import count_of, one, take_held, write
from kernel.records.trees import check_place, keep_still
from kernel.records.types import RecordType, registry
from kernel.records.uniqueness import check_unique
from kernel.records.validation import as_known, explain, validate

# Under this name an actor remembers, for one batch of changes, which records were found in reach.
SEEN = "seen"
VERB_OF_EVENT = {"created": "create", "updated": "edit", "deleted": "delete", "restored": "delete"}


class NotFound(Exception):
    """No such record, or none in reach: the two are never told apart."""


class Stale(Exception):
    """Somebody else changed the record meanwhile. `record` is as it is now."""

    def __init__(self, record: Any) -> None:
        super().__init__("stale version")
        self.record = record


class Gathering(Protocol):
    """What takes changes of some records in the place of `change`, to write them all at once (kernel.records.bulk)."""

    def holds(self, record: Any) -> bool: ...

    def change(
        self, record: Any, event: str, access: Access, version: int | None, given: set[str], standing: Mapping[str, Any]
    ) -> AbstractContextManager[None]: ...


gathering: ContextVar[Gathering | None] = ContextVar("gathering", default=None)
_change_set: ContextVar[UUID | None] = ContextVar("change_set", default=None)


@contextmanager
def acting(change_set: UUID) -> Iterator[None]:
    """What is changed inside belongs to this change set, unless it says another."""
    token = _change_set.set(change_set)
    try:
        yield
    finally:
        _change_set.reset(token)


def create(access: Access, values: Mapping[str, Any], **marks: Any) -> Any:
    """A new record with these values (of the kinds' own types). Raises ValidationError keyed by field."""
    record = access.rtype.model()
    with change(record, f"{access.rtype.name}.created", access, given=set(values), **marks):
        assign(access, record, values)
    return record


def edit(access: Access, record: Any, values: Mapping[str, Any], version: int | None = None, **marks: Any) -> Any:
    with change(record, f"{access.rtype.name}.updated", access, version=version, given=set(values), **marks):
        assign(access, record, values)
    return record


def delete(access: Access, record: Any, version: int | None = None, **marks: Any) -> Any:
    """To the trash, from where it can be restored."""
    with change(record, f"{access.rtype.name}.deleted", access, version=version, **marks):
        record.deleted_at = timezone.now()
    return record


def restore(access: Access, record: Any, **marks: Any) -> Any:
    with change(record, f"{access.rtype.name}.restored", access, **marks):
        record.deleted_at = None
    return record


def assign(access: Access, record: Any, values: Mapping[str, Any]) -> None:
    """Set fields on behalf of an actor: only those the actor may edit, only to records the actor may see."""
    check_editable(access, values, record)
    editable = access.editable(record)
    for name, value in values.items():
        spec = editable[name]
        if spec.kind.canonical(spec, value) != spec.canonical(record):
            # Of several, what is held already may stay, though it be out of reach by now.
            held = set(spec.value(record)) if spec.kind.is_list and spec.kind.is_reference else ()
            check_reach(access, spec, [pk for pk in value if pk not in held] if held else value, is_saved=True)
            spec.check(record, value)
        spec.assign(record, value)


def check_editable(access: Access, names: Iterable[str], record: Any = None) -> None:
    """A hidden field answers like an unknown one; a field that may only be read refuses by name."""
    shown = access.shown(record)
    unknown = [name for name in names if name not in shown]
    if unknown:
        raise ValidationError({name: ValidationError(_("There is no such field."), code="unknown") for name in unknown})
    refuse_read_only(access, names, record)


def refuse_read_only(access: Access, names: Iterable[str], record: Any = None) -> None:
    """Of fields that the actor knows, those that are not theirs to change. Others are none of these."""
    shown, editable = access.shown(record), access.editable(record)
    refused = [str(shown[name].label) for name in names if name in shown and name not in editable]
    if refused:
        raise PermissionDenied(_("You cannot change: %(fields)s") % {"fields": ", ".join(refused)})


def check_reach(access: Access, spec: FieldSpec, value: Any, *, is_saved: bool = False) -> None:
    """Refuse a relation to a record that the actor cannot see, in the words for one that does not exist. `is_saved`
    where it is to stand at the end of this transaction."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for slug, pk in spec.kind.references(spec, value):
        wanted[slug].add(pk)
    seen: set[tuple[str, UUID]] = access.actor.memo.get(SEEN, set())
    for slug, ids in wanted.items():
        if all((slug, pk) in seen for pk in ids):
            continue
        rtype = registry[slug]
        if count_of(access.actor.access(rtype), ids, keeping=is_saved and rtype.is_kept) != len(ids):
            raise ValidationError({spec.name: ValidationError(_("There is no such record."), code="not_found")})
        seen.update((slug, pk) for pk in ids)


@contextmanager
def change(
    record: Any,
    event: str,
    access: Access,
    *,
    version: int | None = None,
    given: set[str] | None = None,
    standing: Mapping[str, Any] | None = None,
    change_set: UUID | None = None,
    cause: UUID | None = None,
    is_quiet: bool = False,
) -> Iterator[Any]:
    """Hold `record` while the caller alters it, then check, save and record what changed as `event`.

    `version` is the one the caller saw: another one raises Stale. `given` names the fields that were sent, for the
    type's derivations; `standing` values (canonical) hold whatever is derived. A quiet change is told in the record's
    own history, but not in that of the one it hangs on. Raises PermissionDenied, NotFound, ValidationError keyed by
    field.
    """
    gathered = gathering.get()
    if gathered is not None and gathered.holds(record):
        with gathered.change(record, event, access, version, given or set(), standing or {}):
            yield record
        return
    verb = verb_of(access.rtype, event)
    access.check(verb)
    if access.actor.viewer is not None:
        raise PermissionDenied(_("Nothing can be changed here now"))
    with transaction.atomic():
        keep_still(access.rtype, given or ())
        is_new = record.is_new
        held = record
        if not is_new:
            held = _lock(record, access, version)
            access.check(verb, held)
            if any(own.event == event and not own.applies(held) for own in access.rtype.verbs):
                raise Stale(held)  # won already, by whoever held it just before
        before = {} if is_new else snapshot(access.rtype, record)
        step = steps.step_of(access.rtype, held)
        yield record
        try:
            changes = settle_values(access, record, before, given or set(), standing or {})
            if not changes and not is_new and event.endswith(".updated"):
                return
            is_back = held.deleted_at is not None and record.deleted_at is None
            asked = set(access.rtype.specs() if is_new or is_back else changes)
            problems = check_unique(access, [record], {record.pk: asked})
            if problems:
                raise problems[record.pk]
        except ValidationError as error:
            raise as_known(access, record, error) from None
        event = access.rtype.event_of(event, changes)
        # A record may be handed to somebody out of one's own reach, hence as it was held; a new one as it will be.
        check_outcome(access, event, changes, held)
        stamp(access.rtype, record)
        duplicates.check(access, record, is_new=is_new)
        row = event_row(event, record, access, changes, change_set=change_set, cause=cause)
        if is_quiet:
            row.about_type, row.about_id = "", None
        _save(record, access, row)
        publish([row])
        steps.settle([(step, steps.step_of(access.rtype, record))])
        afterwards.follow(access, [(record, row)])


def settle_values(
    access: Access,
    record: Any,
    before: Mapping[str, Any],
    given: set[str],
    standing: Mapping[str, Any],
    planned: Callable[[], Mapping[UUID, datetime]] | None = None,
) -> dict[str, list[Any]]:
    """What follows from values that were assigned, and whether they may be; answers what changed. `planned` knows when
    the earliest open steps are due, where that has been asked for several records."""
    rtype = access.rtype
    check_place(rtype, record, before)
    derive(access, record, before, given)
    specs = rtype.specs() if standing else {}
    for name, value in standing.items():
        spec = specs[name]
        if spec.canonical(record) != value:
            spec.assign(record, spec.kind.restore(spec, value))
    validate(access, record, before)
    if not record.is_new and rtype.next_step_field in given:
        steps.check_typed(rtype, record, planned() if planned else steps.earliest_of(rtype, [record.pk]))
    return differences(before | record.__dict__.get("_before", {}), snapshot(rtype, record))


def verb_of(rtype: RecordType, event: str) -> str:
    suffix = event.rpartition(".")[2]
    if suffix in VERB_OF_EVENT:
        return VERB_OF_EVENT[suffix]
    return next((verb.permission or verb.name for verb in rtype.verbs if verb.event == event), "edit")


def check_outcome(access: Access, event: str, changes: Iterable[str], held: Any) -> None:
    """Whether a change of the record, as it was held, may come to this. Whoever reaches it by a share alone neither
    takes it nor gives it away: it would be theirs beyond the share."""
    verb = verb_of(access.rtype, event)
    access.check(verb, held)
    hands = {"owner", "team"} & set(changes)
    if hands and held.pk in access.shared(verb) and reach_of(access, held, verb) == "shared":
        refused = [str(spec.label) for name, spec in access.shown(held).items() if name in hands]
        raise PermissionDenied(_("You cannot change: %(fields)s") % {"fields": ", ".join(refused)})


def _lock(record: Any, access: Access, version: int | None) -> Any:
    """Lock the row and bring `record` up to date; answers the row as it was found."""
    if take_held(record):
        model: Any = type(record)
        current = model.__new__(model)
        current.__dict__.update(record.__dict__)
    elif record.deleted_at is None:
        current = one(access, record.pk, lock=True)
    else:
        current = access.records(deleted=True).filter(pk=record.pk).select_for_update(of=("self",)).first()
    if current is None:
        raise NotFound
    if version is not None and current.version != version:
        raise Stale(current)
    record.__dict__.clear()
    record.__dict__.update(current.__dict__)
    return current


UNTOLD = {"created_at", "updated_at", "created_by"}


def snapshot(rtype: RecordType, record: Any) -> dict[str, Any]:
    """Canonical values of all fields. Those kept in tables of their own count once they are assigned."""
    assigned = record.__dict__.get("_before", {})
    return {
        name: spec.canonical(record)
        for name, spec in rtype.specs().items()
        if name not in UNTOLD and (name in assigned or not spec.kind.has_table)
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """{field: [before, after]} of what is not the same; a field that was empty and stays so is left out."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value and not (before.get(name) in (None, []) and value in (None, []))
    }


def _save(record: Any, access: Access, event: Event) -> None:
    """The record and its event; child rows between the two, if some were assigned."""
    assigned = record.__dict__.get("_before", {})
    if record.is_new:  # what it was not given it has none of: nobody needs to look
        record.__dict__["_rows"] = {
            spec.name: spec.value(record) for spec in access.rtype.specs().values() if spec.rows
        }
    try:
        write(*((record,) if assigned else (record, event)))
        with acting(event.change_set):
            for name in assigned:
                spec = access.rtype.specs()[name]
                spec.kind.save(spec, record, access)
    except IntegrityError as error:  # undone by the savepoint of `change`
        raise as_known(access, record, explain(error, access.rtype)) from error
    if assigned:
        write(event)
    record.__dict__.pop("_before", None)


def event_row(
    name: str,
    record: Any,
    access: Access,
    changes: dict[str, Any],
    *,
    change_set: UUID | None = None,
    cause: UUID | None = None,
) -> Event:
    via = access.actor.via
    return Event(
        name=name,
        record_type=access.rtype.slug,
        record_id=record.pk,
        about_type=getattr(record, "about_type", "") or "",
        about_id=getattr(record, "about_id", None),
        member=access.actor.viewer or access.actor.member,  # seeing as another is no act of theirs
        via=via,
        changes=changes,
        change_set=change_set or _change_set.get() or uuid7(),
        cause=cause,
        fanned_out_at=timezone.now() if settled(name, via) else None,
    )
