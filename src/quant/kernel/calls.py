"""Margin calls and bankruptcy (docs/concepts/accounting.md, *When an account fails*).

Two lines: equity below the margin to keep what is held, and equity at or below zero. Phase 6 looks
at both at the marks of a timestamp. On the path inside a bar a level is looked for on every segment
of every instrument that is held: there the second line always counts, the first one where the
settings say so.
"""

from __future__ import annotations

import math

from quant.kernel import memory as mem
from quant.kernel.codes import (
    ACCOUNT_STATUS,
    CALL_ACTION,
    CALL_AT,
    CALL_ORDER,
    CALL_SIZE,
    FILL_REASON,
    FORCED,
    NONE,
    REASON,
    REPORT_KIND,
)
from quant.kernel.cost import quantity, whole
from quant.kernel.forced import force, forced_units
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import SAME, fx_of, remark
from quant.kernel.match import cap_left, execute, has_trading
from quant.kernel.post import post
from quant.kernel.pricing import INSIDE
from quant.kernel.reports import end_order, is_final, is_out_of_reach, new_report, remaining
from quant.kernel.requirement import initial_of, keep_of
from quant.kernel.subsystem import subsystem

__all__ = ["breach_on", "can_fail", "check_accounts", "close_inside", "fail_inside", "watch"]

_SOUND = ACCOUNT_STATUS.SOUND
_IN_CALL = ACCOUNT_STATUS.IN_CALL
_BANKRUPT = ACCOUNT_STATUS.BANKRUPT
_LIQUIDATE = CALL_ACTION.LIQUIDATE
_STOP = CALL_ACTION.STOP
_WARN = CALL_ACTION.WARN
_INSIDE_BAR = CALL_AT.INSIDE_BAR
_SMALLEST = CALL_ORDER.SMALLEST_FIRST
_LOSERS = CALL_ORDER.LOSERS_FIRST
_IN_ORDER = CALL_ORDER.IN_ORDER
_ALL = CALL_SIZE.ALL
_TO_INITIAL = CALL_SIZE.INITIAL
_CALL = REPORT_KIND.CALL
_CANCELED = REPORT_KIND.CANCELED
_R_CALL = REASON.MARGIN_CALL
_R_BANKRUPT = REASON.BANKRUPT
_R_LIQUIDATION = FILL_REASON.LIQUIDATION
_F_CALL = FORCED.MARGIN_CALL
_F_BANKRUPT = FORCED.BANKRUPT
_HALVINGS = 200
# Less money than this is none.
_NOISE = 1e-9


@inlined
def can_fail(h: int, a: int) -> bool:
    """Whether prices could bring an account to one of its lines at all.

    What is paid for in full and held long is worth at least nothing.
    """
    account = mem.accounts(h)[a]
    policy = mem.policies(h)[0]
    if account["status"] == _BANKRUPT or mem.sims(h)[0]["n_held"] == 0:
        return False
    if policy["has_margin"] != 0 or policy["has_margined"] != 0:
        return True
    return account["gross"] != account["net"] or account["cash"] < 0.0


@inlined
def _keeps_inside(h: int, a: int) -> bool:
    """Whether the margin to keep is a line inside bars."""
    policy = mem.policies(h)[0]
    if policy["has_margin"] == 0 or policy["call_at"] != _INSIDE_BAR:
        return False
    return policy["call_action"] == _LIQUIDATE or mem.accounts(h)[a]["status"] == _SOUND


@compiled
def _is_safe(h: int, a: int) -> bool:
    """Whether an account is above its lines with all positions at the worst prices of their
    bars."""
    policy = mem.policies(h)[0]
    keeps = _keeps_inside(h, a)
    worst = mem.accounts(h)[a]["equity"]
    keep = 0.0
    for j in range(mem.sims(h)[0]["n_held"]):
        position = mem.positions(h)[mem.held(h)[j]]
        if position["account"] != a:
            continue
        ins = mem.instruments(h)[position["instrument"]]
        fx = fx_of(h, a, ins["currency"])
        low = ins["mark"]
        high = ins["mark"]
        row = ins["bar"]
        # a bar without trading marks at its end alone
        if (
            row >= 0
            and mem.bars(h)[row]["ts_close"] == mem.sims(h)[0]["now"]
            and has_trading(h, row)
        ):
            low = min(ins["mark"], mem.bars(h)[row]["low"])
            high = max(ins["mark"], mem.bars(h)[row]["high"])
        size = quantity(ins, position["units"]) * ins["multiplier"] * fx
        worst += size * ((low if size > 0.0 else high) - ins["mark"])
        if keeps:
            units = position["units"]
            keep += fx * max(keep_of(policy, ins, units, low), keep_of(policy, ins, units, high))
    return worst > keep + SAME * max(abs(worst), keep)


