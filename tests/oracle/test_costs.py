"""Goal: the oracle's costs and caps are right. Method: small worlds with every number by hand.

Unless a test says otherwise: daily bars, one session each, prices of 100, an account of 1,000,000
with gross leverage 1, no commission, no slippage, no impact. An order made at `T[0]` meets the open
of day 1. Impact is mostly that of sigma 2 % and an ADV of 10,000: an order of 100 pays
0.02 · √0.01 = 0.2 % of the price.
"""

from __future__ import annotations

from typing import Any

import pytest

from . import worked
from .reference import Outcome
from .scenarios import DAY, Action, Impact, InstrumentSpec, Slippage
from .worked import (
    FLAT,
    OPENS,
    T,
    amend,
    ends,
    fills,
    instrument,
    limit,
    market,
    minute,
    minutes,
    order,
    spec,
    stop,
    submit,
    target,
)

SPREAD = Slippage(kind="spread", k=0.5, k_stop=1.0, k_auction=0.25)
SHARE = Slippage(kind="volume_share", price_impact=1.0, volume_limit=0.025)
IMPACT = Impact(alpha=1.0, sigma=0.02, adv=10_000.0)
LASTING = Impact(alpha=1.0, sigma=0.02, adv=10_000.0, permanent=1.0, half_life_ns=DAY)


def run(spec: InstrumentSpec, actions: list[Action], **settings: Any) -> Outcome:
    return worked.run(spec, actions, **{"cash": 1_000_000.0, **settings})


def quoted(spec: InstrumentSpec, *spreads: float | None) -> InstrumentSpec:
    """The bars with these spreads, in turn."""
    for bar, spread in zip(spec.bars, spreads, strict=True):
        bar.spread = spread
    return spec


def prices(outcome: Outcome) -> list[float]:
    return [float(fill.price) for fill in outcome.fills]


def units(outcome: Outcome) -> list[int]:
    return [fill.units for fill in outcome.fills]


def costs(outcome: Outcome, ix: int = 0) -> tuple[float, float]:
    """Slippage and impact of a fill in money."""
    return float(outcome.fills[ix].slippage), float(outcome.fills[ix].impact)


def approx(*numbers: float) -> Any:
    return pytest.approx(list(numbers), abs=1e-9)


# ------------------------------------------------------------------------------ slippage by spread


def test_at_an_open_the_spread_is_that_of_the_bar_before() -> None:
    # 100 + 0.5 · 0.5; the bar that opens has 2.
    bars = quoted(instrument("A", FLAT, FLAT), 0.5, 2.0)
    got = run(bars, [market(0, "A", 10)], slippage=SPREAD, columns=("spread",))
    assert prices(got) == [100.25]
    assert costs(got) == (2.5, 0)


def test_at_a_close_the_spread_is_the_bars_own() -> None:
    # 100 + 0.5 · 2.
    bars = quoted(instrument("A", FLAT, FLAT), 0.5, 2.0)
    got = run(bars, [market(0, "A", 10)], slippage=SPREAD, columns=("spread",), timing="next_close")
    assert prices(got) == [101]


@pytest.mark.parametrize(
    ("spreads", "price"), [((1.0, None, 2.0), 100.5), ((None, None, 2.0), 100.0)]
)
def test_a_missing_spread_is_the_last_known_one(
    spreads: tuple[float | None, ...], price: float
) -> None:
    # At the open of day 2: 100 + 0.5 · 1 of day 0; before any is known nothing.
    bars = quoted(instrument("A", FLAT, FLAT, FLAT), *spreads)
    got = run(bars, [market(1, "A", 10)], slippage=SPREAD, columns=("spread",))
    assert prices(got) == [price]


@pytest.mark.parametrize(
    ("action", "price"),
    [
        (market(0, "A", 10), 100.5),
        (stop(0, "A", 10, 99), 101),
        (order(0, "A", 10, "market_if_touched", stop_price=101.0), 101),
        (order(0, "A", 10, "stop_limit", stop_price=99.0, limit_price=103.0), 101),
        (order(0, "A", 10, "market_on_open"), 100.25),
        (order(0, "A", 10, "market_on_close"), 100.25),
    ],
)
def test_each_kind_of_order_has_its_part_of_the_spread(action: Action, price: float) -> None:
    # A spread of 1: half of it, all of it for what was triggered, a quarter in an auction.
    bars = quoted(instrument("A", FLAT, FLAT), 1.0, 1.0)
    got = run(bars, [action], slippage=SPREAD, columns=("spread",), close_cutoff_ns=0)
    assert prices(got) == [price]


