"""Goal: the statistics on the best of many say what their papers say.

Method: properties that follow from the definitions, a plain second implementation of the splits, a
simulation of worthless strategies, and mistakes. `tests/reference/test_metric_cases.py` has the
published numbers.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import quant as qt
from quant.errors import DataError
from quant.research import (
    deflated_sharpe,
    expected_max_sharpe,
    minimum_backtest_length,
    probabilistic_sharpe,
    probability_of_backtest_overfitting,
)


def test_a_sharpe_at_the_benchmark_is_as_likely_above_as_below() -> None:
    assert probabilistic_sharpe(0.1, 100, benchmark=0.1) == 0.5
    rising = [probabilistic_sharpe(0.1, n) for n in (10, 100, 1000)]
    assert rising == sorted(rising)
    # Losses in the tail make the same Sharpe ratio less sure.
    assert probabilistic_sharpe(0.1, 100, skew=-2.0, kurtosis=9.0) < probabilistic_sharpe(0.1, 100)


def test_the_metric_of_a_run_is_this_function() -> None:
    run = qt.backtest(qt.MovingAverageCross, qt.sample("sp500"), end="2004-12-31")
    found = run.metrics
    wanted = probabilistic_sharpe(
        found["sharpe"] / math.sqrt(252),
        found["n_sessions"],
        skew=found["skewness"],
        kurtosis=found["kurtosis"],
    )
    assert found["probabilistic_sharpe"] == wanted


def test_the_expected_best_of_worthless_trials_is_what_a_simulation_finds() -> None:
    rng = np.random.default_rng(11)
    best = rng.normal(size=(20_000, 30)).max(axis=1)
    # The formula is a limit for many trials; of thirty it is some 1.5 percent too high.
    assert expected_max_sharpe(30) == pytest.approx(best.mean(), rel=0.025)
    assert expected_max_sharpe(30, 4.0) == pytest.approx(2 * expected_max_sharpe(30))
    assert expected_max_sharpe(30, 0.0) == 0.0


def test_more_trials_deflate_more() -> None:
    found = [deflated_sharpe(0.1, 500, trials=n, variance=0.002) for n in (2, 10, 100)]
    assert found == sorted(found, reverse=True)
    assert found[0] < probabilistic_sharpe(0.1, 500)


def test_the_minimum_length_undoes_the_expected_best() -> None:
    years = minimum_backtest_length(45, 0.8)
    assert expected_max_sharpe(45, 1 / years) == pytest.approx(0.8)


def plain_pbo(table: np.ndarray, blocks: int) -> float:
    """Every split written out with numpy."""
    parts = np.split(table, blocks)
    failed, n = 0, 0
    for chosen in combinations(range(blocks), blocks // 2):
        own = np.concatenate([parts[k] for k in chosen])
        rest = np.concatenate([parts[k] for k in range(blocks) if k not in chosen])
        best = np.argmax(own.mean(axis=0) / own.std(axis=0, ddof=1))
        other = rest.mean(axis=0) / rest.std(axis=0, ddof=1)
        rank = 1 + (other < other[best]).sum()
        failed += rank / (table.shape[1] + 1) <= 0.5
        n += 1
    return failed / n


@pytest.mark.parametrize("seed", range(6))
def test_the_probability_is_that_of_the_splits_written_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.normal(0.0002 * seed, 0.01, (48, 5 + seed))
    found = probability_of_backtest_overfitting(table, 6)
    assert found.probability == plain_pbo(table, 6)
    assert found.rows_left_out == 0


def test_one_that_is_better_everywhere_is_never_overfitted() -> None:
    rng = np.random.default_rng(5)
    table = rng.normal(0, 0.01, (64, 6))
    table[:, 2] += 0.05
    found = probability_of_backtest_overfitting(table, 8)
    assert found.probability == 0.0
    assert {split.best for split in found.splits} == {2}


def test_the_oldest_rows_are_left_out_where_blocks_do_not_fit() -> None:
    rng = np.random.default_rng(8)
    table = rng.normal(0, 0.01, (50, 4))
    found = probability_of_backtest_overfitting(table, 4)
    assert found.rows_left_out == 2
    assert found.splits == probability_of_backtest_overfitting(table[2:], 4).splits


def test_strategies_that_never_trade_are_neither_best_nor_an_error() -> None:
    rng = np.random.default_rng(9)
    table = np.column_stack([np.zeros(32), rng.normal(0.01, 0.01, 32), np.zeros(32)])
    found = probability_of_backtest_overfitting(table, 4)
    assert {split.best for split in found.splits} == {1}
    # Of two that are alike each has the rank between theirs.
    flat = probability_of_backtest_overfitting(np.zeros((8, 2)), 2)
    assert [split.relative_rank for split in flat.splits] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: probabilistic_sharpe(0.1, 1), "at least two returns"),
        (lambda: probabilistic_sharpe(math.nan, 10), "sharpe: expected a finite number"),
        (lambda: probabilistic_sharpe(2.0, 10, skew=1.0, kurtosis=1.0), "moments"),
        (lambda: expected_max_sharpe(1), "at least 2 trials"),
        (lambda: expected_max_sharpe(5, -1.0), "variance of zero or more"),
        (lambda: minimum_backtest_length(10, 0.0), "a target above zero"),
        (lambda: probability_of_backtest_overfitting(np.zeros((64, 1))), "two strategies"),
        (lambda: probability_of_backtest_overfitting([[math.nan, 1.0]] * 64), "finite numbers"),
        (lambda: probability_of_backtest_overfitting("abc"), "finite numbers"),
        (lambda: probability_of_backtest_overfitting(np.zeros((64, 3)), 5), "an even number"),
        (lambda: probability_of_backtest_overfitting(np.zeros((64, 3)), 22), "an even number"),
        (lambda: probability_of_backtest_overfitting(np.zeros((20, 3))), "at least 32 rows"),
    ],
)
def test_mistakes_are_named(call: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        call()
