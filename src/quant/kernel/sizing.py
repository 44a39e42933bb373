"""From a weight or a value to a count of increments.

The rule is in the contract (docs/concepts/fills.md, *Sizing*): increasing exposure includes the
commission of the whole trade in the value asked for; reducing does not.
"""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import REASON, REPORT_KIND, TARGET_KIND
from quant.kernel.cost import commission_total, quantity, slipped, whole
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import SAME, position_place
from quant.kernel.reports import end_order, is_final, is_free, remaining
from quant.kernel.subsystem import subsystem

__all__ = ["fix_goal", "size_order", "working_units"]

_WEIGHT = TARGET_KIND.WEIGHT
_COUNT = TARGET_KIND.COUNT
_NO_CHANGE = REASON.NO_CHANGE
_CANCELED = REPORT_KIND.CANCELED


@compiled
def working_units(h: int, i: int, a: int, except_order: int) -> int:
    """Signed increments that other working orders of an instrument would still do.

    Those that only protect a position do not count.
    """
    sim = mem.sims(h)[0]
    total = 0
    for j in range(sim["n_active"]):
        o = mem.active(h)[j]
        order = mem.orders(h)[o]
        if o == except_order or order["instrument"] != i or order["account"] != a:
            continue
        if not is_final(order["status_venue"]) and is_free(h, o):
            total += order["side_venue"] * remaining(h, o)
    for o in range(sim["n_sent"], sim["n_orders"]):
        order = mem.orders(h)[o]
        if o == except_order or order["instrument"] != i or order["account"] != a:
            continue
        if not is_final(order["status_venue"]) and is_free(h, o):
            total += order["side_venue"] * remaining(h, o)
    return total


@inlined
def _worth_with_cost(h: int, i: int, count: int, n0: int, sign: int, price: float) -> float:
    """Value of ``count`` increments on one side plus the commission of getting there."""
    ins = mem.instruments(h)[i]
    worth = abs(quantity(ins, count) * price * ins["multiplier"])
    traded = quantity(ins, abs(sign * count - n0))
    notional = abs(traded * price * ins["multiplier"])
    return worth + commission_total(h, ins["commission"], traded, notional)


@compiled
def count_for_value(h: int, i: int, value: float, n0: int, price: float) -> int:
    """Signed target count for ``value`` when it increases exposure on the value's side."""
    ins = mem.instruments(h)[i]
    sign = 1 if value > 0.0 else -1
    room = abs(value) * (1.0 + SAME)
    one = abs(price) * ins["multiplier"] * ins["unit_num"] / ins["unit_den"]
    low = 0
    high = whole(abs(value) / one * (1.0 + 1e-9)) + 1
    while low < high:
        middle = low + (high - low + 1) // 2
        if _worth_with_cost(h, i, middle, n0, sign, price) <= room:
            low = middle
        else:
            high = middle - 1
    return sign * low


@inlined
def _target_count(h: int, i: int, value: float, n0: int, raw: float, at_open: int) -> int:
    """The signed count asked for by ``value``; n0 when nothing is to be done."""
    ins = mem.instruments(h)[i]
    if value == 0.0:
        return 0
    if raw <= 0.0:
        # a price at or below zero cannot turn money into a quantity
        return n0
    worth = quantity(ins, n0) * ins["multiplier"] * raw
    difference = value - worth
    if abs(difference) <= SAME * max(abs(value), abs(worth)):
        return n0
    side = 1 if difference > 0.0 else -1
    price, _ = slipped(h, i, side, raw, at_open)
    one = abs(price) * ins["multiplier"] * ins["unit_num"] / ins["unit_den"]
    if n0 * value > 0.0 and abs(value) < abs(worth):
        n = whole(abs(value) / one)
        return min(n, n0) if n0 > 0 else -min(n, -n0)
    n = count_for_value(h, i, value, n0, price)
    return max(n, n0) if side > 0 else min(n, n0)


@compiled
def _goal(h: int, o: int, n0: int, raw: float, equity: float, at_open: int) -> int:
    """The signed count that a target order is to reach from ``n0``."""
    order = mem.orders(h)[o]
    if order["target_kind"] == _COUNT:
        return int(order["target"])
    value = order["target"]
    if order["target_kind"] == _WEIGHT:
        value = order["target"] * equity if equity > 0.0 else 0.0
    return _target_count(h, order["instrument"], value, n0, raw, at_open)


@inlined
def _held_or_working(h: int, o: int) -> int:
    """The position of an order's instrument, and what other orders would still do to it."""
    order = mem.orders(h)[o]
    p = position_place(h, order["account"], order["book"], order["instrument"])
    working = working_units(h, order["instrument"], order["account"], o)
    return mem.positions(h)[p]["units"] + working


@subsystem("void(int64, int64, float64, float64, int64)")
def size_order(h: int, o: int, raw: float, equity: float, at_open: int) -> None:
    """Turn a target into side and count; an order that changes nothing ends."""
    order = mem.orders(h)[o]
    n0 = _held_or_working(h, o)
    change = _goal(h, o, n0, raw, equity, at_open) - n0
    order["is_sized"] = 1
    order["units_venue"] = abs(change)
    order["side_venue"] = 1 if change >= 0 else -1
    if change == 0:
        end_order(h, o, _CANCELED, _NO_CHANGE, 0.0, 0.0)


@subsystem("void(int64, int64, float64, float64)")
def fix_goal(h: int, o: int, mark: float, equity: float) -> None:
    """Turn a weight or value into the count to reach, at the mark of the decision. What is missing
    to it is known at the print, because orders may fill or end on the way."""
    order = mem.orders(h)[o]
    if order["target_kind"] == _COUNT:
        return
    n0 = _held_or_working(h, o)
    goal = _goal(h, o, n0, mark, equity, 1)
    order["target_kind"] = _COUNT
    order["target"] = float(goal)
    if goal == n0:
        order["is_sized"] = 1
        end_order(h, o, _CANCELED, _NO_CHANGE, 0.0, 0.0)
