"""Goal: what the owner pays in and takes out is told apart from what the strategy earned.

Method: two-period cases summed by hand, rules as properties over random curves and whole runs, and
the ways in which a rate does not exist. `metric_oracle` sums every metric of such runs again.
"""

from __future__ import annotations

import math
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_books import run_arrays
from test_report_packing import unpack

import quant as qt
from helpers.worlds import market
from quant.report.figures import groups_of, tiles_of
from quant.report.flow_section import flow_section
from quant.report.flows import internal_rate, profit_path, wealth_index
from quant.report.measures import Undefined
from quant.report.metrics import compute_metrics
from quant.report.payload import page_data
from quant.report.sessions import find_drawdowns, list_drawdowns
from quant.report.tearsheet import render_tearsheet

FINE = {"default": {"increment": "0.00000001"}}
drawn = settings(max_examples=100, deadline=None, derandomize=True)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


# ------------------------------------------------------------------------------------ the index


def test_without_flows_the_index_is_the_equity_itself() -> None:
    equity = floats(100.0, 90.0, 120.0)
    assert wealth_index(equity, None) is equity
    assert wealth_index(equity, np.zeros(3)) is equity
    assert profit_path(equity, np.zeros(3)) is equity


def test_a_flow_is_counted_into_what_its_return_starts_from() -> None:
    # 110 / 100; (110 + 90) = 200 -> 190: 0.95; (190 - 40) = 150 -> 165: 1.1
    index = wealth_index(floats(100.0, 110.0, 190.0, 165.0), floats(0.0, 0.0, 90.0, -40.0))
    assert index.tolist() == pytest.approx([100.0, 110.0, 104.5, 114.95])


def test_an_emptied_account_keeps_its_index_until_money_comes_again() -> None:
    # All 110 leave; 50 come later and gain a fifth.
    equity, flows = floats(100.0, 110.0, 0.0, 0.0, 60.0), floats(0.0, 0.0, -110.0, 0.0, 50.0)
    assert wealth_index(equity, flows).tolist() == pytest.approx(
        [100.0, 110.0, 110.0, 110.0, 132.0]
    )


def test_after_ruin_the_index_moves_by_money() -> None:
    # 100 lose 130; 50 come in, and 20 of the then 20 are gained: from -30 to -10.
    index = wealth_index(floats(100.0, -30.0, 40.0), floats(0.0, 0.0, 50.0))
    assert index.tolist() == pytest.approx([100.0, -30.0, -10.0])
    found = compute_metrics(run_arrays([100.0, -30.0, 40.0], flows=floats(0.0, 0.0, 50.0)))
    assert found["sharpe"].why == "Equity is not positive in every session."
    assert found["total_return"].value == pytest.approx(-1.1)


@given(st.integers(0, 10**6))
@drawn
def test_flows_change_no_return(seed: int) -> None:
    """The same returns with other money give the same index: that is what it is for."""
    rng = np.random.default_rng(seed)
    returns = rng.normal(0.0, 0.05, 30)
    flows = np.where(rng.random(30) < 0.3, rng.uniform(-0.4, 2.0, 30), 0.0)
    equity, paid = [100.0], [0.0]
    for r, share in zip(returns, flows, strict=True):
        paid.append(share * equity[-1])
        equity.append((equity[-1] + paid[-1]) * (1 + r))
    wanted = 100.0 * np.concatenate(([1.0], np.cumprod(1 + returns)))
    assert wealth_index(np.array(equity), np.array(paid)) == pytest.approx(wanted, rel=1e-12)


@given(st.integers(0, 10**6))
@drawn
def test_idle_money_has_no_return(seed: int) -> None:
    rng = np.random.default_rng(seed)
    flows = np.where(rng.random(40) < 0.5, rng.uniform(0.01, 777.77, 40), 0.0)
    flows[0] = 0.0
    equity = np.array([1000.1 + math.fsum(flows[: k + 1].tolist()) for k in range(40)])
    found = compute_metrics(run_arrays(equity.tolist(), flows=flows))
    for name in ("total_return", "volatility", "max_drawdown_pct", "hit_rate", "n_drawdowns"):
        assert found[name].value == 0, name
    assert found["net_profit"].value == pytest.approx(0.0, abs=1e-9)


