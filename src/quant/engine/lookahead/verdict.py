"""What an audit found: passed, failed, or not certifiable, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from quant.engine.writing import time_text
from quant.strategy.witness import Decision

__all__ = ["Difference", "LookAheadAudit", "decision_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first decision that changed when the future was hidden.

    Attributes
    ----------
    ts : str
        When it was taken, ISO UTC.
    hidden_from : str
        The moment from which the future was hidden.
    full : str
        What the strategy decided with all data; ``nothing`` where it decided nothing.
    hidden : str
        What it decided without.
    """

    ts: str
    hidden_from: str
    full: str
    hidden: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAheadAudit:
    """The result of `audit_lookahead`.

    Attributes
    ----------
    verdict : "passed", "failed" or "not certifiable"
    text : str
        The reason in one or two sentences.
    first : Difference or None
        The first order, cancel or limit that changed; set where the verdict is failed.
    n_decisions : int
        Decisions of the run with all data.
    cuts_at_decisions, cuts_at_random, noised : int
        Re-runs with the data cut off directly after a decision, at another time, and with noise in
        place of the future.
    reads : tuple of str
        Columns of the market data that the strategy read.
    known : tuple of str
        Further columns that the user declared to be known at their row's time.
    files : tuple of str
        Files that the user declared.
    raised : bool
        Whether the strategy raised with all its data, so that nothing could be judged.
    """

    verdict: Literal["passed", "failed", "not certifiable"]
    text: str
    first: Difference | None = None
    n_decisions: int = 0
    cuts_at_decisions: int = 0
    cuts_at_random: int = 0
    noised: int = 0
    reads: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    raised: bool = False

    @property
    def is_passed(self) -> bool:
        """Whether the verdict is passed."""
        return self.verdict == "passed"

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> LookAheadAudit:
        """The audit that a manifest holds."""
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in found.items()
        }
        given["first"] = None if found["first"] is None else Difference(**found["first"])
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON types, as it stands in the manifest."""
        found = asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in found.items()}


def decision_text(decision: Decision | None) -> str:
    """A decision as a user would write it.

    Examples
    --------
    >>> decision_text([0, "order_target", "SPY", None, 1.0, None, None])
    "order_target('SPY', weight=1.0)"
    >>> decision_text(None)
    'nothing'
    """
    if decision is None:
        return "nothing"
    _, kind, *arguments = decision
    names = _ARGUMENTS.get(kind, ())
    shown = []
    for place, value in enumerate(arguments):
        if value is None:
            continue
        name = names[place] if place < len(names) else ""
        shown.append(f"{name}={value!r}" if name else repr(value))
    return f"{kind}({', '.join(shown)})"


_ARGUMENTS = {
    "order": ("", "", "type", "limit_price", "stop_price", "tif", "tag"),
    "order_target": ("", "qty", "weight", "value", "tag"),
    "every": ("", "tag"),
}


def difference(
    full: Decision | None,
    hidden: Decision | str | None,
    moment: int,
    *,
    at: int | None = None,
    full_text: str | None = None,
) -> Difference:
    """The record of a changed decision.

    Parameters
    ----------
    full, hidden : Decision or None
        With all data and without; words in place of the second say what happened instead.
    moment : int
        From which on the future was hidden, nanoseconds UTC.
    at : int, optional
        When it happened; by default the earlier time of the two decisions.
    full_text : str, optional
        Words in place of the first.
    """
    times = [one[0] for one in (full, hidden) if isinstance(one, list)]
    when = at if at is not None else min(times, default=moment)
    return Difference(
        ts=time_text(int(when)),
        hidden_from=time_text(moment),
        full=full_text or decision_text(full),
        hidden=hidden if isinstance(hidden, str) else decision_text(hidden),
    )
