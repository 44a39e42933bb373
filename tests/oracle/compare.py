"""Where the engine's answer to a scenario differs from the oracle's, in words.

`difference(scenario)` runs both and gives the first difference as one sentence, None if there is
none, or `AMBIGUOUS` where the scenario hangs on amounts of money too close to call. Counts, times,
words and reasons must be equal; prices and money to one part in 10⁹, cash by the scale of equity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Final

from . import engine
from .reference import Outcome, simulate
from .scenarios import Scenario

__all__ = [
    "AMBIGUOUS", "difference", "equity_differs", "fills_differ", "is_close", "orders_differ",
]  # fmt: skip

AMBIGUOUS: Final = "ambiguous"
TOLERANCE = 1e-9


def difference(scenario: Scenario) -> str | None:
    """The first thing in which the engine differs from the oracle; books are checked on the way."""
    outcome = simulate(scenario)
    if outcome.ambiguous:
        return AMBIGUOUS
    result = engine.run(scenario)
    return (
        fills_differ(result.fills, outcome)
        or orders_differ(result.orders, outcome)
        or equity_differs(result.equity, outcome)
    )


def is_close(found: float, wanted: float | Decimal, scale: float = 1.0) -> bool:
    """Equal to one part in 10⁹ of the largest of both, the scale and one."""
    other = float(wanted)
    return abs(found - other) <= TOLERANCE * max(1.0, abs(found), abs(other), abs(scale))


def _place(fill: Mapping[str, Any]) -> tuple[int, int, str]:
    """Engine and oracle list the fills of one print in different orders."""
    return fill["ts"], fill["order"], fill["reason"]


def fills_differ(found: Sequence[Mapping[str, Any]], outcome: Outcome) -> str | None:
    wanted = sorted((asdict(fill) for fill in outcome.fills), key=_place)
    for one, other in zip(sorted(found, key=_place), wanted, strict=False):
        for name, value in one.items():
            if isinstance(value, float):
                same = is_close(value, other[name])
            elif isinstance(value, frozenset):
                same = value ^ other[name] <= other["unsure"]
            else:
                same = value == other[name]
            if not same:
                return f"fill: {name} is {value}, the oracle has {other[name]}: {one} and {other}"
    if len(found) != len(wanted):
        return f"fills: the engine has {len(found)}, the oracle {len(wanted)}"
    return None


def orders_differ(found: Sequence[Mapping[str, Any]], outcome: Outcome) -> str | None:
    for one, row in zip(found, outcome.orders, strict=False):
        for name in ("status", "filled_units", "reason"):
            if one[name] != getattr(row, name):
                wanted = getattr(row, name)
                return f"order {row.order}: {name} is {one[name]!r}, the oracle has {wanted!r}"
    if len(found) != len(outcome.orders):
        return f"orders: the engine has {len(found)}, the oracle {len(outcome.orders)}"
    return None


def equity_differs(found: Sequence[tuple[int, float, float]], outcome: Outcome) -> str | None:
    for (ts, cash, equity), row in zip(found, outcome.equity, strict=False):
        if ts != row.ts:
            return f"equity: a row at {ts}, the oracle has it at {row.ts}"
        if not is_close(cash, row.cash, scale=equity):
            return f"equity row {ts}: cash is {cash}, the oracle has {row.cash}"
        if not is_close(equity, row.equity):
            return f"equity row {ts}: equity is {equity}, the oracle has {row.equity}"
    if len(found) != len(outcome.equity):
        return f"equity: the engine has {len(found)} rows, the oracle {len(outcome.equity)}"
    return None
