"""What a scenario must give: the written rule of fills and accounts, computed the slow way.

`simulate(scenario)` follows `docs/concepts/fills.md` section by section in exact decimals (prices
are the decimals of their floats, quantities are whole counts times the increment). It shares no
code with the simulator and knows no arrays and no shortcuts: one market event after the other, one
order after the other. Time, prints and paths are here, money is in `money.py`, nouns in `world.py`.

Where the written rule leaves room, the reading taken stands in a comment that starts `Reading:`.
Decisions that hang on amounts of money closer than one part in 10⁹, and the few on which the rule
is silent (prefix `rule:`), are listed in `Outcome.ambiguous`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext

from .money import (
    CLOSE_CALL,
    FLOAT_NOISE,
    check_submission,
    end,
    fill_closing,
    fill_opening,
    fill_scaled,
    fillable,
    size,
    whole,
)
from .scenarios import Action, InstrumentSpec, Scenario
from .world import (
    ZERO,
    Bar,
    EquityRow,
    FillRow,
    Offer,
    Order,
    OrderRow,
    Outcome,
    Print,
    State,
)

__all__ = ["EquityRow", "FillRow", "OrderRow", "Outcome", "simulate"]

DIGITS = 60
EQUAL_PATHS = Decimal("1e-9")
WHOLE_TICK = 1 - Decimal("1e-6")


def simulate(scenario: Scenario) -> Outcome:
    """The fills, orders and equity rows that the written rule gives for a scenario."""
    with localcontext() as context:
        context.prec = DIGITS
        return _simulate(scenario)


def _simulate(scenario: Scenario) -> Outcome:
    specs = {spec.symbol: spec for spec in sorted(scenario.instruments, key=lambda s: s.symbol)}
    state = State(
        scenario=scenario,
        specs=specs,
        bars={symbol: _bars(spec) for symbol, spec in specs.items()},
        cash=Decimal(scenario.cash),
        position=dict.fromkeys(specs, 0),
        peak=abs(Decimal(scenario.cash)),
    )
    ending: dict[int, dict[str, Bar]] = {}
    beginning: dict[int, dict[str, Bar]] = {}
    for symbol, bars in state.bars.items():
        for bar in bars:
            ending.setdefault(bar.t_close, {})[symbol] = bar
            beginning.setdefault(bar.t_open, {})[symbol] = bar
    for now in sorted(ending.keys() | beginning.keys()):
        state.now = now
        _step(state, ending.get(now, {}), beginning.get(now, {}))
    orders = [_order_row(order) for order in state.orders]
    return Outcome(state.fills, orders, state.equity_rows, state.notes)


def _bars(spec: InstrumentSpec) -> list[Bar]:
    bars: list[Bar] = []
    for row in spec.bars:
        volume = None if row.volume is None else Decimal(row.volume)
        bar = Bar(
            symbol=spec.symbol,
            t_open=row.t_open,
            t_close=row.t_close,
            session=row.session,
            open=Decimal(row.open),
            high=Decimal(row.high),
            low=Decimal(row.low),
            close=Decimal(row.close),
            volume=volume,
            earlier=bars[-1] if bars else None,
        )
        bars.append(bar)
    return bars


def _order_row(order: Order) -> OrderRow:
    units = None if order.units is None else order.side * order.units
    return OrderRow(
        order.number,
        order.status,
        order.side * order.filled,
        units,
        order.reason,
        order.needed,
        order.available,
    )


# ------------------------------------------------------------------------------- When things happen


def _step(state: State, ending: Mapping[str, Bar], beginning: Mapping[str, Bar]) -> None:
    """All phases of one timestamp."""
    if ending:
        _market(state, ending)
    _session_close(state)
    if ending:
        _decide(state)
        if state.timing == "same_close":
            _same_close(state, ending)
        state.equity_rows.append(EquityRow(state.now, state.cash, state.equity()))
    if beginning and not state.closes_only:
        _open(state, beginning)


def _market(state: State, ending: Mapping[str, Bar]) -> None:
    """Phase 1: the paths in lockstep, then the closing print; phase 5 marks the same closes."""
    traded = {s: ending[s] for s in sorted(ending) if ending[s].has_trading}
    for symbol, bar in traded.items():
        state.cap[symbol] = _cap_inside(state, bar)
    if not state.closes_only:
        points = {s: _points(bar, _path(state, bar)) for s, bar in traded.items()}
        for segment in range(3):
            _walk_segment(state, traded, points, segment)
    # Reading: a bar without trading does not walk; it is marked with the closing prints.
    for symbol, bar in ending.items():
        state.mark[symbol] = bar.close
    prints = {s: Print("close", bar, bar.close, bar.t_close) for s, bar in traded.items()}
    _fill_together(state, prints)


def _session_close(state: State, *, after_same_close: bool = False) -> None:
    """Phase 2 (for what waits for phase 8: after it): DAY orders of a session that closes."""
    closing = {s for s, ns in state.scenario.session_closes.items() if ns == state.now}
    for order in state.orders:
        waits = state.timing == "same_close" and order.type == "market"
        if waits != after_same_close:
            continue
        if (
            order.working
            and order.tif == "DAY"
            and order.session in closing
            and (order.made_at < state.now)
        ):
            order.status = "EXPIRED"
            order.reason = "day_end" if order.had_print else "no_print"


def _same_close(state: State, ending: Mapping[str, Bar]) -> None:
    """Phase 8: market orders decided now meet the close they were decided at."""
    prints = {
        s: Print("same", ending[s], ending[s].close, state.now)
        for s in sorted(ending)
        if ending[s].has_trading
    }
    _fill_together(state, prints)
    _session_close(state, after_same_close=True)


def _open(state: State, beginning: Mapping[str, Bar]) -> None:
    """Phase 12: the opening prints of all bars that begin now, together."""
    prints: dict[str, Print] = {}
    for symbol in sorted(beginning):
        bar = beginning[symbol]
        state.filled_at_open[symbol] = 0
        if bar.has_trading:
            prints[symbol] = Print("open", bar, bar.open, bar.t_open)
            state.mark[symbol] = bar.open
            state.cap[symbol] = _cap_open(state, bar)
    _fill_together(state, prints)


# -------------------------------------------------------------------- Which print fills which order


def _offer_at(state: State, order: Order, at: Print) -> Offer | None:
    """What an order does at a print: its offer, or None where it does not fill there."""
    as_open = at.kind == "open" or (at.kind == "close" and state.closes_only)
    if at.kind == "same":
        if order.type != "market":
            return None
    elif order.made_at > at.bar.t_open:
        return None
    if order.type == "market":
        reason = _market_reason(state, at)
        if not reason:
            return None
        order.had_print = True
        return _offer(order, at, at.price, reason, taker=True)
    if not as_open:
        return None
    order.had_print = True
    return _resting_offer(state, order, at)


def _market_reason(state: State, at: Print) -> str:
    """The reason with which a market order fills at this print, empty if it does not."""
    if at.kind == "same":
        return "same_close"
    if at.kind == "open":
        return "market_open" if state.timing == "next_open" else ""
    waits = state.timing == "next_close" or (state.closes_only and state.timing == "next_open")
    return "market_close" if waits else ""


def _resting_offer(state: State, order: Order, at: Print) -> Offer | None:
    """A limit, stop or stop-limit at a print that counts as an open."""
    first, order.met_print = not order.met_print, True
    if order.waits_for_stop:
        if order.stop is None or order.side * (at.price - order.stop) < 0:
            return None
        _trigger(order)
        if order.type == "stop":
            return _offer(order, at, at.price, f"stop_{at.kind}", taker=True)
        if _is_marketable(order, at.price):
            return _offer(order, at, at.price, "stop_limit", taker=True)
        return None
    if order.type == "stop":
        # Reading: what a triggered stop could not fill is a market order, at opening prints.
        return _offer(order, at, at.price, f"market_{at.kind}", taker=True)
    if not _is_marketable(order, at.price):
        return None
    raw = _raw_at_open(state, order, at.bar, at.price)
    is_taker = first and order.type == "limit"
    return _offer(order, at, raw, f"limit_{at.kind}", taker=is_taker)


def _offer(order: Order, at: Print, raw: Decimal, reason: str, *, taker: bool) -> Offer:
    where = "open" if at.kind == "open" else "inside"
    return Offer(order, at.bar, raw, reason, taker, at.ts, where)


def _trigger(order: Order) -> None:
    order.triggered = True
    if order.status == "NEW":
        order.status = "TRIGGERED"


def _is_marketable(order: Order, price: Decimal) -> bool:
    return order.limit is not None and order.side * (price - order.limit) <= 0


def _raw_at_open(state: State, order: Order, bar: Bar, price: Decimal) -> Decimal:
    """The open for a marketable limit; without gap improvement its limit, inside the bar."""
    # Reading: every limit that an opening print meets is resting, also at its first print.
    if state.scenario.execution["gap_improvement"] or order.limit is None:
        return price
    return min(order.limit, bar.high) if order.side > 0 else max(order.limit, bar.low)


# ---------------------------------------------------------------------------- The path inside a bar


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
    if sum(bar.low <= level <= bar.high for level in _levels(state, bar)) < 2:
        return "olhc"
    return _adverse(state, bar)


def _levels(state: State, bar: Bar) -> list[Decimal]:
    """Limit prices and untriggered stop prices of the orders that take part in the bar."""
    levels: list[Decimal] = []
    for order in _taking_part(state, bar):
        if order.limit is not None:
            levels.append(order.limit)
        if order.stop is not None and not order.triggered:
            levels.append(order.stop)
    return levels


def _taking_part(state: State, bar: Bar) -> list[Order]:
    return [o for o in state.working(bar.symbol) if o.made_at <= bar.t_open]


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
    twin.position, twin.mark, twin.cap = dict(state.position), dict(state.mark), dict(state.cap)
    twin.orders = [copy.copy(o) for o in state.orders if o.symbol == bar.symbol]
    twin.fills, twin.rows = [], {}
    points = _points(bar, path)
    equities: list[Decimal] = []
    for segment in range(3):
        _walk_segment(twin, {bar.symbol: bar}, {bar.symbol: points}, segment)
        twin.mark[bar.symbol] = points[segment + 1]
        equities.append(twin.equity())
    return equities[-1], min(equities)


def _walk_segment(
    state: State,
    bars: Mapping[str, Bar],
    points: Mapping[str, Sequence[Decimal]],
    segment: int,
) -> None:
    """One segment of all instruments: mark, then what only closes, then the rest."""
    for symbol in bars:
        state.mark[symbol] = points[symbol][segment]
    state.rows = {}
    queues = {s: _queue(state, bar, points[s], segment) for s, bar in bars.items()}
    for queue in queues.values():
        while queue:
            fill_closing(state, queue[0])
            if fillable(state, queue[0].order) > 0:
                break
            queue.pop(0)
    for queue in queues.values():
        for offer in queue:
            fill_closing(state, offer)
            fill_opening(state, offer)


def _queue(state: State, bar: Bar, points: Sequence[Decimal], segment: int) -> list[Offer]:
    """The offers of one instrument on one segment, by distance, then by sequence."""
    start, end = points[segment], points[segment + 1]
    offers: list[Offer] = []
    for order in _taking_part(state, bar):
        offer: Offer | None = None
        if segment == 0 and order.is_limit and _is_marketable(order, bar.open):
            # Reading: without gap improvement this too is at the limit, as at the print itself.
            raw = _raw_at_open(state, order, bar, bar.open)
            offer = _inside(order, bar, raw, "limit_open", ZERO)
        elif order.is_limit:
            offer = _limit_on_segment(state, order, bar, start, end)
        elif order.waits_for_stop:
            offer = _stop_on_segment(order, bar, start, end)
        if offer is not None:
            offers.append(offer)
    return sorted(offers, key=lambda o: (o.distance, o.order.number))


def _inside(order: Order, bar: Bar, raw: Decimal, reason: str, distance: Decimal) -> Offer:
    taker = reason in ("stop", "stop_limit")
    return Offer(order, bar, raw, reason, taker, bar.t_close, "inside", distance)


def _limit_on_segment(
    state: State, order: Order, bar: Bar, start: Decimal, end: Decimal
) -> Offer | None:
    """A limit that the segment comes to from its far side."""
    limit = order.limit
    if limit is None or order.side * (start - limit) <= 0:
        return None
    beyond = order.side * (limit - end)
    if state.scenario.execution["limit"] == "touch":
        reached = beyond >= 0
    else:
        tick = state.specs[bar.symbol].tick
        reached = beyond > 0 if tick is None else beyond >= Decimal(tick) * WHOLE_TICK
    return _inside(order, bar, limit, "limit", abs(limit - start)) if reached else None


def _stop_on_segment(order: Order, bar: Bar, start: Decimal, end: Decimal) -> Offer | None:
    """A stop that the segment comes to; a stop-limit fills there only if marketable."""
    stop = order.stop
    if stop is None or order.side * (stop - start) <= 0 or order.side * (end - stop) < 0:
        return None
    _trigger(order)
    distance = abs(stop - start)
    if order.type == "stop":
        return _inside(order, bar, stop, "stop", distance)
    if _is_marketable(order, stop):
        return _inside(order, bar, stop, "stop_limit", distance)
    return None


# ----------------------------------------------------------------------------------- How much fills


def _cap_open(state: State, bar: Bar) -> int | None:
    """Increments the open may fill; None without a cap."""
    earlier = bar.earlier
    while earlier is not None and not earlier.has_trading:
        earlier = earlier.earlier
    return None if earlier is None else _share(state, bar.symbol, earlier.volume)


def _cap_inside(state: State, bar: Bar) -> int | None:
    """Increments the path and the closing print may fill; None without a cap."""
    if bar.volume is None:
        return None
    share = _share(state, bar.symbol, bar.volume)
    return None if share is None else max(0, share - state.filled_at_open.get(bar.symbol, 0))


def _share(state: State, symbol: str, volume: Decimal | None) -> int | None:
    participation = state.scenario.execution["participation"]
    if participation is None or volume is None:
        return None
    return whole(Decimal(participation) * volume / Decimal(state.specs[symbol].increment))


# ---------------------------------------------------------------------- Order of fills at one print


def _fill_together(state: State, prints: Mapping[str, Print]) -> None:
    """Steps 1 to 4 of a print of several instruments."""
    state.rows = {}
    offers: list[Offer] = []
    for symbol, at in prints.items():
        for order in state.working(symbol):
            offer = _offer_at(state, order, at)
            if offer is not None:
                offers.append(offer)
    equity = state.equity()
    # All are sized before any is, so that no sizing sees another's new quantity.
    unsized = [o for o in offers if o.order.units is None]
    for settle in [size(state, o.order, o.raw, o.bar, o.where, equity) for o in unsized]:
        settle()
    offers = [o for o in offers if o.order.working]
    for offer in offers:
        fill_closing(state, offer)
    if state.scenario.execution["insufficient"] == "scale":
        fill_scaled(state, offers)
        return
    for offer in offers:
        fill_closing(state, offer)
        fill_opening(state, offer)


# -------------------------------------------------------------------------- How long an order lives


def _session_of(state: State, order: Order) -> int | None:
    """The session of the first print of any instrument at which the order's type could fill."""
    bars = [
        bar
        for rows in state.bars.values()
        for bar in rows
        # Reading: a bar without trading has no print, of this or of any other instrument.
        if bar.has_trading and _can_reach(state, order, bar)
    ]
    at_close = state.closes_only or (order.type == "market" and state.timing != "next_open")
    first = min(bars, key=lambda b: b.t_close if at_close else b.t_open, default=None)
    return None if first is None else first.session


