"""Goal: a bar begins, ends and belongs to a session exactly as the written rules say.

Method: small inputs whose instants are known from the exchange's hours (New York is UTC-5 in
January, UTC-4 in July; 2024-11-29 closed at 13:00) are loaded and every array is compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from quant.lake import Bars, DataOptions, load_bars

DAY = 86_400_000_000_000
MINUTE = 60_000_000_000


def load(stamps: list[Any], *, symbols: list[str] | None = None, **options: Any) -> Bars:
    """Bars of closes 1.0 at these stamps."""
    columns: dict[str, Any] = {"ts": stamps, "close": [1.0] * len(stamps)}
    if symbols is not None:
        columns["symbol"] = symbols
    return load_bars(pl.DataFrame(columns), DataOptions(**options))


def instants(values: np.ndarray) -> list[str]:
    """Nanoseconds as text, to the minute."""
    return [str(np.datetime64(int(ts), "ns").astype("datetime64[m]")) for ts in values]


def days_of(bars: Bars) -> list[str]:
    """The date of each bar's session."""
    return [str(np.datetime64(int(day), "D")) for day in bars.calendar.days[bars.session]]


def test_dates_have_the_hours_of_the_session() -> None:
    bars = load(["2024-07-03", "2024-07-05", "2024-11-29"])
    assert (bars.calendar.name, bars.is_dated, bars.step_ns) == ("XNYS", True, 0)
    assert instants(bars.ts_open) == ["2024-07-03T13:30", "2024-07-05T13:30", "2024-11-29T14:30"]
    assert instants(bars.ts_close) == ["2024-07-03T17:00", "2024-07-05T20:00", "2024-11-29T18:00"]
    assert days_of(bars) == ["2024-07-03", "2024-07-05", "2024-11-29"]


@pytest.mark.parametrize(
    ("stamps", "name"),
    [
        (["2024-07-03", "2024-07-05"], "XNYS"),
        (["2024-07-03", "2024-07-04"], "weekdays"),
        (["2024-07-05", "2024-07-06"], "24/7"),
    ],
)
def test_the_calendar_is_chosen_from_the_dates(stamps: list[str], name: str) -> None:
    assert load(stamps).calendar.name == name


@pytest.mark.parametrize("name", ["24/7", "weekdays"])
def test_round_the_clock_a_day_ends_with_its_last_nanosecond(name: str) -> None:
    bars = load(["2024-07-03", "2024-07-04"], calendar=name)
    first = 19_907 * DAY
    assert bars.ts_open.tolist() == [first, first + DAY]
    assert bars.ts_close.tolist() == [first + DAY - 1, first + 2 * DAY - 1]


def test_midnight_where_it_was_written_is_a_date() -> None:
    texts = ["2024-07-03 00:00:00-04:00", "2024-11-29 00:00:00-05:00"]
    zoned = pl.Series(["2024-07-03", "2024-11-29"]).str.to_datetime()
    zoned = zoned.dt.replace_time_zone("America/New_York")
    for stamps in (texts, zoned.to_list(), ["2024-07-03T00:00Z", "2024-11-29T00:00Z"]):
        bars = load_bars(pl.DataFrame({"ts": stamps, "close": [1.0, 1.0]}))
        assert bars.is_dated
        assert days_of(bars) == ["2024-07-03", "2024-11-29"]


def test_midnights_are_times_if_the_bar_says_so() -> None:
    bars = load(["2024-07-03T00:00Z", "2024-07-04T00:00Z"], bar="1h")
    assert (bars.is_dated, bars.step_ns) == (False, 60 * MINUTE)
    assert instants(bars.ts_close) == ["2024-07-03T01:00", "2024-07-04T01:00"]


