"""Returns where money comes in and goes out: time-weighted and money-weighted.

Time-weighted: what the strategy did with each unit of money, whenever it was there. Deposits and
withdrawals are taken out of the equity as a fund does it, by issuing and redeeming units at the
net asset value: the *index* is the value of the units that the opening deposit bought. The return
between two rows is ``equity / (equity before + flow) - 1``, the flow lying between them.

Money-weighted: what the owner's money earned, more of it counting more. It is the internal rate of
return: the one yearly rate at which all deposits less withdrawals would have grown to the final
equity.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from quant.report.measures import DAYS_PER_YEAR, Figure, Undefined
from quant.report.trades import FloatArray

__all__ = ["GROWTH_TOLERANCE", "internal_rate", "profit_path", "wealth_index"]

# Of the logarithm of growth over the whole run, where the bisection stops.
GROWTH_TOLERANCE: Final = 1e-14
# Growth over the run is looked for between e^-46 and e^46, about 1e-20 and 1e20, in so many steps.
_FURTHEST: Final = 46.0
_STEPS: Final = 920
_SAME: Final = 1e-15


def wealth_index(equity: FloatArray, flows: FloatArray | None) -> FloatArray:
    """Equity with deposits and withdrawals taken out; the equity itself where there are none.

    Parameters
    ----------
    equity : float64 array of shape (n_rows,)
        Money.
    flows : float64 array of shape (n_rows,), optional
        Money that came in (went out, negative) since the row before; that of row 0 is not looked
        at.

    Notes
    -----
    While the account is empty or in debt a flow cannot be taken out as a ratio: then the index
    moves by what was gained in money, at the last number of units. Source of the method: GIPS
    Standards 2020, time-weighted return with valuation at the time of each large external flow.

    Examples
    --------
    >>> wealth_index(np.array([100.0, 50.0, 225.0]), np.array([0.0, 0.0, 100.0])).tolist()
    [100.0, 50.0, 75.0]
    """
    places = [] if flows is None else [k for k in np.flatnonzero(flows).tolist() if k > 0]
    if flows is None or not places:
        return equity
    index = np.array(equity, np.float64)
    level = base = 1.0
    for place, end in zip(places, [*places[1:], len(equity)], strict=True):
        before, worth = float(equity[place - 1]), float(index[place - 1])
        invested = before + float(flows[place])
        if abs(float(equity[place]) - invested) <= _SAME * abs(invested):
            # nothing was gained, whatever the order in which the kernel summed
            invested = float(equity[place])
        if invested > 0.0 and worth > 0.0:
            level, base = worth, invested
            index[place:end] = level * (equity[place:end] / base)
        else:
            index[place:end] = worth + level / base * (equity[place:end] - invested)
    return index


def profit_path(equity: FloatArray, flows: FloatArray | None) -> FloatArray:
    """Equity less all that came in since row 0, in money; the equity itself without flows.

    Examples
    --------
    >>> profit_path(np.array([100.0, 50.0, 225.0]), np.array([0.0, 0.0, 100.0])).tolist()
    [100.0, 50.0, 125.0]
    """
    if flows is None or not flows[1:].any():
        return equity
    paid = np.zeros(len(equity))
    total = 0.0
    for row, flow in enumerate(flows.tolist()[1:], start=1):
        total += flow
        paid[row] = total
    return equity - paid


def internal_rate(amounts: Sequence[float], days: Sequence[int], end: float, length: int) -> Figure:
    """The yearly rate at which payments grow to an end.

    Parameters
    ----------
    amounts : sequence of float
        Money paid in, negative where taken out; the opening deposit first.
    days : sequence of int
        Calendar days from the opening to each payment.
    end : float
        Equity at the end.
    length : int
        Calendar days from the opening to the end.

    Returns
    -------
    float or Undefined
        The r of ``sum(amount x (1 + r) ^ ((length - day) / 365.25)) = end``. Undefined if no rate
        solves it, more than one does, or the span is less than a day.

    Notes
    -----
    The unknown is the logarithm of growth over the whole span. Changes of sign are looked for on a
    grid from 1e-20 to 1e20; a single one is bisected down to 1e-14.

    Examples
    --------
    >>> rate = internal_rate([100.0, 100.0], [0, 1461], 225.0, 2922)  # two times four years
    >>> round((1 + rate) ** 4 - 1, 6)
    0.081139
    """
    if length <= 0:
        return Undefined("The run spans less than one calendar day.")
    if end == 0.0 and all(amount > 0.0 for amount in amounts):
        return -1.0
    left = [(length - day) / length for day in days]

    def surplus(growth: float) -> float:
        grown = [a * math.exp(growth * part) for a, part in zip(amounts, left, strict=True)]
        return math.fsum([*grown, -end])

    grid = [_FURTHEST * (2.0 * k / _STEPS - 1.0) for k in range(_STEPS + 1)]
    signs = [surplus(growth) > 0.0 for growth in grid]
    turns = [k for k in range(_STEPS) if signs[k] != signs[k + 1]]
    if not turns:
        return Undefined("At no rate do the deposits and withdrawals grow to the final equity.")
    if len(turns) > 1:
        return Undefined(
            f"There are {len(turns)} rates at which deposits and withdrawals grow to the final "
            "equity."
        )
    low, high, is_high = grid[turns[0]], grid[turns[0] + 1], signs[turns[0] + 1]
    for edge in (low, high):
        if surplus(edge) == 0.0:
            low = high = edge
    while high - low > GROWTH_TOLERANCE * max(1.0, abs(low), abs(high)):
        middle = (low + high) / 2.0
        if not low < middle < high:
            break
        if (surplus(middle) > 0.0) == is_high:
            high = middle
        else:
            low = middle
    try:
        return math.expm1((low + high) / 2.0 * DAYS_PER_YEAR / length)
    except OverflowError:
        return Undefined("The result is too large for a float64.")
