"""From a FieldSpec to the form field that asks for it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor
from kernel.records.kinds.relations import read_id
from kernel.records.mentioning import shown, takes_mentions
from kernel.records.show import Labels
from kernel.records.specs import FieldSpec
from kernel.records.types import RecordType, registry
from kernel.ui.fields import Field, Option

FEW = 60


class Controls:
    """Fields for one actor and one type. Options and labels that several fields need are read once."""

    def __init__(self, access: Access) -> None:
        self.access, self.actor = access, access.actor
        self.labels = Labels(access.actor)

    def field(self, spec: FieldSpec, value: Any, *, name: str = "", errors: Sequence[Any] = (), **more: Any) -> Field:
        """`value` is a Python value, or what somebody typed: text is shown again as it was typed."""
        widget = spec.kind.widget
        told: dict[str, Any] = {
            "name": name or spec.name, "label": label_of(spec), "value": value, "help": spec.help,
            "errors": errors, "required": spec.required, **more,
        }  # fmt: skip
        if spec.kind.name in ("about", "references"):
            return self._mixed_picker(spec, value, told)
        if spec.kind.name == "file":
            return self._attached(spec, value, told)
        if spec.choices:
            options = offered(spec, value)
            if spec.kind.is_list:
                return Field(widget="checks", options=options, **told)
            return Field(widget="select", options=options, empty="" if spec.required and value else "–", **told)
        if spec.kind.is_reference:
            return self._picker(spec, value, told)
        if widget == "checkbox":
            told["value"] = value if isinstance(value, bool) else str(value or "") == "true"
        elif spec.kind.name == "integer" and isinstance(value, int):
            told["value"] = spec.kind.show(spec, value, self.actor.format)
        elif widget in ("text", "textarea", "email", "url"):
            told["maxlength"] = spec.max_length or 0
            if widget == "textarea":
                told["rows"] = 4
                told["value"] = shown(self.actor, value)
                if takes_mentions(spec):
                    told["url"] = f"/r/{self.access.rtype.slug}/mentionable"
        elif widget == "phone" and isinstance(value, str) and value.startswith("+"):
            told["value"] = self.actor.format.phone(value)
        return Field(widget=widget, **told)

    def unseen(self, spec: FieldSpec, value: Any) -> set[UUID]:
        """The records that a value points at and this actor may not see."""
        if spec.kind.name == "tags" and self.actor.access(spec.related_type).scope("view") == "all":
            return set()  # a tag that is not seen by somebody who sees all of them is gone
        wanted: dict[str, set[UUID]] = {}
        for slug, pk in spec.kind.references(spec, value):
            wanted.setdefault(slug, set()).add(pk)
        self.labels.load(wanted)
        return {pk for slug, ids in wanted.items() for pk in ids if self.labels.get(slug, pk) is None}

    def _picker(self, spec: FieldSpec, value: Any, told: dict[str, Any]) -> Field:
        related = spec.related_type
        multiple, is_tags = spec.kind.is_list, spec.kind.name == "tags"
        ids = [pk for item in (value if isinstance(value, list) else [value]) if (pk := _as_id(item))]
        is_few = related.is_setting and spec.kind.name != "member" and not is_tags
        few = few_records(self.actor, related) if is_few else None
        if few is not None:
            told["value"] = {str(pk) for pk in ids} if multiple else str(ids[0]) if ids else ""
            few = [*few, *self._hidden(spec, set(ids) - {option.value for option in few})]
            if multiple:
                return Field(widget="checks", options=few, **told)
            return Field(widget="select", options=few, empty="–", **told)
        self.labels.load({spec.related: set(ids)})
        chosen = [(str(pk), label) for pk in ids if (label := self.labels.get(spec.related, pk))]
        may_create = (is_tags or not related.is_setting) and self.actor.access(related).may("create")
        url = f"/r/{spec.related}/options"
        return Field(
            widget="combobox", url=url, create_url=url if may_create else "", multiple=multiple, chosen=chosen,
            placeholder=_("Add a tag…") if is_tags else _("Search…"), **{**told, "value": typed_in(value)},
        )  # fmt: skip

    def _attached(self, spec: FieldSpec, value: Any, told: dict[str, Any]) -> Field:
        pk = _as_id(value)
        self.labels.load({spec.related: {pk} if pk else set()})
        label = self.labels.get(spec.related, pk)
        may_add = self.actor.access(spec.related_type).may("create")
        return Field(
            widget="attached", url=f"{self.access.rtype.slug}.{spec.name}" if may_add else "",
            max_bytes=settings.FILE_MOST_BYTES, chosen=[(str(pk), label)] if label else [], **{**told, "value": ""},
        )  # fmt: skip

    def _mixed_picker(self, spec: FieldSpec, value: Any, told: dict[str, Any]) -> Field:
        """Records of several types: each by its type and id."""
        multiple = spec.kind.is_list
        if isinstance(value, dict):
            value = f"{value['type']}:{value['id']}"
        asked = [str(item) for item in (value if isinstance(value, list) else [value]) if item]
        pairs = [
            (slug, pk)
            for item in asked
            if (pk := read_id(item.partition(":")[2])) and (slug := item.partition(":")[0]) in registry
        ]
        wanted: dict[str, set[UUID]] = {}
        for slug, pk in pairs:
            wanted.setdefault(slug, set()).add(pk)
        self.labels.load(wanted)
        chosen = [(f"{slug}:{pk}", label) for slug, pk in pairs if (label := self.labels.get(slug, pk))]
        url = f"/r/{self.access.rtype.slug}/pick/{spec.name}"
        return Field(
            widget="combobox", url=url, multiple=multiple, chosen=chosen, placeholder=_("Search…"),
            **{**told, "value": ""},
        )  # fmt: skip

    def _hidden(self, spec: FieldSpec, ids: set[UUID]) -> list[Option]:
        """What is held but no longer offered: saving the form must not lose it."""
        self.labels.load({spec.related: ids})
        return [Option(pk, label) for pk in ids if (label := self.labels.get(spec.related, pk))]


def offered(spec: FieldSpec, value: Any) -> list[tuple[str, Any]]:
    """The choices, and a former one where it is held."""
    held = value if isinstance(value, list) else [value]
    return [*spec.choices, *((code, label) for code, label in spec.extra.get("former", ()) if code in held)]


def label_of(spec: FieldSpec) -> str:
    """A field's label as the start of a line: model names are written in lower case."""
    text = str(spec.label)
    return text[:1].upper() + text[1:]


