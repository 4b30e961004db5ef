"""The two calendars: year, month and day of a date, and the words for them."""

import datetime as dt

import jdatetime

GREGORIAN = "gregorian"
JALALI = "jalali"

# What a date is written in decides by itself which calendar it means: nobody alive was born in Gregorian 1405.
JALALI_YEARS = range(1200, 1500)
GREGORIAN_YEARS = range(1700, 3000)

MONTHS = {
    (GREGORIAN, "en"): (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    (GREGORIAN, "fa"): (
        "ژانویه", "فوریه", "مارس", "آوریل", "مه", "ژوئن", "ژوئیه", "اوت", "سپتامبر", "اکتبر", "نوامبر", "دسامبر",
    ),
    (JALALI, "en"): (
        "Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar",
        "Mehr", "Aban", "Azar", "Dey", "Bahman", "Esfand",
    ),
    (JALALI, "fa"): (
        "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
    ),
}  # fmt: skip

WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "fa": ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه"),
}

_FIRST_WEEKDAY = {GREGORIAN: 0, JALALI: 5}


def parts(day: dt.date, calendar: str) -> tuple[int, int, int]:
    """Year, month and day of month in the calendar."""
    if calendar == JALALI:
        jalali = jdatetime.date.fromgregorian(year=day.year, month=day.month, day=day.day)
        return jalali.year, jalali.month, jalali.day
    return day.year, day.month, day.day


def from_parts(year: int, month: int, day: int, calendar: str) -> dt.date:
    """The date of that year, month and day; ValueError where the calendar has no such day."""
    if calendar == JALALI:
        day_of: dt.date = jdatetime.date(year, month, day).togregorian()
        return day_of
    return dt.date(year, month, day)


def month_length(year: int, month: int, calendar: str) -> int:
    """How many days the month has."""
    first = from_parts(year, month, 1, calendar)
    following = from_parts(year + month // 12, month % 12 + 1, 1, calendar)
    return (following - first).days


def holds(day: dt.date, calendar: str) -> bool:
    """Whether the calendar has a sensible name for the day: a Jalali date before the Hijra has none."""
    return calendar != JALALI or 700 <= day.year <= 9990


def week_start(day: dt.date, calendar: str) -> dt.date:
    """The first day of the day's week: Saturday in the Jalali calendar, Monday in the Gregorian."""
    return day - dt.timedelta(days=(day.weekday() - _FIRST_WEEKDAY[calendar]) % 7)
