"""Goal: the oracle itself is right, and the engine with it.

Method: scenarios of a few bars with every number by hand, which both have to reproduce.

Unless a test says otherwise: daily bars, one session each, an account with gross leverage 1 that
starts with 1,000, no costs, volume unknown (so no cap). `T[i]` is the close of day i, where the
strategy acts; an order made at `T[0]` meets the open of day 1. A second set of tests runs random
scenarios through conditions that hold whatever the prices are.
"""

from __future__ import annotations

from typing import Any

import pytest

from .order_scenarios import random_order_scenario
from .reference import simulate
from .scenarios import Action, BarRow, Commission, Slippage, random_scenario
from .worked import (
    FLAT,
    OPENS,
    T,
    amounts,
    check_conditions,
    ends,
    equities,
    fills,
    instrument,
    limit,
    market,
    minute,
    minutes,
    order,
    run,
    stop,
    stop_limit,
    target,
)

# ------------------------------------------------------------------------ which print fills what


def test_market_fills_at_next_open_and_marks_at_close() -> None:
    got = run(instrument("A", FLAT, (101, 105, 99, 104)), [market(0, "A", 5)])
    assert fills(got) == [(1, 5, 101, "market_open")]
    assert got.fills[0].ts == OPENS[1]
    assert (float(got.equity[1].cash), equities(got)) == (495, [1_000, 1_015])


def test_gap_through_stop_fills_at_the_open() -> None:
    bars = instrument("A", FLAT, FLAT, (90, 96, 88, 95))
    got = run(bars, [market(0, "A", 5), stop(1, "A", -5, 95)])
    assert fills(got)[1] == (2, -5, 90, "stop_open")
    assert equities(got)[-1] == 950


def test_stop_limit_fills_at_its_trigger_in_one_bar() -> None:
    got = run(instrument("A", FLAT, (103, 107, 102, 104)), [stop_limit(0, "A", 5, 105, 106)])
    assert fills(got) == [(1, 5, 105, "stop_limit")]
    assert (got.fills[0].ts, got.fills[0].liquidity) == (T[1], "taker")


@pytest.mark.parametrize(("close", "expected"), [(104, [(1, 5, 104, "limit")]), (104.5, [])])
def test_stop_limit_above_its_limit_needs_the_rest_of_the_path(
    close: float, expected: list[Any]
) -> None:
    # olhc: 103, 102, 107 triggers at 105, back down to the close; the low came before the trigger.
    bars = instrument("A", FLAT, (103, 107, 102, close))
    got = run(bars, [stop_limit(0, "A", 5, 105, 104)], path="olhc")
    assert fills(got) == expected


def test_closes_only_judges_every_order_at_the_close() -> None:
    bars = instrument("A", FLAT, (98,) * 4, (96,) * 4, (103,) * 4, closes_only=True)
    actions = [
        market(0, "A", 1),
        limit(0, "A", 1, 97, "GTC"),
        stop(1, "A", 1, 102, "GTC"),
    ]
    got = run(bars, actions)
    assert [(f.order, f.ts, float(f.price)) for f in got.fills] == [
        (1, T[1], 98),
        (2, T[2], 96),
        (3, T[3], 103),
    ]


def test_zero_volume_bar_fills_nothing_but_marks_at_its_close() -> None:
    bars = instrument("A", FLAT, FLAT, (120, 130, 110, 125, 0), (126, 126, 126, 126))
    got = run(bars, [market(0, "A", 5), limit(1, "A", -5, 115, "GTC")])
    assert fills(got) == [(1, 5, 100, "market_open"), (2, -5, 126, "limit_open")]
    assert equities(got)[2] == 1_125


@pytest.mark.parametrize(("improves", "price"), [(True, 97), (False, 99)])
def test_gap_improvement(improves: bool, price: float) -> None:
    bars = instrument("A", FLAT, (97, 99, 96, 98))
    got = run(bars, [limit(0, "A", 5, 100)], gap_improvement=improves)
    assert fills(got) == [(1, 5, price, "limit_open")]


