"""When the money of a trade is there: business days of settlement, by the rule of its date."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quant.calendars.calendar import Calendar, load_calendar

__all__ = ["settlement_sessions", "us_settlement_date"]

_EPOCH: Final = date(1970, 1, 1)
# SEC Rule 15c6-1 (17 CFR 240.15c6-1): from which trade date on, how many business days.
_US_CYCLES: Final = (
    (date(1970, 1, 1), 5),
    (date(1995, 6, 7), 3),
    (date(2017, 9, 5), 2),
    (date(2024, 5, 28), 1),
)


def settlement_sessions(calendar: Calendar, rule: str | int) -> NDArray[np.int64]:
    """For each session of a calendar the one at whose begin its trades settle.

    Parameters
    ----------
    calendar : Calendar
    rule : "us" or int
        The dated rule of the United States, or a number of sessions of the calendar itself.

    Returns
    -------
    int64 array of shape (n_sessions,)
        Places of sessions, never descending. What settles after the table's end has its length.

    Notes
    -----
    SEC Rule 15c6-1: five business days before 1995-06-07, three until 2017-09-04, two until
    2024-05-27, one since. A business day of settlement is one on which exchange and banks are open:
    Columbus Day and Veterans Day are trading days on which nothing settles.

    Examples
    --------
    >>> nyse = load_calendar("XNYS")
    >>> friday = nyse.index_of(19_867)  # 2024-05-24, two days, Memorial Day between
    >>> str(np.datetime64(int(nyse.days[settlement_sessions(nyse, "us")[friday]]), "D"))
    '2024-05-29'
    """
    n = len(calendar.days)
    if not isinstance(rule, str):
        return np.minimum(np.arange(n, dtype=np.int64) + rule, n)
    days = _us_settlement_days()
    due = np.empty(n, np.int64)
    for k, day in enumerate(calendar.days.tolist()):
        due[k] = _due(day, days)
    return np.searchsorted(calendar.days, due).astype(np.int64)


def us_settlement_date(traded: date) -> date:
    """The date on which a trade of that date settles in the United States.

    Examples
    --------
    >>> us_settlement_date(date(2024, 6, 3))
    datetime.date(2024, 6, 4)
    """
    due = _due((traded - _EPOCH).days, _us_settlement_days())
    return _EPOCH + timedelta(days=int(due))


def _due(day: int, settlement_days: NDArray[np.int64]) -> int:
    """The n-th settlement day after a trade date, n by the rule of that date."""
    lag = next(days for since, days in reversed(_US_CYCLES) if (since - _EPOCH).days <= day)
    first_after = int(np.searchsorted(settlement_days, day, side="right"))
    return int(settlement_days[min(first_after + lag - 1, len(settlement_days) - 1)])


def _us_settlement_days() -> NDArray[np.int64]:
    """Sessions of the New York exchanges on which banks are open too."""
    days = load_calendar("XNYS").days
    years = range((_EPOCH + timedelta(days=int(days[0]))).year, 2051)
    closed = [holiday for year in years for holiday in _bank_holidays(year)]
    return days[~np.isin(days, [(day - _EPOCH).days for day in closed])]


def _bank_holidays(year: int) -> tuple[date, date]:
    """Columbus Day and Veterans Day as the Federal Reserve keeps them (5 U.S.C. 6103, since 1978):
    a Sunday's is kept on Monday, a Saturday's on no other day."""
    first = date(year, 10, 1)
    columbus = first + timedelta(days=(7 - first.weekday()) % 7 + 7)
    veterans = date(year, 11, 11)
    return columbus, veterans + timedelta(days=1 if veterans.weekday() == 6 else 0)
