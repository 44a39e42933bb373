"""Requests of the strategy that reach the venue after their order: amendments."""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import NEVER, NONE, REASON, REPORT_KIND
from quant.kernel.groups import live_share, set_free
from quant.kernel.jit import compiled, inlined
from quant.kernel.limits import refuse_amendment
from quant.kernel.post import post
from quant.kernel.pricing import AT_CLOSE
from quant.kernel.reports import end_at, expire_if_past, is_final, new_report, report_replaced
from quant.kernel.subsystem import subsystem
from quant.kernel.trailing import set_level

__all__ = ["amend_due"]

_REPLACE_REJECTED = REPORT_KIND.REPLACE_REJECTED
_CANCELED = REPORT_KIND.CANCELED
_R_AMENDED = REASON.AMENDED
_R_TOO_LATE = REASON.TOO_LATE


@compiled
def _change_quantity(h: int, o: int, units: int, ts: int) -> None:
    """Give an order a new whole quantity; what has filled already may be all of it."""
    order = mem.orders(h)[o]
    order["whole"] = units
    # what is asked for now, whatever others of a group took from what was asked before
    order["cut"] = 0
    live = units
    if order["parent"] >= 0:
        parent = mem.orders(h)[order["parent"]]
        if not is_final(parent["status_venue"]):
            live = live_share(units, parent["filled_venue"], parent["whole"])
    if order["is_held"] != 0:
        order["held_back"] = units
        if live > 0:
            set_free(h, o, mem.instruments(h)[order["instrument"]]["mark"], ts, AT_CLOSE)
    else:
        order["units_venue"] = live
        order["held_back"] = units - live
    if order["units_venue"] + order["held_back"] <= order["filled_venue"]:
        end_at(h, o, _CANCELED, _R_AMENDED, 0.0, 0.0, ts)


@inlined
def _change_prices(h: int, o: int, k: int) -> bool:
    """Give an order new prices; whether any was given."""
    order = mem.orders(h)[o]
    amendment = mem.amendments(h)[k]
    found = False
    if amendment["limit"] == amendment["limit"]:
        order["limit"] = amendment["limit"]
        found = True
    if amendment["stop"] == amendment["stop"]:
        order["stop"] = amendment["stop"]
        found = True
    if amendment["trail"] == amendment["trail"]:
        order["trail"] = amendment["trail"]
        if order["is_triggered"] == 0 and order["water"] == order["water"]:
            set_level(h, o)
        found = True
    return found


@compiled
def _apply(h: int, k: int) -> None:
    """Let one amendment take effect."""
    amendment = mem.amendments(h)[k]
    amendment["is_done"] = 1
    o = amendment["order"]
    order = mem.orders(h)[o]
    ts = amendment["ts_arrival"]
    expire_if_past(h, o, ts - 1)
    if is_final(order["status_venue"]):
        r = new_report(h, _REPLACE_REJECTED, o, ts)
        mem.reports(h)[r]["reason"] = _R_TOO_LATE
        post(h, r)
        return
    if amendment["units"] != NONE and refuse_amendment(h, o, amendment["units"], ts) != 0:
        return
    if amendment["units"] != NONE:
        _change_quantity(h, o, amendment["units"], ts)
        if is_final(order["status_venue"]):
            return
    if amendment["good_till"] != NONE:
        order["good_till"] = amendment["good_till"]
        order["good_session"] = amendment["good_session"]
    if _change_prices(h, o, k):
        # as a new order: it waits for the next bar, and may take from it
        order["is_fresh"] = 1 if order["is_held"] == 0 else 0
        order["ts_arrival"] = max(order["ts_arrival"], ts)
    report_replaced(h, o, _R_AMENDED, ts)


@subsystem("void(int64, int64)")
def amend_due(h: int, latest: int) -> None:
    """Apply the amendments that arrive by ``latest``, in order of arrival, then of sequence."""
    sim = mem.sims(h)[0]
    while sim["n_amends"] > 0:
        first = NONE
        arrival = NEVER
        while mem.amendments(h)[sim["first_amend"]]["is_done"] != 0:
            sim["first_amend"] += 1
        for k in range(sim["first_amend"], sim["n_amendments"]):
            amendment = mem.amendments(h)[k]
            if amendment["is_done"] == 0 and amendment["ts_arrival"] < arrival:
                first = k
                arrival = amendment["ts_arrival"]
        if arrival > latest:
            return
        sim["n_amends"] -= 1
        _apply(h, first)
