"""Goal: money of sales is there on the day that the rule of the United States says.

Method: the contract's dates and others by hand, and every day of some decades against the calendar
that comes with quant; then random cash accounts around the changes of the rule and the holidays of
banks (`settlement_scenarios.py`) by oracle and `qt.backtest`. ``QUANT_FUZZ_SEEDS`` scales the
number of seeds: one for every ten.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from quant.calendars.settlement import us_settlement_date

from .account_runs import must_agree, n_seeds
from .reference import simulate
from .settlement import us_settlement
from .settlement_scenarios import random_settlement_scenario

CHUNK = 100
N_SEEDS = n_seeds(1)
COUNTED = 100
# Closed for one occasion: storms and mourning.
CLOSED = {date(2001, 9, 11) + timedelta(days=n) for n in range(4)} | {
    date(1994, 4, 27), date(2004, 6, 11), date(2007, 1, 2), date(2012, 10, 29), date(2012, 10, 30),
    date(2018, 12, 5), date(2025, 1, 9),
}  # fmt: skip


@pytest.mark.parametrize("first", range(0, N_SEEDS, CHUNK))
def test_settlement_is_as_the_oracle_has_it(first: int) -> None:
    seeds = range(first, min(first + CHUNK, N_SEEDS))
    must_agree(random_settlement_scenario, seeds, at_least=0.75)


def test_the_rule_decides_what_fills() -> None:
    # a rule without effect would make the comparison say nothing
    found: Counter[str] = Counter()
    for seed in range(COUNTED):
        scenario = random_settlement_scenario(seed)
        kept = simulate(scenario).fills
        for settlement in ("immediate", 1, 2, 5):
            scenario.account["settlement"] = settlement
            found[str(settlement)] += simulate(scenario).fills != kept
    assert min(found.values()) > 1, found


@pytest.mark.parametrize(
    ("traded", "settles"),
    [
        # Monday 2024-05-20, two days; Monday 2024-06-03, one; Memorial Day is 2024-05-27.
        ("2024-05-20", "2024-05-22"), ("2024-06-03", "2024-06-04"), ("2024-05-24", "2024-05-29"),
        # The last day of three and the first of two, Labor Day between; of five and of three.
        ("2017-09-01", "2017-09-07"), ("2017-09-05", "2017-09-07"),
        ("1995-06-06", "1995-06-13"), ("1995-06-07", "1995-06-12"),
        # Columbus Day, Veterans Day, and one of them kept on a Monday.
        ("2024-10-11", "2024-10-15"), ("2024-11-08", "2024-11-12"), ("2018-11-09", "2018-11-14"),
        # A sale on a Saturday.
        ("2024-06-01", "2024-06-03"),
    ],
)  # fmt: skip
def test_days_by_hand(traded: str, settles: str) -> None:
    assert us_settlement(date.fromisoformat(traded)) == date.fromisoformat(settles)


def test_every_day_of_some_decades() -> None:
    day, last = date(1993, 1, 4), date(2026, 6, 1)
    while day < last:
        near = {day + timedelta(days=n) for n in range(12)}
        if near.isdisjoint(CLOSED):
            assert us_settlement(day) == us_settlement_date(day), day
        day += timedelta(days=1)
