"""Which days a market trades and when, as frozen tables.

A *session* is one trading day, labelled by its date. A calendar is three arrays over its sessions,
from 1970 to 2049: the date as a day number (days since 1970-01-01), and the open and close as int64
nanoseconds UTC. Everything else is a search in these arrays, so a million instants find their
sessions in some milliseconds. Time zones end here: the rest of the program sees only UTC.

The tables are data, made once by ``tools/build_calendars.py`` and shipped, so that a run gives the
same answer next year. ``version`` names the content of a table and goes into every manifest.

A session of ``24/7`` and ``weekdays`` closes at the midnight at which the next day begins; which of
the two sessions that instant belongs to is asked with ``side``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from quant.errors import ConfigError, DataError, nearest

__all__ = ["Calendar", "content_version", "known_calendars", "load_calendar"]

_DAY_NS: Final = 86_400_000_000_000
_SAMPLE_DAYS: Final = 8
_EPOCH: Final = date(1970, 1, 1)
_TABLES: Final = Path(__file__).parent / "tables"
_KNOWN: Final = {
    "XNYS": ("xnys.parquet", "America/New_York", 252),
    "24/7": ("24_7.parquet", "UTC", 365),
    "weekdays": ("weekdays.parquet", "UTC", 261),
}


@dataclass(frozen=True, slots=True, eq=False)
class Calendar:
    """The sessions of one market, in time order.

    Attributes
    ----------
    name : str
        ``"XNYS"``, ``"24/7"`` or ``"weekdays"``.
    tz : str
        IANA name of the zone whose dates label the sessions.
    periods_per_year : int
        Sessions per year used to annualise.
    version : str
        ``"sha256:"`` and the hash of the table's content, see `content_version`.
    days : int64 array of shape (n_sessions,)
        Session dates as days since 1970-01-01, ascending. Read-only, like the other two.
    opens, closes : int64 array of shape (n_sessions,)
        Nanoseconds UTC.

    Raises
    ------
    DataError
        If the arrays differ in length, are empty, or the sessions are out of order or overlap.

    Examples
    --------
    >>> nyse = load_calendar("XNYS")
    >>> july_5 = 19_909  # 2024-07-05; the 4th is a holiday
    >>> nyse.is_session(july_5), nyse.is_session(july_5 - 1)
    (True, False)
    >>> ix = nyse.index_of(july_5)
    >>> int(nyse.closes[ix] - nyse.opens[ix]) // 60_000_000_000
    390
    """

    name: str
    tz: str
    periods_per_year: int
    version: str
    days: NDArray[np.int64]
    opens: NDArray[np.int64]
    closes: NDArray[np.int64]

    def __post_init__(self) -> None:
        for field in ("days", "opens", "closes"):
            frozen = np.array(getattr(self, field), dtype=np.int64)
            frozen.flags.writeable = False
            object.__setattr__(self, field, frozen)
        _check_table(self)

    def index_of(self, day: int) -> int:
        """Position of the session of that date.

        Raises
        ------
        DataError
            If the date is not a session; the message names the nearest ones.
        """
        index = int(np.searchsorted(self.days, day))
        if index == len(self.days) or self.days[index] != day:
            beside = [str(_date_of(d)) for d in self.days[max(index - 1, 0) : index + 1]]
            raise DataError(
                f"Calendar {self.name}: expected the date of a session, found {_date_of(day)}; "
                f"use the nearest, {' or '.join(beside)}, or another calendar."
            )
        return index

    def index_at_or_after(self, day: int) -> int:
        """Position of the first session on or after that date; 0 for dates before the table.

        Raises
        ------
        DataError
            If the table ends before that date.
        """
        index = int(np.searchsorted(self.days, day))
        if index == len(self.days):
            raise DataError(
                f"Calendar {self.name}: expected a date up to {_date_of(self.days[-1])}, where its "
                f"table ends, found {_date_of(day)}; choose an earlier date."
            )
        return index

    def is_session(self, day: int) -> bool:
        """Whether the market trades on that date."""
        index = int(np.searchsorted(self.days, day))
        return index < len(self.days) and int(self.days[index]) == day

    def are_sessions(self, days: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the market trades on each date: bool array of the shape of `days`."""
        index = np.minimum(np.searchsorted(self.days, days), len(self.days) - 1)
        return np.asarray(self.days[index] == days, dtype=np.bool_)

    def sessions_of(
        self, ts: NDArray[np.int64], *, side: Literal["ending", "beginning"]
    ) -> NDArray[np.int64]:
        """Index of the session each instant belongs to.

        That is the session of the instant's date in the calendar's time zone, whatever the hour;
        the next session where that date is not one (a Saturday belongs to Monday).

        Parameters
        ----------
        ts : int64 array of shape (n,)
            Nanoseconds UTC, in any order.
        side : {"ending", "beginning"}
            What an instant exactly at local midnight belongs to: the date that ends there or the
            one that begins there.

        Returns
        -------
        int64 array of shape (n,)

        Raises
        ------
        DataError
            If an instant lies before the first date of the table or after its last.

        Examples
        --------
        >>> days = load_calendar("24/7")
        >>> midnight = np.array([86_400_000_000_000])
        >>> days.sessions_of(midnight, side="ending"), days.sessions_of(midnight, side="beginning")
        (array([0]), array([1]))
        """
        start, ends = _local_midnights(self)
        before = ts < start if side == "beginning" else ts <= start
        index = np.searchsorted(ends, ts, side="left" if side == "ending" else "right")
        outside = before | (index == len(ends))
        if outside.any():
            first = int(ts[int(np.argmax(outside))])
            raise DataError(
                f"Calendar {self.name}: expected times from {_date_of(self.days[0])} to "
                f"{_date_of(self.days[-1])}, found {np.datetime64(first, 'ns')}Z; drop what lies "
                "outside."
            )
        return np.asarray(index, dtype=np.int64)


