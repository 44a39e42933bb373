"""Goal: the oracle lets a child join the market, and end, where the rule of groups says.

Method: a few bars per rule, every number worked by hand. As in `test_reference.py` the account has
gross leverage 1, 1,000 in cash and no costs, and days are flat at 100 where nothing else is said.
Orders are numbered in the order written: a parent, its children, each with its own.
"""

from __future__ import annotations

from typing import Any

import pytest

from .scenarios import MINUTE, SECOND, Latency, OcoSpec, OrderSpec, Slippage
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
)

HALF_PERCENT = Slippage(kind="rate", rate=0.005)
BUSY = (*FLAT, 900)


def child(kind: str, stop: float | None = None, limit: float | None = None, **terms: Any) -> Any:
    prices = {"stop_price": stop, "limit_price": limit}
    return spec("A", -5, kind, **{"tif": "GTC", **prices, **terms})


def entry(price: float, *children: OrderSpec | OcoSpec, qty: float = 5, **terms: Any) -> OrderSpec:
    kids = list(children)
    return spec("A", qty, "limit", limit_price=price, **{"tif": "GTC", "children": kids, **terms})


# ----------------------------------------------------------------------------------- where it joins

MET_ON_JOINING = [
    (child("limit", limit=94), "limit"),
    (child("stop", 106), "stop"),
    (child("market_if_touched", 94), "touched"),
    (child("stop_limit", 106, 90), "stop_limit"),
    (child("limit_if_touched", 94, 93), "limit_if_touched"),
]


@pytest.mark.parametrize(("order_", "reason"), MET_ON_JOINING, ids=lambda v: str(v)[:20])
def test_a_child_takes_the_open_where_its_parent_filled(order_: OrderSpec, reason: str) -> None:
    # Every level is met by the open of 100 already. Half a percent of it for both.
    parent = spec("A", 5, children=[order_])
    bars = instrument("A", FLAT, (100, 107, 92, 101))
    got = run(bars, [submit(0, parent)], slippage=HALF_PERCENT)
    assert fills(got) == [(1, 5, 100.5, "market_open"), (2, -5, 99.5, reason)]
    assert [(f.ts, f.liquidity) for f in got.fills] == [(OPENS[1], "taker"), (T[1], "taker")]


@pytest.mark.parametrize(("order_", "reason"), MET_ON_JOINING, ids=lambda v: str(v)[:20])
def test_a_child_takes_the_level_at_which_its_parent_filled(order_: OrderSpec, reason: str) -> None:
    # The parent is passive at 96 on the way down; the child takes 96 less half a percent.
    bars = instrument("A", FLAT, (100, 107, 92, 101))
    got = run(bars, [submit(0, entry(96, order_))], path="olhc", slippage=HALF_PERCENT)
    assert fills(got) == [(1, 5, 96, "limit"), (2, -5, pytest.approx(95.52), reason)]
    assert [f.liquidity for f in got.fills] == ["maker", "taker"]


def test_a_post_only_child_that_would_take_where_it_joins_ends() -> None:
    got = run(
        instrument("A", FLAT, FLAT),
        [submit(0, spec("A", 5, children=[child("limit", limit=99, post_only=True)]))],
    )
    assert ends(got) == [("FILLED", ""), ("REJECTED", "post_only")]


def test_where_it_joins_is_the_first_print_of_a_child() -> None:
    # 103 is not met at 100; the open of 104 is its second print, at which it rests.
    parent = spec("A", 5, children=[child("limit", limit=103, post_only=True)])
    bars = instrument("A", FLAT, FLAT, (104,) * 4)
    got = run(bars, [submit(0, parent)], slippage=HALF_PERCENT)
    assert fills(got)[1] == (2, -5, 104, "limit_open")
    assert got.fills[1].liquidity == "maker"


def test_a_market_child_of_a_path_waits_for_the_next_open() -> None:
    bars = instrument("A", FLAT, (100, 101, 94, 99), (98,) * 4)
    got = run(bars, [submit(0, entry(95, child("market")))])
    assert fills(got) == [(1, 5, 95, "limit"), (2, -5, 98, "market_open")]


