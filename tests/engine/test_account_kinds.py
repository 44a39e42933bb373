"""Goal: each account kind allows what its rule says, to the unit.

Method: scripted orders in small worlds; what passes and what is refused is worked out by hand.
"""

from __future__ import annotations

from typing import Any

import pytest

import quant as qt
from helpers.worlds import market, play
from quant.errors import ConfigError

FLAT = [(100.0,) * 4] * 3
REFUSED = ("REJECTED", "insufficient_funds")
FILLED = ("FILLED", "")
MARGIN = {"kind": "margin"}


def test_net_leverage_counts_the_difference_and_the_sum() -> None:
    bars = market(A=FLAT, B=FLAT)
    pair = {0: lambda ctx: (ctx.order("A", 200), ctx.order("B", -150))}

    def fates(**account: Any) -> list[tuple[str, str]]:
        config = {"cash": 10_000.0, "account": {"kind": "net_leverage"} | account}
        return play(pair, bars, config).fates

    # one after the other: 20,000 long alone are more than 10,000
    assert fates() == [REFUSED, REFUSED]
    # 20,000 long with k = 2, then 15,000 short: |5,000|
    assert fates(k=2) == [FILLED, FILLED]
    # their sum is 35,000
    assert fates(k=2, gross=3) == [FILLED, REFUSED]


@pytest.mark.parametrize(
    ("atomic", "batch"), [(True, "exits_first"), (False, "simultaneous"), (True, "simultaneous")]
)
def test_a_pair_passes_net_leverage_in_one_look(*, atomic: bool, batch: str) -> None:
    # 20,000 long alone are more than 10,000; with 15,000 short they are |5,000|
    legs = [qt.Order(symbol="A", qty=200), qt.Order(symbol="B", qty=-150)]

    def fates(**account: Any) -> list[tuple[str, str]]:
        return play(
            {0: lambda ctx: ctx.submit(legs, atomic=atomic)},
            market(A=FLAT, B=FLAT),
            {
                "cash": 10_000.0,
                "account": {"kind": "net_leverage"} | account,
                "execution": {"batch": batch},
            },
        ).fates

    assert fates() == [FILLED, FILLED]
    assert fates(gross=3) == [REFUSED, REFUSED]


@pytest.mark.parametrize(
    "account",
    [
        {"kind": "cash"},
        {"kind": "gross_leverage"},
        {"kind": "margin"},
        {"kind": "net_leverage", "k": 2},
        {"kind": "unlimited"},
    ],
)
@pytest.mark.parametrize("insufficient", ["reject", "scale"])
@pytest.mark.parametrize("atomic", [False, True])
def test_every_kind_keeps_to_the_leverage_the_strategy_allows_itself(
    account: dict[str, Any], insufficient: str, *, atomic: bool
) -> None:
    """90 at 100 with 10,000 are 0.9 of it; allowed is half. 50 are allowed, and a weight of one."""
    config = {
        "cash": 10_000.0,
        "account": account,
        "risk": {"max_leverage": 0.5},
        "execution": {"insufficient": insufficient},
    }
    is_cut = insufficient == "scale" and not atomic
    legs = [qt.Order(symbol="A", qty=80), qt.Order(symbol="B", qty=10)]
    played = play(
        {0: lambda ctx: ctx.submit(legs if atomic else legs[:1], atomic=atomic)},
        market(A=FLAT, B=FLAT),
        config,
    )
    assert played.fates[0] == ("CANCELED" if is_cut else "REJECTED", "risk_max_leverage")
    assert played.position("A") == (50.0 if is_cut else 0.0)
    order = played.order(1)
    value, limit = (order["needed"], order["available"])
    # of legs together, unless the first is already too much by itself as it leaves
    as_it_leaves = account["kind"] == "gross_leverage" and insufficient == "reject"
    together = atomic and not as_it_leaves
    assert (value, limit) == (pytest.approx(0.9 if together else 0.8), 0.5)
    by_weight = play({0: lambda ctx: ctx.order_target("A", weight=1.0)}, market(A=FLAT), config)
    assert by_weight.position("A") == 50.0


@pytest.mark.parametrize("kind", ["cash", "gross_leverage", "margin"])
def test_legs_that_make_up_for_each_other_pay_their_costs(kind: str) -> None:
    """200 bought at 105 and sold at 95 cost 2,000 on 1,000: refused, though nothing stays open."""
    legs = [qt.Order(symbol="A", qty=200), qt.Order(symbol="A", qty=-200)]
    played = play(
        {0: lambda ctx: ctx.submit(legs, atomic=True)},
        market(A=FLAT),
        {"cash": 1_000.0, "account": {"kind": kind}, "slippage": {"kind": "rate", "rate": 0.05}},
    )
    assert played.fates == [REFUSED, REFUSED]
    assert played.final_equity == 1_000.0


