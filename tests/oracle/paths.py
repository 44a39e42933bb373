"""The path inside a bar: its segments, the levels they reach, the orders that fill on them.

Follows the section of that name in `docs/concepts/fills.md`. Where the written rule leaves room,
the reading taken stands in a comment that starts `Reading:`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from decimal import Decimal

from .failing import Line, close_at, close_out, line_ahead
from .groups import end
from .levels import is_marketable, is_passed, move_water, stop_level, trigger, trigger_side
from .lives import takes_part
from .money import CLOSE_CALL, FLOAT_NOISE, end_useless, fill_closing, fill_opening, fillable
from .world import STOP_LIMITS, ZERO, Bar, Offer, Order, State

EQUAL_PATHS = Decimal("1e-9")
WHOLE_TICK = 1 - Decimal("1e-6")


def walk(state: State, bars: Mapping[str, Bar]) -> None:
    """The paths of all bars that end now, in lockstep."""
    points = {s: _points(bar, _path(state, bar)) for s, bar in bars.items()}
    for segment in range(3):
        _walk_segment(state, bars, points, segment)
    if state.scenario.execution.get("trailing") == "close":
        for bar in bars.values():
            for order in _taking_part(state, bar):
                move_water(order, bar.close)


def close_at_prints(state: State, bars: Mapping[str, Bar]) -> None:
    """The lines of the account in data that shows closes alone, before any order meets them."""
    # Reading: a close beyond a line is what an open beyond it is where there are opens.
    ends = {symbol: bar.close for symbol, bar in bars.items()}
    ways = {s: (state.mark.get(s, end), end) for s, end in ends.items()}
    state.rows = {}
    state.mark.update(ends)
    for symbol, bar in bars.items():
        line = line_ahead(state, symbol, bar.close, bar.close)
        if line is not None:
            if _has_moved(state, ways, -1):
                state.note("open: a line in a bar on whose way a rate has moved")
            close_at(state, bar, line)
    close_out(state, bars, ends)


# ----------------------------------------------------------------------------------- which path


def _points(bar: Bar, path: str) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    if path == "ohlc":
        return bar.open, bar.high, bar.low, bar.close
    return bar.open, bar.low, bar.high, bar.close


def _path(state: State, bar: Bar) -> str:
    """`ohlc` or `olhc` for this bar, by the assumption in force."""
    path = state.scenario.execution["path"]
    if path in ("ohlc", "olhc"):
        return path
    if path == "nearest_extreme":
        return "ohlc" if bar.high - bar.open < bar.open - bar.low else "olhc"
    orders = _acting(state, bar)
    if any(order.is_trailing for order in orders):
        return _adverse(state, bar)
    held = (order for order in state.orders if order.symbol == bar.symbol and order.held)
    orders += [order for order in held if order.working and order.acts_on_path]
    levels = [*_levels(orders), *_lines(state, bar)]
    if sum(bar.low <= level <= bar.high for level in levels) < 2:
        return "olhc"
    return _adverse(state, bar)


def _levels(orders: Sequence[Order]) -> list[Decimal]:
    """Limit prices and untriggered stop prices."""
    levels: list[Decimal] = []
    for order in orders:
        if order.limit is not None:
            levels.append(order.limit)
        if order.stop is not None and not order.triggered:
            levels.append(order.stop)
    return levels


def _lines(state: State, bar: Bar) -> list[Decimal]:
    """Where this instrument alone brings the account to a line as the path begins."""
    # Reading: the line that comes first on either side counts as the level of an order.
    found = (line_ahead(state, bar.symbol, bar.open, end) for end in (bar.low, bar.high))
    return [line.raw for line in found if line is not None]


def _taking_part(state: State, bar: Bar) -> list[Order]:
    return [order for order in state.working(bar.symbol) if takes_part(order, bar)]


def _acting(state: State, bar: Bar) -> list[Order]:
    """Orders that could fill on the path of the bar."""
    # Reading: what fills at prints only (auctions, fill or kill, legs of a group) has no level.
    return [order for order in _taking_part(state, bar) if order.acts_on_path]


def _adverse(state: State, bar: Bar) -> str:
    """Both orders of the extremes on a copy; the worse equity at the close counts."""
    end_low, least_low = _trial(state, bar, "olhc")
    end_high, least_high = _trial(state, bar, "ohlc")
    for low_first, high_first in ((end_low, end_high), (least_low, least_high)):
        if not _equal_paths(state, bar, low_first, high_first):
            return "olhc" if low_first < high_first else "ohlc"
    return "olhc"


def _equal_paths(state: State, bar: Bar, a: Decimal, b: Decimal) -> bool:
    scale = max(abs(a), abs(b))
    apart = abs(a - b)
    noise = FLOAT_NOISE * max(state.peak, scale)
    if scale * CLOSE_CALL / 10 < apart < scale * CLOSE_CALL * 10 or noise > scale * EQUAL_PATHS:
        state.note(f"adverse tie of {bar.symbol}")
    return apart <= scale * EQUAL_PATHS


def _trial(state: State, bar: Bar, path: str) -> tuple[Decimal, Decimal]:
    """Equity at the close and its minimum over the three points, on a copy of one instrument."""
    twin = copy.copy(state)
    twin.position, twin.mark = dict(state.position), dict(state.mark)
    twin.balances = dict(state.balances)
    twin.used, twin.moves = dict(state.used), dict(state.moves)
    twin.orders = [copy.copy(o) for o in state.orders if o.symbol == bar.symbol]
    twin.fills, twin.rows = [], {}
    twin.reference, twin.average = dict(state.reference), dict(state.average)
    twin.postings, twin.calls, twin.closing_out = [], [], {}
    twin.capped_at = set()
    points = _points(bar, path)
    equities: list[Decimal] = []
    for segment in range(3):
        _walk_segment(twin, {bar.symbol: bar}, {bar.symbol: points}, segment)
        twin.mark[bar.symbol] = points[segment + 1]
        equities.append(twin.equity())
    return equities[-1], min(equities)


# ---------------------------------------------------------------------------------- one segment


def _walk_segment(
    state: State,
    bars: Mapping[str, Bar],
    points: Mapping[str, Sequence[Decimal]],
    segment: int,
) -> None:
    """One segment of all instruments: mark, then what only closes, then the rest."""
    for symbol in bars:
        state.mark[symbol] = points[symbol][segment]
    state.rows, state.arrivals = {}, []
    queues = {s: _queue(state, bar, points[s], segment) for s, bar in bars.items()}
    ends = {s: points[s][segment + 1] for s in bars}
    done = dict.fromkeys(bars, ZERO)
    had_orders = {symbol for symbol, queue in queues.items() if queue}

    def line_before(symbol: str, queue: Sequence[Offer]) -> Line | None:
        """The line of the account, if the path meets it before what comes next."""
        line = line_ahead(state, symbol, points[symbol][segment], ends[symbol], done[symbol])
        # Reading: of an order and a line at one price the line comes first.
        is_next = line is not None and (not queue or line.distance <= queue[0].distance)
        return line if is_next else None

    for symbol, queue in queues.items():
        # With `fifo` each has its turn below.
        while queue and state.batch != "fifo" and line_before(symbol, queue) is None:
            offer = queue[0]
            done[symbol] = max(done[symbol], offer.distance)
            fill_closing(state, offer)
            end_useless(state, offer.order)
            _join(state, bars[symbol], queue, ends[symbol])
            # A reduce-only child with nothing to close does nothing, and holds nobody up.
            if fillable(state, offer) > 0 and not offer.order.reduce_only:
                break
            queue.pop(0)

    def fill_the_rest(symbol: str, queue: list[Offer]) -> None:
        while queue and line_before(symbol, queue) is None:
            offer = queue.pop(0)
            done[symbol] = max(done[symbol], offer.distance)
            fill_closing(state, offer)
            fill_opening(state, offer)
            _join(state, bars[symbol], queue, ends[symbol])

    for symbol, queue in queues.items():
        fill_the_rest(symbol, queue)
    # Reading: lines come after what the other instruments' orders do on the segment, and each that
    # closes something makes the others' be sought anew.
    is_sought = True
    while is_sought:
        is_sought = False
        for symbol, queue in queues.items():
            line = line_before(symbol, queue)
            if line is not None:
                is_sought = True
                done[symbol] = line.distance
                _note_open_questions(state, symbol, queues, had_orders, line)
                if _has_moved(state, points, segment):
                    # See `test_account_differences.py`.
                    state.note("open: a line in a bar on whose way a rate has moved")
                close_at(state, bars[symbol], line)
            fill_the_rest(symbol, queue)
    close_out(state, bars, ends)
    if state.scenario.execution.get("trailing", "path") == "path":
        for symbol, bar in bars.items():
            for order in _taking_part(state, bar):
                move_water(order, ends[symbol])


def _has_moved(state: State, points: Mapping[str, Sequence[Decimal]], segment: int) -> bool:
    """Whether a rate is not what it was when the path began."""
    rates = (points.get(rate.symbol) for rate in state.scenario.currencies.values())
    return any(way[segment] != way[0] for way in rates if way is not None)


def _note_open_questions(
    state: State, symbol: str, queues: Mapping[str, list[Offer]], had_orders: set[str], line: Line
) -> None:
    """Where it is open who comes first, see `test_account_differences.py`."""
    if had_orders - {symbol}:
        state.note("open: a line beside orders of another instrument on the segment")
    others = [s for s, n in state.position.items() if n and s != symbol]
    limits = [f for f in state.rows.values() if f.symbol == symbol and f.reason == "limit_open"]
    if limits and not state.scenario.execution["gap_improvement"]:
        state.note("open: a line after a fill at another price than the path's")
    if queues[symbol] and others and line.tag == "bankrupt":
        state.note("open: orders beyond a line, and positions of other instruments")


def _join(state: State, bar: Bar, queue: list[Offer], end_point: Decimal) -> None:
    """Children that the last fill made live walk the rest of the segment."""
    for arrival in state.arrivals:
        order = arrival.order
        if order.live and order.acts_on_path:
            order.had_print = True
            joins = _on_the_way if arrival.is_back else _on_arrival
            offer = joins(state, order, bar, arrival.point, end_point)
            if offer is not None:
                queue.append(_farther(offer, arrival.distance))
    state.arrivals = []
    queue.sort(key=_place)


def _place(offer: Offer) -> tuple[Decimal, int]:
    return offer.distance, offer.order.number


def _farther(offer: Offer, distance: Decimal) -> Offer:
    """An offer found from a point of the segment, measured from the segment's start."""
    return Offer(
        offer.order, offer.bar, offer.raw, offer.reason, offer.taker, offer.ts, offer.where,
        offer.distance + distance, offer.point,
    )  # fmt: skip


