"""Builds the session tables under ``src/quant/calendars/tables``.

Run it after a new release of exchange-calendars::

    python tools/build_calendars.py            # writes the tables and prints their versions
    python tools/build_calendars.py --check    # compares only; exit status 1 if one would change

XNYS takes the dates of its sessions from exchange-calendars and its hours from the rules below; the
library knows today's hours only, and applies them back to 1970. 24/7 and weekdays follow from
their rule. The range is always passed explicitly: the library's own end depends on today's date.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import exchange_calendars
import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant.calendars import content_version

START = date(1970, 1, 1)
END = date(2049, 12, 31)
FOLDER = Path(__file__).resolve().parent.parent / "src" / "quant" / "calendars" / "tables"

_EPOCH = datetime(1970, 1, 1)
_DAY_NS = 86_400_000_000_000
_NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One calendar's sessions: day numbers, hours in ns UTC, and which of them close early."""

    name: str
    file: str
    days: NDArray[np.int64]
    opens: NDArray[np.int64]
    closes: NDArray[np.int64]
    is_half_day: NDArray[np.bool_]

    @property
    def version(self) -> str:
        """The name of the content, as manifests give it."""
        return content_version(self.name, self.days, self.opens, self.closes)

    def frame(self) -> pl.DataFrame:
        """The table as it is stored."""
        return pl.DataFrame(
            {
                "session": pl.Series(self.days.astype(np.int32)).cast(pl.Date),
                "open": self.opens,
                "close": self.closes,
                "is_half_day": self.is_half_day,
            }
        )


# Regular hours, New York time, from the date on.
# Source: the exchange's own timeline of trading hours (10:00-15:30 since 1952-09-29, 15:00 close in
# the paperwork crisis until 1970-05-01, 16:00 close from 1974-10-01, 9:30 open from 1985-09-30), as
# quoted in the notes of pandas-market-calendars 5.5.0 (which gives years only) and in histories of
# trading hours, read 2026-11.
_REGULAR_HOURS = (
    (date(1970, 1, 1), time(10), time(15)),
    (date(1970, 5, 4), time(10), time(15, 30)),
    (date(1974, 10, 1), time(10), time(16)),
    (date(1985, 9, 30), time(9, 30), time(16)),
)

# Days that opened late. Source for these and the early closes below: the exchange's list of
# special closings as quoted date by date in the notes of pandas-market-calendars 5.5.0, read
# 2026-11. exchange-calendars 4.13.2 has regular hours on all of them. Left out are moments of
# silence and stops of less than ten minutes (such as 2001-09-17 and 2005-06-01): they are halts
# within regular hours, and data of those days are stamped from the regular open.
_LATE_OPENS = {
    date(1973, 12, 17): time(11),  # ice storm
    date(1974, 1, 16): time(10, 15),  # computer of a member firm
    date(1974, 11, 22): time(10, 15),  # fire drill
    date(1976, 2, 2): time(11, 15),  # storm
    date(1976, 6, 8): time(10, 15),  # fire drill; the list gives no time, the library's is used
    date(1978, 1, 20): time(12),  # snow
    date(1978, 2, 7): time(11),  # snow
    date(1989, 11, 10): time(11),  # fire in the computer centre
    # The library's code says 9:31 here, its notes and the newspapers of the day 11:00.
    date(1990, 12, 27): time(11),  # explosion of a transformer
    date(1995, 12, 18): time(10, 30),  # computer trouble
    date(1996, 1, 8): time(11),  # blizzard
    date(2002, 9, 11): time(12),  # first anniversary of the attacks
}

# Days that closed early and are no holiday's eve.
_EARLY_CLOSES = {
    date(1975, 2, 12): time(14, 30),  # snow
    date(1976, 8, 9): time(15),  # hurricane watch
    date(1978, 2, 6): time(14),  # snow
    date(1981, 3, 30): time(15, 17),  # attempt on the President
    date(1981, 9, 9): time(15, 28),  # power failure
    **{date(1987, 10, day): time(14) for day in (23, 26, 27, 28, 29, 30)},  # volume after the crash
    **{date(1987, 11, day): time(14, 30) for day in (2, 3, 4)},
    **{date(1987, 11, day): time(15) for day in (5, 6)},
    **{date(1987, 11, day): time(15, 30) for day in (9, 10, 11)},
    date(1994, 2, 11): time(14, 30),  # snow
    date(1996, 1, 8): time(14),  # blizzard
    date(1997, 10, 27): time(15, 30),  # circuit breaker
}

