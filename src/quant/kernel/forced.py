"""Orders that an account makes by itself: market orders that only reduce, and work until filled."""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.jit import compiled
from quant.kernel.reports import is_final, remaining

__all__ = ["force", "forced_units"]


@compiled
def forced_units(h: int, p: int) -> int:
    """Unsigned increments that forced orders still close of a position."""
    sim = mem.sims(h)[0]
    position = mem.positions(h)[p]
    total = 0
    for j in range(sim["n_active"]):
        o = mem.active(h)[j]
        order = mem.orders(h)[o]
        if order["forced"] == 0 or order["instrument"] != position["instrument"]:
            continue
        if order["account"] == position["account"] and not is_final(order["status_venue"]):
            total += remaining(h, o)
    return total


@compiled
def force(h: int, p: int, count: int, why: int, reason: int) -> int:
    """Make the order that closes ``count`` increments of a position; returns its place.

    It is at the venue at once, and meets the next print of its instrument.
    """
    sim = mem.sims(h)[0]
    position = mem.positions(h)[p]
    o = sim["n_orders"]
    mem.orders(h)[o] = mem.forced_orders(h)[0]
    order = mem.orders(h)[o]
    side = -1 if position["units"] > 0 else 1
    order["account"] = position["account"]
    order["instrument"] = position["instrument"]
    order["book"] = position["book"]
    order["side"] = side
    order["side_venue"] = side
    order["units"] = count
    order["units_venue"] = count
    order["whole"] = count
    order["ts_submit"] = sim["now"]
    order["ts_first"] = sim["now"]
    order["ts_arrival"] = sim["now"]
    order["session_sent"] = sim["session"]
    order["reports_before"] = sim["n_reports"]
    order["stamp"] = sim["stamp"]
    order["forced"] = why
    order["reason"] = reason
    mem.active(h)[sim["n_active"]] = o
    sim["n_active"] += 1
    sim["n_orders"] = o + 1
    sim["n_sent"] = o + 1
    sim["n_reducers"] += 1
    return o
