"""Looks at its own process and keeps notes in a temporary file."""

import tempfile
from pathlib import Path

import quant as qt

STATUS = Path("/proc/self/status").read_text()


class LooksAround(qt.Strategy):
    def on_bar(self, bar, ctx):
        with tempfile.TemporaryFile() as notes:
            notes.write(str(bar.close).encode())
        ctx.order_target(bar.symbol, weight=1.0 if bar.close > bar.open else 0.0)
