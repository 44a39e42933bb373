"""Ways into the kernel for tests: inner functions have none of their own.

Each takes the address of a state first and passes the rest on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.kernel import margin, pricing
from quant.kernel.cost import commission_total, quantity, round_minor, whole
from quant.kernel.jit import entry
from quant.kernel.memory import instruments

__all__ = ["affordable", "buying_power", "commission", "passes", "remark", "round_all", "slip"]
__all__ += ["quantity_of", "whole_of"]


@entry
def commission(h: int, qty: float, notional: float) -> float:
    """What an order owes after fills of so much."""
    return commission_total(h, 0, qty, notional)


@entry
def slip(h: int, i: int, sign: int, raw: float, at_open: int) -> tuple[float, int]:
    """Price of one increment after slippage and whether it was clamped."""
    at = pricing.AT_OPEN if at_open != 0 else pricing.INSIDE
    price, _, _, flags = pricing.taken(h, i, sign, raw, at, 1, 0, 0.0)
    return price, 1 if flags != 0 else 0


@entry
def quantity_of(h: int, i: int, units: int) -> float:
    """Quantity of a count of increments."""
    return quantity(instruments(h)[i], units)


@entry
def whole_of(x: float) -> int:
    """Whole counts in a number."""
    return whole(x)


@entry
def round_all(amounts: NDArray[np.float64], minor_unit: float, out: NDArray[np.float64]) -> None:
    """Round every amount."""
    for n in range(len(amounts)):
        out[n] = round_minor(amounts[n], minor_unit)


@entry
def remark(h: int) -> None:
    """Sum the account's totals anew."""
    margin.remark(h, 0)


@entry
def buying_power(h: int) -> float:
    """Notional that may still be opened."""
    return margin.buying_power(h, 0)


@entry
def passes(h: int, o: int, p: int, count: int, price: float, raw: float) -> Any:
    """Whether order ``o`` may open ``count`` increments."""
    return margin.passes(h, o, p, count, price, raw)


@entry
def affordable(h: int, o: int, p: int, wanted: int, raw: float) -> int:
    """The largest count that may be opened inside a bar."""
    return margin.affordable(h, o, p, wanted, raw, pricing.INSIDE)
