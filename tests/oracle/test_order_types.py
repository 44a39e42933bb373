"""Goal: the oracle fills if-touched, trailing, on-open and on-close orders as the rule says.

Method: a few bars per rule, every number worked by hand. As in `test_reference.py` the account has
gross leverage 1, 1,000 in cash and no costs, and days are flat at 100 where nothing else is said.
"""

from __future__ import annotations

from typing import Any

import pytest

from .scenarios import MINUTE, Slippage
from .worked import (
    FLAT,
    OPENS,
    T,
    ends,
    fills,
    instrument,
    market,
    minute,
    minutes,
    order,
    run,
    stop,
)


def touched(qty: float, trigger: float, limit: float | None = None, tif: str = "DAY") -> Any:
    kind = "market_if_touched" if limit is None else "limit_if_touched"
    return order(0, "A", qty, kind, stop_price=trigger, limit_price=limit, tif=tif)


def trail(day: int, qty: float, amount: float, tif: str = "GTC", **terms: Any) -> Any:
    kind = "trailing_stop_limit" if "limit_offset" in terms else "trailing_stop"
    return order(day, "A", qty, kind, trail_amount=amount, tif=tif, **terms)


# --------------------------------------------------------------------------------------- if touched


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        ((97, 99, 96, 98), [(1, 5, 97, "touched_open")]),
        ((98, 99, 97, 98), [(1, 5, 98, "touched_open")]),
        ((100, 101, 97, 99), [(1, 5, 98, "touched")]),
        ((100, 101, 98, 99), [(1, 5, 98, "touched")]),
        ((100, 105, 99, 104), []),
    ],
    ids=["gap", "opens at it", "comes down", "touches", "goes up"],
)
def test_market_if_touched_buys_when_the_price_comes_down(
    bar: tuple[float, ...], expected: list[Any]
) -> None:
    got = run(instrument("A", FLAT, bar), [touched(5, 98)])
    assert fills(got) == expected
    assert ends(got) == ([("FILLED", "")] if expected else [("EXPIRED", "day_end")])


def test_market_if_touched_sells_when_the_price_comes_up() -> None:
    got = run(instrument("A", FLAT, (100, 104, 99, 101)), [touched(-5, 103)])
    assert fills(got) == [(1, -5, 103, "touched")]


def test_market_if_touched_takes_and_pays_slippage() -> None:
    # 1 % on a trigger of 98.
    slippage = Slippage(kind="rate", rate=0.01)
    got = run(instrument("A", FLAT, (100, 101, 97, 99)), [touched(5, 98)], slippage=slippage)
    assert fills(got)[0][2] == pytest.approx(98.98, abs=1e-12)
    assert got.fills[0].liquidity == "taker"


def test_market_if_touched_waits_for_the_next_open_with_what_the_cap_left() -> None:
    bars = instrument("A", (*FLAT, 900), (100, 101, 97, 99, 30), (96, 96, 96, 96, 900))
    got = run(bars, [touched(5, 98, tif="GTC")])
    assert fills(got) == [(1, 3, 98, "touched"), (1, 2, 96, "market_open")]


@pytest.mark.parametrize(
    ("bar", "expected"),
    [
        ((100, 101, 97, 99), [(1, 5, 98, "limit_if_touched")]),
        ((97.5, 99, 96, 98), [(1, 5, 97.5, "limit_if_touched")]),
    ],
    ids=["inside", "at the open"],
)
def test_limit_if_touched_above_its_limit_fills_at_the_trigger(
    bar: tuple[float, ...], expected: list[Any]
) -> None:
    # Trigger 98, limit 99; without gap improvement the open of its trigger is kept all the same.
    got = run(instrument("A", FLAT, bar), [touched(5, 98, 99)], gap_improvement=False)
    assert fills(got) == expected
    assert got.fills[0].liquidity == "taker"


def test_limit_if_touched_comes_down_to_a_lower_limit_on_the_same_segment() -> None:
    got = run(instrument("A", FLAT, (100, 101, 95, 99)), [touched(5, 98, 96)])
    assert fills(got) == [(1, 5, 96, "limit")]
    assert got.fills[0].liquidity == "maker"