def _queue(state: State, bar: Bar, points: Sequence[Decimal], segment: int) -> list[Offer]:
    """The offers of one instrument on one segment, by distance, then by sequence."""
    start, end_point = points[segment], points[segment + 1]
    offers: list[Offer] = []
    for order in _acting(state, bar):
        # Reading: what could fill on a path has had a print of its instrument.
        order.had_print = True
        came_now = order.came_with_open and order.joined is bar
        offer: Offer | None
        if segment == 0 and came_now:
            offer = _on_arrival(state, order, bar, start, end_point)
        elif segment == 0 and _was_left_by_the_open(order, bar):
            # Reading: without gap improvement this too is at the limit, as at the print itself.
            raw = raw_at_open(state, order, bar, bar.open)
            offer = _inside(order, bar, raw, "limit_open", ZERO, bar.open)
        else:
            offer = _on_the_way(state, order, bar, start, end_point)
        if offer is not None:
            offers.append(offer)
    return sorted(offers, key=_place)


def _was_left_by_the_open(order: Order, bar: Bar) -> bool:
    """Whether it was marketable at the opening print, and is at the price it has now.

    A new price that came within the slack, after the print, rests as what the print left does.
    """
    # Reading: a trigger that the open has passed by then waits for the next print.
    is_late = order.is_repriced and bar.t_open < order.arrival
    took_part = order.open_met is bar or is_late
    return took_part and order.is_limit and is_marketable(order, bar.open)


