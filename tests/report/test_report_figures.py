"""Goal: the figures on months, drawdowns, excursions, margin and benchmark are what they say.

Method: small runs with sums by hand beside the number, the ways in which a figure does not exist,
and the lists and groups that stand on the figures. `test_report_oracle` has whole runs.
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import polars as pl
import pytest
from report_books import FIRST_DAY, bar_arrays, fill_arrays, flat_bars, run_arrays

from quant.errors import DataError, RunError
from quant.report import comparison, measures
from quant.report.definitions import DEFINITIONS
from quant.report.measures import Undefined
from quant.report.metrics import PositionArrays, RunArrays, compute_metrics
from quant.report.proof import BacktestMetricsV2
from quant.report.sessions import calendar_ends, find_drawdowns, fold_sessions, list_drawdowns
from quant.report.significance import sharpe_error


def values(run: RunArrays) -> dict[str, Any]:
    return {name: metric.value for name, metric in compute_metrics(run).items()}


def why(run: RunArrays, name: str) -> str:
    metric = compute_metrics(run)[name]
    assert metric.value is None, name
    return metric.why or ""


def on_days(equity: list[float], days: list[int], **more: Any) -> RunArrays:
    """A run whose session ends lie on days counted from 2020-01-01; the opening on the first."""
    date = FIRST_DAY + np.array([days[0], *days])
    return run_arrays(equity, session_date=date, **more)


def test_months_and_years_of_a_hand_sum() -> None:
    # Ends: 15 Jan 110, 31 Jan 100, 28 Feb 90, 15 Jan 2021 99; March to December have no row.
    found = values(on_days([100.0, 110.0, 100.0, 90.0, 99.0], [14, 30, 58, 380]))
    assert (found["n_months"], found["n_years"]) == (13, 2)
    # January 0, February -0.1, ten times 0, January 2021 +0.1.
    assert found["best_month"] == pytest.approx(0.1)
    assert found["worst_month"] == pytest.approx(-0.1)
    assert found["avg_month"] == pytest.approx(0.0, abs=1e-15)
    assert found["positive_months"] == 1 / 13
    assert found["gain_to_pain"] == pytest.approx(0.0, abs=1e-14)
    assert found["best_year"] == pytest.approx(0.1)
    assert found["worst_year"] == pytest.approx(-0.1)
    assert found["positive_years"] == 0.5


def test_calendar_ends_begin_with_the_opening_equity() -> None:
    run = on_days([100.0, 110.0, 120.0], [0, 40])
    sessions = fold_sessions(run.session, run.session_date, run.equity)
    assert calendar_ends(sessions, run.session_date, "M") == [100.0, 110.0, 120.0]
    assert calendar_ends(sessions, run.session_date, "Y") == [100.0, 120.0]


def test_drawdowns_of_a_hand_sum() -> None:
    # 100 to 80 and back (rows 0 to 3), 120 to 90 and not back (rows 4 to 7).
    equity = [100.0, 90.0, 80.0, 100.0, 120.0, 108.0, 90.0, 96.0]
    found = values(on_days(equity, [0, 3, 6, 10, 20, 31, 41]))
    assert found["n_drawdowns"] == 2
    assert found["avg_drawdown_pct"] == pytest.approx((0.2 + 0.25) / 2)
    # Days 0 to 6 of the first (its peak is the opening row), 10 to 41 of the second.
    assert found["avg_drawdown_days"] == (6 + 31) / 2
    assert found["max_drawdown_fall_days"] == 21
    assert found["avg_recovery_days"] == 3.0
    assert found["current_drawdown_pct"] == pytest.approx(0.2)
    assert found["underwater_share"] == 5 / 7
    squares = 0.1**2 + 0.2**2 + 0.1**2 + 0.25**2 + 0.2**2
    assert found["ulcer_index"] == pytest.approx(math.sqrt(squares / 7))
    assert found["martin_ratio"] == pytest.approx(found["cagr"] / math.sqrt(squares / 7))
    assert found["recovery_factor"] == pytest.approx(-4 / 30)
    assert "not back at the peak" in why(
        on_days(equity, list(range(7))), "max_drawdown_recovery_days"
    )


@pytest.mark.parametrize("seed", range(20))
def test_the_list_of_drawdowns_and_the_deepest_are_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    equity = np.round(100 * np.cumprod(1 + rng.normal(0, 0.02, 60)))
    found = list_drawdowns(equity)
    place = np.arange(60)
    other = find_drawdowns(place, place, equity)
    assert max(found.depth, default=0.0) == other.deepest
    assert max(found.depth_money, default=0.0) == other.deepest_money
    assert max(found.end_row - found.peak_row, default=0) == other.longest_days
    assert (not len(found) or bool(found.is_recovered[-1]) or not other.is_recovered) is True
    # Drawdowns do not overlap, and the rows outside of them are peaks.
    assert (found.peak_row[1:] >= found.end_row[:-1]).all()
    inside = np.zeros(60, bool)
    for peak, end, back in zip(found.peak_row, found.end_row, found.is_recovered, strict=True):
        inside[peak + 1 : end + (not back)] = True
    assert (equity[~inside] == np.maximum.accumulate(equity)[~inside]).all()


def traded(*results: float, **more: Any) -> RunArrays:
    """Trades of one unit bought at 100 on one bar and sold on the next at 100 plus the result."""
    rows = []
    for k, result in enumerate(results):
        rows += [
            {"units": 1, "price": 100.0, "bar": 2 * k, "at_open": True},
            {"units": -1, "price": 100.0 + result, "bar": 2 * k + 1, "at_close": True},
        ]
    bars = bar_arrays([(110.0, 95.0, 100.0)] * (2 * len(results) + 1))
    n = 2 * len(results) + 2
    return run_arrays([1000.0] * n, fills=fill_arrays(rows), bars=bars, **more)


def test_trade_quality_of_a_hand_sum() -> None:
    found = values(traded(6.0, 4.0, -2.0, -3.0, -1.0, 0.0, 8.0))
    # Wins 6, 4, 8: mean 6; losses 2, 3, 1: mean 2; one even.
    assert found["payoff_ratio"] == pytest.approx(3.0)
    assert found["kelly_fraction"] == pytest.approx(0.5 - 0.5 / 3)
    assert (found["max_consecutive_wins"], found["max_consecutive_losses"]) == (2, 3)
    assert found["median_trade_pnl"] == pytest.approx(0.0)
    mean = 12 / 7
    spread = math.sqrt(sum((x - mean) ** 2 for x in (6, 4, -2, -3, -1, 0, 8)) / 6)
    assert found["trade_pnl_deviation"] == pytest.approx(spread)
    assert found["sqn"] == pytest.approx(math.sqrt(7) * mean / spread)
    assert (found["long_trades"], found["short_trades"]) == (7, 0)
    assert found["long_pnl"] == pytest.approx(12.0)
    assert found["trades_per_year"] == pytest.approx(7 / (14 / 365.25))


def test_excursions_of_a_hand_sum() -> None:
    found = values(traded(6.0, -2.0, -6.0))
    # Every holding saw 95 and 110, the last one also 94.
    assert found["worst_mae"] == pytest.approx(-0.06)
    assert found["median_mae"] == pytest.approx(-0.05)
    assert found["avg_mae_wins"] == pytest.approx(-0.05)
    assert found["best_mfe"] == found["avg_mfe_losses"] == pytest.approx(0.1)
    assert found["edge_ratio"] == pytest.approx(0.3 / 0.16)
    assert found["mfe_captured"] == pytest.approx(-0.02 / 0.3)


def test_margin_of_a_hand_sum() -> None:
    gross = np.array([0.0, 1000.0, 1800.0, 2100.0])
    run = run_arrays([1000.0, 1000.0, 900.0, 1000.0], gross=gross, net=gross, leverage_limit=2.0)
    found = values(run)
    assert found["max_margin_utilisation"] == pytest.approx(1.05)
    assert found["avg_margin_utilisation"] == pytest.approx((0.5 + 1.0 + 1.05) / 3)
    assert (found["min_margin_headroom"], found["rows_over_limit"]) == (-100.0, 1)
    # 1000 / 2100: a fall of all positions by that share loses 1000.
    assert found["min_distance_to_liquidation"] == pytest.approx(1000 / 2100)
    assert 2100 * found["min_distance_to_liquidation"] == pytest.approx(1000.0)
    assert found["avg_distance_to_liquidation"] == pytest.approx((1 + 0.5 + 1000 / 2100) / 3)
    assert found["time_in_market"] == 1.0


def test_an_account_that_fills_its_limit_is_not_over_it() -> None:
    gross = np.array([0.0, 1000.0 * (1 + 1e-13)])
    run = run_arrays([1000.0, 1000.0], gross=gross, net=gross, leverage_limit=1.0)
    assert values(run)["rows_over_limit"] == 0


def test_positions_of_a_hand_sum() -> None:
    # Session 0: A 500 then 400 at the close, B flat again; session 1: A 600 and B -300.
    rows = PositionArrays(
        session=np.array([0, 0, 0, 0, 1, 1]),
        instrument=np.array([0, 1, 1, 0, 0, 1]),
        value=np.array([500.0, 200.0, 0.0, 400.0, 600.0, -300.0]),
    )
    found = values(run_arrays([1000.0, 1000.0, 1200.0, 1200.0], positions=rows))
    assert (found["max_positions"], found["avg_positions"]) == (2, 1.0)
    assert found["avg_position_pct"] == pytest.approx((0.4 + 0.5 + 0.25) / 3)
    assert found["max_position_pct"] == pytest.approx(0.5)


def test_shares_of_costs_of_a_hand_sum() -> None:
    fills = fill_arrays(
        [
            {"units": 10, "price": 10.0, "commission": 1.0, "slippage": 2.0, "fees": 0.5},
            {"units": -10, "price": 20.0, "bar": 1, "commission": 1.5},
        ]
    )
    found = values(run_arrays([1000.0, 1000.0, 1095.0], fills=fills, bars=flat_bars(3)))
    # 95 earned after 5 of costs, 300 traded.
    assert found["fee_share_of_gross"] == pytest.approx(0.03)
    assert found["slippage_share_of_gross"] == pytest.approx(0.02)
    assert found["fee_bps"] == pytest.approx(100.0)
    assert found["break_even_cost_bps"] == pytest.approx(1e4 / 3)
    parts = found["fee_per_year_pct"] + found["slippage_per_year_pct"]
    assert parts == pytest.approx(found["cost_per_year_pct"])


def test_a_strategy_of_twice_the_benchmark_has_a_beta_of_two() -> None:
    benchmark = [0.01, -0.02, 0.03, -0.01, 0.0]
    own = np.cumprod([100.0, *(1 + 0.001 + 2 * b for b in benchmark)])
    other = np.cumprod([100.0, *(1 + b for b in benchmark)])
    found = values(run_arrays(own.tolist(), benchmark_equity=other))
    assert found["beta"] == pytest.approx(2.0)
    assert found["alpha"] == pytest.approx(0.001 * 252)
    assert found["correlation"] == found["r_squared"] == pytest.approx(1.0)
    assert found["batting_average"] == pytest.approx(3 / 5)
    mean = 0.001 + 2 * 0.002
    assert found["treynor"] == pytest.approx(mean * 252 / 2)
    up = math.sqrt(1.021 * 1.061) - 1
    assert found["up_capture"] == pytest.approx(up / (math.sqrt(1.01 * 1.03) - 1))
    down = math.sqrt(0.961 * 0.981) - 1
    assert found["down_capture"] == pytest.approx(down / (math.sqrt(0.98 * 0.99) - 1))


def test_alpha_and_treynor_stand_above_the_risk_free_rate() -> None:
    equity, other = [100.0, 104.0, 103.0, 107.0], np.array([100.0, 102.0, 101.0, 104.0])
    plain, above = (
        values(run_arrays(equity, benchmark_equity=other, risk_free=rate)) for rate in (0.0, 0.1)
    )
    rate = 1.1 ** (1 / 252) - 1
    assert above["beta"] == pytest.approx(plain["beta"])
    gap = rate * (1 - plain["beta"]) * 252
    assert above["alpha"] == pytest.approx(plain["alpha"] - gap)
    assert above["treynor"] == pytest.approx(plain["treynor"] - rate * 252 / plain["beta"])


def test_the_probability_of_a_sharpe_says_what_it_is_made_of() -> None:
    rng = np.random.default_rng(3)
    equity = 100 * np.cumprod(np.r_[1.0, 1 + rng.normal(0.001, 0.01, 250)])
    metric = compute_metrics(run_arrays(equity.tolist()))["probabilistic_sharpe"]
    assert metric.value is not None
    z = metric.inputs["sharpe_per_session"] / metric.inputs["standard_error"]
    assert metric.value == pytest.approx(0.5 * math.erfc(-z / math.sqrt(2)))


@pytest.mark.parametrize(
    ("equity", "name", "words"),
    [
        ([100.0], "best_month", "no session"),
        ([100.0], "omega", "no session"),
        ([100.0], "gain_to_pain", "no session"),
        ([100.0], "ulcer_index", "no session"),
        ([100.0], "time_in_market", "no session"),
        ([100.0, -5.0, 10.0], "stability", "not positive"),
        ([100.0, -5.0, 10.0], "omega", "not positive"),
        ([100.0, -5.0, 10.0], "tail_ratio", "not positive"),
        ([0.0, 5.0, 10.0], "n_drawdowns", "not positive"),
        ([0.0, 5.0, 10.0], "n_months", "not positive"),
        ([0.0, 5.0, 10.0], "min_equity_pct", "opening equity"),
        ([100.0, 101.0, 102.0], "avg_drawdown_pct", "never fell"),
        ([100.0, 101.0, 102.0], "avg_recovery_days", "never fell"),
        ([100.0, 101.0, 102.0], "max_drawdown_recovery_days", "never fell"),
        ([100.0, 101.0, 102.0], "recovery_factor", "never fell"),
        ([100.0, 101.0, 102.0], "martin_ratio", "never fell"),
        ([100.0, 101.0, 102.0], "omega", "below the threshold"),
        ([100.0, 101.0, 102.0], "gain_to_pain", "No month"),
        ([100.0, 101.0, 102.0], "avg_session_down", "below zero"),
        ([100.0, 99.0, 98.0], "avg_session_up", "above zero"),
        ([100.0, 99.0, 98.0], "avg_recovery_days", "No drawdown has recovered"),
        ([100.0, 100.0, 100.0], "stability", "never vary"),
        ([100.0, 100.0, 100.0], "cagr_over_volatility", "never vary"),
        ([100.0, 101.0, 103.0], "sqn", "no closed trades"),
        ([100.0, 101.0, 103.0], "kelly_fraction", "no closed trades"),
        ([100.0, 101.0, 103.0], "mfe_captured", "no closed trades"),
        ([100.0, 101.0, 103.0], "max_margin_utilisation", "not known"),
        ([100.0, 101.0, 103.0], "avg_positions", "not known"),
        ([100.0, 101.0, 103.0], "min_distance_to_liquidation", "never held"),
        ([100.0, 101.0, 103.0], "fee_bps", "No order was filled"),
        ([100.0, 101.0, 103.0], "beta", "no benchmark"),
    ],
)
def test_what_does_not_exist_says_why(equity: list[float], name: str, words: str) -> None:
    assert words in why(run_arrays(equity), name)


@pytest.mark.parametrize(
    ("results", "name", "words"),
    [
        ((5.0,), "sqn", "one closed trade"),
        ((5.0, 5.0), "sqn", "never vary"),
        ((5.0, 6.0), "payoff_ratio", "no losing trades"),
        ((-5.0, -6.0), "kelly_fraction", "no winning trades"),
        ((5.0, 6.0), "avg_mfe_losses", "no losing trades"),
        ((5.0, 6.0), "short_win_rate", "no closed short trades"),
    ],
)
def test_trades_that_lack_a_kind(results: tuple[float, ...], name: str, words: str) -> None:
    assert words in why(traded(*results), name)


@pytest.mark.parametrize(
    ("other", "name", "words"),
    [
        ([100.0, 100.0, 100.0], "beta", "benchmark's returns never vary"),
        ([100.0, 100.0, 100.0], "up_capture", "never rose"),
        ([100.0, 101.0, 102.0], "down_capture", "never fell"),
        ([100.0, 0.0, 102.0], "beta", "not positive"),
        ([100.0, 104.0, 102.0], "information_ratio", "difference to the benchmark never varies"),
    ],
)
def test_a_benchmark_that_gives_no_figure(other: list[float], name: str, words: str) -> None:
    run = run_arrays([100.0, 104.0, 102.0], benchmark_equity=np.array(other))
    assert words in why(run, name)


def test_plain_formulas_without_values() -> None:
    assert isinstance(measures.omega([]), Undefined)
    assert isinstance(measures.tail_ratio([0.1]), Undefined)
    assert isinstance(measures.normal_quantile([0.1], 0.05), Undefined)
    assert isinstance(measures.normal_shortfall([0.1], 0.05), Undefined)
    assert isinstance(measures.geometric_mean([0.1, -1.0], "none"), Undefined)
    assert isinstance(measures.trend_fit([1.0]), Undefined)
    assert measures.median([]) == Undefined("There are no values.")
    assert isinstance(sharpe_error(0.1, 1, 0.0, 3.0), Undefined)
    # Two values, 1 - 2 + 1 = 0: such a Sharpe ratio has no error to estimate.
    assert isinstance(sharpe_error(2.0, 10, 1.0, 2.0), Undefined)
    assert isinstance(comparison.fit_line([0.1], [0.1]), Undefined)
    assert isinstance(comparison.information_ratio([0.1], [0.1], 252), Undefined)


def test_the_groups_hold_the_metrics_of_their_names() -> None:
    found = values(traded(6.0, -2.0))
    curve = pl.DataFrame({"ts": [0], "session": [0], "drawdown": [0.0]})
    groups = BacktestMetricsV2.of(found, curve)
    names = []
    for group in fields(groups):
        part = getattr(groups, group.name)
        for one in fields(part):
            if one.name != "underwater":
                assert getattr(part, one.name) == found[one.name], one.name
                names.append(one.name)
    assert set(names) <= DEFINITIONS.keys()
    # Only one figure is of two groups: how near equity came to zero is margin stress, too.
    assert len(names) == len(set(names)) + 1
    assert groups.drawdown.underwater is curve
    assert len(fields(groups)) == 8


def test_groups_of_an_earlier_version_are_refused() -> None:
    with pytest.raises(RunError, match="earlier version"):
        BacktestMetricsV2.of({"sharpe": 1.0}, pl.DataFrame())


def test_a_run_without_rows_is_refused() -> None:
    with pytest.raises(DataError):
        compute_metrics(run_arrays([]))
