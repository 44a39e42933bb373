"""A strategy whose signals were made before the run: when to enter and when to leave, by array.

Without exits of its own it says in Python what ``kernel.plan`` does in compiled code; the same
orders come out of both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quant.kernel.codes import SIGNAL
from quant.strategy.declared import Declared, fingerprint
from quant.strategy.orders import OneCancelsOther, Order

if TYPE_CHECKING:
    from quant.strategy.context import Context
    from quant.strategy.market import Slice

__all__ = ["Exits", "DeclaredSignals", "SignalPlan"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exits:
    """What protects an entry, as fractions of the close it was decided at.

    Attributes
    ----------
    stop_loss, take_profit, trailing : float64 arrays of shape (n_times, n_symbols), or None
        NaN: none for this entry.
    ticks : tuple of float
        By instrument; 0: none.
    """

    ticks: tuple[float, ...]

    stop_loss: FloatArray | None = None
    take_profit: FloatArray | None = None
    trailing: FloatArray | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalPlan:
    """When to enter and to leave.

    Attributes
    ----------
    signals : int8 array of shape (n_times, n_symbols)
        Codes of ``SIGNAL``, added.
    sizes : float64 array of shape (n_times, n_symbols), or (1, 1)
        Of entries, unsigned.
    size_type : "units", "value" or "percent"
    again : "ignore" or "add"
        What an entry does where its position is held already.
    opposite : "reverse", "close" or "ignore"
        What it does against a position.
    times : int64 array of shape (n_times,)
        Ends of bars, nanoseconds UTC, ascending.
    exits : Exits or None
    """

    signals: NDArray[np.int8]
    sizes: FloatArray
    size_type: str
    again: str
    opposite: str
    times: NDArray[np.int64]
    exits: Exits | None = None

    def __str__(self) -> str:
        found = self.exits or Exits(ticks=())
        exits = (found.stop_loss, found.take_profit, found.trailing)
        arrays: list[NDArray[Any]] = [self.signals, self.sizes]
        arrays += [one for one in exits if one is not None]
        rules = f"{self.size_type}, again {self.again}, opposite {self.opposite}"
        return f"{rules}, {fingerprint(*arrays)}"


class DeclaredSignals(Declared):
    """Obeys a `SignalPlan`.

    Parameters
    ----------
    plan : SignalPlan
    """

    def __init__(self, plan: SignalPlan) -> None:
        self.plan = plan
        # orders that hang on others are made in Python
        self.fits_kernel = plan.exits is None

    def on_slice(self, market: Slice, ctx: Context) -> None:
        """The signals of now, in order of instrument."""
        row = int(np.searchsorted(self.plan.times, market.ts))
        signals = self.plan.signals[row]
        for i in np.flatnonzero(signals).tolist():
            self._obey(ctx, market, (row, i), int(signals[i]))

    def _obey(self, ctx: Context, market: Slice, place: tuple[int, int], signal: int) -> None:
        symbol = market.symbols[place[1]]
        held = ctx.portfolio.qty(symbol)
        if signal & SIGNAL.LONG_ENTRY:
            self._enter(ctx, market, place, 1, held)
        elif signal & SIGNAL.SHORT_ENTRY:
            self._enter(ctx, market, place, -1, held)
        elif held and signal & (SIGNAL.LONG_EXIT if held > 0 else SIGNAL.SHORT_EXIT):
            self._close(ctx, symbol)

    def _enter(
        self, ctx: Context, market: Slice, place: tuple[int, int], side: int, held: float
    ) -> None:
        plan, (row, i) = self.plan, place
        symbol = market.symbols[i]
        size = side * float(plan.sizes[row, i] if plan.sizes.size > 1 else plan.sizes[0, 0])
        if held * side > 0:
            if plan.again == "add":
                _add(ctx, symbol, plan.size_type, size)
        elif held == 0 or plan.opposite == "reverse":
            if plan.exits is None:
                _hold(ctx, symbol, plan.size_type, size)
            else:
                self._protected(ctx, market, place, size, held)
        elif plan.opposite == "close":
            self._close(ctx, symbol)

    def _close(self, ctx: Context, symbol: str) -> None:
        if self.plan.exits is not None:
            _cancel_all(ctx, symbol)
        ctx.order_target(symbol, 0)

    def _protected(
        self, ctx: Context, market: Slice, place: tuple[int, int], size: float, held: float
    ) -> None:
        """An entry with the exits that protect it, sized at the close it is decided at."""
        row, i = place
        symbol, close = market.symbols[i], float(market.close[i])
        qty = _quantity(ctx, symbol, self.plan.size_type, size)
        _cancel_all(ctx, symbol)
        if qty == 0.0 or not close > 0.0:
            ctx.order_target(symbol, 0)
            return
        exits = self.plan.exits
        assert exits is not None
        legs: list[Order] = []
        leg = Order(symbol=symbol, qty=-qty, tif="GTC", reduce_only=True)
        side = 1.0 if qty > 0 else -1.0
        stop, target, trail = (
            math.nan if found is None else float(found[row, i])
            for found in (exits.stop_loss, exits.take_profit, exits.trailing)
        )
        tick = exits.ticks[i]
        if target == target:
            price = _on_tick(close * (1.0 + side * target), tick)
            legs.append(replace(leg, type="limit", limit_price=price))
        if stop == stop:
            price = _on_tick(close * (1.0 - side * stop), tick)
            legs.append(replace(leg, type="stop", stop_price=price))
        if trail == trail:
            legs.append(replace(leg, type="trailing_stop", trail_percent=100.0 * trail))
        group: tuple[Order | OneCancelsOther, ...] = tuple(legs)
        if len(legs) > 1:
            group = (OneCancelsOther(orders=tuple(legs)),)
        ctx.submit(Order(symbol=symbol, qty=qty - held, children=group))


def _hold(ctx: Context, symbol: str, size_type: str, size: float) -> None:
    if size_type == "units":
        ctx.order_target(symbol, size)
    elif size_type == "value":
        ctx.order_target(symbol, value=size)
    else:
        ctx.order_target(symbol, weight=size)


def _add(ctx: Context, symbol: str, size_type: str, size: float) -> None:
    if size_type == "units":
        ctx.order(symbol, size)
    elif size_type == "value":
        ctx.order_value(symbol, size)
    else:
        ctx.order_value(symbol, weight=size)


def _quantity(ctx: Context, symbol: str, size_type: str, size: float) -> float:
    """Units in whole increments, of money at the last price."""
    if size_type == "units":
        return ctx.desk.cut(symbol, size)
    value = size if size_type == "value" else size * max(ctx.portfolio.equity, 0.0)
    return ctx.desk.bought_for(symbol, value)


def _cancel_all(ctx: Context, symbol: str) -> None:
    for order_id in ctx.working_orders(symbol):
        ctx.cancel(order_id)


def _on_tick(price: float, tick: float) -> float:
    return price if tick == 0.0 else round(price / tick) * tick
