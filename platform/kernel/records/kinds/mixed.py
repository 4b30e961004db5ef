"""Several records of several types, as a list in a JSON column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.records.kinds.base import LIST_LIMIT, Kind
from kernel.records.kinds.relations import me, read_id

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.records.specs import FieldSpec


class References(Kind):
    """Records of the types in `extra["types"]`, in the order given: ["members:ID", "contacts:ID"]; on the wire
    {"type", "id", "label"}."""

    name = "references"
    widget = "references"
    lookups = ("exact", "in", "empty")
    is_sortable = False
    is_reference = True
    is_list = True

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        """As a form posts it: "members:ID,contacts:ID"."""
        parts = [part.strip().partition(":") for part in text.split(",") if part.strip()]
        return self.take(spec, [{"type": slug, "id": pk} for slug, _sep, pk in parts], access)

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if raw is None:
            return []
        if not isinstance(raw, list) or len(raw) > LIST_LIMIT:
            raise ParseError(_('Send a list of {"type": "…", "id": "…"}.'), "type")
        found: dict[str, None] = {}
        for item in raw:
            slug, text = (item.get("type"), str(item.get("id"))) if isinstance(item, dict) else (None, "")
            pk = (me(text, access) if slug == "members" else None) or read_id(text)
            if slug not in spec.extra["types"] or pk is None:
                raise ParseError(_('Send a list of {"type": "…", "id": "…"}.'), "relation")
            found[f"{slug}:{pk}"] = None
        return list(found)

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        super().assign(spec, record, value or [])

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        """By id, or by type and id."""
        if lookup == "empty":
            return super().condition(spec, lookup, raw, access)
        match = Q(pk__in=[])
        for part in raw.split(",")[:LIST_LIMIT] if lookup == "in" else [raw]:
            slug, _sep, text = part.strip().rpartition(":")
            pk = me(text, access) or read_id(text)
            if pk is None or slug not in ("", *spec.extra["types"]):
                raise ParseError(_("Filter by an id."), "relation")
            for of_type in [slug] if slug else spec.extra["types"]:
                match |= Q(**{f"{spec.path}__contains": [f"{of_type}:{pk}"]})
        return match

    def is_empty(self, spec: FieldSpec) -> Q:
        return Q(**{spec.path: []})

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return value or []

    def references(self, spec: FieldSpec, value: Any) -> Iterator[tuple[str, UUID]]:
        for item in value or []:
            slug, _sep, pk = item.partition(":")
            yield slug, UUID(pk)

    def with_unseen(self, spec: FieldSpec, value: Any, held: Any, unseen: set[UUID]) -> Any:
        return [*value, *(item for item in held if UUID(item.partition(":")[2]) in unseen and item not in value)]

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": "array", "items": {"$ref": "#/components/schemas/About"}}

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        one = {
            "type": "object",
            "properties": {
                "type": {"type": "string", "enum": list(spec.extra["types"])},
                "id": {"type": "string", "format": "uuid"},
            },
            "required": ["type", "id"],
        }
        return {"type": "array", "items": one, "maxItems": LIST_LIMIT}
