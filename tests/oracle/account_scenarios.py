"""Random scenarios of accounts: kinds, margins, settlement, what time costs, how accounts fail.

Markets, orders and costs are those of `scenarios.py`, with the money small beside them; weekends
are left out of half of them. Cancels name no orders by number, since an account that fails makes
orders of its own.
"""

from __future__ import annotations

import random

from .scenarios import (
    Account,
    Borrow,
    InstrumentSpec,
    Interest,
    Margin,
    MarginCall,
    Scenario,
    random_scenario,
    session_closes,
)


def random_account_scenario(seed: int) -> Scenario:
    """One scenario; the same seed gives the same scenario."""
    rng = random.Random(f"account {seed}")
    scenario = random_scenario(rng.randrange(10**9))
    scenario.actions = [action for action in scenario.actions if action.kind != "cancel"]
    # What a fill off the path's price does to a line is open: `test_account_differences.py`.
    scenario.execution["gap_improvement"] = True
    _draw_money(rng, scenario)
    _draw_instruments(rng, scenario)
    scenario.account = draw_account(rng, scenario.cash)
    scenario.margin_call = draw_margin_call(rng)
    if any(spec.closes_only for spec in scenario.instruments):
        scenario.margin_call["at"] = "next_print"
    if rng.random() < 0.4:
        scenario.interest = draw_interest(rng, scenario.cash)
    if rng.random() < 0.3:
        scenario.borrow = Borrow(rate=rng.choice((0.0, 0.1, 3.0)), basis=rng.choice((360, 365)))
    if scenario.account["kind"] == "cash":
        for spec in scenario.instruments:
            spec.is_margined = False
    elif scenario.account["kind"] == "margin":
        for spec in scenario.instruments:
            spec.margin = draw_margin(rng, spec)
    if scenario.account["kind"] == "net_leverage" and scenario.execution["insufficient"] == "scale":
        # The one largest factor is not one where a larger count may pass again.
        scenario.execution["insufficient"] = "partial"
    _availability(rng, scenario)
    return scenario


def _draw_money(rng: random.Random, scenario: Scenario) -> None:
    """Cash for some dozens of increments at most; two instruments; sometimes no weekends."""
    scenario.instruments = sorted(scenario.instruments, key=lambda spec: spec.symbol)[:2]
    first = scenario.instruments[0]
    price = first.bars[0].close * float(first.increment)
    scenario.cash = round(price * rng.choice((4, 8, 15, 25, 40, 80)), 2)
    if rng.random() < 0.5:
        for spec in scenario.instruments:
            kept = [bar for bar in spec.bars if bar.session % 7 not in (2, 3)]
            spec.bars = kept or spec.bars[:1]
    symbols = {spec.symbol for spec in scenario.instruments}
    times = {bar.t_close for spec in scenario.instruments for bar in spec.bars}
    scenario.actions = [a for a in scenario.actions if a.at in times and a.symbol in symbols]
    scenario.session_closes = session_closes(scenario.instruments)


def _draw_instruments(rng: random.Random, scenario: Scenario) -> None:
    for spec in scenario.instruments:
        if rng.random() < 0.25:
            spec.is_margined = True
        if rng.random() < 0.1:
            spec.borrow_rate = rng.choice((0.0, 0.5))


