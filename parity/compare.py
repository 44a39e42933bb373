"""Run the scenarios through peers and through quant, and say where they differ.

python -m parity.compare [--peers A,B] [--scenarios X,Y] [--page FILE] [--explain]

Leaves with status 1 when something differs and is not explained in ``parity/explained.yaml``, or
when an explanation no longer holds. ``--explain`` prints what a new explanation would begin with.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from parity import environments, match, page
from parity.environments import CHECKOUT, PEERS, ParityError
from parity.scenarios import SCENARIOS

EXPLAINED = Path(__file__).resolve().parent / "explained.yaml"
Cells = dict[tuple[str, str], "page.Cell"]


def run_module(python: Path | str, module: str, *arguments: str, job: Any) -> list[dict[str, Any]]:
    """Run a module in an environment with JSON in and JSON out."""
    places = [str(CHECKOUT)]
    if Path(python) == Path(sys.executable):
        places.append(os.environ.get("PYTHONPATH", ""))
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(p for p in places if p),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "ZIPLINE_ROOT": str(environments.home() / "zipline"),
    }
    done = subprocess.run(
        [str(python), "-m", module, *arguments],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        env=environment,
        cwd=CHECKOUT,
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        said = " ".join(done.stderr.strip().splitlines()[-3:])
        raise ParityError(f"{module} {' '.join(arguments)} failed: {said or 'no output'}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def explanations() -> dict[str, dict[str, Any]]:
    """What is known to differ, by scenario and peer."""
    return YAML(typ="safe").load(EXPLAINED) or {} if EXPLAINED.is_file() else {}


def compare_peer(peer: str, scenarios: list[dict[str, Any]]) -> Cells:
    """All scenarios through one peer and through quant under its profile."""
    environments.make(peer)
    theirs = run_module(environments.python_of(peer), f"parity.peers.{peer}_run", job=scenarios)
    ours = run_module(sys.executable, "parity.quant_run", peer, job=scenarios)
    known = explanations()
    cells: Cells = {}
    for scenario, one, two in zip(scenarios, theirs, ours, strict=True):
        name = scenario["name"]
        explanation = known.get(name, {}).get(peer)
        cells[name, peer] = page.Cell(match.judge(one, two, explanation), one, two, explanation)
    return cells


def _chosen(text: str | None, known: Sequence[str], what: str) -> list[str]:
    if not text:
        return list(known)
    names = text.split(",")
    for name in names:
        if name not in known:
            raise ParityError(f"there is no {what} {name!r}; choose from {', '.join(known)}.")
    return names


def compare_all(
    peers: Sequence[str], scenarios: list[dict[str, Any]], *, explain: bool = False
) -> Cells:
    """All that was asked for, one peer after the other, each said as it is done."""
    cells: Cells = {}
    for peer in peers:
        found = compare_peer(peer, scenarios)
        cells |= found
        print(f"{peer}: {page.counted(found.values())}", flush=True)
        for (name, _), cell in found.items():
            if cell.verdict.status in match.FAILURES:
                print(f"  {cell.verdict.status} {name}: {cell.verdict.reason}")
                if explain:
                    print(page.stub(name, peer, cell))
    return cells


def is_failure(cells: Cells) -> bool:
    """Whether something differs without an explanation, or an explanation is out of date."""
    return any(cell.verdict.status in match.FAILURES for cell in cells.values())


def _run(given: argparse.Namespace) -> int:
    peers = _chosen(given.peers, PEERS, "peer")
    wanted = _chosen(given.scenarios, [s["name"] for s in SCENARIOS], "scenario")
    scenarios = [s for s in SCENARIOS if s["name"] in wanted]
    cells = compare_all(peers, scenarios, explain=given.explain)
    if given.page:
        Path(given.page).write_text(page.written(scenarios, peers, cells), encoding="utf-8")
        print(f"page: {given.page}")
    return int(is_failure(cells))


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="parity", description="Compare quant with its peers.")
    parser.add_argument("--peers", help="names, separated by commas; all by default")
    parser.add_argument("--scenarios", help="names, separated by commas; all by default")
    parser.add_argument("--page", help="write the tables as Markdown to this file")
    parser.add_argument("--explain", action="store_true", help="print figures for explanations")
    try:
        return _run(parser.parse_args(arguments))
    except ParityError as error:
        print(f"parity: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
