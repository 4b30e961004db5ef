"""The report on won deals: amount and count by owner, team, product or month, over a period."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from kernel.access.actor import Actor
from kernel.lib.errors import ParseError
from kernel.lib.periods import PERIODS
from kernel.records.aggregate import Group, aggregate, read_group, read_measures, total
from kernel.records.find import find
from kernel.records.kinds.times import read_iso_date
from kernel.records.types import registry


@dataclass(frozen=True)
class Grouping:
    """One way to break the figures down: the group and the sum of `kernel.records.aggregate`."""

    label: Any
    title: Any
    group: str
    amount: str = "sum:amount"


GROUPINGS = {
    "owner": Grouping(_("Owner"), _("Won deals by owner"), "owner"),
    "team": Grouping(_("Team"), _("Won deals by team"), "team"),
    "product": Grouping(_("Product"), _("Won deals by product"), "lines.product", "sum:lines.total"),
    "month": Grouping(_("Month"), _("Won deals by month"), "closed_on:month"),
}
SPANS = ("this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year")


def may_report(actor: Actor) -> bool:
    """Reports are about won amounts: nothing for those who may not see deals or what they are worth."""
    access = actor.access(registry["deals"])
    return access.may("view") and {"amount", "status", "closed_on", "owner"} <= access.readable().keys()


@dataclass(frozen=True)
class Question:
    """What is asked, in the form that a run keeps: grouping, first and last day (ISO, or None), calendar of months."""

    by: str
    first: date | None
    last: date | None
    calendar: str

    def kept(self) -> dict[str, Any]:
        return {
            "by": self.by,
            "from": self.first and self.first.isoformat(),
            "to": self.last and self.last.isoformat(),
            "calendar": self.calendar,
        }

    @property
    def filters(self) -> dict[str, str]:
        """The list filter that finds the same deals."""
        ends = {"closed_on__gte": self.first, "closed_on__lte": self.last}
        return {"status": "won"} | {key: day.isoformat() for key, day in ends.items() if day}


def read_question(asked: Mapping[str, Any], actor: Actor) -> Question:
    """From a form, an API body or a kept run: `by`, `period` or `from` and `to`, `calendar`.

    Raises ValidationError keyed by field.
    """
    problems: dict[str, Any] = {}
    by, calendar = asked.get("by") or "owner", asked.get("calendar") or actor.format.calendar
    if not isinstance(by, str) or by not in GROUPINGS:
        problems["by"] = _one_of(GROUPINGS)
    if calendar not in ("gregorian", "jalali"):
        problems["calendar"] = _one_of(("gregorian", "jalali"))
    period = asked.get("period") or ""
    first = last = None
    if isinstance(period, str) and period in PERIODS:
        span = actor.format.period(period)
        first, last = span.start, span.last
    elif period:
        problems["period"] = _one_of(PERIODS)
    else:
        first, last = (_day(asked, name, actor, problems) for name in ("from", "to"))
    if first and last and first > last:
        problems["to"] = ValidationError(now("The last day comes before the first."), code="order")
    if problems:
        raise ValidationError(problems)
    return Question(str(by), first, last, str(calendar))


def _one_of(names: Any) -> ValidationError:
    return ValidationError(_("Choose one of: %(allowed)s."), params={"allowed": ", ".join(names)}, code="choice")


def _day(asked: Mapping[str, Any], name: str, actor: Actor, problems: dict[str, Any]) -> date | None:
    raw = asked.get(name)
    if not raw:
        return None
    try:
        return read_iso_date(raw) if not isinstance(raw, str) or actor.via == "api" else actor.format.parse_date(raw)
    except ParseError as error:
        problems[name] = ValidationError(error.message, code=error.code)
    return None


@dataclass(frozen=True)
class Line:
    """One line of the answer. `url` leads to its deals."""

    label: str
    count: int
    amount: Decimal
    url: str


def answer(question: Question, actor: Actor) -> tuple[list[Line], Line]:
    """The lines, and the total over all deals (a deal without lines counts there, though no product names it)."""
    grouping = GROUPINGS[question.by]
    found = find(actor.access(registry["deals"]), {**question.filters, "calendar": question.calendar})
    measures = read_measures(found, f"{grouping.amount},count")
    by = read_group(found, grouping.group)
    groups = aggregate(found, measures, by)
    whole = total(found, read_measures(found, "sum:amount,count"), by, groups).figures
    lines = [_line(group, grouping, question) for group in groups]
    return lines, Line(now("Total"), int(whole["count"]), Decimal(whole["sum:amount"]), drill(question))


def _line(group: Group, grouping: Grouping, question: Question) -> Line:
    figures = group.figures
    url = drill(question, group.filters) if group.filters else ""
    return Line(group.label, int(figures["count"]), Decimal(figures[grouping.amount]), url)


def drill(question: Question, filters: Mapping[str, str] | None = None) -> str:
    return "/r/deals?" + urlencode({"view": "list", **question.filters, **(filters or {})})
