"""The strategy's own limits (``ctx.risk``), looked at before orders leave.

Leaving orders are laid one after another on the position as it would be once all working orders
are done, at last marks. An order that does not enlarge exposure always passes. Orders made from a
weight or a value count with what they would come to at the last mark.

``quant.risk.check`` says the same of plain numbers, for those who have no kernel; the rules stand
in docs/how-to/limit-risk.md, and tests/property/test_limits_hold.py holds both together.
"""

from __future__ import annotations

import math

from quant.kernel import memory as mem
from quant.kernel.codes import GROUP_KIND, REASON, REPORT_KIND, TARGET_KIND
from quant.kernel.cost import quantity, whole
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import SAME, position_place
from quant.kernel.post import post
from quant.kernel.reports import end_order, is_final, new_report, remaining
from quant.kernel.scenarios import scenario_figures
from quant.kernel.stops import judge_stops
from quant.kernel.subsystem import subsystem

__all__ = [
    "count_sent",
    "enforce_limits",
    "project_positions",
    "refuse_amendment",
    "takes_room",
]

_OCO = GROUP_KIND.OCO
_OCO_SHARED = GROUP_KIND.OCO_SHARED
_QTY = TARGET_KIND.QTY
_WEIGHT = TARGET_KIND.WEIGHT
_COUNT = TARGET_KIND.COUNT
_R_GROSS = REASON.RISK_MAX_GROSS
_R_SYMBOL = REASON.RISK_MAX_SYMBOL
_R_NET = REASON.RISK_MAX_NET
_R_SECTOR = REASON.RISK_MAX_SECTOR
_R_QTY = REASON.RISK_MAX_ORDER_QTY
_R_NOTIONAL = REASON.RISK_MAX_ORDER_NOTIONAL
_R_SHARE = REASON.RISK_MAX_ORDER_SHARE
_R_ORDERS = REASON.RISK_MAX_ORDERS_PER_SESSION
_R_LOSS = REASON.RISK_DAILY_LOSS_STOP
_R_DRAWDOWN = REASON.RISK_DRAWDOWN_STOP
_R_VAR = REASON.RISK_MAX_VAR
_R_VOL = REASON.RISK_VOL_TARGET
_REJECTED = REPORT_KIND.REJECTED
_REPLACE_REJECTED = REPORT_KIND.REPLACE_REJECTED


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


@inlined
def _signed(h: int, i: int, units: int) -> float:
    """The same with the sign of the count."""
    worth = _worth(h, i, units)
    return worth if units > 0 else -worth


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


@inlined
def _share(amount: float, equity: float) -> float:
    """An amount as a fraction of equity; of nothing, anything is too much."""
    return amount / equity if equity > 0.0 else math.inf


@inlined
def _exceeds(amount: float, limit: float) -> bool:
    """Whether an amount is beyond a limit; NaN, no limit, never is."""
    return amount > limit + SAME * abs(limit)


@inlined
def _orders_so_far(h: int, a: int) -> int:
    """Orders of an account that have left in this session."""
    risk = mem.risks(h)[a]
    is_same = risk["count_session"] == mem.sims(h)[0]["session"]
    return risk["n_orders_session"] if is_same else 0


@inlined
def count_sent(h: int, o: int) -> None:
    """An order leaves: it is one of its session's."""
    sim = mem.sims(h)[0]
    a = mem.orders(h)[o]["account"]
    risk = mem.risks(h)[a]
    risk["n_orders_session"] = _orders_so_far(h, a) + 1
    risk["count_session"] = sim["session"]


