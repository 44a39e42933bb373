"""Runs whose reports are looked at: one of the bundled index, and markets made for an edge."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

import quant as qt
from quant.engine.backtest import simulate
from quant.engine.run import Run
from quant.lake import DataOptions, load_bars
from quant.model.parse import config_from

__all__ = ["Flip", "daily", "golden_run", "play"]


class Cross(qt.Strategy):
    """Long above the mean of forty closes, short below."""

    def on_start(self, ctx: qt.Context) -> None:
        self.mean = ctx.features.rolling_mean("SP500", "close", 40)

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        weight = 0.95 if bar.close > self.mean.value else -0.5
        if (ctx.portfolio.qty("SP500") > 0) != (weight > 0):
            ctx.order_target("SP500", weight=weight, tag="cross")


def golden_run() -> Run:
    """Six years of the index, with costs and a benchmark."""
    config = {
        "commission": {"kind": "rate", "rate": 0.0005},
        "slippage": {"kind": "rate", "rate": 0.0003},
    }
    bars = load_bars(qt.sample("sp500"))
    return simulate(
        Cross(), bars, config_from(config), start=date(2006, 1, 3), end=date(2011, 12, 30)
    )


class Flip(qt.Strategy):
    """Long and short by turns, every seven bars, whatever happens."""

    tag: str = "turn"

    def on_start(self, ctx: qt.Context) -> None:
        self.seen = dict.fromkeys(ctx.symbols, 0)

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        self.seen[bar.symbol] += 1
        if self.seen[bar.symbol] % 7 == 0:
            side = 1 if self.seen[bar.symbol] % 14 else -1
            weight = 0.9 * side / len(ctx.symbols)
            ctx.order_target(bar.symbol, weight=weight, tag=self.tag)


def daily(
    n: int, symbols: tuple[str, ...] = ("AAA",), *, scale: float = 100.0, closes: bool = False
) -> pl.DataFrame:
    """Daily prices of any number of symbols on a seeded walk."""
    rng = np.random.default_rng(len(symbols) * 1_000 + n)
    days = [date(2020, 1, 1) + timedelta(days=k) for k in range(n)]
    parts = []
    for symbol in symbols:
        close = scale * np.exp(np.cumsum(rng.normal(0.0, 0.02, n)))
        part = pl.DataFrame({"date": days, "symbol": [symbol] * n, "close": close})
        if not closes:
            first = np.concatenate((close[:1], close[:-1]))
            part = part.with_columns(
                open=pl.Series(first),
                high=pl.Series(np.maximum(first, close) * 1.01),
                low=pl.Series(np.minimum(first, close) * 0.99),
                volume=pl.Series(np.full(n, 1e9)),
            )
        parts.append(part)
    return pl.concat(parts)


def play(
    strategy: qt.Strategy,
    data: pl.DataFrame,
    settings: dict[str, Any] | None = None,
    options: DataOptions | None = None,
) -> Run:
    """A run that may have failed."""
    return simulate(
        strategy, load_bars(data, options or DataOptions()), config_from(settings or {})
    )
