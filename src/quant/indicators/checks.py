"""What an indicator accepts, checked once at the public edge.

Parameters that cannot be used raise ``ConfigError``, arrays that cannot be used raise
``SchemaError``. Values inside an array are never an error: a row that is not a finite number is a
missing row, and each indicator states what it does with one.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.errors import ConfigError, SchemaError
from quant.kernel.jit import INTERPRETED

__all__ = ["FloatArray", "columns", "degrees", "kernel_view", "positive", "window"]

FloatArray = NDArray[np.float64]

_N_MAX = 2**31 - 1


def _whole(where: str, name: str, value: object, least: int, most: int) -> int:
    """The value as an int between the two limits."""
    try:
        found = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        found = None
    if found is None or isinstance(value, bool | np.bool_) or not least <= found <= most:
        raise ConfigError(
            f"{where}: expected {name} to be a whole number from {least} to {most}, "
            f"found {value!r}; change {name}."
        )
    return found


def window(where: str, n: object, least: int = 1) -> int:
    """The number of rows in a window, at least ``least``."""
    return _whole(where, "n", n, least, _N_MAX)


def degrees(where: str, ddof: object, n: int) -> int:
    """What the divisor of a variance is less than ``n``; the divisor stays positive."""
    return _whole(where, "ddof", ddof, 0, n - 1)


def _as_float(value: Any) -> float:
    """The number as a float, NaN if it is too large to be one."""
    try:
        return float(value)
    except OverflowError:
        return math.nan


def positive(where: str, name: str, value: object) -> float:
    """The value as a finite float above zero."""
    numeric = isinstance(value, int | float | np.integer | np.floating)
    found = _as_float(value) if numeric and not isinstance(value, bool) else math.nan
    if not (math.isfinite(found) and found > 0.0):
        raise ConfigError(
            f"{where}: expected {name} to be a finite number above zero, "
            f"found {value!r}; change {name}."
        )
    return found


def _column(where: str, name: str, values: object) -> FloatArray:
    """The array as a contiguous one that compiled code takes, copied only where it must be."""
    if not isinstance(values, np.ndarray) or np.ma.isMaskedArray(values):
        kind = type(values).__name__
        raise SchemaError(
            f"{where}: expected {name} to be a float64 array of shape (n,), found a {kind}; "
            f"convert it with numpy.asarray(…, dtype=float), missing rows as NaN."
        )
    if values.dtype != np.float64 or values.ndim != 1:
        raise SchemaError(
            f"{where}: expected {name} to be a float64 array of shape (n,), found {values.dtype} "
            f"of shape {values.shape}; pass one float64 column."
        )
    # A read-only or strided array would compile a second copy of the loop; copying is cheaper.
    return np.require(values, requirements=["C", "A", "W"])


def columns(where: str, **arrays: object) -> list[FloatArray]:
    """The input arrays, checked to be float64 columns of one length."""
    found = [_column(where, name, values) for name, values in arrays.items()]
    lengths = [len(column) for column in found]
    if len(set(lengths)) > 1:
        named = ", ".join(f"{name} {rows}" for name, rows in zip(arrays, lengths, strict=True))
        raise SchemaError(
            f"{where}: expected columns of one length, found rows {named}; "
            f"pass columns of the same bars."
        )
    return found


def kernel_view(array: NDArray[Any]) -> Any:
    """The array as the loops take it.

    Interpreted, that is a memoryview: it yields plain Python floats, which overflow to infinity
    without a warning, as compiled code does.
    """
    return array.data if INTERPRETED else array
