"""A strategy that uses everything quant compiles, so that it is compiled before it is needed."""

from __future__ import annotations

from quant.strategy.base import Strategy
from quant.strategy.context import Context
from quant.strategy.market import Bar

__all__ = ["UsesEverything"]


class UsesEverything(Strategy):
    """Declares each indicator once, and trades."""

    def on_start(self, ctx: Context) -> None:
        """Declare them."""
        symbol, features = ctx.symbols[0], ctx.features
        features.rolling_mean(symbol, "close", 5)
        features.rolling_std(symbol, "close", 5)
        features.rolling_min(symbol, "close", 5)
        features.rolling_max(symbol, "close", 5)
        features.zscore(symbol, "close", 5)
        features.ema(symbol, "close", 5)
        features.rsi(symbol)
        features.atr(symbol)
        features.donchian_upper(symbol, 5)
        features.donchian_lower(symbol, 5)
        features.vol_target(symbol, 20, 0.1)

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Hold half of the account."""
        ctx.order_target(bar.symbol, weight=0.5)