@pytest.mark.parametrize(
    ("rule", "tick", "low", "filled"),
    [
        ("touch", 0.5, 98, True),
        ("through", 0.5, 97.75, False),
        ("through", 0.5, 97.5, True),
        ("through", None, 98, False),
        ("through", None, 97.75, True),
    ],
)
def test_touch_and_through(rule: str, tick: float | None, low: float, filled: bool) -> None:
    bars = instrument("A", FLAT, (99, 100, low, 99), tick=tick)
    got = run(bars, [limit(0, "A", 5, 98)], limit=rule)
    assert fills(got) == ([(1, 5, 98, "limit")] if filled else [])


def test_order_made_inside_a_bar_waits_for_the_next() -> None:
    # B's second bar lasts two minutes; the order is made at the end of A's bar in the midst of it.
    a = minutes("A", [FLAT] * 4)
    b = minutes("B", [FLAT, None, None, (110, 110, 110, 110)])
    b.bars.insert(1, BarRow(minute(0, 1), minute(0, 3), 0, 100, 120, 80, 105, None))
    at = minute(0, 2)
    actions = [
        order(at, "B", 1, "limit", limit_price=90.0, tif="GTC"),
        order(at, "B", 1, tif="GTC"),
    ]
    got = run([a, b], actions)
    assert [(f.order, f.ts, float(f.price)) for f in got.fills] == [(2, minute(0, 3), 110)]


def test_next_close_fills_at_the_close_of_a_bar_it_takes_part_in() -> None:
    bars = instrument("A", FLAT, (101, 105, 99, 104))
    got = run(bars, [market(0, "A", 5)], timing="next_close")
    assert fills(got) == [(1, 5, 104, "market_close")]
    assert got.fills[0].ts == T[1]


def test_same_close_fills_at_the_close_it_was_decided_at() -> None:
    bars = instrument("A", (100, 104, 98, 103), FLAT)
    got = run(bars, [market(0, "A", 5)], timing="same_close")
    assert fills(got) == [(1, 5, 103, "same_close")]
    assert (got.fills[0].ts, float(got.equity[0].cash)) == (T[0], 485)


def test_same_close_leaves_what_the_cap_keeps_to_the_next_close() -> None:
    bars = instrument("A", (100, 100, 100, 100, 100), (90, 99, 90, 98, 30), (90, 90, 90, 90, 900))
    got = run(bars, [market(0, "A", 15)], cash=10_000, timing="same_close")
    assert fills(got) == [(1, 10, 100, "same_close"), (1, 3, 98, "same_close")]
    assert ends(got) == [("EXPIRED", "day_end")]


# ---------------------------------------------------------------------------------------- the path


def test_adverse_takes_the_stop_before_the_target() -> None:
    # The bar's volume lets 5 through: equity at the close is 975 by the stop, 1,050 by the target.
    bars = instrument("A", FLAT, FLAT, (100, 112, 94, 108, 50))
    exits = [limit(1, "A", -5, 110), stop(1, "A", -5, 95)]
    got = run(bars, [market(0, "A", 5), *exits])
    assert fills(got)[1:] == [(3, -5, 95, "stop")]
    assert ends(got)[1] == ("EXPIRED", "day_end")
    assert equities(got)[-1] == 975


def test_cash_account_has_no_room_for_a_second_exit() -> None:
    # The target closes all there is along the projected position; the stop would open a short.
    exits = [limit(1, "A", -5, 110), stop(1, "A", -5, 95)]
    got = run(instrument("A", FLAT, FLAT, FLAT), [market(0, "A", 5), *exits], kind="cash")
    assert ends(got)[1:] == [("EXPIRED", "day_end"), ("REJECTED", "short_not_allowed")]


def test_adverse_tie_goes_to_the_lower_minimum() -> None:
    # Short 5 at 100, buy limit 90 and buy stop 105: both paths end with equity 1,000.
    # olhc: 1,055 at the low, 1,055, 1,000; ohlc: 975 at the high, 970 at the low, 1,000.
    bars = instrument("A", FLAT, FLAT, (100, 106, 89, 95))
    exits = [limit(1, "A", 5, 90), stop(1, "A", 5, 105)]
    got = run(bars, [market(0, "A", -5), *exits])
    assert fills(got)[1:] == [(3, 5, 105, "stop"), (2, 5, 90, "limit")]
    assert equities(got)[-1] == 1_000


