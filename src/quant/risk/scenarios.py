"""VaR and volatility of proposed positions, from the returns of past sessions.

A scenario is one past session: each position's value times its return in that session. The kernel
does the same sums for runs (``kernel/scenarios.py``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["scenario_results", "session_marks", "value_at_risk", "volatility"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_TAIL = 0.05


def session_marks(
    ts_close: IntArray, close: FloatArray, offsets: IntArray, session_closes: IntArray
) -> FloatArray:
    """The last price of every instrument at the end of every session.

    Parameters
    ----------
    ts_close, close : arrays of shape (n_bars,)
        Ends of bars, nanoseconds UTC, and closing prices; one instrument after another.
    offsets : int64 array of shape (n_instruments + 1,)
        Where each instrument's bars begin.
    session_closes : int64 array of shape (n_sessions,)
        Ends of sessions, nanoseconds UTC, ascending.

    Returns
    -------
    float64 array of shape (n_sessions, n_instruments)
        NaN before an instrument's first bar; a session without a bar has the price before it.

    Examples
    --------
    >>> ends, prices = np.array([5, 9, 14]), np.array([1.0, 2.0, 3.0])
    >>> session_marks(ends, prices, np.array([0, 3]), np.array([4, 10, 12, 14])).ravel()
    array([nan,  2.,  2.,  3.])
    """
    found = np.full((len(session_closes), len(offsets) - 1), np.nan)
    for i in range(len(offsets) - 1):
        low, high = int(offsets[i]), int(offsets[i + 1])
        place = np.searchsorted(ts_close[low:high], session_closes, side="right") - 1
        known = place >= 0
        found[known, i] = close[low:high][place[known]]
    return found


def scenario_results(
    values: Mapping[str, float], returns: Mapping[str, Sequence[float]]
) -> list[float]:
    """What positions would have earned in each past session, in money.

    Parameters
    ----------
    values : mapping of str to float
        Signed market values by symbol; those of 0 need no returns.
    returns : mapping of str to sequence of float
        Simple returns of the same past sessions by symbol; NaN where unknown.

    Returns
    -------
    list of float
        Empty if a symbol's returns are missing.

    Examples
    --------
    >>> scenario_results({"A": 100.0, "B": -50.0}, {"A": [0.1, 0.0], "B": [0.1, -0.2]})
    [5.0, 10.0]
    """
    held = {symbol: value for symbol, value in values.items() if value != 0.0}
    if any(symbol not in returns for symbol in held):
        return []
    n = max((len(one) for one in returns.values()), default=0)
    totals = [0.0] * n
    for symbol, value in held.items():
        if len(returns[symbol]) != n:
            return []
        totals = [total + value * r for total, r in zip(totals, returns[symbol], strict=True)]
    return totals


def value_at_risk(results: Sequence[float], equity: float) -> float:
    """Historical 95 % VaR: minus the 5 % quantile of results (linear interpolation), over equity.

    NaN if fewer than 2 results or one of them is unknown; infinite without equity.

    Examples
    --------
    >>> value_at_risk([-30.0, -10.0, 0.0, 10.0, 20.0], 1000.0)
    0.026
    """
    if len(results) < 2 or any(r != r for r in results):
        return math.nan
    if not equity > 0.0:
        return math.inf
    ordered = sorted(results)
    place = (len(ordered) - 1) * _TAIL
    low = math.floor(place)
    edge = ordered[low] + (ordered[low + 1] - ordered[low]) * (place - low)
    return -edge / equity


def volatility(results: Sequence[float], equity: float, periods_per_year: float) -> float:
    """Annual standard deviation (ddof 1) of results, over equity.

    NaN if fewer than 2 results or one of them is unknown; infinite without equity.

    Examples
    --------
    >>> round(volatility([-10.0, 10.0], 1000.0, 200.0), 12)
    0.2
    """
    n = len(results)
    if n < 2 or any(r != r for r in results):
        return math.nan
    if not equity > 0.0:
        return math.inf
    mean = sum(results) / n
    squares = sum((r - mean) * (r - mean) for r in results)
    return math.sqrt(squares / (n - 1)) * math.sqrt(periods_per_year) / equity
