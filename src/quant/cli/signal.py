"""``quant run signal``: the orders a strategy would send now."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from quant.cli.arguments import DataArguments, SettingsArguments, parse_day
from quant.cli.backtest import raised_text
from quant.cli.inputs import bars_of, settings_of
from quant.cli.parameters import make_strategy
from quant.cli.progress import progress_bar
from quant.cli.tables import console, number, print_json, user_output
from quant.engine.asof import bars_end
from quant.engine.signal import Holdings, PlannedOrders, orders_at
from quant.engine.strategy_file import load_class
from quant.errors import ConfigError, QuantError
from quant.strategy.base import check_hooks
from quant.systems.yaml_file import read_yaml

__all__ = ["run_signal"]


def run_signal(
    file: str,
    data: DataArguments,
    settings: SettingsArguments,
    asof: str,
    portfolio: str | None,
    *,
    as_json: bool,
) -> int:
    """Simulate to the moment and print what would be sent."""
    start = parse_day("--start", settings.start)
    config = settings_of(settings)
    holdings = None if portfolio is None else _holdings(portfolio)
    with user_output(as_json=as_json):
        strategy = make_strategy(load_class(file), settings.param or [])
        bars = bars_of(data, config, (start, None))
        check_hooks(strategy)
        try:
            with progress_bar(type(strategy).__name__) as on_progress:
                plan = orders_at(
                    strategy,
                    bars,
                    asof=bars_end(bars) if asof == "latest" else asof,
                    portfolio=holdings,
                    config=config,
                    start=start,
                    on_progress=on_progress,
                )
        except QuantError:
            raise
        except Exception as error:
            print(f"quant: {raised_text(strategy, error)}.", file=sys.stderr)
            return 3
    if not asof.startswith(plan.decided_at[:10]) and len(asof) == 10:
        print(
            f"quant: {asof} is no session of {bars.calendar.name}; these are the orders of the "
            "last one before.",
            file=sys.stderr,
        )
    if as_json:
        print_json(dataclasses.asdict(plan))
    else:
        _print(plan)
    return 0


def _holdings(path: str) -> Holdings:
    try:
        return Holdings.read(
            read_yaml(Path(path), "a YAML file of cash and positions", "correct --portfolio")
        )
    except ConfigError as error:
        text = str(error)
        raise ConfigError(text if text.startswith(path) else f"{path}: {text}") from None


def _print(plan: PlannedOrders) -> None:
    screen = console()
    screen.print(
        f"as of {plan.asof}, decided at {plan.decided_at}, {plan.account} account", highlight=False
    )
    if not plan.orders:
        screen.print("no orders")
    else:
        screen.print(_table(plan.orders))
    if plan.positions:
        held = ", ".join(f"{symbol} {qty:,.10g}" for symbol, qty in plan.positions.items())
        screen.print(f"held: {held}", markup=False, highlight=False)
    working = "working" if plan.account == "simulated" else "working in the simulation only"
    listed = ((working, plan.working), ("cancels", plan.cancels), ("refused", plan.refused))
    for title, rows in listed:
        for row in rows:
            shown = ", ".join(f"{k} {v}" for k, v in row.items() if v is not None)
            screen.print(f"{title}: {shown}", markup=False, highlight=False)
    for text in plan.rationale:
        screen.print(f"why: {text}", markup=False, highlight=False)
    for name, bound in plan.risk_caps.items():
        screen.print(f"{name}: {bound:g}", highlight=False)


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("side", "qty", "symbol", "type", "limit", "stop", "tif", "tag", "target"):
        table.add_column(name, justify="right" if name in ("qty", "limit", "stop") else "left")
    for row in rows:
        target = row["target"] or {}
        table.add_row(
            row["side"],
            f"{row['qty']:,.10g}",
            escape(row["symbol"]),
            row["type"],
            number(row["limit_price"], 4),
            number(row["stop_price"], 4),
            row["tif"],
            escape(row["tag"] or "–"),
            ", ".join(f"{k} {v:g}" for k, v in target.items()) or "–",
        )
    return table
