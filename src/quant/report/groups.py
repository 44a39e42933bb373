"""The groups that metrics are shown in, their units, and what the table says of each metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "BENCHMARK",
    "COSTS",
    "COUNT",
    "DRAWDOWN",
    "Definition",
    "EXPOSURE",
    "FRACTION",
    "GROUPS",
    "HELD",
    "MARGIN",
    "MONEY",
    "PERIODS",
    "QUALITY",
    "RATIO",
    "RETURN",
    "RISK",
    "TRADES",
]


@dataclass(frozen=True, slots=True)
class Definition:
    """Label for people, unit, and formula of one metric, and the group it is shown in."""

    group: str
    label: str
    unit: str
    text: str


RETURN: Final = "Return"
PERIODS: Final = "Months and years"
RISK: Final = "Risk"
QUALITY: Final = "Risk-adjusted return"
DRAWDOWN: Final = "Drawdown"
TRADES: Final = "Trades"
HELD: Final = "While held"
EXPOSURE: Final = "Exposure and turnover"
MARGIN: Final = "Margin"
COSTS: Final = "Costs"
BENCHMARK: Final = "Benchmark"

GROUPS: Final = (
    RETURN,
    PERIODS,
    RISK,
    QUALITY,
    DRAWDOWN,
    TRADES,
    HELD,
    EXPOSURE,
    MARGIN,
    COSTS,
    BENCHMARK,
)

FRACTION: Final = "fraction"
MONEY: Final = "money"
COUNT: Final = "count"
RATIO: Final = "ratio"
