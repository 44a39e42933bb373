"""What a strategy sees of the market: one bar, one slice, and history up to now.

A `Bar` is a row number with names for its fields: making one costs as much as a small object, and
reading a field one index. Arrays handed out are copies; none has a base that reaches past now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.errors import ConfigError, DataError, LookAheadError, OrderError, SchemaError, nearest
from quant.kernel.layout import State, word_of
from quant.lake import Bars
from quant.model.events import as_datetime
from quant.strategy.views import SIM_NOW, StateViews, record_words, words

__all__ = ["Bar", "DataView", "Slice", "bar_class", "symbol_index"]

FloatArray = NDArray[np.float64]
_BAR = record_words("bars")
_INSTRUMENT = record_words("instruments")
_SEEN = word_of("instruments", "seen")


class Bar:
    """A bar that has ended.

    Attributes
    ----------
    symbol : str
    tf : str
        Length: ``1d``, ``1h``, ``5min`` …
    open, high, low, close, volume : float
        Volume is NaN where the data has none.
    ts_open, ts_close : int
        Nanoseconds UTC; the bar became knowable at ``ts_close``.
    ts : int
        The same as ``ts_close``.
    """

    __slots__ = ("_row",)

    symbol: str
    tf: str
    open: float
    high: float
    low: float
    close: float
    volume: float
    ts_open: int
    ts_close: int

    def __init__(self, row: int) -> None:
        self._row = row

    @property
    def ts(self) -> int:
        """When the bar became knowable, nanoseconds UTC."""
        return self.ts_close

    @property
    def time(self) -> datetime:
        """When the bar became knowable, as a UTC datetime."""
        return as_datetime(self.ts_close)

    def __repr__(self) -> str:
        return (
            f"Bar({self.symbol} {self.time:%Y-%m-%d %H:%M} open={self.open} high={self.high} "
            f"low={self.low} close={self.close} volume={self.volume})"
        )


def bar_length(step_ns: int) -> str:
    """A bar's length as the data options spell it.

    Examples
    --------
    >>> bar_length(0), bar_length(300_000_000_000), bar_length(3_600_000_000_000)
    ('1d', '5min', '1h')
    """
    if step_ns == 0:
        return "1d"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(step_ns, size * 1_000_000_000)
        if rest == 0:
            return f"{count}{unit}"
    return f"{step_ns}ns"


def _lengths(state: State, n: int) -> list[str]:
    """The usual bar length of every instrument."""
    rows = state["bars"]
    found = []
    for i in range(n):
        own = rows[rows["instrument"] == i]
        steps, counts = np.unique(own["ts_close"] - own["ts_open"], return_counts=True)
        found.append(bar_length(int(steps[int(np.argmax(counts))])) if len(steps) else "")
    return found


def bar_class(state: State, symbols: tuple[str, ...], *, is_dated: bool) -> type[Bar]:
    """The kind of `Bar` that reads this run's market data."""
    ints, floats = words(state, "bars")

    def number(name: str) -> property:
        place = word_of("bars", name)
        return property(lambda self: floats[self._row * _BAR + place])

    def instant(name: str) -> property:
        place = word_of("bars", name)
        return property(lambda self: ints[self._row * _BAR + place])

    instrument = word_of("bars", "instrument")
    fields: dict[str, Any] = {n: number(n) for n in ("open", "high", "low", "close", "volume")}
    fields |= {n: instant(n) for n in ("ts_open", "ts_close")}
    lengths = [bar_length(0)] * len(symbols) if is_dated else []

    def length(bar: Bar) -> str:
        if not lengths:
            lengths.extend(_lengths(state, len(symbols)))
        return lengths[ints[bar._row * _BAR + instrument]]

    fields["tf"] = property(length)
    fields["symbol"] = property(lambda self: symbols[ints[self._row * _BAR + instrument]])
    return type("Bar", (Bar,), {"__slots__": (), **fields})


def symbol_index(symbols: tuple[str, ...], lookup: dict[str, int], symbol: object) -> int:
    """The place of a symbol, or an OrderError that names the nearest."""
    try:
        return lookup[symbol]  # type: ignore[index]
    except (KeyError, TypeError):
        shown = ", ".join(symbols[:8]) + (", …" if len(symbols) > 8 else "")
        raise OrderError(
            f"symbol: expected one of the data's ({shown}), found {symbol!r}; "
            f"correct it.{nearest(str(symbol), symbols)}"
        ) from None


