"""Indicators over float64 columns, each as an array function and as a one-row-at-a-time twin.

The array functions are compiled; the twins are plain Python and give the same bits row by row, so
a strategy sees the same number in a backtest and on a live feed. Windowed indicators
(:mod:`~quant.indicators.windows`) do not depend on where the series starts; recursive ones
(:mod:`~quant.indicators.recursive`) state how they do. :data:`INDICATORS` holds all by name.
"""

from quant.indicators.recursive import atr, ema, rsi
from quant.indicators.registry import INDICATORS, IndicatorSpec
from quant.indicators.twins import Twin
from quant.indicators.windows import (
    donchian_lower,
    donchian_upper,
    rolling_max,
    rolling_mean,
    rolling_min,
    rolling_std,
    vol_target,
    zscore,
)

__all__ = [
    "INDICATORS",
    "IndicatorSpec",
    "Twin",
    "atr",
    "donchian_lower",
    "donchian_upper",
    "ema",
    "rolling_max",
    "rolling_mean",
    "rolling_min",
    "rolling_std",
    "rsi",
    "vol_target",
    "zscore",
]
