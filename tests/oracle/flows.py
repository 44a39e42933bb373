"""Deposits and withdrawals, by the section of that name of `docs/concepts/accounting.md`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .money import CLOSE_CALL, EQUAL_MONEY
from .world import ZERO, Bar, State


def pay(state: State, beginning: Mapping[str, Bar]) -> None:
    """Phase 10 of the first bar of a session: what is due up to that session, in its order."""
    session = max(bar.session for bar in beginning.values())
    due = sorted(state.scenario.flows, key=lambda flow: flow.session)
    for flow in due[state.n_flows :]:
        if flow.session > session:
            return
        state.n_flows += 1
        amount = Decimal(flow.amount)
        if amount < ZERO:
            amount = -_granted(state, -amount, is_partial=flow.is_partial)
        state.cash += amount
        state.peak = max(state.peak, abs(state.cash))


def free_cash(state: State) -> Decimal:
    """What is there without borrowing, and is not the equity that positions need."""
    free = state.cash
    if not state.is_cash_account:
        free = min(free, state.equity() - state.gross() / Decimal(state.scenario.account["k"]))
    return max(free, ZERO)


def _granted(state: State, wanted: Decimal, *, is_partial: bool) -> Decimal:
    free = free_cash(state)
    over, scale = wanted - free, max(wanted, free)
    if over <= scale * EQUAL_MONEY:
        paid = wanted
    else:
        paid = free if is_partial else ZERO
        state.refused.append((wanted, free, paid))
    if scale * EQUAL_MONEY / 10 < over < scale * CLOSE_CALL:
        state.note("withdrawal")
    return paid
