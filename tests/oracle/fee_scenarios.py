"""The random scenarios of the other generators, charged by random fee schedules.

Components of either posting, side and liquidity, with minima, maxima, dates among the sessions, and
tiers that small trades reach.
"""

from __future__ import annotations

import random
from datetime import date, timedelta

from .account_scenarios import random_account_scenario
from .order_scenarios import any_scenario
from .scenarios import Commission, FeePart, FeeTerms, FeeTiers, Scenario

ACCOUNTS = 3
EPOCH = date(1970, 1, 1)


def with_schedule(seed: int) -> Scenario:
    """One scenario; the same seed gives the same scenario."""
    rng = random.Random(f"fees {seed}")
    scenario = random_account_scenario(seed) if seed % ACCOUNTS == 0 else any_scenario(seed)
    bar = scenario.instruments[0].bars[0]
    unit = bar.close * float(scenario.instruments[0].increment)
    days = sorted(scenario.session_closes)
    parts = [_part(rng, place, unit, days) for place in range(rng.randint(1, 4))]
    scenario.commission = Commission(kind="schedule", components=parts)
    return scenario


def _part(rng: random.Random, place: int, unit: float, days: list[int]) -> FeePart:
    part = FeePart(name=f"part {place}", side=rng.choice(("both", "both", "buy", "sell")))
    part["as"] = rng.choice(("commission", "fee"))
    part["liquidity"] = rng.choice(("both", "both", "maker", "taker"))
    if rng.random() < 0.3:
        part["round_up"] = rng.choice((0.01, 0.05))
    terms = _terms(rng, unit)
    if rng.random() < 0.5:
        later = _terms(rng, unit)
        later["since"] = _day(rng.choice(days))
        if rng.random() < 0.3:
            later["until"] = _day(max(days[-2:]) - rng.randint(0, 3))
            if later["until"] < later["since"]:
                del later["until"]
        part["dated"] = [terms, later] if rng.random() < 0.7 else [later]
    else:
        part["dated"] = [terms]
    return part


def _day(session: int) -> str:
    return (EPOCH + timedelta(days=session)).isoformat()


def _terms(rng: random.Random, unit: float) -> FeeTerms:
    """Amounts by the money that one increment is."""
    terms = FeeTerms()
    if rng.random() < 0.5:
        terms["per_share"] = rng.choice((0.005, 0.02, 0.3))
    if rng.random() < 0.4:
        terms["rate"] = rng.choice((0.0005, 0.003, 0.0625))
    if rng.random() < 0.3:
        terms["per_order"] = unit * rng.choice((0.0625, 0.25))
    if rng.random() < 0.4:
        terms["minimum"] = round(unit * rng.choice((0.0625, 0.25, 1.0)), 2)
    if rng.random() < 0.3:
        terms["maximum"] = terms.get("minimum", 0.0) + round(unit * rng.random(), 2)
    if rng.random() < 0.3:
        terms["maximum_rate"] = rng.choice((0.004, 0.03125))
    if rng.random() < 0.5:
        tiers = _tiers(rng, unit)
        # One value of a kind is given once.
        terms.pop("per_share" if "per_share" in tiers else "rate", None)
        terms["tiers"] = tiers
    return terms


def _tiers(rng: random.Random, unit: float) -> FeeTiers:
    by = rng.choice(("month_quantity", "rolling_notional", "order_notional"))
    scale = 1.0 if by == "month_quantity" else unit
    # Money is a little off what trades come to, for floats do not meet a tier exactly.
    off = 0.0 if by == "month_quantity" else 0.0001
    counts = sorted(rng.sample((2, 5, 10, 20, 60), 2))
    starts = [0.0, *(round(scale * count, 2) + off for count in counts)]
    tiers = FeeTiers(by=by)
    if rng.random() < 0.5:
        tiers["per_share"] = [[start, rng.choice((0.25, 0.02, 0.005))] for start in starts]
    else:
        tiers["rate"] = [[start, rng.choice((0.01, 0.002, 0.0005))] for start in starts]
    if by != "order_notional" and rng.random() < 0.7:
        tiers["marginal"] = rng.random() < 0.6
    return tiers
