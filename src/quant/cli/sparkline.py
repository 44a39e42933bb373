"""A curve in one line of text."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["sparkline"]

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int = 60) -> str:
    """The values as block characters, lowest to highest; a long series by the last of each bucket.

    Examples
    --------
    >>> sparkline([1.0, 2.0, 3.0, 2.0])
    '▁▅█▅'
    >>> sparkline([5.0, 5.0])
    '▁▁'
    """
    if not values:
        return ""
    n = min(width, len(values))
    picked = [values[(k + 1) * len(values) // n - 1] for k in range(n)]
    low, high = min(picked), max(picked)
    if high <= low:
        return _BARS[0] * n
    top = len(_BARS) - 1
    return "".join(_BARS[int((value - low) / (high - low) * top + 0.5)] for value in picked)
