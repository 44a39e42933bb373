"""When a bar begins, when it is known, and which session it belongs to.

A dated bar has its session's hours. An intraday bar lasts one step from its stamp (or up to it),
but never into the next bar of its symbol, and a bar that begins inside a session of an exchange
ends with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quant.calendars import Calendar, load_calendar
from quant.errors import DataError
from quant.lake.checks import BadRows, BarTable
from quant.lake.options import DataOptions, parse_bar
from quant.lake.rows import MAX_SHOWN, stamp
from quant.lake.timeparse import DAY_NS

__all__ = [
    "BarClock",
    "choose_for_dates",
    "choose_for_times",
    "dated_clock",
    "find_days_off",
    "find_long_gaps",
    "BarSteps",
    "infer_steps",
    "intraday_clock",
]

IntArray = NDArray[np.int64]
_EXCHANGE: Final = "XNYS"
_SATURDAY: Final = 5
_FEW: Final = 0.01
_WEEK_DAYS: Final = 5
_BEFORE_NS: Final = 330 * 60_000_000_000
_AFTER_NS: Final = 240 * 60_000_000_000


@dataclass(frozen=True, slots=True)
class BarClock:
    """Begin, end and session of each bar: three int64 arrays of shape (n_rows,)."""

    ts_open: NDArray[np.int64]
    ts_close: NDArray[np.int64]
    session: NDArray[np.int64]


def choose_for_dates(table: BarTable, options: DataOptions) -> tuple[Calendar, tuple[str, ...]]:
    """The calendar of dated bars, and a warning where a few odd dates have decided.

    Raises
    ------
    DataError
        If a date lies outside of the calendar's table.
    """
    days = table.wall // DAY_NS
    if options.calendar != "auto":
        calendar = load_calendar(options.calendar)
        _check_range(table, days, calendar)
        return calendar, ()
    exchange = load_calendar(_EXCHANGE)
    is_session = exchange.are_sessions(days)
    if is_session.all():
        return exchange, ()
    calendar = load_calendar("24/7" if _weekend(days).any() else "weekdays")
    _check_range(table, days, calendar)
    return calendar, _few_odd(table, ~is_session, calendar)


def choose_for_times(
    table: BarTable, options: DataOptions, step_ns: IntArray
) -> tuple[Calendar, tuple[str, ...]]:
    """The calendar of intraday bars, and a warning where a few odd times have decided.

    Raises
    ------
    DataError
        If a time lies outside of the calendar's table.
    """
    closing = options.ts_is == "close"
    begins = table.ts - step_ns if closing else table.ts
    if options.calendar != "auto":
        calendar = load_calendar(options.calendar)
        _check_range(table, begins // DAY_NS, calendar)
        return calendar, ()
    exchange = load_calendar(_EXCHANGE)
    inside = _extended(exchange, begins)
    has_weekend = bool(_weekend(begins // DAY_NS).any())
    if inside.all() and not has_weekend:
        return exchange, ()
    calendar = load_calendar("24/7" if has_weekend else "weekdays")
    _check_range(table, begins // DAY_NS, calendar)
    return calendar, _few_odd(table, ~inside, calendar)


def find_days_off(table: BarTable, calendar: Calendar) -> BadRows:
    """Dated rows on days that are no sessions of the calendar."""
    mask = ~calendar.are_sessions(table.wall // DAY_NS)
    shown = [table.describe(row) for row in table.in_input_order(mask)[:MAX_SHOWN].tolist()]
    return BadRows(
        mask,
        tuple(f"{words}: no session of {calendar.name}" for words in shown),
        f"dates that are sessions of the calendar {calendar.name}",
        "choose calendar='24/7' or 'weekdays' (--calendar)"
        if calendar.name == _EXCHANGE
        else "choose calendar='24/7' (--calendar)",
    )


def dated_clock(table: BarTable, calendar: Calendar) -> BarClock:
    """The hours of the session of each date, which must be one.

    Round the clock a day ends at its last nanosecond, so that no two days share an instant.
    """
    session = np.searchsorted(calendar.days, table.wall // DAY_NS).astype(np.int64)
    ts_close = calendar.closes[session]
    if calendar.name != _EXCHANGE:
        ts_close = ts_close - 1
    return BarClock(calendar.opens[session], ts_close, session)


def find_long_gaps(table: BarTable) -> tuple[str, ...]:
    """A warning for dated rows that look like weeks or months.

    A dated row is known at the close of its date. One that stands for the week that begins there
    would be known days before it ends.
    """
    same = table.codes[1:] == table.codes[:-1]
    gaps, codes = np.diff(table.wall // DAY_NS)[same], table.codes[1:][same]
    bounds = np.searchsorted(codes, np.arange(len(table.symbols) + 1))
    long = [
        symbol
        for symbol, lo, hi in zip(table.symbols, bounds[:-1], bounds[1:], strict=True)
        if hi - lo > 1 and _most_common(gaps[lo:hi]) >= _WEEK_DAYS
    ]
    if not long:
        return ()
    shown = ", ".join(long[:5]) + (", …" if len(long) > 5 else "")
    return (
        f"{table.where}: the rows of {shown} look weekly or longer; a dated row is known at the "
        "close of its date, so date them at the end of what they cover.",
    )


@dataclass(frozen=True, slots=True)
class BarSteps:
    """Length of every intraday bar, in nanoseconds.

    Attributes
    ----------
    common : int
        The most common length.
    per_row : int64 array of shape (n_rows,)
        That of each row's symbol.
    notices : tuple of str
        A warning where symbols differ.
    """

    common: int
    per_row: IntArray
    notices: tuple[str, ...] = ()


def infer_steps(table: BarTable, options: DataOptions) -> BarSteps:
    """Lengths of intraday bars: the option's, else each symbol's most common step.

    Of equally common steps the shortest counts. Taking one length for all would let a symbol with
    longer bars be known before they end. A symbol with one bar has the length common to all.

    Raises
    ------
    DataError
        If no symbol has two bars to tell it from.
    """
    if options.bar is not None:
        given = parse_bar(options.bar)
        return BarSteps(given, np.full(len(table.ts), given))
    same = table.codes[1:] == table.codes[:-1]
    gaps, codes = np.diff(table.ts)[same], table.codes[1:][same]
    if not len(gaps):
        raise DataError(
            f"{table.where}: expected two bars of one symbol to tell the length of a bar from, "
            f"found {len(table.rows)} in {len(table.symbols)} symbols; pass bar=, such as "
            "bar='1min' (--bar)."
        )
    common = _most_common(gaps)
    own = np.full(len(table.symbols), common)
    bounds = np.searchsorted(codes, np.arange(len(table.symbols) + 1))
    for i in range(len(table.symbols)):
        if bounds[i + 1] > bounds[i]:
            own[i] = _most_common(gaps[bounds[i] : bounds[i + 1]])
    odd = np.flatnonzero(own != common)
    notices: tuple[str, ...] = ()
    if len(odd):
        shown = ", ".join(f"{table.symbols[i]} {_minutes(int(own[i]))}" for i in odd[:5].tolist())
        notices = (
            f"{table.where}: bars of different lengths, {_minutes(common)} for most symbols and "
            f"{shown}{', …' if len(odd) > 5 else ''}; pass bar= (--bar) if that is not so.",
        )
    return BarSteps(common, own[table.codes], notices)


def _most_common(gaps: IntArray) -> int:
    steps, counts = np.unique(gaps, return_counts=True)
    return int(steps[int(np.argmax(counts))])


def _minutes(step_ns: int) -> str:
    """A length for people."""
    return f"{step_ns / 60e9:g} min"


def intraday_clock(
    table: BarTable, calendar: Calendar, step_ns: IntArray, options: DataOptions
) -> BarClock:
    """Begin and end of intraday bars from their stamps and their lengths."""
    same = table.codes[1:] == table.codes[:-1]
    closing = options.ts_is == "close"
    session, inside = _inside(calendar, table.ts, closing=closing)
    if calendar.name != _EXCHANGE:
        inside[:] = False
    if closing:
        ts_open, ts_close = table.ts - step_ns, table.ts
        ts_open[1:][same] = np.maximum(ts_open[1:], ts_close[:-1])[same]
        ts_open[inside] = np.maximum(ts_open, calendar.opens[session])[inside]
    else:
        ts_open, ts_close = table.ts, table.ts + step_ns
        ts_close[:-1][same] = np.minimum(ts_close[:-1], ts_open[1:])[same]
        ts_close[inside] = np.minimum(ts_close, calendar.closes[session])[inside]
    return BarClock(ts_open, ts_close, calendar.sessions_of(ts_open, side="beginning"))


def _inside(
    calendar: Calendar, ts: NDArray[np.int64], *, closing: bool
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Session whose hours may hold each stamp, and whether they do."""
    last = len(calendar.days) - 1
    if closing:
        session = np.minimum(np.searchsorted(calendar.closes, ts, side="left"), last)
        inside = (ts > calendar.opens[session]) & (ts <= calendar.closes[session])
    else:
        session = np.minimum(np.searchsorted(calendar.closes, ts, side="right"), last)
        inside = (ts >= calendar.opens[session]) & (ts < calendar.closes[session])
    return session.astype(np.int64), inside


