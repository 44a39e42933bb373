"""How much of a result is luck, and what orders cost by the models of the literature."""

from quant.research.impact import (
    AlmgrenCost,
    AlphaFit,
    estimate_almgren_cost,
    fit_impact_alpha,
    square_root_impact,
    uniform_schedule_cost,
)
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
    "AlmgrenCost",
    "AlphaFit",
    "Overfitting",
    "Split",
    "deflated_sharpe",
    "estimate_almgren_cost",
    "expected_max_sharpe",
    "fit_impact_alpha",
    "minimum_backtest_length",
    "probabilistic_sharpe",
    "probability_of_backtest_overfitting",
    "square_root_impact",
    "uniform_schedule_cost",
]
