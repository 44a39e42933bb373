"""The venue's side: one order meets one price.

``execute`` is where every fill of every print and path comes through. Around it an order is split
into its closing and its opening part, capped by volume, and ``margin`` is asked about the opening
part. What happens is written as *reports*; ``post`` makes them true on our side. The conditions
under which an order meets a price at all live in ``batch`` (prints) and ``path`` (inside bars).
"""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import (
    ACCOUNT_KIND,
    CAP_BY,
    FILL_FLAG,
    FILL_REASON,
    INSUFFICIENT,
    LIQUIDITY,
    NEVER,
    OVER_CAP,
    REASON,
    REPORT_KIND,
    ROUNDING,
    STATUS,
    TARGET_KIND,
    ZERO_VOLUME,
)
from quant.kernel.cost import quantity, round_minor, whole
from quant.kernel.fees import manner_of, note_fees
from quant.kernel.groups import after_fill
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import (
    affordable,
    both_figures,
    fx_of,
    next_costs,
    passes,
    position_place,
    shift_totals,
)
from quant.kernel.post import post
from quant.kernel.pricing import (
    AT_CLOSE,
    AT_OPEN,
    INSIDE,
    is_taker,
    paid_price,
    reference_volume,
    settle_impact,
)
from quant.kernel.reports import close_out, is_final, new_report, remaining
from quant.kernel.requirement import worth_of
from quant.kernel.subsystem import subsystem

__all__ = [
    "AT_CLOSE",
    "AT_OPEN",
    "INSIDE",
    "cap_left",
    "closing_part",
    "end_idle_reducer",
    "execute",
    "fill_closing",
    "fill_rest",
    "has_close_print",
    "has_open_print",
    "has_trading",
    "is_cut_to_size",
    "note_position",
    "shares_to_borrow",
    "wanted",
]

_CASH_ACCOUNT = ACCOUNT_KIND.CASH
_UNCAPPED = FILL_FLAG.UNCAPPED
_SAME_CLOSE = FILL_REASON.SAME_CLOSE
_LATE = FILL_FLAG.LATE_OPEN
_NO_VOLUME = FILL_FLAG.NO_VOLUME
_REJECT_EMPTY = ZERO_VOLUME.REJECT
_LAST_PRICE = ZERO_VOLUME.LAST_PRICE
_MINIMUM = ZERO_VOLUME.MINIMUM_LIQUIDITY
_BY_ADV = CAP_BY.ADV
_REJECT = INSUFFICIENT.REJECT
_TAKER = LIQUIDITY.TAKER
_MAKER = LIQUIDITY.MAKER
_FUNDS = REASON.INSUFFICIENT_FUNDS
_SHORT = REASON.SHORT_NOT_ALLOWED
_NO_BORROW = REASON.NO_BORROW
_OVER_CAP = REASON.OVER_CAP
_REJECT_OVER = OVER_CAP.REJECT
_SIZED_DOWN = REASON.SIZED_DOWN
_REDUCE_ONLY = REASON.REDUCE_ONLY
_MINOR_UNIT = ROUNDING.MINOR_UNIT
_TO_COUNT = TARGET_KIND.COUNT
_FILL = REPORT_KIND.FILL
_S_FILLED = STATUS.FILLED
_S_PARTIAL = STATUS.PARTIALLY_FILLED


@inlined
def has_trading(h: int, row: int) -> bool:
    """A bar has trading when its volume is above zero or unknown, or a policy lends it some."""
    if not mem.bars(h)[row]["volume"] <= 0.0:
        return True
    return mem.policies(h)[0]["zero_volume"] >= _MINIMUM


@inlined
def has_open_print(h: int, row: int) -> bool:
    """Whether orders meet a price at a bar's open: its own, or the last one where it has none."""
    if has_trading(h, row):
        return True
    mark = mem.instruments(h)[mem.bars(h)[row]["instrument"]]["mark"]
    return mem.policies(h)[0]["zero_volume"] == _LAST_PRICE and mark == mark


