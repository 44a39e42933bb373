"""Goal: the oracle lets orders open, cut and end one another as the rule of groups says.

Method: a few bars per rule, every number worked by hand. As in `test_reference.py` the account has
gross leverage 1, 1,000 in cash and no costs, and days are flat at 100 where nothing else is said.
Orders are numbered in the order written: a parent, its children, each with its own.
"""

from __future__ import annotations

from typing import Any

import pytest

from .scenarios import OcoSpec, OrderSpec
from .worked import (
    FLAT,
    OPENS,
    T,
    amend,
    amounts,
    cancel,
    ends,
    fills,
    instrument,
    market,
    order,
    run,
    spec,
    submit,
    target,
)


def take(qty: float | None, price: float, symbol: str = "A", **terms: Any) -> OrderSpec:
    return spec(symbol, qty, "limit", limit_price=price, **{"tif": "GTC", **terms})


def guard(qty: float | None, price: float, symbol: str = "A", **terms: Any) -> OrderSpec:
    return spec(symbol, qty, "stop", stop_price=price, **{"tif": "GTC", **terms})


def bracket(qty: float, profit: float, loss: float, **entry: Any) -> OrderSpec:
    exits = [take(None, profit, reduce_only=True), guard(None, loss, reduce_only=True)]
    return spec("A", qty, children=[OcoSpec(exits)], **entry)


# --------------------------------------------------------------------------------- one opens others


def test_a_child_takes_part_in_the_path_of_the_bar_at_whose_open_its_parent_filled() -> None:
    parent = spec("A", 5, children=[guard(-5, 95)])
    got = run(instrument("A", FLAT, (100, 101, 94, 96)), [submit(0, parent)])
    assert fills(got) == [(1, 5, 100, "market_open"), (2, -5, 95, "stop")]
    assert [f.ts for f in got.fills] == [OPENS[1], T[1]]


def test_a_child_does_not_take_the_print_of_its_parent() -> None:
    parent = spec("A", 5, children=[spec("A", None)])
    got = run(instrument("A", FLAT, FLAT, (103,) * 4), [submit(0, parent)])
    assert fills(got) == [(1, 5, 100, "market_open"), (2, -5, 103, "market_open")]


@pytest.mark.parametrize(
    ("bar", "path", "filled"),
    [
        ((100, 101, 94, 99), "olhc", True),
        ((100, 101, 94, 97), "ohlc", False),
        ((100, 101, 94, 99), "ohlc", True),
    ],
    ids=["to the high", "the high came before", "to the close"],
)
def test_a_child_takes_the_rest_of_the_path_on_which_its_parent_filled(
    bar: tuple[float, ...], path: str, filled: bool
) -> None:
    # Bought at 95 on the way down; 98 must lie on the way from there.
    parent = take(5, 95, children=[take(-5, 98)])
    got = run(instrument("A", FLAT, bar), [submit(0, parent)], path=path)
    assert fills(got) == [(1, 5, 95, "limit"), *([(2, -5, 98, "limit")] if filled else [])]


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        (guard(5, 103, children=[take(-5, 105)]), [(1, 5, 103, "stop"), (2, -5, 105, "limit")]),
        (take(5, 97, children=[guard(-5, 96)]), [(1, 5, 97, "limit"), (2, -5, 96, "stop")]),
    ],
    ids=["up", "down"],
)
def test_a_child_fills_on_the_segment_of_its_parent(parent: OrderSpec, expected: list[Any]) -> None:
    # olhc: 100, 95, 106, 100.
    got = run(instrument("A", FLAT, (100, 106, 95, 100)), [submit(0, parent)], path="olhc")
    assert fills(got) == expected


def test_a_child_of_a_closing_print_waits_for_the_next_bar() -> None:
    parent = spec("A", 5, children=[take(-5, 103)])
    bars = instrument("A", FLAT, (100, 104, 99, 104), (103.5, 104, 102, 103))
    got = run(bars, [submit(0, parent)], timing="next_close", cash=2_000)
    assert fills(got) == [(1, 5, 104, "market_close"), (2, -5, 103.5, "limit_open")]


def test_a_child_grows_with_partial_fills_of_its_parent() -> None:
    # 6 of 10 fill by the cap: floor(5 · 6 / 10) = 3 are live; then all 5.
    bars = instrument("A", (*FLAT, 60), (100, 106, 99, 100, 100), (100, 106, 99, 100, 100))
    parent = spec("A", 10, tif="GTC", children=[take(-5, 105)])
    got = run(bars, [submit(0, parent)])
    assert fills(got) == [
        (1, 6, 100, "market_open"),
        (2, -3, 105, "limit"),
        (1, 4, 100, "market_open"),
        (2, -2, 105, "limit"),
    ]
    assert ends(got) == [("FILLED", ""), ("FILLED", "")]


