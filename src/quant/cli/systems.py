"""What ``quant systems`` and ``quant strategies`` do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from rich.table import Table

from quant.cli.backtest import exit_status, summary_of
from quant.cli.progress import progress_bar
from quant.cli.tables import console, print_json, print_summary, user_output
from quant.engine.folder import prepare_folder
from quant.engine.journal import in_words
from quant.engine.registry import registered_strategies
from quant.engine.run import Run
from quant.errors import ConfigError, InvariantError, QuantError
from quant.model.parse import to_mapping
from quant.systems import (
    RunRequest,
    Shelf,
    System,
    Window,
    find_system,
    find_window,
    read_systems,
    run_system,
    smoke_window,
)

__all__ = [
    "list_strategies",
    "list_systems",
    "run_one",
    "run_window",
    "show_system",
    "smoke_test",
    "tell",
    "tell_problems",
]


def tell(warning: str) -> None:
    """A warning, on standard error."""
    print(f"quant: warning: {warning}", file=sys.stderr)


def tell_problems(shelf: Shelf) -> None:
    """Files of the folder that are no system, on standard error."""
    for _, why in shelf.problems:
        tell(why)


def _windows(system: System) -> dict[str, Any]:
    return {
        name: {"start": _iso(one.start), "end": _iso(one.end), "params": dict(one.params)}
        for name, one in system.windows.items()
    }


def _iso(day: object) -> str | None:
    return None if day is None else str(day)


def list_systems(folder: str, *, as_json: bool) -> int:
    """Every system with its windows."""
    shelf = read_systems(folder)
    tell_problems(shelf)
    if as_json:
        rows = [
            {
                "system_id": one.system_id,
                "title": one.title,
                "strategy": one.strategy,
                "data": one.data,
                "windows": _windows(one),
                "file": str(one.path),
            }
            for one in shelf.systems
        ]
        print_json(rows)
        return 0
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("system", "title", "windows"):
        table.add_column(name, overflow="fold")
    for one in shelf.systems:
        table.add_row(one.system_id, one.title, ", ".join(one.windows))
    console().print(table, markup=False)
    return 0


def show_system(system_id: str, folder: str, *, as_json: bool) -> int:
    """Everything its file says, with the defaults of the settings."""
    system = find_system(system_id, folder)
    told: dict[str, Any] = {
        "system_id": system.system_id,
        "title": system.title,
        "description": system.description,
        "file": str(system.path),
        "strategy": system.strategy,
        "params": dict(system.params),
        "policy": None if system.policy is None else dict(system.policy),
        "data": system.data,
        "windows": _windows(system),
        "config": to_mapping(system.config),
    }
    if as_json:
        print_json(told)
        return 0
    screen = console()
    screen.print(f"{system.system_id}: {system.title}", markup=False, highlight=False, style="bold")
    for line in filter(None, [system.description]):
        screen.print(line, markup=False, highlight=False)
    for name in ("file", "strategy", "data"):
        screen.print(f"{name}: {told[name]}", soft_wrap=True, markup=False, highlight=False)
    for name in ("params", "policy"):
        values = told[name] or {}
        shown = ", ".join(f"{key}={value}" for key, value in values.items())
        screen.print(f"{name}: {shown or 'none'}", markup=False, highlight=False)
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for heading in ("window", "period", "params"):
        table.add_column(heading)
    for window in system.windows.values():
        shown = ", ".join(f"{key}={value}" for key, value in window.params.items())
        table.add_row(window.name, window.text, shown)
    screen.print(table, markup=False)
    return 0


def run_window(system: System, window: Window, seed: int | None = None) -> Run:
    """One window with a progress bar; oddities of the data go to standard error."""
    with progress_bar(f"{system.system_id} {window.name}") as on_progress:
        request = RunRequest(seed=seed, on_progress=on_progress, on_warning=tell)
        return run_system(system, window, request)


def run_one(
    system_id: str | None,
    window_name: str | None,
    folder: str,
    place: tuple[str, int | None],
    *,
    as_json: bool,
) -> int:
    """Run a window and write its run folder; ``place`` holds where to, and the seed."""
    if system_id is None:
        raise ConfigError(
            "quant systems run: expected the id of a system, found none; see quant systems list, "
            "or run them all with --smoke."
        )
    system = find_system(system_id, folder)
    window = find_window(system, window_name)
    out, seed = place
    prepare_folder(Path(out))
    with user_output(as_json=as_json):
        run = run_window(system, window, seed)
        saved = run.save(out)
    if as_json:
        print_json({"system": run.system, **summary_of(run, saved)})
    elif run.failure is None:
        print_summary([(run, saved)])
    return exit_status(run, saved)


def smoke_test(
    system_id: str | None, window_name: str | None, folder: str, *, as_json: bool
) -> int:
    """The shortest window of every system, or of one; 1 if any of them fails."""
    if window_name is not None:
        raise ConfigError(
            "quant systems run --smoke: expected no --window, found one: a smoke test takes the "
            "shortest; drop one of the two options."
        )
    shelf = read_systems(folder)
    systems = shelf.systems if system_id is None else (find_system(system_id, folder),)
    rows: list[dict[str, Any]] = []
    if system_id is None:
        rows += [_row(path.name, None, why) for path, why in shelf.problems]
    with user_output(as_json=as_json):
        for system in systems:
            rows.append(_smoke(system, as_json=as_json))
    if as_json:
        print_json(rows)
    else:
        for row in rows[: len(rows) - len(systems)]:
            print(f"failed  {row['system_id']}: {row['error']}")
        failed = sum(not row["ok"] for row in rows)
        print(f"{len(rows) - failed} of {len(rows)} systems ran.")
    return int(any(not row["ok"] for row in rows))


def _smoke(system: System, *, as_json: bool) -> dict[str, Any]:
    """One system, told as soon as it is known."""
    window = smoke_window(system)
    error = ""
    try:
        run = run_window(system, window)
        if run.status == "interrupted":
            raise KeyboardInterrupt
        if run.failure is not None:
            kind, text = type(run.failure.error).__name__, in_words(run.failure.error)
            error = f"{kind}: {text}"
            if isinstance(run.failure.error, InvariantError):
                raise run.failure.error
    except InvariantError:
        raise
    except QuantError as mistake:
        error = str(mistake)
    row = _row(system.system_id, window.name, error)
    if not as_json:
        mark, why = ("failed", f": {error}") if error else ("ok    ", "")
        print(f"{mark}  {system.system_id} {window.name} ({window.text}){why}", flush=True)
    return row


def _row(system_id: str, window: str | None, error: str) -> dict[str, Any]:
    return {"system_id": system_id, "window": window, "ok": not error, "error": error or None}


def list_strategies(*, as_json: bool) -> int:
    """Every registered strategy."""
    rows = [
        {"name": one.name, "target": one.target, "package": one.package}
        for one in registered_strategies()
    ]
    if as_json:
        print_json(rows)
        return 0
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("strategy", "package", "class"):
        table.add_column(name)
    for row in rows:
        table.add_row(row["name"], row["package"], row["target"])
    console().print(table, markup=False)
    return 0
