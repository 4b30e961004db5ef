"""What each source brings: leads, how many of them qualify, how many become won deals, and for how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from kernel.access.actor import Actor
from kernel.records.aggregate import Group, aggregate, read_group, read_measures
from kernel.records.find import find
from kernel.records.types import registry

QUALIFIED = {"status.kind__in": "qualified,converted"}
WON = {"deal.status": "won"}


@dataclass(frozen=True)
class Line:
    """One source. Each figure is (what it is, where its records are)."""

    label: str
    leads: tuple[int, str]
    qualified: tuple[int, str]
    won: tuple[int, str]
    amount: tuple[Decimal, str]

    @property
    def qualified_share(self) -> int:
        return share(self.qualified[0], self.leads[0])

    @property
    def won_share(self) -> int:
        return share(self.won[0], self.leads[0])


def share(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


def may_funnel(actor: Actor) -> bool:
    """For those who may know all that it tells."""
    leads, deals = actor.access(registry["leads"]), actor.access(registry["deals"])
    if not (leads.may("view") and deals.may("view")):
        return False
    known = {"source", "status", "deal", "created_at"} <= leads.readable().keys()
    return known and {"source", "status", "amount"} <= deals.readable().keys()


def lines_of(actor: Actor, span: Mapping[str, str]) -> list[Line]:
    """Leads that came within a span; and what their deals, won by now, are worth."""
    leads = _grouped(actor, "count", span)
    qualified, won = _grouped(actor, "count", {**span, **QUALIFIED}), _grouped(actor, "count", {**span, **WON})
    worth = _worth(actor, span)
    lines = []
    for key, group in leads.items():
        here = {**span, **group.filters}
        lines.append(
            Line(
                group.label,
                (_count(group), _list("leads", here)),
                (_count(qualified.get(key)), _list("leads", {**here, **QUALIFIED})),
                (_count(won.get(key)), _list("leads", {**here, **WON})),
                (worth.get(key, Decimal(0)), _list("leads", {**here, **WON})),
            )
        )
    return lines


def _grouped(actor: Actor, measure: str, filters: Mapping[str, str]) -> dict[str | None, Group]:
    found = find(actor.access(registry["leads"]), filters)
    groups = aggregate(found, read_measures(found, measure), read_group(found, "source"))
    return {group.key: group for group in groups}


def _worth(actor: Actor, span: Mapping[str, str]) -> dict[str | None, Decimal]:
    """Each won deal counts once, however many leads became one with it."""
    leads = find(actor.access(registry["leads"]), {**span, **WON}).rows
    deals = actor.access(registry["deals"]).records().filter(pk__in=leads.values("deal"))
    amounts = dict(deals.values_list("pk", "amount"))
    worth: dict[str | None, Decimal] = {}
    for deal, source in leads.order_by("pk").values_list("deal_id", "source_id"):
        key = str(source) if source else None
        worth[key] = worth.get(key, Decimal(0)) + (amounts.pop(deal, None) or 0)
    return worth


def _count(group: Group | None) -> int:
    return int(group.figures["count"]) if group else 0


def _list(slug: str, filters: Mapping[str, str]) -> str:
    return f"/r/{slug}?" + urlencode({"view": "list", **filters})
