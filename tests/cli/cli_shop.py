"""What the tests of this folder share: small price files, strategies, and ways to run `quant`.

Most runs happen in the test's own process, which is fast; what depends on a process of its own
(signals, hash seeds, closed pipes) starts one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from quant.calendars import load_calendar
from quant.cli.main import run

HEADER = "date,open,high,low,close,volume"
QUANT = (sys.executable, "-c", "from quant.cli.main import main; main()")

CROSS = """
    import quant as qt

    class Cross(qt.Strategy):
        def __init__(self, fast: int = 5, slow: int = 20):
            self.fast, self.slow = fast, slow

        def on_start(self, ctx):
            self.symbol = ctx.symbols[0]
            self.f = ctx.features.rolling_mean(self.symbol, "close", self.fast)
            self.s = ctx.features.rolling_mean(self.symbol, "close", self.slow)

        def on_bar(self, bar, ctx):
            ctx.order_target(self.symbol, weight=0.9 if self.f > self.s else -0.5, tag="turn")
"""


def price_rows(n: int = 120) -> list[list[str]]:
    """Rows of sessions of XNYS from 2024-01-02 on: a saw of prices, each bar true."""
    days = load_calendar("XNYS").days
    first = int(days.searchsorted((date(2024, 1, 2) - date(1970, 1, 1)).days))
    rows = []
    for i in range(n):
        day = date(1970, 1, 1) + timedelta(days=int(days[first + i]))
        open_ = 100 + (i * 7 % 31) - (i * 3 % 17) / 4
        close = 100 + (i * 11 % 29) - (i * 5 % 13) / 8
        high, low = max(open_, close) + 0.5, min(open_, close) - 0.25
        rows.append([str(day), *map(str, (open_, high, low, close)), str(200_000 + i)])
    return rows


@dataclass(frozen=True)
class Said:
    """What one command did."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document and nothing else."""
        return json.loads(self.out)


@dataclass
class Shop:
    """An empty folder with prices.csv and cross.py, and the command in it."""

    path: Path
    capture: pytest.CaptureFixture[str]
    runs: Path = field(init=False)

    def __post_init__(self) -> None:
        self.runs = self.path / "runs"
        self.prices("prices.csv", price_rows())
        self.file("cross.py", CROSS)

    def file(self, name: str, text: str) -> Path:
        """A file with this text, its common indentation taken away."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    def prices(self, name: str, rows: Sequence[Sequence[str]], header: str = HEADER) -> Path:
        """A CSV file of these rows."""
        return self.file(name, "\n".join([header, *map(",".join, rows)]) + "\n")

    def strategy(self, body: str, name: str = "own.py") -> str:
        """A file with one strategy ``Own`` that has these methods."""
        methods = textwrap.indent(textwrap.dedent(body), "    ")
        self.file(name, f"import quant as qt\n\n\nclass Own(qt.Strategy):\n{methods}\n")
        return name

    def quant(self, *arguments: str) -> Said:
        """One command, in this process."""
        self.capture.readouterr()
        status = run(list(arguments))
        told = self.capture.readouterr()
        return Said(status, told.out, told.err)

    def backtest(self, file: str = "cross.py", *more: str, data: str = "prices.csv") -> Said:
        """``quant run backtest`` in this process."""
        return self.quant("run", "backtest", file, "--data", data, *more)

    def process(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """One command, in a process of its own."""
        return subprocess.run(
            [*QUANT, *arguments],
            cwd=self.path,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def folders(self) -> list[Path]:
        """The run folders, oldest first; nothing else may be there."""
        if not self.runs.exists():
            return []
        found = sorted(self.runs.iterdir(), key=lambda p: (p / "manifest.json").stat().st_mtime_ns)
        assert all(path.name.startswith("run-") for path in found), found
        return found

    @property
    def folder(self) -> Path:
        """The one run folder."""
        (only,) = self.folders()
        return only

    def manifest(self, folder: Path | None = None) -> dict[str, Any]:
        """manifest.json of a run."""
        content: dict[str, Any] = json.loads(
            ((folder or self.folder) / "manifest.json").read_text()
        )
        return content


def make_shop(
    path: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
) -> Iterator[Shop]:
    """A shop in a folder; modules and paths that strategies brought along are forgotten after."""
    modules, places = set(sys.modules), list(sys.path)
    patch.chdir(path)
    patch.setattr(sys, "dont_write_bytecode", True)
    yield Shop(path, capture)
    sys.path[:] = places
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(path)):
            del sys.modules[name]


def check_sentence(said: Said, *words: str, status: int = 2) -> None:
    """A mistake is told on one line of standard error, without a traceback, and names ``words``."""
    assert said.status == status, said.err
    told = [line for line in said.err.splitlines() if not line.startswith("quant: warning:")]
    assert len(told) == 1, said.err
    assert told[0].startswith("quant: ")
    assert "Traceback" not in said.err
    assert "quant_strategy_" not in said.err
    for word in words:
        assert word in told[0], (word, told[0])
