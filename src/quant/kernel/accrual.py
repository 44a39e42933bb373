"""What a night costs and brings: interest, the fee for borrowed shares, the daily settlement of
futures; and shares that are called back (docs/concepts/accounting.md, *What time costs*).

Everything is booked at a session's close, phase 3, on what is held there, for the calendar days to
the next session's.
"""

from __future__ import annotations

from typing import Any

from quant.kernel import memory as mem
from quant.kernel.codes import FORCED, NONE, POSTING_KIND, REASON, RECALL, REPORT_KIND, VALUATION
from quant.kernel.cost import quantity
from quant.kernel.forced import force, forced_units
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import fx_of, sum_unsettled
from quant.kernel.match import shares_to_borrow
from quant.kernel.post import post
from quant.kernel.reports import new_report
from quant.kernel.subsystem import subsystem

__all__ = ["accrue", "settle_due"]

_CASH = REPORT_KIND.CASH
_VARIATION = REPORT_KIND.VARIATION
_SETTLED = REPORT_KIND.SETTLED
_CALL = REPORT_KIND.CALL
_INTEREST = POSTING_KIND.INTEREST
_BORROW = POSTING_KIND.BORROW
_PAID = VALUATION.PAID
_BUY_IN = RECALL.BUY_IN
_R_RECALL = REASON.RECALL
_F_RECALL = FORCED.RECALL
_NO_SHARES = 0


@compiled
def _move_cash(h: int, a: int, i: int, currency: int, amount: float, kind: int) -> None:
    """Book money that no order moved."""
    if amount == 0.0:
        return
    r = new_report(h, _CASH, NONE, mem.sims(h)[0]["now"])
    report = mem.reports(h)[r]
    report["account"] = a
    report["instrument"] = i
    report["currency"] = currency
    report["fx"] = fx_of(h, a, currency)
    report["amount"] = amount
    report["posting_kind"] = kind
    post(h, r)


@compiled
def _settle_futures(h: int) -> None:
    """Every futures position is paid what it gained since the last settlement, at its mark."""
    sim = mem.sims(h)[0]
    for j in range(sim["n_held"]):
        p = mem.held(h)[j]
        position = mem.positions(h)[p]
        ins = mem.instruments(h)[position["instrument"]]
        if ins["valuation"] == _PAID or ins["mark"] == position["reference"]:
            continue
        r = new_report(h, _VARIATION, NONE, sim["now"])
        report = mem.reports(h)[r]
        report["account"] = position["account"]
        report["instrument"] = position["instrument"]
        report["book"] = position["book"]
        report["currency"] = ins["currency"]
        report["fx"] = fx_of(h, position["account"], ins["currency"])
        report["price"] = ins["mark"]
        post(h, r)


@inlined
def _borrow_rate(h: int, i: int) -> float:
    """The yearly rate of borrowing an instrument: that of its last bar, else its setting."""
    ins = mem.instruments(h)[i]
    if len(mem.row_borrow_rates(h)) > 0 and ins["bar"] >= 0:
        rate = mem.row_borrow_rates(h)[ins["bar"]]
        if rate == rate:
            return rate
    return ins["borrow_rate"]


@compiled
def _charge_borrow(h: int, nights: int) -> None:
    """Every short pays for its shares: value at the mark times rate times days."""
    basis = mem.policies(h)[0]["borrow_basis"]
    for j in range(mem.sims(h)[0]["n_held"]):
        position = mem.positions(h)[mem.held(h)[j]]
        ins = mem.instruments(h)[position["instrument"]]
        if position["units"] >= 0 or ins["valuation"] != _PAID:
            continue
        value = quantity(ins, -position["units"]) * ins["multiplier"] * abs(ins["mark"])
        fee = value * _borrow_rate(h, position["instrument"]) * nights / basis
        _move_cash(h, position["account"], position["instrument"], ins["currency"], -fee, _BORROW)


@inlined
def _by_tiers(starts: Any, rates: Any, n: int, balance: float) -> float:
    """A year's interest on a balance above zero: each rate on the part inside its tier."""
    total = 0.0
    for k in range(n):
        if balance > starts[k]:
            stop = balance
            if k + 1 < n and starts[k + 1] < balance:
                stop = starts[k + 1]
            total += (stop - starts[k]) * rates[k]
    return total


