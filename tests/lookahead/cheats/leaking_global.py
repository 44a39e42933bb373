"""Remembers the whole series in a module global, from the first run that shows it."""

import quant as qt

SEEN: dict[int, float] = {}


class LeakingGlobal(qt.Strategy):
    def on_start(self, ctx):
        if not SEEN:
            close = ctx._bars.columns["close"].tolist()
            times = ctx._bars.ts_close.tolist()
            SEEN.update(zip(times[:-1], close[1:], strict=True))

    def on_bar(self, bar, ctx):
        rises = SEEN.get(bar.ts, 0.0) > bar.close
        ctx.order_target(bar.symbol, weight=1.0 if rises else 0.0)
