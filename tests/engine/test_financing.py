"""Goal: nights cost and bring what their rates say, and borrowed shares can be called back.

Method: positions held over known nights of a calendar with weekends; every posting by hand.
"""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

import quant as qt
from helpers.worlds import Deed, Played, market, market_on, play
from quant.engine.run import Run
from quant.errors import ConfigError
from quant.kernel.codes import POSTING_KIND
from quant.report.costs import cost_parts

HALF_HOURS = ((13, 30), (14, 0))


def _flat(*prices: float) -> list[tuple[float, ...]]:
    return [(price,) * 4 for price in prices]


def _booked(played: Played, kind: int) -> list[float]:
    rows = played.simulation.state.used("postings")
    return [float(row["amount"]) for row in rows if row["kind"] == kind]


def test_a_debt_pays_for_every_night_and_a_weekend_for_three() -> None:
    # Monday 2024-01-01 is day 0 of the weekdays; bought on Tuesday, held to Friday's close
    played = play(
        {0: lambda ctx: ctx.order("A", 460)},
        market_on("weekdays", A=_flat(*[100.0] * 5)),
        {
            "cash": 10_000.0,
            "account": {"kind": "gross_leverage", "k": 10},
            "interest": {"debit": 0.06},
        },
    )
    interest = _booked(played, POSTING_KIND.INTEREST)
    first = -36_000.0 * 0.06 / 360
    second = (-36_000.0 + first) * 0.06 / 360
    third = (-36_000.0 + first + second) * 0.06 / 360
    friday = (-36_000.0 + first + second + third) * 0.06 * 3 / 360
    assert interest == pytest.approx([first, second, third, friday], rel=1e-12)
    assert first == -6.0
    Run(played.simulation).check()


def test_tiers_are_marginal() -> None:
    played = play(
        {0: lambda ctx: ctx.order("A", 1_600)},
        market(A=_flat(100.0, 100.0)),
        {
            "cash": 10_000.0,
            "account": {"kind": "gross_leverage", "k": 20},
            "interest": {"debit": [[0, 0.06], [100_000, 0.05]], "credit": [[0, 0.0], [5e3, 0.04]]},
        },
    )
    # day 0: 5,000 above 5,000 earn 4 % for a day; day 1: a debt of 150,000 and a bit less
    credit = 5_000.0 * 0.04 / 360
    debt = 150_000.0 - credit
    debit = -(100_000.0 * 0.06 + (debt - 100_000.0) * 0.05) / 360
    assert _booked(played, POSTING_KIND.INTEREST) == pytest.approx([credit, debit], rel=1e-12)


@pytest.mark.parametrize(("proceeds", "base"), [("locked", 10_000.0), ("free", 15_000.0)])
def test_locked_proceeds_earn_nothing_but_the_rebate(proceeds: str, base: float) -> None:
    played = play(
        {0: lambda ctx: ctx.order("A", -50)},
        market(A=_flat(100.0, 100.0)),
        {
            "cash": 10_000.0,
            "account": {"kind": "gross_leverage", "short_proceeds": proceeds},
            "interest": {"credit": 0.036} | ({"rebate": 0.018} if proceeds == "locked" else {}),
        },
    )
    rebate = 5_000.0 * 0.018 if proceeds == "locked" else 0.0
    # 10,000 have earned 1.00 on the first day
    cash = base + 1.0
    expected = [10_000.0 * 0.036 / 360, (cash * 0.036 + rebate) / 360]
    assert _booked(played, POSTING_KIND.INTEREST) == pytest.approx(expected, rel=1e-12)


def _frame(**columns: list[float]) -> pl.DataFrame:
    n = len(next(iter(columns.values())))
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, n), eager=True)
    prices = {name: [100.0] * n for name in ("open", "high", "low", "close")}
    return pl.DataFrame({"date": days, "symbol": "A"} | prices | columns)