@pytest.mark.parametrize(
    ("low", "order"), [(95, [2, 3]), (94, [3, 2])], ids=["tie is olhc", "high is nearer"]
)
def test_nearest_extreme(low: float, order: list[int]) -> None:
    bars = instrument("A", FLAT, FLAT, (100, 105, low, 100))
    exits = [stop(1, "A", -5, 96), limit(1, "A", -5, 104)]
    got = run(bars, [market(0, "A", 5), *exits], path="nearest_extreme", k=2.0)
    assert [f.order for f in got.fills[1:]] == order


def test_on_a_segment_distance_comes_before_sequence() -> None:
    bars = instrument("A", FLAT, (100, 101, 90, 95))
    got = run(bars, [limit(0, "A", 6, 92), limit(0, "A", 4, 98)], path="olhc")
    assert fills(got) == [(2, 4, 98, "limit"), (1, 6, 92, "limit")]


def test_on_a_segment_closing_frees_the_money_for_another_instrument() -> None:
    # Everything is in B; A's limit at 50 can only be paid from B's stop, though A comes first.
    a = instrument("A", *[(60, 60, 60, 60)] * 2, (60, 60, 45, 50))
    b = instrument("B", FLAT, FLAT, (100, 100, 90, 92))
    actions = [market(0, "B", 10), stop(1, "B", -10, 95), limit(1, "A", 16, 50)]
    got = run([a, b], actions, kind="cash")
    assert fills(got)[1:] == [(2, -10, 95, "stop"), (3, 16, 50, "limit")]
    assert float(got.equity[-1].cash) == 150


# ---------------------------------------------------------------------------------- how much fills


def test_orders_share_the_cap_of_the_last_bar_in_sequence() -> None:
    bars = instrument("A", (*FLAT, 109), (*FLAT, 109), (*FLAT, 109))
    got = run(bars, [market(0, "A", 8, "GTC"), market(0, "A", 8, "GTC")], cash=10_000)
    assert [(f.order, f.units, f.ts) for f in got.fills] == [
        (1, 8, OPENS[1]),
        (2, 2, OPENS[1]),
        (2, 6, OPENS[2]),
    ]


def test_the_path_first_fills_what_the_open_left_of_a_marketable_limit() -> None:
    # Open: 10 % of 100. Inside: 10 % of 205 less the 10, rounded down; a later fill is passive.
    bars = instrument("A", (*FLAT, 100), (97, 99, 96, 98, 205))
    got = run(bars, [limit(0, "A", 30, 98)], cash=10_000, slippage=Slippage(kind="rate", rate=0.01))
    assert [(f.units, f.ts, f.liquidity) for f in got.fills] == [
        (10, OPENS[1], "taker"),
        (10, T[1], "maker"),
    ]
    assert fills(got)[0][2] == pytest.approx(97.97, abs=1e-12)
    assert fills(got)[1][2] == 97
    assert ends(got) == [("EXPIRED", "day_end")]


def test_triggered_stop_waits_for_the_next_open_with_what_the_cap_left() -> None:
    bars = instrument("A", (*FLAT, 900), (100, 106, 100, 104, 30), (103, 103, 103, 103, 900))
    got = run(bars, [stop(0, "A", 5, 105, "GTC")])
    assert fills(got) == [(1, 3, 105, "stop"), (1, 2, 103, "market_open")]


def test_fractional_increments_round_the_cap_down() -> None:
    bars = instrument("A", (*FLAT, 1.29), FLAT, increment="0.01")
    got = run(bars, [market(0, "A", 0.5)])
    assert [f.units for f in got.fills] == [12]


# ------------------------------------------------------------------- order of fills, money, sizing


def test_reversal_is_one_row() -> None:
    fees = Commission(kind="per_order", per_order=2.0)
    bars = instrument("A", FLAT, FLAT, (110, 110, 110, 110))
    got = run(bars, [market(0, "A", 5), market(1, "A", -8)], commission=fees)
    assert fills(got)[1] == (2, -8, 110, "market_open")
    assert float(got.fills[1].commission) == 2
    assert float(got.equity[-1].cash) == 1_000 - 502 + 878


def test_exits_come_first_across_instruments() -> None:
    a, b = instrument("A", FLAT, FLAT, FLAT), instrument("B", FLAT, FLAT, FLAT)
    actions = [market(0, "B", 10), market(1, "A", 10), market(1, "B", -10)]
    got = run([a, b], actions)
    assert [(f.order, f.units) for f in got.fills] == [(1, 10), (3, -10), (2, 10)]


