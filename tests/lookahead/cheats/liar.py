"""Orders a number that says one thing and is another."""

import quant as qt


class Liar(int):
    def __float__(self):
        return float(self.true)


class Lies(qt.Strategy):
    def on_start(self, ctx):
        self.close, self.n = ctx._bars.columns["close"], 0

    def on_bar(self, bar, ctx):
        self.n += 1
        lie = Liar(1)
        lie.true = 10 if self.n < len(self.close) and self.close[self.n] > bar.close else 0
        ctx.order_target(bar.symbol, lie)
