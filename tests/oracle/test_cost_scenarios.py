"""Goal: the generator draws every model of costs, every cap and every kind of bar without volume.

Method: many seeds, run through the oracle; what is rare must have happened among their fills.
"""

from __future__ import annotations

from collections import Counter

from .cost_scenarios import random_cost_scenario
from .reference import simulate

SEEDS = range(600)


def test_all_models_caps_and_policies_fill_something() -> None:
    found: set[str] = set()
    for scenario in map(random_cost_scenario, SEEDS):
        fills = simulate(scenario).fills
        execution = scenario.execution
        if not fills:
            continue
        found |= {scenario.slippage["kind"], execution.get("cap_by", "")}
        found |= {name for name in ("max_shares", "max_notional") if name in execution}
        for fill in fills:
            found |= {f"{execution['zero_volume']} {flag}" for flag in fill.flags}
            if fill.impact and scenario.impact is not None:
                found.add("permanent impact" if scenario.impact["permanent"] else "impact")
                found.add("cross" if scenario.impact.get("cross") else "")
        if max(Counter(fill.order for fill in fills).values()) > 2:
            found.add("slices")
    assert found >= {
        "rate", "ticks", "range", "spread", "volume_share",
        "bar", "previous_bar", "adv", "max_shares", "max_notional",
        "last_price no_volume", "range_spread no_volume", "reject no_impact", "reject clamped",
        "impact", "permanent impact", "cross", "slices",
    }  # fmt: skip


def test_spreads_are_there_known_and_missing() -> None:
    columns: set[tuple[str, ...]] = set()
    known: set[bool] = set()
    for scenario in map(random_cost_scenario, SEEDS):
        needs = scenario.slippage["kind"] == "spread"
        assert scenario.columns or not needs
        columns.add(scenario.columns)
        if "spread" in scenario.columns:
            known |= {bar.spread is None for spec in scenario.instruments for bar in spec.bars}
    assert columns == {(), ("spread",), ("bid", "ask"), ("spread", "bid", "ask")}
    assert known == {True, False}
