"""Indicators of the last ``n`` rows.

Each value is computed from its own window alone, never carried over from the row before, so the
bits do not depend on where the series starts: cutting rows off the front changes no later value.
Output rows are NaN until ``n`` rows are there. A row that is not finite (NaN or infinite) is a
missing row and makes every window that holds it NaN. A result, or a step towards it, too large
for a float64 gives NaN.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from quant.indicators import checks
from quant.indicators.arithmetic import (
    NAN,
    finite,
    simple_return,
    vol_weight,
    window_deviation,
    window_offset,
    window_score,
)
from quant.indicators.checks import FloatArray, kernel_view
from quant.kernel.jit import entry, inlined

__all__ = [
    "donchian_lower",
    "donchian_upper",
    "rolling_max",
    "rolling_mean",
    "rolling_min",
    "rolling_std",
    "vol_target",
    "zscore",
]

_finite = inlined(finite)
_offset = inlined(window_offset)
_deviation = inlined(window_deviation)
_score = inlined(window_score)
_simple_return = inlined(simple_return)
_vol_weight = inlined(vol_weight)


def _mean_rows(values: FloatArray, out: FloatArray, n: int) -> None:
    clean = 0
    for i in range(len(values)):
        clean = clean + 1 if math.isfinite(values[i]) else 0
        if clean < n:
            out[i] = NAN
        else:
            window = values[i - n + 1 : i + 1]
            out[i] = _finite(window[0] + _offset(window))


def _std_rows(values: FloatArray, out: FloatArray, n: int, ddof: int) -> None:
    clean = 0
    for i in range(len(values)):
        clean = clean + 1 if math.isfinite(values[i]) else 0
        if clean < n:
            out[i] = NAN
        else:
            window = values[i - n + 1 : i + 1]
            out[i] = _finite(_deviation(window, _offset(window), ddof))


def _zscore_rows(values: FloatArray, out: FloatArray, n: int, ddof: int) -> None:
    clean = 0
    for i in range(len(values)):
        clean = clean + 1 if math.isfinite(values[i]) else 0
        if clean < n:
            out[i] = NAN
        else:
            window = values[i - n + 1 : i + 1]
            offset = _offset(window)
            out[i] = _score(window, offset, _deviation(window, offset, ddof))


def _extreme_rows(
    values: FloatArray, queue: NDArray[np.int64], out: FloatArray, n: int, sign: float
) -> None:
    # The queue holds the rows that can still become the minimum of sign * values, oldest first;
    # their values grow from head to tail. Among equal values the newest row stays.
    head = 0
    tail = 0
    clean = 0
    for i in range(len(values)):
        out[i] = NAN
        if not math.isfinite(values[i]):
            clean = 0
            head = tail
            continue
        clean += 1
        if head < tail and queue[head] <= i - n:
            head += 1
        while head < tail and sign * values[queue[tail - 1]] >= sign * values[i]:
            tail -= 1
        queue[tail] = i
        tail += 1
        if clean >= n:
            out[i] = values[queue[head]]


def _vol_target_rows(
    values: FloatArray,
    changes: FloatArray,
    out: FloatArray,
    n: int,
    target: float,
    periods_root: float,
    max_leverage: float,
) -> None:
    clean = 0
    previous = NAN
    for i in range(len(values)):
        changes[i] = _simple_return(previous, values[i])
        previous = values[i]
        clean = clean + 1 if math.isfinite(changes[i]) else 0
        if clean < n:
            out[i] = NAN
        else:
            window = changes[i - n + 1 : i + 1]
            vol = _deviation(window, _offset(window), 1) * periods_root
            out[i] = _vol_weight(vol, target, max_leverage)


_mean_kernel = entry(_mean_rows)
_std_kernel = entry(_std_rows)
_zscore_kernel = entry(_zscore_rows)
_extreme_kernel = entry(_extreme_rows)
_vol_target_kernel = entry(_vol_target_rows)


def rolling_mean(values: FloatArray, n: int) -> FloatArray:
    """Mean of the last ``n`` rows, this one included.

    Parameters
    ----------
    values : float64 array of shape (n_rows,)
        Any unit, oldest row first.
    n : int
        Rows in the window, at least 1.

    Returns
    -------
    float64 array of shape (n_rows,)
        In the unit of the input; NaN in the first ``n - 1`` rows and wherever the window holds a
        missing row. The mean of equal values is exactly that value.

    Raises
    ------
    ConfigError
        If ``n`` is not a whole number of at least 1.
    SchemaError
        If ``values`` is not a float64 array of one dimension.

    Examples
    --------
    >>> rolling_mean(np.array([1.0, 2.0, 6.0, 7.0]), 3)
    array([nan, nan,  3.,  5.])
    """
    n = checks.window("rolling_mean", n)
    (values,) = checks.columns("rolling_mean", values=values)
    out = np.empty_like(values)
    _mean_kernel(kernel_view(values), kernel_view(out), n)
    return out


def rolling_std(values: FloatArray, n: int, ddof: int = 1) -> FloatArray:
    """Standard deviation of the last ``n`` rows, this one included, with divisor ``n - ddof``.

    Parameters
    ----------
    values : float64 array of shape (n_rows,)
        Any unit, oldest row first.
    n : int
        Rows in the window, more than ``ddof``.
    ddof : int
        1 for the sample, 0 for the population.

    Returns
    -------
    float64 array of shape (n_rows,)
        In the unit of the input, never negative; NaN in the first ``n - 1`` rows and wherever the
        window holds a missing row. Equal values give exactly zero.

    Raises
    ------
    ConfigError
        If ``n`` or ``ddof`` is not a whole number in its range.
    SchemaError
        If ``values`` is not a float64 array of one dimension.

    Notes
    -----
    Two passes over each window: the mean, then the squares of the distances to it.

    Examples
    --------
    >>> rolling_std(np.array([1.0, 3.0, 3.0, 7.0]), 2, ddof=0)
    array([nan,  1.,  0.,  2.])
    """
    n = checks.window("rolling_std", n)
    ddof = checks.degrees("rolling_std", ddof, n)
    (values,) = checks.columns("rolling_std", values=values)
    out = np.empty_like(values)
    _std_kernel(kernel_view(values), kernel_view(out), n, ddof)
    return out


def zscore(values: FloatArray, n: int, ddof: int = 1) -> FloatArray:
    """Distance of each row to the mean of its last ``n`` rows, in their standard deviations.

    Parameters
    ----------
    values : float64 array of shape (n_rows,)
        Any unit, oldest row first.
    n : int
        Rows in the window, at least 2 and more than ``ddof``.
    ddof : int
        1 for the sample, 0 for the population.

    Returns
    -------
    float64 array of shape (n_rows,)
        A pure number; NaN in the first ``n - 1`` rows, wherever the window holds a missing row and
        wherever the standard deviation is zero.

    Raises
    ------
    ConfigError
        If ``n`` or ``ddof`` is not a whole number in its range.
    SchemaError
        If ``values`` is not a float64 array of one dimension.

    Examples
    --------
    >>> zscore(np.array([1.0, 3.0, 3.0, 7.0]), 2, ddof=0)
    array([nan,  1., nan,  1.])
    """
    n = checks.window("zscore", n, least=2)
    ddof = checks.degrees("zscore", ddof, n)
    (values,) = checks.columns("zscore", values=values)
    out = np.empty_like(values)
    _zscore_kernel(kernel_view(values), kernel_view(out), n, ddof)
    return out


def _extreme(where: str, values: FloatArray, n: int, sign: float) -> FloatArray:
    """Minimum of the window for sign 1, maximum for sign −1."""
    n = checks.window(where, n)
    (values,) = checks.columns(where, values=values)
    out = np.empty_like(values)
    queue = np.empty(len(values), dtype=np.int64)
    _extreme_kernel(kernel_view(values), kernel_view(queue), kernel_view(out), n, sign)
    return out


def rolling_min(values: FloatArray, n: int) -> FloatArray:
    """Smallest of the last ``n`` rows, this one included; arguments as in :func:`rolling_mean`.

    Examples
    --------
    >>> rolling_min(np.array([3.0, 1.0, 2.0, 4.0]), 2)
    array([nan,  1.,  1.,  2.])
    """
    return _extreme("rolling_min", values, n, 1.0)


def rolling_max(values: FloatArray, n: int) -> FloatArray:
    """Largest of the last ``n`` rows, this one included; arguments as in :func:`rolling_mean`.

    Examples
    --------
    >>> rolling_max(np.array([3.0, 1.0, 2.0, 4.0]), 2)
    array([nan,  3.,  2.,  4.])
    """
    return _extreme("rolling_max", values, n, -1.0)


def donchian_upper(high: FloatArray, n: int) -> FloatArray:
    """Upper Donchian channel: the highest high of the last ``n`` rows, this one included.

    A strategy that buys above the channel must compare with the row before: no close lies above a
    channel that holds its own bar. Arguments as in :func:`rolling_mean`.

    Examples
    --------
    >>> donchian_upper(np.array([3.0, 1.0, 2.0, 4.0]), 2)
    array([nan,  3.,  2.,  4.])
    """
    return _extreme("donchian_upper", high, n, -1.0)


def donchian_lower(low: FloatArray, n: int) -> FloatArray:
    """Lower Donchian channel: the lowest low of the last ``n`` rows, this one included.

    Arguments as in :func:`rolling_mean`.

    Examples
    --------
    >>> donchian_lower(np.array([3.0, 1.0, 2.0, 4.0]), 2)
    array([nan,  1.,  1.,  2.])
    """
    return _extreme("donchian_lower", low, n, 1.0)


def vol_target(
    values: FloatArray,
    n: int,
    *,
    target: float,
    periods_per_year: float,
    max_leverage: float = 1.0,
) -> FloatArray:
    """Weight that would have held the annual volatility of the last ``n`` returns at ``target``.

    ``min(max_leverage, target / (std * sqrt(periods_per_year)))``, where std is the standard
    deviation (ddof 1) of the last ``n`` simple returns.

    Parameters
    ----------
    values : float64 array of shape (n_rows,)
        Prices, oldest row first.
    n : int
        Returns in the window, at least 2.
    target : float
        Volatility per year as a decimal (0.1 is 10 %), above zero.
    periods_per_year : float
        Rows per year: 252 for daily bars of a stock exchange. It has no default, since only the
        calendar knows.
    max_leverage : float
        Largest weight, as a fraction of equity, above zero; given where volatility is zero.

    Returns
    -------
    float64 array of shape (n_rows,)
        Weight as a fraction of equity; NaN in the first ``n`` rows and wherever one of the
        ``n + 1`` prices is missing, or one that a return divides by is not above zero.

    Raises
    ------
    ConfigError
        If a parameter is out of its range.
    SchemaError
        If ``values`` is not a float64 array of one dimension.

    Examples
    --------
    >>> prices = np.array([100.0, 150.0, 75.0, 75.0, 75.0])
    >>> vol_target(prices, 2, target=0.5, periods_per_year=2)
    array([nan, nan, 0.5, 1. , 1. ])
    """
    n = checks.window("vol_target", n, least=2)
    target = checks.positive("vol_target", "target", target)
    periods = checks.positive("vol_target", "periods_per_year", periods_per_year)
    limit = checks.positive("vol_target", "max_leverage", max_leverage)
    (values,) = checks.columns("vol_target", values=values)
    out = np.empty_like(values)
    views = (kernel_view(values), kernel_view(np.empty_like(values)), kernel_view(out))
    _vol_target_kernel(*views, n, target, math.sqrt(periods), limit)
    return out
