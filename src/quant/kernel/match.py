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
)
from quant.kernel.cost import quantity, round_minor, slipped, whole
from quant.kernel.groups import AT_CLOSE, AT_OPEN, INSIDE, after_fill
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import (
    affordable,
    both_figures,
    next_commission,
    passes,
    position_place,
    shift_totals,
)
from quant.kernel.post import post
from quant.kernel.reports import close_out, is_final, new_report, remaining
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
    "has_trading",
    "note_position",
    "wanted",
]

_CASH_ACCOUNT = ACCOUNT_KIND.CASH
_UNCAPPED = FILL_FLAG.UNCAPPED
_SAME_CLOSE = FILL_REASON.SAME_CLOSE
_LATE = FILL_FLAG.LATE_OPEN
_CLAMPED = FILL_FLAG.CLAMPED
_REJECT = INSUFFICIENT.REJECT
_TAKER = LIQUIDITY.TAKER
_MAKER = LIQUIDITY.MAKER
_FUNDS = REASON.INSUFFICIENT_FUNDS
_SHORT = REASON.SHORT_NOT_ALLOWED
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
    """A bar has trading when its volume is above zero or unknown."""
    return not mem.bars(h)[row]["volume"] <= 0.0


@compiled
def cap_left(h: int, i: int, at: int) -> int:
    """Increments that all our orders together may still fill in instrument ``i`` here."""
    policy = mem.policies(h)[0]
    ins = mem.instruments(h)[i]
    volume = ins["prev_volume"] if at == AT_OPEN else mem.bars(h)[ins["bar"]]["volume"]
    if policy["has_participation"] == 0 or volume != volume:
        return NEVER
    cap = whole(policy["participation"] * volume * ins["unit_den"] / ins["unit_num"])
    used = ins["filled_open"]
    if at != AT_OPEN:
        used += ins["filled_inside"]
    return max(cap - used, 0)


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
def wanted(h: int, o: int, most: int, at: int, claimed: int) -> int:
    """What an order may fill here of ``most``, within the cap less what is ``claimed``.

    With ``over_cap: reject`` an order that wants more than the cap leaves ends instead.
    """
    cap = max(cap_left(h, mem.orders(h)[o]["instrument"], at) - claimed, 0)
    if most > cap and mem.policies(h)[0]["over_cap"] == _REJECT_OVER:
        close_out(h, o, _OVER_CAP, 0.0, 0.0)
        return 0
    return min(most, cap)


@inlined
def _most(h: int, o: int) -> int:
    """Increments that an order may want now."""
    left = remaining(h, o)
    return closing_part(h, o, left) if mem.orders(h)[o]["reduce_only"] != 0 else left


@inlined
def _is_taker(h: int, o: int) -> bool:
    """What has no limit takes; a limit only in the bar in which it first met a print that it could
    take."""
    order = mem.orders(h)[o]
    if order["is_limited"] == 0:
        return True
    return order["taker_bar"] == mem.instruments(h)[order["instrument"]]["bar"]


@compiled
def paid_price(h: int, o: int, raw: float, at: int) -> tuple[float, int]:
    """What the order pays where the market gave ``raw``, and the flags of that price."""
    order = mem.orders(h)[o]
    if not _is_taker(h, o):
        return raw, 0
    side = order["side_venue"]
    price, was_clamped = slipped(h, order["instrument"], side, raw, 1 if at == AT_OPEN else 0)
    if order["is_limited"] != 0 and (price - order["limit"]) * side > 0.0:
        price = order["limit"]
    return price, _CLAMPED if was_clamped != 0 else 0


