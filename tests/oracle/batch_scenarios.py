"""The random scenarios of the other generators, with one of the other rules of who comes first."""

from __future__ import annotations

import random

from .account_scenarios import random_account_scenario
from .order_scenarios import any_scenario
from .scenarios import Action, Scenario

MANY = 3


def with_batch(seed: int) -> Scenario:
    """A scenario of `fifo` or `simultaneous`; one in three with an account of any kind."""
    rng = random.Random(f"batch {seed}")
    scenario = random_account_scenario(seed) if seed % MANY == 0 else any_scenario(seed)
    execution = scenario.execution
    execution["batch"] = rng.choice(("fifo", "simultaneous"))
    if execution["batch"] == "fifo" and execution["insufficient"] == "scale":
        execution["insufficient"] = rng.choice(("reject", "partial"))
    if execution["batch"] == "simultaneous" and execution["insufficient"] == "partial":
        execution["insufficient"] = "reject"
    if scenario.borrow is not None and execution["batch"] == "simultaneous":
        # What cannot be borrowed of orders that are judged together is open.
        scenario.borrow.pop("availability", None)
        scenario.borrow.pop("recall", None)
    _crowd(rng, scenario)
    return scenario


def _crowd(rng: random.Random, scenario: Scenario) -> None:
    """More orders of one time, without a price, so that they compete at the next print."""
    for spec in scenario.instruments:
        for bar in spec.bars[1:-1]:
            if rng.random() < 0.2:
                count = rng.choice((-3, -2, -1, 1, 2, 4, 8))
                qty = count * float(spec.increment)
                tif = rng.choice(("DAY", "GTC"))
                scenario.actions.append(Action(bar.t_close, "order", spec.symbol, qty, tif=tif))
    scenario.actions.sort(key=lambda action: action.at)
