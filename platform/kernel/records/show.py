"""Rows made readable for one viewer: labels of related records, looked up among what the viewer may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Model

from kernel.access.actor import Access, Actor
from kernel.records.kinds.base import Kind
from kernel.records.kinds.relations import MemberRelation, Relation
from kernel.records.mentioning import load_names, shown, takes_mentions
from kernel.records.sensitive import note_shown
from kernel.records.specs import FieldSpec
from kernel.records.statements import array, quoted, rows_of
from kernel.records.types import registry

PLAIN = (Relation, MemberRelation)  # one id


class Labels:
    """Labels of related records, only of those in this actor's reach."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._labels: dict[str, dict[UUID, str]] = defaultdict(dict)
        self._more: dict[UUID, dict[str, str]] = {}

    def load(self, wanted: Mapping[str, set[UUID]]) -> None:
        """One statement for all types of which this actor may see every record, and one for each other."""
        slugs: list[str] = []
        parts: list[str] = []
        is_any = False
        given: list[str] = []
        for slug, ids in sorted(wanted.items()):
            missing = ids - self._labels[slug].keys()
            access = self._actor.access(registry[slug])
            if access.scope("view") == "all" and not (access.rtype.parent or access.rtype.told_with_label):
                # Asked even for none, so that the statement is the same for all records and its plan is kept.
                parts.append(_select(access.rtype.model, len(slugs), is_setting=access.rtype.is_setting))
                slugs.append(slug)
                given.append(array(missing))
                is_any = is_any or bool(missing)
            elif missing:
                records = access.records()
                if access.rtype.is_setting:
                    records |= access.records(deleted=True)
                more = access.rtype.told_with_label
                for pk, label, *values in records.filter(pk__in=missing).values_list("pk", "label", *more):
                    self._labels[slug][pk] = label
                    if more:
                        self._more[pk] = dict(zip(more, values, strict=True))
        if is_any:
            for number, pk, label in rows_of(" UNION ALL ".join(parts), given):
                self._labels[slugs[number]][pk] = label

    def of(self, slug: str) -> Mapping[UUID, str]:
        """The labels loaded of one type."""
        return self._labels[slug]

    def get(self, slug: str, pk: UUID | None) -> str | None:
        """None where there is nothing, or nothing this viewer may see."""
        return self._labels[slug].get(pk) if pk else None

    def more(self, pk: UUID) -> dict[str, str]:
        """What is told of this one beside its label, once that was loaded."""
        return self._more.get(pk, {})


@cache
def _select(model: type[Model], number: int, *, is_setting: bool) -> str:
    """A lost reason no longer in use keeps its name where it was chosen; a deleted company does not."""
    alive = "" if is_setting else " AND deleted_at IS NULL"
    return f"SELECT {number}, id, label FROM {quoted(model._meta.db_table)} WHERE id = ANY(%s::uuid[]){alive}"  # noqa: S608 - only our own names


def _different(ids: Iterable[UUID | None]) -> Iterable[UUID]:
    """Each of these once: a UUID's number tells which it is in a fraction of the time that the UUID does."""
    return {pk.int: pk for pk in ids if pk}.values()