def raw_at_open(state: State, order: Order, bar: Bar, price: Decimal) -> Decimal:
    """The open for a marketable limit; without gap improvement its limit, inside the bar."""
    # Reading: every limit that an opening print meets is resting, also at its first print.
    if state.scenario.execution["gap_improvement"] or order.limit is None:
        return price
    return min(order.limit, bar.high) if order.side > 0 else max(order.limit, bar.low)


def _inside(
    order: Order, bar: Bar, raw: Decimal, reason: str, distance: Decimal, point: Decimal
) -> Offer:
    taker = reason not in ("limit", "limit_open")
    return Offer(order, bar, raw, reason, taker, bar.t_close, "inside", distance, point)


def _on_the_way(
    state: State, order: Order, bar: Bar, start: Decimal, end_point: Decimal
) -> Offer | None:
    """What an order does on a stretch of the path at whose start it was already there."""
    if order.is_limit:
        return _limit_on_stretch(state, order, bar, start, end_point)
    level = stop_level(state, order)
    if not order.waits_for_stop or level is None or order.is_dormant:
        return None
    is_ahead = trigger_side(order) * (level - start) > 0
    if not is_ahead or not is_passed(order, level, end_point):
        return None
    trigger(state, order)
    return _triggered(state, order, bar, level, end_point, abs(level - start))


