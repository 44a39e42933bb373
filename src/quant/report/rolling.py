"""Sharpe ratio, volatility and beta of every window of sessions.

The conventions are those of the whole run's figures (`measures`): simple returns per session,
standard deviation with ddof 1, exact sums (`math.fsum`) of each window on its own, so that no
error of an earlier window is carried along. The window that spans the run gives the run's figure,
bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from quant.errors import DataError
from quant.report.measures import per_period
from quant.report.sessions import Sessions
from quant.report.trades import FloatArray, IntArray

__all__ = ["Rolling", "rolling_figures"]

_ZERO_DEVIATION = 1e-15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rolling:
    """Figures of each window, by the session it ends with; arrays of one length.

    Attributes
    ----------
    window : int
        Sessions in a window.
    place : int64
        Session a window ends with, from 0.
    sharpe, volatility : float64
        Annualised; the Sharpe ratio is NaN where the returns of the window never vary.
    beta : float64, optional
        To the benchmark; NaN where the benchmark's returns never vary. None without a benchmark.
    """

    window: int
    place: IntArray
    sharpe: FloatArray
    volatility: FloatArray
    beta: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.place)


def rolling_figures(
    sessions: Sessions,
    window: int,
    periods_per_year: int,
    risk_free: float = 0.0,
    benchmark: Sessions | None = None,
) -> Rolling:
    """Figures of every full window.

    Parameters
    ----------
    sessions : Sessions
        From `fold_sessions`.
    window : int
        Sessions, at least 2.
    periods_per_year : int
        Sessions in a year.
    risk_free : float
        Annual rate; per session it is ``(1 + risk_free) ** (1 / periods_per_year) - 1``.
    benchmark : Sessions, optional
        Of the benchmark, at the same sessions.

    Returns
    -------
    Rolling
        ``n - window + 1`` values; none if the run is shorter or its equity not positive.

    Raises
    ------
    DataError
        If the window has fewer than 2 sessions.

    Notes
    -----
    Beta is the covariance of the two series of returns over the variance of the benchmark's.

    Examples
    --------
    >>> import numpy as np
    >>> from quant.report.sessions import fold_sessions
    >>> day = np.array([0, 0, 1, 2])
    >>> run = fold_sessions(day, day, np.array([100.0, 101.0, 101.0, 102.01]))
    >>> found = rolling_figures(run, 2, 252)
    >>> found.place.tolist(), found.volatility.round(4).tolist()
    ([1, 2], [0.1122, 0.1122])
    """
    if window < 2:
        raise DataError(
            f"A rolling window needs at least 2 sessions, but has {window}; give more, a year is "
            f"{periods_per_year}."
        )
    returns = np.array(sessions.returns)
    n = max(len(returns) - window + 1, 0)
    excess = returns - per_period(risk_free, periods_per_year)
    year = math.sqrt(periods_per_year)
    sharpe, volatility = np.full(n, np.nan), np.zeros(n)
    for i in range(n):
        volatility[i] = _deviation(returns[i : i + window]) * year
        part = excess[i : i + window]
        spread = _deviation(part)
        if spread > 0.0:
            sharpe[i] = math.fsum(part.tolist()) / window / spread * year
    beta = None
    if benchmark is not None:
        beta = np.full(n, np.nan)
        other = np.array(benchmark.returns)
        for i in range(n if len(other) == len(returns) else 0):
            beta[i] = _beta(returns[i : i + window], other[i : i + window])
    place = np.arange(window - 1, window - 1 + n, dtype=np.int64)
    return Rolling(window=window, place=place, sharpe=sharpe, volatility=volatility, beta=beta)


def _deviation(values: FloatArray) -> float:
    """`measures.deviation` of an array: products by numpy, sums exact."""
    centre = math.fsum(values.tolist()) / len(values)
    apart = values - centre
    found = math.sqrt(math.fsum((apart * apart).tolist()) / (len(values) - 1))
    return found if found > _ZERO_DEVIATION * max(1.0, abs(centre)) else 0.0


def _beta(own: FloatArray, other: FloatArray) -> float:
    if _deviation(other) == 0.0:
        return math.nan
    apart = other - math.fsum(other.tolist()) / len(other)
    beside = own - math.fsum(own.tolist()) / len(own)
    return math.fsum((beside * apart).tolist()) / math.fsum((apart * apart).tolist())
