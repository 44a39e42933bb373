"""Figures of every window of sessions.

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
from quant.report import comparison, measures
from quant.report.measures import Figure, Undefined, per_period
from quant.report.sessions import Sessions, drawdown_path
from quant.report.trades import FloatArray, IntArray

__all__ = ["Rolling", "further_figures", "rolling_figures"]

_ZERO_DEVIATION = 1e-15
_PAIRED = (
    *("alpha", "correlation", "tracking_error", "information_ratio"),
    *("up_capture", "down_capture"),
)


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


def further_figures(
    sessions: Sessions,
    window: int,
    periods_per_year: int,
    risk_free: float = 0.0,
    benchmark: Sessions | None = None,
) -> dict[str, FloatArray]:
    """More figures of every full window, by the names of the metrics; NaN where there is none.

    Parameters are those of `rolling_figures`.

    Returns
    -------
    dict of str to float64 array of shape (n - window + 1,)
        ``total_return``, ``sortino`` and ``max_drawdown_pct`` (by session ends); with a benchmark
        ``alpha``, ``correlation``, ``tracking_error``, ``information_ratio``, ``up_capture`` and
        ``down_capture`` too.

    Examples
    --------
    >>> import numpy as np
    >>> from quant.report.sessions import fold_sessions
    >>> day = np.array([0, 0, 1, 2])
    >>> run = fold_sessions(day, day, np.array([100.0, 110.0, 99.0, 99.0]))
    >>> further_figures(run, 2, 252)["max_drawdown_pct"].round(4).tolist()
    [0.1, 0.1]
    """
    returns, ends = sessions.returns, np.array(sessions.equity)
    others = None if benchmark is None else benchmark.returns
    if others is not None and len(others) != len(returns):
        others = None
    rate = per_period(risk_free, periods_per_year)
    rows = []
    for i in range(max(len(returns) - window + 1, 0)):
        own = returns[i : i + window]
        found: dict[str, Figure] = {
            "total_return": float(ends[i + window] / ends[i]) - 1.0,
            "sortino": measures.sortino(own, periods_per_year),
            "max_drawdown_pct": float(np.max(drawdown_path(ends[i : i + window + 1]))),
        }
        if others is not None:
            found |= _beside(own, others[i : i + window], periods_per_year, rate)
        rows.append({name: _number(figure) for name, figure in found.items()})
    names = ["total_return", "sortino", "max_drawdown_pct"]
    names += [] if benchmark is None else list(_PAIRED)
    return {name: np.array([row.get(name, math.nan) for row in rows]) for name in names}


def _beside(
    own: list[float], other: list[float], periods_per_year: int, rate: float
) -> dict[str, Figure]:
    """The figures of one window against the benchmark's."""
    line = comparison.fit_line([r - rate for r in own], [b - rate for b in other])
    return {
        "alpha": line if isinstance(line, Undefined) else line.alpha * periods_per_year,
        "correlation": comparison.correlation(own, other),
        "tracking_error": comparison.tracking_error(own, other, periods_per_year),
        "information_ratio": comparison.information_ratio(own, other, periods_per_year),
        "up_capture": comparison.capture(own, other, 1)[0],
        "down_capture": comparison.capture(own, other, -1)[0],
    }


def _number(figure: Figure) -> float:
    return math.nan if isinstance(figure, Undefined) else float(figure)
