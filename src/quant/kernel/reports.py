"""What the venue tells us about an order: every report is written here, and posted at once.

An order that ends takes others along: what still waits for its fills (its children), and, of a
group that fills as a whole, the other members. These end by ``end_alone``, so that ending never
calls itself.
"""

from __future__ import annotations

import math

from quant.kernel import memory as mem
from quant.kernel.codes import GROUP_KIND, NONE, REASON, REPORT_KIND, STATUS
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import fx_of, position_place
from quant.kernel.post import post
from quant.kernel.subsystem import subsystem

__all__ = [
    "activate",
    "close_out",
    "end_alone",
    "end_at",
    "end_order",
    "expire_if_past",
    "is_final",
    "is_free",
    "is_out_of_reach",
    "new_report",
    "reduce_quantity",
    "remaining",
    "report_replaced",
    "settle_descendants",
    "trigger",
]

_ATOMIC = GROUP_KIND.ATOMIC
_TRIGGERED = REPORT_KIND.TRIGGERED
_CANCELED = REPORT_KIND.CANCELED
_REJECTED = REPORT_KIND.REJECTED
_ACTIVATED = REPORT_KIND.ACTIVATED
_REPLACED = REPORT_KIND.REPLACED
_R_ATOMIC = REASON.ATOMIC
_R_OCO = REASON.OCO
_R_REDUCE_ONLY = REASON.REDUCE_ONLY
_R_PARENT_ENDED = REASON.PARENT_ENDED
_R_PARENT_FILLED = REASON.PARENT_FILLED
_R_GOOD_TILL = REASON.GOOD_TILL
_R_LEVERAGE = REASON.RISK_MAX_LEVERAGE
_EXPIRED = REPORT_KIND.EXPIRED
_S_NEW = STATUS.NEW
_S_TRIGGERED = STATUS.TRIGGERED
_S_PARTIAL = STATUS.PARTIALLY_FILLED
_S_FILLED = STATUS.FILLED
_S_CANCELED = STATUS.CANCELED
_S_REJECTED = STATUS.REJECTED
_S_EXPIRED = STATUS.EXPIRED


@inlined
def is_final(status: int) -> bool:
    """Whether nothing more can happen to an order of this status."""
    return status >= _S_FILLED


@inlined
def remaining(h: int, o: int) -> int:
    """Increments the venue could still fill."""
    order = mem.orders(h)[o]
    return order["units_venue"] - order["filled_venue"]


@inlined
def is_free(h: int, o: int) -> bool:
    """Whether an order adds to what is intended. One that protects a position does not: what waits
    for its parent, what only reduces, and what another order may cancel."""
    order = mem.orders(h)[o]
    return (
        order["is_held"] == 0
        and order["reduce_only"] == 0
        and (order["group_kind"] == 0 or order["group_kind"] == _ATOMIC)
    )


@compiled
def new_report(h: int, kind: int, o: int, ts: int) -> int:
    """A blank report about order ``o`` (NONE: about no order); returns its place."""
    sim = mem.sims(h)[0]
    r = sim["n_reports"]
    sim["n_reports"] = r + 1
    report = mem.reports(h)[r]
    report["kind"] = kind
    report["ts"] = ts
    report["session"] = sim["session"]
    report["order"] = o
    report["reason"] = 0
    report["fill_reason"] = 0
    report["flags"] = 0
    report["liquidity"] = 0
    report["is_merge"] = 0
    report["posting_kind"] = 0
    report["new_units"] = NONE
    report["fill"] = NONE
    report["settles"] = NONE
    report["price"] = 0.0
    report["price_raw"] = 0.0
    report["commission"] = 0.0
    report["fees"] = 0.0
    report["slippage"] = 0.0
    report["impact"] = 0.0
    report["amount"] = 0.0
    report["needed"] = 0.0
    report["available"] = 0.0
    report["units"] = 0
    if o < 0:
        report["account"] = 0
        report["instrument"] = NONE
        report["book"] = 0
        report["currency"] = 0
        report["bar"] = NONE
        report["fx"] = 1.0
    if o >= 0:
        order = mem.orders(h)[o]
        ins = mem.instruments(h)[order["instrument"]]
        report["account"] = order["account"]
        report["instrument"] = order["instrument"]
        report["book"] = order["book"]
        report["currency"] = ins["currency"]
        report["bar"] = ins["seen"]
        report["fx"] = fx_of(h, order["account"], ins["currency"])
    return r


@inlined
def _write_figures(h: int, r: int, needed: float, available: float) -> None:
    """Both figures of a refusal. Where the strategy's own leverage forbids it, they are what that
    would have been, and its limit."""
    report = mem.reports(h)[r]
    report["needed"] = needed
    report["available"] = available
    if report["reason"] == _R_LEVERAGE:
        account = mem.accounts(h)[report["account"]]
        over = math.inf
        if account["equity"] > 0.0:
            over = (needed - available) / account["equity"]
        report["needed"] = account["max_leverage"] + over
        report["available"] = account["max_leverage"]


@compiled
def end_alone(
    h: int, o: int, kind: int, reason: int, needed: float, available: float, ts: int
) -> None:
    """End what remains of one order."""
    order = mem.orders(h)[o]
    r = new_report(h, kind, o, ts)
    report = mem.reports(h)[r]
    report["reason"] = reason
    _write_figures(h, r, needed, available)
    if order["is_sized"] != 0:
        report["new_units"] = order["units_venue"]
    if kind == _CANCELED:
        order["status_venue"] = _S_CANCELED
    elif kind == _REJECTED:
        order["status_venue"] = _S_REJECTED
    else:
        order["status_venue"] = _S_EXPIRED
    post(h, r)