@compiled
def watch(h: int) -> None:
    """Note whether the bars that end now could bring an account to a line: if even their worst
    prices for what is held leave it sound, and no order fills, nobody has to look for it."""
    sim = mem.sims(h)[0]
    sim["watched"] = 0
    for a in range(sim["n_accounts"]):
        if can_fail(h, a) and not _is_safe(h, a):
            sim["watched"] = 1


@inlined
def _equity_at(h: int, p: int, price: float) -> float:
    """Equity if a position's price were another, all others at their marks."""
    position = mem.positions(h)[p]
    a, i = position["account"], position["instrument"]
    ins = mem.instruments(h)[i]
    size = quantity(ins, position["units"]) * ins["multiplier"]
    return mem.accounts(h)[a]["equity"] + size * (price - ins["mark"]) * fx_of(
        h, a, ins["currency"]
    )


@inlined
def _keep_at(h: int, p: int, price: float) -> float:
    """The margin to keep what an account holds, if a position's price were another."""
    policy = mem.policies(h)[0]
    position = mem.positions(h)[p]
    a, i = position["account"], position["instrument"]
    ins = mem.instruments(h)[i]
    units = position["units"]
    more = keep_of(policy, ins, units, price) - keep_of(policy, ins, units, ins["mark"])
    return mem.accounts(h)[a]["maintenance"] + more * fx_of(h, a, ins["currency"])


@inlined
def _is_past(h: int, p: int, price: float) -> bool:
    """Whether a line is reached at a price: equity at zero, or below the margin to keep."""
    equity = _equity_at(h, p, price)
    if equity <= 0.0:
        return True
    if not _keeps_inside(h, mem.positions(h)[p]["account"]):
        return False
    keep = _keep_at(h, p, price)
    return equity < keep - SAME * max(abs(equity), keep)


@subsystem("float64(int64, int64, float64, float64)")
def breach_on(h: int, p: int, start: float, end: float) -> float:
    """The first price on the way from ``start`` to ``end`` at which a line is reached; NaN if none
    is."""
    position = mem.positions(h)[p]
    a = position["account"]
    if position["units"] == 0 or not can_fail(h, a):
        return math.nan
    is_quiet = mem.policies(h)[0]["bankrupt_action"] == _WARN and not _keeps_inside(h, a)
    if is_quiet or (mem.accounts(h)[a]["status"] != _SOUND and not _acts(h, a)):
        return math.nan
    if _is_past(h, p, start):
        return start
    if not _is_past(h, p, end):
        return math.nan
    if not _keeps_inside(h, a):
        i = position["instrument"]
        ins = mem.instruments(h)[i]
        size = quantity(ins, position["units"]) * ins["multiplier"] * fx_of(h, a, ins["currency"])
        level = ins["mark"] - mem.accounts(h)[a]["equity"] / size
        return min(max(level, min(start, end)), max(start, end))
    near = start
    far = end
    for _ in range(_HALVINGS):
        middle = 0.5 * (near + far)
        if middle in (near, far):
            break
        if _is_past(h, p, middle):
            far = middle
        else:
            near = middle
    return far


@inlined
def _acts(h: int, a: int) -> bool:
    """Whether anything is done about an account that has been called already."""
    policy = mem.policies(h)[0]
    return policy["bankrupt_action"] != _WARN or policy["call_action"] == _LIQUIDATE


@compiled
def _tell(h: int, a: int, i: int, reason: int, needed: float, has_end: int) -> None:
    """Report a call (reason 0: it is met again), and what it found."""
    r = new_report(h, _CALL, NONE, mem.sims(h)[0]["now"])
    report = mem.reports(h)[r]
    report["account"] = a
    report["instrument"] = i
    report["reason"] = reason
    report["flags"] = has_end
    report["needed"] = needed
    report["available"] = mem.accounts(h)[a]["equity"]
    post(h, r)


