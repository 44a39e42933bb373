"""A scenario run through the engine: the only place where oracle and engine meet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

import quant as qt
from quant.calendars import Calendar
from quant.engine.simulation import Simulation
from quant.kernel.codes import FILL_FLAG, FILL_REASON, LIQUIDITY, REASON, STATUS, names
from quant.lake import Bars, DataOptions, DataSource
from quant.model.parse import config_from
from quant.strategy import Context, Slice, Strategy

from .scenarios import (
    BASE,
    Action,
    FlowSpec,
    InstrumentSpec,
    OcoSpec,
    OrderSpec,
    RateSpec,
    Scenario,
)

# The flags that the oracle gives, too.
FLAGS: Final = {
    "clamped": FILL_FLAG.CLAMPED,
    "no_volume": FILL_FLAG.NO_VOLUME,
    "no_impact": FILL_FLAG.NO_IMPACT,
}


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioCalendar(Calendar):
    """Sessions as the scenario labels them, whatever the date of their hours."""

    def sessions_of(
        self, ts: NDArray[np.int64], *, side: Literal["ending", "beginning"]
    ) -> NDArray[np.int64]:
        index = np.searchsorted(self.closes, ts, side="left" if side == "ending" else "right")
        return np.minimum(index, len(self.closes) - 1).astype(np.int64)


def calendar_of(scenario: Scenario) -> Calendar:
    labels = sorted(scenario.session_closes)
    rows = [bar for spec in scenario.instruments for bar in spec.bars]
    opens = [min(bar.t_open for bar in rows if bar.session == label) for label in labels]
    closes = [scenario.session_closes[label] for label in labels]
    if scenario.interest is not None or scenario.borrow is not None:
        # The days that the last session pays for.
        labels, opens, closes = (
            [*labels, labels[-1] + 1],
            [*opens, closes[-1]],
            [*closes, closes[-1] + 1],
        )
    return ScenarioCalendar(
        "24/7",
        "UTC",
        365,
        "scenario",
        np.array(labels, np.int64),
        np.array(opens, np.int64),
        np.array(closes, np.int64),
    )


def bars_of(scenario: Scenario) -> Bars:
    calendar = calendar_of(scenario)
    specs = sorted(scenario.instruments, key=lambda spec: spec.symbol)
    rows = [bar for spec in specs for bar in spec.bars]
    counts = [len(spec.bars) for spec in specs]
    columns = {
        name: np.array([getattr(bar, name) for bar in rows], np.float64)
        for name in ("open", "high", "low", "close")
    }
    volume = [np.nan if bar.volume is None else bar.volume for bar in rows]
    columns["volume"] = np.array(volume, np.float64)
    for name in scenario.columns:
        values = [getattr(bar, name) for bar in rows]
        columns[name] = np.array([np.nan if x is None else x for x in values], np.float64)
    return Bars(
        symbols=tuple(spec.symbol for spec in specs),
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        ts_open=np.array([bar.t_open for bar in rows], np.int64),
        ts_close=np.array([bar.t_close for bar in rows], np.int64),
        session=np.searchsorted(calendar.days, [bar.session for bar in rows]).astype(np.int64),
        columns=columns,
        calendar=calendar,
        is_dated=False,
        closes_only=any(spec.closes_only for spec in specs),
        has_volume=bool(np.isfinite(columns["volume"]).any()),
        step_ns=0,
        source=DataSource(
            kind="frame",
            name="scenario",
            sha256="0" * 64,
            n_rows=len(rows),
            dropped_rows=0,
            bad_rows=(),
            notes=(),
            options=DataOptions(),
        ),
        warnings=(),
    )


def _instrument(spec: InstrumentSpec) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "increment": spec.increment,
        "tick": spec.tick,
        "multiplier": spec.multiplier,
        **spec.margin,
    }
    if spec.is_margined:
        settings["valuation"] = "margined"
    if spec.currency != BASE:
        settings["currency"] = spec.currency
    if spec.borrow_rate is not None:
        settings["borrow_rate"] = spec.borrow_rate
    return settings


def config_of(scenario: Scenario) -> Any:
    account = dict(scenario.account)
    if account["kind"] == "cash":
        account.pop("k", None)
    commission = {k: v for k, v in scenario.commission.items() if v is not None}
    slippage = dict(scenario.slippage)
    if slippage["kind"] == "ticks" and any(spec.tick is None for spec in scenario.instruments):
        slippage = {"kind": "ticks", "ticks": 0.0}
    fields: dict[str, Any] = {
        "cash": scenario.cash,
        "account": account,
        "execution": dict(scenario.execution),
        "commission": commission,
        "slippage": slippage,
        "instruments": {spec.symbol: _instrument(spec) for spec in scenario.instruments},
    }
    if scenario.margin_call:
        fields["margin_call"] = dict(scenario.margin_call)
    if scenario.interest is not None:
        fields["interest"] = dict(scenario.interest)
    if scenario.borrow is not None:
        fields["borrow"] = dict(scenario.borrow)
    if scenario.flows:
        fields["cash_flows"] = [_flow(flow) for flow in scenario.flows]
    if scenario.currencies:
        fields["currencies"] = {code: _rate(r) for code, r in scenario.currencies.items()}
        fields["conversion"] = dict(scenario.conversion)
    if scenario.impact is not None:
        fields["impact"] = {"kind": "square_root", **scenario.impact}
    if scenario.latency is not None:
        fields["latency"] = {"kind": "constant", **scenario.latency}
    return config_from(_with_effect(fields))


def _with_effect(fields: dict[str, Any]) -> dict[str, Any]:
    """Without what a configuration is refused for because it has no effect; the oracle has it
    still, so each agreement shows that it has none."""
    account, execution = fields["account"], fields["execution"]
    kind, lowest = account["kind"], account.get("maintenance")
    if kind != "margin" and lowest is None and "margin_call" in fields:
        bankruptcy = fields["margin_call"].get("bankruptcy", "liquidate")
        fields["margin_call"] = {"bankruptcy": bankruptcy}
    if "interest" in fields and (kind == "cash" or account.get("short_proceeds") == "free"):
        fields["interest"].pop("rebate", None)
    if kind == "cash":
        fields.pop("borrow", None)
        for one in fields["instruments"].values():
            one.pop("borrow_rate", None)
    caps = [execution.get(name) for name in ("participation", "max_shares", "max_notional")]
    caps.append(fields["slippage"].get("cap", fields["slippage"]["kind"] == "volume_share") or None)
    if all(cap is None for cap in caps):
        execution.pop("over_cap", None)
    if execution.get("zero_volume", "reject") == "reject":
        execution.pop("minimum_volume", None)
    if fields.get("conversion", {}).get("when") == "never":
        fields["conversion"].pop("cost", None)
    for one in fields["instruments"].values() if kind == "margin" else ():
        _raise_initial(one, account)
    return fields


def _raise_initial(one: dict[str, Any], account: dict[str, Any]) -> None:
    """What opens is never less than what keeps; an instrument's own may not say otherwise."""
    standard = qt.MarginAccount()
    for side in ("", "short_"):
        name = f"{side}maintenance"
        least = 0.0 if one.get("initial_money") else account.get(name, getattr(standard, name))
        keep = one.get(name, least)
        keep = max(keep, min(keep * one.get("leverage_factor", 1.0), 1.0))
        if f"{side}initial" in one:
            one[f"{side}initial"] = max(one[f"{side}initial"], keep)


