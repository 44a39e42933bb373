"""Random scenarios in which instruments are priced in two or three currencies, and rates move.

Markets, orders and accounts are those of the other generators. Each rate is a symbol of the data
with bars of its own, in the hours of the others; now and then it begins late, or is one value for
the whole run. Rates lie near one, so that money decides as often as before.
"""

from __future__ import annotations

import random

from .account_scenarios import random_account_scenario
from .order_scenarios import any_scenario
from .scenarios import BASE, BarRow, FlowSpec, InstrumentSpec, RateSpec, Scenario

ACCOUNTS = 2
TICK = 0.0001
MUCH = 1e6


def random_currency_scenario(seed: int) -> Scenario:
    """One scenario; the same seed gives the same scenario."""
    rng = random.Random(f"currencies {seed}")
    is_plain = seed % ACCOUNTS == 0
    scenario = any_scenario(seed) if is_plain else random_account_scenario(seed)
    codes = rng.choice((("EUR",), ("EUR",), ("EUR", "JPY"), ("EUR", "GBP"), ("JPY",)))
    for spec in scenario.instruments:
        spec.currency = rng.choice((*codes, *codes, BASE))
    rng.choice(scenario.instruments).currency = codes[0]
    for code in codes:
        scenario.currencies[code] = _rate(rng, scenario, code)
    scenario.conversion["when"] = rng.choice(("at_once", "at_once", "never"))
    scenario.conversion["cost"] = rng.choice((0.0, 0.0, 0.001, 0.05))
    # Of very much money a withdrawal leaves what floats cannot tell.
    if rng.random() < 0.5 and scenario.cash < MUCH:
        draw_flows(rng, scenario)
    return scenario


def draw_flows(rng: random.Random, scenario: Scenario) -> None:
    """One to three deposits and withdrawals, in any order."""
    sessions = list(scenario.session_closes)[1:]
    for _ in range(rng.randint(1, 3) if sessions else 0):
        amount = scenario.cash * rng.choice((-2.0, -0.5, -0.1, 0.1, 0.5, 2.0))
        # Before the first prices there is no rate, see `_walk`.
        session = rng.choice(sessions)
        scenario.flows.append(FlowSpec(session, amount, rng.random() < 0.5))


def _rate(rng: random.Random, scenario: Scenario, code: str) -> RateSpec:
    if rng.random() < 0.15:
        return RateSpec(value=rng.choice((0.5, 0.9, 1.25)))
    is_inverted = code == "JPY"
    symbol = f"{BASE}{code}" if is_inverted else f"{code}{BASE}"
    scenario.instruments.append(
        InstrumentSpec(
            symbol,
            "1",
            TICK,
            _walk(rng, scenario),
            scenario.instruments[0].closes_only,
            currency=code if is_inverted else BASE,
        )
    )
    return RateSpec(symbol, is_inverted)


def _walk(rng: random.Random, scenario: Scenario) -> list[BarRow]:
    """Prices about one in the hours of an instrument; on a grid or not, without some bars."""
    step = rng.choice((0.125, 0.0625, 0.01))
    p_missing = rng.choice((0.0, 0.1, 0.3))
    # What a cash account that settles does before there is a rate is open.
    begins_late = scenario.account["kind"] != "cash" and rng.random() < 0.1
    skipped = rng.randint(1, 3) if begins_late else 0
    like = min(scenario.instruments, key=lambda spec: spec.bars[0].t_close)
    last = rng.choice((0.75, 1.0, 1.25, 1.1))
    rows: list[BarRow] = []
    for bar in like.bars:
        points = [last]
        for _ in range(3):
            points.append(_moved(rng, points[-1], step))
        if like.closes_only:
            points = points[-1:] * 4
        last = points[-1]
        volume = None if bar.volume is None else rng.choice((0.0 if rows else 10.0, 10.0, 1_000.0))
        row = points[0], max(points), min(points), last
        if not rows or rng.random() >= p_missing:
            rows.append(BarRow(bar.t_open, bar.t_close, bar.session, *row, volume))
    return rows[skipped:] or rows


def _moved(rng: random.Random, price: float, step: float) -> float:
    return max(0.25, price + rng.choice((-2, -1, 0, 0, 1, 2)) * step)
