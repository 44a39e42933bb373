"""Goal: what is refused for money or volume says so in figures that explain it.

Method: refusals by hand, and those of random scenarios, of which each must show that more was
needed than was there.
"""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import quant as qt
from helpers.worlds import Played, market, play
from oracle.engine import simulation_of
from oracle.scenarios import random_scenario
from quant.engine.backtest import simulate
from quant.engine.simulation import Simulation
from quant.kernel.codes import REASON
from quant.model.config import Config
from quant.model.events import Fill
from quant.strategy import Bar, Context, Strategy

TEN = [(10.0,) * 4] * 3


def refused(qty: float, **config: Any) -> tuple[float, float]:
    """Both figures of an order that is refused at its fill."""
    # with partial nothing is refused when it leaves
    config["execution"] = {"insufficient": "partial"}
    played = play({0: lambda ctx: ctx.order("A", qty)}, market(A=TEN), {"cash": 100} | config)
    assert played.fates[0][1] == "insufficient_funds"
    order = played.order(1)
    return float(order["needed"]), float(order["available"])


TENTH: dict[str, Any] = {"kind": "rate", "rate": 0.1}


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("account", "commission", "qty", "figures"),
    [
        ({"kind": "gross_leverage", "k": 1.0}, TENTH, 10, (110, 100)),
        # every dollar of commission takes two of room: 180 + 2 · 18
        ({"kind": "gross_leverage", "k": 2.0}, TENTH, 18, (216, 200)),
        ({"kind": "gross_leverage", "k": 0.5}, TENTH, 5, (52.5, 50)),
    ],
)
def test_both_figures_by_hand(
    account: dict[str, Any],
    commission: dict[str, Any],
    qty: float,
    figures: tuple[float, float],
    side: int,
) -> None:
    found = refused(side * qty, account=account, commission=commission)
    assert found == pytest.approx(figures)


def test_both_figures_of_a_cash_account() -> None:
    assert refused(10, account={"kind": "cash"}, commission=TENTH) == pytest.approx((110, 100))


@pytest.mark.parametrize("first", range(0, 600, 100))
def test_more_was_needed_than_was_there(first: int) -> None:
    """Not with scale: there it is the whole batch that needs more."""
    n = 0
    for seed in range(first, first + 100):
        scenario = random_scenario(seed)
        if scenario.execution["insufficient"] == "scale":
            continue
        for order in _finished(simulation_of(scenario)).state.used("orders"):
            if order["reason"] == REASON.INSUFFICIENT_FUNDS:
                n += 1
                assert order["needed"] > order["available"] >= 0, f"seed {seed}: {order}"
    assert n > 50


def _finished(simulation: Simulation) -> Simulation:
    simulation.prepare()
    simulation.advance()
    return simulation


def _two_over_the_cap(insufficient: str) -> Played:
    """Two orders for six of a cap of ten."""

    def orders(ctx: Context) -> None:
        ctx.order("A", 6, tif="GTC")
        ctx.order("A", 6, tif="GTC")

    rows = [(10.0, 10.0, 10.0, 10.0, 100.0)] * 3
    execution = {"over_cap": "reject", "insufficient": insufficient}
    return play({0: orders}, market(A=rows), {"execution": execution})


@pytest.mark.parametrize("insufficient", ["reject", "partial", "scale"])
def test_over_the_cap_ends_in_every_mode(insufficient: str) -> None:
    played = _two_over_the_cap(insufficient)
    assert played.trades == [(1, 6, 10)]
    assert played.fates == [("FILLED", ""), ("REJECTED", "over_cap")]


def test_a_run_that_fails_shows_the_fills_before_the_failure() -> None:
    """The failing timestamp has its equity row, so the last row's cash is the sum of the ledger."""

    class FailsWhenTold(Strategy):
        def on_bar(self, bar: Bar, ctx: Context) -> None:
            if not ctx.working_orders() and ctx.portfolio.qty("A") == 0:
                ctx.order("A", 10)

        def on_fill(self, fill: Fill, ctx: Context) -> None:
            raise ValueError("told")

    bars = market(A=[(10.0, 11.0, 9.0, 10.0, 1e6)] * 3)
    run = simulate(FailsWhenTold(), bars, Config())
    assert run.status == "failed"
    assert len(run.fills) == 1
    assert run.equity["cash"][-1] == pytest.approx(run.ledger["amount"].sum(), rel=1e-12)
    assert run.equity["cash"][-1] == 99_900.0


def test_filling_at_the_deciding_close_is_amber_on_closes_alone_too() -> None:
    frame = pl.DataFrame({"date": ["2024-07-01", "2024-07-02"], "close": [1.0, 2.0]})
    run = qt.backtest(qt.Strategy(), frame, config={"execution": {"timing": "same_close"}})
    ambers = [item.text for item in run.sheet().assumptions if item.level == "amber"]
    assert any("which no one can do" in text for text in ambers)
    assert "The strategy sent no order." in ambers
