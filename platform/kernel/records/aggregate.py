"""Figures over found rows: counts and sums, grouped by a field. The board, the list's foot, the API and the reports
all ask here, so that one question has one answer everywhere.

    measure=count,sum:amount   group=owner | stage | closed_on:month | lines.product | tags

A record with several values of a field (its tags) counts in the group of each.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import Count, DateTimeField, DecimalField, F, Sum
from django.db.models.functions import Cast, TruncDate
from django.utils.translation import gettext as _

from kernel.lib.calendars import week_start
from kernel.lib.dates import month_key, month_label, season_label, year_label
from kernel.lib.format import Format
from kernel.lib.periods import month_start, quarter_start, year_start
from kernel.records.filters import leaves
from kernel.records.find import Found
from kernel.records.kinds.numbers import Money
from kernel.records.show import Labels
from kernel.records.specs import FieldSpec

GRAINS = ("day", "week", "month", "season", "year")
MOST_GROUPS = 1000
_MEASURE = re.compile(r"count|sum:([a-z0-9_]+(?:\.[a-z0-9_]+)?)")


@dataclass(frozen=True)
class Measure:
    """`count`, or the sum of a number: `sum:amount`, `sum:lines.total`."""

    name: str
    path: str = ""
    spec: FieldSpec | None = None
    rows: str = ""

    @property
    def is_money(self) -> bool:
        return self.spec is not None and isinstance(self.spec.kind, Money)


@dataclass
class Group:
    """One line of figures. `key` is what the rows share (an id, a code, "2026-11"), None for those without a value.

    `filters` finds these rows again: the query string of the drill-down.
    """

    key: str | None
    label: str
    figures: dict[str, int | Decimal]
    filters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupBy:
    spec: FieldSpec
    path: str
    grain: str = ""
    rows: str = ""
    name: str = ""


def read_measures(found: Found, text: str) -> list[Measure]:
    """Raises ValidationError on `measure` for what this actor may not know or what cannot be summed."""
    return [_measure(found, part.strip()) for part in text.split(",") if part.strip()] or [Measure("count")]


def _measure(found: Found, name: str) -> Measure:
    matched = _MEASURE.fullmatch(name)
    if matched and not matched[1]:
        return Measure("count")
    spec, path, rows = _resolve(found, matched[1]) if matched else (None, "", "")
    if spec is None or not spec.kind.is_numeric:
        raise ValidationError({"measure": ValidationError(_("There is no such measure."), code="unknown")})
    return Measure(name, path, spec, rows)


def read_group(found: Found, text: str) -> GroupBy:
    name, _sep, grain = text.partition(":")
    spec, path, rows = _resolve(found, name)
    is_date = spec is not None and spec.kind.name in ("date", "datetime")
    if spec is None or not spec.kind.can_group or (grain and not (is_date and grain in GRAINS)):
        raise ValidationError({"group": ValidationError(_("You cannot group by this."), code="unknown")})
    return GroupBy(spec, path, (grain or "day") if is_date else "", rows, name)


def _resolve(found: Found, name: str) -> tuple[FieldSpec | None, str, str]:
    """A field of the record, or one of its child rows ("lines.product"), if this actor may read it."""
    first, _sep, rest = name.partition(".")
    spec = found.access.readable().get(name)
    if spec is not None and not spec.rows:
        return spec, spec.path, ""
    spec = found.access.readable().get(first)
    if spec is None or bool(rest) != bool(spec.rows):
        return None, "", ""
    if not rest:
        return spec, spec.path, ""
    sub = next((sub for sub in spec.rows if sub.name == rest), None)
    return sub, f"{spec.path}__{rest}", first


def aggregate(found: Found, measures: list[Measure], group: GroupBy | None = None) -> list[Group]:
    """The figures, one Group in all or one per value, the largest first measure first (time in its order)."""
    in_rows = {m.rows for m in measures if m.spec} | ({group.rows} if group else set())
    if len(in_rows) > 1:
        problem = _("Figures of child rows and of records cannot be mixed: grouped by lines, sum a field of the lines.")
        raise ValidationError({"measure": ValidationError(problem, code="mixed")})
    annotations = {f"m{i}": _annotation(m, joined=any(in_rows)) for i, m in enumerate(measures)}
    rows = found.rows.order_by()
    if group is None:
        totals = rows.aggregate(**annotations)
        return [Group(None, _("All"), _figures(measures, totals))]
    kind, own = group.spec.kind, group.spec.code
    by: Any = kind.group(group.spec, group.path)
    if kind.name == "datetime":
        by = Cast(by, DateTimeField()) if own else by
        by = TruncDate(by, tzinfo=ZoneInfo(found.access.actor.format.timezone))
    grouped = rows.annotate(g=by).values("g").annotate(**annotations)
    if not group.grain:
        grouped = grouped.order_by(F("m0").desc(nulls_last=True))[:MOST_GROUPS]
    is_value = not own or kind.name == "datetime" or kind.is_list  # what the query answers with needs no reading
    back = (lambda spec, key: key) if is_value else group.spec.store.back
    figures = [(back(group.spec, row["g"]), _figures(measures, row)) for row in grouped]
    return _by_time(found, group, figures) if group.grain else _by_value(found, group, figures)


def total(found: Found, measures: list[Measure], group: GroupBy, groups: list[Group]) -> Group:
    """The figures over all rows: added up where the groups hold each row once, else asked for."""
    if group.rows or group.spec.kind.is_list or len(groups) >= MOST_GROUPS:
        return aggregate(found, measures)[0]
    sums = {m.name: sum((g.figures[m.name] for g in groups), Decimal(0) if m.spec else 0) for m in measures}
    return Group(None, _("All"), sums)


def _annotation(measure: Measure, *, joined: bool) -> Any:
    if measure.spec is None:
        # Only child rows repeat a record; where there are none, telling records apart would cost a sort.
        return Count("pk", distinct=joined)
    what: Any = measure.spec.store.ref(measure.spec) if measure.spec.code else measure.path
    return Sum(what, default=Decimal(0), output_field=DecimalField(max_digits=38, decimal_places=4))


def _figures(measures: list[Measure], row: dict[str, Any]) -> dict[str, int | Decimal]:
    return {measure.name: row[f"m{i}"] for i, measure in enumerate(measures)}


def _by_value(found: Found, group: GroupBy, figures: list[tuple[Any, dict[str, int | Decimal]]]) -> list[Group]:
    spec = group.spec
    labels = Labels(found.access.actor)
    if spec.related:
        labels.load({spec.related: {key for key, _f in figures if key}})
    groups: list[Group] = []
    unseen: Group | None = None
    for key, values in figures:
        label = _label(found, spec, key, labels)
        if label is None:
            # Related records out of reach are told together: one line each would tell them apart.
            if unseen is None:
                unseen = Group(None, _("Not visible to you"), dict.fromkeys(values, 0))
                groups.append(unseen)
            unseen.figures = {name: unseen.figures[name] + value for name, value in values.items()}
            continue
        again = {spec.name: str(key)} if key not in (None, "") else {f"{spec.name}__empty": "true"}
        filters = {} if group.rows else again
        groups.append(Group(None if key in (None, "") else str(key), label, values, filters))
    return groups


def _label(found: Found, spec: FieldSpec, key: Any, labels: Labels) -> str | None:
    if key in (None, ""):
        return _("None")
    return labels.get(spec.related, key) if spec.related else spec.kind.show(spec, key, found.access.actor.format)


def _by_time(found: Found, group: GroupBy, figures: list[tuple[Any, dict[str, int | Decimal]]]) -> list[Group]:
    """Days are gathered into months here: the database knows no Jalali calendar, and a year has few days."""
    fmt = found.access.actor.format
    calendar = found.params.get("calendar") or fmt.calendar
    days: dict[str, list[date]] = defaultdict(list)
    totals: dict[str, dict[str, int | Decimal]] = {}
    none: Group | None = None
    for day, values in figures:
        if day is None:
            none = Group(None, _("None"), values, {f"{group.name}__empty": "true"})
            continue
        key = _time_key(day, group.grain, calendar)
        days[key].append(day)
        before = totals.get(key)
        totals[key] = values if before is None else {name: before[name] + value for name, value in values.items()}
    groups = []
    is_bounded = any(item.name == group.name for item in (*found.filters, *leaves(found.tree)))
    for key in sorted(totals):
        first, last = min(days[key]), max(days[key])
        if not is_bounded:  # else the question ends somewhere within: the days that were found say the same
            first, last = _time_span(first, group.grain, calendar)
        label = _time_label(first, group.grain, calendar, fmt)
        filters = {f"{group.name}__gte": first.isoformat(), f"{group.name}__lte": last.isoformat()}
        groups.append(Group(key, label, totals[key], filters))
    return [*groups, none] if none else groups


def _time_key(day: date, grain: str, calendar: str) -> str:
    if grain == "month":
        return month_key(day, calendar)
    start = {"week": week_start, "season": quarter_start, "year": year_start}.get(grain)
    return (start(day, calendar) if start else day).isoformat()


def _time_span(day: date, grain: str, calendar: str) -> tuple[date, date]:
    """The first and the last day of what the day is gathered into."""
    if grain == "week":
        start = week_start(day, calendar)
        return start, start + timedelta(days=6)
    starts = {"month": month_start, "season": quarter_start, "year": year_start}.get(grain)
    return (starts(day, calendar), starts(day, calendar, 1) - timedelta(days=1)) if starts else (day, day)


def _time_label(day: date, grain: str, calendar: str, fmt: Format) -> str:
    if grain == "week":
        return _("Week of %(day)s") % {"day": fmt.date(week_start(day, calendar))}
    label = {"month": month_label, "season": season_label, "year": year_label}.get(grain)
    return label(day, fmt.language, calendar) if label else fmt.date(day)
