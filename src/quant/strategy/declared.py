"""A strategy whose decisions were made before the run: one row of sizes for each time.

It says in Python what ``kernel.plan`` does in compiled code; the same orders come out of both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quant.kernel.codes import SIZE
from quant.strategy.base import Strategy

if TYPE_CHECKING:
    from quant.strategy.context import Context
    from quant.strategy.market import Slice

__all__ = ["SIZE_TYPES", "Declared", "DeclaredOrders", "SizePlan", "fingerprint"]

SIZE_TYPES = {
    "units": SIZE.UNITS,
    "value": SIZE.VALUE,
    "percent": SIZE.PERCENT,
    "target_units": SIZE.TARGET_UNITS,
    "target_value": SIZE.TARGET_VALUE,
    "target_weight": SIZE.TARGET_WEIGHT,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SizePlan:
    """What to order, or to hold, from each time on.

    Attributes
    ----------
    sizes : float64 array of shape (n_times, n_symbols)
        NaN leaves an instrument alone.
    size_type : str
        A key of ``SIZE_TYPES``.
    times : int64 array of shape (n_times,)
        Ends of bars, nanoseconds UTC, ascending: a row is decided when its bars have ended.
    """

    sizes: NDArray[np.float64]
    size_type: str
    times: NDArray[np.int64]

    def __str__(self) -> str:
        return f"{self.size_type}, {fingerprint(self.sizes)}"


def fingerprint(*arrays: NDArray[Any]) -> str:
    """Shape and content of arrays in a few words, for what a run notes as its parameters."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return f"shape {arrays[0].shape}, sha256 {digest.hexdigest()[:16]}"


class Declared(Strategy):
    """A strategy whose decisions are a plan.

    Attributes
    ----------
    plan : SizePlan or SignalPlan
    fits_kernel : bool
        Whether the kernel may carry the plan out; else Python does.
    """

    plan: Any
    fits_kernel: bool = True


class DeclaredOrders(Declared):
    """Sends the orders of a `SizePlan`.

    Parameters
    ----------
    plan : SizePlan
    """

    def __init__(self, plan: SizePlan) -> None:
        self.plan = plan

    def on_start(self, ctx: Context) -> None:
        """Choose how a size is sent."""
        self._send = _sender(ctx, self.plan.size_type)

    def on_slice(self, market: Slice, ctx: Context) -> None:
        """The row of now, in order of instrument."""
        row = int(np.searchsorted(self.plan.times, market.ts))
        sizes = self.plan.sizes[row]
        for i in np.flatnonzero(sizes == sizes).tolist():
            self._send(market.symbols[i], float(sizes[i]))


def _sender(ctx: Context, size_type: str) -> Callable[[str, float], object]:
    if size_type == "units":
        return lambda symbol, size: ctx.order(symbol, size) if size else None
    if size_type == "value":
        return lambda symbol, size: ctx.order_value(symbol, size)
    if size_type == "percent":
        return lambda symbol, size: ctx.order_value(symbol, weight=size)
    name = size_type.removeprefix("target_")
    if name == "units":
        return lambda symbol, size: ctx.order_target(symbol, size)
    if name == "value":
        return lambda symbol, size: ctx.order_target(symbol, value=size)
    return lambda symbol, size: ctx.order_target(symbol, weight=size)
