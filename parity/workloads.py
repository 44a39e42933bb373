"""The workloads of the benchmark of peers: every fill and the final equity against quant.

python -m parity.workloads [--peers A,B] [--workloads w1,w2,w3,w1x10]

The scripts and the data generator are those of the benchmark, which lies beside the checkout in
``../shared/bench/peers`` (another place: ``$QUANT_PARITY_BENCH``). Without it there is nothing to
run, which is said and is no failure.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parity import environments
from parity.environments import CHECKOUT, PEERS, ParityError

WORKLOADS = {
    "w1": "W1: 250 instruments, 252 days, to share targets daily",
    "w2": "W2: one instrument, a million minutes, averages of 10 and 50",
    "w3": "W3: the rule of W2 on 2,520 days for many pairs of averages",
    "w1x10": "W1x10: 500 instruments, 1,260 days, to share targets daily",
}
# script, its arguments, and the size quant needs: minutes of W2, pairs of W3
SCRIPTS: dict[str, dict[str, tuple[str, str, int]]] = {
    "backtrader": {
        "w1": ("w1_backtrader.py", "w1", 0),
        "w1x10": ("w1_backtrader.py", "w1x10", 0),
        "w2": ("w2_backtrader.py", "1000000", 1_000_000),
        "w3": ("w3_backtrader.py", "100 d 1", 100),
    },
    "vectorbt": {
        "w1": ("w1_vectorbt.py", "w1", 0),
        "w1x10": ("w1_vectorbt.py", "w1x10", 0),
        "w2": ("w2_vectorbt.py", "1000000 exact", 1_000_000),
        "w3": ("w3_vectorbt.py", "1000 d exact", 1_000),
    },
    "backtesting_py": {
        "w1": ("w1_backtesting.py", "w1", 0),
        "w1x10": ("w1_backtesting.py", "w1x10", 0),
        "w2": ("w2_backtesting.py", "1000000", 1_000_000),
        "w3": ("w3_backtesting.py", "1000 d loop", 1_000),
    },
    "bt": {
        "w1": ("w1_bt.py", "w1", 0),
        "w1x10": ("w1_bt.py", "w1x10", 0),
        "w2": ("w2_bt.py", "1000000", 1_000_000),
        "w3": ("w3_bt.py", "100 d", 100),
    },
    "zipline": {
        "w1": ("w1_zipline.py", "w1", 0),
        "w1x10": ("w1_zipline.py", "w1x10", 0),
        "w2": ("w2_zipline.py", "20160", 20_160),
    },
    "nautilus": {
        "w1": ("w1_nautilus.py", "w1 exact", 0),
        "w1x10": ("w1_nautilus.py", "w1x10 exact", 0),
        "w2": ("w2_nautilus.py", "1000000 exact", 1_000_000),
        "w3": ("w3_nautilus.py", "100 d exact", 100),
    },
}
NOTES = {
    ("backtesting_py", "w1"): "slippage taken as commission on both sides; one run per instrument",
    ("backtesting_py", "w1x10"): "slippage taken as commission on both sides; one run each",
    ("zipline", "w2"): "14 days of minutes: it needs some 100 s for a million",
}
MONEY, RELATIVE = 0.005, 1e-9


@dataclass(frozen=True)
class Line:
    """What one workload with one peer came to."""

    workload: str
    peer: str
    fills: int
    equity: float
    seconds: float
    difference: str
    note: str


def bench() -> Path | None:
    """The folder of the benchmark, if it is there."""
    there = Path(os.environ.get("QUANT_PARITY_BENCH") or CHECKOUT.parent / "shared/bench/peers")
    return there if (there / "make_data.py").is_file() else None


def data_of(folder: Path) -> Path:
    """The folder of the generated data, made if it is missing."""
    where = environments.home() / "data"
    if not (where / "tiny.npz").is_file():
        where.mkdir(parents=True, exist_ok=True)
        _called([sys.executable, str(folder / "make_data.py"), str(where)], {})
    return where


def _called(command: Sequence[str], more: dict[str, str]) -> str:
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PEERS_ONCE": "1"} | more
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=CHECKOUT, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.strip().splitlines()[-2:])
        raise ParityError(f"{' '.join(command[2:5])} failed: {said or 'no output'}")
    return done.stdout


def _said(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text.strip().splitlines()[-1])
    return found


def run_peer(peer: str, workload: str, folder: Path) -> tuple[dict[str, Any], Path]:
    """A workload through a peer."""
    environments.make(peer)
    script, arguments, _ = SCRIPTS[peer][workload]
    fills = environments.home() / "fills" / f"{workload}-{peer}.npz"
    fills.parent.mkdir(parents=True, exist_ok=True)
    python, module = str(environments.python_of(peer)), "parity.peers.workload_run"
    command = [python, "-m", module, peer, workload, str(fills), str(folder / script)]
    more = {
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONWARNINGS": "ignore",
        "PEERS_HOME": str(environments.home()),
        "PEERS_DATA": str(data_of(folder)),
        "ZIPLINE_ROOT": str(environments.home() / "zipline"),
    }
    return _said(_called([*command, *arguments.split()], more)), fills


def run_quant(peer: str, workload: str, folder: Path) -> tuple[dict[str, Any], Path]:
    """The same workload through quant; kept, so that peers of one size share it."""
    size = SCRIPTS[peer][workload][2]
    more = ["--folded"] if peer == "backtesting_py" and workload.startswith("w1") else []
    name = f"{workload}-quant-{size}{'-folded' if more else ''}"
    fills = environments.home() / "fills" / f"{name}.npz"
    fills.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "parity.quant_workloads", workload, str(data_of(folder))]
    path = os.pathsep.join(p for p in (str(CHECKOUT), os.environ.get("PYTHONPATH", "")) if p)
    if name not in _QUANT:
        text = _called([*command, str(fills), str(size), *more], {"PYTHONPATH": path})
        _QUANT[name] = _said(text)
    return _QUANT[name], fills


_QUANT: dict[str, dict[str, Any]] = {}


def _sums(fills: Path) -> np.ndarray:
    """Fills by bar and instrument: quantity, price and commission, parts put together."""
    with np.load(fills) as stored:
        rows = stored["rows"]
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    keys = rows[:, 0] * 1e6 + rows[:, 1]
    _, first = np.unique(keys, return_index=True)
    qty, value, cost = (
        np.add.reduceat(column, first)
        for column in (rows[:, 2], rows[:, 2] * rows[:, 3], rows[:, 4])
    )
    return np.column_stack([rows[first, 0], rows[first, 1], qty, value / qty, cost])


def different(one: Path, other: Path) -> tuple[int, str]:
    """How many fills there are, and the first that differs in words."""
    a, b = _sums(one), _sums(other)
    if len(a) != len(b):
        return len(a), f"{len(a):,} fills against {len(b):,}"
    same = (a[:, :3] == b[:, :3]).all(axis=1)
    same &= np.abs(a[:, 3] - b[:, 3]) <= RELATIVE * np.abs(b[:, 3])
    same &= np.abs(a[:, 4] - b[:, 4]) < MONEY
    if same.all():
        return len(a), ""
    k = int(np.argmin(same))
    return len(
        a
    ), f"{int((~same).sum()):,} fills, the first {a[k].tolist()} against {b[k].tolist()}"


def compare(peer: str, workload: str, folder: Path) -> Line:
    """One workload through a peer and through quant."""
    began = time.monotonic()
    theirs, fills = run_peer(peer, workload, folder)
    seconds = time.monotonic() - began
    ours, own = run_quant(peer, workload, folder)
    n, found = different(fills, own)
    if not found and abs(theirs["equity"] - ours["equity"]) >= MONEY:
        found = f"equity {theirs['equity']:.2f} against {ours['equity']:.2f}"
    note = NOTES.get((peer, workload), "")
    if workload == "w3":
        note = f"{SCRIPTS[peer][workload][2]:,} pairs; the sum of their equities"
    return Line(workload, peer, n, theirs["equity"], seconds, found, note)


def compare_all(peers: Sequence[str], workloads: Sequence[str]) -> list[Line]:
    """All that was asked for, one after the other, each said as it is done."""
    folder = bench()
    if folder is None:
        print("workloads: skipped, the benchmark of peers does not lie beside the checkout.")
        return []
    lines = []
    for workload in workloads:
        for peer in peers:
            if workload in SCRIPTS[peer]:
                line = compare(peer, workload, folder)
                verdict = f"DIFFERENT: {line.difference}" if line.difference else "equal"
                print(
                    f"{workload} {peer}: {line.fills:,} fills, equity {line.equity:,.2f}: {verdict}"
                    f" ({line.seconds:.0f} s)",
                    flush=True,
                )
                lines.append(line)
    return lines


def page(lines: Sequence[Line]) -> str:
    """The lines as a Markdown table."""
    rows = [
        "## Workloads",
        "",
        *(f"- {about}" for about in WORKLOADS.values()),
        "",
        "Every fill (bar, instrument or pair, quantity, price, commission) is compared. For",
        "zipline two are cut: of W2 it has the first 14 days, 20,160 minutes, because a million",
        "take it some 100 s, and of W3 the benchmark has no script for it.",
        "",
        "| workload | peer | fills | final equity | against quant | note |",
        "|---|---|---|---|---|---|",
    ]
    for line in lines:
        verdict = f"**DIFFERENT**: {line.difference}" if line.difference else "equal"
        what = f"| {line.workload} | {line.peer} | {line.fills:,} | {line.equity:,.2f} |"
        rows.append(f"{what} {verdict} | {line.note} |")
    return "\n".join([*rows, ""])


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="parity.workloads", description="The benchmark of peers, compared."
    )
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    given = parser.parse_args(arguments)
    try:
        lines = compare_all(given.peers.split(","), given.workloads.split(","))
    except (ParityError, KeyError) as error:
        print(f"parity: {error}", file=sys.stderr)
        return 2
    return int(any(line.difference for line in lines))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