def test_naive_times_are_read_in_the_zone() -> None:
    stamps = ["2024-01-03 15:58", "2024-01-03 15:59", "2024-07-03 09:30", "2024-07-03 09:31"]
    bars = load(stamps, tz="America/New_York")
    assert (bars.calendar.name, bars.step_ns) == ("XNYS", MINUTE)
    assert instants(bars.ts_open) == [
        "2024-01-03T20:58",
        "2024-01-03T20:59",
        "2024-07-03T13:30",
        "2024-07-03T13:31",
    ]
    assert days_of(bars) == ["2024-01-03", "2024-01-03", "2024-07-03", "2024-07-03"]


def test_a_bar_ends_at_the_next_bar_and_at_the_close_of_its_session() -> None:
    hours = ["14:30", "15:30", "16:00", "17:30", "18:30", "19:30", "20:30"]
    bars = load([f"2024-01-03T{hour}Z" for hour in hours])
    ends = ["15:30", "16:00", "17:00", "18:30", "19:30", "20:30", "21:00"]
    assert bars.step_ns == 60 * MINUTE
    assert instants(bars.ts_close) == [f"2024-01-03T{hour}" for hour in ends]


def test_stamps_at_the_close_are_the_reverse() -> None:
    hours = ["15:00", "16:00", "16:30", "17:30", "18:30", "21:00"]
    bars = load([f"2024-01-03T{hour}Z" for hour in hours], ts_is="close")
    begins = ["14:30", "15:00", "16:00", "16:30", "17:30", "20:00"]
    assert bars.calendar.name == "XNYS"
    assert instants(bars.ts_open) == [f"2024-01-03T{hour}" for hour in begins]
    assert instants(bars.ts_close) == [f"2024-01-03T{hour}" for hour in hours]


def test_bars_outside_of_the_hours_keep_their_length() -> None:
    stamps = ["2024-01-03T13:30Z", "2024-01-03T20:30Z", "2024-01-03T21:30Z", "2024-01-03T22:30Z"]
    bars = load(stamps, calendar="XNYS", bar="1h")
    ends = ["14:30", "21:00", "22:30", "23:30"]
    assert instants(bars.ts_close) == [f"2024-01-03T{hour}" for hour in ends]
    assert set(days_of(bars)) == {"2024-01-03"}


def test_a_weekend_bar_belongs_to_the_next_session_of_an_exchange() -> None:
    stamps = ["2024-01-06T12:00Z", "2024-01-06T13:00Z"]
    assert days_of(load(stamps, calendar="XNYS")) == ["2024-01-08", "2024-01-08"]
    assert days_of(load(stamps)) == ["2024-01-06", "2024-01-06"]


def test_a_bar_from_midnight_belongs_to_the_day_that_begins() -> None:
    bars = load(["2024-01-05T23:00Z", "2024-01-06T00:00Z", "2024-01-06T01:00Z"])
    assert bars.calendar.name == "24/7"
    assert days_of(bars) == ["2024-01-05", "2024-01-06", "2024-01-06"]
    assert instants(bars.ts_close)[0] == "2024-01-06T00:00"


def test_clips_and_steps_stay_within_a_symbol() -> None:
    stamps = [
        "2024-01-06T12:00Z",
        "2024-01-06T13:00Z",
        "2024-01-06T12:30Z",
        "2024-01-06T13:30Z",
        "2024-01-06T13:31Z",
    ]
    bars = load(stamps, symbols=["B", "B", "A", "A", "A"], bar="1h")
    assert bars.symbols == ("A", "B")
    assert bars.offsets.tolist() == [0, 3, 5]
    ends = ["13:30", "13:31", "14:31", "13:00", "14:00"]
    assert instants(bars.ts_close) == [f"2024-01-06T{hour}" for hour in ends]


def test_the_shortest_of_equally_common_steps_is_the_bar() -> None:
    bars = load(["2024-01-06T12:00Z", "2024-01-06T12:05Z", "2024-01-06T13:05Z"])
    assert bars.step_ns == 5 * MINUTE


