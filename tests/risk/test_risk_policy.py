"""Goal: a policy passes, cuts and refuses exactly as its rules say.

Method: small accounts whose sums are done by hand beside each case.
"""

from __future__ import annotations

import dataclasses
import math
from datetime import date
from typing import Any

import pytest

from quant.errors import ConfigError, OrderError
from quant.risk import (
    EquityFraction,
    FixedMoney,
    PortfolioSnapshot,
    RiskPolicy,
    Signal,
    VolatilityScaled,
    policy_from,
)
from quant.risk.policy_parse import policy_mapping


def account(equity: float = 1000.0, **more: Any) -> PortfolioSnapshot:
    facts: dict[str, Any] = {
        "session_start_equity": equity,
        "session_low_equity": equity,
        "peak_equity": equity,
        **more,
    }
    return PortfolioSnapshot(ts=0, session=date(2024, 1, 2), equity=equity, cash=equity, **facts)


def signal(direction: str = "LONG", size: float | None = 500.0, symbol: str = "A") -> Signal:
    return Signal(symbol=symbol, direction=direction, size_usd=size)


def rules(**limits: Any) -> RiskPolicy:
    return RiskPolicy(mode="rules", **limits)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"symbol": ""}, "expected symbol as text"),
        ({"direction": "long"}, "Did you mean 'LONG'?"),
        ({"direction": 1}, "one of LONG, SHORT, FLAT, found 1"),
        ({"size_usd": -1.0}, "say the side with direction"),
        ({"size_usd": math.nan}, "finite amount"),
        ({"size_usd": True}, "finite amount"),
        ({"confidence": 1.5}, "from 0 to 1, found 1.5"),
        ({"strategy": 3}, "strategy as text"),
        ({"metadata": [1]}, "metadata as a mapping"),
    ],
)
def test_a_signal_that_makes_no_sense_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(OrderError, match=told.replace("?", r"\?")):
        Signal(**{"symbol": "A", "direction": "LONG", **fields})


def test_mode_none_lets_everything_pass() -> None:
    said = RiskPolicy().check_signal(signal(size=1e9), account(equity=-5.0))
    assert (said.allowed, said.adjusted_size, said.rule) == (True, 1e9, "")
    assert not RiskPolicy().should_stop(account(equity=-5.0))


def test_sizing_speaks_where_the_signal_does_not() -> None:
    none = signal(size=None)
    assert RiskPolicy(sizing=FixedMoney(amount=70)).size_position(none, account()) == 70.0
    assert RiskPolicy(sizing=EquityFraction(fraction=0.3)).size_position(none, account()) == 300.0
    assert RiskPolicy(sizing=FixedMoney(amount=70)).size_position(signal(), account()) == 500.0
    assert RiskPolicy().size_position(signal("FLAT", None), account()) == 0.0
    with pytest.raises(OrderError, match="expected size_usd or a policy with a sizing"):
        RiskPolicy().check_signal(none, account())


def test_volatility_scales_the_size() -> None:
    policy = rules(sizing=VolatilityScaled(target=0.1, n=20, max_fraction=0.8))
    # 0.1 / 0.4 of 1000; 0.1 / 0.05 would be 2, cut to 0.8
    assert policy.size_position(signal(size=None), account(volatility={"A": 0.4})) == 250.0
    assert policy.size_position(signal(size=None), account(volatility={"A": 0.05})) == 800.0
    for unknown in ({}, {"A": math.nan}, {"A": 0.0}):
        said = policy.check_signal(signal(size=None), account(volatility=unknown))
        assert (said.allowed, said.rule) == (False, "sizing")


def test_the_largest_position_cuts() -> None:
    said = rules(max_position=0.3).check_signal(signal(), account())
    assert (said.allowed, said.adjusted_size, said.rule) == (True, 300.0, "max_position")
    assert (said.limit, said.value) == (0.3, 0.5)
    assert rules(max_position=0.5).check_signal(signal(), account()).rule == ""


