"""Dates and times as people type them and as files carry them. What could be read in two ways is refused."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from kernel.lib.calendars import GREGORIAN, GREGORIAN_YEARS, JALALI, JALALI_YEARS, MONTHS, from_parts, month_length
from kernel.lib.errors import ParseError
from kernel.lib.text import fold, written

MOST_CHARACTERS = 200
_NUMERIC = re.compile(r"(\d{1,4}) ?([-/. ]) ?(\d{1,2}) ?\2 ?(\d{1,4})")
_UNBROKEN = re.compile(r"(\d{4})(\d{2})(\d{2})")
_WORDY = re.compile(r"[\w ,./-]+")
_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_TIME = re.compile(
    r"(?:^|t|[ ,]+(?:ساعت |at )?)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?"
    r" ?(?P<half>am|pm|ق\.? ?ظ\.?|ب\.? ?ظ\.?)? ?(?P<zone>z|utc|[+-]\d{2}:?\d{2})?$"
)

_ALIASES = {
    "sept": (GREGORIAN, 9), "ژانویه": (GREGORIAN, 1), "فبریه": (GREGORIAN, 2), "اپریل": (GREGORIAN, 4),
    "می": (GREGORIAN, 5), "جون": (GREGORIAN, 6), "جولای": (GREGORIAN, 7), "آگوست": (GREGORIAN, 8),
    "آگست": (GREGORIAN, 8), "امرداد": (JALALI, 5),
}  # fmt: skip
_MONTHS = {fold(name): (cal, i) for (cal, _lang), names in MONTHS.items() for i, name in enumerate(names, 1)}
_MONTHS |= {name[:3].lower(): (GREGORIAN, i) for i, name in enumerate(MONTHS[GREGORIAN, "en"], 1)}
_MONTHS |= {fold(name) + "ماه": (JALALI, i) for i, name in enumerate(MONTHS[JALALI, "fa"], 1)}
_MONTHS |= {fold(name): month for name, month in _ALIASES.items()}

# Weekdays are not checked: the day itself is written beside them. Their parts may be apart, as in «پنج‌شنبه».
_PASSED_OVER = {
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun",
    "شنبه", "یکشنبه", "دوشنبه", "سهشنبه", "چهارشنبه", "پنجشنبه", "جمعه",
    "یک", "دو", "سه", "چهار", "پنج", "ماه", "سال", "مورخ",
    "st", "nd", "rd", "th", "of", "the",
}  # fmt: skip


def _example(calendar: str) -> str:
    return written("1405/09/08") if calendar == JALALI else "2026-11-29"


def _not_a_date(text: str, calendar: str) -> ParseError:
    sentence = _("“%(text)s” is not a date. Write year, month and day, such as %(example)s.")
    return ParseError(sentence, "date", text=text.strip()[:60], example=_example(calendar))


def _no_year(text: str, calendar: str) -> ParseError:
    sentence = _("Write the year of “%(text)s” with four digits, such as %(example)s.")
    return ParseError(sentence, "date_year", text=text.strip()[:60], example=_example(calendar))


def _short(text: str, calendar: str) -> str:
    """The text, folded. No date is longer; and what is searched below takes the square of a length in time."""
    if len(text) > MOST_CHARACTERS:
        raise _not_a_date(text, calendar)
    return fold(text)


def _day_of(year: int, month: int, day: int) -> dt.date:
    if year in JALALI_YEARS:
        calendar = JALALI
    elif year in GREGORIAN_YEARS:
        calendar = GREGORIAN
    else:
        sentence = _("The year %(year)s is out of range. Write it with four digits, such as 2026 or 1405.")
        raise ParseError(sentence, "date_year", year=year)
    if not 1 <= month <= 12:
        raise ParseError(_("There is no month %(month)s. A month is between 1 and 12."), "date_month", month=month)
    days = month_length(year, month, calendar)
    if not 1 <= day <= days:
        leap_day = {JALALI: (12, 30), GREGORIAN: (2, 29)}[calendar]
        if (month, day) == leap_day:
            raise ParseError(_("%(year)s is not a leap year, so it has no such day."), "date_leap", year=year)
        sentence = _("Month %(month)s of %(year)s has %(days)s days; there is no day %(day)s.")
        raise ParseError(sentence, "date_day", month=month, year=year, days=days, day=day)
    return from_parts(year, month, day, calendar)


def _numeric(first: str, middle: str, last: str, text: str, calendar: str) -> dt.date:
    if len(first) == 4:
        if len(last) > 2:
            raise _not_a_date(text, calendar)
        return _day_of(int(first), int(middle), int(last))
    if len(last) != 4 or len(first) > 2:
        raise _no_year(text, calendar)
    one, two, year = int(first), int(middle), int(last)
    # Persian writes the day before the month and never after. In Gregorian dates both orders are common.
    if year in JALALI_YEARS or one > 12 or one == two:
        return _day_of(year, two, one)
    if two > 12:
        return _day_of(year, one, two)
    sentence = _("“%(text)s” can be read as two different dates. Write the year first, such as %(example)s.")
    raise ParseError(sentence, "date_ambiguous", text=text.strip()[:60], example=_example(calendar))


def _in_words(folded: str, text: str, calendar: str) -> dt.date:
    tokens = [token for token in _TOKEN.findall(folded) if token not in _PASSED_OVER]
    names = [_MONTHS[token] for token in tokens if token in _MONTHS]
    numbers = [token for token in tokens if token.isdecimal()]
    if len(names) != 1 or len(tokens) != len(names) + len(numbers) or not 1 <= len(numbers) <= 2:
        raise _not_a_date(text, calendar)
    years = [int(number) for number in numbers if len(number) == 4]
    if len(years) != 1:
        raise _no_year(text, calendar)
    days = [int(number) for number in numbers if len(number) <= 2]
    if len(days) != 1:
        raise _not_a_date(text, calendar)
    named_calendar, month = names[0]
    if (years[0] in JALALI_YEARS) != (named_calendar == JALALI):
        sentence = _("The month and the year of “%(text)s” belong to different calendars.")
        raise ParseError(sentence, "date_calendar", text=text.strip()[:60])
    return _day_of(years[0], month, days[0])


def _date_in(folded: str, text: str, calendar: str) -> dt.date:
    if match := _NUMERIC.fullmatch(folded):
        return _numeric(match[1], match[3], match[4], text, calendar)
    if match := _UNBROKEN.fullmatch(folded):
        return _day_of(int(match[1]), int(match[2]), int(match[3]))
    if _WORDY.fullmatch(folded) and len(folded) <= 60:
        return _in_words(folded, text, calendar)
    raise _not_a_date(text, calendar)


def parse_date(text: str, calendar: str) -> dt.date:
    """Read a date of either calendar, in digits of any script or with the month's name in either language.

    The year says which calendar is meant (1200-1499 Jalali, from 1700 Gregorian); `calendar` only chooses the example
    that an error shows. A time of midnight after the date is passed over, as files often carry one.
    """
    folded = _short(text, calendar)
    if not folded:
        raise ParseError(_("Enter a date."), "empty")
    if match := _TIME.search(folded):
        day, time = folded[: match.start()], match
        if not day:
            raise _not_a_date(text, calendar)
        if int(time["hour"]) or int(time["minute"]) or int(time["second"] or 0) or time["half"]:
            raise ParseError(_("Write only the date here, without a time."), "date_with_time")
        folded = day
    return _date_in(folded, text, calendar)


def parse_datetime(text: str, calendar: str, tz: str | dt.tzinfo) -> dt.datetime:
    """Read a date with a time (midnight when it has none) as a moment in UTC.

    A clock time without an offset of its own is read in `tz`.
    """
    folded = _short(text, calendar)
    if not folded:
        raise ParseError(_("Enter a date and a time."), "empty")
    match = _TIME.search(folded)
    if not match:
        return start_of_day(_date_in(folded, text, calendar), tz)
    if not match.start():
        raise _not_a_date(text, calendar)
    day = _date_in(folded[: match.start()], text, calendar)
    return _moment(day, _time_in(match), _offset(match["zone"]) or tz)


def start_of_day(day: dt.date, tz: str | dt.tzinfo) -> dt.datetime:
    """The moment in UTC at which the day begins in the zone."""
    return dt.datetime.combine(day, dt.time(), _zone(tz)).astimezone(dt.UTC)


def _time_in(match: re.Match[str]) -> dt.time:
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if half := match["half"]:
        if not 1 <= hour <= 12:
            raise ParseError(_("This hour does not exist on a twelve-hour clock."), "time")
        hour = hour % 12 + (12 if half[0] in "pب" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ParseError(_("This time does not exist. Hours go to 23, minutes and seconds to 59."), "time")
    return dt.time(hour, minute, second, int((match["fraction"] or "0").ljust(6, "0")[:6]))


def _offset(zone: str | None) -> dt.tzinfo | None:
    if not zone:
        return None
    if zone in ("z", "utc"):
        return dt.UTC
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 14 or minutes > 59:
        raise ParseError(_("This offset from UTC does not exist."), "time")
    return dt.timezone(dt.timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1))


def _zone(tz: str | dt.tzinfo) -> dt.tzinfo:
    return ZoneInfo(tz) if isinstance(tz, str) else tz


def _moment(day: dt.date, time: dt.time, tz: str | dt.tzinfo) -> dt.datetime:
    zone = _zone(tz)
    local = dt.datetime.combine(day, time, zone)
    moment = local.astimezone(dt.UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ParseError(_("Clocks were moved forward then: this time did not exist on that day."), "time")
    return moment
