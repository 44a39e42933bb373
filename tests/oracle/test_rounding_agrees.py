"""Goal: with `rounding: minor_unit` every posting is a whole minor unit, and the right one.

Method: amounts and postings by hand; then the random scenarios of the other generators with rounded
postings (`rounding_scenarios.py`) by oracle and `qt.backtest`. ``QUANT_FUZZ_SEEDS`` scales the
number of seeds: one for every ten.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from .account_runs import must_agree, n_seeds
from .currencies import DIGITS, down_to_unit, rounded
from .reference import play, simulate
from .rounding_scenarios import with_rounding
from .scenarios import Commission
from .worked import instrument, market, run

CHUNK = 100
N_SEEDS = n_seeds(1)
COUNTED = 100


@pytest.mark.parametrize("first", range(0, N_SEEDS, CHUNK))
def test_rounding_is_as_the_oracle_has_it(first: int) -> None:
    must_agree(with_rounding, range(first, min(first + CHUNK, N_SEEDS)), at_least=0.8)


def test_every_posting_is_whole_and_rounding_moves_some() -> None:
    moved = 0
    for seed in range(COUNTED):
        scenario = with_rounding(seed)
        outcome = simulate(scenario)
        for posting in outcome.postings:
            if posting.kind not in ("deposit", "withdrawal"):
                count = posting.amount.scaleb(DIGITS.get(posting.currency, 2))
                assert count == count.to_integral_value()
        scenario.execution["rounding"] = "none"
        moved += simulate(scenario).balances != outcome.balances
    assert moved > COUNTED / 4


@pytest.mark.parametrize(
    ("amount", "dollars", "yen"),
    [
        # Half to even, also where a float lies a little beside the half.
        ("0.125", "0.12", "0"), ("0.135", "0.14", "0"), ("-0.125", "-0.12", "0"),
        ("0.13500000001", "0.14", "0"), ("0.1249999999999", "0.12", "0"),
        ("2.5", "2.50", "2"), ("3.5", "3.50", "4"), ("1.006", "1.01", "1"),
    ],
)  # fmt: skip
def test_amounts_by_hand(amount: str, dollars: str, yen: str) -> None:
    scenario = with_rounding(0)
    scenario.actions = []
    state = play(scenario)
    assert rounded(state, "USD", Decimal(amount)) == Decimal(dollars)
    assert rounded(state, "JPY", Decimal(amount)) == Decimal(yen)


def test_a_withdrawal_is_cut_down() -> None:
    scenario = with_rounding(0)
    scenario.actions = []
    state = play(scenario)
    assert down_to_unit(state, "USD", Decimal("1.019")) == Decimal("1.01")
    assert down_to_unit(state, "USD", Decimal("1100.36999999999989")) == Decimal("1100.37")


def test_parts_of_an_order_lose_nothing_to_rounding() -> None:
    # 3 at 0.0125 a share in three fills: 0.0125, 0.025 and 0.0375 in all. 0.01 is posted, then
    # 0.015 is owed, a tie: 0.02; then 0.0075: 0.01.
    spec = instrument("A", *[(50, 50, 50, 50, 10)] * 4)
    fees = Commission(kind="per_share", per_share=0.0125)
    outcome = run(spec, [market(0, "A", 3, "GTC")], commission=fees, rounding="minor_unit")
    assert [float(fill.commission) for fill in outcome.fills] == [0.01, 0.02, 0.01]
