"""What one order does at one print: whether it triggers, whether it fills, at which raw price."""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import (
    AUCTION,
    FILL_REASON,
    REASON,
    TRIGGER,
    ZERO_VOLUME,
)
from quant.kernel.jit import compiled, inlined
from quant.kernel.pricing import AT_OPEN
from quant.kernel.reports import close_out, remaining, trigger
from quant.kernel.trailing import follow, trails_by_close

__all__ = ["FILLS", "TRIGGERS", "meet_print", "raw_at", "reason_at"]

_NO_TRIGGER = TRIGGER.NONE
_STOP = TRIGGER.STOP
_NO_AUCTION = AUCTION.NONE
_ON_OPEN = AUCTION.ON_OPEN
_R_MARKET_OPEN = FILL_REASON.MARKET_OPEN
_R_MARKET_CLOSE = FILL_REASON.MARKET_CLOSE
_R_LIMIT_OPEN = FILL_REASON.LIMIT_OPEN
_R_LIMIT_CLOSE = FILL_REASON.LIMIT_CLOSE
_R_STOP_OPEN = FILL_REASON.STOP_OPEN
_R_STOP_CLOSE = FILL_REASON.STOP_CLOSE
_R_STOP_LIMIT = FILL_REASON.STOP_LIMIT
_R_TOUCHED_OPEN = FILL_REASON.TOUCHED_OPEN
_R_TOUCHED_CLOSE = FILL_REASON.TOUCHED_CLOSE
_R_LIMIT_IF_TOUCHED = FILL_REASON.LIMIT_IF_TOUCHED
_R_ON_OPEN = FILL_REASON.ON_OPEN
_R_ON_CLOSE = FILL_REASON.ON_CLOSE
_LAST_PRICE = ZERO_VOLUME.LAST_PRICE
_POST_ONLY = REASON.POST_ONLY
# What an order does at a print (0: nothing): it fills, or it triggers there and fills.
FILLS, TRIGGERS = 1, 2


@inlined
def _is_last_price(h: int, i: int) -> bool:
    """Whether nothing trades in the bar under way, and the last price stands for its prints."""
    if mem.policies(h)[0]["zero_volume"] != _LAST_PRICE:
        return False
    return mem.bars(h)[mem.instruments(h)[i]["bar"]]["volume"] <= 0.0


@inlined
def _print_price(h: int, i: int, at: int) -> float:
    ins = mem.instruments(h)[i]
    bar = mem.bars(h)[ins["bar"]]
    if _is_last_price(h, i):
        return ins["mark"] if at == AT_OPEN else ins["mark_before"]
    return bar["open"] if at == AT_OPEN else bar["close"]


@inlined
def _market_reason(at: int) -> int:
    return _R_MARKET_OPEN if at == AT_OPEN else _R_MARKET_CLOSE


@inlined
def reason_at(h: int, o: int, at: int, market_reason: int) -> int:
    """The fill reason of an order at this print."""
    order = mem.orders(h)[o]
    if order["auction"] != _NO_AUCTION:
        return _R_ON_OPEN if order["auction"] == _ON_OPEN else _R_ON_CLOSE
    if order["in_batch"] == TRIGGERS:
        is_stop = order["trigger"] == _STOP
        if order["is_limited"] != 0:
            return _R_STOP_LIMIT if is_stop else _R_LIMIT_IF_TOUCHED
        if is_stop:
            return _R_STOP_OPEN if at == AT_OPEN else _R_STOP_CLOSE
        return _R_TOUCHED_OPEN if at == AT_OPEN else _R_TOUCHED_CLOSE
    if order["is_limited"] != 0:
        return _R_LIMIT_OPEN if at == AT_OPEN else _R_LIMIT_CLOSE
    return market_reason if order["trigger"] == _NO_TRIGGER else _market_reason(at)


@compiled
def _passes_trigger(h: int, o: int, price: float, at: int) -> bool:
    """Whether a print is at an order's trigger or beyond; if not, it may move the water mark."""
    order = mem.orders(h)[o]
    turn = order["side_venue"] * order["trigger"]
    if (price - order["stop"]) * turn >= 0.0:
        return True
    is_moved = at != AT_OPEN or not trails_by_close(h)
    if order["is_trailing"] != 0 and is_moved and not _is_last_price(h, order["instrument"]):
        follow(h, o, price)
    return False


@compiled
def meet_print(h: int, o: int, at: int) -> int:
    """Let an order trigger, and say whether it fills at this print: 0 if not."""
    order = mem.orders(h)[o]
    if order["parent"] >= 0 and remaining(h, o) <= 0:
        # nothing of it is live now
        return 0
    price = _print_price(h, order["instrument"], at)
    is_first = order["has_print"] == 0 or order["is_fresh"] != 0
    order["has_print"] = 1
    order["is_fresh"] = 0
    order["last_meeting"] = mem.sims(h)[0]["print_id"]
    order["open_bar"] = mem.instruments(h)[order["instrument"]]["bar"]
    verdict = FILLS
    if order["trigger"] != _NO_TRIGGER and order["is_triggered"] == 0:
        if not _passes_trigger(h, o, price, at):
            return 0
        trigger(h, o)
        is_first = True
        verdict = TRIGGERS
    if order["is_limited"] == 0:
        return verdict
    if (order["limit"] - price) * order["side_venue"] < 0.0:
        return 0
    if is_first and order["post_only"] != 0:
        close_out(h, o, _POST_ONLY, 0.0, 0.0)
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
    if order["is_limited"] == 0 or mem.policies(h)[0]["gap_improvement"] != 0:
        return price
    if order["in_batch"] == TRIGGERS or order["auction"] != _NO_AUCTION:
        return price
    bar = mem.bars(h)[mem.instruments(h)[i]["bar"]]
    if order["side_venue"] > 0:
        return min(order["limit"], bar["high"])
    return max(order["limit"], bar["low"])
