"""The money half of the oracle: posting a fill, the checks, and sizing.

Follows the sections Money and Sizing of `docs/concepts/fills.md`. The state after imagined
trades (`Change`) is computed anew for every question; counts are searched, never solved for.

Where the written rule leaves room, the reading taken stands in a comment that starts `Reading:`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .allowed import amounts, room, weight
from .booking import Costs, book, settling
from .charges import Bill, Slice, bill, keep
from .costs import Place, Priced, move_level, price_at, price_of
from .counts import whole
from .groups import after_fill, closable, end, finish
from .liquidity import cap_left, take
from .lives import first_session
from .world import ZERO, Bar, Change, FillRow, Offer, Order, State

EQUAL_MONEY = Decimal("1e-12")
CLOSE_CALL = Decimal("1e-9")
FLOAT_NOISE = Decimal("4e-15")
STEPS = 64


# -------------------------------------------------------------------------------------------- fills


def fillable(state: State, offer: Offer) -> int:
    """Increments of an order that the cap lets through now."""
    cap, remaining = cap_left(state, offer), offer.order.remaining
    return remaining if cap is None else min(remaining, cap)


def end_over_cap(state: State, offer: Offer) -> None:
    """With ``over_cap: reject`` an order that wants more than the cap leaves ends."""
    order, cap = offer.order, cap_left(state, offer)
    # Reading: a reduce-only order wants no more than it may close.
    wanted = order.remaining
    if order.reduce_only:
        wanted = min(wanted, closable(state, order))
    rejects = state.scenario.execution.get("over_cap") == "reject"
    # Reading: what the account itself wants closed works until it is.
    if rejects and order.working and cap is not None and wanted > cap and not order.is_accounts:
        end(state, order, "over_cap")


def end_useless(state: State, order: Order) -> None:
    """Ends a reduce-only order that fills here and has nothing left to close."""
    # Reading: what only the cap keeps from closing goes on working.
    if order.can_grow:
        return
    if order.reduce_only and order.remaining and not closable(state, order):
        end(state, order, "reduce_only")


def fill_closing(state: State, offer: Offer) -> None:
    end_over_cap(state, offer)
    units = min(fillable(state, offer), closable(state, offer.order))
    if units:
        _fill(state, offer, units)


def _fill(state: State, offer: Offer, units: int) -> None:
    """Posts a fill; parts of one order at one print become one row."""
    order, symbol = offer.order, offer.order.symbol
    priced = price_of(state, offer, units)
    price = priced.price
    quantity = state.worth(symbol, units)
    part = _slice(state, offer, units, price)
    owed = keep(state, order, part, bill(state, order, part))
    costs = Costs(owed.commission, owed.fee)
    book(state, symbol, order.side * units, price, costs, offer.bar, offer.ts)
    state.peak = max(state.peak, abs(state.cash), quantity * price * state.fx(symbol))
    order.filled += units
    order.status = "FILLED" if order.filled == order.whole else "PARTIALLY_FILLED"
    take(state, state.used, offer, units)
    move_level(state, offer, priced.fraction)
    _record(state, offer, priced, units, owed)
    after_fill(state, offer, units)


def _slice(state: State, offer: Offer, units: int, price: Decimal) -> Slice:
    symbol, side = offer.order.symbol, offer.order.side
    quantity, notional = state.amount(symbol, units), state.worth(symbol, units) * price
    return Slice(symbol, side, quantity, notional, offer.bar.session, offer.taker)


def _record(state: State, offer: Offer, priced: Priced, units: int, owed: Bill) -> None:
    order, price = offer.order, priced.price
    quantity = state.worth(order.symbol, units)
    row = state.rows.get(order.number)
    # Reading: parts with another order's fill of the instrument between them are rows of their own.
    latest = next((one for one in reversed(state.fills) if one.symbol == order.symbol), None)
    if row is None or row is not latest:
        liquidity = "taker" if offer.taker else "maker"
        row = FillRow(
            order.number, offer.ts, order.symbol, 0, price, offer.raw, ZERO, ZERO, liquidity,
            offer.reason,
        )  # fmt: skip
        state.rows[order.number] = row
        state.fills.append(row)
    # Reading: parts of one row that paid different prices have their average.
    before = abs(row.units)
    row.price = (before * row.price + units * price) / (before + units)
    row.units += order.side * units
    row.commission += owed.commission
    row.fees += owed.fee
    row.impact += quantity * priced.impact
    row.slippage += quantity * (abs(price - offer.raw) - priced.impact)
    row.flags |= priced.flags
    row.unsure |= priced.unsure


# -------------------------------------------------------------------------------------------- Money


def fill_opening(state: State, offer: Offer) -> None:
    """The opening part of one offer: checked, filled, cut or ended."""
    order = offer.order
    end_over_cap(state, offer)
    end_useless(state, order)
    units = fillable(state, offer)
    if not units or order.reduce_only:
        return
    if state.is_cash_account and order.side < 0:
        end(state, order, "short_not_allowed")
        return
    units = _borrowable(state, offer, units)
    if not units:
        return
    passes = _affordable(state, offer)
    what = f"order {order.number} affordable"
    if passes(units, what):
        _fill(state, offer, units)
        return
    _keep_amounts(state, order, [_change(state, offer, units)])
    if state.status != "bankrupt" and state.equity() <= 0:
        state.note("open: an order on the way, and nothing left")
    insufficient = state.scenario.execution["insufficient"]
    count = 0
    if insufficient != "reject" or order.is_sized_by_money:
        if state.scenario.account["kind"] == "net_leverage":
            count = largest_of_all(state, passes, units - 1, what)
        else:
            count = largest(passes, 0, units - 1, what)
        if count:
            _fill(state, offer, count)
    _end_opening(state, order, count)


def _borrowable(state: State, offer: Offer, units: int) -> int:
    """How many of so many increments there are to sell short; what there is not ends."""
    order, shares = offer.order, offer.bar.borrow_shares
    borrow = state.scenario.borrow or {}
    if order.side > 0 or borrow.get("availability", "any") == "any" or shares is None:
        return units
    most = whole(shares / Decimal(state.specs[order.symbol].increment))
    left = max(0, most + min(0, state.position[order.symbol]))
    if units <= left:
        return units
    if state.scenario.execution["insufficient"] == "reject" and not order.is_sized_by_money:
        left = 0
    state.note("rule: more than can be borrowed, and not all of it affordable") if left else None
    if left:
        _fill(state, offer, left)
    _end_opening(state, order, left, "no_borrow")
    return 0


def _change(state: State, offer: Offer, units: int) -> Change:
    price = price_of(state, offer, units).price
    owed = bill(state, offer.order, _slice(state, offer, units, price))
    return Change(offer.order.symbol, offer.order.side * units, offer.raw, price, owed.total)


def _one_after_the_other(state: State, wanted: Sequence[tuple[Offer, int]]) -> list[Change]:
    """Imagined trades, each at the price that those before it leave."""
    used, moves = dict(state.used), dict(state.moves)
    changes: list[Change] = []
    for offer, units in wanted:
        changes.append(_change(state, offer, units))
        fraction = price_of(state, offer, units).fraction
        take(state, state.used, offer, units)
        move_level(state, offer, fraction)
    state.used, state.moves = used, moves
    return changes


def _affordable(state: State, offer: Offer) -> Callable[[int, str], bool]:
    """Whether the state after so many units passes; a named question notes a close call."""

    def passes(units: int, what: str = "") -> bool:
        needed, available = amounts(state, [_change(state, offer, units)])
        return at_most(state, needed, available, what)

    return passes


def at_most(state: State, a: Decimal, b: Decimal, what: str = "") -> bool:
    """Whether a ≤ b, amounts within one part in 10¹² being equal; a close call is noted."""
    scale = max(abs(a), abs(b))
    over, room = a - b, scale * EQUAL_MONEY
    if what:
        noise = FLOAT_NOISE * max(state.peak, scale)
        is_near = room / 10 < over < scale * CLOSE_CALL or abs(over - room) <= noise
        # A level on a path is known to some 10⁻¹² of it only.
        is_near |= bool(state.calls) and abs(over) < scale * CLOSE_CALL
        if is_near and (state.calls or not (_is_float(a) and _is_float(b))):
            state.note(what)
    return over <= room


def _is_float(value: Decimal) -> bool:
    """Whether a float holds the value exactly, so that float arithmetic most likely did too."""
    return Decimal(float(value)) == value


def largest(passes: Callable[[int, str], bool], low: int, high: int, what: str) -> int:
    """The largest count in [low, high] that passes, `low` if none does; counts are monotone."""
    bottom, top = low, high
    while low < high:
        middle = (low + high + 1) // 2
        if passes(middle, ""):
            low = middle
        else:
            high = middle - 1
    for count in (low, low + 1):
        if bottom < count <= top + 1:
            passes(count, what)
    return low


def largest_of_all(state: State, passes: Callable[[int, str], bool], high: int, what: str) -> int:
    """The largest count in [low, high] that passes, counted down where counts are not monotone."""
    count = next((n for n in range(high, 0, -1) if passes(n, "")), 0)
    for near in {count, count + 1, high + 1} - {0}:
        passes(near, what)
    return count


def _keep_amounts(state: State, order: Order, changes: list[Change]) -> None:
    order.needed, order.available = amounts(state, changes)


def _end_opening(
    state: State, order: Order, count: int, reason: str = "insufficient_funds"
) -> None:
    """What the opening part could not fill ends; an order sized by money that just filled
    ``count`` increments is cut instead."""
    if not order.is_sized_by_money or not count:
        end(state, order, reason)
        return
    order.needed = order.available = None
    order.reason = "sized_down"
    order.status = "FILLED"
    order.units = order.filled


# --------------------------------------------------------------------- Money: whole or not at all


def fill_whole(state: State, offer: Offer) -> None:
    """A fill-or-kill order in its turn: cap, then money, for the whole of it."""
    order = offer.order
    units, cap = order.remaining, cap_left(state, offer)
    opening = units - min(units, closable(state, order))
    is_over = cap is not None and units > cap
    if is_over:
        # Also with `over_cap: reject`, and before the position is asked.
        finish(state, order, "CANCELED", "fok")
    elif opening and order.reduce_only:
        end(state, order, "reduce_only")
    elif opening and state.is_cash_account and order.side < 0:
        end(state, order, "short_not_allowed")
    # Reading: one that only closes is never refused for money, as no closing part is.
    elif opening and not _affordable(state, offer)(units, f"order {order.number} whole"):
        _keep_amounts(state, order, [_change(state, offer, units)])
        end(state, order, "insufficient_funds")
    elif units:
        _fill(state, offer, units)


def fill_atomic(state: State, offers: Sequence[Offer]) -> None:
    """All legs of a group, by instrument, then sequence; or none of them."""
    position, used = dict(state.position), dict(state.used)
    for offer in offers:
        order, symbol = offer.order, offer.order.symbol
        left = cap_left(state, offer, used)
        # Reading: legs of one instrument share its cap, and wait also with `over_cap: reject`.
        if left is not None and order.remaining > left:
            return
        take(state, used, offer, order.remaining)
        position[symbol] += order.side * order.remaining
    if state.is_cash_account and any(units < 0 for units in position.values()):
        # Reading: the same end as for money, with the reason of the rule that fails.
        _refuse(state, offers, "short_not_allowed")
        return
    changes = _one_after_the_other(state, [(offer, offer.order.remaining) for offer in offers])
    what = f"group of order {offers[0].order.number}"
    # Reading: a group only closes where each of its legs does, and no instrument's go too far.
    only_closes = all(
        offer.order.side * state.position[offer.order.symbol] < 0
        and position[offer.order.symbol] * state.position[offer.order.symbol] >= 0
        for offer in offers
    )
    # Reading: without gap improvement legs may have prices that differ; the print marks them.
    compared = amounts(state, changes, at_print=True)
    if not only_closes and not at_most(state, *compared, what):
        for offer in offers:
            _keep_amounts(state, offer.order, changes)
        _refuse(state, offers, "insufficient_funds")
        return
    # Reading: each leg's fill has its own effects: reduce-only orders end where one turns a
    # position and the next one turns it back.
    for offer in offers:
        _fill(state, offer, offer.order.remaining)


def _refuse(state: State, offers: Sequence[Offer], reason: str) -> None:
    """Ends all legs of a group for one reason."""
    for offer in offers:
        offer.order.atomic = []
    for offer in offers:
        end(state, offer.order, reason)


# ------------------------------------------------------------------------------------- Money: scale


@dataclass
class _Part:
    """An offer of a scaled batch: what it closes and opens if everything fills."""

    offer: Offer
    closing: int
    opening: int
    is_refused: bool


def fill_scaled(state: State, offers: Sequence[Offer]) -> None:
    """Step 4 where all opening parts of the batch are judged together: times one largest factor
    with `scale`, else all of them or none."""
    parts = _parts(state, offers)
    counts = [part.opening for part in parts]
    openings = [n for n in counts if n]
    what = "scale of orders " + " ".join(str(p.offer.order.number) for p in parts if p.opening)

    def passes(trial: Sequence[int], what: str = "") -> bool:
        return at_most(state, *amounts(state, _changes(state, parts, trial)), what)

    if openings and not passes(counts, what):
        for part in parts:
            if part.opening:
                _keep_amounts(state, part.offer.order, _changes(state, parts, counts))
        if _are_rivals(parts):
            state.note("rule: scale with members of one group")
        if state.is_scaled:
            counts = _scaled(openings, counts, passes, what)
        else:
            counts = [0 for _ in counts]
    cut = [(part, n) for part, n in zip(parts, counts, strict=True) if n < part.opening]
    idle: list[Order] = []
    for part, count in zip(parts, counts, strict=True):
        left = min(part.closing, part.offer.order.remaining) - _fill_closing_of(state, part)
        if left and not part.offer.order.reduce_only and not part.is_refused:
            idle.append(part.offer.order)
        # Earlier fills of the batch may have taken from a member of a group.
        count = min(count, part.offer.order.remaining)
        if count:
            _fill(state, part.offer, count)
        end_useless(state, part.offer.order)
    for part, count in cut:
        _end_opening(state, part.offer.order, count)
    for order in idle:
        # It was to close what others were not allowed to open.
        if order.working:
            end(state, order, "insufficient_funds")
    for part in parts:
        if part.is_refused:
            end(state, part.offer.order, "short_not_allowed")


def _are_rivals(parts: Sequence[_Part]) -> bool:
    """Whether a fill of the batch takes from an opening part of it, or ends it."""
    numbers = {part.offer.order.number for part in parts}
    return any(p.opening and not numbers.isdisjoint(p.offer.order.oco) for p in parts)


def _fill_closing_of(state: State, part: _Part) -> int:
    order = part.offer.order
    units = min(part.closing, closable(state, order), order.remaining)
    if units:
        _fill(state, part.offer, units)
    return units


def _parts(state: State, offers: Sequence[Offer]) -> list[_Part]:
    """Closing and opening parts along the position as it would be if everything filled."""
    position, used = dict(state.position), dict(state.used)
    parts: list[_Part] = []
    for offer in offers:
        order = offer.order
        left = cap_left(state, offer, used)
        can_close = max(0, -order.side * position[order.symbol])
        wanted = min(order.remaining, can_close) if order.reduce_only else order.remaining
        rejects = state.scenario.execution.get("over_cap") == "reject"
        is_ours = not order.is_accounts
        if rejects and is_ours and order.working and left is not None and wanted > left:
            end(state, order, "over_cap")
        units = order.remaining if left is None else min(order.remaining, left)
        closing = min(units, can_close)
        opening = 0 if order.reduce_only else units - closing
        is_refused = opening > 0 and state.is_cash_account and order.side < 0
        if is_refused:
            opening = 0
        position[order.symbol] += order.side * (closing + opening)
        take(state, used, offer, closing + opening)
        parts.append(_Part(offer, closing, opening, is_refused))
    return parts


def _changes(state: State, parts: Sequence[_Part], counts: Sequence[int]) -> list[Change]:
    """The imagined trades of a batch with these opening counts."""
    position = dict(state.position)
    wanted: list[tuple[Offer, int]] = []
    for part, count in zip(parts, counts, strict=True):
        order = part.offer.order
        closing = min(part.closing, max(0, -order.side * position[order.symbol]))
        if closing + count:
            position[order.symbol] += order.side * (closing + count)
            wanted.append((part.offer, closing + count))
    return _one_after_the_other(state, wanted)


def _scaled(
    openings: Sequence[int],
    counts: Sequence[int],
    passes: Callable[[Sequence[int], str], bool],
    what: str,
) -> list[int]:
    """Counts at the largest factor that passes; the factor counts after rounding down."""
    # Reading: the state that must pass is the one with the parts already rounded down.
    low, high = Fraction(0), Fraction(1)
    # Two different factors at which a count steps lie at least this far apart.
    while high - low > Fraction(1, max(openings) ** 2):
        middle = (low + high) / 2
        if passes([int(middle * n) for n in counts], ""):
            low = middle
        else:
            high = middle
    steps = {Fraction(m, n) for n in openings for m in range(int(low * n) + 1, int(high * n) + 1)}
    failed: list[int] | None = None
    for factor in sorted({low, *steps}, reverse=True):
        trial = [int(factor * n) for n in counts]
        if factor == 0 or passes(trial, ""):
            if factor:
                passes(trial, what)
            if failed is not None:
                passes(failed, what)
            return trial
        failed = trial
    return [0 for _ in counts]


# -------------------------------------------------------------------------- Money: submission check


def check_submission(state: State, leaving: Sequence[Order]) -> None:
    """Phase 7: orders that only open, against the room the account has at the last marks."""
    projected = dict(state.position)
    is_reject = state.scenario.execution["insufficient"] == "reject"
    if not state.is_cash_account and not (leaving and is_reject):
        return
    left = room(state)
    if left is None:
        return
    # Reading: what takes no room makes none either, nor moves the position that others are judged
    # along.
    numbers = {order.number for order in leaving}
    for order in state.orders:
        if order.number not in numbers and _is_judged(state, order):
            closes, opens = _split(state, projected, order)
            left += closes - opens
    splits: list[tuple[Order, Decimal, Decimal]] = []
    for order in leaving:
        if not _is_judged(state, order):
            continue
        if _is_only_short(state, projected, order):
            # Reading: an order rejected here as a short never moves the projected position.
            end(state, order, "short_not_allowed")
            continue
        if not order.working:
            continue
        closes, opens = _split(state, projected, order)
        left += closes
        splits.append((order, closes, opens))
    for order, closes, opens in splits:
        # Reading: what an order was to close makes room also where its group has ended since.
        if not order.working:
            continue
        session = first_session(state, order)
        _judge(state, order, closes, opens, left + settling(state, session))
        if session is None and state.unsettled:
            state.note("rule: unsettled money and an order without a print")
        if order.working and not order.is_sized_by_money:
            # Reading: the opening part of a reversal takes room too; only its check is put off.
            left -= opens
        if order.oco and not order.working:
            left -= _judge_next(state, projected, order, left)


def _is_judged(state: State, order: Order) -> bool:
    """Whether an order counts here: of an OCO group only its first member that works does."""
    if not order.live or order.reduce_only:
        # Reading: a leg whose group ended for another one's reason does not count either.
        return False
    others = (state.orders[number - 1] for number in order.oco)
    return not any(other.live and other.number < order.number for other in others)


def _judge_next(state: State, along: dict[str, int], ended: Order, room: Decimal) -> Decimal:
    """The members of a group after one that was refused, each in turn; the room that one takes.

    What it closes makes room.
    """
    # Reading: it comes up late, and is judged along the position that all that left would make.
    for number in sorted(ended.oco):
        order = state.orders[number - 1]
        if not order.working:
            continue
        if order.reduce_only:
            # Reading: it stands for the others as any member does, and takes no room.
            return ZERO
        if _is_only_short(state, along, order):
            end(state, order, "short_not_allowed")
            continue
        closes, opens = _split(state, along, order)
        _judge(state, order, closes, opens, room)
        if order.working:
            return opens - closes
    return ZERO


def _is_only_short(state: State, projected: Mapping[str, int], order: Order) -> bool:
    if not state.is_cash_account or order.side >= 0 or order.units is None:
        return False
    return projected[order.symbol] <= 0


def _split(state: State, projected: dict[str, int], order: Order) -> tuple[Decimal, Decimal]:
    """Values an order closes and opens at the last mark; moves the projected position."""
    units, symbol = order.remaining, order.symbol
    closing = min(units, max(0, -order.side * projected[symbol]))
    projected[symbol] += order.side * units
    return (
        weight(state, symbol, -order.side * closing),
        weight(state, symbol, order.side * (units - closing)),
    )


def _judge(state: State, order: Order, closes: Decimal, opens: Decimal, room: Decimal) -> None:
    """Rejects an order that only opens, and opens more than the room left."""
    if state.scenario.execution["insufficient"] != "reject" or closes or not opens:
        return
    if order.is_sized_by_money:
        return
    if not at_most(state, opens, room, f"order {order.number} submission"):
        order.needed, order.available = opens, room
        end(state, order, "insufficient_funds")


# ------------------------------------------------------------------ Sizing from a weight or a value


def size(
    state: State, order: Order, raw: Decimal, bar: Bar | None, where: str, equity: Decimal
) -> None:
    """Gives an order made from a target its quantity."""
    if order.target == "qty":
        _size_to_quantity(state, order)
        return
    # A weight or a value is money of the base, prices and costs are the instrument's.
    goal = _goal(order, equity) / state.fx(order.symbol)
    others = state.on_its_way(order.symbol, without=order, at_decision=where == "decision")
    held = state.position[order.symbol] + others
    value = state.worth(order.symbol, held) * raw
    side = 1 if goal > value else -1
    ts = max(state.now, order.arrival) if where == "open" else state.now
    place = Place(order.symbol, side, raw, bar, where, ts)
    reached = held if goal == value else _sized(state, order, goal, held, place)
    _give_units(order, reached - held)


def _size_to_quantity(state: State, order: Order) -> None:
    """What is missing now to a quantity, as working orders stand."""
    goal = whole(order.value / Decimal(state.specs[order.symbol].increment))
    held = state.position[order.symbol] + state.on_its_way(order.symbol, without=order)
    _give_units(order, goal - held)


def _give_units(order: Order, trade: int) -> None:
    if trade == 0:
        order.status, order.reason = "CANCELED", "no_change"
        order.units = 0
        return
    order.side = 1 if trade > 0 else -1
    order.units = abs(trade)


def _goal(order: Order, equity: Decimal) -> Decimal:
    if order.target == "value":
        return order.value
    return order.value * max(ZERO, equity)


def _sized(state: State, order: Order, goal: Decimal, held: int, place: Place) -> int:
    """The signed position to hold: up to the goal with costs, or down to it without."""
    if goal == 0:
        return 0
    direction = 1 if goal > 0 else -1
    increases = place.side == direction
    what = f"order {order.number} sizing"

    def fits(count: int, what: str = "") -> bool:
        trade = abs(direction * count - held)
        # Reading: no trade at all is judged at the price of one increment.
        price = price_at(state, order, place, max(1, trade)).price
        cost = state.worth(order.symbol, count) * price
        if increases:
            cost += _costs(state, place, trade, price) if trade else 0
        return at_most(state, cost, abs(goal), what)

    floor = max(0, direction * held) if increases else 0
    # No price is lower than the guardrail lets it be.
    least = place.raw * (1 - Decimal(state.scenario.execution["guardrail"]))
    top = int(abs(goal) / (state.worth(order.symbol, 1) * least)) + 1
    top = max(floor, top) if increases else min(top, max(0, direction * held))
    # Never beyond what is held in the other direction, also if that costs more than the goal.
    found = largest(fits, floor, top, what)
    _note_if_another_fits(state, fits, found, top, what)
    return direction * found


def _costs(state: State, place: Place, trade: int, price: Decimal) -> Decimal:
    """Commission and fees of a whole trade that takes."""
    symbol = place.symbol
    quantity, notional = state.amount(symbol, trade), state.worth(symbol, trade) * price
    session = _session_of(state, place)
    return bill(state, None, Slice(symbol, place.side, quantity, notional, session, True)).total


def _session_of(state: State, place: Place) -> int:
    """The session whose terms hold at a place."""
    if place.where != "decision" and place.bar is not None:
        return place.bar.session
    # Reading: a decision belongs to the session that ends with the last bar.
    ended = [bar for rows in state.bars.values() for bar in rows if bar.t_close <= state.now]
    return max(bar.session for bar in ended)


def _note_if_another_fits(
    state: State, fits: Callable[[int, str], bool], found: int, top: int, what: str
) -> None:
    """Where the price falls with the count, a larger one may fit again."""
    tried = {found + 2 + (top - found - 2) * i // STEPS for i in range(STEPS + 1)}
    if any(found + 1 < count <= top and fits(count, "") for count in tried):
        state.note(f"rule: {what} where a larger count fits again")
