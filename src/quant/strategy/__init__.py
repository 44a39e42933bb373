"""What users import to write a strategy."""

from quant.strategy.base import Strategy
from quant.strategy.context import Context, Order
from quant.strategy.features import Feature, FeaturePanel
from quant.strategy.market import Bar, Slice
from quant.strategy.portfolio import Portfolio, Position

__all__ = [
    "Bar",
    "Context",
    "Feature",
    "FeaturePanel",
    "Order",
    "Portfolio",
    "Position",
    "Slice",
    "Strategy",
]
