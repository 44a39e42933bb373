"""What a fill pays beyond its raw price: slippage, then impact, then the tick and the limit.

Follows `Cost` of `docs/concepts/fills.md`. Prices depend on how much fills; every question is
answered from the fills so far. Where the written rule leaves room, the reading taken stands in a
comment that starts `Reading:`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from .counts import is_next_to_a_step, on_tick
from .liquidity import last_with_trading, quantity_taken, volume_of_cap
from .scenarios import DAY
from .sessions import adv, volatility
from .world import ON_CLOSE, ON_OPEN, TRIGGERED, ZERO, Bar, Move, Offer, Order, State

WINDOW = 20
CLOSE_MOVE = Decimal("1e-12")
NOTHING = Decimal("1e-300")


@dataclass(frozen=True)
class Place:
    """Where and when something is priced: the bar, if there is one, and `where` of an offer."""

    symbol: str
    side: int
    raw: Decimal
    bar: Bar | None
    where: str
    ts: int


@dataclass(frozen=True)
class Priced:
    """What one fill pays per unit, the impact in that, and how far it moves the price (a fraction).

    Where the guardrail is as good as met, the price is the same but the flag is a close call.
    """

    price: Decimal
    impact: Decimal = ZERO
    fraction: Decimal = ZERO
    flags: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()


def price_of(state: State, offer: Offer, units: int) -> Priced:
    """What so many increments of an offer pay; what rests pays its price and no more."""
    order = offer.order
    flags = {"no_volume"} if is_without_volume(offer.bar) else set()
    if not offer.taker:
        return Priced(offer.raw, flags=frozenset(flags))
    place = Place(order.symbol, order.side, offer.raw, offer.bar, offer.where, offer.ts)
    priced = price_at(state, order, place, units, order.limit)
    return replace(priced, flags=priced.flags | flags)


def price_at(
    state: State, order: Order, place: Place, units: int, limit: Decimal | None = None
) -> Priced:
    """What an order that takes pays at a place for so many increments, never beyond a limit."""
    raw, side = place.raw, place.side
    flags = set()
    most = Decimal(state.scenario.execution["guardrail"]) * abs(raw)
    slippage = slippage_at(state, order, place, units)
    impact = ZERO
    fraction = own_impact(state, order, place, units)
    if fraction is None:
        # Reading: no impact at all, so nor what others have moved.
        flags.add("no_impact")
    else:
        others = max(ZERO, side * level_for(state, order, place))
        impact = abs(raw) * (fraction + others)
    over = slippage + impact - most
    if over > 0:
        flags.add("clamped")
    slippage = min(slippage, most)
    impact = min(impact, most - slippage)
    price = raw + side * (slippage + impact)
    if slippage + impact > 0:
        price, is_held = _on_tick_within(state, place, price, most)
        flags |= {"clamped"} if is_held else set()
    if limit is not None:
        price = min(price, limit) if side > 0 else max(price, limit)
    # What the tick adds is slippage's; what the limit takes, impact's first.
    total = abs(price - raw)
    impact = min(impact, max(total - min(slippage, total), ZERO))
    unsure = {"clamped"} if abs(over) <= CLOSE_MOVE * most else set()
    move = own_move(state, order, place, units)
    return Priced(price, impact, move, frozenset(flags), frozenset(unsure))


def _on_tick_within(
    state: State, place: Place, price: Decimal, most: Decimal
) -> tuple[Decimal, bool]:
    """The next tick against the order, or the last one within the guardrail, and whether so."""
    tick, raw, side = state.specs[place.symbol].tick, place.raw, place.side
    if not tick:
        return price, False
    moved = on_tick(price, Decimal(tick), side)
    if is_next_to_a_step(price, Decimal(tick)):
        state.note("price next to a tick")
    if abs(moved - raw) <= most:
        return moved, False
    # Reading: a price that the guardrail keeps from the next tick is clamped, too.
    within = on_tick(raw + side * most, Decimal(tick), -side)
    return (max(within, raw) if side > 0 else min(within, raw)), True


def is_without_volume(bar: Bar) -> bool:
    """Whether a fill in the bar meets no volume of which one could say how much it is."""
    return not bar.has_trading and bar.stands_in in ("last_price", "range_spread")


# ----------------------------------------------------------------------------------------- slippage


def slippage_at(state: State, order: Order, place: Place, units: int) -> Decimal:
    """How far slippage moves the price against the order, before the guardrail."""
    return _by_model(state, order, place, units) + _of_empty_bar(state, place)


def _by_model(state: State, order: Order, place: Place, units: int) -> Decimal:
    rule = state.scenario.slippage
    if rule["kind"] == "rate":
        return Decimal(rule["rate"]) * abs(place.raw)
    if rule["kind"] == "ticks":
        return Decimal(rule["ticks"]) * Decimal(state.specs[place.symbol].tick or 0.0)
    if rule["kind"] == "range":
        return Decimal(rule["fraction"]) * _range(place)
    if rule["kind"] == "spread":
        return _part_of_spread(state, order) * _spread(state, place)
    share = min(_share(state, place, units), Decimal(rule["volume_limit"]))
    return abs(place.raw) * Decimal(rule["price_impact"]) * share**2


def _range(place: Place) -> Decimal:
    """High less low of the bar that a place goes by; zero if there is none."""
    bar = place.bar
    if place.where == "open" and bar is not None:
        bar = last_with_trading(bar)
    return ZERO if bar is None else bar.high - bar.low


def _part_of_spread(state: State, order: Order) -> Decimal:
    rule = state.scenario.slippage
    if order.type in (*ON_OPEN, *ON_CLOSE):
        return Decimal(rule["k_auction"])
    return Decimal(rule["k_stop"] if order.type in TRIGGERED else rule["k"])


def _spread(state: State, place: Place) -> Decimal:
    """The last known spread; of a bar that opens or has not begun that of the bars before."""
    bar = place.bar
    if place.where == "decision":
        # Also of a bar without trading: quotes need none.
        ended = [b for b in state.bars[place.symbol] if b.t_close <= state.now]
        bar = ended[-1] if ended else None
    elif place.where == "open" and bar is not None:
        bar = bar.earlier
    while bar is not None and bar.spread is None:
        bar = bar.earlier
    return ZERO if bar is None or bar.spread is None else bar.spread


def _share(state: State, place: Place, units: int) -> Decimal:
    """Our part of the volume of a place with this fill; of an unknown one the limit."""
    limit = Decimal(state.scenario.slippage["volume_limit"])
    if place.bar is None:
        return limit
    volume = volume_of_cap(state, place.bar, place.where)
    if volume is None:
        return limit
    # Reading: before the bar that it will fill in a decision has taken nothing.
    before = ZERO if place.where == "decision" else quantity_taken(state, place.bar)
    quantity = before + state.amount(place.symbol, units)
    # Reading: of no volume at all any part is more than the limit.
    return quantity / volume if volume else limit


def _of_empty_bar(state: State, place: Place) -> Decimal:
    """With `range_spread` what takes in a bar of zero volume pays for that."""
    bar = place.bar
    if bar is None or place.where == "decision" or bar.has_trading:
        return ZERO
    if bar.stands_in != "range_spread":
        return ZERO
    fraction = Decimal(state.scenario.execution.get("range_spread_fraction", 0.5))
    return fraction * _range(place) / 2


# ------------------------------------------------------------------------------------------- impact


def own_impact(state: State, order: Order, place: Place, units: int) -> Decimal | None:
    """The fraction of price that this slice of the order pays for itself; None if not known."""
    if state.scenario.impact is None:
        return ZERO
    before = state.amount(place.symbol, order.filled)
    after = before + state.amount(place.symbol, units)
    whole, earlier = law(state, place, after), law(state, place, before)
    if whole is None or earlier is None:
        return None
    return (after * whole - before * earlier) / (after - before)


def own_move(state: State, order: Order, place: Place, units: int) -> Decimal:
    """How much further this slice brings the impact of the order as a whole."""
    before = state.amount(place.symbol, order.filled)
    after = before + state.amount(place.symbol, units)
    whole, earlier = law(state, place, after), law(state, place, before)
    return ZERO if whole is None or earlier is None else whole - earlier


def law(state: State, place: Place, quantity: Decimal) -> Decimal | None:
    """The square-root law of a quantity, as a fraction of price; None if it is not known."""
    rule = state.scenario.impact
    if rule is None:
        return ZERO
    session = _session(state, place)
    if session is None:
        return None
    window = rule.get("window", WINDOW)
    sigma, daily = rule.get("sigma"), rule.get("adv")
    deviation = (
        volatility(state, place.symbol, session, window) if sigma is None else Decimal(sigma)
    )
    volume = adv(state, place.symbol, session, window) if daily is None else Decimal(daily)
    if deviation is None or not volume:
        # Reading: of a volume of zero nothing can be said either.
        return None
    return Decimal(rule["alpha"]) * deviation * (quantity / volume).sqrt()


def _session(state: State, place: Place) -> int | None:
    """The session that has begun at a place."""
    if place.where != "decision":
        return None if place.bar is None else place.bar.session
    # Reading: a decision belongs to the session of the last bar of its instrument.
    ended = [bar for bar in state.bars[place.symbol] if bar.t_close <= state.now]
    return ended[-1].session if ended else None


def level_for(state: State, order: Order, place: Place) -> Decimal:
    """How far other orders have moved the price, signed, as a fraction, by now."""
    rule = state.scenario.impact
    if rule is None:
        return ZERO
    half_life = Decimal(rule.get("half_life_ns", DAY))
    level = ZERO
    for mover, moves in state.moves.items():
        factors = rule.get("cross", {}).get(mover, {})
        factor = 1.0 if mover == place.symbol else factors.get(place.symbol, 0.0)
        for move in moves:
            # Reading: an order does not pay for what it moved itself, or slicing would not be free.
            if move.order != order.number:
                halvings = Decimal(max(0, place.ts - move.ts)) / half_life
                level += Decimal(factor) * move.fraction * Decimal(2) ** -halvings
    # Reading: what has decayed beyond what a double can hold is gone.
    return level if abs(level) > NOTHING else ZERO


def move_level(state: State, offer: Offer, fraction: Decimal) -> None:
    """What a fill that took leaves in the price."""
    rule = state.scenario.impact
    part = ZERO if rule is None else Decimal(rule.get("permanent", 0.0))
    if not part or not fraction:
        return
    order = offer.order
    move = Move(order.number, offer.ts, order.side * part * fraction)
    state.moves[order.symbol] = (*state.moves.get(order.symbol, ()), move)
