"""Standardises by mean and deviation of the full sample."""

import quant as qt


class FullSampleZscore(qt.Strategy):
    def on_start(self, ctx):
        close = ctx._bars.columns["close"]
        self.mean, self.spread = close.mean(), close.std()

    def on_bar(self, bar, ctx):
        z = (bar.close - self.mean) / self.spread
        ctx.order_target(bar.symbol, weight=1.0 if z < 0 else 0.0)
