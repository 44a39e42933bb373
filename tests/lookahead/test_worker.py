"""Goal: one run of an audit reports what it decided, read, opened and raised, and nothing else.

Method: jobs are run in this process, unconfined, and their reports read.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import quant as qt
from quant.engine.lookahead.hide import hide_future
from quant.engine.lookahead.job import Cut, Job, place_of_strategy
from quant.engine.lookahead.worker import run_job
from quant.engine.strategy_file import load_class
from quant.errors import StrategyError

HERE = Path(__file__).parent


def _job(folder: Path, file: Path, **given: Any) -> Job:
    bars = folder / "bars"
    bars.write_bytes(pickle.dumps(qt.load_bars("sample:sp500")))
    return Job(
        place=place_of_strategy(load_class(str(file))(**given)),
        bars=bars,
        config=qt.Config(seed=3),
        start=date(2008, 1, 2),
        end=date(2008, 6, 30),
        cut=None,
        confinement=None,
        report=folder / "report.json",
    )


def test_decisions_are_those_of_a_run(tmp_path: Path) -> None:
    job = _job(tmp_path, HERE / "honest" / "bracket_by_hand.py")
    found = run_job(job)
    run = qt.backtest(
        load_class(str(HERE / "honest" / "bracket_by_hand.py")),
        qt.sample("sp500"),
        config=job.config,
        start=job.start,
        end=job.end,
    )
    asked = [d for d in found["decisions"] if d[1] == "order"]
    orders = run.orders.to_dicts()
    assert [(d[0], d[2], d[4], d[5], d[6], d[7], d[8]) for d in asked] == [
        (
            int(row["ts"].timestamp()) * 1_000_000_000,
            *(row[name] for name in ("symbol", "type", "limit_price", "stop_price", "tif", "tag")),
        )
        for row in orders
    ]
    assert (found["reads"], found["error"], found["is_confined"]) == (["close"], None, False)
    assert {d[1] for d in found["decisions"]} == {"warmup", "order", "cancel"}
    assert len(found["orders"]) == len(orders)


def test_limits_and_timers_are_decisions_too(tmp_path: Path) -> None:
    found = run_job(_job(tmp_path, HERE / "honest" / "session_hooks.py"))
    assert found["decisions"][0][1:] == ["every", "session close - 30min", "late"]
    assert found["decisions"][1][1:] == ["risk.set", "max_gross", 0.9]


@pytest.mark.parametrize("drop", [True, False])
def test_a_cut_run_decides_the_same_before_the_cut(tmp_path: Path, drop: bool) -> None:
    job = _job(tmp_path, HERE / "honest" / "keeps_state.py")
    full = run_job(job)["decisions"]
    moment = full[len(full) // 2][0]
    found = run_job(replace(job, cut=Cut(moment=moment, seed=1, drop=drop)))["decisions"]
    assert [d for d in found if d[0] <= moment] == [d for d in full if d[0] <= moment]
    assert (max(d[0] for d in found) <= moment) == drop


def test_a_peek_is_seen_in_a_cut_run(tmp_path: Path) -> None:
    job = _job(tmp_path, HERE / "cheats" / "max_in_on_start.py")
    full = run_job(job)["decisions"]
    bars = qt.load_bars("sample:sp500")
    moment = full[20][0]
    top = hide_future(bars, moment, seed=1, drop=True).columns["high"].max()
    assert top < bars.columns["high"].max()
    found = run_job(replace(job, cut=Cut(moment=moment, seed=1, drop=True)))["decisions"]
    assert found != full[: len(found)]


def test_what_is_opened_and_raised_is_reported(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("1")
    file = tmp_path / "opens.py"
    file.write_text(
        "import quant as qt\nfrom pathlib import Path\n\n\nclass Opens(qt.Strategy):\n"
        "    def on_bar(self, bar, ctx):\n"
        "        Path(__file__).with_name('notes.txt').read_text()\n"
        "        raise OSError('too late')\n"
    )
    found = run_job(_job(tmp_path, file))
    assert str(tmp_path / "notes.txt") in found["files"]
    error = found["error"]
    assert (error["kind"], error["text"], error["is_ours"]) == ("OSError", "too late", False)
    assert error["place"] == " in on_bar at opens.py line 8"
    assert error["ts"] == 1_199_307_600_000_000_000
    assert str(file) in found["modules"]


def test_a_strategy_that_cannot_be_copied_is_told() -> None:
    kind = load_class(str(HERE / "honest" / "moving_averages.py"))
    with pytest.raises(StrategyError, match="can be copied"):
        place_of_strategy(kind(fast=lambda: 3))
    place = place_of_strategy(qt.MovingAverageCross(5, 20))
    assert place.file is None
    assert type(place.make()) is qt.MovingAverageCross


COMPILED = """
import gc
from pathlib import Path
import quant as qt
from numba.core.dispatcher import Dispatcher
from quant.engine.everything import UsesEverything
from quant.engine.lookahead import worker
from quant.engine.simulation import Simulation

def signatures():
    found = (one for one in gc.get_objects() if isinstance(one, Dispatcher))
    return {(one.py_func.__qualname__, str(s)) for one in found for s in one.signatures}

bars = qt.load_bars("sample:sp500")
worker._warm_up()
before = signatures()
run = Simulation(UsesEverything(), bars, qt.Config())
run.prepare()
run.advance(300)
print(sorted(signatures() - before))
"""


def test_a_confined_run_finds_everything_compiled() -> None:
    """It could not keep what it compiles: on a new installation the first audit would fail."""
    done = subprocess.run(
        [sys.executable, "-c", COMPILED], capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
