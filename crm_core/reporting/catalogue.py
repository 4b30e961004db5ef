"""All reports, and how a question to one of them is read."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from crm_core.reporting import bare, funnel, won
from crm_core.reporting.reports import Question, Report
from kernel.access.actor import Actor
from kernel.lib.errors import ParseError
from kernel.lib.periods import PERIODS
from kernel.records.kinds.times import read_iso_date

REPORTS = {report.code: report for report in (won.REPORT, funnel.REPORT, bare.REPORT)}
SPANS = ("this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year")


def reports_for(actor: Actor) -> list[Report]:
    return [report for report in REPORTS.values() if report.may(actor)]


def may_report(actor: Actor) -> bool:
    return any(report.may(actor) for report in REPORTS.values())


def read_question(asked: Mapping[str, Any], actor: Actor) -> Question:
    """From a form, an API body or a kept run: `report`, `by`, `period` or `from` and `to`, `calendar`.

    Raises ValidationError keyed by field.
    """
    problems: dict[str, Any] = {}
    code = asked.get("report") or won.REPORT.code
    if not isinstance(code, str) or code not in REPORTS:
        raise ValidationError({"report": _one_of(REPORTS)})
    report = REPORTS[code]
    by, calendar = asked.get("by") or next(iter(report.groupings)), asked.get("calendar") or actor.format.calendar
    if not isinstance(by, str) or by not in report.groupings:
        problems["by"] = _one_of(report.groupings)
    if calendar not in ("gregorian", "jalali"):
        problems["calendar"] = _one_of(("gregorian", "jalali"))
    first, last = _span(asked, actor, problems) if report.spans else (None, None)
    if problems:
        raise ValidationError(problems)
    return Question(report, str(by), first, last, str(calendar))


def _span(asked: Mapping[str, Any], actor: Actor, problems: dict[str, Any]) -> tuple[date | None, date | None]:
    period = asked.get("period") or ""
    if isinstance(period, str) and period in PERIODS:
        span = actor.format.period(period)
        return span.start, span.last
    if period:
        problems["period"] = _one_of(PERIODS)
        return None, None
    first, last = (_day(asked, name, actor, problems) for name in ("from", "to"))
    if first and last and first > last:
        problems["to"] = ValidationError(now("The last day comes before the first."), code="order")
    return first, last


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
