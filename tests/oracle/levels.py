"""Prices at which a resting order acts: levels that move, triggers, limits that are marketable.

Follows `Which print fills which order` of `docs/concepts/fills.md`, as far as it is the same at a
print and on a path.
"""

from __future__ import annotations

from decimal import Decimal

from .counts import on_tick
from .world import TRAILING, Order, State

PERCENT = Decimal(100)


def stop_level(state: State, order: Order) -> Decimal | None:
    """The price that triggers an order now; that of a trailing one follows its water mark."""
    if order.type not in TRAILING:
        return order.stop
    if order.water is None:
        return None
    if order.trail_amount is not None:
        level = order.water + order.side * order.trail_amount
    elif order.trail_percent is not None:
        level = order.water * (1 + order.side * order.trail_percent / PERCENT)
    else:
        return None
    tick = state.specs[order.symbol].tick
    return on_tick(level, Decimal(tick), order.side) if tick else level


def move_water(order: Order, price: Decimal) -> None:
    """A sell's mark is the highest price passed, a buy's the lowest."""
    if not order.is_trailing:
        return
    if order.water is None:
        order.water = price
    elif order.side > 0:
        order.water = min(order.water, price)
    else:
        order.water = max(order.water, price)


def is_passed(order: Order, level: Decimal, price: Decimal) -> bool:
    """Whether a price is at the level or past it: up for a buy stop, down for a buy if touched."""
    return trigger_side(order) * (price - level) >= 0


def trigger_side(order: Order) -> int:
    """+1 if the price must rise to trigger the order."""
    return -order.side if order.is_touched else order.side


def trigger(state: State, order: Order) -> None:
    if order.type == "trailing_stop_limit":
        level = stop_level(state, order)
        order.limit = None if level is None else level + order.side * order.limit_offset
    order.triggered = True
    if order.status == "NEW":
        order.status = "TRIGGERED"


def is_marketable(order: Order, price: Decimal) -> bool:
    return order.limit is not None and order.side * (price - order.limit) <= 0