class Plan(qt.Strategy):
    """Sends the orders of a list, one a bar."""

    def __init__(self, plan: tuple[float, ...] = ()) -> None:
        self.plan = list(plan)

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        """The next order."""
        qty = self.plan.pop(0) if self.plan else 0.0
        if qty:
            ctx.order("A", qty)


def test_a_column_says_each_days_rate() -> None:
    data = _frame(borrow_rate=[0.1, 0.1, 0.2, math.nan])
    options = qt.DataOptions(calendar="24/7")
    config = {"borrow": {"rate": 0.365, "basis": 365}}
    run = qt.backtest(Plan((-10.0,)), data, config=config, options=options)
    fees = run.ledger.filter(pl.col("kind") == "borrow")["amount"].to_list()
    # 1,000 short: 10 %, 20 %, and where nothing is said the setting
    assert fees == pytest.approx([-1_000 * 0.1 / 365, -1_000 * 0.2 / 365, -1.0])


def test_a_short_pays_for_a_weekend_three_days() -> None:
    # Monday 2024-01-01 is day 0 of the weekdays; sold on Tuesday, held to Friday's close
    played = play(
        {0: lambda ctx: ctx.order("A", -10)},
        market_on("weekdays", A=_flat(*[100.0] * 5)),
        {"borrow": {"rate": 0.365, "basis": 365}},
    )
    # 1,000 at 36.5 %: 1 a day
    assert _booked(played, POSTING_KIND.BORROW) == pytest.approx([-1.0, -1.0, -1.0, -3.0])


def test_an_instruments_own_rate_goes_before_the_general_one() -> None:
    played = play(
        {0: lambda ctx: (ctx.order("A", -10), ctx.order("B", -10))},
        market(A=_flat(100.0, 100.0), B=_flat(100.0, 100.0)),
        {"borrow": {"rate": 0.073}, "instruments": {"B": {"borrow_rate": 0.0}}},
    )
    assert _booked(played, POSTING_KIND.BORROW) == pytest.approx([-0.2])


def test_nothing_is_sold_short_that_cannot_be_borrowed() -> None:
    data = _frame(borrow_shares=[100.0, 15.0, 15.0, 15.0])
    options = qt.DataOptions(calendar="24/7")
    borrow = {"availability": "column"}
    run = qt.backtest(Plan((-10.0, -10.0)), data, config={"borrow": borrow}, options=options)
    assert run.orders["reason"].to_list() == [None, "no_borrow"]
    line = next(one for one in run.log if one["event"] == "order_rejected")
    assert (line["needed"], line["available"]) == (10.0, 5.0)
    last = run.order_events.row(-1, named=True)
    assert (last["rule"], last["limit"], last["value"]) == ("no_borrow", 5.0, 10.0)
    partial = {"borrow": borrow, "execution": {"insufficient": "partial"}}
    parts = qt.backtest(Plan((-10.0, -10.0)), data, config=partial, options=options)
    assert parts.fills["qty"].to_list() == [10.0, 5.0]
    scale = {"borrow": borrow, "execution": {"insufficient": "scale"}}
    scaled = qt.backtest(Plan((-10.0, -10.0)), data, config=scale, options=options)
    assert scaled.fills["qty"].to_list() == [10.0, 5.0]


def test_a_reversal_sells_what_it_holds_and_no_more_than_can_be_borrowed() -> None:
    data = _frame(borrow_shares=[5.0] * 4)
    options = qt.DataOptions(calendar="24/7")
    config = {"borrow": {"availability": "column"}}
    run = qt.backtest(Plan((10.0, -20.0)), data, config=config, options=options)
    assert run.fills["qty"].to_list() == [10.0, 10.0]
    assert run.orders["reason"].to_list() == [None, "no_borrow"]


