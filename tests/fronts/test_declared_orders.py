"""Goal: decisions that are an array come to the same orders, whoever carries them out.

Method: random tables of sizes on random markets under many settings, decided by the kernel and by
a strategy in Python; the states must be equal to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import quant as qt
from helpers.worlds import market
from quant.engine.run import Run
from quant.engine.simulation import Simulation
from quant.engine.wide import times_of
from quant.kernel.codes import DECIDER
from quant.kernel.snapshot import own_hash
from quant.lake import Bars
from quant.model.parse import config_from
from quant.strategy.declared import SIZE_TYPES, DeclaredOrders, SizePlan

SCALES = {
    "units": 30.0, "value": 400.0, "percent": 0.05,
    "target_units": 30.0, "target_value": 400.0, "target_weight": 0.05,
}  # fmt: skip
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"account": {"kind": "gross_leverage", "k": 2.0}, "commission": {"rate": 0.001}},
    {"account": {"kind": "cash", "settlement": 2}, "execution": {"insufficient": "partial"}},
    {"account": {"kind": "margin"}, "execution": {"insufficient": "scale"}},
    {"execution": {"timing": "same_close"}, "slippage": {"kind": "rate", "rate": 0.01}},
    {"execution": {"timing": "next_close", "size_at": "decision"}},
    {"execution": {"participation": 0.02}, "risk": {"max_symbol": 0.2}},
    {"currencies": {"EUR": {"value": 1.25}}, "instruments": {"B": {"currency": "EUR"}}},
    {"instruments": {"default": {"increment": "0.001"}, "C": {"multiplier": 5.0}}},
)


def _bars(seed: int) -> Bars:
    """Four names that walk at random; one begins late, one misses days."""
    rng = np.random.default_rng(seed)
    rows: dict[str, list[tuple[float, ...] | None]] = {}
    for place, symbol in enumerate("ABCD"):
        closes = 20.0 * np.exp(np.cumsum(rng.normal(0.0, 0.03, 40)))
        prices = [(c, c * 1.02, c * 0.98, c * 1.01, 2_000.0) for c in closes.round(2).tolist()]
        kept: list[tuple[float, ...] | None] = list(prices)
        if place == 1:
            kept[:5] = [None] * 5
        if place == 2:
            kept = [None if rng.random() < 0.2 else row for row in kept]
        rows[symbol] = kept
    return market(**rows)


def _sizes(seed: int, bars: Bars, size_type: str) -> SizePlan:
    rng = np.random.default_rng(seed)
    times = times_of(bars)
    sizes = rng.normal(0.0, SCALES[size_type], (len(times), 4))
    sizes = sizes.round(0 if "units" in size_type else 3)
    sizes[rng.random(sizes.shape) < 0.5] = np.nan
    sizes[rng.random(sizes.shape) < 0.1] = 0.0
    return SizePlan(sizes=sizes, size_type=size_type, times=times)


def _ended(
    plan: SizePlan, bars: Bars, config: dict[str, Any], *, fits_kernel: bool = True
) -> Simulation:
    strategy = DeclaredOrders(plan)
    strategy.fits_kernel = fits_kernel
    simulation = Simulation(strategy, bars, config_from({"cash": 5_000} | config))
    simulation.prepare()
    simulation.advance()
    simulation.finish()
    return simulation


@pytest.mark.parametrize("size_type", SIZE_TYPES)
@pytest.mark.parametrize("config", SETTINGS)
def test_the_kernel_decides_as_the_strategy_does(config: dict[str, Any], size_type: str) -> None:
    for seed in range(3):
        bars = _bars(seed)
        plan = _sizes(seed, bars, size_type)
        by_kernel = _ended(plan, bars, config)
        by_python = _ended(plan, bars, config, fits_kernel=False)
        assert by_kernel.state["sim"][0]["decider"] == DECIDER.PLAN
        assert by_python.state["sim"][0]["decider"] == DECIDER.PYTHON
        one, other = Run(by_kernel), Run(by_python)
        assert len(one.fills) > 5
        for table in ("fills", "orders", "equity", "ledger", "order_events"):
            assert getattr(one, table).equals(getattr(other, table)), (seed, table)
        assert own_hash(by_kernel.state) == own_hash(by_python.state)


@pytest.mark.parametrize(
    "config",
    [
        {"execution": {"latency_ns": 1_000}},
        {"risk": {"drawdown_stop": 0.05, "on_loss_stop": "flatten"}},
    ],
)
def test_what_needs_python_is_decided_there(config: dict[str, Any]) -> None:
    bars = _bars(1)
    simulation = _ended(_sizes(1, bars, "target_weight"), bars, config)
    assert simulation.state["sim"][0]["decider"] == DECIDER.PYTHON
    assert len(simulation.state.used("fills")) > 5


def test_rows_before_the_start_are_skipped() -> None:
    bars = _bars(2)
    sizes = np.full((len(times_of(bars)), 4), np.nan)
    sizes[:, 0] = np.arange(len(sizes))
    run = qt.from_orders(bars, sizes, size_type="target_units", start="2024-01-11")
    # decided at the end of the 11th, the eleventh row, filled on the 12th
    assert run.fills["qty"][0] == 10.0
    assert str(run.fills["session"][0]) == "2024-01-12"


def test_a_run_may_be_split_anywhere() -> None:
    bars = _bars(3)
    plan = _sizes(3, bars, "target_value")
    whole = _ended(plan, bars, {})
    first = Simulation(DeclaredOrders(plan), bars, config_from({"cash": 5_000}))
    first.prepare()
    first.advance(until=17)
    second = Simulation(DeclaredOrders(plan), bars, config_from({"cash": 5_000}))
    second.resume(first.snapshot())
    second.advance()
    second.finish()
    assert own_hash(second.state) == own_hash(whole.state)


def test_other_sizes_are_another_parameter() -> None:
    bars = _bars(4)
    size = np.zeros((len(times_of(bars)), 4))
    other = size.copy()
    other[20, 2] = 1.0
    told = [qt.from_orders(bars, one, size_type="target_units").called for one in (size, other)]
    assert told[0] != told[1]
    assert "target_units, shape (40, 4), sha256 " in told[0]
