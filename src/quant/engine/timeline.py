"""The timestamps of a run: where bars begin and end, sessions close and timers come due.

Each timestamp is one slice of the kernel. Bars are laid out in order of (end, instrument); a second
list puts them in order of (begin, instrument).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.calendars import Calendar
from quant.engine.merge import lay_out, merge_instants
from quant.errors import ConfigError, DataError
from quant.kernel.codes import SLICE_FLAG
from quant.kernel.layout import ARRAYS
from quant.lake import Bars

__all__ = [
    "Period",
    "Timeline",
    "build_timeline",
    "next_rows",
    "period_of",
    "session_closes",
]

IntArray = NDArray[np.int64]
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The sessions of a run: positions in the calendar's table, both inclusive."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """What the kernel walks.

    Attributes
    ----------
    bars : BAR records of shape (n_rows,), in order of end and instrument
    open_rows : int64 array of shape (n_rows,), rows of ``bars`` in order of begin and instrument
    slices : SLICE records, ascending in time
    timer_ids : int64 array, the timers of all slices one after another
    rows : int64 array of shape (n_rows,), the place of each of ``bars`` in the data's columns
    session_closes : int64 array, nanoseconds UTC by the calendar's sessions
    start : int
        Nanoseconds UTC at which the run begins: the first session's open.
    """

    bars: NDArray[np.void]
    open_rows: IntArray
    slices: NDArray[np.void]
    timer_ids: IntArray
    rows: IntArray
    session_closes: IntArray
    start: int


def session_closes(bars: Bars) -> IntArray:
    """The close of every session of the calendar as this data sees it.

    Dated bars of calendars without hours end with the last nanosecond of their day.
    """
    calendar = bars.calendar
    if bars.is_dated and calendar.name != "XNYS":
        return calendar.closes - 1
    return calendar.closes


def _day_number(day: date) -> int:
    return (day - _EPOCH).days


def period_of(
    bars: Bars, start: date | None, end: date | None, *, is_open_ended: bool = False
) -> Period:
    """The sessions from ``start`` to ``end`` that the data can serve.

    Open-ended, the period goes on to ``end`` where the data stop before.

    Raises
    ------
    ConfigError
        If start lies after end.
    DataError
        If no bar lies between them.
    """
    calendar = bars.calendar
    first, last = int(bars.session.min()), int(bars.session.max())
    known = f"{_label(calendar, first)} to {_label(calendar, last)}"
    if start is not None and end is not None and start > end:
        raise ConfigError(
            f"--start/--end: expected start not after end, found start {start} and end {end}; "
            "exchange or correct them."
        )
    if start is not None:
        first = max(first, int(np.searchsorted(calendar.days, _day_number(start))))
    if end is not None:
        wanted = int(np.searchsorted(calendar.days, _day_number(end), side="right")) - 1
        last = wanted if is_open_ended else min(last, wanted)
    inside = (bars.session >= first) & (bars.session <= last)
    if first > last or not bool(inside.any()):
        raise DataError(
            f"{bars.source.name}: expected bars between {start or 'the first session'} and "
            f"{end or 'the last session'}, found none (the data runs from {known}); "
            "choose dates inside it."
        )
    return Period(first=first, last=last)


def _label(calendar: Calendar, index: int) -> str:
    return str(np.datetime64(int(calendar.days[index]), "D"))


def _bar_records(
    bars: Bars, keep: NDArray[np.bool_]
) -> tuple[NDArray[np.void], IntArray, IntArray]:
    """Bars in order of (end, instrument), their rows in order of (begin, instrument), and the
    place of each in the columns."""
    counts = np.diff(bars.offsets)
    instrument = np.repeat(np.arange(len(bars.symbols), dtype=np.int64), counts)
    rows: IntArray | slice = slice(None)
    if not keep.all():
        rows = np.flatnonzero(keep)
    if len(bars.symbols) > 1:
        # stable: bars that end together stay in order of instrument
        order = np.argsort(bars.ts_close[rows], kind="stable")
        rows = order if isinstance(rows, slice) else rows[order]
    picked = rows if isinstance(rows, np.ndarray) else np.arange(len(instrument))
    records = np.empty(len(picked), ARRAYS["bars"])
    o, h, low, c, v = (bars.columns[n] for n in ("open", "high", "low", "close", "volume"))
    whose, begin, end = instrument, bars.ts_open, bars.ts_close
    begin, end, session, o, h, low, c, v = map(
        _read_only, (begin, end, bars.session, o, h, low, c, v)
    )
    lay_out(picked, whose, begin, end, session, o, h, low, c, v, records)
    begins, who = records["ts_open"], records["instrument"]
    ordered = (begins[1:] > begins[:-1]) | ((begins[1:] == begins[:-1]) & (who[1:] > who[:-1]))
    if bool(ordered.all()):
        return records, np.arange(len(records), dtype=np.int64), picked
    return records, np.lexsort((who, begins)).astype(np.int64), picked


def _read_only(column: NDArray[Any]) -> NDArray[Any]:
    """A view that cannot be written: one kind of array, one piece of compiled code."""
    view = column.view()
    view.flags.writeable = False
    return view


def _sorted_unique(parts: list[IntArray]) -> IntArray:
    """All instants of several arrays, ascending, each once."""
    merged = np.sort(np.concatenate(parts))
    if len(merged) == 0:
        return merged
    first = np.empty(len(merged), np.bool_)
    first[0] = True
    np.not_equal(merged[1:], merged[:-1], out=first[1:])
    return merged[first]


def _flag(slices: NDArray[np.void], ts: IntArray, instants: IntArray, flag: int) -> None:
    """Mark the slices at some of their instants."""
    slices["flags"][np.searchsorted(ts, instants, side="right") - 1] |= flag


def build_timeline(
    bars: Bars,
    period: Period,
    timers: list[IntArray],
    *,
    with_session_hooks: bool,
) -> Timeline:
    """All slices of a run: those before ``period`` only feed views.

    Parameters
    ----------
    bars : Bars
    period : Period
    timers : list of int64 arrays
        Instants of each timer, ascending.
    with_session_hooks : bool
        Whether session opens are timestamps of their own.
    """
    calendar = bars.calendar
    keep = bars.session <= period.last
    records, open_rows, rows = _bar_records(bars, keep)
    inside = records["session"] >= period.first
    # bars before the exchange opens are part of the first session
    start = min(int(calendar.opens[period.first]), int(records["ts_open"][inside].min()))
    of_bars = records["session"][inside]
    beyond = np.arange(int(of_bars.max()) + 1, period.last + 1)
    in_range = _sorted_unique([of_bars, beyond])
    every_close = session_closes(bars)
    closes = every_close[in_range]
    opens = calendar.opens[in_range] if with_session_hooks else np.zeros(0, np.int64)
    others = _sorted_unique([closes, opens, *(t[t >= start] for t in timers)])
    nothing = np.empty(0, ARRAYS["slices"])
    n = merge_instants(records, open_rows, others, nothing)
    slices = np.empty(n, ARRAYS["slices"])
    merge_instants(records, open_rows, others, slices)
    _set_sessions(slices, calendar)
    slices = _split_start(slices, period, start)
    timer_ids = _set_timers(slices, timers, start)
    ts = slices["ts"]
    _flag(slices, ts, closes, SLICE_FLAG.SESSION_CLOSE)
    _flag(slices, ts, opens, SLICE_FLAG.SESSION_OPEN)
    _set_nights(slices, calendar)
    slices["flags"][slices["session"] < period.first] |= SLICE_FLAG.WARM
    return Timeline(
        bars=records,
        open_rows=open_rows,
        slices=slices,
        timer_ids=timer_ids,
        rows=rows,
        session_closes=np.ascontiguousarray(every_close, np.int64),
        start=start,
    )


def _split_start(slices: NDArray[np.void], period: Period, start: int) -> NDArray[np.void]:
    """Where sessions meet at one instant, part the end of the warm-up from the run's beginning.

    The first of the two slices has the bars that end, the second those that begin.
    """
    shared = np.flatnonzero((slices["session"] < period.first) & (slices["ts"] >= start))
    if len(shared) == 0:
        return slices
    place = int(shared[0])
    parted = np.insert(slices, place + 1, slices[place])
    parted["open_hi"][place] = parted["open_lo"][place]
    parted["session_next"][place] = parted["session"][place]
    parted["close_lo"][place + 1] = parted["close_hi"][place + 1]
    parted["session"][place + 1] = period.first
    return parted


def _set_sessions(slices: NDArray[np.void], calendar: Calendar) -> None:
    """The session of phases 1 to 9, and of phases 10 to 12, where no bar gives it."""
    for name, side in (("session", "ending"), ("session_next", "beginning")):
        lacking = np.flatnonzero(slices[name] < 0)
        if len(lacking):
            chosen: Any = side
            slices[name][lacking] = calendar.sessions_of(slices["ts"][lacking], side=chosen)


def _set_nights(slices: NDArray[np.void], calendar: Calendar) -> None:
    """Calendar days from each session that closes to the next one that does; after the last, to
    the calendar's next session, a day where it ends."""
    slices["nights"] = 0
    closing = np.flatnonzero(slices["flags"] & SLICE_FLAG.SESSION_CLOSE)
    sessions = slices["session"][closing]
    days = calendar.days
    last = int(sessions[-1])
    beyond = int(days[last + 1]) if last + 1 < len(days) else int(days[last]) + 1
    slices["nights"][closing] = np.append(days[sessions[1:]], beyond) - days[sessions]


