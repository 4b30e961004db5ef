"""Months, quarters and years of either calendar, and named spans such as "this month"."""

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import NamedTuple

from kernel.lib.calendars import GREGORIAN, JALALI, JALALI_YEARS, from_parts, parts, week_start


class Period(NamedTuple):
    """From `start` up to, but not including, `end`."""

    start: dt.date
    end: dt.date

    @property
    def last(self) -> dt.date:
        """The last day inside."""
        return self.end - dt.timedelta(days=1)


def _step(day: dt.date, calendar: str, size: int, offset: int) -> dt.date:
    """The start of the `size`-month block that holds `day`, moved by `offset` blocks."""
    year, month, _ = parts(day, calendar)
    index = (year * 12 + month - 1) // size * size + offset * size
    return from_parts(index // 12, index % 12 + 1, 1, calendar)


def month_start(day: dt.date, calendar: str, offset: int = 0) -> dt.date:
    """The first day of the day's month, or of the month `offset` months away."""
    return _step(day, calendar, 1, offset)


def quarter_start(day: dt.date, calendar: str, offset: int = 0) -> dt.date:
    """The first day of the day's quarter (in the Jalali calendar: its season), or of one `offset` quarters away."""
    return _step(day, calendar, 3, offset)


def year_start(day: dt.date, calendar: str, offset: int = 0) -> dt.date:
    """The first day of the day's year, or of the year `offset` years away."""
    return _step(day, calendar, 12, offset)


def _week_start(day: dt.date, calendar: str, offset: int = 0) -> dt.date:
    return week_start(day, calendar) + dt.timedelta(weeks=offset)


def months(first: dt.date, last: dt.date, calendar: str) -> Iterator[dt.date]:
    """The starts of all months from the one holding `first` to the one holding `last`."""
    start, stop = month_start(first, calendar), month_start(last, calendar)
    while start <= stop:
        yield start
        start = month_start(start, calendar, 1)


def months_in(first: dt.date, last: dt.date, calendar: str) -> Decimal:
    """How many months the days from `first` to `last` are: a whole one is one, of others the part that is inside."""
    found = Decimal(0)
    for start in months(first, last, calendar):
        end = month_start(start, calendar, 1)
        inside = min(last + dt.timedelta(days=1), end) - max(first, start)
        found += Decimal(inside.days) / (end - start).days
    return found


def month_key(day: dt.date, calendar: str) -> str:
    """A key that sorts by time and names its calendar by its year: "2026-11", "1405-09"."""
    year, month, _ = parts(day, calendar)
    return f"{year:04d}-{month:02d}"


def month_from_key(key: str) -> Period:
    """The month of a `month_key`; ValueError for anything else."""
    year, month = (int(part) for part in key.split("-"))
    calendar = JALALI if year in JALALI_YEARS else GREGORIAN
    start = from_parts(year, month, 1, calendar)
    return Period(start, month_start(start, calendar, 1))


_STEPS: dict[str, Callable[[dt.date, str, int], dt.date]] = {
    "week": _week_start,
    "month": month_start,
    "quarter": quarter_start,
    "year": year_start,
}
_OFFSETS = {"last": -1, "this": 0, "next": 1}
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_BACK = {"last_7_days": 7, "last_30_days": 30, "last_90_days": 90, "last_365_days": 365}

PERIODS = (*_DAYS, *(f"{which}_{unit}" for unit in _STEPS for which in _OFFSETS), *_BACK)


def period(name: str, today: dt.date, calendar: str) -> Period:
    """The span a name of PERIODS means on the day `today`; KeyError for another name."""
    if name in _DAYS:
        start = today + dt.timedelta(days=_DAYS[name])
        return Period(start, start + dt.timedelta(days=1))
    if name in _BACK:
        end = today + dt.timedelta(days=1)
        return Period(end - dt.timedelta(days=_BACK[name]), end)
    which, _, unit = name.partition("_")
    step, offset = _STEPS[unit], _OFFSETS[which]
    return Period(step(today, calendar, offset), step(today, calendar, offset + 1))
