"""What users import to write a strategy."""

from quant.strategy.base import Strategy
from quant.strategy.context import Context
from quant.strategy.feature_set import FeatureSet
from quant.strategy.features import Feature, FeaturePanel
from quant.strategy.market import Bar, Slice
from quant.strategy.orders import OneCancelsOther, Order
from quant.strategy.portfolio import Portfolio, Position
from quant.strategy.signals import RuntimeSnapshot, SignalStrategy, TimeframeSnapshot
from quant.strategy.timeframes import HigherBar

__all__ = [
    "Bar",
    "Context",
    "Feature",
    "FeaturePanel",
    "FeatureSet",
    "HigherBar",
    "OneCancelsOther",
    "Order",
    "Portfolio",
    "Position",
    "RuntimeSnapshot",
    "SignalStrategy",
    "Slice",
    "Strategy",
    "TimeframeSnapshot",
]
