"""Goal: the metrics agree with published numbers and with two other libraries.

Method: cases of the shared reference files, by id, skipped where the files are absent. Not used:
``annual_return_and_calmar`` (annualises by count of returns; ours is by calendar days), the
``cagr_252`` and ``calmar`` figures of ``sixty_day_series_all`` for the same reason, its normal VaR,
omega, tail ratio and ulcer index, ``omega``, ``stability`` and ``sharpe_vs_benchmark_series`` (no
such metric), and the cases on overfitting (``psr``, ``dsr``, ``pbo``, ``cscv``, ``min_backtest``,
``sqn``), which belong to research.
"""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_books import run_arrays

from quant.report.measures import compound_rate, downside_deviation
from quant.report.metrics import compute_metrics

_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "reference"


def load(name: str) -> dict[str, Any]:
    path = _FOLDER / name
    if not path.exists():
        pytest.skip(f"the shared reference file {name} is not beside this checkout")
    found = json.loads(path.read_text())
    cases = found if isinstance(found, list) else found["cases"]
    return {case["id"]: case for case in cases}


def equity_of(returns: list[float]) -> list[float]:
    equity = [100_000.0]
    for value in returns:
        equity.append(equity[-1] * (1.0 + value))
    return equity


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    return load("metrics.json")


def test_sixty_day_series_all(cases: dict[str, Any]) -> None:
    case = cases["sixty_day_series_all"]
    expected = case["expected"]
    found = compute_metrics(run_arrays(equity_of(case["inputs"]["returns"])))
    same = {
        "total_return": "total_return",
        "sharpe": "sharpe",
        "sortino": "sortino",
        "volatility": "annual_vol",
        "var_95": "var95_historical_linear",
        "cvar_95": "cvar95_mean_at_or_below_var",
        "skewness": "skew_biased",
        "kurtosis": "kurtosis_nonexcess_biased",
        "hit_rate": "win_rate",
        "longest_drawdown_sessions": "longest_underwater_bars",
    }
    for name, key in same.items():
        assert found[name].value == pytest.approx(expected[key], abs=1e-8), name
    assert found["max_drawdown_pct"].value == pytest.approx(-expected["max_drawdown"], abs=1e-8)
    assert found["longest_drawdown_days"].inputs == {"recovered_at_end": False}


def test_downside_risk(cases: dict[str, Any]) -> None:
    case = cases["downside_risk"]
    for row in case["expected"]["rows"]:
        series = case["inputs"]["series"][row["series"]]
        returns = [value for value in series if value is not None]
        found = downside_deviation(returns, row["required_return"])
        annual = found * math.sqrt(row["periods_per_year"])
        assert annual == pytest.approx(row["downside_risk"], abs=1e-8)


def test_cagr_calendar_vs_bars(cases: dict[str, Any]) -> None:
    case = cases["cagr_calendar_vs_bars"]
    given, expected = case["inputs"], case["expected"]
    start, end = (date.fromisoformat(given[key]) for key in ("start", "end"))
    rate = compound_rate(given["begin_value"], given["end_value"], (end - start).days)
    assert rate == pytest.approx(expected["calendar_365_25"], abs=1e-9)
    assert rate != pytest.approx(expected["bars_252"], abs=1e-6)
    days = (np.array([start, start, end], "datetime64[D]")).astype(np.int64)
    run = run_arrays([100.0, 100.0, given["end_value"]], session_date=days)
    assert compute_metrics(run)["cagr"].value == pytest.approx(rate, abs=1e-12)


def test_pb104_sharpe_reacts_to_the_risk_free_rate() -> None:
    case = load("peer_bugs.json")["PB104"]
    equity = equity_of([0.01, -0.02, 0.03, -0.01])
    found = [
        compute_metrics(run_arrays(equity, risk_free=rate))["sharpe"].value
        for rate in case["inputs"]["rf"]
    ]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(found)


def test_pb106_downside_over_all_observations() -> None:
    case = load("peer_bugs.json")["PB106"]
    found = compute_metrics(run_arrays(equity_of(case["inputs"]["r"])))["sortino"].value
    assert found == pytest.approx(3.5496, abs=5e-5)
