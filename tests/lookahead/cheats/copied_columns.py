"""Copies all columns of the data at once, the one shifted the wrong way among them."""

import quant as qt


class CopiedColumns(qt.Strategy):
    def on_start(self, ctx):
        self.signal, self.n = dict(ctx._bars.columns)["signal"], -1

    def on_bar(self, bar, ctx):
        self.n += 1
        ctx.order_target(bar.symbol, int(50_000 / bar.close) if self.signal[self.n] > 0 else 0)
