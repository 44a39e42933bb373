"""Goal: who comes first at a print is what `batch` says.

Method: the contract's table of the three batches worked through oracle and engine; then the random
scenarios of the other generators with more orders of one time, `fifo` or `simultaneous`
(`batch_scenarios.py`), by both. ``QUANT_FUZZ_SEEDS`` scales the number of seeds: one for every ten.
"""

from __future__ import annotations

from typing import Any

import pytest

from .account_runs import must_agree, n_seeds
from .batch_scenarios import with_batch
from .reference import simulate
from .worked import ends, fills, instrument, market, run, target

CHUNK = 100
N_SEEDS = n_seeds(1)
COUNTED = 150
LEVEL, DEAR = (100, 100, 100, 100), (110, 110, 110, 110)


@pytest.mark.parametrize("first", range(0, N_SEEDS, CHUNK))
def test_batches_are_as_the_oracle_has_them(first: int) -> None:
    must_agree(with_batch, range(first, min(first + CHUNK, N_SEEDS)), at_least=0.9)


def test_the_batch_decides_what_fills() -> None:
    # a batch without effect would make the comparison say nothing
    moved = {"fifo": 0, "simultaneous": 0}
    for seed in range(COUNTED):
        scenario = with_batch(seed)
        batch = scenario.execution["batch"]
        kept = simulate(scenario).fills
        scenario.execution["batch"] = "exits_first"
        moved[batch] += simulate(scenario).fills != kept
    assert min(moved.values()) > 2, moved


@pytest.mark.parametrize(
    ("batch", "bought"), [("exits_first", 9), ("fifo", 0), ("simultaneous", 9)]
)
def test_the_table_of_the_three_batches(batch: str, bought: int) -> None:
    # Held: 9 A at 100 on 1,000. B is sent first and opens at 110: 900 + 990 > 1,000 before the
    # sale, 990 after it.
    specs = [instrument("A", *[LEVEL] * 3), instrument("B", LEVEL, LEVEL, DEAR)]
    outcome = run(specs, [market(0, "A", 9), market(1, "B", 9), market(1, "A", -9)], batch=batch)
    assert outcome.orders[1].filled_units == bought
    assert outcome.orders[2].filled_units == -9


def test_fifo_goes_by_sequence_and_not_by_symbol() -> None:
    # 5 B and then 5 A at 120 with 1,000: 600 fit, 1,200 do not.
    specs = [instrument(s, LEVEL, (120, 120, 120, 120)) for s in "AB"]
    outcome = run(specs, [market(0, "B", 5), market(0, "A", 5)], batch="fifo")
    assert fills(outcome) == [(1, 5, 120.0, "market_open")]


def test_together_all_fill_or_none_weights_included() -> None:
    # 5 B at 120 are 600; half of 1,000 buys 4 A at 120, 480: 1,080 > 1,000.
    specs = [instrument(s, LEVEL, (120, 120, 120, 120)) for s in "AB"]
    actions = [market(0, "B", 5), target(0, "A", weight=0.5)]
    outcome = run(specs, actions, batch="simultaneous")
    assert ends(outcome) == [("REJECTED", "insufficient_funds")] * 2


@pytest.mark.parametrize(("insufficient", "units"), [("reject", [5]), ("scale", [2, 2])])
def test_what_together_means_for_two_of_one_size(insufficient: str, units: list[int]) -> None:
    # At 100 as they leave 500 of 600 fit and the next 500 of 100 do not; at 120 2 and 2 are 480,
    # 3 and 3 are 720 of 600.
    specs = [instrument(s, LEVEL, (120, 120, 120, 120)) for s in "AB"]
    settings: dict[str, Any] = {"batch": "simultaneous", "insufficient": insufficient}
    outcome = run(specs, [market(0, "B", 5), market(0, "A", 5)], cash=600.0, **settings)
    assert [fill.units for fill in outcome.fills] == units
