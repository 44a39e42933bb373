"""``quant runs`` and ``quant report``."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from quant.cli.parameters import remake_strategy
from quant.cli.progress import progress_bar
from quant.cli.tables import console, money, number, percent, print_json, user_output
from quant.engine.folder import RunFolder, find_run, list_runs
from quant.engine.strategy_file import load_class
from quant.engine.verify import verify
from quant.errors import RunError
from quant.strategy.base import Strategy

__all__ = ["list_them", "show_one", "show_report", "verify_one"]

_HEADLINES = (
    ("total_return", percent),
    ("cagr", percent),
    ("volatility", percent),
    ("sharpe", number),
    ("sortino", number),
    ("calmar", number),
    ("max_drawdown_pct", percent),
    ("total_trades", lambda v: number(v, 0)),
    ("win_rate", percent),
    ("profit_factor", number),
    ("turnover", number),
    ("total_costs", money),
    ("end_equity", money),
)


def _value(folder: RunFolder, name: str) -> Any:
    """One figure; none if an older version did not know it."""
    return folder.metrics.get(name, {}).get("value")


def list_them(out: str, *, as_json: bool) -> int:
    """All runs under a folder, oldest first."""
    runs = list_runs(Path(out))
    rows = []
    for folder in runs:
        manifest = folder.manifest
        rows.append(
            {
                "run_id": folder.run_id,
                "strategy": manifest["strategy"]["name"],
                "params": manifest["strategy"]["params"],
                "status": manifest["status"],
                "start": manifest["period"]["start"],
                "end": manifest["period"]["end"],
                "cagr": _value(folder, "cagr"),
                "sharpe": _value(folder, "sharpe"),
                "max_drawdown_pct": _value(folder, "max_drawdown_pct"),
            }
        )
    if as_json:
        print_json(rows)
        return 0
    if not rows:
        console().print(f"no runs under {out}; quant demo makes two.", markup=False)
        return 0
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("run", "strategy", "status", "period"):
        table.add_column(name, no_wrap=True)
    for name in ("CAGR", "Sharpe", "max drawdown"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row["run_id"],
            row["strategy"],
            row["status"],
            f"{row['start']} to {row['end']}",
            percent(row["cagr"]),
            number(row["sharpe"]),
            percent(row["max_drawdown_pct"]),
        )
    console().print(table)
    return 0


def show_one(name: str, out: str, *, as_json: bool) -> int:
    """One run: settings that matter, warnings, figures."""
    folder = find_run(name, Path(out))
    manifest = folder.manifest
    if as_json:
        print_json({"manifest": manifest, "metrics": folder.metrics})
        return 0
    screen = console()
    strategy = manifest["strategy"]
    params = ", ".join(f"{k}={v}" for k, v in strategy["params"].items())
    data = manifest["data_versions"][0]
    screen.print(f"[bold]{folder.run_id}[/bold]  {manifest['status']}", highlight=False)
    if manifest["error"]:
        screen.print(f"error: {manifest['error']}", markup=False, highlight=False)
    screen.print(f"strategy: {strategy['name']}({params})", markup=False, highlight=False)
    period = manifest["period"]
    screen.print(
        f"data: {data['name']} ({data['rows']:,} rows, {len(data['symbols'])} symbols), "
        f"{period['start']} to {period['end']}, {manifest['calendar']}",
        markup=False,
        highlight=False,
    )
    for warning in manifest["warnings"]:
        screen.print(f"[yellow]warning:[/yellow] {escape(warning)}", highlight=False)
    table = Table(show_header=False, show_edge=False, pad_edge=False)
    table.add_column("")
    table.add_column("", justify="right")
    for metric, form in _HEADLINES:
        table.add_row(metric, form(_value(folder, metric)))
    screen.print(table)
    screen.print(f"report: {folder.report}", soft_wrap=True, markup=False, highlight=False)
    return 0


def show_report(name: str, out: str, *, open_it: bool, as_json: bool) -> int:
    """Where a run's report is."""
    folder = find_run(name, Path(out))
    path = folder.report.resolve()
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
