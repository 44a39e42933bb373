"""Decisions that were made before the run, carried out without Python."""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import AGAIN, OPPOSITE, SIGNAL, SIZE, TARGET_KIND
from quant.kernel.desk import count_of_value, order_count, target_count, target_worth
from quant.kernel.jit import compiled
from quant.kernel.margin import position_place
from quant.kernel.subsystem import subsystem

__all__ = ["carry_out"]

_UNITS = SIZE.UNITS
_VALUE = SIZE.VALUE
_PERCENT = SIZE.PERCENT
_TARGET_UNITS = SIZE.TARGET_UNITS
_TARGET_VALUE = SIZE.TARGET_VALUE
_TO_VALUE = TARGET_KIND.VALUE
_TO_WEIGHT = TARGET_KIND.WEIGHT
_LONG_ENTRY = SIGNAL.LONG_ENTRY
_LONG_EXIT = SIGNAL.LONG_EXIT
_SHORT_ENTRY = SIGNAL.SHORT_ENTRY
_SHORT_EXIT = SIGNAL.SHORT_EXIT
_ADD = AGAIN.ADD
_REVERSE = OPPOSITE.REVERSE
_CLOSE = OPPOSITE.CLOSE


@compiled
def _order(h: int, i: int, kind: int, size: float) -> None:
    """An order for a size beside what is held. Units are whole increments already."""
    if kind == _UNITS:
        order_count(h, i, int(size))
        return
    value = size
    if kind == _PERCENT:
        value = size * max(mem.accounts(h)[0]["equity"], 0.0)
    count = count_of_value(h, i, value)
    if count != 0:
        order_count(h, i, count)


@compiled
def _send(h: int, i: int, kind: int, size: float) -> None:
    """One size of the plan: of an order, or of what is to be held."""
    if kind <= _PERCENT:
        _order(h, i, kind, size)
    elif kind == _TARGET_UNITS:
        target_count(h, i, int(size))
    else:
        target_worth(h, i, _TO_VALUE if kind == _TARGET_VALUE else _TO_WEIGHT, size)


@compiled
def _enter(h: int, i: int, side: int, units: int, size: float) -> None:
    """An entry on one side, where ``units`` are held."""
    plan = mem.plans(h)[0]
    if units * side > 0:
        if plan["again"] == _ADD:
            _order(h, i, plan["kind"], side * size)
    elif units == 0 or plan["opposite"] == _REVERSE:
        # sizes are those of the targets: an entry says what is to be held
        _send(h, i, plan["kind"] + _TARGET_UNITS, side * size)
    elif plan["opposite"] == _CLOSE:
        target_count(h, i, 0)


@compiled
def _obey(h: int, i: int, signal: int, size: float) -> None:
    """What the signals of one instrument ask for, at the position that is held."""
    units = mem.positions(h)[position_place(h, 0, 0, i)]["units"]
    if (signal & _LONG_ENTRY) != 0:
        _enter(h, i, 1, units, size)
    elif (signal & _SHORT_ENTRY) != 0:
        _enter(h, i, -1, units, size)
    elif (signal & (_LONG_EXIT if units > 0 else _SHORT_EXIT)) != 0 and units != 0:
        target_count(h, i, 0)


@subsystem("void(int64)")
def carry_out(h: int) -> None:
    """Send the orders of the plan's next row, in order of instrument; NaN leaves one alone."""
    sim = mem.sims(h)[0]
    plan = mem.plans(h)[0]
    n = sim["n_instruments"]
    base = plan["row"] * n
    plan["row"] += 1
    sizes = mem.plan_sizes(h)
    signals = mem.plan_signals(h)
    if len(signals) == 0:
        for i in range(n):
            size = sizes[base + i]
            if size == size:
                _send(h, i, plan["kind"], size)
        return
    # one row may serve for all times
    first = 0 if len(sizes) == n else base
    for i in range(n):
        if signals[base + i] != 0:
            _obey(h, i, signals[base + i], sizes[first + i])