@pytest.mark.parametrize("scale", [1, 10**3, 10**6, 10**9])
def test_epochs_are_told_by_their_size(scale: int) -> None:
    seconds = [1_704_542_400, 1_704_542_460]  # 2024-01-06T12:00Z
    for stamps in ([s * scale for s in seconds], [str(s * scale) for s in seconds]):
        assert instants(load(stamps).ts_open) == ["2024-01-06T12:00", "2024-01-06T12:01"]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2024-01-06T12:00Z", "2024-01-06T12:00:00.000000000"),
        ("2024-01-06 12:00:01+05:30", "2024-01-06T06:30:01.000000000"),
        ("2024-01-06 12:00:01.5-0500", "2024-01-06T17:00:01.500000000"),
        (" 2024-01-06T12:00:01.123456789Z ", "2024-01-06T12:00:01.123456789"),
    ],
)
def test_forms_of_text(text: str, utc: str) -> None:
    bars = load([text], bar="1min")
    assert str(np.datetime64(int(bars.ts_open[0]), "ns")) == utc


def test_forms_of_text_may_be_mixed() -> None:
    stamps = ["2024-01-06", "2024-01-06 12:00", "2024-01-06T12:00:30", "2024-01-06 12:00:30.25"]
    bars = load(stamps, tz="UTC", bar="1s")
    first = int(bars.ts_open[0])
    assert [(int(ts) - first) / 1e9 for ts in bars.ts_open] == [0.0, 43_200.0, 43_230.0, 43_230.25]


def test_offsets_that_change_with_the_clocks_are_in_order() -> None:
    bars = load(["2024-11-03 01:30:00-04:00", "2024-11-03 01:30:00-05:00"])
    assert instants(bars.ts_open) == ["2024-11-03T05:30", "2024-11-03T06:30"]


def test_a_few_odd_dates_that_decide_the_calendar_are_told() -> None:
    calendar = load(["2024-01-02"]).calendar
    days = np.arange(18_267, 19_723)  # 2020-01-06 to 2023-12-31
    odd = days == 18_446  # 2020-07-03, when Independence Day was observed
    dates = days[calendar.are_sessions(days) | odd].astype("datetime64[D]")
    bars = load_bars(pl.DataFrame({"date": dates, "close": [1.0] * len(dates)}))
    assert bars.calendar.name == "weekdays"
    (text,) = bars.warnings
    assert f"because 1 of {len(dates)} rows" in text
    assert "(ASSET, 2020-07-03)" in text
    assert "pass calendar='XNYS'" in text


def test_each_symbol_has_bars_of_its_own_length() -> None:
    """One length for all would show a ten-minute bar nine minutes before it ends."""
    minute = 60_000_000_000
    start = 1_704_205_800_000_000_000  # 2024-01-02 14:30 UTC
    quick = [start + k * minute for k in range(30)]
    slow = [start + k * 10 * minute for k in range(3)]
    frame = pl.DataFrame(
        {
            "ts": pl.Series(quick + slow + [start]).cast(pl.Datetime("ns", "UTC")),
            "symbol": ["QUICK"] * 30 + ["SLOW"] * 3 + ["ONCE"],
            "close": [1.0] * 34,
        }
    ).sort("symbol", "ts")
    bars = load_bars(frame)
    lengths = {
        symbol: sorted(set((bars.ts_close - bars.ts_open)[lo:hi].tolist()))
        for symbol, lo, hi in zip(bars.symbols, bars.offsets, bars.offsets[1:], strict=False)
    }
    assert lengths == {"ONCE": [minute], "QUICK": [minute], "SLOW": [10 * minute]}
    assert any("SLOW 10 min" in warning for warning in bars.warnings)


def test_weekly_rows_dated_at_their_begin_are_warned_about() -> None:
    mondays = ["2024-01-08", "2024-01-22", "2024-01-29", "2024-02-05"]
    frame = pl.DataFrame({"date": mondays, "close": [1.0, 2.0, 3.0, 4.0]})
    assert any("look weekly" in warning for warning in load_bars(frame).warnings)
    days = pl.DataFrame({"date": ["2024-01-08", "2024-01-09", "2024-01-10"], "close": [1.0] * 3})
    assert not any("look weekly" in warning for warning in load_bars(days).warnings)
