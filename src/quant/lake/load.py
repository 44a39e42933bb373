"""`load_bars`: from anything a user has to bars that a run can trust.

The way: read the source, find its columns, parse its times, sort by symbol, check order and values,
give every bar its hours, and name the content by a hash. Each step has its own module; here is
their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant.calendars import Calendar
from quant.errors import SchemaError
from quant.lake.bars import PRICES, Bars, DataSource, content_hash
from quant.lake.checks import (
    BadRows,
    BarTable,
    check_order,
    find_bad_prices,
    settle,
)
from quant.lake.clocks import (
    BarClock,
    choose_for_dates,
    choose_for_times,
    dated_clock,
    find_days_off,
    find_long_gaps,
    infer_steps,
    intraday_clock,
)
from quant.lake.normalise import NormalTable, normalise
from quant.lake.options import DEFAULT_OPTIONS, DataOptions, parse_bar
from quant.lake.read import Source, read_source
from quant.lake.rows import MAX_SHOWN, RowNames, stamp
from quant.lake.timeparse import DAY_NS, Times, localise, parse_times

__all__ = ["load_bars"]

_FIXED: Final = (*PRICES, "volume")


def load_bars(data: Any, options: DataOptions = DEFAULT_OPTIONS) -> Bars:
    """The bars of a file, frame, dict of frames or sample, checked.

    Parameters
    ----------
    data : path, polars or pandas DataFrame, dict of frames by symbol, Sample, or Bars
        A path ends in ``.csv``, ``.csv.gz`` or ``.parquet``; ``"sample:NAME"`` is a bundled
        sample. Frames are in long form: a time column (ts, time, timestamp, date or datetime), a
        symbol column where there are several, open, high, low, close and volume, or close alone.
        Bars are given back as they are.
    options : DataOptions
        Answers to what the data leaves open.

    Returns
    -------
    Bars
        Sorted by symbol, with read-only arrays.

    Raises
    ------
    SchemaError
        If a column is missing, ambiguous or of the wrong type, or naive times have no zone.
    BadRowsError
        If rows hold values that cannot be true (unless they are dropped), times that are repeated
        or that a change of clocks makes ambiguous, or dates on which the calendar has no session.
    DataError
        If the file is missing or empty, there are no rows, or the rows are out of order.

    Notes
    -----
    A time column whose every value is midnight, with one row per symbol and day, holds dates. Their
    bars have the hours of the calendar's sessions; 24/7 and weekdays: 00:00 to the last nanosecond
    of the day UTC.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"date": ["2024-07-03", "2024-07-05"], "close": [5537.0, 5567.2]})
    >>> bars = load_bars(frame)
    >>> bars.symbols, bars.calendar.name, bars.is_dated, bars.closes_only
    (('ASSET',), 'XNYS', True, True)
    """
    if isinstance(data, Bars):
        return data
    source = read_source(data)
    tables = [normalise(table, options) for table in source.tables]
    _check_alike(tables, source.name)
    table, is_dated = _assemble(tables, source.name, options)
    check_order(table)
    drop = options.on_bad_rows == "drop"
    found = [find_bad_prices(table, options.allow_nonpositive)]
    table = settle(table, found[0], drop=drop)
    if is_dated:
        step_ns = 0
        calendar, notices = choose_for_dates(table, options)
        found.append(find_days_off(table, calendar))
        table = settle(table, found[1], drop=drop)
        clock = dated_clock(table, calendar)
        notices = (*notices, *find_long_gaps(table))
    else:
        steps = infer_steps(table, options)
        step_ns = steps.common
        calendar, notices = choose_for_times(table, options, steps.per_row)
        notices = (*steps.notices, *notices)
        clock = intraday_clock(table, calendar, steps.per_row, options)
    made = _Made(table, clock, calendar, step_ns, tables[0].closes_only)
    return _finish(made, source, options, found, notices)


@dataclass(frozen=True, slots=True)
class _Made:
    """Checked rows and what was found out about them."""

    table: BarTable
    clock: BarClock
    calendar: Calendar
    step_ns: int
    closes_only: bool


def _check_alike(tables: Sequence[NormalTable], where: str) -> None:
    """Raise if only some tables of a dict have open, high and low."""
    bare = [table.where for table in tables if table.closes_only]
    if bare and len(bare) < len(tables):
        raise SchemaError(
            f"{where}: expected open, high and low in every frame or in none, found only closes in "
            f"{bare[0]} ({len(bare)} of {len(tables)} frames); load them apart or add the columns."
        )


def _assemble(
    tables: Sequence[NormalTable], where: str, options: DataOptions
) -> tuple[BarTable, bool]:
    """All rows sorted by symbol, in the given order within one, and whether they are dated."""
    names = RowNames([table.part for table in tables])
    times = _join_times(tables, where)
    daily = options.bar is None or parse_bar(options.bar) == DAY_NS
    is_dated = daily and not (times.wall % DAY_NS).any()
    ts = times.wall if is_dated else _instants(times, names, where, options)
    symbols, codes = _join_symbols(tables)
    rows = np.arange(len(codes), dtype=np.int64)
    table = BarTable(
        where=where,
        names=names,
        rows=rows,
        symbols=symbols,
        codes=codes,
        wall=times.wall,
        ts=ts,
        columns=_join_columns(tables),
    )
    if (codes[1:] < codes[:-1]).any():
        small = codes.astype(np.uint16) if len(symbols) <= 1 << 16 else codes
        table = table.take(np.argsort(small, kind="stable"))
    return table, is_dated


def _join_times(tables: Sequence[NormalTable], where: str) -> Times:
    """The times of all tables, all with a zone or all without."""
    parts = [parse_times(table.time, table.part, table.where) for table in tables]
    naive = [table.where for table, times in zip(tables, parts, strict=True) if times.utc is None]
    if naive and len(naive) < len(tables):
        raise SchemaError(
            f"{where}: expected times with a zone in every frame or in none, found times without "
            f"one in {naive[0]} ({len(naive)} of {len(tables)} frames); make them alike."
        )
    wall = _joined([times.wall for times in parts])
    utc = [times.utc for times in parts if times.utc is not None]
    return Times(wall, _joined(utc) if utc else None)


def _instants(times: Times, names: RowNames, where: str, options: DataOptions) -> NDArray[np.int64]:
    """Stamps of intraday bars, ns UTC."""
    if times.utc is not None:
        return times.utc
    if options.tz is None:
        row = int(np.argmax(times.wall % DAY_NS != 0))
        raise SchemaError(
            f"{where}: expected times with a zone, found {stamp(int(times.wall[row]))} without one "
            f"in {names.name(row)}; say which zone it is in by tz=, such as "
            "tz='America/New_York' (--tz), or write the times with Z or an offset."
        )
    return localise(times, options.tz, names, where)


def _join_symbols(tables: Sequence[NormalTable]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Symbols in code point order, and the index of each row's one."""
    parts: list[tuple[list[str], NDArray[np.int64]]] = []
    for table in tables:
        if isinstance(table.symbol, str):
            parts.append(([table.symbol], np.zeros(table.part.n_rows, dtype=np.int64)))
            continue
        known = table.symbol.unique().sort()
        physical = table.symbol.cast(pl.Enum(known)).to_physical().to_numpy()
        parts.append((known.to_list(), physical.astype(np.int64)))
    symbols = sorted({symbol for known, _ in parts for symbol in known})
    place = {symbol: code for code, symbol in enumerate(symbols)}
    codes = [np.array([place[s] for s in known], dtype=np.int64)[local] for known, local in parts]
    return tuple(symbols), _joined(codes)


