"""Orders that fill whole or not at all: fill-or-kill, and groups whose legs fill together.

Neither is split into parts. The whole is judged at once: the quantity against the cap, then the
state after it against the account's rule.
"""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import ACCOUNT_KIND, GROUP_KIND, NEVER, NONE, REASON, REPORT_KIND, TIF
from quant.kernel.cost import quantity
from quant.kernel.groups import after_fill
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import (
    SAME,
    both_figures,
    cost_of_money,
    fx_of,
    next_cost,
    passes,
    position_place,
    room_left,
)
from quant.kernel.match import cap_left, closing_part, execute
from quant.kernel.pricing import (
    AT_OPEN,
    anticipate,
    is_taker,
    keep_prices,
    paid_price,
    restore_prices,
    settle_impact,
)
from quant.kernel.prints import raw_at, reason_at
from quant.kernel.reports import close_out, end_alone, end_order, remaining
from quant.kernel.requirement import initial_of, room_taken, spendable, under_own_cap
from quant.kernel.subsystem import subsystem

__all__ = ["fill_whole", "is_whole"]

_CASH_ACCOUNT = ACCOUNT_KIND.CASH
_FOK = TIF.FOK
_ATOMIC = GROUP_KIND.ATOMIC
_CANCELED = REPORT_KIND.CANCELED
_REJECTED = REPORT_KIND.REJECTED
_R_FOK = REASON.FOK
_R_FUNDS = REASON.INSUFFICIENT_FUNDS
_R_LEVERAGE = REASON.RISK_MAX_LEVERAGE
_R_SHORT = REASON.SHORT_NOT_ALLOWED
_R_REDUCE_ONLY = REASON.REDUCE_ONLY


@inlined
def is_whole(h: int, o: int) -> bool:
    """Whether an order fills whole or not at all."""
    order = mem.orders(h)[o]
    return order["tif"] == _FOK or order["group_kind"] == _ATOMIC


@compiled
def _execute_whole(h: int, o: int, at: int, market_reason: int) -> None:
    """Fill all that remains of an order: what closes, then what opens, as one fill row."""
    raw = raw_at(h, o, at)
    reason = reason_at(h, o, at, market_reason)
    count = remaining(h, o)
    closing = closing_part(h, o, count)
    if closing == 0 or closing == count:
        execute(h, o, count, raw, at, reason, 0)
        return
    order = mem.orders(h)[o]
    sim = mem.sims(h)[0]
    p = position_place(h, order["account"], order["book"], order["instrument"])
    before = mem.positions(h)[p]["units"]
    # both parts are one fill for the market and for the others
    sim["in_parts"] = 1
    done = order["filled_venue"]
    price, impact, flags = paid_price(h, o, count, raw, at)
    sim["whole_price"] = price
    sim["whole_impact"] = impact
    sim["whole_flags"] = flags
    execute(h, o, closing, raw, at, reason, 0)
    execute(h, o, count - closing, raw, at, reason, 0)
    sim["in_parts"] = 0
    if is_taker(h, o) and mem.policies(h)[0]["has_impact"] != 0:
        settle_impact(h, o, done, count, at)
    ts = sim["now"]
    if at == AT_OPEN:
        ts = max(mem.instruments(h)[order["instrument"]]["opened_at"], order["ts_arrival"])
    after_fill(h, o, count, raw, before, ts, at)


@compiled
def _fill_or_kill(h: int, o: int, at: int, market_reason: int) -> None:
    """Fill an order whole, or end it."""
    order = mem.orders(h)[o]
    want = remaining(h, o)
    if cap_left(h, order["instrument"], at, raw_at(h, o, at)) < want:
        end_order(h, o, _CANCELED, _R_FOK, 0.0, 0.0)
        return
    if closing_part(h, o, want) < want:
        if order["reduce_only"] != 0:
            close_out(h, o, _R_REDUCE_ONLY, 0.0, 0.0)
            return
        if mem.accounts(h)[order["account"]]["kind"] == _CASH_ACCOUNT and order["side_venue"] < 0:
            close_out(h, o, _R_SHORT, 0.0, 0.0)
            return
        p = position_place(h, order["account"], order["book"], order["instrument"])
        raw = raw_at(h, o, at)
        price, _, _ = paid_price(h, o, want, raw, at)
        if not passes(h, o, p, want, price, raw):
            needed, available, why = both_figures(h, o, p, want, price, raw)
            close_out(h, o, why, needed, available)
            return
    _execute_whole(h, o, at, market_reason)


@compiled
def _are_all_met(h: int, o: int, at: int) -> bool:
    """Whether every leg meets this print, and the cap has room for what each instrument's want."""
    m = o
    while True:
        leg = mem.orders(h)[m]
        if leg["last_meeting"] != mem.sims(h)[0]["print_id"] or leg["in_batch"] == 0:
            return False
        want = 0
        other = m
        while True:
            if mem.orders(h)[other]["instrument"] == leg["instrument"]:
                want += remaining(h, other)
            other = mem.orders(h)[other]["next_in_group"]
            if other == m:
                break
        if want > cap_left(h, leg["instrument"], at, raw_at(h, m, at)):
            return False
        m = leg["next_in_group"]
        if m == o:
            return True


@compiled
def _change_of(h: int, o: int, i: int) -> int:
    """Signed increments that all legs of a group do in instrument ``i``."""
    change = 0
    m = o
    while True:
        leg = mem.orders(h)[m]
        if leg["instrument"] == i:
            change += leg["side_venue"] * remaining(h, m)
        m = leg["next_in_group"]
        if m == o:
            return change


