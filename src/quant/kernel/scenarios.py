"""What proposed positions would have earned in past sessions, and two figures of it.

A scenario is one past session: every instrument's proposed value times its return from the end of
the session before to its own end. VaR is the 5 % quantile of these results (linear interpolation),
as a loss; volatility their standard deviation (ddof 1), annualised. Both are fractions of equity.
A return that is not known makes both unknown (NaN).
"""

from __future__ import annotations

import math

from quant.kernel import memory as mem
from quant.kernel.cost import quantity
from quant.kernel.jit import compiled
from quant.kernel.margin import position_place

__all__ = ["scenario_figures"]

_TAIL = 0.05


@compiled
def _last_row(h: int, a: int) -> int:
    """The row of the last session that has ended by now, the one that ends now included."""
    sim = mem.sims(h)[0]
    session = sim["session"]
    last = session - mem.risks(h)[a]["first_session"]
    if mem.session_closes(h)[session] > sim["now"]:
        last -= 1
    return min(last, len(mem.session_marks(h)) // sim["n_instruments"] - 1)


@compiled
def _fill_results(h: int, a: int, book: int, last: int) -> None:
    """The result of the projected positions in each session of the window."""
    n = mem.sims(h)[0]["n_instruments"]
    window = mem.risks(h)[a]["window"]
    marks = mem.session_marks(h)
    results = mem.scenario_results(h)
    for k in range(window):
        results[k] = 0.0
    for i in range(n):
        units = mem.positions(h)[position_place(h, a, book, i)]["projected"]
        if units == 0:
            continue
        ins = mem.instruments(h)[i]
        value = quantity(ins, units) * ins["multiplier"] * ins["mark"]
        for k in range(window):
            row = last - window + 1 + k
            before = marks[(row - 1) * n + i]
            if before > 0.0:
                results[k] += value * (marks[row * n + i] / before - 1.0)
            else:
                results[k] = math.nan


@compiled
def _deviation(h: int, n: int) -> float:
    """Standard deviation of the results, ddof 1."""
    results = mem.scenario_results(h)
    total = 0.0
    for k in range(n):
        total += results[k]
    mean = total / n
    squares = 0.0
    for k in range(n):
        squares += (results[k] - mean) * (results[k] - mean)
    return math.sqrt(squares / (n - 1))


@compiled
def _low_quantile(h: int, n: int) -> float:
    """The 5 % quantile of the results; puts the smallest first."""
    results = mem.scenario_results(h)
    place = (n - 1) * _TAIL
    low = math.floor(place)
    for k in range(low + 2):
        least = k
        for j in range(k + 1, n):
            if results[j] < results[least]:
                least = j
        kept = results[k]
        results[k] = results[least]
        results[least] = kept
    return results[low] + (results[low + 1] - results[low]) * (place - low)


@compiled
def scenario_figures(h: int, a: int, book: int) -> tuple[float, float]:
    """VaR and volatility of the projected positions, as fractions of equity."""
    risk = mem.risks(h)[a]
    equity = mem.accounts(h)[a]["equity"]
    window = risk["window"]
    last = _last_row(h, a)
    if last < window:
        return math.nan, math.nan
    if not equity > 0.0:
        return math.inf, math.inf
    _fill_results(h, a, book, last)
    # the quantile moves results about
    deviation = _deviation(h, window)
    if deviation != deviation:
        return math.nan, math.nan
    return -_low_quantile(h, window) / equity, deviation * risk["periods_root"] / equity
