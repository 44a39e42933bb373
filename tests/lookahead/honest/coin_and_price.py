"""Randomness from ctx.random, and prices."""

import quant as qt


class CoinAndPrice(qt.Strategy):
    def on_bar(self, bar, ctx):
        if bar.close > bar.open and ctx.random.random() < 0.1:
            ctx.order(bar.symbol, 5)
        elif bar.close < bar.open and ctx.random.random() < 0.1:
            ctx.order_target(bar.symbol, 0)
