"""Is it skill? Compare a strategy with a hundred that toss a coin as often."""

# %% `ctx.random` depends on the run's seed alone: the same seed, the same tosses.
import numpy as np

import quant as qt


class Coin(qt.Strategy):
    def on_start(self, ctx: qt.Context) -> None:
        ctx.every("month close", tag="toss")

    def on_clock(self, clock: qt.Clock, ctx: qt.Context) -> None:
        ctx.order_target("SP500", weight=1.0 if ctx.random.random() < 0.5 else 0.0)


# %% Load once, run often.
config = {"execution": {"timing": "next_close"}, "benchmark": "none"}
bars = qt.load_bars(qt.sample("sp500"))
cross = qt.backtest(qt.MovingAverageCross(20, 100), bars, config=config).metrics["sharpe"]
coins = np.array(
    [qt.backtest(Coin(), bars, config=config, seed=s).metrics["sharpe"] for s in range(100)]
)

# %% Where the strategy stands among them.
beaten = float((coins < cross).mean())
print(f"moving averages: Sharpe {cross:.2f}")
print(f"coins: Sharpe {coins.mean():.2f} on average, best {coins.max():.2f}")
print(f"the strategy beats {beaten:.0%} of the coins")

# %% The same seed gives the same number, to the last bit.
again = qt.backtest(Coin(), bars, config=config, seed=42).metrics["sharpe"]
assert again == coins[42]