def test_what_the_cap_left_of_a_stop_still_pays_as_one() -> None:
    # 10 % of 50 let 5 through at each open; all of the spread both times.
    bars = quoted(instrument("A", *[(*FLAT, 50)] * 3), 1.0, 2.0, 1.0)
    got = run(bars, [stop(0, "A", 10, 99, "GTC")], slippage=SPREAD, columns=("spread",))
    assert fills(got) == [(1, 5, 101, "stop_open"), (1, 5, 102, "market_open")]


@pytest.mark.parametrize(
    ("columns", "price"), [(("bid", "ask"), 100.3), (("spread", "bid", "ask"), 100.5)]
)
def test_the_spread_is_ask_less_bid_where_the_data_has_no_column_of_it(
    columns: tuple[str, ...], price: float
) -> None:
    # 100 + 0.5 · (100.4 − 99.8), or 100 + 0.5 · 1.
    bars = quoted(instrument("A", FLAT, FLAT), 1.0, 1.0)
    bars.bars[0].bid, bars.bars[0].ask = 99.8, 100.4
    got = run(bars, [market(0, "A", 10)], slippage=SPREAD, columns=columns)
    assert prices(got) == approx(price)


@pytest.mark.parametrize(("size_at", "bought"), [("decision", 9), ("fill", 9), ("", 10)])
def test_a_weight_is_sized_at_the_price_after_the_spread(size_at: str, bought: int) -> None:
    # 9 · 102 = 918 and 10 · 102 = 1,020, at the fill as at the decision; without a spread 10 · 100.
    bars = quoted(instrument("A", FLAT, FLAT), 4.0, 8.0)
    settings: dict[str, Any] = {"slippage": SPREAD, "columns": ("spread",), "size_at": size_at}
    got = run(bars, [target(0, "A", money=1_000.0)], **(settings if size_at else {}))
    assert units(got) == [bought]


def test_a_limit_pays_the_spread_up_to_its_limit_and_none_when_it_rests() -> None:
    # At its first print 100 + 0.5 would be beyond 100.2; the path fills the other at 98.
    bars = quoted(instrument("A", FLAT, (100, 100, 97, 99)), 1.0, 1.0)
    actions = [limit(0, "A", 10, 100.2), limit(0, "A", 10, 98)]
    got = run(bars, actions, slippage=SPREAD, columns=("spread",))
    assert prices(got) == approx(100.2, 98)
    assert costs(got) == (pytest.approx(2.0), 0)
    assert costs(got, 1) == (0, 0)


# --------------------------------------------------------------------- slippage by share of volume


def test_a_share_counts_all_that_we_took_from_the_bar() -> None:
    # 10 of 1,000: 100 · 0.01² = 0.01; the next ten are the twentieth: 100 · 0.02² = 0.04.
    bars = instrument("A", (*FLAT, 1_000), FLAT)
    got = run(bars, [market(0, "A", 10), market(0, "A", 10)], slippage=SHARE)
    assert prices(got) == approx(100.01, 100.04)


def test_a_share_counts_the_open_inside_the_bar() -> None:
    # Inside, the bar's own 2,000: the stop at 101 comes to 20 + 20 of them: 101 · 0.02² = 0.0404.
    bars = instrument("A", (*FLAT, 1_000), (100, 102, 100, 102, 2_000))
    got = run(bars, [market(0, "A", 20), stop(0, "A", 20, 101)], slippage=SHARE)
    assert prices(got) == approx(100.04, 101.0404)


@pytest.mark.parametrize(
    ("rule", "filled"), [(SHARE, 25), (Slippage(**SHARE, cap=False), 30)], ids=["cap", "no cap"]
)
def test_the_volume_limit_holds_the_price_and_caps_the_fill(rule: Slippage, filled: int) -> None:
    # 2.5 % of 1,000 are 25; 100 · 0.025² = 0.0625 for them and for any more.
    bars = instrument("A", (*FLAT, 1_000), FLAT)
    got = run(bars, [market(0, "A", 30)], slippage=rule)
    assert fills(got) == [(1, filled, pytest.approx(100.0625), "market_open")]


