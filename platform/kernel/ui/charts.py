"""Charts drawn by the server as SVG and HTML: no script, readable by keyboard and screen reader, sharp in print.

Marks live in a stretched 100 by 100 viewBox; words stay HTML around it. Each chart carries its own table of data.
Amounts are not negative here: a negative one is drawn as nothing and still stands in the table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from typing import ClassVar

from django.utils.functional import Promise

Text = str | Promise
Amount = Decimal | int
Show = Callable[[Amount], str]

TICKS = 4
TONES = 6
ROUND_STEPS = [Decimal(step) for step in ("1", "1.5", "2", "2.5", "3", "4", "5", "8")]
# More columns than this are narrower than a fingertip on a phone: the links are in the table instead.
MOST_LINKED = 12
MOST_LABELS = 8


def plain(value: Amount) -> str:
    """The number as it is, for charts whose values need no unit."""
    return str(value)


def nice_top(highest: Amount, ticks: int = TICKS) -> Decimal:
    """The least round number that holds the highest value in equal round steps."""
    if highest <= 0:
        return Decimal(ticks)
    step = Decimal(highest) / ticks
    power = Decimal(1).scaleb(step.adjusted())
    for factor in ROUND_STEPS:
        if step <= factor * power:
            return _whole(factor * power, ticks)
    return 10 * power * ticks


def _whole(step: Decimal, ticks: int) -> Decimal:
    # A scale of 1.5 deals means nothing.
    return (step.to_integral_value(ROUND_CEILING) if step < 10 and step != step.to_integral_value() else step) * ticks


def _n(value: Decimal | float) -> str:
    return f"{float(value):.2f}".rstrip("0").rstrip(".") or "0"


def smooth(points: Sequence[tuple[Decimal, Decimal]]) -> str:
    """A path through the points that never rises above or falls below its neighbours."""
    (x, y), *rest = points
    path = f"M{_n(x)} {_n(y)}"
    for next_x, next_y in rest:
        middle = (x + next_x) / 2
        path += f"C{_n(middle)} {_n(y)} {_n(middle)} {_n(next_y)} {_n(next_x)} {_n(next_y)}"
        x, y = next_x, next_y
    return path


@dataclass(frozen=True)
class Series:
    """A named row of values; a muted one is a comparison or a target."""

    name: Text
    values: Sequence[Amount]
    muted: bool = False


@dataclass(frozen=True)
class Slice:
    """One bar or one part of a whole."""

    label: Text
    value: Amount
    url: str = ""
    note: Text = ""


class Chart:
    """What `{% chart %}` draws."""

    template: ClassVar[str]


@dataclass(frozen=True)
class Plot(Chart):
    """Columns along an axis. A time axis runs left to right in every language."""

    title: Text
    labels: Sequence[Text]
    series: Sequence[Series]
    show: Show = plain
    urls: Sequence[str] = ()
    time: bool = False
    heading: Text = ""

    template: ClassVar[str] = "ui/charts/plot.html"

    def highest(self) -> Amount:
        """What the scale must hold."""
        return max((value for series in self.series for value in series.values), default=0)

    @cached_property
    def top(self) -> Decimal:
        """The value of the uppermost line."""
        return nice_top(self.highest())

    @property
    def scale(self) -> list[str]:
        """Labels of the lines, from above."""
        return [self.show(self.top * (TICKS - tick) / TICKS) for tick in range(TICKS + 1)]

    @property
    def gridlines(self) -> str:
        """All lines of the scale as one path."""
        return "".join(f"M0 {_n(Decimal(100) * tick / TICKS)}H100" for tick in range(TICKS + 1))

    def tone(self, index: int) -> str:
        """The class of a series' colour."""
        return "s0" if self.series[index].muted else f"s{index % TONES + 1}"

    @property
    def legend(self) -> list[tuple[str, Text]]:
        """Colour and name, in the order of stacking; empty when there is one series only."""
        return [(self.tone(i), series.name) for i, series in enumerate(self.series)] if len(self.series) > 1 else []

    @property
    def axis(self) -> list[Text]:
        """Labels below, thinned so that they can be read."""
        step = 1 if len(self.labels) <= MOST_LINKED else -(-len(self.labels) // MOST_LABELS)
        return [label if i % step == 0 else "" for i, label in enumerate(self.labels)]

    @property
    def crowded(self) -> bool:
        """Whether a phone shows every second label."""
        return 6 < len(self.labels) <= MOST_LINKED

    @property
    def columns(self) -> list[dict[str, object]]:
        """Each column's address, words and values."""
        linked = len(self.labels) <= MOST_LINKED
        return [
            {
                "label": label,
                "url": self.urls[i] if linked and i < len(self.urls) else "",
                "values": [
                    (self.tone(k), series.name, self.show(series.values[i])) for k, series in enumerate(self.series)
                ],
            }
            for i, label in enumerate(self.labels)
        ]

    @property
    def table(self) -> list[tuple[Text, str, list[str]]]:
        """The same figures in rows: label, address, values."""
        return [
            (label, self.urls[i] if i < len(self.urls) else "", [self.show(series.values[i]) for series in self.series])
            for i, label in enumerate(self.labels)
        ]

    def x(self, index: int) -> Decimal:
        """The middle of a column."""
        return (Decimal(index) + Decimal("0.5")) / len(self.labels) * 100

    def y(self, value: Amount) -> Decimal:
        """The height of a value, from above."""
        return 100 - max(Decimal(value), Decimal(0)) / self.top * 100


@dataclass(frozen=True)
class LineChart(Plot):
    """One area with its line, and further lines over it."""

    time: bool = True

    @property
    def paths(self) -> list[tuple[str, str]]:
        """Class and path of every mark, back to front."""
        marks: list[tuple[str, str]] = []
        for k, series in enumerate(self.series):
            if not series.values:
                continue
            points = [(self.x(i), self.y(value)) for i, value in enumerate(series.values)]
            line, tone = smooth(points), self.tone(k)
            if k == 0:
                marks.append((f"area {tone}", f"{line}L{_n(points[-1][0])} 100L{_n(points[0][0])} 100Z"))
            marks.append((f"line {tone}", line))
            if k == 0 and len(points) <= 2 * MOST_LINKED:
                marks.append((f"point {tone}", "".join(f"M{_n(x)} {_n(y)}h0" for x, y in points)))
        return marks


@dataclass(frozen=True)
class BarChart(Plot):
    """Upright bars: series of one column are stacked, or stand beside each other."""

    stacked: bool = True

    def highest(self) -> Amount:
        if not self.stacked:
            return super().highest()
        columns = zip(*(series.values for series in self.series), strict=True)
        return max((sum(max(value, 0) for value in column) for column in columns), default=0)

    @property
    def rects(self) -> list[dict[str, str]]:
        """Every bar's class, place and size."""
        width = Decimal(100) / max(len(self.labels), 1) * Decimal("0.56")
        bars = []
        for i in range(len(self.labels)):
            floor, left = Decimal(100), self.x(i) - width / 2
            each = width if self.stacked else width / len(self.series)
            for k, series in enumerate(self.series):
                height = max(Decimal(series.values[i]), Decimal(0)) / self.top * 100
                if not height:
                    continue
                bottom = floor if self.stacked else Decimal(100)
                gap = Decimal("0.8") if self.stacked and bottom < 100 and height > 2 else Decimal(0)
                bars.append(
                    {
                        "tone": self.tone(k),
                        "x": _n(left if self.stacked else left + each * k),
                        "y": _n(bottom - height),
                        "width": _n(each if self.stacked else each * Decimal("0.92")),
                        "height": _n(height - gap),
                    }
                )
                floor -= height
        return bars


@dataclass(frozen=True)
class HorizontalBars(Chart):
    """Names with bars and figures beside them: for funnels, owners, products."""

    title: Text
    slices: Sequence[Slice]
    show: Show = plain
    heading: Text = ""
    one_tone: bool = True

    template: ClassVar[str] = "ui/charts/hbars.html"

    @property
    def rows(self) -> list[dict[str, object]]:
        """Each bar with its length out of 100."""
        top = max((part.value for part in self.slices), default=0)
        return [
            {
                "slice": part,
                "tone": "s1" if self.one_tone else f"s{i % TONES + 1}",
                "length": _n(max(Decimal(part.value), Decimal(0)) / top * 100) if top > 0 else "0",
                "shown": self.show(part.value),
            }
            for i, part in enumerate(self.slices)
        ]


@dataclass(frozen=True)
class Donut(Chart):
    """Parts of a whole with a list that is the legend."""

    title: Text
    slices: Sequence[Slice]
    show: Show = plain
    percent: Show = plain
    centre: str = ""
    centre_label: Text = ""

    template: ClassVar[str] = "ui/charts/donut.html"

    @property
    def parts(self) -> list[dict[str, object]]:
        """Each part's arc on a ring of length 100, and its share in whole per cent."""
        total = sum((max(Decimal(part.value), Decimal(0)) for part in self.slices), Decimal(0))
        parts, before = [], Decimal(0)
        for i, part in enumerate(self.slices):
            share = max(Decimal(part.value), Decimal(0)) / total * 100 if total else Decimal(0)
            gap = Decimal("1.2") if 0 < share < 100 else Decimal(0)
            parts.append(
                {
                    "slice": part,
                    "tone": f"s{i % TONES + 1}",
                    "dash": f"{_n(max(share - gap, Decimal('0.4')) if share else Decimal(0))} 100",
                    "offset": _n(-before) if before else "0",
                    "shown": self.show(part.value),
                    "share": self.percent(round(share)),
                }
            )
            before += share
        return parts


@dataclass(frozen=True)
class Sparkline(Chart):
    """A trend without figures; always beside the number it belongs to."""

    values: Sequence[Amount]

    template: ClassVar[str] = "ui/charts/spark.html"

    @property
    def line(self) -> str:
        """The path in a box of 100 by 28."""
        low, high = min(self.values), max(self.values)
        span = Decimal(high - low) or Decimal(1)
        last = max(len(self.values) - 1, 1)
        return smooth(
            [(Decimal(i) / last * 100, 26 - (Decimal(value) - low) / span * 22) for i, value in enumerate(self.values)]
        )


@dataclass(frozen=True)
class BigNumber(Chart):
    """One figure and how it moved."""

    label: Text
    value: str
    full: str = ""
    change: str = ""
    tone: str = ""
    note: Text = ""
    url: str = ""
    spark: Sparkline | None = None

    template: ClassVar[str] = "ui/charts/number.html"