def draw_account(rng: random.Random, cash: float) -> Account:
    kind = rng.choice(("margin", "margin", "margin", "gross", "gross", "maintained", "net", "cash"))
    proceeds = rng.choice(("locked", "locked", "free"))
    k = rng.choice((1.0, 2.0, 4.0, 8.0))
    if kind == "cash":
        account = Account(kind="cash", settlement=rng.choice(("immediate", 0, 1, 1, 2, 3)))
        if account["settlement"] not in ("immediate", 0):
            account["unsettled"] = rng.choice(("hold", "hold", "spend"))
        if rng.random() < 0.3:
            account["credit"] = cash / 4
        return account
    if kind == "gross":
        return Account(kind="gross_leverage", k=k, short_proceeds=proceeds)
    if kind == "maintained":
        part = rng.choice((0.25, 0.5, 0.8, 1.0)) / k
        return Account(kind="gross_leverage", k=k, maintenance=part, short_proceeds=proceeds)
    if kind == "net":
        gross = rng.choice((None, k, 2 * k))
        account = Account(kind="net_leverage", k=k, gross=gross, short_proceeds=proceeds)
        if rng.random() < 0.5:
            account["maintenance"] = rng.choice((0.25, 0.5, 0.8)) / (gross or k)
        return account
    account = Account(kind="margin", short_proceeds=proceeds)
    account["minimum_equity"] = rng.choice((0.0, 0.0, cash / 2, cash, 2000.0))
    if rng.random() < 0.6:
        first = rng.choice((0.1, 0.25, 0.5, 0.75))
        account["initial"], account["maintenance"] = first, first * rng.choice((0.5, 0.8, 1.0))
        first = rng.choice((0.1, 0.25, 0.5, 0.75))
        account["short_initial"] = first
        account["short_maintenance"] = first * rng.choice((0.5, 0.8, 1.0))
    if rng.random() < 0.5:
        # Around the prices there are, so that each of the formulas of a short comes up.
        account["short_low_price"] = rng.choice((0.0, 5.0, 12.0, 20.0))
        account["short_amount"] = rng.choice((0.0, 2.5, 5.0, 8.0))
        account["short_low_amount"] = rng.choice((0.0, 2.5, 4.0))
        account["short_low_rate"] = rng.choice((0.3, 0.5, 1.0))
    return account


def draw_margin(rng: random.Random, spec: InstrumentSpec) -> Margin:
    """Margin of an instrument's own, now and then; of a future mostly money."""
    margin = Margin()
    price = spec.bars[0].close * spec.multiplier
    if rng.random() < (0.7 if spec.is_margined else 0.1):
        margin["initial_money"] = round(price * rng.choice((0.05, 0.1, 0.3)), 2)
        margin["maintenance_money"] = margin["initial_money"] * rng.choice((0.5, 0.9, 1.0))
    if rng.random() < 0.2:
        margin["maintenance"] = rng.choice((0.1, 0.4))
        margin["initial"] = rng.choice((0.2, 0.5, 0.8))
    if rng.random() < 0.2:
        margin["short_maintenance"] = rng.choice((0.1, 0.4))
        margin["short_initial"] = rng.choice((0.2, 0.5, 0.8))
    if rng.random() < 0.2:
        margin["leverage_factor"] = rng.choice((2.0, 3.0))
    return margin


def draw_margin_call(rng: random.Random) -> MarginCall:
    call = MarginCall(
        action=rng.choice(("liquidate",) * 6 + ("warn", "stop")),
        order=rng.choice(("largest_first", "smallest_first", "losers_first", "in_order")),
        size=rng.choice(("maintenance", "maintenance", "initial", "all")),
        at=rng.choice(("next_print", "inside_bar")),
        bankruptcy=rng.choice(("liquidate",) * 6 + ("warn", "stop")),
    )
    if call["bankruptcy"] == "warn":
        # Who trades on in debt: what then a line inside a bar does is open.
        call["at"] = "next_print"
    return call


def draw_interest(rng: random.Random, cash: float) -> Interest:
    tiers = [[0.0, 0.06], [round(cash / 2, 2), 0.05], [round(cash * 3, 2), 0.04]]
    return Interest(
        debit=tiers[: rng.randint(1, 3)],
        credit=[[0.0, rng.choice((0.0, 0.02))], [round(cash / 3, 2), 0.03]][: rng.randint(1, 2)],
        rebate=rng.choice((0.0, 0.015)),
        basis=rng.choice((360, 365)),
    )


def _availability(rng: random.Random, scenario: Scenario) -> None:
    """Now and then a column of what can be borrowed."""
    if scenario.account["kind"] == "cash" or rng.random() > 0.1:
        return
    if scenario.execution["insufficient"] == "scale":
        scenario.execution["insufficient"] = "partial"
    borrow = scenario.borrow or Borrow(rate=0.0, basis=365)
    borrow["availability"] = "column"
    borrow["recall"] = rng.choice(("keep", "buy_in"))
    scenario.borrow = borrow
    scenario.columns = (*scenario.columns, "borrow_shares")
    for spec in scenario.instruments:
        for bar in spec.bars:
            bar.borrow_shares = float(rng.choice((0, 3, 8, 1_000)) * float(spec.increment))
