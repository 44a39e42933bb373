"""Computes a signal over the whole series and shifts it the wrong way."""

import numpy as np

import quant as qt


class ShiftedInside(qt.Strategy):
    def on_start(self, ctx):
        close = ctx._bars.columns["close"]
        returns = np.diff(close, append=close[-1])
        self.signal = dict(zip(ctx._bars.ts_close.tolist(), returns.tolist(), strict=True))

    def on_bar(self, bar, ctx):
        ctx.order_target(bar.symbol, weight=1.0 if self.signal.get(bar.ts, 0) > 0 else 0.0)
