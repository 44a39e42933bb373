"""Goal: accounts with several currencies have the balances, fills and postings of the contract.

Method: the contract's worked numbers through the oracle alone; then random scenarios in two or
three currencies with moving rates, deposits and withdrawals (`currency_scenarios.py`) by oracle and
`qt.backtest`: fills, orders, equity rows, postings of every currency, calls, final balances.
``QUANT_FUZZ_SEEDS`` scales the number of seeds: one for every ten.
"""

from __future__ import annotations

from collections import Counter

import pytest

from .account_runs import account_difference, must_agree, n_seeds
from .currency_scenarios import random_currency_scenario
from .reference import Outcome, simulate
from .scenarios import (
    Account,
    Action,
    Commission,
    Conversion,
    InstrumentSpec,
    RateSpec,
    Scenario,
    Slippage,
    default_execution,
    session_closes,
)
from .worked import FLAT, T, instrument, market

CHUNK = 100
N_SEEDS = n_seeds(1)
COUNTED = 200


@pytest.mark.parametrize("first", range(0, N_SEEDS, CHUNK))
def test_currencies_are_as_the_oracle_has_them(first: int) -> None:
    seeds = range(first, min(first + CHUNK, N_SEEDS))
    must_agree(random_currency_scenario, seeds, at_least=0.7)


def test_the_generator_draws_every_kind_of_money() -> None:
    found: Counter[str] = Counter()
    for seed in range(COUNTED):
        scenario = random_currency_scenario(seed)
        outcome = simulate(scenario)
        found.update({f"{p.kind} {p.currency}" for p in outcome.postings})
        found.update({order.reason for order in outcome.orders})
        kept = sum(bool(amount) for amount in outcome.balances.values())
        found.update([scenario.conversion["when"], f"{kept} balances"])
    rare = {name for name in EVERYTHING if found[name] < 2}
    assert not rare, f"hardly drawn: {sorted(rare)}, of {found}"


EVERYTHING = {
    "at_once", "never", "no_rate", "1 balances", "2 balances", "3 balances",
    "conversion USD", "conversion EUR", "conversion JPY", "conversion GBP",
    "trade EUR", "trade JPY", "commission EUR", "interest USD", "interest EUR",
    "borrow EUR", "variation EUR", "deposit USD", "withdrawal USD",
}  # fmt: skip


# ---------------------------------------------------------------------------------- worked numbers


def rates(*prices: float) -> InstrumentSpec:
    return instrument("EURUSD", *[(price,) * 4 for price in prices])


def in_euros(*prices: float) -> InstrumentSpec:
    return instrument("A", *[(price,) * 4 for price in prices], currency="EUR")


def play(
    specs: list[InstrumentSpec],
    actions: list[Action],
    conversion: Conversion | None = None,
    account: Account | None = None,
) -> Outcome:
    """10,000 dollars without costs and caps, the euro by EURUSD; quant must say the same."""
    execution = default_execution()
    execution["participation"] = None
    scenario = Scenario(
        cash=10_000.0,
        account=account or Account(kind="gross_leverage", k=1.0),
        execution=execution,
        commission=Commission(kind="rate", rate=0.0),
        slippage=Slippage(kind="rate", rate=0.0),
        instruments=specs,
        actions=actions,
        session_closes=session_closes(specs),
        currencies={"EUR": RateSpec("EURUSD")},
        conversion=conversion or Conversion(),
    )
    outcome = simulate(scenario)
    assert outcome.ambiguous == []
    assert account_difference(scenario) is None
    return outcome


ROUND = [market(0, "A", 50), market(1, "A", -50)]


def test_a_purchase_is_a_trade_and_a_pair() -> None:
    # 50 at 100 EUR with the euro at 1.10, sold at 110 EUR with the euro at 1.20.
    outcome = play([in_euros(100, 100, 110), rates(1.1, 1.1, 1.2)], ROUND)
    assert [(p.kind, p.currency, round(float(p.amount), 9)) for p in outcome.postings] == [
        ("trade", "EUR", -5_000), ("conversion", "EUR", 5_000), ("conversion", "USD", -5_500),
        ("trade", "EUR", 5_500), ("conversion", "EUR", -5_500), ("conversion", "USD", 6_600),
    ]  # fmt: skip
    assert float(outcome.equity[-1].equity) == pytest.approx(11_100)


def test_what_is_not_changed_stays_as_a_balance() -> None:
    # 500 EUR remain, and are worth 750 USD with the euro at 1.50.
    specs = [in_euros(100, 100, 110, 110), rates(1.1, 1.1, 1.2, 1.5)]
    outcome = play(specs, ROUND, Conversion(when="never"))
    assert outcome.balances == {"USD": 10_000, "EUR": 500}
    assert float(outcome.equity[-1].cash) == pytest.approx(10_750)


def test_changing_costs_its_part_of_the_amount_each_way() -> None:
    # 0.1 % of 5,000 to buy and of 5,000 to sell, at a rate of one.
    outcome = play([in_euros(100, 100, 100), rates(1, 1, 1)], ROUND, Conversion(cost=0.001))
    assert float(outcome.equity[-1].equity) == pytest.approx(9_990)


@pytest.mark.parametrize(("qty", "fills"), [(90, 1), (91, 0)])
def test_what_changing_costs_must_be_paid_too(qty: float, fills: int) -> None:
    # 90 · 100 · 1.1 = 9,900 and 1 % of it 99: 9,999 of 10,000.
    specs = [in_euros(100, 100, 100), rates(1.1, 1.1, 1.1)]
    outcome = play(specs, [market(0, "A", qty)], Conversion(cost=0.01), Account(kind="cash"))
    assert len(outcome.fills) == fills


def test_a_weight_is_money_of_the_base() -> None:
    # Half of 10,000 at 125 USD a share.
    action = Action(T[0], "target_weight", "A", value=0.5)
    outcome = play([in_euros(100, 100), rates(1.25, 1.25)], [action])
    assert [fill.units for fill in outcome.fills] == [40]


def test_nothing_leaves_before_there_is_a_rate() -> None:
    specs = [instrument("A", FLAT, FLAT, FLAT, FLAT, currency="EUR")]
    specs.append(instrument("EURUSD", None, FLAT, FLAT, FLAT))
    outcome = play(specs, [market(0, "A", 1), market(1, "A", 1)])
    assert [order.reason for order in outcome.orders] == ["no_rate", ""]
