"""When the money of a sale is there in the United States, by the rule of the trade's date.

Follows `Cash and its settlement` of `docs/concepts/accounting.md`. Business days are written out as
rules of the calendar: the holidays of the New York exchange, and the two days of the banks on which
it trades. Where the written rule leaves room, the reading taken stands in a comment that starts
`Reading:`.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
# The first dates of trades with these many days, the last first.
LAGS = ((date(2024, 5, 28), 1), (date(2017, 9, 5), 2), (date(1995, 6, 7), 3), (date.min, 5))


def us_settlement(traded: date) -> date:
    """So many business days after the date of a trade."""
    day = traded
    for _ in range(next(lag for since, lag in LAGS if traded >= since)):
        day += timedelta(days=1)
        while not is_business_day(day):
            day += timedelta(days=1)
    return day


def is_business_day(day: date) -> bool:
    """Whether trades settle on a day."""
    return is_exchange_day(day) and day not in (columbus_day(day.year), veterans_day(day.year))


def is_exchange_day(day: date) -> bool:
    # Reading: closures for one occasion (storms, mourning) are no matter of a rule.
    return day.weekday() < SATURDAY and day not in _holidays(day.year)


def columbus_day(year: int) -> date:
    return _nth(year, 10, MONDAY, 2)


def veterans_day(year: int) -> date:
    """On a Sunday it is kept on the Monday, on a Saturday on no other day."""
    day = date(year, 11, 11)
    return day + timedelta(days=1) if day.weekday() == SUNDAY else day


@cache
def _holidays(year: int) -> set[date]:
    """Days on which the New York exchange is closed."""
    new_year = date(year, 1, 1)
    found = {
        # On a Saturday it is not kept on the day before, which ends the year's books.
        new_year + timedelta(days=1) if new_year.weekday() == SUNDAY else new_year,
        _nth(year, 2, MONDAY, 3),
        _easter(year) - timedelta(days=2),
        _nth(year, 6, MONDAY, 1) - timedelta(days=7),
        _kept(date(year, 7, 4)),
        _nth(year, 9, MONDAY, 1),
        _nth(year, 11, THURSDAY, 4),
        _kept(date(year, 12, 25)),
    }
    if year >= 1998:
        found.add(_nth(year, 1, MONDAY, 3))
    if year >= 2022:
        found.add(_kept(date(year, 6, 19)))
    return found


def _kept(day: date) -> date:
    shift = {SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0)
    return day + timedelta(days=shift)


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    """The n-th such day of the week in a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the rule of Butcher."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)
