"""Goal: rolling figures are the run's figures of each window.

Method: windows are computed again by `statistics` of the standard library and, over the whole run,
compared bit for bit with the run's own metrics.
"""

from __future__ import annotations

import math
import statistics
from datetime import date

import numpy as np
import pytest

import quant as qt
from quant.errors import DataError
from quant.report import measures
from quant.report.rolling import further_figures, rolling_figures
from quant.report.sessions import Sessions, fold_sessions

ALONE = ("total_return", "sortino", "max_drawdown_pct")
PAIRED = (
    *("alpha", "correlation", "tracking_error", "information_ratio"),
    *("up_capture", "down_capture"),
)


def sessions_of(equity: list[float]) -> Sessions:
    day = np.maximum(np.arange(len(equity)) - 1, 0)
    return fold_sessions(day, 18_262 + day, np.array(equity, np.float64))


def walk(seed: int, n: int = 80) -> list[float]:
    rng = np.random.default_rng(seed)
    return (100 * np.cumprod(np.r_[1.0, 1 + rng.normal(0.001, 0.01, n)])).tolist()


def test_every_window_equals_the_standard_library() -> None:
    own, other = sessions_of(walk(1)), sessions_of(walk(2))
    found = rolling_figures(own, 20, 252, 0.03, other)
    assert found.place.tolist() == list(range(19, 80))
    free = 1.03 ** (1 / 252) - 1
    for k, end in enumerate(found.place.tolist()):
        mine, theirs = own.returns[end - 19 : end + 1], other.returns[end - 19 : end + 1]
        excess = [r - free for r in mine]
        year = math.sqrt(252)
        assert found.volatility[k] == pytest.approx(statistics.stdev(mine) * year, rel=1e-12)
        sharpe = statistics.fmean(excess) / statistics.stdev(excess) * year
        assert found.sharpe[k] == pytest.approx(sharpe, rel=1e-11)
        beta = statistics.covariance(mine, theirs) / statistics.variance(theirs)
        assert found.beta is not None
        assert found.beta[k] == pytest.approx(beta, rel=1e-11)


def test_the_window_of_the_run_gives_its_figures_bit_for_bit() -> None:
    run = sessions_of(walk(3))
    found = rolling_figures(run, 80, 252, 0.02)
    assert found.sharpe.tolist() == [measures.sharpe(run.returns, 252, 0.02)]
    spread = measures.deviation(run.returns)
    assert isinstance(spread, float)
    assert found.volatility.tolist() == [spread * math.sqrt(252)]


def test_what_does_not_exist_is_missing_and_short_runs_are_empty() -> None:
    flat = sessions_of([100.0] * 6)
    found = rolling_figures(flat, 3, 252, 0.0, flat)
    assert np.isnan(found.sharpe).all()
    assert found.beta is not None
    assert np.isnan(found.beta).all()
    assert found.volatility.tolist() == [0.0] * 3
    assert len(rolling_figures(flat, 7, 252)) == 0
    assert len(rolling_figures(sessions_of([100.0, -5.0, 3.0, 4.0]), 2, 252)) == 0
    with pytest.raises(DataError, match="at least 2 sessions, but has 1"):
        rolling_figures(flat, 1, 252)


def test_further_figures_are_those_of_each_window() -> None:
    own, other = sessions_of(walk(4)), sessions_of(walk(5))
    found = further_figures(own, 30, 252, 0.02, other)
    free = 1.02 ** (1 / 252) - 1
    for k in range(0, 51, 10):
        mine, theirs = own.returns[k : k + 30], other.returns[k : k + 30]
        level = np.array(own.equity[k : k + 31])
        apart = [a - b for a, b in zip(mine, theirs, strict=True)]
        fit = statistics.linear_regression([b - free for b in theirs], [a - free for a in mine])
        wanted = {
            "total_return": level[-1] / level[0] - 1,
            "sortino": statistics.fmean(mine)
            / math.sqrt(statistics.fmean([min(r, 0.0) ** 2 for r in mine]))
            * math.sqrt(252),
            "max_drawdown_pct": max(1 - level / np.maximum.accumulate(level)),
            "alpha": fit.intercept * 252,
            "correlation": statistics.correlation(mine, theirs),
            "tracking_error": statistics.stdev(apart) * math.sqrt(252),
            "information_ratio": statistics.fmean(apart) / statistics.stdev(apart) * math.sqrt(252),
        }
        for name, value in wanted.items():
            assert found[name][k] == pytest.approx(value, rel=1e-9), name


class Half(qt.Strategy):
    """Half of equity in the index, from the sixth session on."""

    warmup = 5

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        ctx.order_target(bar.symbol, weight=0.5)


def test_a_run_gives_a_frame_of_sessions_without_nan() -> None:
    run = qt.backtest(Half, qt.sample("sp500"), start="2010-01-04", end="2010-12-31")
    table = run.rolling(3)
    assert table.columns == ["session", "sharpe", "volatility", "beta", *ALONE, *PAIRED]
    assert table["session"][0] == date(2010, 1, 6)
    assert table["session"][-1] == date(2010, 12, 31)
    assert len(table) == run.metrics["n_sessions"] - 2
    for name in table.columns[1:]:
        assert not table[name].is_nan().any()
    whole = run.rolling(run.metrics["n_sessions"])
    assert whole["sharpe"].to_list() == [run.metrics["sharpe"]]
    assert whole["volatility"].to_list() == [run.metrics["volatility"]]
    assert 0.3 < whole["beta"][0] < 0.7
    for name in ("beta", "total_return", "sortino", *PAIRED):
        assert whole[name].to_list() == [run.metrics[name]], name
    bare = qt.backtest(
        Half, qt.sample("sp500"), start="2010-01-04", end="2010-03-31",
        config=qt.Config(benchmark="none"),
    )  # fmt: skip
    assert bare.rolling(20).columns == ["session", "sharpe", "volatility", *ALONE]
