"""A plan of sizes, handed to the kernel where it can carry it out by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.engine.timeline import Timeline
from quant.kernel.blank import market_template
from quant.kernel.codes import AGAIN, DECIDER, OPPOSITE, SIZE, SLICE_FLAG
from quant.kernel.layout import ARRAYS, State
from quant.strategy.declared import SIZE_TYPES, SizePlan
from quant.strategy.declared_signals import SignalPlan

__all__ = ["OPPOSITES", "install_plan", "no_plan"]

OPPOSITES = {"reverse": OPPOSITE.REVERSE, "close": OPPOSITE.CLOSE, "ignore": OPPOSITE.IGNORE}

_SNAP = 1e-9


def no_plan() -> dict[str, NDArray[Any]]:
    """The kernel's arrays where a strategy decides, and the order that a plan would send."""
    return {
        "order_template": market_template(),
        "plan": np.zeros(1, ARRAYS["plan"]),
        "plan_sizes": np.zeros(0),
        "plan_signals": np.zeros(0, np.int64),
    }


def install_plan(state: State, plan: SizePlan | SignalPlan, timeline: Timeline) -> None:
    """Let the kernel decide by the plan from the run's first decision on."""
    kind = SIZE_TYPES[plan.size_type]
    sizes = plan.sizes
    if isinstance(plan, SignalPlan):
        if len(sizes) == 1:
            sizes = np.broadcast_to(sizes, (1, plan.signals.shape[1]))
        state.arrays["plan_signals"] = np.ascontiguousarray(plan.signals, np.int64).ravel()  # type: ignore[assignment]
        state["plan"][0]["again"] = AGAIN.ADD if plan.again == "add" else AGAIN.IGNORE
        state["plan"][0]["opposite"] = OPPOSITES[plan.opposite]
    if kind in (SIZE.UNITS, SIZE.TARGET_UNITS):
        if kind == SIZE.UNITS and isinstance(plan, SizePlan):
            sizes = np.where(sizes == 0.0, np.nan, sizes)
        sizes = _in_increments(state, sizes)
    state.arrays["plan_sizes"] = np.ascontiguousarray(sizes).ravel()  # type: ignore[assignment]
    state.refresh()
    record = state["plan"][0]
    record["kind"] = kind
    slices = timeline.slices
    is_warm = (slices["flags"] & SLICE_FLAG.WARM) != 0
    record["row"] = int(np.count_nonzero(is_warm & (slices["close_hi"] > slices["close_lo"])))
    state["sim"][0]["decider"] = DECIDER.PLAN
    state["sim"][0]["wants_bars"] = 1


def _in_increments(state: State, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantities as whole counts of increments, towards zero, as an order's is."""
    instruments = state["instruments"]
    exact = sizes * instruments["unit_den"] / instruments["unit_num"]
    nearest = np.floor(exact + 0.5)
    is_whole = np.abs(exact - nearest) <= _SNAP * np.maximum(1.0, np.abs(exact))
    counts: NDArray[np.float64] = np.where(is_whole, nearest, np.trunc(exact))
    return counts
