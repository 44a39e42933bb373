"""Our side: the only code that changes our account.

A *report* is what the venue tells us. ``post`` folds one report into balances, positions, orders,
fills and postings. Backtest, paper and live call it with reports of different origin; it reads no
market data, so reports alone rebuild the account.
"""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import (
    ACCOUNT_STATUS,
    NONE,
    POSTING_KIND,
    REASON,
    REPORT_KIND,
    ROUNDING,
    STATUS,
    VALUATION,
)
from quant.kernel.cost import quantity, round_minor
from quant.kernel.jit import compiled, entry, inlined
from quant.kernel.subsystem import subsystem

__all__ = ["post", "post_all"]

_CASH = REPORT_KIND.CASH
_TRIGGERED = REPORT_KIND.TRIGGERED
_FILL = REPORT_KIND.FILL
_ACTIVATED = REPORT_KIND.ACTIVATED
_REPLACED = REPORT_KIND.REPLACED
_REPLACE_REJECTED = REPORT_KIND.REPLACE_REJECTED
_CANCELED = REPORT_KIND.CANCELED
_REJECTED = REPORT_KIND.REJECTED
_TRADE = POSTING_KIND.TRADE
_COMMISSION = POSTING_KIND.COMMISSION
_FEE = POSTING_KIND.FEE
_VARIATION_MARGIN = POSTING_KIND.VARIATION
_SETTLED = REPORT_KIND.SETTLED
_VARIATION = REPORT_KIND.VARIATION
_R_BANKRUPT = REASON.BANKRUPT
_R_RECALL = REASON.RECALL
_SOUND = ACCOUNT_STATUS.SOUND
_IN_CALL = ACCOUNT_STATUS.IN_CALL
_BANKRUPT = ACCOUNT_STATUS.BANKRUPT
_PAID = VALUATION.PAID
_MINOR_UNIT = ROUNDING.MINOR_UNIT
_S_TRIGGERED = STATUS.TRIGGERED
_S_PARTIAL = STATUS.PARTIALLY_FILLED
_S_PENDING_CANCEL = STATUS.PENDING_CANCEL
_S_PENDING_REPLACE = STATUS.PENDING_REPLACE
_S_FILLED = STATUS.FILLED
_S_CANCELED = STATUS.CANCELED
_S_REJECTED = STATUS.REJECTED
_S_EXPIRED = STATUS.EXPIRED


@compiled
def add_posting(h: int, r: int, kind: int, amount: float, ref: int) -> None:
    """Move money and note it: balance and ledger change together, by the same number."""
    if amount == 0.0:
        return
    sim = mem.sims(h)[0]
    report = mem.reports(h)[r]
    account = report["account"]
    currency = report["currency"]
    balance = mem.balances(h)[account * sim["n_currencies"] + currency]
    if mem.policies(h)[0]["rounding"] == _MINOR_UNIT:
        amount = round_minor(amount, balance["minor_unit"])
    balance["cash"] += amount
    n = sim["n_postings"]
    row = mem.postings(h)[n]
    row["ts"] = report["ts"]
    row["session"] = report["session"]
    row["kind"] = kind
    row["account"] = account
    row["instrument"] = report["instrument"]
    row["currency"] = currency
    row["ref"] = ref
    row["amount"] = amount
    row["balance"] = balance["cash"]
    sim["n_postings"] = n + 1


@compiled
def hold(h: int, p: int) -> None:
    """Put a position on the list of those held, which is kept in order of place."""
    sim = mem.sims(h)[0]
    held = mem.held(h)
    j = sim["n_held"]
    while j > 0 and held[j - 1] > p:
        held[j] = held[j - 1]
        j -= 1
    held[j] = p
    sim["n_held"] += 1
    mem.positions(h)[p]["is_held"] = 1


@compiled
def release(h: int, p: int) -> None:
    """Take a flat position off the list of those held."""
    sim = mem.sims(h)[0]
    held = mem.held(h)
    n = sim["n_held"]
    j = 0
    while held[j] != p:
        j += 1
    while j < n - 1:
        held[j] = held[j + 1]
        j += 1
    sim["n_held"] = n - 1
    mem.positions(h)[p]["is_held"] = 0


