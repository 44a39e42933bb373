"""``ctx``: everything a strategy may ask for or do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from quant.calendars import Calendar, parse_schedule
from quant.errors import ConfigError, OrderError, nearest
from quant.kernel.layout import word_of
from quant.lake import Bars
from quant.model.checks import number
from quant.model.config import Config
from quant.model.events import as_datetime
from quant.seeds import generator
from quant.strategy.desk import OrderDesk
from quant.strategy.features import Features
from quant.strategy.market import DataView
from quant.strategy.portfolio import Portfolio
from quant.strategy.views import SIM_NOW, SIM_SESSION, StateViews
from quant.strategy.witness import WatchedDesk, Witness

__all__ = ["Context", "Order", "Risk"]

_LOG_NAMES = ("ts", "level", "event", "run_id", "text")
_EPOCH = date(1970, 1, 1)
_LIMITS = {name: word_of("accounts", name) for name in ("max_gross", "max_symbol", "max_leverage")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order to be handed to ``ctx.submit``; the fields are the arguments of ``ctx.order``."""

    symbol: str
    qty: float
    type: str = "market"
    limit_price: float | None = None
    stop_price: float | None = None
    tif: str = "DAY"
    tag: str | None = None
    why: str | None = None


def _desk(
    views: StateViews,
    symbols: tuple[str, ...],
    latency_ns: int,
    note: Callable[..., None],
    witness: Witness | None,
) -> OrderDesk:
    """Where orders are made, noted by a witness where there is one."""
    if witness is None:
        return OrderDesk(views, symbols, latency_ns, note)
    desk = WatchedDesk(views, symbols, latency_ns, note)
    desk.witness = witness
    return desk


class Risk:
    """``ctx.risk``: limits checked before an order leaves, as fractions of equity."""

    def __init__(self, views: StateViews, witness: Witness | None) -> None:
        self._views = views
        self._witness = witness

    def set(self, **limits: float | None) -> None:
        """Set any of ``max_gross``, ``max_symbol``, ``max_leverage``; None lifts a limit.

        An order beyond ``max_gross`` or ``max_symbol`` is REJECTED with the reason
        ``risk_max_gross`` or ``risk_max_symbol``. ``max_leverage`` lowers the account's own limit.
        """
        for name, value in limits.items():
            if name not in _LIMITS:
                raise ConfigError(
                    f"ctx.risk.set: unknown limit {name!r}, expected one of {', '.join(_LIMITS)}; "
                    f"correct it.{nearest(name, _LIMITS)}"
                )
            bound = float("nan")
            if value is not None:
                bound = number(f"ctx.risk.set {name}", value, low=0.0)
            if self._witness is not None:
                self._witness.decide("risk.set", name, bound)
            self._views.account_f[_LIMITS[name]] = bound

    @property
    def caps(self) -> dict[str, float | None]:
        """The limits in force by name; None where there is none."""
        found = {name: self._views.account_f[word] for name, word in _LIMITS.items()}
        return {name: None if bound != bound else bound for name, bound in found.items()}


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
        Limits before the order.
    """

    def __init__(
        self,
        bars: Bars,
        config: Config,
        views: StateViews,
        note: Callable[..., None],
        witness: Witness | None = None,
    ) -> None:
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
        self.portfolio = Portfolio(views, bars.symbols)
        self.risk = Risk(views, witness)
        self.timers: list[tuple[str, str]] = []
        self.desk = _desk(views, bars.symbols, config.execution.latency_ns, note, witness)

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
        tif: str = "DAY",
        tag: str | None = None,
        why: str | None = None,
    ) -> int:
        """Send an order.

        Parameters
        ----------
        symbol : str
        qty : float
            Positive buys, negative sells; cut to whole increments of the instrument.
        type : "market", "limit", "stop" or "stop_limit"
        limit_price, stop_price : float, optional
            As the type needs them; on the instrument's tick.
        tif : "DAY" or "GTC"
        tag : str, optional
            A name to find or cancel it by.
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
        """
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

    def submit(self, orders: Order | Iterable[Order]) -> list[int]:
        """Send one or several `Order` objects; returns their ids."""
        batch = [orders] if isinstance(orders, Order) else orders
        if not isinstance(batch, Iterable) or isinstance(batch, str):
            batch = [batch]
        batch = list(batch)
        for one in batch:
            if not isinstance(one, Order):
                raise OrderError(
                    f"ctx.submit: expected qt.Order objects, found {one!r}; write for example "
                    "qt.Order(symbol='SPY', qty=1)."
                )
        return [
            self.order(
                one.symbol,
                one.qty,
                one.type,
                limit_price=one.limit_price,
                stop_price=one.stop_price,
                tif=one.tif,
                tag=one.tag,
                why=one.why,
            )
            for one in batch
        ]

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

    def cancel(self, tag_or_id: str | int) -> int:
        """Cancel an order by id or all working orders of a tag; returns how many."""
        return self.desk.cancel(tag_or_id)

    def working_orders(self, symbol: str | None = None) -> list[int]:
        """Ids of orders that can still fill."""
        return self.desk.working(symbol)
