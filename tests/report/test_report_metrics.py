"""Goal: every metric is its written formula, or null with a reason, and never NaN.

Method: small runs summed by hand (the sum stands beside the number), rules as properties over
random runs, and every way in which a figure does not exist.
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from report_books import FIRST_DAY, fill_arrays, flat_bars, run_arrays

from quant.errors import DataError
from quant.report.definitions import DEFINITIONS, GROUPS
from quant.report.measures import Undefined, ratio
from quant.report.metrics import Metric, RunArrays, compute_metrics, metrics_json, summary_of
from quant.report.sessions import find_drawdowns, fold_sessions

NAMES = {
    "total_return",
    "net_profit",
    "total_pnl",
    "cagr",
    "annual_return",
    "volatility",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown_abs",
    "max_drawdown_pct",
    "longest_drawdown_days",
    "longest_drawdown_sessions",
    "total_trades",
    "winning_trades",
    "losing_trades",
    "win_rate",
    "loss_rate",
    "profit_factor",
    "expectancy",
    "avg_trade_pnl",
    "avg_trade_return_pct",
    "avg_win",
    "avg_loss",
    "largest_win",
    "largest_loss",
    "avg_holding_days",
    "avg_holding_bars",
    "turnover",
    "exposure_gross",
    "exposure_net",
    "max_gross_exposure",
    "hit_rate",
    "total_commission",
    "total_fees",
    "total_slippage",
    "total_costs",
    "cost_share_of_gross",
    "cost_per_year_pct",
    "slippage_per_order",
    "slippage_per_order_bps",
    "n_orders",
    "n_fills",
    "traded_notional",
    "start_equity",
    "end_equity",
    "min_equity",
    "n_sessions",
    "avg_mae",
    "avg_mfe",
    "benchmark_total_return",
    "benchmark_cagr",
    "benchmark_sharpe",
    "benchmark_max_drawdown_pct",
    "excess_cagr",
}


def values(run: RunArrays) -> dict[str, Any]:
    return {name: metric.value for name, metric in compute_metrics(run).items()}


def traded_run(**changes: Any) -> RunArrays:
    """Three trades (+80, -20, 0 before costs of 6) on one instrument, and 1 unit left open."""
    fills = fill_arrays(
        [
            {"units": 10, "price": 10.0, "price_raw": 9.9, "slippage": 1.0, "commission": 1.0},
            {"units": -10, "price": 18.0, "bar": 2, "fees": 0.5, "price_raw": 18.0},
            {"units": 10, "price": 20.0, "bar": 4, "commission": 1.5},
            {"units": -10, "price": 18.0, "bar": 5, "commission": 1.0},
            {"units": 5, "price": 20.0, "bar": 6, "commission": 1.0},
            {"units": -4, "price": 20.0, "bar": 7, "commission": 1.0},
        ]
    )
    equity = [1000.0, 1010.0, 1040.0, 1078.5, 1078.5, 1070.0, 1054.0, 1055.0, 1055.0]
    gross = np.array([0.0, 101.0, 208.0, 0.0, 0.0, 214.0, 0.0, 100.0, 20.0])
    plain: dict[str, Any] = {
        "fills": fills,
        "bars": flat_bars(9, 20.0),
        "gross": gross,
        "net": gross / 2,
        "n_orders": 8,
        "orders_filled": 5,
    }
    return run_arrays(equity, **{**plain, **changes})


def test_the_table_holds_every_promised_name_in_known_groups() -> None:
    assert DEFINITIONS.keys() >= NAMES
    assert {known.group for known in DEFINITIONS.values()} == set(GROUPS)
    assert list(compute_metrics(run_arrays([1.0]))) == list(DEFINITIONS)


def test_returns_and_volatility_of_a_hand_sum() -> None:
    # Returns 0.10, -0.10, 0.10: mean 0.1/3, deviations (2, -4, 2)/30, variance 0.04/3.
    found = values(run_arrays([100.0, 110.0, 99.0, 108.9], periods_per_year=9))
    assert found["total_return"] == pytest.approx(0.089, abs=1e-15)
    assert found["volatility"] == pytest.approx(math.sqrt(0.04 / 3 * 9), rel=1e-14)
    assert found["sharpe"] == pytest.approx((0.1 / 3) / math.sqrt(0.04 / 3) * 3, rel=1e-13)
    # Downside: sqrt(0.01 / 3), over all three returns.
    assert found["sortino"] == pytest.approx((0.1 / 3) / math.sqrt(0.01 / 3) * 3, rel=1e-13)
    assert found["downside_deviation"] == pytest.approx(math.sqrt(0.01 / 3) * 3, rel=1e-13)
    assert found["hit_rate"] == pytest.approx(2 / 3)
    assert (found["n_sessions"], found["min_equity"]) == (3, 99.0)
    assert found["best_session"] == pytest.approx(0.1)
    assert found["worst_session"] == pytest.approx(-0.1)


def test_the_risk_free_rate_is_compounded_per_session() -> None:
    run = run_arrays([100.0, 110.0, 99.0, 108.9], periods_per_year=2, risk_free=0.21)
    found = compute_metrics(run)["sharpe"]
    # 1.21 ** (1/2) - 1 = 0.1 per session.
    expected = (0.1 / 3 - 0.1) / math.sqrt(0.04 / 3) * math.sqrt(2)
    assert found.value == pytest.approx(expected, rel=1e-12)
    assert found.inputs["risk_free_per_session"] == pytest.approx(0.1)


def test_sharpe_falls_when_the_risk_free_rate_rises() -> None:
    equity = [100.0, 101.0, 100.5, 102.0, 103.0]
    found = [values(run_arrays(equity, risk_free=rate))["sharpe"] for rate in (0.0, 0.02, 0.1)]
    assert found[0] > found[1] > found[2]


def test_cagr_counts_calendar_days_from_first_to_last_date() -> None:
    date = np.array([FIRST_DAY, FIRST_DAY, FIRST_DAY + 1461])
    found = compute_metrics(run_arrays([100.0, 100.0, 146.41], session_date=date))
    # 1461 days are 4 years of 365.25 days.
    assert found["cagr"].value == pytest.approx(0.1, rel=1e-13)
    assert found["annual_return"].value == found["cagr"].value
    assert found["cagr"].inputs == {"days": 1461, "start": "2020-01-01", "end": "2024-01-01"}


def test_a_loss_on_the_first_session_is_a_drawdown_from_the_opening_equity() -> None:
    found = values(run_arrays([100.0, 80.0, 90.0, 95.0]))
    assert found["max_drawdown_pct"] == 0.2
    assert found["max_drawdown_abs"] == 20.0
    # Never back at 100: three sessions, dates 1 to 3 January.
    assert found["longest_drawdown_sessions"] == 3
    assert found["longest_drawdown_days"] == 2


def test_drawdowns_by_fraction_and_by_money_may_differ() -> None:
    found = compute_metrics(run_arrays([100.0, 50.0, 1000.0, 900.0, 1100.0]))
    assert found["max_drawdown_pct"].value == 0.5
    assert found["max_drawdown_abs"].value == 100.0
    assert found["max_drawdown_pct"].inputs == {"peak": "2020-01-01", "trough": "2020-01-01"}


def test_the_longest_drawdown_ends_at_the_first_row_back_at_the_peak() -> None:
    equity = [100.0, 120.0, 110.0, 115.0, 120.0, 119.0, 130.0]
    found = compute_metrics(run_arrays(equity))
    assert found["longest_drawdown_sessions"].value == 3
    assert found["longest_drawdown_days"].value == 3
    assert found["longest_drawdown_days"].inputs == {"recovered_at_end": True}


def test_drawdowns_look_at_rows_inside_sessions_and_returns_do_not() -> None:
    session = np.array([4, 4, 4, 5, 5])
    run = run_arrays(
        [100.0, 70.0, 110.0, 55.0, 121.0],
        session=session,
        session_date=FIRST_DAY + session,
        ts=np.arange(5),
    )
    found = values(run)
    assert (found["n_sessions"], found["max_drawdown_pct"]) == (2, 0.5)
    assert found["best_session"] == pytest.approx(0.1)
    assert found["volatility"] == 0.0


def test_a_session_without_a_row_keeps_the_last_mark() -> None:
    session = np.array([7, 7, 10])
    run = run_arrays([100.0, 110.0, 121.0], session=session, session_date=FIRST_DAY + session)
    found = compute_metrics(run)
    assert found["n_sessions"].value == 4
    assert found["hit_rate"].value == 0.5
    dense = run_arrays([100.0, 110.0, 110.0, 110.0, 121.0])
    assert found["sharpe"].value == compute_metrics(dense)["sharpe"].value


def test_trade_figures_of_a_hand_sum() -> None:
    # Net: 80 - 1.5, -20 - 2.5, 0 - (0.8 + 1): 78.5, -22.5, -1.8.
    found = values(traded_run())
    assert (found["total_trades"], found["winning_trades"], found["losing_trades"]) == (3, 1, 2)
    assert found["win_rate"] == 1 / 3
    assert found["loss_rate"] == 2 / 3
    assert found["profit_factor"] == pytest.approx(78.5 / 24.3)
    assert found["avg_trade_pnl"] == pytest.approx(54.2 / 3)
    expectancy = found["win_rate"] * found["avg_win"] + found["loss_rate"] * found["avg_loss"]
    assert found["expectancy"] == pytest.approx(expectancy)
    assert found["avg_trade_return_pct"] == pytest.approx((0.785 - 0.1125 - 0.0225) / 3)
    assert (found["largest_win"], found["largest_loss"]) == (78.5, -22.5)
    assert found["avg_win"] == 78.5
    assert found["avg_loss"] == pytest.approx(-12.15)
    assert found["avg_holding_bars"] == pytest.approx(4 / 3)
    assert found["avg_holding_days"] == pytest.approx(4 / 3)


def test_cost_figures_of_a_hand_sum() -> None:
    found = compute_metrics(traded_run())
    assert found["total_commission"].value == 5.5
    assert found["total_fees"].value == 0.5
    assert found["total_slippage"].value == 1.0
    assert found["total_costs"].value == 7.0
    # P&L before costs: 55 + 7.
    assert found["cost_share_of_gross"].value == pytest.approx(7 / 62)
    assert found["slippage_per_order"].value == 0.2
    # Raw notional: 99 + 180 + 200 + 180 + 100 + 80.
    assert found["slippage_per_order_bps"].value == pytest.approx(1.0 / 839 * 1e4)
    mean_equity = math.fsum(traded_run().equity[1:]) / 8
    assert found["cost_per_year_pct"].value == pytest.approx(7 / mean_equity / (7 / 365.25))


def test_exposure_and_turnover_of_a_hand_sum() -> None:
    run = traded_run()
    found = values(run)
    shares = run.gross[1:] / run.equity[1:]
    assert found["exposure_gross"] == pytest.approx(math.fsum(shares) / 8)
    assert found["exposure_net"] == pytest.approx(math.fsum(shares) / 16)
    assert found["max_gross_exposure"] == pytest.approx(0.2)
    # Bought 100 + 200 + 100, sold 180 + 180 + 80.
    assert found["traded_notional"] == 840.0
    mean_equity = math.fsum(run.equity[1:]) / 8
    assert found["turnover"] == pytest.approx(400 / mean_equity / (7 / 365.25))
    assert (found["n_orders"], found["orders_filled"], found["n_fills"]) == (8, 5, 6)


def test_total_pnl_is_net_profit_and_says_how_much_is_open() -> None:
    found = compute_metrics(traded_run())
    assert found["total_pnl"].value == found["net_profit"].value == 55.0
    assert found["total_pnl"].inputs["trades_pnl_net"] == pytest.approx(54.2)
    assert found["total_pnl"].inputs["open_and_cash"] == pytest.approx(0.8)


def test_the_benchmark_has_the_same_formulas() -> None:
    equity, other = [100.0, 110.0, 99.0, 108.9], [100.0, 90.0, 95.0, 101.0]
    date = FIRST_DAY + np.array([0, 0, 200, 400])
    run = run_arrays(equity, session_date=date, benchmark_equity=np.array(other))
    found = values(run)
    alone = values(run_arrays(other, session_date=date))
    for name in ("total_return", "cagr", "volatility", "sharpe", "max_drawdown_pct"):
        assert found[f"benchmark_{name}"] == alone[name]
    assert found["excess_cagr"] == found["cagr"] - alone["cagr"]


def test_the_summary_of_equity_rows_is_that_of_the_run() -> None:
    run = traded_run(risk_free=0.03)
    summary = summary_of(
        session=run.session,
        session_date=run.session_date,
        equity=run.equity,
        periods_per_year=run.periods_per_year,
        risk_free=run.risk_free,
    )
    found = compute_metrics(run)
    assert list(summary) == ["total_return", "cagr", "volatility", "sharpe", "max_drawdown_pct"]
    assert all(found[name] == metric for name, metric in summary.items())


def why(run: RunArrays, name: str) -> str:
    metric = compute_metrics(run)[name]
    assert metric.value is None
    return metric.why or ""


@pytest.mark.parametrize("name", ["sharpe", "sortino", "calmar", "skewness", "kurtosis"])
def test_a_run_that_never_moves_has_no_ratio(name: str) -> None:
    assert why(run_arrays([100.0] * 5), name)
    assert values(run_arrays([100.0] * 5))["volatility"] == 0.0


def test_returns_that_differ_only_by_rounding_have_no_sharpe() -> None:
    equity = [100.0 * 1.01**k for k in range(40)]
    assert "never vary" in why(run_arrays(equity), "sharpe")


@pytest.mark.parametrize(
    ("equity", "name", "words"),
    [
        ([100.0], "sharpe", "two returns"),
        ([100.0], "hit_rate", "no session"),
        ([100.0], "cagr", "one calendar day"),
        ([100.0, 110.0], "volatility", "two returns"),
        ([100.0, 110.0], "turnover", "one calendar day"),
        ([100.0, 50.0, -10.0], "cagr", "not positive"),
        ([100.0, -50.0, 10.0], "sharpe", "not positive"),
        ([100.0, -50.0, 10.0], "exposure_gross", "not positive"),
        ([0.0, 50.0, 10.0], "total_return", "not positive"),
        ([0.0, 50.0, 10.0], "max_drawdown_pct", "not positive"),
        ([100.0, 101.0, 102.0], "sortino", "No return is below zero"),
        ([100.0, 101.0, 103.0], "calmar", "never fell"),
        ([100.0, 101.0, 103.0], "win_rate", "no closed trades"),
        ([100.0, 101.0, 103.0], "profit_factor", "no closed trades"),
        ([100.0, 101.0, 103.0], "slippage_per_order", "No order was filled"),
        ([100.0, 101.0, 100.0], "cost_share_of_gross", "before costs is zero"),
        ([100.0, 101.0, 103.0], "benchmark_cagr", "no benchmark"),
        ([100.0, 101.0, 103.0], "excess_cagr", "no benchmark"),
        ([1e-300, 1e-300, 1e300], "cagr", "too large"),
    ],
)
def test_what_does_not_exist_says_why(equity: list[float], name: str, words: str) -> None:
    assert words in why(run_arrays(equity), name)


def test_a_profit_factor_needs_a_loss() -> None:
    fills = fill_arrays([{"units": 1, "price": 10.0}, {"units": -1, "price": 11.0, "bar": 1}])
    run = run_arrays([100.0, 100.0, 101.0], fills=fills)
    assert why(run, "profit_factor") == "There are no losing trades."
    assert why(run, "avg_loss") == "There are no losing trades."


@pytest.mark.parametrize("seed", range(30))
def test_no_figure_is_ever_nan_and_why_stands_exactly_where_there_is_none(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 6))
    equity = np.round(rng.normal(40, 60, n), 1) * (rng.random() < 0.9)
    gross = np.abs(rng.normal(0, 50, n))
    other = equity[::-1].copy() if seed % 2 else None
    found = compute_metrics(run_arrays(equity, gross=gross, net=gross, benchmark_equity=other))
    for name, metric in found.items():
        assert (metric.value is None) == (metric.why is not None), name
        assert metric.value is None or math.isfinite(metric.value), name
        assert type(metric.value) in (int, float, type(None)), name
    json.dumps(metrics_json(found), allow_nan=False)


@pytest.mark.parametrize("seed", range(5))
def test_doubling_the_money_doubles_money_and_keeps_all_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    equity = 1000 * np.cumprod(1 + rng.normal(0.001, 0.01, 60))
    one, two = (compute_metrics(run_arrays(equity * scale)) for scale in (1.0, 2.0))
    for name, metric in one.items():
        if metric.value is not None:
            scale = 2.0 if metric.unit == "money" else 1.0
            assert two[name].value == metric.value * scale, name


def test_the_json_form_has_why_only_where_there_is_no_value() -> None:
    found = metrics_json(compute_metrics(run_arrays([100.0, 110.0])))
    assert set(found["total_return"]) == {"value", "unit", "definition", "n", "inputs"}
    assert found["sharpe"]["value"] is None
    assert found["sharpe"]["why"] == "It needs at least two returns."


def test_metrics_compare_by_content() -> None:
    metric = Metric(value=1, unit="count", definition="Ones.", n=1, inputs={"a": 1})
    assert metric == replace(metric)
    assert metric != replace(metric, value=2)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"session": np.array([0, 5, 4])}, "row 2 has session 4 after session 5"),
        ({"gross": np.zeros(2)}, "gross needs 3 finite values"),
        ({"benchmark_equity": np.array([1.0, math.inf, 1.0])}, "benchmark_equity needs 3"),
        ({"session_date": np.zeros(2, np.int64)}, "2 dates"),
        ({"periods_per_year": 0}, "at least 1 period"),
        ({"risk_free": -1.0}, "risk-free rate above -1"),
    ],
)
def test_rows_that_cannot_be_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        compute_metrics(run_arrays([1.0, 1.0, 1.0], **changes))


def test_an_equity_that_is_not_finite_is_refused() -> None:
    with pytest.raises(DataError, match="row 1 has nan"):
        compute_metrics(run_arrays([1.0, math.nan, 1.0]))


def test_a_run_needs_the_opening_row() -> None:
    with pytest.raises(DataError, match="at least the opening row"):
        fold_sessions(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def test_a_ratio_passes_reasons_on() -> None:
    absent = Undefined("No top.")
    assert ratio(absent, 1.0, "zero") is absent
    assert ratio(1.0, absent, "zero") is absent
    assert ratio(1e308, 1e-308, "zero") == Undefined("The result is too large for a float64.")


@pytest.mark.parametrize("seed", range(10))
def test_drawdowns_match_a_walk_over_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    equity = np.round(100 * np.cumprod(1 + rng.normal(0, 0.02, 80)))
    place = np.arange(80)
    found = find_drawdowns(place, place * 2, equity)
    peak_row, longest, deepest = 0, 0, 0.0
    for row in range(80):
        if equity[row] >= equity[peak_row]:
            if (equity[peak_row:row] < equity[peak_row]).any():
                longest = max(longest, row - peak_row)
            peak_row = row
        elif row == 79:
            longest = max(longest, row - peak_row)
        deepest = max(deepest, (equity[peak_row] - equity[row]) / equity[peak_row])
    assert (found.longest_sessions, found.longest_days) == (longest, 2 * longest)
    assert found.deepest == deepest
    assert found.is_recovered == (equity[-1] == equity.max())
