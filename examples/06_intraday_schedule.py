"""Five-minute bars of one week: in half an hour after the open, out before the close."""

# %% A random walk in New York hours; 3 July closes at 13:00 and 4 July is a holiday.
from datetime import datetime, timedelta

import numpy as np
import polars as pl

import quant as qt

walk = np.random.default_rng(7)
rows, price = [], 100.0
for day in ("2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05"):
    time = datetime.fromisoformat(f"{day} 09:30")
    close = time.replace(hour=13 if day == "2024-07-03" else 16, minute=0)
    while time < close:
        after = round(price + float(walk.normal(scale=0.05)), 2)
        low, high = min(price, after) - 0.02, max(price, after) + 0.02
        rows.append((time, price, round(high, 2), round(low, 2), after, 20_000.0))
        time, price = time + timedelta(minutes=5), after
names = ["ts", "open", "high", "low", "close", "volume"]
frame = pl.DataFrame(rows, schema=names, orient="row")


# %% Schedules follow the calendar, half days and clock changes included.
class Midday(qt.Strategy):
    def on_start(self, ctx: qt.Context) -> None:
        ctx.every("session open + 30min", tag="in")
        ctx.every("session close - 30min", tag="out")

    def on_clock(self, clock: qt.Clock, ctx: qt.Context) -> None:
        ctx.order_target("WALK", weight=0.9 if clock.tag == "in" else 0.0)


# %% Times without a zone need one. Stamps mark the open of a bar unless `ts_is="close"`.
options = qt.DataOptions(tz="America/New_York", symbol="WALK")
run = qt.backtest(Midday(), frame, options=options)

# %% An order of 12:30 on the half day leaves thirty minutes before its early close.
for fill in run.fills.iter_rows(named=True):
    print(f"{fill['ts']:%Y-%m-%d %H:%M} UTC  {fill['side']:4} {fill['qty']:.0f} {fill['price']}")

# %% In and out on each of four days, and flat every night.
held_overnight = run.equity.group_by("session").last()["positions_value"].abs().max()
assert len(run.fills) == 8
assert held_overnight == 0.0
