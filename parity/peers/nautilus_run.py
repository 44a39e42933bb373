"""Scenarios through nautilus_trader: bars only, executed by the engine's own bar execution.

An order sent when a bar has ended fills at that bar's close; a waiting one on the path open, high,
low, close of later bars. Orders of a moment are sent when the last bar of that moment is in. The
account is a cash account, or a margin account without margins where a scenario sells short.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.backtest.models import FeeModel, MakerTakerFeeModel
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, StrategyConfig
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import (
    AccountType,
    ContingencyType,
    OmsType,
    OrderSide,
    TimeInForce,
    TrailingOffsetType,
    TriggerType,
)
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import (
    ClientOrderId,
    InstrumentId,
    OrderListId,
    Symbol,
    Venue,
)
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.model.orders import LimitOrder, OrderList, StopMarketOrder
from nautilus_trader.trading.strategy import Strategy

from parity.peers.common import Scenario, refuse, result, serve
from parity.scenarios import SESSIONS

VENUE = Venue("SIM")
CLOSE = timedelta(hours=20)
BID_ASK = TriggerType.BID_ASK


class PerShare(FeeModel):
    """A fee per share with a minimum; the engine asks for it fill by fill."""

    def __init__(self, per_share: float, minimum: float) -> None:
        self.per_share, self.minimum = per_share, minimum

    def get_commission(self, order: Any, fill_qty: Any, fill_px: Any, instrument: Any) -> Money:
        return Money(max(self.minimum, self.per_share * fill_qty.as_double()), USDT)


def ends(bar: int) -> datetime:
    """The moment a bar ends."""
    day = datetime.fromisoformat(SESSIONS[bar]).replace(tzinfo=UTC)
    return day + CLOSE


def _id(symbol: str) -> InstrumentId:
    return InstrumentId(Symbol(symbol), VENUE)


def _price(value: float) -> Price:
    return Price(value, 2)


def _instrument(symbol: str, fee: float) -> Equity:
    return Equity(
        instrument_id=_id(symbol),
        raw_symbol=Symbol(symbol),
        currency=USDT,
        price_precision=2,
        price_increment=_price(0.01),
        lot_size=Quantity(1, 0),
        ts_event=0,
        ts_init=0,
        maker_fee=Decimal(str(fee)),
        taker_fee=Decimal(str(fee)),
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
    )


class Script(Strategy):
    """Sends what the scenario's script says when all bars of a moment are in."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(StrategyConfig())
        self.scenario = scenario
        self.seen = 0
        self.named: dict[str, Any] = {}

    def on_start(self) -> None:
        for symbol in self.scenario["bars"]:
            self.subscribe_bars(_bar_type(symbol))

    def on_bar(self, bar: Bar) -> None:
        self.seen += 1
        number, rest = divmod(self.seen, len(self.scenario["bars"]))
        if rest == 0:
            for action in self.scenario["script"].get(str(number - 1), ()):
                getattr(self, f"_{action['do']}")(action, number - 1)

    def _order(self, action: dict[str, Any], bar: int) -> None:
        made = self._made(action, bar)
        if "name" in action:
            self.named[action["name"]] = made
        self.submit_order(made)

    def _made(self, action: dict[str, Any], bar: int) -> Any:
        side = OrderSide.BUY if action["qty"] > 0 else OrderSide.SELL
        first = (_id(action["symbol"]), side, Quantity(abs(action["qty"]), 0))
        life: dict[str, Any] = {"time_in_force": TimeInForce.GTC}
        if action["tif"] == "DAY":
            life = {"time_in_force": TimeInForce.GTD, "expire_time": ends(bar + 1)}
        make, kind = self.order_factory, action["type"]
        if kind == "market":
            return make.market(*first)
        if kind == "limit":
            return make.limit(*first, _price(action["limit"]), **life)
        if kind == "market_if_touched":
            return make.market_if_touched(*first, _price(action["stop"]), BID_ASK, **life)
        if kind == "stop":
            return make.stop_market(*first, _price(action["stop"]), BID_ASK, **life)
        if kind == "stop_limit":
            prices = (_price(action["limit"]), _price(action["stop"]))
            return make.stop_limit(*first, *prices, BID_ASK, **life)
        # an offset in basis points is a fraction of the price
        points = "percent" in action
        offset = Decimal(str(action["percent"] * 100 if points else action["trail"]))
        of = TrailingOffsetType.BASIS_POINTS if points else TrailingOffsetType.PRICE
        return make.trailing_stop_market(
            *first, offset, trailing_offset_type=of, trigger_type=BID_ASK, **life
        )

    def _bracket(self, action: dict[str, Any], bar: int) -> None:
        self.submit_order_list(
            self.order_factory.bracket(
                _id(action["symbol"]),
                OrderSide.BUY if action["qty"] > 0 else OrderSide.SELL,
                Quantity(abs(action["qty"]), 0),
                tp_price=_price(action["target"]),
                sl_trigger_price=_price(action["stop"]),
                tp_post_only=False,
            )
        )

    def _oco(self, action: dict[str, Any], bar: int) -> None:
        limit = next(each for each in action["orders"] if each["type"] == "limit")
        stop = next(each for each in action["orders"] if each["type"] == "stop")
        side = OrderSide.BUY if limit["qty"] > 0 else OrderSide.SELL
        ids = [ClientOrderId("O-target"), ClientOrderId("O-stop")]
        group = OrderListId("OL-1")
        first = (self.trader_id, self.id, _id(limit["symbol"]))

        def rest(k: int) -> dict[str, Any]:
            return {
                "init_id": UUID4(),
                "ts_init": self.clock.timestamp_ns(),
                "time_in_force": TimeInForce.GTC,
                "contingency_type": ContingencyType.OCO,
                "order_list_id": group,
                "linked_order_ids": [ids[1 - k]],
            }

        qty = Quantity(abs(limit["qty"]), 0)
        target = LimitOrder(*first, ids[0], side, qty, _price(limit["limit"]), **rest(0))
        level = _price(stop["stop"])
        guard = StopMarketOrder(*first, ids[1], side, qty, level, BID_ASK, **rest(1))
        self.submit_order_list(OrderList(group, [target, guard]))

    def _cancel(self, action: dict[str, Any], bar: int) -> None:
        self.cancel_order(self.named[action["name"]])


