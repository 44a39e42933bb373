"""The random scenarios of the other generators, with postings rounded to the minor unit.

Amounts of cents matter where money is small: cash is that of the generators, and charges are drawn
with more digits than a cent has.
"""

from __future__ import annotations

import random

from .account_scenarios import random_account_scenario
from .currency_scenarios import random_currency_scenario
from .fee_scenarios import with_schedule
from .order_scenarios import any_scenario
from .scenarios import Commission, Scenario

DRAWS = (any_scenario, random_account_scenario, random_currency_scenario, with_schedule)


def with_rounding(seed: int) -> Scenario:
    """One scenario; the same seed gives the same scenario."""
    rng = random.Random(f"rounding {seed}")
    scenario = DRAWS[seed % len(DRAWS)](seed)
    scenario.execution["rounding"] = "minor_unit"
    if scenario.commission["kind"] != "schedule" and rng.random() < 0.5:
        # Of one share half a cent, of a value with cents some thousandths of one.
        scenario.commission = rng.choice(
            (
                Commission(kind="per_share", per_share=0.005),
                Commission(kind="per_share", per_share=0.0125, minimum=0.035),
                Commission(kind="rate", rate=0.00125),
            )
        )
    return scenario
