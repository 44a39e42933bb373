"""``quant audit lookahead``, and the audit of ``quant run backtest --certify``."""

from __future__ import annotations

import sys
from collections.abc import Callable

from quant.cli.arguments import AuditArguments, DataArguments, RunArguments, parse_day
from quant.cli.inputs import bars_of, settings_of
from quant.cli.parameters import make_strategy
from quant.cli.progress import progress_bar
from quant.cli.tables import console, print_json, user_output
from quant.engine.lookahead.audit import AuditSettings, Subject, audit_subject
from quant.engine.lookahead.verdict import LookAheadAudit
from quant.engine.strategy_file import load_class
from quant.strategy.base import check_hooks

__all__ = ["audit_file", "audit_settings", "print_audit"]


def audit_settings(
    arguments: AuditArguments, on_progress: Callable[[int, int], None] | None, **cuts: int
) -> AuditSettings:
    """What the user vouches for, and whom to tell the progress."""
    return AuditSettings(
        known=tuple(arguments.known or ()),
        files=tuple(arguments.declare or ()),
        on_progress=on_progress,
        **cuts,
    )


def audit_file(
    file: str,
    data: DataArguments,
    run_with: RunArguments,
    vouched: AuditArguments,
    cuts: int,
    *,
    as_json: bool,
) -> int:
    """Audit a strategy file; 0 if it passed, 3 if it raised, else 1."""
    dates = parse_day("--start", run_with.start), parse_day("--end", run_with.end)
    config = settings_of(run_with)
    with user_output(as_json=as_json):
        strategy = make_strategy(load_class(file), run_with.param or [])
        check_hooks(strategy)
        bars = bars_of(data, config, dates)
        with progress_bar(f"audit of {type(strategy).__name__}", unit="runs") as on_progress:
            audit = audit_subject(
                Subject.of(strategy),
                bars,
                config,
                dates,
                audit_settings(vouched, on_progress, cuts=cuts),
            )
    if as_json:
        print_json({"strategy": type(strategy).__name__, **audit.to_json()})
    else:
        print_audit(type(strategy).__name__, audit)
    if audit.raised:
        return 3
    return 0 if audit.is_passed else 1


def print_audit(name: str, audit: LookAheadAudit) -> None:
    """The verdict in colour, and its reason."""
    colour = {"passed": "green", "failed": "red"}.get(audit.verdict, "yellow")
    screen = console()
    screen.print(f"[bold]{name}[/bold]: [bold {colour}]{audit.verdict}[/]", highlight=False)
    screen.print(audit.text, markup=False, highlight=False, soft_wrap=True)
    if audit.reads:
        print(f"read: {', '.join(audit.reads)}")
    for title, names in (("known, you say", audit.known), ("declared", audit.files)):
        if names:
            print(f"{title}: {', '.join(names)}")
    if not audit.is_passed:
        print("quant: docs/concepts/look-ahead.md says what an audit looks at.", file=sys.stderr)
