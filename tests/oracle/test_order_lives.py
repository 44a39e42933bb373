"""Goal: the oracle keeps conditions, lives, amends and latencies of orders as the rule says.

Method: a few bars per rule, every number worked by hand. As in `test_reference.py` the account has
gross leverage 1, 1,000 in cash and no costs, and days are flat at 100 where nothing else is said.
"""

from __future__ import annotations

from typing import Any

import pytest

from .scenarios import MINUTE, SECOND, Latency, Slippage
from .worked import (
    FLAT,
    OPENS,
    T,
    amend,
    cancel,
    ends,
    fills,
    instrument,
    limit,
    market,
    minute,
    minutes,
    order,
    run,
    target,
)


def latency(submit: int = 0, amend: int = 0, cancel: int = 0) -> Latency:
    return Latency(submit_ns=submit, amend_ns=amend, cancel_ns=cancel)


# -------------------------------------------------------------------------------------- reduce only


def test_reduce_only_fills_the_closing_part_and_ends() -> None:
    bars = instrument("A", FLAT, FLAT, FLAT)
    got = run(bars, [market(0, "A", 5), order(1, "A", -8, reduce_only=True)])
    assert fills(got)[1:] == [(2, -5, 100, "market_open")]
    assert ends(got)[1] == ("CANCELED", "reduce_only")


def test_reduce_only_with_nothing_to_close_is_rejected_at_its_print() -> None:
    got = run(instrument("A", FLAT, FLAT), [order(0, "A", -8, reduce_only=True)])
    assert fills(got) == []
    assert ends(got) == [("REJECTED", "reduce_only")]


def test_reduce_only_ends_when_another_order_makes_flat() -> None:
    bars = instrument("A", FLAT, FLAT, FLAT, FLAT)
    rest = order(1, "A", -5, "limit", limit_price=120, tif="GTC", reduce_only=True)
    got = run(bars, [market(0, "A", 5), rest, market(2, "A", -5)])
    assert ends(got) == [("FILLED", ""), ("REJECTED", "reduce_only"), ("FILLED", "")]


def test_reduce_only_goes_on_with_what_the_cap_keeps_from_closing() -> None:
    # Position 6; the open of day 2 lets 4 through, that of day 3 the last 2 of it.
    bars = instrument("A", (*FLAT, 60), (*FLAT, 40), (*FLAT, 40), (*FLAT, 40))
    sale = order(1, "A", -10, tif="GTC", reduce_only=True)
    got = run(bars, [market(0, "A", 6), sale])
    assert [(f.order, f.units, f.ts) for f in got.fills[1:]] == [
        (2, -4, OPENS[2]),
        (2, -2, OPENS[3]),
    ]
    assert ends(got)[1] == ("CANCELED", "reduce_only")


def test_reduce_only_is_no_short_and_takes_no_room_when_it_leaves() -> None:
    # Two exits over the same 5 shares, in a cash account: plain orders would be refused.
    bars = instrument("A", FLAT, FLAT, FLAT)
    exits = [
        order(1, "A", -5, "stop", stop_price=90, tif="GTC", reduce_only=True),
        order(1, "A", -5, "limit", limit_price=110, tif="GTC", reduce_only=True),
    ]
    got = run(bars, [market(0, "A", 5), *exits], kind="cash")
    assert ends(got)[1:] == [("NEW", ""), ("NEW", "")]


def test_a_protecting_order_does_not_count_towards_a_target() -> None:
    # Position 5 with a stop for 5: a plain stop would make the target buy 5 more.
    bars = instrument("A", FLAT, FLAT, FLAT)
    guard = order(1, "A", -5, "stop", stop_price=90, tif="GTC", reduce_only=True)
    got = run(bars, [market(0, "A", 5), guard, target(1, "A", qty=5)], cash=2_000)
    assert len(got.orders) == 2


def test_a_weight_is_sized_as_if_protecting_orders_were_not_there() -> None:
    # Half of 1,000 is 5 at 100, which are held: nothing to trade.
    bars = instrument("A", FLAT, FLAT, FLAT)
    guard = order(1, "A", -5, "stop", stop_price=90, tif="GTC", reduce_only=True)
    got = run(bars, [market(0, "A", 5), guard, target(1, "A", weight=0.5)])
    assert len(got.fills) == 1


