"""Asks another program for the prices."""

import subprocess
from pathlib import Path

import quant as qt

PRICES = subprocess.run(
    ["cat", str(Path(__file__).with_name("prices.csv"))], capture_output=True, check=False
).stdout


class CallsHome(qt.Strategy):
    def on_bar(self, bar, ctx):
        ctx.order_target(bar.symbol, weight=1.0 if len(PRICES) % 2 or bar.close > 0 else 0.5)
