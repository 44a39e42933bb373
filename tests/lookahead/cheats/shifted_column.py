"""Trades on a column of the data that was shifted the wrong way."""

import quant as qt


class ShiftedColumn(qt.Strategy):
    def on_bar(self, bar, ctx):
        signal = ctx.data.get(bar.symbol, "signal", 1)[-1]
        ctx.order_target(bar.symbol, weight=1.0 if signal > 0 else 0.0)
