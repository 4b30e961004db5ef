"""When things are due again, and when once put off: across clock changes and the ends of months of both calendars."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from kernel.lib.calendars import from_parts, parts
from kernel.lib.planning import Repeat, at, put_off


def jalali(year: int, month: int, day: int) -> date:
    return from_parts(year, month, day, "jalali")


def test_every_day_is_the_day_after() -> None:
    assert Repeat("daily", "gregorian").after(date(2028, 2, 28)) == date(2028, 2, 29)


def test_every_week_is_on_the_days_that_are_named() -> None:
    rule = Repeat("weekly", "jalali", weekdays=(0, 5))
    saturday = date(2026, 11, 21)
    assert [saturday.weekday(), rule.after(saturday).weekday()] == [5, 0]
    assert rule.after(date(2026, 11, 23)) == date(2026, 11, 28)


def test_every_week_without_named_days_is_on_the_same_day() -> None:
    assert Repeat("weekly", "gregorian").after(date(2026, 11, 20)) == date(2026, 11, 27)


def test_the_thirty_first_of_a_jalali_month_is_the_thirtieth_of_a_shorter_one_and_comes_back() -> None:
    rule = Repeat("monthly", "jalali", day=31)
    assert rule.after(jalali(1405, 6, 31)) == jalali(1405, 7, 30)
    assert rule.after(jalali(1405, 11, 30)) == jalali(1405, 12, 29)
    assert rule.after(jalali(1405, 12, 29)) == jalali(1406, 1, 31)


def test_the_thirtieth_of_a_jalali_month_meets_a_leap_esfand() -> None:
    rule = Repeat("monthly", "jalali", day=30)
    assert rule.after(jalali(1403, 11, 30)) == jalali(1403, 12, 30)
    assert rule.after(jalali(1404, 11, 30)) == jalali(1404, 12, 29)


def test_the_thirty_first_of_a_gregorian_month_meets_february_and_comes_back() -> None:
    rule = Repeat("monthly", "gregorian", day=31)
    assert rule.after(date(2027, 1, 31)) == date(2027, 2, 28)
    assert rule.after(date(2027, 2, 28)) == date(2027, 3, 31)


def test_every_year_on_a_leap_day_is_the_day_before_in_other_years() -> None:
    assert Repeat("yearly", "jalali", day=30).after(jalali(1403, 12, 30)) == jalali(1404, 12, 29)
    assert Repeat("yearly", "gregorian", day=29).after(date(2028, 2, 29)) == date(2029, 2, 28)
    assert parts(Repeat("yearly", "jalali", day=30).after(jalali(1407, 12, 29)), "jalali") == (1408, 12, 30)


def test_times_that_were_missed_are_passed_over() -> None:
    rule = Repeat("weekly", "gregorian")
    assert rule.following(date(2026, 10, 1), date(2026, 11, 22)) == date(2026, 11, 26)


def test_a_daily_time_keeps_its_clock_across_both_changes_of_the_clock() -> None:
    assert at(date(2026, 3, 28), time(9), "Europe/Berlin") == datetime(2026, 3, 28, 8, tzinfo=UTC)
    assert at(date(2026, 3, 29), time(9), "Europe/Berlin") == datetime(2026, 3, 29, 7, tzinfo=UTC)
    assert at(date(2026, 10, 25), time(9), "Europe/Berlin") == datetime(2026, 10, 25, 8, tzinfo=UTC)


def test_an_hour_that_is_skipped_is_the_one_after_and_of_one_that_comes_twice_it_is_the_first() -> None:
    assert at(date(2026, 3, 29), time(2, 30), "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert at(date(2026, 10, 25), time(2, 30), "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_tehran_kept_its_old_summer_time_for_dates_before_it_was_abolished() -> None:
    assert at(date(2022, 6, 1), time(9), "Asia/Tehran") == datetime(2022, 6, 1, 4, 30, tzinfo=UTC)
    assert at(date(2026, 6, 1), time(9), "Asia/Tehran") == datetime(2026, 6, 1, 5, 30, tzinfo=UTC)


def put(
    to: str, now: datetime, due: datetime | None = None, zone: str = "Asia/Tehran", calendar: str = "jalali"
) -> str:
    return put_off(to, now, due, calendar, zone).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


def test_tomorrow_is_the_day_after_where_the_person_is() -> None:
    """A quarter to midnight in London is tomorrow already in Tehran."""
    now = datetime(2026, 11, 21, 23, 45, tzinfo=UTC)
    assert put("tomorrow", now) == "2026-11-23 09:00"
    assert put("tomorrow", now, zone="Europe/London", calendar="gregorian") == "2026-11-22 09:00"


def test_tomorrow_keeps_the_clock_time_that_was_due_though_clocks_change_between() -> None:
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    due = datetime(2026, 3, 27, 13, 30, tzinfo=UTC)  # half past two in Berlin
    assert put("tomorrow", now, due, "Europe/Berlin", "gregorian") == "2026-03-29 14:30"


@pytest.mark.parametrize(("calendar", "day"), [("jalali", 28), ("gregorian", 23)])
def test_next_week_begins_as_the_week_of_the_calendar_does(calendar: str, day: int) -> None:
    now = datetime(2026, 11, 22, 8, tzinfo=UTC)  # a Sunday
    assert put("next_week", now, calendar=calendar) == f"2026-11-{day} 09:00"


def test_later_today_is_on_a_half_hour_and_never_tomorrow() -> None:
    morning = datetime(2026, 11, 22, 6, 20, tzinfo=UTC)  # 09:50 in Tehran
    assert put("later_today", morning) == "2026-11-22 12:30"
    evening = datetime(2026, 11, 22, 18, 45, tzinfo=UTC)  # 22:15
    assert put("later_today", evening) == "2026-11-22 23:59"


def test_later_today_across_the_change_of_the_clock_is_three_hours_on() -> None:
    now = datetime(2026, 3, 28, 23, 10, tzinfo=UTC)  # ten past midnight in Berlin, on the day clocks go forward
    assert put("later_today", now, None, "Europe/Berlin", "gregorian") == "2026-03-29 04:00"