@inlined
def has_close_print(h: int, row: int) -> bool:
    """Whether orders meet a price at a bar's end: with closes alone that is its only print."""
    if has_trading(h, row):
        return True
    ins = mem.instruments(h)[mem.bars(h)[row]["instrument"]]
    if ins["closes_only"] == 0 or mem.policies(h)[0]["zero_volume"] != _LAST_PRICE:
        return False
    return ins["mark_before"] == ins["mark_before"]


@inlined
def _whole_part(h: int, i: int, qty: float) -> int:
    """Whole increments of a quantity."""
    ins = mem.instruments(h)[i]
    return whole(qty * ins["unit_den"] / ins["unit_num"])


@compiled
def _volume_cap(h: int, i: int, at: int) -> int:
    """Increments that participation leaves."""
    policy = mem.policies(h)[0]
    ins = mem.instruments(h)[i]
    fraction = policy["participation_open"] if at == AT_OPEN else policy["participation"]
    limit = mem.slippages(h)[ins["slippage"]]["cap_fraction"]
    if limit < fraction:
        fraction = limit
    volume = reference_volume(h, i, at)
    used = ins["filled_open"]
    if at != AT_OPEN:
        used += ins["filled_inside"]
    if policy["cap_by"] == _BY_ADV:
        used = 0
        if ins["filled_day"] == mem.bars(h)[ins["bar"]]["session"]:
            used = ins["filled_session"]
    if volume != volume:
        return NEVER
    return max(_whole_part(h, i, fraction * volume) - used, 0)


@compiled
def _absolute_cap(h: int, i: int, raw: float) -> int:
    """Increments that the caps in shares and in money leave in this bar."""
    policy = mem.policies(h)[0]
    ins = mem.instruments(h)[i]
    cap = NEVER
    if policy["max_shares"] == policy["max_shares"]:
        used = ins["filled_open"] + ins["filled_inside"]
        cap = _whole_part(h, i, policy["max_shares"]) - used
    if policy["max_notional"] == policy["max_notional"] and raw != 0.0:
        left = max(policy["max_notional"] - ins["notional_used"], 0.0)
        cap = min(cap, _whole_part(h, i, left / abs(raw * ins["multiplier"])))
    return max(cap, 0)


@compiled
def cap_left(h: int, i: int, at: int, raw: float) -> int:
    """Increments that all our orders together may still fill in instrument ``i`` here."""
    policy = mem.policies(h)[0]
    cap = NEVER
    if policy["has_participation"] != 0:
        cap = _volume_cap(h, i, at)
    if policy["has_caps"] != 0:
        cap = min(cap, _absolute_cap(h, i, raw))
    return cap


@inlined
def closing_part(h: int, o: int, count: int) -> int:
    """How much of the next ``count`` increments brings the position towards zero."""
    order = mem.orders(h)[o]
    p = position_place(h, order["account"], order["book"], order["instrument"])
    units = mem.positions(h)[p]["units"]
    if units * order["side_venue"] >= 0:
        return 0
    return min(count, abs(units))


@compiled
def wanted(h: int, o: int, most: int, at: int, claimed: int, raw: float) -> int:
    """What an order may fill here of ``most``, within the cap less what is ``claimed``.

    With ``over_cap: reject`` an order that wants more than the cap leaves ends instead.
    """
    cap = max(cap_left(h, mem.orders(h)[o]["instrument"], at, raw) - claimed, 0)
    is_forced = mem.orders(h)[o]["forced"] != 0
    if most > cap and mem.policies(h)[0]["over_cap"] == _REJECT_OVER and not is_forced:
        close_out(h, o, _OVER_CAP, 0.0, 0.0)
        return 0
    return min(most, cap)


@inlined
def _most(h: int, o: int) -> int:
    """Increments that an order may want now."""
    left = remaining(h, o)
    return closing_part(h, o, left) if mem.orders(h)[o]["reduce_only"] != 0 else left


