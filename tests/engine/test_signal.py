"""Goal: the orders of a signal are those that a backtest decided at that time.

Method: strategies of every kind are run through history once, and asked at many of its times; at
each the orders must be equal field by field. Given accounts are checked against hand sums.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import quant as qt
from quant.engine.strategy_file import load_class
from quant.errors import ConfigError, DataError

HONEST = Path(__file__).parents[1] / "lookahead" / "honest"
FIELDS = ("symbol", "type", "limit_price", "stop_price", "tif", "tag")
STRATEGIES = (
    *("moving_averages", "keeps_state", "monthly_timer", "seeded_coin", "coin_and_price"),
    *("buy_and_hold", "bracket_by_hand", "session_hooks", "volatility_target"),
)


@pytest.fixture(scope="module")
def index() -> qt.Bars:
    day = pl.col("date").cast(pl.Date)
    frame = pl.read_parquet(qt.sample("sp500").path)
    return qt.load_bars(frame.filter(day.is_between(pl.date(2008, 1, 1), pl.date(2009, 12, 31))))


def _times(orders: pl.DataFrame, others: np.ndarray[Any, Any], seed: int) -> list[int]:
    """Some times at which orders were decided, and some at which none was."""
    random = np.random.default_rng(seed)
    decided = np.unique(orders["ts"].to_physical().to_numpy())
    idle = np.setdiff1d(others, decided)
    picked = [random.choice(one, min(5, len(one)), replace=False) for one in (decided, idle)]
    return sorted(int(ts) for part in picked for ts in part)


def _moment(ts: int) -> datetime:
    return datetime.fromtimestamp(ts // 1_000_000_000, UTC)


@pytest.mark.parametrize("size_at", ["fill", "decision"])
@pytest.mark.parametrize("name", STRATEGIES)
def test_orders_equal_those_of_a_backtest(index: qt.Bars, name: str, size_at: str) -> None:
    kind = load_class(str(HONEST / f"{name}.py"))
    config = {"execution": {"size_at": size_at}, "seed": 5}
    run = qt.backtest(kind, index, config=config)
    records = run.simulation.state.used("orders")
    orders = run.orders.with_columns(
        # withdrawn by the strategy in the same breath, or nothing to do: such an order never leaves
        withdrawn=(records["ts_end"] == records["ts_submit"])
        & (run.orders["status"] == "CANCELED").to_numpy()
    )
    for ts in _times(orders, index.ts_close, len(name)):
        plan = qt.orders_at(kind, index, asof=_moment(ts), config=config)
        sent = orders.filter(pl.col("ts").to_physical() == ts).to_dicts()
        sent = [row for row in sent if not row["withdrawn"]]
        asked = [*plan.orders, *plan.refused]
        assert [[one[f] for f in FIELDS] for one in asked] == [
            [one[f] for f in FIELDS] for one in sent
        ], (name, ts)
        for one, other in zip(asked, sent, strict=True):
            if one["target"] is None or size_at == "decision":
                assert (one["side"], one["qty"]) == (other["side"], other["qty"]), (name, ts)


def test_a_date_is_the_end_of_its_session_and_a_weekend_of_the_last(index: qt.Bars) -> None:
    kind = load_class(str(HONEST / "monthly_timer.py"))
    friday = qt.orders_at(kind, index, asof="2008-02-29")
    sunday = qt.orders_at(kind, index, asof="2008-03-02")
    assert friday.decided_at == sunday.decided_at == "2008-02-29T21:00:00Z"
    assert friday.orders == sunday.orders != []
    assert qt.orders_at(kind, index, asof="2008-02-28").orders == []


def test_what_ends_later_is_not_seen(index: qt.Bars) -> None:
    """The same plan from data that stop, and from data that go on."""
    kind = load_class(str(HONEST / "keeps_state.py"))
    day = pl.col("date").cast(pl.Date)
    short = pl.read_parquet(qt.sample("sp500").path).filter(
        day.is_between(pl.date(2008, 1, 1), pl.date(2008, 9, 19))
    )
    assert qt.orders_at(kind, short, asof="2008-09-19") == qt.orders_at(
        kind, index, asof="2008-09-19"
    )


class Weighs(qt.Strategy):
    """Half of equity in each symbol, with reasons."""

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        ctx.risk.set(max_gross=1.5)
        ctx.order_target(bar.symbol, weight=0.5, why=f"half in {bar.symbol}")
        if bar.symbol == "B":
            ctx.order("A", -3, "limit", limit_price=99.0, tag="trim")
            ctx.log("looked at both", equity=round(ctx.portfolio.equity))


def _two() -> pl.DataFrame:
    days = ["2024-07-01", "2024-07-02"]
    rows = [(d, s, p) for s, p in (("A", 100.0), ("B", 50.0)) for d in days]
    return pl.DataFrame(
        [{"date": d, "symbol": s, "open": p, "high": p, "low": p, "close": p} for d, s, p in rows]
    )


def test_a_given_account_replaces_the_simulated_one() -> None:
    """Equity 1,000 + 30 x 100 - 10 x 50 = 3,500: half is 17.5 A (held 30, -13) and 35 B (from -10).

    The order of three more A already works when the target is sized, so that ten are left to sell.
    """
    given = {"cash": 1000.0, "positions": {"A": 30, "B": {"qty": -10, "avg_price": 40.0}}}
    plan = qt.orders_at(Weighs, _two(), asof="2024-07-02", portfolio=given)
    assert plan.account == "given"
    found = {(o["symbol"], o["type"]): (o["side"], o["qty"], o["target"]) for o in plan.orders}
    assert found == {
        ("A", "market"): ("SELL", 10.0, {"weight": 0.5}),
        ("B", "market"): ("BUY", 45.0, {"weight": 0.5}),
        ("A", "limit"): ("SELL", 3.0, None),
    }
    assert plan.rationale == ["A: half in A", "B: half in B", "looked at both (equity=3500)"]
    assert plan.risk_caps == {"max_gross": 1.5}
    simulated = qt.orders_at(Weighs, _two(), asof="2024-07-02")
    assert simulated.account == "simulated"
    assert simulated.rationale[-1] == "looked at both (equity=100000)"


@pytest.mark.parametrize(
    ("portfolio", "words"),
    [
        ({"positions": {}}, "expected cash and positions"),
        ({"cash": "much"}, "portfolio cash"),
        ({"cash": 1, "position": {}}, "unknown key 'position'"),
        ({"cash": 1, "positions": {"C": 1}}, "expected symbols of the data"),
        ({"cash": 1, "positions": {"A": 1.5}}, "whole increments"),
        ({"cash": 1, "positions": {"A": {"price": 3}}}, "qty and avg_price"),
    ],
)
def test_a_wrong_portfolio_is_told(portfolio: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        qt.orders_at(Weighs, _two(), asof="2024-07-02", portfolio=portfolio)


@pytest.mark.parametrize(
    ("asof", "kind", "words"),
    [
        ("2024-07-05", DataError, "up to the session of 2024-07-05, found 2024-07-02"),
        ("2024-06-28", DataError, "found none"),
        ("1960-01-04", DataError, "before the calendar begins"),
        ("soon", ConfigError, "ISO time"),
        ("2024-07-02T12:00", ConfigError, "with a zone"),
    ],
)
def test_a_wrong_moment_is_told(asof: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        qt.orders_at(Weighs, _two(), asof=asof)


def test_what_risk_refuses_is_not_among_the_orders() -> None:
    config = {"risk": {"max_symbol": 0.1}}
    plan = qt.orders_at(Weighs, _two(), asof="2024-07-02", config=config)
    assert {(o["symbol"], o["reason"]) for o in plan.refused if o["target"]} == {
        ("A", "risk_max_symbol"),
        ("B", "risk_max_symbol"),
    }


class Guards(qt.Strategy):
    """Buys once, protects it, and then has nothing to say."""

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        if bar.symbol == "A" and not self.state:
            self.state["bought"] = True
            ctx.order("A", 10)
            ctx.order("A", -10, "stop", stop_price=80.0, tif="GTC", tag="stop")


def test_orders_that_work_already_are_told() -> None:
    plan = qt.orders_at(Guards, _two(), asof="2024-07-02")
    (stop,) = plan.working
    assert (stop["symbol"], stop["side"], stop["qty"], stop["stop_price"]) == ("A", "SELL", 10, 80)
    assert (plan.orders, plan.positions) == ([], {"A": 10.0})
    given = qt.orders_at(Guards, _two(), asof="2024-07-02", portfolio={"cash": 5.0})
    assert (given.working, given.positions) == ([stop], {})
