"""Data and strategies of the speed measurements: seeded, with named sizes."""

from __future__ import annotations

import numpy as np
import polars as pl

import quant as qt

__all__ = ["Empty", "EmptySlice", "SmaCross", "minutes", "panel"]

SEED = 20260101
START = np.datetime64("2020-01-01T00:00", "ns")


def _prices(
    rng: np.random.Generator, rows: int, columns: int, scale: float
) -> dict[str, np.ndarray]:
    steps = rng.normal(0.0, scale, (rows, columns))
    close = np.round(100.0 * np.exp(np.cumsum(steps, axis=0)), 2)
    opening = np.vstack([close[:1], close[:-1]])
    high = np.maximum(opening, close) + 0.01
    low = np.minimum(opening, close) - 0.01
    volume = rng.integers(1_000_000, 5_000_000, (rows, columns)).astype(float)
    return {"open": opening, "high": high, "low": low, "close": close, "volume": volume}


def minutes(rows: int) -> qt.Bars:
    """One instrument, one-minute bars around the clock."""
    prices = _prices(np.random.default_rng(SEED), rows, 1, 0.0004)
    ts = START + np.arange(rows) * np.timedelta64(60, "s")
    frame = pl.DataFrame({"ts": ts, **{name: column[:, 0] for name, column in prices.items()}})
    return qt.load_bars(frame, qt.DataOptions(tz="UTC", symbol="A"))


def panel(days: int, instruments: int) -> qt.Bars:
    """Daily bars of many instruments."""
    prices = _prices(np.random.default_rng(SEED), days, instruments, 0.01)
    first = np.datetime64("2000-01-01")
    dates = np.repeat(first + np.arange(days), instruments)
    symbols = np.tile([f"S{i:04d}" for i in range(instruments)], days)
    columns = {name: column.ravel() for name, column in prices.items()}
    frame = pl.DataFrame({"date": dates, "symbol": symbols, **columns}).sort("symbol", "date")
    return qt.load_bars(frame)


class Empty(qt.Strategy):
    """A hook that does nothing: what the engine itself costs."""

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        """Nothing."""


class EmptySlice(qt.Strategy):
    """The panel hook that does nothing."""

    def on_slice(self, market: qt.Slice, ctx: qt.Context) -> None:
        """Nothing."""


class SmaCross(qt.Strategy):
    """Two declared means, an order whenever they cross."""

    def on_start(self, ctx: qt.Context) -> None:
        """Declare both means."""
        self.fast = ctx.features.rolling_mean("A", "close", 20)
        self.slow = ctx.features.rolling_mean("A", "close", 100)
        self.is_long = False

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        """Long above, flat below."""
        is_above = self.fast > self.slow
        if is_above != self.is_long:
            self.is_long = is_above
            ctx.order_target("A", 100 if is_above else 0)