@pytest.mark.parametrize(
    ("insufficient", "units", "end"),
    [
        ("reject", [], ("REJECTED", "insufficient_funds")),
        ("partial", [9], ("CANCELED", "insufficient_funds")),
        ("scale", [9], ("CANCELED", "insufficient_funds")),
    ],
)
def test_what_cannot_be_paid_at_the_open(
    insufficient: str, units: list[int], end: tuple[str, str]
) -> None:
    got = run(
        instrument("A", FLAT, (101, 101, 101, 101)),
        [market(0, "A", 10)],
        insufficient=insufficient,
    )
    assert [f.units for f in got.fills] == units
    assert ends(got) == [end]
    assert amounts(got, 0) == (1_010, 1_000)


def test_scale_multiplies_all_opening_parts_by_one_factor() -> None:
    # 10 · 100 + 10 · 50 = 1,500 against 1,200: the factor is 0.8.
    a, b = instrument("A", FLAT, FLAT), instrument("B", *[(50, 50, 50, 50)] * 2)
    got = run([a, b], [market(0, "A", 10), market(0, "B", 10)], cash=1_200, insufficient="scale")
    assert [f.units for f in got.fills] == [8, 8]
    assert float(got.equity[-1].cash) == 0


def test_scale_counts_the_factor_after_rounding_down() -> None:
    # 10 and 7 at 100 with 1,500: 9 and 6 pass (factor 0.9), the next step is 10 and 7.
    a, b = instrument("A", FLAT, FLAT), instrument("B", FLAT, FLAT)
    got = run([a, b], [market(0, "A", 10), market(0, "B", 7)], cash=1_500, insufficient="scale")
    assert [f.units for f in got.fills] == [9, 6]


def test_submission_check_gives_the_room_in_sequence() -> None:
    got = run(instrument("A", FLAT, FLAT), [market(0, "A", 6), market(0, "A", 6)])
    assert ends(got) == [("FILLED", ""), ("REJECTED", "insufficient_funds")]
    assert amounts(got, 1) == (600, 400)


def test_submission_check_counts_what_leaving_orders_close() -> None:
    # The buy comes first; the sale in the same phase makes its room, also at the fill.
    a, b = instrument("A", FLAT, FLAT, FLAT), instrument("B", FLAT, FLAT, FLAT)
    got = run([a, b], [market(0, "B", 10), market(1, "A", 10), market(1, "B", -4)])
    assert ends(got)[1] == ("REJECTED", "insufficient_funds")
    assert amounts(got, 1) == (1_000, 400)
    got = run([a, b], [market(0, "B", 10), market(1, "A", 4), market(1, "B", -4)])
    assert ends(got) == [("FILLED", "")] * 3


def test_cash_account_refuses_shorts_but_sells_what_it_has() -> None:
    bars = instrument("A", FLAT, FLAT, FLAT)
    got = run(bars, [market(0, "A", -1), market(0, "A", 5), market(1, "A", -8)], kind="cash")
    assert ends(got) == [
        ("REJECTED", "short_not_allowed"),
        ("FILLED", ""),
        ("CANCELED", "short_not_allowed"),
    ]
    assert [f.units for f in got.fills] == [5, -5]


def test_weight_counts_the_commission_of_the_trade() -> None:
    # 9 · 100 + 9 = 909 fits into 1,000, 10 · 100 + 10 does not.
    fees = Commission(kind="rate", rate=0.01)
    got = run(instrument("A", FLAT, FLAT), [target(0, "A", weight=1.0)], commission=fees)
    assert fills(got) == [(1, 9, 100, "market_open")]
    assert ends(got) == [("FILLED", "")]


def test_weight_is_sized_at_the_fill_and_closed_by_zero() -> None:
    bars = instrument("A", FLAT, (80, 80, 80, 80), (90, 90, 90, 90))
    got = run(bars, [target(0, "A", weight=0.5), target(1, "A", weight=0.0)])
    assert fills(got) == [(1, 6, 80, "market_open"), (2, -6, 90, "market_open")]


def test_weight_beyond_the_account_is_cut() -> None:
    got = run(instrument("A", FLAT, FLAT), [target(0, "A", weight=2.0)])
    assert fills(got) == [(1, 10, 100, "market_open")]
    assert ends(got) == [("FILLED", "sized_down")]
    assert got.orders[0].units == 10


