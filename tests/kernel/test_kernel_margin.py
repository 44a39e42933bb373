"""Goal: the account's totals and the question "may it be in that state?" are right.

Method: a portfolio of a long, a short and a flat name is built through the event front; totals are
compared with sums by hand, the check with the written inequality in exact decimals for every count,
and the largest affordable count with a search that tries them all.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from helpers import kernel_calls as kernel
from helpers.worlds import Script, market
from quant.engine.simulation import Simulation
from quant.model.parse import config_from
from quant.strategy import Context

LONG, SHORT, FREE = 0, 1, 2
MARKS = {LONG: 12.5, SHORT: 7.25, FREE: 30.0}


def _flat(price: float) -> tuple[float, ...]:
    return (price,) * 4


def portfolio(**config: Any) -> Simulation:
    """+40 of A bought at 10, −20 of B sold at 8, marked at 12.5 and 7.25; nothing of C."""

    def trade(ctx: Context) -> None:
        ctx.order("A", 40)
        if config.get("account", {}).get("kind") != "cash":
            ctx.order("B", -20)

    bars = market(
        A=[_flat(10), _flat(10), _flat(12.5)],
        B=[_flat(8), _flat(8), _flat(7.25)],
        C=[_flat(30)] * 3,
    )
    simulation = Simulation(Script({0: trade}), bars, config_from({"cash": 1_000} | config))
    simulation.prepare()
    simulation.advance()
    return simulation


def order(simulation: Simulation, symbol: str, qty: float) -> int:
    return simulation.ctx.order(symbol, qty) - 1


def test_totals_are_sums_over_what_is_held() -> None:
    simulation = portfolio(account={"kind": "gross_leverage", "k": 2})
    kernel.remark(simulation.state.address)
    account = simulation.state["accounts"][0]
    # cash 1,000 − 400 + 160; A is worth 500, B −145
    assert account["cash"] == 760
    assert account["positions_value"] == 355
    assert account["gross"] == 645
    assert account["net"] == 355
    assert account["equity"] == 1_115
    assert kernel.buying_power(simulation.state.address) == 2 * 1_115 - 645


def test_a_cash_account_buys_with_cash() -> None:
    simulation = portfolio(account={"kind": "cash"})
    assert kernel.buying_power(simulation.state.address) == 600


def test_the_strategy_may_lower_the_limit_but_not_raise_it() -> None:
    simulation = portfolio(account={"kind": "gross_leverage", "k": 2})
    simulation.ctx.risk.set(max_leverage=1.5)
    assert kernel.buying_power(simulation.state.address) == 1.5 * 1_115 - 645
    simulation.ctx.risk.set(max_leverage=3.0)
    assert kernel.buying_power(simulation.state.address) == 2 * 1_115 - 645
    simulation.ctx.risk.set(max_leverage=None)
    assert kernel.buying_power(simulation.state.address) == 2 * 1_115 - 645


RATE = Decimal("0.0625")
COUNTS = range(1, 401)


def may(account: str, i: int, sign: int, count: int, price: Decimal, raw: Decimal) -> bool:
    """The inequality of the contract, by hand, with k = 2 and a commission of 1/16."""
    held = {LONG: 40, SHORT: 0 if account == "cash" else -20, FREE: 0}
    cash = Decimal(1_000 - 400 + (0 if account == "cash" else 160))
    fee = RATE * count * price
    cash -= sign * count * price + fee
    held[i] += sign * count
    marks = {n: Decimal(mark) for n, mark in MARKS.items()} | {i: raw}
    if account == "cash":
        return cash >= 0
    gross = sum((abs(held[n]) * marks[n] for n in held), Decimal(0))
    equity = cash + sum((held[n] * marks[n] for n in held), Decimal(0))
    return gross <= 2 * equity


@pytest.mark.parametrize("account", ["gross_leverage", "cash"])
@pytest.mark.parametrize(("i", "sign"), [(LONG, 1), (SHORT, -1), (FREE, 1), (FREE, -1)], ids=str)
@pytest.mark.parametrize("move", [0.875, 1.0, 1.125])
@pytest.mark.parametrize("slip", [0.0, 0.25])
def test_every_count_is_judged_as_written(
    account: str, i: int, sign: int, move: float, slip: float
) -> None:
    if account == "cash" and sign < 0:
        sign = 1
    # free trades first: only the order in question pays commission
    simulation = portfolio(account={"kind": account} | ({"k": 2} if account != "cash" else {}))
    simulation.state["commissions"]["rate"] = float(RATE)
    kernel.remark(simulation.state.address)
    raw = MARKS[i] * move
    price = raw + sign * slip
    o = order(simulation, "ABC"[i], sign * 400)
    found = [
        bool(kernel.passes(simulation.state.address, o, i, count, price, raw)) for count in COUNTS
    ]
    wanted = [may(account, i, sign, count, Decimal(price), Decimal(raw)) for count in COUNTS]
    assert found == wanted
    assert {True, False} == set(wanted)
    simulation.state["policy"]["guardrail"] = 1.0
    simulation.state["slippages"]["size"] = slip / raw
    most = kernel.affordable(simulation.state.address, o, i, COUNTS[-1], raw)
    assert most == max(n for n, passes in enumerate(wanted, 1) if passes)
    assert kernel.affordable(simulation.state.address, o, i, 2, raw) == 2


def test_amounts_equal_within_a_trillionth_are_equal() -> None:
    """0.1 · 3 is 0.30000000000000004: a full-cash purchase still passes."""
    simulation = portfolio(cash=0.3, account={"kind": "cash"})
    kernel.remark(simulation.state.address)
    assert simulation.state["positions"]["units"].tolist() == [0, 0, 0]
    o = order(simulation, "C", 3)
    address = simulation.state.address
    assert kernel.passes(address, o, FREE, 3, 0.1, 0.1)
    assert not kernel.passes(address, o, FREE, 3, 0.1 * (1 + 1e-11), 0.1)
