"""What one order does at one print: whether it triggers, whether it fills, at which raw price."""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import FILL_REASON, ORDER_TYPE
from quant.kernel.jit import compiled, inlined
from quant.kernel.match import AT_OPEN, trigger

__all__ = ["meet_print", "raw_at", "reason_at"]

_MARKET = ORDER_TYPE.MARKET
_LIMIT = ORDER_TYPE.LIMIT
_STOP = ORDER_TYPE.STOP
_R_MARKET_OPEN = FILL_REASON.MARKET_OPEN
_R_MARKET_CLOSE = FILL_REASON.MARKET_CLOSE
_R_LIMIT_OPEN = FILL_REASON.LIMIT_OPEN
_R_LIMIT_CLOSE = FILL_REASON.LIMIT_CLOSE
_R_STOP_OPEN = FILL_REASON.STOP_OPEN
_R_STOP_CLOSE = FILL_REASON.STOP_CLOSE
_R_STOP_LIMIT = FILL_REASON.STOP_LIMIT
# What an order does at a print (0: nothing): it fills, or it triggers there and fills.
_FILLS, _TRIGGERS = 1, 2


@inlined
def _print_price(h: int, i: int, at: int) -> float:
    bar = mem.bars(h)[mem.instruments(h)[i]["bar"]]
    return bar["open"] if at == AT_OPEN else bar["close"]


@inlined
def reason_at(h: int, o: int, at: int, market_reason: int) -> int:
    """The fill reason of an order at this print."""
    order_type = mem.orders(h)[o]["type"]
    if order_type == _MARKET:
        return market_reason
    if mem.orders(h)[o]["in_batch"] == _TRIGGERS:
        if order_type != _STOP:
            return _R_STOP_LIMIT
        return _R_STOP_OPEN if at == AT_OPEN else _R_STOP_CLOSE
    if order_type == _STOP:
        return _R_MARKET_OPEN if at == AT_OPEN else _R_MARKET_CLOSE
    return _R_LIMIT_OPEN if at == AT_OPEN else _R_LIMIT_CLOSE


@compiled
def meet_print(h: int, o: int, at: int) -> int:
    """Let a stop trigger, and say whether the order fills at this print: 0 if not."""
    order = mem.orders(h)[o]
    price = _print_price(h, order["instrument"], at)
    side = order["side_venue"]
    is_first = order["has_print"] == 0
    order["has_print"] = 1
    order["open_bar"] = mem.instruments(h)[order["instrument"]]["bar"]
    if order["type"] == _MARKET:
        return _FILLS
    verdict = _FILLS
    if order["type"] != _LIMIT and order["is_triggered"] == 0:
        if (price - order["stop"]) * side < 0.0:
            return 0
        trigger(h, o)
        is_first = True
        verdict = _TRIGGERS
    if order["type"] == _STOP:
        return verdict
    if (order["limit"] - price) * side < 0.0:
        return 0
    if is_first:
        order["taker_bar"] = order["open_bar"]
    return verdict


@inlined
def raw_at(h: int, o: int, at: int) -> float:
    """The market's price for the order at this print."""
    order = mem.orders(h)[o]
    i = order["instrument"]
    price = _print_price(h, i, at)
    has_limit = order["type"] == _LIMIT or (order["type"] != _MARKET and order["type"] != _STOP)
    if not has_limit or mem.policies(h)[0]["gap_improvement"] != 0:
        return price
    if order["in_batch"] == _TRIGGERS:
        return price
    bar = mem.bars(h)[mem.instruments(h)[i]["bar"]]
    if order["side_venue"] > 0:
        return min(order["limit"], bar["high"])
    return max(order["limit"], bar["low"])