class Slice:
    """All instruments at one timestamp, in order of symbols.

    It is valid while its hook runs; the arrays it gives are copies and may be kept.

    Attributes
    ----------
    symbols : tuple of str
    ts : int
        Nanoseconds UTC.
    open, high, low, close, volume : float64 arrays of shape (n_symbols,)
        Last known values, NaN before an instrument's first bar. Copies.
    fresh : bool array of shape (n_symbols,)
        Whose bar ended just now.
    """

    __slots__ = ("_columns", "_instruments", "_rows", "_sim", "_starts", "symbols", "ts")

    def __init__(
        self,
        ts: int,
        symbols: tuple[str, ...],
        instruments: NDArray[np.void],
        columns: Mapping[str, FloatArray],
        starts: NDArray[np.int64],
        sim: memoryview[int],
    ) -> None:
        self.ts = ts
        self._sim = sim
        self.symbols = symbols
        self._instruments = instruments
        self._columns = columns
        self._starts = starts
        self._rows: NDArray[np.int64] | None = None

    def field(self, name: str) -> FloatArray:
        """Last known values of any column of the data, shape (n_symbols,)."""
        self._check_current()
        if self._rows is None:
            self._rows = self._starts + self._instruments["seen"] - 1
        values = _column_of(self._columns, name, "slice.field")[self._rows]
        unseen = self._rows < self._starts
        if unseen.any():
            values[unseen] = np.nan
        return values

    def _check_current(self) -> None:
        """A slice shows the market of now: kept for later it would show a later one."""
        if self._sim[SIM_NOW] != self.ts:
            raise DataError(
                f"Slice of {self.time:%Y-%m-%d %H:%M}: expected to be read while it is current, "
                f"found {as_datetime(self._sim[SIM_NOW]):%Y-%m-%d %H:%M}; keep the arrays you "
                "need, not the slice."
            )

    @property
    def open(self) -> FloatArray:
        """Last known opens."""
        return self.field("open")

    @property
    def high(self) -> FloatArray:
        """Last known highs."""
        return self.field("high")

    @property
    def low(self) -> FloatArray:
        """Last known lows."""
        return self.field("low")

    @property
    def close(self) -> FloatArray:
        """Last known closes."""
        return self.field("close")

    @property
    def volume(self) -> FloatArray:
        """Last known volumes."""
        return self.field("volume")

    @property
    def fresh(self) -> NDArray[np.bool_]:
        """Whose bar ended just now."""
        self._check_current()
        return np.asarray(self._instruments["mark_ts"] == self.ts)

    @property
    def time(self) -> datetime:
        """The timestamp as a UTC datetime."""
        return as_datetime(self.ts)


