"""Charts with axes: lines and columns over time or names."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import ClassVar

from kernel.ui.charts.marks import TICKS, TONES, Amount, Chart, Series, Show, Text, nice_top, plain, short, smooth

# More columns than this are narrower than a fingertip on a phone: the links are in the table instead.
MOST_LINKED = 12
MOST_LABELS = 8


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
        return "".join(f"M0 {short(Decimal(100) * tick / TICKS)}H100" for tick in range(TICKS + 1))

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
                marks.append((f"area {tone}", f"{line}L{short(points[-1][0])} 100L{short(points[0][0])} 100Z"))
            marks.append((f"line {tone}", line))
            if k == 0 and len(points) <= 2 * MOST_LINKED:
                marks.append((f"point {tone}", "".join(f"M{short(x)} {short(y)}h0" for x, y in points)))
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
                        "x": short(left if self.stacked else left + each * k),
                        "y": short(bottom - height),
                        "width": short(each if self.stacked else each * Decimal("0.92")),
                        "height": short(height - gap),
                    }
                )
                floor -= height
        return bars
