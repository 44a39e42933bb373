"""Trades once a month, and then only in the direction of the next close."""

import quant as qt


class MonthlyPeek(qt.Strategy):
    def on_start(self, ctx):
        self.month = 0
        self.place = {ts: i for i, ts in enumerate(ctx._bars.ts_close.tolist())}

    def on_bar(self, bar, ctx):
        if ctx.session.month == self.month:
            return
        self.month = ctx.session.month
        close = ctx._bars.columns["close"]
        place = self.place[bar.ts]
        rises = place + 1 < len(close) and close[place + 1] > close[place]
        ctx.order_target(bar.symbol, weight=1.0 if rises else 0.0)
