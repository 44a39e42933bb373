"""Money of several currencies: rates, what is worth what in the base, and changing it.

Follows `Currencies` and `Rounding` of `docs/concepts/accounting.md`. Where the written rule leaves
room, the reading taken stands in a comment that starts `Reading:`.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from .scenarios import BASE
from .world import ZERO, Posting, State

# Within a millionth of a unit of a tie it is the tie.
TIE = Decimal("1e-6")
HALF = Decimal("0.5")
DIGITS = {"JPY": 0}


def currency_of(state: State, symbol: str) -> str:
    """What an instrument's prices, and its postings, are in."""
    return state.specs[symbol].currency


def stays(state: State, currency: str) -> bool:
    """Whether money of a currency is kept as a balance of its own."""
    return currency == BASE or state.scenario.conversion.get("when", "at_once") == "never"


def in_base(state: State, currency: str, amount: Decimal) -> Decimal:
    """What an amount that comes in or goes out does to cash, told in the base."""
    worth = amount * state.rate(currency)
    if stays(state, currency):
        return worth
    return worth - abs(worth) * Decimal(state.scenario.conversion.get("cost", 0.0))


# ----------------------------------------------------------------------------------------- rounding


def is_rounded(state: State) -> bool:
    return state.scenario.execution.get("rounding", "none") == "minor_unit"


def rounded(state: State, currency: str, amount: Decimal) -> Decimal:
    """The amount as it is posted: half-even to the currency's minor unit, if so set."""
    if not is_rounded(state):
        return amount
    unit = Decimal(1).scaleb(-DIGITS.get(currency, 2))
    count = amount / unit
    floor = count.to_integral_value(rounding=ROUND_FLOOR)
    if abs(count - floor - HALF) <= TIE:
        count = floor + HALF
    return count.to_integral_value(rounding=ROUND_HALF_EVEN) * unit


def down_to_unit(state: State, currency: str, amount: Decimal) -> Decimal:
    """The amount, down to a whole minor unit if postings are rounded."""
    if not is_rounded(state):
        return amount
    unit = Decimal(1).scaleb(-DIGITS.get(currency, 2))
    # Reading: what lies within a millionth of a unit of a whole one is that one, as at ties.
    return (amount / unit + TIE).to_integral_value(rounding=ROUND_FLOOR) * unit


# ----------------------------------------------------------------------------------------- postings


def post(
    state: State, ts: int, kind: str, symbol: str, amount: Decimal, currency: str = BASE
) -> Decimal:
    """One movement of cash, as it is posted; of nothing there is none."""
    amount = rounded(state, currency, amount)
    if amount:
        state.balances[currency] = state.balances.get(currency, ZERO) + amount
        state.postings.append(Posting(ts, kind, symbol, amount, currency))
    return amount


def change(state: State, ts: int, symbol: str, amount: Decimal, currency: str) -> Decimal:
    """Changes what came in or went out into the base, if it is; what there is then of it.

    That is in the base, or in its own currency if it stays.
    """
    if stays(state, currency):
        return amount
    # Reading: a fill and its costs are changed as one amount, and what changing costs is part of
    # the pair.
    post(state, ts, "conversion", symbol, -amount, currency)
    return post(state, ts, "conversion", symbol, in_base(state, currency, amount))


def held_currency(state: State, currency: str) -> str:
    """What money that comes in in a currency is held in."""
    return currency if stays(state, currency) else BASE


__all__ = [
    "change", "currency_of", "down_to_unit", "held_currency", "in_base", "is_rounded", "post",
    "rounded", "stays",
]  # fmt: skip
