"""One print, many orders: opening prints, closing prints and the same close.

The candidates lie in ``candidates`` in order of instrument and sequence. Triggers come first, then
sizing from one equity, then every closing part, then the rest (contract: *Order of fills at one
print*).
"""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import (
    ACCOUNT_KIND,
    FILL_REASON,
    INSUFFICIENT,
    ORDER_TYPE,
    REASON,
    TARGET_KIND,
)
from quant.kernel.cost import quantity, whole
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import SAME, leverage_limit, next_commission, position_place, remark
from quant.kernel.match import (
    AT_OPEN,
    cap_left,
    close_out,
    execute,
    fill_closing,
    fill_cut,
    fill_rest,
    is_final,
    paid_price,
    remaining,
    trigger,
)
from quant.kernel.sizing import size_order

__all__ = ["run_batch"]

_CASH_ACCOUNT = ACCOUNT_KIND.CASH
_SHORT = REASON.SHORT_NOT_ALLOWED
_MARKET = ORDER_TYPE.MARKET
_LIMIT = ORDER_TYPE.LIMIT
_STOP = ORDER_TYPE.STOP
_QTY = TARGET_KIND.QTY
_SCALE = INSUFFICIENT.SCALE
_R_MARKET_OPEN = FILL_REASON.MARKET_OPEN
_R_LIMIT_OPEN = FILL_REASON.LIMIT_OPEN
_R_STOP_OPEN = FILL_REASON.STOP_OPEN
_R_LIMIT_CLOSE = FILL_REASON.LIMIT_CLOSE
_R_STOP_CLOSE = FILL_REASON.STOP_CLOSE


@inlined
def _print_price(h: int, i: int, at: int) -> float:
    bar = mem.bars(h)[mem.instruments(h)[i]["bar"]]
    return bar["open"] if at == AT_OPEN else bar["close"]  # type: ignore[no-any-return]


@inlined
def _reason(h: int, o: int, at: int, market_reason: int) -> int:
    """The fill reason of an order at this print."""
    order_type = mem.orders(h)[o]["type"]
    if order_type == _MARKET:
        return market_reason
    if order_type == _STOP:
        return _R_STOP_OPEN if at == AT_OPEN else _R_STOP_CLOSE
    return _R_LIMIT_OPEN if at == AT_OPEN else _R_LIMIT_CLOSE


@compiled
def meet_print(h: int, o: int, at: int) -> int:
    """Let a stop trigger, and say whether the order fills at this print (1) or not (0)."""
    order = mem.orders(h)[o]
    price = _print_price(h, order["instrument"], at)
    side = order["side_venue"]
    is_first = order["has_print"] == 0
    order["has_print"] = 1
    order["open_bar"] = mem.instruments(h)[order["instrument"]]["bar"]
    if order["type"] == _MARKET:
        return 1
    if order["type"] != _LIMIT and order["is_triggered"] == 0:
        if (price - order["stop"]) * side < 0.0:
            return 0
        trigger(h, o)
        is_first = True
    if order["type"] == _STOP:
        return 1
    if (order["limit"] - price) * side < 0.0:
        return 0
    if is_first:
        order["taker_bar"] = order["open_bar"]
    return 1


@inlined
def _raw(h: int, o: int, at: int) -> float:
    """The market's price for the order at this print."""
    order = mem.orders(h)[o]
    i = order["instrument"]
    price = _print_price(h, i, at)
    has_limit = order["type"] == _LIMIT or (order["type"] != _MARKET and order["type"] != _STOP)
    if not has_limit or mem.policies(h)[0]["gap_improvement"] != 0:
        return price
    bar = mem.bars(h)[mem.instruments(h)[i]["bar"]]
    if order["taker_bar"] == order["open_bar"]:
        return price
    if order["side_venue"] > 0:
        return min(order["limit"], bar["high"])  # type: ignore[no-any-return]
    return max(order["limit"], bar["low"])  # type: ignore[no-any-return]


@inlined
def _is_unsized(h: int, o: int) -> bool:
    order = mem.orders(h)[o]
    return order["target_kind"] > _QTY and order["is_sized"] == 0  # type: ignore[no-any-return]


@compiled
def _size_all(h: int, n: int, at: int) -> None:
    """Size the batch's unsized targets, every account from its equity at this print."""
    any_unsized = False
    for j in range(n):
        if _is_unsized(h, mem.candidates(h)[j]):
            any_unsized = True
    if not any_unsized:
        return
    at_open = 1 if at == AT_OPEN else 0
    for j in range(n):
        o = mem.candidates(h)[j]
        order = mem.orders(h)[o]
        if order["in_batch"] != 0 and _is_unsized(h, o):
            equity = mem.accounts(h)[order["account"]]["equity"]
            size_order(h, o, _raw(h, o, at), equity, at_open)


