"""Passes by the desk that notes what it asks for."""

import quant as qt
from quant.strategy.desk import OrderDesk


class BehindTheDesk(qt.Strategy):
    def on_start(self, ctx):
        self.close, self.n = ctx._bars.columns["close"], 0

    def on_bar(self, bar, ctx):
        self.n += 1
        up = self.n < len(self.close) and self.close[self.n] > bar.close
        if bar.close > bar.open:
            ctx.order(bar.symbol, 1)
        OrderDesk.target(ctx.desk, bar.symbol, None, 0.9 if up else 0.0, None, None)
