"""From what the user gave to tables: which kind of source it is, and its columns as they are.

CSV files are read as text. Nothing is guessed by the reader, so that a bad value can be shown with
its line and a symbol such as ``007`` stays what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from polars.exceptions import NoDataError, PolarsError

from quant.errors import DataError, SchemaError, nearest
from quant.lake.frames import is_frame, to_polars
from quant.lake.rows import TablePart, listed
from quant.lake.samples import Sample, find_sample, sample_names

__all__ = ["InputTable", "Source", "read_source"]

_SAMPLE: Final = "sample:"
_SUFFIXES: Final = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTable:
    """One table as it was given.

    Attributes
    ----------
    frame : polars.DataFrame
        All columns of the input; of a CSV file all as text.
    where : str
        The table's name in messages.
    part : TablePart
        How its rows are counted.
    symbol : str or None
        The key it had in a dict of frames.
    default_symbol : str
        The name of its series if nothing else names one.
    """

    frame: pl.DataFrame
    where: str
    part: TablePart
    symbol: str | None
    default_symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """All tables of an input, its kind and its name."""

    kind: str
    name: str
    notes: tuple[str, ...]
    tables: tuple[InputTable, ...]


def read_source(data: Any) -> Source:
    """The tables of whatever the user gave.

    Raises
    ------
    DataError
        If a file is missing, empty, unreadable or of another kind, or there are no rows.
    SchemaError
        If the object is of no kind that can be read.
    """
    if isinstance(data, Sample):
        return _from_sample(data)
    if isinstance(data, str) and data.startswith(_SAMPLE):
        return _from_sample(find_sample(data.removeprefix(_SAMPLE)))
    if isinstance(data, (str, Path)):
        return _from_file(data)
    if isinstance(data, Mapping):
        return _from_mapping(data)
    if is_frame(data):
        table = _frame_table(to_polars(data, "frame"), "frame", None)
        return Source(kind="frame", name="frame", notes=(), tables=(table,))
    raise SchemaError(
        "data: expected a polars or pandas DataFrame, a dict of frames by symbol, a path to a .csv "
        f"or .parquet file, or 'sample:NAME', found {type(data).__name__}; convert it to one of "
        "these."
    )


def _from_sample(sample: Sample) -> Source:
    """A bundled sample, which is a parquet file with notes."""
    name = f"{_SAMPLE}{sample.name}"
    frame = _read_parquet(Path(sample.path), name)
    table = _frame_table(frame, name, None, sample.name)
    return Source(kind="sample", name=name, notes=tuple(sample.notes), tables=(table,))


def _from_mapping(data: Mapping[Any, Any]) -> Source:
    """A dict of frames; each key is a symbol."""
    if not data:
        raise DataError(
            "data: expected a dict with a frame per symbol, found an empty one; add a frame, such "
            "as {'SPY': frame}."
        )
    tables = []
    for key, value in data.items():
        if not isinstance(key, str) or not key or not is_frame(value):
            raise SchemaError(
                "data: expected a dict of frames by symbol, found the key "
                f"{key!r} with a {type(value).__name__}; use symbols as keys and polars or pandas "
                "frames as values (a dict of columns becomes one with polars.DataFrame(data))."
            )
        where = f"frame {key!r}"
        tables.append(_frame_table(to_polars(value, where), where, key))
    return Source(kind="frame", name="frame", notes=(), tables=tuple(tables))


def _frame_table(
    frame: pl.DataFrame, where: str, symbol: str | None, default_symbol: str = "ASSET"
) -> InputTable:
    """A frame whose rows are counted from 0."""
    if frame.is_empty():
        raise DataError(f"{where}: expected rows of prices, found no rows; check how it was made.")
    label = "" if symbol is None else where
    return InputTable(
        frame=frame,
        where=where,
        part=TablePart("row", 0, frame.height, label),
        symbol=symbol,
        default_symbol=default_symbol,
    )


def _from_file(given: str | Path) -> Source:
    """A CSV or parquet file."""
    path, name = Path(given), str(given) or "data ''"
    suffix = "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix
    kind = _SUFFIXES.get(suffix.lower())
    if not path.exists():
        raise DataError(
            f"{name}: expected a data file, found no file of that name; check the path and the "
            f"folder.{_nearest_file(path)}"
        )
    if path.is_dir() or kind is None:
        found = "a folder" if path.is_dir() else f"the ending {suffix!r}"
        raise DataError(
            f"{name}: expected a file that ends in {', '.join(_SUFFIXES)}, found {found}; give one "
            "such file or save the data as one."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{name}: expected rows of prices, found an empty file; export it again.")
    stem = path.name[: -len(suffix)]
    if kind == "csv":
        table = _read_csv(path, name, stem)
    else:
        table = _frame_table(_read_parquet(path, name), name, None, stem)
    return Source(kind=kind, name=name, notes=(), tables=(table,))


def _nearest_file(path: Path) -> str:
    """A hint at a file of the same folder with almost the same name."""
    if path.name in sample_names():
        return f" Did you mean 'sample:{path.name}'?"
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return ""
    return nearest(path.name, names)


def _read_parquet(path: Path, where: str) -> pl.DataFrame:
    """A parquet file as it is."""
    try:
        return pl.read_parquet(path, glob=False, hive_partitioning=False)
    except (PolarsError, OSError) as error:
        raise DataError(
            f"{where}: expected a parquet file, found something that cannot be read as one "
            f"({_first_line(error)}); export it again."
        ) from error


def _read_csv(path: Path, where: str, stem: str) -> InputTable:
    """A CSV file with a header, all columns as text, blank lines left out."""
    try:
        frame = pl.read_csv(path, infer_schema=False, glob=False)
    except NoDataError as error:
        raise DataError(
            f"{where}: expected rows of prices, found an empty file; export it again."
        ) from error
    except (PolarsError, OSError) as error:
        raise SchemaError(
            f"{where}: expected comma-separated UTF-8 text with as many fields in every line as in "
            f"the header, found something else ({_first_line(error)}); mend the file or export it "
            "again."
        ) from error
    _check_header(frame.columns, where)
    n_lines = frame.height
    # Blank lines are no rows, but an editor counts them.
    blank = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
    positions = None
    if blank.any():
        positions = np.flatnonzero(~blank.to_numpy()).astype(np.int64)
        frame = frame.filter(~blank)
    if frame.is_empty():
        raise DataError(
            f"{where}: expected rows of prices below the header, found no rows "
            f"({n_lines + 1} line{'s' if n_lines else ''}); export it again."
        )
    return InputTable(
        frame=frame,
        where=where,
        part=TablePart("line", 2, frame.height, "", positions),
        symbol=None,
        default_symbol=stem,
    )


def _check_header(columns: list[str], where: str) -> None:
    """Raise if a name stands twice in the header or the file is separated by something else."""
    for name in columns:
        base, mark, number = name.rpartition("_duplicated_")
        if mark and number.isdigit() and base in columns:
            raise SchemaError(
                f"{where}: expected every column name once in the header, found {base!r} twice; "
                "rename or remove one."
            )
    separators = [mark for mark in (";", "\t", "|") if len(columns) == 1 and mark in columns[0]]
    if separators:
        raise SchemaError(
            f"{where}: expected columns separated by commas, found a header separated by "
            f"{separators[0]!r} ({listed(columns)}); save the file with commas."
        )


def _first_line(error: Exception) -> str:
    """The first line of another library's message, without its final stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(". ")
