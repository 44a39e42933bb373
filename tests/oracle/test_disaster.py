"""Goal: no account ends below zero without a reason that one can name.

Method: a Monte Carlo of disaster. Random paths with jumps, trends and fat tails (`disasters.py`)
ruin positions of one to ten times the money, long and short, paid for and margined, with and
without costs, caps, stops and second thoughts. Each is run by `qt.backtest` and by the oracle:
fills, calls, bankruptcies, debts and postings must be equal path by path. Besides, what is below
zero is explained from the run alone: the status says so, the debt is all of it, the account's fills
lie inside their bars, and there was a gap, a cost or a cap. 300 paths; half of ``QUANT_FUZZ_SEEDS``
where that is set higher: 10,000 in `make fuzz`.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .account_runs import compare_run, run_of
from .compare import AMBIGUOUS
from .disasters import disaster, is_free
from .reference import simulate
from .scenarios import (
    DAY,
    FIRST_DAY,
    HOUR,
    Account,
    Action,
    BarRow,
    Commission,
    InstrumentSpec,
    Scenario,
    Slippage,
    default_execution,
    session_closes,
)

CHUNK = 100
SEEDS = int(os.environ.get("QUANT_FUZZ_SEEDS", "1000"))
N_PATHS = 300 if SEEDS <= 1_000 else SEEDS // 2
COUNTED = 300


@pytest.mark.parametrize("first", range(0, N_PATHS, CHUNK))
def test_every_ruin_is_the_oracle_s_and_explained(first: int) -> None:
    found: dict[int, str | None] = {}
    for seed in range(first, min(first + CHUNK, N_PATHS)):
        scenario = disaster(seed)
        found[seed], run = compare_run(scenario)
        found[seed] = found[seed] or unexplained(scenario, run)
    wrong = {seed: text for seed, text in found.items() if text not in (None, AMBIGUOUS)}
    shown = "\n".join(f"path {seed}: {text}" for seed, text in list(wrong.items())[:5])
    assert not wrong, f"{len(wrong)} of {len(found)} paths\n{shown}"
    assert sum(text is None for text in found.values()) >= 0.9 * len(found)


def unexplained(scenario: Scenario, run: Any) -> str | None:
    """What of the end of a run has no explanation, None if all of it has one."""
    bars = {bar.t_close: bar for bar in scenario.instruments[0].bars}
    opens = {bar.t_open: bar for bar in scenario.instruments[0].bars}
    fills = run.fills.with_columns(ns=run.fills["ts"].dt.timestamp("ns")).to_dicts()
    for fill in fills:
        bar = bars.get(fill["ns"]) or opens[fill["ns"]]
        if not bar.low <= fill["price_raw"] <= bar.high:
            return f"a fill at {fill['price_raw']} outside of {bar}"
    equity, account = float(run.equity["equity"][-1]), run.account
    if equity >= -1e-9 * scenario.cash:
        return None
    if account["status"] != "bankrupt":
        return f"equity {equity} and status {account['status']}"
    if abs(account["debt"] + equity) > 1e-9 * scenario.cash:
        return f"equity {equity} and debt {account['debt']}"
    if not is_free(scenario):
        return None
    # Without costs and caps only a price that nobody could trade at leads below zero: a gap.
    last = fills[-1]
    bar = bars.get(last["ns"]) or opens[last["ns"]]
    if last["price_raw"] != bar.open:
        return f"equity {equity} without a gap: closed at {last['price_raw']} in {bar}"
    return None


def test_paths_end_in_every_way() -> None:
    found: Counter[str] = Counter()
    for scenario in map(disaster, range(COUNTED)):
        outcome = simulate(scenario)
        kind, spec = scenario.account["kind"], scenario.instruments[0]
        found[outcome.status] += 1
        found["margined" if spec.is_margined else "paid"] += 1
        found["short" if scenario.actions[0].qty < 0 else "long"] += 1
        found[f"{kind} {'free' if is_free(scenario) else 'with costs'}"] += 1
        found.update({call.kind for call in outcome.calls})
        found["debt"] += bool(outcome.debt)
        found["ended at zero"] += outcome.status == "bankrupt" and not outcome.debt
    assert min(found.values()) >= 3, found
    assert {"sound", "bankrupt", "margin_call"} <= found.keys()


# ------------------------------------------------------------------------------- the closed form


def one_position(
    side: int, leverage: float, price: float, beyond: float, *, is_margined: bool
) -> Scenario:
    """A position whose level lies inside its third bar, which opens on the safe side of it."""
    units = max(1, int(1_000_000 * leverage / price))
    fall = 1_000_000 / (units * price)
    worst = max(price * (1 - side * fall * beyond), 0.001)
    rows = [
        (price, price, price, price),
        (price, price, price, price),
        (price, max(price, worst), min(price, worst), price),
        (price, price, price, price),
    ]
    bars = [
        BarRow((FIRST_DAY + i) * DAY + 14 * HOUR, (FIRST_DAY + i) * DAY + 20 * HOUR, FIRST_DAY + i,
               *row, None)
        for i, row in enumerate(rows)
    ]  # fmt: skip
    spec = InstrumentSpec("A", "1", None, bars, is_margined=is_margined)
    execution = default_execution()
    execution["participation"] = None
    return Scenario(
        cash=1_000_000.0,
        account=Account(kind="gross_leverage", k=2 * leverage),
        execution=execution,
        commission=Commission(kind="rate", rate=0.0),
        slippage=Slippage(kind="rate", rate=0.0),
        instruments=[spec],
        actions=[Action(bars[0].t_close, "order", "A", float(side * units))],
        session_closes=session_closes([spec]),
    )


@given(
    side=st.sampled_from([1, -1]),
    leverage=st.floats(1.5, 10.0),
    price=st.floats(0.5, 5_000.0),
    beyond=st.floats(1.01, 3.0),
    is_margined=st.booleans(),
)
def test_a_continuous_path_ends_at_zero(
    side: int, leverage: float, price: float, beyond: float, is_margined: bool
) -> None:
    """Equity E(p) = cash + q · (p − entry) is zero at p = entry − cash / q, inside the bar."""
    scenario = one_position(side, leverage, price, beyond, is_margined=is_margined)
    run = run_of(scenario)
    equity = float(run.equity["equity"][-1])
    assert run.account["status"] == "bankrupt"
    assert abs(equity) <= 1e-9 * scenario.cash
    assert run.account["debt"] <= 1e-9 * scenario.cash
    units = scenario.actions[0].qty
    level = price - scenario.cash / units
    last = run.fills.row(-1, named=True)
    assert last["reason"] == "liquidation"
    assert last["price"] == pytest.approx(level, rel=1e-12)
