"""What no re-run can show, because it is the same in every one: answers that are given beforehand.

A table of days in the source, a parameter with a value for every session, an attribute set after
the strategy was made: each would reach every run of an audit alike. They are looked for here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from quant.strategy.witness import Decision

__all__ = ["changed_since_made", "dates_in_source", "long_parameters", "repeats_directions"]

_MOST_VALUES = 64
_MOST_DATES = 2
_LEAST_DECISIONS = 20
_SAME = 0.95
_BY_CHANCE = 0.8


def long_parameters(given: Mapping[str, Any]) -> list[str]:
    """Parameters that hold more values than a setting would.

    Examples
    --------
    >>> long_parameters({"fast": 10, "days": list(range(100))})
    ['days']
    """
    return [name for name, value in given.items() if _n_values(value) > _MOST_VALUES]


def _n_values(value: object) -> int:
    if isinstance(value, str | bytes):
        return 1 + len(value) // 256
    if isinstance(value, Mapping):
        return sum(_n_values(one) for one in (*value.keys(), *value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return sum(_n_values(one) for one in value)
    size = getattr(value, "size", None)  # arrays
    if isinstance(size, int):
        return size
    height = getattr(value, "height", None)  # frames
    return height if isinstance(height, int) else 1


def changed_since_made(now: Mapping[str, str], fresh: Mapping[str, str]) -> list[str]:
    """Attributes whose marks are not those of a strategy made anew."""
    return sorted(name for name in {*now, *fresh} if now.get(name) != fresh.get(name))


def dates_in_source(files: Iterable[Path], first: date, last: date) -> list[date]:
    """Dates written into source files that lie in a period; none if there are only one or two."""
    found: set[date] = set()
    for file in files:
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue
        found.update(day for day in _dates(tree) if first <= day <= last)
    return sorted(found) if len(found) > _MOST_DATES else []


def _dates(tree: ast.AST) -> Iterable[date]:
    """Texts such as 2008-09-15, and calls such as date(2008, 9, 15)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            parts: Sequence[Any] = node.value[:10].split("-") if len(node.value) >= 10 else ()
        elif isinstance(node, ast.Call) and 3 <= len(node.args) <= 7:
            parts = [a.value if isinstance(a, ast.Constant) else None for a in node.args[:3]]
        else:
            continue
        try:
            year, month, day = (int(part) for part in parts)
            yield date(year, month, day)
        except (TypeError, ValueError):
            continue


def repeats_directions(pairs: Iterable[tuple[list[Decision], list[Decision]]]) -> bool:
    """Whether decisions under noise have the directions of those on the data, sizes aside.

    Parameters
    ----------
    pairs : iterable of (decisions on the data, decisions under noise)
        Each from the moment on from which all is noise.

    Notes
    -----
    True if 95 % of 20 decisions or more agree in time, kind, symbol and direction, and fewer than
    80 % would by chance, that is by how often each direction occurs.
    """
    agreed = n = 0
    counts: dict[Any, int] = {}
    for full, noised in pairs:
        one, other = _directions(full), _directions(noised)
        n += max(len(one), len(other))
        agreed += sum(other.get(key) == direction for key, direction in one.items())
        for direction in one.values():
            counts[direction] = counts.get(direction, 0) + 1
    total = sum(counts.values())
    if n < _LEAST_DECISIONS or not total:
        return False
    by_chance = sum((count / total) ** 2 for count in counts.values())
    return agreed >= _SAME * n and by_chance < _BY_CHANCE


def _directions(decisions: list[Decision]) -> dict[tuple[Any, ...], int]:
    """Direction by time, kind, symbol and place among those: 1, 0 or -1."""
    found: dict[tuple[Any, ...], int] = {}
    seen: dict[tuple[Any, ...], int] = {}
    for ts, kind, *arguments in decisions:
        if kind not in ("order", "order_target"):
            continue
        key = (ts, kind, arguments[0])
        seen[key] = seen.get(key, 0) + 1
        size = next((one for one in arguments[1:4] if isinstance(one, int | float)), 0)
        found[*key, seen[key]] = (size > 0) - (size < 0)
    return found
