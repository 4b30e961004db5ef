"""What the definition of a custom field is made of: its choices, and the value that it starts with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kernel.access.rules import check_rules
from kernel.lib.errors import ParseError
from kernel.records.kinds.base import Kind

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec

MOST_CHOICES = 200
MOST_RULES = 100_000  # characters
COLORS = ("grey", "blue", "green", "amber", "red")
PARTS = {"code": 40, "label": 80, "other_label": 80}


class ChoiceList(Kind):
    """[{"code", "label", "other_label", "color", "archived"}]; a code that is not given is made of the label."""

    name = "choice_list"
    widget = "textarea"
    is_sortable = False
    is_filterable = False

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        """One label a line."""
        return self.take(spec, [{"label": line.strip()} for line in text.splitlines() if line.strip()], access)

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if raw is None:
            return []
        if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
            raise ParseError(_('Send a list of choices, each {"label": "…"}.'), "type")
        if len(raw) > MOST_CHOICES:
            raise ParseError(_("Use at most %(limit)s choices."), "max_rows", limit=MOST_CHOICES)
        return [self._choice(item) for item in raw]

    def _choice(self, item: dict[str, Any]) -> dict[str, Any]:
        if not set(item) <= {*PARTS, "color", "archived"} or not isinstance(item.get("archived", False), bool):
            raise ParseError(_('Send a list of choices, each {"label": "…"}.'), "type")
        made: dict[str, Any] = {}
        for part, longest in PARTS.items():
            text = item.get(part) or ""
            if not isinstance(text, str) or len(text) > longest or "\x00" in text:
                raise ParseError(_("This is too long: use at most %(limit)s characters."), "max_length", limit=longest)
            made[part] = " ".join(text.split())
        if not made["label"]:
            raise ParseError(_("Every choice needs a name."), "required")
        color = item.get("color") or "grey"
        if color not in COLORS:
            raise ParseError(_("Choose one of: %(allowed)s."), "choice", allowed=", ".join(COLORS))
        return {**made, "color": color, "archived": item.get("archived", False)}

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return list(value or [])

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        return list(canonical or [])

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        comma = "، " if fmt.direction == "rtl" else ", "
        return comma.join(item["label"] for item in value or [] if not item.get("archived"))

    def cell(self, spec: FieldSpec, value: Any) -> Any:
        return "; ".join(item["label"] for item in value or [] if not item.get("archived"))

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        parts: dict[str, Any] = {part: {"type": "string", "maxLength": longest} for part, longest in PARTS.items()}
        parts |= {"color": {"type": "string", "enum": list(COLORS)}, "archived": {"type": "boolean"}}
        choice = {"type": "object", "properties": parts, "required": ["label"], "additionalProperties": False}
        return {"type": "array", "items": choice, "maxItems": MOST_CHOICES}


class OwnDefault(Kind):
    """A value of the kind that the definition names, as the API sends one."""

    name = "own_default"
    is_sortable = False
    is_filterable = False

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        return text.strip() or None

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        return raw

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return "" if value is None else str(value)

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"description": str(_("A value of the field's kind, or null."))}


class RulesOfRole(Kind):
    """What a role allows, as kernel.access.rules spells it. Programs send and read it as JSON; pages show it as a
    matrix of its own."""

    name = "rules"
    widget = "textarea"
    is_sortable = False
    is_filterable = False

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Any:
        try:
            return self.take(spec, json.loads(text or "{}"), access)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("Send a JSON object."), "type") from error

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if not isinstance(raw, dict) or len(json.dumps(raw)) > MOST_RULES or "\\u0000" in json.dumps(raw):
            raise ParseError(_("Send a JSON object."), "type")
        try:
            check_rules(raw)
        except ValidationError as error:
            raise ParseError(" ".join(error.messages), "rules") from error
        return raw

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return ""

    def cell(self, spec: FieldSpec, value: Any) -> Any:
        return json.dumps(value or {}, ensure_ascii=False, sort_keys=True)

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        answers = {"type": "object", "additionalProperties": {"type": "string"}}
        entry = {"type": "object", "properties": {"verbs": answers, "fields": answers}}
        return {
            "type": "object",
            "properties": {
                "types": {"type": "object", "additionalProperties": entry},
                "system": {"type": "array", "items": {"type": "string"}},
                "limits": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
            },
        }