def test_the_lower_of_participation_and_volume_limit_caps() -> None:
    # 1 % of 1,000 are 10: 100 · 0.01².
    bars = instrument("A", (*FLAT, 1_000), FLAT)
    got = run(bars, [market(0, "A", 30)], slippage=SHARE, participation=0.01)
    assert fills(got) == [(1, 10, pytest.approx(100.01), "market_open")]


def test_of_an_unknown_volume_any_part_is_the_limit() -> None:
    got = run(instrument("A", FLAT, FLAT), [market(0, "A", 30)], slippage=SHARE)
    assert fills(got) == [(1, 30, pytest.approx(100.0625), "market_open")]


# ------------------------------------------------------------------------------------------- impact


def test_impact_is_the_root_of_the_part_of_adv() -> None:
    # 0.02 · √(100 / 10,000) = 0.002; a sell pays as much.
    got = run(instrument("A", FLAT, FLAT), [market(0, "A", 100)], impact=IMPACT)
    assert prices(got) == approx(100.2)
    assert costs(got) == (pytest.approx(0), pytest.approx(20))
    got = run(instrument("A", FLAT, FLAT), [market(0, "A", -100)], impact=IMPACT)
    assert prices(got) == approx(99.8)


@pytest.mark.parametrize("impact", [IMPACT, LASTING], ids=["temporary", "permanent"])
def test_slices_of_one_order_cost_together_what_the_whole_would(impact: Impact) -> None:
    # 400 in four slices of 100: 400 · 100 · 0.02 · √0.04 = 160. The first pays 0.002 · 100 · 100,
    # the first two together 200 · 100 · 0.02 · √0.02 = 56.57.
    bars = instrument("A", *[(*FLAT, 1_000)] * 5)
    got = run(bars, [market(0, "A", 400, "GTC")], impact=impact)
    paid = [float(fill.impact) for fill in got.fills]
    assert units(got) == [100] * 4
    assert paid[0] == pytest.approx(20)
    assert sum(paid[:2]) == pytest.approx(56.568542494924)
    assert sum(paid) == pytest.approx(160)


def test_two_orders_pay_less_than_one_of_their_size() -> None:
    # Without a permanent part each of them begins anew.
    got = run(instrument("A", FLAT, FLAT), [market(0, "A", 100)] * 2, impact=IMPACT)
    assert prices(got) == approx(100.2, 100.2)


def test_volatility_and_volume_are_those_known_when_the_session_begins() -> None:
    # Returns ln 1.1 and ln 0.9: their deviation is (0.0953102 + 0.1053605) / √2 = 0.1418956. The
    # mean volume of sessions 0 to 2 is 1,000: 10 of it pay 0.1418956 · √0.01 = 1.418956 %.
    days = [(*[p] * 4, v) for p, v in ((100, 500), (110, 1_500), (99, 1_000), (100, 7))]
    got = run(instrument("A", *days), [market(2, "A", 10)], impact=Impact(alpha=1.0))
    assert prices(got) == pytest.approx([101.418956], abs=1e-6)


def test_the_window_is_of_returns_and_of_sessions() -> None:
    # Two returns, ln 0.9 and ln(100/99): (0.1053605 + 0.0100503) / √2 = 0.0816078; of two sessions
    # the mean volume is 1,600: 16 pay a tenth of that.
    days = [(*[p] * 4, v) for p, v in ((100, 5), (110, 15), (99, 1_200), (100, 2_000), (100, 7))]
    got = run(instrument("A", *days), [market(3, "A", 16)], impact=Impact(alpha=1.0, window=2))
    assert prices(got) == pytest.approx([100.816078], abs=1e-6)


@pytest.mark.parametrize(
    ("volumes", "day", "impact"),
    [
        ((1_000, 1_000, 1_000), 1, Impact(alpha=1.0)),
        ((None, 1_000, 1_000), 1, Impact(alpha=1.0, sigma=0.02)),
    ],
    ids=["one return", "an unknown volume"],
)
def test_what_is_not_known_makes_no_impact(
    volumes: tuple[float | None, ...], day: int, impact: Impact
) -> None:
    bars = instrument("A", *[(*FLAT, v) for v in volumes])
    got = run(bars, [market(day, "A", 10)], impact=impact)
    assert prices(got) == [100]
    assert got.fills[0].flags == {"no_impact"}


