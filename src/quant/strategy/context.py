"""``ctx``: everything a strategy may ask for or do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from quant.calendars import Calendar, parse_schedule
from quant.errors import ConfigError, OrderError
from quant.lake import Bars
from quant.model.config import Config
from quant.model.events import as_datetime
from quant.seeds import generator
from quant.strategy.delays import Delays
from quant.strategy.desk import OrderDesk
from quant.strategy.features import Features
from quant.strategy.market import DataView
from quant.strategy.orders import Node, OneCancelsOther, Order
from quant.strategy.portfolio import Portfolio
from quant.strategy.risk import Risk
from quant.strategy.terms import TermsDesk, check_exits, finite
from quant.strategy.views import SIM_NOW, SIM_SESSION, StateViews
from quant.strategy.witness import WatchedDesk, Witness

__all__ = ["Context"]

_LOG_NAMES = ("ts", "level", "event", "run_id", "text")
_EPOCH = date(1970, 1, 1)


def _desk(
    bars: Bars,
    config: Config,
    views: StateViews,
    delays: Delays,
    note: Callable[..., None],
    witness: Witness | None,
) -> OrderDesk:
    """Where orders are made, noted by a witness where there is one."""
    terms = TermsDesk(
        views,
        bars.symbols,
        bars.calendar,
        closes_only=bars.closes_only,
        markets_wait=config.execution.timing != "next_open" and not bars.closes_only,
        allow_nonpositive=[s for s in bars.symbols if config.settings_of(s).allow_nonpositive],
        note=note,
    )
    if witness is None:
        return OrderDesk(views, terms, delays)
    desk = WatchedDesk(views, terms, delays)
    desk.witness = witness
    return desk


class Context:
    """What every hook is given.

    Attributes
    ----------
    symbols : tuple of str
        The data's symbols, in the order of all arrays.
    calendar : Calendar
        The calendar the data follows.
    data : DataView
        History up to now.
    features : Features
        Indicators; declare them in ``on_start``.
    portfolio : Portfolio
        Cash, equity, positions.
    risk : Risk
        Limits before the order: set, reset, check, and how near they are.
    """

    def __init__(
        self,
        bars: Bars,
        config: Config,
        views: StateViews,
        note: Callable[..., None],
        witness: Witness | None = None,
    ) -> None:
        own_bars = bars
        if witness is not None:
            bars = witness.watched_bars(bars)
            witness.now = lambda: views.sim_q[SIM_NOW]
        self._views = views
        self._note = note
        self._bars = bars
        self.witness = witness
        self._seed = config.seed
        self._random: np.random.Generator | None = None
        self.symbols: tuple[str, ...] = bars.symbols
        self.calendar: Calendar = bars.calendar
        self.data = DataView(bars, views, lambda: views.sim_q[SIM_NOW])
        self.features = Features(bars, views)
        self.portfolio = Portfolio(views, bars.symbols, config.currency_codes)
        self.timers: list[tuple[str, str]] = []
        self.delays = Delays(config.delays, config.seed)
        self.desk = _desk(bars, config, views, self.delays, note, witness)
        # what a limit looks at is not what the strategy reads
        self.risk = Risk(views, own_bars, config, self.desk, witness)

    @property
    def now(self) -> datetime:
        """The present moment of the simulation, UTC."""
        return as_datetime(self._views.sim_q[SIM_NOW])

    @property
    def now_ns(self) -> int:
        """The present moment, nanoseconds UTC."""
        return self._views.sim_q[SIM_NOW]

    @property
    def session(self) -> date:
        """The session of the present moment, as its date."""
        day = int(self.calendar.days[self._views.sim_q[SIM_SESSION]])
        return _EPOCH + timedelta(days=day)

    @property
    def random(self) -> np.random.Generator:
        """Random numbers that depend on the run's seed alone."""
        if self._random is None:
            self._random = generator(self._seed, "strategy")
        return self._random

    def log(self, text: str, /, **values: Any) -> None:
        """Write a line to the run's logs.jsonl, stamped with the simulation's time."""
        taken = [name for name in values if name in _LOG_NAMES]
        if taken:
            raise ConfigError(
                f"ctx.log: expected names other than {', '.join(_LOG_NAMES)}, found {taken[0]!r}; "
                "choose another."
            )
        self._note("strategy", level="info", text=str(text), **values)

    def every(self, spec: str, tag: str | None = None) -> None:
        """Call ``on_clock`` on a schedule, for example ``"session close - 10min"``.

        A schedule is a period (session, week, month, quarter, year), ``open`` or ``close`` and an
        optional offset; or a plain step such as ``"30min"``. Only in ``on_start``.
        """
        if not self.features.is_open:
            raise ConfigError(f"ctx.every({spec!r}): expected in on_start, found later; move it.")
        for name, value in (("a schedule", spec), ("a tag", tag)):
            if not isinstance(value, str | None) or (value is None and name != "a tag"):
                raise ConfigError(
                    f"ctx.every: expected {name} as text, found {value!r}; write for example "
                    "'session close'."
                )
        parse_schedule(spec)
        if self.witness is not None:
            self.witness.decide("every", spec, tag)
        self.timers.append((spec, tag or spec))

    def order(
        self,
        symbol: str,
        qty: float,
        type: str = "market",
        *,
        limit_price: float | None = None,
        stop_price: float | None = None,
        trail_amount: float | None = None,
        trail_percent: float | None = None,
        limit_offset: float | None = None,
        tif: str = "DAY",
        good_till: date | str | None = None,
        reduce_only: bool = False,
        post_only: bool = False,
        tag: str | None = None,
        why: str | None = None,
    ) -> int:
        """Send an order.

        Parameters
        ----------
        symbol : str
        qty : float
            Positive buys, negative sells; cut to whole increments of the instrument.
        type : str
            market, limit, stop, stop_limit, market_if_touched, limit_if_touched, trailing_stop,
            trailing_stop_limit, market_on_open, limit_on_open, market_on_close or limit_on_close.
        limit_price, stop_price : float, optional
            As the type needs them, on the instrument's tick; of an if-touched order the trigger is
            ``stop_price``.
        trail_amount, trail_percent : float, optional
            How far a trailing stop follows: one of them; 5 is 5 %.
        limit_offset : float, optional
            How far the limit of a trailing_stop_limit lies beyond its stop.
        tif : "DAY", "GTC", "GTD", "IOC" or "FOK"
        good_till : date, datetime with a zone, or ISO text of either, optional
            With GTD: the last session, or the moment from which the order is no longer good.
        reduce_only : bool
            Fill at most what brings the position to zero.
        post_only : bool
            End, rather than take, where a limit could fill at the first print it meets.
        tag : str, optional
            A name to find, amend or cancel it by.
        why : str, optional
            The reason in words, for logs.jsonl and for the rationale of a signal.

        Returns
        -------
        int
            The order's id, from 1.

        Raises
        ------
        OrderError
            For what no venue could accept. A refusal for money or risk is not an error: it is an
            `OrderUpdate` with a reason.

        Notes
        -----
        What each type does is written in docs/concepts/fills.md.
        """
        has_more = reduce_only or post_only or good_till is not None
        if has_more or not (trail_amount is trail_percent is limit_offset is None):
            order = Order(
                symbol=symbol,
                qty=qty,
                type=type,
                limit_price=limit_price,
                stop_price=stop_price,
                trail_amount=trail_amount,
                trail_percent=trail_percent,
                limit_offset=limit_offset,
                tif=tif,
                good_till=good_till,
                reduce_only=reduce_only,
                post_only=post_only,
                tag=tag,
            )
            made = self.desk.submit((order,))[0]
        else:
            made = self.desk.order(symbol, qty, type, limit_price, stop_price, tif, tag)
        if why is not None:
            self._explained(made, symbol, why)
        return made

    def _explained(self, order_id: int | None, symbol: str, why: str) -> None:
        """Write the reason of an order, or of a target already held, to the log."""
        if not isinstance(why, str):
            raise OrderError(
                f"order({symbol}): expected why as text, found {why!r}; write for example "
                "why='above its mean'."
            )
        self._note("order_reason", level="info", order_id=order_id, symbol=symbol, text=why)

    def submit(self, orders: Node | Iterable[Node], *, atomic: bool = False) -> list[int]:
        """Send orders, with children and in groups.

        Parameters
        ----------
        orders : Order, OneCancelsOther, or several of them
        atomic : bool
            All legs fill at one print, after one look at the account, or none does: market and
            limit orders of one tif, without children.

        Returns
        -------
        list of int
            Ids, parents before their children, each child followed by its own.

        Raises
        ------
        OrderError
            For what no venue could accept; then nothing of the call is sent.

        Examples
        --------
        In a hook, a pair that is bought together or not at all::

            ctx.submit(
                [qt.Order(symbol="KO", qty=100), qt.Order(symbol="PEP", qty=-40)], atomic=True
            )
        """
        single = isinstance(orders, Order | OneCancelsOther)
        batch: Any = [orders] if single else orders
        if not isinstance(batch, Iterable) or isinstance(batch, str):
            batch = [batch]
        nodes = tuple(batch)
        for one in nodes:
            if not isinstance(one, Order | OneCancelsOther):
                raise OrderError(
                    f"ctx.submit: expected qt.Order or qt.OneCancelsOther objects, found {one!r}; "
                    "write for example qt.Order(symbol='SPY', qty=1)."
                )
        made = self.desk.submit(nodes, atomic=atomic)
        for order_id, order in zip(made, _in_sequence(nodes), strict=True):
            if order.why is not None:
                self._explained(order_id, order.symbol, order.why)
        return made

    def bracket(
        self,
        symbol: str,
        qty: float,
        type: str = "market",
        *,
        take_profit: float,
        stop_loss: float,
        limit_price: float | None = None,
        stop_price: float | None = None,
        tif: str = "DAY",
        tag: str | None = None,
        why: str | None = None,
    ) -> list[int]:
        """Send an entry with a limit that takes the profit and a stop that ends the loss.

        Both exits come alive as the entry fills, in its share, live until one of them has closed
        what was opened (GTC), only ever reduce, and each fill of one takes as much from the other.

        Parameters
        ----------
        symbol, qty, type, limit_price, stop_price, tif, tag, why
            Of the entry, as in ``order``; the exits have the same tag.
        take_profit, stop_loss : float
            Prices of the exits: the profit's above the loss's for a purchase, and the entry's own
            prices between them; the other way round for a sale.

        Returns
        -------
        list of int
            Ids of the entry, the profit's limit and the loss's stop.
        """
        exits = OneCancelsOther(
            orders=(
                Order(
                    symbol=symbol,
                    type="limit",
                    limit_price=take_profit,
                    tif="GTC",
                    reduce_only=True,
                    tag=tag,
                ),
                Order(
                    symbol=symbol,
                    type="stop",
                    stop_price=stop_loss,
                    tif="GTC",
                    reduce_only=True,
                    tag=tag,
                ),
            )
        )
        entry = Order(
            symbol=symbol,
            qty=qty,
            type=type,
            limit_price=limit_price,
            stop_price=stop_price,
            tif=tif,
            tag=tag,
            why=why,
            children=(exits,),
        )
        check_exits(entry, take_profit, stop_loss)
        return self.submit(entry)

    def order_target(
        self,
        symbol: str,
        qty: float | None = None,
        *,
        weight: float | None = None,
        value: float | None = None,
        tag: str | None = None,
        why: str | None = None,
    ) -> int | None:
        """Send the market order that brings a symbol to a quantity, weight or value.

        Position and working orders count; an earlier target order of the symbol is replaced. A
        weight (fraction of equity) or value is sized at the fill, cost included, and cut to what
        is affordable.

        Returns
        -------
        int or None
            The order's id; None when the target is already held or on its way.
        """
        made = self.desk.target(symbol, qty, weight, value, tag)
        if why is not None:
            self._explained(made, symbol, why)
        return made

    def order_value(
        self,
        symbol: str,
        value: float | None = None,
        *,
        weight: float | None = None,
        tag: str | None = None,
    ) -> int | None:
        """Send a market order for what an amount of money buys now.

        Unlike `order_target`, it adds to what is held. The count is found at the last price, in
        whole increments.

        Parameters
        ----------
        symbol : str
        value : float, optional
            Signed, in the base currency.
        weight : float, optional
            Signed, a fraction of equity, in place of ``value``.
        tag : str, optional

        Returns
        -------
        int or None
            The order's id; None where the money buys less than one increment, or no price is known.

        Raises
        ------
        OrderError
            Unless one of both is given, as a finite number.
        """
        if (value is None) == (weight is None):
            raise OrderError(
                f"order_value({symbol}): expected one of value and weight, found "
                f"{'none' if value is None else 'both'}; give exactly one."
            )
        if weight is not None:
            value = finite(symbol, "weight", weight) * max(self.portfolio.equity, 0.0)
        assert value is not None
        return self.desk.value(symbol, value, tag)

    def cancel(self, tag_or_id: str | int) -> int:
        """Cancel an order by id or all working orders of a tag; returns how many."""
        return self.desk.cancel(tag_or_id)

    def amend(
        self,
        tag_or_id: str | int,
        *,
        qty: float | None = None,
        limit_price: float | None = None,
        stop_price: float | None = None,
        trail_amount: float | None = None,
        trail_percent: float | None = None,
        good_till: date | str | None = None,
    ) -> int:
        """Ask for other terms of a working order, or of all of a tag that have such terms.

        Parameters
        ----------
        tag_or_id : str or int
        qty : float, optional
            The new whole quantity, signed as the order's. At or below what has filled it ends the
            order.
        limit_price, stop_price, trail_amount, trail_percent, good_till : optional
            New terms, as the order's type has them.

        Returns
        -------
        int
            How many orders were asked.

        Raises
        ------
        OrderError
            For a term the order does not have, and for orders made by ``order_target``.

        Notes
        -----
        A new price makes the order a new one for bars: it waits for the next, and may take at the
        first print it meets there.
        """
        return self.desk.amend(
            tag_or_id, qty, limit_price, stop_price, trail_amount, trail_percent, good_till
        )

    def working_orders(self, symbol: str | None = None) -> list[int]:
        """Ids of orders that can still fill."""
        return self.desk.working(symbol)


def _in_sequence(nodes: tuple[Node, ...]) -> Iterator[Order]:
    """The orders of some trees and groups in the order in which they are made."""
    for node in nodes:
        if isinstance(node, OneCancelsOther):
            yield from _in_sequence(node.orders)
        else:
            yield node
            yield from _in_sequence(node.children)
