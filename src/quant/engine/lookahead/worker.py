"""Runs of an audit, each in a process of its own.

``python -m quant.engine.lookahead.worker`` loads quant and its compiled kernel, and then forks once
for every line of its input, which names a pickled `Job`. It never sees data nor a strategy itself,
so that each run begins as clean as a new interpreter, without the second that one takes to start.

A run hides the future of its data, confines itself, and only then imports the strategy. What the
strategy decided goes to the file named by the job, as JSON; the exit status is answered on a line.
"""

from __future__ import annotations

import dataclasses
import gc
import json
import math
import os
import pickle
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from quant.calendars import Calendar
from quant.engine.everything import UsesEverything
from quant.engine.journal import in_words
from quant.engine.lookahead.confine import confine, die_with_parent
from quant.engine.lookahead.hide import hide_future
from quant.engine.lookahead.job import Job, marks_of
from quant.engine.lookahead.launch import Launcher
from quant.engine.simulation import Simulation
from quant.engine.strategy_file import place_of
from quant.errors import QuantError
from quant.lake import Bars, DataOptions, DataSource
from quant.model.config import Config
from quant.strategy.base import check_hooks
from quant.strategy.witness import Witness

__all__ = ["run_job"]

_DAY = 86_400_000_000_000
_NETWORK = (
    *("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg", "socket.bind"),
)
_PROCESSES = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn")
# What a strategy asked for, as the kernel holds it; quantities change when orders fill.
_ASKED = (
    *("ts_submit", "instrument", "type", "tif", "limit_sent", "stop_sent", "limit_offset"),
    *("reduce_only", "post_only", "parent", "group", "target_kind", "target"),
)


class _Opened:
    """What Python opens, connects to and starts, noted by an audit hook."""

    def __init__(self) -> None:
        self.files: dict[str, None] = {}
        self.others: dict[str, None] = {}
        self.is_on = False

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Called by the interpreter for every event."""
        if not self.is_on:
            return
        if event == "open":
            name = arguments[0]
            if isinstance(name, str | bytes | os.PathLike):
                self.files[os.path.abspath(os.fsdecode(name))] = None
        elif event in _NETWORK:
            self.others["opens a network connection"] = None
        elif event in _PROCESSES:
            self.others[f"starts another program ({arguments[0]})"] = None


def run_job(job: Job) -> dict[str, Any]:
    """Run it; what came out, as JSON types."""
    bars: Bars = pickle.loads(job.bars.read_bytes())
    until: int | None = None
    if job.columns is not None:
        kept = {name: bars.columns[name] for name in job.columns}
        bars = dataclasses.replace(bars, columns=kept)
    if job.cut is not None:
        bars = hide_future(bars, job.cut.moment, seed=job.cut.seed, drop=job.cut.drop)
        until = job.cut.moment if job.cut.drop else None
    report = os.open(job.report, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    opened = _Opened()
    sys.addaudithook(opened.hook)
    is_confined = False
    if job.confinement is not None:
        tempfile.tempdir = str(job.confinement.scratch)
        _cache_in(job.confinement.scratch)
        is_confined = confine(job.confinement.readable, job.confinement.scratch)
    witness = Witness()
    opened.is_on = True
    asked: list[list[Any]] = []
    error, marks = _simulate(job, bars, until, witness, asked)
    opened.is_on = False
    found = {
        "decisions": witness.decisions,
        "orders": asked,
        "marks": marks,
        "reads": sorted(witness.reads),
        "files": list(opened.files),
        "others": list(opened.others),
        "modules": _module_files(),
        "is_confined": is_confined,
        "error": error,
    }
    with os.fdopen(report, "w", encoding="utf-8") as out:
        json.dump(found, out)
    return found


def _cache_in(folder: Path) -> None:
    """Let functions of the strategy that numba caches be cached there; quant's own are loaded."""
    config = sys.modules.get("numba.core.config")
    if config is not None:
        config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]


