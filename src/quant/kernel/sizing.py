"""From a weight or a value to a count of increments.

The rule is in the contract (docs/concepts/fills.md, *Sizing*): increasing exposure includes the
commission and the fees of the whole trade in the value asked for; reducing does not.
"""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import GROUP_KIND, NONE, REASON, REPORT_KIND, TARGET_KIND
from quant.kernel.cost import commission_total, quantity, whole
from quant.kernel.fees import find_due, manner_of
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import SAME, position_place
from quant.kernel.pricing import taken
from quant.kernel.reports import end_order, is_final, is_free, remaining
from quant.kernel.subsystem import subsystem

__all__ = ["size_order", "working_units"]

_ATOMIC = GROUP_KIND.ATOMIC
_WEIGHT = TARGET_KIND.WEIGHT
_COUNT = TARGET_KIND.COUNT
_NO_CHANGE = REASON.NO_CHANGE
_CANCELED = REPORT_KIND.CANCELED
_MOST = 2**62
_ROUNDS = 50


@compiled
def _is_ending(h: int, o: int) -> bool:
    """Whether an order, or a leg that it ends with, is asked to be cancelled."""
    order = mem.orders(h)[o]
    if order["cancel_reason"] != 0:
        return True
    if order["group_kind"] == _ATOMIC:
        m = order["next_in_group"]
        while m != o:
            if mem.orders(h)[m]["cancel_reason"] != 0:
                return True
            m = mem.orders(h)[m]["next_in_group"]
    return False


@inlined
def _working(h: int, o: int, i: int, a: int, with_ending: int) -> int:
    """Signed increments that one order would still do to an instrument."""
    order = mem.orders(h)[o]
    if order["instrument"] != i or order["account"] != a or is_final(order["status_venue"]):
        return 0
    if not is_free(h, o) or (with_ending == 0 and _is_ending(h, o)):
        return 0
    return order["side_venue"] * remaining(h, o)


@compiled
def working_units(h: int, i: int, a: int, except_order: int, with_ending: int) -> int:
    """Signed increments that other working orders of an instrument would still do.

    Those that only protect a position do not count; ``with_ending`` as in ``size_order``.
    """
    sim = mem.sims(h)[0]
    total = 0
    for j in range(sim["n_active"]):
        o = mem.active(h)[j]
        if o != except_order:
            total += _working(h, o, i, a, with_ending)
    for o in range(sim["n_sent"], sim["n_orders"]):
        if o != except_order:
            total += _working(h, o, i, a, with_ending)
    return total


@inlined
def _price_of(h: int, i: int, side: int, raw: float, at: int, traded: int) -> float:
    """The price of a market order for ``traded`` increments."""
    urgency = mem.slippages(h)[mem.instruments(h)[i]["slippage"]]["size"]
    price, _, _, _ = taken(h, i, side, raw, at, max(traded, 1), NONE, urgency)
    return price


@inlined
def _worth_with_cost(h: int, o: int, count: int, n0: int, sign: int, raw: float, at: int) -> float:
    """Value of ``count`` increments on one side plus commission and fees of getting there."""
    i = mem.orders(h)[o]["instrument"]
    ins = mem.instruments(h)[i]
    change = abs(sign * count - n0)
    price = _price_of(h, i, sign, raw, at, change)
    worth = abs(quantity(ins, count) * price * ins["multiplier"])
    traded = quantity(ins, change)
    notional = abs(traded * price * ins["multiplier"])
    if mem.commissions(h)[ins["commission"]]["n_fees"] != 0:
        a = mem.orders(h)[o]["account"]
        find_due(h, NONE, i, a, manner_of(sign, 1), traded, notional)
        return worth + (mem.sims(h)[0]["due_commission"] + mem.sims(h)[0]["due_fees"])
    return worth + commission_total(h, ins["commission"], traded, notional)


@compiled
def count_for_value(h: int, o: int, value: float, n0: int, raw: float, at: int) -> int:
    """Signed target count for ``value`` when it increases exposure on the value's side."""
    ins = mem.instruments(h)[mem.orders(h)[o]["instrument"]]
    sign = 1 if value > 0.0 else -1
    room = abs(value) * (1.0 + SAME)
    # no price is better than this one
    best = raw if sign > 0 else raw - mem.policies(h)[0]["guardrail"] * abs(raw)
    one = abs(best) * ins["multiplier"] * ins["unit_num"] / ins["unit_den"]
    low = 0
    high = _MOST
    if one > 0.0:
        high = whole(abs(value) / one * (1.0 + 1e-9)) + 1
    while low < high:
        middle = low + (high - low + 1) // 2
        if _worth_with_cost(h, o, middle, n0, sign, raw, at) <= room:
            low = middle
        else:
            high = middle - 1
    return sign * low


@compiled
def _count_left(h: int, i: int, value: float, n0: int, side: int, raw: float, at: int) -> int:
    """Unsigned count to keep when exposure is only reduced to ``value``."""
    ins = mem.instruments(h)[i]
    one = ins["multiplier"] * ins["unit_num"] / ins["unit_den"]
    count = abs(n0)
    # the price depends on how much is sold, and that on the price
    for _ in range(_ROUNDS):
        price = _price_of(h, i, side, raw, at, abs(n0) - count if count < abs(n0) else 1)
        found = min(whole(abs(value) / (abs(price) * one)), abs(n0))
        if found == count:
            break
        count = found
    return count


@inlined
def _target_count(h: int, o: int, value: float, n0: int, raw: float, at: int) -> int:
    """The signed count asked for by ``value``; n0 when nothing is to be done."""
    i = mem.orders(h)[o]["instrument"]
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
    if n0 * value > 0.0 and abs(value) < abs(worth):
        n = _count_left(h, i, value, n0, side, raw, at)
        return n if n0 > 0 else -n
    n = count_for_value(h, o, value, n0, raw, at)
    return max(n, n0) if side > 0 else min(n, n0)


@subsystem("void(int64, int64, float64, float64, int64, int64)")
def size_order(h: int, o: int, raw: float, equity: float, at: int, with_ending: int) -> None:
    """Turn a target into side and count; an order that changes nothing ends.

    ``with_ending``: whether orders whose cancel is under way count. At a print they do, since they
    may fill there; at a decision they are as good as gone.
    """
    order = mem.orders(h)[o]
    i = order["instrument"]
    a = order["account"]
    p = position_place(h, a, order["book"], i)
    value = order["target"]
    if order["target_kind"] == _WEIGHT:
        value = order["target"] * equity if equity > 0.0 else 0.0
    n0 = mem.positions(h)[p]["units"] + working_units(h, i, a, o, with_ending)
    if order["target_kind"] == _COUNT:
        change = int(order["target"]) - n0
    else:
        change = _target_count(h, o, value, n0, raw, at) - n0
    order["is_sized"] = 1
    order["units_venue"] = abs(change)
    order["side_venue"] = 1 if change >= 0 else -1
    if change == 0:
        end_order(h, o, _CANCELED, _NO_CHANGE, 0.0, 0.0)
