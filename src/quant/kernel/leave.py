"""Phase 7, after the strategy: cancels arrive, then orders leave and are checked.

The submission check looks at all leaving orders together, in their sequence, at last marks and
without costs. It keeps hopeless orders from ever reaching the venue; the check that counts is the
one at the fill.
"""

from __future__ import annotations

import math

from quant.kernel import memory as mem
from quant.kernel.codes import (
    ACCOUNT_KIND,
    ACCOUNT_STATUS,
    AUCTION,
    INSUFFICIENT,
    ORDER_TYPE,
    REASON,
    REPORT_KIND,
    SIZE_AT,
    TARGET_KIND,
    TIF,
    TIMING,
)
from quant.kernel.jit import compiled, inlined
from quant.kernel.limits import count_sent, enforce_limits, project_positions, takes_room
from quant.kernel.margin import SAME, fx_of, position_place, remark, room_left, room_needed
from quant.kernel.match import has_open_print
from quant.kernel.pricing import AT_DECISION
from quant.kernel.reports import end_order, expire_if_past, is_final, remaining
from quant.kernel.sizing import size_order
from quant.kernel.subsystem import subsystem
from quant.kernel.trailing import follow

__all__ = ["cancel_due", "compact", "refuse_early", "send_orders"]

_CASH_ACCOUNT = ACCOUNT_KIND.CASH
_GROSS = ACCOUNT_KIND.GROSS_LEVERAGE
_NET = ACCOUNT_KIND.NET_LEVERAGE
_BANKRUPT = ACCOUNT_STATUS.BANKRUPT
_REJECT = INSUFFICIENT.REJECT
_MARKET = ORDER_TYPE.MARKET
_ON_CLOSE = AUCTION.ON_CLOSE
_NEXT_OPEN = TIMING.NEXT_OPEN
_SAME_CLOSE = TIMING.SAME_CLOSE
_DAY = TIF.DAY
_AT_DECISION = SIZE_AT.DECISION
_QTY = TARGET_KIND.QTY
_TO_COUNT = TARGET_KIND.COUNT
_R_WARMUP = REASON.WARMUP
_R_ZERO = REASON.ZERO_QUANTITY
_R_FUNDS = REASON.INSUFFICIENT_FUNDS
_R_LEVERAGE = REASON.RISK_MAX_LEVERAGE
_R_SHORT = REASON.SHORT_NOT_ALLOWED
_R_BANKRUPT = REASON.BANKRUPT
_R_NO_RATE = REASON.NO_RATE
_CANCELED = REPORT_KIND.CANCELED
_REJECTED = REPORT_KIND.REJECTED


@compiled
def compact(h: int) -> None:
    """Take finished orders off the list of those the venue works."""
    sim = mem.sims(h)[0]
    active = mem.active(h)
    kept = 0
    for j in range(sim["n_active"]):
        o = active[j]
        if not is_final(mem.orders(h)[o]["status_venue"]):
            active[kept] = o
            kept += 1
    sim["n_active"] = kept


@compiled
def cancel_due(h: int, latest: int) -> None:
    """Cancel what has been asked to be cancelled, where the request arrives by ``latest``.

    That may be an order that has not left yet.
    """
    sim = mem.sims(h)[0]
    if sim["n_cancels"] == 0:
        return
    waiting = 0
    for j in range(sim["n_active"]):
        waiting += _cancel_if_due(h, mem.active(h)[j], latest)
    for o in range(sim["n_sent"], sim["n_orders"]):
        waiting += _cancel_if_due(h, o, latest)
    sim["n_cancels"] = waiting
    compact(h)


@inlined
def _cancel_if_due(h: int, o: int, latest: int) -> int:
    """Cancel order ``o`` if its cancel has arrived; 1 if one is still under way."""
    order = mem.orders(h)[o]
    if is_final(order["status_venue"]) or order["cancel_reason"] == 0:
        return 0
    if order["ts_cancel"] > latest:
        return 1
    expire_if_past(h, o, order["ts_cancel"] - 1)
    if is_final(order["status_venue"]):
        return 0
    end_order(h, o, _CANCELED, order["cancel_reason"], 0.0, 0.0)
    return 0


@compiled
def _project(h: int, o: int) -> tuple[float, float]:
    """Lay an order on the projected position; the room it gives by closing and takes by opening, at
    the last mark."""
    order = mem.orders(h)[o]
    ins = mem.instruments(h)[order["instrument"]]
    p = position_place(h, order["account"], order["book"], order["instrument"])
    position = mem.positions(h)[p]
    count = remaining(h, o)
    units = position["projected"]
    closing = 0
    if units * order["side_venue"] < 0:
        closing = min(count, abs(units))
    position["projected"] = units + order["side_venue"] * count
    if ins["mark"] != ins["mark"]:
        return 0.0, 0.0
    a, i, side = order["account"], order["instrument"], order["side_venue"]
    opening = count - closing
    return room_needed(h, a, i, -side * closing), room_needed(h, a, i, side * opening)


