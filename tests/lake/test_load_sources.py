"""Goal: the same prices are the same bars, whatever they come in, and what was done is recorded.

Method: one table is given as polars frame, pandas frame, CSV, parquet and dict of frames; all
arrays and hashes are compared. Random tables (hypothesis) go through text and back. Options and
notices are checked on small inputs with known answers.
"""

from __future__ import annotations

import datetime as dt
import gzip
import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from quant.lake import Bars, DataOptions, find_sample, load_bars
from quant.lake.opens import equal_opens

LONG = pl.DataFrame(
    {
        "Date": [
            dt.date(2024, 1, 2),
            dt.date(2024, 1, 2),
            dt.date(2024, 1, 3),
            dt.date(2024, 1, 3),
        ],
        "Symbol": ["b", "A", "b", "A"],
        "Open": [10.0, 20.5, 11.0, 21.25],
        "High": [12.0, 22.0, 12.5, 23.0],
        "Low": [9.0, 20.0, 10.5, 21.0],
        "Close": [11.5, 21.0, 12.0, 22.0],
        "Volume": [1000, 2000, None, 0],
        "score": [0.1, None, -0.3, 1e-300],
        "sector": ["x", "y", "x", "y"],
    }
)
ARRAYS = ("offsets", "ts_open", "ts_close", "session")


def same(one: Bars, two: Bars) -> None:
    """Assert that both hold the same bars, bit for bit."""
    assert one.symbols == two.symbols
    for name in ARRAYS:
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name
    assert list(one.columns) == list(two.columns)
    for name, values in one.columns.items():
        assert values.tobytes() == two.columns[name].tobytes(), name
    assert one.calendar is two.calendar
    for name in ("is_dated", "closes_only", "has_volume", "step_ns"):
        assert getattr(one, name) == getattr(two, name), name
    assert one.source.sha256 == two.source.sha256


def as_pandas(frame: pl.DataFrame) -> pd.DataFrame:
    """The frame in pandas, column by column."""
    return pd.DataFrame({name: frame[name].to_list() for name in frame.columns})


def test_bars_are_sorted_by_code_point_with_columns_in_order() -> None:
    bars = load_bars(LONG)
    assert bars.symbols == ("A", "b")
    assert bars.offsets.tolist() == [0, 2, 4]
    assert list(bars.columns) == ["open", "high", "low", "close", "volume", "score"]
    assert bars.columns["close"].tolist() == [21.0, 22.0, 11.5, 12.0]
    assert bars.columns["volume"].tolist()[:3] == [2000.0, 0.0, 1000.0]
    assert np.isnan(bars.columns["volume"][3])
    assert bars.has_volume
    assert not bars.closes_only
    assert (bars.source.kind, bars.source.name, bars.source.n_rows) == ("frame", "frame", 4)


def test_every_source_gives_the_same_bars(tmp_path: Path) -> None:
    expected = load_bars(LONG)
    csv, packed, parquet = (tmp_path / name for name in ("a.csv", "a.csv.gz", "a.parquet"))
    LONG.write_csv(csv)
    packed.write_bytes(gzip.compress(csv.read_bytes()))
    LONG.write_parquet(parquet)
    pandas = as_pandas(LONG)
    dated = pandas.assign(Date=pd.to_datetime(pandas["Date"]))
    by_symbol = {s: LONG.filter(pl.col("Symbol") == s).drop("Symbol") for s in ("b", "A")}
    sources: list[Any] = [
        csv,
        str(packed),
        parquet,
        pandas,
        dated,
        dated.set_index("Date"),
        dated.set_index("Date").rename_axis(None),
        dated.set_index(["Symbol", "Date"]),
        dated.astype({"Symbol": "category"}),
        by_symbol,
        {s: as_pandas(frame) for s, frame in by_symbol.items()},
        LONG.with_columns(pl.col("Symbol").cast(pl.Categorical)),
        LONG.sort("Symbol"),
    ]
    for source in sources:
        same(load_bars(source), expected)
    assert load_bars(csv).source.kind == "csv"
    assert load_bars(packed).source.name == str(packed)
    assert load_bars(parquet).source.kind == "parquet"


