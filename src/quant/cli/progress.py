"""Progress of long work on a terminal; silent anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from quant.clock import monotonic

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(
    title: str, unit: str = "timestamps"
) -> Iterator[Callable[[int, int], None] | None]:
    """A function to call with (done, total), or None where no one is watching."""
    if not sys.stderr.isatty():
        yield None
        return
    # a sixteenth of a second that only a watched run has to pay
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} {task.fields[unit]}"),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    began = monotonic()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(title, total=1, speed="", unit=unit)

        def tell(done: int, total: int) -> None:
            speed = done / max(monotonic() - began, 1e-9)
            progress.update(task, completed=done, total=total, speed=_pace(speed, unit))

        yield tell


def _pace(speed: float, unit: str) -> str:
    """Events a second of a run; nothing for slower things."""
    return f"{speed:,.0f} events/s" if unit == "timestamps" else ""
