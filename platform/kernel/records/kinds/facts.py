"""What came with a record and is only ever read: names and texts, as they were told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.records.kinds.base import Kind

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec


class Facts(Kind):
    """A flat {name: text} in a JSON column. The spec's `extra["labels"]` says what the names are called."""

    name = "facts"
    widget = "textarea"
    lookups = ("empty",)
    is_sortable = False

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        raise ParseError(_("This can only be read."), "read_only")

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        return self.parse(spec, "", access)

    def lines(self, spec: FieldSpec, value: Any) -> list[tuple[str, str]]:
        labels = spec.extra.get("labels", {})
        return [(str(labels.get(name, name)), str(text)) for name, text in (value or {}).items()]

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return "; ".join(f"{label}: {text}" for label, text in self.lines(spec, value))

    def cell(self, spec: FieldSpec, value: Any) -> Any:
        return "; ".join(f"{name}: {text}" for name, text in (value or {}).items())

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return value or None

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        return canonical or {}

    def is_empty(self, spec: FieldSpec) -> Q:
        return Q(**{spec.path: {}})

    def give(self, spec: FieldSpec, value: Any, record: Any) -> Any:
        return value or {}

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": {"type": "string"}}