def test_every_source_gives_the_same_intraday_bars(tmp_path: Path) -> None:
    stamps = pl.datetime_range(
        dt.datetime(2024, 11, 3, 0), dt.datetime(2024, 11, 4, 12), "1h", eager=True, time_zone="UTC"
    )
    frame = pl.DataFrame({"ts": stamps, "close": np.arange(1.0, len(stamps) + 1)})
    expected = load_bars(frame)
    assert (expected.calendar.name, expected.is_dated) == ("24/7", False)
    berlin = frame.with_columns(pl.col("ts").dt.convert_time_zone("America/New_York"))
    frame.write_csv(tmp_path / "ASSET.csv")
    berlin.write_csv(tmp_path / "zoned.csv")
    pandas = pd.DataFrame(
        {"close": frame["close"].to_numpy()},
        index=pd.DatetimeIndex(stamps.dt.replace_time_zone(None).to_numpy(), tz="UTC"),
    )
    fixed = pandas.tz_convert(dt.timezone(dt.timedelta(hours=5, minutes=45)))
    pandas.to_csv(tmp_path / "pandas.csv")
    naive = frame.with_columns(pl.col("ts").dt.replace_time_zone(None))
    for source in (berlin, tmp_path / "ASSET.csv", pandas, fixed, pandas.tz_convert("Asia/Tokyo")):
        same(load_bars(source), expected)
    for name in ("zoned.csv", "pandas.csv"):
        same(load_bars(tmp_path / name, DataOptions(symbol="ASSET")), expected)
    same(load_bars(naive, DataOptions(tz="UTC")), expected)
    same(load_bars(frame.with_columns(pl.col("ts").dt.epoch("ms"))), expected)


PRICE = st.floats(1e-9, 1e12)
CELL = st.one_of(st.none(), st.floats(allow_infinity=False, allow_nan=False))


@st.composite
def tables(draw: st.DrawFn) -> pl.DataFrame:
    """Tables of dates, some symbols, prices in order, volume and one further column."""
    symbols = draw(
        st.lists(st.sampled_from(["A", "Zz", "007", "é", "BRK.B"]), unique=True, min_size=1)
    )
    first = draw(st.dates(dt.date(1971, 1, 1), dt.date(2048, 1, 1)))
    rows = []
    for day in sorted(draw(st.sets(st.integers(0, 400), min_size=1, max_size=8))):
        for symbol in symbols:
            low, open_, close, high = sorted(draw(st.tuples(PRICE, PRICE, PRICE, PRICE)))
            if draw(st.booleans()):
                open_, close = close, open_
            volume = draw(st.one_of(st.none(), st.floats(0, 1e15)))
            date = first + dt.timedelta(days=day)
            rows.append((date, symbol, open_, high, low, close, volume, draw(CELL)))
    names = ["date", "symbol", "open", "high", "low", "close", "volume", "extra"]
    types = [pl.Date, pl.String, *[pl.Float64] * 6]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


@settings(max_examples=60, deadline=None)
@given(tables())
def test_text_and_back(frame: pl.DataFrame) -> None:
    expected = load_bars(frame)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        frame.write_csv(path)
        same(load_bars(path), expected)
        as_pandas(frame).to_csv(path, index=False)
        same(load_bars(path), expected)
    same(load_bars(as_pandas(frame)), expected)


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(0, 7), st.sampled_from(["open", "high", "close", "volume"]))
def test_one_other_number_is_another_hash(frame: pl.DataFrame, row: int, name: str) -> None:
    bars = load_bars(frame)
    row %= frame.height
    value = frame[name][row]
    other = 1.0 if value is None else float(np.nextafter(value, np.inf))
    raised = frame.with_columns(
        pl.Series(name, [other if i == row else v for i, v in enumerate(frame[name])])
    ).with_columns(high=pl.max_horizontal("open", "high", "low", "close"))
    assert load_bars(raised).source.sha256 != bars.source.sha256


