"""Compile everything once, so that test workers find it on disk instead of each compiling it."""

from __future__ import annotations

import quant as qt
from quant.indicators import INDICATORS
from quant.strategy.helpers import VolatilityTarget


class _Everything(qt.Strategy):
    """Declares each indicator once."""

    def on_start(self, ctx: qt.Context) -> None:
        features = ctx.features
        for name in ("rolling_mean", "rolling_std", "rolling_min", "rolling_max", "zscore", "ema"):
            getattr(features, name)("SP500", "close", 5)
        features.rsi("SP500")
        features.atr("SP500")
        features.donchian_upper("SP500", 5)
        features.donchian_lower("SP500", 5)
        features.vol_target("SP500", 20, 0.1)

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        ctx.order_target(bar.symbol, weight=0.5)


def main() -> None:
    """One short run of each kind."""
    assert INDICATORS
    for strategy in (_Everything(), VolatilityTarget()):
        run = qt.backtest(strategy, qt.sample("sp500"), end="2000-12-29")
        assert run.metrics["total_trades"] is not None


if __name__ == "__main__":
    main()
