"""Bars of a higher timeframe, made from the data's own as these end.

A *bucket* is the span of one higher bar. Nothing is shown of it before it is complete:

- intraday (``15min``, ``1h``, ``4h`` …): buckets are counted from midnight UTC and cut at the open
  and close of the session, so none spans two of them. One is complete at its end;
- ``1d``: one session, complete at its close. Bars outside of trading hours are left out;
- ``1w``: the sessions of one ISO week, Monday to Sunday, complete at the close of the last one the
  calendar has in it: a Thursday before Good Friday.

A bar belongs to the bucket it ends in. One that does not arrive is missing from its bucket, which
is complete all the same: time decides, not the number of bars.

The trick: opens and closes of all sessions, one after the other, are the edges of segments, and one
search among them says where a bar lies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from quant.calendars import Calendar
from quant.errors import ConfigError
from quant.model.events import as_datetime

if TYPE_CHECKING:
    from quant.indicators import Twin

__all__ = ["BarMaker", "Edges", "HigherBar", "TimeframeFeed", "timeframe_ns"]

_DAY_NS: Final = 86_400_000_000_000
_UNITS: Final = {"min": 60_000_000_000, "h": 3_600_000_000_000}
_WHOLE: Final = {"1d": _DAY_NS, "1w": 7 * _DAY_NS}


def timeframe_ns(text: object) -> int:
    """Length in nanoseconds of a higher timeframe such as ``15min``, ``4h``, ``1d`` or ``1w``.

    Raises
    ------
    ConfigError
        If it is no such length, or an intraday one that does not divide a day.

    Examples
    --------
    >>> timeframe_ns("4h") // 3_600_000_000_000
    4
    """
    found = re.fullmatch(r"([0-9]{1,4})(min|h)", text) if isinstance(text, str) else None
    if text in _WHOLE:
        return _WHOLE[str(text)]
    if found is not None:
        step = int(found[1]) * _UNITS[found[2]]
        if 0 < step < _DAY_NS and _DAY_NS % step == 0:
            return step
    raise ConfigError(
        "timeframe: expected minutes or hours that divide a day (15min, 1h, 4h), 1d or 1w, found "
        f"{text!r}; write the length of a higher bar like that."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HigherBar:
    """A complete bar of a higher timeframe.

    Attributes
    ----------
    symbol, tf : str
    ts_open, ts_close : int
        Span of its bucket, nanoseconds UTC: the bar was complete at ``ts_close``.
    open, high, low, close, volume : float
        Of the data's bars in it. Volume is NaN where one of them has none.
    """

    symbol: str
    tf: str
    ts_open: int
    ts_close: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def time(self) -> datetime:
        """When it was complete, as a UTC datetime."""
        return as_datetime(self.ts_close)


class Edges:
    """Opens and closes of a calendar's sessions as one ascending row of instants."""

    def __init__(self, calendar: Calendar) -> None:
        self._days = calendar.days
        self._opens, self._closes = calendar.opens, calendar.closes
        self._edges: NDArray[np.int64] = np.stack([calendar.opens, calendar.closes], axis=1).ravel()

    def bucket(self, ts: int, tf: str, step: int) -> tuple[int, int] | None:
        """Start and end of the bucket in which a bar that ends at ``ts`` lies; None for none."""
        place = int(np.searchsorted(self._edges, ts, side="left"))
        if tf in _WHOLE:
            if place % 2 == 0:  # before an open, or after the last close
                return None
            return self._sessions(place // 2, tf)
        begin = (ts - 1) // step * step
        low = int(self._edges[place - 1]) if place else begin
        high = int(self._edges[place]) if place < len(self._edges) else begin + step
        return max(begin, low), min(begin + step, high)

    def _sessions(self, index: int, tf: str) -> tuple[int, int]:
        """The hours of one session, or from the first to the last of its week."""
        first = last = index
        if tf == "1w":
            monday = (int(self._days[index]) + 3) // 7 * 7 - 3
            first = int(np.searchsorted(self._days, monday))
            last = int(np.searchsorted(self._days, monday + 7)) - 1
        return int(self._opens[first]), int(self._closes[last])


class BarMaker:
    """Joins a symbol's bars into bars of one higher timeframe."""

    def __init__(self, symbol: str, tf: str, edges: Edges) -> None:
        self._symbol, self._tf, self._edges = symbol, tf, edges
        self._step = timeframe_ns(tf)
        self._span = (0, 0)
        self._values: list[float] = []

    def add(self, ts: int, values: tuple[float, float, float, float, float]) -> list[HigherBar]:
        """Take a bar that ended at ``ts``; the higher bars that are complete by then."""
        done: list[HigherBar] = []
        if not self._span[0] < ts <= self._span[1]:
            done += self._pop()  # its time is over, whether its last bar came or not
            span = self._edges.bucket(ts, self._tf, self._step)
            if span is None:
                return done
            self._span = span
        open_, high, low, close, volume = values
        if self._values:
            old = self._values
            self._values = [old[0], max(old[1], high), min(old[2], low), close, old[4] + volume]
        else:
            self._values = [open_, high, low, close, volume]
        # a day without hours ends one nanosecond before midnight
        if ts + 1 >= self._span[1]:
            done += self._pop()
        return done

    def _pop(self) -> list[HigherBar]:
        """The bar under way, if there is one, as a complete one."""
        if not self._values:
            return []
        open_, high, low, close, volume = self._values
        self._values = []
        return [
            HigherBar(
                symbol=self._symbol,
                tf=self._tf,
                ts_open=self._span[0],
                ts_close=self._span[1],
                open=open_,
                high=high,
                low=low,
                close=close,
                volume=volume,
            )
        ]


class TimeframeFeed:
    """The last complete bar of one timeframe of one symbol, and indicators on such bars."""

    def __init__(self, maker: BarMaker, twins: dict[str, tuple[Twin, tuple[str, ...]]]) -> None:
        self._maker = maker
        self._twins = twins
        self.bar: HigherBar | None = None
        self.n_bars = 0
        self.values: dict[str, float] = dict.fromkeys(twins, float("nan"))
        self._lookback = max((twin.lookback for twin, _ in twins.values()), default=1)

    @property
    def is_ready(self) -> bool:
        """Whether every indicator has had enough complete bars."""
        return self.n_bars >= self._lookback

    def add(self, ts: int, values: tuple[float, float, float, float, float]) -> None:
        """Take one of the data's bars."""
        for bar in self._maker.add(ts, values):
            self.bar = bar
            self.n_bars += 1
            for name, (twin, inputs) in self._twins.items():
                self.values[name] = twin.update(*(getattr(bar, one) for one in inputs))
