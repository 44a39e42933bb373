"""Where an audit cuts: after decisions, at other bars, and from where on all is noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.lake import Bars
from quant.seeds import generator
from quant.strategy.witness import Decision

__all__ = ["Plan", "plan_of"]

_AT_RANDOM = 6
_NOISED = 3
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The cuts of an audit, by kind; moments in nanoseconds UTC, ascending.

    Attributes
    ----------
    at_decisions, at_random : list of int
        The data end there.
    noised : list of int
        All after them is made up.
    """

    at_decisions: list[int]
    at_random: list[int]
    noised: list[int]

    @property
    def moments(self) -> list[int]:
        """All moments, in the order in which they are run."""
        return [*self.at_decisions, *self.at_random, *self.noised]


def plan_of(
    decisions: Sequence[Decision], bars: Bars, first: date, last: date, cuts: int, seed: int
) -> Plan:
    """The plan for a run's decisions: the same for the same decisions and seed.

    Two thirds of the cuts at decisions fall on those that change something (another direction or
    size than the one before of the same symbol), where a peek pays; each share is spread evenly.
    """
    random = generator(seed, "look-ahead audit plan")
    low, high = (bars.calendar.index_at_or_after((day - _EPOCH).days) for day in (first, last))
    inside = (bars.session >= low) & (bars.session <= high)
    ends = np.unique(bars.ts_close[inside])
    times = sorted({int(d[0]) for d in decisions})
    picked = times
    if len(times) > cuts:
        changes = _changes(decisions)
        chosen = _spread(changes, max(2 * cuts // 3, cuts - len(times) + len(changes)), random)
        rest = sorted(set(times) - set(chosen))
        picked = sorted({*chosen, *_spread(rest, cuts - len(chosen), random)})
    others = np.setdiff1d(ends, np.array(picked, np.int64))
    further = random.choice(others, min(_AT_RANDOM, len(others)), replace=False)
    thirds = [ends[len(ends) * k // _NOISED] for k in range(1, _NOISED)]
    start = int(bars.ts_open[inside].min())
    return Plan(
        at_decisions=picked,
        at_random=sorted(int(ts) for ts in further),
        noised=sorted({start, *(int(ts) for ts in thirds)}),
    )


def _changes(decisions: Sequence[Decision]) -> list[int]:
    """Times of decisions that differ from the one before of the same kind and symbol."""
    last: dict[tuple[Any, Any], list[Any]] = {}
    found: set[int] = set()
    for ts, kind, *arguments in decisions:
        key = (kind, arguments[0] if arguments else None)
        if last.get(key) != arguments:
            found.add(int(ts))
        last[key] = arguments
    return sorted(found)


def _spread(times: list[int], n: int, random: np.random.Generator) -> list[int]:
    """Some of the times: the first, the last, and one from each of as many stretches between."""
    if n <= 0 or len(times) <= n:
        return times if n > 0 else []
    edges: NDArray[np.int64] = np.linspace(0, len(times), n + 1).astype(np.int64)
    places = [int(random.integers(a, b)) for a, b in pairwise(edges.tolist())]
    if n > 1:
        places[0], places[-1] = 0, len(times) - 1
    return [times[place] for place in places]
