"""Goal: sessions are found rightly, errors say what to do, the shipped tables are the built ones.

Method: hand-worked dates, an independent search with zoneinfo one instant at a time over random
instants, rebuilding the tables with the tool, and reading the message of every error.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from quant.calendars import Calendar, content_version, known_calendars, load_calendar
from quant.errors import ConfigError, DataError

_ROOT = Path(__file__).resolve().parents[2]
_DAY_NS = 86_400_000_000_000
_HOUR_NS = 3_600_000_000_000
_NEW_YORK = ZoneInfo("America/New_York")


def _day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def _ns(text: str) -> int:
    return int(np.datetime64(text, "ns").astype(np.int64))


@pytest.fixture(scope="module")
def tool() -> Iterator[ModuleType]:
    pytest.importorskip("exchange_calendars", reason="exchange-calendars is a build dependency")
    spec = importlib.util.spec_from_file_location(
        "build_calendars", _ROOT / "tools" / "build_calendars.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_rebuilding_gives_the_shipped_tables(tool: ModuleType) -> None:
    built = {table.name: table for table in tool.build_all()}
    assert tuple(built) == known_calendars()
    for name, table in built.items():
        shipped = load_calendar(name)
        assert table.version == shipped.version, name
        stored = pl.read_parquet(tool.FOLDER / table.file)
        assert stored.equals(table.frame()), name


def test_early_closes_are_marked(tool: ModuleType) -> None:
    table = pl.read_parquet(tool.FOLDER / "xnys.parquet")
    marked = set(table.filter(pl.col("is_half_day"))["session"].to_list())
    assert {date(2024, 7, 3), date(2024, 11, 29), date(2012, 12, 24)} <= marked
    assert date(2002, 9, 11) not in marked, "a late open is not an early close"
    assert date(1979, 12, 24) not in marked
    for stored in ("24_7.parquet", "weekdays.parquet"):
        assert not pl.read_parquet(tool.FOLDER / stored)["is_half_day"].any()


def test_range_periods_and_zones() -> None:
    found = {
        name: (
            str(np.datetime64(int(c.days[0]), "D")),
            str(np.datetime64(int(c.days[-1]), "D")),
            c.periods_per_year,
            c.tz,
        )
        for name, c in ((name, load_calendar(name)) for name in known_calendars())
    }
    assert found == {
        "XNYS": ("1970-01-02", "2049-12-31", 252, "America/New_York"),
        "24/7": ("1970-01-01", "2049-12-31", 365, "UTC"),
        "weekdays": ("1970-01-01", "2049-12-31", 261, "UTC"),
    }


def test_whole_days_by_rule() -> None:
    every, week = load_calendar("24/7"), load_calendar("weekdays")
    assert len(every.days) == (date(2049, 12, 31) - date(1970, 1, 1)).days + 1
    assert np.all(every.closes[:-1] == every.opens[1:])
    kept = [d for d in every.days.tolist() if (date(1970, 1, 1) + timedelta(d)).weekday() < 5]
    assert week.days.tolist() == kept
    assert np.all(week.closes - week.opens == _DAY_NS)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ("1970-04-30", "10:00", "15:00"),
        ("1970-05-04", "10:00", "15:30"),
        ("1974-09-30", "10:00", "15:30"),
        ("1974-10-01", "10:00", "16:00"),
        ("1985-09-26", "10:00", "16:00"),
        ("1985-09-30", "09:30", "16:00"),
        ("1987-10-26", "09:30", "14:00"),
        ("1990-12-24", "09:30", "14:00"),
        ("1990-12-27", "11:00", "16:00"),
        ("1999-12-31", "09:30", "13:00"),
        ("2001-09-17", "09:30", "16:00"),
        ("2013-07-03", "09:30", "13:00"),
        ("2024-07-02", "09:30", "16:00"),
    ],
)
def test_hours_of_new_york(day: str, opens: str, closes: str) -> None:
    nyse = load_calendar("XNYS")
    index = nyse.index_of(_day(day))
    local = [
        datetime.fromtimestamp(int(ns) // 10**9, UTC).astimezone(_NEW_YORK).strftime("%H:%M")
        for ns in (nyse.opens[index], nyse.closes[index])
    ]
    assert local == [opens, closes]


@pytest.mark.parametrize("name", known_calendars())
def test_version_is_the_hash_of_what_was_loaded(name: str) -> None:
    c = load_calendar(name)
    assert c.version == content_version(name, c.days, c.opens, c.closes)
    moved = c.closes.copy()
    moved[-1] -= 1
    assert c.version != content_version(name, c.days, c.opens, moved)


def test_version_layout_is_fixed() -> None:
    """The layout written out by hand, so that a change of it is seen."""
    import hashlib

    raw = b"X\0" + b"".join(n.to_bytes(8, "little") for n in (2, 3, 4, 30, 40, 31, 41))
    days, opens, closes = (np.array(x, dtype=np.int64) for x in ([3, 4], [30, 40], [31, 41]))
    expected = "sha256:" + hashlib.sha256(raw).hexdigest()
    assert content_version("X", days, opens, closes) == expected
    assert content_version("X", days[::1].astype(">i8"), opens, closes) == expected


def test_loading_twice_gives_the_same_object() -> None:
    assert load_calendar("XNYS") is load_calendar("XNYS")


@pytest.mark.parametrize("field", ["days", "opens", "closes"])
def test_arrays_cannot_be_written(field: str) -> None:
    array = getattr(load_calendar("XNYS"), field)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


def test_unknown_name_says_the_nearest() -> None:
    with pytest.raises(ConfigError) as caught:
        load_calendar("XNYZ")
    message = str(caught.value)
    assert "XNYS, 24/7, weekdays" in message
    assert "'XNYZ'" in message
    assert message.endswith("Did you mean 'XNYS'?")


def test_index_of_names_the_sessions_on_both_sides() -> None:
    nyse = load_calendar("XNYS")
    with pytest.raises(DataError) as caught:
        nyse.index_of(_day("2021-12-25"))
    message = str(caught.value)
    for part in ("XNYS", "2021-12-25", "2021-12-23 or 2021-12-27"):
        assert part in message
    with pytest.raises(DataError, match="nearest, 1970-01-02, or"):
        nyse.index_of(-5)
    with pytest.raises(DataError, match="nearest, 2049-12-31, or"):
        nyse.index_of(_day("2050-01-03"))


def test_index_at_or_after() -> None:
    nyse = load_calendar("XNYS")
    assert nyse.index_at_or_after(_day("2021-12-25")) == nyse.index_of(_day("2021-12-27"))
    assert nyse.index_at_or_after(_day("2021-12-27")) == nyse.index_of(_day("2021-12-27"))
    assert nyse.index_at_or_after(_day("1900-01-01")) == 0
    with pytest.raises(DataError, match=r"up to 2049-12-31.*found 2050-01-01"):
        nyse.index_at_or_after(_day("2050-01-01"))


def test_are_sessions_equals_one_at_a_time() -> None:
    nyse = load_calendar("XNYS")
    days = np.arange(-10, _day("2050-02-01"))
    one_by_one = [nyse.is_session(int(day)) for day in days]
    assert nyse.are_sessions(days).tolist() == one_by_one
    assert sum(one_by_one) == len(nyse.days)
    assert nyse.are_sessions(np.array([], dtype=np.int64)).tolist() == []


def test_midnight_of_24_7_belongs_to_one_side() -> None:
    crypto = load_calendar("24/7")
    index = crypto.index_of(_day("2024-03-10"))
    midnight = crypto.opens[index : index + 1]
    around = np.concatenate((midnight - 1, midnight, midnight + 1))
    assert crypto.sessions_of(around, side="ending").tolist() == [index - 1, index - 1, index]
    assert crypto.sessions_of(around, side="beginning").tolist() == [index - 1, index, index]


def test_weekend_belongs_to_the_next_session() -> None:
    nyse = load_calendar("XNYS")
    friday, monday = nyse.index_of(_day("2024-03-08")), nyse.index_of(_day("2024-03-11"))
    ts = np.array(
        [
            _ns("2024-03-08T14:30"),
            _ns("2024-03-09T04:59:59.999999999"),  # Friday evening in New York
            _ns("2024-03-09T05:00"),  # local midnight
            _ns("2024-03-10T12:00"),
            _ns("2024-03-11T03:00"),
            _ns("2024-03-12T03:59"),  # Monday evening, now four hours behind
        ]
    )
    begins = nyse.sessions_of(ts, side="beginning").tolist()
    assert begins == [friday, friday, monday, monday, monday, monday]
    assert nyse.sessions_of(ts, side="ending").tolist() == [
        friday, friday, friday, monday, monday, monday,
    ]  # fmt: skip


@pytest.mark.parametrize("name", known_calendars())
@pytest.mark.parametrize("side", ["ending", "beginning"])
def test_sessions_of_equals_a_search_by_local_date(
    name: str, side: Literal["ending", "beginning"]
) -> None:
    c = load_calendar(name)
    zone = ZoneInfo(c.tz)
    rng = np.random.default_rng(5)
    seconds = rng.integers(_day("1971-01-01") * 86_400, _day("2049-12-31") * 86_400, 3_000)
    seconds[::2] -= seconds[::2] % 3_600  # whole hours meet the midnights
    expected = []
    for second in seconds.tolist():
        local = datetime.fromtimestamp(second, UTC).astimezone(zone)
        day = (local.date() - date(1970, 1, 1)).days
        day -= side == "ending" and (local.hour, local.minute, local.second) == (0, 0, 0)
        expected.append(int(np.flatnonzero(c.days >= day)[0]))
    found = c.sessions_of(seconds * 10**9, side=side)
    assert found.dtype == np.int64
    assert found.tolist() == expected


def test_open_and_close_belong_to_their_session() -> None:
    for name in known_calendars():
        c = load_calendar(name)
        every = np.arange(len(c.days))
        assert np.array_equal(c.sessions_of(c.opens, side="beginning"), every)
        assert np.array_equal(c.sessions_of(c.closes, side="ending"), every)


@pytest.mark.parametrize("ts", ["1969-12-31T23:59", "2050-01-01T05:00:01"])
@pytest.mark.parametrize("name", known_calendars())
def test_instants_outside_the_table_are_refused(name: str, ts: str) -> None:
    inside = _ns("2020-01-02T15:00")
    with pytest.raises(DataError) as caught:
        load_calendar(name).sessions_of(np.array([inside, _ns(ts)]), side="beginning")
    message = str(caught.value)
    for part in (name, "1970-01-0", "2049-12-31", ts[:10]):
        assert part in message


def test_malformed_tables_are_refused() -> None:
    def make(days: list[int], opens: list[int], closes: list[int]) -> Calendar:
        arrays = [np.array(x, dtype=np.int64) for x in (days, opens, closes)]
        return Calendar("test", "UTC", 365, "sha256:0", *arrays)

    assert len(make([1, 2], [10, 20], [20, 30]).days) == 2
    for days, opens, closes, part in (
        ([], [], [], "not empty"),
        ([1, 2], [10], [20], "one length"),
        ([2, 1], [10, 20], [20, 30], "row 1 (1970-01-02)"),
        ([1, 2], [10, 19], [20, 30], "row 1"),
        ([1, 2], [10, 20], [10, 30], "row 0"),
    ):
        with pytest.raises(DataError) as caught:
            make(days, opens, closes)
        assert part in str(caught.value)


def test_import_reads_no_table_library() -> None:
    code = (
        "import sys, quant.calendars\n"
        "assert not {'polars', 'pandas', 'exchange_calendars', 'numba'} & set(sys.modules)\n"
        "quant.calendars.load_calendar('XNYS')\n"
        "assert not {'pandas', 'exchange_calendars'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