def test_a_child_that_rounds_to_nothing_stays_held() -> None:
    # floor(1 · 6 / 10) = 0 on day 1, though 105 is passed; on day 2 all of it is live.
    bars = instrument("A", (*FLAT, 60), (100, 106, 99, 100, 100), (100, 106, 99, 100, 100))
    parent = spec("A", 10, tif="GTC", children=[take(-1, 105)])
    got = run(bars, [submit(0, parent)])
    assert [(f.order, f.units, f.ts) for f in got.fills] == [
        (1, 6, OPENS[1]),
        (1, 4, OPENS[2]),
        (2, -1, T[2]),
    ]


def test_children_of_a_parent_that_never_filled_end_with_it() -> None:
    parent = spec("A", 5, "limit", limit_price=90, children=[guard(None, 80)])
    parent.children[0].children.append(take(None, 70))  # type: ignore[union-attr]
    got = run(instrument("A", FLAT, FLAT, FLAT), [submit(0, parent)])
    assert ends(got) == [
        ("EXPIRED", "day_end"),
        ("CANCELED", "parent_ended"),
        ("CANCELED", "parent_ended"),
    ]


def test_a_child_of_a_child_waits_for_it() -> None:
    # Bought at 100, sold at 104 on the way up, bought back at 98 on the way down.
    parent = spec("A", 5, children=[take(None, 104, children=[take(None, 98)])])
    got = run(instrument("A", FLAT, (100, 105, 97, 99)), [submit(0, parent)], path="ohlc")
    assert fills(got) == [
        (1, 5, 100, "market_open"),
        (2, -5, 104, "limit"),
        (3, 5, 98, "limit"),
    ]


def test_a_held_child_is_not_judged_when_it_is_sent() -> None:
    # A cash account has nothing to sell yet.
    parent = spec("A", 5, children=[take(None, 104)])
    got = run(instrument("A", FLAT, (100, 105, 97, 99)), [submit(0, parent)], kind="cash")
    assert ends(got) == [("FILLED", ""), ("FILLED", "")]


def test_a_day_child_counts_from_when_it_is_live() -> None:
    # The parent fills on day 2; its child lives through that day and no longer.
    parent = take(5, 95, children=[take(-5, 103, tif="DAY")])
    bars = instrument("A", FLAT, FLAT, (96, 97, 94, 96), (104, 104, 104, 104))
    got = run(bars, [submit(0, parent)])
    assert fills(got) == [(1, 5, 95, "limit")]
    assert ends(got) == [("FILLED", ""), ("EXPIRED", "day_end")]


def test_a_held_child_does_not_count_towards_a_target() -> None:
    # 5 on their way and 5 wanted; the child's −5 would make it buy 5 more.
    parent = take(5, 95, children=[guard(None, 90)])
    got = run(instrument("A", FLAT, FLAT), [submit(0, parent), target(0, "A", qty=5)])
    assert len(got.orders) == 2


def test_children_follow_an_amended_quantity_of_their_parent() -> None:
    # One for 20 now: the 5 that the cap lets through make floor(10 · 5 / 20) = 2 live. What is live
    # when the parent is cancelled is all there is of the child.
    bars = instrument("A", (*FLAT, 900), (*FLAT, 50), (*FLAT, 50), (100, 106, 99, 100, 900))
    parent = spec("A", 10, "limit", limit_price=99, tif="GTC", tag="x", children=[take(-10, 105)])
    actions = [submit(0, parent), amend(1, "x", qty=20, limit_price=100), cancel(2, "x")]
    got = run(bars, actions, cash=10_000)
    assert fills(got) == [(1, 5, 100, "limit_open"), (2, -2, 105, "limit")]
    assert ends(got) == [("CANCELED", "canceled"), ("FILLED", "")]


# ---------------------------------------------------------------------------- one cancels the other


def test_a_fill_of_one_leaves_the_other_with_nothing() -> None:
    # olhc: the limit at 98 comes before the stop at 103.
    pair = OcoSpec([take(5, 98), guard(5, 103)])
    got = run(instrument("A", FLAT, (100, 104, 97, 100)), [submit(0, pair)], path="olhc", k=2.0)
    assert fills(got) == [(1, 5, 98, "limit")]
    assert ends(got) == [("FILLED", ""), ("CANCELED", "oco")]