@compiled
def _end_all(h: int, a: int) -> None:
    """A bankrupt account's orders are over."""
    for j in range(mem.sims(h)[0]["n_active"]):
        o = mem.active(h)[j]
        order = mem.orders(h)[o]
        if order["account"] != a or order["forced"] == _F_BANKRUPT or is_out_of_reach(h, o):
            continue
        if not is_final(order["status_venue"]):
            end_order(h, o, _CANCELED, _R_BANKRUPT, 0.0, 0.0)


@inlined
def _end_run(h: int) -> None:
    """The run ends with this timestamp."""
    sim = mem.sims(h)[0]
    sim["n_slices"] = sim["slice"] + 1


@compiled
def _close_rest(h: int, p: int, why: int, reason: int) -> int:
    """Make the order for what no forced order closes yet of a position; NONE if there is none."""
    rest = abs(mem.positions(h)[p]["units"]) - forced_units(h, p)
    return force(h, p, rest, why, reason) if rest > 0 else NONE


@compiled
def _fail(h: int, a: int, i: int) -> None:
    """Equity is at zero or below it: orders end, and all positions are to be closed."""
    action = mem.policies(h)[0]["bankrupt_action"]
    _tell(h, a, i, _R_BANKRUPT, 0.0, 1 if action != _WARN else 0)
    if action == _WARN:
        return
    _end_all(h, a)
    if action == _STOP:
        _end_run(h)
        return
    sim = mem.sims(h)[0]
    for j in range(sim["n_held"]):
        p = mem.held(h)[j]
        if mem.positions(h)[p]["account"] == a:
            _close_rest(h, p, _F_BANKRUPT, _R_BANKRUPT)


@subsystem("void(int64, int64, float64)")
def close_inside(h: int, p: int, price: float) -> None:
    """Let the forced orders of a position meet a price on the path, as far as volume allows."""
    position = mem.positions(h)[p]
    i = position["instrument"]
    for j in range(mem.sims(h)[0]["n_active"]):
        o = mem.active(h)[j]
        order = mem.orders(h)[o]
        if order["forced"] == 0 or order["instrument"] != i or is_final(order["status_venue"]):
            continue
        count = min(remaining(h, o), abs(mem.positions(h)[p]["units"]))
        count = min(count, cap_left(h, i, INSIDE, price))
        if count > 0:
            execute(h, o, count, price, INSIDE, _R_LIQUIDATION, 0)


@subsystem("int64(int64, int64)")
def fail_if_lost(h: int, a: int) -> int:
    """End an account that has no equity where a segment begins; 1 if its positions are to be
    closed there."""
    account = mem.accounts(h)[a]
    if account["equity"] > 0.0 or not can_fail(h, a):
        return 0
    if mem.policies(h)[0]["bankrupt_action"] == _WARN:
        return 0
    _fail(h, a, NONE)
    return 1 if mem.policies(h)[0]["bankrupt_action"] == _LIQUIDATE else 0


@subsystem("int64(int64, int64, float64)")
def fail_inside(h: int, p: int, price: float) -> int:
    """A line is reached on the path of a position's instrument: close it there; 1 if a call was
    noted and nothing was closed.

    The other positions of a bankrupt account have orders for their next prints.
    """
    position = mem.positions(h)[p]
    a, i = position["account"], position["instrument"]
    ins = mem.instruments(h)[i]
    policy = mem.policies(h)[0]
    ins["mark"] = price
    remark(h, a)
    account = mem.accounts(h)[a]
    if account["equity"] <= SAME * account["gross"]:
        _fail(h, a, i)
        if policy["bankrupt_action"] == _LIQUIDATE:
            close_inside(h, p, price)
        return 0
    if account["status"] == _SOUND:
        _tell(h, a, i, _R_CALL, account["maintenance"], 0)
        if policy["call_action"] == _STOP:
            _end_run(h)
    if policy["call_action"] == _LIQUIDATE:
        _close_rest(h, p, _F_CALL, _R_CALL)
        close_inside(h, p, price)
        return 0
    return 1


