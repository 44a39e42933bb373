"""Market data from files and frames, checked and laid out for a run.

`load_bars` takes whatever the user has (a CSV or parquet file, a polars or pandas frame, a dict of
frames, a bundled sample) and gives `Bars`, or an error that says what to mend. Names are loaded on
first use, so that options can be read and checked without loading a frame library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quant.lake.bars import Bars, DataSource
    from quant.lake.load import load_bars
    from quant.lake.options import DataOptions
    from quant.lake.samples import Sample, find_sample, sample_names

__all__ = [
    "Bars",
    "DataOptions",
    "DataSource",
    "Sample",
    "find_sample",
    "load_bars",
    "sample_names",
]

_HOMES = {
    "Bars": "quant.lake.bars",
    "DataOptions": "quant.lake.options",
    "DataSource": "quant.lake.bars",
    "Sample": "quant.lake.samples",
    "find_sample": "quant.lake.samples",
    "load_bars": "quant.lake.load",
    "sample_names": "quant.lake.samples",
}


def __getattr__(name: str) -> Any:
    """The public name, from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
