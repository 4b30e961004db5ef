"""Charts are drawn the same for the same figures. With GOLDEN=write in the environment the examples are redrawn."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from django.template import Context, Template

from kernel.lib.format import Format
from kernel.ui.charts import (
    BarChart,
    BigNumber,
    Chart,
    Donut,
    HorizontalBars,
    LineChart,
    Series,
    Slice,
    Sparkline,
    nice_top,
)

GOLDEN = Path(__file__).parent / "golden"
RIAL = Format("fa", "jalali", "Asia/Tehran", "IRR", "toman", "IR")

EXAMPLES: dict[str, Chart] = {
    "line": LineChart(
        "Won against target",
        labels=["آذر", "دی", "بهمن"],
        series=[
            Series("Won", [Decimal(620_000_000), Decimal(710_000_000), Decimal(580_000_000)]),
            Series("Target", [Decimal(600_000_000)] * 3, muted=True),
        ],
        urls=["/r/deals?month=1405-09", "/r/deals?month=1405-10", "/r/deals?month=1405-11"],
        show=lambda value: RIAL.money(value, compact=True),
        heading="Month",
    ),
    "stacked": BarChart(
        "Activities",
        labels=["Sara", "Omid"],
        series=[Series("Calls", [42, 0]), Series("E-mails", [65, 40])],
        urls=["/a"],
    ),
    "grouped": BarChart(
        "Two months", labels=["Sara"], series=[Series("Now", [3]), Series("Before", [5], muted=True)], stacked=False
    ),
    "bars": HorizontalBars("By owner", [Slice("Sara", 10, "/r/deals?owner=1", "2"), Slice("<b>Omid</b>", 5)]),
    "donut": Donut("By source", [Slice("Web", 3, "/w"), Slice("Fair", 1)], centre="4", centre_label="deals"),
    "number": BigNumber("Won", "$126k", "$126,000", "▲ 9%", "good", "than last month", "/r", Sparkline([1, 3, 2])),
}


def draw(chart: Chart) -> str:
    return Template("{% load ui %}{% chart c %}").render(Context({"c": chart, "lang": "en", "format": Format()}))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_figures_give_the_same_drawing(name: str) -> None:
    drawn, kept = draw(EXAMPLES[name]), GOLDEN / f"chart-{name}.html"
    if os.environ.get("GOLDEN") == "write":
        kept.write_text(drawn, encoding="utf-8")
    assert drawn == kept.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 4), (1, 4), (3, 4), (5, 8), (97, 100), (118, 120), (126_000, 160_000), (10_005_534, 12_000_000)],
)
def test_the_scale_is_round_and_holds_the_highest_value(highest: int, top: int) -> None:
    assert nice_top(highest) == top >= highest


def test_each_column_drills_down_and_says_its_values() -> None:
    drawn = draw(EXAMPLES["line"])
    assert 'href="/r/deals?month=1405-09" aria-label="آذر: Won ۶۲ میلیون تومان, Target ۶۰ میلیون تومان"' in drawn
    assert drawn.count("<tr>") == 1 + 3


def test_a_time_axis_is_marked_so_that_persian_does_not_turn_it_round() -> None:
    assert 'class="plot time"' in draw(EXAMPLES["line"])
    assert 'class="plot category"' in draw(EXAMPLES["stacked"])


def test_many_columns_are_linked_from_the_table_because_a_finger_could_not_hit_them() -> None:
    months = [f"m{i}" for i in range(24)]
    chart = BarChart(
        "Two years", labels=months, series=[Series("Won", range(24))], urls=[f"/{m}" for m in months], time=True
    )
    assert all(not column["url"] for column in chart.columns)
    assert len([label for label in chart.axis if label]) <= 8
    assert draw(chart).count('class="link"') == 24


def test_labels_are_escaped() -> None:
    drawn = draw(EXAMPLES["bars"])
    assert "<b>Omid" not in drawn
    assert "&lt;b&gt;Omid" in drawn


def test_nothing_to_show_is_drawn_without_a_division_by_zero() -> None:
    assert "0 100" in draw(Donut("Empty", [Slice("A", 0)]))
    assert 'width="0"' in draw(HorizontalBars("Empty", [Slice("A", 0)]))
    assert draw(BarChart("Empty", labels=[], series=[Series("A", [])]))
    assert draw(LineChart("Empty", labels=["a"], series=[Series("A", [0])]))
    assert draw(Sparkline([5, 5, 5]))


def test_a_loss_is_in_the_table_and_no_bar_grows_downwards() -> None:
    chart = BarChart("Net", labels=["a"], series=[Series("Net", [-5])])
    assert chart.rects == []
    assert chart.table == [("a", "", ["-5"])]
