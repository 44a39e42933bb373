"""What an account is worth, what it may still do, and whether a proposed state is allowed.

Totals of an account (value of positions, gross, net, equity) are summed anew, in order of place, by
``remark``; between marks ``shift_totals`` moves them by exactly what one fill changed.
"""

from __future__ import annotations

import math
from typing import Any

from quant.kernel import memory as mem
from quant.kernel.codes import ACCOUNT_KIND, REASON, VALUATION
from quant.kernel.cost import commission_total, quantity, whole
from quant.kernel.fees import find_due, manner_of
from quant.kernel.jit import compiled, inlined
from quant.kernel.pricing import is_taker, paid_price
from quant.kernel.requirement import (
    initial_of,
    keep_of,
    leverage_limit,
    room_taken,
    spendable,
    under_own_cap,
    worth_of,
)
from quant.kernel.subsystem import subsystem

__all__ = [
    "affordable",
    "both_figures",
    "buying_power",
    "cost_of_money",
    "fx_of",
    "next_cost",
    "next_costs",
    "passes",
    "position_place",
    "remark",
    "room_left",
    "room_needed",
    "shift_totals",
    "sum_unsettled",
]

_CASH_ACCOUNT = ACCOUNT_KIND.CASH
_PAID = VALUATION.PAID
_GROSS = ACCOUNT_KIND.GROSS_LEVERAGE
_MARGIN = ACCOUNT_KIND.MARGIN
_NET = ACCOUNT_KIND.NET_LEVERAGE
_UNLIMITED = ACCOUNT_KIND.UNLIMITED
_R_FUNDS = REASON.INSUFFICIENT_FUNDS
_R_LEVERAGE = REASON.RISK_MAX_LEVERAGE
# Amounts of money within one part in 10^12 are the same amount.
SAME = 1e-12


@inlined
def position_place(h: int, account: int, book: int, instrument: int) -> int:
    """Where a position lives; see layout.py."""
    sim = mem.sims(h)[0]
    return (account * sim["n_books"] + book) * sim["n_instruments"] + instrument


@inlined
def fx_of(h: int, account: int, currency: int) -> float:
    """What one unit of a currency is worth in the base, at the marks of the last ``remark``."""
    return mem.balances(h)[account * mem.sims(h)[0]["n_currencies"] + currency]["fx"]


@inlined
def cost_of_money(h: int, ins: Any, flow: float, charges: float) -> float:
    """What changing money costs, where a flow (in the base) is of another currency. Of what is not
    paid for only its charges are changed."""
    policy = mem.policies(h)[0]
    if policy["converts"] == 0 or ins["currency"] == 0:
        return 0.0
    return abs(flow if ins["valuation"] == _PAID else charges) * policy["conversion_cost"]


@compiled
def _value_currencies(h: int, a: int) -> None:
    """Take the rates of other currencies from the marks of their instruments."""
    sim = mem.sims(h)[0]
    for c in range(1, sim["n_currencies"]):
        currency = mem.currencies(h)[c]
        rate = currency["value"]
        if currency["instrument"] >= 0:
            rate = mem.instruments(h)[currency["instrument"]]["mark"]
            if currency["is_inverted"] != 0:
                rate = 1.0 / rate
        mem.balances(h)[a * sim["n_currencies"] + c]["fx"] = rate