def test_a_child_of_another_instrument_joins_the_bar_that_opened_with_its_parent() -> None:
    # B opens at 50 and comes down to 48 on the same day.
    a, b = instrument("A", FLAT, FLAT), instrument("B", (50,) * 4, (50, 51, 47, 50))
    parent = spec("A", 5, children=[spec("B", 5, "limit", limit_price=48, tif="GTC")])
    got = run([a, b], [submit(0, parent)])
    assert fills(got) == [(1, 5, 100, "market_open"), (2, 5, 48, "limit")]


def test_a_child_of_another_instrument_joins_a_bar_that_opened_just_before() -> None:
    a, b = instrument("A", FLAT, FLAT), instrument("B", (50,) * 4, (50, 51, 47, 50))
    parent = spec("A", 5, children=[spec("B", 5, "limit", limit_price=48, tif="GTC")])
    for before, filled in ((SECOND, True), (SECOND + 1, False)):
        b.bars[1].t_open = OPENS[1] - before
        got = run([a, b], [submit(0, parent)])
        assert [f.order for f in got.fills] == ([1, 2] if filled else [1])


def test_a_child_of_another_instrument_waits_for_the_next_bar_after_a_fill_on_a_path() -> None:
    # B passes 48 on both days; A fills at 95 on the first segment of day 1.
    days = ((50,) * 4, (50, 51, 47, 50), (50, 51, 47, 50))
    a, b = instrument("A", FLAT, (100, 101, 94, 99), FLAT), instrument("B", *days)
    parent = entry(95, spec("B", 5, "limit", limit_price=48, tif="GTC"))
    got = run([a, b], [submit(0, parent)], path="olhc")
    assert [(f.order, f.ts) for f in got.fills] == [(1, T[1]), (2, T[2])]


