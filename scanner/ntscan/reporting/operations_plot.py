"""A simulation as a plot: operations until the STOP against the refusal rate, both logarithmic."""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Final
from xml.etree.ElementTree import Element

from ntscan.drivermodel.simulate import Distribution, Row
from ntscan.drivermodel.workload import Pattern
from ntscan.reporting import svg

_WIDTH: Final = 980.0
_HEIGHT: Final = 500.0
_PANEL_WIDTH: Final = 380.0
_PANEL_HEIGHT: Final = 300.0
_PANEL_TOP: Final = 84.0
_PANEL_LEFTS: Final = (80.0, 560.0)
#: Dark enough for print, and told apart by the marker as well as by the colour.
_COLOUR: Final = {
    Pattern.SPARSE: "#1b5e9b",
    Pattern.BURSTY: "#b35900",
    Pattern.SWEEPING: "#2e7d32",
}
_SHARE: Final = {0: "always", -1: "1 in 10", -2: "1 in 100"}
_SHIFT: Final = {Pattern.SPARSE: -5.0, Pattern.BURSTY: 0.0, Pattern.SWEEPING: 5.0}


class _Axes:
    """Places decades of refusal rate and of operations in a panel."""

    def __init__(self, left: float, rates: Sequence[float], operations: Sequence[int]) -> None:
        self.left = left
        self.rates = _decades(rates)
        self.operations = _decades(operations)

    def x(self, rate: float) -> float:
        first, last = self.rates
        return self.left + 20 + (log10(rate) - first) / (last - first) * (_PANEL_WIDTH - 40)

    def y(self, operations: float) -> float:
        first, last = self.operations
        return _PANEL_TOP + _PANEL_HEIGHT * (1 - (log10(operations) - first) / (last - first))


def render_operations_plot(rows: Sequence[Row], title: str) -> str:
    """Plot rows that stopped: from the server's start, and from the first refusal, as SVG.

    A point is the median of the runs that stopped, a bar their 5 to 95 %.
    """
    root = svg.drawing(_WIDTH, _HEIGHT, title)
    svg.text(root, 20, 28, title, size=18, bold=True)
    stopped = [row for row in rows if row.overall and row.after_first_refusal]
    if not stopped:
        svg.text(root, 20, 60, "No run stopped.")
    else:
        _panel(
            root,
            _PANEL_LEFTS[0],
            "I/O operations until the STOP",
            [(row, row.overall) for row in stopped if row.overall],
        )
        _panel(
            root,
            _PANEL_LEFTS[1],
            "of these, after the first refused unlock",
            [(row, row.after_first_refusal) for row in stopped if row.after_first_refusal],
        )
        _legend(root, [row.load.pattern for row in stopped])
    return svg.write(root)


def _panel(
    root: Element, left: float, title: str, points: Sequence[tuple[Row, Distribution]]
) -> None:
    axes = _Axes(
        left,
        [row.load.refusal_rate for row, _ in points],
        [value for _, shown in points for value in (shown.percent_5, shown.percent_95)],
    )
    svg.text(root, left, _PANEL_TOP - 16, title, bold=True)
    _grid(root, axes)
    for pattern, colour in _COLOUR.items():
        mine = sorted(
            (
                (row.load.refusal_rate, shown)
                for row, shown in points
                if row.load.pattern == pattern
            ),
            key=lambda point: point[0],
        )
        shift = _SHIFT[pattern]
        svg.polyline(
            root,
            [(axes.x(rate) + shift, axes.y(shown.median)) for rate, shown in mine],
            stroke=colour,
        )
        for rate, shown in mine:
            x = axes.x(rate) + shift
            low, high = axes.y(shown.percent_5), axes.y(shown.percent_95)
            svg.line(root, (x, low), (x, high), stroke=colour, stroke_width="2")
            _marker(root, pattern, x, axes.y(shown.median))


def _grid(root: Element, axes: _Axes) -> None:
    bottom = _PANEL_TOP + _PANEL_HEIGHT
    right = axes.left + _PANEL_WIDTH
    for decade in range(axes.operations[0], axes.operations[1] + 1):
        y = axes.y(10**decade)
        svg.line(root, (axes.left, y), (right, y), stroke="#dddddd")
        svg.text(root, axes.left - 6, y + 4, f"{10**decade:,}", anchor="end", size=11)
    for decade in range(axes.rates[0], axes.rates[1] + 1):
        x = axes.x(10**decade)
        svg.line(root, (x, bottom), (x, bottom + 5), stroke=svg.INK)
        name = _SHARE.get(decade, f"1 in 10{_superscript(-decade)}")
        svg.text(root, x, bottom + 20, name, anchor="middle", size=11)
    svg.line(root, (axes.left, bottom), (right, bottom))
    svg.text(
        root,
        axes.left + _PANEL_WIDTH / 2,
        bottom + 42,
        "share of unlocks for which Fast I/O is refused",
        anchor="middle",
    )


def _legend(root: Element, present: Sequence[Pattern]) -> None:
    x = _PANEL_LEFTS[0]
    y = _PANEL_TOP + _PANEL_HEIGHT + 80
    for pattern in _COLOUR:
        if pattern in present:
            _marker(root, pattern, x, y - 4)
            svg.text(root, x + 12, y, f"{pattern} unlocks")
            x += 140
    svg.text(root, x + 20, y, "Marker: median; bar: 5 to 95 % of the runs that stopped.")


def _marker(root: Element, pattern: Pattern, x: float, y: float) -> None:
    colour = _COLOUR[pattern]
    match pattern:
        case Pattern.SPARSE:
            svg.circle(root, x, y, 4.5, fill=colour)
        case Pattern.BURSTY:
            svg.rectangle(root, x - 4, y - 4, 8, 8, fill=colour)
        case _:
            svg.polygon(root, ((x, y - 5.5), (x - 5, y + 4), (x + 5, y + 4)), fill=colour)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """Give the decades around the values, two apart at least one."""
    first, last = floor(log10(min(values))), ceil(log10(max(values)))
    return (first, last) if last > first else (first - 1, last)


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
