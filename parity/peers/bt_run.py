"""Scenarios through bt: an algo that trades at the price of the row it is called in.

bt has one price per asset and row; it is given the closes. There are no orders that wait.
"""

from __future__ import annotations

from typing import Any

import bt
import pandas as pd

from parity.peers.common import Scenario, refuse, result, serve
from parity.scenarios import SESSIONS

WAITS = "no orders that wait: an algo trades at once, at the price of its row"


class Script(bt.Algo):
    """Does what the scenario's script says at each row."""

    def __init__(self, script: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__()
        self.script = script

    def __call__(self, target: Any) -> bool:
        day = target.now.date().isoformat()
        for action in self.script.get(str(SESSIONS.index(day)), ()):
            if action["do"] == "order":
                target.transact(float(action["qty"]), action["symbol"])
            else:
                target.temp["weights"] = dict(action["weights"])
                bt.algos.Rebalance()(target)
        return True


def _commission(scenario: Scenario) -> Any:
    terms = scenario["commission"]
    if not terms:
        return lambda q, p: 0.0
    if terms["kind"] == "rate":
        return lambda q, p: abs(q) * p * terms["rate"]
    return lambda q, p: max(terms["minimum"], abs(q) * terms["per_share"])


def run(scenario: Scenario) -> dict[str, Any]:
    """One scenario through bt."""
    refuse(
        scenario,
        limit=WAITS,
        stop=WAITS,
        market_if_touched=WAITS,
        market_on_close=WAITS,
        stop_limit=WAITS,
        trailing_stop=WAITS,
        bracket=WAITS,
        oco=WAITS,
        participation="no volume limit",
    )
    symbols = list(scenario["bars"])
    index = pd.DatetimeIndex(SESSIONS[: len(scenario["bars"][symbols[0]])])
    closes = {symbol: [row[3] for row in rows] for symbol, rows in scenario["bars"].items()}
    prices = pd.DataFrame(closes, index=index, dtype=float)
    commission = _commission(scenario)
    test = bt.Backtest(
        bt.Strategy("script", [Script(scenario["script"])], children=symbols),
        prices,
        initial_capital=scenario["cash"],
        commissions=commission,
        integer_positions=True,
        progress_bar=False,
        # bt charges half of bid-offer per share
        additional_data={"bidoffer": prices * 2.0 * scenario["slippage"]},
    )
    test.run()
    done = test.strategy.get_transactions().reset_index()
    fills = []
    for row in done.to_dict("records"):
        day, symbol = row["Date"].date().isoformat(), row["Security"]
        middle = prices.loc[row["Date"], symbol]
        cost = commission(row["quantity"], middle)
        fills.append((SESSIONS.index(day), symbol, row["quantity"], row["price"], cost))
    return result(fills, test.strategy.capital, test.strategy.value)


if __name__ == "__main__":
    serve(run)
