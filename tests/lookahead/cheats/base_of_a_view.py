"""Climbs from what an indicator shows to the array behind it."""

import numpy as np

import quant as qt


class BaseOfAView(qt.Strategy):
    def on_start(self, ctx):
        self.close = ctx.features.rolling_mean(ctx.symbols[0], "close", 1)
        self.n = 0

    def on_bar(self, bar, ctx):
        self.n += 1
        seen = np.asarray(self.close._values)[: self.n + 1]
        whole = np.asarray(seen.base)
        rises = self.n + 1 < len(whole) and whole[self.n + 1] > seen[-1]
        ctx.order_target(bar.symbol, weight=1.0 if rises else 0.0)