@compiled
def run_batch(h: int, n: int, at: int, market_reason: int) -> None:
    """Fill the first ``n`` candidates at the print of their instruments' bars."""
    sim = mem.sims(h)[0]
    candidates = mem.candidates(h)
    for j in range(n):
        o = candidates[j]
        mem.orders(h)[o]["in_batch"] = meet_print(h, o, at)
    for a in range(sim["n_accounts"]):
        remark(h, a)
    _size_all(h, n, at)
    for j in range(n):
        o = candidates[j]
        order = mem.orders(h)[o]
        if order["in_batch"] != 0 and not is_final(order["status_venue"]):
            fill_closing(h, o, _raw(h, o, at), at, _reason(h, o, at, market_reason))
    if mem.policies(h)[0]["insufficient"] == _SCALE:
        _fill_scaled(h, n, at, market_reason)
        return
    for j in range(n):
        o = candidates[j]
        order = mem.orders(h)[o]
        if order["in_batch"] != 0 and not is_final(order["status_venue"]):
            fill_rest(h, o, _raw(h, o, at), at, _reason(h, o, at, market_reason))


@compiled
def _fill_scaled(h: int, n: int, at: int, market_reason: int) -> None:
    """Fill all opening parts of a batch by one factor per account."""
    sim = mem.sims(h)[0]
    for j in range(n):
        o = mem.candidates(h)[j]
        order = mem.orders(h)[o]
        order["next"] = 0
        if order["in_batch"] == 0 or is_final(order["status_venue"]):
            continue
        raw = _raw(h, o, at)
        fill_closing(h, o, raw, at, _reason(h, o, at, market_reason))
        if remaining(h, o) > 0:
            order["next"] = _claim(h, n, j, at)
    for a in range(sim["n_accounts"]):
        factor = _common_factor(h, n, a, at)
        for j in range(n):
            o = mem.candidates(h)[j]
            order = mem.orders(h)[o]
            want = order["next"]
            if want > 0 and order["account"] == a:
                count = scaled_count(factor, want)
                raw = _raw(h, o, at)
                reason = _reason(h, o, at, market_reason)
                if count == want:
                    execute(h, o, count, raw, at, reason, 0)
                else:
                    fill_cut(h, o, count, want, raw, at, reason)


@inlined
def _is_cash(h: int, a: int) -> bool:
    return mem.accounts(h)[a]["kind"] == _CASH_ACCOUNT  # type: ignore[no-any-return]


@compiled
def _claim(h: int, n: int, j: int, at: int) -> int:
    """What an opening part may claim of its instrument's cap, after those before it claimed."""
    o = mem.candidates(h)[j]
    order = mem.orders(h)[o]
    cap = cap_left(h, order["instrument"], at)
    for k in range(j):
        other = mem.orders(h)[mem.candidates(h)[k]]
        if other["instrument"] == order["instrument"] and other["in_batch"] != 0:
            cap -= other["next"]
    want = min(remaining(h, o), max(cap, 0))
    if want > 0 and _is_cash(h, order["account"]) and order["side_venue"] < 0:
        close_out(h, o, _SHORT, 0.0, 0.0)
        return 0
    return want  # type: ignore[no-any-return]


@compiled
def _state_passes(h: int, n: int, a: int, at: int, factor: float):  # type: ignore[no-untyped-def]
    """Whether the account may be in the state after all its opening parts times ``factor``.

    Candidates of one instrument stand together, so one running count per instrument is enough.
    """
    account = mem.accounts(h)[a]
    equity = account["equity"]
    gross = account["gross"]
    cash = account["cash"]
    current = -1
    units = 0
    for j in range(n):
        o = mem.candidates(h)[j]
        order = mem.orders(h)[o]
        if order["next"] <= 0 or order["account"] != a:
            continue
        i = order["instrument"]
        ins = mem.instruments(h)[i]
        if i != current:
            current = i
            units = mem.positions(h)[position_place(h, a, order["book"], i)]["units"]
        count = scaled_count(factor, order["next"])
        if count == 0:
            continue
        price, _ = paid_price(h, o, _raw(h, o, at), at)
        fee = next_commission(h, o, count, price)
        change = order["side_venue"] * count
        paid = quantity(ins, change) * price * ins["multiplier"] + fee
        worth = quantity(ins, change) * ins["multiplier"] * ins["mark"]
        before = abs(quantity(ins, units) * ins["multiplier"] * ins["mark"])
        units += change
        gross += abs(quantity(ins, units) * ins["multiplier"] * ins["mark"]) - before
        equity += worth - paid
        cash -= paid
    if account["kind"] == _CASH_ACCOUNT:
        return cash >= -SAME * max(abs(account["cash"]), abs(account["cash"] - cash))
    limit = leverage_limit(h, a) * equity
    return gross <= limit + SAME * max(gross, abs(limit))


@inlined
def scaled_count(factor: float, want: int) -> int:
    """``want`` times a factor of at most one, rounded down."""
    return whole(factor * want) if factor < 1.0 else want


@compiled
def _common_factor(h: int, n: int, a: int, at: int) -> float:
    """The largest factor up to one for which the account passes, to the last bit that matters."""
    if _state_passes(h, n, a, at, 1.0):
        return 1.0
    low = 0.0
    high = 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _state_passes(h, n, a, at, middle):
            low = middle
        else:
            high = middle
    return low