def test_a_later_order_pays_the_price_that_was_moved() -> None:
    # 0.002 of the first order has halved after a day: the second pays 0.002 + 0.001.
    got = run(
        instrument("A", FLAT, FLAT, FLAT),
        [market(0, "A", 100), market(1, "A", 100)],
        impact=LASTING,
    )
    assert [fill.ts for fill in got.fills] == [OPENS[1], OPENS[2]]
    assert prices(got) == approx(100.2, 100.3)


def test_a_later_order_of_the_other_side_never_gains_from_it() -> None:
    # The sell pays its own 0.002. It leaves 0.001 − 0.002, halved a day later: the next sell pays
    # 0.002 + 0.0005, a buy at the same open finds −0.0005 − 0.002 and pays its own.
    actions = [market(0, "A", 100), market(1, "A", -100), market(2, "A", -100), market(2, "A", 100)]
    got = run(instrument("A", *[FLAT] * 4), actions, impact=LASTING)
    assert prices(got) == approx(100.2, 99.8, 99.75, 100.2)


def test_what_rests_pays_no_impact_and_moves_nothing() -> None:
    bars = instrument("A", FLAT, (100, 100, 98, 100), FLAT)
    got = run(bars, [limit(0, "A", 100, 99), market(1, "A", 100)], impact=LASTING)
    assert prices(got) == approx(99, 100.2)


def test_what_rested_counts_as_a_slice_that_has_filled() -> None:
    # 50 rest at 99: 10 % of 500. With a new limit the other 50 take at 100, after them:
    # (100 · 0.02 · √0.01 − 50 · 0.02 · √0.005) / 50 = (0.2 − 0.0707107) / 50.
    bars = instrument("A", FLAT, (100, 100, 98, 100, 500), FLAT)
    actions = [
        order(0, "A", 100, "limit", limit_price=99.0, tif="GTC", tag="a"),
        amend(1, "a", limit_price=101.0),
    ]
    got = run(bars, actions, impact=IMPACT)
    assert [fill.liquidity for fill in got.fills] == ["maker", "taker"]
    assert prices(got) == pytest.approx([99, 100.258578643763])


def test_a_reversal_pays_for_its_parts_as_for_slices_and_its_row_has_their_average() -> None:
    # 300 cost 300 · 100 · 0.02 · √0.03 = 103.923048: the row's price is 100 − 0.34641016.
    got = run(
        instrument("A", FLAT, FLAT, FLAT),
        [market(0, "A", 100), market(1, "A", -300)],
        impact=IMPACT,
    )
    assert units(got) == [100, -300]
    assert costs(got, 1)[1] == pytest.approx(103.923048454)
    assert prices(got)[1] == pytest.approx(99.653589838)
    assert float(got.equity[-1].cash) == pytest.approx(1_000_000 - 10_020 + 30_000 - 103.923048454)


# ------------------------------------------------------------------ guardrail, tick, limit together


@pytest.mark.parametrize(("ticks", "split"), [(4.0, (400, 100)), (6.0, (500, 0))])
def test_impact_takes_what_the_guardrail_leaves(ticks: float, split: tuple[float, float]) -> None:
    # At most 5 of 100. Slippage 4 leaves 1 of an impact of 2; slippage 6 is cut to 5.
    impact = Impact(alpha=1.0, sigma=0.2, adv=10_000.0)
    slippage = Slippage(kind="ticks", ticks=ticks)
    bars = instrument("A", FLAT, FLAT, tick=1.0)
    got = run(bars, [market(0, "A", 100)], slippage=slippage, impact=impact)
    assert prices(got) == approx(105)
    assert costs(got) == (pytest.approx(split[0]), pytest.approx(split[1]))
    assert got.fills[0].flags == {"clamped"}


def test_what_the_tick_adds_is_slippage() -> None:
    # 100.2 moves on to 100.5: 0.3 of that is slippage, 0.2 impact.
    got = run(instrument("A", FLAT, FLAT, tick=0.5), [market(0, "A", 100)], impact=IMPACT)
    assert prices(got) == [100.5]
    assert costs(got) == (pytest.approx(30), pytest.approx(20))


