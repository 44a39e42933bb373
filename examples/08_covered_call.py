"""Write a call against 100 shares each month and buy it back a day before it expires.

A listed contract is an instrument like any other as long as it has bars: here one call per month,
with a multiplier of 100, priced by Black and Scholes at 20 % volatility. Exercise and assignment
are not simulated, which is why each call is bought back before its last day.
"""

# %% A stock that swings, and each month's call, struck 3 % above the month's first close.
import math

import polars as pl

import quant as qt

DAYS = pl.date_range(pl.date(2023, 1, 2), pl.date(2023, 6, 30), "1d", eager=True)
SESSIONS = [day for day in DAYS if day.weekday() < 5]


def call_price(spot: float, strike: float, years: float, sigma: float = 0.2) -> float:
    if years <= 0:
        return max(spot - strike, 0.01)
    width = sigma * math.sqrt(years)
    d1 = math.log(spot / strike) / width + width / 2
    below = [0.5 * (1 + math.erf(d / math.sqrt(2))) for d in (d1, d1 - width)]
    return max(spot * below[0] - strike * below[1], 0.01)


spot = {day: 100 + 6 * math.sin(t / 15) for t, day in enumerate(SESSIONS)}
last = {f"CALL{day.month:02}": day for day in SESSIONS}
rows = [(day, "STOCK", price) for day, price in spot.items()]
for name, expiry in last.items():
    month = [day for day in SESSIONS if f"CALL{day.month:02}" == name]
    strike = round(1.03 * spot[month[0]])
    rows += [(d, name, call_price(spot[d], strike, (expiry - d).days / 365)) for d in month]
prices = pl.DataFrame(rows, schema=["date", "symbol", "close"], orient="row").sort("symbol", "date")


# %% Short one call on the month's first close, flat before its last.
class CoveredCall(qt.Strategy):
    def on_slice(self, market: qt.Slice, ctx: qt.Context) -> None:
        if ctx.portfolio.qty("STOCK") == 0 and not ctx.working_orders("STOCK"):
            ctx.order("STOCK", 100)
        call, days_left = f"CALL{ctx.session.month:02}", last[f"CALL{ctx.session.month:02}"]
        ctx.order_target(call, 0 if (days_left - ctx.session).days <= 4 else -1)


calls = {name: {"multiplier": 100} for name in last}
settings = {"cash": 20_000, "benchmark": "STOCK", "instruments": calls}
run = qt.backtest(CoveredCall, prices, config=settings)

# %% Six calls written, six bought back; what they brought beside the shares.
written = run.trades.filter(pl.col("symbol") != "STOCK")
premium = float(written["pnl_net"].sum())
print(f"{len(written)} calls, {premium:+.2f} from writing them")
print(f"{run.metrics['net_profit']:+.2f} with the shares")

# %% Every call was short one contract, and none is left.
assert written.select("side", "qty").rows() == [("SHORT", 1.0)] * 6
