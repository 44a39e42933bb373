"""What one fill does to other orders: children come alive, rivals are cut, protection lapses.

A child is live for its share of what its parent has filled, rounded down. Members of a group of
which one cancels the others lose what another fills. An order that only reduces ends when there is
nothing left to reduce. Only fills act on others here; what an ending takes along is in ``reports``.
"""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import AUCTION, GROUP_KIND, ORDER_TYPE, REASON, REPORT_KIND
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import position_place
from quant.kernel.pricing import AT_OPEN, INSIDE
from quant.kernel.reports import (
    activate,
    close_out,
    end_order,
    is_final,
    is_out_of_reach,
    reduce_quantity,
    remaining,
    settle_descendants,
)
from quant.kernel.subsystem import subsystem
from quant.kernel.trailing import follow

__all__ = ["after_fill", "live_share", "set_free"]

_OCO = GROUP_KIND.OCO
_OCO_SHARED = GROUP_KIND.OCO_SHARED
_MARKET = ORDER_TYPE.MARKET
_NO_AUCTION = AUCTION.NONE
_R_OCO = REASON.OCO
_R_REDUCE_ONLY = REASON.REDUCE_ONLY
_CANCELED = REPORT_KIND.CANCELED


@inlined
def live_share(whole: int, filled: int, parent_whole: int) -> int:
    """How much of a child of ``whole`` increments is live once ``filled`` of its parent's are."""
    if filled >= parent_whole:
        return whole
    return whole * filled // parent_whole


@inlined
def _is_on_path(h: int, c: int, at: int) -> bool:
    """Whether the rest of a bar's path lies before a child that arrives now."""
    child = mem.orders(h)[c]
    ins = mem.instruments(h)[child["instrument"]]
    sim = mem.sims(h)[0]
    if at == INSIDE:
        # inside a bar the times of two instruments cannot be compared
        return child["instrument"] == mem.orders(h)[child["parent"]]["instrument"]
    if at != AT_OPEN or ins["bar"] < 0 or ins["closes_only"] != 0:
        return False
    is_under_way = mem.bars(h)[ins["bar"]]["ts_close"] > sim["now"]
    return (
        is_under_way
        and child["ts_arrival"] <= ins["opened_at"] + mem.policies(h)[0]["bar_slack_ns"]
    )


@compiled
def set_free(h: int, c: int, price: float, ts: int, at: int) -> None:
    """Bring a child's live quantity to its share; one that was held arrives, at ``price``."""
    child = mem.orders(h)[c]
    parent = mem.orders(h)[child["parent"]]
    live = live_share(child["whole"], parent["filled_venue"], parent["whole"])
    if live <= 0:
        return
    if remaining(h, c) <= 0:
        child["revived"] = mem.sims(h)[0]["print_id"]
    child["units_venue"] = live - child["cut"]
    child["held_back"] = child["whole"] - live
    if child["is_held"] == 0:
        return
    ins = mem.instruments(h)[child["instrument"]]
    activate(h, c, ts)
    if child["is_trailing"] != 0:
        is_there = at == INSIDE and child["instrument"] == parent["instrument"]
        follow(h, c, price if is_there else ins["mark"])
    if child["type"] == _MARKET or child["auction"] != _NO_AUCTION:
        return
    is_on_path = _is_on_path(h, c, at)
    if is_on_path:
        child["join_bar"] = ins["bar"]
    if is_on_path or (at == AT_OPEN and ins["closes_only"] == 0):
        child["day_session"] = mem.sims(h)[0]["session"]


@compiled
def _cut_rivals(h: int, o: int, count: int) -> None:
    """The other members of an OCO group lose what this fill took, or end."""
    is_shared = mem.orders(h)[o]["group_kind"] == _OCO_SHARED
    m = mem.orders(h)[o]["next_in_group"]
    while m != o:
        if not is_final(mem.orders(h)[m]["status_venue"]) and not is_out_of_reach(h, m):
            if is_shared:
                reduce_quantity(h, m, count, _R_OCO)
            else:
                end_order(h, m, _CANCELED, _R_OCO, 0.0, 0.0)
        m = mem.orders(h)[m]["next_in_group"]


@inlined
def _only_reduces(h: int, o: int) -> bool:
    """Whether an order works, only reduces, and waits for no further fill of a parent."""
    order = mem.orders(h)[o]
    if order["reduce_only"] == 0 or order["is_held"] != 0 or is_final(order["status_venue"]):
        return False
    return order["held_back"] == 0 and not is_out_of_reach(h, o)


@compiled
def _end_protection(h: int, o: int, units_before: int, ts: int) -> None:
    """The position of an order's instrument is gone: what only reduced it ends. What would reduce
    one on the other side waits for that."""
    filled = mem.orders(h)[o]
    a = filled["account"]
    book = filled["book"]
    i = filled["instrument"]
    for j in range(mem.sims(h)[0]["n_active"]):
        m = mem.active(h)[j]
        order = mem.orders(h)[m]
        if order["instrument"] != i or order["account"] != a or order["book"] != book:
            continue
        if order["side_venue"] * units_before >= 0 or order["ts_arrival"] > ts:
            continue
        if _only_reduces(h, m):
            close_out(h, m, _R_REDUCE_ONLY, 0.0, 0.0)


@compiled
def _end_idle_children(h: int, o: int, units: int) -> None:
    """End the children of an order that has filled and opened nothing that they could reduce."""
    c = mem.orders(h)[o]["first_child"]
    while c >= 0:
        child = mem.orders(h)[c]
        is_idle = units * child["side_venue"] >= 0
        if (
            is_idle
            and child["instrument"] == mem.orders(h)[o]["instrument"]
            and _only_reduces(h, c)
        ):
            close_out(h, c, _R_REDUCE_ONLY, 0.0, 0.0)
        c = mem.orders(h)[c]["next_child"]


@subsystem("void(int64, int64, int64, float64, int64, int64, int64)")
def after_fill(
    h: int, o: int, count: int, price: float, units_before: int, ts: int, at: int
) -> None:
    """What a fill of ``count`` increments of order ``o`` at ``price`` does to other orders."""
    order = mem.orders(h)[o]
    if order["group_kind"] == _OCO or order["group_kind"] == _OCO_SHARED:
        _cut_rivals(h, o, count)
    c = order["first_child"]
    while c >= 0:
        if not is_final(mem.orders(h)[c]["status_venue"]) and not is_out_of_reach(h, c):
            set_free(h, c, price, ts, at)
        c = mem.orders(h)[c]["next_child"]
    if order["first_child"] >= 0 and is_final(order["status_venue"]):
        settle_descendants(h, o, ts)
    p = position_place(h, order["account"], order["book"], order["instrument"])
    units = mem.positions(h)[p]["units"]
    if mem.sims(h)[0]["n_reducers"] == 0:
        return
    if order["first_child"] >= 0:
        _end_idle_children(h, o, units)
    if units_before != 0 and units * units_before <= 0:
        _end_protection(h, o, units_before, ts)
