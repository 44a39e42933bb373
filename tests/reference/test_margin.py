"""Goal: margin of stock positions is what exchanges, brokers and textbooks print.

Method: the stock rows of the shared margin cases are run by id through the event front; the account
shows what it requires. Rows of options wait for options.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.worlds import SHARED, Played, market, play

FILE = SHARED / "reference" / "margin.json"
if not FILE.exists():
    pytest.skip("the shared cases (../shared/reference/margin.json) are not here",
                allow_module_level=True)  # fmt: skip

CASES = {case["id"]: case for case in json.loads(FILE.read_text())["cases"]}
REG_T = {"kind": "margin"}


def _case(case_id: str) -> tuple[Any, Any]:
    return CASES[case_id]["inputs"], CASES[case_id]["expected"]


def _flat(price: float) -> tuple[float, ...]:
    return (price,) * 4


def _held(qty: int, price: float, cash: float, **config: Any) -> Played:
    """An account that holds ``qty`` at ``price``."""
    return play(
        {0: lambda ctx: ctx.order("A", qty)},
        market(A=[_flat(price)] * 3),
        {"cash": cash, "account": REG_T} | config,
    )


def test_short_stock_maintenance_tiers() -> None:
    given, expected = _case("short_stock_maintenance_tiers")
    for (qty, price), required in zip(given["rows"], expected["rows"], strict=True):
        played = _held(-qty, price, 10_000_000.0)
        assert played.simulation.ctx.portfolio.maintenance_margin == required


def test_reg_t_initial_minimum() -> None:
    given, expected = _case("reg_t_initial_minimum")
    for (qty, price), deposit in zip(given["rows"], expected["deposit"], strict=True):
        assert _held(qty, price, deposit).position("A") == qty
        short_by_a_cent = _held(qty, price, deposit - 0.01)
        assert short_by_a_cent.fates == [("REJECTED", "insufficient_funds")]


def test_restricted_account_sequence() -> None:
    given, expected = _case("restricted_account_sequence")
    lmv, debit = given["start"]["lmv"], given["start"]["debit"]
    steps: list[dict[str, float]] = []

    def note(ctx: Any) -> None:
        p = ctx.portfolio
        steps.append(
            {
                "lmv": p.positions_value,
                "debit": -p.cash,
                "equity": p.equity,
                "excess": p.equity - p.initial_margin,
            }
        )

    # the position: bought at 80 with equity 4,000, now worth 7,000; securities of 1,000 come in as
    # a rise of the price, which changes the same figures
    prices = [80.0, 80.0, lmv / 100, (lmv + 1000) / 100, lmv / 100, lmv / 100, lmv / 100]
    play(
        {
            0: lambda ctx: ctx.order("A", 100),
            2: note,
            3: note,
            4: lambda ctx: (note(ctx), ctx.order("A", -2000 * 100 / lmv)),
            5: note,
        },
        market(A=[_flat(price) for price in prices]),
        {
            "cash": 80.0 * 100 - debit,
            "account": REG_T,
            "instruments": {"default": {"increment": "0.00000001"}},
        },
    )
    for step, name in zip(steps, ("start", "after_deposit", "after_fall"), strict=False):
        for figure in ("equity", "excess"):
            assert step[figure] == pytest.approx(expected[name][figure]), (name, figure)
    after = expected["after_sale"]
    assert steps[3]["lmv"] == pytest.approx(after["lmv"], abs=1e-4)
    assert steps[3]["debit"] == pytest.approx(after["debit"], abs=1e-4)
    assert steps[3]["excess"] == pytest.approx(after["excess"], abs=1e-4)


def test_maintenance_call_price_short() -> None:
    given, expected = _case("maintenance_call_price_short")
    shares = 100
    start = given["smv"] / shares
    trigger = expected["trigger_smv"] / shares

    def called_at(price: float) -> bool:
        played = play(
            {0: lambda ctx: ctx.order("A", -shares)},
            market(A=[_flat(start), _flat(start), _flat(price)]),
            {"cash": given["credit"] - given["smv"], "account": REG_T},
        )
        return played.simulation.ctx.portfolio.status == "in_call"

    assert not called_at(trigger - 0.01)
    assert called_at(trigger + 0.01)
    assert trigger / start - 1.0 == pytest.approx(expected["price_rise_pct"], abs=1e-6)


def test_maintenance_call_inside_a_bar_is_met_at_its_price() -> None:
    given, expected = _case("maintenance_call_price_short")
    shares = 100
    start = given["smv"] / shares
    played = play(
        {0: lambda ctx: ctx.order("A", -shares)},
        market(A=[_flat(start), _flat(start), (start, 2 * start, start, start)]),
        {
            "cash": given["credit"] - given["smv"],
            "account": REG_T,
            "margin_call": {"at": "inside_bar"},
        },
    )
    assert played.trades[1][2] * shares == pytest.approx(expected["trigger_smv"], abs=0.005)


def test_broker_reg_t_two_days() -> None:
    """The broker's house margin is 25 % to open and to keep; Regulation T is looked at besides."""
    given, expected = _case("broker_reg_t_two_days")
    deposit = given["events"][0]["deposit"]
    buy = given["events"][1]["buy"]
    house = {"kind": "margin", "initial": 0.25, "maintenance": 0.25}
    played = _held(buy["shares"], buy["price"], deposit, account=house)
    portfolio = played.simulation.ctx.portfolio
    day2 = expected["day2"]
    assert portfolio.cash == day2["cash"]
    assert portfolio.positions_value == day2["smv"]
    assert portfolio.equity == day2["elv"]
    assert portfolio.initial_margin == day2["initial_margin_house"]
    assert portfolio.maintenance_margin == day2["maintenance"]
    assert portfolio.equity - portfolio.initial_margin == day2["available_funds"]
    assert portfolio.excess_liquidity == day2["excess_liquidity"]
    reg_t = _held(buy["shares"], buy["price"], deposit).simulation.ctx.portfolio
    assert reg_t.initial_margin == day2["reg_t_eod"]


def test_leveraged_etf_factors() -> None:
    given, expected = _case("leveraged_etf_factors")
    for (name, rate, factor), share in zip(given["rows"], expected["maintenance_pct"], strict=True):
        side = -1 if name.startswith("short") else 1
        assert rate == {1: 0.25, -1: 0.3}[side]
        played = _held(
            side * 100, 100.0, 1_000_000.0, instruments={"A": {"leverage_factor": factor}}
        )
        assert played.simulation.ctx.portfolio.maintenance_margin == pytest.approx(share * 10_000)
