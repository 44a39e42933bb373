"""Buys once."""

import quant as qt


class BuyAndHold(qt.Strategy):
    def on_bar(self, bar, ctx):
        if not ctx.portfolio.positions:
            ctx.order_target(bar.symbol, weight=1.0)
