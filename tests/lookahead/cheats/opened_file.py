"""Reads the prices of the run from the disk once more, with Python's own open."""

import csv
from pathlib import Path

import quant as qt

with Path(__file__).with_name("prices.csv").open() as lines:
    ROWS = list(csv.DictReader(lines))
CLOSES = [float(row["close"]) for row in ROWS]
PLACE = {row["date"]: place for place, row in enumerate(ROWS)}


class OpenedFile(qt.Strategy):
    def on_bar(self, bar, ctx):
        place = PLACE[str(ctx.session)]
        rises = place + 1 < len(CLOSES) and CLOSES[place + 1] > CLOSES[place]
        ctx.order_target(bar.symbol, weight=1.0 if rises else 0.0)
