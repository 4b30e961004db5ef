"""How one viewer reads and types values: everything else asks this, so that a page never mixes two conventions."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from kernel.lib import dates, money, numbers, phones
from kernel.lib.calendars import GREGORIAN
from kernel.lib.spans import Span, span
from kernel.lib.text import persian_digits


@dataclass(frozen=True)
class Format:
    """Language, calendar, time zone, money and region of whoever looks at the screen."""

    language: str = "en"
    calendar: str = GREGORIAN
    timezone: str = "UTC"
    currency: str = "USD"
    money_unit: str = ""
    region: str = ""

    @property
    def direction(self) -> str:
        """ "rtl" or "ltr", for the `dir` attribute."""
        return "rtl" if self.language == "fa" else "ltr"

    def number(self, value: Decimal | int, places: int | None = None, compact: bool = False) -> str:
        """A number, in full or at a glance."""
        if compact:
            return numbers.compact(value, self.language)
        return numbers.format_decimal(value, self.language, places)

    def plain(self, value: int) -> str:
        """A whole number without groups: a year, a code."""
        return persian_digits(str(value)) if self.language == "fa" else str(value)

    def percent(self, value: Decimal | int, places: int | None = None) -> str:
        """A value of 25 as 25%."""
        return self.number(value, places) + ("٪" if self.language == "fa" else "%")

    def money(self, amount: Decimal | int, currency: str | None = None, compact: bool = False) -> str:
        """An amount with its currency, in the tenant's own unless another is given."""
        return money.format_money(amount, currency or self.currency, self.language, self.money_unit, compact)

    def money_input(self, amount: Decimal | int) -> str:
        """An amount as a form field holds it."""
        return money.amount_input(amount, self.currency, self.money_unit)

    def money_unit_name(self) -> str:
        """What stands beside an amount field."""
        return money.unit_name(self.currency, self.language, self.money_unit)

    def date(self, day: dt.date, style: str = "medium") -> str:
        """A date; styles are short, medium and long."""
        return dates.format_date(day, self.language, self.calendar, style)

    def near_date(self, day: dt.date) -> str:
        """A date at a glance: without the year where it is the present one."""
        words = self.date(day)
        rest, _space, year = words.rpartition(" ")
        return rest if rest and year == self.date(self.today()).rpartition(" ")[2] else words

    def datetime(self, moment: dt.datetime, style: str = "medium") -> str:
        """A moment, on the viewer's clock."""
        return dates.format_datetime(moment, self.language, self.calendar, self.timezone, style)

    def time(self, moment: dt.datetime) -> str:
        """A moment's clock time."""
        return dates.format_time(moment, self.language, self.timezone)

    def month_label(self, day: dt.date) -> str:
        """The day's month in words."""
        return dates.month_label(day, self.language, self.calendar)

    def month_key(self, day: dt.date) -> str:
        """The day's month as a sortable key."""
        return dates.month_key(day, self.calendar)

    def month_start(self, day: dt.date, offset: int = 0) -> dt.date:
        """The first day of the day's month, or of one `offset` months away."""
        return dates.month_start(day, self.calendar, offset)

    def period(self, name: str) -> dates.Period:
        """A named span (`dates.PERIODS`) as of the viewer's today."""
        return dates.period(name, self.today(), self.calendar)

    def span(self, name: str) -> Span:
        """The days that words such as "this_season" mean (`spans.SPANS`) as of the viewer's today."""
        return span(name, self.today(), self.calendar)

    def phone(self, e164: str) -> str:
        """A phone number as the viewer's country writes it, in the digits of their language."""
        number = phones.format_phone(e164, self.region)
        return persian_digits(number) if self.language == "fa" else number

    def today(self) -> dt.date:
        """The day it is where the viewer is."""
        return dt.datetime.now(ZoneInfo(self.timezone)).date()

    def local(self, moment: dt.datetime) -> dt.datetime:
        """The moment with the viewer's clock."""
        return moment.astimezone(ZoneInfo(self.timezone))

    def parse_money(self, text: str) -> Decimal:
        """Read a typed amount into the stored currency."""
        return money.parse_money(text, self.currency, self.money_unit)

    def parse_date(self, text: str) -> dt.date:
        """Read a typed date."""
        return dates.parse_date(text, self.calendar)

    def parse_datetime(self, text: str) -> dt.datetime:
        """Read a typed date and time on the viewer's clock, as a moment in UTC."""
        return dates.parse_datetime(text, self.calendar, self.timezone)

    def parse_phone(self, text: str) -> str:
        """Read a phone number as dialled in the viewer's region."""
        return phones.parse_phone(text, self.region)
