"""Runs that tests split, repeat and run interpreted, in this process and in others.

As a script: ``continuing.py hash SEED…`` runs scenarios and prints the hash of each, and
``continuing.py resume FILE…`` continues snapshots to their end. A run is named ``seed-N`` (a random
scenario), ``flows-N`` (one with deposits and withdrawals), ``restless`` (a strategy with memory,
tags, timers, indicators and random numbers), or the same strategy in other worlds: ``schedule``
(fees by a schedule), ``limited`` (limits of every kind and a stop that closes all), ``borrowed``
(margin, two currencies, a future, calls inside bars) and ``settling`` (a cash account that waits
for its money).
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from oracle.engine import simulation_of
from oracle.flow_scenarios import with_flows
from oracle.scenarios import random_scenario
from quant.engine.simulation import Simulation
from quant.engine.wide import times_of
from quant.kernel.snapshot import own_hash
from quant.model.events import Clock, Fill, OrderUpdate
from quant.model.parse import config_from
from quant.strategy import Bar, Context, Strategy
from quant.strategy.declared import DeclaredOrders, SizePlan

from .worlds import market_on

__all__ = ["outcome", "run_script", "simulation"]


class Restless(Strategy):
    """Acts on everything it is told; what it remembers is in ``state``."""

    def on_start(self, ctx: Context) -> None:
        self.mean = ctx.features.rolling_mean(list(ctx.symbols), "close", 3)
        ctx.every("session close - 10min", tag="late")
        ctx.every("week close", tag="week")
        self.state = {"heard": 0, "last": "A"}

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        step = int(ctx.random.integers(-6, 7)) or 1
        kind = ("market", "limit", "stop")[self.state["heard"] % 3]
        prices = {"limit": {"limit_price": bar.close}, "stop": {"stop_price": bar.close + step}}
        ctx.order(bar.symbol, 3 * step, kind, **prices.get(kind, {}), tif="GTC", tag=kind)
        if bar.close < self.mean[bar.symbol]:
            ctx.order_target(bar.symbol, weight=0.2, tag="target")

    def on_clock(self, clock: Clock, ctx: Context) -> None:
        self.state["last"] = clock.tag
        ctx.cancel("limit" if self.state["heard"] % 2 else "stop")

    def on_fill(self, fill: Fill, ctx: Context) -> None:
        self.state["heard"] += 1 + (fill.tag == "target")

    def on_order(self, update: OrderUpdate, ctx: Context) -> None:
        self.state["heard"] += 1


# every kind of component, with tiers low enough to be reached and a date inside the run
SCHEDULE: dict[str, Any] = {
    "kind": "schedule",
    "components": [
        {
            "name": "broker",
            "minimum": 0.7,
            "maximum_rate": 0.05,
            "tiers": {"by": "month_quantity", "per_share": [[0, 0.013], [40, 0.007], [90, 0.004]]},
        },
        {
            "name": "maker",
            "liquidity": "maker",
            "tiers": {"by": "rolling_notional", "rate": [[0, 0.002], [500, 0.001]]},
        },
        {"name": "order", "tiers": {"by": "order_notional", "rate": [[0, 0.001], [150, 0.0002]]}},
        {
            "name": "levy",
            "as": "fee",
            "side": "sell",
            "round_up": 0.01,
            "dated": [{"since": "2024-01-01", "rate": 2e-4}, {"since": "2024-01-17", "rate": 5e-4}],
        },
    ],
}


LIMITS: dict[str, Any] = {
    "max_gross": 0.9,
    "max_symbol": 0.6,
    "max_net": 0.7,
    "max_sector": 0.8,
    "max_order_qty": 15,
    "max_orders_per_session": 4,
    "daily_loss_stop": 0.02,
    "drawdown_stop": 0.2,
    "on_loss_stop": "flatten",
    "max_var": 0.3,
    "vol_target": 4.0,
    "window": 20,
}


PER_SHARE = {"kind": "per_share", "per_share": 0.013, "minimum": 0.7}


# a future, a stock of another currency and its rate, money and shares that cost, and calls
BORROWED: dict[str, Any] = {
    "cash": 500,
    "account": {"kind": "margin", "minimum_equity": 0},
    "margin_call": {"at": "inside_bar", "size": "initial", "bankruptcy": "warn"},
    "interest": {"debit": [[0, 0.06], [500, 0.05]], "credit": 0.02, "rebate": 0.01},
    "borrow": {"rate": 0.1},
    "currencies": {"EUR": {"symbol": "B"}},
    "conversion": {"when": "never"},
    "instruments": {"A": {"currency": "EUR"}, "B": {"valuation": "margined", "multiplier": 30}},
}
SETTLING: dict[str, Any] = {
    "cash": 300,
    "account": {"kind": "cash", "settlement": "us", "unsettled": "spend"},
}


def _restless(n: int = 22, **settings: Any) -> Simulation:
    random = np.random.Generator(np.random.Philox(key=3))
    rows: dict[str, list[tuple[float, ...]]] = {"A": [], "B": []}
    for days in rows.values():
        for _ in range(n):
            low, mid, high = sorted(random.integers(18, 25, 3).tolist())
            open_ = float(random.choice([low, mid, high]))
            days.append((open_, float(high), float(low), float(mid), 400.0))
    config: dict[str, Any] = {
        "cash": 2_000,
        "commission": PER_SHARE,
        "execution": {"insufficient": "partial", "rounding": "minor_unit"},
        "seed": 11,
    }
    return Simulation(Restless(), market_on("XNYS", **rows), config_from(config | settings))


def _planned(size_type: str) -> Simulation:
    """The same market with decisions that are an array."""
    model = _restless(commission=PER_SHARE)
    times = times_of(model.bars)
    random = np.random.Generator(np.random.Philox(key=4))
    sizes = random.normal(0.0, 0.4 if size_type == "target_weight" else 9.0, (len(times), 2))
    sizes[random.random(sizes.shape) < 0.3] = np.nan
    plan = SizePlan(sizes=sizes.round(1), size_type=size_type, times=times)
    return Simulation(DeclaredOrders(plan), model.bars, model.config)


def simulation(name: str) -> Simulation:
    """A named run, not yet prepared."""
    if name == "restless":
        return _restless()
    if name == "schedule":
        return _restless(commission=SCHEDULE)
    if name.startswith("flows-"):
        return simulation_of(with_flows(int(name.removeprefix("flows-"))))
    if name == "limited":
        sectors = {symbol: {"sector": "one"} for symbol in "AB"}
        return _restless(50, risk=LIMITS, instruments=sectors)
    if name == "borrowed":
        return _restless(40, **BORROWED)
    if name == "settling":
        return _restless(**SETTLING)
    if name.startswith("planned-"):
        return _planned(name.removeprefix("planned-"))
    return simulation_of(random_scenario(int(name.removeprefix("seed-"))))


def outcome(run: Simulation) -> str:
    """One hash over our side, the equity rows and the strategy's memory."""
    digest = hashlib.sha256(own_hash(run.state).encode())
    n = int(run.state["sim"][0]["n_equity"])
    digest.update(run.state["equity"][:n].tobytes())
    digest.update(repr(sorted(run.strategy.state.items())).encode())
    return digest.hexdigest()


def run_script(command: str, words: Sequence[str], **environment: str) -> dict[str, str]:
    """This file in a new process; what it prints, as word → hash."""
    root = Path(__file__).resolve().parents[1]
    # the code that this process tests, wherever it was found
    paths = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "helpers.continuing", command, *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": paths, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split() for line in done.stdout.splitlines())


def _whole(name: str) -> str:
    run = simulation(name)
    run.prepare()
    run.advance()
    return outcome(run)


def _continued(file: Path) -> str:
    """A snapshot's file is called NAME.SLICE."""
    run = simulation(file.name.rpartition(".")[0])
    run.resume(file.read_bytes())
    run.advance()
    return outcome(run)


def main(command: str, words: Sequence[str]) -> None:
    """Print one line per word."""
    for word in words:
        print(word, _whole(word) if command == "hash" else _continued(Path(word)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
