"""The tags of a record: ids in an array of the row itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.lib.text import sort_key
from kernel.records.kinds.base import LIST_LIMIT
from kernel.records.kinds.relations import Relation, read_id
from kernel.records.storage import Each

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.records.specs import FieldSpec

MOST_TAGS = 50
SEPARATORS = ",،;؛"
_COMMAS = str.maketrans(dict.fromkeys(SEPARATORS, ","))


class Tags(Relation):
    """The value is a sorted list of ids. Names are matched folded, all of a text in one query.

    A tag that was deleted for good leaves its id behind for a while: nothing shows it, and no save keeps it.
    """

    name = "tags"
    title: ClassVar[Any] = ""
    widget = "combobox"
    lookups = ("exact", "in", "all", "empty")
    is_sortable = False
    is_list = True

    def value(self, spec: FieldSpec, record: Any) -> Any:
        return list(getattr(record, spec.path))

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        setattr(record, spec.path, sorted(set(value or [])))

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        return self._read(spec, [part.strip() for part in text.translate(_COMMAS).split(",")], access)

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if raw is None:
            return []
        if not isinstance(raw, list):
            raise ParseError(_("Send a list of ids."), "type")
        return self._read(spec, [_text_of(item) for item in raw], access)

    def _read(self, spec: FieldSpec, texts: Iterable[str], access: Access) -> list[UUID]:
        given = [text for text in texts if text]
        if len(given) > MOST_TAGS:
            raise ParseError(_("Use at most %(limit)s tags."), "max_tags", limit=MOST_TAGS)
        ids = {pk for text in given if (pk := read_id(text))}
        names = {sort_key(text): text for text in given if not read_id(text)}
        found = self._named(spec, names, access) if names else {}
        for key, text in names.items():
            if key not in found:
                raise ParseError(_("There is none called “%(label)s”."), "not_found", label=text)
        return sorted(ids | set(found.values()))

    def _named(self, spec: FieldSpec, names: Mapping[str, str], access: Access) -> dict[str, UUID]:
        return dict(access.related(spec).filter(label_key__in=names).values_list("label_key", "pk"))

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return [str(item) for item in value or []]

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        return [UUID(item) for item in canonical or []]

    def references(self, spec: FieldSpec, value: Any) -> Any:
        yield from ((spec.related, pk) for pk in value or [])

    def attribute(self, spec: FieldSpec) -> str:
        return spec.path

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        """`tags=A` and `tags__in=A,B`: any of them; `tags__all=A,B`: each of them."""
        if lookup == "empty":
            return super().condition(spec, lookup, raw, access)
        parts = [part.strip() for part in raw.split(",")[:LIST_LIMIT]]
        ids = [self.filter_value(spec, part, access) for part in parts if part]
        return Q(**{f"{spec.path}__contains": ids}) if lookup == "all" else self.among(spec, ids, access)

    def among(self, spec: FieldSpec, ids: Any, access: Access) -> Q:
        if isinstance(ids, QuerySet):
            ids = ids.values_list("pk", flat=True)[:LIST_LIMIT]
        return Q(**{f"{spec.path}__overlap": list(ids)})

    def group(self, spec: FieldSpec, path: str) -> Any:
        return Each(F(path))

    def is_empty(self, spec: FieldSpec) -> Q:
        return Q(**{spec.path: []})

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": "array", "items": {"$ref": "#/components/schemas/Tag"}}

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        label = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}
        items = {"anyOf": [{"type": "string", "format": "uuid"}, label]}
        return {"type": "array", "items": items, "maxItems": MOST_TAGS}


def _text_of(item: Any) -> str:
    """An id, or a label that is none: what a caller sends of one tag."""
    if isinstance(item, dict):
        item = item.get("id") or item.get("label")
        if isinstance(item, str) and item.strip() and "\x00" not in item:
            return item.strip()
    elif isinstance(item, str) and read_id(item):
        return item
    raise ParseError(_('Send an id, or {"label": "…"}.'), "relation")
