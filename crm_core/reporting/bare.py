"""Open deals of which nobody has said what comes next, and those whose next step is late."""

from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import urlencode

from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from crm_core.reporting.reports import MONEY, SHARE, Answer, Column, Grouping, Line, Question, Report, key_of, share
from kernel.access.actor import Actor
from kernel.records.aggregate import Group, aggregate, read_group, read_measures, total
from kernel.records.find import find
from kernel.records.types import registry

OPEN = {"status": "open"}
BARE = {**OPEN, "next_step_at__empty": "true"}
LATE = {**OPEN, "next_step_at": "overdue"}
COLUMNS = (
    Column("open", _("Open deals")),
    Column("bare", _("Without a next step")),
    Column("bare_share", _("Without a next step, %"), SHARE),
    Column("amount", _("Their amount"), MONEY),
    Column("late", _("Late")),
)


def may(actor: Actor) -> bool:
    access = actor.access(registry["deals"])
    return (
        access.may("view")
        and {"status", "next_step_at", "amount", "owner", "team", "stage"} <= access.readable().keys()
    )


def answer(question: Question, actor: Actor) -> Answer:
    (everything, whole), (bare, none), (late, behind) = (_groups(question, actor, f) for f in (OPEN, BARE, LATE))
    lines = []
    for key, group in everything.items():
        lines.append(_line(group.label, group, bare.get(key), late.get(key), group.filters or None))
    lines.sort(key=lambda line: -(line.figures[1] or 0))
    return Answer(COLUMNS, lines, _line(now("Total"), whole, none, behind, {}))


def _groups(question: Question, actor: Actor, filters: Mapping[str, str]) -> tuple[dict[str, Group], Group]:
    """The figures of each group, and over all."""
    found = find(actor.access(registry["deals"]), filters)
    measures, by = read_measures(found, "count,sum:amount"), read_group(found, question.grouping.group)
    groups = aggregate(found, measures, by)
    return {key_of(group): group for group in groups}, total(found, measures, by, groups)


def _line(label: str, whole: Group, bare: Group | None, late: Group | None, filters: Mapping[str, str] | None) -> Line:
    count, none, behind = (int(group.figures["count"]) if group else 0 for group in (whole, bare, late))
    amount = Decimal(bare.figures["sum:amount"]) if bare else Decimal(0)
    figures = (count, none, share(none, count), amount, behind)
    if filters is None:  # what this actor may not see is told as one
        return Line(label, figures)
    all_of, bare_of, late_of = (_list({**asked, **filters}) for asked in (OPEN, BARE, LATE))
    return Line(label, figures, (all_of, bare_of, "", bare_of, late_of), all_of)


def _list(filters: Mapping[str, str]) -> str:
    return "/r/deals?" + urlencode({"view": "list", **filters})


REPORT = Report(
    "next-steps", _("Open deals without a next step"),
    _("Which open deals nobody has planned anything for, and whose next step is late."),
    {
        "owner": Grouping(_("Owner"), _("Open deals without a next step, by owner"), "owner"),
        "stage": Grouping(_("Stage"), _("Open deals without a next step, by stage"), "stage"),
        "team": Grouping(_("Team"), _("Open deals without a next step, by team"), "team"),
    },
    may, answer, chart="bare", spans=False,
    empty=(_("There is no open deal"), _("Deals that are won or lost need no next step.")),
)  # fmt: skip