# 24 December before 1993: exchange-calendars closes all of them at 14:00; the list of special
# closings names these years only. (1999-12-31, which the second library doubts, stays at 13:00: the
# exchange's board decided so on 1999-06-03, by its news release of the day after.)
_CHRISTMAS_EVES_BEFORE_1993 = (1974, 1975, 1990, 1991, 1992)


def build_all() -> tuple[Table, ...]:
    """Every table, in the order in which they are listed."""
    return (
        build_xnys(),
        build_daily("24/7", 7, "24_7.parquet"),
        build_daily("weekdays", 5, "weekdays.parquet"),
    )


def build_daily(name: str, n_weekdays: int, file: str) -> Table:
    """Whole UTC days, the first `n_weekdays` days of each week counted from Monday."""
    days = np.arange((START - date(1970, 1, 1)).days, (END - date(1970, 1, 1)).days + 1)
    days = days[(days + START.weekday()) % 7 < n_weekdays]
    opens = days * _DAY_NS
    return Table(
        name=name,
        file=file,
        days=days,
        opens=opens,
        closes=opens + _DAY_NS,
        is_half_day=np.zeros(len(days), dtype=np.bool_),
    )


def build_xnys() -> Table:
    """The New York Stock Exchange."""
    library = exchange_calendars.get_calendar("XNYS", start=str(START), end=str(END))
    half_days = {stamp.date() for stamp in library.early_closes}
    dates = [stamp.date() for stamp in library.sessions]
    early = {day: library.closes[str(day)].astimezone(_NEW_YORK).time() for day in half_days}
    hours = [_hours_of(day, early.get(day)) for day in dates]
    return Table(
        name="XNYS",
        file="xnys.parquet",
        days=np.array([(day - START).days for day in dates], dtype=np.int64),
        opens=np.array([_instant(d, h[0]) for d, h in zip(dates, hours, strict=True)]),
        closes=np.array([_instant(d, h[1]) for d, h in zip(dates, hours, strict=True)]),
        is_half_day=np.array([h[1] < _regular(d)[1] for d, h in zip(dates, hours, strict=True)]),
    )


def _hours_of(day: date, library_close: time | None) -> tuple[time, time]:
    """Open and close of one session, New York time."""
    opens, closes = _regular(day)
    is_eve = (day.month, day.day) == (12, 24) and day.year < 1993
    if library_close and not (is_eve and day.year not in _CHRISTMAS_EVES_BEFORE_1993):
        closes = min(closes, library_close)
    return _LATE_OPENS.get(day, opens), _EARLY_CLOSES.get(day, closes)


def _regular(day: date) -> tuple[time, time]:
    """Open and close of a day on which nothing happened, New York time."""
    since = [entry for entry in _REGULAR_HOURS if entry[0] <= day][-1]
    return since[1], since[2]


def _instant(day: date, at: time) -> int:
    """Nanoseconds UTC of a local time in New York."""
    local = datetime.combine(day, at, _NEW_YORK)
    offset = local.utcoffset()
    assert offset is not None
    return (local.replace(tzinfo=None) - offset - _EPOCH) // timedelta(seconds=1) * 1_000_000_000


def main() -> int:
    """Write the tables, or compare them with what is there."""
    parser = argparse.ArgumentParser(description="Build the session tables.")
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    n_changed = 0
    for table in build_all():
        path = FOLDER / table.file
        same = path.exists() and pl.read_parquet(path).equals(table.frame())
        n_changed += not same
        print(
            f"{table.name:9} {len(table.days):6} sessions {table.version} "
            f"{'unchanged' if same else 'changed'}"
        )
        if not check and not same:
            FOLDER.mkdir(parents=True, exist_ok=True)
            table.frame().write_parquet(path, compression="brotli", compression_level=11)
    return 1 if check and n_changed else 0


if __name__ == "__main__":
    sys.exit(main())
