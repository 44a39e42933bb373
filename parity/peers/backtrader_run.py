"""Scenarios through backtrader, with its broker's own defaults.

Orders go to ``BackBroker`` as a strategy would send them from ``next``. Only what a scenario asks
for is set: commission, slippage, volume filler, cheat-on-close.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import backtrader as bt
import pandas as pd

from parity.peers.common import Scenario, refuse, result, serve
from parity.scenarios import SESSIONS

TYPES = {
    "market": bt.Order.Market,
    "limit": bt.Order.Limit,
    "stop": bt.Order.Stop,
    "stop_limit": bt.Order.StopLimit,
    "trailing_stop": bt.Order.StopTrail,
    "market_on_close": bt.Order.Close,
}


class PerShare(bt.CommInfoBase):
    """A commission per share with a minimum; asked for per opening and closing part."""

    params = (("per_share", 0.0), ("minimum", 0.0), ("stocklike", True))

    def _getcommission(self, size: float, price: float, pseudoexec: bool) -> float:
        return max(self.p.minimum, abs(size) * self.p.per_share)


class Script(bt.Strategy):
    """Sends what the scenario's script says at each bar."""

    params = (("scenario", None),)

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.named: dict[str, Any] = {}

    def next(self) -> None:
        bar = len(self) - 1
        for action in self.p.scenario["script"].get(str(bar), ()):
            getattr(self, f"_{action['do']}")(action, bar)

    def _order(self, action: dict[str, Any], bar: int, oco: Any = None) -> Any:
        how: dict[str, Any] = {"exectype": TYPES[action["type"]], "oco": oco}
        if action["type"] == "trailing_stop":
            how["trailamount"] = action.get("trail")
            how["trailpercent"] = action["percent"] / 100.0 if "percent" in action else None
        elif "limit" in action or "stop" in action:
            how["price"] = action.get("stop", action.get("limit"))
        if action["type"] == "stop_limit":
            how["plimit"] = action["limit"]
        if action["tif"] == "DAY":
            how["valid"] = dt.datetime.fromisoformat(SESSIONS[bar + 1])
        send = self.buy if action["qty"] > 0 else self.sell
        made = send(data=self.getdatabyname(action["symbol"]), size=abs(action["qty"]), **how)
        self.sent.append(made)
        if "name" in action:
            self.named[action["name"]] = made
        return made

    def _oco(self, action: dict[str, Any], bar: int) -> None:
        first, second = action["orders"]
        self._order(second, bar, oco=self._order(first, bar))

    def _bracket(self, action: dict[str, Any], bar: int) -> None:
        send = self.buy_bracket if action["qty"] > 0 else self.sell_bracket
        self.sent += send(
            data=self.getdatabyname(action["symbol"]),
            size=abs(action["qty"]),
            exectype=bt.Order.Market,
            limitprice=action["target"],
            stopprice=action["stop"],
        )

    def _weights(self, action: dict[str, Any], bar: int) -> None:
        for symbol, weight in action["weights"].items():
            made = self.order_target_percent(data=self.getdatabyname(symbol), target=weight)
            self.sent += [made] if made is not None else []

    def _cancel(self, action: dict[str, Any], bar: int) -> None:
        self.cancel(self.named[action["name"]])


def _set_costs(broker: Any, scenario: Scenario) -> None:
    commission = scenario["commission"]
    if commission and commission["kind"] == "rate":
        broker.setcommission(commission=commission["rate"])
    elif commission:
        terms = {name: commission[name] for name in ("per_share", "minimum")}
        broker.addcommissioninfo(PerShare(**terms))
    if scenario["slippage"]:
        # so that slippage may leave the bar, as it may in quant
        broker.set_slippage_perc(scenario["slippage"], slip_out=True)
    if scenario["participation"]:
        broker.set_filler(bt.fillers.FixedBarPerc(perc=100.0 * scenario["participation"]))
    if scenario["timing"] == "same_close":
        broker.set_coc(True)


def _fills(orders: list[Any]) -> list[tuple[int, str, float, float, float]]:
    rows = []
    for sent in orders:
        for bit in sent.executed.exbits:
            bar = SESSIONS.index(bt.num2date(bit.dt).date().isoformat())
            cost = bit.closedcomm + bit.openedcomm
            rows.append((bar, sent.data._name, bit.size, bit.price, cost))
    return rows


def run(scenario: Scenario) -> dict[str, Any]:
    """One scenario through backtrader."""
    refuse(
        scenario, market_if_touched="no order that waits for a better price and takes the market"
    )
    cerebro = bt.Cerebro(stdstats=False)
    for symbol, rows in scenario["bars"].items():
        index = pd.DatetimeIndex(SESSIONS[: len(rows)])
        names = ["open", "high", "low", "close", "volume"]
        frame = pd.DataFrame(rows, index=index, columns=names, dtype=float)
        cerebro.adddata(bt.feeds.PandasData(dataname=frame, openinterest=None), name=symbol)
    cerebro.addstrategy(Script, scenario=scenario)
    cerebro.broker.setcash(scenario["cash"])
    _set_costs(cerebro.broker, scenario)
    (script,) = cerebro.run()
    broker = cerebro.broker
    return result(_fills(script.sent), broker.getcash(), broker.getvalue())


if __name__ == "__main__":
    serve(run)