@compiled
def report_replaced(h: int, o: int, reason: int, ts: int) -> None:
    """Tell the terms of an order as they are now; one that has filled all it now asks for, ends."""
    order = mem.orders(h)[o]
    if order["filled_venue"] > 0:
        status = _S_PARTIAL
        if order["filled_venue"] >= order["units_venue"] + order["held_back"]:
            status = _S_FILLED
    else:
        status = _S_TRIGGERED if order["is_triggered"] != 0 else _S_NEW
    order["status_venue"] = status
    r = new_report(h, _REPLACED, o, ts)
    report = mem.reports(h)[r]
    report["reason"] = reason
    report["flags"] = status
    report["new_units"] = order["units_venue"] + order["held_back"]
    report["price"] = order["limit"]
    report["price_raw"] = order["stop"]
    post(h, r)


@inlined
def is_out_of_reach(h: int, o: int) -> bool:
    """Whether a trial walk may not touch an order, because it could not put it back."""
    sim = mem.sims(h)[0]
    if sim["trial"] == NONE:
        return False
    order = mem.orders(h)[o]
    return order["stamp"] != sim["stamp"] or order["instrument"] != sim["trial"]


@compiled
def _end_if_idle(h: int, o: int, ts: int) -> None:
    """End an order that only reduces, whose parent is over, and that has nothing to reduce."""
    order = mem.orders(h)[o]
    p = position_place(h, order["account"], order["book"], order["instrument"])
    if mem.positions(h)[p]["units"] * order["side_venue"] >= 0:
        kind = _REJECTED if order["filled_venue"] == 0 else _CANCELED
        end_alone(h, o, kind, _R_REDUCE_ONLY, 0.0, 0.0, ts)


@compiled
def settle_descendants(h: int, o: int, ts: int) -> None:
    """An order has ended: what its fills have set free is all that its children will ever be.

    Descendants follow in order of depth first, so one pass reaches those whose parents end here.
    """
    for d in range(o + 1, o + 1 + mem.orders(h)[o]["n_descendants"]):
        order = mem.orders(h)[d]
        if is_final(order["status_venue"]) or order["held_back"] <= 0 or is_out_of_reach(h, d):
            continue
        if not is_final(mem.orders(h)[order["parent"]]["status_venue"]):
            continue
        order["held_back"] = 0
        if order["units_venue"] <= 0:
            reason = _R_OCO if order["cut"] > 0 else _R_PARENT_ENDED
            end_alone(h, d, _CANCELED, reason, 0.0, 0.0, ts)
        else:
            report_replaced(h, d, _R_PARENT_ENDED, ts)
            if order["reduce_only"] != 0 and not is_final(order["status_venue"]):
                _end_if_idle(h, d, ts)


@subsystem("void(int64, int64, int64, int64, float64, float64, int64)")
def end_at(
    h: int, o: int, kind: int, reason: int, needed: float, available: float, ts: int
) -> None:
    """End an order as of ``ts``, and what cannot go on without it."""
    end_alone(h, o, kind, reason, needed, available, ts)
    order = mem.orders(h)[o]
    if order["first_child"] >= 0:
        settle_descendants(h, o, ts)
    if order["group_kind"] == _ATOMIC:
        m = order["next_in_group"]
        while m != o:
            if not is_final(mem.orders(h)[m]["status_venue"]):
                end_alone(h, m, _CANCELED, _R_ATOMIC, 0.0, 0.0, ts)
            m = mem.orders(h)[m]["next_in_group"]


@compiled
def expire_if_past(h: int, o: int, latest: int) -> None:
    """End an order that was good till a moment that has come by ``latest``."""
    order = mem.orders(h)[o]
    if order["good_till"] <= latest and not is_final(order["status_venue"]):
        end_at(h, o, _EXPIRED, _R_GOOD_TILL, 0.0, 0.0, order["good_till"])


@compiled
def end_order(h: int, o: int, kind: int, reason: int, needed: float, available: float) -> None:
    """The venue ends what remains of an order, for a reason."""
    end_at(h, o, kind, reason, needed, available, mem.sims(h)[0]["now"])


@compiled
def close_out(h: int, o: int, reason: int, needed: float, available: float) -> None:
    """End an order whose rest is refused: REJECTED if nothing of it ever filled."""
    kind = _REJECTED if mem.orders(h)[o]["filled_venue"] == 0 else _CANCELED
    end_order(h, o, kind, reason, needed, available)


@compiled
def reduce_quantity(h: int, o: int, count: int, reason: int) -> None:
    """Take ``count`` increments from an order; one that is left with nothing ends."""
    order = mem.orders(h)[o]
    order["cut"] += count
    order["units_venue"] -= count
    if order["is_held"] != 0:
        # nothing of it is live: the cut comes out of what waits
        order["held_back"] += order["units_venue"]
        order["units_venue"] = 0
    if order["units_venue"] + order["held_back"] <= order["filled_venue"]:
        end_order(h, o, _CANCELED, reason, 0.0, 0.0)
    else:
        report_replaced(h, o, reason, mem.sims(h)[0]["now"])


@compiled
def activate(h: int, o: int, ts: int) -> None:
    """A fill of its parent sets an order free."""
    order = mem.orders(h)[o]
    order["is_held"] = 0
    order["ts_first"] = ts
    order["ts_arrival"] = ts
    r = new_report(h, _ACTIVATED, o, ts)
    report = mem.reports(h)[r]
    report["reason"] = _R_PARENT_FILLED
    report["units"] = order["side_venue"] * order["units_venue"]
    post(h, r)


@compiled
def trigger(h: int, o: int) -> None:
    """A trigger's level has traded."""
    order = mem.orders(h)[o]
    order["is_triggered"] = 1
    order["status_venue"] = _S_TRIGGERED
    post(h, new_report(h, _TRIGGERED, o, mem.sims(h)[0]["now"]))