@inlined
def _note_fill(h: int, r: int) -> int:
    """Write the fill's row, or widen the order's last one when both parts met one print."""
    sim = mem.sims(h)[0]
    report = mem.reports(h)[r]
    order = mem.orders(h)[report["order"]]
    if report["is_merge"] != 0:
        f = order["last_fill"]
        row = mem.fills(h)[f]
        if report["price"] != row["price"]:
            # priced one after the other: the row has what was paid on average
            before = abs(row["units"])
            more = abs(report["units"])
            row["price"] = (row["price"] * before + report["price"] * more) / (before + more)
        row["flags"] |= report["flags"]
        row["units"] += report["units"]
        row["commission"] += report["commission"]
        row["fees"] += report["fees"]
        row["slippage"] += report["slippage"]
        row["impact"] += report["impact"]
        return f
    f = sim["n_fills"]
    row = mem.fills(h)[f]
    row["order"] = report["order"]
    row["ts"] = report["ts"]
    row["session"] = report["session"]
    row["account"] = report["account"]
    row["instrument"] = report["instrument"]
    row["book"] = report["book"]
    row["units"] = report["units"]
    row["reason"] = report["fill_reason"]
    row["flags"] = report["flags"]
    row["liquidity"] = report["liquidity"]
    row["bar"] = report["bar"]
    row["settles"] = report["settles"]
    row["price"] = report["price"]
    row["price_raw"] = report["price_raw"]
    row["commission"] = report["commission"]
    row["fees"] = report["fees"]
    row["slippage"] = report["slippage"]
    row["impact"] = report["impact"]
    sim["n_fills"] = f + 1
    order["last_fill"] = f
    return f


@inlined
def _fold_position(h: int, r: int, f: int) -> None:
    """Close, then open: postings, average price and realised result of one fill."""
    sim = mem.sims(h)[0]
    report = mem.reports(h)[r]
    i = report["instrument"]
    ins = mem.instruments(h)[i]
    p = (report["account"] * sim["n_books"] + report["book"]) * sim["n_instruments"] + i
    position = mem.positions(h)[p]
    units = position["units"]
    change = report["units"]
    price = report["price"]
    closing = 0
    if units > 0 and change < 0:
        closing = -min(units, -change)
    elif units < 0 and change > 0:
        closing = min(-units, change)
    opening = change - closing
    is_paid = ins["valuation"] == _PAID
    if closing != 0:
        qty = quantity(ins, closing)
        if is_paid:
            add_posting(h, r, _TRADE, -(qty * price * ins["multiplier"]), f + 1)
        else:
            gain = -(qty * (price - position["reference"]) * ins["multiplier"])
            add_posting(h, r, _VARIATION_MARGIN, gain, f + 1)
        position["realized"] += -qty * (price - position["avg_price"]) * ins["multiplier"]
        units += closing
        if units == 0:
            position["avg_price"] = 0.0
            position["reference"] = 0.0
    if opening != 0:
        qty = quantity(ins, opening)
        before = abs(units)
        after = before + abs(opening)
        if is_paid:
            add_posting(h, r, _TRADE, -(qty * price * ins["multiplier"]), f + 1)
        else:
            held = position["reference"] * before
            position["reference"] = (held + price * abs(opening)) / after
        position["avg_price"] = (position["avg_price"] * before + price * abs(opening)) / after
        units += opening
    position["units"] = units
    if units != 0 and position["is_held"] == 0:
        hold(h, p)
    elif units == 0 and position["is_held"] != 0:
        release(h, p)


@inlined
def _balance_place(h: int, r: int) -> int:
    report = mem.reports(h)[r]
    return report["account"] * mem.sims(h)[0]["n_currencies"] + report["currency"]


@inlined
def _note_settlement(h: int, r: int, amount: float) -> None:
    """Money of a sale that a later session brings: booked today, not settled yet."""
    sim = mem.sims(h)[0]
    report = mem.reports(h)[r]
    n = sim["n_settlements"]
    row = mem.settlements(h)[n]
    row["session"] = report["settles"]
    row["account"] = report["account"]
    row["currency"] = report["currency"]
    row["amount"] = amount
    mem.balances(h)[_balance_place(h, r)]["unsettled"] += amount
    sim["n_settlements"] = n + 1


@compiled
def _post_variation(h: int, r: int) -> None:
    """A futures position is paid its gain since the last settlement, at a settlement price."""
    sim = mem.sims(h)[0]
    report = mem.reports(h)[r]
    i = report["instrument"]
    ins = mem.instruments(h)[i]
    p = (report["account"] * sim["n_books"] + report["book"]) * sim["n_instruments"] + i
    position = mem.positions(h)[p]
    size = quantity(ins, position["units"]) * ins["multiplier"]
    gain = size * (report["price"] - position["reference"])
    add_posting(h, r, _VARIATION_MARGIN, gain, NONE)
    position["reference"] = report["price"]


@inlined
def _post_call(h: int, r: int) -> None:
    """An account comes to a margin call, out of one, or to its end."""
    report = mem.reports(h)[r]
    account = mem.accounts(h)[report["account"]]
    if report["reason"] == _R_BANKRUPT and report["flags"] != 0:
        account["status"] = _BANKRUPT
    elif report["reason"] != _R_RECALL:
        account["status"] = _IN_CALL if report["reason"] != 0 else _SOUND
    account["ts_status"] = report["ts"]


