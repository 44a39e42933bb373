"""Buy a dip with a limit, protect it with a stop; follow one order by hand."""

# %% Five days of one stock, written out.
import polars as pl

import quant as qt

prices = pl.DataFrame(
    {
        "date": ["2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05", "2024-07-08"],
        "open": [100.0, 100.0, 97.0, 98.0, 90.0],
        "high": [101.0, 101.0, 99.0, 99.0, 92.0],
        "low": [99.0, 96.0, 96.5, 94.5, 89.0],
        "close": [100.0, 97.0, 98.0, 98.0, 91.0],
        "volume": [50_000, 50_000, 50_000, 50_000, 50_000],
    }
)


# %% The limit works until cancelled; the stop is sent when the limit has filled.
class Dip(qt.Strategy):
    def on_start(self, ctx: qt.Context) -> None:
        ctx.order("ABC", 100, "limit", limit_price=97.5, tif="GTC", tag="dip")

    def on_fill(self, fill: qt.Fill, ctx: qt.Context) -> None:
        if fill.tag == "dip":
            ctx.order("ABC", -fill.qty, "stop", stop_price=94.0, tif="GTC", tag="protect")


run = qt.backtest(Dip(), {"ABC": prices}, config={"cash": 20_000})

# %% The limit waits through 1 July, then fills at its own price inside 2 July: the low is 96.
# The stop at 94 is not touched on 5 July (low 94.5). On 8 July the market opens at 90, below it:
# a gap fills at the open, never at the stop.
for fill in run.fills.iter_rows(named=True):
    print(fill["session"], fill["side"], fill["qty"], "at", fill["price"], "by", fill["reason"])
print("result:", run.metrics["net_profit"])

# %% 100 shares bought at 97.50 and sold at 90.00.
assert run.metrics["net_profit"] == 100 * (90.0 - 97.5)
