"""Charts drawn by the server as SVG and HTML: no script, readable by keyboard and screen reader, sharp in print.

Marks live in a stretched 100 by 100 viewBox; words stay HTML around it. Each chart carries its own table of data.
Amounts are not negative here: a negative one is drawn as nothing and still stands in the table.
"""

from kernel.ui.charts.marks import Chart, Series, Slice, nice_top
from kernel.ui.charts.parts import BigNumber, Donut, HorizontalBars, Sparkline
from kernel.ui.charts.plots import BarChart, LineChart

__all__ = [
    "BarChart",
    "BigNumber",
    "Chart",
    "Donut",
    "HorizontalBars",
    "LineChart",
    "Series",
    "Slice",
    "Sparkline",
    "nice_top",
]
