"""Random numbers as a function of a counter: no state, so no draw can move another.

The function is SplitMix64 (Steele, Lea, Flood, *Fast splittable pseudorandom number generators*,
OOPSLA 2014): the key picks the stream, the counter the place in it.
"""

from __future__ import annotations

import math

__all__ = ["exponential", "uniform"]

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15


def _mixed(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def uniform(key: int, counter: int) -> float:
    """A number in [0, 1), the same for the same key and counter.

    Examples
    --------
    >>> uniform(7, 0) == uniform(7, 0), uniform(7, 0) == uniform(7, 1)
    (True, False)
    """
    return (_mixed((key + (counter + 1) * _GAMMA) & _MASK) >> 11) * 2.0**-53


def exponential(key: int, counter: int) -> float:
    """A number from the exponential distribution of mean 1."""
    return -math.log1p(-uniform(key, counter))
