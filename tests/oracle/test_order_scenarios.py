"""Goal: the generator draws what a venue takes, and all of it.

Method: many seeds; what the interface refuses must not be among them, and what is rare must be.
"""

from __future__ import annotations

from collections.abc import Iterator

from .order_scenarios import random_order_scenario
from .scenarios import OcoSpec, OrderSpec, Scenario

SEEDS = range(1_000)
SCENARIOS = [random_order_scenario(seed) for seed in SEEDS]


def flat(entries: list[OrderSpec | OcoSpec]) -> Iterator[OrderSpec]:
    for one in entries:
        yield from one.orders if isinstance(one, OcoSpec) else [one]


def families(scenario: Scenario) -> Iterator[tuple[OrderSpec, OrderSpec]]:
    """Every parent with each of its children."""
    waiting = [one for action in scenario.actions for one in flat(action.orders)]
    while waiting:
        parent = waiting.pop()
        for child in flat(parent.children):
            yield parent, child
            waiting.append(child)


def test_no_child_is_drawn_that_would_be_refused() -> None:
    pairs = [pair for scenario in SCENARIOS for pair in families(scenario)]
    assert all(child.tif not in ("IOC", "FOK") for _, child in pairs)
    assert all(child.qty is not None or child.symbol == parent.symbol for parent, child in pairs)
    assert any(child.symbol != parent.symbol for parent, child in pairs)


def test_legs_are_of_one_type_where_they_would_wait_for_different_prints() -> None:
    mixed = 0
    for scenario in SCENARIOS:
        closes_only = any(spec.closes_only for spec in scenario.instruments)
        for action in scenario.actions:
            if action.atomic and len({leg.type for leg in flat(action.orders)}) > 1:
                mixed += 1
                assert closes_only or scenario.execution["timing"] == "next_open"
    assert mixed


def test_rare_things_are_drawn() -> None:
    found: set[str] = set()
    for scenario in SCENARIOS:
        last = max(scenario.session_closes)
        legs = {
            leg.tag for action in scenario.actions if action.atomic for leg in flat(action.orders)
        }
        children = {child.tag for _, child in families(scenario)}
        for action in scenario.actions:
            if action.kind == "amend" and action.tag in legs:
                found.add("amended leg")
            if action.kind == "amend" and action.qty and action.tag in children:
                found.add("amended quantity of a child")
            if action.kind.startswith("target") and scenario.latency is not None:
                found.add("target under latency")
            if (action.good_till_session or 0) > last:
                found.add("good till after the end")
            for order in (action, *flat(action.orders)):
                assert not (order.post_only and order.tif in ("IOC", "FOK"))
                if order.tif == "FOK" and order.reduce_only:
                    found.add("reduce-only fill or kill")
    assert found == {
        "amended leg",
        "amended quantity of a child",
        "target under latency",
        "good till after the end",
        "reduce-only fill or kill",
    }