@inlined
def _is_uncapped(h: int, i: int) -> bool:
    """Whether an opening print has no earlier volume to cap by, though a cap is set."""
    if mem.policies(h)[0]["has_participation"] == 0:
        return False
    volume = reference_volume(h, i, AT_OPEN)
    return volume != volume


@inlined
def _is_empty_bar(h: int, i: int, at: int) -> bool:
    """Whether a fill is made in a bar without volume, whose prices are the policy's to say."""
    policy = mem.policies(h)[0]["zero_volume"]
    if policy in (_REJECT_EMPTY, _MINIMUM):
        return False
    return mem.bars(h)[mem.instruments(h)[i]["bar"]]["volume"] <= 0.0


@inlined
def _use_volume(h: int, i: int, count: int, raw: float, at: int) -> None:
    """Count a fill towards the caps of its bar and its session."""
    ins = mem.instruments(h)[i]
    if at == AT_OPEN:
        ins["filled_open"] += count
    else:
        ins["filled_inside"] += count
    if mem.policies(h)[0]["has_caps"] != 0:
        ins["notional_used"] += abs(quantity(ins, count) * raw * ins["multiplier"])
    if mem.policies(h)[0]["cap_by"] == _BY_ADV:
        session = mem.bars(h)[ins["bar"]]["session"]
        if ins["filled_day"] != session:
            ins["filled_day"] = session
            ins["filled_session"] = 0
        ins["filled_session"] += count


@inlined
def _charge(h: int, o: int, count: int, price: float) -> tuple[float, float]:
    """Charge an order the commission and the fees of its next increments."""
    order = mem.orders(h)[o]
    ins = mem.instruments(h)[order["instrument"]]
    commission, fees = next_costs(h, o, count, price)
    if mem.policies(h)[0]["rounding"] == _MINOR_UNIT:
        # as charged, so that fills and postings show the same
        place = order["account"] * mem.sims(h)[0]["n_currencies"] + ins["currency"]
        commission = round_minor(commission, mem.balances(h)[place]["minor_unit"])
        fees = round_minor(fees, mem.balances(h)[place]["minor_unit"])
    order["commission_venue"] += commission
    if mem.commissions(h)[ins["commission"]]["n_fees"] != 0:
        order["fees_venue"] += fees
        qty = quantity(ins, count)
        manner = manner_of(order["side_venue"], 1 if is_taker(h, o) else 0)
        note_fees(h, o, manner, qty, abs(qty * price * ins["multiplier"]))
    return commission, fees


