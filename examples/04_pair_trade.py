"""Two oil companies: sell the dear one, buy the cheap one, wait for the ratio to come back."""

# %% `PairTrade` is a ready strategy; its source is a good first thing to read.
import quant as qt

strategy = qt.PairTrade("CVX", "XOM", n=60, entry=2.0, exit=0.5, weight=0.45)

# %% A short position is exposure like a long one: 45 % on each side is 90 % of equity.
config = {
    "instruments": {"default": {"increment": "0.0001"}},
    "commission": {"kind": "rate", "rate": 0.0005},
    "slippage": {"kind": "rate", "rate": 0.0005},
    "benchmark": "none",
}
run = qt.backtest(strategy, qt.sample("us20"), config=config, start="2000-01-03")

# %% Longs and shorts nearly cancel: net exposure stays small.
m = run.metrics
print(f"CAGR {m['cagr']:.2%}  Sharpe {m['sharpe']:.2f}  trades {m['total_trades']}")
print(f"exposure: gross {m['exposure_gross']:.1%}, net {m['exposure_net']:.1%} on average")
sides = run.trades["side"].value_counts(sort=True).rows()
print("trades by side:", dict(sides))

# %% Equity is cash plus the signed value of positions, at every row.
gap = (run.equity["cash"] + run.equity["positions_value"] - run.equity["equity"]).abs().max()
print("largest gap between equity and its parts:", gap)
assert gap < 1e-6
