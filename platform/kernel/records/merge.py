"""Making one record of several, and several of one again.

Merging is one change set: whatever points at the others points at the one that stays, over every type, in the trash
too; the others go to the trash; the one that stays gets the values that were chosen. What the person who merges cannot
see goes along, without being shown. Addresses of the others lead to the one that stays (`Redirect`).

Taking it apart within ninety days is the undoing of that change set: what was changed since stays and is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kernel.access.actor import Access, with_all_rights
from kernel.lib.ids import uuid7
from kernel.records.bulk import BATCH, Item, change_many
from kernel.records.change import NotFound, change, check_outcome, refuse_read_only
from kernel.records.legal_holds import check_free
from kernel.records.models import Redirect
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType, registry
from kernel.records.undo import Conflict, events_of, undo

MOST = 10
KEPT = timedelta(days=90)
EMPTY: tuple[Any, ...] = (None, "", [], {})


def can_merge(rtype: RecordType) -> bool:
    return bool(rtype.duplicate_keys)


def merge(access: Access, survivor: Any, others: Sequence[Any], values: Mapping[str, Any] | None = None) -> UUID:
    """Make one of these; answers the change set. `values` says of fields which record's value stays: {name: id}.

    Raises PermissionDenied where one of them is not the actor's to edit or to delete, NotFound where one is gone,
    ValidationError where one is under legal hold.
    """
    records = _locked(access, [survivor, *others])
    survivor, others = records[0], records[1:]
    for record in records:
        access.check("edit", record)
    for record in others:
        access.check("delete", record)
    check_free(access, records)
    chosen = pick(access, survivor, others, values or {})
    check_outcome(access, f"{access.rtype.name}.updated", chosen, survivor)
    change_set, mover = uuid7(), with_all_rights(access.actor)
    ids = {record.pk for record in others}
    with transaction.atomic():
        for rtype in list(registry.values()):
            _move(mover.access(rtype), access.rtype.slug, ids, survivor.pk, change_set)
        # Rows that moved may have said when a record is due next.
        survivor, *others = _locked(access, [survivor, *others])
        able = mover.access(access.rtype)
        for record in others:
            with change(record, f"{access.rtype.name}.deleted", able, change_set=change_set):
                record.deleted_at = timezone.now()
        specs = access.rtype.specs()
        event = f"{access.rtype.name}.merged"
        with change(survivor, event, able, given=set(chosen), change_set=change_set):
            for name, value in chosen.items():
                specs[name].assign(survivor, value)
        Redirect.objects.bulk_create(
            Redirect(record_type=access.rtype.slug, old=pk, new=survivor.pk, change_set=change_set) for pk in ids
        )
    return change_set


def _locked(access: Access, records: Sequence[Any]) -> list[Any]:
    """As they are now, in the order given, held until the transaction ends."""
    ids = [record.pk for record in records]
    if not 2 <= len(set(ids)) == len(ids) <= MOST:
        raise ValidationError(_("Choose between two and %(most)s different records.") % {"most": MOST}, code="merge")
    rows = access.records().filter(pk__in=ids).order_by("pk").select_for_update(of=("self",))
    found = {record.pk: record for record in rows}
    if len(found) < len(ids):
        raise NotFound
    return [found[pk] for pk in ids]


# -- which values stay


def offered(access: Access, records: Sequence[Any]) -> dict[str, FieldSpec]:
    """The fields to choose between: those that this actor may edit and that are not the same everywhere."""
    found = {}
    for name, spec in access.editable().items():
        if not spec.kind.is_list and len({repr(spec.canonical(record)) for record in records}) > 1:
            found[name] = spec
    return found


def proposed(spec: FieldSpec, survivor: Any, others: Sequence[Any]) -> Any:
    """The record whose value stays unless somebody chooses: the newest that has one; whose it is, stays."""
    if spec.name in ("owner", "team") and spec.value(survivor) not in EMPTY:
        return survivor
    records = sorted([survivor, *others], key=lambda record: record.updated_at, reverse=True)
    ids = {record.pk for record in records}
    filled = [r for r in records if spec.value(r) not in EMPTY and spec.value(r) not in ids]
    return next(iter(filled), survivor)


def pick(access: Access, survivor: Any, others: Sequence[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the record that stays, where they are not its own. Lists are united."""
    by_id = {str(record.pk): record for record in (survivor, *others)}
    editable, problems = access.editable(), {}
    refuse_read_only(access, values)
    for name, source in values.items():
        if name not in editable or editable[name].kind.is_list:
            problems[name] = ValidationError(_("There is no such field."), code="unknown")
        elif str(source) not in by_id:
            problems[name] = ValidationError(_("Name one of the records that are merged."), code="choice")
    if problems:
        raise ValidationError(problems)
    chosen: dict[str, Any] = {}
    for name, spec in access.rtype.specs().items():
        if spec.read_only:
            continue
        value: Any
        if spec.kind.is_list:
            value = _united(spec, [survivor, *others])
        elif name in editable:
            source = by_id[str(values[name])] if name in values else proposed(spec, survivor, others)
            value = spec.value(source)
        else:  # nobody was asked: nothing that is there is lost
            value = next((v for r in (survivor, *others) if (v := spec.value(r)) not in EMPTY), spec.value(survivor))
        if str(value) in by_id:
            value = None  # a record above or beside itself
        if spec.kind.canonical(spec, value) != spec.canonical(survivor):
            chosen[name] = value
    return _mark_primary(access.rtype, survivor, others, chosen)


