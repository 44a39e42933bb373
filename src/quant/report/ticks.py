"""Where an axis has its marks, and what stands beside them.

Marks are numbers people count in: 1, 2, 2.5 or 5 times a power of ten, whole years, whole months,
whole days. The functions give positions in the axis's own unit; :mod:`~quant.report.svg` draws.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Final

__all__ = ["MONTHS", "linear_ticks", "log_ticks", "time_ticks"]

_NS: Final = 1_000_000_000
_DAY: Final = 86_400
# fmt: off
MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)
# fmt: on
_YEAR_STEPS: Final = (1, 2, 5, 10, 20, 50, 100)
_MONTH_STEPS: Final = (1, 2, 3, 6)
_MINUTE_STEPS: Final = (60, 300, 900, 1800, 3600, 7200, 10800, 21600)
_DAY_STEPS: Final = (_DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY)
_SECOND_STEPS: Final = (1, 5, 15, *_MINUTE_STEPS, *_DAY_STEPS)
_LOG_STEPS: Final = ((1.0,), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))


def linear_ticks(low: float, high: float, n: int = 5) -> list[float]:
    """At most `n` + 2 round numbers between `low` and `high`, evenly spaced.

    Examples
    --------
    >>> linear_ticks(93.0, 182.0)
    [100.0, 120.0, 140.0, 160.0, 180.0]
    """
    rough = (high - low) / n
    if not rough > 0:
        return [low]
    power = math.floor(math.log10(rough))
    unit = 10.0**power
    step = next((m * unit for m in (1.0, 2.0, 2.5, 5.0) if m * unit >= rough * 0.999), 10 * unit)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Rounding keeps 0.30000000000000004 off the axis.
    return [round(k * step, max(0, 2 - power)) + 0.0 for k in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers between positive `low` and `high`, for an axis of logarithms.

    Examples
    --------
    >>> log_ticks(900.0, 60000.0)
    [1000.0, 2000.0, 5000.0, 10000.0, 20000.0, 50000.0]
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in _LOG_STEPS:
        found = [m * 10.0**power for power in powers for m in steps]
        inside = [value for value in found if low <= value <= high]
        if 4 <= len(inside) <= 9:
            return inside
    return linear_ticks(low, high)


def time_ticks(start: int, end: int, n: int = 11) -> list[tuple[int, str]]:
    """At most `n` round instants between two times, each with its label.

    Parameters
    ----------
    start, end : int
        Nanoseconds UTC.
    n : int
        Most ticks.

    Examples
    --------
    >>> day = 86_400_000_000_000
    >>> [label for _, label in time_ticks(18262 * day, 20089 * day)]
    ['2020', '2021', '2022', '2023', '2024', '2025']
    """
    seconds = (end - start) / _NS
    if seconds >= 2.5 * 365 * _DAY:
        return _month_ticks(start, end, [12 * step for step in _YEAR_STEPS], n)
    if seconds >= 85 * _DAY:
        # Names of months are wide.
        return _month_ticks(start, end, [*_MONTH_STEPS, 12], min(n, 8))
    step = next((s for s in _SECOND_STEPS if seconds / s <= n - 1), 14 * _DAY)
    first = -(-start // (step * _NS))
    moments = [k * step * _NS for k in range(first, end // (step * _NS) + 1)]
    return [(moment, _moment_label(moment, step)) for moment in moments]


def _month_ticks(start: int, end: int, steps: list[int], n: int) -> list[tuple[int, str]]:
    """First days of every so many months, with the smallest step that keeps to `n` ticks."""
    months = range(_month(start), _month(end) + 1)
    found: list[tuple[int, str]] = []
    for step in steps:
        firsts = [(_month_start(m), m) for m in months if m % step == 0]
        found = [(ts, _month_label(m, step)) for ts, m in firsts if start <= ts <= end]
        if len(found) <= n:
            break
    return found


def _month(ts: int) -> int:
    day = datetime.fromtimestamp(ts // _NS, UTC)
    return day.year * 12 + day.month - 1


def _month_start(month: int) -> int:
    return int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) * _NS


def _month_label(month: int, step: int) -> str:
    year = f"{month // 12}"
    return year if step % 12 == 0 else f"{MONTHS[month % 12]} {year}"


def _moment_label(ts: int, step: int) -> str:
    moment = datetime.fromtimestamp(ts // _NS, UTC)
    day = f"{moment.day} {MONTHS[moment.month - 1]}"
    if step >= _DAY:
        return day
    clock = f"{moment:%H:%M:%S}" if step < 60 else f"{moment:%H:%M}"
    return f"{day} {clock}" if moment.hour == 0 and moment.minute == 0 else clock
