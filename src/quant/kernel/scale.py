"""``insufficient: scale`` and ``batch: simultaneous``: all opening parts of one print together, by
one factor per account.

Closing and opening parts are told apart along the position as it would be if everything filled. The
state that must pass is the one after all parts, each already rounded down.
"""

from __future__ import annotations

import math

from quant.kernel import memory as mem
from quant.kernel.codes import ACCOUNT_KIND, INSUFFICIENT, REASON
from quant.kernel.cost import quantity
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import SAME, cost_of_money, fx_of, next_cost, position_place, room_left
from quant.kernel.match import (
    closing_part,
    end_idle_reducer,
    execute,
    is_cut_to_size,
    shares_to_borrow,
    wanted,
)
from quant.kernel.pricing import anticipate, keep_prices, paid_price, restore_prices
from quant.kernel.prints import raw_at, reason_at
from quant.kernel.reports import close_out, is_final, remaining
from quant.kernel.requirement import initial_of, room_taken, spendable, under_own_cap
from quant.kernel.subsystem import subsystem
from quant.kernel.whole import is_whole

__all__ = ["fill_scaled"]

_SCALE = INSUFFICIENT.SCALE
_CASH_ACCOUNT = ACCOUNT_KIND.CASH
_SHORT = REASON.SHORT_NOT_ALLOWED
_NO_BORROW = REASON.NO_BORROW
_FUNDS = REASON.INSUFFICIENT_FUNDS
_R_LEVERAGE = REASON.RISK_MAX_LEVERAGE
_SIZED_DOWN = REASON.SIZED_DOWN
_HALVINGS = 60
# Why an opening part was not allowed whole.
_AS_SHORT, _WITHOUT_SHARES, _WITHOUT_FUNDS, _OVER_LEVERAGE = 1, 2, 3, 4


@inlined
def _place_of(h: int, o: int) -> int:
    order = mem.orders(h)[o]
    return position_place(h, order["account"], order["book"], order["instrument"])


@inlined
def _takes_part(h: int, o: int) -> bool:
    order = mem.orders(h)[o]
    if order["in_batch"] == 0 or is_final(order["status_venue"]):
        return False
    return not is_whole(h, o)


@compiled
def _plan(h: int, n: int, at: int) -> None:
    """Split every order along the projected position, sharing the cap in order of sequence."""
    knows_shares = mem.policies(h)[0]["has_availability"] != 0
    for j in range(n):
        position = mem.positions(h)[_place_of(h, mem.candidates(h)[j])]
        position["projected"] = position["units"]
        position["claimed"] = 0
    for j in range(n):
        o = mem.candidates(h)[j]
        order = mem.orders(h)[o]
        order["plan_close"] = 0
        order["plan_open"] = 0
        order["is_refused"] = 0
        if not _takes_part(h, o):
            continue
        position = mem.positions(h)[_place_of(h, o)]
        units = position["projected"]
        most = remaining(h, o)
        if order["reduce_only"] != 0:
            most = min(most, abs(units)) if units * order["side_venue"] < 0 else 0
        want = wanted(h, o, most, at, position["claimed"], raw_at(h, o, at))
        if not _takes_part(h, o):
            continue
        closing = min(want, abs(units)) if units * order["side_venue"] < 0 else 0
        opening = want - closing
        is_cash = mem.accounts(h)[order["account"]]["kind"] == _CASH_ACCOUNT
        if opening > 0 and is_cash and order["side_venue"] < 0:
            order["is_refused"] = _AS_SHORT
            opening = 0
        if opening > 0 and knows_shares and order["side_venue"] < 0:
            left = shares_to_borrow(h, order["instrument"], units - closing)
            if opening > left:
                # beyond what can be borrowed: nothing, or what is left where parts may fill
                opening = left if mem.policies(h)[0]["insufficient"] == _SCALE else 0
                order["is_refused"] = _WITHOUT_SHARES
        if order["reduce_only"] != 0:
            opening = 0
        order["plan_close"] = closing
        order["plan_open"] = opening
        position["projected"] = units + order["side_venue"] * (closing + opening)
        position["claimed"] += closing + opening