def next_rows(rows: NDArray[np.void]) -> IntArray:
    """The next bar of each bar's instrument, among bars in order of end; −1 after the last."""
    following = np.full(len(rows), -1, np.int64)
    by_instrument = np.argsort(rows["instrument"], kind="stable")
    same = np.diff(rows["instrument"][by_instrument]) == 0
    following[by_instrument[:-1][same]] = by_instrument[1:][same]
    return following


def _set_timers(slices: NDArray[np.void], timers: list[IntArray], start: int) -> IntArray:
    """Mark the slices at which timers come due; returns the timers, slice after slice."""
    pairs = [(t[t >= start], np.full(int((t >= start).sum()), k)) for k, t in enumerate(timers)]
    if not pairs:
        return np.zeros(0, np.int64)
    when = np.concatenate([a for a, _ in pairs])
    which = np.concatenate([b for _, b in pairs])
    order = np.lexsort((which, when))
    when, which = when[order], which[order]
    slices["timer_lo"] = np.searchsorted(when, slices["ts"], side="left")
    slices["timer_hi"] = np.searchsorted(when, slices["ts"], side="right")
    due = slices["timer_hi"] > slices["timer_lo"]
    slices["flags"][due] |= SLICE_FLAG.TIMER
    return which.astype(np.int64)
