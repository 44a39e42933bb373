"""Goal: whatever is drawn, no order does what its kind forbids.

Method: random scenarios with all kinds of orders through the oracle; conditions that need no prices
by hand are asked of its rows. An order that was amended is left out where its terms are asked for.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import localcontext
from functools import cache

import pytest

from .order_scenarios import random_order_scenario
from .reference import DIGITS, play
from .world import ON_CLOSE, ON_OPEN, FillRow, Order, State

N_SEEDS = 600
SEEDS = range(N_SEEDS)


@cache
def played(seed: int) -> State:
    with localcontext(prec=DIGITS):
        return play(random_order_scenario(seed))


def fills_with_orders() -> Iterator[tuple[FillRow, Order]]:
    for seed in SEEDS:
        state = played(seed)
        for fill in state.fills:
            yield fill, state.orders[fill.order - 1]


def orders_with_fills() -> Iterator[tuple[Order, list[FillRow], State]]:
    for seed in SEEDS:
        state = played(seed)
        by_order: dict[int, list[FillRow]] = defaultdict(list)
        for fill in state.fills:
            by_order[fill.order].append(fill)
        for order in state.orders:
            yield order, by_order[order.number], state


def test_no_limit_is_filled_worse() -> None:
    asked = 0
    for fill, order in fills_with_orders():
        if order.limit is not None and not order.is_repriced:
            asked += 1
            assert order.side * (fill.price - order.limit) <= 0
    assert asked > N_SEEDS / 2


def test_what_is_post_only_never_takes_at_a_print() -> None:
    found = [fill for fill, order in fills_with_orders() if order.post_only]
    assert found
    assert all(fill.liquidity == "maker" for fill in found)


def test_auctions_fill_in_auctions_only_and_once() -> None:
    for order, fills, _ in orders_with_fills():
        if order.type in (*ON_OPEN, *ON_CLOSE):
            wanted = "on_open" if order.type in ON_OPEN else "on_close"
            assert len(fills) <= 1
            assert all(fill.reason == wanted for fill in fills)


@pytest.mark.parametrize("tif", ["IOC", "FOK"])
def test_what_does_not_rest_fills_at_one_print(tif: str) -> None:
    counted = Counter[str]()
    for order, fills, _ in orders_with_fills():
        if order.tif == tif and not order.atomic:
            counted[order.status] += 1
            assert len(fills) <= 1
            assert all(fill.reason not in ("limit", "stop") for fill in fills)
            assert tif == "IOC" or not fills or order.status == "FILLED"
    assert counted["FILLED"]
    assert counted["CANCELED"]


def test_reduce_only_orders_only_reduce() -> None:
    # In the order of the rows; the parts of a reversal at one print are one row, and so are what a
    # child closes before and after others open more, as it does not end between the two.
    asked = 0
    for seed in SEEDS:
        state = played(seed)
        position = Counter[str]()
        for fill in state.fills:
            before = position[fill.symbol]
            position[fill.symbol] += fill.units
            order = state.orders[fill.order - 1]
            if order.reduce_only and not order.parent:
                asked += 1
                assert before * fill.units < 0
                assert abs(fill.units) <= abs(before)
    assert asked > N_SEEDS / 10


def test_legs_fill_together_or_not_at_all() -> None:
    filled = 0
    for order, fills, state in orders_with_fills():
        times = [fill.ts for fill in fills]
        for number in order.atomic:
            assert [fill.ts for fill in state.fills if fill.order == number] == times
            filled += bool(times)
    assert filled


def test_children_wait_for_their_parents() -> None:
    asked = 0
    for order, fills, state in orders_with_fills():
        if order.parent and fills:
            asked += 1
            parent = [fill for fill in state.fills if fill.order == order.parent]
            assert parent
            assert parent[0].ts <= fills[0].ts
            assert sum(abs(fill.units) for fill in fills) <= order.share
        assert not (order.held and fills)
    assert asked


def test_alike_members_fill_no_more_than_one_of_them_would() -> None:
    asked = 0
    for order, _, state in orders_with_fills():
        group = [order, *(state.orders[number - 1] for number in order.oco)]
        is_as_made = not any(member.is_resized for member in group)
        if order.oco and order.is_cut_by_increment and is_as_made:
            asked += any(member.filled for member in group)
            assert sum(member.filled for member in group) <= max(m.units or 0 for m in group)
    assert asked


def test_nothing_fills_after_its_end() -> None:
    for order, fills, state in orders_with_fills():
        if order.good_till is not None:
            assert all(fill.ts <= order.good_till for fill in fills)
            assert not (order.working and order.good_till <= state.now)
