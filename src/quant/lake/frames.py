"""Frames that users hand over, as polars frames.

pandas is the user's import, never ours: its frames are recognised by the module their class comes
from and read through their own methods, column by column, so that no bridge library is needed. The
index counts as a column where it can be the time or a symbol.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.exceptions import PolarsError

from quant.errors import SchemaError
from quant.lake.rows import listed

__all__ = ["is_frame", "to_polars"]

_ACCEPTED: Final = "a polars or pandas DataFrame in long form"


def is_frame(data: Any) -> bool:
    """Whether the object is a polars or pandas frame, or near enough for a helpful message."""
    return any(_home(cls) in {"polars", "pandas"} for cls in type(data).__mro__)


def to_polars(data: Any, where: str) -> pl.DataFrame:
    """The frame as an eager polars frame.

    Raises
    ------
    SchemaError
        If it is a lazy frame, a series, or a pandas frame whose columns have several levels.
    """
    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, pl.LazyFrame):
        raise SchemaError(
            f"{where}: expected {_ACCEPTED}, found a polars LazyFrame; call .collect() on it."
        )
    if any(_home(cls) == "pandas" and cls.__name__ == "DataFrame" for cls in type(data).__mro__):
        return _from_pandas(data, where)
    raise SchemaError(
        f"{where}: expected {_ACCEPTED}, found {type(data).__module__.partition('.')[0]} "
        f"{type(data).__name__}; make it a frame with a time column and a 'close' column."
    )


def _home(cls: type) -> str:
    """Top-level package a class comes from."""
    return cls.__module__.partition(".")[0]


def _from_pandas(data: Any, where: str) -> pl.DataFrame:
    """Columns of a pandas frame, with the index levels that may matter in front."""
    if data.columns.nlevels > 1:
        raise SchemaError(
            f"{where}: expected one level of column names, found {data.columns.nlevels} (the first "
            f"column is {data.columns[0]!r}); move the symbols into rows, for instance with "
            "frame.stack(level=1).rename_axis(['date', 'symbol'])."
        )
    columns = {**_index_columns(data, where)}
    for position, label in enumerate(data.columns):
        name = str(label)
        if name in columns:
            raise SchemaError(
                f"{where}: expected every name once among index and columns, found {name!r} twice "
                f"among {listed([*columns, *map(str, data.columns)])}; rename or drop one."
            )
        columns[name] = _series(name, data.iloc[:, position], where)
    return pl.DataFrame(columns)


def _index_columns(data: Any, where: str) -> dict[str, pl.Series]:
    """Levels of the index that have a name or hold times."""
    index = data.index
    names = [
        str(name) if name is not None else ("index" if index.nlevels == 1 else f"index_{level}")
        for level, name in enumerate(index.names)
    ]
    kept = {}
    for level, name in enumerate(names):
        values = index.get_level_values(level).to_series()
        if index.names[level] is not None or getattr(values.dtype, "kind", "O") == "M":
            kept[name] = _series(name, values, where)
    return kept


def _series(name: str, values: Any, where: str) -> pl.Series:
    """One pandas column as a polars series, missing values as nulls or NaN."""
    if getattr(values.dtype, "kind", "O") == "M":
        return _times(name, values)
    array: NDArray[Any] = values.to_numpy()
    if array.dtype.kind in "iufb":
        return pl.Series(name, np.ascontiguousarray(array))
    array = values.astype(object).to_numpy(dtype=object, copy=True)
    array[values.isna().to_numpy()] = None
    try:
        return pl.Series(name, array.tolist(), strict=False)
    except (PolarsError, TypeError, ValueError) as error:
        raise SchemaError(
            f"{where}: expected one type of value in column {name!r}, found several "
            f"({values.dtype}); convert the column to numbers, text or times."
        ) from error


def _times(name: str, values: Any) -> pl.Series:
    """A pandas datetime column; a zone that polars does not know becomes text with its offset."""
    tz = getattr(values.dtype, "tz", None)
    if tz is None:
        return pl.Series(name, _fine(values.to_numpy()))
    utc = values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    series = pl.Series(name, _fine(utc)).dt.replace_time_zone("UTC")
    try:
        return series.dt.convert_time_zone(str(tz))
    except PolarsError:
        return pl.Series(name, [time.isoformat() for time in values], dtype=pl.String)


def _fine(times: NDArray[Any]) -> NDArray[Any]:
    """Times in a unit that polars takes: whole seconds become microseconds."""
    unit = np.datetime_data(times.dtype)[0]
    return times if unit in {"ms", "us", "ns"} else times.astype("datetime64[us]")