def test_size_at_decision_is_cut_at_the_fill() -> None:
    bars = instrument("A", FLAT, (110, 110, 110, 110))
    got = run(bars, [target(0, "A", weight=1.0)], size_at="decision")
    assert fills(got) == [(1, 9, 110, "market_open")]
    assert ends(got) == [("FILLED", "sized_down")]


def test_value_that_reduces_counts_no_commission() -> None:
    # Held 10; 550 at 100 less one slipped: floor(550 / 99) = 5, commission or not.
    fees = Commission(kind="per_order", per_order=30.0)
    slippage = Slippage(kind="rate", rate=0.01)
    bars = instrument("A", FLAT, FLAT, FLAT)
    actions = [market(0, "A", 10), target(1, "A", money=550)]
    got = run(bars, actions, cash=2_000, commission=fees, slippage=slippage)
    assert got.fills[1].units == -5


def test_value_that_changes_nothing_at_its_print() -> None:
    # 520 at 100 is 5 more than nothing when decided, and what is held already when it prints.
    bars = instrument("A", FLAT, FLAT, (130, 130, 130, 130))
    got = run(bars, [market(0, "A", 4), target(1, "A", money=520)])
    assert ends(got)[1] == ("CANCELED", "no_change")


# -------------------------------------------------------------------------------------------- cost


def test_minimum_commission_is_per_order_over_two_fills() -> None:
    fees = Commission(kind="rate", rate=0.01, minimum=12.0)
    bars = instrument("A", (*FLAT, 100), (*FLAT, 100), FLAT)
    got = run(bars, [market(0, "A", 15, "GTC")], cash=10_000, commission=fees)
    assert [float(f.commission) for f in got.fills] == pytest.approx([12, 3], abs=1e-12)


def test_tiers_and_maxima() -> None:
    # 600: 1/8 of 400, 1/16 of 200 = 62.5, at most 1/16 of the notional = 37.5, at most 30.
    tiers = [[0.0, 0.125], [400.0, 0.0625]]
    expected = [({}, 62.5), ({"maximum_rate": 0.0625}, 37.5), ({"maximum": 30.0}, 30)]
    for bounds, fee in expected:
        fees = Commission(kind="tiered", tiers=tiers, **bounds)  # type: ignore[typeddict-item]
        got = run(instrument("A", FLAT, FLAT), [market(0, "A", 6)], commission=fees)
        assert float(got.fills[0].commission) == fee


def test_marketable_limit_pays_slippage_up_to_its_limit_and_only_at_once() -> None:
    slippage = Slippage(kind="rate", rate=0.01)
    bars = instrument("A", FLAT, (100, 101, 98, 99), (95, 95, 95, 95))
    got = run(bars, [limit(0, "A", 2, 100.5), limit(0, "A", 2, 97, "GTC")], slippage=slippage)
    assert fills(got) == [(1, 2, 100.5, "limit_open"), (2, 2, 95, "limit_open")]
    assert [f.liquidity for f in got.fills] == ["taker", "maker"]
    assert [float(f.slippage) for f in got.fills] == [1, 0]


def test_guardrail_clamps_slippage() -> None:
    slippage = Slippage(kind="ticks", ticks=200.0)
    bars = instrument("A", FLAT, FLAT, tick=0.25)
    got = run(bars, [market(0, "A", 2)], slippage=slippage, guardrail=0.0625)
    assert fills(got) == [(1, 2, 106.25, "market_open")]
    assert float(got.fills[0].slippage) == 12.5


def test_slippage_by_range_takes_the_last_bar_at_the_open_and_the_bar_itself_inside() -> None:
    slippage = Slippage(kind="range", fraction=0.125)
    bars = instrument("A", (100, 104, 96, 100), (100, 116, 100, 100))
    got = run(bars, [market(0, "A", 2), stop(0, "A", 2, 104)], slippage=slippage)
    assert fills(got) == [(1, 2, 101, "market_open"), (2, 2, 106, "stop")]


def test_slippage_by_ticks() -> None:
    bars = instrument("A", FLAT, FLAT, tick=0.5)
    got = run(bars, [market(0, "A", -2)], slippage=Slippage(kind="ticks", ticks=2.0))
    assert fills(got) == [(1, -2, 99, "market_open")]


# ------------------------------------------------------------------------- life of orders, actions


