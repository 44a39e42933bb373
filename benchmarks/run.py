"""Speed of the event front and of the command line.

``python benchmarks/run.py [--rounds 7]`` runs every workload once per round, interleaved, and gives
the median of processor time, per event (per bar; on the panel per bar of an instrument). *Walk* is
the loop over all timestamps; *whole run* adds laying out the data, checking the books and building
the equity table. Loading data is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import quant as qt
from quant.clock import cpu_seconds, monotonic
from quant.engine.simulation import Simulation
from workloads import Empty, EmptySlice, SmaCross, minutes, panel

ROUNDS = 7
MINUTES = 300_000
DAYS, INSTRUMENTS = 1_000, 250
SETTINGS = qt.Config(account=qt.GrossLeverage(k=100.0))


def _timed(work: Callable[[], object]) -> float:
    began = cpu_seconds()
    work()
    return cpu_seconds() - began


def _walk(strategy: type[qt.Strategy], bars: qt.Bars) -> float:
    """Seconds of the walk over all timestamps alone: kernel, hooks, orders, books."""
    simulation = Simulation(strategy(), bars, SETTINGS)
    simulation.prepare()
    return _timed(simulation.advance)


def _whole(strategy: type[qt.Strategy], bars: qt.Bars) -> float:
    """Seconds of qt.backtest on loaded bars: laying out, walk, books checked, equity table."""
    return _timed(lambda: qt.backtest(strategy, bars, config=SETTINGS).equity)


def _engine(rounds: int) -> dict[str, float]:
    """Median nanoseconds per event of each engine workload."""
    single, many = minutes(MINUTES), panel(DAYS, INSTRUMENTS)
    work = {
        "empty on_bar": (Empty, single, MINUTES),
        "sma cross, declared indicators": (SmaCross, single, MINUTES),
        "empty on_slice, 250 instruments": (EmptySlice, many, DAYS * INSTRUMENTS),
    }
    taken: dict[str, list[float]] = {}
    for r in range(rounds + 1):
        for name, (strategy, bars, events) in work.items():
            for part, measure in (("walk", _walk), ("whole run", _whole)):
                seconds = measure(strategy, bars)
                if r:  # the first round warms
                    taken.setdefault(f"{name}: {part}", []).append(seconds / events * 1e9)
    return {name: statistics.median(values) for name, values in taken.items()}


def _wall(command: list[str], environment: dict[str, str], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = monotonic()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        taken.append(monotonic() - began)
    return statistics.median(taken)


_STRATEGY = """
import quant as qt

class Cross(qt.Strategy):
    def __init__(self, fast: int = 20, slow: int = 100): self.fast, self.slow = fast, slow
    def on_start(self, ctx):
        self.f = ctx.features.rolling_mean("SP500", "close", self.fast)
        self.s = ctx.features.rolling_mean("SP500", "close", self.slow)
    def on_bar(self, bar, ctx):
        ctx.order_target("SP500", weight=1.0 if self.f > self.s else 0.0)
"""


def _processes(rounds: int) -> dict[str, float]:
    """Wall seconds of whole processes: import, a warm run, the first run ever."""
    quant = str(Path(sys.executable).with_name("quant"))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "my.py").write_text(_STRATEGY)
        run = [quant, "run", "backtest", str(place / "my.py"), "--data", "sample:sp500"]
        run += ["--out", str(place / "runs")]
        environment = dict(os.environ)
        cold = {**environment, "QUANT_CACHE": str(place / "cache")}
        python = [sys.executable, "-c"]
        return {
            "bare interpreter": _wall([*python, "pass"], environment, rounds),
            "import quant": _wall([*python, "import quant"], environment, rounds),
            "quant run backtest, 5,105 daily bars, warm": _wall(run, environment, rounds),
            "quant run backtest, first ever": _wall(run, cold, 1),
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    engine = _engine(options.rounds)
    processes = _processes(max(3, options.rounds // 2))
    if options.json:
        print(json.dumps({"engine": engine, "processes": processes}))
        return
    for name, nanoseconds in engine.items():
        print(f"{name:45} {nanoseconds:10.1f} ns per event (CPU)")
    for name, taken in processes.items():
        print(f"{name:45} {taken:10.2f} s (wall)")


if __name__ == "__main__":
    main()
