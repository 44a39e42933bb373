"""One workload of the benchmark of peers, in the peer's environment, with its fills.

python -m parity.peers.workload_run PEER WORKLOAD FILLS.npz SCRIPT [argument ...]

Runs the benchmark's own script as it is and takes the fills from what it leaves, or from the broker
while it runs. Prints one line of JSON: final equity and number of orders.
"""

from __future__ import annotations

import contextlib
import io
import json
import runpy
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

Rows = list[tuple[int, int, float, float, float]]
Globals = dict[str, Any]
RATES = {"w1": 0.001, "w1x10": 0.001, "w2": 0.0005}
DAY, MINUTE = 86_400_000_000_000, 60_000_000_000


def _number(name: str) -> int:
    """The place of an instrument named A, A7 or A007."""
    return int("".join(c for c in name if c.isdigit()) or 0)


def _backtrader(workload: str) -> Callable[[Globals], Iterable[Any]]:
    import backtrader as bt

    rows: Rows = []
    places: dict[str, int] = {}
    usual = bt.OrderBase.execute

    def execute(order: Any, dt: Any, size: float, price: float, *more: Any) -> Any:
        _, _, closed_cost, _, _, opened_cost = more[:6]
        symbol = places.setdefault(order.data._name, _number(order.data._name))
        rows.append((len(order.data) - 1, symbol, size, price, closed_cost + opened_cost))
        return usual(order, dt, size, price, *more)

    bt.OrderBase.execute = execute
    return lambda left: rows


def _backtesting_py(workload: str) -> Callable[[Globals], Iterable[Any]]:
    import backtesting.backtesting as engine

    rows: Rows = []
    runs: list[Any] = []
    # the script for a panel puts one bar in front
    first = 1 if workload.startswith("w1") else 0

    class Recorder(engine._Broker):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            runs.append(None)

        def _note(self, bar: int, size: float, price: float) -> None:
            cost = self._commission(size, price)
            rows.append((bar - first, len(runs) - 1, size, price, cost))

        def _open_trade(self, price: float, size: int, sl: Any, tp: Any, bar: int, tag: Any):
            super()._open_trade(price, size, sl, tp, bar, tag)
            self._note(bar, size, price)

        def _close_trade(self, trade: Any, price: float, bar: int) -> None:
            self._note(bar, -trade.size, price)
            super()._close_trade(trade, price, bar)

    engine._Broker = Recorder
    return lambda left: rows


def _vectorbt(workload: str) -> Callable[[Globals], Iterable[Any]]:
    def taken(left: Globals) -> Iterable[Any]:
        found = left["pf"].orders.values
        side = np.where(found["side"] == 0, 1.0, -1.0)
        columns = (found["idx"], found["col"], found["size"] * side, found["price"], found["fees"])
        return zip(*columns, strict=True)

    return taken


def _bt(workload: str) -> Callable[[Globals], Iterable[Any]]:
    def taken(left: Globals) -> Iterable[Any]:
        row_of = {day: row for row, day in enumerate(left["idx"])}
        done = left["t"].strategy.get_transactions().reset_index()
        columns = (done["Date"], done["Security"], done["quantity"], done["price"])
        for day, name, qty, price in zip(*columns, strict=True):
            yield row_of[day], _number(name), qty, price, abs(qty) * price * RATES[workload]

    return taken


def _zipline(workload: str) -> Callable[[Globals], Iterable[Any]]:
    def taken(left: Globals) -> Iterable[Any]:
        import pandas as pd

        ends = left["mins"] if workload == "w2" else left["ses"]
        place = {pd.Timestamp(end).tz_localize(None): row for row, end in enumerate(ends)}
        for fills in left["r"]["transactions"]:
            for fill in fills:
                when = pd.Timestamp(fill["dt"]).tz_localize(None)
                bar = place[when if workload == "w2" else when.normalize()]
                qty, price = fill["amount"], fill["price"]
                yield bar, int(fill["sid"]), qty, price, abs(qty) * price * RATES[workload]

    return taken


def _nautilus(workload: str) -> Callable[[Globals], Iterable[Any]]:
    def taken(left: Globals) -> Iterable[Any]:
        from nautilus_trader.model.enums import OrderSide
        from nautilus_trader.model.events import OrderFilled

        length = MINUTE if workload == "w2" else DAY
        for order in left["e"].cache.orders():
            for event in order.events:
                if isinstance(event, OrderFilled):
                    sign = 1.0 if event.order_side == OrderSide.BUY else -1.0
                    qty, price = event.last_qty.as_double() * sign, event.last_px.as_double()
                    symbol = _number(event.instrument_id.symbol.value)
                    # an order that latency delays is executed with the next event, at the latest
                    # when the bar ends: that moment still belongs to the bar
                    bar = (event.ts_event - left["T0"] - 1) // length
                    yield bar, symbol, qty, price, event.commission.as_double()

    return taken


PEERS = {
    "backtrader": _backtrader,
    "backtesting_py": _backtesting_py,
    "vectorbt": _vectorbt,
    "bt": _bt,
    "zipline": _zipline,
    "nautilus": _nautilus,
}


def main(peer: str, workload: str, fills: str, script: str, *arguments: str) -> None:
    """Run a script of the benchmark and keep its fills."""
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).parent))
    has_fills = workload in RATES
    take = PEERS[peer](workload) if has_fills else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        left = runpy.run_path(script, run_name="__main__")
    lines = [json.loads(x) for x in printed.getvalue().splitlines() if x.startswith("{")]
    last = lines[-1]
    if take is not None:
        rows = np.array(list(take(left)), dtype=float).reshape(-1, 5)
        np.savez(fills, rows=rows)
    print(json.dumps({"equity": last["final_equity"], "orders": last["n_orders"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
