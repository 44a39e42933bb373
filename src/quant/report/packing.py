"""Numbers and texts on their way into a page: short, exact to a stated step, never markup.

A column of numbers becomes whole multiples of a power of ten; the differences between neighbours,
small numbers mostly, are written as variable-length integers in base 64. Daily prices take about
two bytes each, a tenth of their text. ``pack.js`` reads them back to the nearest float64 of the
same decimals.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from typing import Any, Final

import numpy as np

from quant.report.trades import FloatArray, IntArray

__all__ = ["decimals_for", "hash_source", "pack_numbers", "pack_whole", "script_json"]

_MOST_DIGITS: Final = 15
# Ends of strings in script and of lines in old engines; `<` begins every tag that could end it.
_UNSAFE: Final = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def decimals_for(values: FloatArray, digits: int = 5) -> int:
    """Decimals at which the smallest magnitude keeps `digits` digits, and the largest is exact.

    Examples
    --------
    >>> decimals_for(np.array([100.0, 250.0])), decimals_for(np.array([0.0001234]), 4)
    (2, 7)
    """
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not len(sizes):
        return 0
    finest = digits - 1 - math.floor(math.log10(float(sizes.min())))
    return min(finest, _MOST_DIGITS - 1 - math.floor(math.log10(float(sizes.max()))))


def pack_numbers(values: FloatArray, decimals: int) -> dict[str, Any]:
    """A column rounded to so many decimals, as ``{"k": decimals, "d": text}``.

    Parameters
    ----------
    values : float64 array of shape (n,)
        A missing number (NaN) is written as its neighbour before it, the first as 0.
    decimals : int
        May be negative: -3 rounds to thousands.

    Examples
    --------
    >>> pack_numbers(np.array([1.5, 1.25, 1.25]), 2)
    {'k': 2, 'd': 'rAIxAA=='}
    """
    places = np.arange(len(values))
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, places, -1))
    filled = np.where(last >= 0, values[np.maximum(last, 0)], 0.0)
    scaled = filled * 10.0**decimals if decimals >= 0 else filled / 10.0**-decimals
    return {"k": decimals, "d": _text(np.rint(scaled).astype(np.int64))}


def pack_whole(values: IntArray) -> dict[str, Any]:
    """A column of whole numbers.

    Examples
    --------
    >>> pack_whole(np.array([18262, 18263]))
    {'k': 0, 'd': 'rJ0CAg=='}
    """
    return {"k": 0, "d": _text(np.asarray(values, dtype=np.int64))}


def _text(whole: IntArray) -> str:
    """Differences, signs folded in (0, -1, 1, -2 are 0, 1, 2, 3), seven bits to the byte."""
    steps = np.diff(whole, prepend=np.int64(0))
    folded = ((steps << 1) ^ (steps >> 63)).astype(np.uint64)
    sizes = np.ones(len(folded), dtype=np.int64)
    for shift in range(7, 64, 7):
        sizes += (folded >> np.uint64(shift)) != 0
    starts = np.concatenate(([0], np.cumsum(sizes)))
    out = np.zeros(int(starts[-1]), dtype=np.uint8)
    for k in range(int(sizes.max(initial=0))):
        rows = np.flatnonzero(sizes > k)
        part = (folded[rows] >> np.uint64(7 * k)) & np.uint64(127)
        more = np.where(sizes[rows] > k + 1, 128, 0)
        out[starts[rows] + k] = part.astype(np.uint8) | more.astype(np.uint8)
    return base64.b64encode(out.tobytes()).decode("ascii")


def script_json(value: object) -> str:
    """JSON that may stand inside a script element, whatever its strings say.

    Examples
    --------
    >>> script_json({"name": "</script>"})
    '{"name":"\\\\u003c/script\\\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Lone surrogates cannot be encoded; they are no text, and a mark takes their place.
    return text.translate(_UNSAFE).encode("utf-8", "replace").decode("utf-8")


def hash_source(script: str) -> str:
    """The source expression of a content security policy that allows exactly this script.

    Examples
    --------
    >>> hash_source("")
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
