"""Goal: any run can be verified, whatever it was given.

Method: fifty runs drawn from a seed: strategy, parameters, data, period, costs, account, timing,
path, seed. Each is saved, verified from its folder alone, and then damaged in one random byte,
which must be noticed.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import quant as qt
from quant.cli.parameters import remake_strategy
from quant.engine.strategy_file import load_class
from quant.engine.verify import verify

HONEST = Path(__file__).parents[1] / "lookahead" / "honest"
NAMES = (
    *("moving_averages", "keeps_state", "monthly_timer", "seeded_coin", "coin_and_price"),
    *("buy_and_hold", "bracket_by_hand", "session_hooks", "volatility_target", "panel_momentum"),
)


def _config(random: np.random.Generator) -> dict[str, Any]:
    def pick(*choices: Any) -> Any:
        return choices[int(random.integers(len(choices)))]

    config: dict[str, Any] = {
        "cash": pick(10_000.0, 100_000.0, 1e7),
        "account": pick({"kind": "cash"}, {"kind": "gross_leverage", "k": 2.0}),
        "execution": {
            "timing": pick("next_open", "next_close", "same_close"),
            "path": pick("adverse", "ohlc", "olhc", "nearest_extreme"),
            "rounding": pick("none", "minor_unit"),
            "participation": pick(None, 0.1),
        },
        "commission": pick(
            {"kind": "rate", "rate": 0.001},
            {"kind": "per_share", "per_share": 0.005, "minimum": 1.0},
            {"kind": "per_order", "per_order": 2.0},
        ),
        "slippage": pick({"kind": "rate", "rate": 0.0005}, {"kind": "range", "fraction": 0.1}),
        "instruments": {"default": {"increment": pick("1", "0.01")}},
        "benchmark": pick("buy_and_hold", "none"),
        "risk_free": pick(0.0, 0.02),
        "seed": int(random.integers(1000)),
    }
    return config


def _make(spec: str, params: dict[str, Any]) -> qt.Strategy:
    return remake_strategy(load_class(spec), params)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_a_random_run_verifies_and_damage_is_noticed(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # whatever the environment says
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    random = np.random.default_rng(seed)
    name = NAMES[seed % len(NAMES)]
    shutil.copy(HONEST / f"{name}.py", tmp_path)
    kind = load_class(str(tmp_path / f"{name}.py"))
    data = "sample:us20" if name == "panel_momentum" else "sample:sp500"
    first = np.datetime64("2003-01-02") + int(random.integers(3000))
    run = qt.backtest(
        kind(fast=int(random.integers(2, 20))) if name == "moving_averages" else kind,
        data,
        config=_config(random),
        start=str(first),
        end=str(first + int(random.integers(20, 400))),
    )
    folder = run.save(tmp_path / "runs")
    (tmp_path / f"{name}.py").unlink()
    verdict = verify(folder, _make)
    assert (verdict.is_same, verdict.level) == (True, "equal"), verdict.text
    files = sorted(path for path in folder.path.rglob("*") if path.is_file())
    damaged = files[int(random.integers(len(files)))]
    content = bytearray(damaged.read_bytes())
    if damaged.name == "manifest.json":
        content = bytearray(content.replace(b'"seed": ', b'"seed": 1', 1))
    elif content:
        content[int(random.integers(len(content)))] ^= 1
    else:
        content += b"x"
    damaged.chmod(0o644)
    damaged.write_bytes(content)
    verdict = verify(folder, _make)
    assert verdict.level == "tampered"
    assert verdict.tampered == [damaged.relative_to(folder.path).as_posix()]
