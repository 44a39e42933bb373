"""The strategy of `parity.cash_limits` through backtrader or vectorbt, in that peer's environment.

python -m parity.peers.cash_limits_run PEER PANEL.npz SETTINGS

Settings, as JSON: ``cash``, for backtrader ``checksubmit`` and ``sales_first``, for vectorbt
``lock_cash``, ``same_bar`` and ``sharing`` (one account for all assets, or an equal part for each).
Prints profit and loss, the number of fills and the number of trades closed.
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
    """Orders for the difference to the target, sales sent before purchases or as they come."""
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
            pairs = list(zip(self.datas, change, strict=True))
            if settings.get("sales_first", True):
                pairs.sort(key=lambda pair: pair[1] > 0)
            for d, qty in pairs:
                if qty:
                    (self.buy if qty > 0 else self.sell)(data=d, size=abs(qty))

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
    same, is_shared = settings["same_bar"], settings.get("sharing", True)
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
        size_granularity=1.0 if is_shared else np.nan,
        init_cash=settings["cash"] if is_shared else settings["cash"] / target.shape[1],
        lock_cash=settings["lock_cash"],
        cash_sharing=is_shared,
        group_by=True if is_shared else None,
        call_seq="auto" if is_shared else "default",
    )
    pnl = float(np.sum(done.final_value())) - settings["cash"]
    fills, closed = (int(np.sum(x.count())) for x in (done.orders, done.trades.closed))
    return {"pnl": pnl, "fills": fills, "trades": closed}


if __name__ == "__main__":
    peer, panel, given = sys.argv[1:]
    with np.load(panel) as stored:
        bars = {name: stored[name] for name in stored.files}
    run = {"backtrader": backtrader, "vectorbt": vectorbt}[peer]
    print(json.dumps(run(bars, json.loads(given))))
