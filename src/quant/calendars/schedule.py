"""Moments named by a text, such as ``"session close - 10min"``, ``"month end"`` or ``"30min"``.

A schedule is parsed once and expanded over a range of sessions into ascending instants. It has one
of two forms:

- ``<period> <open|close> [+|- <duration>]`` with a period of session, week, month, quarter or year:
  the open of the period's first session or the close of its last one, shifted by the duration;
  ``start`` and ``end`` say the same as ``open`` and ``close``;
- ``<duration>``: every such step counted from each session's open, after it and up to the close.

A duration is a whole number and s, min, h or d. Weeks begin on Monday. Which session is the first
or last of a period is read from the calendar's table, never from the data, so a run whose data stop
in mid-month does not see a month end there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from quant.calendars.calendar import Calendar
from quant.errors import ConfigError, DataError, nearest

__all__ = ["Schedule", "parse_schedule"]

Period = Literal["session", "week", "month", "quarter", "year", "step"]

_PERIODS: Final[dict[str, Period]] = {
    "session": "session",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
}
_ANCHORS: Final[dict[str, Literal["open", "close"]]] = {
    "open": "open",
    "close": "close",
    "start": "open",
    "end": "close",
}
_UNITS_NS: Final = {
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
_LONGEST_NS: Final = 366 * _UNITS_NS["d"]
_GRAMMAR: Final = (
    "'<session|week|month|quarter|year> <open|close> [+|- <duration>]' or a duration "
    "such as '15s', '30min', '1h' or '1d'"
)
_STEP: Final = re.compile(r"(\d+)\s*([a-z]*)")
_ANCHORED: Final = re.compile(r"([a-z]+)\s+([a-z]+)(?:\s*([+-])\s*(\d+)\s*([a-z]*))?")
# 1970-01-01, day 0, is a Thursday: three days after a Monday.
_DAYS_SINCE_MONDAY: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A parsed schedule; made by `parse_schedule`.

    Attributes
    ----------
    spec : str
        The text as the user wrote it.
    period : {"session", "week", "month", "quarter", "year", "step"}
        What repeats; ``"step"`` for a plain duration.
    anchor : {"open", "close"}
        Which end of the period; ``"open"`` for a step.
    shift_ns : int
        Signed distance from the anchor, or the length of the step, nanoseconds.
    """

    spec: str
    period: Period
    anchor: Literal["open", "close"]
    shift_ns: int

    def instants(
        self,
        calendar: Calendar,
        first: int,
        last: int,
        *,
        closes: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        """The moments of the sessions from `first` to `last`.

        Parameters
        ----------
        calendar : Calendar
            Whose sessions are counted.
        first, last : int
            Positions of the first and last session, both inclusive.
        closes : int64 array of shape (n_sessions,), optional
            Closes to use instead of the calendar's, ns UTC, one for each of its sessions. Dated
            bars without exchange hours close at the last nanosecond of the day.

        Returns
        -------
        int64 array of shape (n,)
            Nanoseconds UTC, ascending. A shifted moment belongs to the session it is counted from
            and may lie outside its hours.

        Raises
        ------
        DataError
            If the positions are not in the table, or `closes` has another length.
        ConfigError
            If the step is longer than every session of the calendar, so that it never comes.

        Notes
        -----
        A period that the table's start or end may have cut off has no open or no close there. A
        step that falls one nanosecond after a session's close counts as its close.

        Examples
        --------
        >>> from quant.calendars import load_calendar
        >>> nyse = load_calendar("XNYS")
        >>> june, july = nyse.index_of(19_877), nyse.index_of(19_935)  # 2024-06-03, 2024-07-31
        >>> parse_schedule("month close - 10min").instants(nyse, june, july).view("M8[ns]")
        array(['2024-06-28T19:50:00.000000000', '2024-07-31T19:50:00.000000000'],
              dtype='datetime64[ns]')
        """
        closes = calendar.closes if closes is None else closes
        _check_range(self.spec, calendar, first, last, len(closes))
        if self.period == "step":
            _check_step(self, calendar, closes)
            chosen = slice(first, last + 1)
            return _steps(calendar.opens[chosen], closes[chosen], self.shift_ns)
        anchors = calendar.opens if self.anchor == "open" else closes
        if self.period == "session":
            return np.asarray(anchors[first : last + 1] + self.shift_ns)
        edges = _period_edges(calendar.days, self.period, self.anchor)
        edges = edges[(edges >= first) & (edges <= last)]
        return np.asarray(anchors[edges] + self.shift_ns)


def parse_schedule(spec: str) -> Schedule:
    """The schedule a text means.

    Raises
    ------
    ConfigError
        If the text does not follow the grammar; the message shows it and the nearest word.

    Examples
    --------
    >>> parse_schedule("session close - 10min").shift_ns
    -600000000000
    >>> parse_schedule("month end").anchor
    'close'
    """
    text = spec.strip().lower()
    step = _STEP.fullmatch(text)
    if step:
        shift_ns = _duration_ns(spec, step[1], step[2])
        return Schedule(spec=spec, period="step", anchor="open", shift_ns=shift_ns)
    parts = _ANCHORED.fullmatch(text)
    if parts is None:
        raise ConfigError(f"schedule: expected {_GRAMMAR}, found {spec!r}.{_hint(text)}")
    period, anchor = parts[1], parts[2]
    if period not in _PERIODS:
        raise _unknown_word(spec, period, tuple(_PERIODS))
    if anchor not in _ANCHORS:
        raise _unknown_word(spec, anchor, tuple(_ANCHORS))
    shift_ns = _duration_ns(spec, parts[4], parts[5]) if parts[3] else 0
    return Schedule(
        spec=spec,
        period=_PERIODS[period],
        anchor=_ANCHORS[anchor],
        shift_ns=-shift_ns if parts[3] == "-" else shift_ns,
    )


def _duration_ns(spec: str, number: str, unit: str) -> int:
    """Nanoseconds of a positive whole number of units."""
    if unit not in _UNITS_NS:
        raise _unknown_word(spec, unit, tuple(_UNITS_NS))
    length_ns = int(number[:12]) * _UNITS_NS[unit]
    if not 0 < length_ns <= _LONGEST_NS:
        raise ConfigError(
            f"schedule {spec!r}: expected a duration of 1s to 366d, found {number}{unit}; "
            "choose one within."
        )
    return length_ns


def _unknown_word(spec: str, word: str, known: tuple[str, ...]) -> ConfigError:
    """The error for a word outside the grammar."""
    return ConfigError(
        f"schedule {spec!r}: expected {_GRAMMAR}, found {word!r} where one of "
        f"{', '.join(known)} belongs.{nearest(word, known)}"
    )


def _hint(text: str) -> str:
    """The nearest word of the grammar for the first word that is not in it."""
    known = (*_PERIODS, *_ANCHORS)
    for word in re.findall(r"[a-z]+", text):
        if word not in known and word not in _UNITS_NS:
            return nearest(word, known)
    return ""


def _check_range(spec: str, calendar: Calendar, first: int, last: int, n_closes: int) -> None:
    """The positions lie in the table and there is a close for every session."""
    n_sessions = len(calendar.days)
    if n_closes != n_sessions:
        raise DataError(
            f"schedule {spec!r}: expected {n_sessions} closes, one per session of {calendar.name}, "
            f"found {n_closes}; give the whole array."
        )
    if not 0 <= first <= last < n_sessions:
        raise DataError(
            f"schedule {spec!r}: expected 0 <= first <= last < {n_sessions} sessions of "
            f"{calendar.name}, found {first} and {last}; give positions of its table."
        )


def _check_step(schedule: Schedule, calendar: Calendar, closes: NDArray[np.int64]) -> None:
    """The step fits into the longest session."""
    longest_ns = int((closes - calendar.opens).max()) + 1
    if schedule.shift_ns > longest_ns:
        raise ConfigError(
            f"schedule {schedule.spec!r}: expected a step no longer than the longest session of "
            f"{calendar.name}, {longest_ns // _UNITS_NS['min']}min, found {schedule.spec.strip()}; "
            "write 'session close' for once per session."
        )


def _steps(opens: NDArray[np.int64], closes: NDArray[np.int64], step_ns: int) -> NDArray[np.int64]:
    """Every multiple of the step after each open, up to and including the close."""
    # A close at the last nanosecond of a day stands for the midnight that follows it.
    counts = np.maximum((closes + 1 - opens) // step_ns, 0)
    ends = np.cumsum(counts)
    within = np.arange(1, int(ends[-1]) + 1) - np.repeat(ends - counts, counts)
    instants: NDArray[np.int64] = np.repeat(opens, counts) + within * step_ns
    return np.minimum(instants, np.repeat(closes, counts))


def _period_edges(
    days: NDArray[np.int64], period: Period, anchor: Literal["open", "close"]
) -> NDArray[np.int64]:
    """Positions of the first or last session of each period that the table shows to its edge."""
    begins, ends = _period_bounds(days, period)
    if anchor == "open":
        is_edge = np.append(begins[0] == days[0], begins[1:] != begins[:-1])
    else:
        is_edge = np.append(begins[1:] != begins[:-1], ends[-1] == days[-1])
    return np.flatnonzero(is_edge)


def _period_bounds(
    days: NDArray[np.int64], period: Period
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last calendar day of the period each day lies in, as day numbers."""
    if period == "week":
        mondays = days - (days + _DAYS_SINCE_MONDAY) % 7
        return mondays, mondays + 6
    n_months = {"month": 1, "quarter": 3, "year": 12}[period]
    months = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
    months -= months % n_months
    return _first_days(months), _first_days(months + n_months) - 1


def _first_days(months: NDArray[np.int64]) -> NDArray[np.int64]:
    """Day numbers of the first days of months counted from January 1970."""
    return months.astype("M8[M]").astype("M8[D]").astype(np.int64)