def test_a_limit_cuts_impact_first() -> None:
    # 100.1 after slippage, 100.3 after impact, at most 100.15: 0.1 and 0.05 are left.
    slippage = Slippage(kind="rate", rate=0.001)
    bars = instrument("A", FLAT, FLAT)
    got = run(bars, [limit(0, "A", 100, 100.15)], slippage=slippage, impact=IMPACT)
    assert prices(got) == approx(100.15)
    assert costs(got) == (pytest.approx(10), pytest.approx(5))


@pytest.mark.parametrize(("most", "split"), [(100.5, (30, 20)), (100.25, (20, 5))])
def test_a_limit_takes_back_what_the_tick_added(most: float, split: tuple[float, float]) -> None:
    # Slippage 0.2 and impact 0.2 come to 100.4, the tick makes 100.5 of it. A limit of 100.25
    # leaves nothing of what the tick added, and 0.05 of impact.
    slippage = Slippage(kind="rate", rate=0.002)
    bars = instrument("A", FLAT, FLAT, tick=0.25)
    got = run(bars, [limit(0, "A", 100, most)], slippage=slippage, impact=IMPACT)
    assert prices(got) == [most]
    assert costs(got) == (pytest.approx(split[0]), pytest.approx(split[1]))


# ------------------------------------------------------------------------------------------- sizing


def test_a_value_is_sized_at_the_price_of_the_whole_trade() -> None:
    # 0.002 · √n: 24 · 100 · 1.009798 = 2,423.5 and 25 · 101 = 2,525 against 2,500.
    impact = Impact(alpha=1.0, sigma=0.02, adv=100.0)
    got = run(instrument("A", FLAT, FLAT), [target(0, "A", money=2_500.0)], impact=impact)
    assert units(got) == [24]


def test_a_smaller_value_is_sized_at_the_price_of_what_is_sold() -> None:
    # Of 25 held: 16 · 100 · (1 − 0.002 · √9) = 1,590.4, but 17 · 99.43 = 1,690.4 is above 1,600.
    impact = Impact(alpha=1.0, sigma=0.02, adv=100.0)
    actions = [market(0, "A", 25), target(1, "A", money=1_600.0)]
    got = run(instrument("A", FLAT, FLAT, FLAT), actions, impact=impact)
    assert units(got) == [25, -9]


def test_money_is_checked_at_the_price_of_the_count_that_fills() -> None:
    # Cash of 2,500: 25 at 101 are 2,525, 24 at 100.9798 are 2,423.5.
    impact = Impact(alpha=1.0, sigma=0.02, adv=100.0)
    settings: dict[str, Any] = {"kind": "cash", "insufficient": "partial", "cash": 2_500.0}
    got = run(instrument("A", FLAT, FLAT), [market(0, "A", 25)], impact=impact, **settings)
    assert units(got) == [24]
    assert float(got.equity[-1].cash) == pytest.approx(2_500 - 2_400 * 1.0097979589711)


# --------------------------------------------------------------------------------------------- caps


@pytest.mark.parametrize(("cap_by", "filled"), [("bar", 100), ("previous_bar", 10)])
def test_the_cap_of_the_previous_bar_holds_at_the_close_too(cap_by: str, filled: int) -> None:
    # 10 % of 100 or of 1,000.
    bars = instrument("A", (*FLAT, 100), (*FLAT, 1_000))
    got = run(bars, [market(0, "A", 200)], cap_by=cap_by, timing="next_close")
    assert units(got) == [filled]


def test_the_cap_of_the_previous_bar_counts_what_the_open_filled() -> None:
    # 10 in the whole bar: 6 at the open, 4 by the stop.
    bars = instrument("A", (*FLAT, 100), (100, 102, 100, 102, 9_000))
    got = run(bars, [market(0, "A", 6), stop(0, "A", 50, 101)], cap_by="previous_bar")
    assert [(f.order, f.units) for f in got.fills] == [(1, 6), (2, 4)]


def test_adv_caps_the_session_as_a_whole() -> None:
    # Session 0 had 100 + 300: a tenth of 400 is 40 for all of session 1, and of 600 + 600 for 2.
    first = [(*FLAT, 100), (*FLAT, 300)]
    bars = minutes("A", first, [(*FLAT, 600)] * 2, [(*FLAT, 5)] * 2)
    actions = [order(minute(0, 2), "A", 30, tif="GTC"), order(minute(1, 1), "A", 120, tif="GTC")]
    got = run(bars, actions, cap_by="adv")
    assert [(f.order, f.units, f.ts) for f in got.fills] == [
        (1, 30, minute(1, 0)),
        (2, 10, minute(1, 1)),
        (2, 80, minute(2, 0)),
    ]