@subsystem("void(int64, int64, int64, float64, int64, int64, int64)")
def execute(h: int, o: int, count: int, raw: float, at: int, fill_reason: int, reason: int) -> None:
    """Fill ``count`` increments: report it, post it, and keep the account's totals current."""
    order = mem.orders(h)[o]
    i = order["instrument"]
    a = order["account"]
    ins = mem.instruments(h)[i]
    sim = mem.sims(h)[0]
    p = position_place(h, a, order["book"], i)
    price, flags = paid_price(h, o, raw, at)
    ts = sim["now"]
    if at == AT_OPEN:
        ts = max(ins["opened_at"], order["ts_arrival"])
        if ts > ins["opened_at"]:
            flags += _LATE
        if (
            mem.policies(h)[0]["has_participation"] != 0
            and ins["prev_volume"] != ins["prev_volume"]
        ):
            flags += _UNCAPPED
    fee = next_commission(h, o, count, price)
    if mem.policies(h)[0]["rounding"] == _MINOR_UNIT:
        # as charged, so that fills and postings show the same
        balance = mem.balances(h)[a * sim["n_currencies"] + ins["currency"]]
        fee = round_minor(fee, balance["minor_unit"])
    side = order["side_venue"]
    r = new_report(h, _FILL, o, ts)
    report = mem.reports(h)[r]
    report["units"] = side * count
    report["price"] = price
    report["price_raw"] = raw
    report["commission"] = fee
    # adding zero turns -0.0 into 0.0
    report["slippage"] = quantity(ins, count) * ins["multiplier"] * (price - raw) * side + 0.0
    report["fill_reason"] = fill_reason
    report["reason"] = reason
    report["flags"] = flags
    report["liquidity"] = _TAKER if _is_taker(h, o) else _MAKER
    report["is_merge"] = 1 if order["last_print"] == sim["print_id"] else 0
    order["last_print"] = sim["print_id"]
    if fill_reason == _SAME_CLOSE:
        # the bar has been counted already: phase 8 comes after it ended
        report["bar"] = ins["seen"] - 1
    if order["is_sized"] != 0:
        report["new_units"] = order["units_venue"]
    order["filled_venue"] += count
    order["value_venue"] += abs(quantity(ins, count) * price * ins["multiplier"])
    order["commission_venue"] += fee
    is_whole = order["filled_venue"] >= order["units_venue"] + order["held_back"]
    order["status_venue"] = _S_FILLED if is_whole else _S_PARTIAL
    if at == AT_OPEN:
        ins["filled_open"] += count
    else:
        ins["filled_inside"] += count
    units_before = mem.positions(h)[p]["units"]
    cash_before = mem.balances(h)[a * sim["n_currencies"] + ins["currency"]]["cash"]
    post(h, r)
    shift_totals(h, a, i, units_before, cash_before, p)
    note_position(h, p, ts)
    if order["group_kind"] != 0 or order["first_child"] >= 0 or sim["n_reducers"] > 0:
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
    row["market_value"] = worth * ins["mark"] if position["units"] != 0 else 0.0
    row["unrealized"] = (
        worth * (ins["mark"] - position["avg_price"]) if position["units"] != 0 else 0.0
    )
    row["realized"] = position["realized"]
    sim["n_position_rows"] = n + 1


@subsystem("void(int64, int64, float64, int64, int64)")
def fill_closing(h: int, o: int, raw: float, at: int, fill_reason: int) -> None:
    """Fill the part of an order that closes; it is never refused for money."""
    count = closing_part(h, o, wanted(h, o, _most(h, o), at, 0))
    if count > 0:
        execute(h, o, count, raw, at, fill_reason, 0)


@compiled
def end_idle_reducer(h: int, o: int) -> None:
    """End an order that only reduces, has nothing to reduce, and waits for no fill of a parent."""
    if mem.orders(h)[o]["held_back"] == 0 and closing_part(h, o, 1) == 0:
        close_out(h, o, _REDUCE_ONLY, 0.0, 0.0)


@inlined
def _is_cut_to_size(h: int, o: int) -> bool:
    """Whether an order asks for what can be afforded: one made from a weight or a value."""
    order = mem.orders(h)[o]
    return order["is_sized"] != 0 and order["target_kind"] != _TO_COUNT


@compiled
def fill_cut(h: int, o: int, count: int, want: int, raw: float, at: int, fill_reason: int) -> None:
    """Fill the ``count`` of ``want`` increments that money allows, and end the rest."""
    order = mem.orders(h)[o]
    p = position_place(h, order["account"], order["book"], order["instrument"])
    price, _ = paid_price(h, o, raw, at)
    needed, available = both_figures(h, o, p, want, price, raw)
    if count == 0:
        close_out(h, o, _FUNDS, needed, available)
    elif _is_cut_to_size(h, o):
        order["units_venue"] = order["filled_venue"] + count
        execute(h, o, count, raw, at, fill_reason, _SIZED_DOWN)
    else:
        execute(h, o, count, raw, at, fill_reason, 0)
        close_out(h, o, _FUNDS, needed, available)


@compiled
def fill_opening(h: int, o: int, want: int, raw: float, at: int, fill_reason: int) -> None:
    """Fill an opening part, cut it or end it, as the account and the settings say."""
    order = mem.orders(h)[o]
    if mem.accounts(h)[order["account"]]["kind"] == _CASH_ACCOUNT and order["side_venue"] < 0:
        close_out(h, o, _SHORT, 0.0, 0.0)
        return
    p = position_place(h, order["account"], order["book"], order["instrument"])
    price, _ = paid_price(h, o, raw, at)
    if passes(h, o, p, want, price, raw):
        execute(h, o, want, raw, at, fill_reason, 0)
        return
    is_cut = _is_cut_to_size(h, o) or mem.policies(h)[0]["insufficient"] != _REJECT
    count = affordable(h, o, p, want, price, raw) if is_cut else 0
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
    want = wanted(h, o, remaining(h, o), at, 0)
    if want > 0:
        fill_opening(h, o, want, raw, at, fill_reason)
