"""Indicators as strategies use them: declared once, computed compiled, served as of now.

``ctx.features.rolling_mean("SPY", "close", 20)`` in ``on_start`` computes the whole series in one
compiled pass and gives back a `Feature` that shows only what has been seen. A list of symbols gives
a `FeaturePanel`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.errors import ConfigError, LookAheadError, SchemaError, nearest
from quant.kernel.layout import word_of
from quant.lake import Bars
from quant.strategy.market import symbol_index
from quant.strategy.views import StateViews, record_words

__all__ = ["Feature", "FeaturePanel", "Features"]

FloatArray = NDArray[np.float64]
_INSTRUMENT = record_words("instruments")
_SEEN = word_of("instruments", "seen")


class Feature:
    """One indicator of one symbol, as of now.

    It compares, calculates and converts like its current value, so ``if fast > slow`` and
    ``bar.close - mean`` read as they should; NaN (before enough bars) compares false.

    Attributes
    ----------
    name : str
        For example ``rolling_mean(SPY close, n=20)``.
    lookback : int
        Bars needed before the first value.
    """

    __slots__ = ("_instruments", "_seen_at", "_values", "lookback", "name")

    def __init__(
        self, name: str, values: FloatArray, instruments: memoryview[int], i: int, n: int
    ) -> None:
        self.name = name
        self.lookback = n
        # one NaN in front: the count of bars seen is then the place of the current value
        column: Any = np.concatenate([[np.nan], values])
        self._values: memoryview[float] = memoryview(column)
        self._instruments = instruments
        self._seen_at = i * _INSTRUMENT + _SEEN

    @property
    def value(self) -> float:
        """The value at the last bar that has ended; NaN before there are enough."""
        return self._values[self._instruments[self._seen_at]]

    @property
    def is_ready(self) -> bool:
        """Whether there is a value."""
        value = self.value
        return value == value

    def __getitem__(self, back: int) -> float:
        """The value some bars ago: ``feature[-1]`` is the current one, ``[-2]`` the one before."""
        if back >= 0:
            raise LookAheadError(
                f"{self.name}: expected a negative index counted back from now, found {back}."
            )
        place = self._instruments[self._seen_at] + back + 1
        return self._values[place] if place >= 0 else float("nan")

    def __float__(self) -> float:
        return self.value

    def __lt__(self, other: float | Feature) -> bool:
        value = self._values[self._instruments[self._seen_at]]
        if isinstance(other, Feature):
            return value < other._values[other._instruments[other._seen_at]]
        return value < other

    def __gt__(self, other: float | Feature) -> bool:
        value = self._values[self._instruments[self._seen_at]]
        if isinstance(other, Feature):
            return value > other._values[other._instruments[other._seen_at]]
        return value > other

    def __le__(self, other: float | Feature) -> bool:
        return self.value <= float(other)

    def __ge__(self, other: float | Feature) -> bool:
        return self.value >= float(other)

    def __add__(self, other: float | Feature) -> float:
        return self.value + float(other)

    def __sub__(self, other: float | Feature) -> float:
        return self.value - float(other)

    def __mul__(self, other: float | Feature) -> float:
        return self.value * float(other)

    def __truediv__(self, other: float | Feature) -> float:
        return self.value / float(other)

    def __radd__(self, other: float) -> float:
        return other + self.value

    def __rsub__(self, other: float) -> float:
        return other - self.value

    def __rmul__(self, other: float) -> float:
        return other * self.value

    def __rtruediv__(self, other: float) -> float:
        return other / self.value

    def __neg__(self) -> float:
        return -self.value

    def __abs__(self) -> float:
        return abs(self.value)

    def __repr__(self) -> str:
        return f"<{self.name} = {self.value}>"


class FeaturePanel:
    """One indicator of several symbols, as of now; ``value`` is an array in their order."""

    __slots__ = ("_features", "name", "symbols")

    def __init__(self, name: str, symbols: tuple[str, ...], features: list[Feature]) -> None:
        self.name = name
        self.symbols = symbols
        self._features = features

    @property
    def value(self) -> FloatArray:
        """Current values, shape (n_symbols,); NaN where a symbol has too few bars."""
        return np.array([feature.value for feature in self._features])

    def __getitem__(self, symbol: str) -> Feature:
        """The feature of one symbol."""
        place = {one: i for i, one in enumerate(self.symbols)}
        return self._features[symbol_index(self.symbols, place, symbol)]


class Features:
    """``ctx.features``: one method per indicator, all to be called in ``on_start``.

    ``symbol`` may be a list, which gives a `FeaturePanel`. Windows count a symbol's own bars.
    """

    def __init__(self, bars: Bars, views: StateViews) -> None:
        self._bars = bars
        self._views = views
        self._lookup = {symbol: i for i, symbol in enumerate(bars.symbols)}
        self.lookbacks: dict[int, int] = {}
        self.names: list[str] = []
        self.is_open = True

    def rolling_mean(self, symbol: Any, field: str, n: int) -> Any:
        """Mean of the last ``n`` values."""
        return self._declare("rolling_mean", symbol, field, n=n)

    def rolling_std(self, symbol: Any, field: str, n: int, ddof: int = 1) -> Any:
        """Standard deviation of the last ``n`` values."""
        return self._declare("rolling_std", symbol, field, n=n, ddof=ddof)

    def rolling_min(self, symbol: Any, field: str, n: int) -> Any:
        """Least of the last ``n`` values."""
        return self._declare("rolling_min", symbol, field, n=n)

    def rolling_max(self, symbol: Any, field: str, n: int) -> Any:
        """Greatest of the last ``n`` values."""
        return self._declare("rolling_max", symbol, field, n=n)

    def zscore(self, symbol: Any, field: str, n: int, ddof: int = 1) -> Any:
        """Distance of the last value from the mean of ``n``, in standard deviations."""
        return self._declare("zscore", symbol, field, n=n, ddof=ddof)

    def ema(self, symbol: Any, field: str, n: int) -> Any:
        """Exponential mean, alpha 2 / (n + 1), begun with the mean of the first ``n`` values."""
        return self._declare("ema", symbol, field, n=n)

    def rsi(self, symbol: Any, field: str = "close", n: int = 14) -> Any:
        """Wilder's relative strength index, 0 to 100."""
        return self._declare("rsi", symbol, field, n=n)

    def atr(self, symbol: Any, n: int = 14) -> Any:
        """Wilder's average true range, in price."""
        return self._declare("atr", symbol, None, n=n)

    def donchian_upper(self, symbol: Any, n: int) -> Any:
        """Highest high of the last ``n`` bars, this one included; ``[-2]`` excludes it."""
        return self._declare("donchian_upper", symbol, None, n=n)

    def donchian_lower(self, symbol: Any, n: int) -> Any:
        """Lowest low of the last ``n`` bars, this one included; ``[-2]`` excludes it."""
        return self._declare("donchian_lower", symbol, None, n=n)

    def vol_target(
        self,
        symbol: Any,
        n: int,
        target: float,
        field: str = "close",
        max_leverage: float = 1.0,
        periods_per_year: float | None = None,
    ) -> Any:
        """Weight that brings annual volatility to ``target``, by that of the last ``n`` returns.

        ``periods_per_year`` counts bars; by default that of the calendar, for daily bars.
        """
        if periods_per_year is None:
            if not self._bars.is_dated:
                raise ConfigError(
                    "ctx.features.vol_target: expected periods_per_year for intraday bars, found "
                    "none; give the number of bars in a year."
                )
            periods_per_year = float(self._bars.calendar.periods_per_year)
        return self._declare(
            "vol_target",
            symbol,
            field,
            n=n,
            target=target,
            periods_per_year=periods_per_year,
            max_leverage=max_leverage,
        )

    def _declare(self, kind: str, symbol: Any, field: str | None, **params: Any) -> Any:
        if not self.is_open:
            raise ConfigError(
                f"ctx.features.{kind}: expected in on_start, found later; declare it there."
            )
        if isinstance(symbol, str):
            return self._one(kind, symbol, field, params)
        if not isinstance(symbol, Sequence):
            raise ConfigError(
                f"ctx.features.{kind}: expected a symbol or a list, found {symbol!r}."
            )
        features = [self._one(kind, one, field, params) for one in symbol]
        return FeaturePanel(kind, tuple(symbol), features)

    def _one(self, kind: str, symbol: str, field: str | None, params: dict[str, Any]) -> Feature:
        from quant.indicators import INDICATORS

        spec = INDICATORS[kind]
        i = symbol_index(self._bars.symbols, self._lookup, symbol)
        start, stop = int(self._bars.offsets[i]), int(self._bars.offsets[i + 1])
        lookback = spec.lookback(**params)
        inputs = [
            self._column(kind, field if name in ("field", "value") else name)
            for name in spec.inputs
        ]
        values = spec.compute(*(column[start:stop] for column in inputs), **params)
        self.lookbacks[i] = max(self.lookbacks.get(i, 0), lookback)
        shown = ", ".join(f"{name}={value}" for name, value in params.items())
        name = f"{kind}({symbol}{' ' + field if field else ''}, {shown})"
        self.names.append(name)
        return Feature(name, values, self._views.instrument_q, i, lookback)

    def _column(self, kind: str, field: str | None) -> FloatArray:
        try:
            return self._bars.columns[field]  # type: ignore[index]
        except KeyError:
            known = tuple(self._bars.columns)
            raise SchemaError(
                f"ctx.features.{kind}: expected a column of the data ({', '.join(known)}), found "
                f"{field!r}; correct it.{nearest(str(field), known)}"
            ) from None
