"""What a fill costs: slippage on the price, then commission on the slipped price."""

from __future__ import annotations

import math
from typing import Any

from quant.kernel import memory as mem
from quant.kernel.codes import SLIPPAGE_KIND
from quant.kernel.jit import compiled, inlined

__all__ = ["commission_total", "quantity", "round_minor", "slipped", "whole"]

_RATE = SLIPPAGE_KIND.RATE
_TICKS = SLIPPAGE_KIND.TICKS
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


@compiled
def slipped(h: int, i: int, sign: int, raw: float, at_open: int) -> tuple[float, int]:
    """Price after slippage, and whether the guardrail had to clamp it.

    At an opening print the range of the bar is not known yet, so the range model takes the last
    earlier bar that had trading.
    """
    ins = mem.instruments(h)[i]
    model = mem.slippages(h)[ins["slippage"]]
    if model["kind"] == _RATE:
        move = abs(raw) * model["size"]
    elif model["kind"] == _TICKS:
        move = model["size"] * ins["tick"]
    elif at_open != 0:
        move = model["size"] * ins["prev_range"]
    else:
        bar = mem.bars(h)[ins["bar"]]
        move = model["size"] * (bar["high"] - bar["low"])
    most = mem.policies(h)[0]["guardrail"] * abs(raw)
    was_clamped = 1 if move > most else 0
    price = raw + sign * (most if was_clamped != 0 else move)
    if move > 0.0 and ins["tick"] > 0.0:
        price = on_tick(price, ins["tick"], sign)
        if abs(price - raw) > most:
            # the next tick would be beyond the guardrail: the last one before it
            was_clamped = 1
            price = on_tick(raw + sign * most, ins["tick"], -sign)
            price = max(price, raw) if sign > 0 else min(price, raw)
    return price, was_clamped


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
