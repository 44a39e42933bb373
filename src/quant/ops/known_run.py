"""A small run whose result is known: the quickest proof that an installation computes as it should.

What it gave is in ``known_run.json`` beside this file, written by ``tools/build_known_run.py``. On
the same kind of processor and library versions it is the same bytes; elsewhere the last digits may
differ, never by more than 1e-9 of a value.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from quant.engine.backtest import backtest
from quant.engine.run import Run
from quant.engine.writing import csv_text
from quant.strategy.helpers import MovingAverageCross

__all__ = ["CLOSE", "compare", "expected", "observed", "run_it"]

CLOSE: Final = 1e-9
_FILE: Final = Path(__file__).parent / "known_run.json"
_FILLS: Final = ("ts", "side", "qty", "price", "price_raw", "commission", "slippage")
_EQUITY: Final = ("ts", "equity", "cash", "positions_value")
_CONFIG: Final = {
    "execution": {"timing": "next_close"},
    "commission": {"kind": "rate", "rate": 0.0005},
    "slippage": {"kind": "rate", "rate": 0.0002},
}


def run_it() -> Run:
    """A moving-average cross on the bundled index, from April to June 2019."""
    return backtest(
        MovingAverageCross(5, 20), "sample:sp500", config=_CONFIG, start="2019-04-01",
        end="2019-06-28",
    )  # fmt: skip


def observed(run: Run) -> dict[str, Any]:
    """What is compared: a hash of fills and equity, and their numbers."""
    text = csv_text(run.fills.select(_FILLS)) + csv_text(run.equity.select(_EQUITY))
    return {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "fills": [list(row) for row in run.fills.select("qty", "price", "commission").rows()],
        "equity": run.equity["equity"].to_list(),
    }


def expected() -> dict[str, Any]:
    """What it must give."""
    content: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return content


def compare(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """``same bytes``, ``within 1e-9``, or ``different``.

    Examples
    --------
    >>> wanted = {"sha256": "a", "fills": [[1.0, 10.0, 0.5]], "equity": [100.0]}
    >>> compare({**wanted, "sha256": "b"}, wanted)
    'within 1e-9'
    >>> compare({**wanted, "sha256": "b", "equity": [100.1]}, wanted)
    'different'
    """
    if found["sha256"] == wanted["sha256"]:
        return "same bytes"
    ours, theirs = _numbers(found), _numbers(wanted)
    if len(ours) != len(theirs):
        return "different"
    near = all(abs(a - b) <= CLOSE * max(1.0, abs(b)) for a, b in zip(ours, theirs, strict=True))
    return "within 1e-9" if near else "different"


def _numbers(result: dict[str, Any]) -> list[float]:
    return [number for row in result["fills"] for number in row] + list(result["equity"])
