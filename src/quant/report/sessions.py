"""Equity rows folded to sessions, and their drawdowns.

Returns are per session of the base calendar, at its last mark. Row 0 is the opening deposit and
the starting point of the first session. A session in which nothing was marked keeps the equity of
the one before, so that its return is 0 and the number of sessions per year stays true.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from quant.errors import DataError

__all__ = [
    "DrawdownPeriods",
    "Drawdowns",
    "Sessions",
    "calendar_ends",
    "drawdown_path",
    "find_drawdowns",
    "fold_sessions",
    "iso_date",
    "list_drawdowns",
]

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]

_EPOCH = date(1970, 1, 1)


def iso_date(days: int) -> str:
    """The date of a number of days since 1970-01-01.

    Examples
    --------
    >>> iso_date(18263)
    '2020-01-02'
    """
    return (_EPOCH + timedelta(days=days)).isoformat()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sessions:
    """One run by sessions.

    Attributes
    ----------
    rows : int64 array of shape (n_sessions,)
        Row of each session's last mark.
    place : int64 array of shape (n_rows,)
        Session of each row, from 1; 0 for the opening deposit.
    equity : list of float
        Opening equity, then the equity at each session's end; n_sessions + 1 values.
    returns : list of float
        Simple returns, n_sessions values; empty if an equity before the last is not positive.
    is_positive : bool
        Whether every return has a positive equity to start from.
    start, end : int
        Dates of the first and last row, days since 1970-01-01.
    """

    rows: IntArray
    place: IntArray
    equity: list[float]
    returns: list[float]
    is_positive: bool
    start: int
    end: int

    @property
    def days(self) -> int:
        """Calendar days from first to last date."""
        return self.end - self.start

    def __len__(self) -> int:
        return len(self.rows)


def fold_sessions(session: IntArray, session_date: IntArray, equity: FloatArray) -> Sessions:
    """Equity rows by session.

    Parameters
    ----------
    session : int64 array of shape (n_rows,)
        Ordinal of each row's session in the base calendar; that of row 0 is not looked at.
    session_date : int64 array of shape (n_rows,)
        Date of the session, days since 1970-01-01.
    equity : float64 array of shape (n_rows,)
        Money; row 0 is the opening deposit.

    Raises
    ------
    DataError
        If there is no row, lengths differ, sessions go back or an equity is not finite.
    """
    _check(session, session_date, equity)
    place = np.zeros(len(session), np.int64)
    rows = np.zeros(0, np.int64)
    if len(session) > 1:
        place[1:] = session[1:] - session[1] + 1
        wanted = np.arange(1, int(place[-1]) + 1)
        rows = (np.searchsorted(place, wanted, side="right") - 1).astype(np.int64)
    ends: list[float] = [float(equity[0]), *equity[rows].tolist()]
    is_positive = ends[0] > 0 and all(value > 0 for value in ends[:-1])
    pairs = pairwise(ends) if is_positive else ()
    return Sessions(
        rows=rows,
        place=place,
        equity=ends,
        returns=[after / before - 1.0 for before, after in pairs],
        is_positive=is_positive,
        start=int(session_date[0]),
        end=int(session_date[-1]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdowns:
    """The deepest and the longest drawdown of a run.

    Attributes
    ----------
    deepest, deepest_money : float
        As fraction of the peak and in money; 0 or more, and not always of the same drawdown.
    peak_row, trough_row : int
        Rows of the deepest by fraction; both 0 where equity never fell.
    longest_days, longest_sessions : int
        From a peak to the first row back at it, or to the last row.
    is_recovered : bool
        Whether the last row is at the highest equity of the run.
    """

    deepest: float
    deepest_money: float
    peak_row: int
    trough_row: int
    longest_days: int
    longest_sessions: int
    is_recovered: bool


def drawdown_path(equity: FloatArray) -> FloatArray:
    """Fraction below the highest equity so far, of every row; 0 or more.

    Parameters
    ----------
    equity : float64 array of shape (n_rows,)
        Money; the first value must be positive.

    Examples
    --------
    >>> drawdown_path(np.array([100.0, 80.0, 120.0])).tolist()
    [0.0, 0.2, 0.0]
    """
    peak = np.maximum.accumulate(equity)
    return (peak - equity) / peak


def find_drawdowns(
    place: IntArray,
    session_date: IntArray,
    equity: FloatArray,
    money: FloatArray | None = None,
) -> Drawdowns:
    """The deepest and the longest drawdown; `place` is the session of each row, from 0.

    The opening equity counts as a peak; it must be positive. `money` is what `deepest_money` is
    read off, where `equity` is an index and not money.
    """
    money = equity if money is None else money
    peak = np.maximum.accumulate(equity)
    path = drawdown_path(equity)
    trough = int(np.argmax(path))
    under = np.concatenate(([False], equity < peak, [False]))
    edges = np.flatnonzero(under[1:] != under[:-1])
    before, back = edges[0::2] - 1, np.minimum(edges[1::2], len(equity) - 1)
    return Drawdowns(
        deepest=float(path[trough]),
        deepest_money=float(np.max(np.maximum.accumulate(money) - money)),
        peak_row=int(np.flatnonzero(equity[: trough + 1] == peak[trough])[-1]),
        trough_row=trough,
        longest_days=int(np.max(session_date[back] - session_date[before], initial=0)),
        longest_sessions=int(np.max(place[back] - place[before], initial=0)),
        is_recovered=bool(equity[-1] == peak[-1]),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawdownPeriods:
    """Every drawdown of a run, in order of time; arrays of shape (n_drawdowns,).

    A drawdown begins at a row of the highest equity so far (its *peak*), where the next row is
    lower, and ends at the first row back at that equity (its *recovery*), or with the last row.

    Attributes
    ----------
    peak_row, trough_row, end_row : int64
        Rows of the peak, of the lowest equity, and of the recovery or the end of the run.
    is_recovered : bool
        Whether `end_row` is a recovery.
    depth : float64
        Peak to trough as fraction of the peak, above 0.
    depth_money : float64
        The same in money; with deposits or withdrawals what was lost from peak to trough, which
        may be negative where more money was there for a rise than for a fall.
    """

    peak_row: IntArray
    trough_row: IntArray
    end_row: IntArray
    is_recovered: NDArray[np.bool_]
    depth: FloatArray
    depth_money: FloatArray

    def __len__(self) -> int:
        return len(self.peak_row)


def list_drawdowns(equity: FloatArray, money: FloatArray | None = None) -> DrawdownPeriods:
    """Every drawdown of equity rows; the opening equity counts as a peak and must be positive.

    Parameters
    ----------
    equity : float64 array of shape (n_rows,)
        Money, or an index of it.
    money : float64 array of shape (n_rows,), optional
        What `depth_money` is read off, where `equity` is an index.

    Examples
    --------
    >>> found = list_drawdowns(np.array([100.0, 80.0, 90.0, 100.0, 99.0]))
    >>> found.depth.tolist(), found.is_recovered.tolist()
    ([0.2, 0.01], [True, False])
    """
    peak = np.maximum.accumulate(equity)
    under = np.concatenate(([False], equity < peak, [False]))
    edges = np.flatnonzero(under[1:] != under[:-1])
    first, after = edges[0::2], edges[1::2]
    lows = [int(np.argmin(equity[a:b])) + a for a, b in zip(first, after, strict=True)]
    trough = np.array(lows, np.int64)
    return DrawdownPeriods(
        peak_row=first - 1,
        trough_row=trough,
        end_row=np.minimum(after, len(equity) - 1),
        is_recovered=after < len(equity),
        depth=(peak[trough] - equity[trough]) / peak[trough],
        depth_money=peak[trough] - equity[trough]
        if money is None
        else money[first - 1] - money[trough],
    )


def calendar_ends(sessions: Sessions, session_date: IntArray, unit: str) -> list[float]:
    """Opening equity, then the equity at the end of each calendar month or year.

    The first and the last may be parts. One without a row keeps the equity of the one before.

    Parameters
    ----------
    session_date : int64 array of shape (n_rows,)
        As in `fold_sessions`.
    unit : str
        ``M`` for months, ``Y`` for years.
    """
    if not len(sessions):
        return sessions.equity[:1]
    days = session_date[sessions.rows].astype("datetime64[D]")
    place = days.astype(f"datetime64[{unit}]").astype(np.int64)
    wanted = np.arange(int(place[0]), int(place[-1]) + 1)
    last = np.searchsorted(place, wanted, side="right")
    return [sessions.equity[0], *(sessions.equity[k] for k in last.tolist())]


def _check(session: IntArray, session_date: IntArray, equity: FloatArray) -> None:
    n = len(equity)
    if n == 0 or len(session) != n or len(session_date) != n:
        raise DataError(
            f"Equity rows need a session and a date each and at least the opening row, but there "
            f"are {n} equities, {len(session)} sessions and {len(session_date)} dates; give one "
            "of each per row."
        )
    if n > 1 and (np.diff(session[1:]) < 0).any():
        row = int(np.flatnonzero(np.diff(session[1:]) < 0)[0]) + 2
        raise DataError(
            f"Equity rows must be in order of time, but row {row} has session "
            f"{int(session[row])} after session {int(session[row - 1])}; sort the rows."
        )
    if not np.isfinite(equity).all():
        row = int(np.flatnonzero(~np.isfinite(equity))[0])
        raise DataError(
            f"Equity must be finite, but row {row} has {float(equity[row])}; find the mark or "
            "the fill that made it so."
        )
