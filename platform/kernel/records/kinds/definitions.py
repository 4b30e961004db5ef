"""What the definition of a custom field is made of: its choices, and the value that it starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.records.kinds.base import Kind

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec

MOST_CHOICES = 200
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
