"""Limits, stops, cancels and fills that lead to new orders."""

import quant as qt


class BracketByHand(qt.Strategy):
    def on_bar(self, bar, ctx):
        held = ctx.portfolio.qty(bar.symbol)
        if held == 0 and not ctx.working_orders(bar.symbol):
            ctx.order(bar.symbol, 20, "limit", limit_price=bar.close * 0.99, tag="entry")
        elif held == 0:
            ctx.cancel("entry")

    def on_fill(self, fill, ctx):
        if fill.qty_signed > 0:
            ctx.order(fill.symbol, -20, "stop", stop_price=fill.price * 0.97, tif="GTC", tag="exit")
            ctx.order(
                fill.symbol, -20, "limit", limit_price=fill.price * 1.02, tif="GTC", tag="exit"
            )
        else:
            ctx.cancel("exit")