@pytest.mark.parametrize("execution", [{"batch": "simultaneous"}, {"insufficient": "scale"}])
def test_what_was_to_close_a_refused_part_is_refused_with_it(execution: dict[str, str]) -> None:
    """A sale of what another order was to buy has nothing to sell where that is refused: 200 bought
    at 105 and sold at 95 cost 2,000 on 1,000."""
    played = play(
        {0: lambda ctx: (ctx.order("A", 200), ctx.order("A", -200, tif="GTC"))},
        market(A=FLAT),
        {
            "cash": 1_000.0,
            "execution": execution,
            "slippage": {"kind": "rate", "rate": 0.05},
        },
    )
    assert {reason for _, reason in played.fates} == {"insufficient_funds"}
    assert played.position("A") == 0.0


@pytest.mark.parametrize(("qty", "fate"), [(200, FILLED), (201, REFUSED), (-200, FILLED)])
def test_margin_opens_twice_its_equity(qty: int, fate: tuple[str, str]) -> None:
    played = play(
        {0: lambda ctx: ctx.order("A", qty)},
        market(A=FLAT),
        {"cash": 10_000.0, "account": {"kind": "margin"}},
    )
    assert played.fates == [fate]


def test_margin_is_used_up_by_what_is_held() -> None:
    played = play(
        {0: lambda ctx: ctx.order("A", 100), 1: lambda ctx: ctx.order("B", 101)},
        market(A=FLAT, B=FLAT),
        {"cash": 10_000.0, "account": {"kind": "margin"}},
    )
    # 10,000 at 50 % leave 5,000 of equity for 10,000 more
    assert played.fates == [FILLED, REFUSED]
    order = played.order(2)
    assert (order["needed"], order["available"]) == (5_050.0, 5_000.0)
    assert played.simulation.ctx.portfolio.buying_power == 10_000.0


def test_an_instrument_may_have_rates_of_its_own() -> None:
    config = {
        "cash": 10_000.0,
        "account": {"kind": "margin"},
        "instruments": {"A": {"initial": 1.0, "maintenance": 0.8}},
    }
    bars = market(A=FLAT)
    assert play({0: lambda ctx: ctx.order("A", 101)}, bars, config).fates == [REFUSED]
    held = play({0: lambda ctx: ctx.order("A", 100)}, bars, config)
    assert held.simulation.ctx.portfolio.maintenance_margin == 8_000.0


def test_a_weight_of_two_fills_in_a_margin_account() -> None:
    played = play(
        {0: lambda ctx: ctx.order_target("A", weight=2.0)},
        market(A=FLAT),
        {
            "cash": 10_000.0,
            "account": {"kind": "margin"},
            "commission": {"kind": "rate", "rate": 0.001},
        },
    )
    # 199 cost 19,900 + 19.90: equity 9,980.10, half of 19,900 is 9,950; 200 would need 10,000
    assert played.position("A") == 199.0


@pytest.mark.parametrize("insufficient", ["partial", "scale"])
def test_what_margin_reaches_for_is_filled(insufficient: str) -> None:
    played = play(
        {0: lambda ctx: (ctx.order("A", 150), ctx.order("B", 150))},
        market(A=FLAT, B=FLAT),
        {
            "cash": 10_000.0,
            "account": {"kind": "margin"},
            "execution": {"insufficient": insufficient},
        },
    )
    both = (played.position("A"), played.position("B"))
    assert both == ((150.0, 50.0) if insufficient == "partial" else (100.0, 100.0))


