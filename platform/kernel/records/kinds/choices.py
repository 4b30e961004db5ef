"""Yes or no, and one of a few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.lib.text import fold
from kernel.records.kinds.base import Kind, nullable, read_flag

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec

YES = {"yes", "true", "1", "y", "x", "✓", "بله", "بلی", "اری", "درست", "فعال"}
NO = {"no", "false", "0", "n", "خیر", "نه", "نادرست", "غیرفعال", "غیر فعال"}


class YesNo(Kind):
    name = "yes_no"
    widget = "checkbox"
    lookups = ("exact",)

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
    name = "choice"
    widget = "select"
    can_group = True

    def parse(self, spec: FieldSpec, text: str, access: Access) -> str | None:
        folded = fold(text)
        if not folded:
            return None
        for code, label in spec.choices:
            if folded in (fold(code), fold(str(label))):
                return code
        allowed = ", ".join(str(label) for _code, label in spec.choices)
        raise ParseError(_("Choose one of: %(allowed)s."), "choice", allowed=allowed)

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if raw in (None, ""):
            return None
        if not isinstance(raw, str) or raw not in dict(spec.choices):
            allowed = ", ".join(code for code, _label in spec.choices)
            raise ParseError(_("Choose one of: %(allowed)s."), "choice", allowed=allowed)
        return raw

    def filter_value(self, spec: FieldSpec, raw: str, access: Access) -> Any:
        return self.take(spec, raw, access)

    def assign(self, spec: FieldSpec, record: Any, value: Any) -> None:
        setattr(record, spec.path, value if value is not None or spec.null else "")

    def is_empty(self, spec: FieldSpec) -> Q:
        return super().is_empty(spec) | Q(**{spec.path: ""})

    def order(self, spec: FieldSpec, access: Access) -> Any:
        ranks = [When(**{spec.path: code, "then": Value(rank)}) for rank, (code, _label) in enumerate(spec.choices)]
        return Case(*ranks, default=None)

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return str(dict(spec.choices).get(value, value or ""))

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"type": "string"}) | {"enum": [*(code for code, _label in spec.choices), None]}