def test_the_open_may_have_a_part_of_its_own() -> None:
    # 5 % of 100 at the open; inside 10 % of the bar's own 100 less those 5.
    bars = instrument("A", (*FLAT, 100), (100, 102, 100, 102, 100))
    actions = [market(0, "A", 50), stop(0, "A", 50, 101)]
    got = run(bars, actions, participation_open=0.05)
    assert [(f.order, f.units) for f in got.fills] == [(1, 5), (2, 5)]


@pytest.mark.parametrize(("increment", "most", "filled"), [("1", 7.0, 7), ("0.5", 7.25, 14)])
def test_most_shares_of_a_bar(increment: str, most: float, filled: int) -> None:
    # Also where the volume is unknown; rounded down to increments. The next bar has its own.
    bars = instrument("A", FLAT, FLAT, FLAT, increment=increment)
    got = run(bars, [market(0, "A", 10, "GTC")], max_shares=most)
    assert [(f.units, f.ts) for f in got.fills] == [
        (filled, OPENS[1]),
        (int(10 / float(increment)) - filled, OPENS[2]),
    ]


def test_most_money_of_a_bar_is_counted_at_raw_prices() -> None:
    # 550 at an open of 100: 5. Of the 50 that are left the limit at 20 has room for 2.
    bars = instrument("A", FLAT, (100, 100, 15, 40))
    actions = [market(0, "A", 9), limit(0, "A", 9, 20)]
    got = run(bars, actions, max_notional=550.0, slippage=Slippage(kind="rate", rate=0.01))
    assert [(f.order, f.units) for f in got.fills] == [(1, 5), (2, 2)]


def test_most_money_counts_the_multiplier() -> None:
    got = run(
        instrument("A", FLAT, FLAT, multiplier=5.0), [market(0, "A", 9)], max_notional=1_999.0
    )
    assert units(got) == [3]


def test_the_lowest_cap_counts() -> None:
    # 10 % of 80 are 8, at most 7, and 650 are 6.
    bars = instrument("A", (*FLAT, 80), FLAT)
    got = run(bars, [market(0, "A", 9)], max_shares=7.0, max_notional=650.0)
    assert units(got) == [6]


# ----------------------------------------------------------------------------------- without volume

EMPTY = (120, 130, 110, 125, 0)


def test_last_price_stands_for_the_open_of_an_empty_bar() -> None:
    # The close of day 0, not 120; the limit at 115 lies in the bar and waits all the same.
    bars = instrument("A", FLAT, EMPTY, (125, 125, 125, 125))
    actions = [market(0, "A", 5), limit(0, "A", -2, 115, "GTC")]
    got = run(bars, actions, zero_volume="last_price")
    assert fills(got) == [(1, 5, 100, "market_open"), (2, -2, 125, "limit_open")]
    assert got.fills[0].flags == {"no_volume"}
    assert float(got.equity[1].equity) == 1_000_000 + 5 * 25


def test_last_price_in_data_of_closes() -> None:
    bars = instrument("A", FLAT, (120, 120, 120, 120, 0), FLAT, closes_only=True)
    got = run(bars, [market(0, "A", 5)], zero_volume="last_price")
    assert [(f.ts, float(f.price)) for f in got.fills] == [(T[1], 100)]
    assert float(got.equity[1].equity) == 1_000_000 + 5 * 20


@pytest.mark.parametrize(("minimum", "filled"), [(30.0, 3), (0.0, 50)])
def test_a_volume_stands_for_that_of_an_empty_bar(minimum: float, filled: int) -> None:
    # 10 % of 30, or no cap, and not 10 % of the 100 before.
    bars = instrument("A", (*FLAT, 100), EMPTY)
    settings: dict[str, Any] = {"zero_volume": "last_price", "minimum_volume": minimum}
    assert units(run(bars, [market(0, "A", 50)], **settings)) == [filled]