def _can_reach(state: State, order: Order, bar: Bar) -> bool:
    """Whether the order could meet this bar's print, later than at this moment."""
    if state.timing == "same_close" and order.type == "market":
        return bar.t_close > order.made_at
    return bar.t_open >= order.made_at


# --------------------------------------------------------------------------- The strategy's actions


def _decide(state: State) -> None:
    """Phase 7: the actions of this time in order, then what leaves is sized and checked."""
    before = len(state.orders)
    for action in state.scenario.actions:
        if action.at == state.now:
            _act(state, action)
    leaving = [order for order in state.orders[before:] if order.working]
    for order in leaving:
        order.session = _session_of(state, order)
    if state.scenario.execution["size_at"] == "decision":
        _size_leaving(state, leaving)
    check_submission(state, [order for order in leaving if order.working])


def _size_leaving(state: State, leaving: Sequence[Order]) -> None:
    """Sizes at the last mark; an order without a mark waits for its first print."""
    equity = state.equity()
    settles = []
    for order in leaving:
        mark = state.mark.get(order.symbol)
        if order.is_sized_by_money and mark is not None:
            rows = state.bars[order.symbol]
            seen = [bar for bar in rows if bar.t_close <= state.now and bar.has_trading]
            bar = seen[-1] if seen else None
            settles.append(size(state, order, mark, bar, "decision", equity))
    for settle in settles:
        settle()