def test_members_that_are_alike_are_cut_increment_by_increment() -> None:
    # 3 of 5 fill at 98 by the cap, 2 are left to either; an open at 105 gives them to the stop.
    bars = instrument("A", (*FLAT, 900), (100, 102, 97, 100, 30), (105, 105, 105, 105, 900))
    pair = OcoSpec([take(5, 98), guard(5, 103)])
    got = run(bars, [submit(0, pair)], path="olhc", k=2.0)
    assert fills(got) == [(1, 3, 98, "limit"), (2, 2, 105, "stop_open")]
    assert ends(got) == [("CANCELED", "oco"), ("FILLED", "")]


def test_members_that_differ_end_with_the_first_fill() -> None:
    bars = instrument("A", (*FLAT, 900), (100, 104, 97, 100, 30), (105, 105, 105, 105, 900))
    pair = OcoSpec([take(5, 98), guard(4, 103)])
    got = run(bars, [submit(0, pair)], path="olhc", k=2.0)
    assert fills(got) == [(1, 3, 98, "limit")]
    assert ends(got) == [("PARTIALLY_FILLED", ""), ("CANCELED", "oco")]


def test_a_group_counts_within_one_print() -> None:
    # Long 5 at an open of 100: a sell limit of 95 and a sell stop of 105 both fill there.
    pair = OcoSpec([take(-5, 95), guard(-5, 105)])
    got = run(instrument("A", FLAT, FLAT, FLAT), [market(0, "A", 5), submit(1, pair)])
    assert fills(got)[1:] == [(2, -5, 100, "limit_open")]
    assert ends(got)[2] == ("CANCELED", "oco")


def test_a_member_that_is_cancelled_leaves_the_others_alone() -> None:
    pair = OcoSpec([take(5, 98, tag="x"), guard(5, 103)])
    bars = instrument("A", FLAT, FLAT, (100, 104, 97, 100))
    got = run(bars, [submit(0, pair), cancel(1, "x")], k=2.0)
    assert fills(got) == [(2, 5, 103, "stop")]
    assert ends(got)[0] == ("CANCELED", "canceled")


def test_a_member_amended_in_quantity_is_still_cut_by_increments() -> None:
    # The stop is for 4 now; 3 filled of the other leave it 1.
    bars = instrument("A", (*FLAT, 900), (*FLAT, 900), (100, 102, 97, 100, 30), (105,) * 4)
    pair = OcoSpec([take(5, 98), guard(5, 103, tag="x")])
    got = run(bars, [submit(0, pair), amend(1, "x", qty=4)], path="olhc", k=2.0)
    assert fills(got) == [(1, 3, 98, "limit"), (2, 1, 105, "stop_open")]
    assert ends(got) == [("PARTIALLY_FILLED", ""), ("FILLED", "")]


# ----------------------------------------------------------------------------------------- brackets


def test_a_bracket_ends_at_its_target() -> None:
    bars = instrument("A", FLAT, FLAT, (104, 111, 103, 108))
    got = run(bars, [submit(0, bracket(5, 110, 95))])
    assert fills(got) == [(1, 5, 100, "market_open"), (2, -5, 110, "limit")]
    assert ends(got) == [("FILLED", ""), ("FILLED", ""), ("CANCELED", "oco")]


def test_a_bracket_stops_first_where_the_path_is_adverse() -> None:
    # Both levels lie in the bar of the entry. Target first: 1,050; stop first: 975.
    got = run(instrument("A", FLAT, (100, 112, 94, 108)), [submit(0, bracket(5, 110, 95))])
    assert fills(got) == [(1, 5, 100, "market_open"), (3, -5, 95, "stop")]
    assert ends(got)[1] == ("CANCELED", "oco")


def test_a_bracket_splits_between_its_exits() -> None:
    # 3 of 5 at the target by the cap, the other 2 at the stop on the next day.
    bars = instrument("A", (*FLAT, 900), (*FLAT, 900), (104, 111, 103, 108, 30), (94,) * 4)
    got = run(bars, [submit(0, bracket(5, 110, 95))])
    assert fills(got)[1:] == [(2, -3, 110, "limit"), (3, -2, 94, "stop_open")]
    assert ends(got) == [("FILLED", ""), ("CANCELED", "oco"), ("FILLED", "")]


def test_both_exits_of_a_bracket_fit_in_a_cash_account() -> None:
    bars = instrument("A", FLAT, FLAT, (95, 96, 94, 95), FLAT)
    got = run(bars, [submit(0, bracket(5, 110, 96))], kind="cash")
    assert fills(got) == [(1, 5, 100, "market_open"), (3, -5, 95, "stop_open")]


def test_a_bracket_whose_position_is_sold_otherwise_ends() -> None:
    bars = instrument("A", FLAT, FLAT, FLAT, FLAT)
    got = run(bars, [submit(0, bracket(5, 110, 95)), market(1, "A", -5)])
    assert ends(got) == [
        ("FILLED", ""),
        ("REJECTED", "reduce_only"),
        ("REJECTED", "reduce_only"),
        ("FILLED", ""),
    ]


