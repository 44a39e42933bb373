"""Random cash accounts with `settlement: us`, in the weeks around a change of the rule, and around
holidays of the banks; of half of them the bars of days without a session are left out.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta

from .account_scenarios import random_account_scenario
from .scenarios import (
    DAY,
    FIRST_DAY,
    Account,
    Action,
    OcoSpec,
    OrderSpec,
    Scenario,
    session_closes,
)
from .settlement import is_exchange_day

EPOCH = date(1970, 1, 1)
AROUND = (
    date(1995, 6, 7),
    date(2017, 9, 5),
    date(2024, 5, 28),
    date(2018, 11, 12),
    date(2024, 10, 14),
    date(2021, 12, 31),
)


def random_settlement_scenario(seed: int) -> Scenario:
    """One scenario; the same seed gives the same scenario."""
    rng = random.Random(f"settlement {seed}")
    scenario = random_account_scenario(seed)
    scenario.account = Account(kind="cash", settlement="us")
    scenario.account["unsettled"] = rng.choice(("hold", "hold", "hold", "spend"))
    if rng.random() < 0.2:
        scenario.account["credit"] = scenario.cash / 4
    scenario.margin_call, scenario.borrow = {}, None
    scenario.columns = tuple(name for name in scenario.columns if name != "borrow_shares")
    for spec in scenario.instruments:
        spec.is_margined, spec.margin, spec.borrow_rate = False, {}, None
    first = rng.choice(AROUND) - timedelta(days=rng.randint(1, 14))
    _move(scenario, (first - EPOCH).days - FIRST_DAY)
    if rng.random() < 0.5:
        _keep_sessions(scenario)
    return scenario


def _move(scenario: Scenario, days: int) -> None:
    """Everything so many days later."""
    for spec in scenario.instruments:
        for bar in spec.bars:
            bar.t_open += days * DAY
            bar.t_close += days * DAY
            bar.session += days
    for action in scenario.actions:
        action.at += days * DAY
        _move_ends([action, *action.orders], days)
    scenario.session_closes = session_closes(scenario.instruments)


def _move_ends(orders: Sequence[Action | OrderSpec | OcoSpec], days: int) -> None:
    for order in orders:
        if isinstance(order, OcoSpec):
            _move_ends(order.orders, days)
            continue
        if order.good_till is not None:
            order.good_till += days * DAY
        if order.good_till_session is not None:
            order.good_till_session += days
        if isinstance(order, OrderSpec):
            _move_ends(order.children, days)


def _keep_sessions(scenario: Scenario) -> None:
    for spec in scenario.instruments:
        kept = [b for b in spec.bars if is_exchange_day(EPOCH + timedelta(days=b.session))]
        spec.bars = kept or spec.bars[:1]
    times = {bar.t_close for spec in scenario.instruments for bar in spec.bars}
    scenario.actions = [action for action in scenario.actions if action.at in times]
    scenario.session_closes = session_closes(scenario.instruments)
