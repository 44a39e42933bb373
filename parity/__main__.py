"""All of `make parity`: environments, scenarios, workloads, limits of money, and the page of them.

python -m parity [--page FILE]

Leaves with status 1 when something differs and is not explained, or an explanation is out of date.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from parity import cash_limits, compare, environments, page, workloads
from parity.environments import PEERS, ParityError
from parity.scenarios import SCENARIOS


def everything(path: Path) -> bool:
    """Run all and write the page; True if nothing is left to explain."""
    for peer in PEERS:
        if environments.make(peer):
            print(f"environment of {peer} installed", flush=True)
    cells = compare.compare_all(PEERS, SCENARIOS)
    lines = workloads.compare_all(PEERS, list(workloads.WORKLOADS))
    rows = cash_limits.table()
    parts = [page.written(SCENARIOS, PEERS, cells), page.profiles(PEERS)]
    parts += [workloads.page(lines)] if lines else []
    parts.append(cash_limits.page(rows))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")
    return not compare.is_failure(cells) and not any(line.difference for line in lines)


def main(arguments: Sequence[str]) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="parity", description="Compare quant with its peers.")
    parser.add_argument("--page", type=Path, default=environments.home() / "parity.md")
    given = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        is_good = everything(given.page)
    except ParityError as error:
        print(f"parity: {error}", file=sys.stderr)
        return 2
    end = "all is equal or explained" if is_good else "something differs and is not explained"
    print(f"parity: {end}; the tables are in {given.page} ({time.monotonic() - began:.0f} s)")
    return int(not is_good)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
