"""What a strategy reads and decides, written down while it runs.

An audit runs a strategy several times and compares what it *asked for*: orders, targets, cancels,
limits and timers with their arguments, not the orders that came of them. A `Witness` notes these,
and which columns of market data were read. Runs without one pay nothing for it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from quant.lake import Bars
from quant.strategy.desk import OrderDesk
from quant.strategy.market import Bar
from quant.strategy.orders import Node

__all__ = ["Decision", "WatchedDesk", "Witness"]

Decision: TypeAlias = list[Any]
_FIELDS = ("open", "high", "low", "close", "volume")


class Witness:
    """The notes of one run.

    Attributes
    ----------
    decisions : list of [ts, kind, argument, …]
        In the order in which they were taken; `ts` in nanoseconds UTC. JSON types only.
    reads : set of str
        Columns of the market data that the strategy asked for.
    is_on : bool
        Off after the last timestamp: what ``on_end`` asks for never leaves.
    """

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self.reads: set[str] = set()
        self.now: Callable[[], int] = lambda: 0
        self.is_on = True

    def decide(self, kind: str, *arguments: Any) -> None:
        """Note a decision of now, unless switched off."""
        if self.is_on:
            self.decisions.append([self.now(), kind, *map(_plain, arguments)])

    def watched_bars(self, bars: Bars) -> Bars:
        """The same bars, whose columns are noted when they are read."""
        return dataclasses.replace(bars, columns=_WatchedColumns(bars.columns, self.reads))

    def watched_bar(self, kind: type[Bar]) -> type[Bar]:
        """The same kind of `Bar`, whose prices and volume are noted when they are read."""
        reads = self.reads

        def noted(name: str) -> property:
            read = getattr(kind, name).fget

            def get(bar: Bar) -> float:
                reads.add(name)
                return read(bar)  # type: ignore[no-any-return]

            return property(get)

        return type("Bar", (kind,), {"__slots__": (), **{n: noted(n) for n in _FIELDS}})


class _WatchedColumns(Mapping[str, NDArray[np.float64]]):
    """Columns that note which of them were asked for, also when they are copied as a whole."""

    def __init__(self, columns: Mapping[str, NDArray[np.float64]], reads: set[str]) -> None:
        self._columns = columns
        self._reads = reads

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        column = self._columns[name]
        self._reads.add(name)
        return column

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


class WatchedDesk(OrderDesk):
    """An order desk that notes what it is asked for."""

    witness: Witness

    def order(self, *arguments: Any) -> int:
        """As `OrderDesk.order`."""
        self.witness.decide("order", *arguments)
        return super().order(*arguments)

    def submit(self, nodes: tuple[Node, ...], *, atomic: bool = False) -> list[int]:
        """As `OrderDesk.submit`."""
        self.witness.decide("submit", repr(nodes), atomic)
        return super().submit(nodes, atomic=atomic)

    def amend(self, *arguments: Any) -> int:
        """As `OrderDesk.amend`."""
        self.witness.decide("amend", *arguments)
        return super().amend(*arguments)

    def target(self, *arguments: Any) -> int | None:
        """As `OrderDesk.target`."""
        self.witness.decide("order_target", *arguments)
        return super().target(*arguments)

    def cancel(self, tag_or_id: str | int) -> int:
        """As `OrderDesk.cancel`."""
        self.witness.decide("cancel", tag_or_id)
        return super().cancel(tag_or_id)


def _plain(value: Any) -> Any:
    """An argument as a JSON type, with all its digits; what JSON does not know becomes text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Real):
        number = float(value)  # as the order desk takes it
        return number if math.isfinite(number) else repr(number)
    return repr(value)
