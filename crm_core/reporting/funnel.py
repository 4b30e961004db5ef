"""What each source brings: leads, how many of them qualify, how many become won deals and for how much, and what the
source costs meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Min
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from crm_core.reporting.reports import (
    MONEY,
    SHARE,
    Answer,
    Column,
    Grouping,
    Line,
    Question,
    Report,
    key_of,
    share,
)
from kernel.access.actor import Actor
from kernel.lib.money import currency_places
from kernel.lib.numbers import rounded
from kernel.lib.periods import months_in
from kernel.records.aggregate import aggregate, read_group, read_measures, total
from kernel.records.find import Found, find
from kernel.records.types import registry

QUALIFIED = {"status.kind__in": "qualified,converted"}
WON = {"deal.status": "won"}
COLUMNS = (
    Column("leads", _("Leads")),
    Column("qualified", _("Qualified")),
    Column("qualified_share", _("Qualified, %"), SHARE),
    Column("won", _("Won")),
    Column("won_share", _("Won, %"), SHARE),
    Column("amount", _("Won amount"), MONEY),
)
COSTS = (Column("cost", _("Cost"), MONEY), Column("cost_per_lead", _("Cost per lead"), MONEY))


@dataclass
class Source:
    """The figures of one source. `filters` find its leads; sources that the asker may not see are one without any."""

    label: str
    filters: Mapping[str, str] | None
    leads: int = 0
    qualified: int = 0
    won: int = 0
    amount: Decimal = Decimal(0)
    cost: Decimal | None = None


def may(actor: Actor) -> bool:
    """For those who may know all that it tells."""
    leads, deals = actor.access(registry["leads"]), actor.access(registry["deals"])
    if not (leads.may("view") and deals.may("view")):
        return False
    known = {"source", "status", "deal", "created_at"} <= leads.readable().keys()
    return known and {"source", "status", "amount"} <= deals.readable().keys()


def answer(question: Question, actor: Actor) -> Answer:
    """Leads that came within the span; and what their deals, won by now, are worth."""
    span = question.within("created_at")
    asked = {"leads": span, "qualified": {**span, **QUALIFIED}, "won": {**span, **WON}}
    found = {name: find(actor.access(registry["leads"]), filters) for name, filters in asked.items()}
    sources, everything = dict[str, Source](), Source(now("Total"), {})
    for name, rows in found.items():
        measures, by = read_measures(rows, "count"), read_group(rows, "source")
        groups = aggregate(rows, measures, by)
        setattr(everything, name, int(total(rows, measures, by, groups).figures["count"]))
        for group in groups:
            source = sources.setdefault(key_of(group), Source(group.label, group.filters or None))
            setattr(source, name, int(group.figures["count"]))
    for key, amount in _worth(found["won"], actor).items():
        # A lead that came between two statements, or from the thousand-and-first source.
        source = sources[key] if key in sources else sources.setdefault("hidden", Source(now("Other"), None))
        source.amount += amount
    costs = _costs(question, actor, found["leads"])
    for key, (label, cost) in costs.items():
        sources.setdefault(key, Source(label, {"source": key})).cost = cost
    ordered = sorted(sources.values(), key=lambda source: -source.leads)
    everything.amount = sum((source.amount for source in ordered), Decimal(0))
    if costs:
        everything.cost = sum((cost for _label, cost in costs.values()), Decimal(0))
    columns, places = (*COLUMNS, *(COSTS if costs else ())), currency_places(actor.format.currency)
    lines = [_line(source, span, len(columns), places) for source in (*ordered, everything)]
    return Answer(columns, lines[:-1], lines[-1])


def _worth(won: Found, actor: Actor) -> dict[str, Decimal]:
    """Each won deal counts once, however many leads became one with it."""
    deals = actor.access(registry["deals"]).records().filter(pk__in=won.rows.order_by().values("deal"))
    amounts = dict(deals.values_list("pk", "amount"))
    worth: dict[str, Decimal] = {}
    for deal, source in won.rows.order_by("pk").values_list("deal_id", "source_id"):
        key = str(source or "")
        worth[key] = worth.get(key, Decimal(0)) + (amounts.pop(deal, None) or 0)
    return worth


def _costs(question: Question, actor: Actor, leads: Found) -> dict[str, tuple[str, Decimal]]:
    """What is known of it: by month, up to today; without a first day, from the first lead on."""
    access = actor.access(registry["sources"])
    if not access.may("view") or "monthly_cost" not in access.readable():
        return {}
    rows: Any = access.records().exclude(monthly_cost=None)
    first_leads = dict(leads.rows.order_by().values_list("source").annotate(first=Min("created_at")))
    today, places = actor.format.today(), currency_places(actor.format.currency)
    costs = {}
    for pk, label, monthly in rows.values_list("pk", "label", "monthly_cost"):
        first: date | None = question.first
        if first is None and pk in first_leads:
            first = actor.format.local(first_leads[pk]).date()
        last = min(question.last or today, today)
        months = months_in(first, last, question.calendar) if first and first <= last else Decimal(0)
        costs[str(pk)] = (label, rounded(monthly * months, places))
    return costs


def _line(source: Source, span: Mapping[str, str], width: int, places: int) -> Line:
    each = rounded(source.cost / source.leads, places) if source.cost is not None and source.leads else None
    figures = (
        source.leads, source.qualified, share(source.qualified, source.leads), source.won,
        share(source.won, source.leads), source.amount, source.cost, each,
    )  # fmt: skip
    if source.filters is None:
        return Line(source.label, figures[:width])
    here = {**span, **source.filters}
    leads, qualified, won = _list(here), _list({**here, **QUALIFIED}), _list({**here, **WON})
    return Line(source.label, figures[:width], (leads, qualified, "", won, "", won, "", "")[:width], leads)


def _list(filters: Mapping[str, str]) -> str:
    return "/r/leads?" + urlencode({"view": "list", **filters})


REPORT = Report(
    "sources", _("Leads by source"),
    _("How many leads each source brings, how many qualify, how many are won and for how much, and what it costs."),
    {"source": Grouping(_("Lead source"), _("Leads by source"), "source")}, may, answer, chart="leads",
    empty=(_("No lead came in this period"), _("Choose a longer period.")),
)  # fmt: skip
