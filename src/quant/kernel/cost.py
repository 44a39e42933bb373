"""What a fill costs besides its price, and the arithmetic of counts, ticks and minor units."""

from __future__ import annotations

import math
from typing import Any

from quant.kernel import memory as mem
from quant.kernel.jit import compiled, inlined

__all__ = ["commission_total", "on_tick", "quantity", "round_minor", "whole"]

SNAP = 1e-9
_MOST = 2**62


@inlined
def quantity(instrument: Any, units: int) -> float:
    """Quantity of a count of increments; the division gives the nearest double to the decimal."""
    return units * instrument["unit_num"] / instrument["unit_den"]


@inlined
def whole(x: float) -> int:
    """Whole counts in x ≥ 0, where what lies within 1e-9 of a whole count is that count.

    Beyond what an order can hold it is as good as without bound.
    """
    if x >= _MOST:
        return _MOST
    nearest = math.floor(x + 0.5)
    if abs(x - nearest) <= SNAP * max(1.0, x):
        return nearest
    return math.floor(x)


@compiled
def commission_total(h: int, ix: int, qty: float, notional: float) -> float:
    """Commission that an order owes once ``qty`` units worth ``notional`` have filled.

    Both are unsigned totals over all fills of the order, so that minima are per order. Tiers are
    marginal: each rate applies to the part of the notional inside its tier.
    """
    c = mem.commissions(h)[ix]
    fee = c["per_order"] + c["per_share"] * qty
    fee += c["rate"] * notional
    n = c["n_tiers"]
    for j in range(n):
        start = c["tier_from"][j]
        if notional > start:
            stop = notional
            if j + 1 < n and c["tier_from"][j + 1] < notional:
                stop = c["tier_from"][j + 1]
            fee += (stop - start) * c["tier_rate"][j]
    # NaN compares false: a bound that is not set does nothing
    if fee > c["maximum_rate"] * notional:
        fee = c["maximum_rate"] * notional
    if fee > c["maximum"]:
        fee = c["maximum"]
    if fee < c["minimum"]:
        fee = c["minimum"]
    return fee


@inlined
def on_tick(price: float, tick: float, sign: int) -> float:
    """The next price on the tick against the order: up for a buy, down for a sale."""
    steps = price / tick
    nearest = math.floor(steps + 0.5)
    if abs(steps - nearest) <= 1e-6:
        return nearest * tick
    return (math.ceil(steps) if sign > 0 else math.floor(steps)) * tick


@inlined
def round_minor(x: float, minor_unit: float) -> float:
    """``x`` rounded half-even to ``1 / minor_unit``.

    What lies within a millionth of a minor unit of a tie is treated as the tie, so that the result
    equals that of ``Decimal`` for amounts that are ties in decimal but not in binary.
    """
    scaled = x * minor_unit
    low = math.floor(scaled)
    part = scaled - low
    if abs(part - 0.5) <= 1e-6:
        rounded = low if low % 2.0 == 0.0 else low + 1.0
    elif part < 0.5:
        rounded = low
    else:
        rounded = low + 1.0
    return rounded / minor_unit
