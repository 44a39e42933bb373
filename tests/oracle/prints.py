"""A print of several instruments: which orders fill at it, and in what order.

Follows `Which print fills which order` and `Order of fills at one print` of
`docs/concepts/fills.md`. Where the written rule leaves room, the reading taken stands in a comment
that starts `Reading:`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from .groups import end, finish
from .levels import is_marketable, is_passed, move_water, stop_level, trigger
from .lives import is_first_of_session, is_last_of_session, takes_part
from .money import fill_atomic, fill_closing, fill_opening, fill_scaled, fill_whole, size
from .paths import raw_at_open
from .world import ON_CLOSE, ON_OPEN, STOP_LIMITS, Offer, Order, Print, State


def fill_together(state: State, prints: Mapping[str, Print]) -> None:
    """Steps 1 to 4 of a print of several instruments, and what ends there unfilled."""
    state.rows = {}
    met: list[Order] = []
    offers: list[Offer] = []
    # Reading: an order of which nothing is live meets the print in its turn, if an earlier fill of
    # the print has made something of it live.
    late: dict[int, Print] = {}
    for symbol, at in prints.items():
        for order in state.working(symbol):
            if not _meets(state, order, at):
                continue
            if order.is_dormant:
                late[order.number] = at
                offers.append(_offer(order, at, at.price, "", taker=True))
                continue
            met.append(order)
            offer = _offer_at(state, order, at)
            if offer is not None:
                offers.append(offer)
    reached = {offer.order.number for offer in offers}
    equity = state.equity()
    # Reading: in turn, so that one that is to be replaced counts with what it has been sized to.
    for offer in offers:
        if offer.order.units is None:
            size(state, offer.order, offer.raw, offer.bar, offer.where, equity)
    _fill(state, [o for o in offers if o.order.working], late)
    for number, at in late.items():
        _pass_by(state, state.orders[number - 1], at)
    if state.batch == "fifo":
        # Reading: what ends at a print does so in its turn, as what fills there.
        met.sort(key=lambda order: order.number)
    for order in met:
        _end_at_print(state, order, is_reached=order.number in reached)


def _fill(state: State, offers: Sequence[Offer], late: dict[int, Print]) -> None:
    """Steps 3 and 4; `fifo` leaves out step 3 and takes each order in its turn."""
    offers = list(offers)
    is_fifo = state.batch == "fifo"
    if is_fifo:
        offers.sort(key=lambda offer: offer.order.number)

    def in_turn(place: int) -> Offer:
        order = offers[place].order
        if order.number in late and not order.is_dormant:
            offer = _offer_at(state, order, late.pop(order.number))
            if offer is not None:
                offers[place] = offer
        return offers[place]

    for place in range(0 if is_fifo else len(offers)):
        offer = in_turn(place)
        if _can_fill(offer) and not offer.order.fills_whole:
            fill_closing(state, offer)
    if state.opens_together:
        # Reading: a group of legs is taken before the factor is found, as a fill or kill is; and so
        # are both before the look at all opening parts together.
        for offer in sorted(offers, key=lambda o: o.order.number):
            _fill_in_turn(state, offer, offers)
        fill_scaled(state, [o for o in offers if _can_fill(o) and not o.order.fills_whole])
        # Reading: what is live again only now does not meet the print; the batch was made before.
        return
    for place in range(len(offers)):
        offer = in_turn(place)
        _fill_in_turn(state, offer, offers)
        if _can_fill(offer) and not offer.order.fills_whole:
            fill_closing(state, offer)
            fill_opening(state, offer)


def _can_fill(offer: Offer) -> bool:
    """Whether its order meets the print: one that waits for its turn has no reason yet."""
    return bool(offer.reason)


def _fill_in_turn(state: State, offer: Offer, offers: Sequence[Offer]) -> None:
    """An order that fills whole or not at all, if this is one and its turn has come."""
    order = offer.order
    if not order.working:
        return
    if order.atomic:
        numbers = {order.number, *order.atomic}
        legs = [other for other in offers if other.order.number in numbers]
        is_first = legs[0] is offer
        if state.opens_together:
            is_first = order.number == min(numbers)
        if len(legs) == len(numbers) and is_first:
            fill_atomic(state, legs)
    elif order.fills_whole:
        fill_whole(state, offer)


def _end_at_print(state: State, order: Order, *, is_reached: bool) -> None:
    """What has only this one print: auctions, and orders that fill here or nowhere."""
    if not order.working:
        return
    if order.type in (*ON_OPEN, *ON_CLOSE):
        finish(state, order, "EXPIRED", "day_end" if is_reached else "not_met")
    elif order.tif in ("IOC", "FOK"):
        finish(state, order, "CANCELED", order.tif.lower())


# ------------------------------------------------------------------------ which order meets a print


def _meets(state: State, order: Order, at: Print) -> bool:
    """Whether the order takes part in this print, and its type could fill there."""
    if at.kind == "same":
        return order.type == "market"
    if order.type in ON_CLOSE:
        # Reading: in time for the session is enough; it need not have arrived by the bar's open.
        is_its = at.kind == "close" and order.session == at.bar.session and order.arrival <= at.ts
        return is_its and is_last_of_session(state, at.bar)
    if not takes_part(order, at.bar):
        return False
    is_late = at.kind == "open" and order.is_till_moment and order.good_till is not None
    if is_late and (order.good_till or 0) <= max(at.ts, order.arrival):
        # Its moment comes before it does, within the slack.
        return False
    if order.type in ON_OPEN:
        return at.kind == "open" and is_first_of_session(at.bar)
    if order.type == "market":
        return bool(_market_reason(state, at))
    return at.kind == "open" or (at.kind == "close" and state.closes_only)


def _market_reason(state: State, at: Print) -> str:
    """The reason with which a market order fills at this print, empty if it does not."""
    if at.kind == "same":
        return "same_close"
    if at.kind == "open":
        return "market_open" if state.timing == "next_open" else ""
    waits = state.timing == "next_close" or (state.closes_only and state.timing == "next_open")
    return "market_close" if waits else ""


def _offer_at(state: State, order: Order, at: Print) -> Offer | None:
    """What an order does at a print that it meets: its offer, or None if it does not fill."""
    order.had_print = True
    if order.type == "market":
        return _offer(order, at, at.price, _market_reason(state, at), taker=True)
    if order.type in (*ON_OPEN, *ON_CLOSE):
        # Reading: an auction gives its price, also without gap improvement.
        if order.limit is not None and not is_marketable(order, at.price):
            return None
        reason = "on_open" if order.type in ON_OPEN else "on_close"
        return _offer(order, at, at.price, reason, taker=True)
    return _resting_offer(state, order, at)


def _resting_offer(state: State, order: Order, at: Print) -> Offer | None:
    """A limit, or an order with a trigger, at a print that counts as an open."""
    first, order.met_print = not order.met_print, True
    if order.waits_for_stop:
        return _offer_if_passed(state, order, at)
    if not order.is_limit:
        # Reading: what a triggered stop could not fill is a market order, at opening prints.
        return _offer(order, at, at.price, f"market_{at.kind}", taker=True)
    if not is_marketable(order, at.price):
        return None
    if first and order.post_only:
        end(state, order, "post_only")
        return None
    if at.kind == "open":
        order.open_met = at.bar
    raw = raw_at_open(state, order, at.bar, at.price)
    # Reading: a limit that has triggered takes only at its trigger, or after a new price.
    is_taker = first and (order.type == "limit" or order.is_repriced)
    return _offer(order, at, raw, f"limit_{at.kind}", taker=is_taker)


def _offer_if_passed(state: State, order: Order, at: Print) -> Offer | None:
    """An order whose level this print may have passed; a print that has not moves a trail."""
    level = stop_level(state, order)
    if level is None or not is_passed(order, level, at.price):
        _follow(state, order, at)
        return None
    trigger(state, order)
    if order.type not in STOP_LIMITS:
        reason = "touched" if order.is_touched else "stop"
        return _offer(order, at, at.price, f"{reason}_{at.kind}", taker=True)
    if not is_marketable(order, at.price):
        return None
    if at.kind == "open":
        order.open_met = at.bar
    reason = "limit_if_touched" if order.is_touched else "stop_limit"
    return _offer(order, at, at.price, reason, taker=True)


def _pass_by(state: State, order: Order, at: Print) -> None:
    """A print at which nothing of an order was live."""
    if order.waits_for_stop:
        _follow(state, order, at)
    elif at.kind == "open" and order.is_limit and is_marketable(order, at.price):
        order.open_met = at.bar


def _follow(state: State, order: Order, at: Print) -> None:
    """A print that has not met a trailing order moves its mark."""
    waits_for_close = state.scenario.execution.get("trailing") == "close"
    follows = order.water is None or state.closes_only or not waits_for_close
    if follows and at.bar.has_path:
        move_water(order, at.price)


def _offer(order: Order, at: Print, raw: Decimal, reason: str, *, taker: bool) -> Offer:
    if at.kind != "open":
        return Offer(order, at.bar, raw, reason, taker, at.ts, "inside")
    return Offer(order, at.bar, raw, reason, taker, max(at.ts, order.arrival), "open")