@inlined
def _scaled(factor: float, want: int) -> int:
    """``want`` times a factor of at most one, rounded down.

    The count is the largest whose share of ``want`` is no more than the factor: equal shares of
    different orders then step at the same factor, which a rounded product would not give.
    """
    if factor >= 1.0 or want == 0:
        return want
    count = math.floor(factor * want)
    if count > 0 and count / want > factor:
        return count - 1
    if (count + 1) / want <= factor:
        return count + 1
    return count


@compiled
def _state_at(h: int, n: int, a: int, at: int, factor: float) -> tuple[float, float, int]:
    """What the state after all of an account's parts, the opening ones by ``factor``, takes of its
    room, the most it may take, and whether it is the strategy's own leverage that says so.

    Candidates of one instrument stand together, so one running count per instrument is enough.
    Each is priced as if those before it had filled.
    """
    for j in range(n):
        keep_prices(h, mem.orders(h)[mem.candidates(h)[j]]["instrument"])
    account = mem.accounts(h)[a]
    equity = account["equity"]
    gross = account["gross"]
    net = account["net"]
    initial = account["initial"]
    longs = account["longs"]
    waits = float(account["spends_unsettled"])
    spent = 0.0
    j = 0
    while j < n:
        first = mem.orders(h)[mem.candidates(h)[j]]
        i = first["instrument"]
        ins = mem.instruments(h)[i]
        p = position_place(h, a, first["book"], i)
        fx = fx_of(h, a, ins["currency"])
        units = mem.positions(h)[p]["units"]
        before = quantity(ins, units) * ins["multiplier"] * ins["mark"] * fx
        policy = mem.policies(h)[0]
        initial -= initial_of(policy, ins, units, ins["mark"]) * fx
        raw = ins["mark"]
        while j < n and mem.orders(h)[mem.candidates(h)[j]]["instrument"] == i:
            o = mem.candidates(h)[j]
            order = mem.orders(h)[o]
            j += 1
            if order["account"] != a:
                continue
            side = order["side_venue"]
            closing = 0
            if units * side < 0:
                closing = min(order["plan_close"], abs(units))
            count = closing + _scaled(factor, order["plan_open"])
            if count == 0:
                continue
            raw = raw_at(h, o, at)
            price, _, _ = paid_price(h, o, count, raw, at)
            out = quantity(ins, side * count) * price * ins["multiplier"] * fx
            charges = next_cost(h, o, count, price) * fx
            out += charges
            out += cost_of_money(h, ins, out, charges)
            # what has to wait for its settlement pays for nothing
            spent += out if out > 0.0 or account["settles"] == 0 else waits * out
            units += side * count
            anticipate(h, o, count, at)
        after = quantity(ins, units) * ins["multiplier"] * raw * fx
        initial += initial_of(policy, ins, units, raw) * fx
        gross += abs(after) - abs(before)
        longs += max(after, 0.0) - max(before, 0.0)
        net += after - before
        equity += after - before
    for j in range(n):
        restore_prices(h, mem.orders(h)[mem.candidates(h)[j]]["instrument"])
    equity -= spent
    if account["kind"] == _CASH_ACCOUNT:
        taken, most = spent, spendable(account)
    else:
        taken, most = room_taken(h, a, equity, gross, net, initial, longs)
    return under_own_cap(account, equity, gross, taken, most)


@compiled
def _passes_all(h: int, n: int, a: int, at: int, factor: float):  # type: ignore[no-untyped-def]
    """Whether an account may be in that state."""
    taken, most, _ = _state_at(h, n, a, at, factor)
    return taken <= most + SAME * max(abs(taken), abs(most))


@compiled
def _common_factor(h: int, n: int, a: int, at: int) -> float:
    """The largest factor up to one for which the account passes, to the last bit that matters."""
    low = 0.0
    high = 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if _passes_all(h, n, a, at, middle):
            low = middle
        else:
            high = middle
    return low


