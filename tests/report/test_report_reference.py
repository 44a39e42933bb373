"""Goal: the metrics do not repeat what other tools got wrong.

Method: the cases on metrics of the shared file of other engines' bugs, by id, skipped where it
is absent. The cases of metrics.json are in `tests/reference/test_metric_cases.py`.
"""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from report_books import run_arrays

import quant as qt
from quant.report.metrics import compute_metrics

# The exchange was closed on these days of the sample.
HOLIDAYS = ["2024-02-19", "2024-03-29"]
_FILE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "peer_bugs.json"


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    if not _FILE.exists():
        pytest.skip("the shared reference files are not beside this checkout")
    found = json.loads(_FILE.read_text())
    return {case["id"]: case for case in (found if isinstance(found, list) else found["cases"])}


def equity_of(returns: list[float]) -> list[float]:
    equity = [100_000.0]
    for value in returns:
        equity.append(equity[-1] * (1.0 + value))
    return equity


def test_pb102_bars_within_a_day_do_not_change_the_periods_of_a_year(cases: Any) -> None:
    given = cases["PB102"]["inputs"]
    rng = np.random.default_rng(6)
    n_days = 40
    equity = 1000 * np.cumprod(1 + rng.normal(0, 0.002, given["bars_per_day"] * n_days))
    days = np.busday_offset("2024-02-01", np.arange(n_days), roll="forward", holidays=HOLIDAYS)
    ts = [
        datetime.combine(day, datetime.min.time()) + timedelta(hours=14, minutes=30 + 15 * bar)
        for day in days.tolist()
        for bar in range(1, given["bars_per_day"] + 1)
    ]
    fine = pl.DataFrame({"ts": ts, "equity": equity})
    last = given["bars_per_day"] - 1
    coarse = pl.DataFrame({"session": days.tolist(), "equity": equity[last :: last + 1]})
    found = [
        qt.compute_backtest_metrics([], one, 1000.0, calendar="XNYS") for one in (fine, coarse)
    ]
    for name in ("sharpe", "volatility", "sortino", "cagr"):
        assert found[0][name] == found[1][name], name
    run = qt.load_bars(qt.sample("sp500"))
    assert run.calendar.periods_per_year == given["days"]


def test_pb104_sharpe_reacts_to_the_risk_free_rate(cases: Any) -> None:
    equity = equity_of([0.01, -0.02, 0.03, -0.01])
    found = [
        compute_metrics(run_arrays(equity, risk_free=rate))["sharpe"].value
        for rate in cases["PB104"]["inputs"]["rf"]
    ]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(found)


def test_pb106_downside_over_all_observations(cases: Any) -> None:
    found = compute_metrics(run_arrays(equity_of(cases["PB106"]["inputs"]["r"])))["sortino"].value
    assert found == pytest.approx(3.5496, abs=5e-5)


def test_pb108_a_year_of_crypto_days_is_a_year(cases: Any) -> None:
    given = cases["PB108"]["inputs"]
    growth = (1 + given["growth"]) ** (1 / given["n"])
    days = [date(2023, 1, 1) + timedelta(days=k) for k in range(given["n"] + 1)]
    curve = pl.DataFrame(
        {"session": days, "equity": [100 * growth**k for k in range(given["n"] + 1)]}
    )
    found = qt.compute_backtest_metrics([], curve, 100.0)
    # 365 days are a hair less than a year of 365.25.
    assert found["cagr"] == pytest.approx(1.2 ** (365.25 / 365) - 1)
    assert found["cagr"] == pytest.approx(0.2, abs=2e-4)
    assert found["n_sessions"] == given["n"] + 1
    assert math.isclose(found["total_return"], given["growth"], rel_tol=1e-9)
