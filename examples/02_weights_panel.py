"""Twenty stocks at once: each month hold the five with the least volatility, equally."""

# %% `on_slice` sees all symbols as arrays; a list of symbols in `ctx.features` gives a panel.
import numpy as np

import quant as qt


class LowVolatility(qt.Strategy):
    def __init__(self, n: int = 60, top: int = 5) -> None:
        self.n, self.top = n, top

    def on_start(self, ctx: qt.Context) -> None:
        self.month = 0

    def on_slice(self, market: qt.Slice, ctx: qt.Context) -> None:
        if ctx.session.month == self.month:
            return
        self.month = ctx.session.month
        closes = ctx.data.get(ctx.symbols, "close", self.n + 1)
        if len(closes) <= self.n:
            return
        returns = closes[1:] / closes[:-1] - 1.0
        calm = np.argsort(returns.std(axis=0))[: self.top]
        for i, symbol in enumerate(market.symbols):
            ctx.order_target(symbol, weight=0.98 / self.top if i in calm else 0.0)


# %% Adjusted closes are not what was paid: trade fractions of a share, state costs as a rate.
config = {
    "instruments": {"default": {"increment": "0.0001"}},
    "commission": {"kind": "rate", "rate": 0.0005},
    "slippage": {"kind": "rate", "rate": 0.0005},
}
run = qt.backtest(LowVolatility(), qt.sample("us20"), config=config, start="2000-01-03")

# %% Against the same twenty stocks held equally.
m = run.metrics
print(f"low volatility  CAGR {m['cagr']:6.2%}  worst drawdown {m['max_drawdown_pct']:.1%}")
print(
    f"all twenty      CAGR {m['benchmark_cagr']:6.2%}  "
    f"worst drawdown {m['benchmark_max_drawdown_pct']:.1%}"
)
print(f"turnover {m['turnover']:.1f} a year, exposure {m['exposure_gross']:.1%} on average")

# %% Weights of 98 % in all never become more than equity at a fill.
assert 0.90 < m["exposure_gross"] < 1.0
