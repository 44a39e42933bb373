"""Which column is what: names as users write them, mapped to the canonical ones.

Case and spaces around a name do not matter. What cannot be decided is asked, never guessed: two
columns that may be the time, an adjusted close where no plain one is. What else is numeric comes
along under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant.errors import ConfigError, SchemaError, nearest
from quant.lake.bars import PRICES
from quant.lake.options import CANONICAL, TIME_NAMES, DataOptions
from quant.lake.read import InputTable
from quant.lake.rows import TablePart, listed

__all__ = ["NormalTable", "normalise"]

_ALIASES: Final[Mapping[str, Sequence[str]]] = {
    "ts": TIME_NAMES,
    "symbol": ("symbol", "ticker"),
    **{name: (name,) for name in CANONICAL[2:]},
}
_INDEX_NAMES: Final[Sequence[str]] = ("index", "")
_ADJUSTED: Final = ("adjclose", "adjustedclose", "closeadj", "closeadjusted")
_MISSING: Final = ("", "na", "n/a", "nan", "null", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalTable:
    """One table with its columns recognised.

    Attributes
    ----------
    where, part
        The table's name in messages and how its rows are counted.
    time : polars.Series
        The time column as it was given.
    symbol : polars.Series or str
        Symbols as text, one per row or one for all.
    columns : dict of str to float64 array of shape (n_rows,)
        The four prices, volume (NaN where there is none), then the other numeric columns.
    closes_only : bool
        The four prices are all the close.
    """

    where: str
    part: TablePart
    time: pl.Series
    symbol: pl.Series | str
    columns: dict[str, NDArray[np.float64]]
    closes_only: bool


def normalise(table: InputTable, options: DataOptions) -> NormalTable:
    """The table with time, symbol and prices found.

    Raises
    ------
    SchemaError
        If a column is missing, ambiguous or not numeric; the message names the columns found.
    ConfigError
        If ``options.symbol`` is given for data that names its symbols.
    """
    found = _find_columns(table, options)
    closes_only = _check_prices(table, found)
    frame, part, where = table.frame, table.part, table.where
    values = {
        name: _floats(frame[found[name]], part, where)
        for name in (*PRICES, "volume")
        if name in found
    }
    columns = {name: values.get(name, values["close"]) for name in PRICES}
    columns["volume"] = values.get("volume", np.full(frame.height, np.nan))
    for name in sorted(set(frame.columns) - set(found.values()) - {*CANONICAL, *_INDEX_NAMES}):
        extra = _extra(frame[name])
        if extra is not None:
            columns[name] = extra
    return NormalTable(
        where=where,
        part=part,
        time=frame[found["ts"]],
        symbol=_symbols(table, found.get("symbol"), options),
        columns=columns,
        closes_only=closes_only,
    )


def _find_columns(table: InputTable, options: DataOptions) -> dict[str, str]:
    """Column of the input for each canonical name that it has."""
    by_key: dict[str, list[str]] = {}
    for name in table.frame.columns:
        by_key.setdefault(name.strip().lower(), []).append(name)
    found = {}
    for canonical, aliases in _ALIASES.items():
        if canonical in options.columns:
            found[canonical] = _mapped(table, canonical, options.columns[canonical])
            continue
        names = [name for key in aliases for name in by_key.get(key, [])]
        if canonical == "ts":
            names += _index_times(table.frame, alone=not names)
        if len(names) > 1:
            names.sort(key=table.frame.columns.index)
            raise SchemaError(
                f"{table.where}: expected one column that may be the {_role(canonical)}, found "
                f"{listed(names)}; choose with columns={{{canonical!r}: {names[0]!r}}} (--columns "
                f"{canonical}={names[0]}) or drop the others."
            )
        if names:
            found[canonical] = names[0]
    if "ts" not in found:
        raise SchemaError(
            f"{table.where}: expected a time column named {', '.join(TIME_NAMES[:-1])} or "
            f"{TIME_NAMES[-1]}, found {listed(table.frame.columns)}; rename the column or pass "
            "columns={'ts': 'its name'} (--columns ts=NAME)."
        )
    return found


def _index_times(frame: pl.DataFrame, *, alone: bool) -> list[str]:
    """Columns without a telling name, as an index leaves them, that can only be the time.

    Beside a column that has a name of time, text is not looked at: it may be anything.
    """
    names = [name for name in _INDEX_NAMES if name in frame.columns]
    return [
        name
        for name in names
        if frame[name].dtype.is_temporal()
        or (alone and frame[name].dtype == pl.String and not _is_number(frame[name][0]))
    ]


def _is_number(text: str | None) -> bool:
    """Whether the text is a whole number or nothing, as row numbers are."""
    return text is None or text.strip().isdigit()


def _role(canonical: str) -> str:
    """What a canonical name stands for, in words."""
    return {"ts": "time"}.get(canonical, canonical)


def _mapped(table: InputTable, canonical: str, wanted: str) -> str:
    """The input's column that the option names, by its exact name or else without case."""
    names = table.frame.columns
    if wanted in names:
        return wanted
    alike = [name for name in names if name.strip().lower() == wanted.strip().lower()]
    if len(alike) == 1:
        return alike[0]
    raise SchemaError(
        f"{table.where}: expected a column {wanted!r} for {canonical!r} as columns= asks, found "
        f"{listed(names)}; name one of these.{nearest(wanted, names)}"
    )


