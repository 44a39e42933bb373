"""Goal: the shipped tables agree with published session dates and hours.

Method: the cases of the shared reference file, by id, each against the table; skipped where the
file is absent. Two of its cases ask for calendars that are not shipped (London, futures).
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quant.calendars import load_calendar

_FILE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "calendars.json"
_MINUTE_NS = 60_000_000_000
_DATED_CASES = (
    "sandy_2012",
    "juneteenth",
    "new_year_saturday",
    "independence_day_weekend",
    "early_close_thanksgiving",
    "dst_us_2024",
)


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    if not _FILE.exists():
        pytest.skip("the shared reference file calendars.json is not beside this checkout")
    return {case["id"]: case for case in json.loads(_FILE.read_text())["cases"]}


def _day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def _hours(day: int) -> tuple[str, str]:
    nyse = load_calendar("XNYS")
    index = nyse.index_of(day)
    opens, closes = (
        datetime.fromtimestamp(int(ns) / 1e9, UTC).strftime("%Y-%m-%dT%H:%MZ")
        for ns in (nyse.opens[index], nyse.closes[index])
    )
    return opens, closes


@pytest.mark.parametrize("case_id", _DATED_CASES)
def test_sessions_and_closed_days(cases: dict[str, Any], case_id: str) -> None:
    expected, inputs = cases[case_id]["expected"], cases[case_id]["inputs"]
    nyse = load_calendar("XNYS")
    trading = [text for text in inputs["dates"] if nyse.is_session(_day(text))]
    assert set(inputs["dates"]) - set(trading) == set(expected["closed"])
    for row in expected["sessions"]:
        assert _hours(_day(row["date"])) == (row["open"], row["close"])
        index = nyse.index_of(_day(row["date"]))
        assert nyse.closes[index] - nyse.opens[index] == row["minutes"] * _MINUTE_NS


def test_minutes_per_session(cases: dict[str, Any]) -> None:
    case = cases["minutes_per_session"]
    nyse = load_calendar("XNYS")
    index = [nyse.index_of(_day(text)) for text in case["inputs"]["dates"]]
    minutes = (nyse.closes[index] - nyse.opens[index]) // _MINUTE_NS
    assert minutes.tolist() == case["expected"]["minutes"]


def test_late_and_special_hours(cases: dict[str, Any]) -> None:
    rows = cases["late_and_special_hours"]["expected"]["rows"]
    assert len(rows) == 3
    for row in rows:
        assert _hours(_day(row["date"])) == (row["open"], row["close"])


def test_london_gap_weeks_for_new_york(cases: dict[str, Any]) -> None:
    for row in cases["dst_gap_weeks_london"]["expected"]["rows"]:
        opens, closes = _hours(_day(row["date"]))
        assert [opens[11:], closes[11:]] == row["nyse"]


def test_settlement_dates_by_counting_sessions(cases: dict[str, Any]) -> None:
    nyse = load_calendar("XNYS")
    for row in cases["settlement_dates"]["expected"]["rows"]:
        index = nyse.index_of(_day(row["trade"])) + int(row["cycle"].removeprefix("T+"))
        assert nyse.days[index] == _day(row["settle"])


def test_crypto_24_7(cases: dict[str, Any]) -> None:
    case = cases["crypto_24_7"]
    crypto, day = load_calendar("24/7"), _day(case["inputs"]["date"])
    index = crypto.index_of(day)
    hours = (crypto.closes[index] - crypto.opens[index]) // (60 * _MINUTE_NS)
    assert hours == case["expected"]["hours"]
    assert crypto.opens[index] % (24 * 60 * _MINUTE_NS) == 0
    # The local day of New York is an hour short: its sessions' boundaries show it.
    nyse = load_calendar("XNYS")
    noon = int(crypto.opens[index]) + 12 * 60 * _MINUTE_NS
    hour_starts = noon + np.arange(-24, 24) * 60 * _MINUTE_NS
    sunday = nyse.sessions_of(hour_starts, side="beginning") == nyse.index_at_or_after(day)
    friday_evening = nyse.sessions_of(hour_starts, side="beginning") < nyse.index_at_or_after(day)
    assert sunday.sum() + friday_evening.sum() == len(hour_starts)
