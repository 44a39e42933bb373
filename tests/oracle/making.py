"""What the strategy does in phase 7: orders made, amended, cancelled; targets.

Follows `How long an order lives`, `Groups`, `Amend and cancel` and `Latency` of
`docs/concepts/fills.md`. Where the written rule leaves room, the reading taken stands in a comment
that starts `Reading:`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from .counts import whole
from .groups import end, finish, go_live_amended, live_share
from .lives import SLACK, last_moment, session_of
from .money import check_submission, size
from .scenarios import Action, Latency, OcoSpec, OrderSpec
from .world import ON_CLOSE, TRAILING, ZERO, Order, Request, State


def decide(state: State) -> None:
    """Phase 7: the actions of this time in order, then what leaves is sized and checked."""
    before = len(state.orders)
    for action in state.scenario.actions:
        if action.at == state.now:
            made = len(state.orders)
            _act(state, action)
            _refuse_without_rate(state, state.orders[made:])
            if state.status == "bankrupt":
                _refuse_all(state, action, state.orders[before:made])
    state.canceling.clear()
    arrive_now(state)
    leaving = [order for order in state.orders[before:] if order.live]
    for order in leaving:
        order.session = session_of(state, order)
        if order.type in TRAILING:
            order.water = state.mark.get(order.symbol)
    if state.scenario.execution["size_at"] == "decision":
        _size_leaving(state, leaving)
    check_submission(state, [order for order in leaving if order.working])


def _refuse_without_rate(state: State, made: Sequence[Order]) -> None:
    """Orders whose currency has no rate yet end as they are made."""
    # Reading: what never leaves is refused at once, before a cancel or a later target reaches it.
    for order in made:
        if state.has_rate(order.symbol):
            continue
        if order.reason == "zero_quantity":
            state.note("rule: nothing to send, and no rate")
        end(state, order, "no_rate")


def _refuse_all(state: State, action: Action, others: Sequence[Order]) -> None:
    """All orders of a bankrupt account end as they are made."""
    if action.kind.startswith("target") and any(o.symbol == action.symbol for o in others):
        state.note("rule: a target after an order, both refused")
    for order in state.orders:
        if order.made_at == state.now and not order.is_accounts:
            end(state, order, "bankrupt")


def arrive_now(state: State) -> None:
    """What the venue gets in phase 7 of this very timestamp."""
    _arrive(state, [request for request in state.requests if request.arrives == state.now])


def arrive_since(state: State) -> None:
    """What the venue got since the last timestamp: before the path and the prints of this one."""
    _arrive(state, [request for request in state.requests if request.arrives < state.now])
    for order in state.orders:
        if order.good_till is not None and order.good_till < state.now:
            finish(state, order, "EXPIRED", "good_till")


def _arrive(state: State, requests: Sequence[Request]) -> None:
    """Cancels, then amends, each as they arrive, at one moment in order of order number."""
    state.requests = [request for request in state.requests if request not in requests]
    asked = sorted(requests, key=lambda r: (r.action is not None, r.arrives, r.number))
    for request in asked:
        order = state.orders[request.number - 1]
        # Reading: at its moment an order ends before a request of the same moment, as in phase 2;
        # and a cancel comes before an amend that arrived earlier in the same gap.
        if order.working and order.good_till is not None and order.good_till <= request.arrives:
            finish(state, order, "EXPIRED", "good_till")
        elif request.action is None:
            finish(state, order, "CANCELED", request.reason)
        elif order.working:
            _amend(state, order, request.action, request.arrives)


def _size_leaving(state: State, leaving: Sequence[Order]) -> None:
    """Sizes at the last mark; an order without a mark waits for its first print."""
    equity = state.equity()
    for order in leaving:
        mark = state.mark.get(order.symbol)
        if order.is_sized_by_money and mark is not None:
            rows = state.bars[order.symbol]
            seen = [bar for bar in rows if bar.t_close <= state.now and bar.has_trading]
            bar = seen[-1] if seen else None
            size(state, order, mark, bar, "decision", equity)


def _act(state: State, action: Action) -> None:
    if action.kind == "cancel":
        _ask(state, action, None)
    elif action.kind == "amend":
        _ask(state, action, action)
    elif action.kind == "order":
        _make_tree(state, _spec_of(action), None)
    elif action.kind == "submit":
        _submit(state, action)
    elif action.kind == "target_qty":
        _target_qty(state, action)
    else:
        _target_money(state, action)


def _latency(state: State) -> Latency:
    return state.scenario.latency or Latency(submit_ns=0, amend_ns=0, cancel_ns=0)


def _ask(state: State, action: Action, change: Action | None) -> None:
    """Sends a cancel, or an amend, to the order it means."""
    numbers = [action.cancel] if action.cancel else []
    if not numbers:
        numbers = [o.number for o in state.orders if o.tag == action.tag and o.working]
    delay = _latency(state)["cancel_ns" if change is None else "amend_ns"]
    for number in numbers:
        if change is None and not delay:
            # Reading: it counts at once for targets set later in the same phase.
            state.canceling.add(number)
        state.requests.append(Request(number, state.now + delay, change))


# -------------------------------------------------------------------------------------------- amend


def _amend(state: State, order: Order, change: Action, at: int) -> None:
    """The venue takes what the change names and leaves the rest."""
    is_asked = any(r.number == order.number and r.action is None for r in state.requests)
    if change.qty and order.made_at == state.now and is_asked:
        # quant does not judge it at all, though it judges one that is only about to be cancelled.
        state.note("open: a new quantity as it leaves, and a cancel under way")
    if change.qty and not _amend_quantity(state, order, change.qty, at):
        return
    if change.limit_price is not None:
        order.limit = Decimal(change.limit_price)
    if change.stop_price is not None:
        order.stop = Decimal(change.stop_price)
    has_new_trail = change.trail_amount is not None or change.trail_percent is not None
    if has_new_trail:
        order.trail_amount = _decimal(change.trail_amount)
        order.trail_percent = _decimal(change.trail_percent)
    if change.limit_price is not None or change.stop_price is not None or has_new_trail:
        _arrive_anew(state, order, at)
    _set_good_till(state, order, change)
    if order.good_till is not None and order.good_till <= at:
        # Reading: an end that has passed when it arrives is the end.
        finish(state, order, "EXPIRED", "good_till")


def _arrive_anew(state: State, order: Order, at: int) -> None:
    """A new price: the order takes part as one that arrives with its amendment."""
    order.met_print, order.is_repriced = False, True
    if order.held:
        return
    order.arrival = max(order.arrival, at)
    order.open_met = None
    joins = order.joined is not None and at <= order.joined.t_open + SLACK
    if not (joins and order.came_with_open):
        # Reading: a child joins the path of its bar with what reaches it within the slack.
        order.joined, order.came_with_open = None, False
    # Reading: the day of any other stays the one that it had.
    if order.type in ON_CLOSE:
        order.session = session_of(state, order)


def _amend_quantity(state: State, order: Order, qty: float, at: int) -> bool:
    """Sets the new whole quantity; False if that ends the order."""
    units = abs(_count(state, order.symbol, qty))
    if units <= order.filled:
        finish(state, order, "CANCELED", "amended")
        return False
    order.units, order.cut, order.is_resized = units, 0, True
    parent = state.find(order.parent) if order.parent else None
    if parent is not None:
        # Reading: a child whose parent is over is an order like any other.
        order.share = order.units if order.is_parent_over else live_share(order, parent)
        if order.held and order.share:
            go_live_amended(state, order, at)
    return True


# ------------------------------------------------------------------------------------------- making


def _spec_of(action: Action) -> OrderSpec:
    return OrderSpec(
        symbol=action.symbol,
        qty=action.qty,
        type=action.type,
        limit_price=action.limit_price,
        stop_price=action.stop_price,
        tif=action.tif,
        trail_amount=action.trail_amount,
        trail_percent=action.trail_percent,
        limit_offset=action.limit_offset,
        good_till=action.good_till,
        good_till_session=action.good_till_session,
        reduce_only=action.reduce_only,
        post_only=action.post_only,
        tag=action.tag,
    )


def _submit(state: State, action: Action) -> None:
    made = _make_all(state, action.orders, None)
    if action.atomic:
        for order in made:
            order.atomic = [other.number for other in made if other is not order]
    _refuse_empty(state, made)


def _make_all(
    state: State, specs: Sequence[OrderSpec | OcoSpec], parent: Order | None
) -> list[Order]:
    """The orders of a list, each followed by its children; those of the list itself are given."""
    made: list[Order] = []
    for spec in specs:
        if isinstance(spec, OrderSpec):
            made.append(_make(state, spec, parent))
            continue
        members = [_make(state, one, parent) for one in spec.orders]
        alike = len({(o.symbol, o.side, o.units) for o in members}) == 1
        for order in members:
            order.oco = [other.number for other in members if other is not order]
            order.is_cut_by_increment = alike
        made.extend(members)
    return made


def _make_tree(state: State, spec: OrderSpec, parent: Order | None) -> None:
    _refuse_empty(state, [_make(state, spec, parent)])


def _refuse_empty(state: State, made: Sequence[Order]) -> None:
    """Orders of less than one increment end as soon as all of what was sent is known."""
    for order in made:
        if state.status == "bankrupt":
            end(state, order, "bankrupt")
        if not order.units:
            end(state, order, "zero_quantity")
        _refuse_empty(state, [state.orders[number - 1] for number in order.children])


def _make(state: State, spec: OrderSpec, parent: Order | None) -> Order:
    """One order with its children, under the next numbers."""
    order = _new(state, spec.symbol)
    order.type, order.tif, order.tag = spec.type, spec.tif, spec.tag
    order.limit, order.stop = _decimal(spec.limit_price), _decimal(spec.stop_price)
    order.trail_amount = _decimal(spec.trail_amount)
    order.trail_percent = _decimal(spec.trail_percent)
    order.limit_offset = _decimal(spec.limit_offset) or ZERO
    order.reduce_only, order.post_only = spec.reduce_only, spec.post_only
    _set_good_till(state, order, spec)
    if spec.qty is None:
        assert parent is not None
        order.side, order.units = -parent.side, parent.units
    else:
        order.side = 1 if spec.qty > 0 else -1
        order.units = abs(_count(state, spec.symbol, spec.qty))
    if parent is not None:
        order.parent, order.held = parent.number, True
    order.children = [child.number for child in _make_all(state, spec.children, order)]
    return order


def _new(state: State, symbol: str) -> Order:
    """A market DAY order of this time under the next number."""
    arrival = state.now + _latency(state)["submit_ns"]
    order = Order(len(state.orders) + 1, symbol, "market", "DAY", state.now, arrival)
    state.orders.append(order)
    return order


def _set_good_till(state: State, order: Order, spec: OrderSpec | Action) -> None:
    if spec.good_till is not None:
        order.good_till, order.is_till_moment = spec.good_till, True
    elif spec.good_till_session is not None:
        order.good_till = last_moment(state, spec.good_till_session)
        order.is_till_moment = False


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _count(state: State, symbol: str, qty: float) -> int:
    return whole(Decimal(qty) / Decimal(state.specs[symbol].increment))


# ------------------------------------------------------------------------------------------ targets


def _earlier_target(state: State, symbol: str) -> Order | None:
    """The working target order of an instrument; there is never more than one."""
    working = state.working(symbol)
    found = (o for o in working if o.target and not o.is_replaced and not state.is_canceling(o))
    return next(found, None)


def _replace(state: State, order: Order) -> None:
    """Ends the earlier target; with a latency that takes a cancel's time."""
    delay = _latency(state)["cancel_ns"]
    if not delay:
        finish(state, order, "CANCELED", "replaced")
        return
    order.is_replaced = True
    state.requests.append(Request(order.number, state.now + delay, reason="replaced"))


