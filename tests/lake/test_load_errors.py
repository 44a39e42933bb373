"""Goal: every way in which data can be wrong gives one sentence a newcomer can act on.

Method: one small bad input per error; the class, and the parts of the message that say where, what
was expected, what was found and what to do, are compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from quant.errors import BadRowsError, ConfigError, DataError, QuantError, SchemaError
from quant.lake import DataOptions, load_bars

HEAD = "date,open,high,low,close\n"
GOOD = HEAD + "2024-01-02,10,12,9,11\n2024-01-03,11,13,10,12\n"


def message_of(error: type[QuantError], data: Any, **options: Any) -> str:
    """The message of the error, which is exactly of that class and one sentence."""
    with pytest.raises(QuantError) as caught:
        load_bars(data, DataOptions(**options))
    assert type(caught.value) is error
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith((".", "?"))
    return text


def has(text: str, *parts: str) -> bool:
    """Whether all parts stand in the text; the assertion shows the one that does not."""
    for part in parts:
        assert part in text, f"{part!r} not in {text!r}"
    return True


@pytest.fixture
def csv(tmp_path: Path) -> Any:
    """Writes text to a file of the temporary folder and gives its path."""

    def write(text: str, name: str = "prices.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


# Sources


def test_missing_file_names_the_nearest(csv: Any) -> None:
    path = csv(GOOD)
    text = message_of(DataError, str(path.parent / "price.csv"))
    assert has(text, "price.csv: expected a data file", "no file", "mean 'prices.csv'?")


def test_empty_file(csv: Any) -> None:
    assert has(message_of(DataError, csv("")), "prices.csv: expected rows", "an empty file")
    assert has(message_of(DataError, csv("\n")), "prices.csv: expected rows", "an empty file")


def test_header_only(csv: Any) -> None:
    assert has(message_of(DataError, csv(HEAD)), "below the header, found no rows (1 line)")


def test_blank_lines_only(csv: Any) -> None:
    assert has(message_of(DataError, csv(HEAD + "\n\n")), "found no rows")


def test_empty_path() -> None:
    assert has(message_of(DataError, ""), "data '': expected a file that ends in", "a folder")


def test_folder_and_other_endings(csv: Any, tmp_path: Path) -> None:
    assert has(message_of(DataError, tmp_path), ".csv, .csv.gz, .parquet", "found a folder")
    assert has(message_of(DataError, csv(GOOD, "a.xlsx")), "found the ending '.xlsx'", "save the")


def test_parquet_that_is_none(csv: Any) -> None:
    text = message_of(DataError, csv("not parquet at all", "a.parquet"))
    assert has(text, "a.parquet: expected a parquet file", "export it again")


def test_lines_of_different_length(csv: Any) -> None:
    text = message_of(SchemaError, csv(GOOD + "2024-01-04,1,2,3,4,5\n"))
    assert has(text, "prices.csv: expected comma-separated UTF-8", "as many fields", "export it")


def test_text_of_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("date,symbol,close\n2024-01-02,Zürich,10\n".encode("latin-1"))
    assert has(message_of(SchemaError, path), "latin.csv: expected comma-separated UTF-8")


def test_another_separator(csv: Any) -> None:
    text = message_of(SchemaError, csv(GOOD.replace(",", ";")))
    assert has(text, "columns separated by commas", "separated by ';'", "save the file with commas")


def test_the_same_column_twice(csv: Any) -> None:
    text = message_of(SchemaError, csv("date,close,close\n2024-01-02,1,2\n"))
    assert has(text, "every column name once", "found 'close' twice", "rename or remove")


def test_unknown_sample() -> None:
    assert has(message_of(DataError, "sample:sp50"), "found 'sp50'", "mean 'sp500'?")


def test_objects_that_are_no_data() -> None:
    assert has(message_of(SchemaError, [1, 2]), "data: expected a polars or pandas", "found list")
    assert has(message_of(SchemaError, pl.DataFrame().lazy()), "LazyFrame", "call .collect()")
    text = message_of(SchemaError, pd.Series([1.0]))
    assert has(text, "found pandas Series", "make it a frame")
    assert has(message_of(DataError, {}), "found an empty one")
    text = message_of(SchemaError, {"date": ["2024-01-02"], "close": [1.0]})
    assert has(text, "the key 'date' with a list", "polars.DataFrame(data)")
    assert has(message_of(SchemaError, {7: pl.DataFrame()}), "the key 7", "symbols as keys")


def test_frame_without_rows() -> None:
    empty = pl.DataFrame({"date": [], "close": []})
    assert has(message_of(DataError, empty), "frame: expected rows of prices, found no rows")
    assert has(message_of(DataError, {"AAA": empty}), "frame 'AAA': expected", "found no rows")


def test_pandas_columns_of_two_levels() -> None:
    columns = pd.MultiIndex.from_product([["Close", "Open"], ["SPY"]])
    wide = pd.DataFrame([[1.0, 2.0]], columns=columns, index=pd.to_datetime(["2024-01-02"]))
    text = message_of(SchemaError, wide)
    assert has(text, "one level of column names, found 2", "('Close', 'SPY')", "stack(level=1)")


def test_pandas_index_and_column_of_one_name() -> None:
    frame = pd.DataFrame({"date": ["2024-01-02"], "close": [1.0]}).set_index("date", drop=False)
    assert has(message_of(SchemaError, frame), "found 'date' twice", "rename or drop one")


def test_pandas_column_of_several_types() -> None:
    frame = pd.DataFrame({"ts": [pd.Timestamp("2024-01-02"), 3], "close": [1.0, 2.0]})
    text = message_of(SchemaError, frame)
    assert has(text, "one type of value in column 'ts', found several (object)", "convert")


# Columns


def test_no_time_column(csv: Any) -> None:
    text = message_of(SchemaError, csv("day,close\n2024-01-02,1\n"))
    assert has(text, "a time column named ts, time, timestamp, date or datetime", "'day', 'close'")
    assert has(text, "columns={'ts': 'its name'}", "--columns ts=NAME")


def test_row_numbers_are_no_time_column(csv: Any) -> None:
    assert has(message_of(SchemaError, csv(",close\n0,1\n1,2\n")), "expected a time column")


def test_two_time_columns(csv: Any) -> None:
    text = message_of(SchemaError, csv("Date,time,close\n2024-01-02,09:30,1\n"))
    assert has(text, "one column that may be the time", "'Date', 'time'", "columns={'ts': ")


def test_pandas_time_index_beside_a_time_column() -> None:
    frame = pd.DataFrame(
        {"date": ["2024-01-02"], "close": [1.0]}, index=pd.to_datetime(["2024-01-03"])
    )
    assert has(message_of(SchemaError, frame), "may be the time, found 'index', 'date'")


def test_no_close(csv: Any) -> None:
    text = message_of(SchemaError, csv("date,price\n2024-01-02,1\n"))
    assert has(text, "expected a column 'close', found 'date', 'price'", "--columns close=NAME")


def test_one_column_per_symbol() -> None:
    wide = pl.DataFrame({"date": ["2024-01-02"], "AAA": [1.0], "BBB": [2.0]})
    text = message_of(SchemaError, wide)
    assert has(text, "found 'date', 'AAA', 'BBB'", "becomes long form with unpivot or melt")


@pytest.mark.parametrize("name", ["adj_close", "Adj Close", "AdjClose", "adjusted_close"])
def test_an_adjusted_close_is_never_chosen(csv: Any, name: str) -> None:
    text = message_of(SchemaError, csv(f"date,{name}\n2024-01-02,1\n"))
    assert has(text, f"the adjusted {name!r}", "never chosen silently")
    assert has(text, f"pass columns={{'close': {name!r}}}")


def test_some_of_open_high_low(csv: Any) -> None:
    text = message_of(SchemaError, csv("date,high,close\n2024-01-02,2,1\n"))
    assert has(text, "or close alone", "found no 'open' and no 'low' among 'date', 'high', 'close'")


def test_columns_option_names_a_column_that_is_not_there(csv: Any) -> None:
    text = message_of(SchemaError, csv(GOOD), columns={"close": "clos"})
    assert has(text, "expected a column 'clos' for 'close'", "'open', 'high'", "mean 'close'?")


def test_symbol_option_beside_symbols(csv: Any) -> None:
    path = csv("date,ticker,close\n2024-01-02,AAA,1\n")
    text = message_of(ConfigError, path, symbol="BBB")
    assert has(text, "without symbols for symbol='BBB'", "the column 'ticker'", "leave the option")
    frame = pl.DataFrame({"date": ["2024-01-02"], "close": [1.0]})
    assert has(message_of(ConfigError, {"AAA": frame}, symbol="BBB"), "the key 'AAA'")


def test_empty_symbol(csv: Any) -> None:
    path = csv("date,symbol,close\n2024-01-02,AAA,1\n2024-01-03,,1\n2024-01-04, ,1\n")
    text = message_of(SchemaError, path)
    assert has(text, "a symbol in every row of column 'symbol'", "line 3 (2 such rows)", "fill or")


def test_dict_key_and_symbol_column_differ() -> None:
    frame = pl.DataFrame({"date": ["2024-01-02"], "symbol": ["BBB"], "close": [1.0]})
    text = message_of(SchemaError, {"AAA": frame})
    assert has(text, "only the symbol 'AAA'", "found 'BBB' in row 0 of frame 'AAA'")


def test_dict_of_unlike_frames() -> None:
    bare = pl.DataFrame({"date": ["2024-01-02"], "close": [1.0]})
    full = bare.with_columns(open="close", high="close", low="close")
    text = message_of(SchemaError, {"A": full, "B": bare})
    assert has(text, "in every frame or in none", "only closes in frame 'B' (1 of 2 frames)")
    zoned = bare.with_columns(date=pl.lit("2024-01-02T00:00Z"))
    text = message_of(SchemaError, {"A": zoned, "B": bare})
    assert has(text, "with a zone in every frame or in none", "in frame 'B'", "make them alike")


def test_text_where_a_price_should_be(csv: Any) -> None:
    text = message_of(SchemaError, csv(GOOD + "2024-01-04,11,13,10,1 200\n"))
    assert has(text, "numbers in column 'close', found '1 200' in line 4", "plain numbers")
    frame = pl.DataFrame({"date": ["2024-01-02"], "close": [True]})
    assert has(message_of(SchemaError, frame), "column 'close', found the type Boolean", "convert")


# Times


@pytest.mark.parametrize(
    "value",
    ["02/01/2024", "2024-1-2", "2024-02-30", "2024-01-02 24:00", "2024-01-02 23:59:60", "soon"],
)
def test_a_time_in_another_form(csv: Any, value: str) -> None:
    text = message_of(SchemaError, csv(f"date,close\n2024-01-02,1\n{value},2\n"))
    assert has(text, "YYYY-MM-DD HH:MM[:SS]", f"found {value!r} in line 3", "rewrite the column")


def test_a_time_is_missing(csv: Any) -> None:
    text = message_of(SchemaError, csv("date,close\n2024-01-02,1\n,2\n"))
    assert has(text, "a time in every row of column 'date'", "line 3 (1 such rows)", "fill or")


def test_times_of_another_type() -> None:
    frame = pl.DataFrame({"ts": [1.5], "close": [1.0]})
    assert has(message_of(SchemaError, frame), "column 'ts', found the type Float64", "convert")


@pytest.mark.parametrize("value", [20240102, 45_000, -1, 3 * 10**18 * 3])
def test_integers_that_are_no_epoch(value: int) -> None:
    frame = pl.DataFrame({"ts": [value], "close": [1.0]})
    text = message_of(SchemaError, frame)
    assert has(text, "times since 1970", f"found {value} in row 0", "write dates as YYYY-MM-DD")


def test_integers_in_two_units(csv: Any) -> None:
    text = message_of(SchemaError, csv("ts,close\n1704200000,1\n1704200060000,2\n"))
    assert has(text, "all in seconds, milliseconds", "found 1704200000 in line 2")


def test_years_that_do_not_fit() -> None:
    text = message_of(SchemaError, pl.DataFrame({"date": ["0202-01-02"], "close": [1.0]}))
    assert has(text, "years from 1700 to 2200", "found 0202-01-02 in row 0")


def test_years_beyond_the_calendar() -> None:
    text = message_of(DataError, pl.DataFrame({"date": ["1899-01-02"], "close": [1.0]}))
    assert has(text, "times from 1970-01-01", "found 1 outside (row 0 (ASSET, 1899-01-02) first)")


def test_naive_intraday_times(csv: Any) -> None:
    text = message_of(SchemaError, csv("ts,close\n2024-01-02 00:00,1\n2024-01-02 09:30,2\n"))
    assert has(text, "expected times with a zone, found 2024-01-02T09:30:00 without one in line 3")
    assert has(text, "tz='America/New_York'", "--tz")


def test_some_times_with_a_zone(csv: Any) -> None:
    text = message_of(SchemaError, csv("ts,close\n2024-01-02T09:30Z,1\n2024-01-02T09:31,2\n"))
    assert has(text, "all times of column 'ts' with a zone or all without", "'2024-01-02T09:31'")
    assert has(text, "line 3", "write them all alike")


def test_times_at_a_change_of_clocks(csv: Any) -> None:
    lines = "2024-03-10 02:30,1\n2024-11-03 01:30,1\n2024-11-03 01:45,1\n"
    path = csv("ts,close\n2024-03-10 01:30,1\n" + lines)
    text = message_of(BadRowsError, path, tz="America/New_York")
    assert has(text, "exist once in America/New_York, found 3 at a change of the clocks")
    assert has(text, "line 3: 2024-03-10T02:30:00 never happened")
    assert has(text, "line 4: 2024-11-03T01:30:00 happened twice", "with their offset")


def test_one_bar_has_no_length(csv: Any) -> None:
    text = message_of(DataError, csv("ts,close\n2024-01-02T15:00Z,1\n"))
    assert has(text, "two bars of one symbol", "found 1 in 1 symbols", "bar='1min' (--bar)")


# Order


def test_unsorted(csv: Any) -> None:
    rows = "2024-01-02,B,1\n2024-01-04,A,1\n2024-01-03,B,1\n2024-01-03,A,1\n2024-01-02,A,1\n"
    text = message_of(DataError, csv("date,symbol,close\n" + rows))
    assert has(text, "found line 5 (A, 2024-01-03) after line 3 (A, 2024-01-04)")
    assert has(text, "sort the data by symbol and time")


def test_duplicates_are_counted_and_five_are_shown() -> None:
    frame = pl.DataFrame({"date": ["2024-01-02"] * 8, "close": [1.0] * 8})
    with pytest.raises(BadRowsError) as caught:
        load_bars(frame)
    text = str(caught.value)
    assert caught.value.n_rows == 7
    assert len(caught.value.examples) == 5
    assert has(text, "each time once per symbol, found 7 rows", "and 2 more", "name the symbol")
    assert has(text, "row 1 (ASSET, 2024-01-02) repeats row 0")


def test_duplicates_of_one_of_several_symbols() -> None:
    frame = pl.DataFrame(
        {"date": ["2024-01-02"] * 3, "symbol": ["A", "B", "A"], "close": [1.0] * 3}
    )
    text = message_of(BadRowsError, frame)
    assert has(text, "found 1 row that", "row 2 (A, 2024-01-02) repeats row 0")
    assert "name the symbol column" not in text


# Values


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("10,12,9,", "close nan is not a number to trade at"),
        ("10,inf,9,11", "high inf is not a number to trade at"),
        ("NA,12,9,11", "open nan is not a number to trade at"),
        ("0,12,0,11", "low 0.0 is not above zero"),
        ("10,12,-9,11", "low -9.0 is not above zero"),
        ("10,9,12,11", "high 9.0 is below low 12.0"),
        ("8,12,9,11", "open 8.0 is outside of low to high"),
        ("10,12,9,12.5", "close 12.5 is outside of low to high"),
    ],
)
def test_prices_that_cannot_be(csv: Any, row: str, reason: str) -> None:
    text = message_of(BadRowsError, csv(GOOD + f"2024-01-04,{row}\n"))
    assert has(text, "prices.csv: expected prices above zero with low <= open, close <= high")
    assert has(text, f"found 1 row otherwise (line 4 (prices, 2024-01-04): {reason})")
    assert has(text, "mend the rows", "on_bad_rows='drop' (--on-bad-rows drop)")
    assert ("allow_nonpositive" in text) == ("above zero)" in text)


@pytest.mark.parametrize("volume", ["-1", "inf"])
def test_volumes_that_cannot_be(csv: Any, volume: str) -> None:
    text = message_of(BadRowsError, csv(f"date,close,volume\n2024-01-02,1,{volume}\n"))
    assert has(text, f"volume {float(volume)} is not zero or more")


def test_bad_rows_are_counted_and_five_are_shown_in_the_users_order() -> None:
    days = [f"2024-01-{day:02d}" for day in range(2, 6)]
    frame = pl.DataFrame(
        {
            "date": [day for day in days for _ in "BA"],
            "symbol": ["B", "A"] * 4,
            "close": [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        }
    )
    with pytest.raises(BadRowsError) as caught:
        load_bars(frame)
    assert caught.value.n_rows == 6
    assert [text.partition(" (")[0] for text in caught.value.examples] == [
        "row 0",
        "row 1",
        "row 3",
        "row 4",
        "row 5",
    ]
    assert has(str(caught.value), "found 6 rows otherwise", "; and 1 more)")


def test_blank_lines_do_not_move_line_numbers(csv: Any) -> None:
    text = message_of(BadRowsError, csv(GOOD + "\n\n2024-01-04,8,12,9,11\n"))
    assert has(text, "line 6 (prices, 2024-01-04)")


def test_bad_rows_of_a_dict_name_their_frame() -> None:
    good = pl.DataFrame({"date": ["2024-01-02"], "close": [1.0]})
    bad = pl.DataFrame({"date": ["2024-01-02"], "close": [-1.0]})
    assert has(
        message_of(BadRowsError, {"B": good, "A": bad}), "row 0 of frame 'A' (A, 2024-01-02)"
    )


def test_nothing_but_bad_rows(csv: Any) -> None:
    path = csv("date,close\n2024-01-02,0\n")
    text = message_of(DataError, path, on_bad_rows="drop")
    assert has(text, "at least one good row, found all 1 rows bad", "close 0.0 is not above zero")


# Calendar


def test_dates_that_are_no_sessions(csv: Any) -> None:
    rows = "2024-07-03,1\n2024-07-04,1\n2024-07-05,1\n2024-07-06,1\n"
    text = message_of(BadRowsError, csv("date,close\n" + rows), calendar="XNYS")
    assert has(text, "dates that are sessions of the calendar XNYS, found 2 rows otherwise")
    assert has(text, "line 3 (prices, 2024-07-04): no session of XNYS", "'24/7' or 'weekdays'")
    text = message_of(BadRowsError, csv("date,close\n" + rows), calendar="weekdays")
    assert has(text, "found 1 row otherwise", "line 5", "choose calendar='24/7' (--calendar)")
