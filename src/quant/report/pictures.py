"""The two pictures that need no script: equity and drawdown as inline SVG.

They stand in the page for readers without scripts, and in notebooks.
"""

from __future__ import annotations

import math
from typing import Final

from markupsafe import Markup

from quant.report.sessions import drawdown_path
from quant.report.sheet import TearSheet
from quant.report.svg import Line, Plot, Scale, draw
from quant.report.ticks import linear_ticks, log_ticks
from quant.report.wording import money_text, percent_text, short_number

__all__ = ["drawdown_picture", "drawdown_words", "equity_picture", "equity_words"]

_LOG_FROM: Final = 4.0


def _lines(sheet: TearSheet) -> list[Line]:
    found = [] if sheet.benchmark is None else [Line(values=sheet.benchmark, style="benchmark")]
    return [*found, Line(values=sheet.index, style="strategy")]


def equity_picture(sheet: TearSheet, height: int = 300) -> Markup:
    """Equity and benchmark, on a ratio scale where they span a factor of 4 or more."""
    lines = _lines(sheet)
    low = min(float(line.values.min()) for line in lines)
    high = max(float(line.values.max()) for line in lines)
    if low > 0 and high / low >= _LOG_FROM:
        scale = Scale(low=low / 1.03, high=high * 1.03, is_log=True)
    else:
        scale = _linear(low, high)
    values = log_ticks(scale.low, scale.high) if scale.is_log else None
    values = linear_ticks(scale.low, scale.high) if values is None else values
    plot = Plot(
        ts=sheet.ts,
        lines=lines,
        scale=scale,
        ticks=[(value, short_number(value)) for value in values],
        height=height,
        label=equity_words(sheet) + (", on a logarithmic scale." if scale.is_log else "."),
    )
    return Markup(draw(plot))


def _linear(low: float, high: float) -> Scale:
    """A scale with room above and below; of a line that never moves, too."""
    room = (high - low) * 0.04 or max(abs(high) * 0.01, 1.0)
    return Scale(low=low - room, high=high + room)


def equity_words(sheet: TearSheet) -> str:
    """Where equity and benchmark began and ended, for those who cannot see the picture."""
    first, last = float(sheet.index[0]), float(sheet.index[-1])
    label = (
        f"Equity of {sheet.title} from {money_text(first, sheet.currency, 0)} "
        f"to {money_text(last, sheet.currency, 0)}"
    )
    if sheet.has_flows:
        label += ", deposits and withdrawals taken out"
    if sheet.benchmark is not None:
        end = money_text(float(sheet.benchmark[-1]), sheet.currency, 0)
        label += f"; {sheet.benchmark_name} ends at {end}"
    return label


def drawdown_words(sheet: TearSheet) -> str:
    """The deepest drawdown in words."""
    deepest = float(drawdown_path(sheet.index).max())
    return f"Drawdown of {sheet.title}: deepest {percent_text(deepest)} below a peak."


def drawdown_picture(sheet: TearSheet) -> Markup | None:
    """Fractions below the highest equity so far; None where equity does not start positive."""
    if sheet.equity[0] <= 0:
        return None
    own = 0.0 - drawdown_path(sheet.index)
    lines = [Line(values=own, style="drawdown", is_area=True)]
    if sheet.benchmark is not None and sheet.benchmark[0] > 0:
        other = 0.0 - drawdown_path(sheet.benchmark)
        lines.insert(0, Line(values=other, style="benchmark"))
    lowest = min(float(line.values.min()) for line in lines)
    scale = Scale(low=lowest * 1.06 if lowest < 0 else -0.01, high=0.0)
    ticks = linear_ticks(scale.low, 0.0, 4)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0.01
    decimals = max(0, -math.floor(math.log10(step * 100) + 1e-9))
    decimals += 1 if round(step * 100 * 10**decimals, 6) % 1 else 0
    plot = Plot(
        ts=sheet.ts,
        lines=lines,
        scale=scale,
        ticks=[(value, percent_text(value, decimals)) for value in ticks],
        height=170,
        label=drawdown_words(sheet),
    )
    return Markup(draw(plot))