def _mark_primary(rtype: RecordType, survivor: Any, others: Sequence[Any], chosen: dict[str, Any]) -> dict[str, Any]:
    """Where rows hold what a field shows of them (the primary number of a contact), the rows alone are given, with the
    one that the field has marked."""
    specs = rtype.specs()
    for name, mirrors in rtype.mirrors.items():
        if not chosen.keys() & {name, *mirrors}:
            continue
        first, rows = specs[name].rows[0].name, _united(specs[name], [survivor, *others])
        for mirror in mirrors:
            value = chosen.pop(mirror, specs[mirror].value(survivor))
            for row in rows:
                if row["kind"] == mirror:
                    row["primary"] = row[first] == value
        chosen[name] = rows
    return chosen


def _united(spec: FieldSpec, records: Sequence[Any]) -> list[Any]:
    """What any of them has, each once."""
    found: list[Any] = []
    seen: set[str] = set()
    for record in records:
        for item in spec.value(record) or []:
            key = str(item.get(spec.rows[0].name)) if spec.rows else str(item)
            if key not in seen:
                seen.add(key)
                found.append(dict(item) if spec.rows else item)
    return found


# -- what points at them


def _move(access: Access, slug: str, old: set[UUID], new: UUID, change_set: UUID) -> None:
    """Let every row of one type that points at one of `old` point at `new`."""
    rtype = access.rtype
    found = list(pointing(access, slug, old))
    if not found:
        return
    asked = Q(pk__in=[])
    for _spec, condition in found:
        asked |= condition
    specs = [spec for spec, _condition in found]
    ids = list(
        rtype.model.objects.filter(asked).exclude(pk__in=[*old, new]).order_by("pk").values_list("pk", flat=True)
    )
    for start in range(0, len(ids), BATCH):
        records = list(rtype.model.objects.filter(pk__in=ids[start : start + BATCH]).order_by("pk"))
        items = [Item({}, record, act=partial(_repoint, access, specs, slug, old, new)) for record in records]
        change_many(access, items, change_set=change_set)
        if any(item.error for item in items):
            reason = next(" ".join(item.error.messages) for item in items if item.error)
            text = _("Something that belongs to these records cannot be moved (%(type)s): %(reason)s")
            raise ValidationError(text % {"type": rtype.label_plural, "reason": reason}, code="merge")