@subsystem("void(int64, int64)")
def remark(h: int, a: int) -> None:
    """Sum an account's totals from its balances and the marks of what it holds."""
    sim = mem.sims(h)[0]
    account = mem.accounts(h)[a]
    held = mem.held(h)
    positions = mem.positions(h)
    instruments = mem.instruments(h)
    balances = mem.balances(h)
    policy = mem.policies(h)[0]
    n = sim["n_currencies"]
    if n > 1:
        _value_currencies(h, a)
    value = 0.0
    gross = 0.0
    net = 0.0
    initial = 0.0
    maintenance = 0.0
    longs = 0.0
    for j in range(sim["n_held"]):
        position = positions[held[j]]
        if position["account"] != a:
            continue
        ins = instruments[position["instrument"]]
        fx = balances[a * n + ins["currency"]]["fx"]
        worth = quantity(ins, position["units"]) * ins["multiplier"] * ins["mark"]
        worth *= fx
        gross += abs(worth)
        net += worth
        if policy["has_margined"] != 0:
            value += worth_of(ins, position, ins["mark"]) * fx
        else:
            value += worth
        if policy["has_margin"] != 0:
            initial += initial_of(policy, ins, position["units"], ins["mark"]) * fx
            maintenance += keep_of(policy, ins, position["units"], ins["mark"]) * fx
            longs += max(worth, 0.0)
    cash = 0.0
    accrued = 0.0
    debt = 0.0
    for c in range(n):
        balance = balances[a * n + c]
        if balance["fx"] != balance["fx"]:
            # nothing is held in a currency before it has a rate
            continue
        cash += balance["fx"] * balance["cash"]
        accrued += balance["fx"] * (balance["receivable"] - balance["payable"])
        debt += balance["fx"] * balance["debt"]
    account["positions_value"] = value
    account["gross"] = gross
    account["net"] = net
    account["cash"] = cash
    account["accrued"] = accrued
    account["debt"] = debt
    account["equity"] = cash + accrued - debt + value
    if policy["has_margin"] != 0:
        account["initial"] = initial
        account["maintenance"] = maintenance
        account["longs"] = longs
    if account["settles"] != 0:
        sum_unsettled(h, a)


@compiled
def sum_unsettled(h: int, a: int) -> None:
    """What sales have brought that is not there yet."""
    n = mem.sims(h)[0]["n_currencies"]
    total = 0.0
    for c in range(n):
        balance = mem.balances(h)[a * n + c]
        # nothing waits in a currency before it has a rate
        if balance["unsettled"] != 0.0:
            total += balance["fx"] * balance["unsettled"]
    mem.accounts(h)[a]["unsettled"] = total


@compiled
def shift_totals(
    h: int, i: int, units_before: int, value_before: float, cash_before: float, p: int
) -> None:
    """Move an account's totals by what one fill in instrument ``i`` changed, at its mark.

    ``value_before``: what the position added to equity.
    """
    a = mem.positions(h)[p]["account"]
    account = mem.accounts(h)[a]
    ins = mem.instruments(h)[i]
    position = mem.positions(h)[p]
    policy = mem.policies(h)[0]
    fx = fx_of(h, a, ins["currency"])
    n = mem.sims(h)[0]["n_currencies"]
    balance = mem.balances(h)[a * n + ins["currency"]]
    mark = ins["mark"]
    before = quantity(ins, units_before) * ins["multiplier"] * mark * fx
    after = quantity(ins, position["units"]) * ins["multiplier"] * mark * fx
    if policy["has_margined"] != 0:
        account["positions_value"] += (worth_of(ins, position, mark) - value_before) * fx
    else:
        account["positions_value"] += after - before
    account["gross"] += abs(after) - abs(before)
    account["net"] += after - before
    if n == 1:
        account["cash"] += fx * (balance["cash"] - cash_before)
    else:
        # a conversion has moved the base, too
        cash = 0.0
        for c in range(n):
            other = mem.balances(h)[a * n + c]
            if other["fx"] == other["fx"]:
                cash += other["fx"] * other["cash"]
        account["cash"] = cash
    account["equity"] = (
        account["cash"] + account["accrued"] - account["debt"] + account["positions_value"]
    )
    if policy["has_margin"] != 0:
        units = position["units"]
        more = initial_of(policy, ins, units, mark) - initial_of(policy, ins, units_before, mark)
        account["initial"] += more * fx
        more = keep_of(policy, ins, units, mark) - keep_of(policy, ins, units_before, mark)
        account["maintenance"] += more * fx
        account["longs"] += max(after, 0.0) - max(before, 0.0)
    if account["settles"] != 0:
        sum_unsettled(h, a)


@compiled
def buying_power(h: int, a: int) -> float:
    """Notional that may still be opened at the marks of the last ``remark``, costs aside."""
    account = mem.accounts(h)[a]
    if account["kind"] == _CASH_ACCOUNT:
        return spendable(account)
    if account["kind"] == _MARGIN:
        return account["k"] * (account["equity"] - account["initial"])
    if account["kind"] == _NET:
        return account["k"] * account["equity"] - abs(account["net"])
    if account["kind"] == _UNLIMITED:
        return math.inf
    return leverage_limit(account) * account["equity"] - account["gross"]


