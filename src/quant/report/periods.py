"""A run by months and years: returns, drawdowns one by one, and how much was traded when."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from quant.report.sessions import drawdown_path
from quant.report.trades import FillArrays, FloatArray, IntArray

__all__ = [
    "Episode",
    "Traded",
    "YearReturns",
    "deepest_drawdowns",
    "months_of",
    "returns_by_year",
    "traded_by_period",
]

_MOST_MONTHS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class YearReturns:
    """Returns of one year: twelve months, None where nothing was simulated, and the whole."""

    year: int
    months: tuple[float | None, ...]
    whole: float


def months_of(days: IntArray) -> IntArray:
    """Months since January 1970 of days since 1970-01-01."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def returns_by_year(days: IntArray, equity: FloatArray) -> list[YearReturns]:
    """Each month's last equity over that of the month before, and so for years.

    Parameters
    ----------
    days : int64 array of shape (n_rows,)
        Days since 1970-01-01; row 0 is the opening deposit.
    equity : float64 array of shape (n_rows,)
        Money.

    Returns
    -------
    list of YearReturns
        Empty where a month ends without positive equity: there is no return from there on.
    """
    ends: dict[int, float] = dict(zip(months_of(days).tolist(), equity.tolist(), strict=True))
    before = year_before = float(equity[0])
    if before <= 0 or min(ends.values()) <= 0:
        return []
    months: dict[int, list[float | None]] = {}
    whole: dict[int, float] = {}
    for month, end in ends.items():
        year = 1970 + month // 12
        if year not in months:
            months[year], year_before = [None] * 12, before
        months[year][month % 12] = end / before - 1.0
        whole[year] = end / year_before - 1.0
        before = end
    return [YearReturns(year=y, months=tuple(m), whole=whole[y]) for y, m in months.items()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One drawdown: rows of its peak, its trough and the first row back, None if not yet.

    Attributes
    ----------
    depth : float
        Fraction below the peak, positive.
    """

    peak: int
    trough: int
    back: int | None
    depth: float


def deepest_drawdowns(equity: FloatArray, most: int = 5) -> list[Episode]:
    """The deepest separate drawdowns, deepest first; none if equity does not start positive.

    Examples
    --------
    >>> found = deepest_drawdowns(np.array([100.0, 90.0, 100.0, 110.0, 55.0]))
    >>> [(e.peak, e.trough, e.back, e.depth) for e in found]
    [(3, 4, None, 0.5), (0, 1, 2, 0.1)]
    """
    if equity[0] <= 0:
        return []
    path = drawdown_path(equity)
    under = np.concatenate(([False], path > 0, [False]))
    edges = np.flatnonzero(under[1:] != under[:-1])
    found = []
    for first, after in zip(edges[0::2].tolist(), edges[1::2].tolist(), strict=True):
        trough = first + int(np.argmax(path[first:after]))
        back = after if after < len(equity) else None
        found.append(Episode(peak=first - 1, trough=trough, back=back, depth=float(path[trough])))
    return sorted(found, key=lambda e: (-e.depth, e.peak))[:most]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """What was bought and sold by period, as multiples of the period's mean equity.

    Attributes
    ----------
    unit : str
        ``month`` or ``year``.
    starts : list of int
        Months since January 1970 with which the periods begin, every one of the run.
    bought, sold : list of float
        Notional over mean equity of the period's rows; 0 where that is not positive.
    """

    unit: str
    starts: list[int]
    bought: list[float]
    sold: list[float]


def traded_by_period(
    days: IntArray, equity: FloatArray, fills: FillArrays, rows: IntArray, multipliers: FloatArray
) -> Traded:
    """Notional of fills over mean equity, by month, or by year for more than five years.

    Parameters
    ----------
    days, equity : arrays of shape (n_rows,)
        Date and money of each equity row.
    fills : FillArrays
        All fills.
    rows : int64 array of shape (n_fills,)
        The equity row each fill belongs to.
    multipliers : float64 array of shape (n_instruments,)
        Money per unit of quantity and of price.
    """
    months = months_of(days)
    is_long = int(months[-1] - months[0]) >= _MOST_MONTHS
    step = 12 if is_long else 1
    period = months // step
    keys = range(int(period[0]), int(period[-1]) + 1)
    means = _mean_by(period, equity)
    value = np.abs(fills.qty * fills.price) * multipliers[fills.instrument]
    of_fill = period[rows]
    bought = _sum_by(of_fill[fills.units > 0], value[fills.units > 0])
    sold = _sum_by(of_fill[fills.units < 0], value[fills.units < 0])
    return Traded(
        unit="year" if is_long else "month",
        starts=[key * step for key in keys],
        bought=[_over(bought.get(key, 0.0), means.get(key, 0.0)) for key in keys],
        sold=[_over(sold.get(key, 0.0), means.get(key, 0.0)) for key in keys],
    )


def _over(value: float, base: float) -> float:
    return value / base if base > 0 else 0.0


def _groups(keys: IntArray, values: FloatArray) -> dict[int, list[float]]:
    """Values by key, in their order."""
    order = np.argsort(keys, kind="stable")
    ordered, found = keys[order], values[order]
    unique, starts, counts = np.unique(ordered, return_index=True, return_counts=True)
    parts = zip(unique.tolist(), starts.tolist(), (starts + counts).tolist(), strict=True)
    return {key: found[start:end].tolist() for key, start, end in parts}


def _sum_by(keys: IntArray, values: FloatArray) -> dict[int, float]:
    return {key: math.fsum(part) for key, part in _groups(keys, values).items()}


def _mean_by(keys: IntArray, values: FloatArray) -> dict[int, float]:
    return {key: math.fsum(part) / len(part) for key, part in _groups(keys, values).items()}
