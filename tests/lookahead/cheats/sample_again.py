"""Loads the bundled sample that it runs on, inside the strategy."""

import quant as qt

CLOSES = qt.load_bars(qt.sample("sp500")).columns["close"]


class SampleAgain(qt.Strategy):
    def on_start(self, ctx):
        self.mean = CLOSES.mean()

    def on_bar(self, bar, ctx):
        ctx.order_target(bar.symbol, weight=1.0 if bar.close < self.mean else 0.0)
