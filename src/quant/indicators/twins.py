"""One-row-at-a-time twins of the array functions.

A twin is made with the parameters of its array function and fed one row per call. It returns what
the array function gives for that row, the same bits, and follows the same rules for missing rows.
It runs as plain Python, on the functions of :mod:`~quant.indicators.arithmetic`.

*Settings* are the parameters, *memory* is what the next row depends on. ``state`` gives both as
JSON types, ``load`` takes them back into a twin made with the same settings, which then continues
as the saved one would have. A float that is not finite is written as ``None``, since JSON has none.

The trick of the windowed twins: after a missing row no output is due until the window is full
again, so a missing row simply empties the window, and a window never holds one.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from quant.errors import DataError
from quant.indicators import checks
from quant.indicators.arithmetic import (
    NAN,
    atr_step,
    ema_step,
    finite,
    rsi_step,
    simple_return,
    vol_weight,
    window_deviation,
    window_offset,
    window_score,
)

__all__ = [
    "Atr",
    "DonchianLower",
    "DonchianUpper",
    "Ema",
    "RollingMax",
    "RollingMean",
    "RollingMin",
    "RollingStd",
    "Rsi",
    "Twin",
    "VolTarget",
    "ZScore",
]


class Twin(Protocol):
    """What every twin offers."""

    @property
    def update(self) -> Callable[..., float]:
        """The value for one more row; called with one float per input column."""

    @property
    def lookback(self) -> int:
        """Rows needed before the first value, that row included."""

    def state(self) -> dict[str, object]:
        """Settings and memory as JSON types."""

    def load(self, state: Mapping[str, object]) -> None:
        """Take back what ``state`` gave."""


def _to_json(value: object) -> object:
    """The memory cell as a JSON type."""
    if isinstance(value, deque):
        return list(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _from_json(value: object, current: object) -> object:
    """The memory cell from its JSON type, of the type the twin holds now."""
    if isinstance(current, deque):
        if not isinstance(value, list | tuple):
            raise TypeError
        return deque((float(row) for row in value), maxlen=current.maxlen)
    if isinstance(current, int):
        if not isinstance(value, int):
            raise TypeError
        return value
    if value is None:
        return NAN
    if not isinstance(value, int | float):
        raise TypeError
    return float(value)


class _Resumable:
    """Saving and loading, by the names of the settings and of the memory cells."""

    __slots__ = ()
    name: ClassVar[str]
    settings: ClassVar[tuple[str, ...]] = ("n",)
    memory: ClassVar[tuple[str, ...]] = ("_rows",)

    def _identity(self) -> dict[str, object]:
        return {"name": self.name} | {key: getattr(self, key) for key in self.settings}

    def state(self) -> dict[str, object]:
        """Settings and memory as JSON types."""
        cells = {key.lstrip("_"): _to_json(getattr(self, key)) for key in self.memory}
        return self._identity() | cells

    def load(self, state: Mapping[str, object]) -> None:
        """Take back what ``state`` gave.

        Raises
        ------
        DataError
            If the state is of another indicator, of other settings or incomplete; the twin is then
            as it was.
        """
        expected = self._identity()
        found = {key: state.get(key) for key in expected}
        if found != expected:
            raise DataError(
                f"state of {self.name}: expected a state of {expected}, found one of {found}; "
                f"load it into a twin made with the settings it was saved with."
            )
        cells = {}
        for key in self.memory:
            saved = state.get(key.lstrip("_"), "nothing")
            try:
                cells[key] = _from_json(saved, getattr(self, key))
            except (TypeError, ValueError):
                raise DataError(
                    f"state of {self.name}: expected {key.lstrip('_')} as state() wrote it, "
                    f"found {saved!r}; feed the twin its rows again."
                ) from None
        for key, cell in cells.items():
            setattr(self, key, cell)


class _Windowed(_Resumable):
    """A twin that remembers its last ``n`` rows."""

    __slots__ = ("_rows", "n")
    least: ClassVar[int] = 1

    def __init__(self, n: int) -> None:
        self.n = checks.window(self.name, n, self.least)
        self._rows: deque[float] = deque(maxlen=self.n)

    @property
    def lookback(self) -> int:
        """Rows needed before the first value, that row included."""
        return self.n

    def _is_full(self, value: float) -> bool:
        """Take one more row; whether the window is full after it."""
        if not math.isfinite(value):
            self._rows.clear()
            return False
        self._rows.append(float(value))
        return len(self._rows) == self.n


class RollingMean(_Windowed):
    """Twin of :func:`~quant.indicators.windows.rolling_mean`.

    Examples
    --------
    >>> twin = RollingMean(2)
    >>> [twin.update(value) for value in (1.0, 3.0, 6.0)]
    [nan, 2.0, 4.5]
    >>> twin.state()
    {'name': 'rolling_mean', 'n': 2, 'rows': [3.0, 6.0]}
    """

    __slots__ = ()
    name = "rolling_mean"

    def update(self, value: float) -> float:
        """The mean for one more row."""
        if not self._is_full(value):
            return NAN
        window = list(self._rows)
        return finite(window[0] + window_offset(window))


class RollingStd(_Windowed):
    """Twin of :func:`~quant.indicators.windows.rolling_std`."""

    __slots__ = ("ddof",)
    name = "rolling_std"
    settings = ("n", "ddof")

    def __init__(self, n: int, ddof: int = 1) -> None:
        super().__init__(n)
        self.ddof = checks.degrees(self.name, ddof, self.n)

    def update(self, value: float) -> float:
        """The standard deviation for one more row."""
        if not self._is_full(value):
            return NAN
        window = list(self._rows)
        return finite(window_deviation(window, window_offset(window), self.ddof))


class ZScore(RollingStd):
    """Twin of :func:`~quant.indicators.windows.zscore`."""

    __slots__ = ()
    name = "zscore"
    least = 2

    def update(self, value: float) -> float:
        """The score for one more row."""
        if not self._is_full(value):
            return NAN
        window = list(self._rows)
        offset = window_offset(window)
        return window_score(window, offset, window_deviation(window, offset, self.ddof))


class RollingMin(_Windowed):
    """Twin of :func:`~quant.indicators.windows.rolling_min`."""

    __slots__ = ()
    name = "rolling_min"

    def update(self, value: float) -> float:
        """The minimum for one more row."""
        # Newest first: of 0.0 and -0.0, which are equal, the newest is given.
        return min(reversed(self._rows)) if self._is_full(value) else NAN


class RollingMax(_Windowed):
    """Twin of :func:`~quant.indicators.windows.rolling_max`."""

    __slots__ = ()
    name = "rolling_max"

    def update(self, value: float) -> float:
        """The maximum for one more row."""
        return max(reversed(self._rows)) if self._is_full(value) else NAN


class DonchianUpper(RollingMax):
    """Twin of :func:`~quant.indicators.windows.donchian_upper`; its rows are highs."""

    __slots__ = ()
    name = "donchian_upper"


class DonchianLower(RollingMin):
    """Twin of :func:`~quant.indicators.windows.donchian_lower`; its rows are lows."""

    __slots__ = ()
    name = "donchian_lower"


class VolTarget(_Windowed):
    """Twin of :func:`~quant.indicators.windows.vol_target`; its window holds returns."""

    __slots__ = ("_periods_root", "_previous", "max_leverage", "periods_per_year", "target")
    name = "vol_target"
    least = 2
    settings = ("n", "target", "periods_per_year", "max_leverage")
    memory = ("_rows", "_previous")

    def __init__(
        self, n: int, *, target: float, periods_per_year: float, max_leverage: float = 1.0
    ) -> None:
        super().__init__(n)
        self.target = checks.positive(self.name, "target", target)
        self.periods_per_year = checks.positive(self.name, "periods_per_year", periods_per_year)
        self.max_leverage = checks.positive(self.name, "max_leverage", max_leverage)
        self._periods_root = math.sqrt(self.periods_per_year)
        self._previous = NAN

    @property
    def lookback(self) -> int:
        """Rows needed before the first value, that row included."""
        return self.n + 1

    def update(self, value: float) -> float:
        """The weight for one more row."""
        value = float(value)
        change = simple_return(self._previous, value)
        self._previous = value
        if not self._is_full(change):
            return NAN
        window = list(self._rows)
        vol = window_deviation(window, window_offset(window), 1) * self._periods_root
        return vol_weight(vol, self.target, self.max_leverage)


class Ema(_Resumable):
    """Twin of :func:`~quant.indicators.recursive.ema`."""

    __slots__ = ("_alpha", "_first", "_level", "_seen", "n")
    name = "ema"
    memory = ("_seen", "_first", "_level")

    def __init__(self, n: int) -> None:
        self.n = checks.window(self.name, n)
        self._alpha = 2.0 / (self.n + 1)
        self._seen = 0
        self._first = NAN
        self._level = 0.0

    @property
    def lookback(self) -> int:
        """Rows needed before the first value, that row included."""
        return self.n

    def update(self, value: float) -> float:
        """The average for one more row."""
        self._seen, self._first, self._level, out = ema_step(
            float(value), self.n, self._alpha, self._seen, self._first, self._level
        )
        return out


class Rsi(_Resumable):
    """Twin of :func:`~quant.indicators.recursive.rsi`."""

    __slots__ = ("_gain", "_loss", "_previous", "_seen", "n")
    name = "rsi"
    memory = ("_seen", "_previous", "_gain", "_loss")

    def __init__(self, n: int) -> None:
        self.n = checks.window(self.name, n)
        self._seen = 0
        self._previous = NAN
        self._gain = 0.0
        self._loss = 0.0

    @property
    def lookback(self) -> int:
        """Rows needed before the first value, that row included."""
        return self.n + 1

    def update(self, value: float) -> float:
        """The index for one more row."""
        self._seen, self._previous, self._gain, self._loss, out = rsi_step(
            float(value), self.n, self._seen, self._previous, self._gain, self._loss
        )
        return out


class Atr(_Resumable):
    """Twin of :func:`~quant.indicators.recursive.atr`."""

    __slots__ = ("_level", "_previous", "_seen", "n")
    name = "atr"
    memory = ("_seen", "_previous", "_level")

    def __init__(self, n: int) -> None:
        self.n = checks.window(self.name, n)
        self._seen = 0
        self._previous = NAN
        self._level = 0.0

    @property
    def lookback(self) -> int:
        """Rows needed before the first value, that row included."""
        return self.n + 1

    def update(self, high: float, low: float, close: float) -> float:
        """The average true range for one more bar."""
        self._seen, self._previous, self._level, out = atr_step(
            float(high), float(low), float(close), self.n, self._seen, self._previous, self._level
        )
        return out
