"""One row of every indicator, as plain functions of floats.

This is the only place where the arithmetic is written. The loops over arrays
(:mod:`~quant.indicators.windows`, :mod:`~quant.indicators.recursive`) inline compiled copies of
these functions, the one-row twins (:mod:`~quant.indicators.twins`) call them as they stand, and so
both give the same bits. To hold that, a function here

- uses + − × ÷, ``math.sqrt``, ``math.isfinite`` and comparisons only, in one written order;
- calls no other function of this module, since a compiled copy cannot call a plain one;
- never divides by zero, and lets no indicator end on infinity or on any NaN but ``NAN``: the NaNs
  that a processor makes differ in their sign bit.

*Window*: the last ``n`` rows, oldest first, all finite. *Offset*: the mean of a window less its
first row. Measuring from the first row makes the mean of n equal prices exactly that price and
their standard deviation exactly zero, which a plain sum does not (three times 0.1 is not 0.3).
"""

from __future__ import annotations

import math
from typing import Protocol

__all__ = [
    "NAN",
    "Window",
    "atr_step",
    "ema_step",
    "finite",
    "rsi_step",
    "simple_return",
    "vol_weight",
    "window_deviation",
    "window_offset",
    "window_score",
]

NAN = float("nan")


class Window(Protocol):
    """Rows by number: a list in a twin, a part of an array in a loop."""

    def __len__(self) -> int: ...

    def __getitem__(self, row: int, /) -> float: ...


def finite(value: float) -> float:
    """The value, or NaN where it overflowed."""
    return value if math.isfinite(value) else NAN


def window_offset(window: Window) -> float:
    """Mean of the window less its first row.

    Four sums over rows 0, 4, 8 …, 1, 5, 9 … and so on, the rows that do not fill a group of four
    added to the first sum, then joined as (a + b) + (c + d). The four do not wait for one another,
    which makes the compiled loop several times faster than one sum.
    """
    n = len(window)
    first = window[0]
    whole = n - n % 4
    a = b = c = d = 0.0
    for row in range(0, whole, 4):
        a += window[row] - first
        b += window[row + 1] - first
        c += window[row + 2] - first
        d += window[row + 3] - first
    for row in range(whole, n):
        a += window[row] - first
    return ((a + b) + (c + d)) / n


def window_deviation(window: Window, offset: float, ddof: int) -> float:
    """Standard deviation of the window with divisor ``n - ddof``; the sums as in the offset."""
    n = len(window)
    first = window[0]
    whole = n - n % 4
    a = b = c = d = 0.0
    for row in range(0, whole, 4):
        p = (window[row] - first) - offset
        q = (window[row + 1] - first) - offset
        r = (window[row + 2] - first) - offset
        s = (window[row + 3] - first) - offset
        a += p * p
        b += q * q
        c += r * r
        d += s * s
    for row in range(whole, n):
        p = (window[row] - first) - offset
        a += p * p
    return math.sqrt(((a + b) + (c + d)) / (n - ddof))


def window_score(window: Window, offset: float, deviation: float) -> float:
    """Newest row less the mean, in standard deviations; NaN if they are zero or overflowed."""
    if not (deviation > 0.0 and math.isfinite(deviation)):
        return NAN
    return ((window[len(window) - 1] - window[0]) - offset) / deviation


def simple_return(previous: float, value: float) -> float:
    """``value / previous - 1``, or NaN without a positive previous value to divide by."""
    if not (math.isfinite(value) and math.isfinite(previous) and previous > 0.0):
        return NAN
    return value / previous - 1.0


def vol_weight(vol: float, target: float, max_leverage: float) -> float:
    """``target / vol``, at most ``max_leverage``, which is also the weight at zero volatility."""
    if not math.isfinite(vol):
        return NAN
    if vol == 0.0:
        return max_leverage
    weight = target / vol
    return weight if weight < max_leverage else max_leverage


def ema_step(
    value: float, n: int, alpha: float, seen: int, first: float, level: float
) -> tuple[int, float, float, float]:
    """Next ``(seen, first, level)`` of an EMA, and its output for this row.

    Up to row ``n`` the level is the sum of the rows less the first one, from then on the average.
    """
    if not math.isfinite(value):
        return seen, first, level, NAN
    if seen < n:
        if seen == 0:
            first = value
        seen += 1
        level += value - first
        if seen < n:
            return seen, first, level, NAN
        level = first + level / n
    else:
        level = (value - level) * alpha + level
    return seen, first, level, level if math.isfinite(level) else NAN


def rsi_step(
    value: float, n: int, seen: int, previous: float, gain: float, loss: float
) -> tuple[int, float, float, float, float]:
    """Next ``(seen, previous, gain, loss)`` of an RSI, and its output for this row.

    Up to change ``n`` gain and loss are sums, from then on Wilder's averages.
    """
    if not math.isfinite(value):
        return seen, previous, gain, loss, NAN
    if seen == 0:
        return 1, value, gain, loss, NAN
    change = value - previous
    up = change if change > 0.0 else 0.0
    down = 0.0 - change if change < 0.0 else 0.0
    if seen <= n:
        seen += 1
        gain += up
        loss += down
        if seen <= n:
            return seen, value, gain, loss, NAN
        gain /= n
        loss /= n
    else:
        gain = (gain * (n - 1) + up) / n
        loss = (loss * (n - 1) + down) / n
    total = gain + loss
    index = 100.0 * (gain / total) if total > 0.0 else 0.0
    return seen, value, gain, loss, index if math.isfinite(total) else NAN


def atr_step(
    high: float, low: float, close: float, n: int, seen: int, previous: float, level: float
) -> tuple[int, float, float, float]:
    """Next ``(seen, previous, level)`` of an ATR, and its output for this row.

    The true range is the largest of high − low and the distances of both to the previous close.
    Up to range ``n`` the level is the sum of the true ranges, from then on Wilder's average.
    """
    if not (math.isfinite(high) and math.isfinite(low) and math.isfinite(close)):
        return seen, previous, level, NAN
    if seen == 0:
        return 1, close, level, NAN
    true_range = high - low
    above = high - previous if high > previous else previous - high
    below = low - previous if low > previous else previous - low
    if above > true_range:
        true_range = above
    if below > true_range:
        true_range = below
    if seen <= n:
        seen += 1
        level += true_range
        if seen <= n:
            return seen, close, level, NAN
        level /= n
    else:
        level = (level * (n - 1) + true_range) / n
    return seen, close, level, level if math.isfinite(level) else NAN
