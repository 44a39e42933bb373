"""Goal: money in several currencies adds up, and a result says what prices and what rates did.

Method: scripted trades at prices and rates whose products are worked out by hand.
"""

from __future__ import annotations

from typing import Any

import pytest

import quant as qt
from helpers.worlds import Deed, Played, market, play
from quant.engine.run import Run
from quant.errors import ConfigError
from quant.report.costs import cost_parts


def _flat(*prices: float) -> list[tuple[float, ...]]:
    return [(price,) * 4 for price in prices]


EURO = {
    "currencies": {"EUR": {"symbol": "EURUSD"}},
    "instruments": {"A": {"currency": "EUR"}},
    "benchmark": "none",
}


def _played(
    deeds: dict[int, Deed], prices: list[float], rates: list[float], **config: Any
) -> Played:
    bars = market(A=_flat(*prices), EURUSD=_flat(*rates))
    return play(deeds, bars, {"cash": 10_000.0} | EURO | config)


ROUND: dict[int, Deed] = {0: lambda ctx: ctx.order("A", 50), 1: lambda ctx: ctx.order("A", -50)}


def _ledger(played: Played) -> list[tuple[str, str, float]]:
    table = Run(played.simulation).ledger
    return list(zip(table["kind"], table["currency"], table["amount"], strict=True))


def test_a_purchase_is_a_trade_and_a_pair() -> None:
    played = _played(ROUND, [100.0, 100.0, 110.0], [1.1, 1.1, 1.2])
    assert _ledger(played) == [
        ("deposit", "USD", 10_000.0),
        ("trade", "EUR", -5_000.0),
        ("conversion", "EUR", 5_000.0),
        ("conversion", "USD", pytest.approx(-5_500.0)),
        ("trade", "EUR", 5_500.0),
        ("conversion", "EUR", -5_500.0),
        ("conversion", "USD", pytest.approx(6_600.0)),
    ]
    assert played.final_equity == pytest.approx(11_100.0)
    run = Run(played.simulation)
    run.check()
    # in dollars 110 -> 132 a share; in euros 100 -> 110
    assert run.trades["entry_price"].to_list() == [100.0]
    assert run.trades["pnl_gross"].to_list() == pytest.approx([1_100.0])
    split = run.currency_split.row(0, named=True)
    # 50 * 10 euros at 1.10; 50 * 110 euros by a tenth of a dollar
    assert split["price_pnl"] == pytest.approx(550.0)
    assert split["currency_pnl"] == pytest.approx(550.0)


def test_a_balance_may_stay_and_is_marked() -> None:
    played = _played(
        ROUND, [100.0, 100.0, 110.0, 110.0], [1.1, 1.1, 1.2, 1.5], conversion={"when": "never"}
    )
    portfolio = played.simulation.ctx.portfolio
    assert portfolio.balances == {"USD": 10_000.0, "EUR": 500.0}
    assert portfolio.cash == pytest.approx(10_750.0)
    # while the position was held: 10,000 - 5,000 * 1.1 + 5,000 * 1.1
    assert played.equity[1][2] == pytest.approx(10_000.0)
    run = Run(played.simulation)
    run.check()
    split = run.currency_split
    assert split["symbol"].to_list() == ["A", "cash"]
    # -5,000 from 1.1 to 1.5, +5,500 from 1.2 to 1.5
    assert split["currency_pnl"][1] == pytest.approx(-5_000 * 0.4 + 5_500 * 0.3)
    total = split["price_pnl"].sum() + split["currency_pnl"].sum()
    assert total == pytest.approx(played.final_equity - 10_000.0)


def test_changing_money_costs_its_spread_each_way() -> None:
    played = _played(ROUND, [100.0] * 3, [1.0] * 3, conversion={"cost": 0.001})
    # 5.00 in, 5.00 out
    assert played.final_equity == pytest.approx(9_990.0)
    run = Run(played.simulation)
    run.check()
    assert run.currency_split.row(-1, named=True)["currency_pnl"] == pytest.approx(-10.0)