def _rate(rate: RateSpec) -> dict[str, Any]:
    if rate.value is not None:
        return {"value": rate.value}
    return {"symbol": rate.symbol, "inverted": rate.is_inverted}


def _flow(flow: FlowSpec) -> dict[str, Any]:
    return {
        "date": date(1970, 1, 1) + timedelta(days=flow.session),
        "amount": flow.amount,
        "withdrawal": "partial" if flow.is_partial else "reject",
    }


class Scripted(Strategy):
    """Does what the scenario's actions say, when they say it."""

    def __init__(self, actions: list[Action]) -> None:
        self.due: dict[int, list[Action]] = {}
        for action in actions:
            self.due.setdefault(action.at, []).append(action)

    def on_slice(self, market: Slice, ctx: Context) -> None:
        for action in self.due.get(market.ts, []):
            act(action, ctx)


def act(action: Action, ctx: Context) -> None:
    if action.kind == "order":
        ctx.order(action.symbol, action.qty, action.type, **_terms(action))
    elif action.kind == "submit":
        orders = [_entry(entry) for entry in action.orders]
        ctx.submit(orders, **({"atomic": True} if action.atomic else {}))
    elif action.kind == "amend":
        ctx.amend(action.tag, **_changes(action))
    elif action.kind == "target_qty":
        ctx.order_target(action.symbol, action.qty)
    elif action.kind == "target_weight":
        ctx.order_target(action.symbol, weight=action.value)
    elif action.kind == "target_value":
        ctx.order_target(action.symbol, value=action.value)
    else:
        ctx.cancel(action.cancel or action.tag)


