"""``qt.orders_at``: the orders that a strategy would send at a moment, and why.

The strategy is simulated from the first row on, so that its indicators and its memory are those of
a strategy that has been running all along. What it asks for at the last moment it is asked, and
nothing else, is the answer. Nothing fills there: the data end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

import numpy as np

from quant.engine.asof import bars_asof, moment_of, session_at
from quant.engine.columns import quantities
from quant.engine.inputs import config_of, day_of, load_for, strategy_of
from quant.engine.refusals import refusal_figures
from quant.engine.simulation import Simulation
from quant.engine.tables import orders_table
from quant.engine.writing import time_text
from quant.errors import ConfigError, nearest
from quant.kernel.codes import SIZE_AT, STATUS, TARGET_KIND
from quant.lake import DataOptions
from quant.model.checks import number
from quant.model.config import Config
from quant.strategy.base import Strategy, check_hooks

__all__ = ["Holdings", "PlannedOrders", "orders_at"]

Progress = Callable[[int, int], None]
_EPOCH = date(1970, 1, 1)
_SIDES = {1: "BUY", -1: "SELL"}
_SENT = ("symbol", "side", "qty", "type", "limit_price", "stop_price", "tif", "tag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """An account as it is: what replaces the simulated one.

    Attributes
    ----------
    cash : float
        Money; may be negative.
    positions : mapping of str to float
        Signed quantities by symbol.
    prices : mapping of str to float
        Average price of each position; the last price where a symbol is missing.
    """

    cash: float
    positions: Mapping[str, float] = field(default_factory=dict)
    prices: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def read(cls, content: Any) -> Holdings:
        """Holdings from ``{cash: 1000, positions: {SPY: 10, QQQ: {qty: 5, avg_price: 300}}}``.

        Raises
        ------
        ConfigError
            For anything else.
        """
        if not isinstance(content, Mapping) or "cash" not in content:
            raise ConfigError(
                f"portfolio: expected cash and positions, found {content!r}; write for example "
                "{cash: 1000, positions: {SPY: 10}}."
            )
        for key in content:
            if key not in ("cash", "positions"):
                raise ConfigError(
                    f"portfolio: unknown key {key!r}, expected cash and positions; correct or "
                    f"remove it.{nearest(str(key), ('cash', 'positions'))}"
                )
        given = content.get("positions") or {}
        if not isinstance(given, Mapping):
            raise ConfigError(f"portfolio positions: expected symbols, found {given!r}.")
        found: dict[str, float] = {}
        prices: dict[str, float] = {}
        for symbol, one in given.items():
            where = f"portfolio positions {symbol}"
            if isinstance(one, Mapping):
                if not {"qty"} <= set(one) <= {"qty", "avg_price"}:
                    raise ConfigError(f"{where}: expected qty and avg_price, found {dict(one)}.")
                if "avg_price" in one:
                    prices[str(symbol)] = number(f"{where} avg_price", one["avg_price"])
                one = one["qty"]
            found[str(symbol)] = number(where, one)
        return cls(cash=number("portfolio cash", content["cash"]), positions=found, prices=prices)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOrders:
    """What a strategy would send.

    Attributes
    ----------
    asof : str
        The moment that was asked for, ISO UTC.
    decided_at : str
        The last moment at or before it at which the strategy could decide.
    account : "simulated" or "given"
        Whose cash and positions it saw.
    orders : list of dict
        symbol, side, qty, type, limit_price, stop_price, tif, tag, and target: the weight or value
        that the order is to reach, whose qty is what it comes to at the last prices; else None.
    cancels : list of dict
        symbol and tag of simulated working orders that it would cancel.
    working : list of dict
        Orders sent earlier that still work in the simulation, as those above; qty is what is left.
        They are no part of a given account: compare them with what works at your broker.
    positions : dict of str to float
        What the account that it saw held.
    refused : list of dict
        Orders that its limits or its money do not allow, with the reason; where it was a limit also
        rule, limit and value.
    rationale : list of str
        What it said with ``why=`` and ``ctx.log`` at that moment.
    risk_caps : dict
        The limits of ``ctx.risk`` in force.
    """

    asof: str
    decided_at: str
    account: Literal["simulated", "given"]
    orders: list[dict[str, Any]]
    cancels: list[dict[str, Any]]
    working: list[dict[str, Any]]
    positions: dict[str, float]
    refused: list[dict[str, Any]]
    rationale: list[str]
    risk_caps: dict[str, float]


def orders_at(
    strategy: Strategy | type[Strategy],
    data: Any,
    *,
    asof: datetime | date | str,
    portfolio: Holdings | Mapping[str, Any] | None = None,
    config: Config | Mapping[str, Any] | None = None,
    start: date | datetime | str | None = None,
    seed: int | None = None,
    options: DataOptions | None = None,
    on_progress: Progress | None = None,
) -> PlannedOrders:
    """The orders that a strategy would send at a moment.

    Parameters
    ----------
    strategy, data, config, start, seed, options, on_progress
        As in `quant.backtest`.
    asof : datetime, date or ISO text
        What ended later is not seen. A date is the end of its session.
    portfolio : Holdings or mapping, optional
        Cash and positions to decide with; else those of the simulation.

    Returns
    -------
    PlannedOrders
        The orders equal those of a backtest decided at that time; a weight or value, which a
        backtest sizes at its fill, is sized at the last prices.

    Raises
    ------
    ConfigError, StrategyError, DataError, OrderError
        For mistakes in settings, strategy, data and orders; also if the data end before `asof`.

    Examples
    --------
    >>> import quant as qt
    >>> plan = qt.orders_at(qt.MovingAverageCross(20, 100), qt.sample("sp500"), asof="2019-09-11")
    >>> [(order["side"], order["symbol"], order["target"]) for order in plan.orders]
    [('BUY', 'SP500', {'weight': 1.0})]
    """
    ready, settings = strategy_of(strategy), config_of(config, seed)
    check_hooks(ready)
    bars = load_for(data, settings, options)
    moment = moment_of(bars, asof)
    seen = bars_asof(bars, moment)
    if isinstance(portfolio, Mapping):
        portfolio = Holdings.read(portfolio)
    day = int(bars.calendar.days[session_at(bars, moment)])
    simulation = Simulation(
        ready,
        seen,
        settings,
        start=day_of("start", start),
        end=_EPOCH + timedelta(days=day),
        is_open_ended=True,
    )
    simulation.prepare()
    last = int(np.searchsorted(simulation.timeline.slices["ts"], moment, side="right")) - 1
    total = last + 1

    def tell(done: int) -> None:
        if on_progress is not None:
            on_progress(done, total)

    simulation.advance(last, on_progress=tell)
    before = _working(simulation)
    if portfolio is not None:
        simulation.replace_account(portfolio.cash, portfolio.positions, portfolio.prices)
    simulation.state["policy"][0]["size_at"] = SIZE_AT.DECISION
    first_order = int(simulation.state["sim"][0]["n_orders"])
    first_line = len(simulation.journal.lines)
    simulation.advance(last + 1, on_progress=tell)
    plan = _plan(simulation, moment, first_order, first_line, is_given=portfolio is not None)
    still = set(simulation.ctx.working_orders()) if portfolio is None else set(before)
    return dataclasses.replace(plan, working=[row for o, row in before.items() if o in still])


def _working(simulation: Simulation) -> dict[int, dict[str, Any]]:
    """Working orders by id, with what is left of them."""
    state = simulation.state
    table = orders_table(state, simulation.bars, simulation.ctx.desk.tags)
    records = state.used("orders")
    left = quantities(
        state, records["instrument"], records["units_venue"] - records["filled_venue"]
    )
    found = {}
    for order_id in simulation.ctx.working_orders():
        row = table.row(order_id - 1, named=True)
        side = _SIDES[int(records[order_id - 1]["side_venue"])]
        found[order_id] = {name: row[name] for name in _SENT} | {
            "side": side,
            "qty": float(left[order_id - 1]),
            "target": _target(records[order_id - 1]),
        }
    return found


def _plan(
    simulation: Simulation, moment: int, first_order: int, first_line: int, *, is_given: bool
) -> PlannedOrders:
    """What was asked for in the last timestamp."""
    state, now = simulation.state, int(simulation.timeline.slices["ts"][simulation.slice - 1])
    records = state.used("orders")
    table = orders_table(state, simulation.bars, simulation.ctx.desk.tags).to_dicts()
    # what a weight comes to at the last prices is the venue's to say until it fills
    asked = quantities(state, records["instrument"], records["units_venue"])
    orders, refused = [], []
    for o in range(first_order, len(records)):
        row = {name: table[o][name] for name in _SENT} | {"target": _target(records[o])}
        row |= {"side": _SIDES[int(records[o]["side_venue"])], "qty": float(asked[o])}
        status = int(records[o]["status"])
        if status < STATUS.FILLED and int(records[o]["cancel_reason"]) == 0:
            orders.append(row)
        elif status == STATUS.REJECTED:
            refused.append(row | {"reason": table[o]["reason"]} | _by_limit(records[o]))
    ended = (records["ts_cancel"] == now) & (np.arange(len(records)) < first_order)
    cancels = [
        {"symbol": table[o]["symbol"], "tag": table[o]["tag"]} for o in np.flatnonzero(ended)
    ]
    lines = simulation.journal.lines[first_line:]
    caps = simulation.ctx.risk.caps
    return PlannedOrders(
        asof=time_text(moment),
        decided_at=time_text(now),
        account="given" if is_given else "simulated",
        orders=orders,
        cancels=cancels,
        working=[],
        positions={s: p.qty for s, p in simulation.ctx.portfolio.positions.items()},
        refused=refused,
        rationale=[_words(line) for line in lines if line["event"] in ("strategy", "order_reason")],
        risk_caps={name: bound for name, bound in caps.items() if bound is not None},
    )


def _by_limit(order: Any) -> dict[str, Any]:
    """Rule, limit and value of a refusal by a limit; a value that is not known is None."""
    figures = refusal_figures(order)
    if not figures["rule"]:
        return {}
    value = figures["value"]
    return {
        "rule": figures["rule"],
        "limit": figures["limit"],
        "value": None if value != value else value,
    }


def _target(order: Any) -> dict[str, float] | None:
    names = {TARGET_KIND.WEIGHT: "weight", TARGET_KIND.VALUE: "value"}
    name = names.get(int(order["target_kind"]))
    return None if name is None else {name: float(order["target"])}


def _words(line: Mapping[str, Any]) -> str:
    """A log line as a sentence; values that came with it follow."""
    hidden = ("ts", "level", "event", "text", "order_id", "symbol")
    values = ", ".join(f"{k}={v}" for k, v in line.items() if k not in hidden)
    text = f"{line['symbol']}: {line['text']}" if line["event"] == "order_reason" else line["text"]
    return f"{text} ({values})" if values else str(text)
