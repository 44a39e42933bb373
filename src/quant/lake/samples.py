"""Real market data that come with the program, so that a first run needs nothing else.

A *sample* is a parquet file in the folder ``samples`` beside this file, with an entry in its
``metadata.json``: where the data come from, under which terms, their hash, and *notes*, the facts
that a report of any run on them must say. The folder is made by ``tools/build_samples.py``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from quant.errors import DataError, nearest

__all__ = ["Sample", "find_sample", "sample_names"]

_FOLDER: Final = Path(__file__).parent / "samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One bundled data set.

    Attributes
    ----------
    name : str
        As in ``sample:NAME``.
    title : str
        What it holds, in one line.
    path : Path
        The parquet file, in long form: one row per symbol and date.
    sha256 : str
        Hash of the file.
    symbols : tuple of str
        In the order of the file.
    first, last : str
        First and last session, ISO dates.
    n_rows : int
        Rows over all symbols.
    notes : tuple of str
        What a report of every run on this sample must say, one sentence each.
    """

    name: str
    title: str
    path: Path
    sha256: str
    symbols: tuple[str, ...]
    first: str
    last: str
    n_rows: int
    notes: tuple[str, ...]


def sample_names() -> tuple[str, ...]:
    """Names that `find_sample` knows, sorted.

    Examples
    --------
    >>> sample_names()
    ('sp500', 'us20')
    """
    return tuple(sorted(_entries()))


def find_sample(name: str) -> Sample:
    """The sample of that name.

    Raises
    ------
    DataError
        If there is none; the message names those there are and the nearest.

    Examples
    --------
    >>> find_sample("sp500").symbols
    ('SP500',)
    """
    entries = _entries()
    if name not in entries:
        known = sample_names()
        raise DataError(
            f"sample: expected one of {', '.join(known)}, found {name!r}.{nearest(name, known)}"
        )
    entry = entries[name]
    return Sample(
        name=name,
        title=entry["title"],
        path=_FOLDER / entry["file"],
        sha256=entry["sha256"],
        symbols=tuple(entry["symbols"]),
        first=entry["first"],
        last=entry["last"],
        n_rows=entry["n_rows"],
        notes=tuple(entry["notes"]),
    )


@cache
def _entries() -> dict[str, Any]:
    """The entries of the metadata file by name."""
    metadata: dict[str, Any] = json.loads((_FOLDER / "metadata.json").read_text(encoding="utf-8"))
    samples: dict[str, Any] = metadata["samples"]
    return samples