_PRICES = ("limit_price", "stop_price", "trail_amount", "trail_percent")


def _terms(order: Action | OrderSpec) -> dict[str, Any]:
    """The keywords of an order; what has its usual value is not said."""
    names = (*_PRICES, "limit_offset", "reduce_only", "post_only", "tag")
    values = {name: getattr(order, name) for name in names}
    said = {n: v for n, v in values.items() if v is not None and v is not False and v != ""}
    return {"tif": order.tif, **said, **_good_till(order)}


def _good_till(order: Action | OrderSpec) -> dict[str, datetime | date]:
    if order.good_till_session is not None:
        return {"good_till": date(1970, 1, 1) + timedelta(days=order.good_till_session)}
    if order.good_till is not None:
        assert order.good_till % 1_000 == 0, "a datetime holds whole microseconds"
        since = timedelta(microseconds=order.good_till // 1_000)
        return {"good_till": datetime(1970, 1, 1, tzinfo=UTC) + since}
    return {}


def _changes(action: Action) -> dict[str, Any]:
    values = {name: getattr(action, name) for name in _PRICES}
    said = {name: value for name, value in values.items() if value is not None}
    if action.qty:
        said["qty"] = action.qty
    return {**said, **_good_till(action)}


def _entry(entry: OrderSpec | OcoSpec) -> Any:
    """The order or the group as the public classes have it."""
    if isinstance(entry, OcoSpec):
        return qt.OneCancelsOther(orders=tuple(_entry(order) for order in entry.orders))
    terms = _terms(entry)
    if entry.children:
        terms["children"] = tuple(_entry(child) for child in entry.children)
    return qt.Order(symbol=entry.symbol, qty=entry.qty, type=entry.type, **terms)


@dataclass
class Result:
    """The engine's answer, in the oracle's words."""

    fills: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    equity: list[tuple[int, float, float]]
    simulation: Simulation


def simulation_of(scenario: Scenario) -> Simulation:
    return Simulation(Scripted(scenario.actions), bars_of(scenario), config_of(scenario))


def run(scenario: Scenario) -> Result:
    """The scenario through the engine, books checked after every timestamp."""
    simulation = simulation_of(scenario)
    simulation.prepare()
    while not simulation.is_done:
        simulation.advance(until=simulation.slice + 1)
        simulation.check_books()
    return result_of(simulation)


def result_of(simulation: Simulation) -> Result:
    state = simulation.state
    symbols = simulation.bars.symbols
    reasons, fill_reasons = names(REASON), names(FILL_REASON)
    liquidity, statuses = names(LIQUIDITY), names(STATUS, upper=True)
    fills = [
        {
            "order": int(f["order"]) + 1,
            "ts": int(f["ts"]),
            "symbol": symbols[int(f["instrument"])],
            "units": int(f["units"]),
            "price": float(f["price"]),
            "price_raw": float(f["price_raw"]),
            "commission": float(f["commission"]),
            "fees": float(f["fees"]),
            "slippage": float(f["slippage"]),
            "liquidity": liquidity[int(f["liquidity"])],
            "reason": fill_reasons[int(f["reason"])],
            "impact": float(f["impact"]),
            "flags": frozenset(name for name, bit in FLAGS.items() if int(f["flags"]) & bit),
        }
        for f in state.used("fills")
    ]
    orders = [
        {
            "order": n,
            "status": statuses[int(o["status"])],
            "filled_units": int(o["side"] * o["filled"]),
            "reason": "" if o["reason"] == 0 else reasons[int(o["reason"])],
        }
        for n, o in enumerate(state.used("orders"), 1)
    ]
    rows = state["equity"][1 : int(state["sim"][0]["n_equity"])]
    equity = [(int(r["ts"]), float(r["cash"]), float(r["equity"])) for r in rows]
    return Result(fills=fills, orders=orders, equity=equity, simulation=simulation)
