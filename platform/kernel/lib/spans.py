"""Dates said in words that move with the day: "this_season", "since_nowruz", "next_7_days"."""

import datetime as dt
import re
from typing import NamedTuple

from kernel.lib.calendars import JALALI
from kernel.lib.periods import PERIODS, period, year_start

MOST_DAYS = 3650
_COUNTED = re.compile(r"(last|next)_(\d{1,4})_days")
# A season is what a quarter is called in the Jalali calendar.
_SAID_OTHERWISE = {
    "last_season": "last_quarter",
    "this_season": "this_quarter",
    "next_season": "next_quarter",
    "overdue": "past",
}
_OPEN = ("past", "future", "since_nowruz")


class Span(NamedTuple):
    """From `start` up to, but not including, `end`; None where it has no such end."""

    start: dt.date | None
    end: dt.date | None


# What a person chooses from, in this order; "last_N_days" and "next_N_days" stand for any number.
SPANS = (
    "today", "yesterday", "tomorrow", "this_week", "last_week", "next_week", "this_month", "last_month", "next_month",
    "this_season", "last_season", "next_season", "this_year", "last_year", "next_year", "since_nowruz",
    "last_7_days", "last_30_days", "last_90_days", "next_7_days", "next_30_days", "overdue", "future",
)  # fmt: skip


def is_span(name: str) -> bool:
    """Whether these are words for a span, and not a date."""
    name = _SAID_OTHERWISE.get(name, name)
    return name in PERIODS or name in _OPEN or _days(name) is not None


def span(name: str, today: dt.date, calendar: str) -> Span:
    """The days that `name` means on the day `today`; KeyError for another name.

    The last and the next N days both hold today. Since Nowruz is since the latest 1 Farvardin, whatever the calendar.
    """
    name = _SAID_OTHERWISE.get(name, name)
    if name == "past":
        return Span(None, today)
    if name == "future":
        return Span(today + dt.timedelta(days=1), None)
    if name == "since_nowruz":
        return Span(year_start(today, JALALI), None)
    days = _days(name)
    if days is None:
        return Span(*period(name, today, calendar))
    if days > 0:
        return Span(today, today + dt.timedelta(days=days))
    tomorrow = today + dt.timedelta(days=1)
    return Span(tomorrow + dt.timedelta(days=days), tomorrow)


def _days(name: str) -> int | None:
    """How many days on, or with a minus back."""
    found = _COUNTED.fullmatch(name)
    if found is None or not 1 <= int(found[2]) <= MOST_DAYS:
        return None
    return int(found[2]) if found[1] == "next" else -int(found[2])
