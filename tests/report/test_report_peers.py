"""Goal: where empyrical and quantstats have a figure of ours, it is equal, or the reason is known.

Method: the run of `quant demo` on the index gives session returns of strategy and benchmark. Each
figure of `tools/metric_peers.json`, from which docs/reference/metrics.md prints its tables, is
asked of the library. Those that agree do so to 1e-9. Of those that do not, *their* number is made
from our data by the convention that the table tells, to 1e-9, and the sizes printed are these.
Every public figure of the libraries is in the table or in the list of what is not compared.

The libraries are imported without a network and with their caches in a temporary folder; where one
cannot be imported, the tests skip.
"""

from __future__ import annotations

import json
import math
import socket
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import NormalDist
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import quant as qt
from quant.cli.demo import INDEX_CONFIG
from quant.report.metrics import summary_of

TABLE = json.loads(
    (Path(__file__).resolve().parents[2] / "tools" / "metric_peers.json").read_text()
)
SAME = [(row["tool"], row["figure"]) for row in TABLE["same"]]
DIFFERENT = [(row["tool"], row["figure"]) for row in TABLE["different"]]
RATE = 0.02


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, ModuleType]]:
    """The two libraries, cut off from the network and from the user's folders."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no network in tests")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp("home")))
        patch.setenv("MPLBACKEND", "Agg")
        patch.setattr(socket.socket, "connect", refuse)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                import empyrical
                import quantstats.stats
            except Exception as error:
                pytest.skip(f"a library to compare with cannot be imported: {error}")
            yield {"empyrical": empyrical, "quantstats": quantstats.stats}


@pytest.fixture(scope="module")
def run() -> qt.Run:
    return qt.backtest(qt.MovingAverageCross, qt.sample("sp500"), config=INDEX_CONFIG)


def _returns(run: qt.Run, equity: np.ndarray) -> pd.Series:
    dates = pd.to_datetime(run.equity["session"].to_list())
    ends = pd.Series(equity[1:], index=dates[1:]).groupby(level=0).last()
    before = ends.shift(1)
    before.iloc[0] = equity[0]
    return ends / before - 1


@pytest.fixture(scope="module")
def series(run: qt.Run) -> tuple[pd.Series, pd.Series]:
    """Session returns of strategy and benchmark."""
    return _returns(run, run.equity["equity"].to_numpy()), _returns(run, run.benchmark)


Pair = tuple[pd.Series, pd.Series]


def theirs(peers: dict[str, ModuleType], tool: str, figure: str, pair: Pair) -> float:
    """The library's number."""
    module, (r, b) = peers[tool], pair
    words = figure.split(", ")
    function = getattr(module, words[0])
    special: dict[str, Callable[[], Any]] = {
        "batting_average": lambda: function(r, b).iloc[0],
        "aggregate_returns": lambda: function(r, "monthly").max(),
        "greeks, beta": lambda: function(r, b)["beta"],
        "greeks, alpha": lambda: function(r, b)["alpha"],
        'cvar, method="historical"': lambda: function(r, method="historical"),
        'best, aggregate="year"': lambda: function(r, aggregate="year"),
        'best, aggregate="month"': lambda: function(r, aggregate="month"),
        'win_rate, aggregate="month"': lambda: function(r, aggregate="month"),
        "sortino, rf=0.02": lambda: function(r, rf=RATE),
    }
    beside = {"beta", "alpha", "excess_sharpe", "up_capture", "down_capture", "r_squared"}
    beside |= {"information_ratio", "treynor_ratio"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if figure in special:
            return float(special[figure]())
        return float(function(r, b) if figure in beside else function(r))


def _growth(x: pd.Series) -> float:
    return float(np.prod(1 + x.to_numpy()))


def _by_bars(x: pd.Series) -> float:
    return _growth(x) ** (252 / len(x)) - 1


def _fall(x: pd.Series) -> np.ndarray:
    wealth = np.concatenate(([1.0], np.cumprod(1 + x.to_numpy())))
    return (1 - wealth / np.maximum.accumulate(wealth))[1:]


def _beta(r: pd.Series, b: pd.Series) -> float:
    return float(np.cov(r, b)[0, 1] / np.var(b, ddof=1))


def _sortino(x: pd.Series) -> float:
    return float(x.mean() / math.sqrt((np.minimum(x, 0) ** 2).mean()) * math.sqrt(252))


def _active(r: pd.Series, b: pd.Series) -> float:
    return float((r - b).mean() / (r - b).std())


def _ulcer(x: pd.Series) -> float:
    return math.sqrt((_fall(x) ** 2).sum() / (len(x) - 1))


def _payoff(x: pd.Series) -> float:
    return float(x[x > 0].mean() / -x[x < 0].mean())


def _won(x: pd.Series) -> float:
    return float((x > 0).sum() / (x != 0).sum())


def _in_a_row(facts: pd.Series) -> int:
    return int(facts.groupby((~facts).cumsum()).sum().max())


def _corrected_skew(x: pd.Series) -> float:
    n, apart = len(x), x - x.mean()
    biased = (apart**3).mean() / (apart**2).mean() ** 1.5
    return float(biased * math.sqrt(n * (n - 1)) / (n - 2))


def _corrected_excess(x: pd.Series) -> float:
    n, apart = len(x), x - x.mean()
    biased = (apart**4).mean() / (apart**2).mean() ** 2 - 3
    return float((n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * biased + 6))


def _psr(x: pd.Series) -> float:
    s, skew, tail = x.mean() / x.std(), _corrected_skew(x), _corrected_excess(x) + 3
    error = math.sqrt((1 - skew * s + (tail - 1) / 4 * s * s) / (len(x) - 1))
    return NormalDist().cdf(s / error)


def _month_names(x: pd.Series) -> pd.Series:
    """Growth of all Januaries together, all Februaries, and so on."""
    return (1 + x).groupby(x.index.month).prod() - 1


# Their convention, on our returns, without their code.
CONVENTIONS: dict[tuple[str, str], Callable[[pd.Series, pd.Series], float]] = {
    ("empyrical", "annual_return"): lambda r, b: _by_bars(r),
    ("empyrical", "calmar_ratio"): lambda r, b: _by_bars(r) / _fall(r).max(),
    ("empyrical", "alpha"): lambda r, b: (1 + r.mean() - _beta(r, b) * b.mean()) ** 252 - 1,
    ("empyrical", "excess_sharpe"): _active,
    ("empyrical", "up_capture"): lambda r, b: _by_bars(r[b > 0]) / _by_bars(b[b > 0]),
    ("empyrical", "down_capture"): lambda r, b: _by_bars(r[b < 0]) / _by_bars(b[b < 0]),
    ("quantstats", "cagr"): lambda r, b: _by_bars(r),
    ("quantstats", "calmar"): lambda r, b: _by_bars(r) / _fall(r).max(),
    ("quantstats", "adjusted_sortino"): lambda r, b: _sortino(r) / math.sqrt(2),
    ("quantstats", "ulcer_index"): lambda r, b: _ulcer(r),
    ("quantstats", "ulcer_performance_index"): lambda r, b: (_growth(r) - 1) / _ulcer(r),
    ("quantstats", "skew"): lambda r, b: _corrected_skew(r),
    ("quantstats", "kurtosis"): lambda r, b: _corrected_excess(r),
    ("quantstats", "profit_factor"): lambda r, b: r[r > 0].sum() / -r[r < 0].sum(),
    ("quantstats", "gain_to_pain_ratio"): lambda r, b: r.sum() / -r[r < 0].sum(),
    ("quantstats", "payoff_ratio"): lambda r, b: _payoff(r),
    ("quantstats", "kelly_criterion"): lambda r, b: _won(r) - (1 - _won(r)) / _payoff(r),
    ("quantstats", "win_rate"): lambda r, b: _won(r),
    ("quantstats", "avg_return"): lambda r, b: r[r != 0].mean(),
    ("quantstats", "consecutive_wins"): lambda r, b: _in_a_row(r > 0),
    ("quantstats", "consecutive_losses"): lambda r, b: _in_a_row(r < 0),
    ("quantstats", "recovery_factor"): lambda r, b: r.sum() / _fall(r).max(),
    ("quantstats", "exposure"): lambda r, b: math.ceil((r != 0).mean() * 100) / 100,
    ("quantstats", "probabilistic_sharpe_ratio"): lambda r, b: _psr(r),
    ("quantstats", "information_ratio"): _active,
    ("quantstats", "treynor_ratio"): lambda r, b: (_growth(r) - 1) / _beta(r, b),
    ("quantstats", 'best, aggregate="month"'): lambda r, b: _month_names(r).max(),
    ("quantstats", 'win_rate, aggregate="month"'): lambda r, b: (_month_names(r) > 0).mean(),
    ("quantstats", "sortino, rf=0.02"): lambda r, b: _sortino(r - (1.02 ** (1 / 252) - 1)),
}

# Figures of theirs that no metric of ours answers, or that are not figures of a run.
NOT_COMPARED = {
    "empyrical": {
        "cagr": "another name of annual_return",
        "capture": "one number without up and down; up_capture and down_capture are compared",
        "up_down_capture": "the quotient of the two that are compared",
        "alpha_beta": "alpha and beta together",
        "alpha_aligned": "alpha",
        "beta_aligned": "beta",
        "alpha_beta_aligned": "alpha and beta together",
        "up_alpha_beta": "a regression on the up sessions alone",
        "down_alpha_beta": "a regression on the down sessions alone",
        "beta_fragility_heuristic": "a heuristic of its own",
        "beta_fragility_heuristic_aligned": "a heuristic of its own",
        "gpd_risk_estimates": "a fit of a tail distribution",
        "gpd_risk_estimates_aligned": "a fit of a tail distribution",
        "cum_returns": "a series",
        "simple_returns": "a series",
        "compute_exposures": "of a factor model",
        "perf_attrib": "of a factor model",
    },
    "quantstats": {
        "compsum": "a series",
        "pct_rank": "a series",
        "distribution": "a table",
        "compare": "a table",
        "monthly_returns": "a table",
        "drawdown_details": "a table",
        "outliers": "a series",
        "remove_outliers": "a series",
        "to_drawdown_series": "a series",
        "implied_volatility": "a series",
        "expected_return": "a geometric mean per session",
        "geometric_mean": "expected_return",
        "ghpr": "expected_return",
        "autocorr_penalty": "a correction of its own",
        "smart_sharpe": "a correction of its own",
        "smart_sortino": "a correction of its own",
        "probabilistic_ratio": "the base of the three below and of the one compared",
        "probabilistic_sortino_ratio": "not a Sharpe ratio, so the formula does not hold",
        "probabilistic_adjusted_sortino_ratio": "not a Sharpe ratio, so the formula does not hold",
        "rar": "cagr over exposure",
        "upi": "ulcer_performance_index",
        "var": "value_at_risk",
        "cvar": "conditional_value_at_risk",
        "expected_shortfall": "conditional_value_at_risk",
        "win_loss_ratio": "payoff_ratio",
        "profit_ratio": "mean gain over the count of gains, over the same of losses",
        "cpc_index": "a product of profit factor, win rate and payoff ratio of sessions",
        "outlier_win_ratio": "a quantile over a mean",
        "outlier_loss_ratio": "a quantile over a mean",
        "serenity_index": "a product of its own",
        "risk_of_ruin": "a formula for equal bets, raised to the number of sessions",
        "ror": "risk_of_ruin",
        "risk_return_ratio": "Sharpe per session",
        "r2": "r_squared",
    },
}
_NO_FIGURE = ("roll", "montecarlo", "safe_", "Returns", "validate_input", "warn")


@pytest.mark.parametrize(("tool", "figure"), SAME)
def test_the_figure_is_the_same(
    tool: str, figure: str, peers: dict[str, ModuleType], run: qt.Run, series: Pair
) -> None:
    row = next(row for row in TABLE["same"] if (row["tool"], row["figure"]) == (tool, figure))
    ours = run.metrics[row["ours"]]
    assert ours * row["sign"] == pytest.approx(theirs(peers, tool, figure, series), rel=1e-9)


@pytest.mark.parametrize(("tool", "figure"), DIFFERENT)
def test_the_figure_differs_by_its_convention(
    tool: str, figure: str, peers: dict[str, ModuleType], run: qt.Run, series: Pair
) -> None:
    row = next(row for row in TABLE["different"] if (row["tool"], row["figure"]) == (tool, figure))
    found, ours = theirs(peers, tool, figure, series), run.metrics[row["ours"]]
    assert CONVENTIONS[tool, figure](*series) == pytest.approx(found, rel=1e-9)
    assert ours != pytest.approx(found, rel=1e-9)
    # The sizes that the page prints.
    assert row["their_value"] == pytest.approx(found, rel=5e-5)
    assert row["our_value"] == pytest.approx(ours, rel=5e-5)


def test_the_table_and_its_conventions_are_one() -> None:
    assert set(DIFFERENT) == CONVENTIONS.keys()
    assert len(set(SAME)) == len(SAME)


@pytest.mark.parametrize("tool", ["empyrical", "quantstats"])
def test_every_figure_of_the_library_is_accounted_for(
    tool: str, peers: dict[str, ModuleType]
) -> None:
    module = peers[tool]
    functions = {
        name
        for name in dir(module)
        if not name.startswith(("_", *_NO_FIGURE)) and callable(getattr(module, name))
    }
    compared = {figure.split(", ")[0] for name, figure in (*SAME, *DIFFERENT) if name == tool}
    assert compared <= functions
    assert functions - compared == NOT_COMPARED[tool].keys() - compared


@pytest.mark.parametrize("tool", ["empyrical", "quantstats"])
def test_sharpe_with_a_risk_free_rate_is_the_same(
    tool: str, peers: dict[str, ModuleType], run: qt.Run, series: Pair
) -> None:
    table = run.equity
    day = table["session"].to_physical().to_numpy().astype(np.int64)
    found = summary_of(
        session=np.unique(day, return_inverse=True)[1].astype(np.int64),
        session_date=day,
        equity=table["equity"].to_numpy(),
        periods_per_year=252,
        risk_free=RATE,
    )["sharpe"].value
    if tool == "empyrical":
        # Its risk-free rate is per period; ours and that of quantstats are annual.
        other = peers[tool].sharpe_ratio(series[0], risk_free=(1 + RATE) ** (1 / 252) - 1)
    else:
        other = peers[tool].sharpe(series[0], rf=RATE)
    assert found == pytest.approx(other, rel=1e-9)