def test_what_changing_money_cost_is_among_the_costs() -> None:
    """5,000 and 5 of commission at 1.1 and 1 %: 55.055; 5,500 less 5.50 at 1.2 and 1 %: 65.934."""
    costs: dict[str, Any] = {"commission": {"kind": "rate", "rate": 0.001}}
    played = _played(
        ROUND, [100.0, 100.0, 110.0], [1.1, 1.1, 1.2], **costs, conversion={"cost": 0.01}
    )
    run = Run(played.simulation)
    run.check()
    found = run.metrics
    assert found["conversion_costs"] == pytest.approx(55.055 + 65.934)
    assert run.metric_details["conversion_costs"].n == 2
    # commission: 5 EUR at 1.1 and 5.50 EUR at 1.2
    assert found["total_costs"] == pytest.approx(12.1 + 120.989)
    parts = {part.key: part.amount for part in cost_parts(run.sheet())}
    assert list(parts) == ["gross", "commission", "slippage", "conversion", "net"]
    assert parts["conversion"] == found["conversion_costs"]
    # 50 at 110 in place of 100 EUR, the euro at 1.2 in place of 1.1: 6,600 less 5,500
    assert parts["gross"] == pytest.approx(1_100.0)
    assert parts["net"] == found["net_profit"]

    free = Run(_played(ROUND, [100.0, 100.0, 110.0], [1.1, 1.1, 1.2], **costs).simulation)
    assert free.metrics["conversion_costs"] == 0.0
    assert "conversion" not in [part.key for part in cost_parts(free.sheet())]


def test_a_weight_is_of_the_equity_in_the_base() -> None:
    played = _played(
        {0: lambda ctx: ctx.order_target("A", weight=1.0)}, [100.0] * 3, [1.25] * 3,
        conversion={"cost": 0.001},
    )  # fmt: skip
    # 80 would cost 10,000 and 10 for changing it
    assert played.position("A") == 79.0
    held = played.simulation.ctx.portfolio.position("A")
    assert held.market_value == pytest.approx(79 * 125.0)


@pytest.mark.parametrize("insufficient", ["reject", "partial", "scale"])
def test_money_is_judged_in_the_base(insufficient: str) -> None:
    played = _played(
        {0: lambda ctx: ctx.order("A", 81)}, [100.0] * 3, [1.25] * 3,
        execution={"insufficient": insufficient},
    )  # fmt: skip
    assert played.position("A") == (0.0 if insufficient == "reject" else 80.0)


def test_gains_of_a_future_come_home_at_the_rate_of_their_day() -> None:
    played = play(
        {0: lambda ctx: ctx.order("F", 1), 2: lambda ctx: ctx.order("F", -1)},
        market(F=_flat(100.0, 110.0, 130.0, 120.0), EURUSD=_flat(1.0, 1.1, 1.2, 1.5)),
        {
            "cash": 10_000.0,
            "currencies": {"EUR": {"symbol": "EURUSD"}},
            "instruments": {"F": {"currency": "EUR", "valuation": "margined", "multiplier": 10}},
            "benchmark": "none",
        },
    )
    # bought at 110; 20 * 10 euros at 1.2, -10 * 10 at 1.5
    assert played.final_equity == pytest.approx(10_000.0 + 240.0 - 150.0)
    run = Run(played.simulation)
    run.check()
    # the trade made 100 euros, worth 150 at its exit; the rest is what the rates of the days did
    assert run.trades["pnl_gross"].to_list() == pytest.approx([150.0])
    assert run.currency_split.row(-1, named=True)["currency_pnl"] == pytest.approx(-60.0)


def test_interest_is_paid_in_the_currency_of_the_debt() -> None:
    played = _played(
        {0: lambda ctx: ctx.order("A", 50)}, [100.0] * 3, [1.1] * 3,
        conversion={"when": "never"}, interest={"debit": 0.036},
    )  # fmt: skip
    interest = [row for row in _ledger(played) if row[0] == "interest"]
    assert interest[0] == ("interest", "EUR", pytest.approx(-0.5))
    Run(played.simulation).check()


def test_minor_units_are_the_currencys_own() -> None:
    played = play(
        {0: lambda ctx: ctx.order("A", 1)},
        market(A=_flat(1000.4, 1000.4)),
        {
            "cash": 100.0,
            "currencies": {"JPY": {"value": 0.00671}},
            "instruments": {"A": {"currency": "JPY"}},
            "execution": {"rounding": "minor_unit"},
            "benchmark": "none",
        },
    )
    # 1,000 yen, and 6.71 dollars for them
    assert _ledger(played)[1:] == [
        ("trade", "JPY", -1000.0),
        ("conversion", "JPY", 1000.0),
        ("conversion", "USD", -6.71),
    ]


