"""What a seller sees first: what to do next, and how the month goes."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from kernel.access.actor import Access, Actor
from kernel.records.aggregate import aggregate, read_group, read_measures
from kernel.records.find import find
from kernel.records.types import registry
from kernel.ui.charts import BarChart, Series

RECENT = 6
MONTHS = 12


@dataclass(frozen=True)
class Won:
    count: int
    amount: Decimal | None


def deals_of(actor: Actor) -> Access | None:
    access = actor.access(registry["deals"])
    return access if access.may("view") else None


def knows(access: Access, *names: str) -> bool:
    """Whether this actor may ask for deals by these fields."""
    return set(names) <= access.readable().keys()


def won_between(access: Access, start: date, end: date, **filters: str) -> Won:
    params = {"status": "won", "closed_on__gte": start.isoformat(), "closed_on__lt": end.isoformat(), **filters}
    found = find(access, params)
    has_sum = knows(access, "amount")
    figures = aggregate(found, read_measures(found, "count,sum:amount" if has_sum else "count"))[0].figures
    return Won(int(figures["count"]), Decimal(figures["sum:amount"]) if has_sum else None)


def month_figures(access: Access, **filters: str) -> dict[str, Any] | None:
    """Won so far this month, beside the same days of last month and the whole of it, in the viewer's calendar."""
    if not knows(access, "status", "closed_on", *filters):
        return None
    fmt = access.actor.format
    today = fmt.today()
    start, before = fmt.month_start(today), fmt.month_start(today, -1)
    so_far = min(before + (today - start) + timedelta(days=1), start)
    this = won_between(access, start, today + timedelta(days=1), **filters)
    then = won_between(access, before, so_far, **filters)
    last = won_between(access, before, start, **filters)
    return {
        "this": this, "then": then, "last": last, "month": fmt.month_label(start),
        "last_month": fmt.month_label(before),
        "change": _change(this.amount, then.amount) if this.amount is not None else _change(this.count, then.count),
        "url": _list(status="won", closed_on__gte=start.isoformat(), **filters),
        "last_url": _list(status="won", closed_on__gte=before.isoformat(), closed_on__lt=start.isoformat(), **filters),
    }  # fmt: skip


def _change(now: Any, then: Any) -> int | None:
    return round((Decimal(now) / Decimal(then) - 1) * 100) if now is not None and then else None


def _list(**params: str) -> str:
    return "/r/deals?" + "&".join(f"{key}={value}" for key, value in params.items())


def open_figures(access: Access) -> Won | None:
    if not knows(access, "status", "owner"):
        return None
    found = find(access, {"status": "open", "owner": "me"})
    has_sum = knows(access, "amount")
    figures = aggregate(found, read_measures(found, "count,sum:amount" if has_sum else "count"))[0].figures
    return Won(int(figures["count"]), Decimal(figures["sum:amount"]) if has_sum else None)


def without_next_step(access: Access) -> int:
    """My open deals of which nobody has said what comes next."""
    if not knows(access, "status", "owner", "next_step_at"):
        return 0
    found = find(access, {"status": "open", "owner": "me", "next_step_at__empty": "true"})
    return int(aggregate(found, read_measures(found, "count"))[0].figures["count"])


def recent(actor: Actor) -> list[dict[str, Any]]:
    """The newest records of the types in the menu that somebody owns."""
    rows: list[dict[str, Any]] = []
    for rtype in registry.values():
        access = actor.access(rtype)
        if not (rtype.in_menu and rtype.is_owned) or not access.may("view") or "created_at" not in access.readable():
            continue
        for row in find(access, {"sort": "-created_at"}).page(RECENT).rows:
            rows.append({"url": f"/r/{rtype.slug}/{row.pk}", "label": row.label, "rtype": rtype, "at": row.created_at})
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:RECENT]


def won_by_month(access: Access, **filters: str) -> BarChart | None:
    """The last twelve months, this one included; None while there is nothing to draw."""
    fmt = access.actor.format
    if not knows(access, "amount", "status", "closed_on", *filters):
        return None
    starts = [fmt.month_start(fmt.today(), offset) for offset in range(1 - MONTHS, 1)]
    found = find(access, {"status": "won", "closed_on__gte": starts[0].isoformat(), **filters})
    groups = aggregate(found, read_measures(found, "sum:amount"), read_group(found, "closed_on:month"))
    sums = {group.key: group.figures["sum:amount"] for group in groups}
    values = [Decimal(sums.get(fmt.month_key(start), 0)) for start in starts]
    if not any(values):
        return None
    return BarChart(
        _("Won by month"),
        # The year is plain from there being twelve of them.
        labels=[_month_name(fmt.month_label(start), fmt.language) for start in starts],
        series=[Series(_("Won"), values)],
        urls=[_month_url(start, fmt.month_start(start, 1), filters) for start in starts],
        time=True,
        show=lambda value: fmt.money(value, compact=True),
        heading=_("Month"),
    )


def _month_name(label: str, language: str) -> str:
    name = label.rsplit(" ", 1)[0]
    return name[:3] if language == "en" else name


def _month_url(start: date, end: date, filters: dict[str, str]) -> str:
    return _list(status="won", closed_on__gte=start.isoformat(), closed_on__lt=end.isoformat(), **filters)


def check_deals(actor: Actor) -> Access:
    access = deals_of(actor)
    if access is None:
        raise PermissionDenied
    return access
