"""Knows the highest price of all history before the first bar."""

import quant as qt


class MaxInOnStart(qt.Strategy):
    def on_start(self, ctx):
        self.top = max(ctx._bars.columns["high"])

    def on_bar(self, bar, ctx):
        ctx.order_target(bar.symbol, weight=0.0 if bar.close > 0.9 * self.top else 1.0)
