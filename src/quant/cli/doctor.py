"""``quant doctor``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

__all__ = ["doctor"]

_STYLES = {"ok": "green", "note": "yellow", "problem": "bold red"}


def doctor(
    *,
    out: str = "runs",
    json: Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")] = False,
) -> int:
    """Check this installation: versions, folders, data, and one small run whose result is known.

    Parameters
    ----------
    out
        Folder that runs will be written to.
    """
    import dataclasses
    import json as text_of

    from rich.console import Console
    from rich.markup import escape

    # nothing of the engine: the doctor must speak where a library is broken
    from quant.ops.doctor import examine

    checks = examine(out)
    problems = sum(check.status == "problem" for check in checks)
    if json:
        told = {"ok": problems == 0, "checks": [dataclasses.asdict(one) for one in checks]}
        print(text_of.dumps(told, indent=2, ensure_ascii=False))
        return int(problems > 0)
    screen = Console()
    for check in checks:
        style = _STYLES[check.status]
        advice = f" → {check.advice}" if check.advice else ""
        screen.print(
            f"[{style}]{check.status:8}[/{style}] {check.name}: {escape(check.text + advice)}",
            highlight=False,
            soft_wrap=True,
        )
    notes = sum(check.status == "note" for check in checks)
    sound = len(checks) - problems - notes
    screen.print(f"ok: {sound}, notes: {notes}, problems: {problems}", highlight=False)
    return int(problems > 0)
