"""Goal: what an order does to prices is the same however it is cut, and is counted before it fills.

Method: flat prices, so that every figure is the square-root law by hand.
"""

from __future__ import annotations

from typing import Any

import pytest

import quant as qt
from helpers.worlds import Played, market, play
from quant.engine.run import Run

FLAT = [(100.0,) * 4 + (400.0,)] * 24
LAW: dict[str, Any] = {"kind": "square_root", "sigma": 0.02, "adv": 400.0, "permanent": 1.0}
DAY = 86_400 * 10**9


@pytest.mark.parametrize("cap", [16, 8, 4, 2, 1])
def test_what_stays_of_an_order_does_not_depend_on_its_slices(cap: int) -> None:
    """16 of 400 a day leave 2 % · 0.2 = 0.4 %; 4 more pay that besides their own 0.2 %."""
    played = play(
        {
            0: lambda ctx: ctx.order("A", -16, tif="GTC"),
            18: lambda ctx: ctx.order("A", -min(cap, 4), tif="GTC"),
        },
        market(A=FLAT),
        {
            "cash": 1e6,
            "impact": {**LAW, "half_life_ns": 10**18},
            "execution": {"max_shares": cap, "participation": None},
        },
    )
    own = 0.02 * (min(cap, 4) / 400.0) ** 0.5
    first, last = played.trades[:-1], played.trades[-1]
    assert sum(qty for _, qty, _ in first) == -16.0
    assert sum(qty * (price - 100.0) for _, qty, price in first) == pytest.approx(6.4)
    # a thousandth has decayed in 18 days of a half-life of 31 years
    assert last[2] == pytest.approx(100.0 * (1.0 - own - 0.004), abs=1e-3)


ATOMIC = [qt.Order(symbol="A", qty=4), qt.Order(symbol="A", qty=4)]


@pytest.mark.parametrize(
    ("costs", "cash"),
    [
        # 4 at 102, then 4 at 104
        ({"impact": {**LAW, "sigma": 0.2, "half_life_ns": DAY}}, 820.0),
        # 4 of 400 are 1 %, 8 are 2 %: 100 · 100 · 0.01² = 1 and 4
        ({"slippage": {"kind": "volume_share", "price_impact": 100.0, "volume_limit": 1.0}}, 818.0),
    ],
)
@pytest.mark.parametrize("how", ["atomic", "simultaneous", "scale"])
def test_orders_together_pay_for_what_those_before_them_did(
    how: str, costs: dict[str, Any], cash: float
) -> None:
    execution: dict[str, Any] = {"participation": None}
    if how != "atomic":
        execution |= {"batch": "simultaneous"} if how == "simultaneous" else {"insufficient": how}
    settings = {"cash": cash, "account": {"kind": "cash"}, "execution": execution, **costs}
    played = play(
        {0: lambda ctx: ctx.submit(ATOMIC, atomic=how == "atomic")}, market(A=FLAT[:4]), settings
    )
    assert played.cash >= 0.0
    assert played.position("A") == (6.0 if how == "scale" else 0.0)
    # with a little more both fill
    more = play(
        {0: lambda ctx: ctx.submit(ATOMIC, atomic=how == "atomic")},
        market(A=FLAT[:4]),
        settings | {"cash": cash + 5.0},
    )
    assert more.position("A") == 8.0


def _two_weights(account: dict[str, Any], **execution: str) -> Played:
    return play(
        {0: lambda ctx: (ctx.order("A", 5), ctx.order("B", 5))},
        market(A=FLAT[:4], B=FLAT[:4]),
        {
            "cash": 1_000.0,
            "account": account,
            "risk": {"max_leverage": 0.9},
            "execution": {"participation": None, **execution},
        },
    )


@pytest.mark.parametrize("kind", ["cash", "gross_leverage", "margin", "net_leverage", "unlimited"])
def test_a_refusal_together_has_the_figures_of_all(kind: str) -> None:
    """500 and 500 on 1,000 are 1 where 0.9 is allowed."""
    played = _two_weights({"kind": kind}, batch="simultaneous")
    if kind != "gross_leverage":  # which looks as they leave, one after the other
        assert set(played.fates) == {("REJECTED", "risk_max_leverage")}
        for order in (1, 2):
            found = played.order(order)
            assert (found["needed"], found["available"]) == (pytest.approx(1.0), 0.9)
    scaled = _two_weights({"kind": kind}, insufficient="scale")
    assert (scaled.position("A"), scaled.position("B")) == (4.0, 4.0)


def test_a_sale_in_two_parts_makes_no_short_of_what_was_bought_between() -> None:
    """Held 5; sold 10 and bought 5 at one print: 5 close, 5 open, 5 close."""
    played = play(
        {0: lambda ctx: ctx.order("A", 5), 1: lambda ctx: (ctx.order("A", 5), ctx.order("A", -10))},
        market(A=FLAT[:5]),
        {"cash": 1_500.0, "account": {"kind": "cash"}, "execution": {"participation": None}},
    )
    run = Run(played.simulation)
    assert run.trades.select("side", "qty").rows() == [("LONG", 5.0), ("LONG", 5.0)]
    assert run.fills.select("side", "qty").rows() == [
        ("BUY", 5.0), ("SELL", 5.0), ("BUY", 5.0), ("SELL", 5.0)
    ]  # fmt: skip


def test_impact_is_a_cost() -> None:
    """40 of 400 a day pay 2 % · √0.1 of 4,000, twice: 50.596, and 2 of commission."""
    played = play(
        {0: lambda ctx: ctx.order("A", 40), 1: lambda ctx: ctx.order("A", -40)},
        market(A=FLAT[:5]),
        {
            "cash": 10_000.0,
            "commission": {"kind": "per_order", "per_order": 1.0},
            "execution": {"participation": None},
            "impact": {**LAW, "permanent": 0.0},
        },
    )
    metrics = Run(played.simulation).metrics
    assert metrics["total_slippage"] == pytest.approx(50.596, abs=5e-4)
    assert metrics["total_costs"] == pytest.approx(52.596, abs=5e-4)
    assert metrics["net_profit"] == pytest.approx(-52.596, abs=5e-4)
    assert metrics["break_even_cost_bps"] == pytest.approx(0.0, abs=1e-9)
