"""Goal: signals that are arrays are obeyed by the rules that were named, whoever carries them out.

Method: small worlds with entries and exits by hand; random ones, decided by the kernel and by a
strategy in Python, whose states must be equal to the bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from test_declared_orders import SETTINGS, _bars

import quant as qt
from helpers.worlds import market
from quant.engine.run import Run
from quant.engine.simulation import Simulation
from quant.engine.wide import times_of
from quant.errors import ConfigError
from quant.kernel.codes import DECIDER
from quant.kernel.snapshot import own_hash
from quant.lake import Bars
from quant.model.parse import config_from
from quant.strategy.declared_signals import DeclaredSignals, SignalPlan

FLAT = market(A=[(10.0,) * 4] * 7)
YES = 1


def _column(*rows: int) -> np.ndarray:
    flags = np.zeros((7, 1), np.bool_)
    flags[list(rows), 0] = True
    return flags


def _fills(run: Run) -> list[tuple[int, float]]:
    """(day, signed quantity) of every fill."""
    rows = run.fills.select("session", "side", "qty").rows()
    return [(day.day, qty if side == "BUY" else -qty) for day, side, qty in rows]


def _signals(**given: Any) -> list[tuple[int, float]]:
    arrays = {n: _column(*rows) for n, rows in given.items() if isinstance(rows, tuple)}
    rest = {n: value for n, value in given.items() if not isinstance(value, tuple)}
    settings = {"size": 10, "size_type": "units", "config": {"account": {"k": 10}}} | rest
    return _fills(qt.from_signals(FLAT, **arrays, **settings))


def test_an_entry_is_taken_and_left_at_the_next_open() -> None:
    # row 1 is the 2nd of January
    assert _signals(entries=(1,), exits=(3,)) == [(3, 10.0), (5, -10.0)]
    assert _signals(short_entries=(1,), short_exits=(3,)) == [(3, -10.0), (5, 10.0)]
    # an exit of the other side, or of nothing, does nothing
    assert _signals(entries=(1,), short_exits=(0, 3)) == [(3, 10.0)]


@pytest.mark.parametrize(
    ("on_again", "fills"),
    [("ignore", [(2, 10.0)]), ("add", [(2, 10.0), (4, 10.0)])],
)
def test_an_entry_where_its_position_is_held(on_again: str, fills: list[tuple[int, float]]) -> None:
    assert _signals(entries=(0, 2), on_again=on_again) == fills


@pytest.mark.parametrize(
    ("on_opposite", "fills"),
    [
        ("reverse", [(2, 10.0), (4, -20.0)]),
        ("close", [(2, 10.0), (4, -10.0)]),
        ("ignore", [(2, 10.0)]),
    ],
)
def test_an_entry_against_a_position(on_opposite: str, fills: list[tuple[int, float]]) -> None:
    assert _signals(entries=(0,), short_entries=(2,), on_opposite=on_opposite) == fills


@pytest.mark.parametrize(
    ("on_conflict", "fills"),
    [("ignore", [(2, 10.0)]), ("entry", [(2, 10.0)]), ("exit", [(2, 10.0), (4, -10.0)])],
)
def test_entry_and_exit_at_once(on_conflict: str, fills: list[tuple[int, float]]) -> None:
    assert _signals(entries=(0, 2), exits=(2,), on_conflict=on_conflict) == fills


@pytest.mark.parametrize(
    ("on_both", "fills"), [("ignore", []), ("long", [(2, 10.0)]), ("short", [(2, -10.0)])]
)
def test_both_sides_at_once(on_both: str, fills: list[tuple[int, float]]) -> None:
    assert _signals(entries=(0,), short_entries=(0,), on_both=on_both) == fills


def test_all_in_is_all_that_can_be_paid() -> None:
    """1,000 buy 1000 / (10 · 1.0005) = 99.950 025 units of a ten-millionth."""
    run = qt.from_signals(
        FLAT,
        _column(0),
        config={
            "cash": 1_000,
            "commission": {"kind": "rate", "rate": 0.0005},
            "instruments": {"default": {"increment": "0.00000001"}},
        },
    )
    assert run.fills["qty"][0] == pytest.approx(1_000 / 10.005, abs=1e-8)


def test_protected_entries_end_where_they_are_told() -> None:
    # decided at a close of 10: target 11, stop 9; the third bar reaches 11, the fifth 9
    up, down = (10.0, 11.5, 10.0, 10.0), (10.0, 10.0, 8.5, 10.0)
    flat = (10.0,) * 4
    bars = market(A=[flat, flat, up, flat, down, flat, flat])
    run = qt.from_signals(
        bars, _column(0, 2), size=10, size_type="units", stop_loss=0.1, take_profit=0.1
    )
    assert run.fills.select("price", "qty", "side").rows() == [
        (10.0, 10.0, "BUY"), (11.0, 10.0, "SELL"), (10.0, 10.0, "BUY"), (9.0, 10.0, "SELL")
    ]  # fmt: skip


def test_what_protected_a_position_ends_with_it() -> None:
    flat = (10.0,) * 4
    run = qt.from_signals(
        market(A=[flat] * 7), _column(0), _column(2), _column(4), size=10, size_type="units",
        trailing=0.05, config={"account": {"k": 2}},
    )  # fmt: skip
    assert _fills(run) == [(2, 10.0), (4, -10.0), (6, -10.0)]
    assert run.orders["status"].to_list()[:3] == ["FILLED", "CANCELED", "FILLED"]


def _random(seed: int, bars: Bars, **rules: str) -> SignalPlan:
    rng = np.random.default_rng(seed)
    times = times_of(bars)
    signals = rng.choice([0, 0, 0, 1, 2, 4, 8, 9, 6], (len(times), 4)).astype(np.int8)
    scale = {"units": 20.0, "value": 400.0, "percent": 0.15}[rules["size_type"]]
    sizes = np.full((1, 1), scale) if seed % 2 else rng.uniform(0.1, 1.0, signals.shape) * scale
    return SignalPlan(signals=signals, sizes=sizes, times=times, **rules)


@pytest.mark.parametrize("size_type", ["units", "value", "percent"])
@pytest.mark.parametrize("config", SETTINGS)
@pytest.mark.parametrize(
    ("again", "opposite"), [("ignore", "reverse"), ("add", "close"), ("add", "ignore")]
)
def test_the_kernel_obeys_as_the_strategy_does(
    config: dict[str, Any], size_type: str, again: str, opposite: str
) -> None:
    for seed in range(2):
        bars = _bars(seed)
        plan = _random(seed, bars, size_type=size_type, again=again, opposite=opposite)
        runs = []
        for fits_kernel in (True, False):
            strategy = DeclaredSignals(plan)
            strategy.fits_kernel = fits_kernel
            simulation = Simulation(strategy, bars, config_from({"cash": 5_000} | config))
            simulation.prepare()
            simulation.advance()
            simulation.finish()
            runs.append(simulation)
        by_kernel, by_python = runs
        assert by_kernel.state["sim"][0]["decider"] == DECIDER.PLAN
        assert len(by_kernel.state.used("fills")) > 3
        assert own_hash(by_kernel.state) == own_hash(by_python.state)
        assert Run(by_kernel).orders.equals(Run(by_python).orders)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"size": 0.0}, "size: expected a number above 0 for each entry, found 0 in row 0 of A"),
        ({"size": np.full((7, 1), np.nan)}, "found nan in row 0 of A"),
        ({"size_type": "shares"}, "size_type: expected one of units, value, percent"),
        ({"on_both": "buy"}, "on_both: expected one of ignore, long, short"),
        ({"stop_loss": 1.5}, "stop_loss: expected fractions below 1, found 1.5"),
        ({"take_profit": -0.1}, "take_profit: expected fractions above 0 or NaN, found -0.1"),
        ({"exits": np.zeros((6, 1))}, "exits: expected 7 rows"),
    ],
)
def test_what_does_not_fit_is_said(given: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as error:
        qt.from_signals(FLAT, _column(0), **given)
    assert text in str(error.value)