# ---------------------------------------------------------------------------------------- post only


def test_post_only_ends_where_it_would_take() -> None:
    action = order(0, "A", 5, "limit", limit_price=101, post_only=True)
    got = run(instrument("A", FLAT, FLAT), [action])
    assert fills(got) == []
    assert ends(got) == [("REJECTED", "post_only")]


def test_post_only_rests_and_fills_at_a_better_open_later() -> None:
    # Open 100 is above 98; the next one, 97, is not the first it meets.
    bars = instrument("A", FLAT, (100, 101, 99, 100), (97, 98, 96, 97))
    action = order(0, "A", 5, "limit", limit_price=98, post_only=True, tif="GTC")
    got = run(bars, [action])
    assert fills(got) == [(1, 5, 97, "limit_open")]


# --------------------------------------------------------------------------------- good till a time


def test_good_till_a_session_ends_with_it() -> None:
    bars = instrument("A", FLAT, FLAT, FLAT, (89, 90, 88, 89))
    got = run(bars, [order(0, "A", 1, "limit", limit_price=90, tif="GTD", good_till_session=2)])
    assert fills(got) == []
    assert ends(got) == [("EXPIRED", "good_till")]


def test_good_till_a_session_still_fills_in_it() -> None:
    bars = instrument("A", FLAT, FLAT, (95, 96, 89, 91), FLAT)
    got = run(bars, [order(0, "A", 1, "limit", limit_price=90, tif="GTD", good_till_session=2)])
    assert fills(got) == [(1, 1, 90, "limit")]


def test_good_till_a_date_without_a_session_ends_with_the_one_before() -> None:
    # Day 2 has no session; day 1 is the last before it.
    bars = instrument("A", FLAT, FLAT, None, (89, 90, 88, 89))
    got = run(bars, [order(0, "A", 1, "limit", limit_price=90, tif="GTD", good_till_session=2)])
    assert ends(got) == [("EXPIRED", "good_till")]


@pytest.mark.parametrize(
    ("moment", "filled"),
    [
        (minute(0, 2) + 30 * SECOND, False),
        (minute(0, 3), True),
        (minute(0, 3) - SECOND, False),
    ],
    ids=["inside its bar", "where its bar ends", "a second before that"],
)
def test_good_till_a_moment_takes_part_in_bars_that_end_by_then(moment: int, filled: bool) -> None:
    bars = minutes("A", [FLAT, FLAT, (100, 100, 90, 100), FLAT])
    action = order(minute(0, 1), "A", 5, "limit", limit_price=95, tif="GTD", good_till=moment)
    got = run(bars, [action])
    assert fills(got) == ([(1, 5, 95, "limit")] if filled else [])
    assert ends(got) == [("FILLED", "") if filled else ("EXPIRED", "good_till")]


def test_good_till_a_moment_of_a_timestamp_ends_what_its_bar_left() -> None:
    # A volume of 30 lets 3 through on the path that ends at the moment.
    busy = (*FLAT, 900)
    bars = minutes("A", [busy, busy, (100, 100, 90, 100, 30), None, busy])
    terms = {"limit_price": 95, "tif": "GTD", "good_till": minute(0, 3)}
    got = run(bars, [order(minute(0, 1), "A", 5, "limit", **terms)])
    assert fills(got) == [(1, 3, 95, "limit")]
    assert ends(got) == [("EXPIRED", "good_till")]


# ----------------------------------------------------------------------------- now, or whole or not


def test_immediate_or_cancel_takes_what_the_first_print_gives() -> None:
    bars = instrument("A", (*FLAT, 50), (*FLAT, 50), (*FLAT, 50))
    got = run(bars, [order(0, "A", 8, tif="IOC")])
    assert fills(got) == [(1, 5, 100, "market_open")]
    assert ends(got) == [("CANCELED", "ioc")]


def test_an_immediate_limit_never_rests() -> None:
    bars = instrument("A", FLAT, (101, 102, 98, 99))
    got = run(bars, [order(0, "A", 5, "limit", limit_price=100, tif="IOC")])
    assert fills(got) == []
    assert ends(got) == [("CANCELED", "ioc")]


