"""Dates and moments. Gregorian and UTC in the database and on the wire, the viewer's calendar and zone on the page."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date as iso_date
from django.utils.dateparse import parse_datetime as iso_datetime
from django.utils.translation import gettext_lazy as _

from kernel.lib.errors import ParseError
from kernel.lib.spans import Span, is_span
from kernel.records.kinds.base import Kind, nullable

if TYPE_CHECKING:
    from kernel.access.actor import Access
    from kernel.lib.format import Format
    from kernel.records.specs import FieldSpec


# Far enough from either end of what a date can hold that no zone and no calendar leads beyond it.
YEARS = (1000, 2999)


class Date(Kind):
    name, title = "date", _("Date")
    widget = "date"
    lookups = ("exact", "gte", "lte", "gt", "lt", "empty")
    can_group = True

    def parse(self, spec: FieldSpec, text: str, access: Access) -> date | None:
        return access.actor.format.parse_date(text) if text.strip() else None

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        return None if raw in (None, "") else read_iso_date(raw)

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        if lookup == "empty":
            return super().condition(spec, lookup, raw, access)
        found = Q()
        for bound, day in bounds_of(lookup, read_span(raw, access)):
            found &= spec.store.where(spec, bound, day)
        return found

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
    name, title = "datetime", _("Date and time")
    widget = "datetime"
    lookups = ("exact", "gte", "lte", "gt", "lt", "empty")
    can_group = True

    def parse(self, spec: FieldSpec, text: str, access: Access) -> datetime | None:
        return access.actor.format.parse_datetime(text) if text.strip() else None

    def take(self, spec: FieldSpec, raw: Any, access: Access) -> Any:
        return take_moment(raw)

    def condition(self, spec: FieldSpec, lookup: str, raw: str, access: Access) -> Q:
        """A date stands for its whole day in the viewer's zone: "lte" a day includes its evening."""
        if lookup == "empty":
            return super().condition(spec, lookup, raw, access)
        word, moment = raw.strip(), iso_moment(raw)
        if lookup == "exact" and word in ("past", "overdue", "future"):
            return spec.store.where(spec, "gt" if word == "future" else "lt", timezone.now())
        if moment is not None and len(word) > len("2026-11-21"):
            return spec.store.where(spec, lookup, take_moment(raw))
        zone = ZoneInfo(access.actor.format.timezone)
        found = Q()
        for bound, day in bounds_of(lookup, read_span(raw, access)):
            found &= spec.store.where(spec, bound, datetime.combine(day, time(), zone))
        return found

    def canonical(self, spec: FieldSpec, value: Any) -> Any:
        if not value:
            return None
        # The database's own are in UTC already.
        return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat().replace("+00:00", "Z")

    def keep(self, spec: FieldSpec, value: Any) -> Any:
        """To the second: with a fraction on some and not on others, texts would not sort as moments do."""
        return self.canonical(spec, value.replace(microsecond=0)) if value else None

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


def read_span(raw: str, access: Access) -> Span:
    """The days that a filter names: a date is one day, "this_month" what it is in the viewer's calendar and zone."""
    word = raw.strip()
    if is_span(word):
        return access.actor.format.span(word)
    day = read_iso_date(word)
    return Span(day, day + timedelta(days=1))


def bounds_of(lookup: str, span: Span) -> list[tuple[str, date]]:
    """What the days of a filter ask of a day."""
    ends = {
        "exact": (("gte", span.start), ("lt", span.end)),
        "gte": (("gte", span.start),),
        "lt": (("lt", span.start),),
        "lte": (("lt", span.end),),
        "gt": (("gte", span.end),),
    }[lookup]
    found = [(bound, day) for bound, day in ends if day is not None]
    if not found:
        raise ParseError(_("This span of time has no such end. Compare with another one."), "span")
    return found


def take_moment(raw: Any) -> datetime | None:
    """What programs send, None for nothing. Raises ParseError."""
    if raw in (None, ""):
        return None
    moment = iso_moment(raw) if isinstance(raw, str) else None
    if moment is None or moment.tzinfo is None or not YEARS[0] <= moment.year <= YEARS[1]:
        raise ParseError(_("Send a time in ISO 8601 with its zone, such as 2026-11-21T09:30:00Z."), "datetime")
    return moment.astimezone(UTC)


def iso_moment(raw: str) -> datetime | None:
    try:
        return iso_datetime(raw.strip())
    except ValueError:
        return None
