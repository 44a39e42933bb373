"""Goal: deposits and withdrawals are posted when, and as far as, the written rule says.

Method: the random scenarios of the other tests are given random deposits and withdrawals and run
through engine and oracle; fills, orders, cash and equity must be equal. What the engine tells of
withdrawals that were not paid whole is compared with the oracle's figures.
"""

from __future__ import annotations

from decimal import localcontext

import pytest

from quant.engine.flows import flow_lines

from . import engine
from .compare import AMBIGUOUS, difference, is_close
from .flow_scenarios import with_flows
from .reference import DIGITS, play

N_SEEDS = 400
CHUNK = 50


@pytest.mark.parametrize("first", range(0, N_SEEDS, CHUNK))
def test_flows_are_as_the_oracle_has_them(first: int) -> None:
    found = {seed: difference(with_flows(seed)) for seed in range(first, first + CHUNK)}
    wrong = [f"seed {s}: {text}" for s, text in found.items() if text not in (None, AMBIGUOUS)]
    assert wrong == []
    assert sum(text is None for text in found.values()) >= 0.85 * CHUNK


def test_both_figures_of_every_withdrawal_that_was_not_paid_whole() -> None:
    n_refused = n_cut = 0
    for seed in range(0, N_SEEDS, 2):
        scenario = with_flows(seed)
        with localcontext(prec=DIGITS):
            state = play(scenario)
        if state.notes:
            continue
        lines = flow_lines(engine.run(scenario).simulation.state)
        assert len(lines) == len(state.refused), seed
        for line, (needed, free, paid) in zip(lines, state.refused, strict=True):
            assert is_close(line["needed"], needed, scenario.cash)
            assert is_close(line["available"], free, scenario.cash)
            assert is_close(line["paid"], paid, scenario.cash)
            n_cut += paid > 0
            n_refused += paid == 0
    # the scenarios must reach both ends
    assert n_refused > 50
    assert n_cut > 20