@compiled
def _factor(h: int, n: int, a: int, at: int) -> float:
    """The share of every opening part that fills: all or nothing, unless parts may be scaled.

    Where it is not all, what all together would take is noted: those are the figures of refusals.
    """
    taken, most, is_own_cap = _state_at(h, n, a, at, 1.0)
    if taken <= most + SAME * max(abs(taken), abs(most)):
        return 1.0
    sim = mem.sims(h)[0]
    room = 0.0
    if is_own_cap == 0:
        room = max(room_left(h, a), 0.0) - most
    sim["batch_taken"] = taken + room
    sim["batch_most"] = most + room
    sim["batch_over_cap"] = is_own_cap
    if mem.policies(h)[0]["insufficient"] == _SCALE:
        return _common_factor(h, n, a, at)
    return 0.0


@compiled
def _note_refusal(h: int, o: int) -> None:
    """Money forbids a part of an order, for what the batch would take: the rest ends once all have
    filled."""
    sim = mem.sims(h)[0]
    order = mem.orders(h)[o]
    order["needed"] = sim["batch_taken"]
    order["available"] = sim["batch_most"]
    order["is_refused"] = _OVER_LEVERAGE if sim["batch_over_cap"] != 0 else _WITHOUT_FUNDS


@compiled
def _fill_cut(h: int, o: int, count: int, at: int, fill_reason: int) -> None:
    """Fill the ``count`` increments that money allows. What was made from money is then
    whole; of other orders the rest ends once all have filled, for they fill together."""
    order = mem.orders(h)[o]
    raw = raw_at(h, o, at)
    if count > 0 and is_cut_to_size(h, o):
        order["units_venue"] = order["filled_venue"] + count
        execute(h, o, count, raw, at, fill_reason, _SIZED_DOWN)
        return
    _note_refusal(h, o)
    if count > 0:
        execute(h, o, count, raw, at, fill_reason, 0)


@compiled
def _end_refused(h: int, o: int) -> None:
    """End the rest of an order that was not allowed whole."""
    order = mem.orders(h)[o]
    if order["is_refused"] >= _WITHOUT_FUNDS:
        why = _R_LEVERAGE if order["is_refused"] == _OVER_LEVERAGE else _FUNDS
        needed, available = order["needed"], order["available"]
        order["needed"] = 0.0
        order["available"] = 0.0
        if not is_final(order["status_venue"]):
            close_out(h, o, why, needed, available)
    elif order["is_refused"] != 0 and _takes_part(h, o):
        close_out(h, o, _SHORT if order["is_refused"] == _AS_SHORT else _NO_BORROW, 0.0, 0.0)


@compiled
def _fill_planned(h: int, o: int, factor: float, at: int, market_reason: int) -> None:
    """Fill one order's closing part and its share of the opening one."""
    order = mem.orders(h)[o]
    raw = raw_at(h, o, at)
    reason = reason_at(h, o, at, market_reason)
    # fills before this one may have cut it
    closing = closing_part(h, o, min(order["plan_close"], remaining(h, o)))
    if closing > 0:
        execute(h, o, closing, raw, at, reason, 0)
    if order["reduce_only"] != 0 and not is_final(order["status_venue"]):
        end_idle_reducer(h, o)
    if is_final(order["status_venue"]):
        return
    # what was to close a position that others were not allowed to open
    idle = min(order["plan_close"] - closing, remaining(h, o)) if order["reduce_only"] == 0 else 0
    want = min(order["plan_open"], remaining(h, o))
    count = _scaled(factor, want)
    if count == want and count > 0:
        execute(h, o, count, raw, at, reason, 0)
    elif count < want:
        _fill_cut(h, o, count, at, reason)
    if idle > 0 and order["is_refused"] == 0 and not is_final(order["status_venue"]):
        _note_refusal(h, o)


@subsystem("void(int64, int64, int64, int64)")
def fill_scaled(h: int, n: int, at: int, market_reason: int) -> None:
    """Fill what is left of the first ``n`` candidates after their closing parts."""
    _plan(h, n, at)
    for a in range(mem.sims(h)[0]["n_accounts"]):
        factor = _factor(h, n, a, at)
        for j in range(n):
            o = mem.candidates(h)[j]
            if mem.orders(h)[o]["account"] == a and _takes_part(h, o):
                _fill_planned(h, o, factor, at, market_reason)
    for j in range(n):
        _end_refused(h, mem.candidates(h)[j])
