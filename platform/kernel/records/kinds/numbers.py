"""Numbers, percentages and money. Decimal throughout: no float touches them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.lib.numbers import parse_decimal, rounded
from kernel.records.columns import tenant_currency
from kernel.records.kinds.base import Kind, nullable

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec

DECIMAL = r"^-?\d{1,20}(\.\d{1,4})?$"


class Number(Kind):
    name = "number"
    title: ClassVar[Any] = _("Number")
    widget = "number"
    lookups = ("exact", "gte", "lte", "gt", "lt", "in", "empty")
    is_numeric = True
    whole_digits = 20

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Decimal | None:
        return self.check(spec, parse_decimal(text)) if text.strip() else None

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if raw is None:
            return None
        if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
            raise ParseError(_('Send this as a decimal in a string, such as "1200.50".'), "type")
        return self.check(spec, parse_decimal(str(raw))) if str(raw).strip() else None

    def check(self, spec: FieldSpec, value: Decimal) -> Any:
        # The size first: to round a number with more digits than a context holds is an error of its own.
        if abs(value) >= Decimal(10) ** self.whole_digits:
            raise ParseError(_("This number is too large."), "max_digits")
        places = 4 if spec.places is None else spec.places
        if value != rounded(value, places):
            raise ParseError(_("Use at most %(places)s decimals."), "max_decimal_places", places=places)
        return value

    def filter_value(self, spec: FieldSpec, raw: str, access: Access) -> Any:
        return parse_plain(raw)

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return None if value is None else str(round(Decimal(value), 4 if spec.places is None else spec.places))

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        return None if canonical is None else Decimal(canonical)

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return "" if value is None else fmt.number(value)

    def cell(self, spec: FieldSpec, value: Any) -> Any:
        return "" if value is None else Decimal(value)

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"type": "string", "pattern": DECIMAL, "examples": ["1200.5"]})

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"type": "string", "pattern": DECIMAL})


class Integer(Number):
    name = "integer"
    title: ClassVar[Any] = ""
    whole_digits = 9

    def check(self, spec: FieldSpec, value: Decimal) -> Any:
        if value != int(value):
            raise ParseError(_("Use a whole number."), "integer")
        super().check(spec, value)
        if value < 0:
            raise ParseError(_("Use a number that is not negative."), "negative")
        return int(value)

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        """A year is a number that nobody groups: `extra={"grouped": False}`."""
        if value is not None and not spec.extra.get("grouped", True):
            return fmt.plain(value)
        return super().show(spec, value, fmt)

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return value

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        return canonical

    def filter_value(self, spec: FieldSpec, raw: str, access: Access) -> Any:
        return self.check(spec, parse_plain(raw))

    def cell(self, spec: FieldSpec, value: Any) -> Any:
        return "" if value is None else value

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {"type": ["integer", "null"], "minimum": 0, "maximum": 999_999_999}

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        return self.schema(spec)


class Percent(Number):
    """12.5 means 12.5 %. From 0 to 100."""

    name, title = "percent", _("Percent")
    widget = "percent"
    whole_digits = 3

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Decimal | None:
        return super().parse(spec, text.strip().strip("%٪"), access)

    def check(self, spec: FieldSpec, value: Decimal) -> Any:
        super().check(spec, value)
        if not 0 <= value <= 100:
            raise ParseError(_("Use a percentage from 0 to 100."), "range")
        return value

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return "" if value is None else fmt.percent(value)


class Money(Number):
    """An amount in the tenant's currency. Typed and shown in its unit (Toman), kept and sent in the currency (Rial)."""

    name, title = "money", _("Money")
    widget = "money"
    beside = ("currency",)

    def parse(self, spec: FieldSpec, text: str, access: Access) -> Decimal | None:
        return self.check(spec, access.actor.format.parse_money(text)) if text.strip() else None

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if isinstance(raw, dict):
            if set(raw) != {"amount", "currency"}:
                raise ParseError(_('Send money as {"amount": "1200.00", "currency": "USD"}.'), "type")
            currency = access.actor.format.currency
            if raw["currency"] != currency:
                raise ParseError(_("This workspace keeps its money in %(currency)s."), "currency", currency=currency)
            raw = raw["amount"]
        return super().take(spec, raw, access)

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return "" if value is None else fmt.money(value)

    def give(self, spec: FieldSpec, value: Any, record: Any) -> Any:
        if value is None:
            return None
        currency = getattr(record, "currency", "") or tenant_currency()
        return {"amount": self.canonical(spec, value), "currency": currency}

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"$ref": "#/components/schemas/Money"})

    def input_schema(self, spec: FieldSpec) -> dict[str, Any]:
        return {
            "anyOf": [
                {"$ref": "#/components/schemas/Money"},
                {"type": "string", "pattern": DECIMAL},
                {"type": "null"},
            ]
        }


def parse_plain(raw: str) -> Decimal:
    """A filter's number: as typed, with no unit and no rounding."""
    return parse_decimal(raw)