def test_day_orders_expire_and_good_till_cancelled_ones_stay() -> None:
    bars = instrument("A", FLAT, FLAT, (89, 89, 89, 89))
    got = run(bars, [limit(0, "A", 1, 90), limit(0, "A", 1, 90, "GTC")])
    assert ends(got) == [("EXPIRED", "day_end"), ("FILLED", "")]
    assert fills(got) == [(2, 1, 89, "limit_open")]


def test_day_order_without_a_print_of_its_own() -> None:
    a, b = instrument("A", FLAT, None, FLAT), instrument("B", FLAT, FLAT, FLAT)
    got = run([a, b], [market(0, "A", 1)])
    assert ends(got) == [("EXPIRED", "no_print")]


def test_cancel_and_zero_quantity() -> None:
    bars = instrument("A", FLAT, FLAT, FLAT)
    actions = [
        limit(0, "A", 1, 90, "GTC"),
        market(0, "A", 1),
        market(0, "A", 0.5),
        Action(T[0], "cancel", cancel=2),
        Action(T[1], "cancel", cancel=1),
    ]
    got = run(bars, actions)
    assert ends(got) == [
        ("CANCELED", "canceled"),
        ("CANCELED", "canceled"),
        ("REJECTED", "zero_quantity"),
    ]
    assert got.fills == []


def test_target_quantity_counts_working_orders_and_replaces_the_earlier_target() -> None:
    bars = instrument("A", FLAT, FLAT, FLAT)
    actions = [
        limit(0, "A", 2, 50, "GTC"),
        target(0, "A", qty=8),
        target(0, "A", qty=8),
        target(0, "A", qty=5),
        target(1, "A", qty=5),
    ]
    got = run(bars, actions)
    assert ends(got) == [("NEW", ""), ("CANCELED", "replaced"), ("FILLED", "")]
    assert fills(got) == [(3, 3, 100, "market_open")]


# --------------------------------------------------------------------------- conditions on any run


@pytest.mark.parametrize("block", range(6))
def test_conditions_hold_in_random_scenarios(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        for scenario in (random_scenario(seed), random_order_scenario(seed)):
            check_conditions(scenario, simulate(scenario))


def test_random_scenarios_are_repeatable_and_seldom_ambiguous() -> None:
    assert random_scenario(11) == random_scenario(11)
    assert simulate(random_scenario(11)) == simulate(random_scenario(11))
    ambiguous = [seed for seed in range(400) if simulate(random_scenario(seed)).ambiguous]
    assert len(ambiguous) < 12
    assert random_order_scenario(11) == random_order_scenario(11)
    assert simulate(random_order_scenario(11)) == simulate(random_order_scenario(11))


def test_random_scenarios_reach_every_reason() -> None:
    outcomes = [simulate(random_scenario(seed)) for seed in range(150)]
    fill_reasons = {fill.reason for outcome in outcomes for fill in outcome.fills}
    end_reasons = {order.reason for outcome in outcomes for order in outcome.orders}
    assert fill_reasons == {
        "market_open", "market_close", "same_close", "limit_open", "limit_close", "limit",
        "stop_open", "stop_close", "stop", "stop_limit", "liquidation",
    }  # fmt: skip
    assert end_reasons == {
        "", "bankrupt", "canceled", "over_cap", "replaced", "day_end", "no_print",
        "insufficient_funds",
        "sized_down", "short_not_allowed", "no_change", "zero_quantity",
    }  # fmt: skip


def test_random_scenarios_with_all_kinds_of_orders_reach_every_reason() -> None:
    outcomes = [simulate(random_order_scenario(seed)) for seed in range(600)]
    fill_reasons = {fill.reason for outcome in outcomes for fill in outcome.fills}
    end_reasons = {order.reason for outcome in outcomes for order in outcome.orders}
    assert fill_reasons == {
        "market_open", "market_close", "same_close", "limit_open", "limit_close", "limit",
        "stop_open", "stop_close", "stop", "stop_limit", "touched_open", "touched_close", "touched",
        "limit_if_touched", "on_open", "on_close", "liquidation",
    }  # fmt: skip
    assert end_reasons >= {
        "not_met", "reduce_only", "post_only", "good_till", "ioc", "fok", "parent_ended", "oco",
        "atomic", "amended",
    }  # fmt: skip