@compiled
def _locked(h: int, a: int, currency: int) -> float:
    """What the shorts of an account would cost to buy back at their marks, in the money that their
    proceeds are held in: the base where they were changed into it."""
    is_changed = mem.policies(h)[0]["converts"] != 0
    total = 0.0
    for j in range(mem.sims(h)[0]["n_held"]):
        position = mem.positions(h)[mem.held(h)[j]]
        ins = mem.instruments(h)[position["instrument"]]
        where = 0 if is_changed else ins["currency"]
        if position["account"] != a or where != currency or position["units"] >= 0:
            continue
        if ins["valuation"] == _PAID:
            worth = quantity(ins, -position["units"]) * ins["multiplier"] * abs(ins["mark"])
            total += worth * fx_of(h, a, ins["currency"]) if is_changed else worth
    return total


@compiled
def _charge_interest(h: int, nights: int) -> None:
    """Cash earns and debts pay; proceeds of shorts do neither where they are locked, but for what
    the lender rebates."""
    sim = mem.sims(h)[0]
    model = mem.interests(h)[0]
    n = model["n_tiers"]
    for a in range(sim["n_accounts"]):
        for c in range(sim["n_currencies"]):
            balance = mem.balances(h)[a * sim["n_currencies"] + c]["cash"]
            year = 0.0
            if mem.accounts(h)[a]["locks_proceeds"] != 0:
                locked = _locked(h, a, c)
                balance -= locked
                year = locked * model["rebate"]
            if balance < 0.0:
                year -= _by_tiers(model["debit_from"], model["debit_rate"], n, -balance)
            else:
                year += _by_tiers(model["credit_from"], model["credit_rate"], n, balance)
            _move_cash(h, a, NONE, c, year * nights / model["basis"], _INTEREST)


@compiled
def _recall(h: int) -> None:
    """Shorts beyond what can be borrowed are bought back at the next print."""
    sim = mem.sims(h)[0]
    for j in range(sim["n_held"]):
        p = mem.held(h)[j]
        position = mem.positions(h)[p]
        i = position["instrument"]
        if position["units"] >= 0:
            continue
        # what could be borrowed in all, less nothing held
        shares = shares_to_borrow(h, i, _NO_SHARES)
        excess = -position["units"] - forced_units(h, p)
        if shares >= excess:
            continue
        r = new_report(h, _CALL, NONE, sim["now"])
        report = mem.reports(h)[r]
        report["account"] = position["account"]
        report["instrument"] = i
        report["reason"] = _R_RECALL
        report["needed"] = quantity(mem.instruments(h)[i], -position["units"])
        report["available"] = quantity(mem.instruments(h)[i], shares)
        post(h, r)
        force(h, p, excess - shares, _F_RECALL, _R_RECALL)


@subsystem("void(int64, int64)")
def accrue(h: int, nights: int) -> None:
    """Phase 3 of a session's close."""
    policy = mem.policies(h)[0]
    if policy["has_margined"] != 0:
        _settle_futures(h)
    if nights > 0 and policy["has_borrow"] != 0:
        _charge_borrow(h, nights)
    if nights > 0 and policy["has_interest"] != 0:
        _charge_interest(h, nights)
    if policy["recall"] == _BUY_IN:
        _recall(h)


@subsystem("void(int64)")
def settle_due(h: int) -> None:
    """Phase 10: money of earlier sales that this session brings."""
    sim = mem.sims(h)[0]
    n_before = sim["n_reports"]
    for k in range(sim["first_settlement"], sim["n_settlements"]):
        row = mem.settlements(h)[k]
        # where a rule shortened the way, later sales can settle before earlier ones
        if row["session"] > sim["session"] or row["amount"] == 0.0:
            continue
        r = new_report(h, _SETTLED, NONE, sim["now"])
        report = mem.reports(h)[r]
        report["account"] = row["account"]
        report["currency"] = row["currency"]
        report["amount"] = row["amount"]
        post(h, r)
        row["amount"] = 0.0
    while (
        sim["first_settlement"] < sim["n_settlements"]
        and mem.settlements(h)[sim["first_settlement"]]["amount"] == 0.0
    ):
        sim["first_settlement"] += 1
    if sim["n_reports"] > n_before:
        # a withdrawal at this moment may ask what is free
        for a in range(sim["n_accounts"]):
            sum_unsettled(h, a)
