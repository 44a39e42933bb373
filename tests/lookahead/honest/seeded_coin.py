"""Randomness from ctx.random, and no price."""

import quant as qt


class SeededCoin(qt.Strategy):
    def on_bar(self, bar, ctx):
        if ctx.random.random() < 0.02:
            ctx.order_target(bar.symbol, weight=float(ctx.random.choice([0.0, 0.5, 1.0])))
