"""State of its own: counts rises in a row, and remembers its last trade."""

import quant as qt


class KeepsState(qt.Strategy):
    def on_start(self, ctx):
        self.state["last"], self.state["rises"] = None, 0

    def on_bar(self, bar, ctx):
        last = self.state["last"]
        self.state["rises"] = self.state["rises"] + 1 if last and bar.close > last else 0
        self.state["last"] = bar.close
        if self.state["rises"] == 3:
            ctx.order(bar.symbol, 10, tag="run")
        elif self.state["rises"] == 0 and ctx.portfolio.qty(bar.symbol) > 0:
            ctx.order_target(bar.symbol, 0)
