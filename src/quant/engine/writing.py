"""Files written whole or not at all, and the one way numbers and times become text."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from quant.errors import RunError

__all__ = ["csv_text", "explain_os_error", "sha256_of", "time_text", "write_text"]

_NS = 1_000_000_000


def explain_os_error(where: object, error: OSError) -> RunError:
    """A failed write as one sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        found = "the disk is full"
        action = "free some space or choose another folder with --out"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        found = "permission is denied"
        action = "choose another folder with --out"
    elif error.errno in (errno.EEXIST, errno.ENOTDIR):
        found = "a file is in the way"
        action = "choose another folder with --out"
    else:
        found = error.strerror or str(error)
        action = "choose another folder with --out"
    return RunError(f"{where}: expected to write there, but {found}; {action}.")


def write_text(path: Path, text: str) -> Path:
    """Write a file through a temporary one beside it, so that it is whole or absent."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".quant-", suffix=".part")
    except OSError as error:
        raise explain_os_error(path, error) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise explain_os_error(path, error) from None
    return path


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def time_text(ts: int) -> str:
    """A time in nanoseconds as the CSV files write it.

    Examples
    --------
    >>> time_text(1_577_998_800_000_000_000), time_text(1)
    ('2020-01-02T21:00:00Z', '1970-01-01T00:00:00.000000001Z')
    """
    seconds, rest = divmod(ts, _NS)
    head = np.datetime64(seconds, "s").item().isoformat()
    return f"{head}.{rest:09d}Z" if rest else f"{head}Z"


def _time_text(column: str) -> pl.Expr:
    """``2020-01-02T21:00:00Z``, with nine decimals only where not whole seconds."""
    ts = pl.col(column)
    rest = ts.to_physical() % _NS
    head = ts.dt.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = pl.format(".{}", rest.cast(pl.String).str.zfill(9))
    return (
        pl.when(rest == 0)
        .then(pl.concat_str(head, pl.lit("Z")))
        .otherwise(pl.concat_str(head, fraction, pl.lit("Z")))
        .alias(column)
    )


def csv_text(table: pl.DataFrame) -> str:
    """A table as CSV: UTF-8, LF, shortest round-trip floats, NaN and missing empty."""
    times = [name for name, kind in table.schema.items() if isinstance(kind, pl.Datetime)]
    floats = [name for name, kind in table.schema.items() if kind == pl.Float64]
    ready = table.with_columns(
        *(_time_text(name) for name in times), *(pl.col(name).fill_nan(None) for name in floats)
    )
    return ready.write_csv(line_terminator="\n")
