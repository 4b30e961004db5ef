"""Yes or no, and one of a few."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import Case, IntegerField, Q, Value, When
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.lib.text import fold
from kernel.records.kinds.base import LIST_LIMIT, Kind, nullable, read_flag

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec

YES = {"yes", "true", "1", "y", "x", "✓", "بله", "بلی", "اری", "درست", "فعال"}
NO = {"no", "false", "0", "n", "خیر", "نه", "نادرست", "غیرفعال", "غیر فعال"}


class YesNo(Kind):
    name, title = "yes_no", _("Yes or no")
    widget = "checkbox"
    lookups = ("exact",)
    can_group = True

    def parse(self, spec: FieldSpec, text: str, access: Access) -> bool | None:
        folded = fold(text)
        if not folded:
            return spec.default
        if folded in YES | {"on"}:
            return True
        if folded in NO:
            return False
        raise ParseError(_("Write yes or no."), "boolean")

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if not isinstance(raw, bool):
            raise ParseError(_("Send true or false."), "boolean")
        return raw

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        """What was never said is no: a field made today has records from before it."""
        asked = super().condition(spec, lookup, raw, access)
        return asked | spec.store.is_missing(spec) if lookup == "exact" and not read_flag(raw) else asked

    def filter_value(self, spec: FieldSpec, raw: str, access: Access) -> Any:
        return read_flag(raw)

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return value

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return "" if value is None else (now("Yes") if value else now("No"))

    def cell(self, spec: FieldSpec, value: Any) -> Any:
        return "" if value is None else ("true" if value else "false")

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": "boolean"}


class Choice(Kind):
    """One of the codes in `choices`. Those in `extra["former"]` are no longer given to anyone; who has one keeps it."""

    name, title = "choice", _("Choice")
    widget = "select"
    can_group = True

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        return self.find(spec, text) if fold(text) else None

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        return None if raw in (None, "") else self.one(spec, raw)

    def find(self, spec: FieldSpec, text: str) -> str:
        """The code that a person or a file means by a code or a label."""
        folded = fold(text)
        for code, label in known(spec):
            if folded in (fold(code), fold(str(label))):
                return code
        raise self._unknown(str(label) for _code, label in spec.choices)

    def one(self, spec: FieldSpec, raw: Any) -> str:
        if not isinstance(raw, str) or raw not in dict(known(spec)):
            raise self._unknown(code for code, _label in spec.choices)
        return raw

    def allow(self, spec: FieldSpec, value: Any, record: Any = None) -> None:
        given = value if isinstance(value, list) else [value]
        if any(code is not None and code not in dict(spec.choices) for code in given):
            raise self._unknown(str(label) for _code, label in spec.choices)

    def _unknown(self, allowed: Iterable[str]) -> ParseError:
        return ParseError(_("Choose one of: %(allowed)s."), "choice", allowed=", ".join(allowed))

    def filter_value(self, spec: FieldSpec, raw: str, access: Access) -> Any:
        return self.one(spec, raw)

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        spec.store.put(spec, record, value if value is not None or spec.null else "")

    def is_empty(self, spec: FieldSpec) -> Q:
        return spec.store.is_missing(spec) | spec.store.where(spec, "exact", "")

    def order(self, spec: FieldSpec, access: Access) -> Any:
        choices = enumerate(known(spec))
        ranks = [When(spec.store.where(spec, "exact", code), then=Value(rank)) for rank, (code, _label) in choices]
        return Case(*ranks, default=None, output_field=IntegerField())

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return str(dict(known(spec)).get(value, value or ""))

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"type": "string"}) | {"enum": [*(code for code, _label in known(spec)), None]}

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"type": "string"}) | {"enum": [*(code for code, _label in spec.choices), None]}


class Choices(Choice):
    """Several of the codes, in the order of the choices."""

    name, title = "choices", _("Several choices")
    widget = "checks"
    is_list = True
    is_sortable = False

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        parts = [part for part in _SEPARATORS.split(text) if fold(part)]
        return self._ordered(spec, {self.find(spec, part) for part in parts})

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if raw is None:
            return []
        if not isinstance(raw, list):
            raise ParseError(_("Send a list of codes."), "type")
        return self._ordered(spec, {self.one(spec, item) for item in raw})

    def _ordered(self, spec: FieldSpec, codes: set[str]) -> list[str]:
        return [code for code, _label in known(spec) if code in codes]

    def value(self, spec: FieldSpec, record: Any) -> Any:
        return super().value(spec, record) or []

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        spec.store.put(spec, record, self._ordered(spec, set(value or [])))

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return list(value or [])

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        return list(canonical or [])

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        """`field=A` and `field__in=A,B`: those that have any of them."""
        if lookup == "empty":
            return super().condition(spec, lookup, raw, access)
        found = Q(pk__in=[])
        for code in raw.split(",")[:LIST_LIMIT] if lookup == "in" else [raw]:
            if code.strip():
                found |= spec.store.has(spec, self.filter_value(spec, code.strip(), access))
        return found

    def group(self, spec: FieldSpec, path: str) -> Any:
        return spec.store.each(spec)

    def is_empty(self, spec: FieldSpec) -> Q:
        return spec.store.is_bare(spec)

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        comma = "، " if fmt.direction == "rtl" else ", "
        codes = [value] if isinstance(value, str) else value or []
        return comma.join(Choice.show(self, spec, code, fmt) for code in codes)

    def cell(self, spec: FieldSpec, value: Any) -> Any:
        return "; ".join(value or [])

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return self._schema(known(spec))

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        return self._schema(spec.choices)

    def _schema(self, choices: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        item = {"type": "string", "enum": [code for code, _label in choices]}
        return {"type": "array", "items": item, "uniqueItems": True}


_SEPARATORS = re.compile("[,،;؛\n]")


def known(spec: FieldSpec) -> tuple[tuple[str, Any], ...]:
    """The choices there are and those there were."""
    return (*spec.choices, *spec.extra.get("former", ()))
