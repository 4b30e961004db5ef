"""Dates said in words, in both calendars."""

import datetime as dt

import pytest

from kernel.lib.spans import SPANS, is_span, span

SUNDAY = dt.date(2026, 11, 22)  # 1 Azar 1405, a Sunday


@pytest.mark.parametrize(
    "name, calendar, start, end",
    [
        ("today", "gregorian", "2026-11-22", "2026-11-23"),
        ("yesterday", "jalali", "2026-11-21", "2026-11-22"),
        ("this_week", "gregorian", "2026-11-16", "2026-11-23"),
        ("this_week", "jalali", "2026-11-21", "2026-11-28"),
        ("this_month", "gregorian", "2026-11-01", "2026-12-01"),
        ("this_month", "jalali", "2026-11-22", "2026-12-22"),
        ("last_month", "jalali", "2026-10-23", "2026-11-22"),
        ("this_season", "gregorian", "2026-10-01", "2027-01-01"),
        ("this_season", "jalali", "2026-09-23", "2026-12-22"),
        ("next_season", "jalali", "2026-12-22", "2027-03-21"),
        ("this_year", "jalali", "2026-03-21", "2027-03-21"),
        ("last_7_days", "gregorian", "2026-11-16", "2026-11-23"),
        ("next_7_days", "gregorian", "2026-11-22", "2026-11-29"),
        ("last_45_days", "gregorian", "2026-10-09", "2026-11-23"),
    ],
)
def test_a_span_is_these_days(name: str, calendar: str, start: str, end: str) -> None:
    assert span(name, SUNDAY, calendar) == (dt.date.fromisoformat(start), dt.date.fromisoformat(end))


@pytest.mark.parametrize("calendar", ["gregorian", "jalali"])
def test_nowruz_is_the_latest_first_of_farvardin_for_everybody(calendar: str) -> None:
    assert span("since_nowruz", SUNDAY, calendar) == (dt.date(2026, 3, 21), None)
    assert span("since_nowruz", dt.date(2027, 3, 20), calendar) == (dt.date(2026, 3, 21), None)
    assert span("since_nowruz", dt.date(2027, 3, 21), calendar) == (dt.date(2027, 3, 21), None)


def test_the_past_ends_before_today_and_the_future_begins_after_it() -> None:
    assert span("overdue", SUNDAY, "gregorian") == span("past", SUNDAY, "jalali") == (None, SUNDAY)
    assert span("future", SUNDAY, "gregorian") == (SUNDAY + dt.timedelta(days=1), None)


def test_every_choice_is_a_span() -> None:
    assert all(is_span(name) and span(name, SUNDAY, "jalali") for name in SPANS)


@pytest.mark.parametrize(
    "name", ["", "soon", "last_0_days", "last_9999_days", "next_days", "this_decade", "2026-11-22"]
)
def test_other_words_are_none(name: str) -> None:
    assert not is_span(name)