def _act(state: State, action: Action) -> None:
    if action.kind == "cancel":
        # Reading: a cancel counts at once, also for targets set later in the same phase.
        _cancel(state.orders[action.cancel - 1], "canceled")
    elif action.kind == "order":
        _make_order(state, action)
    elif action.kind == "target_qty":
        _target_qty(state, action)
    else:
        _target_money(state, action)


def _cancel(order: Order, reason: str) -> None:
    if order.working:
        order.status, order.reason = "CANCELED", reason


def _new(state: State, action: Action) -> Order:
    """A market DAY order of this time under the next number."""
    order = Order(len(state.orders) + 1, action.symbol, "market", "DAY", state.now)
    state.orders.append(order)
    return order


def _make_order(state: State, action: Action) -> None:
    order = _new(state, action)
    order.type, order.tif = action.type, action.tif
    order.limit = None if action.limit_price is None else Decimal(action.limit_price)
    order.stop = None if action.stop_price is None else Decimal(action.stop_price)
    count = _count(state, action.symbol, action.qty)
    order.side = 1 if action.qty > 0 else -1
    order.units = abs(count)
    if not count:
        end(order, "zero_quantity")


def _count(state: State, symbol: str, qty: float) -> int:
    return whole(Decimal(qty) / Decimal(state.specs[symbol].increment))