def test_limit_if_touched_stays_triggered_for_the_bars_to_come() -> None:
    # 97 triggers it and does not reach 96; the next open does, though it rests by then.
    bars = instrument("A", FLAT, (100, 101, 97, 99), (95, 99, 95, 99))
    got = run(bars, [touched(5, 98, 96, tif="GTC")])
    assert fills(got) == [(1, 5, 95, "limit_open")]
    assert got.fills[0].liquidity == "maker"


def test_limit_if_touched_opens_between_limit_and_trigger() -> None:
    # Open 97 triggers and is above the limit 96; the path comes down to 95.
    got = run(instrument("A", FLAT, (97, 99, 95, 98)), [touched(5, 98, 96)])
    assert fills(got) == [(1, 5, 96, "limit")]


def test_if_touched_in_closes_only_data() -> None:
    bars = instrument("A", FLAT, (97,) * 4, (95,) * 4, closes_only=True)
    actions = [touched(2, 98, tif="GTC"), touched(2, 96, 96, tif="GTC")]
    got = run(bars, actions)
    assert fills(got) == [(1, 2, 97, "touched_close"), (2, 2, 95, "limit_if_touched")]


def test_adverse_counts_the_level_of_an_if_touched_order() -> None:
    # Short 5 at 100; the cap inside is 5. Low first buys at 90: equity 1,050; high first: 975.
    bars = instrument("A", FLAT, FLAT, (100, 106, 89, 95, 50))
    exits = [
        order(1, "A", 5, "market_if_touched", stop_price=90),
        stop(1, "A", 5, 105),
    ]
    got = run(bars, [market(0, "A", -5), *exits])
    assert fills(got)[1:] == [(3, 5, 105, "stop")]


# ----------------------------------------------------------------------------------------- trailing


def test_trailing_stop_follows_the_highest_price() -> None:
    # Mark 100; the high 108 lifts the level to 103, which the third day falls through.
    bars = instrument("A", FLAT, FLAT, (104, 108, 104, 107), (106, 106, 100, 101))
    got = run(bars, [market(0, "A", 5), trail(1, -5, 5)])
    assert fills(got)[1:] == [(2, -5, 103, "stop")]
    assert got.fills[1].ts == T[3]


def test_trailing_stop_is_gapped_through() -> None:
    bars = instrument("A", FLAT, FLAT, (104, 108, 104, 107), (102, 106, 100, 101))
    got = run(bars, [market(0, "A", 5), trail(1, -5, 5)])
    assert fills(got)[1:] == [(2, -5, 102, "stop_open")]


def test_trailing_stop_moves_with_points_of_the_path_already_passed() -> None:
    # olhc: 100, 99, 110 moves the level to 105, which lies on the way to the close at 104.
    bars = instrument("A", FLAT, FLAT, (100, 110, 99, 104))
    got = run(bars, [market(0, "A", 5), trail(1, -5, 5)], path="olhc")
    assert fills(got)[1:] == [(2, -5, 105, "stop")]


def test_an_opening_print_is_compared_first_and_moves_the_mark_then() -> None:
    # Level 95 until the open; from 108 on it is 103.
    bars = instrument("A", FLAT, FLAT, (108, 109, 102, 105))
    got = run(bars, [market(0, "A", 5), trail(1, -5, 5)], path="olhc")
    assert fills(got)[1:] == [(2, -5, 103, "stop")]


def test_a_trailing_order_makes_adverse_try_both_paths_wherever_its_level_is() -> None:
    # Level 94 is below the bar. Low first: 110 lifts it to 104, the close is 109: equity 1,045.
    # High first: 110, then down through 104: equity 1,020.
    bars = instrument("A", FLAT, FLAT, (100, 110, 99, 109))
    got = run(bars, [market(0, "A", 5), trail(1, -5, 6)])
    assert fills(got)[1:] == [(2, -5, 104, "stop")]


def test_trailing_by_closes_moves_after_the_path() -> None:
    # By the path 110 would give 105 on the second day; by closes the level is 95, then 99.
    bars = instrument("A", FLAT, FLAT, (100, 110, 99, 104), (101, 102, 98, 100))
    got = run(bars, [market(0, "A", 5), trail(1, -5, 5)], trailing="close", path="olhc")
    assert fills(got)[1:] == [(2, -5, 99, "stop")]
    assert got.fills[1].ts == T[3]


