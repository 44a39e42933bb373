"""Is this data possible? Order, duplicates, values, and opens that repeat the close before.

Checks run over whole arrays; words are made only for the rows that are shown. `BarTable` is the
data between reading and `quant.lake.bars.Bars`: sorted by symbol, with the way back to the user's
rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from quant.errors import BadRowsError, DataError
from quant.lake.bars import PRICES
from quant.lake.rows import MAX_SHOWN, RowNames, stamp

__all__ = ["BadRows", "BarTable", "check_order", "find_bad_prices", "settle"]

_NOT_POSITIVE: Final = "is not above zero"


@dataclass(frozen=True, slots=True, kw_only=True)
class BarTable:
    """All rows, instrument after instrument, not yet known to be right.

    Attributes
    ----------
    where : str
        The data's name in messages.
    names : RowNames
        Names rows by their position in the input.
    rows : int64 array of shape (n_rows,)
        Position of each row in the input.
    symbols : tuple of str
        In code point order.
    codes : int64 array of shape (n_rows,)
        Index into `symbols`, ascending.
    wall, ts : int64 array of shape (n_rows,)
        The stamp as written and what order is judged by: UTC, or the same for dates.
    columns : dict of str to float64 array of shape (n_rows,)
        Prices, volume and further columns.
    """

    where: str
    names: RowNames
    rows: NDArray[np.int64]
    symbols: tuple[str, ...]
    codes: NDArray[np.int64]
    wall: NDArray[np.int64]
    ts: NDArray[np.int64]
    columns: dict[str, NDArray[np.float64]]

    def describe(self, row: int) -> str:
        """A row in words: its number, symbol and time as written."""
        symbol = self.symbols[int(self.codes[row])]
        name = self.names.name(int(self.rows[row]))
        return f"{name} ({symbol}, {stamp(int(self.wall[row]))})"

    def in_input_order(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Rows of the mask in the order in which the user sees them."""
        picked = np.flatnonzero(mask)
        return picked[np.argsort(self.rows[picked], kind="stable")]

    def take(self, order: NDArray[np.int64]) -> BarTable:
        """The rows in another order."""
        return replace(
            self,
            rows=self.rows[order],
            codes=self.codes[order],
            wall=self.wall[order],
            ts=self.ts[order],
            columns={name: values[order] for name, values in self.columns.items()},
        )

    def keep(self, mask: NDArray[np.bool_]) -> BarTable:
        """The rows of the mask; symbols without rows are gone."""
        present, codes = np.unique(self.codes[mask], return_inverse=True)
        return replace(
            self.take(np.flatnonzero(mask)),
            symbols=tuple(self.symbols[code] for code in present.tolist()),
            codes=codes.astype(np.int64),
        )


@dataclass(frozen=True, slots=True)
class BadRows:
    """Rows that cannot be true: which, what the first five are in words, and what helps."""

    mask: NDArray[np.bool_]
    examples: tuple[str, ...]
    expected: str
    advice: str

    @property
    def count(self) -> int:
        """How many rows are bad."""
        return int(np.count_nonzero(self.mask))


def settle(table: BarTable, bad: BadRows, *, drop: bool) -> BarTable:
    """The table without its bad rows.

    Raises
    ------
    BadRowsError
        If there are bad rows and they are not to be dropped.
    DataError
        If nothing is left.
    """
    if not bad.count:
        return table
    if not drop:
        raise BadRowsError(
            f"{table.where}: expected {bad.expected}, found {_counted(bad.count)} otherwise "
            f"({'; '.join(bad.examples)}{_more(bad.count)}); {bad.advice}, or go on without these "
            "rows by on_bad_rows='drop' (--on-bad-rows drop).",
            n_rows=bad.count,
            examples=bad.examples,
        )
    if bad.count == len(table.rows):
        raise DataError(
            f"{table.where}: expected at least one good row, found all {bad.count} rows bad "
            f"({'; '.join(bad.examples)}); {bad.advice}."
        )
    return table.keep(~bad.mask)