def test_an_immediate_order_waits_for_its_first_print_with_trading() -> None:
    bars = instrument("A", FLAT, (*FLAT, 0), (99,) * 4)
    got = run(bars, [order(0, "A", 5, tif="IOC")])
    assert fills(got) == [(1, 5, 99, "market_open")]


def test_an_immediate_market_order_waits_for_the_close_where_timing_says_so() -> None:
    bars = instrument("A", (*FLAT, 50), (101, 105, 99, 104, 30))
    got = run(bars, [order(0, "A", 5, tif="IOC")], timing="next_close")
    assert fills(got) == [(1, 3, 104, "market_close")]
    assert ends(got) == [("CANCELED", "ioc")]


@pytest.mark.parametrize(
    ("moment", "filled"), [(OPENS[1], False), (OPENS[1] + 1_000, True)], ids=["then", "later"]
)
def test_good_till_a_moment_misses_the_open_of_that_moment(moment: int, filled: bool) -> None:
    terms = {"limit_price": 101, "tif": "GTD", "good_till": moment}
    got = run(instrument("A", FLAT, FLAT), [order(0, "A", 5, "limit", **terms)])
    assert ends(got) == [("FILLED", "") if filled else ("EXPIRED", "good_till")]


def test_good_till_a_moment_misses_the_close_it_would_be_filled_at_then() -> None:
    # Nothing trades on day 0, so that the order waits for phase 8 of day 1.
    bars = instrument("A", (*FLAT, 0), (*FLAT, 900))
    got = run(bars, [order(0, "A", 5, tif="GTD", good_till=T[1])], timing="same_close")
    assert ends(got) == [("EXPIRED", "good_till")]


def test_good_till_a_date_after_the_last_session_ends_with_that() -> None:
    bars = instrument("A", FLAT, FLAT)
    got = run(bars, [order(0, "A", 5, "limit", limit_price=90, tif="GTD", good_till_session=7)])
    assert ends(got) == [("EXPIRED", "good_till")]


@pytest.mark.parametrize(("qty", "filled"), [(5, True), (6, False)])
def test_fill_or_kill_needs_the_whole_of_it_within_the_cap(qty: int, filled: bool) -> None:
    bars = instrument("A", (*FLAT, 50), (*FLAT, 900))
    got = run(bars, [order(0, "A", qty, tif="FOK")])
    assert [f.units for f in got.fills] == ([qty] if filled else [])
    assert ends(got) == [("FILLED", "") if filled else ("CANCELED", "fok")]


def test_fill_or_kill_is_not_cut_to_what_money_reaches_for() -> None:
    # 10 at 101 cost 1,010; partial would fill 9.
    bars = instrument("A", FLAT, (101,) * 4)
    got = run(bars, [order(0, "A", 10, tif="FOK")], insufficient="partial")
    assert fills(got) == []
    assert ends(got) == [("REJECTED", "insufficient_funds")]


def test_fill_or_kill_whose_limit_is_not_reached() -> None:
    got = run(instrument("A", FLAT, FLAT), [order(0, "A", 5, "limit", limit_price=99, tif="FOK")])
    assert ends(got) == [("CANCELED", "fok")]


def test_fill_or_kill_does_nothing_where_closing_parts_fill() -> None:
    # All 1,000 are in B. A comes before it in step 4, so that B's sale is too late to pay for it.
    a, b = instrument("A", FLAT, FLAT, FLAT), instrument("B", FLAT, FLAT, FLAT)
    actions = [market(0, "B", 10), market(1, "A", 10), order(1, "B", -10, tif="FOK")]
    got = run([a, b], actions)
    assert ends(got) == [("FILLED", ""), ("REJECTED", "insufficient_funds"), ("FILLED", "")]


def test_scale_takes_a_fill_or_kill_first_and_whole() -> None:
    # 6 · 100 for A; of the 10 in B, which are 4 too many for the other 400, 4 fill.
    a, b = instrument("A", FLAT, FLAT), instrument("B", FLAT, FLAT)
    actions = [market(0, "B", 10), order(0, "A", 6, tif="FOK")]
    got = run([a, b], actions, insufficient="scale")
    assert fills(got) == [(2, 6, 100, "market_open"), (1, 4, 100, "market_open")]