@inlined
def _fills_at_closes(h: int, o: int) -> bool:
    """Whether an order fills at closing prints only."""
    order = mem.orders(h)[o]
    if mem.instruments(h)[order["instrument"]]["closes_only"] != 0:
        return True
    return order["type"] == _MARKET and mem.policies(h)[0]["timing"] != _NEXT_OPEN


@inlined
def _is_met(h: int, o: int, row: int) -> bool:
    """Whether a bar has a print at which an order sent now could fill, later than now."""
    order = mem.orders(h)[o]
    bar = mem.bars(h)[row]
    if bar["ts_close"] <= order["ts_arrival"] or not has_open_print(h, row):
        return False
    if order["type"] == _MARKET and mem.policies(h)[0]["timing"] == _SAME_CLOSE:
        # it needs no bar of its own, only a close
        return True
    return bar["ts_open"] + mem.policies(h)[0]["bar_slack_ns"] >= order["ts_arrival"]


@compiled
def _session_of_day(h: int, o: int) -> int:
    """The session that a DAY order sent now will belong to: that of the first print, of any
    instrument, at which its type could fill."""
    sim = mem.sims(h)[0]
    at_close = _fills_at_closes(h, o)
    own = mem.instruments(h)[mem.orders(h)[o]["instrument"]]["bar"]
    if own >= 0 and not at_close and _is_met(h, o, own):
        # within the slack it takes the open of the bar under way
        return mem.bars(h)[own]["session"]
    for s in range(sim["slice"], sim["n_slices"]):
        at = mem.slices(h)[s]
        if at_close:
            for row in range(at["close_lo"], at["close_hi"]):
                if s > sim["slice"] and _is_met(h, o, row):
                    return at["session"]
        else:
            for j in range(at["open_lo"], at["open_hi"]):
                if _is_met(h, o, mem.open_rows(h)[j]):
                    return at["session_next"]
    return mem.slices(h)[sim["slice"]]["session_next"]


@compiled
def _session_of_print(h: int, o: int) -> int:
    """The session of the first print that an order sent now can meet."""
    sim = mem.sims(h)[0]
    order = mem.orders(h)[o]
    if order["auction"] == _ON_CLOSE:
        latest = order["ts_arrival"] + mem.policies(h)[0]["close_cutoff_ns"]
        session = sim["session"]
        while session + 1 < len(mem.session_closes(h)) and mem.session_closes(h)[session] < latest:
            session += 1
        return session
    if order["tif"] == _DAY:
        return _session_of_day(h, o)
    row = mem.instruments(h)[order["instrument"]]["bar"]
    while row >= 0:
        if _is_met(h, o, row):
            return mem.bars(h)[row]["session"]
        row = mem.next_rows(h)[row]
    # beyond the data
    return mem.slices(h)[sim["slice"]]["session_next"]


@compiled
def _settling(h: int, o: int) -> float:
    """What will have settled at the first print that an order sent now can meet."""
    sim = mem.sims(h)[0]
    a = mem.orders(h)[o]["account"]
    account = mem.accounts(h)[a]
    if account["settles"] == 0 or account["spends_unsettled"] != 0:
        return 0.0
    session = _session_of_print(h, o)
    total = 0.0
    for k in range(sim["first_settlement"], sim["n_settlements"]):
        row = mem.settlements(h)[k]
        if row["account"] == a and row["session"] <= session:
            place = a * sim["n_currencies"] + row["currency"]
            total += mem.balances(h)[place]["fx"] * row["amount"]
    return total


@compiled
def _room(h: int, a: int) -> float:
    """Room, plus what working orders close, less what they open."""
    sim = mem.sims(h)[0]
    remark(h, a)
    room = room_left(h, a)
    for j in range(sim["n_active"]):
        o = mem.active(h)[j]
        order = mem.orders(h)[o]
        if order["account"] == a and not is_final(order["status_venue"]) and takes_room(h, o):
            closes, opens = _project(h, o)
            room += closes - opens
    return room


@inlined
def _is_sized_at_fill(h: int, o: int) -> bool:
    order = mem.orders(h)[o]
    return order["target_kind"] > _QTY


@compiled
def _refuse_one(h: int, o: int) -> None:
    """Refusals that need no money: bankruptcy, warm-up, and a size that came to nothing."""
    order = mem.orders(h)[o]
    if is_final(order["status_venue"]):
        # with its parent
        return
    ins = mem.instruments(h)[order["instrument"]]
    if mem.accounts(h)[order["account"]]["status"] == _BANKRUPT:
        end_order(h, o, _REJECTED, _R_BANKRUPT, 0.0, 0.0)
    elif math.isnan(fx_of(h, order["account"], ins["currency"])):
        end_order(h, o, _REJECTED, _R_NO_RATE, 0.0, 0.0)
    elif ins["seen"] < ins["warmup"]:
        end_order(h, o, _REJECTED, _R_WARMUP, 0.0, 0.0)
    elif order["target_kind"] <= _QTY and order["units_venue"] + order["held_back"] == 0:
        end_order(h, o, _REJECTED, _R_ZERO, 0.0, 0.0)