@inlined
def _post_money(h: int, r: int) -> None:
    """What is no order's: money moved, money settled, a future settled, a call."""
    report = mem.reports(h)[r]
    kind = report["kind"]
    if kind == _CASH:
        add_posting(h, r, report["posting_kind"], report["amount"], NONE)
    elif kind == _SETTLED:
        mem.balances(h)[_balance_place(h, r)]["unsettled"] -= report["amount"]
    elif kind == _VARIATION:
        _post_variation(h, r)
    else:
        _post_call(h, r)


@compiled
def post_fill(h: int, r: int) -> None:
    """Fold one fill into order, position and money."""
    report = mem.reports(h)[r]
    order = mem.orders(h)[report["order"]]
    ins = mem.instruments(h)[report["instrument"]]
    f = _note_fill(h, r)
    report["fill"] = f
    balance = mem.balances(h)[_balance_place(h, r)]
    before = balance["cash"]
    _fold_position(h, r, f)
    add_posting(h, r, _COMMISSION, -report["commission"], f + 1)
    add_posting(h, r, _FEE, -report["fees"], f + 1)
    if report["settles"] >= 0 and balance["cash"] > before:
        _note_settlement(h, r, balance["cash"] - before)
    count = abs(report["units"])
    order["filled"] += count
    order["value_filled"] += quantity(ins, count) * report["price"]
    order["commission"] += report["commission"]
    if report["new_units"] >= 0:
        order["units"] = report["new_units"]
        order["side"] = 1 if report["units"] > 0 else -1
    if report["reason"] != 0:
        order["reason"] = report["reason"]
    if order["filled"] >= order["units"]:
        order["status"] = _S_FILLED
        order["ts_end"] = report["ts"]
    else:
        order["status"] = _S_PARTIAL


@inlined
def _final_status(kind: int) -> int:
    if kind == _CANCELED:
        return _S_CANCELED
    if kind == _REJECTED:
        return _S_REJECTED
    return _S_EXPIRED


@inlined
def _post_replaced(h: int, r: int) -> None:
    """An order goes on with other terms, or is done because it has filled all it now asks for."""
    report = mem.reports(h)[r]
    order = mem.orders(h)[report["order"]]
    order["units"] = report["new_units"]
    if report["flags"] == _S_FILLED:
        order["status"] = _S_FILLED
        order["ts_end"] = report["ts"]
    elif order["status"] != _S_PENDING_CANCEL:
        order["status"] = report["flags"]


@inlined
def _post_ending(h: int, r: int) -> None:
    """An order is over."""
    report = mem.reports(h)[r]
    order = mem.orders(h)[report["order"]]
    order["status"] = _final_status(report["kind"])
    order["reason"] = report["reason"]
    order["needed"] = report["needed"]
    order["available"] = report["available"]
    order["ts_end"] = report["ts"]
    if report["new_units"] >= 0:
        order["units"] = report["new_units"]


@subsystem("void(int64, int64)")
def post(h: int, r: int) -> None:
    """Fold report ``r`` into our account. Nothing else changes it."""
    report = mem.reports(h)[r]
    kind = report["kind"]
    if kind == _CASH or kind >= _SETTLED:
        _post_money(h, r)
        return
    order = mem.orders(h)[report["order"]]
    if kind == _FILL:
        post_fill(h, r)
    elif kind == _TRIGGERED:
        order["status"] = _S_TRIGGERED
    elif kind == _REPLACED:
        _post_replaced(h, r)
    elif kind == _REPLACE_REJECTED:
        if order["status"] == _S_PENDING_REPLACE:
            # refused, not too late: it goes on as it was
            order["status"] = report["flags"]
    elif kind != _ACTIVATED:
        _post_ending(h, r)
    report["status"] = order["status"]
    report["filled"] = order["filled"]
    report["whole"] = order["units"]


@entry
def post_all(h: int, first: int, last: int) -> None:
    """Fold reports ``first`` to ``last - 1``, in their order."""
    for r in range(first, last):
        post(h, r)


def own_fields() -> dict[str, tuple[str, ...]]:
    """The fields that are ours: what reports alone determine, for the state hash."""
    everything: dict[str, tuple[str, ...]] = {
        "accounts": ("status", "ts_status"),
        "balances": ("account", "currency", "cash", "receivable", "payable", "debt", "unsettled"),
        "positions": ("units", "avg_price", "reference", "realized", "is_held"),
        "orders": (
            "status",
            "side",
            "units",
            "filled",
            "reason",
            "value_filled",
            "commission",
            "last_fill",
            "ts_end",
            "needed",
            "available",
        ),
    }
    return everything
