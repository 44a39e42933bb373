"""Goal: trades settle on the day the rule of their date says.

Method: the shared settlement rows by id, bank holidays by hand, and the order of what is due.
"""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from helpers.worlds import SHARED
from quant.calendars import load_calendar
from quant.calendars.settlement import settlement_sessions, us_settlement_date

FILE = SHARED / "reference" / "calendars.json"


@pytest.mark.skipif(not FILE.exists(), reason="../shared/reference/calendars.json is not here")
def test_the_shared_rows() -> None:
    cases = {case["id"]: case for case in json.loads(FILE.read_text())["cases"]}
    rows = cases["settlement_dates"]["expected"]["rows"]
    for row in rows:
        traded = date.fromisoformat(row["trade"])
        assert us_settlement_date(traded) == date.fromisoformat(row["settle"]), row["why"]


@pytest.mark.parametrize(
    ("traded", "settles"),
    [
        # Columbus Day, Monday 2024-10-14, is a session on which nothing settles
        ("2024-10-11", "2024-10-15"),
        ("2024-10-14", "2024-10-15"),
        # Veterans Day: Monday 2024-11-11; Sunday 2018-11-11 is kept on the 12th (T+2)
        ("2024-11-08", "2024-11-12"),
        ("2018-11-09", "2018-11-14"),
        # Saturday 2023-11-11 is kept on no other day (T+2)
        ("2023-11-09", "2023-11-13"),
        # five days before 7 June 1995, three from then on; 29 May 1995 was Memorial Day
        ("1995-05-26", "1995-06-05"),
        ("1995-06-06", "1995-06-13"),
        ("1995-06-07", "1995-06-12"),
    ],
)
def test_bank_holidays_and_earlier_cycles(traded: str, settles: str) -> None:
    assert us_settlement_date(date.fromisoformat(traded)) == date.fromisoformat(settles)


@pytest.mark.parametrize("name", ["XNYS", "weekdays", "24/7"])
def test_what_is_traded_later_settles_no_earlier(name: str) -> None:
    calendar = load_calendar(name)
    due = settlement_sessions(calendar, "us")
    # but for the day in June 1995 on which five days became three
    assert (np.diff(due) < 0).sum() <= 1
    known = due < len(due) - 1
    assert (due > np.arange(len(due)))[known].all()


def test_a_number_counts_sessions_of_the_calendar() -> None:
    calendar = load_calendar("24/7")
    assert settlement_sessions(calendar, 2)[:3].tolist() == [2, 3, 4]
    assert settlement_sessions(calendar, 2)[-1] == len(calendar.days)
