"""Tosses a coin of its own, which falls differently each time."""

import random

import quant as qt


class Unseeded(qt.Strategy):
    def on_bar(self, bar, ctx):
        if bar.close > 0:
            ctx.order_target(bar.symbol, weight=random.random())
