"""Where orders are made, changed and found again: the strategy's half of the order's life.

An order is a record in the kernel's memory. Making one fills that record and nothing else; it
leaves at the end of phase 7, when ``kernel.leave`` checks all orders of the moment together.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from quant.errors import OrderError
from quant.kernel.auctions import know_auctions
from quant.kernel.blank import blank_order
from quant.kernel.codes import (
    AUCTION,
    FORCED,
    GROUP_KIND,
    NEVER,
    NONE,
    ORDER_TYPE,
    REASON,
    STATUS,
    TARGET_KIND,
    TIF,
    TRIGGER,
    names,
)
from quant.kernel.layout import ARRAYS, State, word_of
from quant.kernel.run import grow
from quant.strategy.delays import Delays
from quant.strategy.orders import TYPES, Node, OneCancelsOther, Order, Parts
from quant.strategy.terms import Terms, TermsDesk, check_tag, finite, whole
from quant.strategy.views import StateViews, record_words

__all__ = ["FLATTEN_TAG", "OrderDesk"]

# of orders that a loss stop sends
FLATTEN_TAG = "risk:flatten"

_WORDS = record_words("orders")
_INSTRUMENT = record_words("instruments")
_POSITION = record_words("positions")
_SIM = {name: word_of("sim", name) for name in ARRAYS["sim"].names or ()}
_ORDER = {name: word_of("orders", name) for name in ARRAYS["orders"].names or ()}
# what every order sets, without a look-up each
_STATUS, _SIDE, _UNITS = (_ORDER[name] for name in ("status", "side", "units"))
_SIDE_VENUE, _UNITS_VENUE = _ORDER["side_venue"], _ORDER["units_venue"]
_INSTRUMENT_OF, _WHOLE = _ORDER["instrument"], _ORDER["whole"]
_NEXT_WORKING = _ORDER["next_working"]
_WORKING = word_of("instruments", "working")
_TARGET_ORDER = word_of("instruments", "target_order")
_TS_SUBMIT, _TS_FIRST, _TS_ARRIVAL = (
    _ORDER[name] for name in ("ts_submit", "ts_first", "ts_arrival")
)
_SESSION_SENT, _REPORTS_BEFORE = _ORDER["session_sent"], _ORDER["reports_before"]
_LIMIT, _STOP = _ORDER["limit"], _ORDER["stop"]
_LIMIT_SENT, _STOP_SENT = _ORDER["limit_sent"], _ORDER["stop_sent"]
_CANCEL_REASON, _FILLED_VENUE = _ORDER["cancel_reason"], _ORDER["filled_venue"]
_IS_HELD, _REDUCE_ONLY, _GROUP_KIND = (
    _ORDER[name] for name in ("is_held", "reduce_only", "group_kind")
)
_NOW, _SESSION, _N_ORDERS, _N_REPORTS = (
    _SIM[name] for name in ("now", "session", "n_orders", "n_reports")
)
_POSITION_UNITS = word_of("positions", "units")
_MARK = word_of("instruments", "mark")
_UNIT_NUM = word_of("instruments", "unit_num")
_UNIT_DEN = word_of("instruments", "unit_den")
_MULTIPLIER = word_of("instruments", "multiplier")
_EQUITY = word_of("accounts", "equity")
_FINAL = STATUS.FILLED
_FORCED = _ORDER["forced"]
_FORCED_WORDS = names(FORCED)
_IN_OCO = (GROUP_KIND.OCO, GROUP_KIND.OCO_SHARED)
_MARKET = TYPES["market"]
_TYPE_NAMES = {parts.code: name for name, parts in TYPES.items()}


@cache
def _blank(parts: Parts, life: int) -> memoryview[int]:
    """An order record as every order of a type and a time in force begins."""
    record = blank_order()
    record["type"] = parts.code
    record["trigger"] = parts.trigger
    record["is_limited"] = parts.is_limited
    record["is_trailing"] = parts.is_trailing
    record["auction"] = parts.auction
    record["tif"] = life
    row: Any = record.view(np.int64).ravel()
    return memoryview(row)


class OrderDesk:
    """Makes orders, amends and cancels them, and knows which are still working."""

    def __init__(self, views: StateViews, terms: TermsDesk, delays: Delays) -> None:
        self._views = views
        self._terms = terms
        self._delays = delays
        self._tags: list[str | None] = []

    @property
    def tags(self) -> list[str | None]:
        """Every order's tag, by id − 1; an order that the account made is tagged with why."""
        self._take_in_forced()
        return self._tags

    def _take_in_forced(self) -> None:
        """Learn of the orders made elsewhere since the last look: by a plan, or by the account,
        whose orders are not on the lists yet (what a trial walk makes must not get there)."""
        q = self._views.order_q
        for o in range(len(self._tags), self._views.sim_q[_N_ORDERS]):
            why = q[o * _WORDS + _FORCED]
            self._tags.append(_FORCED_WORDS[why] if why else None)
            if why:
                self._list(o)

    def _list(self, o: int) -> None:
        """Put an order on the list of its instrument."""
        q, base = self._views.order_q, o * _WORDS
        place = q[base + _INSTRUMENT_OF] * _INSTRUMENT + _WORKING
        q[base + _NEXT_WORKING] = self._views.instrument_q[place]
        self._views.instrument_q[place] = o

    @property
    def _state(self) -> State:
        return self._views.state

    def order(
        self,
        symbol: str,
        qty: float,
        type: str,
        limit_price: float | None,
        stop_price: float | None,
        tif: str,
        tag: str | None,
    ) -> int:
        """Make an order without conditions; returns its id."""
        i, parts, life, count, limit, stop = self._terms.plain(
            symbol, qty, type, limit_price, stop_price, tif, tag
        )
        o = self._with_size(i, parts, life, count, tag)
        if parts.code != ORDER_TYPE.MARKET:
            self._set_prices(o, limit, stop)
        return o + 1

    def submit(self, nodes: tuple[Node, ...], *, atomic: bool = False) -> list[int]:
        """Make orders with all that hangs on them; returns ids, parents before their children."""
        if atomic:
            self._check_atomic(nodes)
        checked: list[Terms] = []
        for node in nodes:
            self._check(node, None, checked)
        first = self._views.sim_q[_SIM["n_orders"]]
        rest = iter(checked)
        members = [o for node in nodes for o in self._place(node, NONE, rest)]
        if atomic:
            self._bind(members, GROUP_KIND.ATOMIC)
        return list(range(first + 1, self._views.sim_q[_SIM["n_orders"]] + 1))

    def _check(self, node: Node, parent: Order | None, checked: list[Terms]) -> None:
        """Collect the terms of a tree in order of sequence, or raise before anything is made."""
        if isinstance(node, OneCancelsOther):
            for member in node.orders:
                self._check(member, parent, checked)
            return
        qty = node.qty
        if parent is not None:
            if node.tif in ("IOC", "FOK"):
                raise OrderError(
                    f"order({node.symbol}): expected tif DAY, GTC or GTD for a child, found "
                    f"{node.tif}; a child waits for its parent."
                )
            if qty is None and node.symbol == parent.symbol and parent.qty is not None:
                qty = -parent.qty
        if qty is None:
            raise OrderError(
                f"order({node.symbol}): expected qty, found none; only a child of the same symbol "
                "can take its parent's."
            )
        checked.append(self._terms.of(node, qty))
        complete = node if node.qty is not None else dataclasses.replace(node, qty=qty)
        for child in node.children:
            self._check(child, complete, checked)

    def _check_atomic(self, nodes: tuple[Node, ...]) -> None:
        """A group that fills together has legs that can meet one print."""
        where = "ctx.submit(atomic=True)"
        legs = [node for node in nodes if isinstance(node, Order) and not node.children]
        if len(legs) < 2 or len(legs) < len(nodes):
            raise OrderError(
                f"{where}: expected at least two orders without children, found {len(nodes)} "
                f"of which {len(legs)} are; submit the others by themselves."
            )
        types = sorted({str(leg.type) for leg in legs})
        if not set(types) <= {"market", "limit"}:
            raise OrderError(
                f"{where}: expected market and limit orders, found {', '.join(types)}; "
                "change the type."
            )
        lives = sorted({str(leg.tif) for leg in legs})
        if len(lives) > 1 or lives[0] not in ("DAY", "GTC", "IOC"):
            raise OrderError(
                f"{where}: expected one tif of DAY, GTC and IOC for all legs, found "
                f"{', '.join(lives)}; make them equal."
            )
        if any(leg.reduce_only or leg.post_only for leg in legs):
            raise OrderError(
                f"{where}: expected legs without reduce_only and post_only, found one; drop it."
            )
        if len(types) > 1 and self._terms.markets_wait:
            raise OrderError(
                f"{where}: expected legs that meet one print, found market orders that fill at "
                "closes (execution.timing) and limit orders that fill at opens; make them equal."
            )

    def _place(self, node: Node, parent: int, checked: Any) -> list[int]:
        """Make the orders of a node and tie them together; returns those at its top."""
        if isinstance(node, OneCancelsOther):
            members = [o for one in node.orders for o in self._place(one, parent, checked)]
            self._bind(members, self._oco_kind(members))
            return members
        o = self._make(next(checked), parent)
        children = [c for child in node.children for c in self._place(child, o, checked)]
        q = self._views.order_q
        q[o * _WORDS + _ORDER["n_descendants"]] = self._views.sim_q[_SIM["n_orders"]] - o - 1
        for before, after in zip([None, *children], [*children, None], strict=True):
            if after is None:
                break
            place = o * _WORDS + _ORDER["first_child"]
            if before is not None:
                place = before * _WORDS + _ORDER["next_child"]
            q[place] = after
        return [o]

    def _bind(self, members: list[int], kind: int) -> None:
        """Make a ring of the members of a group."""
        q = self._views.order_q
        for o, after in zip(members, [*members[1:], members[0]], strict=True):
            base = o * _WORDS
            q[base + _ORDER["group"]] = members[0]
            q[base + _ORDER["group_kind"]] = kind
            q[base + _ORDER["next_in_group"]] = after

    def _oco_kind(self, members: list[int]) -> int:
        """Members of one symbol, side and quantity share that quantity."""
        q = self._views.order_q
        alike = {
            tuple(q[o * _WORDS + _ORDER[name]] for name in ("instrument", "side", "whole"))
            for o in members
        }
        return GROUP_KIND.OCO_SHARED if len(alike) == 1 else GROUP_KIND.OCO

    def _make(self, terms: Terms, parent: int) -> int:
        """A record with all its terms; returns its place."""
        o = self._with_size(terms.instrument, terms.parts, terms.tif, terms.units, terms.tag)
        q, f, base = self._views.order_q, self._views.order_f, o * _WORDS
        sim = self._views.sim_q
        if parent != NONE:
            q[base + _ORDER["parent"]] = parent
            q[base + _ORDER["is_held"]] = 1
            q[base + _ORDER["held_back"]] = abs(terms.units)
            q[base + _ORDER["units_venue"]] = 0
            q[base + _ORDER["ts_arrival"]] = NEVER
        self._set_prices(o, terms.limit, terms.stop)
        if terms.parts.is_trailing:
            f[base + _ORDER["trail"]] = terms.trail
            f[base + _ORDER["limit_offset"]] = terms.limit_offset
            q[base + _ORDER["is_percent"]] = terms.is_percent
            sim[_SIM["n_trailing"]] += 1
        if terms.tif == TIF.GTD:
            q[base + _ORDER["good_till"]] = terms.good_till
            q[base + _ORDER["good_session"]] = terms.good_session
            sim[_SIM["n_dated"]] += terms.good_till != NEVER
        if terms.reduce_only:
            q[base + _ORDER["reduce_only"]] = 1
            sim[_SIM["n_reducers"]] += 1
        if terms.post_only:
            q[base + _ORDER["post_only"]] = 1
        return o

    def _set_prices(self, o: int, limit: float, stop: float) -> None:
        f, base = self._views.order_f, o * _WORDS
        f[base + _LIMIT] = f[base + _LIMIT_SENT] = limit
        f[base + _STOP] = f[base + _STOP_SENT] = stop

    def _with_size(self, i: int, parts: Parts, life: int, count: int, tag: str | None) -> int:
        """A record with side and quantity."""
        o = self._new(i, parts, life, tag)
        q, base = self._views.order_q, o * _WORDS
        side, size = (1, count) if count >= 0 else (-1, -count)
        q[base + _SIDE] = q[base + _SIDE_VENUE] = side
        q[base + _UNITS] = q[base + _UNITS_VENUE] = q[base + _WHOLE] = size
        return o

    def target(
        self,
        symbol: str,
        qty: float | None,
        weight: float | None,
        value: float | None,
        tag: str | None,
    ) -> int | None:
        """Make the order that brings a symbol to a target; None when there is nothing to do."""
        given = [
            name
            for name, v in (("qty", qty), ("weight", weight), ("value", value))
            if v is not None
        ]
        if len(given) != 1:
            raise OrderError(
                f"order_target({symbol}): expected one of qty, weight and value, found "
                f"{' and '.join(given) or 'none'}; give exactly one."
            )
        i = self._terms.index_of(symbol)
        if tag is not None:
            check_tag(symbol, tag)
        earlier = self._working_target(i)
        if qty is not None:
            return self._target_count(i, self._terms.count(i, qty), earlier, tag)
        number = finite(symbol, given[0], weight if weight is not None else value)
        if earlier is not None:
            self._cancel(earlier, REASON.REPLACED)
        estimate = number if weight is None else number * max(self._views.account_f[_EQUITY], 0.0)
        mark = self._views.instrument_f[i * _INSTRUMENT + _MARK]
        if mark == mark and mark != 0.0:
            worth = abs(mark) * self._views.instrument_f[i * _INSTRUMENT + _MULTIPLIER]
            worth *= self._views.fx_of(i)
            # without a rate yet the order is made, and refused for that
            if worth == worth and whole(
                self._terms.in_increments(i, estimate / worth)
            ) == self._projected(i):
                return None
        o = self._new(i, _MARKET, TIF.DAY, tag)
        base = o * _WORDS
        kind = TARGET_KIND.WEIGHT if weight is not None else TARGET_KIND.VALUE
        self._views.order_q[base + _ORDER["target_kind"]] = kind
        self._views.order_f[base + _ORDER["target"]] = number
        self._views.order_q[base + _ORDER["side"]] = 1
        self._views.order_q[base + _ORDER["side_venue"]] = 1
        self._views.instrument_q[i * _INSTRUMENT + _TARGET_ORDER] = o
        return o + 1

    def _target_count(self, i: int, count: int, earlier: int | None, tag: str | None) -> int | None:
        """The order that brings position and working orders to ``count`` increments."""
        if earlier is not None and self._is_unsized(earlier):
            self._cancel(earlier, REASON.REPLACED)
            earlier = None
        if count == self._projected(i):
            return None
        if earlier is not None:
            self._cancel(earlier, REASON.REPLACED)
        change = count - self._projected(i)
        if change == 0 and not (earlier is not None and self._delays.is_any):
            return None
        if not self._delays.is_any:
            o = self._with_size(i, _MARKET, TIF.DAY, change, tag)
            self._views.order_q[o * _WORDS + _ORDER["target_kind"]] = TARGET_KIND.QTY
        else:
            # what is being replaced may fill before its cancel arrives
            o = self._new(i, _MARKET, TIF.DAY, tag)
            q, base = self._views.order_q, o * _WORDS
            q[base + _ORDER["side"]] = q[base + _ORDER["side_venue"]] = 1 if change > 0 else -1
            q[base + _ORDER["target_kind"]] = TARGET_KIND.COUNT
            self._views.order_f[base + _ORDER["target"]] = float(count)
        self._views.instrument_q[i * _INSTRUMENT + _TARGET_ORDER] = o
        return o + 1

    def value(self, symbol: str, value: float, tag: str | None) -> int | None:
        """Order what an amount of the base money buys at the last mark, in whole increments; None
        where that is nothing, or no price is known."""
        i = self._terms.index_of(symbol)
        if tag is not None:
            check_tag(symbol, tag)
        count = self._count_for(i, finite(symbol, "value", value))
        return self._with_size(i, _MARKET, TIF.DAY, count, tag) + 1 if count else None

    def _count_for(self, i: int, value: float) -> int:
        """Whole increments of an amount of the base money at the last mark."""
        mark = self._views.instrument_f[i * _INSTRUMENT + _MARK]
        worth = abs(mark) * self._views.instrument_f[i * _INSTRUMENT + _MULTIPLIER]
        worth *= self._views.fx_of(i)
        return whole(self._terms.in_increments(i, value / worth)) if worth > 0.0 else 0

    def bought_for(self, symbol: str, value: float) -> float:
        """The quantity that an amount of the base money buys at the last mark, in whole
        increments."""
        i = self._terms.index_of(symbol)
        f = self._views.instrument_f
        count = self._count_for(i, value)
        return count * f[i * _INSTRUMENT + _UNIT_NUM] / f[i * _INSTRUMENT + _UNIT_DEN]

    def cut(self, symbol: str, qty: float) -> float:
        """A quantity in whole increments."""
        i = self._terms.index_of(symbol)
        f = self._views.instrument_f
        count = whole(self._terms.in_increments(i, finite(symbol, "qty", qty)))
        return count * f[i * _INSTRUMENT + _UNIT_NUM] / f[i * _INSTRUMENT + _UNIT_DEN]

    def flatten(self) -> int:
        """Cancel what works and close every position, by orders that no later target replaces;
        returns how many requests that took. What it has sent before goes on."""
        tag = FLATTEN_TAG
        places = range(len(self._terms.symbols))
        others = [o for i in places for o in self._prune(i)]
        others = [o for o in others if self.tags[o] != tag]
        for o in sorted(others):
            self._cancel(o, REASON.CANCELED)
        made = 0
        for i in places:
            if self._views.position_q[i * _POSITION + _POSITION_UNITS] != 0:
                made += self._target_count(i, 0, None, tag) is not None
                self._views.instrument_q[i * _INSTRUMENT + _TARGET_ORDER] = NONE
        return made + len(others)

    def cancel(self, tag_or_id: str | int) -> int:
        """Cancel an order by id, or all working orders of a tag; returns how many were asked."""
        found = self._find("cancel", tag_or_id)
        for o in found:
            self._cancel(o, REASON.CANCELED)
        return len(found)

    def amend(
        self,
        tag_or_id: str | int,
        qty: float | None,
        limit_price: float | None,
        stop_price: float | None,
        trail_amount: float | None,
        trail_percent: float | None,
        good_till: object,
    ) -> int:
        """Ask for other terms of an order, or of all working orders of a tag; returns how many."""
        prices = {
            "limit_price": limit_price,
            "stop_price": stop_price,
            "trail_amount": trail_amount,
            "trail_percent": trail_percent,
        }
        if qty is None and good_till is None and all(p is None for p in prices.values()):
            raise OrderError(
                "amend: expected at least one of qty, limit_price, stop_price, trail_amount, "
                "trail_percent and good_till, found none; say what is to change."
            )
        found = self._find("amend", tag_or_id)
        if isinstance(tag_or_id, str):
            given = [name for name, price in prices.items() if price is not None]
            having = [o for o in found if all(self._terms_of(o)[name] for name in given)]
            found = having or found
        checked = [self._amendment(o, qty, prices, good_till) for o in found]
        for o, fields in zip(found, checked, strict=True):
            self._request(o, fields)
        return len(found)

    def _amendment(
        self, o: int, qty: float | None, prices: dict[str, float | None], good_till: object
    ) -> dict[str, float]:
        """The fields of an amendment's record that are asked for, checked as those of an order."""
        q, base = self._views.order_q, o * _WORDS
        i = q[base + _ORDER["instrument"]]
        symbol = self._terms.symbols[i]
        name = _TYPE_NAMES[q[base + _ORDER["type"]]]
        parts = TYPES[name]
        if q[base + _ORDER["target_kind"]] != TARGET_KIND.NONE:
            raise OrderError(
                f"amend({symbol}): expected an order with a quantity of its own, found one made "
                "by order_target; give another target."
            )
        fields: dict[str, float] = {}
        if qty is not None:
            count = self._terms.count(i, qty)
            if count * q[base + _ORDER["side"]] < 0:
                side = "sells" if qty > 0 else "buys"
                raise OrderError(
                    f"amend({symbol}): expected qty on the order's side, which {side}, found "
                    f"{qty:g}; write {-qty:g}, or cancel it and send another."
                )
            fields["units"] = abs(count)
        fits = self._terms_of(o)
        for word, value in prices.items():
            if value is None:
                continue
            if not fits[word]:
                raise OrderError(
                    f"amend({symbol}): expected no {word} for this {name} order, found {value}; "
                    "drop it."
                )
            if parts.is_trailing:
                fields["trail"] = self._terms.trail_of(symbol, word, value)
            else:
                price = self._terms.price(i, word, value, name, is_needed=True)
                fields[word.removesuffix("_price")] = price
        if good_till is not None:
            if q[base + _ORDER["tif"]] != TIF.GTD:
                raise OrderError(
                    f"amend({symbol}): expected an order with tif GTD to change good_till, found "
                    "another tif; drop it."
                )
            moment, session = self._terms.good_till(symbol, good_till)
            fields["good_till"], fields["good_session"] = moment, session
        return fields

    def _terms_of(self, o: int) -> dict[str, bool]:
        """Which prices an order has that can be amended."""
        q, base = self._views.order_q, o * _WORDS
        parts = TYPES[_TYPE_NAMES[q[base + _ORDER["type"]]]]
        trails = parts.is_trailing
        percent = q[base + _ORDER["is_percent"]] != 0
        return {
            "limit_price": parts.is_limited and not trails,
            "stop_price": parts.trigger != TRIGGER.NONE and not trails,
            "trail_amount": trails and not percent,
            "trail_percent": trails and percent,
        }

    def _request(self, o: int, fields: dict[str, float]) -> None:
        """Write an amendment; it takes effect when it arrives."""
        sim = self._views.sim_q
        k = sim[_SIM["n_amendments"]]
        if k >= len(self._state["amendments"]):
            grow(self._state, "amendments", k + 1)
            self._views.refresh()
        record = self._state["amendments"][k]
        now = sim[_SIM["now"]]
        delay = self._delays.amend(k)
        record["order"], record["is_done"] = o, 0
        record["ts_sent"], record["ts_arrival"] = now, now + delay
        record["session"], record["reports_before"] = sim[_SIM["session"]], sim[_SIM["n_reports"]]
        for name in ("units", "good_till", "good_session"):
            record[name] = fields.get(name, NONE)
        for name in ("limit", "stop", "trail"):
            record[name] = fields.get(name, math.nan)
        sim[_SIM["n_dated"]] += fields.get("good_till", NEVER) != NEVER
        sim[_SIM["n_amendments"]] = k + 1
        sim[_SIM["n_amends"]] += 1
        if delay > 0:
            self._views.order_q[o * _WORDS + _STATUS] = STATUS.PENDING_REPLACE

    def _find(self, what: str, tag_or_id: str | int) -> list[int]:
        """The working orders of a tag or an id, in order of sequence."""
        if isinstance(tag_or_id, str):
            tags = self.tags
            places = range(len(self._terms.symbols))
            return sorted(o for i in places for o in self._prune(i) if tags[o] == tag_or_id)
        if isinstance(tag_or_id, int) and not isinstance(tag_or_id, bool):
            if not self.tags:
                raise OrderError(
                    f"{what}: expected the id of an order, found {tag_or_id} and no order made "
                    "yet; use what ctx.order returned."
                )
            if not 1 <= tag_or_id <= len(self.tags):
                raise OrderError(
                    f"{what}: expected an id from 1 to {len(self.tags)}, found {tag_or_id}; "
                    "use what ctx.order returned."
                )
            return [tag_or_id - 1] if self._is_working(tag_or_id - 1) else []
        hint = " order_target returns None where there is nothing to do." * (tag_or_id is None)
        raise OrderError(
            f"{what}: expected a tag or an order id, found {tag_or_id!r}; use what ctx.order "
            f"returned.{hint}"
        )

    def working(self, symbol: str | None = None) -> list[int]:
        """Ids of orders that can still fill, in order of id."""
        places: Iterable[int] = range(len(self._terms.symbols))
        if symbol is not None:
            places = [self._terms.index_of(symbol)]
        return sorted(o + 1 for i in places for o in self._prune(i))

    def rebuild(self, tags: list[str | None]) -> None:
        """Go on with a restored state."""
        self._tags = list(tags)
        if self._views.sim_q[_SIM["n_auctions"]] > 0:
            know_auctions(self._state)

    def _new(self, i: int, parts: Parts, life: int, tag: str | None) -> int:
        """A record with everything but side and size."""
        sim = self._views.sim_q
        o = sim[_N_ORDERS]
        if (o + 1) * _WORDS > len(self._views.order_q):
            grow(self._state, "orders", o + 1)
            self._views.refresh()
        q, base = self._views.order_q, o * _WORDS
        q[base : base + _WORDS] = _blank(parts, life)
        q[base + _INSTRUMENT_OF] = i
        now = sim[_NOW]
        q[base + _TS_SUBMIT] = now
        arrival = now + (self._delays.submit(o) if self._delays.is_any else 0)
        q[base + _TS_FIRST] = q[base + _TS_ARRIVAL] = arrival
        q[base + _SESSION_SENT] = sim[_SESSION]
        q[base + _REPORTS_BEFORE] = sim[_N_REPORTS]
        if parts.auction != AUCTION.NONE:
            sim[_SIM["n_auctions"]] += 1
            know_auctions(self._state)
        if o > len(self._tags):
            self._take_in_forced()
        sim[_N_ORDERS] = o + 1
        self._tags.append(tag)
        self._list(o)
        return o

    def _cancel(self, o: int, reason: int) -> None:
        """Ask the venue to cancel; it happens when the request arrives."""
        q = self._views.order_q
        if q[o * _WORDS + _CANCEL_REASON] != 0:
            return
        delay = self._delays.cancel(o)
        base, sim = o * _WORDS, self._views.sim_q
        now = sim[_NOW]
        q[base + _ORDER["cancel_reason"]] = reason
        q[base + _ORDER["ts_cancel_sent"]] = now
        q[base + _ORDER["session_cancel"]] = sim[_SIM["session"]]
        q[base + _ORDER["reports_at_cancel"]] = sim[_SIM["n_reports"]]
        q[base + _ORDER["ts_cancel"]] = now + delay
        if delay > 0:
            q[base + _STATUS] = STATUS.PENDING_CANCEL
        sim[_SIM["n_cancels"]] += 1

    def _is_working(self, o: int) -> bool:
        """Not final, and not asked to be cancelled."""
        q, base = self._views.order_q, o * _WORDS
        return q[base + _STATUS] < _FINAL and q[base + _CANCEL_REASON] == 0

    def _ends_with_another(self, o: int) -> bool:
        """Whether another leg of an order's group is asked to be cancelled, which ends them all."""
        q = self._views.order_q
        mate = q[o * _WORDS + _ORDER["next_in_group"]]
        while mate != o:
            if q[mate * _WORDS + _CANCEL_REASON] != 0:
                return True
            mate = q[mate * _WORDS + _ORDER["next_in_group"]]
        return False

    def _prune(self, i: int) -> list[int]:
        """The working orders of an instrument, the latest first, with finished ones forgotten."""
        if self._views.sim_q[_N_ORDERS] > len(self._tags):
            self._take_in_forced()
        q, ins = self._views.order_q, self._views.instrument_q
        place = i * _INSTRUMENT + _WORKING
        o = ins[place]
        if o < 0:
            return []
        kept: list[int] = []
        while o >= 0:
            after = q[o * _WORDS + _NEXT_WORKING]
            if self._is_working(o):
                kept.append(o)
            elif kept:
                q[kept[-1] * _WORDS + _NEXT_WORKING] = after
            else:
                ins[place] = after
            o = after
        return kept

    def _is_unsized(self, o: int) -> bool:
        q, base = self._views.order_q, o * _WORDS
        return (
            q[base + _ORDER["target_kind"]] > TARGET_KIND.QTY and q[base + _ORDER["is_sized"]] == 0
        )

    def _working_target(self, i: int) -> int | None:
        o = self._views.instrument_q[i * _INSTRUMENT + _TARGET_ORDER]
        return o if o >= 0 and self._is_working(o) else None

    def _projected(self, i: int) -> int:
        """Position plus what working orders would still do, in increments; those that only protect
        the position aside."""
        total: int = self._views.position_q[i * _POSITION + _POSITION_UNITS]
        q = self._views.order_q
        for o in self._prune(i):
            base = o * _WORDS
            if q[base + _IS_HELD] or q[base + _REDUCE_ONLY]:
                continue
            kind = q[base + _GROUP_KIND]
            if kind in _IN_OCO or (kind == GROUP_KIND.ATOMIC and self._ends_with_another(o)):
                continue
            left = q[base + _UNITS_VENUE] - q[base + _FILLED_VENUE]
            total += q[base + _SIDE_VENUE] * left
        return total
