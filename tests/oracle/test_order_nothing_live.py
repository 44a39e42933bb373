"""Goal: the oracle keeps orders of which nothing is live, or nothing can come, out of the market.

Method: a few bars per rule, every number worked by hand. As in `test_reference.py` the account has
gross leverage 1, 1,000 in cash and no costs, and days are flat at 100 where nothing else is said.
"""

from __future__ import annotations

from typing import Any

from .reference import Outcome
from .scenarios import HOUR, SECOND, Action, Latency, OcoSpec
from .worked import (  # fmt: skip
    FLAT,
    amend,
    cancel,
    ends,
    fills,
    instrument,
    limit,
    market,
    order,
    run,
    spec,
    submit,
    target,
)

EXIT = {"tif": "GTC", "reduce_only": True}
FIRST = [(1, 4, 100.0, "limit_open"), (2, -4, 103.0, "limit")]


def _after_the_target(last_day: tuple[float, ...], *more: Action) -> Outcome:
    """4 of 10 bought on day 1 (10 % of 40); on day 2 the target takes the 4 that are live."""
    exits = OcoSpec([
        spec("A", None, "limit", limit_price=103, **EXIT),
        spec("A", None, "stop", stop_price=97, **EXIT),
    ])  # fmt: skip
    entry = spec("A", 10, "limit", limit_price=100, tif="GTC", children=[exits], tag="in")
    days: Any = [(*FLAT, 40), (*FLAT, 40), (101, 104, 101, 101, 900), last_day]
    return run(instrument("A", *days), [submit(0, entry), *more])


def test_a_stop_whose_part_was_taken_is_not_triggered() -> None:
    # Day 3 opens at 96, past the stop; the entry's new limit of 90 is not met, nothing is live.
    got = _after_the_target((96, 98, 96, 98, 900), amend(2, "in", limit_price=90))
    assert fills(got) == FIRST
    assert ends(got) == [("PARTIALLY_FILLED", ""), ("PARTIALLY_FILLED", ""), ("NEW", "")]


def test_a_stop_that_is_live_again_triggers_farther_down_the_path() -> None:
    # Down from 101 the entry buys its other 6 at 100; the stop at 97 lies ahead.
    got = _after_the_target((101, 101, 96, 96, 900))
    assert fills(got) == [*FIRST, (1, 6, 100.0, "limit"), (3, -6, 97.0, "stop")]


def test_a_stop_that_is_live_again_meets_the_print_in_its_turn() -> None:
    # At the open of 96 the entry buys 6; then the stop, later in sequence, is past its level.
    got = _after_the_target((96, 96, 96, 96, 900))
    assert fills(got) == [*FIRST, (1, 6, 96.0, "limit_open"), (3, -6, 96.0, "stop_open")]


def test_exits_end_with_an_entry_that_only_closed() -> None:
    # Short 3; the entry buys 2 (10 % of 20) and ends with its day: nothing to sell at 90.
    entry = spec("A", 6, children=[spec("A", None, "stop", stop_price=90, **EXIT)])
    bars = instrument("A", (*FLAT, 900), (*FLAT, 20), (*FLAT, 20), FLAT)
    got = run(bars, [market(0, "A", -3), submit(1, entry)])
    assert fills(got) == [(1, -3, 100.0, "market_open"), (2, 2, 100.0, "market_open")]
    assert ends(got)[1:] == [("EXPIRED", "day_end"), ("REJECTED", "reduce_only")]


def _legs(sell: float) -> Outcome:
    legs = [spec("A", -sell, tif="GTC"), spec("A", 1, tif="GTC")]
    actions = [market(0, "A", 4), submit(1, *legs, atomic=True)]
    return run(instrument("A", FLAT, FLAT, FLAT), actions, kind="cash")


def test_legs_are_short_by_their_net() -> None:
    # 4 − 5 + 1 = 0 is no short; 4 − 6 + 1 = −1 is one.
    bought = (1, 4, 100.0, "market_open")
    assert fills(_legs(5)) == [bought, (2, -5, 100.0, "market_open"), (3, 1, 100.0, "market_open")]
    got = _legs(6)
    assert fills(got) == [bought]
    assert ends(got)[1:] == [("REJECTED", "short_not_allowed")] * 2


def test_a_fill_or_kill_order_is_asked_for_the_cap_first() -> None:
    # 5 are over the cap of 4 (10 % of 40), and over the 3 that there are to close.
    bars = instrument("A", (*FLAT, 900), (*FLAT, 40), FLAT)
    got = run(bars, [market(0, "A", 3), order(1, "A", -5, tif="FOK", reduce_only=True)])
    assert ends(got)[1] == ("CANCELED", "fok")


def test_an_order_about_to_be_cancelled_does_not_count_at_a_decision() -> None:
    # 500 is 5 at 100; the resting 3, whose cancel arrives in an hour, would have left 2.
    rest = order(0, "A", 3, "limit", limit_price=90, tif="GTC", tag="x")
    delays = Latency(submit_ns=0, amend_ns=0, cancel_ns=HOUR)
    actions = [rest, cancel(1, "x"), target(1, "A", money=500)]
    got = run(instrument("A", FLAT, FLAT, FLAT), actions, size_at="decision", latency=delays)
    assert fills(got) == [(2, 5, 100.0, "market_open")]


def test_a_target_counts_the_one_it_replaces_where_both_are_sized() -> None:
    # The cancel of the first comes 20 hours later, after the open at which it buys 5 for 500;
    # the second wants 300, which are 3, and sells 2.
    delays = Latency(submit_ns=SECOND, amend_ns=0, cancel_ns=20 * HOUR)
    actions = [target(0, "A", money=500), target(0, "A", money=300)]
    got = run(instrument("A", FLAT, FLAT), actions, latency=delays)
    assert fills(got) == [(1, 5, 100.0, "market_open"), (2, -2, 100.0, "market_open")]


def test_the_first_member_that_works_stands_for_its_group_also_if_it_only_reduces() -> None:
    # 20 at 100 are more than the 1,000 there are; the second takes no room, the third is not asked.
    group = OcoSpec([
        spec("A", 20, "limit", limit_price=90, tif="GTC"),
        spec("A", 2, "limit", limit_price=90, **EXIT),
        spec("A", 20, "limit", limit_price=80, tif="GTC"),
    ])  # fmt: skip
    got = run(instrument("A", FLAT, FLAT), [submit(0, group), limit(0, "A", 20, 90)])
    assert ends(got) == [
        ("REJECTED", "insufficient_funds"), ("NEW", ""), ("NEW", ""),
        ("REJECTED", "insufficient_funds"),
    ]  # fmt: skip