@pytest.mark.parametrize("rate", [{"value": 160, "inverted": True}, {"value": 1 / 160}])
def test_a_value_may_be_quoted_the_other_way_round(rate: dict[str, Any]) -> None:
    played = play(
        {0: lambda ctx: ctx.order_target("A", weight=0.5)},
        market(A=_flat(1600.0, 1600.0, 3200.0)),
        {
            "cash": 10_000.0,
            "currencies": {"JPY": rate},
            "instruments": {"A": {"currency": "JPY"}},
        },
    )
    # 1,600 yen are 10 dollars
    assert played.position("A") == 500.0
    assert played.final_equity == pytest.approx(15_000.0)
    # all of the cash in A, from 10 to 20 dollars
    assert Run(played.simulation).benchmark[-1] == pytest.approx(20_000.0)


def test_nothing_is_traded_before_there_is_a_rate() -> None:
    bars = market(A=_flat(100.0, 100.0, 100.0, 100.0), EURUSD=[None, None, *_flat(1.1, 1.1)])
    played = play(
        {0: lambda ctx: ctx.order("A", 1), 2: lambda ctx: ctx.order("A", 1)},
        bars,
        {"cash": 10_000.0} | EURO,
    )
    assert played.fates == [("REJECTED", "no_rate"), ("FILLED", "")]


def test_the_benchmark_is_in_the_base_and_holds_no_rates() -> None:
    played = _played(ROUND, [100.0, 100.0, 110.0], [1.1, 1.1, 1.2], benchmark="buy_and_hold")
    benchmark = Run(played.simulation).benchmark
    assert benchmark[-1] == pytest.approx(10_000.0 * 132.0 / 110.0)


def test_limits_count_in_the_base() -> None:
    played = _played(
        {0: lambda ctx: ctx.order("A", 50)}, [100.0] * 3, [1.1] * 3, risk={"max_symbol": 0.52}
    )
    # 5,500 of 10,000
    assert played.fates == [("REJECTED", "risk_max_symbol")]


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"instruments": {"A": {"currency": "EUR"}}}, "A.currency and currencies: expected a rate"),
        ({"currencies": {"USD": {"value": 1}}}, "currencies.USD and currency"),
        ({"currencies": {"EUR": {}}}, "symbol and value: expected one of them, found neither"),
        ({"currencies": {"EUR": {"symbol": "X", "value": 1}}}, "found both"),
        ({"currencies": {"eur": {"value": 1}}}, "expected three capital letters"),
        ({"currencies": {"EUR": {"value": 0}}}, "value: expected a number above 0"),
        ({"conversion": {"when": "later"}}, "when: expected one of at_once, never"),
        ({"conversion": {"when": "never", "cost": 0.1}}, "conversion.when and cost: expected no"),
    ],
)
def test_contradictions_are_refused(config: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        qt.config_from(config)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"currencies": {"EUR": {"symbol": "EURUSDX"}}}, "Did you mean 'EURUSD'"),
        ({"currencies": {"EUR": {"symbol": "EURUSD", "inverted": True}}}, "expected prices in EUR"),
    ],
)
def test_a_rate_needs_prices_of_its_own(config: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        play({}, market(A=_flat(1.0), EURUSD=_flat(1.0)), EURO | config)


@pytest.mark.parametrize("kind", ["cash", "gross_leverage"])
def test_without_conversion_the_base_alone_pays_a_withdrawal(kind: str) -> None:
    def left(deeds: dict[int, Deed], price: float, amount: float) -> dict[str, float]:
        flow = {"date": "2024-01-04", "amount": -amount, "withdrawal": "partial"}
        played = _played(
            deeds, [100.0, 100.0, price, price, price], [1.1] * 5,
            account={"kind": kind}, conversion={"when": "never"}, cash_flows=[flow],
        )  # fmt: skip
        return dict(played.simulation.ctx.portfolio.balances)

    # 10,000 - 5,000 * 1.1 are free of 10,000 dollars
    assert left({0: ROUND[0]}, 100.0, 6_000.0) == {"USD": pytest.approx(5_500.0), "EUR": -5_000.0}
    # the euros count, and the dollars come to be owed
    assert left(ROUND, 200.0, 14_000.0) == {"USD": -4_000.0, "EUR": 5_000.0}