def _simulate(
    job: Job, bars: Bars, until: int | None, witness: Witness, asked: list[list[Any]]
) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """Run the strategy to the end or to a moment; what it raised, and the marks of its making."""
    simulation: Simulation | None = None
    marks: dict[str, str] = {}
    error: BaseException | None = None
    try:
        strategy = job.place.make()
        marks = marks_of(strategy)
        check_hooks(strategy)
        simulation = Simulation(
            strategy, bars, job.config, start=job.start, end=job.end, witness=witness
        )
        simulation.prepare()
        goal = None
        if until is not None:
            ts = simulation.timeline.slices["ts"]
            goal = int(ts.searchsorted(until, side="right"))
        simulation.advance(goal)
    except BaseException as raised:  # whatever a strategy may raise is a result
        error = raised
    if simulation is not None:
        asked.extend(_orders_of(simulation))
    return None if error is None else _told(error, job, witness), marks


def _orders_of(simulation: Simulation) -> list[list[Any]]:
    """What the kernel was asked for, order by order."""
    records = simulation.state.used("orders")
    rows = zip(*(records[name].tolist() for name in _ASKED), strict=True)
    sides = np.where(records["target_kind"] <= 1, records["side"], 0).tolist()
    return [[*map(_exact, row), side] for row, side in zip(rows, sides, strict=True)]


def _exact(value: float) -> Any:
    """A number as JSON holds it, with one text for all that is not finite."""
    return value if not isinstance(value, float) or math.isfinite(value) else repr(value)


def _told(error: BaseException, job: Job, witness: Witness) -> dict[str, Any]:
    """An exception as JSON types."""
    file = job.place.file
    return {
        "kind": type(error).__name__,
        "text": in_words(error),
        "place": place_of(error, Path(file)) if file else "",
        "is_ours": isinstance(error, QuantError),
        "ts": witness.now(),
        "traceback": "".join(traceback.format_exception(error)),
    }


def _module_files() -> list[str]:
    """Files of all modules that are loaded."""
    found = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return sorted({os.path.abspath(name) for name in found if isinstance(name, str)})


def _warm_up() -> None:
    """Load what quant reads from files when it is first used: compiled code. Where there is none
    yet it is compiled here, since a confined run could not keep it."""
    days = np.arange(5, dtype=np.int64)
    calendar = Calendar(
        name="made up",
        tz="UTC",
        periods_per_year=252,
        version="",
        days=days,
        opens=days * _DAY,
        closes=days * _DAY + _DAY // 2,
    )
    price, whole = np.ones(3), np.array([0, 3], np.int64)
    columns = dict.fromkeys(("open", "high", "low", "close", "volume"), price)
    source = DataSource(
        kind="frame",
        name="made up",
        sha256="",
        n_rows=3,
        dropped_rows=0,
        bad_rows=(),
        notes=(),
        options=DataOptions(),
    )
    bars = Bars(
        symbols=("A",),
        offsets=whole,
        ts_open=calendar.opens[1:4],
        ts_close=calendar.closes[1:4],
        session=days[1:4],
        columns=columns,
        calendar=calendar,
        is_dated=True,
        closes_only=False,
        has_volume=True,
        step_ns=0,
        source=source,
        warnings=(),
    )
    run = Simulation(UsesEverything(), bars, Config())
    run.prepare()
    run.advance()


def _run_forked(path: Path) -> int:
    """One job in a process of its own; its exit status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        die_with_parent()
        errors = os.open(path.with_name("errors"), os.O_WRONLY | os.O_CREAT, 0o600)
        quiet = os.open(os.devnull, os.O_RDWR)
        for old, new in ((quiet, 0), (quiet, 1), (errors, 2)):
            os.dup2(old, new)
        run_job(pickle.loads(path.read_bytes()))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)  # what a strategy left running is not waited for


def main() -> None:
    """Serve jobs until the input ends."""
    die_with_parent()
    sys.dont_write_bytecode = True
    Launcher.is_allowed = False
    _warm_up()
    gc.freeze()  # so that a collection in a forked run need not copy what all of them share
    for line in sys.stdin:
        print(_run_forked(Path(line.rstrip("\n"))), flush=True)


if __name__ == "__main__":
    main()
