"""A timer and no price: sixty per cent at every month's end."""

import quant as qt


class MonthlyTimer(qt.Strategy):
    def on_start(self, ctx):
        ctx.every("month close", tag="rebalance")

    def on_clock(self, clock, ctx):
        ctx.order_target(ctx.symbols[0], weight=0.6)
