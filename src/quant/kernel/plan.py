"""Decisions that were made before the run, carried out without Python."""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import SIZE, TARGET_KIND
from quant.kernel.desk import count_of_value, order_count, target_count, target_worth
from quant.kernel.jit import compiled
from quant.kernel.subsystem import subsystem

__all__ = ["carry_out"]

_UNITS = SIZE.UNITS
_VALUE = SIZE.VALUE
_PERCENT = SIZE.PERCENT
_TARGET_UNITS = SIZE.TARGET_UNITS
_TARGET_VALUE = SIZE.TARGET_VALUE
_TO_VALUE = TARGET_KIND.VALUE
_TO_WEIGHT = TARGET_KIND.WEIGHT


@compiled
def _send(h: int, i: int, kind: int, size: float) -> None:
    """One size of the plan. Units are whole increments already."""
    if kind == _UNITS:
        order_count(h, i, int(size))
    elif kind == _TARGET_UNITS:
        target_count(h, i, int(size))
    elif kind == _TARGET_VALUE:
        target_worth(h, i, _TO_VALUE, size)
    elif kind in (_VALUE, _PERCENT):
        value = size
        if kind == _PERCENT:
            value = size * max(mem.accounts(h)[0]["equity"], 0.0)
        count = count_of_value(h, i, value)
        if count != 0:
            order_count(h, i, count)
    else:
        target_worth(h, i, _TO_WEIGHT, size)


@subsystem("void(int64)")
def carry_out(h: int) -> None:
    """Send the orders of the plan's next row, in order of instrument; NaN leaves one alone."""
    sim = mem.sims(h)[0]
    plan = mem.plans(h)[0]
    n = sim["n_instruments"]
    base = plan["row"] * n
    plan["row"] += 1
    sizes = mem.plan_sizes(h)
    for i in range(n):
        size = sizes[base + i]
        if size == size:
            _send(h, i, plan["kind"], size)
