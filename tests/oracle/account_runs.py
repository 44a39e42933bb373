"""A scenario with an account run by `qt.backtest`, and where its books differ from the oracle's."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import quant as qt

from .compare import (
    AMBIGUOUS,
    equity_differs,
    fills_differ,
    is_close,
    orders_differ,
)
from .engine import Scripted, bars_of, config_of, result_of
from .reference import Outcome, simulate
from .scenarios import Scenario

Key = tuple[int, str, str, str]


def run_of(scenario: Scenario) -> Any:
    return qt.backtest(Scripted(scenario.actions), bars_of(scenario), config=config_of(scenario))


def account_difference(scenario: Scenario) -> str | None:
    """The first thing in which quant differs from the oracle; `AMBIGUOUS` on a close call."""
    outcome = simulate(scenario)
    return AMBIGUOUS if outcome.ambiguous else _compare(run_of(scenario), outcome)


def compare_run(scenario: Scenario) -> tuple[str | None, Any]:
    """The same with the run, which there is also for a close call."""
    outcome, run = simulate(scenario), run_of(scenario)
    return (AMBIGUOUS if outcome.ambiguous else _compare(run, outcome)), run


def n_seeds(of_ten: int) -> int:
    """How many scenarios of ten that ``QUANT_FUZZ_SEEDS`` asks for."""
    return int(os.environ.get("QUANT_FUZZ_SEEDS", "1000")) * of_ten // 10


def must_agree(draw: Callable[[int], Scenario], seeds: Iterable[int], at_least: float) -> None:
    """Fails where quant differs, or where more than the rest of them hang on a close call."""
    found = {seed: account_difference(draw(seed)) for seed in seeds}
    wrong = {seed: text for seed, text in found.items() if text not in (None, AMBIGUOUS)}
    shown = "\n".join(f"seed {seed}: {text}" for seed, text in list(wrong.items())[:5])
    assert not wrong, f"{len(wrong)} of {len(found)} scenarios differ\n{shown}"
    # a generator gone wrong would make this test say nothing
    assert sum(text is None for text in found.values()) >= at_least * len(found)


def _compare(run: Any, outcome: Outcome) -> str | None:
    result = result_of(run.simulation)
    return (
        fills_differ(result.fills, outcome)
        or orders_differ(result.orders, outcome)
        or equity_differs(result.equity, outcome)
        or _ledger_differs(run, outcome)
        or _account_differs(run, outcome)
    )


def _by_kind(rows: Any) -> dict[Key, float]:
    sums: dict[Key, float] = defaultdict(float)
    for ts, kind, symbol, currency, amount in rows:
        sums[ts, kind, symbol or "", currency] += float(amount)
    return sums


def _ledger_differs(run: Any, outcome: Outcome) -> str | None:
    """Rows of one time, kind, symbol and currency are compared by their sum."""
    # The first is the opening deposit.
    ledger = run.ledger[1:]
    rows = ledger.with_columns(ns=ledger["ts"].dt.timestamp("ns")).iter_rows(named=True)
    found = _by_kind((r["ns"], r["kind"], r["symbol"], r["currency"], r["amount"]) for r in rows)
    wanted = _by_kind((p.ts, p.kind, p.symbol, p.currency, p.amount) for p in outcome.postings)
    peak = max((abs(float(p.amount)) for p in outcome.postings), default=1.0)
    for key in sorted(found.keys() | wanted.keys()):
        if not is_close(found.get(key, 0.0), wanted.get(key, 0.0), scale=peak):
            return f"ledger {key}: {found.get(key)}, the oracle has {wanted.get(key)}"
    return None


def _account_differs(run: Any, outcome: Outcome) -> str | None:
    found: Mapping[str, Any] = run.account
    calls = [(e["ts"], e["event"]) for e in run.log if e["event"] in ("margin_call", "bankrupt")]
    wanted = [(c.ts, c.kind) for c in outcome.calls if c.kind != "recall"]
    if found["status"] != outcome.status:
        return f"account: {dict(found)}, the oracle has {outcome.status}"
    if not is_close(found["debt"], outcome.debt):
        return f"account: {dict(found)}, the oracle has a debt of {outcome.debt}"
    if calls != wanted:
        return f"calls: {calls}, the oracle has {wanted}"
    return _balances_differ(run, outcome)


def _balances_differ(run: Any, outcome: Outcome) -> str | None:
    """What there is of each currency at the end."""
    found: Mapping[str, float] = run.simulation.ctx.portfolio.balances
    for code in sorted(found.keys() | outcome.balances.keys()):
        wanted = float(outcome.balances.get(code, 0))
        if not is_close(found.get(code, 0.0), wanted, scale=run.config.cash):
            return f"balance of {code}: {found.get(code)}, the oracle has {wanted}"
    return None


__all__ = ["account_difference", "compare_run", "must_agree", "n_seeds", "run_of"]
