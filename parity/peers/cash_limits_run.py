"""The strategy of `parity.cash_limits` through backtrader or vectorbt, in that peer's environment.

python -m parity.peers.cash_limits_run PEER PANEL.npz SETTINGS

Settings, as JSON: ``cash``, for backtrader ``checksubmit``, for vectorbt ``lock_cash`` and
``same_bar``. Prints profit and loss, the number of fills and the number of trades closed.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pandas as pd

COMMISSION, SLIPPAGE = 0.001, 0.0005


def _index(n: int) -> pd.DatetimeIndex:
    return pd.bdate_range("2015-01-01", periods=n)


def backtrader(data: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """Orders for the difference to the target, sales sent before purchases."""
    import backtrader as bt

    target = data["target"].tolist()

    class Panel(bt.Strategy):
        fills = trades = 0

        def next(self) -> None:
            day = len(self) - 1
            if day == len(target) - 1:
                return
            held = [self.getposition(d).size for d in self.datas]
            change = [t - h for t, h in zip(target[day], held, strict=True)]
            for d, qty in zip(self.datas, change, strict=True):
                if qty < 0:
                    self.sell(data=d, size=-qty)
            for d, qty in zip(self.datas, change, strict=True):
                if qty > 0:
                    self.buy(data=d, size=qty)

        def notify_order(self, order: Any) -> None:
            self.fills += order.status == order.Completed

        def notify_trade(self, trade: Any) -> None:
            self.trades += trade.isclosed

    cerebro = bt.Cerebro(stdstats=False)
    names = ("open", "high", "low", "close", "volume")
    for i in range(data["close"].shape[1]):
        frame = pd.DataFrame({name: data[name][:, i] for name in names}, _index(len(target)))
        cerebro.adddata(bt.feeds.PandasData(dataname=frame, openinterest=None), name=f"A{i}")
    cerebro.addstrategy(Panel)
    cerebro.broker.setcash(settings["cash"])
    cerebro.broker.setcommission(commission=COMMISSION)
    cerebro.broker.set_slippage_perc(SLIPPAGE, slip_out=True)
    cerebro.broker.set_checksubmit(settings["checksubmit"])
    (ran,) = cerebro.run()
    pnl = cerebro.broker.getvalue() - settings["cash"]
    return {"pnl": pnl, "fills": ran.fills, "trades": ran.trades}


def vectorbt(data: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """Target amounts; partial fills where cash ends, as vectorbt does by default."""
    import vectorbt as vbt

    index = _index(len(data["close"]))
    opens, closes, target = (
        pd.DataFrame(data[name].astype(float), index) for name in ("open", "close", "target")
    )
    same = settings["same_bar"]
    size = target.copy() if same else target.shift(1)
    if same:
        size.iloc[-1] = np.nan
    done = vbt.Portfolio.from_orders(
        closes,
        size,
        size_type="targetamount",
        direction="both",
        price=closes if same else opens,
        fees=COMMISSION,
        slippage=SLIPPAGE,
        size_granularity=1.0,
        init_cash=settings["cash"],
        lock_cash=settings["lock_cash"],
        cash_sharing=True,
        group_by=True,
        call_seq="auto",
    )
    pnl = float(done.final_value()) - settings["cash"]
    closed = int(done.trades.closed.count())
    return {"pnl": pnl, "fills": int(done.orders.count()), "trades": closed}


if __name__ == "__main__":
    peer, panel, given = sys.argv[1:]
    with np.load(panel) as stored:
        bars = {name: stored[name] for name in stored.files}
    run = {"backtrader": backtrader, "vectorbt": vectorbt}[peer]
    print(json.dumps(run(bars, json.loads(given))))