@compiled
def room_left(h: int, a: int) -> float:
    """What opening may still take of an account: margin where it has rates, else notional."""
    account = mem.accounts(h)[a]
    if account["kind"] == _MARGIN:
        return account["equity"] - account["initial"]
    return buying_power(h, a)


@compiled
def room_needed(h: int, a: int, i: int, count: int) -> float:
    """What a signed count of increments takes of an account's room, at the last mark."""
    ins = mem.instruments(h)[i]
    if mem.accounts(h)[a]["kind"] == _MARGIN:
        return initial_of(mem.policies(h)[0], ins, count, ins["mark"]) * fx_of(
            h, a, ins["currency"]
        )
    worth = quantity(ins, abs(count)) * (abs(ins["mark"]) * ins["multiplier"])
    return worth * fx_of(h, a, ins["currency"])


@compiled
def next_costs(h: int, o: int, count: int, price: float) -> tuple[float, float]:
    """Commission and fees of the next ``count`` increments of an order: f(so far) − charged so
    far."""
    order = mem.orders(h)[o]
    i = order["instrument"]
    ins = mem.instruments(h)[i]
    more = abs(quantity(ins, count) * price * ins["multiplier"])
    if mem.commissions(h)[ins["commission"]]["n_fees"] != 0:
        manner = manner_of(order["side_venue"], 1 if is_taker(h, o) else 0)
        find_due(h, o, i, order["account"], manner, quantity(ins, count), more)
        sim = mem.sims(h)[0]
        commission = sim["due_commission"] + (order["commission_due"] - order["commission_venue"])
        return commission, sim["due_fees"] + (order["fees_due"] - order["fees_venue"])
    qty = quantity(ins, order["filled_venue"] + count)
    total = commission_total(h, ins["commission"], qty, order["value_venue"] + more)
    return total - order["commission_venue"], 0.0


@inlined
def next_cost(h: int, o: int, count: int, price: float) -> float:
    """Commission and fees of the next ``count`` increments of an order together."""
    commission, fees = next_costs(h, o, count, price)
    return commission + fees


@inlined
def _flow(h: int, o: int, count: int, price: float) -> float:
    """Money that opening ``count`` increments brings, in the base; what is spent is below zero."""
    order = mem.orders(h)[o]
    ins = mem.instruments(h)[order["instrument"]]
    fx = fx_of(h, order["account"], ins["currency"])
    worth = quantity(ins, order["side_venue"] * count) * price * ins["multiplier"]
    charges = next_cost(h, o, count, price) * fx
    flow = -worth * fx - charges
    return flow - cost_of_money(h, ins, flow, charges)


@compiled
def _proposed(
    h: int, o: int, p: int, count: int, price: float, raw: float
) -> tuple[float, float, float, float, float]:
    """Equity, gross, net, initial margin and long value after opening ``count`` increments, with
    this instrument valued at ``raw`` and the others at their marks."""
    order = mem.orders(h)[o]
    a = order["account"]
    account = mem.accounts(h)[a]
    policy = mem.policies(h)[0]
    ins = mem.instruments(h)[order["instrument"]]
    fx = fx_of(h, a, ins["currency"])
    units = mem.positions(h)[p]["units"]
    after_units = units + order["side_venue"] * count
    before = quantity(ins, units) * ins["multiplier"] * ins["mark"] * fx
    after = quantity(ins, after_units) * ins["multiplier"] * raw * fx
    equity = account["equity"] - before + after + _flow(h, o, count, price)
    gross = account["gross"] - abs(before) + abs(after)
    net = account["net"] - before + after
    initial = account["initial"] - initial_of(policy, ins, units, ins["mark"]) * fx
    initial += initial_of(policy, ins, after_units, raw) * fx
    longs = account["longs"] - max(before, 0.0) + max(after, 0.0)
    return equity, gross, net, initial, longs


