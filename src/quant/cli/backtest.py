"""``quant run backtest``."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from quant.cli.config_file import read_config
from quant.cli.progress import progress_bar
from quant.cli.strategy_file import load_class, make_strategy, place_of
from quant.cli.tables import print_json, print_summary, user_output
from quant.engine.backtest import load_for, simulate
from quant.engine.folder import RunFolder, prepare_folder
from quant.engine.journal import in_words
from quant.engine.run import Run
from quant.errors import ConfigError, InvariantError, QuantError
from quant.lake import Bars, DataOptions
from quant.model.config import Config
from quant.model.parse import config_from, to_mapping

__all__ = ["BacktestArguments", "exit_status", "run_backtest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestArguments:
    """What the command line says; see ``quant run backtest --help``."""

    file: str
    data: str
    start: str | None
    end: str | None
    config: str | None
    params: list[str]
    seed: int | None
    out: str
    tz: str | None
    ts_is: str
    bar: str | None
    calendar: str
    columns: list[str]
    symbol: str | None
    on_bad_rows: str
    as_json: bool


def parse_day(option: str, text: str | None) -> date | None:
    """A date of the command line."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(
            f"{option}: expected a date such as 2010-01-04, found {text!r}; correct it."
        ) from None


def parse_columns(pairs: list[str]) -> dict[str, str]:
    """``close=adj_close`` pairs."""
    found = {}
    for pair in ",".join(pairs).split(",") if pairs else []:
        name, equals, column = pair.partition("=")
        if not equals or not name or not column:
            raise ConfigError(
                f"--columns {pair}: expected name=column such as close=adj_close; correct it."
            )
        found[name.strip()] = column.strip()
    return found


def _settings(arguments: BacktestArguments) -> Config:
    config = read_config(arguments.config)
    if arguments.seed is not None:
        config = config_from({**to_mapping(config), "seed": arguments.seed})
    return config


def _bars(arguments: BacktestArguments, config: Config) -> Bars:
    options = DataOptions(
        tz=arguments.tz,
        ts_is=arguments.ts_is,  # type: ignore[arg-type]
        bar=arguments.bar,
        calendar=arguments.calendar,
        columns=parse_columns(arguments.columns),
        symbol=arguments.symbol,
        on_bad_rows=arguments.on_bad_rows,  # type: ignore[arg-type]
    )
    return load_for(arguments.data, config, options)


def run_backtest(arguments: BacktestArguments) -> int:
    """Check everything that can be checked first, run, write the folder, print the figures."""
    start, end = parse_day("--start", arguments.start), parse_day("--end", arguments.end)
    config = _settings(arguments)
    with user_output(as_json=arguments.as_json):
        strategy = make_strategy(load_class(arguments.file), arguments.params)
        prepare_folder(Path(arguments.out))
        bars = _bars(arguments, config)
        for warning in bars.warnings:
            print(f"quant: warning: {warning}", file=sys.stderr)
        with progress_bar(type(strategy).__name__) as on_progress:
            run = simulate(strategy, bars, config, start=start, end=end, on_progress=on_progress)
        folder = run.save(arguments.out)
    if arguments.as_json:
        print_json(_summary(run, folder))
    elif run.failure is None:
        print_summary([(run, folder)])
    return exit_status(run, folder)


def _summary(run: Run, folder: RunFolder) -> dict[str, Any]:
    """What a program wants to know of a run, however it ended."""
    error = None if run.failure is None else in_words(run.failure.error)
    head = {
        "run_id": folder.run_id,
        "path": str(folder.path),
        "report": str(folder.report),
        "status": run.status,
        "error": error,
    }
    return head | run.metrics


def exit_status(run: Run, folder: RunFolder) -> int:
    """Say how a run failed, if it did, in one sentence; the exit status of the command."""
    if run.failure is None:
        return 0
    error, where = run.failure.error, folder.path
    if run.status == "interrupted":
        print(f"quant: interrupted; what was simulated is in {where}.", file=sys.stderr)
        return 130
    file = inspect.getsourcefile(type(run.simulation.strategy))
    place = place_of(error, Path(file)) if file else ""
    text = in_words(error)
    if isinstance(error, QuantError):
        raised = f"Raised{place}; the" if place else "The"
        print(f"quant: {text} {raised} run so far is in {where}.", file=sys.stderr)
        return 70 if isinstance(error, InvariantError) else 2
    said = f"{type(error).__name__}: {text}" if text else type(error).__name__
    print(
        f"quant: the strategy raised {said}{place}; the traceback is in {where / 'logs.jsonl'}.",
        file=sys.stderr,
    )
    return 3
