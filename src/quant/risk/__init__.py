"""Risk before the order: what a signal is, how large it may be, and when trading stops.

A policy sees a `Signal` and a `PortfolioSnapshot` and answers with a `RiskDecision`. It knows no
strategy, no engine and no mode: the same objects judge a backtest and a live account. `check` holds
an order of any strategy against `quant.RiskLimits` and answers with a `Refusal`, or None.
"""

from quant.risk.limits import AccountState, Exposure, ProposedOrder, Refusal, check
from quant.risk.policy import RiskDecision, RiskPolicy
from quant.risk.policy_parse import policy_from
from quant.risk.signal import PortfolioSnapshot, Signal
from quant.risk.sizing import EquityFraction, FixedMoney, Sizing, VolatilityScaled

__all__ = [
    "AccountState",
    "EquityFraction",
    "Exposure",
    "FixedMoney",
    "PortfolioSnapshot",
    "ProposedOrder",
    "Refusal",
    "RiskDecision",
    "RiskPolicy",
    "Signal",
    "Sizing",
    "VolatilityScaled",
    "check",
    "policy_from",
]
