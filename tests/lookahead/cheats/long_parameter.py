"""Takes a parameter with an answer for every session."""

import quant as qt


class LongParameter(qt.Strategy):
    def __init__(self, answers: dict | None = None):
        self.answers = answers or {}

    def on_bar(self, bar, ctx):
        up = self.answers.get(str(ctx.session), False)
        ctx.order_target(bar.symbol, int(50_000 / bar.close) if up else 0)