@subsystem("void(int64, int64, int64, float64, int64, int64, int64)")
def execute(h: int, o: int, count: int, raw: float, at: int, fill_reason: int, reason: int) -> None:
    """Fill ``count`` increments: report it, post it, and keep the account's totals current."""
    order = mem.orders(h)[o]
    i = order["instrument"]
    a = order["account"]
    ins = mem.instruments(h)[i]
    sim = mem.sims(h)[0]
    p = position_place(h, a, order["book"], i)
    price, impact, flags = paid_price(h, o, count, raw, at)
    if sim["in_parts"] != 0:
        # one fill for the market: the price of the whole
        price, impact, flags = sim["whole_price"], sim["whole_impact"], sim["whole_flags"]
    takes = is_taker(h, o)
    done = order["filled_venue"]
    ts = sim["now"]
    if at == AT_OPEN:
        ts = max(ins["opened_at"], order["ts_arrival"])
        if ts > ins["opened_at"]:
            flags += _LATE
        if _is_uncapped(h, i):
            flags += _UNCAPPED
    if _is_empty_bar(h, i, at):
        flags += _NO_VOLUME
    commission, fees = _charge(h, o, count, price)
    side = order["side_venue"]
    r = new_report(h, _FILL, o, ts)
    report = mem.reports(h)[r]
    report["units"] = side * count
    report["price"] = price
    report["price_raw"] = raw
    report["commission"] = commission
    report["fees"] = fees
    # adding zero turns -0.0 into 0.0
    report["slippage"] = quantity(ins, count) * ins["multiplier"] * (price - raw) * side + 0.0
    if impact > 0.0:
        report["impact"] = quantity(ins, count) * ins["multiplier"] * impact
        report["slippage"] -= report["impact"]
    report["fill_reason"] = fill_reason
    report["reason"] = reason
    report["flags"] = flags
    report["liquidity"] = _TAKER if takes else _MAKER
    # parts of one order at one print are one row, unless another fills between them
    is_next = order["last_print"] == sim["print_id"] and ins["last_order"] == o
    report["is_merge"] = 1 if is_next else 0
    order["last_print"] = sim["print_id"]
    ins["last_order"] = o
    if fill_reason == _SAME_CLOSE:
        # the bar has been counted already: phase 8 comes after it ended
        report["bar"] = ins["seen"] - 1
    if order["is_sized"] != 0:
        report["new_units"] = order["units_venue"]
    if mem.accounts(h)[a]["settles"] != 0 and side < 0:
        report["settles"] = mem.settle_on(h)[report["session"]]
    order["filled_venue"] += count
    order["value_venue"] += abs(quantity(ins, count) * price * ins["multiplier"])
    is_whole = order["filled_venue"] >= order["units_venue"] + order["held_back"]
    order["status_venue"] = _S_FILLED if is_whole else _S_PARTIAL
    _use_volume(h, i, count, raw, at)
    if at == INSIDE:
        # what is held has changed on the way: the account may come to a line now
        sim["watched"] = 1
    if takes and mem.policies(h)[0]["has_impact"] != 0 and sim["in_parts"] == 0:
        settle_impact(h, o, done, count, at)
    units_before = mem.positions(h)[p]["units"]
    value_before = worth_of(ins, mem.positions(h)[p], ins["mark"])
    cash_before = mem.balances(h)[a * sim["n_currencies"] + ins["currency"]]["cash"]
    post(h, r)
    shift_totals(h, i, units_before, value_before, cash_before, p)
    note_position(h, p, ts)
    acts = order["group_kind"] != 0 or order["first_child"] >= 0 or sim["n_reducers"] > 0
    if acts and sim["in_parts"] == 0:
        after_fill(h, o, count, raw, units_before, ts, at)


@compiled
def note_position(h: int, p: int, ts: int) -> None:
    """A row of positions.csv: the position as it stands, at its mark."""
    sim = mem.sims(h)[0]
    position = mem.positions(h)[p]
    ins = mem.instruments(h)[position["instrument"]]
    n = sim["n_position_rows"]
    row = mem.position_rows(h)[n]
    worth = quantity(ins, position["units"]) * ins["multiplier"]
    row["ts"] = ts
    row["session"] = sim["session"]
    row["account"] = position["account"]
    row["instrument"] = position["instrument"]
    row["book"] = position["book"]
    row["units"] = position["units"]
    # stale: marked at the price of an earlier session, because this one brought no bar
    row["is_stale"] = 1 if mem.bars(h)[ins["bar"]]["session"] != sim["session"] else 0
    row["avg_price"] = position["avg_price"]
    row["mark"] = ins["mark"]
    row["market_value"] = 0.0
    if position["units"] != 0:
        fx = fx_of(h, position["account"], ins["currency"])
        row["market_value"] = worth_of(ins, position, ins["mark"]) * fx
    row["unrealized"] = (
        worth * (ins["mark"] - position["avg_price"]) if position["units"] != 0 else 0.0
    )
    row["realized"] = position["realized"]
    sim["n_position_rows"] = n + 1


@subsystem("void(int64, int64, float64, int64, int64)")
def fill_closing(h: int, o: int, raw: float, at: int, fill_reason: int) -> None:
    """Fill the part of an order that closes; it is never refused for money."""
    count = closing_part(h, o, wanted(h, o, _most(h, o), at, 0, raw))
    if count > 0:
        execute(h, o, count, raw, at, fill_reason, 0)


