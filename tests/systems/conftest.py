"""A folder of systems to be a user in."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

STRATEGY = """
import quant as qt


class Hold(qt.Strategy):
    def __init__(self, weight: float = 0.5, times: int = 1, name: str = "x") -> None:
        self.weight = weight

    def on_bar(self, bar, ctx):
        if ctx.portfolio.qty(bar.symbol) == 0:
            ctx.order_target(bar.symbol, weight=self.weight)
"""

SYSTEM = """
system_id: hold
title: Hold the index
strategy: strategies/hold.py
params: {weight: 0.9}
data: sample:sp500
costs: {commission: {kind: rate, rate: 0.001}}
benchmark: none
seed: 7
windows:
  year: {start: 2010-01-04, end: 2010-12-31}
  month: {start: 2010-01-04, end: 2010-01-29, params: {weight: 0.25}}
  all: {}
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes systems/NAME.yaml in an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    folder = tmp_path / "systems"
    (folder / "strategies").mkdir(parents=True)
    (folder / "strategies" / "hold.py").write_text(STRATEGY)

    def written(text: str = SYSTEM, name: str = "hold.yaml") -> Path:
        path = folder / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    return written
