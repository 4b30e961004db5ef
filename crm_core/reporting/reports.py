"""What a report is: what it is called, who may ask for it, what it asks and answers. Pages, the API, runs and files
know nothing of any one of them; `crm_core.reporting.catalogue` lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from kernel.access.actor import Actor
from kernel.records.aggregate import Group

COUNT, SHARE, MONEY = "count", "share", "money"


@dataclass(frozen=True)
class Grouping:
    """One way to break the figures down, by a group of `kernel.records.aggregate`."""

    label: Any
    title: Any
    group: str
    amount: str = "sum:amount"


@dataclass(frozen=True)
class Column:
    """`name` is what the API calls it, `kind` one of count, share (percent) and money."""

    name: str
    label: Any
    kind: str = COUNT


@dataclass(frozen=True)
class Line:
    """One line of the answer: figures in the order of the columns, each with where its records are. `url` leads to all
    of the line."""

    label: str
    figures: Sequence[int | Decimal | None]
    urls: Sequence[str] = ()
    url: str = ""


@dataclass(frozen=True)
class Answer:
    columns: Sequence[Column]
    lines: Sequence[Line]
    total: Line


@dataclass(frozen=True)
class Report:
    """`groupings` are what may be chosen, the first unless something is said; `spans` whether it is over a period.
    `chart` names the column that is drawn, `empty` what is said where there is nothing to tell."""

    code: str
    label: Any
    text: Any
    groupings: Mapping[str, Grouping]
    may: Callable[[Actor], bool]
    answer: Callable[[Question, Actor], Answer]
    chart: str
    empty: tuple[Any, Any]
    spans: bool = True
    has_months: bool = False


@dataclass(frozen=True)
class Question:
    """What is asked, in the form that a run keeps: grouping, first and last day (ISO, or None), calendar of months."""

    report: Report
    by: str
    first: date | None
    last: date | None
    calendar: str

    @property
    def grouping(self) -> Grouping:
        return self.report.groupings[self.by]

    def kept(self) -> dict[str, Any]:
        return {
            "report": self.report.code,
            "by": self.by,
            "from": self.first and self.first.isoformat(),
            "to": self.last and self.last.isoformat(),
            "calendar": self.calendar,
        }

    def within(self, name: str) -> dict[str, str]:
        """The list filter for a date of that name in the span."""
        ends = {f"{name}__gte": self.first, f"{name}__lte": self.last}
        return {key: day.isoformat() for key, day in ends.items() if day}


def share(part: int, whole: int) -> int:
    """Percent, in whole ones."""
    return round(100 * part / whole) if whole else 0


def key_of(group: Group) -> str:
    """What tells the groups of one question apart: records without a value, and those whose value the asker may not
    see, have no key of their own."""
    return group.key or ("" if group.filters else "hidden")
