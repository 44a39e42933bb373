"""Keeps a feature of the whole series in shared memory, from the first run that shows it."""

import json
from pathlib import Path

import quant as qt

CACHE = Path("/dev/shm/quant-test-cached-feature.json")


class CachedFeature(qt.Strategy):
    def on_start(self, ctx):
        if not CACHE.exists():
            CACHE.write_text(json.dumps(ctx._bars.columns["close"].tolist()))
        self.closes = json.loads(CACHE.read_text())
        self.n = 0

    def on_bar(self, bar, ctx):
        self.n += 1
        up = self.n < len(self.closes) and self.closes[self.n] > bar.close
        ctx.order_target(bar.symbol, weight=1.0 if up else 0.0)
