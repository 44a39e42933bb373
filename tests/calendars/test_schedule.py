"""Goal: a schedule names exactly the moments its text says, by the table and not by the data.

Method: hand-worked moments around holidays, half days and clock changes; a plain loop over dates as
a second way to the edges of periods; every kind of mistake with its message.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.calendars import Calendar, Schedule, known_calendars, load_calendar, parse_schedule
from quant.errors import ConfigError, DataError

_DAY_NS = 86_400_000_000_000
_EPOCH = date(1970, 1, 1)


def _day(text: str) -> int:
    return (date.fromisoformat(text) - _EPOCH).days


def _instants(
    spec: str, first: str, last: str, name: str = "XNYS", *, last_ns: bool = False
) -> list[str]:
    c = load_calendar(name)
    found = parse_schedule(spec).instants(
        c, c.index_of(_day(first)), c.index_of(_day(last)), closes=c.closes - 1 if last_ns else None
    )
    return [str(t).removesuffix(".000000000") for t in found.view("M8[ns]")]


@pytest.mark.parametrize(
    ("spec", "period", "anchor", "shift_ns"),
    [
        ("session open", "session", "open", 0),
        ("session close - 10min", "session", "close", -600_000_000_000),
        ("session close-10min", "session", "close", -600_000_000_000),
        ("  Session  OPEN + 1 h ", "session", "open", 3_600_000_000_000),
        ("week close", "week", "close", 0),
        ("month end", "month", "close", 0),
        ("month start", "month", "open", 0),
        ("quarter end + 1d", "quarter", "close", _DAY_NS),
        ("year start", "year", "open", 0),
        ("15s", "step", "open", 15_000_000_000),
        ("30 min", "step", "open", 1_800_000_000_000),
        ("1d", "step", "open", _DAY_NS),
    ],
)
def test_parse(spec: str, period: str, anchor: str, shift_ns: int) -> None:
    found = parse_schedule(spec)
    assert (found.period, found.anchor, found.shift_ns) == (period, anchor, shift_ns)
    assert found.spec == spec


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("", ["'<session|week|month|quarter|year> <open|close> [+|- <duration>]'", "''"]),
        ("sesion close", ["'sesion'", "Did you mean 'session'?", "'sesion close'"]),
        ("month clos", ["'clos'", "Did you mean 'close'?"]),
        ("monthly", ["'monthly'", "Did you mean 'month'?"]),
        ("month", ["found 'month'", "'<session|week"]),
        ("session close - 10mins", ["'mins'", "Did you mean 'min'?", "s, min, h, d"]),
        ("session close - 10", ["''", "s, min, h, d"]),
        ("30m", ["'m'", "s, min, h, d"]),
        ("30", ["''", "'30min'"]),
        ("0min", ["1s to 366d", "0min"]),
        ("session open + 367d", ["1s to 366d", "367d"]),
        ("99999999999999999999999h", ["1s to 366d"]),
        ("1.5h", ["found '1.5h'"]),
        ("session close 10min", ["found 'session close 10min'"]),
        ("session close - -10min", ["found"]),
        ("10min before close", ["found '10min before close'"]),
    ],
)
def test_mistakes_show_the_grammar(spec: str, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_schedule(spec)
    message = str(caught.value)
    for part in parts:
        assert part in message


def test_session_close_follows_half_days_and_clocks() -> None:
    assert _instants("session close - 10min", "2024-07-02", "2024-07-05") == [
        "2024-07-02T19:50:00",
        "2024-07-03T16:50:00",
        "2024-07-05T19:50:00",
    ]
    assert _instants("session open", "2024-03-08", "2024-03-11") == [
        "2024-03-08T14:30:00",
        "2024-03-11T13:30:00",
    ]


def test_month_end_is_the_last_session_of_the_table() -> None:
    # Good Friday 2024-03-29 closes March on a Thursday.
    assert _instants("month end", "2024-03-01", "2024-04-30") == [
        "2024-03-28T20:00:00",
        "2024-04-30T20:00:00",
    ]


def test_data_that_stop_in_mid_month_see_no_month_end() -> None:
    assert _instants("month end", "2024-05-01", "2024-05-30") == []
    assert _instants("month start", "2024-05-02", "2024-05-30") == []


def test_week_begins_on_monday() -> None:
    assert _instants("week open", "2024-06-28", "2024-07-08") == [
        "2024-07-01T13:30:00",
        "2024-07-08T13:30:00",
    ]
    # Juneteenth and a Monday holiday move the edges.
    assert _instants("week start", "2024-05-24", "2024-05-31") == ["2024-05-28T13:30:00"]
    assert _instants("week close", "2024-03-25", "2024-03-28") == ["2024-03-28T20:00:00"]
    assert _instants("week end", "2024-03-04", "2024-03-10", "24/7") == ["2024-03-11T00:00:00"]


def test_quarter_and_year() -> None:
    assert _instants("quarter open", "2023-12-20", "2024-07-01") == [
        "2024-01-02T14:30:00",
        "2024-04-01T13:30:00",
        "2024-07-01T13:30:00",
    ]
    assert _instants("year end - 1h", "2021-01-04", "2022-12-30") == [
        "2021-12-31T20:00:00",
        "2022-12-30T20:00:00",
    ]


def test_steps_are_counted_from_the_open_up_to_the_close() -> None:
    assert _instants("2h", "2024-07-02", "2024-07-03") == [
        "2024-07-02T15:30:00",
        "2024-07-02T17:30:00",
        "2024-07-02T19:30:00",
        "2024-07-03T15:30:00",
    ]
    half_hours = _instants("30min", "2024-07-02", "2024-07-02")
    assert (half_hours[0], half_hours[-1]) == ("2024-07-02T14:00:00", "2024-07-02T20:00:00")
    assert len(half_hours) == 13


def test_steps_on_days_that_close_at_their_last_nanosecond() -> None:
    hours = _instants("1h", "2024-03-10", "2024-03-10", "24/7", last_ns=True)
    assert len(hours) == 24
    assert hours[-2:] == ["2024-03-10T23:00:00", "2024-03-10T23:59:59.999999999"]
    assert _instants("1d", "2024-03-09", "2024-03-10", "24/7", last_ns=True) == [
        "2024-03-09T23:59:59.999999999",
        "2024-03-10T23:59:59.999999999",
    ]
    assert _instants("1d", "2024-03-09", "2024-03-09", "24/7") == ["2024-03-10T00:00:00"]
    assert _instants("session close", "2024-03-09", "2024-03-09", "24/7", last_ns=True) == [
        "2024-03-09T23:59:59.999999999"
    ]


def test_a_step_that_can_never_come_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        _instants("1d", "2024-07-02", "2024-07-03")
    message = str(caught.value)
    for part in ("'1d'", "XNYS", "390min", "'session close'"):
        assert part in message


def test_step_longer_than_a_half_day_is_silent_there() -> None:
    assert _instants("4h", "2024-07-03", "2024-07-03") == []


def test_step_equals_a_loop_over_sessions() -> None:
    nyse = load_calendar("XNYS")
    first, last, step = nyse.index_of(_day("2024-06-24")), nyse.index_of(_day("2024-12-31")), 7
    expected = []
    for ix in range(first, last + 1):
        t = int(nyse.opens[ix]) + step * 60_000_000_000
        while t <= int(nyse.closes[ix]):
            expected.append(t)
            t += step * 60_000_000_000
    assert parse_schedule("7min").instants(nyse, first, last).tolist() == expected


_KEYS: dict[str, Callable[[date], object]] = {
    "week": lambda d: d - timedelta(d.weekday()),
    "month": lambda d: (d.year, d.month),
    "quarter": lambda d: (d.year, (d.month - 1) // 3),
    "year": lambda d: d.year,
}


@pytest.mark.parametrize("name", known_calendars())
@pytest.mark.parametrize("period", list(_KEYS))
def test_edges_equal_a_loop_over_dates(name: str, period: str) -> None:
    c = load_calendar(name)
    keys = [_KEYS[period](_EPOCH + timedelta(day)) for day in c.days.tolist()]
    inner = range(1, len(keys) - 1)
    last = len(keys) - 1
    opens = [int(c.opens[i]) for i in inner if keys[i] != keys[i - 1]]
    closes = [int(c.closes[i]) for i in inner if keys[i] != keys[i + 1]]
    found_opens = parse_schedule(f"{period} open").instants(c, 1, last - 1)
    found_closes = parse_schedule(f"{period} close").instants(c, 1, last - 1)
    assert found_opens.tolist() == opens
    assert found_closes.tolist() == closes
    assert len(opens) >= 79


@pytest.mark.parametrize(
    ("period", "has_close"), [("month", True), ("year", True), ("week", False)]
)
def test_the_table_end(period: str, has_close: bool) -> None:
    c = load_calendar("24/7")  # 2049-12-31 is a Friday
    last = len(c.days) - 1
    found = parse_schedule(f"{period} close").instants(c, last, last)
    assert (len(found) == 1) is has_close


def test_a_period_cut_by_the_table_has_no_edge() -> None:
    days = np.arange(_day("2024-05-10"), _day("2024-07-10"), dtype=np.int64)
    c = Calendar("cut", "UTC", 365, "sha256:0", days, days * _DAY_NS, (days + 1) * _DAY_NS)

    def found(spec: str) -> list[str]:
        ts: NDArray[np.int64] = parse_schedule(spec).instants(c, 0, len(days) - 1)
        return [str(t)[:10] for t in ts.view("M8[ns]")]

    assert found("month open") == ["2024-06-01", "2024-07-01"]
    assert found("month close") == ["2024-06-01", "2024-07-01"]  # midnights that end the 31st, 30th


@pytest.mark.parametrize("spec", ["session close", "month open", "13min", "week close - 3d"])
def test_instants_ascend_and_split_ranges_agree(spec: str) -> None:
    c = load_calendar("XNYS")
    schedule: Schedule = parse_schedule(spec)
    first, middle, last = 13_000, 13_077, 13_300
    whole = schedule.instants(c, first, last)
    parts = (schedule.instants(c, first, middle), schedule.instants(c, middle + 1, last))
    assert whole.dtype == np.int64
    assert np.all(np.diff(whole) > 0)
    assert np.array_equal(whole, np.concatenate(parts))


def test_positions_and_closes_are_checked() -> None:
    c = load_calendar("XNYS")
    schedule = parse_schedule("session close")
    for first, last in ((-1, 3), (4, 3), (0, len(c.days))):
        with pytest.raises(DataError, match=f"found {first} and {last}"):
            schedule.instants(c, first, last)
    with pytest.raises(DataError, match=r"20146 closes.*found 3"):
        schedule.instants(c, 0, 2, closes=c.closes[:3])