def _extended(calendar: Calendar, begins: IntArray) -> NDArray[np.bool_]:
    """Whether bars begin on a session's date between its pre-market and the end of after-hours.

    The exchange's own hours are 9:30 to 16:00; orders trade from 4:00 to 20:00 New York time.
    """
    first, last = calendar.opens[0] - _BEFORE_NS, calendar.closes[-1] + _AFTER_NS
    inside = (begins >= first) & (begins <= last)
    session = calendar.sessions_of(np.clip(begins, first, last), side="beginning")
    early = begins >= calendar.opens[session] - _BEFORE_NS
    late = begins <= calendar.closes[session] + _AFTER_NS
    return np.asarray(inside & early & late, dtype=np.bool_)


def _weekend(days: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each day is a Saturday or a Sunday; day 0 was a Thursday."""
    return np.asarray((days + 3) % 7 >= _SATURDAY, dtype=np.bool_)


def _check_range(table: BarTable, days: NDArray[np.int64], calendar: Calendar) -> None:
    """Raise if a bar lies outside of the calendar's table."""
    first, last = int(calendar.days[0]), int(calendar.days[-1])
    outside = (days < first) | (days > last)
    if outside.any():
        row = int(table.in_input_order(outside)[0])
        raise DataError(
            f"{table.where}: expected times from {stamp(first * DAY_NS)} to {stamp(last * DAY_NS)},"
            f" which the calendar {calendar.name} knows, found {int(np.count_nonzero(outside))} "
            f"outside ({table.describe(row)} first); remove them."
        )


def _few_odd(table: BarTable, odd: NDArray[np.bool_], calendar: Calendar) -> tuple[str, ...]:
    """A warning if so few rows ruled out the exchange's calendar that they look wrong."""
    count = int(np.count_nonzero(odd))
    if count == 0 or count > _FEW * len(odd):
        return ()
    row = int(table.in_input_order(odd)[0])
    return (
        f"{table.where}: calendar='auto' chose {calendar.name} because {count} of {len(odd)} rows "
        f"{'is' if count == 1 else 'are'} outside of the sessions of {_EXCHANGE} (first: "
        f"{table.describe(row)}); if these rows are wrong, remove them or pass "
        f"calendar='{_EXCHANGE}'.",
    )
