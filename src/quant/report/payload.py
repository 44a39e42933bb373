"""What the charts of a page are drawn from: one JSON object of packed columns.

The page's own script turns it into charts; everything a chart shows is in here, and what does not
exist is null. Long runs are thinned to the lowest and highest row of each bucket of rows, so that
every extreme stays; the page says so. Tables and figures are never thinned.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from quant.report.candles import price_charts
from quant.report.costs import cost_parts
from quant.report.distribution import trade_charts
from quant.report.flow_section import flow_marks, flow_rows_shown
from quant.report.packing import decimals_for, pack_numbers, pack_whole
from quant.report.periods import returns_by_year, traded_by_period
from quant.report.rolling import Rolling, rolling_figures
from quant.report.sessions import drawdown_path, fold_sessions
from quant.report.sheet import TearSheet
from quant.report.svg import thin
from quant.report.trades import FloatArray, IntArray

__all__ = ["WINDOWS", "curve_data", "page_data", "rolling_of"]

MOST_ROWS: Final = 10_000
_THINNED: Final = 3_000
_MS: Final = 1_000_000
_NS_PER_DAY: Final = 86_400_000_000_000
WINDOWS: Final = (126, 63, 21)


def page_data(sheet: TearSheet) -> dict[str, Any]:
    """Everything the charts show.

    Returns
    -------
    dict
        ``currency``, ``name`` and ``benchmark`` (names of the curves, the second or null),
        ``daily``; the charts ``equity``, ``years``, ``rolling``, ``exposure``, ``turnover``,
        ``prices``, ``trades``, ``costs``, each
        an object or null.
    """
    rows = _rows_of(sheet, *_curves(sheet))
    return {
        "currency": sheet.currency,
        "name": "Strategy",
        "benchmark": sheet.benchmark_name,
        "daily": sheet.is_daily,
        "equity": _equity(sheet, rows),
        "years": _years(sheet),
        "rolling": _rolling(sheet),
        "exposure": _exposure(sheet),
        "turnover": _turnover(sheet),
        "prices": _prices(sheet),
        "trades": _trades(sheet),
        "costs": _costs(sheet),
    }


def _curves(sheet: TearSheet) -> list[FloatArray]:
    return [sheet.index] if sheet.benchmark is None else [sheet.index, sheet.benchmark]


def _rows_of(sheet: TearSheet, *curves: FloatArray) -> IntArray:
    return _rows_to_draw(len(sheet.ts), *curves)


def _rows_to_draw(n: int, *curves: FloatArray) -> IntArray:
    """Rows to draw: all of them, or the extremes of each curve's buckets."""
    if n <= MOST_ROWS:
        return np.arange(n, dtype=np.int64)
    return np.unique(np.concatenate([thin(curve, _THINNED) for curve in curves]))


def _equity(sheet: TearSheet, rows: IntArray) -> dict[str, Any]:
    marked = flow_rows_shown(sheet)
    if len(marked):
        # a mark needs the point it stands on
        rows = np.union1d(rows, marked)
        return {**_curve(sheet.ts, sheet.index, sheet.benchmark, rows), "flows": flow_marks(sheet)}
    return _curve(sheet.ts, sheet.index, sheet.benchmark, rows)


def curve_data(ts: IntArray, equity: FloatArray, other: FloatArray) -> dict[str, Any]:
    """Two curves with their drawdowns, for the chart of equity."""
    return _curve(ts, equity, other, _rows_to_draw(len(ts), equity, other))


