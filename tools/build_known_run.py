"""Write what the doctor's small run gives, or check that it still gives it.

``python tools/build_known_run.py`` writes src/quant/ops/known_run.json; with ``--check`` it only
compares and exits with 1 if they differ. Numbers move only on purpose: CHANGELOG.md says why.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from quant.ops.known_run import compare, expected, observed, run_it

FILE = Path(__file__).resolve().parents[1] / "src" / "quant" / "ops" / "known_run.json"


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    found = observed(run_it())
    if not check:
        FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return 0
    said = compare(found, expected())
    print(f"the known run: {said}")
    return int(said == "different")


if __name__ == "__main__":
    sys.exit(main())