def test_the_leverage_counts_what_is_held_and_on_its_way() -> None:
    # B is held with 300, C is on its way to -500: 1200 - 800 leave 400
    held = account(values={"B": 300.0, "C": 9.0}, pending={"C": -500.0})
    said = rules(max_leverage=1.2).check_signal(signal(), held)
    assert (said.allowed, said.rule) == (True, "max_leverage")
    assert said.adjusted_size == pytest.approx(400.0, abs=1e-9)
    assert said.value == 1.3
    said = rules(max_leverage=0.8).check_signal(signal(), held)
    assert (said.allowed, said.adjusted_size, said.rule) == (False, 0.0, "max_leverage")
    # its own position does not stand in its way
    own = account(values={"A": 400.0})
    assert rules(max_leverage=0.5).check_signal(signal(), own).adjusted_size == 500.0


def test_a_lost_session_refuses_entries_and_lets_exits_pass() -> None:
    policy = rules(daily_loss_cap=0.02)
    lost = {"session_start_equity": 1000.0, "session_low_equity": 979.0, "equity": 999.0}
    # the lowest point counts, not the present one: 21 of 1000
    said = policy.check_signal(signal(), account(**lost))
    assert (said.allowed, said.rule, said.limit) == (False, "daily_loss_cap", 0.02)
    assert said.value == pytest.approx(0.021, abs=1e-12)
    exactly = account(session_low_equity=980.0)
    assert policy.check_signal(signal(), exactly).allowed
    long = account(**lost, values={"A": 500.0})
    assert policy.check_signal(signal("FLAT"), long).allowed
    assert policy.check_signal(signal(size=200.0), long).adjusted_size == 200.0
    assert not policy.check_signal(signal(size=600.0), long).allowed
    turned = policy.check_signal(signal("SHORT"), long)
    assert (turned.allowed, turned.adjusted_size, turned.rule) == (True, 0.0, "daily_loss_cap")


def test_trading_stops_for_good() -> None:
    policy = rules(max_drawdown=0.2, min_equity=300.0)
    assert not policy.should_stop(account(equity=801.0, peak_equity=1000.0))
    stopped = policy.stop_decision(account(equity=800.0, peak_equity=1000.0))
    assert stopped is not None
    assert (stopped.rule, stopped.value) == ("max_drawdown", 0.2)
    assert policy.should_stop(account(equity=300.0, peak_equity=310.0))
    assert rules().should_stop(account(equity=0.0, peak_equity=1.0))
    assert not rules().should_stop(account(equity=0.1, peak_equity=100.0))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"mode": "rule"}, "Did you mean 'rules'"),
        ({"max_drawdown": 0.2}, "expected mode rules with a limit"),
        ({"mode": "rules", "daily_loss_cap": 2}, "daily_loss_cap: expected at most 1"),
        ({"mode": "rules", "max_leverage": 0}, "max_leverage: expected a number above 0"),
        ({"repeat": "again"}, "expected one of hold, rebalance"),
        ({"sizing": {"kind": "equity"}}, "Did you mean 'equity_fraction'"),
        ({"sizing": {"kind": "fixed_money"}}, "expected amount for kind fixed_money"),
        ({"sizing": {"kind": "fixed_money", "amunt": 1}}, "Did you mean 'amount'"),
        ({"sizing": 5}, "expected settings by name, found 5"),
        ({"sizing": {"kind": "volatility_scaled", "target": 0.1, "n": 1}}, "at least 2"),
        ("rules", "expected settings by name"),
    ],
)
def test_a_wrong_policy_is_told(given: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        policy_from(given)


def test_a_policy_survives_json() -> None:
    policy = rules(
        sizing=VolatilityScaled(target=0.1, n=30),
        max_leverage=2,
        daily_loss_cap=0.05,
        repeat="hold",
    )
    assert policy_from(policy_mapping(policy)) == policy
    assert policy_from(policy) is policy
    assert policy_from(None) == RiskPolicy()
    assert dataclasses.replace(policy, sizing=None).sizing is None
    with pytest.raises(ConfigError, match="policy sizing: expected FixedMoney"):
        RiskPolicy(sizing=0.5)  # type: ignore[arg-type]
