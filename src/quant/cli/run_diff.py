"""``quant runs diff``: two runs side by side."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from quant.cli.tables import console, print_json
from quant.engine.diff import Figures, RunDiff, comparison_page, diff_runs, short_hash
from quant.engine.folder import find_run
from quant.engine.writing import write_text
from quant.errors import RunError
from quant.report.comparison_page import render_comparison
from quant.report.wording import change_text, figure_text

__all__ = ["diff_them"]

_HEADLINES = (
    *("total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown_pct"),
    *("total_trades", "win_rate", "profit_factor", "turnover", "total_costs", "end_equity"),
)


def diff_them(
    one: str, other: str, out: str, *, with_all: bool, open_it: bool, as_json: bool
) -> int:
    """What two runs were given and what came out, side by side."""
    runs = Path(out)
    diff = diff_runs(find_run(one, runs), find_run(other, runs))
    path = runs / "diffs" / f"{diff.one.run_id[4:]}-{diff.other.run_id[4:]}.html"
    page = write_text(path, render_comparison(comparison_page(diff)))
    if open_it and not webbrowser.open(page.resolve().as_uri()):
        raise RunError(f"{page}: expected a browser to open it, found none; open it by hand.")
    if as_json:
        print_json(diff.to_json() | {"page": str(page)})
        return 0
    screen = console()
    screen.print(f"[bold]A[/bold] {diff.one.run_id}   [bold]B[/bold] {diff.other.run_id}")
    _print_given(screen, diff)
    _print_figures(screen, diff, with_all=with_all)
    _print_files(screen, diff)
    screen.print(f"page: {page}", soft_wrap=True, markup=False, highlight=False)
    return 0


def _table(title: str, *columns: str) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold", title_justify="left")
    table.add_column(title, no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", overflow="fold")
    return table


def _text(value: Any) -> str:
    return "–" if value is None else escape(short_hash(str(value)))


def _print_given(screen: Console, diff: RunDiff) -> None:
    screen.print()
    if not diff.given:
        screen.print("Both were given the same strategy, settings, data and versions.")
        return
    table = _table("given", "A", "B")
    for change in diff.given:
        table.add_row(escape(change.name), _text(change.one), _text(change.other))
    screen.print(table)


def _print_figures(screen: Console, diff: RunDiff, *, with_all: bool) -> None:
    currencies = {run.manifest["config"]["currency"] for run in (diff.one, diff.other)}
    currency = currencies.pop() if len(currencies) == 1 else ""
    known = {one.name: one for one in diff.figures}
    names = known if with_all else [name for name in _HEADLINES if name in known]
    table = _table("metric", "A", "B", "B less A")
    for name in names:
        table.add_row(name, *_cells(known[name], currency))
    screen.print()
    screen.print(table)


def _cells(one: Figures, currency: str) -> list[str]:
    both = [figure_text(value, one.unit, currency) for value in (one.one, one.other)]
    return [*both, change_text(one.change, one.unit, currency)]


def _print_files(screen: Console, diff: RunDiff) -> None:
    screen.print()
    if diff.is_same:
        screen.print("Every result is the same to the byte.")
        return
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("file", no_wrap=True)
    table.add_column("rows that differ", justify="right")
    table.add_column("first difference (A and B)", overflow="fold")
    for one in diff.files:
        words = {"equal": "same bytes", "close": f"within 1e-9; {one.first}"}
        table.add_row(one.name, f"{one.n_differing:,}", escape(words.get(one.level, one.first)))
    screen.print(table)