class DataView:
    """History up to now, as ``ctx.data``."""

    def __init__(self, bars: Bars, views: StateViews, now: Any) -> None:
        self._bars = bars
        self._views = views
        self._now = now
        self._lookup = {symbol: i for i, symbol in enumerate(bars.symbols)}
        self._offsets = bars.offsets.tolist()

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns that can be asked for."""
        return tuple(self._bars.columns)

    def get(
        self,
        symbol: str | Sequence[str],
        fields: str | Sequence[str] = "close",
        lookback: int = 1,
        at: datetime | date | str | None = None,
        fill: str = "last",
    ) -> FloatArray:
        """The last bars that have ended by now (or by ``at``).

        Parameters
        ----------
        symbol : str or sequence of str
            A sequence gives one array aligned on the ends of all its bars.
        fields : str or sequence of str
            Columns of the data.
        lookback : int
            Most rows to return; fewer exist at the beginning.
        at : datetime, date or ISO text, optional
            An earlier moment to look from.
        fill : "last" or "nan"
            With several symbols: what stands where one of them has no bar.

        Returns
        -------
        float64 array
            Shape (n,) for one symbol and one field, (n, fields) for several fields,
            (n, symbols) and (n, symbols, fields) for several symbols. Oldest first; a copy.

        Raises
        ------
        LookAheadError
            If ``at`` lies after now.
        SchemaError
            If the data has no such column.
        OrderError
            If the data has no such symbol.
        """
        _check_lookback("ctx.data.get", lookback)
        moment = None if at is None else self._moment(at)
        if isinstance(symbol, str):
            low, high = self._range(symbol, lookback, moment)
            return self._block(fields, slice(low, high))
        return self._aligned(list(symbol), fields, lookback, moment, fill)

    def times(self, symbol: str, lookback: int = 1) -> NDArray[np.int64]:
        """Ends of the same bars, nanoseconds UTC; shape (n,)."""
        _check_lookback("ctx.data.times", lookback)
        low, high = self._range(symbol, lookback, None)
        return self._bars.ts_close[low:high].copy()

    def _range(self, symbol: str, lookback: int, moment: int | None) -> tuple[int, int]:
        i = symbol_index(self._bars.symbols, self._lookup, symbol)
        start = self._offsets[i]
        high = start + self._views.instrument_q[i * _INSTRUMENT + _SEEN]
        if moment is not None:
            ends = self._bars.ts_close[start:high]
            high = start + int(np.searchsorted(ends, moment, side="right"))
        return max(start, high - lookback), high

    def _column(self, field: str) -> FloatArray:
        return _column_of(self._bars.columns, field, "ctx.data.get")

    def _block(self, fields: str | Sequence[str], rows: Any) -> FloatArray:
        """Copies, so that no view reaches past now."""
        if isinstance(fields, str) or not isinstance(fields, Sequence):
            column: FloatArray = self._column(fields)[rows].copy()
            return column
        return np.stack([self._column(field)[rows] for field in fields], axis=-1)

    def _aligned(
        self,
        symbols: list[str],
        fields: str | Sequence[str],
        lookback: int,
        moment: int | None,
        fill: str,
    ) -> FloatArray:
        if fill not in ("last", "nan"):
            raise ConfigError(f"ctx.data.get: expected fill 'last' or 'nan', found {fill!r}.")
        ranges = [self._range(symbol, lookback, moment) for symbol in symbols]
        ends = [self._bars.ts_close[low:high] for low, high in ranges]
        moments = np.unique(np.concatenate(ends))[-lookback:] if ends else np.zeros(0, np.int64)
        parts = []
        for symbol, (_, high) in zip(symbols, ranges, strict=True):
            start = self._offsets[self._lookup[symbol]]
            own = self._bars.ts_close[start:high]
            place = np.searchsorted(own, moments, side="right") - 1
            block = self._block(fields, start + np.maximum(place, 0)) if len(own) else None
            shape = () if isinstance(fields, str) else (len(fields),)
            if block is None:
                block = np.full((len(moments), *shape), np.nan)
            missing = place < 0
            if fill == "nan" and len(own):
                missing |= own[np.maximum(place, 0)] != moments
            block[missing] = np.nan
            parts.append(block)
        return np.stack(parts, axis=1) if parts else np.zeros((0, 0))

    def _moment(self, at: datetime | date | str) -> int:
        """``at`` as nanoseconds, never later than now; a date means the end of that day."""
        moment = _nanoseconds(at)
        now: int = self._now()
        if isinstance(moment, date):
            days = (moment - date(1970, 1, 1)).days
            calendar = self._bars.calendar
            session = calendar.index_at_or_after(days)
            if calendar.days[session] > days:
                session -= 1
            if session < 0:  # before the calendar begins nothing was known
                return int(calendar.opens[0]) - 1
            begin, end = int(calendar.opens[session]), int(calendar.closes[session])
            if begin > now:
                raise _too_late(at, now)
            return min(end, now)
        if moment > now:
            raise _too_late(at, now)
        return moment


def _column_of(columns: Mapping[str, FloatArray], field: str, where: str) -> FloatArray:
    """A column, or a SchemaError that names the nearest."""
    try:
        return columns[field]
    except (KeyError, TypeError):
        known = tuple(columns)
        raise SchemaError(
            f"{where}: expected a column of the data ({', '.join(known)}), found {field!r}; "
            f"correct it.{nearest(str(field), known)}"
        ) from None


def _check_lookback(where: str, lookback: object) -> None:
    """Raise unless it is a whole number of bars, at least one."""
    if not isinstance(lookback, int | np.integer) or lookback < 1:
        raise ConfigError(
            f"{where}: expected lookback to be a whole number of 1 or more, found {lookback!r}; "
            "change it."
        )


def _too_late(at: object, now: int) -> LookAheadError:
    return LookAheadError(
        f"ctx.data.get: expected at no later than now ({as_datetime(now).isoformat()}), found "
        f"{at}; ask for the past."
    )


def _nanoseconds(at: datetime | date | str) -> int | date:
    if isinstance(at, str):
        try:
            at = date.fromisoformat(at) if len(at) == 10 else datetime.fromisoformat(at)
        except ValueError:
            raise ConfigError(
                f"ctx.data.get: expected an ISO time such as 2020-01-02T15:00Z, found {at!r}."
            ) from None
    if not isinstance(at, date):
        raise ConfigError(
            f"ctx.data.get: expected at as a datetime, a date or ISO text, found {at!r}; change it."
        )
    if not isinstance(at, datetime):
        return at
    if at.tzinfo is None:
        raise ConfigError(f"ctx.data.get: expected a time with a zone, found {at}; add one.")
    whole = int(at.replace(microsecond=0).timestamp())
    return whole * 1_000_000_000 + at.microsecond * 1000
