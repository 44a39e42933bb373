"""Goal: the workloads on which seven other engines agree give the same cent here.

Method: the data of the shared comparison are made by its own generator, the rules run as event
strategies, and final equity is compared with the figure on which all engines agree (and, where it
costs little, with the shared plain reference). W1 rebalances a panel of shares to given targets, W2
crosses two means on a million minute bars. No order comes near the default share of a bar's
volume, so the default stays; a test says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from helpers.worlds import SHARED, load_module
from quant.engine.simulation import Simulation
from quant.lake import Bars, DataOptions, load_bars
from quant.model.parse import config_from
from quant.strategy import Bar, Context, Slice, Strategy

PEERS = SHARED / "bench" / "peers"
pytestmark = pytest.mark.skipif(
    not (PEERS / "make_data.py").exists(),
    reason="the shared comparison with other engines (../shared/bench/peers) is not here",
)

W1_CONFIG = {
    "account": {"kind": "gross_leverage", "k": 100.0},
    "commission": {"kind": "rate", "rate": 0.001},
    "slippage": {"kind": "rate", "rate": 0.0005},
}
PANELS = {
    "w1": ((250, 252, 25, 1_000_000), 0, 284_792.3713),
    "w1x10": ((500, 1260, 50, 10_000_000), 1, 3_174_414.0301),
}
W2_EQUITY = 2_747_801.9972
OHLCV = ("open", "high", "low", "close", "volume")
Columns = dict[str, NDArray[Any]]


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    """The generator of the comparison's data."""
    return load_module(PEERS / "make_data.py")


@pytest.fixture(scope="session")
def reference(
    maker: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, Columns], ModuleType]:
    """``reference(name, data)``: the plain reference, with the data where it looks for them."""
    folder = tmp_path_factory.mktemp("peers")

    def ready(name: str, data: Columns) -> ModuleType:
        np.savez(folder / f"{name}.npz", **data)  # type: ignore[arg-type]
        module = load_module(PEERS / "reference.py")
        module.D = str(folder)  # type: ignore[attr-defined]
        return module

    return ready


class Rebalance(Strategy):
    """Orders, each day, what is missing to that day's targets."""

    def __init__(self, target: NDArray[np.int64]) -> None:
        self.target = target
        self.position = np.zeros(target.shape[1], np.int64)
        self.day = 0

    def on_slice(self, market: Slice, ctx: Context) -> None:
        missing = self.target[self.day] - self.position
        for i in missing.nonzero()[0].tolist():
            ctx.order(market.symbols[i], int(missing[i]))
        self.position = self.target[self.day]
        self.day += 1


class Cross(Strategy):
    """Holds 99 % of its cash while the mean of 10 closes is above that of 50."""

    def on_start(self, ctx: Context) -> None:
        self.fast = ctx.features.rolling_mean("A", "close", 10)
        self.slow = ctx.features.rolling_mean("A", "close", 50)

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        is_up = self.fast.value - self.slow.value > 1e-6
        held = ctx.portfolio.qty("A")
        if held and not is_up:
            ctx.order("A", -held)
        elif is_up and not held:
            qty = math.floor(ctx.portfolio.cash * 0.99 / bar.close)
            if qty > 0:
                ctx.order("A", qty)


def _weekdays(n: int) -> list[date]:
    days = (date(2015, 1, 1) + timedelta(days=i) for i in range(2 * n))
    return [day for day in days if day.weekday() < 5][:n]


def _panel_bars(data: Columns) -> Bars:
    n_days, n_assets = data["close"].shape
    frame = pl.DataFrame(
        {
            "date": np.tile(np.array(_weekdays(n_days), "datetime64[D]"), n_assets),
            "symbol": np.repeat([f"A{i:03}" for i in range(n_assets)], n_days),
            **{name: data[name].T.ravel() for name in OHLCV},
        }
    )
    return load_bars(frame, DataOptions(calendar="weekdays"))


def _minute_bars(data: Columns) -> Bars:
    n = len(data["close"])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    ts = pl.datetime_range(
        start, start + timedelta(minutes=n - 1), "1m", time_zone="UTC", eager=True
    )
    frame = pl.DataFrame({"ts": ts, **{name: data[name] for name in OHLCV}})
    return load_bars(frame, DataOptions(symbol="A"))


def _run(strategy: Strategy, bars: Bars, config: dict[str, Any]) -> Simulation:
    simulation = Simulation(strategy, bars, config_from(config))
    simulation.prepare()
    simulation.advance()
    simulation.finish()
    return simulation


def _equity(simulation: Simulation) -> float:
    return float(simulation.state["accounts"][0]["equity"])


def _check_whole_fills(simulation: Simulation) -> int:
    """The share of volume never binds: each order that reached a bar filled in one piece."""
    orders = simulation.state.used("orders")
    reached = orders[orders["has_print"] != 0]
    assert (reached["filled"] == reached["units"]).all()
    assert len(simulation.state.used("fills")) == len(reached)
    return len(reached)


@pytest.mark.parametrize("name", PANELS)
def test_rebalanced_panel(
    name: str, maker: ModuleType, reference: Callable[[str, Columns], ModuleType]
) -> None:
    (n, days, k, cash), seed, agreed = PANELS[name]
    data = maker.panel(n, days, k, cash, maker.SEED + seed)
    simulation = _run(
        Rebalance(data["target"]), _panel_bars(data), W1_CONFIG | {"cash": float(cash)}
    )
    n_orders = _check_whole_fills(simulation)
    expected = reference(name, data).w1(name)
    assert n_orders == expected["n_orders"]
    assert _equity(simulation) == pytest.approx(expected["final_equity"], abs=0.005)
    assert _equity(simulation) == pytest.approx(agreed, abs=0.005)


def test_crossing_means_on_a_million_minutes(
    maker: ModuleType, reference: Callable[[str, Columns], ModuleType]
) -> None:
    data = maker.single(1_000_000, maker.SEED + 2, 0.0004, 0.00005, 300, 0.0005)
    config = {"cash": 1e6, "commission": {"kind": "rate", "rate": 0.0005}}
    simulation = _run(Cross(), _minute_bars(data), config)
    n_orders = _check_whole_fills(simulation)
    expected = reference("w2", data).w2()
    assert n_orders == expected["n_orders"]
    assert _equity(simulation) == pytest.approx(expected["final_equity"], abs=0.005)
    assert _equity(simulation) == pytest.approx(W2_EQUITY, abs=0.005)