def pointing(access: Access, slug: str, ids: set[UUID]) -> Iterator[tuple[FieldSpec, Q]]:
    """The fields of a type that may point at records of `slug`, each with the condition that it does."""
    rtype = access.rtype
    for spec in rtype.specs().values():
        if spec.kind.name == "about":
            yield spec, Q(about_type=slug, about_id__in=ids)
        elif spec.rows:
            subs = [sub for sub in spec.rows if sub.kind.is_reference and sub.related == slug]
            for sub in subs:
                rows = spec.extra["model"].objects.filter(**{f"{sub.path}__in": ids})
                yield spec, Q(pk__in=rows.values(spec.extra["parent"]))
        elif spec.kind.is_reference and spec.related == slug:
            yield spec, spec.kind.among(spec, list(ids), access)  # type: ignore[attr-defined]


def _repoint(access: Access, specs: Sequence[FieldSpec], slug: str, old: set[UUID], new: UUID, record: Any) -> None:
    given = {spec.name for spec in specs}
    with change(record, f"{access.rtype.name}.updated", access, given=given):
        for spec in specs:
            value = spec.value(record)
            changed = _put(spec, slug, value, old, new)
            if changed != value:
                spec.assign(record, changed)


def _put(spec: FieldSpec, slug: str, value: Any, old: set[UUID], new: UUID) -> Any:
    if spec.kind.name == "about":
        is_there = value and value["type"] == slug and UUID(value["id"]) in old
        return {"type": slug, "id": str(new)} if is_there else value
    if spec.rows:
        subs = [sub for sub in spec.rows if sub.kind.is_reference and sub.related == slug]
        return [{**row, **{s.name: new for s in subs if row.get(s.name) in old}} for row in value]
    if spec.kind.is_list:
        return list(dict.fromkeys(new if pk in old else pk for pk in value or []))
    return new if value in old else value


# -- where the others' addresses lead, and the way back


def survivor_of(access: Access, pk: UUID) -> UUID | None:
    """The record in reach that this one went into, maybe by way of others."""
    met: set[UUID] = set()
    at: UUID | None = pk
    while at is not None and at not in met:
        met.add(at)
        at = Redirect.objects.filter(record_type=access.rtype.slug, old=at).values_list("new", flat=True).first()
        if at is not None and access.records().filter(pk=at).exists():
            return at
    return None


def taken_in(rtype: RecordType, pk: UUID) -> list[UUID]:
    """The records that went into this one, and into those."""
    if not can_merge(rtype):
        return []
    found: list[UUID] = []
    ask = [pk]
    while ask:
        ask = list(Redirect.objects.filter(record_type=rtype.slug, new__in=ask).values_list("old", flat=True))
        ask = [old for old in ask if old not in found]
        found += ask
    return found


def last_merge(access: Access, record: Any) -> Redirect | None:
    """What can be taken apart of this record."""
    since: datetime = timezone.now() - KEPT
    mine = Redirect.objects.filter(record_type=access.rtype.slug, new=record.pk, at__gte=since)
    return mine.order_by("-at", "-pk").first()


def unmerge(access: Access, record: Any) -> list[Conflict]:
    """Take the last merging into this record apart. Answers what was changed since and therefore stays as it is."""
    access.check("edit", record)
    access.check("delete", record)
    with transaction.atomic():
        if access.records().filter(pk=record.pk).select_for_update(of=("self",)).first() is None:
            raise NotFound
        last = last_merge(access, record)
        if last is None:
            raise ValidationError(_("There is nothing here to take apart."), code="not_merged")
        mover, change_set = with_all_rights(access.actor), uuid7()
        conflicts: list[Conflict] = []
        after: UUID | None = None
        while events := events_of(last.change_set, after):
            conflicts += undo(mover, events, change_set)
            after = events[-1].pk
        Redirect.objects.filter(change_set=last.change_set).delete()
    return conflicts
