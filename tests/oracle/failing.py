"""When an account fails: its two lines at the end of a timestamp and inside a bar.

Follows `When an account fails` of `docs/concepts/accounting.md`. Levels inside a bar are found from
straight pieces between the prices at which the margin changes its formula. Where the written rule
leaves room, the reading taken stands in a comment that starts `Reading:`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from .allowed import has_line, is_margin, keeps, opens, term
from .counts import whole
from .groups import finish
from .money import CLOSE_CALL, at_most, fill_closing, largest
from .world import ZERO, Bar, Call, Offer, Order, State

DEFAULTS = {
    "action": "liquidate",
    "order": "largest_first",
    "size": "maintenance",
    "at": "next_print",
    "bankruptcy": "liquidate",
}


def setting(state: State, name: str) -> str:
    return str(state.scenario.margin_call.get(name, DEFAULTS[name]))


# ---------------------------------------------------------------------------------- orders it makes


def account_order(state: State, symbol: str, units: int, tag: str) -> Order:
    """A market order of the account itself: against the position, until it is filled."""
    number = max((order.number for order in state.orders), default=0) + 1
    order = Order(number, symbol, "market", "GTC", state.now, state.now)
    order.side = -1 if state.position[symbol] > 0 else 1
    # Reading: it says why from the start, and another reason where it ends unfilled.
    order.units, order.tag, order.reason = units, tag, tag
    order.reduce_only = order.is_accounts = True
    state.orders.append(order)
    return order


def _under_way(state: State, symbol: str) -> int:
    """What orders of the account still have to close."""
    return sum(order.remaining for order in state.working(symbol) if order.is_accounts)


def _left(state: State) -> dict[str, int]:
    """Signed positions once the orders of the account are done."""
    left: dict[str, int] = {}
    for symbol, units in state.position.items():
        size = max(0, abs(units) - _under_way(state, symbol))
        left[symbol] = size if units > 0 else -size
    return left


# ------------------------------------------------------------------------ at the end of a timestamp


def recall(state: State) -> None:
    """At a session's close: shorts beyond what can be borrowed are bought back."""
    borrow = state.scenario.borrow or {}
    is_close = state.now in state.scenario.session_closes.values()
    if borrow.get("recall", "keep") == "keep" or not is_close or state.status == "bankrupt":
        return
    for symbol in sorted(state.position):
        ended = [bar for bar in state.bars[symbol] if bar.t_close <= state.now]
        shares = ended[-1].borrow_shares if ended else None
        if state.position[symbol] >= 0 or shares is None:
            continue
        # Reading: what the last bar of the instrument says holds until the next one.
        most = whole(shares / Decimal(state.specs[symbol].increment))
        excess = -state.position[symbol] - most - _under_way(state, symbol)
        if excess > 0:
            state.calls.append(Call(state.now, "recall"))
            account_order(state, symbol, excess, "recall")


def look(state: State) -> None:
    """Phase 6: both lines."""
    if state.status == "bankrupt":
        return
    equity = state.equity()
    if _can_fail(state) and _is_at_end(state, equity):
        if setting(state, "bankruptcy") != "warn":
            _go_bankrupt(state)
            if not state.is_over:
                _close_all(state)
        else:
            # Reading: who trades on in debt is not called besides.
            _begin_call(state, "bankrupt")
    elif has_line(state) and not at_most(state, keeps(state), equity, "margin call"):
        if state.status == "in_call" and state.calls[-1].kind == "bankrupt":
            state.note("rule: a call after a debt that was only noted")
        _begin_call(state, "margin_call")
        _call(state, equity)
    elif state.status == "in_call":
        state.status = "sound"


def _begin_call(state: State, kind: str) -> None:
    """A call lasts until the end of a timestamp at which the account is sound again."""
    if state.status == "sound":
        state.calls.append(Call(state.now, kind))
        state.status, state.since = "in_call", state.now


def _can_fail(state: State) -> bool:
    """Whether there is anything: long positions paid in full are worth at least nothing."""
    held = {s: n for s, n in state.position.items() if n}
    are_paid = all(n > 0 and not state.specs[s].is_margined for s, n in held.items())
    if not held:
        # Reading: an account that was emptied has lost nothing.
        return state.cash < 0
    return not are_paid or state.cash < 0


def _is_at_end(state: State, equity: Decimal) -> bool:
    if equity and abs(equity) <= CLOSE_CALL * state.peak:
        state.note("equity next to zero")
    return equity <= 0


def _go_bankrupt(state: State) -> None:
    """Cancels everything, or stops."""
    state.calls.append(Call(state.now, "bankrupt"))
    state.status, state.since = "bankrupt", state.now
    state.is_over = setting(state, "bankruptcy") == "stop"
    # Reading: one after the other, each with what ends with it.
    for order in list(state.orders):
        finish(state, order, "CANCELED", "bankrupt")


