"""All symbols at once as arrays."""

import numpy as np

import quant as qt


class PanelMomentum(qt.Strategy):
    warmup = 20

    def on_start(self, ctx):
        self.n = 0

    def on_slice(self, market, ctx):
        self.n += 1
        if self.n % 20:
            return
        closes = ctx.data.get(list(market.symbols), "close", 20)
        if len(closes) < 20:
            return
        growth = closes[-1] / closes[0]
        best = set(np.argsort(-growth, kind="stable")[:3].tolist())
        for i, symbol in enumerate(market.symbols):
            ctx.order_target(symbol, weight=0.3 if i in best else 0.0)
