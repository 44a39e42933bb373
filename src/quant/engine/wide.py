"""Arrays and frames of one value for each time and instrument, brought to the shape of the bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant.errors import ConfigError, nearest
from quant.lake import Bars

__all__ = ["times_of", "wide_array"]

FloatArray = NDArray[np.float64]


def times_of(bars: Bars) -> NDArray[np.int64]:
    """The times at which bars end, each once, ascending: the rows that a declared run has."""
    return np.unique(bars.ts_close)


def wide_array(where: str, given: Any, bars: Bars, times: NDArray[np.int64]) -> FloatArray:
    """Values by time and instrument, as float64 of shape (n_times, n_symbols).

    Parameters
    ----------
    where : str
        For messages.
    given : array, frame or number
        A frame's columns are symbols; others than those of the data are refused, those it lacks are
        NaN. A pandas index, or a column of times, is not read: rows count. One dimension serves
        where there is one instrument, a number everywhere.
    bars : Bars
    times : int64 array of shape (n_times,)

    Raises
    ------
    ConfigError
        For a shape that does not match, columns that are no symbols, values that are no numbers, or
        infinite ones.
    """
    values = _by_symbol(where, given, bars.symbols)
    array = np.asarray(given if values is None else values)
    if array.dtype.kind not in "fiub":
        raise ConfigError(
            f"{where}: expected numbers, found values of type {array.dtype}; convert them first."
        )
    array = array.astype(np.float64)
    shape = (len(times), len(bars.symbols))
    if array.ndim == 0:
        array = np.full(shape, float(array))
    elif array.ndim == 1 and shape[1] == 1:
        array = array[:, None]
    _check_shape(where, array.shape, shape)
    if bool(np.isinf(array).any()):
        row, column = np.argwhere(np.isinf(array))[0].tolist()
        raise ConfigError(
            f"{where}: expected finite numbers or NaN, found {array[row, column]} in row {row} of "
            f"{bars.symbols[column]}; NaN leaves an instrument alone."
        )
    return array


def _check_shape(where: str, found: tuple[int, ...], wanted: tuple[int, int]) -> None:
    if found == wanted:
        return
    if len(found) != 2:
        raise ConfigError(
            f"{where}: expected an array of times by instruments, shape {wanted}, found shape "
            f"{found}; give one column for each instrument."
        )
    axis, name = (0, "rows, one for each time at which bars end")
    if found[0] == wanted[0]:
        axis, name = (1, "columns, one for each instrument in order of symbol")
    raise ConfigError(
        f"{where}: expected {wanted[axis]} {name}, found {found[axis]}; make it shape {wanted}."
    )


def _by_symbol(where: str, given: Any, symbols: Sequence[str]) -> FloatArray | None:
    """The columns of a frame in order of symbol; None for what is no frame."""
    if type(given).__module__.startswith("pandas") and hasattr(given, "columns"):
        columns = {str(name): given[name].to_numpy() for name in given.columns}
    elif isinstance(given, pl.DataFrame):
        columns = {
            name: given[name].to_numpy() for name in given.columns if not _is_time(given[name])
        }
    else:
        return None
    for name in columns:
        if name not in symbols:
            raise ConfigError(
                f"{where}: expected columns named by symbols ({', '.join(symbols[:5])}), found "
                f"{name!r}; rename or drop it.{nearest(name, list(symbols))}"
            )
    n = max((len(column) for column in columns.values()), default=0)
    nothing = np.full(n, np.nan)
    return np.column_stack([columns.get(symbol, nothing) for symbol in symbols])


def _is_time(column: pl.Series) -> bool:
    return column.dtype.is_temporal()
