"""Dates, times and months as people read them, in both languages and both calendars."""

import datetime as dt
from zoneinfo import ZoneInfo

from kernel.lib.calendars import GREGORIAN, JALALI, MONTHS, WEEKDAYS, holds, parts, week_start
from kernel.lib.date_input import parse_date, parse_datetime, start_of_day
from kernel.lib.periods import (
    PERIODS,
    Period,
    month_from_key,
    month_key,
    month_start,
    months,
    period,
    quarter_start,
    year_start,
)
from kernel.lib.text import persian_digits

# One name to import from, whichever module does the work.
__all__ = [
    "GREGORIAN",
    "JALALI",
    "PERIODS",
    "Period",
    "format_date",
    "format_datetime",
    "format_time",
    "month_from_key",
    "month_key",
    "month_label",
    "month_start",
    "months",
    "parse_date",
    "parse_datetime",
    "period",
    "quarter_start",
    "start_of_day",
    "week_start",
    "year_start",
]


def _digits(text: str, language: str) -> str:
    return persian_digits(text) if language == "fa" else text


def format_date(day: dt.date, language: str, calendar: str, style: str = "medium") -> str:
    """short: 2026-11-29, ۱۴۰۵/۰۹/۰۸; medium: 29 Nov 2026, «۸ آذر ۱۴۰۵»; long: with the weekday and full month."""
    if not holds(day, calendar):
        calendar = GREGORIAN
    year, month, number = parts(day, calendar)
    if style == "short":
        mark = "-" if (language, calendar) == ("en", GREGORIAN) else "/"
        return _digits(f"{year:04d}{mark}{month:02d}{mark}{number:02d}", language)
    name = MONTHS[calendar, language][month - 1]
    if style == "medium":
        if (language, calendar) == ("en", GREGORIAN):
            name = name[:3]
        return _digits(f"{number} {name} {year}", language)
    if style == "long":
        comma = "" if language == "fa" else ","
        return _digits(f"{WEEKDAYS[language][day.weekday()]}{comma} {number} {name} {year}", language)
    raise ValueError(f"No date style {style!r}: short, medium or long")


def format_time(moment: dt.datetime, language: str, tz: str) -> str:
    """The clock time in the zone, 24 hours."""
    return _digits(moment.astimezone(ZoneInfo(tz)).strftime("%H:%M"), language)


def format_datetime(moment: dt.datetime, language: str, calendar: str, tz: str, style: str = "medium") -> str:
    """Date (in the style) and clock time, both in the zone."""
    day = format_date(moment.astimezone(ZoneInfo(tz)).date(), language, calendar, style)
    comma = "،" if language == "fa" else ","
    return f"{day}{comma} {format_time(moment, language, tz)}"


def month_label(day: dt.date, language: str, calendar: str) -> str:
    """The day's month in words: "November 2026", «آذر ۱۴۰۵»."""
    year, month, _ = parts(day, calendar)
    return _digits(f"{MONTHS[calendar, language][month - 1]} {year}", language)


_SEASONS = {"en": ("Spring", "Summer", "Autumn", "Winter"), "fa": ("بهار", "تابستان", "پاییز", "زمستان")}


def season_label(day: dt.date, language: str, calendar: str) -> str:
    """The day's season in the Jalali calendar («پاییز ۱۴۰۵»), its quarter in the Gregorian ("Q4 2026")."""
    year, month, _ = parts(day, calendar)
    number = (month - 1) // 3
    if calendar == JALALI:
        return _digits(f"{_SEASONS[language][number]} {year}", language)
    return _digits(f"سه‌ماههٔ {number + 1} سال {year}" if language == "fa" else f"Q{number + 1} {year}", language)


def year_label(day: dt.date, language: str, calendar: str) -> str:
    """The day's year."""
    return _digits(str(parts(day, calendar)[0]), language)