@compiled
def _after(
    h: int, o: int, p: int, count: int, price: float, raw: float
) -> tuple[float, float, int]:
    """What opening ``count`` increments would leave to compare, what it may be at most, and whether
    it is the strategy's own leverage that says so.

    Gross exposure against leverage times equity, or margin against equity; of a cash account the
    money spent against what it may spend.
    """
    a = mem.orders(h)[o]["account"]
    account = mem.accounts(h)[a]
    is_cash = account["kind"] == _CASH_ACCOUNT
    taken, most = 0.0, 0.0
    if is_cash:
        taken, most = -_flow(h, o, count, price), spendable(account)
        if account["max_leverage"] != account["max_leverage"]:
            return taken, most, 0
    equity, gross, net, initial, longs = _proposed(h, o, p, count, price, raw)
    if not is_cash:
        taken, most = room_taken(h, a, equity, gross, net, initial, longs)
    return under_own_cap(account, equity, gross, taken, most)


@compiled
def passes(h: int, o: int, p: int, count: int, price: float, raw: float) -> bool:
    """Whether order ``o`` may open ``count`` increments at ``price``."""
    wanted, most, _ = _after(h, o, p, count, price, raw)
    return wanted <= most + SAME * max(abs(wanted), abs(most))


@compiled
def both_figures(
    h: int, o: int, p: int, count: int, price: float, raw: float
) -> tuple[float, float, int]:
    """What opening ``count`` increments would take of an account's room, the room there is, and the
    reason to refuse it: gross exposure and its limit where that is the strategy's own leverage.

    With leverage k, costs take k times their amount, because equity pays them.
    """
    wanted, most, is_own_cap = _after(h, o, p, count, price, raw)
    if is_own_cap != 0:
        return wanted, most, _R_LEVERAGE
    room = max(room_left(h, mem.orders(h)[o]["account"]), 0.0)
    return room + (wanted - most), room, _R_FUNDS


@compiled
def _most_that_passes(
    h: int, o: int, low: int, high: int, raw: float, at: int, only_gross: int
) -> int:
    """The largest count from ``low``, which passes, to ``high`` that does; by the rule on the sum
    of a net-leverage account alone, if ``only_gross``."""
    order = mem.orders(h)[o]
    account = mem.accounts(h)[order["account"]]
    p = position_place(h, order["account"], order["book"], order["instrument"])
    while low < high:
        middle = low + (high - low + 1) // 2
        price, _, _ = paid_price(h, o, middle, raw, at)
        if only_gross != 0:
            equity, gross, _, _, _ = _proposed(h, o, p, middle, price, raw)
            limit = account["gross_k"]
            if account["max_leverage"] < limit or limit != limit:
                limit = account["max_leverage"]
            limit *= equity
            is_good = not gross > limit + SAME * max(gross, abs(limit))
        else:
            is_good = passes(h, o, p, middle, price, raw)
        if is_good:
            low = middle
        else:
            high = middle - 1
    return low


@compiled
def affordable(h: int, o: int, p: int, wanted: int, raw: float, at: int) -> int:
    """The largest count up to ``wanted`` that may be opened.

    The check is monotone in the count: what passes, passes for less. Not so where a net-leverage
    account is brought back towards level: there more may pass where less does not.
    """
    level = _levelling(h, o, raw)
    if level == 0:
        return _most_that_passes(h, o, 0, wanted, raw, at, 0)
    first = _most_that_passes(h, o, 0, min(level, wanted), raw, at, 1)
    price, _, _ = paid_price(h, o, first, raw, at)
    if first == 0 or not passes(h, o, p, first, price, raw):
        return 0
    return _most_that_passes(h, o, first, wanted, raw, at, 0)


@compiled
def _levelling(h: int, o: int, raw: float) -> int:
    """Increments of an order that would bring the net exposure of a net-leverage account to zero;
    0 where it takes it away from there."""
    order = mem.orders(h)[o]
    account = mem.accounts(h)[order["account"]]
    if account["kind"] != _NET or account["net"] * order["side_venue"] >= 0.0:
        return 0
    ins = mem.instruments(h)[order["instrument"]]
    one = quantity(ins, 1) * ins["multiplier"] * abs(raw)
    one *= fx_of(h, order["account"], ins["currency"])
    return whole(abs(account["net"]) / one) if one > 0.0 else 0
