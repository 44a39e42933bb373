"""quant: one trading simulator. Write a strategy once; run it on history, on paper, at a broker.

All that users need is here and loads on first use: ``import quant as qt`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from quant.engine.backtest import backtest
    from quant.engine.folder import find_run as open_run
    from quant.engine.run import Run
    from quant.lake import Bars, DataOptions, load_bars
    from quant.lake import find_sample as sample
    from quant.model.config import (
        CashAccount,
        Config,
        Execution,
        GrossLeverage,
        InstrumentSettings,
        PerOrderCommission,
        PerShareCommission,
        RangeSlippage,
        RateCommission,
        RateSlippage,
        RiskLimits,
        TickSlippage,
        TieredCommission,
    )
    from quant.model.events import Clock, Fill, OrderUpdate
    from quant.model.parse import config_from
    from quant.risk import (
        EquityFraction,
        FixedMoney,
        PortfolioSnapshot,
        RiskDecision,
        RiskPolicy,
        Signal,
        VolatilityScaled,
        policy_from,
    )
    from quant.strategy.base import Strategy
    from quant.strategy.context import Context, Order
    from quant.strategy.helpers import Breakout, MovingAverageCross, PairTrade, VolatilityTarget
    from quant.strategy.market import Bar, Slice
    from quant.strategy.signals import RuntimeSnapshot, SignalStrategy

_CONFIG = "quant.model.config"
_RISK = "quant.risk"
_PLACES = {
    "Bar": "quant.strategy.market",
    "Bars": "quant.lake",
    "Breakout": "quant.strategy.helpers",
    "CashAccount": _CONFIG,
    "Clock": "quant.model.events",
    "Config": _CONFIG,
    "Context": "quant.strategy.context",
    "DataOptions": "quant.lake",
    "EquityFraction": _RISK,
    "Execution": _CONFIG,
    "Fill": "quant.model.events",
    "FixedMoney": _RISK,
    "GrossLeverage": _CONFIG,
    "InstrumentSettings": _CONFIG,
    "MovingAverageCross": "quant.strategy.helpers",
    "Order": "quant.strategy.context",
    "OrderUpdate": "quant.model.events",
    "PairTrade": "quant.strategy.helpers",
    "PerOrderCommission": _CONFIG,
    "PerShareCommission": _CONFIG,
    "PortfolioSnapshot": _RISK,
    "RangeSlippage": _CONFIG,
    "RateCommission": _CONFIG,
    "RateSlippage": _CONFIG,
    "RiskDecision": _RISK,
    "RiskLimits": _CONFIG,
    "RiskPolicy": _RISK,
    "Run": "quant.engine.run",
    "RuntimeSnapshot": "quant.strategy.signals",
    "Signal": _RISK,
    "SignalStrategy": "quant.strategy.signals",
    "Slice": "quant.strategy.market",
    "Strategy": "quant.strategy.base",
    "TickSlippage": _CONFIG,
    "TieredCommission": _CONFIG,
    "VolatilityScaled": _RISK,
    "VolatilityTarget": "quant.strategy.helpers",
    "backtest": "quant.engine.backtest",
    "config_from": "quant.model.parse",
    "load_bars": "quant.lake",
    "open_run": "quant.engine.folder",
    "policy_from": _RISK,
    "sample": "quant.lake",
}
_RENAMED = {"open_run": "find_run", "sample": "find_sample"}

__all__ = [
    "Bar",
    "Bars",
    "Breakout",
    "CashAccount",
    "Clock",
    "Config",
    "Context",
    "DataOptions",
    "EquityFraction",
    "Execution",
    "Fill",
    "FixedMoney",
    "GrossLeverage",
    "InstrumentSettings",
    "MovingAverageCross",
    "Order",
    "OrderUpdate",
    "PairTrade",
    "PerOrderCommission",
    "PerShareCommission",
    "PortfolioSnapshot",
    "RangeSlippage",
    "RateCommission",
    "RateSlippage",
    "RiskDecision",
    "RiskLimits",
    "RiskPolicy",
    "Run",
    "RuntimeSnapshot",
    "Signal",
    "SignalStrategy",
    "Slice",
    "Strategy",
    "TickSlippage",
    "TieredCommission",
    "VolatilityScaled",
    "VolatilityTarget",
    "backtest",
    "config_from",
    "load_bars",
    "open_run",
    "policy_from",
    "sample",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'quant' has no attribute {name!r}")
    value = getattr(import_module(_PLACES[name]), _RENAMED.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