def test_a_child_arrives_when_its_parent_fills_at_an_open_with_a_latency() -> None:
    # The order takes the open half a second late, and its child is there for the path.
    bars = minutes("A", [FLAT, (100, 100, 94, 95), FLAT])
    delay = Latency(submit_ns=SECOND // 2, amend_ns=0, cancel_ns=0)
    parent = spec("A", 5, children=[child("stop", 96)])
    got = run(bars, [submit(minute(0, 1), parent)], latency=delay)
    assert fills(got) == [(1, 5, 100, "market_open"), (2, -5, 96, "stop")]
    assert [f.ts for f in got.fills] == [minute(0, 1) + SECOND // 2, minute(0, 2)]


# -------------------------------------------------------------------------------------- water marks


def test_a_trailing_child_starts_from_the_price_of_its_parent() -> None:
    # olhc: 100, 94, 104, 97. Bought at 95 the level is 92; the high of 104 brings it to 101. From
    # the mark of 100 it would have been 97, and met at once.
    trail = child("trailing_stop", trail_amount=3.0)
    bars = instrument("A", FLAT, (100, 104, 94, 97))
    got = run(bars, [submit(0, entry(95, trail))], path="olhc")
    assert fills(got) == [(1, 5, 95, "limit"), (2, -5, 101, "stop")]


def test_a_trailing_child_of_a_print_starts_from_it() -> None:
    # 104 at the open and no higher: the level is 101. From the last close it would be 97.
    parent = spec("A", 5, children=[child("trailing_stop", trail_amount=3.0)])
    got = run(instrument("A", FLAT, (104, 104, 99, 100)), [submit(0, parent)])
    assert fills(got) == [(1, 5, 104, "market_open"), (2, -5, 101, "stop")]


def test_a_trailing_child_of_another_instrument_starts_from_its_own_mark() -> None:
    # B opens at 50 on day 1: 50 − 3 = 47.
    a, b = instrument("A", FLAT, FLAT), instrument("B", (55,) * 4, (50, 50, 46, 49))
    trail = spec("B", -5, "trailing_stop", trail_amount=3.0, tif="GTC")
    got = run([a, b], [submit(0, spec("A", 5, children=[trail]))])
    assert fills(got) == [(1, 5, 100, "market_open"), (2, -5, 47, "stop")]


# -------------------------------------------------------------------- a parent that ends in between

# A volume of 60 lets 6 of 10 through at the next open.
PARTLY = ((*FLAT, 60), (*FLAT, 100), BUSY)


def test_a_child_of_which_nothing_is_live_ends_with_its_parent() -> None:
    # floor(1 · 6 / 10) = 0.
    parent = spec("A", 10, tif="GTC", tag="x", children=[child("limit", limit=120)])
    parent.children[0].qty = -1.0  # type: ignore[union-attr]
    days = ((*FLAT, 60), (*FLAT, 0), BUSY)
    got = run(instrument("A", *days), [submit(0, parent), cancel(1, "x")])
    assert ends(got) == [("CANCELED", "canceled"), ("CANCELED", "parent_ended")]


def test_a_child_that_its_group_used_up_ends_with_its_parent_for_the_group() -> None:
    # 3 of 5 each are live; the limit sells 3 at 105, which leaves the stop with none of its own.
    exits = OcoSpec([child("limit", limit=105), child("stop", 90)])
    parent = spec("A", 10, tif="GTC", tag="x", children=[exits])
    bars = instrument("A", (*FLAT, 60), (100, 106, 99, 100, 90), BUSY)
    got = run(bars, [submit(0, parent), cancel(1, "x")])
    assert fills(got) == [(1, 6, 100, "market_open"), (2, -3, 105, "limit")]
    assert ends(got) == [("CANCELED", "canceled"), ("FILLED", ""), ("CANCELED", "oco")]


def test_a_child_goes_on_with_what_is_live_when_its_parent_ends() -> None:
    # 3 of 5 are live from day 1 on and are all it is for.
    parent = spec("A", 10, tif="GTC", tag="x", children=[child("limit", limit=105)])
    days = (*PARTLY[:2], (106, 106, 106, 106, 900))
    got = run(instrument("A", *days), [submit(0, parent), cancel(1, "x")])
    assert fills(got)[1:] == [(2, -3, 106, "limit_open")]
    assert ends(got) == [("CANCELED", "canceled"), ("FILLED", "")]


def test_a_parent_amended_after_a_part_counts_from_its_next_fill() -> None:
    # 6 of 10 on day 1: 6 are live. For 20 now they stay 6 on day 2, where the parent does not fill.
    # With 10 more on day 3 it is 10 · 16 / 20 = 8, so 2 are sold on day 4.
    kid = spec("A", -10, "limit", limit_price=105, tif="GTC")
    up = (104, 106, 104, 105)
    bars = instrument("A", (*FLAT, 60), (*FLAT, 60), (*up, 100), (*FLAT, 100), (*up, 900))
    actions = [submit(0, entry(100, kid, qty=10, tag="x")), amend(1, "x", qty=20)]
    got = run(bars, actions, cash=9_000)
    assert fills(got) == [
        (1, 6, 100, "limit_open"),
        (2, -6, 105, "limit"),
        (1, 10, 100, "limit_open"),
        (2, -2, 105, "limit"),
    ]


# ----------------------------------------------------------------------------- reduce-only children


def test_a_reduce_only_child_ends_with_the_fill_that_leaves_nothing_to_reduce() -> None:
    # Short 5, and the parent buys them back.
    kid = child("stop", 90, reduce_only=True)
    bars = instrument("A", FLAT, FLAT, FLAT, FLAT)
    got = run(bars, [market(0, "A", -5), submit(1, spec("A", 5, children=[kid]))])
    assert ends(got)[1:] == [("FILLED", ""), ("REJECTED", "reduce_only")]


def test_a_reduce_only_child_on_the_side_of_the_position_ends_at_once() -> None:
    # Short 5, of which the parent buys back 3; 85 is never met.
    kid = child("stop", 85, reduce_only=True)
    bars = instrument("A", FLAT, FLAT, FLAT, FLAT)
    got = run(bars, [market(0, "A", -5), submit(1, spec("A", 3, children=[kid]))])
    assert ends(got)[1:] == [("FILLED", ""), ("REJECTED", "reduce_only")]


# 6 of 10 are bought at the open of day 1 and sold at that of day 2; 4 are bought on day 4.
IN_AND_OUT = ((*FLAT, 60), (*FLAT, 60), (102, 103, 102, 102, 900), (102, 106, 102, 105, 900), BUSY)


@pytest.mark.parametrize(
    ("kid", "last_day", "sale"),
    [
        (("stop", 90, None), (95, 96, 89, 91), (90, "stop")),
        (("limit", None, 105), (104, 106, 104, 105), (105, "limit")),
        (("market_if_touched", 105, None), FLAT, (100, "market_open")),
    ],
    ids=["flat in between", "a level with nothing to close", "triggers with nothing to close"],
)
def test_a_reduce_only_child_is_kept_while_its_parent_works(
    kid: Any, last_day: Any, sale: Any
) -> None:
    # The limit of 105 and the trigger of 105 are met on day 3, when there is nothing to sell. What
    # has triggered sells at the open of day 4, where the parent, before it in sequence, has bought.
    kind, trigger, level = kid
    own = child(kind, trigger, level, reduce_only=True)
    own.qty = -10.0
    bars = instrument("A", *IN_AND_OUT, (*last_day, 900))
    got = run(bars, [submit(0, entry(100, own, qty=10)), market(1, "A", -6)])
    assert fills(got) == [
        (1, 6, 100, "limit_open"),
        (3, -6, 102, "market_open"),
        (1, 4, 100, "limit_open"),
        (2, -4, *sale),
    ]
    assert ends(got) == [("FILLED", ""), ("CANCELED", "reduce_only"), ("FILLED", "")]


# -------------------------------------------------------------------------------- paths, ends, room


@pytest.mark.parametrize(
    ("kid", "sold"),
    [
        (child("stop", 101), True),
        (child("trailing_stop", trail_amount=3.0), False),
    ],
    ids=["a level inside the bar", "no level yet"],
)
def test_levels_of_held_children_count_for_adverse(kid: OrderSpec, sold: bool) -> None:
    # Bought at 103. Low first it ends at 102: 995. High first it is sold at 101 on the way down:
    # 990. Two levels inside the bar try both; with one it is low first. (The trail's level is 101
    # from the high of 104 on.)
    parent = spec("A", 5, "stop", stop_price=103, tif="GTC", children=[kid])
    got = run(instrument("A", FLAT, (100, 104, 95, 102)), [submit(0, parent)])
    assert fills(got) == [(1, 5, 103, "stop"), *([(2, -5, 101, "stop")] if sold else [])]


@pytest.mark.parametrize("names", [("x", "y"), ("y", "x")])
def test_a_child_cancelled_with_its_parent_ends_with_it(names: tuple[str, str]) -> None:
    parent = entry(90, child("stop", 80, tag="y"), tag="x")
    got = run(
        instrument("A", FLAT, FLAT, FLAT), [submit(0, parent), *(cancel(1, n) for n in names)]
    )
    assert ends(got) == [("CANCELED", "canceled"), ("CANCELED", "parent_ended")]


def test_legs_cancelled_at_one_moment_end_in_their_order() -> None:
    legs = [entry(90, tag="x"), entry(91, tag="y")]
    actions = [submit(0, *legs, atomic=True), cancel(1, "y"), cancel(1, "x")]
    got = run(instrument("A", FLAT, FLAT, FLAT), actions)
    assert ends(got) == [("CANCELED", "canceled"), ("CANCELED", "atomic")]


def test_an_order_of_a_group_that_is_first_stands_for_all_when_it_leaves() -> None:
    # Two buys of 6 are 600 of the 1,000 once; 4 more fit, and 5 do not.
    pair = OcoSpec([entry(90, qty=6), spec("A", 6, "stop", stop_price=110, tif="GTC")])
    for qty, last in ((4, ("NEW", "")), (5, ("REJECTED", "insufficient_funds"))):
        third = order(0, "A", qty, "limit", limit_price=80, tif="GTC")
        got = run(instrument("A", FLAT, FLAT), [submit(0, pair), third])
        assert ends(got) == [("NEW", ""), ("NEW", ""), last]


def test_two_exits_in_one_group_are_no_second_short_in_a_cash_account() -> None:
    pair = OcoSpec([child("limit", limit=110), child("stop", 90)])
    bars = instrument("A", FLAT, FLAT, FLAT)
    got = run(bars, [market(0, "A", 5), submit(1, pair)], kind="cash")
    assert ends(got)[1:] == [("NEW", ""), ("NEW", "")]


def test_a_gap_of_a_minute_is_no_slack() -> None:
    # A parent that arrives inside a bar fills at the next open, and so does its child's path.
    bars = minutes("A", [FLAT, FLAT, (100, 100, 94, 95), FLAT])
    delay = Latency(submit_ns=MINUTE // 2, amend_ns=0, cancel_ns=0)
    got = run(
        bars, [submit(minute(0, 1), spec("A", 5, children=[child("stop", 96)]))], latency=delay
    )
    assert [f.ts for f in got.fills] == [minute(0, 2), minute(0, 3)]
