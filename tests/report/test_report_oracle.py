"""Goal: every metric of a run is what an independent sum over the run's files gives.

Method: runs of many kinds (long, short, leveraged, bankrupt, intraday, with missing days, without
trades, one session) are saved, read back with pandas, and each metric is summed again by
`metric_oracle`, which imports nothing of quant. The benchmark is summed from the input rows.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import metric_oracle
import numpy as np
import polars as pl
import pytest
from metric_oracle import ORACLE, Tables, expected

import quant as qt
from quant.report.definitions import DEFINITIONS

Weights = Mapping[int, Mapping[str, float]]
World = tuple[str, qt.Run, Tables]


class Planned(qt.Strategy):
    """Asks for given weights at given bars, counted from 0."""

    def __init__(self, plan: Any = None) -> None:
        self.plan: Weights = plan or {}
        self.count = 0

    def on_slice(self, market: qt.Slice, ctx: qt.Context) -> None:
        """Ask for the weights of this bar."""
        for symbol, weight in self.plan.get(self.count, {}).items():
            ctx.order_target(symbol, weight=weight)
        self.count += 1


def bars(
    symbol: str, n: int, seed: int, *, drift: float = 0.0005, spread: float = 0.015
) -> dict[str, Any]:
    """Prices of a random walk, rounded to cents."""
    rng = np.random.default_rng(seed)
    close = 100 * np.cumprod(1 + rng.normal(drift, spread, n))
    opens = close * (1 + rng.normal(0, 0.004, n))
    high = np.maximum(opens, close) * (1 + np.abs(rng.normal(0, 0.004, n)))
    low = np.minimum(opens, close) * (1 - np.abs(rng.normal(0, 0.004, n)))
    table = {"open": opens, "high": high, "low": low, "close": close}
    return {"symbol": [symbol] * n, **{name: np.round(x, 2) for name, x in table.items()}}


def daily(names: str, n: int, *, calendar: str = "weekdays", **more: Any) -> pl.DataFrame:
    """Daily rows of several symbols; of 24/7 every day, of weekdays all but Saturday and Sunday."""
    days = [date(2023, 11, 27) + timedelta(days=k) for k in range(2 * n + 4)]
    if calendar == "weekdays":
        days = [day for day in days if day.weekday() < 5]
    frames = [
        pl.DataFrame({"ts": days[:n], **bars(name, n, seed, **more)})
        for seed, name in enumerate(names.split(), 7)
    ]
    return pl.concat(frames)


def hourly(n_days: int) -> pl.DataFrame:
    """Six bars a day, every day."""
    ts = [
        datetime(2024, 1, 1, 4) + timedelta(days=k // 6, hours=3 * (k % 6))
        for k in range(6 * n_days)
    ]
    return pl.DataFrame({"ts": ts, **bars("COIN", 6 * n_days, 3)})


def without(frame: pl.DataFrame, *days: date) -> pl.DataFrame:
    return frame.filter(~pl.col("ts").is_in(list(days)))


COSTS = {
    "commission": {"kind": "rate", "rate": 0.001},
    "slippage": {"kind": "rate", "rate": 0.0005},
}
SWING = {k: {"AAA": 0.9 if k % 20 < 12 else 0.0} for k in range(3, 120, 3)}
SHORTS = {k: {"AAA": -0.8 if k % 16 < 8 else 0.0} for k in range(2, 100, 4)}
PAIR = {
    k: {"AAA": 1.4 if k % 14 < 7 else -0.9, "BBB": -0.8 if k % 10 < 5 else 1.3}
    for k in range(1, 140, 5)
}
CRASH = [100.0, 101.0, 99.0, 98.0, 70.0, 60.0, 66.0, 63.0]


def crash() -> pl.DataFrame:
    """A fall that takes five times the equity."""
    days = [date(2024, 1, 1) + timedelta(days=k) for k in range(len(CRASH))]
    return pl.DataFrame(
        {
            "ts": days,
            "symbol": ["AAA"] * len(CRASH),
            **dict.fromkeys(("open", "high", "low", "close"), CRASH),
        }
    )


WORLDS: dict[str, tuple[pl.DataFrame, Weights, dict[str, Any], dict[str, Any]]] = {
    "long": (daily("AAA", 120), SWING, COSTS, {}),
    "short": (daily("AAA", 100, drift=-0.002), SHORTS, {**COSTS, "risk_free": 0.02}, {}),
    "leveraged": (
        daily("AAA BBB", 140),
        PAIR,
        {**COSTS, "account": {"kind": "gross_leverage", "k": 3.0}, "risk_free": 0.05},
        {},
    ),
    "multiplied": (
        daily("AAA BBB", 60),
        PAIR,
        {"account": {"kind": "gross_leverage", "k": 3.0}, "benchmark": "BBB"}
        | {"instruments": {"BBB": {"multiplier": 5.0}}},
        {},
    ),
    "cash account": (daily("AAA", 60), SWING, {"account": {"kind": "cash"}}, {}),
    "missing days": (
        without(daily("AAA", 80), date(2023, 12, 6), date(2023, 12, 29), date(2024, 1, 1)),
        SWING,
        COSTS,
        {"calendar": "weekdays"},
    ),
    "round the clock": (
        hourly(70),
        {k: {"COIN": (k % 5) / 4} for k in range(0, 420, 7)},
        {**COSTS, "instruments": {"default": {"increment": "0.00000001"}}},
        {"tz": "UTC", "calendar": "24/7"},
    ),
    "no trades": (daily("AAA", 30), {}, COSTS, {}),
    "one trade": (daily("AAA", 30), {3: {"AAA": 0.5}, 9: {"AAA": 0.0}}, COSTS, {}),
    "one session": (daily("AAA", 1), {0: {"AAA": 1.0}}, COSTS, {}),
    "bankrupt": (
        crash(),
        {0: {"AAA": 5.0}},
        {
            "account": {"kind": "gross_leverage", "k": 5.0},
            "margin_call": {"bankruptcy": "warn"},
        },
        {"calendar": "24/7"},
    ),
    "paid in and out": (
        daily("AAA BBB", 140),
        PAIR,
        {**COSTS, "account": {"kind": "gross_leverage", "k": 3.0}, "risk_free": 0.05}
        | {
            "cash_flows": [
                {"every": "month", "amount": 20_000},
                {"date": "2024-03-05", "amount": -35_000, "withdrawal": "partial"},
                {"date": "2024-04-02", "amount": 250_000},
                {"date": "2024-05-20", "amount": -1e9},
            ]
        },
        {},
    ),
    "withdrawn month by month": (
        daily("AAA", 120),
        {k: {"AAA": 0.4 if k % 20 < 12 else 0.0} for k in range(3, 120, 3)},
        {**COSTS, "cash_flows": [{"every": "week", "amount": -1500}]},
        {},
    ),
    "money changed": (
        daily("AAA BBB", 100),
        PAIR,
        {**COSTS, "account": {"kind": "gross_leverage", "k": 3.0}}
        | {"instruments": {"AAA": {"currency": "EUR"}}, "currencies": {"EUR": {"value": 1.0}}}
        | {"conversion": {"cost": 0.003}},
        {},
    ),
    "no benchmark": (daily("AAA", 40), SWING, {"benchmark": "none"}, {}),
    "in money at the end": (daily("AAA", 45), {2: {"AAA": 1.0}}, {}, {}),
}


def benchmark_of(frame: pl.DataFrame, run: qt.Run, choice: str) -> np.ndarray | None:
    """Equal parts bought at each symbol's first open and held; the last close where a row lacks."""
    if choice == "none":
        return None
    names = frame["symbol"].unique().sort().to_list() if choice == "buy_and_hold" else [choice]
    n_rows = len(run.equity)
    total = np.zeros(n_rows)
    for name in names:
        own = frame.filter(pl.col("symbol") == name).sort("ts")
        # Every symbol has a bar at every row of these worlds.
        assert len(own) == n_rows - 1
        total[1:] += own["close"].to_numpy() / own["open"][0]
    total = total / len(names) * run.config.cash
    total[0] = run.config.cash
    return total