# -------------------------------------------------------------------------------------------- amend


def test_an_amended_price_meets_its_next_print_as_its_first() -> None:
    # Resting at 90, then at 101: the open of 100 is taken, with 0.5 % of slippage.
    bars = instrument("A", FLAT, FLAT, FLAT)
    actions = [
        order(0, "A", 5, "limit", limit_price=90, tif="GTC", tag="x"),
        amend(1, "x", limit_price=101),
    ]
    got = run(bars, actions, slippage=Slippage(kind="rate", rate=0.005))
    assert fills(got) == [(1, 5, 100.5, "limit_open")]
    assert got.fills[0].liquidity == "taker"


@pytest.mark.parametrize(
    ("qty", "units", "status"),
    [(7, [5, 2], ("FILLED", "")), (5, [5], ("CANCELED", "amended"))],
)
def test_an_amended_quantity_is_the_whole_of_the_order(
    qty: int, units: list[int], status: tuple[str, str]
) -> None:
    # 5 of 10 fill on day 1 by the cap; then the order is one for 7, or for 5.
    bars = instrument("A", (*FLAT, 50), (*FLAT, 50), (*FLAT, 50), (*FLAT, 50))
    actions = [order(0, "A", 10, tif="GTC", tag="x"), amend(1, "x", qty=qty)]
    got = run(bars, actions)
    assert [f.units for f in got.fills] == units
    assert ends(got) == [status]


def test_an_amend_comes_too_late_for_an_order_that_has_ended() -> None:
    actions = [order(0, "A", 5, tag="x"), amend(1, "x", qty=9)]
    got = run(instrument("A", FLAT, FLAT, FLAT), actions)
    assert fills(got) == [(1, 5, 100, "market_open")]
    assert ends(got) == [("FILLED", "")]


def test_a_stop_that_has_triggered_stays_so() -> None:
    # 3 of 5 fill at 105 by the cap; a new stop price of 120 does not hold back the rest.
    bars = instrument("A", (*FLAT, 900), (100, 106, 100, 104, 30), (103, 103, 103, 103, 900))
    actions = [
        order(0, "A", 5, "stop", stop_price=105, tif="GTC", tag="x"),
        amend(1, "x", stop_price=120),
    ]
    got = run(bars, actions)
    assert fills(got) == [(1, 3, 105, "stop"), (1, 2, 103, "market_open")]


def test_a_new_trail_keeps_the_water_mark() -> None:
    # Highest 108; a trail of 3 in the place of 10 puts the level to 105.
    bars = instrument("A", FLAT, FLAT, (100, 108, 100, 108), (107, 107, 104, 106))
    sale = order(1, "A", -5, "trailing_stop", trail_amount=10.0, tif="GTC", tag="x")
    got = run(bars, [market(0, "A", 5), sale, amend(2, "x", trail_amount=3.0)])
    assert fills(got)[1:] == [(2, -5, 105, "stop")]


def test_post_only_ends_at_the_first_print_that_its_new_price_meets() -> None:
    bars = instrument("A", FLAT, FLAT, FLAT)
    actions = [
        order(0, "A", 5, "limit", limit_price=90, post_only=True, tif="GTC", tag="x"),
        amend(1, "x", limit_price=101),
    ]
    got = run(bars, actions)
    assert ends(got) == [("REJECTED", "post_only")]


def test_a_later_end_keeps_an_order_alive() -> None:
    bars = instrument("A", FLAT, FLAT, FLAT, (89, 90, 88, 89))
    rest = order(0, "A", 1, "limit", limit_price=90, tif="GTD", good_till_session=2, tag="x")
    got = run(bars, [rest, amend(1, "x", good_till_session=3)])
    assert fills(got) == [(1, 1, 89, "limit_open")]


def test_a_cancel_comes_before_an_amend_of_the_same_moment() -> None:
    # The new price alone would fill at the next open.
    bars = instrument("A", FLAT, FLAT, FLAT)
    rest = order(0, "A", 1, "limit", limit_price=90, tif="GTC", tag="x")
    got = run(bars, [rest, amend(1, "x", limit_price=101), cancel(1, "x")])
    assert ends(got) == [("CANCELED", "canceled")]


