"""Where orders are made, changed and found again: the strategy's half of the order's life.

An order is a record in the kernel's memory. Making one fills that record and nothing else; it
leaves at the end of phase 7, when ``kernel.leave`` checks all orders of the moment together.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from quant.errors import OrderError, nearest
from quant.kernel.codes import NEVER, NONE, ORDER_TYPE, REASON, STATUS, TARGET_KIND, TIF
from quant.kernel.layout import ARRAYS, State, word_of
from quant.kernel.run import grow
from quant.strategy.market import symbol_index
from quant.strategy.views import StateViews, record_words

__all__ = ["OrderDesk"]

_TYPES = {
    "market": ORDER_TYPE.MARKET,
    "limit": ORDER_TYPE.LIMIT,
    "stop": ORDER_TYPE.STOP,
    "stop_limit": ORDER_TYPE.STOP_LIMIT,
}
_TIFS = {"DAY": TIF.DAY, "GTC": TIF.GTC}
_WORDS = record_words("orders")
_INSTRUMENT = record_words("instruments")
_POSITION = record_words("positions")
_SIM = {name: word_of("sim", name) for name in ("n_orders", "n_cancels", "now", "session")}
_ORDER = {name: word_of("orders", name) for name in ARRAYS["orders"].names or ()}
_STATUS = _ORDER["status"]
_UNITS = word_of("positions", "units")
_TICK = word_of("instruments", "tick")
_NUM = word_of("instruments", "unit_num")
_DEN = word_of("instruments", "unit_den")
_MARK = word_of("instruments", "mark")
_MULTIPLIER = word_of("instruments", "multiplier")
_EQUITY = word_of("accounts", "equity")
_FINAL = STATUS.FILLED
_SNAP = 1e-9


def _blank() -> memoryview[int]:
    """An order record as every order begins."""
    record = np.zeros(1, ARRAYS["orders"])
    for name in ("parent", "group", "cancel_reason", "day_session", "open_bar", "taker_bar"):
        record[name] = NONE
    record["cancel_reason"] = 0
    record["last_fill"] = NONE
    record["tag"] = NONE
    record["ts_cancel"] = NEVER
    record["ts_end"] = NONE
    record["net_limit"] = math.nan
    record["ratio"] = 1.0
    record["limit"] = math.nan
    record["stop"] = math.nan
    record["target"] = math.nan
    row: Any = record.view(np.int64).ravel()
    return memoryview(row)


def _whole(x: float) -> int:
    """Whole counts in x, towards zero; what lies within 1e-9 of a whole count is that count."""
    nearest_count = math.floor(x + 0.5)
    if abs(x - nearest_count) <= _SNAP * max(1.0, abs(x)):
        return nearest_count
    return math.trunc(x)


class OrderDesk:
    """Makes orders, cancels them and knows which are still working."""

    def __init__(
        self,
        views: StateViews,
        symbols: tuple[str, ...],
        latency_ns: int,
        note: Callable[..., None],
    ) -> None:
        self._views = views
        self._symbols = symbols
        self._lookup = {symbol: i for i, symbol in enumerate(symbols)}
        self._latency = latency_ns
        self._note = note
        self._blank = _blank()
        self._working: list[list[int]] = [[] for _ in symbols]
        self._target_of: dict[int, int] = {}
        self.tags: list[str | None] = []
        self._cut_noted: set[int] = set()

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
        """Make an order with an explicit quantity; returns its id."""
        i = symbol_index(self._symbols, self._lookup, symbol)
        kind = _word("type", type, _TYPES)
        life = _word("tif", tif, _TIFS)
        count = self._count(i, qty)
        limit = self._price(i, "limit_price", limit_price, kind in (1, 3), type)
        stop = self._price(i, "stop_price", stop_price, kind in (2, 3), type)
        o = self._new(i, kind, life, tag)
        q, f, base = self._views.order_q, self._views.order_f, o * _WORDS
        side = 1 if count >= 0 else -1
        q[base + _ORDER["side"]] = side
        q[base + _ORDER["side_venue"]] = side
        q[base + _ORDER["units"]] = abs(count)
        q[base + _ORDER["units_venue"]] = abs(count)
        if limit is not None:
            f[base + _ORDER["limit"]] = limit
        if stop is not None:
            f[base + _ORDER["stop"]] = stop
        return o + 1

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
        i = symbol_index(self._symbols, self._lookup, symbol)
        earlier = self._working_target(i)
        if qty is not None:
            return self._target_count(i, self._count(i, qty), earlier, tag)
        number = _finite(symbol, given[0], weight if weight is not None else value)
        if earlier is not None:
            self._cancel(earlier, REASON.REPLACED)
        estimate = number if weight is None else number * max(self._views.account_f[_EQUITY], 0.0)
        mark = self._views.instrument_f[i * _INSTRUMENT + _MARK]
        if mark == mark and mark != 0.0:
            worth = abs(mark) * self._views.instrument_f[i * _INSTRUMENT + _MULTIPLIER]
            if _whole(self._in_increments(i, estimate / worth)) == self._projected(i):
                return None
        o = self._new(i, ORDER_TYPE.MARKET, TIF.DAY, tag)
        base = o * _WORDS
        kind = TARGET_KIND.WEIGHT if weight is not None else TARGET_KIND.VALUE
        self._views.order_q[base + _ORDER["target_kind"]] = kind
        self._views.order_f[base + _ORDER["target"]] = number
        self._views.order_q[base + _ORDER["side"]] = 1
        self._views.order_q[base + _ORDER["side_venue"]] = 1
        self._target_of[i] = o
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
        if change == 0:
            return None
        o = self._new(i, ORDER_TYPE.MARKET, TIF.DAY, tag)
        base = o * _WORDS
        side = 1 if change > 0 else -1
        q = self._views.order_q
        q[base + _ORDER["side"]] = side
        q[base + _ORDER["side_venue"]] = side
        if self._latency > 0:
            # what is being replaced may fill before its cancel arrives
            q[base + _ORDER["target_kind"]] = TARGET_KIND.COUNT
            self._views.order_f[base + _ORDER["target"]] = float(count)
        else:
            q[base + _ORDER["units"]] = abs(change)
            q[base + _ORDER["units_venue"]] = abs(change)
            q[base + _ORDER["target_kind"]] = TARGET_KIND.QTY
        self._target_of[i] = o
        return o + 1

    def cancel(self, tag_or_id: str | int) -> int:
        """Cancel an order by id, or all working orders of a tag; returns how many were asked."""
        if isinstance(tag_or_id, str):
            found = [
                o
                for per in self._working
                for o in per
                if self.tags[o] == tag_or_id and self._is_working(o)
            ]
        elif isinstance(tag_or_id, int) and not isinstance(tag_or_id, bool):
            if not 1 <= tag_or_id <= len(self.tags):
                raise OrderError(
                    f"cancel: expected an id from 1 to {len(self.tags)}, found {tag_or_id}; "
                    "use what ctx.order returned."
                )
            found = [tag_or_id - 1] if self._is_working(tag_or_id - 1) else []
        else:
            raise OrderError(f"cancel: expected a tag or an order id, found {tag_or_id!r}.")
        for o in sorted(found):
            self._cancel(o, REASON.CANCELED)
        return len(found)

    def working(self, symbol: str | None = None) -> list[int]:
        """Ids of orders that can still fill, in order of id."""
        places = (
            range(len(self._symbols))
            if symbol is None
            else [symbol_index(self._symbols, self._lookup, symbol)]
        )
        return sorted(o + 1 for i in places for o in self._prune(i))

    def rebuild(self, tags: list[str | None]) -> None:
        """Find working orders and targets again in a restored state."""
        self.tags = list(tags)
        self._working = [[] for _ in self._symbols]
        self._target_of = {}
        orders = self._state.used("orders")
        for o, (i, kind) in enumerate(
            zip(orders["instrument"].tolist(), orders["target_kind"].tolist(), strict=True)
        ):
            if self._is_working(o):
                self._working[i].append(o)
                if kind != TARGET_KIND.NONE:
                    self._target_of[i] = o

    def _new(self, i: int, kind: int, life: int, tag: str | None) -> int:
        """A record with everything but side and size."""
        if tag is not None:
            _check_tag(self._symbols[i], tag)
        sim = self._views.sim_q
        o = sim[_SIM["n_orders"]]
        if o >= len(self._state["orders"]):
            grow(self._state, "orders", o + 1)
            self._views.refresh()
        q, base = self._views.order_q, o * _WORDS
        q[base : base + _WORDS] = self._blank
        q[base + _ORDER["instrument"]] = i
        q[base + _ORDER["type"]] = kind
        q[base + _ORDER["tif"]] = life
        now = sim[_SIM["now"]]
        q[base + _ORDER["ts_submit"]] = now
        q[base + _ORDER["ts_arrival"]] = now + self._latency
        q[base + _ORDER["session_sent"]] = sim[_SIM["session"]]
        sim[_SIM["n_orders"]] = o + 1
        self.tags.append(tag)
        self._working[i].append(o)
        return o

    def _cancel(self, o: int, reason: int) -> None:
        """Ask the venue to cancel; it happens when the request arrives."""
        q, base = self._views.order_q, o * _WORDS
        if q[base + _ORDER["cancel_reason"]] != 0:
            return
        q[base + _ORDER["cancel_reason"]] = reason
        q[base + _ORDER["ts_cancel"]] = self._views.sim_q[_SIM["now"]] + self._latency
        if self._latency > 0:
            q[base + _STATUS] = STATUS.PENDING_CANCEL
        self._views.sim_q[_SIM["n_cancels"]] += 1

    def _is_working(self, o: int) -> bool:
        """Not final, and not asked to be cancelled."""
        q, base = self._views.order_q, o * _WORDS
        return q[base + _STATUS] < _FINAL and q[base + _ORDER["cancel_reason"]] == 0

    def _prune(self, i: int) -> list[int]:
        """The working orders of an instrument, with finished ones forgotten."""
        kept = [o for o in self._working[i] if self._is_working(o)]
        self._working[i] = kept
        return kept

    def _is_unsized(self, o: int) -> bool:
        q, base = self._views.order_q, o * _WORDS
        return (
            q[base + _ORDER["target_kind"]] > TARGET_KIND.QTY and q[base + _ORDER["is_sized"]] == 0
        )

    def _working_target(self, i: int) -> int | None:
        o = self._target_of.get(i)
        return o if o is not None and self._is_working(o) else None

    def _projected(self, i: int) -> int:
        """Position plus what all working orders would still do, in increments."""
        total: int = self._views.position_q[i * _POSITION + _UNITS]
        q = self._views.order_q
        for o in self._prune(i):
            base = o * _WORDS
            left = q[base + _ORDER["units_venue"]] - q[base + _ORDER["filled_venue"]]
            total += q[base + _ORDER["side_venue"]] * left
        return total

    def _in_increments(self, i: int, qty: float) -> float:
        f = self._views.instrument_f
        return qty * f[i * _INSTRUMENT + _DEN] / f[i * _INSTRUMENT + _NUM]

    def _count(self, i: int, qty: float) -> int:
        """Increments of a quantity; what is smaller than one is cut, and said once per symbol."""
        exact = self._in_increments(i, _finite(self._symbols[i], "qty", qty))
        if abs(exact) >= 2.0**62:
            raise OrderError(
                f"order({self._symbols[i]}): expected a quantity below 2**62 increments, found "
                f"{qty}; lower it."
            )
        count = _whole(exact)
        if abs(exact - count) > _SNAP * max(1.0, abs(exact)) and i not in self._cut_noted:
            self._cut_noted.add(i)
            self._note(
                "quantity_cut",
                level="warning",
                symbol=self._symbols[i],
                qty=qty,
                text="quantity cut to a whole number of increments",
            )
        return count

    def _price(
        self, i: int, name: str, price: float | None, is_needed: bool, kind: str
    ) -> float | None:
        """A limit or stop price, on the tick where one is set."""
        where = f"order({self._symbols[i]})"
        if price is None:
            if is_needed:
                raise OrderError(
                    f"{where}: expected {name} for a {kind} order, found none; give it."
                )
            return None
        if not is_needed:
            raise OrderError(
                f"{where}: expected no {name} for a {kind} order, found {price}; drop it."
            )
        value = _finite(self._symbols[i], name, price)
        tick = self._views.instrument_f[i * _INSTRUMENT + _TICK]
        if tick > 0.0:
            steps = value / tick
            if abs(steps - round(steps)) > 1e-6:
                raise OrderError(
                    f"{where}: expected {name} on the tick of {tick:g}, found {value:g}; use "
                    f"{round(steps) * tick:g}."
                )
        return value


def _finite(symbol: str, name: str, value: object) -> float:
    """A finite number, or an OrderError."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise OrderError(
            f"order({symbol}): expected {name} to be a finite number, found {value!r}; check how "
            "it is computed."
        )
    return float(value)


def _check_tag(symbol: str, tag: object) -> None:
    """Raise unless a tag is text that a file can hold."""
    try:
        is_text = isinstance(tag, str) and bool(tag.encode() or True)
    except UnicodeEncodeError:
        is_text = False
    if not is_text:
        raise OrderError(
            f"order({symbol}): expected tag to be text, found {tag!r}; use for example 'entry'."
        )


def _word(name: str, value: object, known: dict[str, int]) -> int:
    """The code of a word, or an OrderError that names the nearest."""
    try:
        return known[value]  # type: ignore[index]
    except (KeyError, TypeError):
        raise OrderError(
            f"order: expected {name} to be one of {', '.join(known)}, found {value!r}; "
            f"correct it.{nearest(str(value), known)}"
        ) from None