def _join_columns(tables: Sequence[NormalTable]) -> dict[str, NDArray[np.float64]]:
    """Columns of all tables; NaN where a table lacks a further column of another."""
    if len(tables) == 1:
        return tables[0].columns
    extras = sorted({name for table in tables for name in table.columns} - set(_FIXED))
    return {
        name: np.concatenate(
            [table.columns.get(name, np.full(table.part.n_rows, np.nan)) for table in tables]
        )
        for name in (*_FIXED, *extras)
    }


def _joined(parts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Arrays one after the other; one alone is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _finish(
    made: _Made,
    source: Source,
    options: DataOptions,
    found: Sequence[BadRows],
    notices: tuple[str, ...],
) -> Bars:
    """Frozen arrays, their hash, and what the user should know."""
    table, clock = made.table, made.clock
    counts = np.bincount(table.codes, minlength=len(table.symbols))
    offsets = _frozen(np.concatenate(([0], np.cumsum(counts))).astype(np.int64))
    ts_open, ts_close = _frozen(clock.ts_open), _frozen(clock.ts_close)
    columns = _frozen_columns(table.columns, made)
    dropped = sum(bad.count for bad in found)
    examples = tuple(words for bad in found for words in bad.examples)[:MAX_SHOWN]
    digest = content_hash(
        table.symbols, offsets, (ts_open, ts_close), columns, closes_only=made.closes_only
    )
    return Bars(
        symbols=table.symbols,
        offsets=offsets,
        ts_open=ts_open,
        ts_close=ts_close,
        session=_frozen(clock.session),
        columns=columns,
        calendar=made.calendar,
        is_dated=made.step_ns == 0,
        closes_only=made.closes_only,
        has_volume=not bool(np.isnan(columns["volume"]).all()),
        step_ns=made.step_ns,
        source=DataSource(
            kind=source.kind,
            name=source.name,
            sha256=digest,
            n_rows=len(table.rows),
            dropped_rows=dropped,
            bad_rows=examples,
            notes=source.notes,
            options=options,
        ),
        warnings=(*_drop_warning(source.name, dropped, examples), *notices),
    )


def _drop_warning(where: str, dropped: int, examples: Sequence[str]) -> tuple[str, ...]:
    """One sentence about rows that were left out."""
    if not dropped:
        return ()
    return (
        f"{where}: {dropped} bad row{'s were' if dropped > 1 else ' was'} dropped as "
        f"on_bad_rows='drop' asks (first: {examples[0]}).",
    )


def _frozen(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """A read-only copy."""
    copy = np.array(values, dtype=np.int64)
    copy.flags.writeable = False
    return copy


def _frozen_columns(
    columns: Mapping[str, NDArray[np.float64]], made: _Made
) -> dict[str, NDArray[np.float64]]:
    """Read-only copies with one zero and one NaN, so that equal numbers are equal bytes."""
    frozen: dict[str, NDArray[np.float64]] = {}
    for name, values in columns.items():
        if made.closes_only and name in PRICES and frozen:
            frozen[name] = frozen[PRICES[0]]
            continue
        copy = values + 0.0  # a negative zero becomes zero
        copy[np.isnan(copy)] = np.nan
        copy.flags.writeable = False
        frozen[name] = copy
    return frozen
