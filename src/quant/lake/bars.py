"""Bars as the rest of the program reads them: flat arrays, instrument after instrument.

All instruments share one set of arrays; `Bars.offsets` says where each begins. A bar has two
instants: `ts_open`, when its open can be traded, and `ts_close`, when it is known as a whole. What
the arrays hold is named by one hash over a fixed byte layout, so that a file and a frame with the
same numbers are the same data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quant.calendars import Calendar
from quant.lake.options import DataOptions

__all__ = ["PRICES", "Bars", "DataSource", "content_hash"]

PRICES: Final = ("open", "high", "low", "close")

_LAYOUT: Final = b"quant bars 1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """Where bars came from and what was done to them: what a manifest says about data.

    Attributes
    ----------
    kind : str
        ``"csv"``, ``"parquet"``, ``"sample"`` or ``"frame"``.
    name : str
        The path as the user gave it, ``"sample:NAME"``, or ``"frame"``.
    sha256 : str
        Hash of the content, see `content_hash`.
    n_rows : int
        Rows that were kept.
    dropped_rows : int
        Bad rows that were left out because ``on_bad_rows="drop"`` asked for it.
    bad_rows : tuple of str
        The first five of them, in words.
    notes : tuple of str
        What every report of a run on this data must say.
    options : DataOptions
        The options the data was read with.
    """

    kind: str
    name: str
    sha256: str
    n_rows: int
    dropped_rows: int
    bad_rows: tuple[str, ...]
    notes: tuple[str, ...]
    options: DataOptions


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars of any number of instruments, instrument after instrument, each in time order.

    Attributes
    ----------
    symbols : tuple of str
        In code point order; a symbol's position is its instrument index.
    offsets : int64 array of shape (n_symbols + 1,)
        Rows of symbol ``i`` are ``offsets[i]:offsets[i + 1]``. Read-only, like all arrays here.
    ts_open : int64 array of shape (n_rows,)
        Nanoseconds UTC at which the bar begins.
    ts_close : int64 array of shape (n_rows,)
        Nanoseconds UTC at which the bar is knowable, always later than `ts_open`.
    session : int64 array of shape (n_rows,)
        Index into ``calendar.days`` of the session the bar belongs to: the one it begins in.
    columns : mapping of str to float64 array of shape (n_rows,)
        open, high, low, close and volume, always present, then the other numeric columns of the
        data in order of their names. Volume is NaN where the data has none.
    calendar : Calendar
        The calendar the bars follow.
    is_dated : bool
        One row per symbol and day, stamped by date.
    closes_only : bool
        The data has only closes: all four prices are the close and no opening print exists.
    has_volume : bool
        At least one bar has a volume.
    step_ns : int
        Length of a bar in nanoseconds; 0 for dated bars.
    source : DataSource
        Where the bars came from.
    warnings : tuple of str
        Sentences for the user.
    """

    symbols: tuple[str, ...]
    offsets: NDArray[np.int64]
    ts_open: NDArray[np.int64]
    ts_close: NDArray[np.int64]
    session: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64]]
    calendar: Calendar
    is_dated: bool
    closes_only: bool
    has_volume: bool
    step_ns: int
    source: DataSource
    warnings: tuple[str, ...]


def content_hash(
    symbols: Sequence[str],
    offsets: NDArray[np.int64],
    instants: Sequence[NDArray[np.int64]],
    columns: Mapping[str, NDArray[np.float64]],
    *,
    closes_only: bool,
) -> str:
    """The name of the content of bars: equal numbers give equal text, whatever they came from.

    SHA-256 over a layout mark, the kind of prices, the numbers of symbols, columns and rows, the
    symbols and column names (UTF-8, each ended by a zero byte), then `offsets` and `instants` as
    little-endian int64 and every column as little-endian float64.

    Examples
    --------
    >>> none = np.zeros(1, dtype=np.int64)
    >>> one = content_hash(("A",), none, (none,), {"close": np.ones(1)}, closes_only=True)
    >>> two = content_hash(("B",), none, (none,), {"close": np.ones(1)}, closes_only=True)
    >>> one == two
    False
    """
    digest = hashlib.sha256(_LAYOUT + (b"closes\0" if closes_only else b"bars\0"))
    for count in (len(symbols), len(columns), len(instants[0])):
        digest.update(count.to_bytes(8, "little"))
    for name in (*symbols, *columns):
        digest.update(name.encode() + b"\0")
    for whole in (offsets, *instants):
        digest.update(np.ascontiguousarray(whole, dtype="<i8").data)
    for column in columns.values():
        digest.update(np.ascontiguousarray(column, dtype="<f8").data)
    return digest.hexdigest()