def _close_all(state: State) -> dict[str, Order]:
    held = sorted((symbol, abs(units)) for symbol, units in state.position.items() if units)
    return {symbol: account_order(state, symbol, units, "bankrupt") for symbol, units in held}


def _call(state: State, equity: Decimal) -> None:
    action = setting(state, "action")
    if action == "stop":
        state.is_over = True
    if action != "liquidate":
        return
    left = _left(state)
    for symbol in _in_order(state):
        if not left[symbol]:
            continue
        units = _enough(state, left, symbol, equity)
        if units:
            account_order(state, symbol, units, "margin_call")
            left[symbol] -= units if left[symbol] > 0 else -units


def _enough(state: State, left: Mapping[str, int], symbol: str, equity: Decimal) -> int:
    """The fewest increments of a position to close; all of it if that is not enough."""
    size, sign = abs(left[symbol]), 1 if left[symbol] > 0 else -1
    kind = setting(state, "size")
    if kind == "all":
        return size

    def fits(kept: int, what: str = "") -> bool:
        after = {**left, symbol: sign * kept}
        if kind == "initial":
            return at_most(state, *_first_margin(state, after, equity), what)
        return at_most(state, keeps(state, after), equity, what)

    return size - largest(fits, 0, size, f"size of a call in {symbol}")


def _first_margin(
    state: State, position: Mapping[str, int], equity: Decimal
) -> tuple[Decimal, Decimal]:
    """What a call of size initial compares: margin alone, without the least equity."""
    if is_margin(state):
        return opens(state, position, state.mark), equity
    # 1 / k of the exposure, of net leverage by its sum where that is limited
    account = state.scenario.account
    most = Decimal(account.get("gross") or account["k"])
    held = [(s, n) for s, n in position.items() if n]
    worth = (state.fx(s) * abs(state.worth(s, n)) * state.mark[s] for s, n in held)
    return max(sum(worth, ZERO) / most, keeps(state, position)), equity


def _in_order(state: State) -> list[str]:
    """Symbols held, in the order in which they are closed; of equals by symbol."""
    held = sorted(symbol for symbol, units in state.position.items() if units)

    def value(symbol: str) -> Decimal:
        # Reading: the value of a future is its whole notional.
        worth = abs(state.worth(symbol, state.position[symbol]) * state.mark[symbol])
        return worth * state.fx(symbol)

    def result(symbol: str) -> Decimal:
        gain = state.mark[symbol] - state.average[symbol]
        # Reading: the result that is open is that by prices, at the rate of now.
        return state.worth(symbol, state.position[symbol]) * gain * state.fx(symbol)

    keys: dict[str, Callable[[str], Decimal]] = {
        "largest_first": lambda symbol: -value(symbol),
        "smallest_first": value,
        "losers_first": result,
        "in_order": lambda _: ZERO,
    }
    key = keys[setting(state, "order")]
    ranks = sorted(key(symbol) for symbol in held)
    scale = max((abs(rank) for rank in ranks), default=ZERO)
    for low, high in pairwise(ranks):
        if low != high and high - low <= CLOSE_CALL * scale:
            state.note("order of a call")
    return sorted(held, key=lambda symbol: (key(symbol), symbol))


# ------------------------------------------------------------------------------------- inside a bar


@dataclass(frozen=True)
class Line:
    """Where on a segment one position brings the account to a line, and which."""

    tag: str
    raw: Decimal
    distance: Decimal


def line_ahead(
    state: State, symbol: str, start: Decimal, end_point: Decimal, done: Decimal = ZERO
) -> Line | None:
    """The first line from `done` on along a segment, all others at their marks."""
    if state.status == "bankrupt" or not state.position[symbol]:
        return None
    way = 1 if end_point > start else -1
    point = start + way * done
    found: list[Line] = []
    if setting(state, "bankruptcy") != "warn":
        at = _first_at_zero(state, symbol, point, end_point)
        if at is not None:
            found.append(Line("bankrupt", at, abs(at - start)))
    if _watches_inside(state) and state.capped_at.isdisjoint(state.bars[symbol]):
        at = _first_below(state, symbol, point, end_point)
        if at is not None:
            found.append(Line("margin_call", at, abs(at - start)))
    # Reading: where both lines are one, it is the end.
    return min(found, key=lambda line: line.distance, default=None)


def _watches_inside(state: State) -> bool:
    if setting(state, "at") != "inside_bar" or not has_line(state):
        return False
    # Reading: a call that closes nothing is made once, until it is over.
    return setting(state, "action") == "liquidate" or state.status == "sound"


def _equity_at(state: State, symbol: str, price: Decimal) -> Decimal:
    moved = state.worth(symbol, state.position[symbol]) * (price - state.mark[symbol])
    return state.equity() + moved * state.fx(symbol)


def _room_at(state: State, symbol: str, price: Decimal) -> Decimal:
    return _equity_at(state, symbol, price) - keeps(state, None, {**state.mark, symbol: price})