def test_shares_that_are_called_back_are_bought_at_the_next_print() -> None:
    data = _frame(borrow_shares=[100.0, 100.0, 4.0, 4.0])
    options = qt.DataOptions(calendar="24/7")
    config = {"borrow": {"availability": "column", "recall": "buy_in"}}
    run = qt.backtest(Plan((-10.0,)), data, config=config, options=options)
    assert run.orders["tag"].to_list() == [None, "recall"]
    assert run.fills["qty"].to_list() == [10.0, 6.0]
    assert str(run.fills["session"][1]) == "2024-01-04"
    line = next(one for one in run.log if one["event"] == "borrow_recalled")
    assert (line["short"], line["to_borrow"]) == (10.0, 4.0)


def test_what_asks_for_a_column_needs_it() -> None:
    options = qt.DataOptions(calendar="24/7")
    with pytest.raises(ConfigError, match="expected a column borrow_shares"):
        qt.backtest(
            Plan(), _frame(volume=[1.0]), config={"borrow": {"availability": "column"}},
            options=options,
        )  # fmt: skip
    with pytest.raises(
        ConfigError, match=r"expected borrow_rate of at least 0, found -0\.1 in row 1"
    ):
        qt.backtest(Plan(), _frame(borrow_rate=[0.1, -0.1]), options=options)


def test_two_trades_share_what_the_position_paid() -> None:
    deeds: dict[int, Deed] = {
        0: lambda ctx: ctx.order("A", -30),
        1: lambda ctx: ctx.order("A", -10),
        2: lambda ctx: ctx.order("A", 40),
    }
    config: dict[str, Any] = {"borrow": {"rate": 0.365}}
    played = play(deeds, market(A=_flat(*[100.0] * 5)), config)
    run = Run(played.simulation)
    run.check()
    # night 1: 3,000 short pay 3.00; night 2: 4,000 pay 4.00, of which the first trade 3.00
    assert run.trades["pnl_net"].to_list() == pytest.approx([-6.0, -1.0])
    assert run.trades["return"].to_list() == pytest.approx([-6.0 / 3_000, -1.0 / 1_000])


def test_the_report_shows_what_nights_cost() -> None:
    played = play(
        {0: lambda ctx: ctx.order("A", -50), 2: lambda ctx: ctx.order("A", 50)},
        market(A=_flat(*[100.0] * 5)),
        {"borrow": {"rate": 0.365}, "interest": {"credit": 0.036}, "benchmark": "none"},
    )
    parts = {part.key: part.amount for part in cost_parts(Run(played.simulation).sheet())}
    # two nights of 5,000 short at 5.00; what cash earns is a cost below zero
    assert parts["borrowing"] == pytest.approx(10.0)
    assert parts["interest"] < 0.0
    # the prices never moved
    assert parts["gross"] == pytest.approx(0.0, abs=1e-9)


def test_a_close_after_the_last_bar_has_a_row_of_its_own() -> None:
    """Bars end at 14:30, the session at 20:00 UTC: 8,000 owed cost 8.00, then 8.008 at 36 %."""
    times = [datetime(2024, 7, day, hour, minute) for day in (1, 2) for hour, minute in HALF_HOURS]
    frame = pl.DataFrame({"ts": times, "symbol": "A"} | {
        name: [100.0] * len(times) for name in ("open", "high", "low", "close")
    })  # fmt: skip

    class Borrows(qt.Strategy):
        def on_session_open(self, session: date, ctx: qt.Context) -> None:
            if session.day == 1:
                ctx.order("A", 180)

    run = qt.backtest(
        Borrows,
        frame,
        config={"cash": 10_000, "account": {"kind": "margin"}, "interest": {"debit": 0.36}},
        options=qt.DataOptions(tz="UTC", bar="30min", calendar="XNYS"),
    )
    cash = run.equity["cash"].to_list()
    assert cash[-1] == pytest.approx(-8_016.008, abs=1e-9)
    assert run.ledger["balance"][-1] == cash[-1]
    assert run.metrics["end_equity"] == run.account["equity"] == pytest.approx(9_983.992)
    # the deposit, two bars and the close of each day
    assert len(cash) == 1 + 2 * 3