# -------------------------------------------------------------------------------------- all or none


def pair_of(*legs: OrderSpec, day: int = 0) -> Any:
    return submit(day, *legs, atomic=True)


def test_legs_fill_at_one_print() -> None:
    a, b = instrument("A", FLAT, FLAT), instrument("B", FLAT, (50,) * 4)
    got = run([a, b], [pair_of(spec("A", 5), spec("B", -5))])
    assert fills(got) == [(1, 5, 100, "market_open"), (2, -5, 50, "market_open")]


def test_legs_wait_for_a_print_of_every_instrument() -> None:
    a, b = instrument("A", FLAT, FLAT, FLAT), instrument("B", FLAT, None, FLAT)
    got = run([a, b], [pair_of(spec("A", 5, tif="GTC"), spec("B", -5, tif="GTC"))])
    assert [f.ts for f in got.fills] == [OPENS[2], OPENS[2]]


def test_legs_wait_until_all_limits_are_met_and_never_fill_on_a_path() -> None:
    # B comes down to 95 inside day 1, and opens there on day 2 only.
    a = instrument("A", FLAT, FLAT, FLAT)
    b = instrument("B", FLAT, (100, 100, 94, 96), (94, 96, 94, 96))
    legs = [spec("A", -5, tif="GTC"), take(5, 95, "B")]
    got = run([a, b], [pair_of(*legs)])
    assert fills(got) == [(1, -5, 100, "market_open"), (2, 5, 94, "limit_open")]
    assert [f.ts for f in got.fills] == [OPENS[2], OPENS[2]]


def test_legs_wait_until_the_cap_lets_all_of_each_through() -> None:
    a = instrument("A", (*FLAT, 900), (*FLAT, 900), (*FLAT, 900))
    b = instrument("B", (*FLAT, 40), (*FLAT, 50), (*FLAT, 50))
    got = run([a, b], [pair_of(spec("A", 5, tif="GTC"), spec("B", -5, tif="GTC"))])
    assert [(f.units, f.ts) for f in got.fills] == [(5, OPENS[2]), (-5, OPENS[2])]


def test_money_is_judged_once_for_all_legs() -> None:
    # 5 · 101 + 5 · 101 = 1,010 against 1,000, also where partial would cut.
    a, b = instrument("A", FLAT, (101,) * 4), instrument("B", FLAT, (101,) * 4)
    for insufficient in ("reject", "partial"):
        got = run([a, b], [pair_of(spec("A", 5), spec("B", 5))], insufficient=insufficient)
        assert fills(got) == []
        assert ends(got) == [("REJECTED", "insufficient_funds")] * 2
        assert amounts(got, 1) == (1_010, 1_000)


def test_a_swap_needs_no_room_of_its_own() -> None:
    # All 1,000 are in B; after both legs they are in A.
    a, b = instrument("A", FLAT, FLAT, FLAT), instrument("B", FLAT, FLAT, FLAT)
    got = run([a, b], [market(0, "B", 10), pair_of(spec("A", 10), spec("B", -10), day=1)])
    assert fills(got)[1:] == [(2, 10, 100, "market_open"), (3, -10, 100, "market_open")]


def test_a_leg_refused_when_it_leaves_ends_the_others() -> None:
    # 600 of 1,000 for the first leg leave 400 for the second.
    a, b = instrument("A", FLAT, FLAT), instrument("B", FLAT, FLAT)
    got = run([a, b], [pair_of(spec("A", 6), spec("B", 6))])
    assert ends(got) == [("CANCELED", "atomic"), ("REJECTED", "insufficient_funds")]


def test_a_leg_that_is_cancelled_ends_the_others() -> None:
    bars = instrument("A", FLAT, FLAT, FLAT)
    legs = [take(2, 90, tag="x"), take(2, 91)]
    got = run(bars, [pair_of(*legs), cancel(1, "x")])
    assert ends(got) == [("CANCELED", "canceled"), ("CANCELED", "atomic")]


def test_legs_do_nothing_where_closing_parts_fill() -> None:
    # B's leg closes, but only in the group's turn, which is after A's purchase in sequence.
    a, b = instrument("A", FLAT, FLAT, FLAT), instrument("B", FLAT, FLAT, FLAT)
    actions = [
        market(0, "B", 10),
        order(1, "A", 10),
        pair_of(spec("B", -5), spec("B", -5), day=1),
    ]
    got = run([a, b], actions)
    assert ends(got)[1] == ("REJECTED", "insufficient_funds")
    assert fills(got)[1:] == [(3, -5, 100, "market_open"), (4, -5, 100, "market_open")]
