"""How messages speak of rows: by the numbers the user sees.

A line of a CSV file is counted as an editor counts it, the header being line 1; a row of a frame
from 0. Rows are left out (blank lines), joined (a dict of frames) and reordered on the way; a
`RowNames` keeps the way back.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_SHOWN", "RowNames", "TablePart", "listed", "stamp"]

MAX_SHOWN: Final = 5

_DAY_NS: Final = 86_400_000_000_000
_MAX_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class TablePart:
    """One table of the input: how many rows it has and how its user counts them."""

    word: str
    first: int
    n_rows: int
    label: str = ""
    positions: NDArray[np.int64] | None = None

    def name(self, row: int) -> str:
        """The row in words, such as ``line 3``."""
        position = row if self.positions is None else int(self.positions[row])
        of = f" of {self.label}" if self.label else ""
        return f"{self.word} {self.first + position}{of}"


class RowNames:
    """The rows of all tables of an input, one after the other.

    Examples
    --------
    >>> RowNames([TablePart("line", 2, 10)]).name(0)
    'line 2'
    """

    def __init__(self, parts: Sequence[TablePart]) -> None:
        self._parts = tuple(parts)
        self._ends = list(accumulate(part.n_rows for part in self._parts))

    def name(self, row: int) -> str:
        """The row in words, by its position among the rows of all tables."""
        part = bisect_right(self._ends, row)
        begin = self._ends[part - 1] if part else 0
        return self._parts[part].name(row - begin)


def listed(names: Iterable[str]) -> str:
    """Names in quotes, with commas, cut where there are too many to read.

    Examples
    --------
    >>> listed(["open", "close"])
    "'open', 'close'"
    """
    words = [repr(name) for name in names]
    more = len(words) - _MAX_LISTED
    if more > 0:
        return ", ".join(words[:_MAX_LISTED]) + f" and {more} more"
    return ", ".join(words) or "none"


def stamp(ts: int) -> str:
    """A time in words: a date if it is midnight, else to the second or as fine as needed.

    Examples
    --------
    >>> stamp(0), stamp(60_000_000_000)
    ('1970-01-01', '1970-01-01T00:01:00')
    """
    if ts % _DAY_NS == 0:
        return str(np.datetime64(ts // _DAY_NS, "D"))
    if ts % 1_000_000_000 == 0:
        return str(np.datetime64(ts // 1_000_000_000, "s"))
    return str(np.datetime64(ts, "ns"))
