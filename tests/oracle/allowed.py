"""What an account allows: the rule of its kind, margin to open and to keep, room to send orders.

Follows `What an account allows` and `Margin` of `docs/concepts/accounting.md`. Where the written
rule leaves room, the reading taken stands in a comment that starts `Reading:`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from .booking import Holding, holding, is_held_back, spendable, split, traded
from .currencies import currency_of, in_base
from .world import ZERO, Change, State

MARGIN = {
    "initial": 0.5,
    "maintenance": 0.25,
    "short_initial": 0.5,
    "short_maintenance": 0.3,
    "minimum_equity": 2000.0,
    "short_amount": 5.0,
    "short_low_price": 5.0,
    "short_low_rate": 1.0,
    "short_low_amount": 2.5,
}


def term(state: State, name: str) -> Decimal:
    """A number of the margin account, or its default."""
    value = state.scenario.account.get(name, MARGIN[name])
    assert isinstance(value, float | int)
    return Decimal(value)


def is_margin(state: State) -> bool:
    return state.scenario.account["kind"] == "margin"


# --------------------------------------------------------------------------- margin of one position


def to_keep(state: State, symbol: str, units: int, price: Decimal) -> Decimal:
    """Maintenance margin of so many signed increments at a price."""
    if not is_margin(state):
        rate = state.scenario.account.get("maintenance")
        return abs(state.worth(symbol, units) * price) * Decimal(rate or 0.0)
    own = state.specs[symbol].margin
    money = abs(state.amount(symbol, units)) * Decimal(own.get("maintenance_money", 0.0))
    name = "maintenance" if units > 0 else "short_maintenance"
    rate = _factored(state, symbol, _rate(state, symbol, name))
    size = abs(state.worth(symbol, units))
    if units > 0 or state.specs[symbol].is_margined:
        # Reading: money a share is a rule of borrowed shares, not of futures.
        return size * price * rate + money
    if not rate:
        # an instrument whose margin is money a unit has no other
        return money
    if price < term(state, "short_low_price"):
        # Reading: the low price adds to what a short needs anyway, and knows no leverage.
        low = max(price * term(state, "short_low_rate"), term(state, "short_low_amount"))
        return size * max(price * rate, low) + money
    return size * max(price * rate, term(state, "short_amount")) + money


def to_open(state: State, symbol: str, units: int, price: Decimal) -> Decimal:
    """Initial margin of so many signed increments at a price, never less than what keeps it."""
    own = state.specs[symbol].margin
    money = abs(state.amount(symbol, units)) * Decimal(own.get("initial_money", 0.0))
    side = "" if units > 0 else "short_"
    rate = _rate(state, symbol, f"{side}initial")
    rate = max(rate, _factored(state, symbol, _rate(state, symbol, f"{side}maintenance")))
    by_rate = abs(state.worth(symbol, units)) * price * rate + money
    return max(by_rate, to_keep(state, symbol, units, price))


def _factored(state: State, symbol: str, rate: Decimal) -> Decimal:
    # Reading: a rate above all of the value stays what it is.
    factor = Decimal(state.specs[symbol].margin.get("leverage_factor", 1.0))
    return max(rate, min(Decimal(1), rate * factor))


def _rate(state: State, symbol: str, name: str) -> Decimal:
    own = state.specs[symbol].margin
    if name in own:
        return Decimal(own[name])  # type: ignore[literal-required]
    return ZERO if own.get("initial_money", 0.0) else term(state, name)


# -------------------------------------------------------------------------------- a state's margins


def keeps(
    state: State,
    position: Mapping[str, int] | None = None,
    price: Mapping[str, Decimal] | None = None,
) -> Decimal:
    """Σ maintenance of the positions, or of others, at marks or other prices."""
    position, price = position or state.position, price or state.mark
    held = [(s, n) for s, n in position.items() if n]
    return sum((state.fx(s) * to_keep(state, s, n, price[s]) for s, n in held), ZERO)


def opens(
    state: State,
    position: Mapping[str, int],
    price: Mapping[str, Decimal],
) -> Decimal:
    """Σ initial margin of positions in a margin account."""
    held = [(s, n) for s, n in position.items() if n]
    return sum((state.fx(s) * to_open(state, s, n, price[s]) for s, n in held), ZERO)


def has_line(state: State) -> bool:
    """Whether equity may fall below what keeps: a margin account, or one with `maintenance`."""
    return is_margin(state) or state.scenario.account.get("maintenance") is not None


# ---------------------------------------------------------------------------------- the rule itself


def amounts(
    state: State, changes: Iterable[Change], *, at_print: bool = False
) -> tuple[Decimal, Decimal]:
    """Needed and available after imagined trades, each instrument marked at its `raw`.

    Or at the print, if trades of one instrument may have more than one `raw`.
    """
    changes = list(changes)
    if state.is_cash_account:
        return _spent(state, changes), spendable(state)
    held = {s: holding(state, s) for s in state.position}
    mark, cash = dict(state.mark), state.cash
    for change in changes:
        symbol = change.symbol
        held[symbol], moved = traded(state, symbol, held[symbol], change.signed, change.price)
        cash += in_base(state, currency_of(state, symbol), moved - change.commission)
        if not at_print:
            mark[symbol] = change.raw
    position = {s: one.units for s, one in held.items()}
    values = [_value(state, s, one, mark[s]) for s, one in held.items() if one.units]
    return needed(state, position, mark, cash + sum(values, ZERO))


def _value(state: State, symbol: str, held: Holding, price: Decimal) -> Decimal:
    return state.fx(symbol) * state.worth(symbol, held.units) * (price - held.reference)


def _spent(state: State, changes: Iterable[Change]) -> Decimal:
    """What trades cost a cash account; what waits for its settlement pays for nothing."""
    costs = [
        -in_base(
            state,
            currency_of(state, c.symbol),
            -state.worth(c.symbol, c.signed) * c.price - c.commission,
        )
        for c in changes
    ]
    if is_held_back(state):
        costs = [cost for cost, change in zip(costs, changes, strict=True) if change.signed > 0]
    return sum(costs, ZERO)


def needed(
    state: State, position: Mapping[str, int], mark: Mapping[str, Decimal], equity: Decimal
) -> tuple[Decimal, Decimal]:
    """What the rule of the account's kind compares, for a state: needed ≤ available passes."""
    account = state.scenario.account
    values = [state.fx(s) * state.worth(s, n) * mark[s] for s, n in position.items() if n]
    gross = sum((abs(value) for value in values), ZERO)
    if account["kind"] == "gross_leverage":
        return gross, Decimal(account["k"]) * equity
    if account["kind"] == "net_leverage":
        most = [abs(sum(values, ZERO)) / Decimal(account["k"])]
        limit = account.get("gross")
        most += [] if limit is None else [gross / Decimal(limit)]
        return max(most), equity
    least = term(state, "minimum_equity")
    if all(n >= 0 for n in position.values()):
        # Reading: whoever is short anything needs the whole minimum.
        least = min(least, gross)
    first = max(opens(state, position, mark), least)
    return first, equity


# ------------------------------------------------------------------------------ room to send orders


def room(state: State) -> Decimal | None:
    """What leaving orders may open, None where only the print counts; see `weight`."""
    kind = state.scenario.account["kind"]
    if kind == "net_leverage":
        return None
    if kind == "cash":
        return spendable(state)
    if kind == "margin":
        return state.equity() - opens(state, state.position, state.mark)
    return Decimal(state.scenario.account["k"]) * state.equity() - state.gross()


def weight(state: State, symbol: str, signed: int) -> Decimal:
    """How much room so many increments take at the last mark: their value, or their margin."""
    mark = state.mark.get(symbol)
    if mark is None or not signed:
        # Reading: without a mark an order has no value yet; it is left to the check at the fill.
        return ZERO
    if is_margin(state):
        # Reading: buying power is counted as the margin of each order itself.
        return state.fx(symbol) * to_open(state, symbol, signed, mark)
    return state.fx(symbol) * abs(state.worth(symbol, signed)) * mark


__all__ = [
    "amounts", "has_line", "is_margin", "keeps", "needed", "opens", "room", "split", "to_keep",
    "to_open", "weight",
]  # fmt: skip
