"""``quant runs show``: one run as a page of text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from quant.cli.sparkline import sparkline
from quant.cli.tables import console, money, print_json
from quant.engine.folder import RunFolder, find_run
from quant.report.wording import figure_text

__all__ = ["show_one"]

_WIDTH = 64
# The headline figures in three columns.
_HEADLINES = (
    ("total_return", "sharpe", "total_trades"),
    ("cagr", "sortino", "win_rate"),
    ("volatility", "calmar", "profit_factor"),
    ("max_drawdown_pct", "longest_drawdown_days", "turnover"),
    ("end_equity", "benchmark_cagr", "total_costs"),
)
_COLOURS = {"passed": "green", "failed": "red", "not certifiable": "yellow"}


def show_one(name: str, out: str, *, as_json: bool) -> int:
    """What a run was given, its curve, its figures, and what to doubt."""
    folder = find_run(name, Path(out))
    manifest = folder.manifest
    if as_json:
        print_json({"manifest": manifest, "metrics": folder.metrics})
        return 0
    screen = console()
    _print_head(screen, folder, manifest)
    _print_curves(screen, folder, manifest["config"]["currency"])
    _print_figures(screen, folder, manifest["config"]["currency"])
    _print_doubts(screen, manifest)
    screen.print(f"report: {folder.report}", soft_wrap=True, markup=False, highlight=False)
    return 0


def _plain(screen: Console, text: str) -> None:
    screen.print(text, markup=False, highlight=False, soft_wrap=True)


def _print_head(screen: Console, folder: RunFolder, manifest: dict[str, Any]) -> None:
    strategy, period = manifest["strategy"], manifest["period"]
    data = manifest["data_versions"][0]
    params = ", ".join(f"{k}={v}" for k, v in strategy["params"].items())
    status = manifest["status"]
    colour = "green" if status == "done" else "yellow"
    called = escape(f"{strategy['name']}({params})")
    screen.print(
        f"[bold]{called}[/bold]  [{colour}]{status}[/]  {folder.run_id}",
        highlight=False,
        soft_wrap=True,
    )
    if manifest["error"]:
        _plain(screen, f"error: {manifest['error']}")
    n = len(data["symbols"])
    _plain(
        screen,
        f"data: {data['name']} ({data['rows']:,} rows, {n} symbol{'s' if n > 1 else ''}), "
        f"{period['start']} to {period['end']}, {manifest['calendar']}",
    )


def _print_curves(screen: Console, folder: RunFolder, currency: str) -> None:
    """Equity and what it was below its peak, as sparklines."""
    table = folder.table("equity")
    equity: list[float] = table["equity"].to_list()
    fallen = [-value for value in table["drawdown"].to_list()]
    first, last = money(equity[0]), money(equity[-1])
    screen.print()
    _plain(screen, f"equity    {sparkline(equity, _WIDTH)}  {first} → {last} {currency}")
    _print_flows(screen, folder, currency)
    deepest = figure_text(min(fallen), "fraction", currency)
    _plain(screen, f"drawdown  {sparkline(fallen, _WIDTH)}  deepest {deepest}")
    screen.print()


def _print_flows(screen: Console, folder: RunFolder, currency: str) -> None:
    """What came in and went out since the opening deposit, where anything did."""
    flows = folder.metrics.get("net_flows")
    if flows is None or not flows["n"]:
        return
    paid, taken = flows["inputs"]["deposits"], flows["inputs"]["withdrawals"]
    rate = folder.metrics["money_weighted_return"]["value"]
    _plain(
        screen,
        f"of which  {money(paid)} {currency} deposited, {money(taken)} {currency} withdrawn; "
        f"money-weighted {figure_text(rate, 'fraction', currency)} a year",
    )


def _print_figures(screen: Console, folder: RunFolder, currency: str) -> None:
    metrics = folder.metrics
    table = Table(
        show_header=False, show_edge=False, pad_edge=False, box=None, padding=(0, 2, 0, 0)
    )
    for _ in _HEADLINES[0]:
        table.add_column(style="dim", no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
    for row in _HEADLINES:
        cells: list[str] = []
        for name in row:
            one = metrics.get(name, {})
            cells += [name, figure_text(one.get("value"), one.get("unit", ""), currency)]
        table.add_row(*cells)
    screen.print(table)
    screen.print()


def _print_doubts(screen: Console, manifest: dict[str, Any]) -> None:
    """The verdict of the look-ahead audit, and warnings."""
    audit = manifest["audit"]
    if audit is None:
        screen.print("look-ahead: [yellow]not audited[/] (quant run backtest --certify)")
    else:
        found = audit["lookahead"]
        colour = _COLOURS.get(found["verdict"], "yellow")
        screen.print(f"look-ahead: [{colour}]{found['verdict']}[/]", highlight=False)
        if found["verdict"] != "passed":
            _plain(screen, found["text"])
        for name in (*found["known"], *found["files"]):
            _plain(screen, f"taken on trust: {name}")
    for warning in manifest["warnings"]:
        screen.print(f"[yellow]warning:[/yellow] {escape(warning)}", highlight=False)
