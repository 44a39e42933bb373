"""Goal: no order of any type fills differently from the rule, whichever way the price comes to it.

Method: every small world of one order, through the engine and through the oracle. What chance draws
seldom cannot be missed here; and the worlds are checked to reach every way to fill.
"""

from __future__ import annotations

from . import enumerated
from .compare import difference
from .reference import simulate


def test_engine_agrees_with_the_oracle_in_every_small_world() -> None:
    wrong = []
    for scenario in enumerated.scenarios():
        text = difference(scenario)
        if text is not None:
            wrong.append(f"{scenario.actions[0]} in {scenario.instruments[0].bars[1:]}: {text}")
    assert not wrong, f"{len(wrong)} worlds differ\n" + "\n".join(wrong[:5])


def test_small_worlds_reach_every_way_to_fill() -> None:
    outcomes = [simulate(scenario) for scenario in enumerated.scenarios()]
    assert 500 <= len(outcomes) <= 2_000
    assert not any(outcome.ambiguous for outcome in outcomes)
    assert {fill.reason for outcome in outcomes for fill in outcome.fills} == {
        "market_open", "limit_open", "limit", "stop_open", "stop", "stop_limit", "touched_open",
        "touched", "limit_if_touched", "on_open", "on_close",
    }  # fmt: skip
    assert {order.reason for outcome in outcomes for order in outcome.orders} == {
        "", "not_met", "ioc", "fok", "post_only",
    }  # fmt: skip
