"""Charts without axes: bars beside names, parts of a whole, a trend, one figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from kernel.ui.charts.marks import TONES, Amount, Chart, Show, Slice, Text, plain, short, smooth


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
                "length": short(max(Decimal(part.value), Decimal(0)) / top * 100) if top > 0 else "0",
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
                    "dash": f"{short(max(share - gap, Decimal('0.4')) if share else Decimal(0))} 100",
                    "offset": short(-before) if before else "0",
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
