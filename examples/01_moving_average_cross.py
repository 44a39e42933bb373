"""Long the index while its fast mean is above the slow one; costs make the difference."""

# %% The strategy: declare both means once, then ask for a weight at the end of every bar.
import quant as qt


class Cross(qt.Strategy):
    def __init__(self, fast: int = 20, slow: int = 100) -> None:
        self.fast, self.slow = fast, slow

    def on_start(self, ctx: qt.Context) -> None:
        self.quick = ctx.features.rolling_mean("SP500", "close", self.fast)
        self.calm = ctx.features.rolling_mean("SP500", "close", self.slow)

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        held = ctx.portfolio.qty(bar.symbol)
        if self.quick > self.calm and held == 0:
            ctx.order_target(bar.symbol, weight=1.0)
        elif self.quick < self.calm and held != 0:
            ctx.order_target(bar.symbol, 0)


# %% The bundled index repeats the close before as its open in several years, so that the next open
# would be the price that was decided on. Fill at the next close instead.
timing = {"execution": {"timing": "next_close"}}
costs = {"commission": {"kind": "rate", "rate": 0.001}, "slippage": {"kind": "rate", "rate": 0.001}}

free = qt.backtest(Cross(), qt.sample("sp500"), config=timing)
paid = qt.backtest(Cross(), qt.sample("sp500"), config={**timing, **costs})

# %% What costs take.
for name, run in (("without costs", free), ("with costs", paid)):
    m = run.metrics
    print(
        f"{name:14} CAGR {m['cagr']:6.2%}  Sharpe {m['sharpe']:.2f}  "
        f"trades {m['total_trades']}  costs {m['total_costs']:,.0f}"
    )
print(f"buy and hold   CAGR {paid.metrics['benchmark_cagr']:6.2%}")

# %% More costs never give more money.
assert paid.metrics["end_equity"] < free.metrics["end_equity"]
