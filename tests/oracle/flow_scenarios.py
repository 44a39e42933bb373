"""The random scenarios of the other generators, with random deposits and withdrawals."""

from __future__ import annotations

import random

from .order_scenarios import any_scenario
from .scenarios import FlowSpec, Scenario


def with_flows(seed: int) -> Scenario:
    """A scenario with one to five flows, in any order, from small ones to more than there is."""
    scenario, rng = any_scenario(seed), random.Random(f"flows {seed}")
    for _ in range(rng.randint(1, 5)):
        amount = scenario.cash * rng.choice([-2.0, -1.0, -0.3, -0.02, 0.01, 0.25, 1.0, 3.0])
        session = rng.choice(list(scenario.session_closes))
        scenario.flows.append(FlowSpec(session, amount, rng.random() < 0.5))
    return scenario
