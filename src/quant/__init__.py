"""quant: one trading simulator. Write a strategy once; run it on history, on paper, at a broker.

All that users need is here and loads on first use: ``import quant as qt`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from quant.engine.backtest import backtest
    from quant.engine.declarative import from_orders, from_weights
    from quant.engine.folder import find_run as open_run
    from quant.engine.lookahead.audit import audit_lookahead
    from quant.engine.lookahead.verdict import LookAheadAudit
    from quant.engine.proof import compute_proof_metrics
    from quant.engine.run import Run
    from quant.engine.signal import Holdings, PlannedOrders, orders_at
    from quant.engine.signal_arrays import from_signals
    from quant.lake import Bars, DataOptions, load_bars
    from quant.lake import find_sample as sample
    from quant.model.config import (
        Borrow,
        CashAccount,
        CashFlow,
        Config,
        ConstantLatency,
        Conversion,
        Execution,
        ExponentialLatency,
        GrossLeverage,
        InstrumentSettings,
        Interest,
        MarginAccount,
        MarginCall,
        NetLeverage,
        NoImpact,
        PerOrderCommission,
        PerShareCommission,
        RangeSlippage,
        Rate,
        RateCommission,
        RateSlippage,
        RepeatedCashFlow,
        RiskLimits,
        ScheduleCommission,
        SpreadSlippage,
        SquareRootImpact,
        TickSlippage,
        TieredCommission,
        UniformLatency,
        UnlimitedAccount,
        VolumeShareSlippage,
    )
    from quant.model.events import Clock, Fill, OrderUpdate
    from quant.model.parse import config_from
    from quant.report.from_frames import compute_backtest_metrics
    from quant.report.proof import (
        BacktestMetricsV2,
        DrawdownMetrics,
        EntryFrictionMetrics,
        ExposureMetrics,
        LiquidationProximityMetrics,
        MarginStressMetrics,
        PerformanceMetrics,
        RiskAdjustedMetrics,
        TradeQualityMetrics,
    )
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
    from quant.strategy.context import Context
    from quant.strategy.helpers import Breakout, MovingAverageCross, PairTrade, VolatilityTarget
    from quant.strategy.market import Bar, Slice
    from quant.strategy.orders import OneCancelsOther, Order
    from quant.strategy.signals import RuntimeSnapshot, SignalStrategy

_CONFIG = "quant.model.config"
_PROOF = "quant.report.proof"
_RISK = "quant.risk"
_PLACES = {
    "BacktestMetricsV2": _PROOF,
    "Bar": "quant.strategy.market",
    "Bars": "quant.lake",
    "Breakout": "quant.strategy.helpers",
    "CashAccount": _CONFIG,
    "CashFlow": _CONFIG,
    "Clock": "quant.model.events",
    "Config": _CONFIG,
    "ConstantLatency": _CONFIG,
    "Context": "quant.strategy.context",
    "DataOptions": "quant.lake",
    "DrawdownMetrics": _PROOF,
    "EntryFrictionMetrics": _PROOF,
    "EquityFraction": _RISK,
    "Execution": _CONFIG,
    "ExponentialLatency": _CONFIG,
    "ExposureMetrics": _PROOF,
    "Fill": "quant.model.events",
    "FixedMoney": _RISK,
    "Conversion": _CONFIG,
    "GrossLeverage": _CONFIG,
    "Rate": _CONFIG,
    "UnlimitedAccount": _CONFIG,
    "NetLeverage": _CONFIG,
    "MarginCall": _CONFIG,
    "MarginAccount": _CONFIG,
    "Interest": _CONFIG,
    "Borrow": _CONFIG,
    "Holdings": "quant.engine.signal",
    "InstrumentSettings": _CONFIG,
    "LiquidationProximityMetrics": _PROOF,
    "LookAheadAudit": "quant.engine.lookahead.verdict",
    "MarginStressMetrics": _PROOF,
    "MovingAverageCross": "quant.strategy.helpers",
    "OneCancelsOther": "quant.strategy.orders",
    "Order": "quant.strategy.orders",
    "OrderUpdate": "quant.model.events",
    "PairTrade": "quant.strategy.helpers",
    "NoImpact": _CONFIG,
    "SpreadSlippage": _CONFIG,
    "SquareRootImpact": _CONFIG,
    "VolumeShareSlippage": _CONFIG,
    "PerOrderCommission": _CONFIG,
    "PerShareCommission": _CONFIG,
    "PerformanceMetrics": _PROOF,
    "PlannedOrders": "quant.engine.signal",
    "PortfolioSnapshot": _RISK,
    "RangeSlippage": _CONFIG,
    "RateCommission": _CONFIG,
    "RateSlippage": _CONFIG,
    "ScheduleCommission": _CONFIG,
    "RepeatedCashFlow": _CONFIG,
    "RiskAdjustedMetrics": _PROOF,
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
    "UniformLatency": _CONFIG,
    "TradeQualityMetrics": _PROOF,
    "VolatilityScaled": _RISK,
    "VolatilityTarget": "quant.strategy.helpers",
    "audit_lookahead": "quant.engine.lookahead.audit",
    "backtest": "quant.engine.backtest",
    "compute_backtest_metrics": "quant.report.from_frames",
    "compute_proof_metrics": "quant.engine.proof",
    "config_from": "quant.model.parse",
    "from_orders": "quant.engine.declarative",
    "from_signals": "quant.engine.signal_arrays",
    "from_weights": "quant.engine.declarative",
    "load_bars": "quant.lake",
    "open_run": "quant.engine.folder",
    "orders_at": "quant.engine.signal",
    "policy_from": _RISK,
    "sample": "quant.lake",
}
_RENAMED = {"open_run": "find_run", "sample": "find_sample"}

__all__ = [
    "BacktestMetricsV2",
    "Bar",
    "Bars",
    "Breakout",
    "CashAccount",
    "CashFlow",
    "Clock",
    "Config",
    "ConstantLatency",
    "Context",
    "DataOptions",
    "DrawdownMetrics",
    "EntryFrictionMetrics",
    "EquityFraction",
    "Execution",
    "ExponentialLatency",
    "ExposureMetrics",
    "Fill",
    "FixedMoney",
    "Conversion",
    "GrossLeverage",
    "Rate",
    "UnlimitedAccount",
    "NetLeverage",
    "MarginCall",
    "MarginAccount",
    "Interest",
    "Borrow",
    "Holdings",
    "InstrumentSettings",
    "LiquidationProximityMetrics",
    "LookAheadAudit",
    "MarginStressMetrics",
    "MovingAverageCross",
    "NoImpact",
    "OneCancelsOther",
    "Order",
    "OrderUpdate",
    "PairTrade",
    "PerOrderCommission",
    "PerShareCommission",
    "PerformanceMetrics",
    "PlannedOrders",
    "PortfolioSnapshot",
    "RangeSlippage",
    "RateCommission",
    "RateSlippage",
    "ScheduleCommission",
    "RepeatedCashFlow",
    "RiskAdjustedMetrics",
    "RiskDecision",
    "RiskLimits",
    "RiskPolicy",
    "Run",
    "RuntimeSnapshot",
    "Signal",
    "SignalStrategy",
    "SpreadSlippage",
    "SquareRootImpact",
    "Slice",
    "Strategy",
    "TickSlippage",
    "TieredCommission",
    "TradeQualityMetrics",
    "UniformLatency",
    "VolatilityScaled",
    "VolatilityTarget",
    "VolumeShareSlippage",
    "audit_lookahead",
    "backtest",
    "compute_backtest_metrics",
    "compute_proof_metrics",
    "config_from",
    "from_orders",
    "from_signals",
    "from_weights",
    "load_bars",
    "open_run",
    "orders_at",
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