@compiled
def _of_the_order(h: int, o: int, units: int, ahead: int) -> tuple[int, float, float]:
    """The rule that forbids any order now, or one of ``units`` increments: reason, value, limit."""
    order = mem.orders(h)[o]
    a = order["account"]
    risk = mem.risks(h)[a]
    if risk["is_drawdown_stopped"] != 0:
        return _R_DRAWDOWN, risk["drawdown_found"], risk["drawdown_stop"]
    if risk["is_loss_stopped"] != 0:
        return _R_LOSS, risk["loss_found"], risk["daily_loss_stop"]
    count = float(_orders_so_far(h, a) + ahead + 1)
    if count > risk["max_orders_per_session"]:
        return _R_ORDERS, count, risk["max_orders_per_session"]
    qty = quantity(mem.instruments(h)[order["instrument"]], units)
    if _exceeds(qty, risk["max_order_qty"]):
        return _R_QTY, qty, risk["max_order_qty"]
    value = _worth(h, order["instrument"], units)
    if _exceeds(value, risk["max_order_notional"]):
        return _R_NOTIONAL, value, risk["max_order_notional"]
    equity = mem.accounts(h)[a]["equity"]
    if _exceeds(value, risk["max_order_share"] * equity):
        return _R_SHARE, _share(value, equity), risk["max_order_share"]
    return 0, 0.0, 0.0


@compiled
def _of_the_symbol(h: int, o: int, after: int) -> tuple[int, float, float]:
    """The rule on one symbol, its sector, or all symbols that a position would break."""
    order = mem.orders(h)[o]
    a = order["account"]
    i = order["instrument"]
    equity = mem.accounts(h)[a]["equity"]
    most_symbol = mem.accounts(h)[a]["max_symbol"]
    most_gross = mem.accounts(h)[a]["max_gross"]
    most_sector = mem.risks(h)[a]["max_sector"]
    value = _worth(h, i, after)
    if _exceeds(value, most_symbol * equity):
        return _R_SYMBOL, _share(value, equity), most_symbol
    if math.isnan(most_gross) and math.isnan(most_sector):
        return 0, 0.0, 0.0
    sector = mem.sectors(h)[i]
    gross = value
    together = value
    for j in range(mem.sims(h)[0]["n_instruments"]):
        if j != i:
            projected = mem.positions(h)[position_place(h, a, order["book"], j)]["projected"]
            worth = _worth(h, j, projected)
            gross += worth
            if mem.sectors(h)[j] == sector:
                together += worth
    if sector >= 0 and _exceeds(together, most_sector * equity):
        return _R_SECTOR, _share(together, equity), most_sector
    if _exceeds(gross, most_gross * equity):
        return _R_GROSS, _share(gross, equity), most_gross
    return 0, 0.0, 0.0


@compiled
def _of_the_net(h: int, o: int, after: int) -> tuple[int, float, float]:
    """The rule on long less short; what brings both nearer to each other passes."""
    order = mem.orders(h)[o]
    a = order["account"]
    equity = mem.accounts(h)[a]["equity"]
    most = mem.risks(h)[a]["max_net"]
    if math.isnan(most):
        return 0, 0.0, 0.0
    others = 0.0
    for j in range(mem.sims(h)[0]["n_instruments"]):
        if j != order["instrument"]:
            projected = mem.positions(h)[position_place(h, a, order["book"], j)]["projected"]
            others += _signed(h, j, projected)
    p = position_place(h, a, order["book"], order["instrument"])
    before = abs(others + _signed(h, order["instrument"], mem.positions(h)[p]["projected"]))
    net = abs(others + _signed(h, order["instrument"], after))
    if net > before and _exceeds(net, most * equity):
        return _R_NET, _share(net, equity), most
    return 0, 0.0, 0.0


@inlined
def _is_refused(after: float, before: float, limit: float) -> bool:
    """Whether a figure of the past is beyond its limit, or unknown, and no better than it was."""
    if limit != limit or after <= limit + SAME * limit:
        return False
    return not after <= before


