"""The strategy's own limits (``ctx.risk``), looked at before orders leave.

Leaving orders are laid one after another on the position as it would be once all working orders
are done, at last marks. An order that does not enlarge exposure always passes. Orders made from a
weight or a value count with what they would come to at the last mark.
"""

from __future__ import annotations

import math

from quant.kernel import memory as mem
from quant.kernel.codes import GROUP_KIND, REASON, REPORT_KIND, TARGET_KIND
from quant.kernel.cost import quantity, whole
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import SAME, position_place
from quant.kernel.reports import end_order, is_final, remaining

__all__ = ["enforce_limits", "project_positions", "takes_room"]

_OCO = GROUP_KIND.OCO
_OCO_SHARED = GROUP_KIND.OCO_SHARED
_QTY = TARGET_KIND.QTY
_WEIGHT = TARGET_KIND.WEIGHT
_COUNT = TARGET_KIND.COUNT
_R_GROSS = REASON.RISK_MAX_GROSS
_R_SYMBOL = REASON.RISK_MAX_SYMBOL
_REJECTED = REPORT_KIND.REJECTED


@compiled
def project_positions(h: int, a: int) -> None:
    """Begin a projection: every position of an account as it is."""
    sim = mem.sims(h)[0]
    for i in range(sim["n_instruments"]):
        for b in range(sim["n_books"]):
            position = mem.positions(h)[position_place(h, a, b, i)]
            position["projected"] = position["units"]


@compiled
def takes_room(h: int, o: int) -> bool:
    """Whether an order counts in projections. What waits for its parent or only reduces does not;
    of those of which one cancels the others, the first that still works stands for all."""
    order = mem.orders(h)[o]
    if order["is_held"] != 0 or order["reduce_only"] != 0:
        return False
    if order["group_kind"] == _OCO or order["group_kind"] == _OCO_SHARED:
        m = order["next_in_group"]
        while m != o:
            if m < o and not is_final(mem.orders(h)[m]["status_venue"]):
                return False
            m = mem.orders(h)[m]["next_in_group"]
    return True


@inlined
def _worth(h: int, i: int, units: int) -> float:
    """Unsigned value of a count at the last mark; 0 before the first."""
    ins = mem.instruments(h)[i]
    worth = abs(quantity(ins, units) * ins["multiplier"] * ins["mark"])
    return worth if worth == worth else 0.0


@compiled
def _wish(h: int, o: int, before: int) -> int:
    """The position after an order, as far as can be said at the last mark."""
    order = mem.orders(h)[o]
    kind = order["target_kind"]
    if kind <= _QTY or order["is_sized"] != 0:
        return before + order["side_venue"] * remaining(h, o)
    if kind == _COUNT:
        return int(order["target"])
    value = order["target"]
    if kind == _WEIGHT:
        value *= max(mem.accounts(h)[order["account"]]["equity"], 0.0)
    one = _worth(h, order["instrument"], 1)
    if one == 0.0:
        return before
    count = whole(abs(value) / one)
    return count if value > 0.0 else -count


@compiled
def _refusal(h: int, o: int, after: int) -> int:
    """Which limit an enlarged position would break; 0 if none."""
    order = mem.orders(h)[o]
    a = order["account"]
    account = mem.accounts(h)[a]
    sim = mem.sims(h)[0]
    value = _worth(h, order["instrument"], after)
    limit = account["max_symbol"] * account["equity"]
    if value > limit + SAME * abs(limit):
        return _R_SYMBOL
    limit = account["max_gross"] * account["equity"]
    if math.isnan(limit):
        return 0
    gross = value
    for i in range(sim["n_instruments"]):
        if i != order["instrument"]:
            projected = mem.positions(h)[position_place(h, a, order["book"], i)]["projected"]
            gross += _worth(h, i, projected)
    if gross > limit + SAME * abs(limit):
        return _R_GROSS
    return 0


@compiled
def enforce_limits(h: int, a: int) -> None:
    """Refuse what leaves and would break a limit, in order of sequence."""
    account = mem.accounts(h)[a]
    if math.isnan(account["max_gross"]) and math.isnan(account["max_symbol"]):
        return
    sim = mem.sims(h)[0]
    project_positions(h, a)
    for j in range(sim["n_active"]):
        o = mem.active(h)[j]
        order = mem.orders(h)[o]
        if order["account"] == a and not is_final(order["status_venue"]) and takes_room(h, o):
            p = position_place(h, a, order["book"], order["instrument"])
            position = mem.positions(h)[p]
            position["projected"] = _wish(h, o, position["projected"])
    for o in range(sim["n_sent"], sim["n_orders"]):
        order = mem.orders(h)[o]
        if order["account"] != a or is_final(order["status_venue"]) or not takes_room(h, o):
            continue
        position = mem.positions(h)[position_place(h, a, order["book"], order["instrument"])]
        before = position["projected"]
        after = _wish(h, o, before)
        enlarges = abs(after) > abs(before) or after * before < 0
        refusal = _refusal(h, o, after) if enlarges else 0
        if refusal != 0:
            end_order(h, o, _REJECTED, refusal, 0.0, 0.0)
        else:
            position["projected"] = after