@compiled
def end_idle_reducer(h: int, o: int) -> None:
    """End an order that only reduces, has nothing to reduce, and waits for no fill of a parent."""
    if mem.orders(h)[o]["held_back"] == 0 and closing_part(h, o, 1) == 0:
        close_out(h, o, _REDUCE_ONLY, 0.0, 0.0)


@inlined
def is_cut_to_size(h: int, o: int) -> bool:
    """Whether an order asks for what can be afforded: one made from a weight or a value."""
    order = mem.orders(h)[o]
    return order["is_sized"] != 0 and order["target_kind"] != _TO_COUNT


@compiled
def fill_cut(h: int, o: int, count: int, want: int, raw: float, at: int, fill_reason: int) -> None:
    """Fill the ``count`` of ``want`` increments that money allows, and end the rest."""
    order = mem.orders(h)[o]
    p = position_place(h, order["account"], order["book"], order["instrument"])
    price, _, _ = paid_price(h, o, want, raw, at)
    needed, available, why = both_figures(h, o, p, want, price, raw)
    if count == 0:
        close_out(h, o, why, needed, available)
    elif is_cut_to_size(h, o):
        order["units_venue"] = order["filled_venue"] + count
        execute(h, o, count, raw, at, fill_reason, _SIZED_DOWN)
    else:
        execute(h, o, count, raw, at, fill_reason, 0)
        close_out(h, o, why, needed, available)


@compiled
def shares_to_borrow(h: int, i: int, units: int) -> int:
    """Increments that can still be sold short beyond a position: what can be borrowed less what is
    short already."""
    ins = mem.instruments(h)[i]
    shares = mem.row_borrow_shares(h)[ins["bar"]]
    if shares != shares:
        return NEVER
    return max(_whole_part(h, i, shares) + min(units, 0), 0)


@compiled
def _borrowable(h: int, o: int, want: int) -> int:
    """What of ``want`` increments of a short sale can be borrowed; an order refused for it ends."""
    order = mem.orders(h)[o]
    i = order["instrument"]
    p = position_place(h, order["account"], order["book"], i)
    left = shares_to_borrow(h, i, mem.positions(h)[p]["units"])
    if want <= left:
        return want
    ins = mem.instruments(h)[i]
    if mem.policies(h)[0]["insufficient"] == _REJECT or left == 0:
        close_out(h, o, _NO_BORROW, quantity(ins, want), quantity(ins, left))
        return 0
    return left


@compiled
def fill_opening(h: int, o: int, want: int, raw: float, at: int, fill_reason: int) -> None:
    """Fill an opening part, cut it or end it, as the account and the settings say."""
    order = mem.orders(h)[o]
    if mem.accounts(h)[order["account"]]["kind"] == _CASH_ACCOUNT and order["side_venue"] < 0:
        close_out(h, o, _SHORT, 0.0, 0.0)
        return
    if order["side_venue"] < 0 and mem.policies(h)[0]["has_availability"] != 0:
        want = _borrowable(h, o, want)
        if want == 0:
            return
    p = position_place(h, order["account"], order["book"], order["instrument"])
    price, _, _ = paid_price(h, o, want, raw, at)
    if passes(h, o, p, want, price, raw):
        execute(h, o, want, raw, at, fill_reason, 0)
        return
    is_cut = is_cut_to_size(h, o) or mem.policies(h)[0]["insufficient"] != _REJECT
    count = affordable(h, o, p, want, raw, at) if is_cut else 0
    fill_cut(h, o, count, want, raw, at, fill_reason)


@subsystem("void(int64, int64, float64, int64, int64)")
def fill_rest(h: int, o: int, raw: float, at: int, fill_reason: int) -> None:
    """Fill what remains of an order: what still closes, then the opening part if it is allowed."""
    fill_closing(h, o, raw, at, fill_reason)
    if is_final(mem.orders(h)[o]["status_venue"]):
        return
    if mem.orders(h)[o]["reduce_only"] != 0:
        end_idle_reducer(h, o)
        return
    want = wanted(h, o, remaining(h, o), at, 0, raw)
    if want > 0:
        fill_opening(h, o, want, raw, at, fill_reason)
