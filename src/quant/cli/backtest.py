"""``quant run backtest``."""

from __future__ import annotations

import inspect
import sys
from datetime import date
from pathlib import Path
from typing import Any

from quant.cli.arguments import (
    AuditArguments,
    DataArguments,
    RunArguments,
    parse_day,
)
from quant.cli.audit import audit_settings, print_audit
from quant.cli.inputs import bars_of, settings_of
from quant.cli.parameters import make_strategy
from quant.cli.progress import progress_bar
from quant.cli.tables import print_json, print_summary, user_output
from quant.engine.account_events import since_text
from quant.engine.backtest import simulate
from quant.engine.folder import RunFolder, prepare_folder
from quant.engine.journal import in_words
from quant.engine.lookahead.audit import Subject, audit_subject
from quant.engine.run import Run
from quant.engine.strategy_file import load_class, named, place_of
from quant.errors import InvariantError, QuantError
from quant.strategy.base import Strategy
from quant.strategy.witness import Witness

__all__ = ["exit_status", "run_backtest", "summary_of"]


def run_backtest(
    file: str,
    data: DataArguments,
    run_with: RunArguments,
    out: str,
    *,
    vouched: AuditArguments | None,
    as_json: bool,
) -> int:
    """Check everything that can be checked first, run, write the folder, print the figures."""
    dates = parse_day("--start", run_with.start), parse_day("--end", run_with.end)
    config = settings_of(run_with)
    is_broken_off = False
    with user_output(as_json=as_json):
        strategy = make_strategy(load_class(file), run_with.param or [])
        prepare_folder(Path(out))
        bars = bars_of(data, config, dates)
        subject = None if vouched is None else Subject.of(strategy)
        witness = None if vouched is None else Witness()
        with progress_bar(type(strategy).__name__) as on_progress:
            run = simulate(
                strategy,
                bars,
                config,
                start=dates[0],
                end=dates[1],
                on_progress=on_progress,
                witness=witness,
            )
        if subject is not None and run.failure is None:
            is_broken_off = not _certify(run, subject, dates, vouched)
        folder = run.save(out)
    if as_json:
        print_json(summary_of(run, folder))
    elif run.failure is None:
        if run.audit is not None:
            print_audit(run.strategy_name, run.audit)
        print_summary([(run, folder)])
    if is_broken_off:
        print(f"quant: the audit was interrupted; the run is in {folder.path}.", file=sys.stderr)
        return 130
    is_refused = run.audit is not None and not run.audit.is_passed
    return exit_status(run, folder) or int(is_refused)


def _certify(
    run: Run,
    subject: Subject,
    dates: tuple[date | None, date | None],
    vouched: AuditArguments | None,
) -> bool:
    """Audit the strategy of a run and give it the verdict; False if that was interrupted."""
    witness = run.simulation.ctx.witness
    assert vouched is not None
    assert witness is not None
    try:
        with progress_bar(f"audit of {run.strategy_name}", unit="runs") as on_progress:
            run.audit = audit_subject(
                subject,
                run.simulation.bars,
                run.simulation.config,
                dates,
                audit_settings(vouched, on_progress),
                expected=witness.decisions,
            )
    except KeyboardInterrupt:  # the run itself is whole, and worth keeping
        return False
    return True


def summary_of(run: Run, folder: RunFolder) -> dict[str, Any]:
    """What a program wants to know of a run, however it ended."""
    error = None if run.failure is None else in_words(run.failure.error)
    head = {
        "run_id": folder.run_id,
        "path": str(folder.path),
        "report": str(folder.report),
        "status": run.status,
        "error": error,
        "account": run.account | {"since": since_text(run.account["since"])},
    }
    audit = {} if run.audit is None else {"audit": run.audit.to_json()}
    return head | audit | run.metrics


def exit_status(run: Run, folder: RunFolder) -> int:
    """Say how a run failed, if it did, in one sentence; the exit status of the command."""
    if run.failure is None:
        return 0
    error, where = run.failure.error, folder.path
    if run.status == "interrupted":
        print(f"quant: interrupted; what was simulated is in {where}.", file=sys.stderr)
        return 130
    if isinstance(error, QuantError):
        place = _place(run.simulation.strategy, error)
        raised = f"Raised{place}; the" if place else "The"
        print(f"quant: {in_words(error)} {raised} run so far is in {where}.", file=sys.stderr)
        return 70 if isinstance(error, InvariantError) else 2
    print(
        f"quant: {raised_text(run.simulation.strategy, error)}; the traceback is in "
        f"{where / 'logs.jsonl'}.",
        file=sys.stderr,
    )
    return 3


def raised_text(strategy: Strategy, error: BaseException) -> str:
    """What a strategy raised and where, without a full stop."""
    return f"the strategy raised {named(error)}{_place(strategy, error)}"


def _place(strategy: Strategy, error: BaseException) -> str:
    file = inspect.getsourcefile(type(strategy))
    return place_of(error, Path(file)) if file else ""