def _on_arrival(
    state: State, order: Order, bar: Bar, start: Decimal, end_point: Decimal
) -> Offer | None:
    """What a child does that arrives where the path is; that point is its first print."""
    order.met_print = True
    if order.is_limit and is_marketable(order, start):
        if order.post_only:
            end(state, order, "post_only")
            return None
        offer = _inside(order, bar, start, "limit", ZERO, start)
        return Offer(
            order, bar, offer.raw, offer.reason, True, offer.ts, offer.where, ZERO, start
        )  # fmt: skip
    level = stop_level(state, order)
    if order.waits_for_stop and level is not None and is_passed(order, level, start):
        trigger(state, order)
        return _triggered(state, order, bar, start, end_point, ZERO)
    return _on_the_way(state, order, bar, start, end_point)


def _triggered(
    state: State, order: Order, bar: Bar, price: Decimal, end_point: Decimal, distance: Decimal
) -> Offer | None:
    """An order that has just triggered at a price of the path."""
    if order.type not in STOP_LIMITS:
        reason = "touched" if order.is_touched else "stop"
        return _inside(order, bar, price, reason, distance, price)
    if is_marketable(order, price):
        reason = "limit_if_touched" if order.is_touched else "stop_limit"
        return _inside(order, bar, price, reason, distance, price)
    offer = _limit_on_stretch(state, order, bar, price, end_point)
    return None if offer is None else _farther(offer, distance)


def _limit_on_stretch(
    state: State, order: Order, bar: Bar, start: Decimal, end_point: Decimal
) -> Offer | None:
    """A limit that the path comes to from its far side."""
    limit = order.limit
    if limit is None or order.side * (start - limit) <= 0:
        return None
    beyond = order.side * (limit - end_point)
    if state.scenario.execution["limit"] == "touch":
        reached = beyond >= 0
    else:
        tick = state.specs[bar.symbol].tick
        reached = beyond > 0 if tick is None else beyond >= Decimal(tick) * WHOLE_TICK
    if not reached:
        return None
    return _inside(order, bar, limit, "limit", abs(limit - start), limit)
