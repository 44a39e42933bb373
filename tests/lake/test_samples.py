"""Goal: the bundled data are the ones their metadata describes, and what is said of them is true.

Method: hashes of the shipped files; encoding the shipped frames again gives the same bytes; every
fact is counted here a second time, without the tool's code, from the frames; the licence file names
every package.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

from quant.calendars import load_calendar
from quant.errors import DataError
from quant.lake.samples import Sample, find_sample, sample_names

_ROOT = Path(__file__).resolve().parents[2]


def _metadata() -> dict[str, Any]:
    text = (find_sample("sp500").path.parent / "metadata.json").read_text()
    content: dict[str, Any] = json.loads(text)
    return content


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    path = _ROOT / "tools" / "build_samples.py"
    spec = importlib.util.spec_from_file_location("build_samples", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(params=sample_names())
def sample(request: pytest.FixtureRequest) -> Sample:
    return find_sample(request.param)


def test_names() -> None:
    assert sample_names() == ("sp500", "us20")


def test_unknown_name_says_the_nearest() -> None:
    with pytest.raises(DataError) as caught:
        find_sample("sp50")
    message = str(caught.value)
    assert "sp500, us20" in message
    assert "'sp50'" in message
    assert message.endswith("Did you mean 'sp500'?")


def test_the_file_is_the_one_described(sample: Sample) -> None:
    assert hashlib.sha256(sample.path.read_bytes()).hexdigest() == sample.sha256
    frame = pl.read_parquet(sample.path)
    assert frame.height == sample.n_rows
    assert tuple(frame["symbol"].unique(maintain_order=True)) == sample.symbols
    assert (str(frame["date"].min()), str(frame["date"].max())) == (sample.first, sample.last)


def test_encoding_again_gives_the_same_bytes(sample: Sample, tool: ModuleType) -> None:
    written_with = _metadata()["written_with"]
    if written_with != f"polars {pl.__version__}":
        pytest.skip(f"the file was written with {written_with}, here is {pl.__version__}")
    assert tool.encode(pl.read_parquet(sample.path)) == sample.path.read_bytes()


def test_metadata_holds_what_the_tool_says(tool: ModuleType) -> None:
    entries = _metadata()["samples"]
    assert tuple(recipe.name for recipe in tool.RECIPES) == tuple(entries)
    for recipe in tool.RECIPES:
        entry = entries[recipe.name]
        assert tuple(entry["notes"]) == recipe.notes == find_sample(recipe.name).notes
        assert entry["source"]["sha256"] == recipe.source.sha256
        assert entry["facts"] == tool.facts_of(pl.read_parquet(find_sample(recipe.name).path))


def test_columns_and_types() -> None:
    prices = dict.fromkeys(("open", "high", "low", "close"), pl.Float64)
    assert dict(pl.read_parquet_schema(find_sample("sp500").path)) == {
        "date": pl.Date,
        "symbol": pl.String,
        **prices,
        "volume": pl.Int64,
    }
    assert dict(pl.read_parquet_schema(find_sample("us20").path)) == {
        "date": pl.Date,
        "symbol": pl.String,
        "close": pl.Float64,
    }


def test_every_xnys_session_once_per_symbol(sample: Sample) -> None:
    nyse = load_calendar("XNYS")
    frame = pl.read_parquet(sample.path)
    assert frame.select("symbol", "date").equals(frame.select("symbol", "date").sort(pl.all()))
    for symbol in sample.symbols:
        rows = frame.filter(pl.col("symbol") == symbol)
        days = rows["date"].cast(pl.Int32).cast(pl.Int64).to_numpy()
        first, last = nyse.index_of(int(days[0])), nyse.index_of(int(days[-1]))
        assert np.array_equal(days, nyse.days[first : last + 1])


def test_prices_can_be_true(sample: Sample) -> None:
    frame = pl.read_parquet(sample.path)
    for name in set(frame.columns) - {"date", "symbol"}:
        values = frame[name].to_numpy().astype(np.float64)
        assert np.all(np.isfinite(values) & (values > 0)), name
    if "open" in frame.columns:
        columns = {name: frame[name].to_numpy() for name in ("open", "high", "low", "close")}
        assert np.all(columns["low"] <= np.minimum(columns["open"], columns["close"]))
        assert np.all(columns["high"] >= np.maximum(columns["open"], columns["close"]))


def test_opens_that_repeat_the_close_before() -> None:
    """The note's words, counted in numpy: which years, and how many of their days."""
    frame = pl.read_parquet(find_sample("sp500").path)
    opens, closes = frame["open"].to_numpy()[1:], frame["close"].to_numpy()[:-1]
    years = frame["date"].dt.year().to_numpy()[1:]
    share = {int(y): float(np.mean(opens[years == y] == closes[years == y])) for y in set(years)}
    assert all(share[year] > 0.94 for year in range(2000, 2006))
    assert share[2006] == pytest.approx(107 / 251)
    assert share[2007] == pytest.approx(39 / 251)
    assert share[2012] == pytest.approx(63 / 250)
    assert share[2013] == pytest.approx(66 / 252)
    quiet = set(share) - {*range(2000, 2008), 2012, 2013}
    assert all(share[year] < 0.1 for year in quiet)
    counted = _metadata()["samples"]["sp500"]["facts"]["opens_equal_to_the_close_before"]
    assert {int(y): c["n"] / c["of"] for y, c in counted.items()} == pytest.approx(share)