def check_order(table: BarTable) -> None:
    """Raise unless the times of every symbol ascend, each once.

    Raises
    ------
    DataError
        If a row is earlier than the row before of its symbol; the first one is shown.
    BadRowsError
        If a symbol has two rows of one time; they are counted, the first five shown.
    """
    same = table.codes[1:] == table.codes[:-1]
    step = np.diff(table.ts)
    back = np.concatenate(([False], same & (step < 0)))
    if back.any():
        row = int(table.in_input_order(back)[0])
        raise DataError(
            f"{table.where}: expected times that ascend within each symbol, found "
            f"{table.describe(row)} after {table.describe(row - 1)}; sort the data by symbol and "
            "time."
        )
    again = np.concatenate(([False], same & (step == 0)))
    if not again.any():
        return
    rows = table.in_input_order(again)
    shown = [
        f"{table.describe(row)} repeats {table.names.name(int(table.rows[row - 1]))}"
        for row in rows[:MAX_SHOWN].tolist()
    ]
    several = " (or name the symbol column, if these are several instruments)"
    raise BadRowsError(
        f"{table.where}: expected each time once per symbol, found {_counted(len(rows))} that "
        f"repeat one ({'; '.join(shown)}{_more(len(rows))}); keep one row of each"
        f"{several if len(table.symbols) == 1 else ''}.",
        n_rows=len(rows),
        examples=shown,
    )


def find_bad_prices(table: BarTable, allow_nonpositive: Sequence[str]) -> BadRows:
    """Rows with a price or volume that cannot be true; the first reason of each is told.

    Prices must be finite; above zero unless the symbol is in `allow_nonpositive`; the low at most
    the high, open and close between the two. A volume is at least zero; NaN is an unknown one.
    """
    rules = _price_rules(table, allow_nonpositive)
    mask = np.zeros(len(table.rows), dtype=np.bool_)
    for broken, _ in rules:
        mask |= broken
    shown = []
    for row in table.in_input_order(mask)[:MAX_SHOWN].tolist():
        reason = next(words(row) for broken, words in rules if broken[row])
        shown.append(f"{table.describe(row)}: {reason}")
    expected = "prices above zero with low <= open, close <= high and volumes of at least zero"
    advice = "mend the rows"
    if any(text.endswith(_NOT_POSITIVE) for text in shown):
        advice += ", or set allow_nonpositive where prices may be zero or negative"
    return BadRows(mask, tuple(shown), expected, advice)


_Rule = tuple[NDArray[np.bool_], Callable[[int], str]]


def _price_rules(table: BarTable, allow_nonpositive: Sequence[str]) -> list[_Rule]:
    """Each rule as the rows that break it and the words for one of them, worst first."""
    columns = table.columns
    low, high, volume = columns["low"], columns["high"], columns["volume"]
    every = "*" in allow_nonpositive
    legal = np.array([every or s in allow_nonpositive for s in table.symbols], dtype=np.bool_)
    positive = ~legal[table.codes] if legal.any() else np.True_
    rules: list[_Rule] = []

    def add(broken: NDArray[np.bool_], name: str, words: str) -> None:
        rules.append((broken, lambda row: f"{name} {columns[name][row]} {words}"))

    # The close comes first: where there are only closes, it is the user's column.
    for name in reversed(PRICES):
        add(~np.isfinite(columns[name]), name, "is not a number to trade at")
    for name in reversed(PRICES):
        add((columns[name] <= 0.0) & positive, name, _NOT_POSITIVE)
    rules.append((high < low, lambda row: f"high {high[row]} is below low {low[row]}"))
    for name in ("open", "close"):
        value = columns[name]
        add((value < low) | (value > high), name, "is outside of low to high")
    add((volume < 0.0) | np.isinf(volume), "volume", "is not zero or more")
    return rules


def _counted(count: int) -> str:
    """A number of rows in words."""
    return f"{count} row{'' if count == 1 else 's'}"


def _more(count: int) -> str:
    """What follows the rows that are shown."""
    return f"; and {count - MAX_SHOWN} more" if count > MAX_SHOWN else ""
