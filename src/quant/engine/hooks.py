"""From the kernel's decision point to a strategy's hooks.

``ticker`` builds the one function that the compiled loop calls. It does only what the strategy's
hooks need: a strategy with ``on_bar`` alone pays for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import numpy as np

from quant.engine.refusals import refusal_figures
from quant.kernel.codes import (
    FILL_REASON,
    REASON,
    REPORT_KIND,
    SLICE_FLAG,
    names,
)
from quant.kernel.layout import ARRAYS, State, word_of
from quant.lake import Bars
from quant.model.events import Clock, Fill, OrderUpdate
from quant.strategy.base import Strategy, hooks_of
from quant.strategy.context import Context
from quant.strategy.market import Bar, Slice, bar_class
from quant.strategy.views import words

__all__ = ["Wants", "ticker", "wants_of"]

_EPOCH = date(1970, 1, 1)
_NOTICES = ("on_fill", "on_order", "on_event")
_TOLD = word_of("sim", "n_told")
_REPORTS = word_of("sim", "n_reports")
_NOW = word_of("sim", "now")
_SLICE = word_of("sim", "slice")
_SESSION = word_of("sim", "session")
_SLICE_WORDS = ARRAYS["slices"].itemsize // 8
_CLOSE_LO = word_of("slices", "close_lo")
_CLOSE_HI = word_of("slices", "close_hi")
_TIMER_LO = word_of("slices", "timer_lo")
_TIMER_HI = word_of("slices", "timer_hi")
_STOP = word_of("sim", "stop")
_ROW_LO = word_of("sim", "row_lo")
_ROW_HI = word_of("sim", "row_hi")
_FLAGS = word_of("slices", "flags")
_UPDATES = {
    REPORT_KIND.TRIGGERED: "TRIGGERED",
    REPORT_KIND.CANCELED: "CANCELED",
    REPORT_KIND.REJECTED: "REJECTED",
    REPORT_KIND.EXPIRED: "EXPIRED",
    REPORT_KIND.ACTIVATED: "ACTIVATED",
    REPORT_KIND.REPLACED: "REPLACED",
    REPORT_KIND.REPLACE_REJECTED: "REPLACE_REJECTED",
}
_FILL_WORDS = names(FILL_REASON)
_REASON_WORDS = names(REASON)


class Wants:
    """What a strategy is to be called for."""

    def __init__(self, strategy: Strategy) -> None:
        hooks = hooks_of(strategy)
        self.events = "on_event" in hooks
        self.bars = "on_bar" in hooks or self.events
        self.slices = "on_slice" in hooks
        self.notices = any(name in hooks for name in _NOTICES)
        self.opens = "on_session_open" in hooks
        self.closes = "on_session_close" in hooks

    def write(self, state: State) -> None:
        """Tell the kernel."""
        sim = state["sim"][0]
        sim["wants_bars"] = int(self.bars or self.slices)
        sim["wants_notices"] = int(self.notices)
        sim["wants_sessions"] = int(self.opens or self.closes)


def wants_of(strategy: Strategy) -> Wants:
    """What a strategy is to be called for, from the hooks it defines."""
    return Wants(strategy)


def _hook(strategy: Strategy, name: str) -> Callable[..., None] | None:
    """A typed hook, or ``on_event`` in its place, or nothing."""
    hooks = hooks_of(strategy)
    if name in hooks:
        return getattr(strategy, name)  # type: ignore[no-any-return]
    return strategy.on_event if "on_event" in hooks else None


def ticker(
    strategy: Strategy,
    ctx: Context,
    state: State,
    bars: Bars,
    timer_ids: list[int],
    failure: list[BaseException],
    guards: Iterable[Callable[[int], None]] = (),
) -> Callable[[], None]:
    """The function the loop calls in phase 7. It never raises: what a hook raises goes to
    ``failure``, and the loop is told to stop. ``guards`` come before the hooks."""
    wants = wants_of(strategy)
    sim = words(state, "sim")[0]
    steps = list(guards)
    is_guarded = bool(steps)
    slices = words(state, "slices")[0]
    if wants.notices:
        steps.append(_notices(strategy, ctx, state, bars.symbols, sim))
    if wants.opens or wants.closes:
        steps.append(_sessions(strategy, ctx, bars, slices, sim, wants))
    if wants.bars:
        steps.append(_bars(strategy, ctx, state, bars, slices))
    if timer_ids:
        steps.append(_clocks(strategy, ctx, slices, sim, timer_ids))
    if wants.slices:
        steps.append(_panels(strategy, ctx, state, bars, slices, sim))
    if hooks_of(strategy) == {"on_bar"} and not timer_ids and not is_guarded:
        return _bars_only(strategy, ctx, state, bars, sim, failure)

    def tick() -> None:
        try:
            base = sim[_SLICE] * _SLICE_WORDS
            for step in steps:
                step(base)
        except BaseException as error:  # nothing may cross compiled code
            failure.append(error)
            sim[_STOP] = 1

    return tick


def _bar_kind(ctx: Context, state: State, bars: Bars) -> type[Bar]:
    """The kind of `Bar` that hooks are given."""
    kind = bar_class(state, bars.symbols, is_dated=bars.is_dated)
    return kind if ctx.witness is None else ctx.witness.watched_bar(kind)


def _bars_only(
    strategy: Strategy,
    ctx: Context,
    state: State,
    bars: Bars,
    sim: memoryview[int],
    failure: list[BaseException],
) -> Callable[[], None]:
    """The same for a strategy with ``on_bar`` alone, at the least cost per bar."""
    kind = _bar_kind(ctx, state, bars)
    new = kind.__new__
    call = strategy.on_bar

    def tick_one() -> None:
        try:
            bar = new(kind)
            bar._row = sim[_ROW_LO]
            call(bar, ctx)
        except BaseException as error:  # nothing may cross compiled code
            failure.append(error)
            sim[_STOP] = 1

    if len(bars.symbols) == 1:
        return tick_one

    def tick() -> None:
        try:
            low, high = sim[_ROW_LO], sim[_ROW_HI]
            while low < high:
                bar = new(kind)
                bar._row = low
                low += 1
                call(bar, ctx)
        except BaseException as error:  # nothing may cross compiled code
            failure.append(error)
            sim[_STOP] = 1

    return tick


def _bars(
    strategy: Strategy, ctx: Context, state: State, bars: Bars, slices: memoryview[int]
) -> Callable[[int], None]:
    kind = _bar_kind(ctx, state, bars)
    hook = _hook(strategy, "on_bar")
    assert hook is not None
    call = hook

    def step(base: int) -> None:
        low = slices[base + _CLOSE_LO]
        high = slices[base + _CLOSE_HI]
        if high - low == 1:
            call(kind(low), ctx)
        else:
            for row in range(low, high):
                call(kind(row), ctx)

    return step


def _panels(
    strategy: Strategy,
    ctx: Context,
    state: State,
    bars: Bars,
    slices: memoryview[int],
    sim: memoryview[int],
) -> Callable[[int], None]:
    columns = bars.columns if ctx.witness is None else ctx.witness.watched_bars(bars).columns
    starts = bars.offsets[:-1]
    instruments = state["instruments"]
    symbols = bars.symbols
    hook = strategy.on_slice

    def step(base: int) -> None:
        if slices[base + _CLOSE_HI] > slices[base + _CLOSE_LO]:
            hook(Slice(sim[_NOW], symbols, instruments, columns, starts, sim), ctx)

    return step


def _clocks(
    strategy: Strategy,
    ctx: Context,
    slices: memoryview[int],
    sim: memoryview[int],
    timer_ids: list[int],
) -> Callable[[int], None]:
    hook = _hook(strategy, "on_clock")
    tags = [tag for _, tag in ctx.timers]

    def step(base: int) -> None:
        for k in range(slices[base + _TIMER_LO], slices[base + _TIMER_HI]):
            if hook is not None:
                clock = Clock(ts=sim[_NOW], tag=tags[timer_ids[k]], session=ctx.session)
                hook(clock, ctx)

    return step


def _sessions(
    strategy: Strategy,
    ctx: Context,
    bars: Bars,
    slices: memoryview[int],
    sim: memoryview[int],
    wants: Wants,
) -> Callable[[int], None]:
    days = bars.calendar.days
    session_next = word_of("slices", "session_next")

    def step(base: int) -> None:
        flags = slices[base + _FLAGS]
        if wants.closes and flags & SLICE_FLAG.SESSION_CLOSE:
            day = int(days[sim[_SESSION]])
            strategy.on_session_close(_EPOCH + timedelta(days=day), ctx)
        if wants.opens and flags & SLICE_FLAG.SESSION_OPEN:
            day = int(days[slices[base + session_next]])
            strategy.on_session_open(_EPOCH + timedelta(days=day), ctx)

    return step


def _notices(
    strategy: Strategy,
    ctx: Context,
    state: State,
    symbols: tuple[str, ...],
    sim: memoryview[int],
) -> Callable[[int], None]:
    on_fill = _hook(strategy, "on_fill")
    on_order = _hook(strategy, "on_order")

    told_fills: list[int] = []
    delays = ctx.delays if ctx.delays.reports else None

    def step(base: int) -> None:
        if not told_fills:
            told_fills.append(_fills_before(state, sim[_TOLD]))
        for r in range(sim[_TOLD], sim[_REPORTS]):
            if delays is not None and state["reports"][r]["ts"] + delays.report(r) > sim[_NOW]:
                # still under way, and what comes after it waits behind it
                return
            # told before the hook runs: a hook that raises has been told
            sim[_TOLD] = r + 1
            report = state["reports"][r]
            kind = int(report["kind"])
            if kind == REPORT_KIND.FILL:
                told_fills[0] += report["is_merge"] == 0
                if on_fill is not None:
                    fill_id = int(told_fills[0])
                    on_fill(fill_event(state, r, fill_id, symbols, ctx.desk.tags), ctx)
            elif kind in _UPDATES and on_order is not None:
                on_order(order_event(report, symbols, ctx.desk.tags), ctx)

    return step


def fill_event(
    state: State, r: int, fill_id: int, symbols: tuple[str, ...], tags: list[str | None]
) -> Fill:
    """A fill report as the event a strategy is told."""
    report = state["reports"][r]
    o = int(report["order"])
    ins = state["instruments"][int(report["instrument"])]
    units = int(report["units"])
    return Fill(
        fill_id=fill_id,
        order_id=o + 1,
        symbol=symbols[int(report["instrument"])],
        side="BUY" if units > 0 else "SELL",
        qty=float(abs(units) * ins["unit_num"] / ins["unit_den"]),
        price=float(report["price"]),
        price_raw=float(report["price_raw"]),
        commission=float(report["commission"]),
        fees=float(report["fees"]),
        slippage=float(report["slippage"]),
        ts=int(report["ts"]),
        reason=_FILL_WORDS[int(report["fill_reason"])],
        tag=tags[o],
    )


def _fills_before(state: State, r: int) -> int:
    """Rows of fills.csv that the first ``r`` reports made."""
    reports = state["reports"][:r]
    is_new = (reports["kind"] == REPORT_KIND.FILL) & (reports["is_merge"] == 0)
    return int(np.count_nonzero(is_new))


def order_event(report: Any, symbols: tuple[str, ...], tags: list[str | None]) -> OrderUpdate:
    """A report about an order's state as the event a strategy is told."""
    o = int(report["order"])
    return OrderUpdate(
        order_id=o + 1,
        symbol=symbols[int(report["instrument"])],
        status=_UPDATES[int(report["kind"])],
        reason=_REASON_WORDS[int(report["reason"])] if report["reason"] else "",
        ts=int(report["ts"]),
        tag=tags[o],
        **refusal_figures(report),
    )
