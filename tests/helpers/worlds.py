"""Small markets and scripted strategies for tests that go through the event front.

`market` turns rows of prices into bars through `load_bars`, `Script` is a strategy whose decisions
are written out beforehand, and `play` runs one on the other, checking the books after every
timestamp. Days are the sessions from 2024-01-01 on, numbered from 0.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from oracle.engine import result_of
from quant.calendars import load_calendar
from quant.engine.simulation import Simulation
from quant.kernel.snapshot import own_hash
from quant.lake import Bars, DataOptions, load_bars
from quant.model.parse import config_from
from quant.strategy import Context, Slice, Strategy

__all__ = [
    "DAY_0",
    "SHARED",
    "Played",
    "Script",
    "load_module",
    "market",
    "market_on",
    "play",
    "played",
]

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
DAY_0 = date(2024, 1, 1)
EPOCH = date(1970, 1, 1)

Row = Sequence[float | None]
Rows = Sequence[Row | None]


def market(**rows: Rows) -> Bars:
    """Daily bars from (open, high, low, close[, volume]) by symbol; None: no bar on that day.

    A row of one price, in all symbols, makes data of closes only.
    """
    return market_on("24/7", **rows)


def market_on(calendar: str, **rows: Rows) -> Bars:
    """The same with the sessions and hours of another calendar."""
    lines = [
        line
        for symbol, days in rows.items()
        for line in _lines(symbol, days, _days(calendar, len(days)))
    ]
    return load_bars(pl.DataFrame(lines), DataOptions(calendar=calendar))


def _days(calendar: str, n: int) -> list[date]:
    """The first ``n`` sessions from day 0 on."""
    known = load_calendar(calendar)
    first = known.index_at_or_after((DAY_0 - EPOCH).days)
    return [EPOCH + timedelta(days=int(day)) for day in known.days[first : first + n]]


def _lines(symbol: str, rows: Rows, days: Sequence[date]) -> Iterable[dict[str, Any]]:
    for day, row in zip(days, rows, strict=True):
        if row is None:
            continue
        names = ("close",) if len(row) == 1 else ("open", "high", "low", "close", "volume")
        yield {"ts": day, "symbol": symbol, **dict(zip(names, row, strict=False))}


Deed = Callable[[Context], object]


class Script(Strategy):
    """Does on each day, after its close, what the script says for it.

    The n-th slice of the run is day n, whatever its date.
    """

    def __init__(self, deeds: Mapping[int, Deed]) -> None:
        self.deeds = dict(deeds)
        self.day = -1

    def on_slice(self, market: Slice, ctx: Context) -> None:
        self.day += 1
        if self.day in self.deeds:
            self.deeds[self.day](ctx)


@dataclass(frozen=True)
class Played:
    """What came of a run; orders and fills as dicts, equity as (ts, cash, equity)."""

    simulation: Simulation
    fills: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    equity: list[tuple[int, float, float]]

    @property
    def trades(self) -> list[tuple[int, float, float]]:
        """Order, signed quantity and price of every fill."""
        return [(f["order"], self.quantity(f), f["price"]) for f in self.fills]

    @property
    def fates(self) -> list[tuple[str, str]]:
        """Status and reason of every order."""
        return [(o["status"], o["reason"]) for o in self.orders]

    @property
    def cash(self) -> float:
        return float(self.simulation.state["balances"][0]["cash"])

    @property
    def final_equity(self) -> float:
        return self.equity[-1][2]

    @property
    def own_hash(self) -> str:
        return own_hash(self.simulation.state)

    @property
    def address(self) -> int:
        """For calls into the kernel; valid as long as this object."""
        return self.simulation.state.address

    def position(self, symbol: str) -> float:
        return self.simulation.ctx.portfolio.qty(symbol)

    def order(self, order_id: int) -> Any:
        """The kernel's record of an order, for what the words above leave out."""
        return self.simulation.state.used("orders")[order_id - 1]

    def quantity(self, fill: Mapping[str, Any]) -> float:
        ins = self.simulation.state["instruments"]
        i = self.simulation.bars.symbols.index(fill["symbol"])
        return float(fill["units"] * ins[i]["unit_num"] / ins[i]["unit_den"])


def play(
    strategy: Strategy | Mapping[int, Deed],
    bars: Bars,
    config: Mapping[str, Any] | None = None,
    **period: date,
) -> Played:
    """Run to the end, books checked after every timestamp."""
    script = strategy if isinstance(strategy, Strategy) else Script(strategy)
    simulation = Simulation(script, bars, config_from(dict(config or {})), **period)
    simulation.prepare()
    while not simulation.is_done:
        simulation.advance(until=simulation.slice + 1)
        simulation.check_books()
    simulation.finish()
    return played(simulation)


def played(simulation: Simulation) -> Played:
    """The results of a simulation as it stands."""
    result = result_of(simulation)
    assert all(math.isfinite(equity) for _, _, equity in result.equity)
    return Played(simulation, result.fills, result.orders, result.equity)


def load_module(path: Path) -> ModuleType:
    """A Python file outside the project, as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