def _is_reached(state: State, symbol: str, goal: int) -> bool:
    """Whether the position is the goal once all working orders are done, protecting ones aside."""
    return state.position[symbol] + state.on_its_way(symbol, at_decision=True) == goal


def _target_qty(state: State, action: Action) -> None:
    earlier = _earlier_target(state, action.symbol)
    if earlier is not None and earlier.units is None:
        _replace(state, earlier)
    goal = _count(state, action.symbol, action.qty)
    if _is_reached(state, action.symbol, goal):
        return
    if earlier is not None and not earlier.is_replaced:
        _replace(state, earlier)
    delays = _latency(state)
    if delays["submit_ns"] or delays["cancel_ns"]:
        # What it replaces may fill before the cancel arrives, so it is sized at its print.
        order = _new(state, action.symbol)
        order.target, order.value = "qty", Decimal(action.qty)
        return
    missing = goal - state.position[action.symbol] - state.on_its_way(action.symbol)
    if missing:
        order = _new(state, action.symbol)
        order.target = "qty"
        order.side = 1 if missing > 0 else -1
        order.units = abs(missing)


def _target_money(state: State, action: Action) -> None:
    earlier = _earlier_target(state, action.symbol)
    if earlier is not None:
        _replace(state, earlier)
    kind = action.kind.removeprefix("target_")
    mark = state.mark.get(action.symbol)
    if mark is not None and not state.has_rate(action.symbol):
        # See `test_account_differences.py`.
        state.note("open: a weight or a value before there is a rate")
    elif mark is not None:
        goal = Decimal(action.value)
        if kind == "weight":
            goal *= max(ZERO, state.equity())
        goal /= state.fx(action.symbol)
        units = whole(goal / (mark * state.worth(action.symbol, 1)))
        if _is_reached(state, action.symbol, units):
            return
    order = _new(state, action.symbol)
    order.target, order.value = kind, Decimal(action.value)
