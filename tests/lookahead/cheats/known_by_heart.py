"""Counts the bars to the turns it knows by heart; prices only size its orders."""

import quant as qt

TURNS = [20, 60, 75, 110, 150, 180, 210, 260, 300, 330, 380, 420, 450, 500, 530, 560, 600, 640, 700,
         720, 760, 800, 830, 870, 900, 940]  # fmt: skip


class KnownByHeart(qt.Strategy):
    def on_start(self, ctx):
        self.n = 0

    def on_bar(self, bar, ctx):
        self.n += 1
        if self.n in TURNS:
            share = 50_000 / bar.close if TURNS.index(self.n) % 2 else 0
            ctx.order_target(bar.symbol, int(share))
