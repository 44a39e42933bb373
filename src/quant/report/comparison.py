"""Figures of two series side by side: a strategy's returns and a benchmark's, session by session.

All formulas take the two in step, one pair per period, and say `Undefined` where a figure does not
exist. The regression is least squares of the strategy on the benchmark.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from quant.report.measures import Figure, Undefined, deviation, geometric_mean, mean, ratio

__all__ = ["Line", "capture", "correlation", "fit_line", "information_ratio", "tracking_error"]

_FLAT = Undefined("The benchmark's returns never vary.")
_TOO_FEW = Undefined("It needs at least two returns.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The least-squares line of a strategy's returns on a benchmark's.

    Attributes
    ----------
    alpha : float
        Height at a benchmark return of 0, per period.
    beta : float
        Slope.
    """

    alpha: float
    beta: float


def fit_line(returns: Sequence[float], benchmark: Sequence[float]) -> Line | Undefined:
    """The line through pairs of returns: beta = covariance / variance of the benchmark.

    Notes
    -----
    Source: M. C. Jensen, "The Performance of Mutual Funds in the Period 1945-1964", Journal of
    Finance 23(2), 1968; there both series are above the risk-free rate.

    Examples
    --------
    >>> line = fit_line([0.03, 0.01, -0.01], [0.02, 0.0, -0.02])
    >>> round(line.alpha, 12), round(line.beta, 12)
    (0.01, 1.0)
    """
    if len(benchmark) < 2:
        return _TOO_FEW
    if deviation(benchmark) == 0.0:
        return _FLAT
    centre, other = math.fsum(returns) / len(returns), math.fsum(benchmark) / len(benchmark)
    apart = [b - other for b in benchmark]
    moved = math.fsum((r - centre) * a for r, a in zip(returns, apart, strict=True))
    beta = moved / math.fsum(a * a for a in apart)
    return Line(alpha=centre - beta * other, beta=beta)


def correlation(returns: Sequence[float], benchmark: Sequence[float]) -> float | Undefined:
    """Pearson's correlation, from -1 to 1.

    Examples
    --------
    >>> round(correlation([1.0, 2.0, 3.0], [3.0, 2.0, 1.0]), 12)
    -1.0
    """
    line = fit_line(returns, benchmark)
    if isinstance(line, Undefined):
        return line
    own, other = deviation(returns), deviation(benchmark)
    if isinstance(own, Undefined) or isinstance(other, Undefined):
        return _TOO_FEW
    found = ratio(line.beta * other, own, "The returns never vary.")
    return found if isinstance(found, Undefined) else max(-1.0, min(1.0, found))


def tracking_error(
    returns: Sequence[float], benchmark: Sequence[float], periods_per_year: int
) -> float | Undefined:
    """Standard deviation (ddof 1) of the difference of returns, times the root of the periods.

    Examples
    --------
    >>> round(tracking_error([0.01, 0.03], [0.0, 0.0], 50), 12)
    0.1
    """
    spread = deviation(_active(returns, benchmark))
    return spread if isinstance(spread, Undefined) else spread * math.sqrt(periods_per_year)


def information_ratio(
    returns: Sequence[float], benchmark: Sequence[float], periods_per_year: int
) -> float | Undefined:
    """Mean difference of returns over its standard deviation, times the root of the periods.

    Notes
    -----
    The Sharpe ratio of the difference to the benchmark. Source: R. C. Grinold and R. N. Kahn,
    "Active Portfolio Management", 2000, chapter 5.

    Examples
    --------
    >>> round(information_ratio([0.01, 0.03], [0.0, 0.0], 50), 12)
    10.0
    """
    active = _active(returns, benchmark)
    spread, centre = deviation(active), mean(active)
    if isinstance(spread, Undefined) or isinstance(centre, Undefined):
        return _TOO_FEW
    same = "The difference to the benchmark never varies."
    found = ratio(centre, spread, same)
    return found if isinstance(found, Undefined) else found * math.sqrt(periods_per_year)


def capture(returns: Sequence[float], benchmark: Sequence[float], sign: int) -> tuple[Figure, int]:
    """Share of the benchmark's rises (sign 1) or falls (-1) that the returns took, and the count.

    The geometric mean return over the periods in which the benchmark rose (fell), over that of the
    benchmark in the same periods.

    Notes
    -----
    Source: Morningstar, upside and downside capture ratio, there by months.

    Examples
    --------
    >>> share, n = capture([0.01, -0.01, 0.01], [0.02, -0.01, 0.02], 1)
    >>> round(share, 12), n
    (0.5, 2)
    """
    pairs = [(r, b) for r, b in zip(returns, benchmark, strict=True) if b * sign > 0]
    absent = "The benchmark never rose." if sign > 0 else "The benchmark never fell."
    own = geometric_mean([r for r, _ in pairs], absent)
    other = geometric_mean([b for _, b in pairs], absent)
    return ratio(own, other, absent), len(pairs)


def _active(returns: Sequence[float], benchmark: Sequence[float]) -> list[float]:
    return [r - b for r, b in zip(returns, benchmark, strict=True)]
