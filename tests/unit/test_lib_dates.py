"""Dates of both calendars, typed and shown in both languages."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.lib.dates import (
    PERIODS,
    format_date,
    format_datetime,
    month_from_key,
    month_key,
    month_label,
    month_start,
    months,
    parse_date,
    parse_datetime,
    period,
    start_of_day,
    week_start,
)
from kernel.lib.errors import ParseError
from kernel.lib.periods import months_in

pytestmark = pytest.mark.nodb
few = settings(max_examples=200, derandomize=True, deadline=None, database=None)
calendars = st.sampled_from(["gregorian", "jalali"])
languages = st.sampled_from(["en", "fa"])
# 1300-01-01 to 1499-12-29 of the Jalali calendar.
days = st.dates(dt.date(1921, 3, 21), dt.date(2121, 3, 20))
AZAR_8 = dt.date(2026, 11, 29)


def refusal(text: str, parse=parse_date, *args) -> str:
    with pytest.raises(ParseError) as caught:
        parse(text, *(args or ("jalali",)))
    assert str(caught.value.message).strip().endswith(".")
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-29", AZAR_8),
        ("1405/09/08", AZAR_8),
        ("۱۴۰۵/۹/۸", AZAR_8),
        ("١٤٠٥/٩/٨", AZAR_8),
        ("1401/6/6", dt.date(2022, 8, 28)),
        ("29 / 2 / 1400", dt.date(2021, 5, 19)),
        ("1397/06/20", dt.date(2018, 9, 11)),
        ("1405-1-1", dt.date(2026, 3, 21)),
        ("۸ آذر ۱۴۰۵", AZAR_8),
        ("۸ آذرماه ۱۴۰۵", AZAR_8),
        ("یکشنبه ۸ آذر ماه ۱۴۰۵", AZAR_8),
        ("يكشنبه، ۸ آذر ۱۴۰۵", AZAR_8),
        ("سه‌شنبه ۱۰ آذر ۱۴۰۵", dt.date(2026, 12, 1)),
        ("8 Azar 1405", AZAR_8),
        ("29 Nov 2026", AZAR_8),
        ("Nov 29, 2026", AZAR_8),
        ("Sunday, 29th of November 2026", AZAR_8),
        ("29-Nov-2026", AZAR_8),
        ("۲۹ نوامبر ۲۰۲۶", AZAR_8),
        ("29/11/2026", AZAR_8),
        ("11/29/2026", AZAR_8),
        ("05/05/2026", dt.date(2026, 5, 5)),
        ("20261129", AZAR_8),
        ("2026-11-29T00:00:00Z", AZAR_8),
        ("2026-11-29 00:00:00", AZAR_8),
        ("1403-12-30", dt.date(2025, 3, 20)),
        ("1399/12/30", dt.date(2021, 3, 20)),
        ("1408/12/30", dt.date(2030, 3, 20)),
    ],
)
@pytest.mark.parametrize("calendar", ["gregorian", "jalali"])
def test_a_date_is_read_by_its_year_whatever_the_calendar(text, day, calendar):
    assert parse_date(text, calendar) == day


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("tomorrow", "date"),
        ("2026", "date"),
        ("10:30", "date"),
        ("45000", "date"),
        ("05/06/2026", "date_ambiguous"),
        ("97/06/20", "date_year"),
        ("01/02/03", "date_year"),
        ("8 Nov 26", "date_year"),
        ("1600-01-01", "date_year"),
        ("2026-13-01", "date_month"),
        ("6/20/1397", "date_month"),
        ("1404-12-30", "date_leap"),
        ("2025-02-29", "date_leap"),
        ("1405/07/31", "date_day"),
        ("2026-04-31", "date_day"),
        ("8 azar 2026", "date_calendar"),
        ("8 Nov 1405", "date_calendar"),
        ("2026-11-29 10:00", "date_with_time"),
        ("1405/09-08", "date"),
    ],
)
def test_a_date_that_does_not_exist_or_could_be_another_is_refused(text, code):
    assert refusal(text) == code


def test_a_refused_leap_day_says_why():
    with pytest.raises(ParseError, match="1404 is not a leap year"):
        parse_date("1404-12-30", "jalali")


@few
@given(days, languages, calendars, st.sampled_from(["short", "medium", "long"]))
def test_a_shown_date_reads_back(day, language, calendar, style):
    assert parse_date(format_date(day, language, calendar, style), calendar) == day


@few
@given(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1)), languages, calendars)  # noqa: DTZ001
def test_a_shown_moment_reads_back_to_the_minute(moment, language, calendar):
    moment = moment.replace(second=0, microsecond=0, tzinfo=dt.UTC)
    shown = format_datetime(moment, language, calendar, "Asia/Dubai")
    assert parse_datetime(shown, calendar, "Asia/Dubai") == moment


@pytest.mark.parametrize(
    ("language", "calendar", "short", "medium", "long"),
    [
        ("en", "gregorian", "2026-11-29", "29 Nov 2026", "Sunday, 29 November 2026"),
        ("en", "jalali", "1405/09/08", "8 Azar 1405", "Sunday, 8 Azar 1405"),
        ("fa", "jalali", "۱۴۰۵/۰۹/۰۸", "۸ آذر ۱۴۰۵", "یکشنبه ۸ آذر ۱۴۰۵"),
        ("fa", "gregorian", "۲۰۲۶/۱۱/۲۹", "۲۹ نوامبر ۲۰۲۶", "یکشنبه ۲۹ نوامبر ۲۰۲۶"),
    ],
)
def test_dates_are_shown_in_three_lengths(language, calendar, short, medium, long):
    assert [format_date(AZAR_8, language, calendar, style) for style in ("short", "medium", "long")] == [
        short,
        medium,
        long,
    ]


def test_a_date_before_the_jalali_calendar_is_shown_in_the_gregorian():
    assert format_date(dt.date(1, 1, 1), "en", "jalali") == "1 Jan 1"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-29T10:00:00Z", "2026-11-29T10:00:00+00:00"),
        ("2026-11-29 10:00+03:30", "2026-11-29T06:30:00+00:00"),
        ("۸ آذر ۱۴۰۵، ۱۰:۳۰", "2026-11-29T07:00:00+00:00"),
        ("۸ آذر ۱۴۰۵ ساعت ۱۰:۳۰", "2026-11-29T07:00:00+00:00"),
        ("1405/9/8 10:30 ب.ظ", "2026-11-29T19:00:00+00:00"),
        ("29 Nov 2026, 12:05 am", "2026-11-28T20:35:00+00:00"),
        ("2026-11-29", "2026-11-28T20:30:00+00:00"),
        ("1401/1/2", "2022-03-21T20:30:00+00:00"),
        ("2026-11-29T10:00:00.123456Z", "2026-11-29T10:00:00.123456+00:00"),
    ],
)
def test_a_moment_is_read_on_the_viewers_clock(text, moment):
    assert parse_datetime(text, "jalali", "Asia/Tehran").isoformat() == moment


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-11-29 25:00", "time"),
        ("2026-11-29 13:00 pm", "time"),
        ("10:00", "date"),
        ("2022-03-22 00:30", "time"),
        ("", "empty"),
    ],
)
def test_a_time_that_does_not_exist_is_refused(text, code):
    assert refusal(text, parse_datetime, "jalali", "Asia/Tehran") == code


def test_a_day_begins_where_the_viewer_is():
    assert start_of_day(AZAR_8, "Asia/Tehran").isoformat() == "2026-11-28T20:30:00+00:00"


@pytest.mark.parametrize(
    ("name", "calendar", "start", "last"),
    [
        ("today", "jalali", "2026-11-29", "2026-11-29"),
        ("this_week", "jalali", "2026-11-28", "2026-12-04"),
        ("this_week", "gregorian", "2026-11-23", "2026-11-29"),
        ("this_month", "jalali", "2026-11-22", "2026-12-21"),
        ("last_month", "jalali", "2026-10-23", "2026-11-21"),
        ("this_month", "gregorian", "2026-11-01", "2026-11-30"),
        ("this_quarter", "jalali", "2026-09-23", "2026-12-21"),
        ("last_quarter", "gregorian", "2026-07-01", "2026-09-30"),
        ("this_year", "jalali", "2026-03-21", "2027-03-20"),
        ("last_year", "jalali", "2025-03-21", "2026-03-20"),
        ("last_year", "gregorian", "2025-01-01", "2025-12-31"),
        ("last_7_days", "jalali", "2026-11-23", "2026-11-29"),
    ],
)
def test_a_named_period_follows_the_viewers_calendar(name, calendar, start, last):
    span = period(name, AZAR_8, calendar)
    assert (span.start.isoformat(), span.last.isoformat()) == (start, last)


@few
@given(days, calendars, st.sampled_from([name for name in PERIODS if name.startswith("this_") or name == "today"]))
def test_a_present_period_holds_its_day(day, calendar, name):
    span = period(name, day, calendar)
    assert span.start <= day < span.end


@few
@given(days, calendars, st.integers(-40, 40))
def test_months_touch_without_gap(day, calendar, offset):
    start = month_start(day, calendar, offset)
    assert month_start(start, calendar) == start
    assert month_start(start, calendar, 1) == month_start(day, calendar, offset + 1)


@few
@given(days, calendars)
def test_a_month_key_leads_back_to_its_month(day, calendar):
    span = month_from_key(month_key(day, calendar))
    assert span.start == month_start(day, calendar)
    assert span.start <= day < span.end


def test_months_have_keys_and_labels():
    assert (month_key(AZAR_8, "jalali"), month_key(AZAR_8, "gregorian")) == ("1405-09", "2026-11")
    assert month_label(AZAR_8, "fa", "jalali") == "آذر ۱۴۰۵"
    assert month_label(AZAR_8, "en", "gregorian") == "November 2026"


def test_all_months_of_a_span_are_listed_once():
    starts = list(months(dt.date(2026, 1, 15), dt.date(2026, 3, 1), "gregorian"))
    assert [start.isoformat() for start in starts] == ["2026-01-01", "2026-02-01", "2026-03-01"]


def test_a_jalali_week_starts_on_saturday():
    assert week_start(AZAR_8, "jalali").strftime("%A") == "Saturday"


def test_months_in_a_span_are_whole_ones_and_parts_of_the_calendar() -> None:
    assert months_in(dt.date(2026, 10, 1), dt.date(2026, 11, 15), "gregorian") == Decimal("1.5")
    assert months_in(dt.date(2026, 9, 23), dt.date(2026, 10, 22), "jalali") == 1
    assert months_in(dt.date(2026, 9, 8), dt.date(2026, 9, 22), "jalali") == Decimal(15) / 31