def test_closes_only() -> None:
    frame = pl.DataFrame({"date": ["2024-01-02", "2024-01-03"], "close": [1.5, 2.5]})
    bars = load_bars(frame)
    assert bars.closes_only
    assert not bars.has_volume
    for name in ("open", "high", "low", "close"):
        assert bars.columns[name].tolist() == [1.5, 2.5]
    assert np.isnan(bars.columns["volume"]).all()
    full = frame.with_columns(open="close", high="close", low="close")
    assert not load_bars(full).closes_only
    assert load_bars(full).source.sha256 != bars.source.sha256


def test_one_zero_and_one_nan() -> None:
    signed = np.array([-np.nan, -0.0])
    plain = np.array([np.nan, 0.0])
    dates = ["2024-01-02", "2024-01-03"]
    one, two = (
        load_bars(pl.DataFrame({"date": dates, "close": [1.0, 1.0], "volume": v}))
        for v in (signed, plain)
    )
    same(one, two)


def test_arrays_are_read_only_and_not_the_users() -> None:
    closes = np.array([1.0, 2.0])
    frame = pd.DataFrame({"date": ["2024-01-02", "2024-01-03"], "close": closes}, copy=False)
    bars = load_bars(frame)
    closes[0] = 99.0
    assert bars.columns["close"].tolist() == [1.0, 2.0]
    for values in (bars.ts_open, bars.ts_close, bars.session, bars.offsets, *bars.columns.values()):
        assert not values.flags.writeable


def test_bars_are_given_back_and_travel_between_processes() -> None:
    bars = load_bars(LONG)
    assert load_bars(bars, DataOptions(calendar="24/7")) is bars
    copy = pickle.loads(pickle.dumps(bars))
    assert copy.source == bars.source
    assert copy.columns["close"].tobytes() == bars.columns["close"].tobytes()


def test_names_of_a_single_series(tmp_path: Path) -> None:
    frame = pl.DataFrame({"date": ["2024-01-02"], "close": [1.0]})
    path = tmp_path / "brent.v2.csv"
    frame.write_csv(path)
    assert load_bars(frame).symbols == ("ASSET",)
    assert load_bars(path).symbols == ("brent.v2",)
    assert load_bars(path, DataOptions(symbol="CL")).symbols == ("CL",)
    assert load_bars({"CL": frame}).symbols == ("CL",)
    assert load_bars(frame.with_columns(ticker=pl.lit(7203))).symbols == ("7203",)