def test_minimum_liquidity_makes_an_empty_bar_one_with_trading() -> None:
    # It fills at its open and on its path: a tenth of 80 in all.
    bars = instrument("A", (*FLAT, 1_000), EMPTY)
    actions = [market(0, "A", 5), limit(0, "A", 50, 115)]
    got = run(bars, actions, zero_volume="minimum_liquidity", minimum_volume=80.0)
    assert fills(got) == [(1, 5, 120, "market_open"), (2, 3, 115, "limit")]
    assert got.fills[0].flags == frozenset()


def test_an_empty_bar_is_never_the_last_with_trading() -> None:
    # The open of day 2 goes by the 100 of day 0.
    bars = instrument("A", (*FLAT, 100), EMPTY, FLAT)
    got = run(bars, [market(1, "A", 50)], zero_volume="minimum_liquidity", minimum_volume=30.0)
    assert units(got) == [10]


def test_range_spread_pays_for_an_empty_bar() -> None:
    # At the open a quarter of the range before, 4; on the path a quarter of its own, 20.
    bars = instrument("A", (100, 102, 98, 100), EMPTY)
    settings: dict[str, Any] = {"zero_volume": "range_spread", "range_spread_fraction": 0.5}
    actions = [market(0, "A", 5), stop(0, "A", 5, 128), limit(0, "A", 5, 112)]
    got = run(bars, actions, **settings)
    # the limit rests and pays nothing
    assert sorted(fills(got)) == [
        (1, 5, 121, "market_open"),
        (2, 5, 133, "stop"),
        (3, 5, 112, "limit"),
    ]
    assert all(fill.flags == {"no_volume"} for fill in got.fills)


def test_range_spread_comes_besides_the_slippage() -> None:
    # 120 + 1.2 + 1.
    bars = instrument("A", (100, 102, 98, 100), EMPTY)
    slippage = Slippage(kind="rate", rate=0.01)
    got = run(bars, [market(0, "A", 5)], zero_volume="range_spread", slippage=slippage)
    assert prices(got) == approx(122.2)


@pytest.mark.parametrize(
    ("policy", "times"),
    [
        ("reject", (1, 2)),
        ("last_price", (1, 2)),
        ("minimum_liquidity", (0, 3)),
        ("range_spread", (0, 3)),
    ],
)
def test_auctions_of_a_session_that_begins_and_ends_without_volume(
    policy: str, times: tuple[int, int]
) -> None:
    # The first and last of three minutes are empty: opening and closing minute by their ends.
    empty = (*FLAT, 0)
    bars = minutes("A", [FLAT], [empty, FLAT, empty])
    orders = [spec("A", 1, "market_on_open"), spec("A", 1, "market_on_close")]
    settings: dict[str, Any] = {"zero_volume": policy, "close_cutoff_ns": 0}
    got = run(bars, [submit(minute(0, 1), *orders)], minimum_volume=1_000.0, **settings)
    assert [(f.order, f.ts) for f in got.fills] == [
        (1, minute(1, times[0])),
        (2, minute(1, times[1])),
    ]


@pytest.mark.parametrize(
    ("policy", "end"), [("reject", ("FILLED", "")), ("last_price", ("EXPIRED", "day_end"))]
)
def test_the_day_of_an_order_may_be_that_of_an_empty_bar(policy: str, end: tuple[str, str]) -> None:
    # Day 2 comes down to 50. If day 1 has a print, that was its day; else day 2 is.
    bars = instrument("A", FLAT, EMPTY, (60, 60, 45, 50))
    got = run(bars, [limit(0, "A", 5, 50)], zero_volume=policy)
    assert ends(got) == [end]


def test_water_marks_pass_over_a_print_at_the_last_price() -> None:
    # Sent at 100, trail 3. Under `minimum_liquidity` the open of 120 makes the level 117, which the
    # low meets. Under `last_price` day 1 prints 100 and day 2 prints 125, which moves no mark; the
    # open of 102 does: 99.
    bars = instrument("A", FLAT, EMPTY, (*[125] * 4, 0), (102, 102, 98, 100))
    action = order(0, "A", -5, "trailing_stop", trail_amount=3.0, tif="GTC")
    got = run(bars, [action], zero_volume="minimum_liquidity", minimum_volume=1_000.0)
    assert fills(got) == [(1, -5, 117, "stop")]
    got = run(bars, [action], zero_volume="last_price")
    assert fills(got) == [(1, -5, 99, "stop")]
