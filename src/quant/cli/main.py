"""``quant``: the command line. It parses, calls the engine and prints; nothing is decided here.

Exit status: 0 done; 1 ran and the answer is no; 2 the user's mistake; 3 the strategy raised; 70 a
bug in quant; 130 interrupted.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from quant import __version__
from quant.cli.arguments import AuditArguments, DataArguments, RunArguments, SettingsArguments
from quant.cli.doctor import doctor
from quant.cli.fees import fees_app
from quant.cli.profiles import profiles_app
from quant.cli.systems_app import menu, strategies_app, systems_app
from quant.cli.tools_app import tools_app
from quant.errors import ConfigError, InvariantError, QuantError

__all__ = ["app", "main"]

app = App(
    name="quant",
    help="One trading simulator: write a strategy once, run it on history, question the result.",
    version=__version__,
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
run_app = App(name="run", help="Run a strategy.")
runs_app = App(name="runs", help="Look at finished runs.")
audit_app = App(name="audit", help="Question a strategy.")
app.command(run_app)
app.command(runs_app)
app.command(audit_app)
app.command(systems_app)
app.command(profiles_app)
app.command(fees_app)
app.command(strategies_app)
app.command(menu)
app.command(doctor)
app.command(tools_app)

_PLAIN_SETTINGS = SettingsArguments()
_PLAIN_RUN = RunArguments()
_PLAIN_AUDIT = AuditArguments()
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


@app.command
def demo(*, out: str = "runs", json: Json = False) -> int:
    """Run two strategies on bundled real data and print where their reports are.

    Parameters
    ----------
    out
        Folder for the run folders.
    """
    from quant.cli.demo import run_demo

    return run_demo(out, as_json=json)


@run_app.command
def backtest(
    file: str,
    /,
    *,
    data: DataArguments,
    run: RunArguments = _PLAIN_RUN,
    out: str = "runs",
    certify: Annotated[bool, Parameter(negative="")] = False,
    audit: AuditArguments = _PLAIN_AUDIT,
    json: Json = False,
) -> int:
    """Run a strategy file on history and write the run folder.

    Parameters
    ----------
    file
        FILE.py, FILE.py:Class, or the name of a registered strategy.
    out
        Folder under which the run folder is written.
    certify
        Audit the strategy for look-ahead as well; the verdict goes into manifest and report. Exit
        status 1 if it did not pass.
    """
    from quant.cli.backtest import run_backtest

    if audit != _PLAIN_AUDIT and not certify:
        raise ConfigError("--known, --declare: expected --certify with them, found none; add it.")
    return run_backtest(file, data, run, out, vouched=audit if certify else None, as_json=json)


@run_app.command
def signal(
    file: str,
    /,
    *,
    data: DataArguments,
    settings: SettingsArguments = _PLAIN_SETTINGS,
    asof: str,
    portfolio: str | None = None,
    json: Json = False,
) -> int:
    """Print the orders a strategy would send at a moment, and why.

    Parameters
    ----------
    file
        FILE.py or FILE.py:Class.
    asof
        A session (YYYY-MM-DD), a time with its zone, or latest; what ended later is not seen.
    portfolio
        A YAML or JSON file of cash and positions, in place of the simulated account.
    """
    from quant.cli.signal import run_signal

    return run_signal(file, data, settings, asof, portfolio, as_json=json)


@audit_app.command
def lookahead(
    file: str,
    /,
    *,
    data: DataArguments,
    run: RunArguments = _PLAIN_RUN,
    audit: AuditArguments = _PLAIN_AUDIT,
    cuts: int = 100,
    json: Json = False,
) -> int:
    """Find out whether a strategy's decisions depend on what was not yet known.

    Exit status 0 only if it passed.

    Parameters
    ----------
    file
        FILE.py or FILE.py:Class.
    cuts
        Cuts directly after decisions, at least 20; all decisions if there are fewer.
    """
    from quant.cli.audit import audit_file

    return audit_file(file, data, run, audit, cuts, as_json=json)


@app.command
def report(
    run: str = "latest",
    /,
    *,
    out: str = "runs",
    open_it: Annotated[bool, Parameter(name="--open", negative="")] = False,
    json: Json = False,
) -> int:
    """Print the path of a run's HTML report, or open it.

    Parameters
    ----------
    run
        Path, id, unique prefix of an id, or latest.
    out
        Folder of the runs.
    open_it
        Show it in the browser.
    """
    from quant.cli.runs import show_report

    return show_report(run, out, open_it=open_it, as_json=json)


@runs_app.command(name="list")
def runs_list(
    *,
    out: str = "runs",
    sort: str | None = None,
    reverse: Annotated[bool, Parameter(negative="")] = False,
    filter: Annotated[list[str] | None, Parameter(name="--filter", negative="")] = None,
    limit: int | None = None,
    json: Json = False,
) -> int:
    """List finished runs with their headline figures, oldest first.

    Parameters
    ----------
    out
        Folder of the runs.
    sort
        A column, param.NAME or any metric: numbers from the highest, text from A.
    reverse
        The other way round.
    filter
        A condition such as sharpe>1, strategy=Cross, start>=2010-01-01 or strategy~cross
        (contains); may be given several times.
    limit
        Most runs to list.
    """
    from quant.cli.run_list import list_them

    return list_them(out, sort=sort, reverse=reverse, filters=filter, limit=limit, as_json=json)


@runs_app.command(name="diff")
def runs_diff(
    one: str,
    other: str,
    /,
    *,
    out: str = "runs",
    all_of_them: Annotated[bool, Parameter(name="--all", negative="")] = False,
    open_it: Annotated[bool, Parameter(name="--open", negative="")] = False,
    json: Json = False,
) -> int:
    """Compare two runs: what they were given, their figures, where they first differ.

    Parameters
    ----------
    one
        Path, id, unique prefix of an id, or latest.
    other
        The same.
    out
        Folder of the runs.
    all_of_them
        Every metric, not only the headline figures.
    open_it
        Show the page with both curves in the browser.
    """
    from quant.cli.run_diff import diff_them

    return diff_them(one, other, out, with_all=all_of_them, open_it=open_it, as_json=json)


@runs_app.command(name="show")
def runs_show(run: str = "latest", /, *, out: str = "runs", json: Json = False) -> int:
    """Show one run: what it ran, what it assumed, what came out.

    Parameters
    ----------
    run
        Path, id, unique prefix of an id, or latest.
    out
        Folder of the runs.
    """
    from quant.cli.run_page import show_one

    return show_one(run, out, as_json=json)


@runs_app.command(name="verify")
def runs_verify(
    run: str = "latest", /, *, out: str = "runs", data: str | None = None, json: Json = False
) -> int:
    """Check every file of a run against its hash, run it again and compare.

    Parameters
    ----------
    run
        Path, id, unique prefix of an id, or latest.
    out
        Folder of the runs.
    data
        Where the data is now, if not where it was.
    """
    from quant.cli.runs import verify_one

    return verify_one(run, out, data, as_json=json)


def main(arguments: list[str] | None = None) -> None:
    """Entry point of the ``quant`` command; exits with the status of the module's docstring."""
    # imports make a million objects that live as long as the process: look at them less often
    gc.set_threshold(100_000, 50, 50)
    status = run(sys.argv[1:] if arguments is None else arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # nothing may be written at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit status; users never see a traceback for their mistake."""
    try:
        result = app(
            arguments, exit_on_error=False, print_error=False, result_action="return_value"
        )
        return int(result) if isinstance(result, int) else 0
    except CycloptsError as error:
        print(f"quant: {_one_sentence(error)}", file=sys.stderr)
        return 2
    except InvariantError as error:
        print(f"quant: {error}", file=sys.stderr)
        return 70
    except QuantError as error:
        print(f"quant: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        where = f"; {error}" if error.args else ""
        print(f"quant: interrupted{where}.", file=sys.stderr)
        return 130
    except (BrokenPipeError, SystemExit):  # a reader such as head has left; rich exits then
        return 0
    except Exception as error:
        traceback.print_exc()
        print(
            f"quant: expected no {type(error).__name__} here: this is a bug in quant; report it "
            "with the lines above.",
            file=sys.stderr,
        )
        return 70


def _one_sentence(error: CycloptsError) -> str:
    text = " ".join(str(error).split())
    return f"{text} See quant --help."