def test_columns_option_chooses(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Day,Close,Adj Close,Open\n2024-01-02,10,5,1\n2024-01-03,11,5.5,1\n")
    frame = pl.read_csv(path).drop("Open")
    bars = load_bars(frame, DataOptions(columns={"date": "day", "close": "adj close"}))
    assert bars.columns["close"].tolist() == [5.0, 5.5]
    assert load_bars(frame, DataOptions(columns={"ts": "Day"})).columns["Adj Close"][0] == 5.0


def test_a_time_is_chosen_among_two() -> None:
    frame = pl.DataFrame({"date": ["2024-01-02"], "ts": ["2024-01-03"], "close": [1.0]})
    bars = load_bars(frame, DataOptions(columns={"ts": "date"}))
    assert str(np.datetime64(int(bars.ts_open[0]), "ns"))[:10] == "2024-01-02"


def test_numbers_as_text_with_blanks_and_missing_words(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("date, close ,volume,note\n2024-01-02, 1.5 ,NA,ok\n2024-01-03,2e0,null,\n")
    bars = load_bars(path)
    assert bars.columns["close"].tolist() == [1.5, 2.0]
    assert not bars.has_volume
    assert "note" not in bars.columns


def test_a_byte_order_mark_is_no_part_of_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeffdate,close\r\n2024-01-02,1.5\r\n".encode())
    assert load_bars(path).columns["close"].tolist() == [1.5]


def test_further_columns_of_a_dict_are_joined() -> None:
    frame = pl.DataFrame({"date": ["2024-01-02"], "close": [1.0], "x": [7]})
    bars = load_bars({"A": frame, "B": frame.rename({"x": "y"})})
    assert bars.columns["x"][0] == 7.0
    assert np.isnan(bars.columns["x"][1])
    assert bars.columns["y"][1] == 7.0


def test_nonpositive_prices_where_they_are_legal() -> None:
    frame = pl.DataFrame(
        {"date": ["2020-04-20", "2020-04-21"], "symbol": ["CL", "CL"], "close": [-37.63, 0.0]}
    )
    bars = load_bars(frame, DataOptions(allow_nonpositive=("CL",)))
    assert bars.columns["close"].tolist() == [-37.63, 0.0]


def test_dropped_rows_are_recorded() -> None:
    dates = ["2024-07-03", "2024-07-04", "2024-07-05", "2024-07-08"]
    frame = pl.DataFrame(
        {
            "date": [*dates, "2024-07-03"],
            "symbol": ["A"] * 4 + ["B"],
            "close": [1.0, 1.0, 0.0, 2.0, None],
        }
    )
    bars = load_bars(frame, DataOptions(on_bad_rows="drop", calendar="XNYS"))
    assert bars.symbols == ("A",)
    assert bars.columns["close"].tolist() == [1.0, 2.0]
    assert (bars.source.n_rows, bars.source.dropped_rows) == (2, 3)
    assert bars.source.bad_rows == (
        "row 2 (A, 2024-07-05): close 0.0 is not above zero",
        "row 4 (B, 2024-07-03): close nan is not a number to trade at",
        "row 1 (A, 2024-07-04): no session of XNYS",
    )
    assert "3 bad rows were dropped" in bars.warnings[0]
    clean = frame.filter(pl.Series([True, False, False, True, False]))
    same(bars, load_bars(clean))


def bars_with_equal_opens(dates: list[str], equal: list[bool]) -> pl.DataFrame:
    """Ascending closes; the open is the close before where asked, else the day's close."""
    closes = np.arange(1.0, len(dates) + 1)
    opens = closes.copy()
    opens[1:] = np.where(equal[1:], closes[:-1], closes[1:])
    columns = {"date": dates, "open": opens, "high": closes, "low": opens, "close": closes}
    return pl.DataFrame(columns)


def test_opens_that_equal_the_close_before_are_told() -> None:
    years = [2016, 2017, 2018, 2019, 2021]
    dates = [f"{year}-03-{day:02d}" for year in years for day in range(1, 11)]
    n_equal = {2016: 3, 2017: 10, 2018: 2, 2019: 0, 2021: 3}  # of ten; a fifth is two
    equal = [int(date[8:]) > 10 - n_equal[int(date[:4])] for date in dates]
    frame = bars_with_equal_opens(dates, equal)
    bars = load_bars({"X": frame, "Y": frame.with_columns(open="close")})
    low, high = int(bars.session.min()), int(bars.session.max())
    text = equal_opens(bars, low, high)
    assert "(X 2016-2017, 2021), so 'next open' there would be the deciding close" in text
    of_2018 = bars.session[20:30]
    assert equal_opens(bars, int(of_2018.min()), int(of_2018.max())) == ""
    assert "X 2016)" in equal_opens(bars, low, int(bars.session[9]))
    closes = load_bars(frame.drop("open", "high", "low"))
    assert equal_opens(closes, low, high) == ""
    assert bars.warnings == closes.warnings == ()


def test_many_symbols_with_equal_opens_are_counted() -> None:
    prices = {name: [1.0, 1.0] for name in ("open", "high", "low", "close")}
    frame = pl.DataFrame({"date": ["2024-01-02", "2024-01-03"], **prices})
    bars = load_bars({f"S{i}": frame for i in range(8)})
    text = equal_opens(bars, 0, int(bars.session.max()))
    assert "(S0 2024; S1 2024; S2 2024; S3 2024; S4 2024; and 3 more symbols)" in text


def test_samples() -> None:
    by_name = load_bars("sample:sp500")
    same(load_bars(find_sample("sp500")), by_name)
    assert (by_name.source.kind, by_name.source.name) == ("sample", "sample:sp500")
    assert by_name.source.notes == find_sample("sp500").notes
    assert by_name.calendar.name == "XNYS"
    assert by_name.is_dated
    last = int(by_name.session.max())
    assert "SP500 2000-2006, 2012-2013" in equal_opens(by_name, 0, last)
    assert equal_opens(by_name, last - 500, last) == ""
    assert load_bars("sample:us20").closes_only
    assert len(load_bars("sample:us20").symbols) == 20
