"""Goal: every case of the shared metrics.json holds, by its id.

Method: one test per case over public functions; a case without a test here fails. The file lies
beside the checkout and is skipped where it is absent. Where a case counts bars in place of days
(``cagr_252``), our formula is given the days that as many bars of an even year would take.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import quant as qt
from quant.report import measures
from quant.report.comparison import information_ratio
from quant.research import (
    deflated_sharpe,
    expected_max_sharpe,
    minimum_backtest_length,
    probabilistic_sharpe,
    probability_of_backtest_overfitting,
)

_FILE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "metrics.json"
_CASES = (
    {case["id"]: case for case in json.loads(_FILE.read_text())["cases"]} if _FILE.exists() else {}
)
_CHECKS: dict[str, Callable[[Any, Any, Any], None]] = {}


def checks(case_id: str) -> Callable[[Any], Any]:
    """Names the case that a check is for."""

    def add(function: Any) -> Any:
        _CHECKS[case_id] = function
        return function

    return add


def present(values: list[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def equity_of(returns: list[float]) -> list[float]:
    equity = [100_000.0]
    for value in returns:
        equity.append(equity[-1] * (1.0 + value))
    return equity


def bars_as_days(bars: int, per_year: int) -> float:
    return bars * measures.DAYS_PER_YEAR / per_year


@pytest.mark.skipif(not _CASES, reason="the shared reference files are not beside this checkout")
def test_every_case_has_a_check() -> None:
    assert _CHECKS.keys() == _CASES.keys()


@pytest.mark.skipif(not _CASES, reason="the shared reference files are not beside this checkout")
@pytest.mark.parametrize("case_id", list(_CASES))
def test_case(case_id: str) -> None:
    case = _CASES[case_id]
    _CHECKS[case_id](case["inputs"], case["expected"], case["tolerance"])


@checks("sharpe_vs_benchmark_series")
def _sharpe_of_differences(given: Any, expected: Any, tolerance: Any) -> None:
    pairs = zip(given["returns"], given["risk_free_series"], strict=True)
    kept = [(r, b) for r, b in pairs if r is not None]
    returns, other = [r for r, _ in kept], [b for _, b in kept]
    wanted = pytest.approx(expected["sharpe"], **tolerance)
    assert information_ratio(returns, other, 252) == wanted
    assert measures.sharpe([r - b for r, b in kept], 252) == wanted


@checks("downside_risk")
def _downside(given: Any, expected: Any, tolerance: Any) -> None:
    for row in expected["rows"]:
        returns = present(given["series"][row["series"]])
        found = measures.downside_deviation(returns, row["required_return"])
        annual = found * math.sqrt(row["periods_per_year"])
        assert annual == pytest.approx(row["downside_risk"], **tolerance)


@checks("annual_return_and_calmar")
def _annual_return(given: Any, expected: Any, tolerance: Any) -> None:
    for row in expected["rows"]:
        series = given["returns"] if row["periods_per_year"] == 252 else given["weekly_monthly"]
        equity = equity_of(present(series))
        # The library counts the missing first value as a period.
        days = bars_as_days(len(series), row["periods_per_year"])
        rate = measures.compound_rate(equity[0], equity[-1], days)
        assert rate == pytest.approx(row["annual_return"], **tolerance)
        found = qt.compute_backtest_metrics([], equity, equity[0], calendar="XNYS")
        assert rate / found["max_drawdown_pct"] == pytest.approx(row["calmar"], **tolerance)
    equity = equity_of(present(given["returns"]))
    rate = measures.compound_rate(equity[0], equity[-1], bars_as_days(8, 252))
    assert rate == pytest.approx(expected["mixed_if_missing_slot_not_counted"], **tolerance)


@checks("omega")
def _omega(given: Any, expected: Any, tolerance: Any) -> None:
    for row in expected["rows"]:
        returns = present(given["series"][row["series"]])
        yearly = measures.per_period(row["annual_required_return"], 252)
        found = measures.omega(returns, row["rf_per_period"] + yearly)
        assert found == pytest.approx(row["omega"], **tolerance)


@checks("stability")
def _stability(given: Any, expected: Any, tolerance: Any) -> None:
    equity = equity_of(present(given["returns"]))
    found = qt.compute_backtest_metrics([], equity, equity[0], periods_per_year=252)
    assert found["stability"] == pytest.approx(expected["stability"], **tolerance)


@checks("sixty_day_series_all")
def _sixty_days(given: Any, expected: Any, tolerance: Any) -> None:
    equity = equity_of(given["returns"])
    first = np.datetime64(given["start"])
    days = np.busday_offset(first, np.arange(60), roll="forward")
    import polars as pl

    curve = pl.DataFrame({"session": days, "equity": equity[1:]})
    found = qt.compute_backtest_metrics([], curve, equity[0], calendar="weekdays")
    root = math.sqrt(252 / 261)
    same = {
        "total_return": ("total_return", 1.0),
        "sharpe": ("sharpe", root),
        "sortino": ("sortino", root),
        "volatility": ("annual_vol", root),
        "max_drawdown_pct": ("max_drawdown", -1.0),
        "longest_drawdown_sessions": ("longest_underwater_bars", 1.0),
        "omega": ("omega_0", 1.0),
        "tail_ratio": ("tail_ratio", 1.0),
        "var_95": ("var95_historical_linear", 1.0),
        "cvar_95": ("cvar95_mean_at_or_below_var", 1.0),
        "var_95_normal": ("var95_normal", 1.0),
        "cvar_95_normal": ("cvar95_normal", 1.0),
        "ulcer_index": ("ulcer_n", 1.0),
        "skewness": ("skew_biased", 1.0),
        "kurtosis": ("kurtosis_nonexcess_biased", 1.0),
        "hit_rate": ("win_rate", 1.0),
    }
    for name, (key, scale) in same.items():
        assert found[name] * scale == pytest.approx(expected[key], **tolerance), name
    assert found["omega"] == pytest.approx(expected["profit_factor_of_returns"], **tolerance)
    assert found["cvar_95"] == pytest.approx(expected["cvar95_empyrical"], **tolerance)
    rate = measures.compound_rate(equity[0], equity[-1], bars_as_days(60, 252))
    assert rate == pytest.approx(expected["cagr_252"], **tolerance)
    calmar = rate / found["max_drawdown_pct"]
    assert calmar == pytest.approx(expected["calmar"], **tolerance)
    from quant.report.sessions import list_drawdowns

    drawdowns = list_drawdowns(np.array(equity))
    deepest = int(np.argmax(drawdowns.depth))
    assert drawdowns.peak_row[deepest] == expected["drawdown_peak_index"]
    assert drawdowns.trough_row[deepest] == expected["drawdown_trough_index"]
    assert (expected["drawdown_recovery_index"] is None) == (not drawdowns.is_recovered[deepest])
    covered = {"cagr_252", "calmar", "drawdown_peak_index", "drawdown_trough_index"}
    covered |= {"drawdown_recovery_index", "profit_factor_of_returns", "cvar95_empyrical"}
    assert covered | {key for key, _ in same.values()} == expected.keys()


@checks("psr_hedge_fund")
def _psr(given: Any, expected: Any, tolerance: Any) -> None:
    plain = {"sharpe": given["sr_monthly"], "n": given["n"], "benchmark": given["benchmark"]}
    found = probabilistic_sharpe(**plain, skew=given["skew"], kurtosis=given["kurtosis"])
    assert found == pytest.approx(expected["psr"], abs=tolerance["abs"])
    assert found == pytest.approx(expected["psr_full"], abs=1e-10)
    normal = probabilistic_sharpe(**plain)
    assert normal == pytest.approx(expected["psr_if_normal"], abs=tolerance["abs"])
    assert normal == pytest.approx(expected["psr_if_normal_full"], abs=1e-10)
    annual = given["sr_monthly"] * math.sqrt(12)
    assert annual == pytest.approx(expected["annualised_sr"], abs=tolerance["annualised_abs"])


@checks("dsr_paper")
def _dsr(given: Any, expected: Any, tolerance: Any) -> None:
    periods = given["periods_per_year"]
    sharpe = given["sr_annual"] / math.sqrt(periods)
    variance = given["variance_of_trial_sr_annual"] / periods
    moments = {"skew": given["skew"], "kurtosis": given["kurtosis"]}
    assert sharpe == pytest.approx(expected["sr_per_period"], **tolerance)
    luck = expected_max_sharpe(given["trials"], variance)
    assert luck == pytest.approx(expected["sr0_per_period"], **tolerance)
    assert luck == pytest.approx(expected["sr0_full"], abs=1e-9)

    def dsr(trials: int, **shape: float) -> float:
        return deflated_sharpe(sharpe, given["n_obs"], trials=trials, variance=variance, **shape)

    assert dsr(given["trials"], **moments) == pytest.approx(expected["dsr"], **tolerance)
    assert dsr(given["trials"], **moments) == pytest.approx(expected["dsr_full"], abs=1e-9)
    assert dsr(46, **moments) == pytest.approx(expected["dsr_46_trials"], **tolerance)
    assert dsr(88) == pytest.approx(expected["dsr_88_trials_normal_returns"], **tolerance)


@checks("min_backtest_length")
def _length(given: Any, expected: Any, tolerance: Any) -> None:
    years = minimum_backtest_length(given["trials"], given["target_max_sharpe"])
    assert years == pytest.approx(expected["years"], **tolerance)
    assert round(years) == expected["printed_years"]
    best = expected_max_sharpe(given["trials"], 1 / expected["printed_years"])
    assert best == pytest.approx(expected["max_sharpe_after_5_years"], abs=5e-5)


@checks("sqn_published")
def _sqn(given: Any, expected: Any, tolerance: Any) -> None:
    for row, wanted in zip(given["rows"], expected["rows"], strict=True):
        # Results with exactly that mean and standard deviation.
        raw = [k - (row["n"] - 1) / 2 for k in range(row["n"])]
        scale = row["sd"] / measures.deviation(raw)
        results = [row["expectancy"] + value * scale for value in raw]
        found = qt.compute_backtest_metrics(results, [1.0, 1.0], 1.0, periods_per_year=252)
        assert found["sqn"] == pytest.approx(wanted, **tolerance)


@checks("pbo_small")
def _pbo(given: Any, expected: Any, tolerance: Any) -> None:
    matrix = given["matrix_rows_time_columns_strategies"]
    found = probability_of_backtest_overfitting(matrix, given["partitions"])
    assert found.probability == pytest.approx(expected["pbo"], **tolerance)
    assert len(found.splits) == len(expected["combinations"])
    for split, wanted in zip(found.splits, expected["combinations"], strict=True):
        assert list(split.in_sample) == wanted["in_sample_blocks"]
        assert split.best == wanted["best_strategy"]
        assert split.relative_rank == pytest.approx(wanted["oos_relative_rank"], **tolerance)
        assert split.logit == pytest.approx(wanted["logit"], **tolerance)


@checks("cscv_combination_counts")
def _counts(given: Any, expected: Any, tolerance: Any) -> None:
    assert tolerance == {"exact": True}
    returns = np.random.default_rng(1).normal(size=(32, 2))
    for blocks, count in zip(given["S"], expected["combinations"], strict=True):
        assert len(probability_of_backtest_overfitting(returns, blocks).splits) == count


@checks("cagr_calendar_vs_bars")
def _cagr(given: Any, expected: Any, tolerance: Any) -> None:
    start, end = (date.fromisoformat(given[key]) for key in ("start", "end"))
    days = (end - start).days
    rate = measures.compound_rate(given["begin_value"], given["end_value"], days)
    assert rate == pytest.approx(expected["calendar_365_25"], **tolerance)
    by_bars = bars_as_days(given["bars"], 252)
    rate = measures.compound_rate(given["begin_value"], given["end_value"], by_bars)
    assert rate == pytest.approx(expected["bars_252"], **tolerance)
