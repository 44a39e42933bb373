"""Columns of a run's tables: what the kernel noted, with names instead of codes."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant.kernel.layout import State
from quant.lake import Bars

__all__ = [
    "IntArray",
    "column",
    "missing",
    "quantities",
    "session_dates",
    "side_words",
    "symbol_names",
    "times",
    "word_column",
]

IntArray = NDArray[np.int64]


def times(ts: IntArray) -> pl.Series:
    """Times in nanoseconds UTC."""
    return pl.Series("ts", np.ascontiguousarray(ts)).cast(pl.Datetime("ns", "UTC"))


def session_dates(index: IntArray, bars: Bars) -> pl.Series:
    """The dates of sessions, from their places in the calendar."""
    days = bars.calendar.days[index].astype(np.int32)
    return pl.Series("session", days).cast(pl.Date)


def word_column(codes: IntArray, words: dict[int, str]) -> pl.Series:
    """Text per code; a code without a word is missing."""
    table = [words.get(code, "") for code in range(max(words, default=0) + 1)]
    return pl.Series([table[code] or None for code in codes.tolist()], dtype=pl.String)


def symbol_names(instrument: IntArray, bars: Bars) -> pl.Series:
    """Symbols, from their places; missing for NONE."""
    names_of = [*bars.symbols, None]
    return pl.Series([names_of[i] for i in instrument.tolist()], dtype=pl.String)


def quantities(state: State, instrument: IntArray, units: IntArray) -> NDArray[np.float64]:
    """Quantities of counts, by each instrument's increment."""
    table = state["instruments"]
    return np.asarray(units * table["unit_num"][instrument] / table["unit_den"][instrument])


def side_words(sign: IntArray) -> pl.Series:
    """BUY or SELL."""
    return pl.Series(["BUY" if s > 0 else "SELL" for s in sign.tolist()], dtype=pl.String)


def column(rows: NDArray[np.void], name: str) -> Any:
    """One field of records as an array of its own."""
    return np.ascontiguousarray(rows[name])


def missing(values: Any) -> pl.Series:
    """Numbers, where NaN means that there is none."""
    return pl.Series(np.ascontiguousarray(values)).fill_nan(None)
