"""Prices and fills of each symbol, small enough for a page.

A page has room for so many candles and markers. Symbols that were traded come first, by traded
value; where there are more bars than room, neighbouring bars become one candle (first open, highest
high, lowest low, last close). Fills of one side in one candle become one marker. Whatever is left
out is counted, so that the page can say so.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from quant.report.packing import decimals_for, pack_numbers, pack_whole
from quant.report.sheet import Activity, Prices
from quant.report.trades import FloatArray

__all__ = ["price_charts"]

_NS: Final = 1_000_000_000
MOST_CANDLES: Final = 60_000
LEAST_PER_SYMBOL: Final = 500
MOST_PER_SYMBOL: Final = 6_000
MOST_MARKERS: Final = 12_000


def price_charts(activity: Activity, start: int, end: int) -> dict[str, Any] | None:
    """Candles and markers by symbol, most traded first; None where nothing was filled.

    Parameters
    ----------
    activity : Activity
        Bars and fills.
    start, end : int
        Nanoseconds UTC: bars that stand before or after are left out.

    Returns
    -------
    dict
        ``symbols``: per symbol its name, the decimals to ``show``, ``bars`` merged into one
        candle, candles (``t`` seconds UTC; ``c``, and but for closes ``o h l`` as steps from
        ``c``), and markers: candle ``at``, ``side`` (1 bought, 0 sold), ``n`` fills, ``qty``, mean
        ``price``, and ``why``, an index into ``words``.
        ``traded``: symbols with a fill. ``left_out``: fills without a marker.
    """
    fills, prices = activity.fills, activity.prices
    if not len(fills):
        return None
    value = np.abs(fills.qty * fills.price) * activity.multipliers[fills.instrument]
    by_symbol = np.bincount(fills.instrument, weights=value, minlength=len(prices.symbols))
    traded = np.unique(fills.instrument)
    ranked = traded[np.argsort(-by_symbol[traded], kind="stable")]
    most = max(LEAST_PER_SYMBOL, min(MOST_PER_SYMBOL, MOST_CANDLES // len(ranked)))
    shown = ranked[: max(1, MOST_CANDLES // most)].tolist()
    words: dict[str, int] = {}
    room = (most, MOST_MARKERS // len(shown))
    found = [_symbol(activity, i, _rows_within(prices, i, start, end), room, words) for i in shown]
    in_charts = sum(entry.pop("fills_shown") for entry in found)
    return {
        "symbols": found,
        "words": list(words),
        "traded": len(ranked),
        "left_out": len(fills) - in_charts,
        "closes": prices.closes_only,
        "dated": prices.is_dated,
    }


def _rows_within(prices: Prices, i: int, start: int, end: int) -> slice:
    """Rows of one instrument's bars in the run's time."""
    first, after = int(prices.offsets[i]), int(prices.offsets[i + 1])
    inside = np.searchsorted(prices.ts[first:after], (start, end + 1))
    return slice(first + int(inside[0]), first + int(inside[1]))


def _symbol(
    activity: Activity, i: int, rows: slice, room: tuple[int, int], words: dict[str, int]
) -> dict[str, Any]:
    prices = activity.prices
    merged = max(1, math.ceil((rows.stop - rows.start) / room[0]))
    return {
        "name": prices.symbols[i],
        "bars": merged,
        "show": max(2, min(8, decimals_for(np.array([np.nanmedian(prices.close[rows])]), 4))),
        **_candles(prices, rows, merged),
        **_markers(activity, i, (rows.start - int(prices.offsets[i]), merged), room[1], words),
    }


def _candles(prices: Prices, rows: slice, merged: int) -> dict[str, Any]:
    starts = np.arange(rows.start, rows.stop, merged)
    ends = np.minimum(starts + merged, rows.stop)
    close = prices.close[ends - 1]
    decimals = decimals_for(prices.close[rows])
    found = {
        "t": pack_whole(prices.ts[starts] // _NS),
        "c": pack_numbers(close, decimals),
    }
    if not prices.closes_only:
        high = np.fmax.reduceat(prices.high[rows], starts - rows.start)
        low = np.fmin.reduceat(prices.low[rows], starts - rows.start)
        # Steps from the close are smaller numbers than steps from candle to candle.
        for key, values in (("o", prices.open[starts]), ("h", high), ("l", low)):
            found[key] = pack_numbers(
                _rounded(values, decimals) - _rounded(close, decimals), decimals
            )
    return found


def _rounded(values: FloatArray, decimals: int) -> FloatArray:
    return np.round(values, decimals)


def _markers(
    activity: Activity, i: int, bars: tuple[int, int], most: int, words: dict[str, int]
) -> dict[str, Any]:
    """Fills by candle and side, the largest where there are too many; `bars`: first, per candle."""
    fills = activity.fills
    mine = np.flatnonzero(fills.instrument == i)
    key = ((fills.bar[mine] - bars[0]) // bars[1]) * 2 + (fills.units[mine] > 0)
    keys, first, counts = np.unique(key, return_index=True, return_counts=True)
    place = np.searchsorted(keys, key)
    size = np.abs(fills.qty[mine])
    qty = np.bincount(place, weights=size).astype(np.float64)
    mean = np.bincount(place, weights=size * fills.price[mine]) / qty
    largest = np.sort(np.argsort(-qty * np.abs(mean), kind="stable")[:most])
    whys = [_why(activity, int(mine[row]), words) for row in first[largest].tolist()]
    return {
        "at": pack_whole(keys[largest] // 2),
        "side": pack_whole(keys[largest] % 2),
        "n": pack_whole(counts[largest]),
        "qty": pack_numbers(qty[largest], min(decimals_for(qty[largest], 6), 8)),
        "price": pack_numbers(mean[largest], decimals_for(mean[largest], 7)),
        "why": pack_whole(np.array(whys, dtype=np.int64)),
        "fills_shown": int(counts[largest].sum()),
    }


def _why(activity: Activity, row: int, words: dict[str, int]) -> int:
    """Index of the text of a fill's reason and tag."""
    tag = activity.tags[row]
    text = activity.reasons[row].replace("_", " ").replace("|", ", ")
    return words.setdefault(f"{text} · {tag}" if tag else text, len(words))
