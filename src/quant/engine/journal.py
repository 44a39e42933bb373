"""What happened during a run, in words: the lines of logs.jsonl."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Journal"]


class Journal:
    """An append-only list of log lines, stamped with the time of the simulation.

    Each line is ``{ts, level, event, run_id, …}``; ``run_id`` is filled in when the run is saved.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self.lines: list[dict[str, Any]] = []

    def note(self, event: str, *, level: str = "info", **values: Any) -> None:
        """Add a line about now."""
        self.lines.append({"ts": self._now(), "level": level, "event": event, **values})

    def warnings(self) -> list[dict[str, Any]]:
        """The lines that a user should see."""
        return [line for line in self.lines if line["level"] != "info"]