def test_closes_are_adjusted_and_rounded() -> None:
    frame = pl.read_parquet(find_sample("us20").path)
    closes = frame["close"].to_numpy()
    assert np.array_equal(np.round(closes, 3), closes)
    assert closes.min() == 0.098
    apple = dict(frame.filter(pl.col("symbol") == "AAPL").select("date", "close").rows())
    for before, after in (  # splits of 7 and 4 for one
        (date(2014, 6, 6), date(2014, 6, 9)),
        (date(2020, 8, 28), date(2020, 8, 31)),
    ):
        assert abs(apple[after] / apple[before] - 1) < 0.05
    # It closed at 37.25; splits up to 2022 make that 37.25 / 112 = 0.333, dividends take the rest.
    assert apple[date(1990, 1, 2)] == 0.264
    range_resources = frame.filter(pl.col("symbol") == "RRC").select(
        pl.col("date").dt.year().alias("year"),
        (pl.col("close") == pl.col("close").shift(1)).alias("same"),
    )
    for year, n in ((1990, 231), (1991, 228)):
        same = range_resources.filter(pl.col("year") == year)["same"]
        assert same.sum() == n
        assert 0.895 < n / len(same) < 0.935


def test_notice_and_metadata_name_the_sources_without_addresses() -> None:
    notice = (_ROOT / "NOTICE").read_text()
    metadata = json.dumps(_metadata())
    for entry in _metadata()["samples"].values():
        source = entry["source"]
        assert f"{source['package']}, version {source['version']}" in notice
        assert source["licence"] in notice
        assert entry["file"] in notice
    assert notice.count("Redistribution and use in source and binary forms") == 2
    for text in (notice, metadata):
        assert "://" not in text
        assert "www." not in text
    licence = (_ROOT / "LICENSE").read_text()
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_import_is_light() -> None:
    code = (
        "import sys, importlib.util as u\n"
        "spec = u.spec_from_file_location('samples', sys.argv[1])\n"
        "module = u.module_from_spec(spec)\n"
        "sys.modules['samples'] = module\n"
        "spec.loader.exec_module(module)\n"
        "module.find_sample('us20')\n"
        "assert not {'polars', 'pandas', 'numpy', 'numba'} & set(sys.modules)\n"
    )
    path = _ROOT / "src" / "quant" / "lake" / "samples.py"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
