"""When an order lives, by the clock: which bars it takes part in, to which session it belongs.

Follows `How long an order lives` and `When things happen` of `docs/concepts/fills.md`. Where the
written rule leaves room, the reading taken stands in a comment that starts `Reading:`.
"""

from __future__ import annotations

from .scenarios import MINUTE, SECOND
from .world import ON_CLOSE, ON_OPEN, Bar, Order, State

SLACK = SECOND
CUTOFF = 10 * MINUTE


def takes_part(order: Order, bar: Bar) -> bool:
    """Whether it arrived by the bar's open, or within the slack after it, or joined its path.

    A child that a path can do nothing to waits for the next bar as any order made inside this one.
    """
    # Reading: what still takes the open by the slack takes part in the whole bar.
    in_time = order.made_at <= bar.t_open and order.arrival <= bar.t_open + SLACK
    return in_time or (order.joined is bar and order.acts_on_path)


def is_under_way(state: State, child: Order, bar: Bar) -> bool:
    """Whether a child of an opening print joins this bar, which began here or just before."""
    if not bar.has_path or not bar.t_open <= state.now < bar.t_close:
        return False
    return bar.t_open == state.now or child.arrival <= bar.t_open + SLACK


def is_first_of_session(bar: Bar) -> bool:
    """Whether no earlier bar with trading of its instrument lies in its session."""
    earlier = bar.earlier
    while earlier is not None and earlier.session == bar.session:
        if earlier.has_path:
            return False
        earlier = earlier.earlier
    return bar.has_path


def is_last_of_session(state: State, bar: Bar) -> bool:
    """Whether no later bar with trading of its instrument lies in its session."""
    return bar.has_path and not any(
        later.t_open > bar.t_open and later.session == bar.session and later.has_path
        for later in state.bars[bar.symbol]
    )


def session_of(state: State, order: Order, only: str | None = None) -> int | None:
    """The session of the first print of any instrument, or of one, at which the order's type could
    fill."""
    if order.type in ON_CLOSE:
        return _session_of_close(state, order)
    if order.joined is not None and order.acts_on_path:
        # Reading: a child that is live inside a bar could fill on its path, and counts from there.
        return order.joined.session
    bars = [
        bar
        for symbol, rows in state.bars.items()
        for bar in rows
        if only in (None, symbol)
        # Reading: a bar without trading has no print, of this or of any other instrument.
        if bar.has_print and _can_reach(state, order, bar)
    ]
    at_close = order.type == "market" and state.timing != "next_open"
    if at_close and not state.closes_only:
        # Reading: one with only an opening print has none at which such an order could fill.
        bars = [bar for bar in bars if bar.has_path]
    at_close = at_close or state.closes_only
    first = min(bars, key=lambda b: b.t_close if at_close else b.t_open, default=None)
    return None if first is None else first.session


def first_session(state: State, order: Order) -> int | None:
    """The session of the first print that the order can meet: a DAY order only has its own."""
    if order.tif == "DAY" or order.type in ON_CLOSE:
        return order.session
    return session_of(state, order, order.symbol)


def _session_of_close(state: State, order: Order) -> int | None:
    """The first session for whose closing print an on-close order is in time."""
    cutoff = state.scenario.execution.get("close_cutoff_ns", CUTOFF)
    for label, close in sorted(state.scenario.session_closes.items()):
        if order.arrival <= close - cutoff and order.arrival < close:
            return label
    return None


def _can_reach(state: State, order: Order, bar: Bar) -> bool:
    """Whether the order could meet this bar's print, later than at this moment."""
    if state.timing == "same_close" and order.type == "market":
        return bar.t_close > order.made_at
    if order.type in ON_OPEN and not is_first_of_session(bar):
        return False
    if order.came_with_open and bar.t_open == order.made_at:
        # It arrived with this opening print, and takes part from the path on: if not in a bar of
        # its own, its session is that of the bar in which it came alive.
        return order.acts_on_path or (order.type == "market" and state.timing == "next_close")
    return takes_part(order, bar)


def last_moment(state: State, day: int) -> int:
    """The close of a session, or of the last one before that date."""
    return max(ns for label, ns in state.scenario.session_closes.items() if label <= day)
