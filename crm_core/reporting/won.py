"""The report on won deals: amount and count by owner, team, product or month, over a period."""

from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import urlencode

from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from crm_core.reporting.reports import MONEY, Answer, Column, Grouping, Line, Question, Report
from kernel.access.actor import Actor
from kernel.records.aggregate import Group, aggregate, read_group, read_measures, total
from kernel.records.find import find
from kernel.records.types import registry

GROUPINGS = {
    "owner": Grouping(_("Owner"), _("Won deals by owner"), "owner"),
    "team": Grouping(_("Team"), _("Won deals by team"), "team"),
    "product": Grouping(_("Product"), _("Won deals by product"), "lines.product", "sum:lines.total"),
    "month": Grouping(_("Month"), _("Won deals by month"), "closed_on:month"),
}
COLUMNS = (Column("count", _("Deals")), Column("amount", _("Won amount"), MONEY))


def may(actor: Actor) -> bool:
    """About won amounts: nothing for those who may not see deals or what they are worth."""
    access = actor.access(registry["deals"])
    return access.may("view") and {"amount", "status", "closed_on", "owner"} <= access.readable().keys()


def answer(question: Question, actor: Actor) -> Answer:
    """The lines, and the total over all deals (a deal without lines counts there, though no product names it)."""
    grouping, filters = question.grouping, {"status": "won", **question.within("closed_on")}
    found = find(actor.access(registry["deals"]), {**filters, "calendar": question.calendar})
    measures = read_measures(found, f"{grouping.amount},count")
    by = read_group(found, grouping.group)
    groups = aggregate(found, measures, by)
    whole = total(found, read_measures(found, "sum:amount,count"), by, groups)
    lines = [
        _line(group, grouping.amount, _drill({**filters, **group.filters}) if group.filters else "") for group in groups
    ]
    whole.label = now("Total")
    return Answer(COLUMNS, lines, _line(whole, "sum:amount", _drill(filters)))


def _line(group: Group, amount: str, url: str) -> Line:
    return Line(group.label, (int(group.figures["count"]), Decimal(group.figures[amount])), url=url)


def _drill(filters: Mapping[str, str]) -> str:
    return "/r/deals?" + urlencode({"view": "list", **filters})


REPORT = Report(
    "won", _("Won deals"), _("Amount and number of deals won, by owner, team, product or month."), GROUPINGS, may,
    answer, chart="amount", has_months=True,
    empty=(_("No deal was won in this period"), _("Choose a longer period, or win some deals first.")),
)  # fmt: skip
