"""Decides before the open, looks at its equity inside the day, closes in time."""

import quant as qt


class SessionHooks(qt.Strategy):
    def on_start(self, ctx):
        ctx.every("session close - 30min", tag="late")
        ctx.risk.set(max_gross=0.9)

    def on_session_open(self, session, ctx):
        closes = ctx.data.get(ctx.symbols[0], "close", 2)
        if len(closes) == 2 and closes[1] < closes[0]:
            ctx.order_target(ctx.symbols[0], weight=0.5)

    def on_clock(self, clock, ctx):
        if ctx.portfolio.equity > 100_000:
            ctx.order_target(ctx.symbols[0], weight=0.25)

    def on_session_close(self, session, ctx):
        if session.weekday() == 4:
            ctx.order_target(ctx.symbols[0], 0)
