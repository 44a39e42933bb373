"""Scenarios through zipline-reloaded, with its own way to fill: the close of the next bar.

Costs and the volume limit are those of a scenario, in zipline's ``FixedBasisPointsSlippage``. Each
scenario's bars are ingested once, as a bundle of their own under ``ZIPLINE_ROOT``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from zipline import api, run_algorithm
from zipline.data import bundles
from zipline.finance import commission, slippage
from zipline.utils.calendar_utils import get_calendar

from parity.peers.common import Scenario, refuse, result, serve
from parity.scenarios import SESSIONS

FIELDS = ["open", "high", "low", "close", "volume"]
GROUPS = "no linked orders"


def _bundle(scenario: Scenario) -> str:
    """The name of a bundle that holds the scenario's bars, ingested if it is new."""
    bars = scenario["bars"]
    content = hashlib.sha256(json.dumps(bars, sort_keys=True).encode()).hexdigest()[:12]
    name = f"parity-{content}"
    symbols = list(bars)
    days = pd.DatetimeIndex(SESSIONS[: len(bars[symbols[0]])])
    frames = [pd.DataFrame(bars[s], index=days, columns=FIELDS, dtype=float) for s in symbols]

    def ingest(environ, assets, minutes, daily, adjust, calendar, start, end, cache, show, out):
        about = {
            "symbol": symbols,
            "asset_name": symbols,
            "start_date": days[0],
            "end_date": days[-1],
            "first_traded": days[0],
            "auto_close_date": days[-1] + pd.Timedelta(days=30),
            "exchange": "X",
        }
        exchange = {"exchange": ["X"], "canonical_name": ["X"], "country_code": ["US"]}
        assets.write(equities=pd.DataFrame(about), exchanges=pd.DataFrame(exchange))
        daily.write(enumerate(frames), show_progress=False)
        adjust.write()

    bundles.register(
        name, ingest, calendar_name="XNYS", start_session=days[0], end_session=days[-1]
    )
    if not (Path(os.environ["ZIPLINE_ROOT"]) / "data" / name).exists():
        bundles.ingest(name, show_progress=False)
    return name


def _set_costs(scenario: Scenario) -> None:
    terms = scenario["commission"]
    if not terms:
        model = commission.PerShare(cost=0.0)
    elif terms["kind"] == "rate":
        model = commission.PerDollar(cost=terms["rate"])
    else:
        model = commission.PerShare(cost=terms["per_share"], min_trade_cost=terms["minimum"])
    api.set_commission(model)
    limit = scenario["participation"] or 1.0
    points = 1e4 * scenario["slippage"]
    api.set_slippage(slippage.FixedBasisPointsSlippage(basis_points=points, volume_limit=limit))


def _do(action: dict[str, Any], named: dict[str, Any]) -> None:
    if action["do"] == "weights":
        for symbol, weight in action["weights"].items():
            api.order_target_percent(api.symbol(symbol), weight)
    elif action["do"] == "cancel":
        api.cancel_order(named[action["name"]])
    else:
        how = {f"{key}_price": action[key] for key in ("limit", "stop") if key in action}
        made = api.order(api.symbol(action["symbol"]), action["qty"], **how)
        if "name" in action:
            named[action["name"]] = made


def _fills(performance: pd.DataFrame) -> list[tuple[int, str, float, float, float]]:
    rows, charged = [], {}
    for when, day in performance.iterrows():
        costs = {order["id"]: order["commission"] or 0.0 for order in day["orders"]}
        for fill in day["transactions"]:
            number = fill["order_id"]
            cost = costs[number] - charged.get(number, 0.0)
            charged[number] = costs[number]
            bar = SESSIONS.index(when.date().isoformat())
            rows.append((bar, fill["sid"].symbol, fill["amount"], fill["price"], cost))
    return rows


def _steps(scenario: Scenario) -> tuple[Callable[..., None], Callable[..., None]]:
    def initialize(context: Any) -> None:
        context.named = {}
        _set_costs(scenario)

    def handle_data(context: Any, data: Any) -> None:
        bar = SESSIONS.index(api.get_datetime().date().isoformat())
        for action in scenario["script"].get(str(bar), ()):
            _do(action, context.named)

    return initialize, handle_data


def run(scenario: Scenario) -> dict[str, Any]:
    """One scenario through zipline."""
    refuse(
        scenario,
        timing="an order never fills in the bar it is made in",
        trailing_stop="no trailing order",
        market_if_touched="no order that waits for a better price and takes the market",
        bracket=GROUPS,
        oco=GROUPS,
        day="no validity per order; EODCancel ends an order on the evening it was made",
    )
    days = pd.DatetimeIndex(SESSIONS[: len(next(iter(scenario["bars"].values())))])
    initialize, handle_data = _steps(scenario)
    performance = run_algorithm(
        start=days[0],
        end=days[-1],
        initialize=initialize,
        handle_data=handle_data,
        capital_base=scenario["cash"],
        bundle=_bundle(scenario),
        data_frequency="daily",
        benchmark_returns=pd.Series(0.0, index=days.tz_localize("UTC")),
        trading_calendar=get_calendar("XNYS"),
    )
    last = performance.iloc[-1]
    return result(_fills(performance), last["ending_cash"], last["portfolio_value"])


if __name__ == "__main__":
    serve(run)