def _check_prices(table: InputTable, found: Mapping[str, str]) -> bool:
    """Whether there are only closes; raise if a price is missing."""
    names = table.frame.columns
    if "close" not in found:
        plain = {name: "".join(filter(str.isalnum, name.lower())) for name in names}
        adjusted = [name for name in names if plain[name] in _ADJUSTED]
        if adjusted:
            raise SchemaError(
                f"{table.where}: expected a column 'close', found the adjusted {adjusted[0]!r} "
                f"only (columns {listed(names)}), which is never chosen silently; pass "
                f"columns={{'close': {adjusted[0]!r}}} (--columns close={adjusted[0]}) to use it."
            )
        is_wide = len(names) > 2 and not {*PRICES, "volume"} & found.keys()
        wide = " (one column per symbol becomes long form with unpivot or melt)" if is_wide else ""
        raise SchemaError(
            f"{table.where}: expected a column 'close', found {listed(names)}; rename the column "
            f"or pass columns={{'close': 'its name'}} (--columns close=NAME){wide}."
        )
    missing = [name for name in PRICES if name not in found]
    if missing and len(missing) < 3:
        raise SchemaError(
            f"{table.where}: expected the columns open, high, low and close, or close alone, found "
            f"no {' and no '.join(map(repr, missing))} among {listed(names)}; add what is missing "
            "or leave only 'close'."
        )
    return bool(missing)


def _symbols(table: InputTable, column: str | None, options: DataOptions) -> pl.Series | str:
    """Symbols of the rows as text, or the one symbol of all rows."""
    if options.symbol is not None and (column is not None or table.symbol is not None):
        named = f"the column {column!r}" if column is not None else f"the key {table.symbol!r}"
        raise ConfigError(
            f"{table.where}: expected data without symbols for symbol={options.symbol!r}, found "
            f"{named}; leave the option out or filter the data first."
        )
    if column is None:
        return table.symbol or options.symbol or table.default_symbol
    given = table.frame[column]
    text = given.cast(pl.String).str.strip_chars()
    empty = text.is_null() | (text == "")
    if empty.any():
        row = int(empty.arg_max() or 0)
        raise SchemaError(
            f"{table.where}: expected a symbol in every row of column {column!r}, found none in "
            f"{table.part.name(row)} ({int(empty.sum())} such rows); fill or remove them."
        )
    if table.symbol is None:
        return text
    other = text != table.symbol
    if other.any():
        row = int(other.arg_max() or 0)
        raise SchemaError(
            f"{table.where}: expected only the symbol {table.symbol!r}, the frame's key, found "
            f"{text[row]!r} in {table.part.name(row)}; use one key per symbol or one long frame."
        )
    return table.symbol


def _floats(series: pl.Series, part: TablePart, where: str) -> NDArray[np.float64]:
    """A column as float64, missing values as NaN; raise at the first value that is no number."""
    if series.dtype == pl.String:
        values, wrong = _numbers_of_text(series)
        if wrong is None:
            return values
        raise SchemaError(
            f"{where}: expected numbers in column {series.name!r}, found {series[wrong]!r} in "
            f"{part.name(wrong)}; write plain numbers with a decimal point and no other marks."
        )
    if series.dtype.is_numeric() or series.dtype == pl.Null:
        return _as_array(series)
    raise SchemaError(
        f"{where}: expected numbers in column {series.name!r}, found the type {series.dtype}; "
        "convert the column to numbers."
    )


def _extra(series: pl.Series) -> NDArray[np.float64] | None:
    """A further column as float64, or None if it is not numeric throughout."""
    if series.dtype == pl.String:
        values, wrong = _numbers_of_text(series)
        return values if wrong is None else None
    numeric = series.dtype.is_numeric() or series.dtype == pl.Null
    return _as_array(series) if numeric else None


def _numbers_of_text(series: pl.Series) -> tuple[NDArray[np.float64], int | None]:
    """Numbers written as text, and the position of the first that is none."""
    values = series.cast(pl.Float64, strict=False)
    wrong = values.is_null() & series.is_not_null()
    if not wrong.any():
        return _as_array(values), None
    bare = series.str.strip_chars()
    values = bare.cast(pl.Float64, strict=False)
    missing = bare.str.to_lowercase().is_in(_MISSING)
    wrong = values.is_null() & series.is_not_null() & ~missing
    if wrong.any():
        return _as_array(values), int(wrong.arg_max() or 0)
    return _as_array(values), None


def _as_array(series: pl.Series) -> NDArray[np.float64]:
    """A numeric column as float64, with NaN for null."""
    values = series.cast(pl.Float64).to_numpy()
    return np.asarray(values, dtype=np.float64)