def _bar_type(symbol: str) -> BarType:
    return BarType.from_str(f"{_id(symbol)}-1-DAY-LAST-EXTERNAL")


def _bars(scenario: Scenario) -> list[Bar]:
    made = []
    for symbol, rows in scenario["bars"].items():
        for bar, (*prices, volume) in enumerate(rows):
            at = int(ends(bar).timestamp()) * 1_000_000_000
            values = [_price(price) for price in prices]
            made.append(Bar(_bar_type(symbol), *values, Quantity(volume, 0), at, at))
    return sorted(made, key=lambda bar: bar.ts_init)


def _engine(scenario: Scenario) -> BacktestEngine:
    engine = BacktestEngine(
        BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False)
    )
    terms = scenario["commission"] or {"kind": "rate", "rate": 0.0}
    by_rate = terms["kind"] == "rate"
    fees = MakerTakerFeeModel() if by_rate else PerShare(terms["per_share"], terms["minimum"])
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        AccountType.MARGIN if scenario["short"] else AccountType.CASH,
        [Money(scenario["cash"], USDT)],
        base_currency=USDT,
        fee_model=fees,
    )
    for symbol in scenario["bars"]:
        engine.add_instrument(_instrument(symbol, terms.get("rate", 0.0)))
    engine.add_data(_bars(scenario))
    return engine


def _fills(engine: BacktestEngine) -> list[tuple[int, str, float, float, float]]:
    events = [e for o in engine.cache.orders() for e in o.events if isinstance(e, OrderFilled)]
    moments = {int(ends(bar).timestamp()) * 1_000_000_000: bar for bar in range(len(SESSIONS))}
    rows = []
    for event in sorted(events, key=lambda e: e.ts_event):
        sign = 1.0 if event.order_side == OrderSide.BUY else -1.0
        symbol = event.instrument_id.symbol.value
        qty, price = event.last_qty.as_double() * sign, event.last_px.as_double()
        rows.append((moments[event.ts_event], symbol, qty, price, event.commission.as_double()))
    return rows


def run(scenario: Scenario) -> dict[str, Any]:
    """One scenario through nautilus_trader."""
    refuse(
        scenario,
        market_on_close="bar execution knows no auction",
        weights="orders have quantities; there is no sizing by weight",
        slippage="slippage is one tick with a probability, not a fraction of the price",
        participation="no share of the volume; what a quarter of a bar's volume leaves fills at "
        "once, one tick worse",
    )
    engine, script = _engine(scenario), Script(scenario)
    engine.add_strategy(script)
    engine.run()
    seen = script.seen
    balance = engine.portfolio.account(VENUE).balance_total(USDT).as_double()
    fills = _fills(engine)
    engine.dispose()
    # what the fills say, so that cash means the same for both kinds of account
    cash = scenario["cash"] - sum(qty * price + cost for _, _, qty, price, cost in fills)
    held = dict.fromkeys(scenario["bars"], 0.0)
    for _, symbol, qty, _, _ in fills:
        held[symbol] += qty
    # the engine ends a run whose cash account went below zero: marked at the last bar it saw
    last = seen // len(held) - 1
    equity = cash + sum(held[s] * rows[last][3] for s, rows in scenario["bars"].items())
    if not any(held.values()) and abs(balance - equity) >= 0.005:
        raise RuntimeError(f"the account says {balance}, its fills {equity}")
    found = result(fills, cash, equity)
    return (
        found
        if last == len(next(iter(scenario["bars"].values()))) - 1
        else found | {"stopped": last}
    )


if __name__ == "__main__":
    serve(run)
