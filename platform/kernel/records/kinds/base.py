"""What every kind answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec

LIST_LIMIT = 200


class Kind:
    """`widget` names the form control's template, `lookups` what a filter may ask, beside equality."""

    name: ClassVar[str]
    widget: ClassVar[str] = "text"
    lookups: ClassVar[tuple[str, ...]] = ("exact", "in", "empty")
    is_sortable: ClassVar[bool] = True
    is_filterable: ClassVar[bool] = True
    is_searched: ClassVar[bool] = False
    is_numeric: ClassVar[bool] = False
    can_group: ClassVar[bool] = False
    has_table: ClassVar[bool] = False
    is_list: ClassVar[bool] = False
    is_reference: ClassVar[bool] = False
    can_import: ClassVar[bool] = True
    can_default: ClassVar[bool] = True
    # What the settings call it where a tenant makes its own fields; a kind without a title is not offered there.
    title: ClassVar[Any] = ""
    # Attributes of the record that `give` reads beside the value: an amount's currency.
    beside: ClassVar[tuple[str, ...]] = ()

    # -- the record

    def attribute(self, spec: FieldSpec) -> str:
        """The name that the value has on the model, and in queries."""
        return spec.path

    def value(self, spec: FieldSpec, record: Any) -> Any:
        return spec.store.get(spec, record)

    def columns(self, spec: FieldSpec) -> tuple[str, ...]:
        """The attributes of the record that `value` and `give` read."""
        return (spec.path,) if spec.code else (*self._own(spec), *self.beside)

    def _own(self, spec: FieldSpec) -> tuple[str, ...]:
        return () if self.has_table else (self.attribute(spec),)

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        spec.store.put(spec, record, value)

    def save(self, spec: FieldSpec, record: Any, access: Access) -> None:
        """Write what is kept in a table of its own; called where a value was assigned, once the record is saved."""

    # -- in

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        """What a person or a file spells; empty is None. Raises ParseError."""
        raise NotImplementedError

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        """What a program sends as JSON. Raises ParseError."""
        if raw is None:
            return None
        if not isinstance(raw, str):
            raise ParseError(_("Send this as a string."), "type")
        return self.parse(spec, raw, access)

    # -- out

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        """For a person to read."""
        return "" if value is None else str(value)

    def give(self, spec: FieldSpec, value: Any, record: Any) -> Any:
        """For a program, as JSON."""
        return self.canonical(spec, value)

    def cell(self, spec: FieldSpec, value: Any) -> Any:
        """For a file: text, or a number or date that a spreadsheet knows."""
        return "" if value is None else self.canonical(spec, value)

    # -- history

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        """For history, undo and comparison: JSON, the same whoever sent it."""
        return value if value not in (None, "") else None

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        """The value that `canonical` was made of."""
        return canonical

    def keep(self, spec: FieldSpec, value: Any) -> Any:
        """The canonical value as a JSON column holds it: of one form, so that its text can be compared."""
        return self.canonical(spec, value)

    def allow(self, spec: FieldSpec, value: Any, record: Any = None) -> None:
        """Refuse to give a record a value that it may keep but not newly get. Raises ParseError. Asked where a person
        or a program says the value, not where one comes back or moves."""

    def references(self, spec: FieldSpec, value: Any) -> Iterator[tuple[str, UUID]]:
        """The records that a value points at, as (slug, id)."""
        yield from ()

    def with_unseen(self, spec: FieldSpec, value: Any, held: Any, unseen: set[UUID]) -> Any:
        """A list as somebody gave it, with those of `held` that they could not see."""
        return sorted({*value, *unseen})

    # -- queries

    def order(self, spec: FieldSpec, access: Access) -> Any:
        return spec.store.ref(spec)

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        """The rows that pass `field__lookup=raw`. Raises ParseError."""
        if lookup == "empty":
            return self.is_empty(spec) if read_flag(raw) else ~self.is_empty(spec)
        if lookup == "in":
            values = [self.filter_value(spec, part, access) for part in raw.split(",")[:LIST_LIMIT] if part]
            return spec.store.where(spec, "in", values)
        return spec.store.where(spec, lookup, self.filter_value(spec, raw, access))

    def filter_value(self, spec: FieldSpec, raw: str, access: Access) -> Any:
        value = self.parse(spec, raw, access)
        if value is None:
            raise ParseError(_("Give a value to filter by."), "empty")
        return value

    def group(self, spec: FieldSpec, path: str) -> Any:
        """What rows are gathered by, in a query; of a list each value, so that a row is in several groups."""
        return spec.store.ref(spec) if spec.code else F(path)

    def is_empty(self, spec: FieldSpec) -> Q:
        return spec.store.is_missing(spec)

    def search_text(self, spec: FieldSpec, value: Any) -> str:
        return ""

    # -- OpenAPI

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        """The JSON Schema of what `give` answers."""
        raise NotImplementedError

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        """The JSON Schema of what `take` reads."""
        return self.schema(spec)


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else {"anyOf": [schema, {"type": "null"}]}


def read_flag(raw: str) -> bool:
    flag = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(raw.strip().lower())
    if flag is None:
        raise ParseError(_("Send true or false."), "boolean")
    return flag
