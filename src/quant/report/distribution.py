"""How trades were distributed: bins of returns and of holding times, and their excursions."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from quant.report.packing import pack_numbers, pack_whole
from quant.report.trades import FloatArray, IntArray, TradeArrays

__all__ = ["Bins", "holding_bins", "return_bins", "trade_charts"]

_BINS: Final = 32
MOST_POINTS: Final = 1_500
_TAIL: Final = 0.01


class Bins:
    """Counts between edges; the outer bins also count what lies beyond where `is_cut` says so.

    Attributes
    ----------
    edges : list of float
        One more than counts, evenly apart.
    counts : list of int
        How many lie in each bin, its lower edge included.
    is_cut : tuple of bool
        Whether values lie below the first and above the last edge.
    """

    __slots__ = ("counts", "edges", "is_cut")

    def __init__(self, values: FloatArray, first: int, last: int, step: float) -> None:
        ks = np.floor(values / step + 1e-9).astype(np.int64)
        inside = np.clip(ks, first, last)
        self.edges = [float(f"{k * step:.12g}") for k in range(first, last + 2)]
        self.counts: list[int] = np.bincount(inside - first, minlength=last - first + 1).tolist()
        self.is_cut = (bool((ks < first).any()), bool((ks > last).any()))

    def to_json(self) -> dict[str, Any]:
        """For the page."""
        return {"edges": self.edges, "counts": self.counts, "cut": list(self.is_cut)}


def return_bins(returns: FloatArray) -> Bins:
    """About thirty bins of a round width, an edge at zero, the outer hundredths in the last ones.

    Examples
    --------
    >>> found = return_bins(np.array([-0.02, 0.011, 0.012, 0.03]))
    >>> found.counts[0], sum(found.counts), 0.0 in found.edges
    (1, 4, True)
    """
    ordered = np.sort(returns)
    n = len(ordered)
    low = min(float(ordered[math.floor((n - 1) * _TAIL)]), 0.0)
    high = max(float(ordered[math.ceil((n - 1) * (1 - _TAIL))]), 0.0)
    step = _round_step((high - low) / _BINS)
    return Bins(returns, math.floor(low / step + 1e-9), math.floor(high / step + 1e-9), step)


def holding_bins(bars: IntArray) -> Bins:
    """Bins of whole numbers of bars, at most about thirty."""
    ordered = np.sort(bars)
    high = int(ordered[math.ceil((len(bars) - 1) * (1 - _TAIL))])
    step = max(1, math.ceil(_round_step((high + 1) / _BINS)))
    return Bins(bars.astype(np.float64), 0, high // step, float(step))


def _round_step(wanted: float) -> float:
    """The next of 1, 2, 2.5 and 5 times a power of ten."""
    if wanted <= 0:
        return 0.001
    power = 10.0 ** math.floor(math.log10(wanted))
    factor = next(f for f in (1.0, 2.0, 2.5, 5.0, 10.0) if f * power >= wanted * (1 - 1e-9))
    return factor * power


def trade_charts(trades: TradeArrays, symbols: list[str]) -> dict[str, Any] | None:
    """Bins and points of all trades for the page; None where none with a return was closed.

    At most 1,500 points, evenly among the trades ordered by return, so that the worst and the best
    are among them; ``n`` tells how many trades there are. A trade entered at a price of zero has
    no return; ``none`` tells how many.
    """
    usable = np.flatnonzero(np.isfinite(trades.return_))
    n = len(usable)
    if not n:
        return None
    rows = usable
    if n > MOST_POINTS:
        order = usable[np.argsort(trades.return_[usable], kind="stable")]
        chosen = np.arange(MOST_POINTS, dtype=np.int64) * (n - 1) // (MOST_POINTS - 1)
        rows = np.sort(order[chosen])
    instrument = trades.instrument[rows]
    named, place = np.unique(instrument, return_inverse=True)
    return {
        "n": n,
        "none": len(trades) - n,
        "returns": return_bins(trades.return_[usable]).to_json(),
        "holding": holding_bins(trades.bars_held[usable]).to_json(),
        "id": pack_whole(trades.trade_id[rows]),
        "return": pack_numbers(trades.return_[rows], 6),
        "mae": pack_numbers(trades.mae[rows], 6),
        "mfe": pack_numbers(trades.mfe[rows], 6),
        "symbol": pack_whole(place),
        "symbols": [symbols[i] for i in named.tolist()],
        "long": pack_whole((trades.side[rows] > 0).astype(np.int64)),
    }