def typed_in(value: Any) -> str:
    """What somebody typed in a picker and did not choose: it stands there again, for them to mend."""
    items = value if isinstance(value, list) else [value]
    return next((item for item in items if isinstance(item, str) and not read_id(item)), "")


def _as_id(value: Any) -> UUID | None:
    return value if isinstance(value, UUID) else read_id(str(value or ""))


def few_records(actor: Actor, rtype: RecordType) -> list[Option] | None:
    """All records of a type with few of them, to choose from: None where they are too many for a list.

    Where they belong to something of which there are several (stages to pipelines), its name stands before theirs.
    """
    key = f"few:{rtype.slug}"
    if key not in actor.memo:
        actor.memo[key] = _few_records(actor, rtype)
    found: list[Option] | None = actor.memo[key]
    return found


def _few_records(actor: Actor, rtype: RecordType) -> list[Option] | None:
    sort = rtype.sort.removeprefix("-")
    order = "label_key" if sort == rtype.label_field else F(sort)
    parent = rtype.holder
    ids = [parent.path + "_id"] if parent else []
    found = actor.access(rtype).records().order_by(*ids, order, "pk")
    rows = list(found.values_list("pk", "label", *ids)[: FEW + 1])
    if len(rows) > FEW:
        return None
    if parent and len({row[2] for row in rows}) > 1:
        labels = Labels(actor)
        labels.load({parent.related: {row[2] for row in rows if row[2]}})
        return [Option(row[0], f"{labels.get(parent.related, row[2]) or ''} · {row[1]}") for row in rows]
    return [Option(row[0], row[1]) for row in rows]
