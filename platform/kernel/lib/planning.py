"""When a thing is due again, and when it is due once it is put off: days in a calendar, clock times in a zone."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from kernel.lib.calendars import from_parts, month_length, parts, week_start

DAILY, WEEKLY, MONTHLY, YEARLY = "daily", "weekly", "monthly", "yearly"
LATER_TODAY, TOMORROW, NEXT_WEEK = "later_today", "tomorrow", "next_week"

MORNING = dt.time(9)
HOURS_LATER = 3
LAST_MINUTE = dt.time(23, 59)


@dataclass(frozen=True)
class Repeat:
    """A rule. `weekdays` (0 is Monday) are for weekly ones, the due date's own where there are none; `day` is the day
    of the month that monthly and yearly ones mean: the 31st is the last day of a shorter month, and the 31st again
    after it."""

    every: str
    calendar: str
    weekdays: Collection[int] = ()
    day: int = 0

    def after(self, day: dt.date) -> dt.date:
        """The first date of the rule after `day`, which is one of its dates."""
        if self.every == DAILY:
            return day + dt.timedelta(days=1)
        if self.every == WEEKLY:
            wanted = set(self.weekdays) or {day.weekday()}
            return next(d for n in range(1, 8) if (d := day + dt.timedelta(days=n)).weekday() in wanted)
        year, month, number = parts(day, self.calendar)
        months = 12 if self.every == YEARLY else 1
        index = year * 12 + month - 1 + months
        year, month = index // 12, index % 12 + 1
        length = month_length(year, month, self.calendar)
        return from_parts(year, month, min(self.day or number, length), self.calendar)

    def following(self, day: dt.date, today: dt.date) -> dt.date:
        """The next date that is not past already: who was away for a month is not asked thirty times."""
        found = self.after(day)
        while found < today:
            found = self.after(found)
        return found


def at(day: dt.date, clock: dt.time, timezone: str) -> dt.datetime:
    """The moment in UTC when the clock of the zone shows this time. An hour that is skipped in spring is the one
    after it; of an hour that comes twice in autumn it is the first."""
    return dt.datetime.combine(day, clock, ZoneInfo(timezone)).astimezone(dt.UTC)


def put_off(to: str, now: dt.datetime, due: dt.datetime | None, calendar: str, timezone: str) -> dt.datetime:
    """The moment that "later today", "tomorrow" or "next week" means to somebody in this calendar and zone.

    Tomorrow and next week keep the clock time that was due, or nine in the morning; the week begins as the
    calendar's weeks do. Later today is some hours on, at a half hour, and never tomorrow.
    """
    zone = ZoneInfo(timezone)
    today = now.astimezone(zone).date()
    clock = due.astimezone(zone).time().replace(second=0, microsecond=0) if due else MORNING
    if to == TOMORROW:
        return at(today + dt.timedelta(days=1), clock, timezone)
    if to == NEXT_WEEK:
        return at(week_start(today, calendar) + dt.timedelta(days=7), clock, timezone)
    later = (now + dt.timedelta(hours=HOURS_LATER)).astimezone(zone)
    later = later.replace(minute=later.minute // 30 * 30, second=0, microsecond=0)
    if later.date() != today:
        return at(today, LAST_MINUTE, timezone)
    return later.astimezone(dt.UTC)
