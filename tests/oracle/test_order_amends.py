"""Goal: the oracle amends, cancels and refuses orders at the moment and for the reason of the rule.

Method: a few bars per rule, every number worked by hand. As in `test_reference.py` the account has
gross leverage 1, 1,000 in cash and no costs, and days are flat at 100 where nothing else is said.
"""

from __future__ import annotations

from typing import Any

import pytest

from .scenarios import MINUTE, SECOND, Action, Latency, OcoSpec
from .worked import (
    FLAT,
    OPENS,
    T,
    amend,
    cancel,
    ends,
    fills,
    instrument,
    market,
    minute,
    minutes,
    order,
    run,
    spec,
    submit,
    target,
)

BUSY = (*FLAT, 900)


def latency(submit: int = 0, amend: int = 0, cancel: int = 0) -> Latency:
    return Latency(submit_ns=submit, amend_ns=amend, cancel_ns=cancel)


# ------------------------------------------------------------------------------------- new prices


def test_a_new_quantity_counts_inside_a_bar_at_once() -> None:
    # It arrives inside the bar of minute 3, on whose path the order fills for 7.
    bars = minutes("A", [FLAT, FLAT, (100, 100, 92, 100), FLAT])
    rest = order(minute(0, 1), "A", 5, "limit", limit_price=95, tif="GTC", tag="x")
    got = run(bars, [rest, amend(minute(0, 1), "x", qty=7)], latency=latency(amend=90 * SECOND))
    assert fills(got) == [(1, 7, 95, "limit")]


@pytest.mark.parametrize(
    ("delay", "expected"),
    [(MINUTE, [(2, -5, 98, "stop")]), (90 * SECOND, [(2, -5, 96, "stop_open")])],
    ids=["at the open", "inside the bar"],
)
def test_a_new_trail_is_a_new_price(delay: int, expected: list[Any]) -> None:
    # 3 below the highest, 101, instead of 9, in the bar of minute 4 or only from minute 5 on.
    bars = minutes("A", [FLAT, FLAT, (100, 101, 100, 100), (100, 100, 97, 97), (96,) * 4])
    sale = order(minute(0, 2), "A", -5, "trailing_stop", trail_amount=9.0, tif="GTC", tag="x")
    actions = [order(minute(0, 1), "A", 5), sale, amend(minute(0, 2), "x", trail_amount=3.0)]
    got = run(bars, actions, latency=latency(amend=delay))
    assert fills(got)[1:] == expected


def test_the_cutoff_is_judged_anew_for_a_new_limit() -> None:
    # Sent three minutes before the close and amended one minute before it, with a cutoff of two.
    days = [FLAT, FLAT, FLAT, (103,) * 4], [FLAT, FLAT, FLAT, (104,) * 4]
    sent = order(minute(0, 1), "A", 5, "limit_on_close", limit_price=105, tag="x")
    found = []
    for change in ({"qty": 5.0}, {"limit_price": 106.0}):
        actions = [sent, amend(minute(0, 3), "x", **change)]
        found.append(fills(run(minutes("A", *days), actions, close_cutoff_ns=2 * MINUTE)))
    assert found == [[(1, 5, 103, "on_close")], [(1, 5, 104, "on_close")]]


# --------------------------------------------------------------------------------- new quantities


def test_a_new_quantity_forgets_what_the_group_took() -> None:
    # 3 of 5 fill of the limit and leave the stop 2; amended to 5 it is for all 5 again.
    days = (BUSY, (100, 102, 97, 100, 30), (*FLAT, 900), (105, 105, 105, 105, 900))
    pair = [spec("A", 5, "limit", limit_price=98, tif="GTC", tag="y")]
    pair += [spec("A", 5, "stop", stop_price=103, tif="GTC", tag="x")]
    actions = [submit(0, OcoSpec(pair)), amend(1, "x", qty=5), cancel(1, "y")]
    got = run(instrument("A", *days), actions, k=2.0)
    assert fills(got) == [(1, 3, 98, "limit"), (2, 5, 105, "stop_open")]


def test_a_new_quantity_of_a_child_is_live_as_its_parent_has_filled() -> None:
    # 6 of 10 filled: of a child for 5 amended to 8 it is floor(8 · 6 / 10) = 4.
    kid = spec("A", -5, "limit", limit_price=105, tif="GTC", tag="x")
    parent = spec("A", 10, "limit", limit_price=100, tif="GTC", children=[kid])
    bars = instrument("A", (*FLAT, 60), (*FLAT, 60), (104, 106, 104, 105, 900))
    got = run(bars, [submit(0, parent), amend(1, "x", qty=-8)])
    assert fills(got) == [(1, 6, 100, "limit_open"), (2, -4, 105, "limit")]


# --------------------------------------------------------------------------- between two timestamps


@pytest.mark.parametrize(
    ("delay", "end"),
    [(20 * SECOND, ("CANCELED", "canceled")), (40 * SECOND, ("EXPIRED", "good_till"))],
    ids=["before the end", "after the end"],
)
def test_a_cancel_after_the_end_of_an_order_does_nothing(delay: int, end: tuple[str, str]) -> None:
    moment = minute(0, 1) + 30 * SECOND
    terms = {"limit_price": 90, "tif": "GTD", "good_till": moment, "tag": "x"}
    actions = [order(minute(0, 1), "A", 5, "limit", **terms), cancel(minute(0, 1), "x")]
    got = run(minutes("A", [FLAT, FLAT, FLAT]), actions, latency=latency(cancel=delay))
    assert ends(got) == [end]