class Shown:
    """Some rows and some fields of one type, ready for a page, the API or a file. A constant number of queries.

    `is_read` is not said by what looks at values itself, or tells of them in its own way.
    """

    def __init__(
        self,
        access: Access,
        rows: Sequence[Any],
        specs: Iterable[FieldSpec] | None = None,
        *,
        with_labels: bool = True,
        for_file: bool = False,
        is_read: bool = True,
    ) -> None:
        self.access, self.rows = access, rows
        self._for_file = for_file
        self._columns: dict[str, list[Any]] = {}
        self.specs = list(access.shown().values() if specs is None else specs)
        self.labels = Labels(access.actor)
        self._load_tables()
        if is_read:
            note_shown(access, self.specs, rows)
        if with_labels:
            self._load_labels()

    def _load_tables(self) -> None:
        ids = [row.pk for row in self.rows]
        for spec in self.specs:
            if spec.rows and ids:
                if len(self.rows) == 1 and self.rows[0].__dict__.get("_rows", {}).get(spec.name) == []:
                    continue  # just made, and without any
                spec.kind.load_into(spec, self.rows, most=1 if self._for_file else None)  # type: ignore[attr-defined]
            elif spec.kind.has_table and ids:
                pairs = defaultdict(list)
                through = getattr(self.access.rtype.model, spec.path).through.objects
                source = f"{self.access.rtype.model._meta.model_name}_id"
                target = f"{getattr(self.access.rtype.model, spec.path).rel.model._meta.model_name}_id"
                for pk, other in through.filter(**{f"{source}__in": ids}).values_list(source, target):
                    pairs[pk].append(other)
                for row in self.rows:
                    row.__dict__.setdefault("_many", {})[spec.name] = sorted(pairs[row.pk])

    def _load_labels(self) -> None:
        wanted: dict[str, set[UUID]] = defaultdict(set)
        for spec in self.specs:
            if takes_mentions(spec):
                load_names(self.access.actor, self._values(spec))
            elif type(spec.kind) in PLAIN:
                wanted[spec.related].update(_different(self._values(spec)))
            elif spec.rows and all(type(sub.kind) in PLAIN or not sub.kind.is_reference for sub in spec.rows):
                for sub in spec.rows:
                    if sub.kind.is_reference:
                        held = (row.get(sub.name) for value in self._values(spec) for row in value or ())
                        wanted[sub.related].update(_different(held))
            elif spec.kind.is_reference or spec.rows:
                for value in filter(None, self._values(spec)):
                    for slug, pk in spec.kind.references(spec, value):
                        wanted[slug].add(pk)
        self.labels.load(wanted)

    def _values(self, spec: FieldSpec) -> list[Any]:
        """The value of one field of all rows: straight from its column, where it is nothing else and was read."""
        if spec.name not in self._columns:
            self._columns[spec.name] = self._read(spec)
        return self._columns[spec.name]

    def _read(self, spec: FieldSpec) -> list[Any]:
        if type(spec.kind).value is Kind.value and not spec.code:
            name = spec.kind.attribute(spec)
            with suppress(KeyError):
                return [row.__dict__[name] for row in self.rows]
        return list(map(spec.value, self.rows))

    def text(self, row: Any, spec: FieldSpec) -> str:
        """For a person to read, in the viewer's language, calendar and unit."""
        return self.value_text(spec, spec.value(row))

    def value_text(self, spec: FieldSpec, value: Any) -> str:
        if spec.rows:
            first = spec.rows[0]
            return ", ".join(filter(None, (self.value_text(first, row.get(first.name)) for row in value or [])))
        if spec.kind.is_reference:
            return ", ".join(self._labels_of(spec, value))
        return spec.kind.show(spec, shown(self.access.actor, value), self.access.actor.format)

    def _labels_of(self, spec: FieldSpec, value: Any) -> list[str]:
        labels = (self.labels.get(slug, pk) for slug, pk in spec.kind.references(spec, value))
        return [label for label in labels if label]

    def json(self, row: Any, spec: FieldSpec) -> Any:
        """For a program."""
        return self.value_json(spec, spec.value(row), row)

    def column(self, spec: FieldSpec) -> list[Any]:
        """`json` of one field for all rows, with what is the same for all of them looked up once."""
        kind, values = spec.kind, self._values(spec)
        if type(kind) in PLAIN:
            made = {pk.int: {"id": str(pk), "label": label} for pk, label in self.labels.of(spec.related).items()}
            return [made.get(pk.int) if pk else None for pk in values]
        if type(kind).give is Kind.give and not (spec.rows or kind.is_reference or takes_mentions(spec)):
            canonical = kind.canonical
            return [canonical(spec, value) for value in values]
        give = self._giver(spec)
        return [give(value, row) for value, row in zip(values, self.rows, strict=True)]

    def _giver(self, spec: FieldSpec) -> Callable[[Any, Any], Any]:
        kind = spec.kind
        if type(kind) in PLAIN:
            made = {pk: {"id": str(pk), "label": label} for pk, label in self.labels.of(spec.related).items()}
            return lambda pk, record: made.get(pk)
        if spec.rows:
            subs = [(sub.name, self._giver(sub)) for sub in spec.rows]
            return lambda value, record: [
                {name: give(item.get(name), record) for name, give in subs} for item in value or ()
            ]
        if kind.is_reference:
            return lambda value, record: self.value_json(spec, value, record)
        if takes_mentions(spec):
            return lambda value, record: kind.give(spec, shown(self.access.actor, value), record)
        return lambda value, record: kind.give(spec, value, record)

    def value_json(self, spec: FieldSpec, value: Any, record: Any) -> Any:
        if spec.rows:
            return [
                {sub.name: self.value_json(sub, item.get(sub.name), record) for sub in spec.rows}
                for item in value or []
            ]
        if spec.kind.is_reference:
            found = [
                reference
                for slug, pk in spec.kind.references(spec, value)
                if (reference := self._reference(spec, slug, pk))
            ]
            return found if isinstance(value, list) else next(iter(found), None)
        return spec.kind.give(spec, shown(self.access.actor, value), record)

    def _reference(self, spec: FieldSpec, slug: str, pk: UUID) -> dict[str, str] | None:
        """A record out of reach is as good as none: not even its id is told."""
        label = self.labels.get(slug, pk)
        if label is None:
            return None
        kind = {} if spec.related else {"type": slug}
        return {**kind, "id": str(pk), "label": label, **self.labels.more(pk)}

    def cells(self, spec: FieldSpec) -> list[Any]:
        """`cell` of one field for all rows."""
        kind, values = spec.kind, self._values(spec)
        if type(kind) in PLAIN:
            labels = self._numbered(spec)
            return [labels.get(pk.int, "") if pk else "" for pk in values]
        if spec.rows and type(spec.rows[0].kind) in PLAIN:
            labels, name = self._numbered(spec.rows[0]), spec.rows[0].name
            lists = ([row[name] for row in value if row[name]] for value in values)
            return [", ".join([labels[pk.int] for pk in ids if pk.int in labels]) for ids in lists]
        if spec.rows or kind.is_reference:
            return [self._cell_text(spec, value) if value else "" for value in values]
        cell = kind.cell
        if takes_mentions(spec):
            return [cell(spec, shown(self.access.actor, value)) for value in values]
        return [cell(spec, value) for value in values]

    def _numbered(self, spec: FieldSpec) -> dict[int, str]:
        return {pk.int: label for pk, label in self.labels.of(spec.related).items()}

    def cell(self, row: Any, spec: FieldSpec) -> Any:
        """For a file."""
        value = spec.value(row)
        if spec.rows or spec.kind.is_reference:
            return self._cell_text(spec, value)
        return spec.kind.cell(spec, shown(self.access.actor, value))

    def _cell_text(self, spec: FieldSpec, value: Any) -> str:
        if spec.kind.name == "tags":
            return "; ".join(sorted(self._labels_of(spec, value)))
        return self.value_text(spec, value)
