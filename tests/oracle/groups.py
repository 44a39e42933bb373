"""Orders that know one another: what a fill and an end of one does to the others.

Follows `Groups` and the condition `reduce_only` of `docs/concepts/fills.md`. Where the written rule
leaves room, the reading taken stands in a comment that starts `Reading:`.
"""

from __future__ import annotations

from collections.abc import Sequence

from .lives import is_under_way, session_of, takes_part
from .world import TRAILING, Arrival, Offer, Order, State


def finish(state: State, order: Order, status: str, reason: str) -> None:
    """Ends an order that works, and what must end with it."""
    if not order.working:
        return
    order.status, order.reason = status, reason
    end_of_parent(state, order)
    _end_idle(state, _known(state, order.children))
    # Reading: also where several legs would end at the same moment, each for its own reason, the
    # first of them ends the others.
    for mate in _known(state, order.atomic):
        finish(state, mate, "CANCELED", "atomic")


def end(state: State, order: Order, reason: str) -> None:
    """Ends what is left of an order: REJECTED if nothing of it ever filled."""
    finish(state, order, "CANCELED" if order.filled else "REJECTED", reason)


def end_of_parent(state: State, order: Order) -> None:
    """From here on a child is what of it is live; what is held of it never will be."""
    for child in _known(state, order.children):
        if not child.working:
            continue
        child.is_parent_over = True
        if child.held or child.whole <= child.filled:
            _close_down(state, child, order)


def _end_idle(state: State, children: Sequence[Order]) -> None:
    """Ends reduce-only children with nothing to reduce: what they were spared for will not come."""
    for child in children:
        if child.live and child.reduce_only and not closable(state, child):
            end(state, child, "reduce_only")


def _close_down(state: State, child: Order, parent: Order) -> None:
    """A child of which nothing is live when its parent ends."""
    if child.filled:
        # Its quantity is its live share now; that may have shrunk below what had filled.
        child.share = max(child.share, child.filled + child.cut)
        child.status = "FILLED"
        end_of_parent(state, child)
        _end_idle(state, _known(state, child.children))
    else:
        reason = "oco" if child.cut and parent.filled else "parent_ended"
        finish(state, child, "CANCELED", reason)


def _known(state: State, numbers: list[int]) -> list[Order]:
    """The orders of these numbers, as far as this copy of the state has them."""
    found = (state.find(number) for number in numbers)
    return [order for order in found if order is not None]


def closable(state: State, order: Order) -> int:
    """Increments of the position that an order could close."""
    return max(0, -order.side * state.position[order.symbol])


def after_fill(state: State, offer: Offer, units: int) -> None:
    """What follows at once from a fill that has just been posted."""
    order = offer.order
    _cut_others(state, order, units)
    _open_children(state, offer)
    if order.status == "FILLED":
        end_of_parent(state, order)
        # Those of another instrument may wait for a position of their own.
        children = _known(state, order.children)
        _end_idle(state, [child for child in children if child.symbol == order.symbol])
    before = state.position[order.symbol] - order.side * units
    _end_useless(state, order.symbol, before, offer.ts)


def _cut_others(state: State, order: Order, units: int) -> None:
    for mate in _known(state, order.oco):
        if not mate.working:
            continue
        if not order.is_cut_by_increment:
            finish(state, mate, "CANCELED", "oco")
            continue
        mate.cut += units
        if mate.whole <= mate.filled:
            finish(state, mate, "CANCELED", "oco")


def _end_useless(state: State, symbol: str, before: int, ts: int) -> None:
    """Reduce-only orders of a position that a fill has closed or turned.

    What would reduce a position on the other side waits for that.
    """
    after = state.position[symbol]
    if before == 0 or (after != 0 and (before > 0) == (after > 0)):
        return
    for other in state.working(symbol):
        if not other.reduce_only or other.can_grow or closable(state, other):
            continue
        if other.side * before < 0 and other.arrival <= max(state.now, ts):
            end(state, other, "reduce_only")


# ----------------------------------------------------------------------------------------- children


def live_share(child: Order, parent: Order) -> int:
    """Increments of a child that are live after the parent's fills so far."""
    if child.units is None or not parent.units:
        return 0
    return child.units * parent.filled // parent.units


def _open_children(state: State, offer: Offer) -> None:
    """Gives the children their share; those that now have one are live."""
    # Reading: also where the parent is itself for less since its own parent ended, its children's
    # shares are those of the quantity that it was sent with, or amended to.
    for child in _known(state, offer.order.children):
        if not child.working:
            continue
        was_dormant = child.live and child.is_dormant
        child.share = live_share(child, offer.order)
        if child.held and child.share:
            _go_live(state, child, offer)
        elif was_dormant and not child.is_dormant:
            _come_back(state, child, offer)


def _go_live(state: State, child: Order, offer: Offer) -> None:
    """A child arrives with its parent's fill; on a path where the path is at that moment."""
    child.held = False
    child.made_at, child.arrival = state.now, offer.ts
    is_same = child.symbol == offer.order.symbol
    price = state.mark.get(child.symbol)
    if offer.point is not None and is_same:
        price = offer.raw
        # Reading: where the parent's price is not on the path, the path goes on from where it is.
        child.joined = offer.bar
        state.arrivals.append(Arrival(child, offer.point, offer.distance))
    elif offer.where == "open":
        child.came_with_open = True
        bars = state.bars[child.symbol]
        child.joined = next((bar for bar in bars if is_under_way(state, child, bar)), None)
    if child.type in TRAILING:
        child.water = price
    child.session = session_of(state, child)


def _come_back(state: State, child: Order, offer: Offer) -> None:
    """A child of which something is live again: on a path its level may lie ahead."""
    is_ahead = offer.point is not None and child.symbol == offer.order.symbol
    if is_ahead and child.waits_for_stop and takes_part(child, offer.bar):
        state.arrivals.append(Arrival(child, offer.point, offer.distance, is_back=True))


def go_live_amended(state: State, child: Order, at: int) -> None:
    """A child that the quantity it is given makes live, while its parent works."""
    child.held = False
    child.made_at = child.arrival = at
    if child.type in TRAILING:
        child.water = state.mark.get(child.symbol)
    child.session = session_of(state, child)
