"""A generator of small adversarial scenarios that use every kind of order.

`random_order_scenario(seed)` draws worlds as `random_scenario` does, but shorter, and in them
auctions, trails, if-touched orders, conditions, lives, groups, amends and latencies. An order is
always one that a venue would accept: what is an `OrderError` is tested elsewhere. Amends and
cancels mean orders by tag, as targets may or may not make an order and so move the numbers.

`any_scenario(seed)` is for odd seeds one of these; of the even ones every other is one with the
oldest kinds of orders, and every other one about costs and liquidity.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any

from .cost_scenarios import random_cost_scenario
from .scenarios import (
    HOUR,
    MINUTE,
    SECOND,
    Account,
    Action,
    Execution,
    InstrumentSpec,
    Latency,
    OcoSpec,
    OrderSpec,
    Scenario,
    Style,
    complicate,
    draw_cash,
    draw_commission,
    draw_count,
    draw_execution,
    draw_instrument,
    draw_level,
    draw_slippage,
    draw_style,
    draw_target,
    quantity,
    random_scenario,
    session_closes,
)

LIMITS = ("limit", "stop_limit", "limit_if_touched", "limit_on_open", "limit_on_close")
STOPS = ("stop", "stop_limit", "market_if_touched", "limit_if_touched")
TRAILS = ("trailing_stop", "trailing_stop_limit")
AUCTIONS = ("market_on_open", "limit_on_open", "market_on_close", "limit_on_close")
PLAIN = ("market", "market", "limit", "limit", "stop", "stop_limit")
# Factors of these are exact in doubles, so that a level on the grid is the same for everybody.
PERCENTS = (1.5625, 3.125, 6.25, 12.5)


def any_scenario(seed: int) -> Scenario:
    """A scenario of one of the three generators in turn."""
    if seed % 2:
        return random_order_scenario(seed)
    return random_cost_scenario(seed) if seed % 4 == 2 else random_scenario(seed)


def random_order_scenario(seed: int) -> Scenario:
    """One adversarial scenario with all kinds of orders; the same seed gives the same one."""
    rng = random.Random(f"orders {seed}")
    execution = _execution(rng)
    slippage = draw_slippage(rng)
    style = draw_style(rng, slippage["kind"], execution["limit"])
    style = replace(style, n_bars=rng.randint(4, 12), bars_per_session=rng.randint(2, 4))
    symbols = "ABC"[: rng.choice((1, 1, 1, 2, 2, 3))]
    instruments = [draw_instrument(rng, style, symbol) for symbol in symbols]
    rng.shuffle(instruments)
    kind = rng.choice(("gross_leverage", "gross_leverage", "gross_leverage", "cash"))
    cash = draw_cash(rng, style)
    closes = session_closes(instruments)
    latency = _latency(rng, execution)
    hand = _Hand(rng, style, instruments, closes, execution, latency)
    scenario = Scenario(
        cash=cash,
        account=Account(kind=kind, k=rng.choice((1.0, 1.0, 2.0, 100.0))),
        execution=execution,
        commission=draw_commission(rng, style),
        slippage=slippage,
        instruments=instruments,
        actions=hand.actions(),
        session_closes=closes,
        latency=latency,
    )
    complicate(rng, scenario)
    return scenario


def _execution(rng: random.Random) -> Execution:
    execution = draw_execution(rng)
    execution["trailing"] = rng.choice(("path", "path", "close"))
    cutoff = rng.choice((0, 30 * SECOND, MINUTE, 2 * MINUTE, 10 * MINUTE, 10 * MINUTE))
    execution["close_cutoff_ns"] = cutoff
    return execution


def _latency(rng: random.Random, execution: Execution) -> Latency | None:
    if execution["timing"] == "same_close" or rng.random() < 0.75:
        return None
    half = SECOND // 2
    delays = (0, half, SECOND, 30 * SECOND, MINUTE, 61 * SECOND, 2 * HOUR)
    usual = rng.choice(delays)
    submit, amend, cancel = (rng.choice((usual, usual, rng.choice(delays))) for _ in range(3))
    if submit + amend + cancel == 0:
        return None
    return Latency(submit_ns=submit, amend_ns=amend, cancel_ns=cancel)


@dataclass
class _Hand:
    """What draws the orders of one scenario: the world, and the orders that have a tag so far."""

    rng: random.Random
    style: Style
    instruments: list[InstrumentSpec]
    closes: dict[int, int]
    execution: Execution
    latency: Latency | None
    at: int = 0
    n_tags: int = 0
    known: dict[str, OrderSpec] = field(default_factory=dict)
    legs: list[str] = field(default_factory=list)
    sides: dict[str, int] = field(default_factory=dict)

    @property
    def closes_only(self) -> bool:
        return self.style.closes_only

    def actions(self) -> list[Action]:
        times = sorted({bar.t_close for spec in self.instruments for bar in spec.bars})
        actions: list[Action] = []
        for self.at in times[:-1]:
            if self.rng.random() < 0.6:
                n = self.rng.choice((1, 1, 2, 3))
                actions.extend(self._draw(times[-1]) for _ in range(n))
        return actions

    def _draw(self, last: int) -> Action:
        draw = self.rng.random()
        if self.known and draw < 0.24:
            # What is still on its way when the run ends has a state of its own.
            delay = 0
            if self.latency is not None:
                delay = max(self.latency["amend_ns"], self.latency["cancel_ns"])
            if self.at + delay <= last:
                return self._cancel() if draw < 0.08 else self._amend()
        spec = self.rng.choice(self.instruments)
        if draw < 0.32:
            return draw_target(self.rng, self.style, spec, self.at)
        if draw < 0.5:
            return self._submit([self._with_children(spec)])
        if draw < 0.6:
            return self._submit([self._oco(spec)])
        if draw < 0.68:
            return self._atomic()
        return self._alone(self._single(spec))

    # ---------------------------------------------------------------------------- single orders

    def _tagged(self, order: OrderSpec) -> OrderSpec:
        self.n_tags += 1
        order.tag = f"o{self.n_tags}"
        self.known[order.tag] = order
        return order

    def _alone(self, order: OrderSpec) -> Action:
        """A single order, sometimes as a list of one."""
        if self.rng.random() < 0.2:
            return self._submit([order])
        terms = {name: value for name, value in vars(order).items() if name != "children"}
        return Action(self.at, "order", **terms)

    def _submit(self, orders: list[OrderSpec | OcoSpec], *, atomic: bool = False) -> Action:
        return Action(self.at, "submit", orders=orders, atomic=atomic)

    def _single(self, spec: InstrumentSpec, side: int = 0) -> OrderSpec:
        """An order of any type, life and condition that go together."""
        rng = self.rng
        types: tuple[str, ...] = (*PLAIN, "market_if_touched", "limit_if_touched", *TRAILS)
        types += AUCTIONS[2:] if self.closes_only else AUCTIONS
        order = self._order(spec, rng.choice(types), side)
        if order.type not in AUCTIONS:
            self._give_life(order)
        if order.type == "limit" and order.tif not in ("IOC", "FOK"):
            order.post_only = rng.random() < 0.2
        order.reduce_only = rng.random() < 0.2
        return self._tagged(order)

    def _order(self, spec: InstrumentSpec, kind: str, side: int = 0) -> OrderSpec:
        """A DAY order of a type, with the prices that belong to it."""
        side = side or self.rng.choice((1, 1, 1, -1, -1))
        units = draw_count(self.rng)
        order = OrderSpec(spec.symbol, quantity(self.style, side * units), kind)
        self._give_prices(order, spec)
        return order

    def _give_prices(self, order: OrderSpec, spec: InstrumentSpec) -> None:
        if order.type in LIMITS:
            order.limit_price = self._level(spec)
        if order.type in STOPS:
            order.stop_price = self._level(spec)
        if order.type in TRAILS:
            if self.rng.random() < 0.6:
                order.trail_amount = self._trail(spec)
            else:
                order.trail_percent = self.rng.choice(PERCENTS)
        if order.type == "trailing_stop_limit":
            order.limit_offset = self._distance(1, 2)

    def _level(self, spec: InstrumentSpec) -> float:
        level = draw_level(self.rng, self.style, spec, self.at)
        return round(level / spec.tick) * spec.tick if spec.tick else level

    def _trail(self, spec: InstrumentSpec) -> float:
        """On a grid often what brings the level from the last close to a price to come."""
        past = [bar for bar in spec.bars if bar.t_close <= self.at]
        if past and self.style.prices == "grid" and self.rng.random() < 0.6:
            ahead = abs(past[-1].close - self._level(spec))
            if ahead:
                return ahead
        return self._distance(1, 3)

    def _distance(self, low: int, high: int) -> float:
        """Steps of the grid; off the grid what never makes two prices meet by chance."""
        steps = self.rng.randint(low, high)
        if self.style.prices == "grid" or self.style.tick:
            return steps * max(self.style.step, self.style.tick or 0.0)
        return steps * self.style.base * 0.0100037

    def _give_life(self, order: OrderSpec) -> None:
        rng = self.rng
        lives = ["DAY", "DAY", "GTC", "GTC", "GTD"]
        if order.type in ("market", "limit"):
            lives += ["IOC"] if self.closes_only else ["IOC", "FOK"]
        order.tif = rng.choice(lives)
        if order.tif == "GTD":
            self._give_end(order)

    def _give_end(self, order: OrderSpec | Action) -> None:
        """A session to come, or a moment at, near or between the times of bars to come."""
        rng = self.rng
        labels = [label for label, close in self.closes.items() if close > self.at]
        if rng.random() < 0.4:
            # The last ones may lie after the last session there is.
            order.good_till_session = rng.choice(range(labels[0], labels[-1] + 3)[:4])
            return
        times = {
            t
            for spec in self.instruments
            for bar in spec.bars
            for t in (bar.t_close, bar.t_close, bar.t_open)
            if t > self.at
        }
        moment = rng.choice(sorted(times)[:6]) + rng.choice((0, SECOND, 20 * SECOND))
        # A datetime holds whole microseconds.
        order.good_till = max(moment // 1_000, self.at // 1_000 + 1) * 1_000

    # ----------------------------------------------------------------------------------- groups

    def _with_children(self, spec: InstrumentSpec) -> OrderSpec:
        """An entry with a bracket, or with one or two orders that it brings to life."""
        rng = self.rng
        if rng.random() < 0.5:
            return self._bracket(spec)
        parent = self._single(spec)
        for _ in range(rng.choice((1, 1, 2))):
            other = spec if rng.random() < 0.8 else rng.choice(self.instruments)
            parent.children.append(self._child(parent, other))
        if rng.random() < 0.2 and isinstance(parent.children[0], OrderSpec):
            child = parent.children[0]
            child.children.append(self._child(child, spec))
        return parent

    def _child(self, parent: OrderSpec, spec: InstrumentSpec) -> OrderSpec:
        """Of any type but market where that would fill at the close it comes with."""
        rng = self.rng
        at_once = self.execution["timing"] == "same_close"
        child = self._single(spec, side=rng.choice((1, -1)))
        while child.tif in ("IOC", "FOK") or (child.type == "market" and at_once):
            del self.known[child.tag]
            child = self._single(spec, side=rng.choice((1, -1)))
        if child.symbol == parent.symbol and rng.random() < 0.5:
            child.qty = None
        self.sides[child.tag] = self._side(child) or -self._side(parent)
        return child

    def _side(self, order: OrderSpec) -> int:
        """The side of an order; of one without a quantity it is known since it was drawn."""
        if order.qty is None:
            return self.sides.get(order.tag, 0)
        return 1 if order.qty > 0 else -1

    def _bracket(self, spec: InstrumentSpec) -> OrderSpec:
        """Entry, take profit and stop loss; the exits usually on their own sides of the entry."""
        rng = self.rng
        entry = self._order(spec, rng.choice(("market", "market", "limit", "stop", "stop_limit")))
        entry.tif = rng.choice(("DAY", "GTC"))
        self._tagged(entry)
        target = OrderSpec(spec.symbol, None, "limit", tif="GTC", reduce_only=True)
        kind = rng.choice(("stop", "stop", "stop", "stop_limit", "trailing_stop"))
        stop = OrderSpec(spec.symbol, None, kind, tif="GTC", reduce_only=True)
        self._give_prices(target, spec)
        self._give_prices(stop, spec)
        if stop.stop_price is not None and target.limit_price is not None:
            assert entry.qty is not None
            low, high = sorted((stop.stop_price, target.limit_price))
            is_sane = rng.random() < 0.9
            up = (entry.qty > 0) == is_sane
            target.limit_price, stop.stop_price = (high, low) if up else (low, high)
        entry.children.append(OcoSpec([self._tagged(target), self._tagged(stop)]))
        self.sides[target.tag] = self.sides[stop.tag] = -self._side(entry)
        return entry

    def _oco(self, spec: InstrumentSpec) -> OcoSpec:
        """Two or three orders, mostly alike in symbol, side and quantity."""
        rng = self.rng
        first = self._single(spec)
        orders = [first]
        for _ in range(rng.choice((1, 1, 2))):
            other = self._single(spec if rng.random() < 0.85 else rng.choice(self.instruments))
            if rng.random() < 0.75 and other.symbol == spec.symbol:
                other.qty = first.qty
            orders.append(other)
        if rng.random() < 0.15:
            first.children.append(self._child(first, spec))
        return OcoSpec(orders)

    def _atomic(self) -> Action:
        """Legs that fill together, usually of two instruments."""
        rng = self.rng
        tif = rng.choice(("DAY", "GTC", "GTC", "IOC"))
        # Where market orders wait for closing prints that limits do not meet, all are of one type.
        kinds = ["market", "market", "limit"]
        if self.execution["timing"] != "next_open" and not self.closes_only:
            kinds = [rng.choice(kinds)]
        orders: list[OrderSpec | OcoSpec] = []
        for i in range(rng.choice((2, 2, 3))):
            spec = self.instruments[i % len(self.instruments)]
            leg = self._order(spec, rng.choice(kinds))
            leg.tif = tif
            leg.tag = f"leg{self.n_tags}.{i}"
            self.legs.append(leg.tag)
            self.known[leg.tag] = leg
            orders.append(leg)
        self.n_tags += 1
        return self._submit(orders, atomic=True)

    # ------------------------------------------------------------------------- amend and cancel

    def _some(self) -> OrderSpec:
        """An order that has a tag, mostly one of the last few."""
        tags = list(self.known)
        return self.known[self.rng.choice(tags[-4:] if self.rng.random() < 0.8 else tags)]

    def _cancel(self) -> Action:
        """Of an order, mostly; now and then of a leg."""
        if self.legs and self.rng.random() < 0.3:
            return Action(self.at, "cancel", tag=self.legs[-1])
        return Action(self.at, "cancel", tag=self._some().tag)

    def _amend(self) -> Action:
        """A new quantity, new prices, a new trail or a new end, as the order has them."""
        rng = self.rng
        order = self._some()
        spec = next(s for s in self.instruments if s.symbol == order.symbol)
        action = Action(self.at, "amend", tag=order.tag)
        side = self._side(order)
        if side and rng.random() < 0.5:
            units = 1 if rng.random() < 0.25 else draw_count(rng)
            action.qty = quantity(self.style, side * units)
        new: dict[str, Any] = {}
        if order.limit_price is not None and rng.random() < 0.7:
            new["limit_price"] = self._level(spec)
        if order.stop_price is not None and rng.random() < 0.7:
            new["stop_price"] = self._level(spec)
        if order.trail_amount is not None and rng.random() < 0.7:
            new["trail_amount"] = self._distance(1, 3)
        if order.trail_percent is not None and rng.random() < 0.7:
            new["trail_percent"] = rng.choice(PERCENTS)
        for name, value in new.items():
            setattr(action, name, value)
        if order.tif == "GTD" and rng.random() < 0.4:
            self._give_end(action)
        has_end = action.good_till is not None or action.good_till_session is not None
        return action if action.qty or new or has_end else self._cancel()