@pytest.mark.parametrize(("delay", "filled"), [(20 * SECOND, True), (40 * SECOND, False)])
def test_an_amend_after_the_end_of_an_order_is_too_late(delay: int, filled: bool) -> None:
    # Three minutes more, if that comes in time, and the open of minute 3 is bought.
    moment = minute(0, 1) + 30 * SECOND
    terms = {"limit_price": 90, "tif": "GTD", "good_till": moment, "tag": "x"}
    actions = [
        order(minute(0, 1), "A", 5, "limit", **terms),
        amend(minute(0, 1), "x", good_till=minute(0, 4)),
    ]
    bars = minutes("A", [FLAT, FLAT, (89,) * 4])
    got = run(bars, actions, latency=latency(amend=delay))
    assert ends(got) == [("FILLED", "") if filled else ("EXPIRED", "good_till")]


# ------------------------------------------------------------------------ whole, or nothing, or cut


@pytest.mark.parametrize(("qty", "filled"), [(-5, True), (-8, False)])
def test_a_reduce_only_fill_or_kill_closes_whole_or_ends(qty: int, filled: bool) -> None:
    sale = order(1, "A", qty, tif="FOK", reduce_only=True)
    got = run(instrument("A", FLAT, FLAT, FLAT), [market(0, "A", 5), sale])
    assert [f.units for f in got.fills] == ([5, qty] if filled else [5])
    assert ends(got)[1] == (("FILLED", "") if filled else ("REJECTED", "reduce_only"))


def test_a_fill_or_kill_that_would_open_a_short_in_a_cash_account() -> None:
    # It closes 5 and would open 3 more, so it is not refused when it leaves.
    sale = order(1, "A", -8, tif="FOK")
    got = run(instrument("A", FLAT, FLAT, FLAT), [market(0, "A", 5), sale], kind="cash")
    assert ends(got)[1] == ("REJECTED", "short_not_allowed")


@pytest.mark.parametrize(
    ("terms", "end"),
    [
        ({"tif": "FOK"}, ("CANCELED", "fok")),
        ({"tif": "IOC"}, ("REJECTED", "over_cap")),
        ({"type": "market_on_open"}, ("REJECTED", "over_cap")),
        ({"type": "market_on_close"}, ("REJECTED", "over_cap")),
    ],
    ids=["fok", "ioc", "on open", "on close"],
)
def test_what_wants_more_than_the_cap_ends(terms: dict[str, Any], end: tuple[str, str]) -> None:
    # 5 of 8 would fill.
    bars = instrument("A", (*FLAT, 50), (*FLAT, 50), BUSY)
    got = run(bars, [order(0, "A", 8, **terms)], over_cap="reject")
    assert fills(got) == []
    assert ends(got) == [end]


def test_legs_wait_for_a_cap_that_ends_other_orders() -> None:
    bars = instrument("A", (*FLAT, 50), BUSY, BUSY)
    legs = [spec("A", 8, tif="GTC"), spec("A", -1, tif="GTC")]
    got = run(bars, [submit(0, *legs, atomic=True)], over_cap="reject")
    assert [f.ts for f in got.fills] == [OPENS[2], OPENS[2]]


def test_a_limit_of_a_trail_that_triggers_at_an_open_comes_from_its_level() -> None:
    # Level 95, limit 94. The open of 93.5 is below both; the path comes back up to 94.
    sale = order(1, "A", -5, "trailing_stop_limit", trail_amount=5.0, limit_offset=1.0, tif="GTC")
    bars = instrument("A", FLAT, FLAT, (93.5, 96, 93, 95))
    got = run(bars, [market(0, "A", 5), sale])
    assert fills(got)[1:] == [(2, -5, 94, "limit")]


# ------------------------------------------------------------------------------------------ targets


def reach(at: int, qty: float) -> Any:
    return Action(at, "target_qty", "A", qty)


def test_a_target_with_a_latency_is_sized_at_its_print() -> None:
    # The 3 sent with it count, whether they fill at the same print or rest: 2 are missing.
    bars = minutes("A", [FLAT, FLAT, FLAT])
    for price, units in ((101, [3, 2]), (90, [2])):
        first = order(minute(0, 1), "A", 3, "limit", limit_price=price)
        delay = latency(submit=SECOND // 2)
        got = run(bars, [first, reach(minute(0, 1), 5)], latency=delay)
        assert sorted((f.units for f in got.fills), reverse=True) == units


def test_a_target_that_has_filled_before_it_could_be_replaced_counts() -> None:
    # The first arrives at minute 2 and buys 5; the cancel that the second sends then is too late,
    # and the second, at minute 3, sells 2.
    bars = minutes("A", [FLAT, FLAT, FLAT, FLAT])
    delay = latency(submit=MINUTE, cancel=MINUTE)
    got = run(bars, [reach(minute(0, 1), 5), reach(minute(0, 2), 3)], latency=delay)
    assert [(f.units, f.ts) for f in got.fills] == [(5, minute(0, 2)), (-2, minute(0, 3))]


def test_a_target_is_replaced_when_the_cancel_arrives() -> None:
    bars = minutes("A", [FLAT, FLAT, FLAT, FLAT])
    delay = latency(submit=MINUTE, cancel=SECOND)
    got = run(bars, [reach(minute(0, 1), 5), reach(minute(0, 1), 3)], latency=delay)
    assert fills(got) == [(2, 3, 100, "market_open")]
    assert ends(got) == [("CANCELED", "replaced"), ("FILLED", "")]


def test_a_target_counts_at_once_what_a_cancel_of_this_moment_ends() -> None:
    # Without the resting 5 a target of 5 is not on its way.
    rest = order(0, "A", 5, "limit", limit_price=90, tif="GTC", tag="x")
    got = run(instrument("A", FLAT, FLAT, FLAT), [rest, cancel(1, "x"), target(1, "A", qty=5)])
    assert fills(got) == [(2, 5, 100, "market_open")]
    assert T[1] < got.fills[0].ts
