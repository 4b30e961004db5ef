"""Fields of which somebody may know but a part. `FieldSpec.masked` and `FieldSpec.on_own` make specs of these kinds, so
that whatever shows a value shows no more of it, and whatever asks by a value finds that it cannot."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from kernel.records.kinds.base import Kind, nullable

if TYPE_CHECKING:
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec

DOTS = "••••"
TOLD = 2
SHORTEST = 5  # of a shorter text the last two characters would say too much
# What is one of a few would be told by its last characters; what is kept elsewhere is not read to be covered.
TEXTS = ("text", "long_text", "email", "phone", "link", "number", "integer", "percent", "money", "date", "datetime")


class Masked(Kind):
    """A value of which only the last two characters are told, whatever kind it is of."""

    name = "masked"
    lookups = ()
    is_sortable = False
    is_filterable = False

    def value(self, spec: FieldSpec, record: Any) -> str | None:
        behind = _behind(spec)
        if behind.rows or behind.kind.has_table:
            return DOTS
        return cover(behind, behind.canonical(record))

    def columns(self, spec: FieldSpec) -> tuple[str, ...]:
        behind = _behind(spec)
        return () if behind.rows or behind.kind.has_table else behind.kind.columns(behind)

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        raise TypeError(f"{spec.name} is masked")

    def restore(self, spec: FieldSpec, canonical: Any) -> str | None:
        return cover(_behind(spec), canonical)

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return value or ""

    def cell(self, spec: FieldSpec, value: Any) -> str:
        return value or ""

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        told = str(_("Masked: you see the last characters at most."))
        return {**nullable({"type": "string"}), "description": told, "readOnly": True}


class _OnOwn(Kind):
    """Laid over another kind: the value on one's own records, nothing on others."""

    lookups = ()
    is_sortable = False
    is_filterable = False
    is_searched = False
    can_group = False

    def value(self, spec: FieldSpec, record: Any) -> Any:
        if record.owner_id == spec.extra["mine"]:
            return super().value(spec, record)
        return [] if self.is_list else None

    def columns(self, spec: FieldSpec) -> tuple[str, ...]:
        return (*super().columns(spec), "owner_id")


@cache
def on_own(kind: Kind) -> Kind:
    made: Kind = type(f"Own{type(kind).__name__}", (_OnOwn, type(kind)), {})()
    return made


def _behind(spec: FieldSpec) -> FieldSpec:
    behind: FieldSpec = spec.extra["behind"]
    return behind


def cover(spec: FieldSpec, canonical: Any) -> str | None:
    """What is told of a canonical value."""
    if canonical is None or canonical in ("", [], {}):  # a zero and a “no” are values, covered like any other
        return None
    if spec.kind.name not in TEXTS:
        return DOTS
    text = str(canonical)
    if spec.kind.is_numeric and "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{DOTS}{text[-TOLD:]}" if len(text) >= SHORTEST else DOTS


MASKED = Masked()
