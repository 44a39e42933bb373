"""``quant tools``: the tools for programs, from a shell."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

__all__ = ["tools_app"]

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]

tools_app = App(name="tools", help="Call quant's tools for programs.")


@tools_app.command(name="list")
def tools_list(*, json: Json = False) -> int:
    """List the tools; with --json also their arguments as JSON schemas."""
    from rich.table import Table

    from quant.cli.tables import console, print_json
    from quant.tools import ToolRegistry

    tools = ToolRegistry().describe()
    if json:
        print_json(tools)
        return 0
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("kind", "tool", "description"):
        table.add_column(name)
    for tool in tools:
        table.add_row(tool["kind"], tool["name"], tool["description"])
    console().print(table, markup=False)
    return 0


@tools_app.command(name="call")
def tools_call(
    name: str,
    /,
    *,
    args: str = "{}",
    json: Json = False,
) -> int:
    """Call one tool; prints its answer as JSON. Exit status 2 if the call was a mistake.

    Parameters
    ----------
    name
        A tool of quant tools list.
    args
        Its arguments, as a JSON object.
    json
        Changes nothing: the answer is JSON either way.
    """
    import orjson

    from quant.cli.tables import print_json, user_output
    from quant.errors import ConfigError
    from quant.tools import ToolRegistry

    try:
        given = orjson.loads(args)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"--args: expected a JSON object, found {error}; mend it.") from None
    with user_output(as_json=True):
        answer = ToolRegistry().call(name, given)
    print_json(answer)
    return 0 if answer["ok"] else 2
