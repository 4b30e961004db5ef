"""Child rows that live and die with their record: the lines of a deal, the telephone numbers of a contact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.records.kinds.base import Kind
from kernel.records.statements import array, quoted, rows_of

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec

MOST_ROWS = 200


class Rows(Kind):
    """The value is a list of {field name: value}, in order. Written as a whole.

    Read lazily and kept on the record, so that a write that does not touch them costs no query.
    """

    name = "rows"
    widget = "rows"
    lookups = ("empty",)
    is_sortable = False
    is_searched = True
    has_table = True
    is_list = True

    def value(self, spec: FieldSpec, record: Any) -> list[dict[str, Any]]:
        held = record.__dict__.setdefault("_rows", {})
        if spec.name not in held:
            held[spec.name] = [] if record.is_new else self.load(spec, [record.pk]).get(record.pk, [])
        return held[spec.name]

    def columns(self, spec: FieldSpec) -> tuple[str, ...]:
        return tuple(name for sub in spec.rows for name in sub.kind.beside)

    def load(self, spec: FieldSpec, ids: list[Any], most: int | None = None) -> dict[Any, list[dict[str, Any]]]:
        """The rows of many records, in one query; of each so many fields, the first ones, where not all are needed."""
        names, paths = [sub.name for sub in spec.rows[:most]], tuple(sub.path for sub in spec.rows[:most])
        found: dict[Any, list[dict[str, Any]]] = {}
        last = None
        for pk, *values in rows_of(_select(spec.extra["model"], spec.extra["parent"], paths), [array(ids)]):
            if pk.int != last:  # they come record by record
                last = pk.int
                mine = found[pk] = []
            mine.append(dict(zip(names, values, strict=True)))
        return found

    def load_into(self, spec: FieldSpec, records: Sequence[Any], most: int | None = None) -> None:
        """Keep on each record its rows, so that asking for their values costs no query of its own."""
        found = self.load(spec, [record.pk for record in records], most)
        for record in records:
            record.__dict__.setdefault("_rows", {})[spec.name] = found.get(record.pk, [])

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        before = self.canonical(spec, self.value(spec, record))
        record.__dict__.setdefault("_before", {}).setdefault(spec.name, before)
        record.__dict__["_rows"][spec.name] = value or []

    def save(self, spec: FieldSpec, record: Any, access: Access) -> None:
        """Bring the table in line with the value that was assigned."""
        model, parent = spec.extra["model"], spec.extra["parent"]
        model.objects.filter(**{parent: record}).delete()
        model.objects.bulk_create(self.build(spec, record))

    def build(self, spec: FieldSpec, record: Any) -> list[Any]:
        rows = []
        for position, values in enumerate(record.__dict__["_rows"][spec.name]):
            row = spec.extra["model"](**{spec.extra["parent"]: record}, position=position)
            for sub in spec.rows:
                sub.assign(row, values.get(sub.name))
            rows.append(row)
        return rows

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        """One text holds one row: the value of its first field (a product's name, a telephone number)."""
        if not text.strip():
            return []
        first = spec.rows[0]
        return [{first.name: first.parse(text, access)}]

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        return self.read(spec, raw, lambda sub, value: sub.take(value, access))

    def read_form(self, spec: FieldSpec, raw: list[dict[str, str]], access: Access) -> Any:
        """Rows as a form posts them; a row left wholly empty is no row."""
        filled = [row for row in raw if any(text.strip() for text in row.values())]
        return self.read(spec, filled, lambda sub, text: sub.parse(text, access))

    def read(self, spec: FieldSpec, raw: Any, reader: Any) -> Any:
        if not isinstance(raw, list):
            raise ParseError(_("Send a list of rows."), "type")
        if len(raw) > MOST_ROWS:
            raise ParseError(_("Use at most %(limit)s rows."), "max_rows", limit=MOST_ROWS)
        subs = {sub.name: sub for sub in spec.rows}
        rows: list[dict[str, Any]] = []
        for number, item in enumerate(raw, 1):
            if not isinstance(item, dict) or not set(item) <= set(subs):
                raise ParseError(_("Row %(number)s has an unknown field."), "unknown", number=number)
            row = {}
            for name, sub in subs.items():
                if sub.read_only:
                    continue
                try:
                    given = reader(sub, item[name]) if name in item else None
                    row[name] = sub.initial() if name not in item or (given is None and not sub.null) else given
                except ValidationError as error:
                    raise ParseError(
                        _("Row %(number)s, %(field)s: %(problem)s"),
                        "row",
                        number=number,
                        field=sub.label,
                        problem=" ".join(error.messages),
                    ) from error
                if sub.required and row[name] in (None, ""):
                    raise ParseError(_("Row %(number)s needs: %(field)s"), "row", number=number, field=sub.label)
            rows.append(row)
        return rows

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return [{sub.name: sub.kind.canonical(sub, row.get(sub.name)) for sub in spec.rows} for row in value or []]

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        return [{sub.name: sub.kind.restore(sub, row.get(sub.name)) for sub in spec.rows} for row in canonical or []]

    def give(self, spec: FieldSpec, value: Any, record: Any) -> Any:
        return [{sub.name: sub.kind.give(sub, row.get(sub.name), record) for sub in spec.rows} for row in value or []]

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        first = spec.rows[0]
        return ", ".join(filter(None, (first.kind.show(first, row.get(first.name), fmt) for row in value or [])))

    def cell(self, spec: FieldSpec, value: Any) -> Any:
        first = spec.rows[0]
        return "; ".join(str(first.kind.cell(first, row.get(first.name))) for row in value or [])

    def references(self, spec: FieldSpec, value: Any) -> Iterator[tuple[str, UUID]]:
        for row in value or []:
            for sub in spec.rows:
                yield from sub.kind.references(sub, row.get(sub.name))

    def is_empty(self, spec: FieldSpec) -> Q:
        rows = spec.extra["model"].objects.filter(**{spec.extra["parent"]: OuterRef("pk")})
        return Q(~Exists(rows))

    def search_text(self, spec: FieldSpec, value: Any) -> str:
        parts = (sub.kind.search_text(sub, row.get(sub.name)) for row in value or [] for sub in spec.rows)
        return " ".join(filter(None, parts))

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return self._schema(spec, lambda sub: sub.kind.schema(sub), spec.rows)

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        return self._schema(spec, lambda sub: sub.kind.input_schema(sub), [s for s in spec.rows if not s.read_only])

    def _schema(self, spec: FieldSpec, of: Any, subs: Any) -> dict[str, Any]:
        row = {"type": "object", "properties": {sub.name: of(sub) for sub in subs}, "additionalProperties": False}
        return {"type": "array", "items": row, "maxItems": MOST_ROWS}


@cache
def _select(model: type[models.Model], parent: str, paths: tuple[str, ...]) -> str:
    columns = {field.name: quoted(field.column) for field in model._meta.concrete_fields}
    asked = ", ".join([columns[parent], *(columns[path] for path in paths)])
    of = columns[parent]
    return f"SELECT {asked} FROM {quoted(model._meta.db_table)} WHERE {of} = ANY(%s::uuid[]) ORDER BY {of}, position"  # noqa: S608 - only our own names
