"""Pictures of series over time as inline SVG, with text that keeps its size.

The trick: the lines live in an inner picture that is stretched to the width of the page
(``preserveAspectRatio="none"``, strokes that do not scale), while labels stand in the outer one,
placed in percent and sized in pixels. So one picture is right on a telephone, a desk and paper.
The outer picture lets labels stand outside its box: the page leaves a margin on the left and below.

Colours and strokes come from the page's style by class; this module writes geometry only. Long
series are thinned to the lowest and highest row of each bucket, so that no spike is lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from quant.report.ticks import time_ticks

__all__ = ["MAX_POINTS", "Line", "Plot", "Scale", "draw", "thin"]

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]

MAX_POINTS: Final = 1500
_WIDTH: Final = 2000
_HEIGHT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The vertical axis: lowest and highest value, and whether distances are ratios."""

    low: float
    high: float
    is_log: bool = False

    def place(self, value: float) -> float:
        """0 at the lowest value of the axis, 1 at the highest.

        Examples
        --------
        >>> Scale(low=1.0, high=100.0, is_log=True).place(10.0)
        0.5
        """
        low, high = self.low, self.high
        if self.is_log:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        return (value - low) / (high - low) if high > low else 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """One series: values of shape (n_rows,), the class that styles it, filled to the top or not."""

    values: FloatArray
    style: str
    is_area: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plot:
    """One picture.

    Attributes
    ----------
    ts : int64 array of shape (n_rows,)
        Nanoseconds UTC, not decreasing.
    lines : sequence of Line
        Drawn in this order.
    scale : Scale
        Vertical axis.
    ticks : sequence of (float, str)
        Marks of the vertical axis, value and label.
    height : int
        Pixels.
    label : str
        What the picture shows, for those who cannot see it.
    """

    ts: IntArray
    lines: Sequence[Line]
    scale: Scale
    ticks: Sequence[tuple[float, str]]
    height: int
    label: str


def thin(values: FloatArray, most: int = MAX_POINTS) -> IntArray:
    """Rows to draw: first, last, and the lowest and highest of each bucket between; sorted.

    Examples
    --------
    >>> spike = np.zeros(10_000)
    >>> spike[7_777] = 1.0
    >>> rows = thin(spike)
    >>> len(rows) <= MAX_POINTS, 7_777 in rows
    (True, True)
    """
    n = len(values)
    if n <= most:
        return np.arange(n, dtype=np.int64)
    n_buckets = (most - 2) // 2
    edges = [k * n // n_buckets for k in range(n_buckets + 1)]
    rows = {0, n - 1}
    for bucket in range(n_buckets):
        inside = values[edges[bucket] : edges[bucket + 1]]
        rows.add(edges[bucket] + int(np.argmin(inside)))
        rows.add(edges[bucket] + int(np.argmax(inside)))
    return np.array(sorted(rows), dtype=np.int64)


def draw(plot: Plot) -> str:
    """The picture as an ``<svg>`` element with the classes plot, grid, tick, x, y and the lines'.

    Every second label of the time axis also has the class ``alt``, to be left out where room is
    short.
    """
    start, end = int(plot.ts[0]), int(plot.ts[-1])
    parts = [
        f'<svg class="plot" role="img" aria-label="{escape(plot.label)}" width="100%" '
        f'height="{plot.height}">'
    ]
    for value, label in plot.ticks:
        y = _percent(1.0 - plot.scale.place(value))
        parts.append(f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="tick y" x="-8" y="{y}" dy="0.32em">{escape(label)}</text>')
    for k, (moment, label) in enumerate(time_ticks(start, end)):
        parts.append(_time_mark((moment - start) / max(end - start, 1), label, k))
    parts.append(
        f'<svg width="100%" height="100%" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'preserveAspectRatio="none" overflow="visible">'
    )
    parts.extend(_path(line, plot) for line in plot.lines)
    parts.append("</svg></svg>")
    return "".join(parts)


def _percent(share: float) -> str:
    return f"{round(share * 100, 3):g}%"


def _time_mark(share: float, label: str, k: int) -> str:
    x = _percent(share)
    anchor = "start" if share < 0.015 else "end" if share > 0.985 else "middle"
    alternate = " alt" if k % 2 else ""
    return (
        f'<line class="grid x{alternate}" x1="{x}" x2="{x}" y1="0" y2="100%"/>'
        f'<text class="tick x{alternate}" x="{x}" y="100%" dy="1.6em" text-anchor="{anchor}">'
        f"{escape(label)}</text>"
    )


def _path(line: Line, plot: Plot) -> str:
    """One line as whole-number steps from point to point, which is short and never rounds twice."""
    rows = thin(line.values)
    start, span = int(plot.ts[0]), int(plot.ts[-1]) - int(plot.ts[0])
    moments: list[int] = plot.ts[rows].tolist()
    xs = [round((moment - start) / span * _WIDTH) if span else 0 for moment in moments]
    values: list[float] = line.values[rows].tolist()
    ys = [round((1.0 - plot.scale.place(value)) * _HEIGHT) for value in values]
    steps = [f"M{xs[0]} {ys[0]}l"]
    for k in range(1, len(xs)):
        x, y = xs[k] - xs[k - 1], ys[k] - ys[k - 1]
        steps.append(f" {x} {y}" if y >= 0 else f" {x}{y}")
    path = "".join(steps) if span else f"M0 {ys[-1]}h{_WIDTH}"
    stroke = f'<path class="{line.style}" d="{path}" vector-effect="non-scaling-stroke"/>'
    if not line.is_area:
        return stroke
    fill = f'<path class="{line.style} area" d="{path}V0H{xs[0]}z"/>'
    return fill + stroke
