"""Everything quant raises on purpose, as one tree.

::

    QuantError
    ├── ConfigError        a setting is wrong: change the setting
    ├── StrategyError      the strategy file cannot be used: mend the file or name another
    ├── DataError          the input is wrong: mend the data
    │   ├── SchemaError        a column, type or layout is not what was expected
    │   ├── BadRowsError       rows whose values cannot be true
    │   └── LookAheadError     something asked for data later than now
    ├── OrderError         an impossible request, refused before the kernel saw it
    ├── RunError           a run folder cannot be written, read or found
    └── InvariantError     our bug: the books do not balance

There is one class per reaction of the caller, not per message. A message says where, what was
expected, what was found and what to do, in one sentence. Outcomes that a strategy must expect (an
order without money behind it) are not exceptions: they are order events with a reason.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BadRowsError",
    "ConfigError",
    "DataError",
    "InvariantError",
    "LookAheadError",
    "OrderError",
    "QuantError",
    "RunError",
    "SchemaError",
    "StrategyError",
    "nearest",
]


class QuantError(Exception):
    """Base of every error quant raises on purpose."""


class ConfigError(QuantError):
    """A setting is unknown, of the wrong type or out of range."""


class StrategyError(QuantError):
    """A strategy file, class or parameter cannot be found or used."""


class DataError(QuantError):
    """Market data cannot be used as it is."""


class SchemaError(DataError):
    """A column is missing, or a column's type or layout is not what was expected."""


class BadRowsError(DataError):
    """Rows hold values that cannot be true, such as a high below a low.

    Attributes
    ----------
    n_rows : int
        How many rows are bad.
    examples : list of str
        The first five, each with its row, time, symbol and what is wrong.
    """

    def __init__(self, message: str, *, n_rows: int = 0, examples: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.n_rows = n_rows
        self.examples = list(examples)


class LookAheadError(DataError):
    """A strategy asked for data later than now."""


class OrderError(QuantError):
    """An order that no venue could accept: unknown symbol, quantity that is not a number."""


class RunError(QuantError):
    """A run folder cannot be written, read or found."""


class InvariantError(QuantError):
    """The books do not balance. This is a bug in quant, never in a strategy."""


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint such as ``" Did you mean 'fast'?"``, or an empty string when nothing is near.

    Examples
    --------
    >>> nearest("fats", ["fast", "slow"])
    " Did you mean 'fast'?"
    >>> nearest("xyz", ["fast", "slow"])
    ''
    """
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""
