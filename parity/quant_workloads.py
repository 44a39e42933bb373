"""The workloads of the benchmark of peers through quant, with its fills.

python -m parity.quant_workloads WORKLOAD DATA FILLS.npz [bars or pairs] [--folded]

``--folded`` takes slippage as commission, as the script for backtesting.py has to.
"""

from __future__ import annotations

import json
import math
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import quant as qt

FIELDS = ("open", "high", "low", "close", "volume")
# the workloads never come near a limit of money, and no tool is asked for one
AMPLE = {"account": {"kind": "unlimited"}, "benchmark": "none"}
EDGE = 1e-6


class Panel(qt.Strategy):
    """Brings every instrument to the day's target, sales sent before purchases."""

    def __init__(self, target: np.ndarray) -> None:
        self.target: list[list[int]] = target.tolist()
        self.held = [0] * target.shape[1]
        self.day = 0

    def on_slice(self, market: Any, ctx: Any) -> None:
        if self.day < len(self.target) - 1:
            wanted = self.target[self.day]
            change = [new - old for new, old in zip(wanted, self.held, strict=True)]
            for sign in (-1, 1):
                for symbol, qty in zip(ctx.symbols, change, strict=True):
                    if qty * sign > 0:
                        ctx.order(symbol, qty)
            self.held = wanted
        self.day += 1


class Cross(qt.Strategy):
    """Long with 99 % of the cash while the fast average is above the slow one, else flat."""

    def __init__(self, state: np.ndarray) -> None:
        self.is_up: list[bool] = state.tolist()
        self.bar = 0

    def on_bar(self, bar: Any, ctx: Any) -> None:
        held = ctx.portfolio.qty(bar.symbol)
        if self.bar < len(self.is_up) - 1:
            if self.is_up[self.bar] and not held:
                qty = math.floor(ctx.portfolio.cash * 0.99 / bar.close)
                if qty > 0:
                    ctx.order(bar.symbol, qty)
            elif held and not self.is_up[self.bar]:
                ctx.order(bar.symbol, -held)
        self.bar += 1


def averages(close: np.ndarray, fast: int, slow: int) -> np.ndarray:
    """Where the fast average is above the slow one, from sums of whole cents."""
    sums = np.concatenate([[0.0], np.cumsum(np.round(close * 100))]) / 100
    n = len(close)
    above = np.zeros(n, bool)
    quick = (sums[slow:] - sums[slow - fast : n + 1 - fast]) / fast
    calm = (sums[slow:] - sums[: n + 1 - slow]) / slow
    above[slow - 1 :] = quick - calm > EDGE
    return above


def _weekdays(n: int) -> list[date]:
    day = date(2015, 1, 1)
    days: list[date] = []
    while len(days) < n:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return days


def _minutes(n: int) -> list[datetime]:
    first = datetime(2020, 1, 1, tzinfo=UTC)
    return pl.datetime_range(
        first, first + timedelta(minutes=n - 1), "1m", eager=True, time_zone="UTC"
    ).to_list()


def _panel_bars(data: Any) -> pl.DataFrame:
    n_days, n = data["close"].shape
    days = _weekdays(n_days)
    columns = {field: data[field].reshape(-1) for field in FIELDS}
    keys = {
        "ts": [day for day in days for _ in range(n)],
        "symbol": [f"A{i:03d}" for i in range(n)] * n_days,
    }
    return pl.DataFrame(keys | columns)


def _single_bars(data: Any, times: list[Any]) -> pl.DataFrame:
    columns = {field: data[field][: len(times)] for field in FIELDS}
    return pl.DataFrame({"ts": times, "symbol": ["A"] * len(times)} | columns)


def _config(data: Any, calendar: str, rate: float, slippage: float) -> dict[str, Any]:
    return AMPLE | {
        "cash": float(data["cash"]),
        "calendar": calendar,
        "commission": {"kind": "rate", "rate": rate},
        "slippage": {"kind": "rate", "rate": slippage},
        "execution": {"participation": None},
    }


def _fills(run: Any, by: str, bars: list[Any]) -> np.ndarray:
    table = run.fills
    place = {key: i for i, key in enumerate(bars)}
    rows = [place[key] for key in table[by].to_list()]
    symbols = [int(name[1:] or 0) for name in table["symbol"].to_list()]
    sign = np.where(table["side"].str.to_lowercase().to_numpy() == "buy", 1.0, -1.0)
    qty, price, cost = (table[name].to_numpy() for name in ("qty", "price", "commission"))
    return np.column_stack([rows, symbols, qty * sign, price, cost])


def panel(data: Any, is_folded: bool) -> tuple[Any, np.ndarray]:
    """W1 and W1x10: 250 or 500 instruments to share targets, daily."""
    rate, slippage = (0.0015, 0.0) if is_folded else (0.001, 0.0005)
    config = _config(data, "weekdays", rate, slippage)
    run = qt.backtest(Panel(data["target"]), _panel_bars(data), config=config)
    return run, _fills(run, "session", _weekdays(len(data["close"])))


def single(data: Any, n: int) -> tuple[Any, np.ndarray]:
    """W2: minute bars of one instrument, averages of 10 and 50."""
    times = _minutes(n)
    state = averages(data["close"][:n], 10, 50)
    bars = _single_bars(data, times)
    run = qt.backtest(Cross(state), bars, config=_config(data, "24/7", 0.0005, 0.0))
    return run, _fills(run, "ts", times)


def sweep(data: Any, n_pairs: int) -> tuple[float, np.ndarray]:
    """W3: the rule of W2 on daily bars for every k-th of 1,000 pairs: the sum of their equities,
    and fills with the place of the pair for a symbol."""
    days = _weekdays(len(data["close"]))
    config = _config(data, "weekdays", 0.0005, 0.0)
    bars = qt.load_bars(_single_bars(data, days), qt.DataOptions(calendar="weekdays"))
    total, fills = [], []
    for k, (fast, slow) in enumerate(data["pairs"][:: 1000 // n_pairs].tolist()):
        run = qt.backtest(Cross(averages(data["close"], fast, slow)), bars, config=config)
        total.append(run.equity["equity"][-1])
        rows = _fills(run, "session", days)
        rows[:, 1] = k
        fills.append(rows)
    return math.fsum(total), np.concatenate(fills)


def main(workload: str, folder: str, fills: str, *more: str) -> None:
    """Run one workload and keep its fills."""
    size = next((int(x) for x in more if x.isdigit()), 0)
    with np.load(Path(folder) / f"{workload}.npz") as stored:
        data = {name: stored[name] for name in stored.files}
    if workload == "w3":
        equity, rows = sweep(data, size)
        orders = len(rows)
    else:
        is_folded = "--folded" in more
        run, rows = single(data, size) if workload == "w2" else panel(data, is_folded)
        equity, orders = run.equity["equity"][-1], len(run.orders)
    np.savez(fills, rows=rows)
    print(json.dumps({"equity": round(equity, 4), "orders": orders}))


if __name__ == "__main__":
    main(*sys.argv[1:])