@compiled
def refuse_early(h: int) -> None:
    """Refuse at once what needs no look at money, before cancels and checks."""
    sim = mem.sims(h)[0]
    for o in range(sim["n_sent"], sim["n_orders"]):
        _refuse_one(h, o)


@inlined
def _only_shorts(h: int, o: int) -> bool:
    """Whether an order does nothing but open a short, along the projected position."""
    order = mem.orders(h)[o]
    p = position_place(h, order["account"], order["book"], order["instrument"])
    if order["side_venue"] > 0 or remaining(h, o) <= 0:
        return False
    return mem.positions(h)[p]["projected"] <= 0


@compiled
def _lay_out(h: int, o: int) -> float:
    """Lay a leaving order on the projected position; the room it gives. What it takes is noted
    with it. An order that a cash account cannot send ends."""
    order = mem.orders(h)[o]
    is_cash = mem.accounts(h)[order["account"]]["kind"] == _CASH_ACCOUNT
    if is_cash and _only_shorts(h, o):
        end_order(h, o, _REJECTED, _R_SHORT, 0.0, 0.0)
        return 0.0
    closes, opens = _project(h, o)
    order["needed"] = opens
    order["available"] = closes
    order["plan_open"] = 1
    return closes


@compiled
def _check_account(h: int, a: int) -> None:
    """The submission check of one account."""
    sim = mem.sims(h)[0]
    enforce_limits(h, a)
    project_positions(h, a)
    room = _room(h, a)
    policy = mem.policies(h)[0]["insufficient"]
    # an order that turns net exposure round is judged at its print alone
    account = mem.accounts(h)[a]
    is_net = account["kind"] == _NET
    is_own_cap = account["kind"] == _GROSS and account["max_leverage"] < account["k"]
    why = _R_LEVERAGE if is_own_cap else _R_FUNDS
    for o in range(sim["n_sent"], sim["n_orders"]):
        order = mem.orders(h)[o]
        order["plan_open"] = 0
        if order["account"] == a and not is_final(order["status_venue"]) and takes_room(h, o):
            room += _lay_out(h, o)
    for o in range(sim["n_sent"], sim["n_orders"]):
        order = mem.orders(h)[o]
        if order["account"] != a or is_final(order["status_venue"]):
            continue
        if order["plan_open"] == 0 and takes_room(h, o):
            # the one that stood for its group has just been refused
            room += _lay_out(h, o)
            if is_final(order["status_venue"]):
                continue
        opens = order["needed"]
        closes = order["available"]
        order["needed"] = 0.0
        order["available"] = 0.0
        if _is_sized_at_fill(h, o):
            continue
        if opens == 0.0 or closes > 0.0 or is_net:
            room -= opens
            continue
        if policy == _REJECT and opens > room + SAME * max(abs(room), opens):
            there = room + _settling(h, o)
            if opens > there + SAME * max(abs(there), opens):
                end_order(h, o, _REJECTED, why, opens, max(there, 0.0))
                continue
        room -= opens


@subsystem("void(int64)")
def send_orders(h: int) -> None:
    """Check the orders made since the last time and hand them to the venue."""
    sim = mem.sims(h)[0]
    if sim["n_sent"] == sim["n_orders"]:
        return
    if mem.policies(h)[0]["size_at"] == _AT_DECISION:
        _size_now(h)
    for a in range(sim["n_accounts"]):
        _check_account(h, a)
    active = mem.active(h)
    for o in range(sim["n_sent"], sim["n_orders"]):
        order = mem.orders(h)[o]
        if not is_final(order["status_venue"]):
            active[sim["n_active"]] = o
            sim["n_active"] += 1
            count_sent(h, o)
            mark = mem.instruments(h)[order["instrument"]]["mark"]
            if order["is_trailing"] != 0 and order["is_held"] == 0 and mark == mark:
                follow(h, o, mark)
    sim["n_sent"] = sim["n_orders"]


@compiled
def _size_now(h: int) -> None:
    """``size_at: decision``: weights and values become counts at the last mark. A count to reach
    needs no price, and waits for the print all the same."""
    sim = mem.sims(h)[0]
    for o in range(sim["n_sent"], sim["n_orders"]):
        order = mem.orders(h)[o]
        if order["target_kind"] <= _QTY or order["target_kind"] == _TO_COUNT:
            continue
        if is_final(order["status_venue"]):
            continue
        mark = mem.instruments(h)[order["instrument"]]["mark"]
        if mark == mark:
            remark(h, order["account"])
            size_order(h, o, mark, mem.accounts(h)[order["account"]]["equity"], AT_DECISION, 0)
