"""Goal: commission and fees of every fill are what the schedule says.

Method: numbers of the contract through the oracle alone; then random schedules over the random
scenarios of the other generators (`fee_scenarios.py`) by oracle and `qt.backtest`: commission and
fees of every fill, what can be afforded with them, postings, equity. ``QUANT_FUZZ_SEEDS`` scales
the number of seeds: one for every ten.
"""

from __future__ import annotations

import pytest

from .account_runs import must_agree, n_seeds
from .fee_scenarios import with_schedule
from .reference import simulate
from .scenarios import Commission, FeePart, FeeTerms, FeeTiers
from .worked import T, instrument, market, run

CHUNK = 100
N_SEEDS = n_seeds(1)
COUNTED = 100
FLAT = (50, 50, 50, 50, 1_000)


@pytest.mark.parametrize("first", range(0, N_SEEDS, CHUNK))
def test_fees_are_as_the_oracle_has_them(first: int) -> None:
    must_agree(with_schedule, range(first, min(first + CHUNK, N_SEEDS)), at_least=0.9)


def test_the_generator_charges_both_ways_and_both_columns() -> None:
    fills = [fill for seed in range(COUNTED) for fill in simulate(with_schedule(seed)).fills]
    for liquidity in ("maker", "taker"):
        some = [fill for fill in fills if fill.liquidity == liquidity]
        assert sum(fill.commission > 0 for fill in some) > 10
        assert sum(fill.fees > 0 for fill in some) > 10


# ---------------------------------------------------------------------------------- worked numbers


def schedule(*terms: FeeTerms, **more: str) -> Commission:
    part = FeePart(name="one", dated=list(terms), **more)  # type: ignore[typeddict-item]
    return Commission(kind="schedule", components=[part])


def charges(commission: Commission, qty: float, n_days: int = 4) -> list[float]:
    """Of a purchase sent on the first day, of which a bar lets 100 through."""
    spec = instrument("A", *[FLAT] * n_days)
    outcome = run(spec, [market(0, "A", qty, "GTC")], cash=100_000.0, commission=commission)
    return [round(float(fill.commission + fill.fees), 9) for fill in outcome.fills]


def test_a_minimum_is_of_the_order() -> None:
    # 0.005 a share, at least 1: 0.50 of 100 are 1, 1.00 of 200 are 1, 1.50 of 300.
    assert charges(schedule(FeeTerms(per_share=0.005, minimum=1.0)), 300) == [1, 0, 0.5]


def test_a_maximum_wins_over_a_minimum() -> None:
    # 10 at 50 are 500: at most 1 %, though at least 7 are due.
    terms = FeeTerms(per_share=1.0, minimum=7.0, maximum_rate=0.01)
    assert charges(schedule(terms), 10) == [5]


def test_terms_are_those_of_the_session_of_the_fill() -> None:
    # The third fill is in session 3: 300 at 0.02 are 6, of which 200 at 0.02 have paid 4 by then.
    # By the sum so far: 1 and 1 at 0.01 accrue, then 2 at 0.02.
    old, new = FeeTerms(per_share=0.01), FeeTerms(per_share=0.02, since="1970-01-04")
    assert charges(schedule(old, new), 300) == [1, 1, 2]


def test_tiers_of_a_month_are_marginal() -> None:
    # 150 shares at 0.10, what is beyond at 0.02: 10, then 5 + 1, then 2.
    tiers = FeeTiers(by="month_quantity", per_share=[[0.0, 0.1], [150.0, 0.02]])
    assert charges(schedule(FeeTerms(tiers=tiers)), 300) == [10, 6, 2]


def test_a_tier_of_thirty_days_holds_for_an_order_as_a_whole() -> None:
    # 100 at 50 are 5,000: the next order pays by what came before it, the first all of 0.01.
    tiers = FeeTiers(by="rolling_notional", rate=[[0.0, 0.01], [5_000.0, 0.002]])
    commission = schedule(FeeTerms(tiers=tiers))
    spec = instrument("A", *[FLAT] * 5)
    actions = [market(0, "A", 200, "GTC"), market(2, "A", 100)]
    outcome = run(spec, actions, cash=100_000.0, commission=commission)
    assert [float(fill.commission) for fill in outcome.fills] == pytest.approx([50, 50, 10])
    assert outcome.fills[2].ts > T[2]


def test_fees_are_a_posting_of_their_own_and_must_be_paid() -> None:
    # 10 at 100 with 1,000, and 1 % of fees: none; with 1,010 they fit.
    flat = (100, 100, 100, 100)
    commission = schedule(FeeTerms(rate=0.01), **{"as": "fee"})
    for cash, count in ((1_009.0, 0), (1_010.0, 1)):
        spec = instrument("A", flat, flat)
        outcome = run(spec, [market(0, "A", 10)], cash=cash, commission=commission, kind="cash")
        assert len(outcome.fills) == count
    assert [(p.kind, float(p.amount)) for p in outcome.postings] == [
        ("trade", -1_000),
        ("fee", -10),
    ]
