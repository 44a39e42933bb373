"""What happened during a run, in words: the lines of logs.jsonl."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import orjson

from quant.engine.refusals import RULE_OF, refusal_figures
from quant.kernel.codes import REASON, REPORT_KIND, names
from quant.kernel.layout import State

__all__ = ["Journal", "in_words", "line_text", "order_lines"]

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

    def note(self, event: str, /, *, level: str = "info", **values: Any) -> None:
        """Add a line about now."""
        self.lines.append({"ts": self._now(), "level": level, "event": event, **values})

    def warnings(self) -> list[dict[str, Any]]:
        """The lines that a user should see."""
        return [line for line in self.lines if line["level"] != "info"]


def order_lines(
    state: State, symbols: tuple[str, ...], tags: list[str | None]
) -> list[dict[str, Any]]:
    """One line per order that ended without filling whole, and per amendment that a limit refused,
    with the figures of a refusal."""
    reasons = names(REASON)
    lines = []
    for report in state.used("reports"):
        event = _ENDINGS.get(int(report["kind"]))
        if report["kind"] == REPORT_KIND.REPLACE_REJECTED and int(report["reason"]) in RULE_OF:
            event = "amendment_rejected"
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
        figures = refusal_figures(report)
        if figures["rule"]:
            line |= {name: figures[name] for name in ("rule", "limit", "value")}
        elif figures["needed"] or figures["available"]:
            line |= {name: figures[name] for name in ("needed", "available")}
        lines.append(line)
    return lines


def in_words(error: BaseException) -> str:
    """What an exception says, on one line; empty if it says nothing.

    Examples
    --------
    >>> in_words(ValueError("two\\nlines"))
    'two lines'
    """
    try:
        text = str(error)
    except Exception:  # an exception of a strategy may fail to say what it is
        return ""
    return _text(" ".join(text.split()))


def line_text(line: dict[str, Any]) -> bytes:
    """A line as JSON, whatever values a strategy has put into it.

    Examples
    --------
    >>> line_text({"event": "strategy", "big": 2**70, "odd": {1: float("nan")}})
    b'{"event":"strategy","big":1180591620717411303424,"odd":{"1":null}}'
    """
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:
        return json.dumps(_plain(line), separators=(",", ":"), ensure_ascii=False).encode()


def _plain(value: Any) -> Any:
    """A value as JSON types; what JSON does not know becomes text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_text(str(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return _text(str(value))


def _text(text: str) -> str:
    """Text that UTF-8 can hold."""
    return text.encode("utf-8", "replace").decode()