def _curve(
    ts: IntArray, equity: FloatArray, other: FloatArray | None, rows: IntArray
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "t": pack_whole(ts[rows] // _MS),
        "n": len(ts),
        "own": pack_numbers(equity[rows], _money_decimals(equity)),
        "other": None,
        "down": None,
        "otherDown": None,
    }
    if equity[0] > 0:
        found["down"] = pack_numbers(0.0 - drawdown_path(equity)[rows], 6)
    if other is not None:
        found["other"] = pack_numbers(other[rows], _money_decimals(other))
        if other[0] > 0:
            found["otherDown"] = pack_numbers(0.0 - drawdown_path(other)[rows], 6)
    return found


def _money_decimals(values: FloatArray) -> int:
    """Cents of what is typical, fewer of huge sums."""
    return min(decimals_for(np.array([np.median(np.abs(values))]), 8), 8)


def _years(sheet: TearSheet) -> dict[str, Any] | None:
    own = returns_by_year(sheet.dates, sheet.index)
    if len(own) < 2:
        return None
    other = None
    if sheet.benchmark is not None:
        found = returns_by_year(sheet.dates, sheet.benchmark)
        other = [round(entry.whole, 6) for entry in found] or None
    return {
        "labels": [str(entry.year) for entry in own],
        "own": [round(entry.whole, 6) for entry in own],
        "other": other,
    }


def rolling_of(sheet: TearSheet) -> Rolling | None:
    """Rolling figures at the longest window of which the run has two; None for short runs."""
    sessions = fold_sessions(sheet.sessions, sheet.dates, sheet.index)
    window = next((w for w in WINDOWS if len(sessions.returns) >= 2 * w), None)
    if window is None:
        return None
    other = None
    if sheet.benchmark is not None:
        other = fold_sessions(sheet.sessions, sheet.dates, sheet.benchmark)
    return rolling_figures(sessions, window, sheet.periods_per_year, sheet.risk_free, other)


def _rolling(sheet: TearSheet) -> dict[str, Any] | None:
    found = rolling_of(sheet)
    if found is None:
        return None
    ends = fold_sessions(sheet.sessions, sheet.dates, sheet.index).rows[found.place]
    return {
        "window": found.window,
        "t": pack_whole(sheet.ts[ends] // _MS),
        "sharpe": _with_gaps(found.sharpe, 4),
        "volatility": pack_numbers(found.volatility, 6),
        "beta": None if found.beta is None else _with_gaps(found.beta, 4),
    }


def _with_gaps(values: FloatArray, decimals: int) -> dict[str, Any]:
    """A column with the places at which there is no value."""
    gaps = np.flatnonzero(~np.isfinite(values))
    return {**pack_numbers(values, decimals), "gaps": pack_whole(gaps)}


def _exposure(sheet: TearSheet) -> dict[str, Any] | None:
    """Gross and net over equity; null where there are none or equity was not positive."""
    if sheet.gross is None or sheet.net is None or sheet.is_bankrupt:
        return None
    gross, net = sheet.gross / sheet.equity, sheet.net / sheet.equity
    rows = _rows_of(sheet, gross, net)
    return {
        "t": pack_whole(sheet.ts[rows] // _MS),
        "gross": pack_numbers(gross[rows], 5),
        "net": pack_numbers(net[rows], 5),
    }


def _turnover(sheet: TearSheet) -> dict[str, Any] | None:
    if sheet.activity is None or not len(sheet.activity.fills):
        return None
    fills = sheet.activity.money
    # A fill counts where its session does: the first row not before it.
    rows = np.minimum(np.searchsorted(sheet.ts, fills.ts), len(sheet.ts) - 1)
    found = traded_by_period(
        sheet.dates, sheet.equity, fills, rows.astype(np.int64), sheet.activity.multipliers
    )
    return {
        "unit": found.unit,
        "starts": found.starts,
        "bought": [round(value, 5) for value in found.bought],
        "sold": [round(value, 5) for value in found.sold],
    }


def _prices(sheet: TearSheet) -> dict[str, Any] | None:
    """Bars from the first session's midnight on: dated bars stand there."""
    if sheet.activity is None:
        return None
    start = min(int(sheet.dates[0]) * _NS_PER_DAY, int(sheet.ts[0]))
    end = max(int(sheet.dates[-1]) * _NS_PER_DAY, int(sheet.ts[-1]))
    return price_charts(sheet.activity, start, end)


def _trades(sheet: TearSheet) -> dict[str, Any] | None:
    if sheet.activity is None:
        return None
    return trade_charts(sheet.activity.trades, list(sheet.activity.prices.symbols))


def _costs(sheet: TearSheet) -> list[dict[str, Any]] | None:
    parts = cost_parts(sheet)
    if not parts or sheet.activity is None or not len(sheet.activity.fills):
        return None
    return [{"label": part.label, "key": part.key, "amount": part.amount} for part in parts]
