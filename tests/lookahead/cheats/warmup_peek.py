"""Waits for the bottom of the whole series, and then is always in the market."""

import quant as qt


class WarmupPeek(qt.Strategy):
    def on_start(self, ctx):
        self.warmup = int(ctx._bars.columns["close"].argmin()) + 1

    def on_bar(self, bar, ctx):
        ctx.order_target(bar.symbol, weight=1.0)