@compiled
def _next_leg(h: int, o: int, i: int, last: int) -> int:
    """The leg that comes after leg ``last`` of instrument ``i``, by instrument and sequence."""
    found = NONE
    m = o
    while True:
        whose = mem.orders(h)[m]["instrument"]
        if whose > i or (whose == i and m > last):
            best = mem.orders(h)[found]["instrument"] if found != NONE else NEVER
            if whose < best or (whose == best and m < found):
                found = m
        m = mem.orders(h)[m]["next_in_group"]
        if m == o:
            return found


@compiled
def _state_after(h: int, o: int, at: int) -> tuple[float, float, int, int]:
    """What all legs together would leave to compare, what it may be, whether they open a short, and
    whether it is the strategy's own leverage that says so.

    As ``margin`` judges one order, for the whole group at once; each leg is priced as if those that
    fill before it had filled.
    """
    m = _next_leg(h, o, NONE, NONE)
    while m != NONE:
        keep_prices(h, mem.orders(h)[m]["instrument"])
        m = _next_leg(h, o, mem.orders(h)[m]["instrument"], m)
    a = mem.orders(h)[o]["account"]
    account = mem.accounts(h)[a]
    equity = account["equity"]
    gross = account["gross"]
    net = account["net"]
    initial = account["initial"]
    longs = account["longs"]
    waits = float(account["spends_unsettled"])
    spent = 0.0
    shorts = 0
    last = NONE
    m = _next_leg(h, o, NONE, NONE)
    while m != NONE:
        leg = mem.orders(h)[m]
        ins = mem.instruments(h)[leg["instrument"]]
        count = remaining(h, m)
        raw = raw_at(h, m, at)
        price, _, _ = paid_price(h, m, count, raw, at)
        fx = fx_of(h, a, ins["currency"])
        out = quantity(ins, leg["side_venue"] * count) * price * ins["multiplier"] * fx
        charges = next_cost(h, m, count, price) * fx
        out += charges
        out += cost_of_money(h, ins, out, charges)
        # what has to wait for its settlement pays for nothing
        spent += out if out > 0.0 or account["settles"] == 0 else waits * out
        anticipate(h, m, count, at)
        if leg["instrument"] != last:
            last = leg["instrument"]
            units = mem.positions(h)[position_place(h, a, leg["book"], leg["instrument"])]["units"]
            after_units = units + _change_of(h, o, leg["instrument"])
            before = quantity(ins, units) * ins["multiplier"] * ins["mark"] * fx
            after = quantity(ins, after_units) * ins["multiplier"] * raw * fx
            equity += after - before
            gross += abs(after) - abs(before)
            net += after - before
            longs += max(after, 0.0) - max(before, 0.0)
            policy = mem.policies(h)[0]
            more = initial_of(policy, ins, after_units, raw)
            more -= initial_of(policy, ins, units, ins["mark"])
            initial += more * fx
            if after_units < 0 and after_units < units:
                shorts = 1
        m = _next_leg(h, o, leg["instrument"], m)
    m = _next_leg(h, o, NONE, NONE)
    while m != NONE:
        restore_prices(h, mem.orders(h)[m]["instrument"])
        m = _next_leg(h, o, mem.orders(h)[m]["instrument"], m)
    equity -= spent
    if account["kind"] == _CASH_ACCOUNT:
        taken, most = spent, spendable(account)
    else:
        taken, most = room_taken(h, a, equity, gross, net, initial, longs)
        shorts = 0
    taken, most, is_own_cap = under_own_cap(account, equity, gross, taken, most)
    return taken, most, shorts, is_own_cap


@compiled
def _only_closes(h: int, o: int) -> bool:
    """Whether no leg of a group opens anything: legs of one instrument that make up for each other
    do, one of them."""
    m = o
    while True:
        leg = mem.orders(h)[m]
        p = position_place(h, leg["account"], leg["book"], leg["instrument"])
        units = mem.positions(h)[p]["units"]
        after = units + _change_of(h, o, leg["instrument"])
        if after * units < 0 or units * leg["side_venue"] >= 0:
            return False
        m = leg["next_in_group"]
        if m == o:
            return True


@compiled
def _reject_all(h: int, o: int, reason: int, needed: float, available: float) -> None:
    """End every leg of a group for the same reason."""
    now = mem.sims(h)[0]["now"]
    m = o
    while True:
        end_alone(h, m, _REJECTED, reason, needed, available, now)
        m = mem.orders(h)[m]["next_in_group"]
        if m == o:
            return


@compiled
def _fill_together(h: int, o: int, at: int, market_reason: int) -> None:
    """Fill all legs of a group, end all, or let the group wait."""
    if not _are_all_met(h, o, at):
        return
    if not _only_closes(h, o):
        wanted, most, shorts, is_own_cap = _state_after(h, o, at)
        if shorts != 0:
            _reject_all(h, o, _R_SHORT, 0.0, 0.0)
            return
        if wanted > most + SAME * max(abs(wanted), abs(most)):
            if is_own_cap != 0:
                _reject_all(h, o, _R_LEVERAGE, wanted, most)
                return
            room = max(room_left(h, mem.orders(h)[o]["account"]), 0.0)
            _reject_all(h, o, _R_FUNDS, room + (wanted - most), room)
            return
    m = _next_leg(h, o, NONE, NONE)
    while m != NONE:
        _execute_whole(h, m, at, market_reason)
        m = _next_leg(h, o, mem.orders(h)[m]["instrument"], m)


@subsystem("void(int64, int64, int64, int64)")
def fill_whole(h: int, o: int, at: int, market_reason: int) -> None:
    """Let an order that fills whole or not at all, or the group it leads, meet this print."""
    if mem.orders(h)[o]["group_kind"] == _ATOMIC:
        _fill_together(h, o, at, market_reason)
    else:
        _fill_or_kill(h, o, at, market_reason)