def test_a_trailing_buy_follows_the_lowest_price() -> None:
    # Mark 100; the low 92 brings the level to 97, met on the way up to 101.
    bars = instrument("A", FLAT, FLAT, (100, 101, 92, 93))
    got = run(bars, [market(0, "A", -5), trail(1, 5, 5)], path="olhc")
    assert fills(got)[1:] == [(2, 5, 97, "stop")]


@pytest.mark.parametrize(("low", "filled"), [(97.75, False), (97.5, True)])
def test_the_level_moves_to_the_next_tick_against_the_order(low: float, filled: bool) -> None:
    # 5 % off 103 is 97.85, on the tick of 0.5 below it 97.5.
    bars = instrument("A", FLAT, (100, 103, 100, 103), (103, 103, low, 98), tick=0.5)
    sale = order(1, "A", -5, "trailing_stop", trail_percent=5.0)
    got = run(bars, [market(0, "A", 5), sale])
    assert fills(got)[1:] == ([(2, -5, 97.5, "stop")] if filled else [])


def test_a_bar_without_trading_moves_no_water_mark() -> None:
    # From 130 the level would be 125 and the last day would open below it.
    bars = instrument("A", FLAT, FLAT, (120, 130, 110, 125, 0), (100, 100, 96, 100))
    got = run(bars, [market(0, "A", 5), trail(1, -5, 5)])
    assert fills(got)[1:] == []


def test_without_a_last_price_the_water_mark_is_the_first_one_met() -> None:
    # A has no price yet: 100 at its first open, so the level is 95.
    a, b = instrument("A", None, (100, 101, 94, 96)), instrument("B", FLAT, FLAT)
    got = run([a, b], [trail(0, -5, 5)])
    assert fills(got) == [(1, -5, 95, "stop")]


def test_trailing_stop_limit_fixes_its_limit_at_the_trigger() -> None:
    # Level 95, limit 94. The open at 93 is below both; the path comes back up to 94.
    bars = instrument("A", FLAT, FLAT, (93, 96, 92, 95))
    got = run(bars, [market(0, "A", 5), trail(1, -5, 5, limit_offset=1.0)])
    assert fills(got)[1:] == [(2, -5, 94, "limit")]


def test_trailing_stop_limit_inside_a_bar_fills_at_its_level() -> None:
    bars = instrument("A", FLAT, FLAT, (100, 100, 94.5, 96))
    got = run(bars, [market(0, "A", 5), trail(1, -5, 5, limit_offset=1.0)])
    assert fills(got)[1:] == [(2, -5, 95, "stop_limit")]


def test_trailing_in_closes_only_data_compares_the_close_and_then_follows_it() -> None:
    # 104 lifts the level from 95 to 99, which 98 is below.
    bars = instrument("A", FLAT, (104,) * 4, (98,) * 4, closes_only=True)
    got = run(bars, [trail(0, -5, 5)], trailing="close")
    assert fills(got) == [(1, -5, 98, "stop_close")]


# ------------------------------------------------------------------------------------------ on open


def test_market_on_open_waits_for_the_first_print_of_a_session() -> None:
    bars = minutes("A", [FLAT, (101,) * 4], [(102,) * 4, (103,) * 4])
    got = run(bars, [order(minute(0, 1), "A", 5, "market_on_open")])
    assert fills(got) == [(1, 5, 102, "on_open")]
    assert got.fills[0].ts == OPENS[1]


def test_limit_on_open_does_not_wait_for_the_path() -> None:
    bars = instrument("A", FLAT, (101, 102, 98, 99))
    got = run(bars, [order(0, "A", 5, "limit_on_open", limit_price=100)])
    assert fills(got) == []
    assert ends(got) == [("EXPIRED", "not_met")]


def test_limit_on_open_pays_slippage_up_to_its_limit() -> None:
    # 1 % on 100 is 101, the limit 100.5.
    bars = instrument("A", FLAT, FLAT)
    slippage = Slippage(kind="rate", rate=0.01)
    action = order(0, "A", 5, "limit_on_open", limit_price=100.5)
    got = run(bars, [action], slippage=slippage)
    assert fills(got) == [(1, 5, 100.5, "on_open")]
    assert got.fills[0].liquidity == "taker"


def test_what_the_cap_leaves_of_an_on_open_order_expires() -> None:
    bars = instrument("A", (*FLAT, 50), (*FLAT, 900))
    got = run(bars, [order(0, "A", 8, "market_on_open")])
    assert fills(got) == [(1, 5, 100, "on_open")]
    assert ends(got) == [("EXPIRED", "day_end")]


