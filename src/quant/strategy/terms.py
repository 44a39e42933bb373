"""The terms of an order, checked: what no venue could accept is refused before anything is made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from numbers import Real
from typing import NamedTuple, TypeVar

import numpy as np

from quant.calendars import Calendar
from quant.errors import OrderError, nearest
from quant.kernel.codes import AUCTION, NEVER, NONE, TIF, TRIGGER
from quant.kernel.layout import word_of
from quant.model.events import as_datetime
from quant.strategy.market import symbol_index
from quant.strategy.orders import LIVES, TYPES, Order, Parts
from quant.strategy.views import SIM_NOW, SIM_SESSION, StateViews, record_words

__all__ = ["Terms", "TermsDesk", "check_exits", "finite"]

_INSTRUMENT = record_words("instruments")
_TICK = word_of("instruments", "tick")
_NUM = word_of("instruments", "unit_num")
_DEN = word_of("instruments", "unit_den")
_EPOCH = date(1970, 1, 1)
_T = TypeVar("_T")
# plain numbers: comparing with a member of an enumeration takes longer
_GTC, _GTD = int(TIF.GTC), int(TIF.GTD)
_NO_AUCTION, _NO_TRIGGER = int(AUCTION.NONE), int(TRIGGER.NONE)
_SNAP = 1e-9
_ON_TICK = 1e-6
_AT_ONE_PRINT = (TIF.IOC, TIF.FOK)
_PLAIN = ("market", "limit")


class Terms(NamedTuple):
    """An order's terms in the kernel's units; NaN where a price has no part in it."""

    instrument: int
    parts: Parts
    tif: int
    units: int
    limit: float = math.nan
    stop: float = math.nan
    trail: float = math.nan
    is_percent: bool = False
    limit_offset: float = math.nan
    good_till: int = NEVER
    good_session: int = NONE
    reduce_only: bool = False
    post_only: bool = False
    tag: str | None = None


class TermsDesk:
    """Turns what a strategy asks for into terms.

    Parameters
    ----------
    views : StateViews
    symbols : tuple of str
    calendar : Calendar
    closes_only : bool
        Whether the data has closes alone.
    markets_wait : bool
        Whether market orders fill at closing prints and limits at opening ones.
    allow_nonpositive : iterable of str
        Symbols that may have prices of zero and below.
    note : callable
        Writes to the run's log.
    """

    def __init__(
        self,
        views: StateViews,
        symbols: tuple[str, ...],
        calendar: Calendar,
        *,
        closes_only: bool,
        markets_wait: bool,
        allow_nonpositive: Iterable[str],
        note: Callable[..., None],
    ) -> None:
        self._views = views
        self.symbols = symbols
        self._lookup = {symbol: i for i, symbol in enumerate(symbols)}
        self._calendar = calendar
        self._closes_only = closes_only
        self.markets_wait = markets_wait
        self._any_price = {self._lookup[s] for s in allow_nonpositive if s in self._lookup}
        self._note = note
        self._cut_noted: set[int] = set()

    def plain(
        self,
        symbol: str,
        qty: float,
        type: str,
        limit_price: float | None,
        stop_price: float | None,
        tif: str,
        tag: str | None,
    ) -> tuple[int, Parts, int, int, float, float]:
        """Instrument, parts, life, count, limit and stop of an order without conditions: the way of
        most orders."""
        parts = word("type", type, TYPES)
        life = word("tif", tif, LIVES)
        i = symbol_index(self.symbols, self._lookup, symbol)
        count = self.count(i, qty)
        if tag is not None:
            check_tag(symbol, tag)
        if parts.code == 0 and limit_price is None and stop_price is None and life <= _GTC:
            return i, parts, life, count, math.nan, math.nan
        self._check_life(symbol, type, parts, life)
        if parts.is_trailing:
            self._trail(symbol, type, None, None)
        if life == _GTD:
            self._good_till(symbol, life, None)
        limit = self.price(i, "limit_price", limit_price, type, is_needed=parts.is_limited)
        has_stop = parts.trigger != _NO_TRIGGER
        stop = self.price(i, "stop_price", stop_price, type, is_needed=has_stop)
        return i, parts, life, count, limit, stop

    def of(self, order: Order, qty: float) -> Terms:
        """The terms of an order with all its conditions; ``qty`` is its quantity, signed."""
        symbol, type = order.symbol, order.type
        parts = word("type", type, TYPES)
        life = word("tif", order.tif, LIVES)
        i = symbol_index(self.symbols, self._lookup, symbol)
        self._check_life(symbol, type, parts, life)
        self._check_conditions(order)
        has_limit = parts.is_limited and not parts.is_trailing
        has_stop = parts.trigger != TRIGGER.NONE and not parts.is_trailing
        trail, offset, is_percent = math.nan, math.nan, False
        if parts.is_trailing:
            trail, is_percent = self._trail(symbol, type, order.trail_amount, order.trail_percent)
        else:
            self._none_of(symbol, type, order, "trail_amount", "trail_percent")
        if parts.is_trailing and parts.is_limited:
            offset = self._offset(i, type, order.limit_offset)
        else:
            self._none_of(symbol, type, order, "limit_offset")
        moment, session = self._good_till(symbol, life, order.good_till)
        if order.tag is not None:
            check_tag(symbol, order.tag)
        return Terms(
            instrument=i,
            parts=parts,
            tif=life,
            units=self.count(i, qty),
            limit=self.price(i, "limit_price", order.limit_price, type, is_needed=has_limit),
            stop=self.price(i, "stop_price", order.stop_price, type, is_needed=has_stop),
            trail=trail,
            is_percent=is_percent,
            limit_offset=offset,
            good_till=moment,
            good_session=session,
            reduce_only=order.reduce_only,
            post_only=order.post_only,
            tag=order.tag,
        )

    def index_of(self, symbol: str) -> int:
        """The place of a symbol."""
        return symbol_index(self.symbols, self._lookup, symbol)

    def _check_life(self, symbol: str, type: str, parts: Parts, life: int) -> None:
        """A time in force must fit the type and the data."""
        if parts.auction == _NO_AUCTION and life <= _GTC:
            return
        where = f"order({symbol})"
        if parts.auction != AUCTION.NONE and life != TIF.DAY:
            raise OrderError(
                f"{where}: expected tif DAY for a {type} order, which has one print to fill at, "
                "found another; drop tif."
            )
        if parts.auction == AUCTION.ON_OPEN and self._closes_only:
            raise OrderError(
                f"{where}: expected data with opens for a {type} order, found closes only; use "
                "market_on_close or market."
            )
        if life in _AT_ONE_PRINT and type not in _PLAIN:
            raise OrderError(
                f"{where}: expected a market or limit order with tif IOC or FOK, found type "
                f"{type}; change one of them."
            )
        if life == TIF.FOK and self._closes_only:
            raise OrderError(
                f"{where}: expected data with opens for tif FOK, found closes only; use IOC or DAY."
            )

    def _check_conditions(self, order: Order) -> None:
        """``post_only`` and ``reduce_only`` are switches, and the first is for limits."""
        for name in ("reduce_only", "post_only"):
            value = getattr(order, name)
            if not isinstance(value, bool):
                raise OrderError(
                    f"order({order.symbol}): expected {name} as True or False, found {value!r}; "
                    f"write {name}=True, or leave it out."
                )
        if order.post_only and order.type != "limit":
            raise OrderError(
                f"order({order.symbol}): expected type limit with post_only, found type "
                f"{order.type}; an order that takes liquidity cannot be post_only. Drop one."
            )
        if order.post_only and order.tif in ("IOC", "FOK"):
            raise OrderError(
                f"order({order.symbol}): expected tif DAY, GTC or GTD with post_only, found "
                f"{order.tif}; an order that must fill at once cannot rest. Drop one."
            )

    def _none_of(self, symbol: str, type: str, order: Order, *names: str) -> None:
        for name in names:
            if getattr(order, name) is not None:
                raise OrderError(
                    f"order({symbol}): expected no {name} for a {type} order, found "
                    f"{getattr(order, name)}; drop it."
                )

    def _trail(
        self, symbol: str, type: str, amount: float | None, percent: float | None
    ) -> tuple[float, bool]:
        """How far a trailing stop follows, and whether that is a percentage."""
        if (amount is None) == (percent is None):
            raise OrderError(
                f"order({symbol}): expected one of trail_amount and trail_percent for a {type} "
                f"order, found {'none' if amount is None else 'both'}; give exactly one."
            )
        is_percent = percent is not None
        name = "trail_percent" if is_percent else "trail_amount"
        return self.trail_of(symbol, name, percent if is_percent else amount), is_percent

    def trail_of(self, symbol: str, name: str, given: float | None) -> float:
        """A trailing distance, as an amount or a percentage."""
        value = finite(symbol, name, given)
        is_percent = name == "trail_percent"
        if value <= 0.0 or (is_percent and value >= 100.0):
            bounds = "above 0 and below 100" if is_percent else "above 0"
            raise OrderError(
                f"order({symbol}): expected {name} {bounds}, found {value:g}; change it."
            )
        return value

    def _offset(self, i: int, type: str, given: float | None) -> float:
        """How far the limit of a trailing stop-limit lies beyond its stop."""
        symbol = self.symbols[i]
        if given is None:
            raise OrderError(
                f"order({symbol}): expected limit_offset for a {type} order, found none; give it."
            )
        value = finite(symbol, "limit_offset", given)
        if value < 0.0:
            raise OrderError(
                f"order({symbol}): expected limit_offset of at least 0, found {value:g}; change it."
            )
        return self._on_tick(i, "limit_offset", value)

    def _good_till(self, symbol: str, life: int, given: object) -> tuple[int, int]:
        """The moment and the session to which an order is good; NEVER and NONE where it is not."""
        if (given is None) != (life != TIF.GTD):
            found = "none" if given is None else f"{given} and another tif"
            raise OrderError(
                f"order({symbol}): expected good_till with tif GTD, and with GTD alone, found "
                f"{found}; give both or neither."
            )
        if given is None:
            return NEVER, NONE
        return self.good_till(symbol, given)

    def good_till(self, symbol: str, given: object) -> tuple[int, int]:
        """The moment and the session of a date, a time with a zone, or ISO text of either."""
        when: object = given
        if isinstance(given, str):
            try:
                is_date = len(given) == 10
                when = date.fromisoformat(given) if is_date else datetime.fromisoformat(given)
            except ValueError:
                when = None
        if not isinstance(when, date) or (isinstance(when, datetime) and when.tzinfo is None):
            raise OrderError(
                f"order({symbol}): expected good_till as a date or a time with a zone, such as "
                f"'2020-01-31' or '2020-01-31T15:00Z', found {given!r}; correct it."
            )
        now = self._views.sim_q[SIM_NOW]
        if isinstance(when, datetime):
            whole = int(when.replace(microsecond=0).timestamp())
            moment = whole * 1_000_000_000 + when.microsecond * 1000
            if moment <= now:
                raise OrderError(
                    f"order({symbol}): expected good_till after now ({as_datetime(now)}), found "
                    f"{given}; choose a later time."
                )
            return moment, NONE
        days = self._calendar.days
        session = int(np.searchsorted(days, (when - _EPOCH).days, side="right")) - 1
        current = self._views.sim_q[SIM_SESSION]
        if session < current or (session == current and self._calendar.closes[session] <= now):
            label = _EPOCH + timedelta(days=int(days[current]))
            raise OrderError(
                f"order({symbol}): expected good_till in a session that has not closed (this is "
                f"{label}), found {given}; choose a later date."
            )
        return NEVER, session

    def in_increments(self, i: int, qty: float) -> float:
        """A quantity as a number of increments, whole or not."""
        f = self._views.instrument_f
        return qty * f[i * _INSTRUMENT + _DEN] / f[i * _INSTRUMENT + _NUM]

    def count(self, i: int, qty: float) -> int:
        """Increments of a quantity; what is smaller than one is cut, and said once per symbol."""
        exact = self.in_increments(i, finite(self.symbols[i], "qty", qty))
        if abs(exact) >= 2.0**62:
            raise OrderError(
                f"order({self.symbols[i]}): expected a quantity below 2**62 increments, found "
                f"{qty}; lower it."
            )
        count = whole(exact)
        if exact == count:
            return count
        if abs(exact - count) > _SNAP * max(1.0, abs(exact)) and i not in self._cut_noted:
            self._cut_noted.add(i)
            self._note(
                "quantity_cut",
                level="warning",
                symbol=self.symbols[i],
                qty=qty,
                text="quantity cut to a whole number of increments",
            )
        return count

    def price(self, i: int, name: str, price: float | None, type: str, *, is_needed: bool) -> float:
        """A limit or stop price, on the tick where one is set; NaN where none belongs."""
        symbol = self.symbols[i]
        if price is None:
            if is_needed:
                raise OrderError(
                    f"order({symbol}): expected {name} for a {type} order, found none; give it."
                )
            return math.nan
        if not is_needed:
            raise OrderError(
                f"order({symbol}): expected no {name} for a {type} order, found {price}; drop it."
            )
        value = finite(symbol, name, price)
        if value <= 0.0 and i not in self._any_price:
            raise OrderError(
                f"order({symbol}): expected {name} above 0, found {value:g}; correct it, or set "
                f"instruments.{symbol}.allow_nonpositive."
            )
        return self._on_tick(i, name, value)

    def _on_tick(self, i: int, name: str, value: float) -> float:
        tick = self._views.instrument_f[i * _INSTRUMENT + _TICK]
        if tick > 0.0:
            steps = value / tick
            if abs(steps - round(steps)) > _ON_TICK:
                raise OrderError(
                    f"order({self.symbols[i]}): expected {name} on the tick of {tick:g}, found "
                    f"{value:g}; use {round(steps) * tick:g}."
                )
        return value


def whole(x: float) -> int:
    """Whole counts in x, towards zero; what lies within 1e-9 of a whole count is that count."""
    nearest_count = math.floor(x + 0.5)
    if nearest_count == x:
        return nearest_count
    if abs(x - nearest_count) <= _SNAP * max(1.0, abs(x)):
        return nearest_count
    return math.trunc(x)


def finite(symbol: str, name: str, value: object) -> float:
    """A finite number, or an OrderError."""
    if value.__class__ is float and value - value == 0.0:
        # the way of most numbers; an infinity less itself is NaN
        return value
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise OrderError(
            f"order({symbol}): expected {name} to be a finite number, found {value!r}; check how "
            "it is computed."
        )
    return float(value)


def check_exits(entry: Order, take_profit: float, stop_loss: float) -> None:
    """Raise unless the exits of a bracket lie on their sides of each other and of its prices.

    Raises
    ------
    OrderError
        It names the two terms that do not fit.
    """
    symbol, profit_name, loss_name = entry.symbol, "take_profit", "stop_loss"
    qty = finite(symbol, "qty", entry.qty)
    profit, loss = finite(symbol, profit_name, take_profit), finite(symbol, loss_name, stop_loss)
    if qty == 0.0:
        return
    # what has to lie above what for a purchase, and below for a sale
    pairs = [(profit_name, profit, loss_name, loss)]
    for name in ("limit_price", "stop_price"):
        given = getattr(entry, name)
        if given is not None:
            price = finite(symbol, name, given)
            pairs += [(profit_name, profit, name, price), (name, price, loss_name, loss)]
    for upper, high, lower, low in pairs:
        if (high - low if qty > 0.0 else low - high) <= 0.0:
            side, where = ("buy", "above") if qty > 0.0 else ("sell", "below")
            raise OrderError(
                f"bracket({symbol}): expected {upper} {where} {lower} for a {side}, found "
                f"{high:g} and {low:g}; exchange or correct them."
            )


def check_tag(symbol: str, tag: object) -> None:
    """Raise unless a tag is text that a file can hold."""
    try:
        is_text = isinstance(tag, str) and bool(tag.encode() or True)
    except UnicodeEncodeError:
        is_text = False
    if not is_text:
        raise OrderError(
            f"order({symbol}): expected tag to be text, found {tag!r}; use for example 'entry'."
        )


def word(name: str, value: object, known: dict[str, _T]) -> _T:
    """What a word stands for, or an OrderError that names the nearest."""
    try:
        return known[value]  # type: ignore[index]
    except (KeyError, TypeError):
        raise OrderError(
            f"order: expected {name} to be one of {', '.join(known)}, found {value!r}; "
            f"correct it.{nearest(str(value), known)}"
        ) from None
