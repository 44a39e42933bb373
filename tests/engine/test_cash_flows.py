"""Goal: money comes in and goes out on the right day, as far as it may, and is no profit.

Method: small markets and settings whose sums are done by hand beside the numbers; the postings of
the ledger say when and how much. What the oracle covers (any orders, any account) is not repeated.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import quant as qt
from helpers.worlds import market, market_on
from quant.cli.parameters import remake_strategy
from quant.cli.run_page import show_one
from quant.engine.diff import comparison_page, diff_runs
from quant.engine.flows import flow_rows, rows_of_ledger
from quant.engine.simulation import Simulation
from quant.engine.strategy_file import load_class
from quant.engine.verify import verify
from quant.errors import ConfigError
from quant.model.parse import config_from, to_mapping

FINE = {"default": {"increment": "0.00000001"}}


class Idle(qt.Strategy):
    """Does nothing."""

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        """Nothing."""


class Full(qt.Strategy):
    """All of the equity in the one symbol, again at every open."""

    weight: float = 1.0

    def on_session_open(self, session: date, ctx: qt.Context) -> None:
        for symbol in ctx.symbols:
            ctx.order_target(symbol, weight=self.weight)


def flat(n: int, price: float = 10.0) -> list[tuple[float, ...]]:
    return [(price,) * 4] * n


def posted(run: qt.Run) -> list[tuple[str, str, float]]:
    """Session, kind and amount of every posting but trades and the opening deposit."""
    rows = run.ledger[1:].filter(pl.col("kind").is_in(["deposit", "withdrawal"]))
    return [(str(s), k, a) for s, k, a in rows.select("session", "kind", "amount").iter_rows()]


def idle(flows: list[dict[str, Any]], n: int = 40, calendar: str = "XNYS", **more: Any) -> qt.Run:
    return qt.backtest(
        Idle, market_on(calendar, A=flat(n)), config={"cash": 1000, "cash_flows": flows, **more}
    )


# ------------------------------------------------------------------------------------ when


def test_a_dated_flow_is_posted_on_the_first_session_on_or_after_its_date() -> None:
    # 2024-01-06 is a Saturday, 2024-01-15 a holiday; XNYS opened on 2024-01-08 and 2024-01-16.
    run = idle([{"date": "2024-01-15", "amount": -20}, {"date": date(2024, 1, 6), "amount": 50}])
    assert posted(run) == [
        ("2024-01-08", "deposit", 50.0),
        ("2024-01-16", "withdrawal", -20.0),
    ]
    assert run.ledger["ts"][1].isoformat() == "2024-01-08T14:30:00+00:00"


def test_a_time_is_served_at_the_next_open() -> None:
    # The session of 2024-01-04 opens at 14:30Z: before it, at it, after it.
    flows = [
        {"date": "2024-01-04T09:00-05:00", "amount": 1},
        {"date": "2024-01-04T14:30Z", "amount": 2},
        {"date": "2024-01-04T14:31Z", "amount": 4},
    ]
    assert posted(idle(flows)) == [
        ("2024-01-04", "deposit", 1.0),
        ("2024-01-04", "deposit", 2.0),
        ("2024-01-05", "deposit", 4.0),
    ]


def test_a_flow_of_the_first_session_comes_after_the_opening_row() -> None:
    run = idle([{"date": "2024-01-02", "amount": 500}])
    assert run.equity["equity"].to_list()[:3] == [1000.0, 1500.0, 1500.0]
    assert run.metrics["start_equity"] == 1000.0
    assert run.metrics["total_return"] == 0.0


@pytest.mark.parametrize(
    ("every", "days"),
    [
        ("week", ["01-02", "01-08", "01-16", "01-22", "01-29", "02-05", "02-12", "02-20", "02-26"]),
        # 2024-01-02 is the first session of January; the data end on 2024-02-28
        ("month", ["01-02", "02-01"]),
        ("quarter", ["01-02"]),
        ("year", ["01-02"]),
    ],
)
def test_a_rule_falls_on_the_first_session_of_its_period(every: str, days: list[str]) -> None:
    run = idle([{"every": every, "amount": 7}])
    assert posted(run) == [(f"2024-{day}", "deposit", 7.0) for day in days]


def test_a_rule_is_clipped_by_its_bounds_and_by_the_run() -> None:
    rule = {"every": "week", "amount": 7, "since": "2024-01-08", "until": "2024-01-22"}
    assert [day for day, _, _ in posted(idle([rule]))] == ["2024-01-08", "2024-01-16", "2024-01-22"]
    bars = market_on("XNYS", A=flat(40))
    # a run from 2024-01-10, in the middle of week and month
    run = qt.backtest(
        Idle, bars, config={"cash_flows": [{"every": "month", "amount": 7}]}, start="2024-01-10"
    )
    assert [day for day, _, _ in posted(run)] == ["2024-02-01"]


def test_flows_of_one_day_come_in_the_order_of_the_settings() -> None:
    # 1000 - 900 leaves 100; the deposit comes too late for the withdrawal before it.
    flows = [
        {"date": "2024-01-04", "amount": -900},
        {"date": "2024-01-04", "amount": -200},
        {"date": "2024-01-04", "amount": 300},
    ]
    run = idle(flows)
    assert [amount for _, _, amount in posted(run)] == [-900.0, 300.0]
    assert [(line["needed"], line["available"]) for line in refusals(run)] == [(200.0, 100.0)]


def test_a_session_without_bars_passes_its_flow_on() -> None:
    rows = [*flat(3), None, *flat(3)]
    run = qt.backtest(
        Idle, market(A=rows), config={"cash_flows": [{"date": "2024-01-04", "amount": 5}]}
    )
    assert posted(run) == [("2024-01-05", "deposit", 5.0)]


def test_where_days_meet_the_flow_belongs_to_the_new_one() -> None:
    # Hourly bars round the clock: the bar that ends at midnight still has the old equity.
    start = pl.datetime(2024, 1, 1, time_unit="ns", time_zone="UTC")
    ts = pl.select(pl.datetime_range(start, start + pl.duration(hours=71), "1h")).to_series()
    frame = pl.DataFrame({"ts": ts, "symbol": "A", "close": [10.0] * 72, "open": [10.0] * 72})
    frame = frame.with_columns(high="close", low="close")
    bars = qt.load_bars(frame, qt.DataOptions(calendar="24/7", bar="1h"))
    run = qt.backtest(
        Idle, bars, config={"cash": 1000, "cash_flows": [{"date": "2024-01-02", "amount": 500}]}
    )
    at = run.equity.filter(
        pl.col("ts").is_between(
            pl.datetime(2024, 1, 1, 23, time_zone="UTC"),
            pl.datetime(2024, 1, 2, 1, time_zone="UTC"),
        )
    )
    assert at["equity"].to_list() == [1000.0, 1000.0, 1500.0]
    assert run.metrics["volatility"] == 0.0


# ------------------------------------------------------------------------------------ how much


def refusals(run: qt.Run) -> list[dict[str, Any]]:
    return [line for line in run.log if line["event"].startswith("withdrawal_")]


def test_a_withdrawal_above_the_free_cash_is_refused_with_both_figures() -> None:
    run = idle([{"date": "2024-01-04", "amount": -1000.01}])
    assert posted(run) == []
    line = refusals(run)[0]
    assert (line["event"], line["level"]) == ("withdrawal_refused", "warning")
    assert (line["needed"], line["available"], line["paid"]) == (1000.01, 1000.0, 0.0)
    told = "1 withdrawal was refused for lack of free cash; the first on 2024-01-04: 1,000.01 USD"
    assert any(told in one.text for one in run.sheet().assumptions if one.level == "amber")


def test_partial_pays_what_there_is() -> None:
    run = idle([{"date": "2024-01-04", "amount": -5000, "withdrawal": "partial"}])
    assert posted(run) == [("2024-01-04", "withdrawal", -1000.0)]
    assert refusals(run)[0]["event"] == "withdrawal_cut"
    assert run.equity["equity"][-1] == 0.0


def test_an_emptied_account_is_not_bankrupt_and_may_fill_again() -> None:
    run = idle([{"date": "2024-01-04", "amount": -1000}, {"date": "2024-01-10", "amount": 50}])
    assert run.equity["equity"].min() == 0.0
    assert not any("bankrupt" in one.text for one in run.sheet().assumptions)
    assert run.metrics["total_return"] == 0.0
    assert run.metrics["money_weighted_return"] == 0.0
    assert run.metrics["exposure_gross"] is None
    run.sheet()


def test_partial_is_rounded_down_to_the_minor_unit() -> None:
    # 3 at 333.335 leave 1000 - 1000.005 -> posted -1000.00 (half-even): 0.00 free; 2 leave 333.33.
    bars = market(A=[(333.335,) * 4] * 6)
    config = {
        "cash": 1000,
        "execution": {"rounding": "minor_unit"},
        "cash_flows": [{"date": "2024-01-05", "amount": -500, "withdrawal": "partial"}],
    }

    class Two(qt.Strategy):
        """Two units from the first bar on."""

        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            ctx.order_target("A", 2)

    run = qt.backtest(Two, bars, config=config)
    # equity 333.33 + 2 x 333.335 = 1000.00; gross 666.67: free is the lesser of 333.33 and 333.33
    assert posted(run) == [("2024-01-05", "withdrawal", -333.33)]


def test_leverage_may_not_pay_a_withdrawal() -> None:
    # k = 2, equity 1000, long 1500 at 10: cash -500, so nothing is free; long 600: cash 400,
    # equity less what the position needs 1000 - 600 / 2 = 700: the 400 of cash are free.
    for weight, free in ((1.5, 0.0), (0.6, 400.0)):
        run = qt.backtest(
            Full(weight=weight),
            market(A=flat(8)),
            config={
                "cash": 1000,
                "account": {"kind": "gross_leverage", "k": 2.0},
                "instruments": FINE,
                "cash_flows": [{"date": "2024-01-05", "amount": -900}],
            },
        )
        assert refusals(run)[0]["available"] == pytest.approx(free, abs=1e-6)


def test_the_proceeds_of_a_short_sale_are_not_free() -> None:
    # k = 1, short 600: cash 1600, equity 1000, of which the short needs 600: 400 are free.
    run = qt.backtest(
        Full(weight=-0.6),
        market(A=flat(8)),
        config={"cash": 1000, "cash_flows": [{"date": "2024-01-05", "amount": -401}]},
    )
    assert refusals(run)[0]["available"] == pytest.approx(400.0)


@pytest.mark.parametrize(
    ("account", "weight", "free"),
    [
        # initial margin of 800 is 400: equity 1000 - 400 are more than the cash of 200
        ({"kind": "margin", "minimum_equity": 0}, 0.8, 200.0),
        # short 600: cash 1600, initial margin 300
        ({"kind": "margin", "minimum_equity": 0}, -0.6, 700.0),
        # short 600: cash 1600, |net| / k = 600 / 2
        ({"kind": "net_leverage", "k": 2}, -0.6, 700.0),
    ],
)
def test_free_cash_by_kind_of_account(account: dict[str, Any], weight: float, free: float) -> None:
    flows = [{"date": "2024-01-05", "amount": -900}]
    config = {"cash": 1000, "account": account, "instruments": FINE, "cash_flows": flows}
    run = qt.backtest(Full(weight=weight), market(A=flat(8)), config=config)
    assert refusals(run)[0]["available"] == pytest.approx(free, abs=1e-6)


def test_what_has_not_settled_is_not_free() -> None:
    class Out(qt.Strategy):
        """In on the 2nd, out on the 4th of January."""

        def on_session_open(self, session: date, ctx: qt.Context) -> None:
            qty = {2: 60, 4: -60}.get(session.day)
            if qty:
                ctx.order("A", qty)

    flows = [{"date": "2024-01-05", "amount": -900}]
    account = {"kind": "cash", "settlement": 2}
    config = {"cash": 1000, "account": account, "cash_flows": flows}
    run = qt.backtest(Out, market(A=flat(8)), config=config)
    # 600 of the sale on the 4th settle on the 6th: of 1000 in cash 400 are there
    assert refusals(run)[0]["available"] == pytest.approx(400.0)


def test_what_settles_with_a_session_is_free_for_its_withdrawal() -> None:
    class Out(qt.Strategy):
        """All in on the 1st, out on the 2nd of January."""

        def on_session_open(self, session: date, ctx: qt.Context) -> None:
            qty = {1: 100, 2: -100}.get(session.day)
            if qty:
                ctx.order("A", qty)

    def paid(day: int) -> float:
        flows = [{"date": f"2024-01-{day:02}", "amount": -500}]
        account = {"kind": "cash", "settlement": 1}
        config = {"cash": 1000, "account": account, "cash_flows": flows}
        run = qt.backtest(Out, market(A=flat(8)), config=config)
        return 1000.0 - float(run.equity["cash"][-1])

    # the money of the 2nd is there when the 3rd begins
    assert (paid(2), paid(3)) == (0.0, 500.0)


def test_a_flow_counts_at_the_open_of_its_own_session() -> None:
    # 100 units at 10 take all of 1000; the deposit of 500 buys 50 more at the open it came at.
    # A target of money is sized at its fill, after the deposit; the decision before did not see it.
    seen: list[float] = []

    class More(qt.Strategy):
        """As much as there is, and at the third close more than that."""

        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            seen.append(ctx.portfolio.equity)
            ctx.order_target("A", value=5000.0)

    run = qt.backtest(
        More,
        market(A=flat(8)),
        config={"cash": 1000, "cash_flows": [{"date": "2024-01-04", "amount": 500}]},
    )
    assert run.fills.select(pl.col("session").cast(pl.String), "side", "qty").rows() == [
        ("2024-01-02", "BUY", 100.0),
        ("2024-01-04", "BUY", 50.0),
    ]
    assert seen[:4] == [1000.0, 1000.0, 1000.0, 1500.0]


def test_what_is_withdrawn_cannot_be_spent_at_that_open() -> None:
    # The order was sent with 1000 there, and meets its open with 300.
    class Once(qt.Strategy):
        """One order for 1000, at the second bar."""

        def __init__(self) -> None:
            self.count = 0

        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            self.count += 1
            if self.count == 2:
                ctx.order("A", 100)

    run = qt.backtest(
        Once,
        market(A=flat(6)),
        config={"cash": 1000, "cash_flows": [{"date": "2024-01-03", "amount": -700}]},
    )
    assert run.orders["reason"].to_list() == ["insufficient_funds"]
    refused = next(line for line in run.log if line["event"] == "order_rejected")
    assert (refused["needed"], refused["available"]) == (1000.0, 300.0)


def test_thousands_of_flows_of_one_day_fit() -> None:
    run = idle([{"date": "2024-01-04", "amount": 1}] * 3000)
    assert len(posted(run)) == 3000
    assert run.equity["equity"][-1] == 4000.0


# ------------------------------------------------------------------------------------ books


def test_the_textbook_case() -> None:
    # 100 falls to 50; 100 come in: 150 rise to 225. Time-weighted 0.5 x 1.5 - 1 = -25 %.
    # Money-weighted: 100 g^2 + 100 g = 225, g = (-1 + sqrt(10)) / 2 = 1.08113883...
    frame = pl.DataFrame(
        {
            "ts": [date(2021, 1, 1), date(2022, 1, 1), date(2023, 1, 1)],
            "symbol": "A",
            "open": [100.0, 50.0, 50.0],
            "high": [100.0, 50.0, 75.0],
            "low": [50.0, 50.0, 50.0],
            "close": [50.0, 50.0, 75.0],
        }
    )

    class AllIn(qt.Strategy):
        """All there is at the first open, and all again at the second."""

        def on_session_open(self, session: date, ctx: qt.Context) -> None:
            value = {2021: 100.0, 2022: 150.0}.get(session.year)
            if value is not None:
                ctx.order_target("A", value=value)

    run = qt.backtest(
        AllIn,
        qt.load_bars(frame, qt.DataOptions(calendar="24/7")),
        config={
            "cash": 100,
            "instruments": FINE,
            "cash_flows": [{"date": "2022-01-01", "amount": 100}],
        },
    )
    found = run.metrics
    assert found["end_equity"] == pytest.approx(225.0, abs=1e-6)
    assert found["time_weighted_return"] == pytest.approx(-0.25, abs=1e-8)
    assert found["total_return"] == found["time_weighted_return"]
    # two periods of 365 days each
    per_period = (1 + found["money_weighted_return"]) ** (365 / 365.25) - 1
    assert per_period == pytest.approx((10**0.5 - 3) / 2, abs=1e-8)
    assert found["net_flows"] == 100.0
    assert found["net_profit"] == pytest.approx(25.0, abs=1e-6)
    assert found["max_drawdown_pct"] == pytest.approx(0.5, abs=1e-8)
    # -50 in the first period, +75 in the second
    assert found["max_drawdown_abs"] == pytest.approx(50.0, abs=1e-6)
    assert run.equity["drawdown"].to_list() == pytest.approx([0.0, 0.5, 0.5, 0.25], abs=1e-8)
    assert run.drawdowns["depth_money"].to_list() == pytest.approx([50.0], abs=1e-6)


def test_the_ledger_sums_to_cash_and_the_books_close() -> None:
    run = qt.backtest(
        Full(weight=0.7),
        market(A=[(10.0 + k % 4,) * 4 for k in range(30)]),
        config={
            "cash": 1000,
            "commission": {"kind": "rate", "rate": 0.001},
            "cash_flows": [
                {"every": "week", "amount": 100},
                {"date": "2024-01-10", "amount": -250},
            ],
        },
    )
    run.check()
    assert run.ledger["amount"].sum() == pytest.approx(run.equity["cash"][-1])
    metrics = run.metrics
    assert metrics["net_flows"] == 5 * 100 - 250
    earned = metrics["end_equity"] - metrics["start_equity"] - metrics["net_flows"]
    assert metrics["net_profit"] == metrics["total_pnl"] == pytest.approx(earned)
    costs = run.sheet()
    assert costs.profit == pytest.approx(earned)


def test_without_flows_the_further_figures_repeat_the_known_ones() -> None:
    run = qt.backtest(Full, market(A=[(10.0 + k % 4,) * 4 for k in range(30)]))
    found = run.metrics
    assert found["time_weighted_return"] == found["total_return"]
    assert found["money_weighted_return"] == found["cagr"]
    assert found["net_flows"] == 0.0
    assert run.flows is None


def _make(spec: str, params: dict[str, Any]) -> qt.Strategy:
    return remake_strategy(load_class(spec), params)


def test_a_saved_run_knows_its_flows_and_repeats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "hold.py"
    source.write_text(
        "import quant as qt\n\n\nclass Hold(qt.Strategy):\n"
        "    def on_bar(self, bar, ctx):\n        ctx.order_target(bar.symbol, weight=0.5)\n"
    )
    flows = [{"every": "month", "amount": 500}, {"date": "2010-06-05", "amount": -3000}]
    run = qt.backtest(
        load_class(f"{source}:Hold")(),
        qt.sample("sp500"),
        start="2010-01-04",
        end="2010-12-31",
        config={"cash_flows": flows},
    )
    folder = run.save(tmp_path / "runs")
    assert [one["amount"] for one in folder.manifest["config"]["cash_flows"]] == [500.0, -3000.0]
    table = folder.table("equity")
    ts = table["ts"].str.to_datetime(time_unit="ns", time_zone="UTC").to_physical().to_numpy()
    again = rows_of_ledger(ts, folder.table("ledger"))
    assert again is not None
    assert again.tolist() == flow_rows(run.simulation.state).tolist()
    assert verify(folder, _make).level == "equal"
    assert show_one(folder.run_id, str(tmp_path / "runs"), as_json=False) == 0
    assert "6,000.00 USD deposited" in capsys.readouterr().out
    page = comparison_page(diff_runs(folder, folder))
    assert page.one.title == "Hold, deposits and withdrawals taken out"
    assert page.one.equity[-1] / page.one.equity[0] - 1 == pytest.approx(
        run.metrics["total_return"]
    )


def test_the_figures_of_frames_take_a_column_of_flows() -> None:
    run = qt.backtest(
        Full(weight=0.7),
        market(A=[(10.0 + k % 4,) * 4 for k in range(30)]),
        config={"cash": 1000, "cash_flows": [{"every": "week", "amount": 100}]},
    )
    frame = run.equity.with_columns(flow=pl.Series(run.flows))
    found = qt.compute_backtest_metrics(run.trades, frame, 1000.0, calendar="24/7")
    for name in (
        "total_return",
        "sharpe",
        "max_drawdown_abs",
        "money_weighted_return",
        "best_month",
    ):
        assert found[name] == run.metrics[name], name


# ------------------------------------------------------------------------------------ strategies


class Told(qt.SignalStrategy):
    """Long, with a stop for good at a loss of a tenth."""

    def generate_signal(self, snapshot: Any, params: dict[str, Any]) -> qt.Signal | None:
        return qt.Signal(symbol=snapshot.symbol, direction="LONG", size_usd=100.0)


def test_a_withdrawal_is_no_loss_to_a_risk_policy() -> None:
    # Half of the account leaves; a policy that stops at a drawdown of 10 % goes on.
    policy = qt.policy_from({"mode": "rules", "max_drawdown": 0.1, "daily_loss_cap": 0.05})
    strategy = Told()
    strategy.policy = policy
    config = {
        "cash": 1000,
        "cash_flows": [
            {"date": "2024-01-05", "amount": -500},
            {"date": "2024-01-08", "amount": 4000},
        ],
    }
    simulation = Simulation(strategy, market(A=flat(12)), config_from(config))
    simulation.prepare()
    simulation.advance()
    account = strategy.state["account"]
    assert account["stopped"] == ""
    assert account["peak"] == account["last"] == 4500.0
    assert simulation.ctx.portfolio.net_flows == 3500.0


def test_orders_of_a_moment_leave_out_later_flows() -> None:
    flows = {"cash_flows": [{"date": "2015-01-05", "amount": 5000}]}
    plan = qt.orders_at(
        qt.MovingAverageCross(20, 100), qt.sample("sp500"), asof="2009-09-11", config=flows
    )
    same = qt.orders_at(qt.MovingAverageCross(20, 100), qt.sample("sp500"), asof="2009-09-11")
    assert plan.orders == same.orders


# ------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("flows", "text"),
    [
        ({"date": "2024-01-04", "amount": 1}, "expected a list, found {'date'"),
        ([{"amount": 5}], r"cash_flows\[0\]: expected an amount with a date or with every"),
        ([{"date": "2024-01-04", "every": "month", "amount": 5}], "with a date or with every"),
        ([5], r"cash_flows\[0\]: expected an amount with a date"),
        ([{"date": "2024-01-04"}], r"cash_flows\[0\]: expected an amount, found none"),
        ([{"date": "2024-01-04", "amount": 0}], "a withdrawal below zero, found 0"),
        ([{"date": "2024-01-04", "amount": "many"}], "amount: expected a number, found 'many'"),
        ([{"date": "soon", "amount": 1}], "date: expected a date such as 2020-03-02"),
        ([{"date": "2024-01-04T10:00", "amount": 1}], "expected a time with a zone"),
        ([{"every": "mont", "amount": 1}], "expected one of week, month, .* Did you mean 'month'"),
        ([{"every": "week", "amount": 1, "since": "x"}], "since: expected a date"),
        (
            [{"every": "week", "amount": 1, "since": "2024-01-04T10:00Z"}],
            "since: expected a date such as 2020-03-02, found 2024-01-04T10",
        ),
        (
            [{"every": "week", "amount": 1, "since": "2024-02-01", "until": "2024-01-01"}],
            "since not after until, found 2024-02-01 and 2024-01-01",
        ),
        (
            [{"date": "2024-01-04", "amount": 1, "witdrawal": "partial"}],
            "Did you mean 'withdrawal'",
        ),
        (
            [{"date": "2024-01-04", "amount": 1, "withdrawal": "some"}],
            "expected one of reject, par",
        ),
    ],
)
def test_mistakes_are_named(flows: Any, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        config_from({"cash_flows": flows})


def test_settings_survive_json() -> None:
    config = config_from(
        {
            "cash_flows": [
                {"date": date(2024, 1, 4), "amount": 5},
                {"every": "month", "amount": -1, "until": "2024-03-01", "withdrawal": "partial"},
            ]
        }
    )
    plain = to_mapping(config)
    assert plain["cash_flows"] == [
        {"date": "2024-01-04", "amount": 5.0, "withdrawal": "reject"},
        {
            "every": "month",
            "amount": -1.0,
            "since": None,
            "until": "2024-03-01",
            "withdrawal": "partial",
        },
    ]
    assert config_from(plain) == config
    assert config_from({"cash_flows": None}).cash_flows == ()


@pytest.mark.parametrize("day", ["2023-12-31", "2024-03-15", "2024-02-28T20:00"])
def test_a_date_outside_the_data_is_refused_with_both_figures(day: str) -> None:
    with pytest.raises(ConfigError, match=rf"inside the data, 2024-01-02 to .*found {day}"):
        idle([{"date": day + "Z" * ("T" in day), "amount": 5}])


def test_a_date_outside_the_run_is_left_out_and_told() -> None:
    bars = market_on("XNYS", A=flat(40))
    days = [date(2024, 1, 3), date(2024, 2, 20)]
    run = qt.backtest(
        Idle,
        bars,
        config={"cash_flows": [{"date": day, "amount": 5} for day in days]},
        start="2024-01-10",
        end=str(days[1] - timedelta(days=7)),
    )
    assert posted(run) == []
    lines = [line for line in run.log if line["event"] == "cash_flow_left_out"]
    assert [line["date"] for line in lines] == ["2024-01-03", "2024-02-20"]
    told = "2 deposits and withdrawals of the settings fall outside the run's period"
    assert any(told in one.text for one in run.sheet().assumptions)


@pytest.mark.slow
def test_a_strategy_with_flows_passes_the_look_ahead_audit() -> None:
    # cuts drop later sessions, and the flows that are due in them
    flows = [{"every": "month", "amount": 500}, {"date": "2003-10-06", "amount": -300}]
    run = qt.backtest(
        qt.MovingAverageCross(5, 20),
        qt.sample("sp500"),
        start="2003-01-02",
        end="2003-12-31",
        config={"cash_flows": flows},
        certify=True,
    )
    assert run.audit is not None
    assert run.audit.verdict == "passed", run.audit.text
