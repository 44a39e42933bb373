"""Indicators that carry a state from row to row: EMA, RSI, ATR.

They follow TA-Lib's conventions, including how they start, and so depend on where the series
starts: the start fades, by a factor 1 − 2/(n + 1) per row for the EMA and 1 − 1/n for the others,
and never quite leaves. Output rows are NaN until the first value. A row that is not finite (NaN or
infinite) is a missing row: it is skipped, its output is NaN and the state stays as it was, so the
next row continues from the last good one. A result, or a step towards it, too large
for a float64 gives NaN.

Source: J. Welles Wilder, New Concepts in Technical Trading Systems (1978), for RSI and ATR; starts
as the functions EMA, RSI and ATR of TA-Lib 0.8.1 have them by default, checked against its build.
"""

from __future__ import annotations

import numpy as np

from quant.indicators import checks
from quant.indicators.arithmetic import NAN, atr_step, ema_step, rsi_step
from quant.indicators.checks import FloatArray, kernel_view
from quant.kernel.jit import entry, inlined

__all__ = ["atr", "ema", "rsi"]

_ema_step = inlined(ema_step)
_rsi_step = inlined(rsi_step)
_atr_step = inlined(atr_step)


def _ema_rows(values: FloatArray, out: FloatArray, n: int, alpha: float) -> None:
    seen = 0
    first = NAN
    level = 0.0
    for i in range(len(values)):
        seen, first, level, out[i] = _ema_step(values[i], n, alpha, seen, first, level)


def _rsi_rows(values: FloatArray, out: FloatArray, n: int) -> None:
    seen = 0
    previous = NAN
    gain = 0.0
    loss = 0.0
    for i in range(len(values)):
        seen, previous, gain, loss, out[i] = _rsi_step(values[i], n, seen, previous, gain, loss)


def _atr_rows(
    high: FloatArray, low: FloatArray, close: FloatArray, out: FloatArray, n: int
) -> None:
    seen = 0
    previous = NAN
    level = 0.0
    for i in range(len(close)):
        seen, previous, level, out[i] = _atr_step(
            high[i], low[i], close[i], n, seen, previous, level
        )


_ema_kernel = entry(_ema_rows)
_rsi_kernel = entry(_rsi_rows)
_atr_kernel = entry(_atr_rows)


def ema(values: FloatArray, n: int) -> FloatArray:
    """Exponential moving average with weight ``2 / (n + 1)`` on the newest row.

    Parameters
    ----------
    values : float64 array of shape (n_rows,)
        Any unit, oldest row first.
    n : int
        At least 1; with 1 the output is the input.

    Returns
    -------
    float64 array of shape (n_rows,)
        In the unit of the input. Row ``n - 1`` is the mean of the first ``n`` rows, rows before it
        are NaN; missing rows are skipped and do not count.

    Raises
    ------
    ConfigError
        If ``n`` is not a whole number of at least 1.
    SchemaError
        If ``values`` is not a float64 array of one dimension.

    Examples
    --------
    >>> ema(np.array([1.0, 2.0, 6.0, 7.0, 5.0]), 3)
    array([nan, nan,  3.,  5.,  5.])
    """
    n = checks.window("ema", n)
    (values,) = checks.columns("ema", values=values)
    out = np.empty_like(values)
    _ema_kernel(kernel_view(values), kernel_view(out), n, 2.0 / (n + 1))
    return out


def rsi(values: FloatArray, n: int) -> FloatArray:
    """Wilder's relative strength index: ``100 * gain / (gain + loss)``.

    Parameters
    ----------
    values : float64 array of shape (n_rows,)
        Prices, oldest row first.
    n : int
        Changes in Wilder's average, at least 1.

    Returns
    -------
    float64 array of shape (n_rows,)
        From 0 to 100. Row ``n`` uses the plain means of the first ``n`` gains and losses, rows
        before it are NaN; missing rows are skipped and the next change bridges them.

    Raises
    ------
    ConfigError
        If ``n`` is not a whole number of at least 1.
    SchemaError
        If ``values`` is not a float64 array of one dimension.

    Notes
    -----
    Without any change the index is 0, as in TA-Lib: a price that never moved reads as oversold.

    Examples
    --------
    >>> rsi(np.array([10.0, 11.0, 10.0, 13.0]), 2)
    array([ nan,  nan, 50. , 87.5])
    """
    n = checks.window("rsi", n)
    (values,) = checks.columns("rsi", values=values)
    out = np.empty_like(values)
    _rsi_kernel(kernel_view(values), kernel_view(out), n)
    return out


def atr(high: FloatArray, low: FloatArray, close: FloatArray, n: int) -> FloatArray:
    """Wilder's average true range.

    Parameters
    ----------
    high, low, close : float64 arrays of shape (n_rows,)
        Prices of the same bars, oldest row first.
    n : int
        True ranges in Wilder's average, at least 1.

    Returns
    -------
    float64 array of shape (n_rows,)
        In the unit of the prices, never negative. The first true range needs a previous close and
        belongs to row 1; row ``n`` is the mean of the first ``n`` true ranges, rows before it are
        NaN. A row with any of the three missing is skipped, and the next true range is measured
        from the last close before it.

    Raises
    ------
    ConfigError
        If ``n`` is not a whole number of at least 1.
    SchemaError
        If a column is not a float64 array of one dimension, or the lengths differ.

    Examples
    --------
    >>> high, low = np.array([5.0, 6.0, 9.0, 9.0]), np.array([3.0, 4.0, 7.0, 8.0])
    >>> atr(high, low, np.array([4.0, 5.0, 8.0, 8.0]), 2)
    array([nan, nan,  3.,  2.])
    """
    n = checks.window("atr", n)
    high, low, close = checks.columns("atr", high=high, low=low, close=close)
    out = np.empty_like(close)
    views = (kernel_view(high), kernel_view(low), kernel_view(close))
    _atr_kernel(*views, kernel_view(out), n)
    return out
