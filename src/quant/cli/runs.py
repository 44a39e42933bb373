"""``quant report`` and ``quant runs verify``."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import Any

from quant.cli.parameters import remake_strategy
from quant.cli.progress import progress_bar
from quant.cli.tables import print_json, user_output
from quant.engine.folder import find_run
from quant.engine.strategy_file import load_class
from quant.engine.verify import verify
from quant.errors import RunError
from quant.strategy.base import Strategy

__all__ = ["show_report", "verify_one"]


def show_report(name: str, out: str, *, open_it: bool, as_json: bool) -> int:
    """Where a run's report is."""
    folder = find_run(name, Path(out))
    path = folder.report.resolve()
    folder.read("report.html")
    if as_json:
        print_json({"run_id": folder.run_id, "report": str(path)})
    else:
        print(path)
    if open_it and not webbrowser.open(path.as_uri()):
        raise RunError(f"{path}: expected a browser to open it, found none; open it by hand.")
    return 0


def verify_one(name: str, out: str, data: str | None, *, as_json: bool) -> int:
    """0 if a run is what it says it is, else 1."""
    folder = find_run(name, Path(out))
    # a run folder holds what its manifest names, and no compiled copies
    sys.dont_write_bytecode = True
    with user_output(as_json=as_json), progress_bar(folder.run_id) as on_progress:
        verdict = verify(folder, _make, data, on_progress)
    if as_json:
        print_json(
            {
                "run_id": folder.run_id,
                "same": verdict.is_same,
                "tampered": verdict.tampered,
                "level": verdict.level,
                "differing": [
                    {"file": one.name, "level": one.level, "first": one.first}
                    for one in verdict.compared
                    if one.level != "equal"
                ],
                "text": verdict.text,
            }
        )
    else:
        print(f"{folder.run_id}: {verdict.text}.")
    return 0 if verdict.is_same else 1


def _make(spec: str, params: dict[str, Any]) -> Strategy:
    """The strategy of a run's own source, with the parameters it ran with."""
    return remake_strategy(load_class(spec), params)
