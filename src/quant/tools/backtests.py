"""Systems for programs: list them, run one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quant.engine.folder import prepare_folder
from quant.engine.journal import in_words
from quant.errors import InvariantError, StrategyError
from quant.systems import RunRequest, find_system, find_window, read_systems, run_system
from quant.tools.answers import Answer, answered

__all__ = ["backtest_list_systems_tool", "backtest_run_tool", "list_systems", "run_window"]


def backtest_list_systems_tool(systems: str = "systems") -> Answer:
    """Every configured system with its windows.

    Parameters
    ----------
    systems : str
        Folder of your own systems; the bundled ones are listed too.

    Returns
    -------
    dict
        ``{"ok": True, "result": {"systems": […], "problems": […]}}``, or ``ok`` False with
        ``error``.

    Examples
    --------
    >>> answer = backtest_list_systems_tool()
    >>> [one["system_id"] for one in answer["result"]["systems"]]
    ['sp500-weekly-trend', 'us20-calm']
    """
    return answered(lambda: list_systems(systems))


def backtest_run_tool(
    system_id: str,
    window_name: str | None = None,
    *,
    systems: str = "systems",
    out: str = "runs",
    seed: int | None = None,
) -> Answer:
    """Run one window of a system, write its run folder, give its figures.

    Parameters
    ----------
    system_id : str
    window_name : str, optional
        May be left out where the system has one window.
    systems : str
        Folder of your own systems.
    out : str
        Folder under which the run folder is written.
    seed : int, optional
        In place of the system's.

    Returns
    -------
    dict
        ``{"ok": True, "result": {run_id, path, report, system, status, metrics, warnings}}``, or
        ``ok`` False with ``error``, also where the strategy raised: the error names the folder.

    Examples
    --------
    >>> backtest_run_tool("us20-clam", "smoke")["error"].rpartition(".")[2]
    " Did you mean 'us20-calm'?"
    """
    return answered(lambda: run_window(system_id, window_name, systems, out, seed))


def list_systems(systems: str) -> dict[str, Any]:
    """Systems, and files of the folder that are none."""
    shelf = read_systems(systems)
    return {
        "systems": [
            {
                "system_id": one.system_id,
                "title": one.title,
                "description": one.description,
                "strategy": one.strategy,
                "params": dict(one.params),
                "data": one.data,
                "windows": {
                    name: {"start": window.start, "end": window.end, "params": dict(window.params)}
                    for name, window in one.windows.items()
                },
            }
            for one in shelf.systems
        ],
        "problems": [{"file": str(path), "error": why} for path, why in shelf.problems],
    }


def run_window(
    system_id: str, window: str | None, systems: str, out: str, seed: int | None
) -> dict[str, Any]:
    """What came of one window.

    Raises
    ------
    ConfigError, DataError, StrategyError, OrderError, RunError
        For mistakes in the call, the system, its data or its strategy.
    """
    system = find_system(system_id, systems)
    chosen = find_window(system, window)
    prepare_folder(Path(out))
    warnings: list[str] = []
    run = run_system(system, chosen, RunRequest(seed=seed, on_warning=warnings.append))
    folder = run.save(out)
    if run.failure is not None:
        error = run.failure.error
        if run.status == "interrupted" or isinstance(error, InvariantError):
            raise error
        raise StrategyError(
            f"system {system_id}, window {chosen.name}: expected it to run to its end, found "
            f"{type(error).__name__}: {in_words(error)}; the run so far is in {folder.path}."
        )
    return {
        "run_id": folder.run_id,
        "path": str(folder.path),
        "report": str(folder.report),
        "system": run.system,
        "status": run.status,
        "metrics": run.metrics,
        "warnings": warnings,
    }