# ------------------------------------------------------------------------------------------ latency


@pytest.mark.parametrize(
    ("delay", "count"),
    [(30 * SECOND, 2), (SECOND // 2, 1), (MINUTE, 2), (MINUTE + 2 * SECOND, 3)],
    ids=["inside the bar", "within the slack", "at the next open", "past the next open"],
)
def test_an_order_takes_the_first_open_it_arrives_for(delay: int, count: int) -> None:
    # Sent at the end of the first minute; the open of each minute is its number.
    bars = minutes("A", [(100 + i,) * 4 for i in range(5)])
    action = order(minute(0, 1), "A", 5)
    got = run(bars, [action], latency=latency(submit=delay))
    assert fills(got) == [(1, 5, 100 + count, "market_open")]
    assert got.fills[0].ts == max(minute(0, count), minute(0, 1) + delay)


@pytest.mark.parametrize(("delay", "filled"), [(90 * SECOND, False), (2 * MINUTE, True)])
def test_a_cancel_on_its_way(delay: int, filled: bool) -> None:
    # Asked at the end of minute 1; the path of minute 3 fills. It arrives inside, or at its end.
    bars = minutes("A", [FLAT, FLAT, (100, 100, 90, 100), FLAT])
    rest = order(minute(0, 1), "A", 5, "limit", limit_price=95, tif="GTC", tag="x")
    got = run(bars, [rest, cancel(minute(0, 1), "x")], latency=latency(cancel=delay))
    assert ends(got) == [("FILLED", "") if filled else ("CANCELED", "canceled")]


@pytest.mark.parametrize(
    ("delay", "filled"),
    [(MINUTE, True), (MINUTE + SECOND, True), (90 * SECOND, False), (150 * SECOND, False)],
    ids=["at its open", "within the slack", "inside the bar", "after it"],
)
def test_an_amend_on_its_way(delay: int, filled: bool) -> None:
    # To 95, asked at the end of minute 1; the path of minute 3 comes down to 92.
    bars = minutes("A", [FLAT, FLAT, (100, 100, 92, 100), FLAT])
    actions = [
        order(minute(0, 1), "A", 5, "limit", limit_price=90, tif="GTC", tag="x"),
        amend(minute(0, 1), "x", limit_price=95),
    ]
    got = run(bars, actions, latency=latency(amend=delay))
    assert fills(got) == ([(1, 5, 95, "limit")] if filled else [])


def test_a_cancel_that_overtakes_its_order_ends_it_before_it_acts() -> None:
    bars = minutes("A", [FLAT, FLAT, FLAT, FLAT])
    actions = [order(minute(0, 1), "A", 5, tag="x"), cancel(minute(0, 1), "x")]
    got = run(bars, actions, latency=latency(submit=90 * SECOND, cancel=SECOND))
    assert fills(got) == []
    assert ends(got) == [("CANCELED", "canceled")]


def test_an_on_close_order_has_to_arrive_before_the_cutoff() -> None:
    # Sent three minutes before the close with a cutoff of two: 30 s are in time, 90 s are not.
    day = [FLAT, FLAT, FLAT, (103,) * 4]
    bars = minutes("A", day, [FLAT, FLAT, FLAT, (104,) * 4])
    action = order(minute(0, 1), "A", 5, "market_on_close")
    found: list[Any] = []
    for delay in (30 * SECOND, 90 * SECOND):
        got = run(bars, [action], close_cutoff_ns=2 * MINUTE, latency=latency(submit=delay))
        found.append(fills(got))
    assert found == [[(1, 5, 103, "on_close")], [(1, 5, 104, "on_close")]]


def test_an_order_that_waits_for_nothing_is_not_changed_by_these_rules() -> None:
    # The oldest kinds side by side, on a path and at an open.
    bars = instrument("A", FLAT, (100, 101, 97, 99), FLAT)
    got = run(bars, [limit(0, "A", 5, 98), market(0, "A", 2), market(1, "A", -7)])
    assert fills(got) == [
        (2, 2, 100, "market_open"),
        (1, 5, 98, "limit"),
        (3, -7, 100, "market_open"),
    ]
    assert got.fills[1].ts == T[1]
