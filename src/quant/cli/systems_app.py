"""``quant systems``, ``quant strategies`` and ``quant menu``: the commands and their options."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

__all__ = ["menu", "strategies_app", "systems_app"]

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]
Folder = Annotated[str, Parameter(name="--dir")]

systems_app = App(name="systems", help="Run what YAML files configure.")
strategies_app = App(name="strategies", help="Look at strategies that can be run by name.")


@systems_app.command(name="list")
def systems_list(*, folder: Folder = "systems", json: Json = False) -> int:
    """List the systems of a folder and those that come with quant.

    Parameters
    ----------
    folder
        Folder of your own systems.
    """
    from quant.cli.systems import list_systems

    return list_systems(folder, as_json=json)


@systems_app.command(name="show")
def systems_show(system: str, /, *, folder: Folder = "systems", json: Json = False) -> int:
    """Show one system: strategy, parameters, data, settings, windows.

    Parameters
    ----------
    system
        Id of a system.
    folder
        Folder of your own systems.
    """
    from quant.cli.systems import show_system

    return show_system(system, folder, as_json=json)


@systems_app.command(name="run")
def systems_run(
    system: str | None = None,
    /,
    *,
    window: str | None = None,
    smoke: Annotated[bool, Parameter(name="--smoke", negative="")] = False,
    seed: int | None = None,
    folder: Folder = "systems",
    out: str = "runs",
    json: Json = False,
) -> int:
    """Run one window of a system and write the run folder; or all systems with --smoke.

    Parameters
    ----------
    system
        Id of a system.
    window
        One of its windows; may be left out where it has one.
    smoke
        Run the shortest window of this system, or of every system; exit 1 if one fails.
    seed
        Seed of ctx.random, in place of the system's.
    folder
        Folder of your own systems.
    out
        Folder under which the run folder is written; a smoke test writes none.
    """
    from quant.cli.systems import run_one, smoke_test

    if smoke:
        return smoke_test(system, window, folder, as_json=json)
    return run_one(system, window, folder, (out, seed), as_json=json)


@strategies_app.command(name="list")
def strategies_list(*, json: Json = False) -> int:
    """List the strategies that can be run by name, and the packages they come from."""
    from quant.cli.systems import list_strategies

    return list_strategies(as_json=json)


def menu(*, folder: Folder = "systems", out: str = "runs") -> int:
    """Choose a system and a window, run it, see its figures, open its report.

    Parameters
    ----------
    folder
        Folder of your own systems.
    out
        Folder for the run folders.
    """
    from quant.cli.menu import run_menu

    return run_menu(folder, out)
