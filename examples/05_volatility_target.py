"""Hold the index at ten percent volatility a year: less in storms, more in calm."""

# %% The weight is an indicator like any other; the schedule says when to act on it.
import quant as qt


class Calm(qt.Strategy):
    def __init__(self, target: float = 0.10, n: int = 60) -> None:
        self.target, self.n = target, n

    def on_start(self, ctx: qt.Context) -> None:
        self.weight = ctx.features.vol_target("SP500", self.n, self.target, max_leverage=1.0)
        ctx.every("week close", tag="reset")

    def on_clock(self, clock: qt.Clock, ctx: qt.Context) -> None:
        if self.weight.is_ready:
            ctx.order_target("SP500", weight=self.weight.value)


# %% Fill at the next close: see the first example for the reason.
config = qt.Config(
    execution=qt.Execution(timing="next_close"),
    commission=qt.RateCommission(rate=0.0005),
    slippage=qt.RateSlippage(rate=0.0002),
)
run = qt.backtest(Calm(), qt.sample("sp500"), config=config, start="2001-01-02")

# %% The drawdown of 2008 shrinks with the volatility.
m = run.metrics
print(f"target   volatility {m['volatility']:.1%}  worst drawdown {m['max_drawdown_pct']:.1%}")
print(
    f"held     volatility {m['benchmark_volatility']:.1%}  "
    f"worst drawdown {m['benchmark_max_drawdown_pct']:.1%}"
)

# %% Weekly resets of a sixty-day estimate come near the target.
assert abs(m["volatility"] - 0.10) < 0.02
