"""Reads a file that holds nothing of the period, and says so."""

import json
from pathlib import Path

import quant as qt

LIMITS = json.loads(Path(__file__).with_name("limits.json").read_text())


class ReadsWeights(qt.Strategy):
    def on_bar(self, bar, ctx):
        if bar.close < bar.open:
            ctx.order_target(bar.symbol, weight=LIMITS["weight"])
        else:
            ctx.order_target(bar.symbol, weight=0.0)
