"""``quant menu``: numbered choices over standard input; q, Ctrl-C or the end of input leave."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from quant.cli.backtest import exit_status
from quant.cli.systems import run_window, tell_problems
from quant.cli.tables import console, print_summary
from quant.engine.folder import RunFolder, prepare_folder
from quant.errors import InvariantError, QuantError
from quant.systems import System, Window, read_systems

__all__ = ["run_menu"]


class _Leave(Exception):
    """The user has had enough."""


def run_menu(folder: str, out: str) -> int:
    """Choose, run, look, again; the status of the command.

    Every mistake on the way is told and asked about again; only Ctrl-C has a status of its own.
    """
    shelf = read_systems(folder)
    tell_problems(shelf)
    prepare_folder(Path(out))
    try:
        while True:
            system = _choose_system(shelf.systems)
            window = _choose_window(system)
            if window is not None:
                _run(system, window, out)
    except (_Leave, EOFError):
        print()
        return 0


def _say(text: str, style: str = "") -> None:
    console().print(text, markup=False, highlight=False, style=style, soft_wrap=True)


def _ask(question: str, known: Sequence[str], extra: Sequence[str] = ()) -> str:
    """One of the known names by its number or itself, or one of the extra letters."""
    while True:
        print(f"{question} ", end="", flush=True)
        said = sys.stdin.readline()
        if not said:
            raise EOFError
        word = said.strip()
        if word.lower() == "q":
            raise _Leave
        if word.lower() in extra:
            return word.lower()
        if word.isdecimal() and 1 <= int(word) <= len(known):
            return known[int(word) - 1]
        if word in known:
            return word
        letters = ", ".join([*extra, "q"])
        _say(f"Please type a number from 1 to {len(known)}, or {letters}.")


def _choose_system(systems: Sequence[System]) -> System:
    _say("")
    _say("Systems", style="bold")
    for number, one in enumerate(systems, start=1):
        _say(f" {number:2}  {one.system_id}: {one.title}")
    known = {one.system_id: one for one in systems}
    return known[_ask("Which system? (number, q to leave)", list(known))]


def _choose_window(system: System) -> Window | None:
    """A window; None to go back."""
    _say("")
    _say(f"Windows of {system.system_id}", style="bold")
    for number, one in enumerate(system.windows.values(), start=1):
        shown = ", ".join(f"{key}={value}" for key, value in one.params.items())
        _say(f" {number:2}  {one.name}: {one.text}{f', {shown}' if shown else ''}")
    said = _ask("Which window? (number, b to go back, q to leave)", list(system.windows), ("b",))
    return system.windows.get(said)


def _run(system: System, window: Window, out: str) -> None:
    """Run it, show what came out, offer the report."""
    try:
        run = run_window(system, window)
        folder = run.save(out)
    except InvariantError:
        raise
    except QuantError as error:
        _say(f"quant: {error}")
        return
    if run.status == "interrupted":
        exit_status(run, folder)
        raise KeyboardInterrupt
    if run.failure is not None:
        exit_status(run, folder)
        return
    print_summary([(run, folder)])
    _offer(folder)


def _offer(folder: RunFolder) -> None:
    said = _ask("Open the report? (y, n, q to leave)", [], ("y", "n"))
    if said == "y" and not webbrowser.open(folder.report.resolve().as_uri()):
        _say("Found no browser; open it by hand.")
