"""What happened during a run, in words: the lines of logs.jsonl."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quant.kernel.codes import REASON, REPORT_KIND, names
from quant.kernel.layout import State

__all__ = ["Journal", "order_lines"]

_ENDINGS = {
    REPORT_KIND.CANCELED: "order_canceled",
    REPORT_KIND.REJECTED: "order_rejected",
    REPORT_KIND.EXPIRED: "order_expired",
}


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


def order_lines(
    state: State, symbols: tuple[str, ...], tags: list[str | None]
) -> list[dict[str, Any]]:
    """One line per order that ended without filling whole, with both figures of a refusal."""
    reasons = names(REASON)
    lines = []
    for report in state.used("reports"):
        event = _ENDINGS.get(int(report["kind"]))
        if event is None:
            continue
        o = int(report["order"])
        line = {
            "ts": int(report["ts"]),
            "level": "info",
            "event": event,
            "order_id": o + 1,
            "symbol": symbols[int(report["instrument"])],
            "tag": tags[o],
            "reason": reasons[int(report["reason"])],
        }
        if report["needed"] or report["available"]:
            line |= {"needed": float(report["needed"]), "available": float(report["available"])}
        lines.append(line)
    return lines
