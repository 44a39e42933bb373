"""What a session's close books in phase 3: variation of futures, fees for shorts, interest.

Follows `Futures` and `What time costs` of `docs/concepts/accounting.md`. Where the written rule
leaves room, the reading taken stands in a comment that starts `Reading:`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from .currencies import change, currency_of, post, stays
from .scenarios import BASE, Interest
from .world import ZERO, State


def accrue(state: State) -> None:
    """Phase 3, at a time at which a session closes."""
    closes = state.scenario.session_closes
    labels = sorted(closes)
    for place, label in enumerate(labels):
        if closes[label] != state.now:
            continue
        _settle_futures(state)
        # Reading: the day after the last one is a session, where the scenario says no other.
        after = labels[place + 1] if place + 1 < len(labels) else label + 1
        # Reading: interest is on the cash that variation and the fees left.
        _borrow(state, after - label)
        _interest(state, after - label)


def _settle_futures(state: State) -> None:
    for symbol, units in state.position.items():
        if units and state.specs[symbol].is_margined:
            gain = state.value(symbol, units, state.mark[symbol])
            state.reference[symbol] = state.mark[symbol]
            _book(state, "variation", symbol, gain)


def _book(state: State, kind: str, symbol: str, amount: Decimal) -> None:
    """A posting in the currency of an instrument, which is changed at once where it is."""
    currency = currency_of(state, symbol)
    posted = post(state, state.now, kind, symbol, amount, currency)
    change(state, state.now, symbol, posted, currency)


def _interest(state: State, days: int) -> None:
    rule = state.scenario.interest
    if rule is None:
        return
    is_locked = state.scenario.account.get("short_proceeds", "locked") == "locked"
    shorts: dict[str, Decimal] = {}
    for symbol, value in _shorts(state) if is_locked else ():
        currency = currency_of(state, symbol)
        # Reading: proceeds that were changed are set aside where they are, in the base.
        if not stays(state, currency):
            value, currency = value * state.fx(symbol), BASE
        shorts[currency] = shorts.get(currency, ZERO) + value
    for currency in sorted(state.balances.keys() | shorts.keys()):
        _interest_on(state, rule, days, currency, shorts.get(currency, ZERO))


def _interest_on(state: State, rule: Interest, days: int, currency: str, shorts: Decimal) -> None:
    """Of one balance, by the same tiers, in its own money."""
    balance = state.balances.get(currency, ZERO) - shorts
    tiers = rule.get("credit" if balance > 0 else "debit", [[0.0, 0.0]])
    yearly = _by_tiers(tiers, abs(balance)) * (1 if balance > 0 else -1)
    yearly += shorts * Decimal(rule.get("rebate", 0.0))
    interest = yearly * days / rule.get("basis", 360)
    post(state, state.now, "interest", "", interest, currency)


def _by_tiers(tiers: Sequence[Sequence[float]], balance: Decimal) -> Decimal:
    total = ZERO
    for place, (start, rate) in enumerate(tiers):
        end = balance if place + 1 == len(tiers) else min(balance, Decimal(tiers[place + 1][0]))
        total += max(ZERO, end - Decimal(start)) * Decimal(rate)
    return total


def _borrow(state: State, days: int) -> None:
    rule = state.scenario.borrow or {}
    for symbol, value in _shorts(state):
        own = state.specs[symbol].borrow_rate
        rate = Decimal(rule.get("rate", 0.0) if own is None else own)
        _book(state, "borrow", symbol, -value * rate * days / rule.get("basis", 365))


def _shorts(state: State) -> list[tuple[str, Decimal]]:
    """What borrowed shares are worth: a future sold is not borrowed."""
    return [
        (symbol, -state.worth(symbol, units) * state.mark[symbol])
        for symbol, units in state.position.items()
        if units < 0 and not state.specs[symbol].is_margined
    ]
