"""Goal: a message about settings says whose they are and what to do.

Method: settings with one mistake each; the message is compared with the place and the advice.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import quant as qt
from quant.errors import ConfigError


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"currencies": {"JPY": {}}}, "config currencies.JPY.symbol and value: expected one"),
        ({"currencies": {"JPY": {"value": 0}}}, "config currencies.JPY.value: expected a number"),
        (
            {"instruments": {"A": {"tick": 0}, "B": {}}},
            "config instruments.A.tick: expected a number above 0, found 0; raise it.",
        ),
        ({"instruments": {"A": {"increment": 0}}}, "config instruments.A.increment: expected"),
        (
            {"instruments": {"A": {"initial_money": 1, "maintenance_money": 2}}},
            "config instruments.A.maintenance_money and initial_money: expected no more",
        ),
        (
            {"instruments": {"A": {"commission": {"kind": "rate", "rate": -1}}}},
            "config instruments.A.commission.rate: expected at least 0",
        ),
        (
            {"cash_flows": [{"every": "month", "amount": 5}, {"date": "2020-01-01", "amount": 0}]},
            "config cash_flows[1] amount: expected a deposit",
        ),
        (
            {"cash_flows": [{"every": "day", "amount": 5}]},
            "config cash_flows[0] every: expected one of week",
        ),
        (
            {"interest": {"debit": [[5, 0.1]]}},
            "found [5.0]; write for example [[0, 0.06], [100000, 0.055]].",
        ),
        ({"interest": {"credit": []}}, "found 0; write for example [[0, 0.06]"),
        ({"interest": {"basis": 364}}, "found 364; choose one of them."),
        (
            {"commission": {"kind": "tiered", "tiers": [[5, 0.1]]}},
            "found [5.0]; write for example [[0, 0.001], [10000, 0.0005]].",
        ),
        ({"commission": {"kind": "tiered", "tiers": []}}, "found 0; write for example [[0, 0.001]"),
    ],
)
def test_a_message_says_whose_setting_it_is(config: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(text)):
        qt.config_from(config)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ("realistic", 'found \'realistic\'; write {"profile": "realistic"}.'),
        ("run.yaml", "found 'run.yaml'; a file is for the command line (--config run.yaml)"),
        (Path("run.yml"), "a file is for the command line (--config run.yml)"),
        ("best", "found 'best'; write for example {\"cash\": 10000}."),
        ({"calendar": "XLON"}, "config calendar: expected one of auto, XNYS, 24/7, weekdays"),
    ],
)
def test_what_is_no_settings_is_told_what_to_write(config: Any, text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(text)):
        qt.backtest(qt.Strategy(), qt.sample("sp500"), config=config)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"instruments": [1]}, "config instruments: expected settings by name, found [1]; write"),
        ({"currencies": ["EUR"]}, "config currencies: expected settings by name, found ['EUR']"),
        ({"cash_flows": [1]}, "config cash_flows[0]: expected an amount with a date"),
    ],
)
def test_records_refuse_what_they_cannot_hold(given: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(text)):
        qt.Config(**given)


def test_cash_flows_may_be_mappings() -> None:
    made: Any = [{"every": "month", "amount": 5}, {"date": "2020-01-02", "amount": -5}]
    assert qt.Config(cash_flows=made).cash_flows == (
        qt.RepeatedCashFlow(every="month", amount=5),
        qt.CashFlow(date="2020-01-02", amount=-5),
    )