@pytest.fixture(scope="module", params=list(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    frame, plan, config, options = WORLDS[request.param]
    data = qt.load_bars(frame, qt.DataOptions(**options)) if options else frame
    run = qt.backtest(Planned(plan), data, config=config)
    folder = run.save(tmp_path_factory.mktemp("runs"))
    other = benchmark_of(frame, run, config.get("benchmark", "buy_and_hold"))
    return request.param, run, Tables(folder.path, other)


def test_the_worlds_are_what_they_are_called(world: World) -> None:
    name, run, tables = world
    found = run.metrics
    open_only = ("no trades", "one session", "bankrupt", "in money at the end")
    assert (found["total_trades"] == 0) == (name in open_only)
    assert (found["rows_without_equity"] > 0) == (name == "bankrupt")
    assert (found["short_trades"] > 0) == (
        name in ("short", "leveraged", "multiplied", "paid in and out", "money changed")
    )
    assert (tables.benchmark is None) == (name == "no benchmark")
    assert (found["conversion_costs"] > 0) == (name == "money changed")
    gaps = found["n_sessions"] - run.equity["session"].n_unique()
    assert (gaps > 0) == (name == "missing days")


@pytest.mark.parametrize("name", list(DEFINITIONS))
def test_the_metric_is_the_second_sum(world: World, name: str) -> None:
    _, run, tables = world
    found, wanted = run.metrics[name], expected(name, tables)
    if wanted is None or found is None:
        assert found is wanted, (name, found, wanted, run.metric_details[name].why)
        return
    scale = tables.opening if DEFINITIONS[name].unit == "money" else 1.0
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12 * scale), name


def test_every_metric_has_a_second_sum() -> None:
    assert ORACLE.keys() == DEFINITIONS.keys()


def test_every_metric_exists_in_some_world_and_varies() -> None:
    """A figure that is the same everywhere, or nowhere, has not been tested by the worlds."""
    found: dict[str, set[float]] = {name: set() for name in DEFINITIONS}
    for frame, plan, config, options in WORLDS.values():
        data = qt.load_bars(frame, qt.DataOptions(**options)) if options else frame
        for name, value in qt.backtest(Planned(plan), data, config=config).metrics.items():
            if value is not None:
                found[name].add(round(value, 12))
    # Opening equity is 100,000 everywhere, and fees are not charged in this version.
    same = {name for name, values in found.items() if len(values) < 2}
    assert same == {"start_equity", "total_fees"}


def test_the_second_sums_import_nothing_of_quant() -> None:
    tree = ast.parse(Path(metric_oracle.__file__).read_text(encoding="utf-8"))
    names = [
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
    ]
    assert not [name for name in names if name.split(".")[0] == "quant"]


@pytest.mark.parametrize("seed", range(8))
def test_every_metric_of_a_random_run_is_the_second_sum(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    names = ("AAA", "AAA BBB", "AAA BBB CCC")[seed % 3]
    n, step = int(rng.choice([2, 5, 40, 150])), int(rng.choice([1, 4, 9]))
    k, calendar = float(rng.choice([1.0, 2.0, 6.0])), ("weekdays", "24/7")[seed % 2]
    frame = daily(names, n, calendar=calendar, drift=float(rng.choice([-0.01, 0.003])))
    weights = [0.0, 0.3, 1.0, -0.5, -1.0]
    plan = {
        bar: {name: float(rng.choice(weights)) * k / len(names.split()) for name in names.split()}
        for bar in range(0, n, step)
    }
    config: dict[str, Any] = {
        **(COSTS if seed % 4 else {}),
        "account": {"kind": "gross_leverage", "k": k},
        "risk_free": float(rng.choice([0.0, 0.04, -0.01])),
        "benchmark": ("buy_and_hold", "AAA", "none")[int(rng.integers(3))],
    }
    data = qt.load_bars(frame, qt.DataOptions(calendar=calendar))
    run = qt.backtest(Planned(plan), data, config=config)
    tables = Tables(run.save(tmp_path).path, benchmark_of(frame, run, config["benchmark"]))
    for name, known in DEFINITIONS.items():
        found, wanted = run.metrics[name], expected(name, tables)
        if found is None or wanted is None:
            assert found is wanted, name
            continue
        scale = tables.opening if known.unit == "money" else 1.0
        assert found == pytest.approx(wanted, rel=1e-8, abs=1e-12 * scale), name
