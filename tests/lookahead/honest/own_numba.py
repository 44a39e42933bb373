"""A function of its own that numba compiles and caches."""

import numba
import numpy as np

import quant as qt


@numba.njit(cache=True)
def slope(values):
    total = 0.0
    for i in range(1, len(values)):
        total += values[i] - values[i - 1]
    return total


class OwnNumba(qt.Strategy):
    warmup = 10

    def on_bar(self, bar, ctx):
        closes = np.ascontiguousarray(ctx.data.get(bar.symbol, "close", 10))
        ctx.order_target(bar.symbol, weight=1.0 if slope(closes) > 0 else 0.0)
