"""Times as users write them, as nanoseconds.

A time has two readings: what the clock on the wall showed where it was written, and the instant in
UTC. Text with an offset, zoned columns and epoch numbers have both; naive times have only the first
until a zone is given. Dates are told from the wall clock: midnight in the zone they were written in
is a date, whatever instant that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant.errors import BadRowsError, SchemaError
from quant.lake.rows import MAX_SHOWN, RowNames, TablePart, stamp

__all__ = ["DAY_NS", "Times", "localise", "parse_times"]

DAY_NS: Final = 86_400_000_000_000

_ZONE: Final = r"(Z|[+-][0-9]{2}:?[0-9]{2})$"
_ISO: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
)
_ACCEPTED: Final = (
    "dates as YYYY-MM-DD or times as YYYY-MM-DD HH:MM[:SS] with an optional Z or +hh:mm"
)
_DATE_LENGTH: Final = len("2024-01-02")
_MINUTE_LENGTH: Final = len("2024-01-02 09:30")
_SECOND_LENGTH: Final = len("2024-01-02 09:30:00")
# Each unit of an epoch owns the magnitudes from 1973-03-03 to 5138; below lies the unit before.
_EPOCH_UNITS: Final = ((10**8, 10**9), (10**11, 10**6), (10**14, 10**3), (10**17, 1))
# Nanoseconds in 64 bits reach from 1677 to 2262.
_FIRST_YEAR: Final = 1700
_LAST_YEAR: Final = 2200


@dataclass(frozen=True, slots=True)
class Times:
    """The time column of one or more tables.

    Attributes
    ----------
    wall : int64 array of shape (n_rows,)
        Nanoseconds since 1970-01-01T00:00 on the wall clock of the place they were written.
    utc : int64 array of shape (n_rows,), or None
        Nanoseconds since the epoch; None for naive times.
    """

    wall: NDArray[np.int64]
    utc: NDArray[np.int64] | None


def parse_times(series: pl.Series, part: TablePart, where: str) -> Times:
    """The times of one table.

    Parameters
    ----------
    series : polars.Series
        Dates, datetimes with or without a zone, text, or integers since the epoch in seconds,
        milliseconds, microseconds or nanoseconds (told by their size).
    part : TablePart
        Names the rows in messages.
    where : str
        Names the table in messages.

    Raises
    ------
    SchemaError
        If a row has no time or one that cannot be read; the first such value is shown.
    """
    dtype = series.dtype
    if not (dtype in (pl.Date, pl.Datetime, pl.String) or dtype.is_integer()):
        raise SchemaError(
            f"{where}: expected {_ACCEPTED} in column {series.name!r}, found the type {dtype}; "
            "convert the column to dates or datetimes."
        )
    if series.null_count():
        row = int(series.is_null().arg_max() or 0)
        raise SchemaError(
            f"{where}: expected a time in every row of column {series.name!r}, found none in "
            f"{part.name(row)} ({series.null_count()} such rows); fill or remove them."
        )
    if dtype == pl.String:
        return _from_text(series, part, where)
    if dtype.is_integer():
        return _from_epoch(series, part, where)
    return _from_datetimes(series, part, where)


def localise(times: Times, tz: str, names: RowNames, where: str) -> NDArray[np.int64]:
    """The instants in UTC of naive times read in a zone: int64 array of shape (n_rows,).

    Raises
    ------
    BadRowsError
        If clocks were changed at such a time, so that it happened twice or never.
    """
    naive = pl.Series("ts", times.wall.view("datetime64[ns]"))
    zoned = naive.dt.replace_time_zone(tz, ambiguous="null", non_existent="null")
    if zoned.null_count():
        rows = np.flatnonzero(zoned.is_null().to_numpy())
        shown = [_explain(naive, tz, int(row), names) for row in rows[:MAX_SHOWN]]
        raise BadRowsError(
            f"{where}: expected times that exist once in {tz}, found {len(rows)} at a change of "
            f"the clocks ({'; '.join(shown)}); write these times in UTC or with their offset, such "
            "as 2024-11-03 01:30:00-04:00.",
            n_rows=len(rows),
            examples=shown,
        )
    return _int64(zoned.to_physical())


def _explain(naive: pl.Series, tz: str, row: int, names: RowNames) -> str:
    """Why a local time is not one instant."""
    one = naive[row : row + 1]
    again = one.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
    what = "never happened" if again.null_count() else "happened twice"
    return f"{names.name(row)}: {stamp(int(one.to_physical()[0]))} {what}"


def _from_datetimes(series: pl.Series, part: TablePart, where: str) -> Times:
    """Dates and datetimes of a frame."""
    zone = series.dtype.time_zone if isinstance(series.dtype, pl.Datetime) else None
    _check_years(series.dt.year(), series, part, where)
    fine = series.cast(pl.Datetime("ns", zone))
    if zone is None:
        return Times(_int64(fine.to_physical()), None)
    wall = fine.dt.replace_time_zone(None).to_physical()
    return Times(_int64(wall), _int64(fine.to_physical()))


def _from_epoch(series: pl.Series, part: TablePart, where: str) -> Times:
    """Integers since the epoch; their unit is told by their size."""
    values = series.cast(pl.Int64, strict=False).fill_null(0).to_numpy()
    largest = int(values.max())
    low, scale = next(
        (unit for unit in reversed(_EPOCH_UNITS) if largest >= unit[0]), _EPOCH_UNITS[0]
    )
    wrong = (values < low) | (values > _year_ns(_LAST_YEAR) // scale)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SchemaError(
            f"{where}: expected integers in column {series.name!r} to be times since 1970, all in "
            "seconds, milliseconds, microseconds or nanoseconds and after 1973-03-03, found "
            f"{series[row]} in {part.name(row)}; write dates as YYYY-MM-DD or mend the values."
        )
    instants = values * np.int64(scale)
    return Times(instants, instants)


def _from_text(series: pl.Series, part: TablePart, where: str) -> Times:
    """Times written as text, all with a zone or all without."""
    text = series.str.strip_chars().alias(series.name)
    readable = text.str.contains(_ISO)
    if not readable.all():
        if text.str.contains("^[0-9]+$").all():
            return _from_epoch(text, part, where)
        raise _unreadable(series, int((~readable).arg_max() or 0), part, where)
    _check_years(text.str.head(4).cast(pl.Int32), series, part, where)
    zone = None
    if (text.str.len_bytes() > _DATE_LENGTH).any():
        zone = text.str.extract(_ZONE)
        text = _without_zone(text, zone)
    parsed = _parse_clock(text)
    if parsed.null_count():
        raise _unreadable(series, int(parsed.is_null().arg_max() or 0), part, where)
    wall = _int64(parsed.to_physical())
    if zone is None or zone.null_count() == len(zone):
        return Times(wall, None)
    if zone.null_count():
        row = int(zone.is_null().arg_max() or 0)
        raise SchemaError(
            f"{where}: expected all times of column {series.name!r} with a zone or all without, "
            f"found {series[row]!r} in {part.name(row)} without one beside others with one; write "
            "them all alike."
        )
    return Times(wall, wall - _offsets(zone))


def _without_zone(text: pl.Series, zone: pl.Series) -> pl.Series:
    """The text up to its zone."""
    if zone.null_count() == len(zone):
        return text
    length = text.str.len_bytes() - zone.str.len_bytes().fill_null(0)
    table = pl.DataFrame([text.alias("text"), length.alias("length")])
    return table.select(pl.col("text").str.slice(0, pl.col("length"))).to_series()


def _parse_clock(text: pl.Series) -> pl.Series:
    """Naive text as datetimes; null where a date or an hour does not exist."""
    lengths = text.str.len_bytes()
    if (lengths == _DATE_LENGTH).all():
        return text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("ns"))
    if (lengths < _SECOND_LENGTH).any():
        table = pl.DataFrame([text.alias("text"), lengths.alias("length")])
        padded = (
            pl.when(pl.col("length") == _DATE_LENGTH)
            .then(pl.col("text") + " 00:00:00")
            .when(pl.col("length") == _MINUTE_LENGTH)
            .then(pl.col("text") + ":00")
            .otherwise(pl.col("text"))
        )
        text = table.select(padded).to_series()
    # The reader takes a 60th second for the next minute; no market data needs leap seconds.
    leap = text.str.slice(17, 2) == "60"
    shape = "%Y-%m-%d %H:%M:%S" + ("%.f" if (lengths > _SECOND_LENGTH).any() else "")
    parsed = text.str.replace("T", " ", literal=True).str.to_datetime(
        shape, time_unit="ns", strict=False
    )
    return parsed.set(leap, None) if leap.any() else parsed


def _offsets(zone: pl.Series) -> NDArray[np.int64]:
    """Nanoseconds east of Greenwich of each written zone."""
    known = {text: _offset_ns(text) for text in zone.unique().to_list()}
    return _int64(zone.replace_strict(known, return_dtype=pl.Int64))


def _offset_ns(text: str) -> int:
    """Nanoseconds east of Greenwich of ``Z``, ``+hh:mm`` or ``+hhmm``."""
    if text == "Z":
        return 0
    minutes = 60 * int(text[1:3]) + int(text[-2:])
    return (-1 if text[0] == "-" else 1) * minutes * 60_000_000_000


def _unreadable(series: pl.Series, row: int, part: TablePart, where: str) -> SchemaError:
    """The error for a time that is written in another way or does not exist."""
    return SchemaError(
        f"{where}: expected {_ACCEPTED} in column {series.name!r}, found {series[row]!r} in "
        f"{part.name(row)}; rewrite the column in that form."
    )


def _check_years(years: pl.Series, series: pl.Series, part: TablePart, where: str) -> None:
    """Raise at the first year that nanoseconds cannot hold."""
    wrong = (years < _FIRST_YEAR) | (years > _LAST_YEAR)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise SchemaError(
            f"{where}: expected years from {_FIRST_YEAR} to {_LAST_YEAR} in column "
            f"{series.name!r}, found {series[row]} in {part.name(row)}; mend or remove the row."
        )


def _year_ns(year: int) -> int:
    """Nanoseconds from the epoch to the end of a year."""
    return int(np.datetime64(f"{year + 1}-01-01", "ns").astype(np.int64)) - 1


def _int64(series: pl.Series) -> NDArray[np.int64]:
    """An integer column without nulls as an array."""
    return np.asarray(series.to_numpy(), dtype=np.int64)
