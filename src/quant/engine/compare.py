"""Two files of two runs side by side: equal to the bit, within 1e-9, or different, and where.

Numbers are compared as numbers: the same run on another processor may differ in the last digits of
a float64, and nowhere else. The first difference is named by line and column, as a reader of the
file would look for it.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

__all__ = ["TOLERANCE", "Comparison", "compare_files"]

TOLERANCE = 1e-9
Level = Literal["equal", "close", "different"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two files of the same name have in common.

    Attributes
    ----------
    name : str
        Of the file.
    level : "equal", "close" or "different"
        Equal bytes; every number within 1e-9 of the other, relative to it where it is above 1, and
        all else equal; or neither.
    first : str
        The first difference in words; empty where there is none.
    n_differing : int
        Rows, figures or lines that differ at all.
    """

    name: str
    level: Level
    first: str = ""
    n_differing: int = 0


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two values at the same place."""

    place: str
    one: Any
    other: Any


def compare_files(name: str, one: bytes, other: bytes) -> Comparison:
    """Compare two files by what they are: tables, figures, lines of a log, or plain bytes.

    Examples
    --------
    >>> compare_files("a.csv", b"x,y\\n1,2.0\\n", b"x,y\\n1,2.0000000000001\\n").level
    'close'
    >>> compare_files("a.csv", b"x,y\\n1,2\\n", b"x,y\\n1,3\\n").first
    'row 1, y: 2 and 3'
    """
    if one == other:
        return Comparison(name=name, level="equal")
    try:
        if name.endswith(".csv"):
            return _judged(name, _table_pairs(one, other))
        if name.endswith(".json"):
            return _judged(name, _json_pairs(json.loads(one), json.loads(other)))
        if name.endswith(".jsonl"):
            return _judged(name, _log_pairs(one, other))
    except (ValueError, csv.Error):  # one of them is no such file: the bytes decide
        pass
    place = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    where = min(len(one), len(other)) if place is None else place
    line = one[:where].count(b"\n") + 1
    return Comparison(name=name, level="different", first=f"line {line}", n_differing=1)


def _judged(name: str, pairs: Iterator[list[_Pair]]) -> Comparison:
    """The worst of all pairs, which come row by row, and the first that counts."""
    level: Level = "equal"
    first = ""
    n = 0
    for row in pairs:
        unequal = [pair for pair in row if not _is_same(pair.one, pair.other)]
        n += bool(unequal)
        for pair in unequal:
            found: Level = "close" if _is_close(pair.one, pair.other) else "different"
            if level == "equal" or (level == "close" and found == "different"):
                level = found
                first = f"{pair.place}: {_shown(pair.one)} and {_shown(pair.other)}"
    return Comparison(name=name, level=level, first=first, n_differing=n)


def _is_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _is_close(one: Any, other: Any) -> bool:
    """Both are numbers, and near."""
    a, b = _number(one), _number(other)
    if a is None or b is None:
        return False
    return a == b or abs(a - b) <= TOLERANCE * max(1.0, abs(a), abs(b))


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value)
    text = text or "empty"
    return text if len(text) <= 80 else f"{text[:79]}…"


def _table_pairs(one: bytes, other: bytes) -> Iterator[list[_Pair]]:
    """Cells of two CSV files, row by row; the header is row 0."""
    tables = [list(csv.reader(io.StringIO(text.decode()))) for text in (one, other)]
    header = tables[0][0] if tables[0] else []
    for place, (a, b) in enumerate(zip_longest(*tables)):
        if a is None or b is None:
            yield [_Pair(f"row {place}", a and ",".join(a), b and ",".join(b))]
            continue
        names = [header[k] if k < len(header) else f"column {k + 1}" for k in range(len(a))]
        cells = zip_longest(names, a, b)
        yield [_Pair(f"row {place}, {name or 'further column'}", x, y) for name, x, y in cells]


def _json_pairs(one: Any, other: Any, place: str = "") -> Iterator[list[_Pair]]:
    """Values of two JSON documents by the keys that lead to them, the first key one row."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        yield [_Pair(place or "the document", one, other)]
        return
    for key in dict.fromkeys((*one, *other)):
        yield list(_flat(one.get(key), other.get(key), str(key)))


def _flat(one: Any, other: Any, place: str) -> Iterator[_Pair]:
    """All values below a key."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            yield from _flat(one.get(key), other.get(key), f"{place}.{key}")
    elif isinstance(one, list) and isinstance(other, list):
        for k, (a, b) in enumerate(zip_longest(one, other)):
            yield from _flat(a, b, f"{place}[{k}]")
    else:
        yield _Pair(place, one, other)


def _log_pairs(one: bytes, other: bytes) -> Iterator[list[_Pair]]:
    """Values of two logs, line by line; whose run a line belongs to does not count."""
    logs = [text.decode().splitlines() for text in (one, other)]
    for place, (a, b) in enumerate(zip_longest(*logs), start=1):
        if a is None or b is None:
            yield [_Pair(f"line {place}", a, b)]
            continue
        x, y = json.loads(a), json.loads(b)
        if isinstance(x, dict) and isinstance(y, dict):
            x.pop("run_id", None)
            y.pop("run_id", None)
        yield [
            _Pair(f"line {place}, {pair.place}", pair.one, pair.other)
            for row in _json_pairs(x, y)
            for pair in row
        ]