def test_the_drawdown_in_money_leaves_flows_out() -> None:
    # 100 -> 80 (lost 20), 50 leave, 30 -> 33 (gained 3)
    equity, flows = floats(100.0, 80.0, 33.0), floats(0.0, 0.0, -50.0)
    index, money = wealth_index(equity, flows), profit_path(equity, flows)
    assert money.tolist() == [100.0, 80.0, 83.0]
    day = np.arange(3)
    assert find_drawdowns(day, day, index, money).deepest_money == 20.0
    assert list_drawdowns(index, money).depth_money.tolist() == [20.0]
    assert list_drawdowns(index, money).depth.tolist() == pytest.approx([0.2])


# ------------------------------------------------------------------------------------ the rate


def test_two_deposits_of_the_textbook() -> None:
    # 100 g^2 + 100 g = 225: g = (-1 + sqrt(10)) / 2. Each period is one year of 365.25 days x 4.
    rate = internal_rate([100.0, 100.0], [0, 1461], 225.0, 2922)
    assert not isinstance(rate, Undefined)
    assert (1 + rate) ** 4 == pytest.approx((10**0.5 - 1) / 2, rel=1e-12)


def test_one_payment_is_compound_growth() -> None:
    assert internal_rate([100.0], [0], 121.0, 2 * 1461) == pytest.approx(1.21 ** (1 / 8) - 1)


def test_money_that_is_all_back_earned_nothing() -> None:
    assert internal_rate([100.0, -40.0, 10.0], [0, 30, 60], 70.0, 90) == 0.0


@given(st.integers(0, 10**6))
@drawn
def test_the_rate_solves_its_equation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, length = int(rng.integers(1, 12)), int(rng.integers(30, 8000))
    amounts = [100.0, *rng.uniform(-30.0, 60.0, n).tolist()]
    days = [0, *np.sort(rng.integers(0, length, n)).tolist()]
    end = float(rng.uniform(10.0, 900.0))
    rate = internal_rate(amounts, days, end, length)
    if isinstance(rate, Undefined):
        return
    grown = [
        a * (1 + rate) ** ((length - day) / 365.25) for a, day in zip(amounts, days, strict=True)
    ]
    assert math.fsum(grown) == pytest.approx(end, rel=1e-9, abs=1e-9 * max(map(abs, grown)))


def test_where_there_is_no_rate() -> None:
    short = internal_rate([100.0], [0], 100.0, 0)
    assert short == Undefined("The run spans less than one calendar day.")
    # More was taken out than any growth could leave in debt: no sign change.
    never = internal_rate([100.0, -300.0, 250.0], [0, 365, 730], 0.5, 730)
    assert isinstance(never, Undefined)
    assert "At no rate" in never.why
    # 100 g^2 - 230 g + 132 = 0 at 10 % and at 20 %.
    two = internal_rate([100.0, -230.0], [0, 365], -132.0, 730)
    assert isinstance(two, Undefined)
    assert "2 rates" in two.why
    assert internal_rate([100.0, 50.0], [0, 10], 0.0, 20) == -1.0


# ------------------------------------------------------------------------------------ whole runs


class Constant(qt.Strategy):
    """Half of the equity, again at every open."""

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        ctx.order_target(bar.symbol, weight=0.5)


@pytest.mark.parametrize("seed", range(5))
def test_a_constant_weight_earns_the_same_with_any_flows(seed: int) -> None:
    """No costs, fractions of a unit, opens at the close before: the flow moves with its session."""
    rng = np.random.default_rng(seed)
    close = 100 * np.cumprod(1 + rng.normal(0.0005, 0.02, 60))
    opens = np.concatenate((close[:1], close[:-1]))
    rows = [
        (o, max(o, c), min(o, c), c) for o, c in zip(opens.tolist(), close.tolist(), strict=True)
    ]
    days = [f"2024-0{1 + k // 28}-{1 + k % 28:02d}" for k in range(56)]
    flows = [
        {"date": days[int(rng.integers(1, 55))], "amount": float(rng.choice([-15e3, 4e3, 60e3]))}
        for _ in range(6)
    ]
    plain = qt.backtest(Constant, market(A=rows), config={"instruments": FINE})
    paid = qt.backtest(Constant, market(A=rows), config={"instruments": FINE, "cash_flows": flows})
    assert paid.metrics["net_flows"] != 0.0
    for name in (
        "total_return",
        "sharpe",
        "volatility",
        "max_drawdown_pct",
        "best_session",
        "beta",
    ):
        assert paid.metrics[name] == pytest.approx(plain.metrics[name], rel=1e-8), name
    assert paid.metrics["money_weighted_return"] != pytest.approx(plain.metrics["cagr"], rel=1e-6)


