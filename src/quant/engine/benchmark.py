"""What the money would have become without the strategy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.engine.timeline import Period
from quant.errors import ConfigError, nearest
from quant.lake import Bars

__all__ = ["Benchmark", "benchmark_equity", "benchmark_name"]

FloatArray = NDArray[np.float64]
Benchmark = FloatArray | None


def _instruments(choice: str, bars: Bars) -> list[int]:
    if choice == "buy_and_hold":
        return list(range(len(bars.symbols)))
    if choice in bars.symbols:
        return [bars.symbols.index(choice)]
    known = ("buy_and_hold", "none", *bars.symbols)
    shown = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
    raise ConfigError(
        f"config benchmark: expected one of {shown}, found {choice!r}; "
        f"correct it.{nearest(choice, known)}"
    )


def benchmark_name(choice: str, bars: Bars) -> str | None:
    """How the benchmark is called in reports."""
    if choice == "none":
        return None
    held = _instruments(choice, bars)
    if len(held) == 1:
        return f"buy and hold {bars.symbols[held[0]]}"
    return f"the {len(held)} symbols held equally"


def benchmark_equity(
    choice: str, bars: Bars, period: Period, cash: float, ts: NDArray[np.int64]
) -> Benchmark:
    """Equity of buying and holding, at the rows of the equity curve, without costs.

    Each instrument gets an equal part of ``cash``, invested at its first price in the period: the
    open of its first bar, the close where the data has only closes. Until then its part is cash.

    Parameters
    ----------
    choice : str
        ``buy_and_hold``, a symbol, or ``none``.
    ts : int64 array of shape (n_rows,)
        Times of the rows; the first is the opening deposit.

    Returns
    -------
    float64 array of shape (n_rows,), or None
    """
    if choice == "none":
        return None
    held = _instruments(choice, bars)
    part = cash / len(held)
    total = np.zeros(len(ts))
    for i in held:
        rows = slice(int(bars.offsets[i]), int(bars.offsets[i + 1]))
        session = bars.session[rows]
        first = int(np.searchsorted(session, period.first))
        if first == len(session):
            total += part
            continue
        ends = bars.ts_close[rows]
        close = bars.columns["close"][rows]
        start = close[first] if bars.closes_only else bars.columns["open"][rows][first]
        place = np.searchsorted(ends, ts, side="right") - 1
        growth = np.where(place >= first, close[np.maximum(place, 0)] / start, 1.0)
        total += part * growth
    total[0] = cash
    return total