def _earlier_target(state: State, symbol: str) -> Order | None:
    """The working target order of an instrument; there is never more than one."""
    return next((o for o in state.working(symbol) if o.target), None)


def _total(state: State, symbol: str) -> int:
    """The position once all working orders are done; what is not yet sized counts 0."""
    return state.position[symbol] + sum(o.side * o.remaining for o in state.working(symbol))


def _target_qty(state: State, action: Action) -> None:
    earlier = _earlier_target(state, action.symbol)
    if earlier is not None and earlier.units is None:
        _cancel(earlier, "replaced")
    goal = _count(state, action.symbol, action.qty)
    if goal == _total(state, action.symbol):
        return
    if earlier is not None:
        _cancel(earlier, "replaced")
    missing = goal - _total(state, action.symbol)
    if missing:
        order = _new(state, action)
        order.target = "qty"
        order.side = 1 if missing > 0 else -1
        order.units = abs(missing)


def _target_money(state: State, action: Action) -> None:
    earlier = _earlier_target(state, action.symbol)
    if earlier is not None:
        _cancel(earlier, "replaced")
    kind = action.kind.removeprefix("target_")
    mark = state.mark.get(action.symbol)
    if mark is not None:
        goal = Decimal(action.value)
        if kind == "weight":
            goal *= max(ZERO, state.equity())
        units = whole(goal / (mark * state.worth(action.symbol, 1)))
        if units == _total(state, action.symbol):
            return
    order = _new(state, action)
    order.target, order.value = kind, Decimal(action.value)