def test_a_deposit_takes_the_gap_to_its_open_as_idle_money() -> None:
    # 100 in the stock at the close; 100 come in; the open is a tenth higher: 210 / 200 - 1 = 5 %.
    rows = [(10.0,) * 4, (10.0,) * 4, (11.0,) * 4, (11.0,) * 4]

    class Hold(qt.Strategy):
        """Ten units."""

        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            ctx.order_target("A", 10)

    run = qt.backtest(
        Hold,
        market(A=rows),
        config={"cash": 100, "cash_flows": [{"date": "2024-01-03", "amount": 100}]},
    )
    assert run.metrics["total_return"] == pytest.approx(0.05)


# ------------------------------------------------------------------------------------ the page


@pytest.fixture(scope="module")
def run() -> qt.Run:
    class Cross(qt.Strategy):
        """Long above the mean of forty closes."""

        def on_start(self, ctx: qt.Context) -> None:
            self.mean = ctx.features.rolling_mean("SP500", "close", 40)

        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            weight = 0.95 if bar.close > self.mean.value else 0.0
            if (ctx.portfolio.qty("SP500") > 0) != (weight > 0):
                ctx.order_target("SP500", weight=weight)

    flows: list[dict[str, Any]] = [
        {"every": "quarter", "amount": 5000, "since": "2007-01-01"},
        {"date": "2008-10-05", "amount": -40_000},
        {"date": "2010-06-06", "amount": -3e6},
    ]
    return qt.backtest(
        Cross,
        qt.sample("sp500"),
        start="2006-01-03",
        end="2010-12-31",
        config={"cash_flows": flows},
    )


def test_the_page_shows_both_returns_and_every_flow(run: qt.Run) -> None:
    sheet = run.sheet()
    section = flow_section(sheet)
    assert section is not None
    shown = {label: text for label, text, _ in section.figures}
    assert shown["Net deposits after the opening"] == "40,000.00 USD"
    assert shown["Money-weighted return per year"].endswith("%")
    assert len(section.rows) == 18
    assert section.rows[0] == ("2007-01-03", "Deposit", "5,000.00 USD", "5,000.00 USD", "")
    refused = [row for row in section.rows if row[4]]
    assert [(row[0], row[3]) for row in refused] == [("2010-06-07", "–")]
    assert refused[0][4].startswith("refused: free cash was ")
    text = render_tearsheet(sheet)
    assert "All 18 deposits and withdrawals" in text
    assert "Strategy, deposits and withdrawals taken out" in text
    HTMLParser().feed(text)
    end = next(tile for tile in tiles_of(sheet) if tile.label == "Final equity")
    assert end.beneath == "from 100,000 USD, net deposits 40,000 USD"
    labels = {row.label for _, rows in groups_of(sheet) for row in rows}
    assert {"Time-weighted return", "Net deposits"} <= labels


def test_the_curve_and_its_marks(run: qt.Run) -> None:
    data = page_data(run.sheet())["equity"]
    curve, marks = unpack(data["own"]), data["flows"]
    total = run.metrics["total_return"]
    assert curve[-1] / curve[0] - 1 == pytest.approx(total, abs=1e-6)
    money = unpack(marks["money"])
    assert sum(money) == pytest.approx(40_000.0)
    assert len(money) == 17
    times = unpack(data["t"])
    assert set(unpack(marks["t"])) <= set(times)
    assert run.rolling(200)["total_return"].len() > 0


def test_no_flows_no_section() -> None:
    sheet = qt.backtest(Constant, market(A=[(10.0,) * 4] * 5)).sheet()
    assert flow_section(sheet) is None
    assert "flows" not in page_data(sheet)["equity"]
    assert 'id="flows"' not in render_tearsheet(sheet)
