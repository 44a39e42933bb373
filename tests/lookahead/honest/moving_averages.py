"""Two declared indicators."""

import quant as qt


class MovingAverages(qt.Strategy):
    fast: int = 10
    slow: int = 40

    def on_start(self, ctx):
        symbol = ctx.symbols[0]
        self.short = ctx.features.rolling_mean(symbol, "close", self.fast)
        self.long = ctx.features.rolling_mean(symbol, "close", self.slow)

    def on_bar(self, bar, ctx):
        ctx.order_target(bar.symbol, weight=1.0 if self.short > self.long else 0.0)