def test_on_open_takes_the_first_print_with_trading() -> None:
    bars = minutes("A", [FLAT], [(102, 102, 102, 102, 0), (103,) * 4])
    got = run(bars, [order(minute(0, 1), "A", 5, "market_on_open")])
    assert fills(got) == [(1, 5, 103, "on_open")]


def test_on_open_without_a_print_of_its_instrument_ends_with_the_session() -> None:
    a, b = instrument("A", FLAT, None, FLAT), instrument("B", FLAT, FLAT, FLAT)
    got = run([a, b], [order(0, "A", 5, "market_on_open")])
    assert fills(got) == []
    assert ends(got) == [("EXPIRED", "no_print")]


def test_timing_does_not_move_an_auction() -> None:
    bars = instrument("A", FLAT, (101, 105, 99, 104))
    actions = [order(0, "A", 2, "market_on_open"), order(0, "A", 2, "market_on_close")]
    for timing in ("next_open", "next_close", "same_close"):
        got = run(bars, actions, timing=timing)
        assert fills(got) == [(1, 2, 101, "on_open"), (2, 2, 104, "on_close")]


# ----------------------------------------------------------------------------------------- on close


def test_market_on_close_fills_at_the_last_close_of_the_session() -> None:
    bars = minutes("A", [FLAT, (101,) * 4, (102,) * 4])
    action = order(minute(0, 1), "A", 5, "market_on_close")
    got = run(bars, [action], close_cutoff_ns=MINUTE)
    assert fills(got) == [(1, 5, 102, "on_close")]
    assert got.fills[0].ts == minute(0, 3)


def test_limit_on_close_does_not_wait_for_the_path() -> None:
    bars = instrument("A", FLAT, (101, 105, 99, 104))
    got = run(bars, [order(0, "A", 5, "limit_on_close", limit_price=103)])
    assert fills(got) == []
    assert ends(got) == [("EXPIRED", "not_met")]


@pytest.mark.parametrize(
    ("count", "price"), [(2, 103), (3, 204)], ids=["two minutes before", "one minute before"]
)
def test_the_cutoff_decides_to_which_session_an_on_close_order_belongs(
    count: int, price: float
) -> None:
    # The session has four minutes and closes at 103, the next one at 204.
    day = [FLAT, (101,) * 4, (102,) * 4, (103,) * 4]
    bars = minutes("A", day, [(200,) * 4, (201,) * 4, (202,) * 4, (204,) * 4])
    action = order(minute(0, count), "A", 4, "market_on_close")
    got = run(bars, [action], close_cutoff_ns=2 * MINUTE)
    assert fills(got) == [(1, 4, price, "on_close")]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, [(1, 5, 101, "on_close")]), (2, [])],
    ids=["before its last print", "after its last print"],
)
def test_on_close_takes_the_last_print_of_its_own_instrument(
    count: int, expected: list[Any]
) -> None:
    # A trades for two minutes, B and so the session for four.
    a = minutes("A", [FLAT, (101,) * 4])
    b = minutes("B", [FLAT, FLAT, FLAT, FLAT])
    action = order(minute(0, count), "A", 5, "market_on_close")
    got = run([a, b], [action], close_cutoff_ns=MINUTE)
    assert fills(got) == expected
    assert ends(got) == [("FILLED", "") if expected else ("EXPIRED", "no_print")]


def test_an_on_close_sale_pays_for_another_closing_print() -> None:
    # All 1,000 are in B; the purchase of A fills at the same closes, after the sale.
    a, b = instrument("A", FLAT, FLAT, FLAT), instrument("B", FLAT, FLAT, FLAT)
    actions = [
        market(0, "B", 10),
        market(1, "A", 10),
        order(1, "B", -10, "market_on_close"),
    ]
    got = run([a, b], actions, timing="next_close")
    assert fills(got)[1:] == [(3, -10, 100, "on_close"), (2, 10, 100, "market_close")]


def test_on_close_in_closes_only_data() -> None:
    bars = instrument("A", FLAT, (104,) * 4, closes_only=True)
    got = run(bars, [order(0, "A", 5, "market_on_close")])
    assert fills(got) == [(1, 5, 104, "on_close")]
