"""How much of a result is luck: statistics for the best of many backtests."""

from quant.research.overfitting import (
    Overfitting,
    Split,
    deflated_sharpe,
    expected_max_sharpe,
    minimum_backtest_length,
    probabilistic_sharpe,
    probability_of_backtest_overfitting,
)

__all__ = [
    "Overfitting",
    "Split",
    "deflated_sharpe",
    "expected_max_sharpe",
    "minimum_backtest_length",
    "probabilistic_sharpe",
    "probability_of_backtest_overfitting",
]
