"""What charts are made of: series, slices, round scales and smooth lines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import ClassVar

from django.utils.functional import Promise

Text = str | Promise
Amount = Decimal | int
Show = Callable[[Amount], str]

TICKS = 4
TONES = 6
ROUND_STEPS = [Decimal(step) for step in ("1", "1.5", "2", "2.5", "3", "4", "5", "8")]


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


def short(value: Decimal | float) -> str:
    """A coordinate, to the hundredth."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".") or "0"


def smooth(points: Sequence[tuple[Decimal, Decimal]]) -> str:
    """A path through the points that never rises above or falls below its neighbours."""
    (x, y), *rest = points
    path = f"M{short(x)} {short(y)}"
    for next_x, next_y in rest:
        middle = (x + next_x) / 2
        path += f"C{short(middle)} {short(y)} {short(middle)} {short(next_y)} {short(next_x)} {short(next_y)}"
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
