"""Orders made in compiled code: what ``ctx.order`` and ``ctx.order_target`` do without Python.

The rules are those of the strategy's desk (``strategy.desk``), figure by figure; a test holds the
two together. The desk sends at once: with delays it is Python that decides.
"""

from __future__ import annotations

import math

from quant.kernel import memory as mem
from quant.kernel.codes import NONE, REASON, STATUS, TARGET_KIND
from quant.kernel.cost import whole
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import fx_of, position_place
from quant.kernel.reports import remaining

__all__ = ["count_of_value", "order_count", "target_count", "target_worth"]

_FILLED = STATUS.FILLED
_QTY = TARGET_KIND.QTY
_WEIGHT = TARGET_KIND.WEIGHT
_REPLACED = REASON.REPLACED


@inlined
def _is_working(h: int, o: int) -> bool:
    """Not final, and not asked to be cancelled."""
    order = mem.orders(h)[o]
    return order["status"] < _FILLED and order["cancel_reason"] == 0


@compiled
def _new(h: int, i: int) -> int:
    """A market order for the day with everything but side and size."""
    sim = mem.sims(h)[0]
    o = sim["n_orders"]
    mem.orders(h)[o] = mem.order_templates(h)[0]
    order = mem.orders(h)[o]
    ins = mem.instruments(h)[i]
    order["instrument"] = i
    order["ts_submit"] = sim["now"]
    order["ts_first"] = sim["now"]
    order["ts_arrival"] = sim["now"]
    order["session_sent"] = sim["session"]
    order["reports_before"] = sim["n_reports"]
    order["next_working"] = ins["working"]
    ins["working"] = o
    sim["n_orders"] = o + 1
    return o


@compiled
def order_count(h: int, i: int, count: int) -> int:
    """Order ``count`` increments, signed, at market; returns the order's place."""
    o = _new(h, i)
    order = mem.orders(h)[o]
    side = 1 if count >= 0 else -1
    order["side"] = side
    order["side_venue"] = side
    order["units"] = side * count
    order["units_venue"] = side * count
    order["whole"] = side * count
    return o


@compiled
def _cancel(h: int, o: int) -> None:
    """Ask for the end of an order that another replaces."""
    sim = mem.sims(h)[0]
    order = mem.orders(h)[o]
    order["cancel_reason"] = _REPLACED
    order["ts_cancel_sent"] = sim["now"]
    order["ts_cancel"] = sim["now"]
    order["session_cancel"] = sim["session"]
    order["reports_at_cancel"] = sim["n_reports"]
    sim["n_cancels"] += 1


@compiled
def _projected(h: int, i: int) -> int:
    """Position plus what working orders would still do, in increments; finished ones are taken off
    the instrument's list."""
    total = mem.positions(h)[position_place(h, 0, 0, i)]["units"]
    ins = mem.instruments(h)[i]
    o = ins["working"]
    before = NONE
    while o >= 0:
        order = mem.orders(h)[o]
        after = order["next_working"]
        if _is_working(h, o):
            total += order["side_venue"] * remaining(h, o)
            before = o
        elif before < 0:
            ins["working"] = after
        else:
            mem.orders(h)[before]["next_working"] = after
        o = after
    return total


@inlined
def _earlier_target(h: int, i: int) -> int:
    """The working order that aims at a target; NONE if there is none."""
    o = mem.instruments(h)[i]["target_order"]
    return o if o >= 0 and _is_working(h, o) else NONE


@compiled
def target_count(h: int, i: int, count: int) -> None:
    """Order what brings position and working orders to ``count`` increments."""
    earlier = _earlier_target(h, i)
    if earlier >= 0:
        order = mem.orders(h)[earlier]
        if order["target_kind"] > _QTY and order["is_sized"] == 0:
            _cancel(h, earlier)
            earlier = NONE
    if count == _projected(h, i):
        return
    if earlier >= 0:
        _cancel(h, earlier)
    change = count - _projected(h, i)
    if change == 0:
        return
    o = order_count(h, i, change)
    mem.orders(h)[o]["target_kind"] = _QTY
    mem.instruments(h)[i]["target_order"] = o


@inlined
def _signed_whole(x: float) -> int:
    """Whole counts in x, towards zero."""
    return whole(x) if x >= 0.0 else -whole(-x)


@inlined
def _worth(h: int, i: int) -> float:
    """What one unit is worth in the base at the last mark; NaN where that, or its rate, is not
    known."""
    ins = mem.instruments(h)[i]
    if ins["mark"] == 0.0:
        return math.nan
    worth = abs(ins["mark"]) * ins["multiplier"]
    return worth * fx_of(h, 0, ins["currency"])


@inlined
def _count_at(h: int, i: int, value: float, worth: float) -> int:
    """Whole increments of an amount of the base money."""
    ins = mem.instruments(h)[i]
    return _signed_whole(value / worth * ins["unit_den"] / ins["unit_num"])


@compiled
def count_of_value(h: int, i: int, value: float) -> int:
    """Whole increments of an amount of the base money at the last mark; 0 where none is known."""
    worth = _worth(h, i)
    return _count_at(h, i, value, worth) if worth == worth else 0


@compiled
def target_worth(h: int, i: int, kind: int, number: float) -> None:
    """Order what brings an instrument to a weight or a value; the count is found at the print."""
    earlier = _earlier_target(h, i)
    if earlier >= 0:
        _cancel(h, earlier)
    value = number
    if kind == _WEIGHT:
        value = number * max(mem.accounts(h)[0]["equity"], 0.0)
    worth = _worth(h, i)
    if worth == worth and _count_at(h, i, value, worth) == _projected(h, i):
        return
    o = _new(h, i)
    order = mem.orders(h)[o]
    order["target_kind"] = kind
    order["target"] = number
    order["side"] = 1
    order["side_venue"] = 1
    mem.instruments(h)[i]["target_order"] = o
