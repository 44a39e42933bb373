"""Trades on a column that was published at its row's time."""

import quant as qt


class KnownColumn(qt.Strategy):
    def on_bar(self, bar, ctx):
        mood = ctx.data.get(bar.symbol, "mood", 1)[-1]
        ctx.order_target(bar.symbol, weight=1.0 if mood > 0 else 0.0)
