"""Goal: a cash account spends settled money, and money spent too early is told.

Method: scripted trades on the days of a calendar without holidays, with settlements counted in
sessions; every figure is a sum by hand.
"""

from __future__ import annotations

from typing import Any

import pytest

import quant as qt
from helpers.worlds import Deed, Played, market, play
from quant.engine.run import Run
from quant.errors import ConfigError


def _flat(*prices: float) -> list[tuple[float, ...]]:
    return [(price,) * 4 for price in prices]


def _played(deeds: dict[int, Deed], *, days: int = 8, **account: Any) -> Played:
    prices = _flat(*[10.0] * days)
    return play(
        deeds,
        market(A=prices, B=prices),
        {"cash": 1000.0, "account": {"kind": "cash", "settlement": 2} | account},
    )


def test_money_of_a_sale_waits_for_its_day() -> None:
    seen = []

    def note(ctx: qt.Context) -> None:
        p = ctx.portfolio
        seen.append((p.cash, p.settled_cash, p.buying_power))

    played = _played(
        {
            0: lambda ctx: ctx.order("A", 100),
            # filled on day 1, sold on day 2, settled with the begin of day 4
            1: lambda ctx: ctx.order("A", -100),
            2: lambda ctx: (note(ctx), ctx.order("B", 50)),
            3: lambda ctx: (note(ctx), ctx.order("B", 50)),
            4: note,
        }
    )
    assert seen[0] == (1000.0, 0.0, 0.0)
    # what is sent on day 2 would meet a print of day 3; what is sent on day 3 one of day 4
    assert played.fates[2:] == [("REJECTED", "insufficient_funds"), ("FILLED", "")]
    assert seen[1] == (1000.0, 0.0, 0.0)
    assert seen[2] == (500.0, 500.0, 500.0)


def test_what_leaves_for_a_later_print_counts_what_settles_before_it() -> None:
    # Sold on day 2, settled with the begin of day 4. What is sent on day 2 for B, which has no bar
    # on day 3, meets B's print of day 4; for C, which has one, it comes a day too early.
    there: list[tuple[float, ...] | None] = [(10.0,) * 4 for _ in range(8)]
    played = play(
        {
            0: lambda ctx: ctx.order("A", 100),
            1: lambda ctx: ctx.order("A", -100),
            2: lambda ctx: [ctx.order(symbol, 40, tif="GTC") for symbol in "BC"],
        },
        market(A=there, B=[*there[:3], None, *there[4:]], C=there),
        {"cash": 1000.0, "account": {"kind": "cash", "settlement": 2}},
    )
    assert played.fates[2:] == [("FILLED", ""), ("REJECTED", "insufficient_funds")]
    assert played.position("B") == 40.0


def test_a_weight_is_cut_to_what_has_settled() -> None:
    played = _played(
        {
            0: lambda ctx: ctx.order("A", 100),
            1: lambda ctx: ctx.order("A", -60),
            2: lambda ctx: ctx.order_target("B", weight=0.6),
            3: lambda ctx: ctx.order_target("B", weight=0.6),
        },
    )
    # day 3: nothing has settled; day 4: 600 have
    assert played.fates[2] == ("REJECTED", "insufficient_funds")
    assert played.position("B") == 60.0


def test_the_commission_of_a_sale_comes_out_of_its_money() -> None:
    played = play(
        {0: lambda ctx: ctx.order("A", 10), 1: lambda ctx: ctx.order("A", -10)},
        market(A=_flat(10.0, 10.0, 10.0)),
        {
            "cash": 1000.0,
            "account": {"kind": "cash", "settlement": 2},
            "commission": {"kind": "per_order", "per_order": 1.0},
        },
    )
    portfolio = played.simulation.ctx.portfolio
    assert portfolio.cash == 998.0
    # 100 less 1 is under way
    assert portfolio.settled_cash == 899.0


def _violations(played: Played) -> list[tuple[int, str, float]]:
    run = Run(played.simulation)
    assert [line["event"] for line in run.log if line["event"].endswith("violation")] == [
        f"{kind}_violation" for kind in run.violations["kind"].to_list()
    ]
    table = run.violations
    return list(zip(table["fill_id"], table["kind"], table["amount"], strict=True))


def test_what_unsettled_money_bought_may_not_be_sold_before_it_settles() -> None:
    # A bought on day 1, sold on day 2 (settles with day 3); B bought on day 2's money on day 2 or 3
    deeds: dict[int, Deed] = {
        0: lambda ctx: ctx.order("A", 100),
        1: lambda ctx: ctx.order("A", -100),
        2: lambda ctx: ctx.order("B", 80),
    }
    early = _played(deeds | {3: lambda ctx: ctx.order("B", -80)}, settlement=3, unsettled="spend")
    # bought on day 3, sold on day 4, settled with day 5
    assert _violations(early) == [(4, "good_faith", 800.0)]
    late = _played(deeds | {4: lambda ctx: ctx.order("B", -80)}, settlement=3, unsettled="spend")
    assert _violations(late) == []
    half = _played(deeds | {3: lambda ctx: ctx.order("B", -40)}, settlement=3, unsettled="spend")
    assert _violations(half) == [(4, "good_faith", 400.0)]


def test_settled_money_pays_first() -> None:
    played = _played(
        {
            0: lambda ctx: ctx.order("A", 50),
            1: lambda ctx: ctx.order("A", -50),
            # 500 settled, 500 under way: 700 take 200 of it
            2: lambda ctx: ctx.order("B", 70),
            3: lambda ctx: ctx.order("B", -70),
        },
        settlement=3,
        unsettled="spend",
    )
    assert _violations(played) == [(4, "good_faith", 200.0)]


def test_what_was_never_paid_is_free_riding() -> None:
    deeds: dict[int, Deed] = {
        0: lambda ctx: ctx.order("A", 120),
        1: lambda ctx: ctx.order("A", -120),
    }
    assert _violations(_played(deeds, credit=200.0)) == [(2, "free_riding", 200.0)]
    # settled money of another sale has paid for it by then
    paid = _played(
        {
            0: lambda ctx: ctx.order("B", 50),
            1: lambda ctx: ctx.order("B", -50),
            2: lambda ctx: ctx.order("A", 60),
            4: lambda ctx: ctx.order("A", -60),
        },
        credit=200.0,
    )
    assert _violations(paid) == []


def test_the_report_says_it() -> None:
    played = _played(
        {0: lambda ctx: ctx.order("A", 120), 1: lambda ctx: ctx.order("A", -120)}, credit=200.0
    )
    texts = [one.text for one in Run(played.simulation).sheet().assumptions]
    assert any("1 free-riding violation:" in text for text in texts)
    assert any("Sales settle 2 sessions later; their money waits" in text for text in texts)


@pytest.mark.parametrize(
    ("account", "text"),
    [
        ({"settlement": "eu"}, "settlement: expected immediate, us or a number of sessions"),
        ({"settlement": -1}, "settlement: expected at least 0"),
        ({"unsettled": "spend"}, "unsettled and settlement: expected a settlement that takes days"),
        ({"credit": -1}, "credit: expected at least 0"),
    ],
)
def test_contradictions_are_refused(account: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        qt.config_from({"account": {"kind": "cash"} | account})