def test_a_group_is_margined_together() -> None:
    legs = [qt.Order(symbol="A", qty=150), qt.Order(symbol="B", qty=-150)]
    played = play(
        {0: lambda ctx: ctx.submit(legs, atomic=True)},
        market(A=FLAT, B=FLAT),
        {"cash": 10_000.0, "account": {"kind": "margin"}},
    )
    assert played.fates == [("CANCELED", "atomic"), REFUSED]


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"account": {"kind": "net_leverage", "k": 2, "gross": 1}}, "gross and k"),
        ({"account": {"kind": "gross_leverage", "k": 4, "maintenance": 0.3}}, "maintenance and k"),
        ({"account": {"kind": "margin", "maintenance": 0.6}}, "maintenance and initial"),
        ({"account": {"kind": "margin", "initial": 0}}, "initial: expected a number above 0"),
        ({"account": {"kind": "margin", "short_proceeds": "mine"}}, "short_proceeds: expected"),
        (
            {"account": {"kind": "cash"}, "instruments": {"A": {"valuation": "margined"}}},
            "account and instruments.A.valuation",
        ),
        ({"instruments": {"A": {"initial": 0.5}}}, "instruments.A.initial and account"),
        (
            {"instruments": {"A": {"initial_money": 1.0, "maintenance_money": 2.0}}},
            "maintenance_money and initial_money",
        ),
        ({"borrow": {"recall": "buy_in"}}, "recall and availability"),
        ({"interest": {"basis": 364}}, "basis: expected 360 or 365"),
        ({"interest": {"debit": [[10, 0.1]]}}, "ascending balances from 0"),
        ({"margin_call": {"action": "sell"}}, "action: expected one of liquidate, stop, warn"),
        (
            {"account": MARGIN, "instruments": {"A": {"initial": 0.3, "maintenance": 0.4}}},
            "instruments.A.initial and instruments.A.maintenance: .* found 0.3 and 0.4; raise",
        ),
        (
            {"account": MARGIN, "instruments": {"A": {"short_initial": 0.2}}},
            "instruments.A.short_initial and account.short_maintenance: .* found 0.2 and 0.3",
        ),
        (
            {"account": MARGIN, "instruments": {"A": {"initial": 0.5, "leverage_factor": 3}}},
            "instruments.A.initial and account.maintenance times instruments.A.leverage_factor: "
            ".* found 0.5 and 0.75",
        ),
        (
            {"instruments": {"A": {"leverage_factor": 3}}},
            "instruments.A.leverage_factor and account: expected account kind margin",
        ),
        (
            {
                "account": {"kind": "gross_leverage", "short_proceeds": "free"},
                "interest": {"rebate": 0.01},
            },
            "interest.rebate and account.short_proceeds: .* found 0.01 and free; set",
        ),
        (
            {"account": {"kind": "cash"}, "interest": {"rebate": 0.01}},
            "interest.rebate and account.short_proceeds: .* found 0.01 and account kind cash",
        ),
        ({"account": {"kind": "cash"}, "borrow": {"rate": 0.01}}, "borrow.rate and account"),
        (
            {"account": {"kind": "cash"}, "borrow": {"availability": "column"}},
            "borrow.availability and account: expected an account that sells short, found kind",
        ),
        (
            {"account": {"kind": "cash"}, "instruments": {"A": {"borrow_rate": 0.1}}},
            "instruments.A.borrow_rate and account",
        ),
        (
            {"margin_call": {"action": "stop"}},
            "margin_call.action and account: .* found gross_leverage without maintenance; set "
            "account.maintenance, or drop action",
        ),
        (
            {"account": {"kind": "net_leverage"}, "margin_call": {"order": "in_order"}},
            "margin_call.order and account",
        ),
        (
            {"account": {"kind": "cash"}, "margin_call": {"size": "all"}},
            "margin_call.size and account: .* found cash; use account kind margin, or drop size",
        ),
        (
            {"account": {"kind": "unlimited"}, "margin_call": {"at": "inside_bar"}},
            "margin_call.at and account",
        ),
    ],
)
def test_contradictions_are_refused(config: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        qt.config_from(config)


@pytest.mark.parametrize(
    "config",
    [
        {"account": MARGIN, "instruments": {"A": {"initial": 0.75, "leverage_factor": 3}}},
        {"account": MARGIN, "instruments": {"A": {"maintenance": 0.8}}},
        {"account": MARGIN, "instruments": {"A": {"initial_money": 10.0, "initial": 0.1}}},
        {"account": MARGIN, "margin_call": {"action": "stop", "at": "inside_bar"}},
        {
            "account": {"kind": "gross_leverage", "k": 2, "maintenance": 0.25},
            "margin_call": {"size": "all"},
        },
        *({"account": {"kind": kind}, "margin_call": {"bankruptcy": "warn"}}
          for kind in ("gross_leverage", "net_leverage", "cash", "margin", "unlimited")),
    ],
)  # fmt: skip
def test_what_lies_beside_a_contradiction_passes(config: dict[str, Any]) -> None:
    qt.config_from(config)
