"""One workload of the benchmark of peers, in the peer's environment, with its fills.

python -m parity.peers.workload_run PEER WORKLOAD FILLS.npz SCRIPT [argument ...]

Runs the benchmark's own script as it is and takes the fills from what it leaves, or from the broker
while it runs. Prints one line of JSON: final equity and number of orders. Of W3, a sweep, the place
of the pair stands where other workloads have that of the instrument.
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
RATES = {"w1": 0.001, "w1x10": 0.001, "w2": 0.0005, "w3": 0.0005}
DAY, MINUTE = 86_400_000_000_000, 60_000_000_000


def _number(name: str) -> int:
    """The place of an instrument named A, A7 or A007."""
    return int("".join(c for c in name if c.isdigit()) or 0)


def _backtrader(workload: str) -> Callable[[Globals], Iterable[Any]]:
    import backtrader as bt

    rows: list[tuple[Any, ...]] = []
    places: dict[str, int] = {}
    usual = bt.OrderBase.execute

    def execute(order: Any, dt: Any, size: float, price: float, *more: Any) -> Any:
        _, _, closed_cost, _, _, opened_cost = more[:6]
        symbol: Any = places.setdefault(order.data._name, _number(order.data._name))
        if workload == "w3":
            symbol = tuple(order.owner.p.pair)
        rows.append((len(order.data) - 1, symbol, size, price, closed_cost + opened_cost))
        return usual(order, dt, size, price, *more)

    def taken(left: Globals) -> Iterable[Any]:
        if workload != "w3":
            return rows
        place = {tuple(pair): k for k, pair in enumerate(left["pairs"])}
        return [(bar, place[pair], *rest) for bar, pair, *rest in rows]

    bt.OrderBase.execute = execute
    return taken


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
    kept: list[Any] = []
    if workload == "w3":
        # one portfolio has all pairs as its columns, and the script forgets it
        import vectorbt as vbt

        usual = vbt.Portfolio.from_order_func

        def from_order_func(*given: Any, **settings: Any) -> Any:
            kept[:] = [usual(*given, **settings)]
            return kept[0]

        vbt.Portfolio.from_order_func = from_order_func

    def taken(left: Globals) -> Iterable[Any]:
        found = (kept[0] if kept else left["pf"]).orders.values
        side = np.where(found["side"] == 0, 1.0, -1.0)
        columns = (found["idx"], found["col"], found["size"] * side, found["price"], found["fees"])
        return zip(*columns, strict=True)

    return taken


def _bt(workload: str) -> Callable[[Globals], Iterable[Any]]:
    import bt

    runs: list[Any] = []

    class Kept(bt.Backtest):
        def __init__(self, *given: Any, **settings: Any) -> None:
            super().__init__(*given, **settings)
            runs.append(self)

    bt.Backtest = Kept

    def taken(left: Globals) -> Iterable[Any]:
        row_of = {day: row for row, day in enumerate(left["idx"])}
        for k, run in enumerate(runs):
            done = run.strategy.get_transactions().reset_index()
            columns = (done["Date"], done["Security"], done["quantity"], done["price"])
            for day, name, qty, price in zip(*columns, strict=True):
                symbol = k if workload == "w3" else _number(name)
                yield row_of[day], symbol, qty, price, abs(qty) * price * RATES[workload]

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
    kept: list[Any] = []
    if workload == "w3":
        # the engine forgets its orders before the next pair
        import nt_common

        usual = nt_common.equity

        def equity(engine: Any, marks: Any) -> Any:
            begin = sys.modules["w2_nautilus"].T0  # type: ignore[attr-defined]
            kept.append(list(orders_of(engine, begin, len(kept))))
            return usual(engine, marks)

        nt_common.equity = equity

    def orders_of(engine: Any, begin: int, place: int | None) -> Iterable[Any]:
        from nautilus_trader.model.enums import OrderSide
        from nautilus_trader.model.events import OrderFilled

        length = MINUTE if workload in ("w2", "w3") else DAY
        for order in engine.cache.orders():
            for event in order.events:
                if isinstance(event, OrderFilled):
                    sign = 1.0 if event.order_side == OrderSide.BUY else -1.0
                    qty, price = event.last_qty.as_double() * sign, event.last_px.as_double()
                    symbol = place
                    if symbol is None:
                        symbol = _number(event.instrument_id.symbol.value)
                    # an order that latency delays is executed with the next event, at the latest
                    # when the bar ends: that moment still belongs to the bar
                    bar = (event.ts_event - begin - 1) // length
                    yield bar, symbol, qty, price, event.commission.as_double()

    def taken(left: Globals) -> Iterable[Any]:
        if kept:
            return [row for rows in kept for row in rows]
        return orders_of(left["e"], left["T0"], None)

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
    take = PEERS[peer](workload)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        left = runpy.run_path(script, run_name="__main__")
    lines = [json.loads(x) for x in printed.getvalue().splitlines() if x.startswith("{")]
    last = lines[-1]
    np.savez(fills, rows=np.array(list(take(left)), dtype=float).reshape(-1, 5))
    print(json.dumps({"equity": last["final_equity"], "orders": last["n_orders"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