def _first_at_zero(state: State, symbol: str, point: Decimal, end_point: Decimal) -> Decimal | None:
    first, last = _equity_at(state, symbol, point), _equity_at(state, symbol, end_point)
    for equity in (first, last):
        if equity and abs(equity) <= CLOSE_CALL * state.peak / 1000:
            state.note("line next to a point of the path")
    if first <= 0 and sum(1 for units in state.position.values() if units) > 1:
        state.note("open: lost where a segment begins, with several positions")
    if first <= 0:
        # A bar that is paid in full cannot be here: it is worth at least nothing.
        return point if _can_fail(state) else None
    if last > 0:
        return None
    return point + (end_point - point) * first / (first - last)


def _first_below(state: State, symbol: str, point: Decimal, end_point: Decimal) -> Decimal | None:
    """The first price below which, along the way, equity is less than what keeps."""
    corners = [point, *_corners(state, point, end_point), end_point]
    is_short = is_margin(state) and state.position[symbol] < 0
    low = term(state, "short_low_price")
    if is_short and min(point, end_point) <= low <= max(point, end_point):
        state.note("open: a margin that jumps within a segment")
    for near, far in pairwise(corners):
        # The formula of a piece is that of its middle: at a corner it may jump.
        middle = (near + far) / 2
        at_middle = _room_at(state, symbol, middle)
        rise = _room_at(state, symbol, (near + middle) / 2) - at_middle
        first, last = at_middle + 2 * rise, at_middle - 2 * rise
        for room in (first, last):
            if room and abs(room) <= CLOSE_CALL * state.peak / 1000:
                state.note("line next to a point of the path")
        if first < 0:
            if near != point or _room_at(state, symbol, near) >= 0:
                state.note("open: a margin that jumps within a segment")
            return near
        if last < 0:
            return near + (far - near) * first / (first - last)
    return None


def _corners(state: State, point: Decimal, end_point: Decimal) -> list[Decimal]:
    """The prices strictly between at which the margin of a position changes its formula."""
    if not is_margin(state):
        return []
    low = term(state, "short_low_price")
    prices = {low}
    rates = [term(state, "short_maintenance"), term(state, "short_low_rate")]
    for spec in state.specs.values():
        own = spec.margin
        factor = Decimal(own.get("leverage_factor", 1.0))
        rates.append(Decimal(own.get("short_maintenance", 0.0)))
        rates += [max(rate, min(Decimal(1), rate * factor)) for rate in list(rates)]
    for rate in rates:
        if rate:
            prices |= {term(state, "short_amount") / rate, term(state, "short_low_amount") / rate}
    between = [p for p in prices if min(point, end_point) < p < max(point, end_point)]
    return sorted(between, reverse=end_point < point)


def close_at(state: State, bar: Bar, line: Line) -> None:
    """Closes the position of a bar at a line; at the end of equity everything is cancelled."""
    if line.tag == "margin_call":
        _begin_call(state, "margin_call")
        _call_inside(state, bar, line)
        return
    if state.is_over:
        state.note("open: a run that is stopped, and bankrupt on the same way")
    _go_bankrupt(state)
    if state.is_over:
        return
    # Reading: all orders of the end are made at once, by symbol.
    made = _close_all(state)
    state.closing_out = {s: order.number for s, order in made.items() if s != bar.symbol}
    _fill_at(state, bar, made[bar.symbol], line.raw, line.distance)


def _call_inside(state: State, bar: Bar, line: Line) -> None:
    """A call at a line: orders that it already has close first, a new one does the rest."""
    if setting(state, "action") != "liquidate":
        state.is_over = state.is_over or setting(state, "action") == "stop"
        return
    units = abs(state.position[bar.symbol]) - _under_way(state, bar.symbol)
    for order in state.working(bar.symbol):
        if order.is_accounts:
            _fill_at(state, bar, order, line.raw, line.distance)
    if units > 0:
        order = account_order(state, bar.symbol, units, line.tag)
        _fill_at(state, bar, order, line.raw, line.distance)
    if state.position[bar.symbol]:
        # The cap has left some: what works on waits for the next print.
        state.capped_at.add(bar)
        if any(n for s, n in state.position.items() if s != bar.symbol):
            state.note("rule: a line whose closing the cap cuts, beside another position")


def _fill_at(state: State, bar: Bar, order: Order, raw: Decimal, distance: Decimal) -> None:
    offer = Offer(order, bar, raw, "liquidation", True, bar.t_close, "inside", distance, raw)
    fill_closing(state, offer)


def close_out(state: State, bars: Mapping[str, Bar], ends: Mapping[str, Decimal]) -> None:
    """At the end of the segment on which the account went bankrupt: all other positions."""
    for symbol, number in state.closing_out.items():
        order = state.find(number)
        if symbol in bars and order is not None:
            _fill_at(state, bars[symbol], order, ends[symbol], ZERO)
    state.closing_out = {}


__all__ = [
    "DEFAULTS", "account_order", "close_at", "close_out", "line_ahead", "look", "recall", "setting",
]  # fmt: skip