@inlined
def _needs(h: int, p: int, units: int) -> float:
    """The margin that what remains of a position must have after a call."""
    policy = mem.policies(h)[0]
    position = mem.positions(h)[p]
    ins = mem.instruments(h)[position["instrument"]]
    fx = fx_of(h, position["account"], ins["currency"])
    if policy["call_size"] == _TO_INITIAL:
        return initial_of(policy, ins, units, ins["mark"]) * fx
    return keep_of(policy, ins, units, ins["mark"]) * fx


@inlined
def _rank(h: int, p: int) -> float:
    """What positions are closed by, the lowest first."""
    order = mem.policies(h)[0]["call_order"]
    position = mem.positions(h)[p]
    ins = mem.instruments(h)[position["instrument"]]
    size = quantity(ins, position["units"]) * ins["multiplier"]
    fx = fx_of(h, position["account"], ins["currency"])
    if order == _IN_ORDER:
        return float(p)
    if order == _LOSERS:
        return size * (ins["mark"] - position["avg_price"]) * fx
    worth = abs(size * ins["mark"]) * fx
    return worth if order == _SMALLEST else -worth


@compiled
def _next_to_close(h: int, a: int) -> int:
    """The position that comes next and has not been looked at (``claimed``); NONE after the
    last."""
    found = NONE
    best = 0.0
    for j in range(mem.sims(h)[0]["n_held"]):
        p = mem.held(h)[j]
        position = mem.positions(h)[p]
        if position["account"] != a or position["claimed"] != 0:
            continue
        rank = _rank(h, p)
        if found == NONE or rank < best:
            found = p
            best = rank
    return found


@compiled
def _liquidate(h: int, a: int) -> None:
    """Make orders for the next prints, one position after another, until enough is closed."""
    policy = mem.policies(h)[0]
    account = mem.accounts(h)[a]
    lacking = -account["equity"]
    for j in range(mem.sims(h)[0]["n_held"]):
        p = mem.held(h)[j]
        position = mem.positions(h)[p]
        position["claimed"] = 0
        if position["account"] == a:
            # orders under way may close more than there is left
            rest = max(abs(position["units"]) - forced_units(h, p), 0)
            lacking += _needs(h, p, rest if position["units"] > 0 else -rest)
    while True:
        p = _next_to_close(h, a)
        if p == NONE:
            return
        position = mem.positions(h)[p]
        position["claimed"] = 1
        rest = abs(position["units"]) - forced_units(h, p)
        if rest <= 0:
            continue
        count = rest
        if policy["call_size"] != _ALL:
            if lacking <= SAME * abs(account["equity"]):
                return
            each = _needs(h, p, rest if position["units"] > 0 else -rest) / rest
            if each <= 0.0:
                continue
            count = min(rest, whole(lacking / each))
            if count * each < lacking - SAME * abs(account["equity"]):
                count = min(rest, count + 1)
            lacking -= count * each
        if count > 0:
            force(h, p, count, _F_CALL, _R_CALL)


@compiled
def _check_account(h: int, a: int) -> None:
    """Phase 6: judge an account at the marks of now."""
    account = mem.accounts(h)[a]
    policy = mem.policies(h)[0]
    status = account["status"]
    if status == _BANKRUPT:
        return
    equity = account["equity"]
    # an account that was emptied, to the last bit or so, has lost nothing
    if equity < -_NOISE or (equity <= 0.0 and account["gross"] > 0.0):
        if policy["bankrupt_action"] != _WARN or status == _SOUND:
            _fail(h, a, NONE)
        return
    keep = account["maintenance"]
    if equity < keep - SAME * max(equity, keep):
        if status == _SOUND:
            _tell(h, a, NONE, _R_CALL, keep, 0)
            if policy["call_action"] == _STOP:
                _end_run(h)
        if policy["call_action"] == _LIQUIDATE:
            _liquidate(h, a)
    elif status == _IN_CALL:
        _tell(h, a, NONE, 0, keep, 0)


@subsystem("void(int64)")
def check_accounts(h: int) -> None:
    """Phase 6 for all accounts that stand at a line, or could."""
    for a in range(mem.sims(h)[0]["n_accounts"]):
        _check_account(h, a)
