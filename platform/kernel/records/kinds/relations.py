"""Values that point at other records. Kept as ids; a label is looked up for a viewer, among what the viewer may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, TextField, UUIDField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.lib.text import sort_key
from kernel.records.kinds.base import LIST_LIMIT, Kind, nullable
from kernel.records.storage import Held

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.records.specs import FieldSpec


class Relation(Kind):
    """One other record. A name in place of an id works where exactly one record in reach has that label."""

    name = "relation"
    title: ClassVar[Any] = _("Another record")
    widget = "combobox"
    can_group = True
    is_reference = True

    def attribute(self, spec: FieldSpec) -> str:
        return f"{spec.path}_id"

    def parse(self, spec: FieldSpec, text: str, access: Access) -> UUID | None:
        text = text.strip()
        if not text:
            return None
        return read_id(text) or self.find_label(spec, text, access)

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if raw in (None, ""):
            return None
        if isinstance(raw, dict) and isinstance(raw.get("id"), str):
            raw = raw["id"]
        elif isinstance(raw, dict) and isinstance(raw.get("label"), str):
            return self.find_label(spec, raw["label"], access)
        found = read_id(raw) if isinstance(raw, str) else None
        if found is None:
            raise ParseError(_('Send an id, or {"label": "…"}.'), "relation")
        return found

    def find_label(self, spec: FieldSpec, label: str, access: Access) -> UUID:
        found = list(access.related(spec).filter(label_key=sort_key(label)).values_list("pk", flat=True)[:2])
        if len(found) == 1:
            return found[0]
        if found:
            raise ParseError(_("More than one is called “%(label)s”. Choose one by its id."), "ambiguous", label=label)
        raise ParseError(_("There is none called “%(label)s”."), "not_found", label=label)

    def filter_value(self, spec: FieldSpec, raw: str, access: Access) -> Any:
        found = read_id(raw)
        if found is None:
            raise ParseError(_("Filter by an id."), "relation")
        return found

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        """Nothing points at what is out of reach, also for those who know its id. Members are known by theirs."""
        found, other = super().condition(spec, lookup, raw, access), access.actor.access(spec.related_type)
        is_seen = spec.related == "members" or (other.scope("view") == "all" and not other.rtype.parent)
        return found if lookup == "empty" or is_seen else found & self.among(spec, other.records().values("pk"), access)

    def among(self, spec: FieldSpec, ids: Any, access: Access) -> Q:
        """The records that point at one of these: a list of ids, or a query for them."""
        if spec.code and isinstance(ids, QuerySet):
            ids = ids.values_list(Cast("pk", TextField()), flat=True)
        return spec.store.where(spec, "in", ids)

    def order(self, spec: FieldSpec, access: Access) -> Any:
        """By label; where some of these records are out of reach, only by the labels of those that are not."""
        if spec.code:
            held: Any = Cast(Held(OuterRef(spec.path), spec.code), UUIDField())
        elif access.actor.access(spec.related_type).scope("view") == "all":
            return F(f"{spec.path}__label_key")
        else:
            held = OuterRef(f"{spec.path}_id")
        return Subquery(access.related(spec).filter(pk=held).values("label_key")[:1])

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return str(value) if value else None

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        return UUID(canonical) if canonical else None

    def references(self, spec: FieldSpec, value: Any) -> Iterator[tuple[str, UUID]]:
        if value:
            yield spec.related, value

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"$ref": "#/components/schemas/Reference"})

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        label = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}
        return {"anyOf": [{"type": "string", "format": "uuid"}, label, {"type": "null"}]}


class MemberRelation(Relation):
    name, title = "member", _("Member")

    def parse(self, spec: FieldSpec, text: str, access: Access) -> UUID | None:
        return me(text, access) or super().parse(spec, text, access)

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        return (me(raw, access) if isinstance(raw, str) else None) or super().take(spec, raw, access)

    def filter_value(self, spec: FieldSpec, raw: str, access: Access) -> Any:
        return me(raw, access) or super().filter_value(spec, raw, access)

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        parts = [part.strip() for part in raw.split(",")]
        if lookup == "empty" or MY_TEAM not in parts:
            return super().condition(spec, lookup, raw, access)
        rest = ",".join(part for part in parts if part != MY_TEAM)
        mates = spec.store.where(spec, "in", access.actor.teammate_ids)
        return mates | super().condition(spec, "in", rest, access) if rest else mates


class Relations(Relation):
    """Several other records, through a many-to-many column. The value is a sorted list of ids."""

    name = "relations"
    title: ClassVar[Any] = ""
    widget = "relations"
    is_sortable = False
    has_table = True
    is_list = True

    def attribute(self, spec: FieldSpec) -> str:
        return spec.path

    def value(self, spec: FieldSpec, record: Any) -> Any:
        held = record.__dict__.setdefault("_many", {})
        if spec.name not in held:
            ids = [] if record.is_new else getattr(record, spec.path).values_list("pk", flat=True)
            held[spec.name] = sorted(ids)
        return held[spec.name]

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        before = self.canonical(spec, self.value(spec, record))
        record.__dict__.setdefault("_before", {}).setdefault(spec.name, before)
        record.__dict__["_many"][spec.name] = sorted(set(value or []))

    def save(self, spec: FieldSpec, record: Any, access: Access) -> None:
        getattr(record, spec.path).set(record.__dict__["_many"][spec.name])

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        parts = [part.strip() for part in text.replace("،", ",").split(",")]
        return sorted({read_id(part) or self.find_label(spec, part, access) for part in parts if part})

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if not isinstance(raw, list):
            raise ParseError(_("Send a list of ids."), "type")
        return sorted({found for item in raw if (found := Relation.take(self, spec, item, access))})

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        """Asked of the rows in between: joined to them, a record that points at two would be found twice."""
        if lookup == "empty":
            return super().condition(spec, lookup, raw, access)
        parts = raw.split(",")[:LIST_LIMIT] if lookup == "in" else [raw]
        ids = [self.filter_value(spec, part.strip(), access) for part in parts if part.strip()]
        return self.among(spec, ids, access)

    def among(self, spec: FieldSpec, ids: Any, access: Access) -> Q:
        column: Any = getattr(access.rtype.model, spec.path)
        source, target = column.field.m2m_column_name(), column.field.m2m_reverse_name()
        return Q(pk__in=column.through.objects.filter(**{f"{target}__in": ids}).values(source))

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return [str(item) for item in value or []]

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        return [UUID(item) for item in canonical or []]

    def references(self, spec: FieldSpec, value: Any) -> Iterator[tuple[str, UUID]]:
        yield from ((spec.related, pk) for pk in value or [])

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": "array", "items": {"$ref": "#/components/schemas/Reference"}}

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": "array", "items": super().input_schema(spec)}


class About(Kind):
    """The record that a child row hangs on, of any type: {"type": "deals", "id": …}. What `stays` is never taken off a
    record, but moved to another."""

    name = "about"
    can_import = False
    widget = "about"
    lookups = ("exact", "empty")
    is_sortable = False
    is_reference = True

    def value(self, spec: FieldSpec, record: Any) -> dict[str, str] | None:
        return {"type": record.about_type, "id": str(record.about_id)} if record.about_id else None

    def _own(self, spec: FieldSpec) -> tuple[str, ...]:
        return ("about_type", "about_id")

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        record.about_type = value["type"] if value else ""
        record.about_id = UUID(value["id"]) if value else None

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        """As a form posts it: "deals:ID"."""
        if not text.strip():
            return None
        slug, sep, pk = text.strip().partition(":")
        if not sep:
            raise ParseError(_("Choose a record from the list."), "relation")
        return self.take(spec, {"type": slug, "id": pk}, access)

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if raw is None:
            return None
        slugs = [rtype.slug for rtype in access.rtype.parent_types()]
        if not isinstance(raw, dict) or raw.get("type") not in slugs or not read_id(str(raw.get("id"))):
            raise ParseError(_('Send {"type": "deals", "id": "…"}.'), "relation")
        return {"type": raw["type"], "id": str(UUID(raw["id"]))}

    def allow(self, spec: FieldSpec, value: Any, record: Any = None) -> None:
        if value is None and spec.extra.get("stays"):
            raise ParseError(_("Say which record this belongs to."), "required")

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        if lookup == "empty":
            return super().condition(spec, lookup, raw, access)
        about = self.parse(spec, raw, access)
        if about is None:
            raise ParseError(_("Give a value to filter by."), "empty")
        return Q(about_type=about["type"], about_id=about["id"])

    def references(self, spec: FieldSpec, value: Any) -> Iterator[tuple[str, UUID]]:
        if value:
            yield value["type"], UUID(value["id"])

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"$ref": "#/components/schemas/About"})

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {"type": {"type": "string"}, "id": {"type": "string", "format": "uuid"}},
            "required": ["type", "id"],
        }


def read_id(text: str) -> UUID | None:
    try:
        return UUID(text) if len(text) == 36 else None
    except ValueError:
        return None


MY_TEAM = "my_team"


def me(text: str, access: Access) -> UUID | None:
    return access.actor.member.pk if text.strip().lower() == "me" and access.actor.member else None
