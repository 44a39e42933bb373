"""Figures of one series: plain formulas, each a function from numbers to a number or a reason.

A figure that does not exist (the Sharpe ratio of returns that never vary) is an `Undefined` that
says why, never NaN. Every sum is `math.fsum`: the exact sum rounded once, so it depends neither on
the order of the numbers nor on the library that holds them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import NormalDist
from typing import Final, TypeAlias

__all__ = [
    "DAYS_PER_YEAR",
    "Figure",
    "Undefined",
    "compound_rate",
    "deviation",
    "downside_deviation",
    "geometric_mean",
    "kurtosis",
    "longest_run",
    "mean",
    "median",
    "normal_shortfall",
    "normal_quantile",
    "omega",
    "per_period",
    "quantile",
    "ratio",
    "root_mean_square",
    "sharpe",
    "skewness",
    "sortino",
    "system_quality",
    "tail_mean",
    "tail_ratio",
    "trend_fit",
]

DAYS_PER_YEAR: Final = 365.25
_ZERO_DEVIATION: Final = 1e-15


@dataclass(frozen=True, slots=True)
class Undefined:
    """A figure that does not exist, and one sentence that says why."""

    why: str


Figure: TypeAlias = float | int | Undefined

_TOO_FEW: Final = Undefined("It needs at least two returns.")
_CONSTANT: Final = Undefined("The returns never vary, so their standard deviation is zero.")
_TOO_LARGE: Final = Undefined("The result is too large for a float64.")


def mean(values: Sequence[float], absent: str = "There are no values.") -> float | Undefined:
    """Arithmetic mean; `absent` says why there is none of no values.

    Examples
    --------
    >>> mean([1.0, 2.0, 6.0])
    3.0
    """
    return math.fsum(values) / len(values) if values else Undefined(absent)


def ratio(top: Figure, bottom: Figure, zero: str) -> float | Undefined:
    """`top` over `bottom`; `zero` says why there is none where `bottom` is 0.

    Examples
    --------
    >>> ratio(1.0, 4.0, "nothing was traded"), ratio(1.0, 0.0, "Nothing was traded.")
    (0.25, Undefined(why='Nothing was traded.'))
    """
    if isinstance(top, Undefined):
        return top
    if isinstance(bottom, Undefined):
        return bottom
    if bottom == 0:
        return Undefined(zero)
    quotient = top / bottom
    return quotient if math.isfinite(quotient) else _TOO_LARGE


def deviation(values: Sequence[float]) -> float | Undefined:
    """Sample standard deviation (ddof 1).

    Noise of rounding, up to 1e-15 of the mean or of 1, is 0.

    Examples
    --------
    >>> deviation([1.0, 2.0, 3.0])
    1.0
    """
    if len(values) < 2:
        return _TOO_FEW
    centre = math.fsum(values) / len(values)
    found = math.sqrt(math.fsum((x - centre) * (x - centre) for x in values) / (len(values) - 1))
    return found if found > _ZERO_DEVIATION * max(1.0, abs(centre)) else 0.0


def per_period(annual: float, periods_per_year: int) -> float:
    """The rate per period that compounds to an annual rate.

    Examples
    --------
    >>> round(per_period(0.21, 2), 12)
    0.1
    """
    return float((1.0 + annual) ** (1.0 / periods_per_year)) - 1.0


def sharpe(
    returns: Sequence[float], periods_per_year: int, risk_free: float = 0.0
) -> float | Undefined:
    """Mean excess return over its standard deviation, times the root of the periods per year.

    Parameters
    ----------
    returns : sequence of float
        Simple returns, one per period.
    periods_per_year : int
        Periods in a year.
    risk_free : float
        Annual rate; per period it is ``(1 + risk_free) ** (1 / periods_per_year) - 1``.

    Notes
    -----
    Source: W. F. Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21(1), 1994.

    Examples
    --------
    >>> round(sharpe([0.01, 0.03], 4), 12)
    2.828427124746
    """
    rate = per_period(risk_free, periods_per_year)
    excess = [r - rate for r in returns]
    spread = deviation(excess)
    if isinstance(spread, Undefined):
        return spread
    if spread == 0.0:
        return _CONSTANT
    return math.fsum(excess) / len(excess) / spread * math.sqrt(periods_per_year)


def downside_deviation(returns: Sequence[float], target: float = 0.0) -> float | Undefined:
    """Root mean square shortfall below `target`, over all returns, not only the losing ones.

    Examples
    --------
    >>> round(downside_deviation([0.01, -0.02, 0.03, -0.01]), 7)
    0.0111803
    """
    if not returns:
        return Undefined("There are no returns.")
    short = [min(r - target, 0.0) for r in returns]
    return math.sqrt(math.fsum(s * s for s in short) / len(short))


def sortino(returns: Sequence[float], periods_per_year: int) -> float | Undefined:
    """Mean return over the downside deviation (target 0), times the root of the periods per year.

    Notes
    -----
    Source: F. A. Sortino and L. N. Price, "Performance Measurement in a Downside Risk Framework",
    Journal of Investing 3(3), 1994.

    Examples
    --------
    >>> round(sortino([0.01, -0.02, 0.03, -0.01], 252), 4)
    3.5496
    """
    if len(returns) < 2:
        return _TOO_FEW
    short = downside_deviation(returns)
    if isinstance(short, Undefined):
        return short
    if short <= _ZERO_DEVIATION:
        return Undefined("No return is below zero, so the downside deviation is zero.")
    return math.fsum(returns) / len(returns) / short * math.sqrt(periods_per_year)


def compound_rate(start: float, end: float, days: float) -> float | Undefined:
    """Annual growth rate: ``(end / start) ** (365.25 / days) - 1``.

    Tools that count bars in place of days say the same of ``bars * 365.25 / bars_per_year`` days.

    Examples
    --------
    >>> round(compound_rate(100.0, 133.1, 1096), 10)
    0.0999760858
    """
    if days < 1:
        return Undefined("The run spans less than one calendar day.")
    if start <= 0 or end <= 0:
        return Undefined("Equity is not positive at the start and at the end.")
    try:
        rate = float((end / start) ** (DAYS_PER_YEAR / days)) - 1.0
    except OverflowError:
        return _TOO_LARGE
    return rate if math.isfinite(rate) else _TOO_LARGE


def quantile(values: Sequence[float], share: float) -> float | Undefined:
    """Quantile by linear interpolation between order statistics.

    Examples
    --------
    >>> quantile([3.0, 1.0, 2.0], 0.25)
    1.5
    """
    if len(values) < 2:
        return _TOO_FEW
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 2)
    return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])


def tail_mean(values: Sequence[float], share: float) -> float | Undefined:
    """Mean of the values at or below the quantile of `share`."""
    edge = quantile(values, share)
    if isinstance(edge, Undefined):
        return edge
    return mean([value for value in values if value <= edge])


def median(values: Sequence[float], absent: str = "There are no values.") -> float | Undefined:
    """Middle value, or the mean of the two middle ones; `absent` says why there is none.

    Examples
    --------
    >>> median([5.0, 1.0, 2.0]), median([1.0, 2.0])
    (2.0, 1.5)
    """
    if not values:
        return Undefined(absent)
    return values[0] if len(values) == 1 else quantile(values, 0.5)


def normal_quantile(values: Sequence[float], share: float) -> float | Undefined:
    """Quantile of the normal distribution with the mean and the deviation (ddof 1) of the values.

    Examples
    --------
    >>> round(normal_quantile([-1.0, 1.0], 0.05), 4)
    -2.3262
    """
    spread = deviation(values)
    if isinstance(spread, Undefined):
        return spread
    return math.fsum(values) / len(values) + NormalDist().inv_cdf(share) * spread


def normal_shortfall(values: Sequence[float], share: float) -> float | Undefined:
    """Mean below `normal_quantile` of that distribution: mean - deviation x pdf(z) / share.

    Notes
    -----
    Source: R. T. Rockafellar and S. Uryasev, "Optimization of Conditional Value-at-Risk", Journal
    of Risk 2(3), 2000, formula for the normal distribution.
    """
    spread = deviation(values)
    if isinstance(spread, Undefined):
        return spread
    normal = NormalDist()
    return math.fsum(values) / len(values) - spread * normal.pdf(normal.inv_cdf(share)) / share


def omega(returns: Sequence[float], threshold: float = 0.0) -> float | Undefined:
    """Sum of what lies above the threshold over the sum of what lies below it.

    Parameters
    ----------
    returns : sequence of float
        Simple returns, one per period.
    threshold : float
        Return per period that counts as neither.

    Notes
    -----
    Source: C. Keating and W. F. Shadwick, "A Universal Performance Measure", Journal of
    Performance Measurement 6(3), 2002.

    Examples
    --------
    >>> omega([0.02, -0.01, 0.01])
    3.0
    """
    if not returns:
        return Undefined("There are no returns.")
    above = math.fsum(max(r - threshold, 0.0) for r in returns)
    below = math.fsum(max(threshold - r, 0.0) for r in returns)
    return ratio(above, below, "No return is below the threshold.")


def tail_ratio(returns: Sequence[float], share: float = 0.05) -> float | Undefined:
    """Absolute upper quantile over the absolute lower one.

    Examples
    --------
    >>> tail_ratio([-0.01, 0.0, 0.02], 0.0)
    2.0
    """
    upper, lower = quantile(returns, 1.0 - share), quantile(returns, share)
    if isinstance(upper, Undefined) or isinstance(lower, Undefined):
        return _TOO_FEW
    return ratio(abs(upper), abs(lower), "The lower quantile is zero.")


def root_mean_square(values: Sequence[float], absent: str) -> float | Undefined:
    """Root of the mean of the squares; `absent` says why there is none of no values.

    Examples
    --------
    >>> root_mean_square([1.0, 7.0], "No values.")
    5.0
    """
    if not values:
        return Undefined(absent)
    return math.sqrt(math.fsum(value * value for value in values) / len(values))


def geometric_mean(returns: Sequence[float], absent: str) -> float | Undefined:
    """The constant return that compounds to the same; `absent` says why there is none of none.

    Examples
    --------
    >>> round(geometric_mean([0.21, 0.0], "No returns."), 12)
    0.1
    """
    if not returns:
        return Undefined(absent)
    if min(returns) <= -1.0:
        return Undefined("A return is a loss of everything or more.")
    return math.expm1(math.fsum(math.log1p(r) for r in returns) / len(returns))


def trend_fit(values: Sequence[float]) -> float | Undefined:
    """R squared of a straight line through the values at equal steps; 1 is a straight line.

    Examples
    --------
    >>> round(trend_fit([1.0, 2.0, 3.0]), 12)
    1.0
    """
    n = len(values)
    if n < 2:
        return Undefined("It needs at least two values.")
    level, middle = math.fsum(values) / n, (n - 1) / 2
    apart = [value - level for value in values]
    spread = math.fsum(a * a for a in apart)
    if deviation(values) == 0.0:
        return Undefined("The values never vary.")
    moved = math.fsum((k - middle) * a for k, a in enumerate(apart))
    return moved * moved / (spread * (n * (n * n - 1) / 12))


def system_quality(results: Sequence[float], absent: str) -> float | Undefined:
    """Mean result over its standard deviation (ddof 1), times the root of their number (SQN).

    Notes
    -----
    Source: V. K. Tharp, "Definitive Guide to Position Sizing", 2008: SQN. His results are in
    units of the risk taken at entry; where all trades risk the same, money gives the same figure.

    Examples
    --------
    >>> round(system_quality([3.0, 1.0, -1.0], "No trades."), 6)
    0.866025
    """
    if len(results) < 2:
        return Undefined(absent)
    spread = deviation(results)
    if isinstance(spread, Undefined) or spread == 0.0:
        return Undefined("The results never vary, so their standard deviation is zero.")
    return math.fsum(results) / len(results) / spread * math.sqrt(len(results))


def longest_run(facts: Sequence[bool]) -> int:
    """Most facts in a row that are true.

    Examples
    --------
    >>> longest_run([True, True, False, True])
    2
    """
    return max((len(list(run)) for is_true, run in groupby(facts) if is_true), default=0)


def skewness(values: Sequence[float]) -> float | Undefined:
    """Third central moment over the cube of the deviation, both with ddof 0."""
    return _standard_moment(values, 3)


def kurtosis(values: Sequence[float]) -> float | Undefined:
    """Fourth central moment over the squared variance, both with ddof 0; a normal has 3."""
    return _standard_moment(values, 4)


def _standard_moment(values: Sequence[float], order: int) -> float | Undefined:
    spread = deviation(values)
    if isinstance(spread, Undefined):
        return spread
    if spread == 0.0:
        return _CONSTANT
    centre = math.fsum(values) / len(values)
    apart = [x - centre for x in values]
    scale = math.sqrt(math.fsum(x * x for x in apart) / len(apart))
    return math.fsum((x / scale) ** order for x in apart) / len(apart)
