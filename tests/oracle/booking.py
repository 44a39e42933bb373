"""What a trade does to the books: cash by postings, the position, its average and its reference.

Follows `Postings`, `Average price` and `Futures` of `docs/concepts/accounting.md`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from .currencies import change, currency_of, held_currency, is_rounded, post, stays
from .settlement import us_settlement
from .world import ZERO, Bar, State, Unsettled

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Holding:
    """One position: signed increments and, of a margined one, the price it was settled at."""

    units: int
    reference: Decimal


def split(units: int, signed: int) -> tuple[int, int]:
    """The signed closing and opening part of a trade on a position."""
    if units * signed >= 0:
        return 0, signed
    closing = min(abs(units), abs(signed)) * (1 if signed > 0 else -1)
    return closing, signed - closing


def traded(state: State, symbol: str, held: Holding, signed: int, price: Decimal):  # type: ignore[no-untyped-def]
    """The holding after a trade, and the cash that it moves, costs aside."""
    closing, opening = split(held.units, signed)
    after = held.units + signed
    if not state.specs[symbol].is_margined:
        return Holding(after, ZERO), -state.worth(symbol, signed) * price
    cash = -state.worth(symbol, closing) * (price - held.reference)
    if not opening:
        return Holding(after, held.reference), cash
    kept = held.units + closing
    reference = (abs(kept) * held.reference + abs(opening) * price) / abs(after)
    return Holding(after, reference), cash


def holding(state: State, symbol: str) -> Holding:
    return Holding(state.position[symbol], state.reference.get(symbol, ZERO))


@dataclass(frozen=True)
class Costs:
    """What a fill is charged: two postings."""

    commission: Decimal
    fee: Decimal = ZERO


def book(
    state: State, symbol: str, signed: int, price: Decimal, costs: Costs, bar: Bar, ts: int
) -> None:
    """Posts a trade, its commission and its fees, and changes what they come to."""
    before = state.position[symbol]
    held = holding(state, symbol)
    after, _ = traded(state, symbol, held, signed, price)
    closing, opening = split(before, signed)
    kind = "variation" if state.specs[symbol].is_margined else "trade"
    currency = currency_of(state, symbol)
    total = ZERO
    for part in (closing, opening):
        # A reversal is two postings.
        held, cash = traded(state, symbol, held, part, price)
        total += post(state, ts, kind, symbol, cash, currency)
    total += post(state, ts, "commission", symbol, -costs.commission, currency)
    total += post(state, ts, "fee", symbol, -costs.fee, currency)
    if closing and opening and is_rounded(state) and not stays(state, currency):
        state.note("rule: whether a reversal in one fill is changed as one amount or as two")
    total = change(state, ts, symbol, total, currency)
    if opening:
        kept = abs(before + closing)
        total = kept * state.average.get(symbol, ZERO) + abs(opening) * price
        state.average[symbol] = total / (kept + abs(opening))
    state.position[symbol] = after.units
    state.reference[symbol] = after.reference
    if state.is_cash_account and signed < 0:
        # Reading: a sale that brings less than its commission holds nothing back.
        hold(state, max(ZERO, total), bar, held_currency(state, currency))


# --------------------------------------------------------------------------------------- settlement


def hold(state: State, amount: Decimal, bar: Bar, currency: str) -> None:
    """Proceeds that are not there before their session begins."""
    days = state.scenario.account.get("settlement", "immediate")
    if days in ("immediate", 0):
        return
    labels = sorted(state.scenario.session_closes)
    if days == "us":
        settles = us_settlement(EPOCH + timedelta(days=bar.session))
        # Reading: on a day without a session it is there when the next one begins.
        later = [label for label in labels if label >= (settles - EPOCH).days]
    else:
        assert isinstance(days, int)
        later = labels[labels.index(bar.session) + days :]
    due = later[0] if later else None
    state.unsettled = [*state.unsettled, Unsettled(due, amount, currency)]


def settle(state: State) -> None:
    """Phase 10: what is due in a session that has begun."""
    begun = {bar.session for rows in state.bars.values() for bar in rows if bar.t_open <= state.now}
    state.unsettled = [one for one in state.unsettled if one.due not in begun]


def is_settling(state: State) -> bool:
    """Whether what a sale brings is there on a later day."""
    waits = state.scenario.account.get("settlement", "immediate") not in ("immediate", 0)
    return state.is_cash_account and waits


def is_held_back(state: State) -> bool:
    """Whether what a sale brings waits for its settlement before it may buy."""
    return is_settling(state) and state.scenario.account.get("unsettled", "hold") == "hold"


def settling(state: State, session: int | None) -> Decimal:
    """What is held back now and will be there in a session."""
    if session is None or not is_held_back(state):
        return ZERO
    return waiting(state, [u for u in state.unsettled if u.due is not None and u.due <= session])


def waiting(state: State, rows: Iterable[Unsettled]) -> Decimal:
    """What has not settled, in the base."""
    # Reading: at the rate of now, as balances are.
    return sum((one.amount * state.rate(one.currency) for one in rows), ZERO)


def spendable(state: State) -> Decimal:
    """What a cash account may spend."""
    account = state.scenario.account
    free = state.cash + Decimal(account.get("credit", 0.0))
    if is_held_back(state):
        free -= waiting(state, state.unsettled)
    return free
