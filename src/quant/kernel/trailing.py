"""Trailing stops: the water mark, and the level that follows it."""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import TRAILING
from quant.kernel.cost import on_tick
from quant.kernel.jit import compiled, inlined

__all__ = ["follow", "set_level", "trails", "trails_by_close"]

_CLOSE = TRAILING.CLOSE


@inlined
def trails(h: int, o: int) -> bool:
    """Whether an order's level still moves."""
    order = mem.orders(h)[o]
    return order["is_trailing"] != 0 and order["is_triggered"] == 0 and order["is_held"] == 0


@inlined
def trails_by_close(h: int) -> bool:
    """Whether only closes move water marks."""
    return mem.policies(h)[0]["trailing"] == _CLOSE


@compiled
def set_level(h: int, o: int) -> None:
    """The stop (and limit) of a trailing order at its water mark, on the tick against the order."""
    order = mem.orders(h)[o]
    side = order["side_venue"]
    trail = order["trail"]
    if order["is_percent"] != 0:
        trail = abs(order["water"]) * trail / 100.0
    level = order["water"] + side * trail
    tick = mem.instruments(h)[order["instrument"]]["tick"]
    if tick > 0.0:
        level = on_tick(level, tick, side)
    order["stop"] = level
    if order["is_limited"] != 0:
        order["limit"] = level + side * order["limit_offset"]


@compiled
def follow(h: int, o: int, price: float) -> None:
    """Let a price move the water mark: up for a sale, down for a purchase, never back."""
    order = mem.orders(h)[o]
    water = order["water"]
    if water != water or (price - water) * order["side_venue"] < 0.0:
        order["water"] = price
        set_level(h, o)