@compiled
def _of_the_past(h: int, o: int, after: int) -> tuple[int, float, float]:
    """The rule on VaR or volatility that a position would break; a hedge passes."""
    order = mem.orders(h)[o]
    a = order["account"]
    risk = mem.risks(h)[a]
    if math.isnan(risk["max_var"]) and math.isnan(risk["vol_target"]):
        return 0, 0.0, 0.0
    position = mem.positions(h)[position_place(h, a, order["book"], order["instrument"])]
    units = position["projected"]
    var_before, vol_before = scenario_figures(h, a, order["book"])
    position["projected"] = after
    var, vol = scenario_figures(h, a, order["book"])
    position["projected"] = units
    if _is_refused(var, var_before, risk["max_var"]):
        return _R_VAR, var, risk["max_var"]
    if _is_refused(vol, vol_before, risk["vol_target"]):
        return _R_VOL, vol, risk["vol_target"]
    return 0, 0.0, 0.0


@compiled
def _refusal(h: int, o: int, units: int, after: int, ahead: int) -> tuple[int, float, float]:
    """The first rule that an order for ``units`` increments, which would bring its enlarged
    position to ``after``, breaks: reason (0 if none), what was found, and the limit."""
    reason, value, limit = _of_the_order(h, o, units, ahead)
    if reason == 0:
        reason, value, limit = _of_the_symbol(h, o, after)
    if reason == 0:
        reason, value, limit = _of_the_net(h, o, after)
    if reason == 0:
        reason, value, limit = _of_the_past(h, o, after)
    return reason, value, limit


@compiled
def _project_working(h: int, a: int) -> None:
    """Every position as it would be once all working orders are done."""
    project_positions(h, a)
    for j in range(mem.sims(h)[0]["n_active"]):
        o = mem.active(h)[j]
        order = mem.orders(h)[o]
        if order["account"] == a and not is_final(order["status_venue"]) and takes_room(h, o):
            p = position_place(h, a, order["book"], order["instrument"])
            position = mem.positions(h)[p]
            position["projected"] = _wish(h, o, position["projected"])


@subsystem("void(int64, int64)")
def enforce_limits(h: int, a: int) -> None:
    """Refuse what leaves and would break a limit, in order of sequence."""
    if mem.risks(h)[a]["n_limits"] == 0:
        return
    sim = mem.sims(h)[0]
    judge_stops(h, a)
    _project_working(h, a)
    ahead = 0
    for o in range(sim["n_sent"], sim["n_orders"]):
        order = mem.orders(h)[o]
        if order["account"] != a or is_final(order["status_venue"]):
            continue
        if takes_room(h, o):
            p = position_place(h, a, order["book"], order["instrument"])
            position = mem.positions(h)[p]
            before = position["projected"]
            after = _wish(h, o, before)
            enlarges = abs(after) > abs(before) or after * before < 0
            if enlarges:
                reason, value, limit = _refusal(h, o, abs(after - before), after, ahead)
                if reason != 0:
                    end_order(h, o, _REJECTED, reason, value, limit)
                    continue
            position["projected"] = after
        ahead += 1


@subsystem("int64(int64, int64, int64, int64)")
def refuse_amendment(h: int, o: int, units: int, ts: int) -> int:
    """Refuse a new whole quantity that would enlarge exposure beyond a limit; 1 if it is refused.
    The order goes on as it was. One that has not left yet is looked at as it leaves."""
    order = mem.orders(h)[o]
    a = order["account"]
    more = units - order["units_venue"] - order["held_back"]
    is_out = o < mem.sims(h)[0]["n_sent"]
    if mem.risks(h)[a]["n_limits"] == 0 or more <= 0 or not is_out or not takes_room(h, o):
        return 0
    judge_stops(h, a)
    _project_working(h, a)
    p = position_place(h, a, order["book"], order["instrument"])
    before = mem.positions(h)[p]["projected"]
    after = before + order["side_venue"] * more
    if not (abs(after) > abs(before) or after * before < 0):
        return 0
    # it is no new order: it counts as the one it is
    reason, value, limit = _refusal(h, o, units, after, -1)
    if reason == 0:
        return 0
    r = new_report(h, _REPLACE_REJECTED, o, ts)
    report = mem.reports(h)[r]
    report["reason"] = reason
    report["needed"] = value
    report["available"] = limit
    report["flags"] = order["status_venue"]
    post(h, r)
    return 1
