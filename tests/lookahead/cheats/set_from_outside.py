"""Trades by an attribute that someone sets after it was made."""

import quant as qt


class SetFromOutside(qt.Strategy):
    model = None

    def on_bar(self, bar, ctx):
        up = self.model[str(ctx.session)] if self.model else bar.close > bar.open
        ctx.order_target(bar.symbol, weight=1.0 if up else 0.0)
