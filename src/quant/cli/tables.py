"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from quant.engine.account_events import account_words
from quant.engine.benchmark import benchmark_name
from quant.engine.folder import RunFolder
from quant.engine.run import Run

__all__ = ["console", "money", "number", "percent", "print_json", "print_summary", "user_output"]

Figure = float | int | None


def console() -> Console:
    """Standard output; wide enough for a path when it is not a terminal."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=160)


@contextmanager
def user_output(*, as_json: bool) -> Iterator[None]:
    """Where a strategy's own prints go: beside JSON, to standard error."""
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        yield


def percent(value: Figure) -> str:
    """A fraction as text."""
    return "–" if value is None else f"{value * 100:,.2f} %"


def number(value: Figure, places: int = 2) -> str:
    """A number as text."""
    return "–" if value is None else f"{value:,.{places}f}"


def money(value: Figure) -> str:
    """An amount as text."""
    return number(value, 2)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())


def _row(title: str, m: dict[str, Any], trades: str, costs: str) -> list[str]:
    return [
        title,
        percent(m["cagr"]),
        percent(m["volatility"]),
        number(m["sharpe"]),
        percent(m["max_drawdown_pct"]),
        trades,
        costs,
    ]


def print_summary(runs: list[tuple[Run, RunFolder]]) -> None:
    """Strategy against benchmark, and where the report is."""
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    table.add_column("")
    for name in ("CAGR", "volatility", "Sharpe", "max drawdown", "trades", "costs"):
        table.add_column(name, justify="right", no_wrap=True)
    for run, _ in runs:
        m = run.metrics
        sim = run.simulation
        costs = f"{money(m['total_costs'])} {sim.config.currency}"
        table.add_row(*_row(run.strategy_name, m, f"{m['total_trades']:,}", costs))
        held = benchmark_name(sim.config, sim.bars)
        if held is not None:
            benchmark = {
                "cagr": m["benchmark_cagr"],
                "volatility": m["benchmark_volatility"],
                "sharpe": m["benchmark_sharpe"],
                "max_drawdown_pct": m["benchmark_max_drawdown_pct"],
            }
            table.add_row(*_row(escape(f"  {held}"), benchmark, "–", "–"), style="dim")
    out = console()
    out.print(table)
    for run, folder in runs:
        out.print(f"report: {folder.report}", soft_wrap=True, markup=False, highlight=False)
        fate = account_words(run.account, run.simulation.config.currency)
        if fate is not None:
            print(f"quant: {fate}.", file=sys.stderr)
        ambers = [item.text for item in run.sheet().assumptions if item.level == "amber"]
        if ambers:
            count = f"{len(ambers)} assumptions" if len(ambers) > 1 else "1 assumption"
            print(
                f"quant: {count} of {run.strategy_name} may flatter the result; the report "
                "names them.",
                file=sys.stderr,
            )
