"""The indicators by name, for whoever declares, computes and serves them.

An ``IndicatorSpec`` joins an array function with its twin and says which columns they take and how
many rows they need. ``INDICATORS`` holds all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from quant.indicators import recursive, twins, windows
from quant.indicators.checks import FloatArray
from quant.indicators.twins import Twin

__all__ = ["INDICATORS", "IndicatorSpec"]


@dataclass(frozen=True, slots=True)
class IndicatorSpec:
    """One indicator.

    Attributes
    ----------
    name : str
        Its name, also that of the array function.
    inputs : tuple of str
        The bar fields it takes, in order; ``"field"`` stands for one the user chooses.
    compute : callable
        ``compute(*arrays, **params)``: the array function.
    twin : callable
        ``twin(**params)``: a new one-row twin. It raises ConfigError if a parameter is wrong.
    lookback : callable
        ``lookback(**params)``: rows needed before the first value, that row included. It checks
        the parameters as the twin does.

    Examples
    --------
    >>> INDICATORS["atr"].inputs, INDICATORS["atr"].lookback(n=14)
    (('high', 'low', 'close'), 15)
    """

    name: str
    inputs: tuple[str, ...]
    compute: Callable[..., FloatArray]
    twin: Callable[..., Twin]
    lookback: Callable[..., int]


def _spec(
    inputs: tuple[str, ...], compute: Callable[..., FloatArray], twin: Callable[..., Twin]
) -> IndicatorSpec:
    """A spec whose look-back is that of the twin."""

    def lookback(**params: object) -> int:
        return twin(**params).lookback

    return IndicatorSpec(compute.__name__, inputs, compute, twin, lookback)


_ALL = (
    _spec(("field",), windows.rolling_mean, twins.RollingMean),
    _spec(("field",), windows.rolling_std, twins.RollingStd),
    _spec(("field",), windows.rolling_min, twins.RollingMin),
    _spec(("field",), windows.rolling_max, twins.RollingMax),
    _spec(("field",), windows.zscore, twins.ZScore),
    _spec(("field",), recursive.ema, twins.Ema),
    _spec(("field",), recursive.rsi, twins.Rsi),
    _spec(("high", "low", "close"), recursive.atr, twins.Atr),
    _spec(("high",), windows.donchian_upper, twins.DonchianUpper),
    _spec(("low",), windows.donchian_lower, twins.DonchianLower),
    _spec(("field",), windows.vol_target, twins.VolTarget),
)

INDICATORS: Mapping[str, IndicatorSpec] = MappingProxyType({spec.name: spec for spec in _ALL})