@cache
def load_calendar(name: str) -> Calendar:
    """The calendar of that name; the same object at every call.

    Raises
    ------
    ConfigError
        If the name is unknown; the message names the nearest one.
    """
    if name not in _KNOWN:
        raise ConfigError(
            f"calendar: expected one of {', '.join(_KNOWN)}, found {name!r}.{nearest(name, _KNOWN)}"
        )
    import polars as pl

    file, tz, periods_per_year = _KNOWN[name]
    table = pl.read_parquet(_TABLES / file)
    days = table["session"].cast(pl.Int32).cast(pl.Int64).to_numpy()
    opens, closes = table["open"].to_numpy(), table["close"].to_numpy()
    return Calendar(
        name=name,
        tz=tz,
        periods_per_year=periods_per_year,
        version=content_version(name, days, opens, closes),
        days=days,
        opens=opens,
        closes=closes,
    )


def known_calendars() -> tuple[str, ...]:
    """Names that `load_calendar` knows.

    Examples
    --------
    >>> known_calendars()
    ('XNYS', '24/7', 'weekdays')
    """
    return tuple(_KNOWN)


def content_version(
    name: str, days: NDArray[np.int64], opens: NDArray[np.int64], closes: NDArray[np.int64]
) -> str:
    """The name of a table's content: the same numbers give the same text, whatever the file.

    SHA-256 over the UTF-8 name, a zero byte, the number of sessions as little-endian int64, then
    `days`, `opens` and `closes`, each as little-endian int64.

    Examples
    --------
    >>> one = np.array([1], dtype=np.int64)
    >>> content_version("a", one, one, one) == content_version("b", one, one, one)
    False
    """
    digest = hashlib.sha256(name.encode() + b"\0")
    digest.update(len(days).to_bytes(8, "little"))
    for column in (days, opens, closes):
        digest.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
    return "sha256:" + digest.hexdigest()


def _check_table(calendar: Calendar) -> None:
    """Sessions in order, each with an open before its close and after the close before."""
    days, opens, closes = calendar.days, calendar.opens, calendar.closes
    if not len(days) or days.shape != opens.shape or days.shape != closes.shape:
        raise DataError(
            f"Calendar {calendar.name}: expected three arrays of one length, not empty, found "
            f"{days.shape}, {opens.shape} and {closes.shape}; give one entry per session."
        )
    wrong = opens >= closes
    wrong[1:] |= (np.diff(days) <= 0) | (opens[1:] < closes[:-1])
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"Calendar {calendar.name}: expected sessions in order that do not overlap, found a "
            f"break at row {row} ({_date_of(days[row])}); sort the sessions and mend their hours."
        )


@lru_cache(maxsize=16)
def _local_midnights(calendar: Calendar) -> tuple[int, NDArray[np.int64]]:
    """The midnight before the first session and those after each session, ns UTC."""
    if calendar.tz == "UTC":
        return int(calendar.days[0]) * _DAY_NS, (calendar.days + 1) * _DAY_NS
    first, last = int(calendar.days[0]), int(calendar.days[-1]) + 1
    offsets = _offsets(ZoneInfo(calendar.tz), first, last)
    ends = calendar.days + 1
    return first * _DAY_NS - int(offsets[0]), ends * _DAY_NS - offsets[ends - first]


def _offsets(zone: ZoneInfo, first: int, last: int) -> NDArray[np.int64]:
    """What to take from local midnight to get UTC, ns, for each day from first to last.

    Clocks change at most once in eight days: between two samples that agree nothing is asked.
    """
    sampled = np.append(np.arange(first, last, _SAMPLE_DAYS), last)
    found = np.empty(last - first + 1, dtype=np.int64)
    known = [_offset(int(day), zone) for day in sampled]
    for a, b, before, after in zip(sampled, sampled[1:], known, known[1:], strict=False):
        found[a - first : b - first] = before
        if before != after:
            found[a - first : b - first] = [_offset(day, zone) for day in range(int(a), int(b))]
    found[-1] = known[-1]
    return found


def _offset(day: int, zone: ZoneInfo) -> int:
    """The offset from UTC at the midnight with which a local date begins, ns."""
    offset = datetime.combine(_date_of(day), datetime.min.time(), zone).utcoffset()
    assert offset is not None
    return (offset // timedelta(seconds=1)) * 1_000_000_000


def _date_of(day: Any) -> date:
    """The date of a day number."""
    return _EPOCH + timedelta(days=int(day))
