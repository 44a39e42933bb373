"""Deposits and withdrawals, by the section of that name of `docs/concepts/accounting.md`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .allowed import opens
from .booking import waiting
from .currencies import down_to_unit, post
from .money import CLOSE_CALL, EQUAL_MONEY
from .scenarios import BASE
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
        post(state, state.now, "deposit" if amount > 0 else "withdrawal", "", amount)
        state.peak = max(state.peak, abs(state.cash))


def free_cash(state: State) -> Decimal:
    """What is there without borrowing, and is not the equity that positions need."""
    # Reading: cash is all balances, in the base, where money of other currencies stays.
    account, free = state.scenario.account, state.cash
    if account["kind"] == "cash":
        free -= waiting(state, state.unsettled)
    elif account["kind"] == "margin":
        free = min(free, state.equity() - opens(state, state.position, state.mark))
    elif account["kind"] == "net_leverage":
        free = min(free, state.equity() - abs(state.net()) / Decimal(account["k"]))
        limit = account.get("gross")
        if limit is not None and state.equity() - state.gross() / Decimal(limit) < free:
            state.note("rule: a withdrawal, and the sum of longs and shorts is limited")
    else:
        free = min(free, state.equity() - state.gross() / Decimal(account["k"]))
    return max(free, ZERO)


def _granted(state: State, wanted: Decimal, *, is_partial: bool) -> Decimal:
    free = free_cash(state)
    over, scale = wanted - free, max(wanted, free)
    if over <= scale * EQUAL_MONEY:
        paid = wanted
    else:
        paid = down_to_unit(state, BASE, free) if is_partial else ZERO
        state.refused.append((wanted, free, paid))
    if scale * EQUAL_MONEY / 10 < over < scale * CLOSE_CALL:
        state.note("withdrawal")
    return paid
