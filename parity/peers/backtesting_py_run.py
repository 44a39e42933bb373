"""Scenarios through backtesting.py, with its own defaults and trades left open at the end.

``Strategy.next`` is first called on the second bar, so one bar is put in front. Fills are taken
from the broker as it opens and closes trades: there it knows price and commission of each.
"""

from __future__ import annotations

from typing import Any

import backtesting.backtesting as engine
import pandas as pd

from parity.peers.common import Scenario, Unsupported, refuse, result, serve
from parity.scenarios import SESSIONS

BEFORE = "2023-06-02"
FIELDS = ["Open", "High", "Low", "Close", "Volume"]
engine._tqdm = lambda x, **_: x


class Recorder(engine._Broker):
    """The broker, with a list of what it did."""

    latest: Recorder

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.fills: list[tuple[int, float, float, float]] = []
        Recorder.latest = self

    def _open_trade(self, price: float, size: int, sl: Any, tp: Any, time_index: int, tag: Any):
        super()._open_trade(price, size, sl, tp, time_index, tag)
        self.fills.append((time_index - 1, size, price, self._commission(size, price)))

    def _close_trade(self, trade: Any, price: float, time_index: int) -> None:
        cost = self._commission(trade.size, price)
        self.fills.append((time_index - 1, -trade.size, price, cost))
        super()._close_trade(trade, price, time_index)


engine._Broker = Recorder


class Script(engine.Strategy):
    """Sends what the scenario's script says at each bar."""

    script: dict[str, list[dict[str, Any]]] = {}  # noqa: RUF012 (a parameter of the run)

    def init(self) -> None:
        self.named: dict[str, Any] = {}

    def next(self) -> None:
        for action in self.script.get(str(len(self.data) - 2), ()):
            getattr(self, f"_{action['do']}")(action)

    def _send(self, qty: int, **how: float) -> Any:
        return (self.buy if qty > 0 else self.sell)(size=abs(qty), **how)

    def _order(self, action: dict[str, Any]) -> None:
        made = self._send(action["qty"], **{k: action[k] for k in ("limit", "stop") if k in action})
        if "name" in action:
            self.named[action["name"]] = made

    def _bracket(self, action: dict[str, Any]) -> None:
        self._send(action["qty"], tp=action["target"], sl=action["stop"])

    def _oco(self, action: dict[str, Any]) -> None:
        # a target and a stop belong to a trade; that is the only such pair there is
        (trade,) = self.trades
        for each in action["orders"]:
            if each["qty"] != -trade.size or each["type"] not in ("limit", "stop"):
                raise Unsupported("one-cancels-other exists only as target and stop of a trade")
            setattr(trade, "tp" if each["type"] == "limit" else "sl", each[each["type"]])

    def _cancel(self, action: dict[str, Any]) -> None:
        self.named[action["name"]].cancel()


def _commission(scenario: Scenario) -> Any:
    terms = scenario["commission"]
    if not terms:
        return 0.0
    if terms["kind"] == "rate":
        return terms["rate"]
    return lambda size, price: max(terms["minimum"], abs(size) * terms["per_share"])


def run(scenario: Scenario) -> dict[str, Any]:
    """One scenario through backtesting.py."""
    if len(scenario["bars"]) > 1:
        raise Unsupported("a run has one asset")
    refuse(
        scenario,
        weights="a run has one asset; sizes are units or a fraction of what is left",
        day="orders have no expiry",
        market_if_touched="no order that waits for a better price and takes the market",
        market_on_close="an order fills at an open, or at the close it was made at",
        trailing_stop="no trailing order; lib.TrailingStrategy is strategy code that moves stops",
        participation="no volume limit",
    )
    ((symbol, rows),) = scenario["bars"].items()
    index = pd.DatetimeIndex([BEFORE, *SESSIONS[: len(rows)]])
    frame = pd.DataFrame([rows[0], *rows], index=index, columns=FIELDS, dtype=float)
    test = engine.Backtest(
        frame,
        Script,
        cash=scenario["cash"],
        spread=scenario["slippage"],
        commission=_commission(scenario),
        trade_on_close=scenario["timing"] == "same_close",
        finalize_trades=False,
    )
    stats = test.run(script=scenario["script"])
    broker = Recorder.latest
    fills = [(bar, symbol, *rest) for bar, *rest in broker.fills]
    return result(fills, broker._cash, stats["Equity Final [$]"])


if __name__ == "__main__":
    serve(run)
