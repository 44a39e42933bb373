"""A declared volatility target, traded in whole quantities of the equity of now."""

import quant as qt


class VolatilityTarget(qt.Strategy):
    def on_start(self, ctx):
        self.weight = ctx.features.vol_target(ctx.symbols[0], n=20, target=0.1)

    def on_bar(self, bar, ctx):
        if self.weight.is_ready:
            goal = int(ctx.portfolio.equity * float(self.weight) / bar.close)
            if abs(goal - ctx.portfolio.qty(bar.symbol)) > 5:
                ctx.order_target(bar.symbol, goal)
