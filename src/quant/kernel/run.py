"""The loop over timestamps, and the way out of it into Python.

``run`` walks slices in compiled code and calls the strategy's tick only where the strategy wants to
be asked; an exception of the strategy never crosses compiled code: the tick traps it and raises a
flag. Interpreted, the same loop is Python.

Capacities never change inside a step: before each one the loop asks whether the arrays could
overflow, and if so hands control back with HALT.GROW.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quant.kernel import memory as mem
from quant.kernel.codes import DECIDER, HALT, SLICE_FLAG
from quant.kernel.jit import INTERPRETED, compiled, entry, inlined
from quant.kernel.layout import GROWING, PER_WORKING_ORDER, State
from quant.kernel.plan import carry_out
from quant.kernel.step import after_decide, before_decide, open_bars

__all__ = ["drive", "grow"]

_DONE = HALT.DONE
_DECIDE = HALT.DECIDE
_GROW = HALT.GROW
_BREAK = HALT.BREAK
_STOPPED = HALT.STOPPED
_PLAN = DECIDER.PLAN
_WARM = SLICE_FLAG.WARM
_TIMER = SLICE_FLAG.TIMER
_SESSION = SLICE_FLAG.SESSION_OPEN | SLICE_FLAG.SESSION_CLOSE
# Most reports, fills, postings and rows that one order can cause in one slice, with margin for the
# two trial walks of the adverse path; an event causes one of each.
_PER_ORDER = 24
_SLACK = 64


@compiled
def _is_tight(h: int) -> bool:
    """Whether the next slice could overflow an array."""
    sim = mem.sims(h)[0]
    waiting = sim["n_orders"] - sim["n_sent"]
    busy = sim["n_active"] + waiting + sim["n_amends"] + sim["n_held"]
    due = sim["n_events"] - sim["event_next"] + sim["n_settlements"] - sim["first_settlement"]
    # a plan may make an order for each instrument
    if sim["decider"] == _PLAN and sim["n_orders"] + sim["n_instruments"] > len(mem.orders(h)):
        return True
    if busy + due == 0:
        # nobody is there who could write anything
        return False
    # an account may make an order for each position it holds, or is about to
    forced = sim["n_held"] + sim["n_active"] + waiting
    most = _PER_ORDER * busy + 4 * sim["n_held"] + due + _SLACK
    working = sim["n_active"] + waiting + forced
    if sim["n_orders"] + forced > len(mem.orders(h)):
        return True
    if sim["n_settlements"] + most > len(mem.settlements(h)):
        return True
    if working > len(mem.active(h)) or 2 * working > len(mem.hits(h)):
        return True
    if sim["n_reports"] + most > len(mem.reports(h)):
        return True
    if sim["n_fills"] + most > len(mem.fills(h)):
        return True
    if sim["n_postings"] + most > len(mem.postings(h)):
        return True
    rows = most + sim["n_instruments"] * sim["n_accounts"] * sim["n_books"]
    return sim["n_position_rows"] + rows > len(mem.position_rows(h))


@inlined
def _wants(sim: Any, at: Any) -> bool:
    """Whether the strategy is to be asked at a slice."""
    flags = at["flags"]
    if (flags & _WARM) != 0:
        return False
    if (flags & _TIMER) != 0:
        return True
    if sim["wants_bars"] != 0 and at["close_hi"] > at["close_lo"]:
        return True
    if sim["wants_sessions"] != 0 and (flags & _SESSION) != 0:
        return True
    return sim["wants_notices"] != 0 and sim["n_reports"] > sim["n_told"]


@compiled
def _advance(h: int, until: int) -> int:
    """Walk on to the next decision of the strategy, or to a reason to stop.

    A slice has two halves; ``stage`` says which comes next. Capacities are checked before each
    half, the second time only if orders were made in between.
    """
    sim = mem.sims(h)[0]
    slices = mem.slices(h)
    while True:
        if sim["stop"] != 0:
            return _STOPPED
        s = sim["slice"]
        if sim["stage"] == 0:
            if s >= sim["n_slices"]:
                return _DONE
            if s >= until:
                return _BREAK
            if _is_tight(h):
                return _GROW
            at = slices[s]
            sim["row_lo"] = at["close_lo"]
            sim["row_hi"] = at["close_hi"]
            before_decide(h)
            sim["stage"] = 1
            if _wants(sim, at):
                return _DECIDE
        elif sim["n_orders"] > sim["n_sent"] and _is_tight(h):
            return _GROW
        if (slices[s]["flags"] & _WARM) == 0:
            after_decide(h)
        else:
            open_bars(h, slices[s]["open_lo"], slices[s]["open_hi"])
        sim["slice"] = s + 1
        sim["stage"] = 0


if INTERPRETED:

    def _loop(h: int, tick: Callable[[], None], until: int) -> int:
        while True:
            code = int(_advance(h, until))
            if code != HALT.DECIDE:
                return code
            if mem.sims(h)[0]["decider"] == _PLAN:
                carry_out(h)
            else:
                tick()

else:
    from numba import types

    _call = types.ExternalFunction("PyObject_CallNoArgs", types.intp(types.intp))
    _release = types.ExternalFunction("Py_DecRef", types.void(types.intp))
    _forget = types.ExternalFunction("PyErr_Clear", types.void())

    @entry
    def _compiled_loop(h: int, tick: int, until: int) -> int:
        while True:
            code = _advance(h, until)
            if code != _DECIDE:
                return code
            if mem.sims(h)[0]["decider"] == _PLAN:
                carry_out(h)
                continue
            result = _call(tick)
            if result == 0:
                # a tick traps everything; this is for what cannot be trapped
                _forget()
                mem.sims(h)[0]["stop"] = 1
            else:
                _release(result)

    def _loop(h: int, tick: Callable[[], None], until: int) -> int:
        return int(_compiled_loop(h, id(tick), until))


def grow(state: State, name: str, at_least: int) -> None:
    """Replace a growing array by one at least twice as long, and tell the table."""
    import numpy as np

    old = state.arrays[name]
    new = np.zeros(max(2 * len(old), at_least), old.dtype)
    new[: len(old)] = old
    state.arrays[name] = new
    state.refresh()


def make_room(state: State) -> None:
    """Grow whatever the next slice could overflow."""
    sim = state["sim"][0]
    working = int(sim["n_active"]) + int(sim["n_orders"]) - int(sim["n_sent"])
    held = int(sim["n_held"])
    forced = held + working
    if sim["decider"] == _PLAN:
        forced += int(sim["n_instruments"])
    due = 4 * held + int(sim["n_events"]) - int(sim["event_next"])
    due += int(sim["n_settlements"]) - int(sim["first_settlement"])
    most = _PER_ORDER * (working + int(sim["n_amends"]) + held) + due + _SLACK
    if int(sim["n_orders"]) + forced > len(state["orders"]):
        grow(state, "orders", int(sim["n_orders"]) + forced)
    places = int(sim["n_instruments"]) * int(sim["n_accounts"]) * int(sim["n_books"])
    for name in ("reports", "fills", "postings", "position_rows", "settlements"):
        need = int(sim[GROWING[name]]) + most + (places if name == "position_rows" else 0)
        if need > len(state[name]):
            grow(state, name, need)
    for name, entries in PER_WORKING_ORDER.items():
        if entries * (working + forced) > len(state[name]):
            grow(state, name, entries * (working + forced))


def drive(state: State, tick: Callable[[], None], until: int, on_grow: Callable[[], None]) -> int:
    """Run slices up to ``until`` (or the end), calling ``tick`` where the strategy is to be asked.

    Parameters
    ----------
    state : State
        The simulation; changed in place.
    tick : callable without arguments
        Called in phase 7. It must not raise: to stop the loop it sets ``sim.stop``.
    until : int
        Slice at which to give control back.
    on_grow : callable
        Called after arrays have been replaced, to take fresh views of them.

    Returns
    -------
    int
        A code of HALT: DONE, BREAK or STOPPED.
    """
    while True:
        code = _loop(state.address, tick, until)
        if code != HALT.GROW:
            return code
        make_room(state)
        on_grow()
