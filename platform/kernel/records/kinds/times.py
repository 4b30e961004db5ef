"""Dates and moments. Gregorian and UTC in the database and on the wire, the viewer's calendar and zone on the page."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.dateparse import parse_date as iso_date
from django.utils.dateparse import parse_datetime as iso_datetime
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.records.kinds.base import Kind, nullable

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec


# Far enough from either end of what a date can hold that no zone and no calendar leads beyond it.
YEARS = (1000, 2999)


class Date(Kind):
    name = "date"
    widget = "date"
    lookups = ("exact", "gte", "lte", "gt", "lt", "empty")
    can_group = True

    def parse(self, spec: FieldSpec, text: str, access: Access) -> date | None:
        return access.actor.format.parse_date(text) if text.strip() else None

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        return None if raw in (None, "") else read_iso_date(raw)

    def filter_value(self, spec: FieldSpec, raw: str, access: Access) -> Any:
        return read_iso_date(raw)

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return value.isoformat() if value else None

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        return date.fromisoformat(canonical) if canonical else None

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return fmt.date(value) if value else ""

    def cell(self, spec: FieldSpec, value: Any) -> Any:
        return value or ""

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"type": "string", "format": "date"})


class DateTime(Kind):
    name = "datetime"
    widget = "datetime"
    lookups = ("gte", "lte", "gt", "lt", "empty")
    can_group = True

    def parse(self, spec: FieldSpec, text: str, access: Access) -> datetime | None:
        return access.actor.format.parse_datetime(text) if text.strip() else None

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        if raw in (None, ""):
            return None
        moment = iso_moment(raw) if isinstance(raw, str) else None
        if moment is None or moment.tzinfo is None or not YEARS[0] <= moment.year <= YEARS[1]:
            raise ParseError(_("Send a time in ISO 8601 with its zone, such as 2026-11-21T09:30:00Z."), "datetime")
        return moment.astimezone(UTC)

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        """A date stands for its whole day in the viewer's zone: "lte" a day includes its evening."""
        if lookup == "empty":
            return super().condition(spec, lookup, raw, access)
        moment = iso_moment(raw)
        if moment is None or len(raw.strip()) <= len("2026-11-21"):
            zone = ZoneInfo(access.actor.format.timezone)
            day = read_iso_date(raw)
            lookup, day = {
                "gte": ("gte", day),
                "lt": ("lt", day),
                "lte": ("lt", day + timedelta(days=1)),
                "gt": ("gte", day + timedelta(days=1)),
            }[lookup]
            moment = datetime.combine(day, time(), zone)
        if moment.tzinfo is None or not YEARS[0] <= moment.year <= YEARS[1]:
            raise ParseError(_("Send a time in ISO 8601 with its zone, such as 2026-11-21T09:30:00Z."), "datetime")
        return Q(**{f"{spec.path}__{lookup}": moment})

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value else None

    def restore(self, spec: FieldSpec, canonical: Any) -> Any:
        return datetime.fromisoformat(canonical) if canonical else None

    def show(self, spec: FieldSpec, value: Any, fmt: Format) -> str:
        return fmt.datetime(value) if value else ""

    def cell(self, spec: FieldSpec, value: Any) -> Any:
        return value or ""

    def schema(self, spec: FieldSpec) -> dict[str, Any]:
        return nullable({"type": "string", "format": "date-time"})


def read_iso_date(raw: Any) -> date:
    try:
        day = iso_date(raw.strip()) if isinstance(raw, str) else None
    except ValueError:
        day = None
    if day is None or not YEARS[0] <= day.year <= YEARS[1]:
        raise ParseError(_("Send a date in ISO 8601, such as 2026-11-21."), "date")
    return day


def iso_moment(raw: str) -> datetime | None:
    try:
        return iso_datetime(raw.strip())
    except ValueError:
        return None
