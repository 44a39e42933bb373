"""What the best of many backtests is worth.

Whoever tries a hundred variants of a rule that has no merit finds one with a good Sharpe ratio. Two
questions follow. How good would the best be by chance alone? `expected_max_sharpe` says, and
`deflated_sharpe` compares a result with it. Does picking the best in one part of the data help in
another? `probability_of_backtest_overfitting` tries it on every balanced split.

Sharpe ratios, variances and moments are *per period* throughout, never annual: divide an annual
Sharpe ratio by the root of the periods per year, an annual variance of Sharpe ratios by their
number. Kurtosis is not excess: a normal distribution has 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from quant.errors import DataError
from quant.report.measures import Undefined
from quant.report.significance import probability_above, sharpe_error

__all__ = [
    "Overfitting",
    "Split",
    "deflated_sharpe",
    "expected_max_sharpe",
    "minimum_backtest_length",
    "probabilistic_sharpe",
    "probability_of_backtest_overfitting",
]

FloatArray = NDArray[np.float64]

_EULER_GAMMA: Final = 0.5772156649015329
_MOST_PARTITIONS: Final = 20


def probabilistic_sharpe(
    sharpe: float, n: int, *, skew: float = 0.0, kurtosis: float = 3.0, benchmark: float = 0.0
) -> float:
    """Probability that the true Sharpe ratio is above a benchmark, given `n` returns.

    Parameters
    ----------
    sharpe : float
        Estimated, per period: mean over standard deviation.
    n : int
        Returns it was estimated from.
    skew, kurtosis : float
        Standardised moments of the returns; those of a normal by default.
    benchmark : float
        Sharpe ratio to beat, per period.

    Raises
    ------
    DataError
        If there are fewer than two returns, or no distribution has such moments.

    Notes
    -----
    Assumes returns that do not depend on one another. Source: D. Bailey and M. Lopez de Prado,
    "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), 2012.

    Examples
    --------
    Two years of months, from that paper:

    >>> round(probabilistic_sharpe(0.458, 24, skew=-2.448, kurtosis=10.164), 3)
    0.913
    """
    for name, value in (("sharpe", sharpe), ("skew", skew), ("benchmark", benchmark)):
        _check_finite(name, value)
    _check_finite("kurtosis", kurtosis)
    error = sharpe_error(sharpe, n, skew, kurtosis)
    if isinstance(error, Undefined):
        raise DataError(
            "probabilistic_sharpe: expected at least two returns and moments that a distribution "
            f"can have, found n={n}, skew={skew}, kurtosis={kurtosis} ({error.why}); the kurtosis "
            "of a normal is 3 here."
        )
    return probability_above(sharpe, error, benchmark)


def expected_max_sharpe(trials: int, variance: float = 1.0) -> float:
    """The highest Sharpe ratio to expect among independent trials that have no merit.

    Parameters
    ----------
    trials : int
        Variants that were tried, at least 2; variants much alike count as one.
    variance : float
        Variance of their Sharpe ratios, in the unit asked for (per period: of those per period).

    Raises
    ------
    DataError
        If there are fewer than two trials or the variance is below zero.

    Notes
    -----
    sqrt(variance) x ((1 - g) x Z(1 - 1/N) + g x Z(1 - 1/(N e))), g being Euler's constant and Z the
    normal quantile. Source: D. Bailey, J. Borwein, M. Lopez de Prado and Q. Zhu,
    "Pseudo-Mathematics and Financial Charlatanism", Notices of the AMS 61(5), 2014, proposition 1.

    Examples
    --------
    >>> round(expected_max_sharpe(100, 0.5 / 250), 4)
    0.1132
    """
    _check_finite("variance", variance)
    if trials < 2 or variance < 0:
        raise DataError(
            "expected_max_sharpe: expected at least 2 trials and a variance of zero or more, "
            f"found {trials} and {variance}; count every variant that was tried."
        )
    normal = NormalDist()
    usual = normal.inv_cdf(1.0 - 1.0 / trials)
    far = normal.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * ((1.0 - _EULER_GAMMA) * usual + _EULER_GAMMA * far)


def deflated_sharpe(
    sharpe: float,
    n: int,
    *,
    trials: int,
    variance: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Probability that the best of many trials has merit: `probabilistic_sharpe` above luck.

    Parameters
    ----------
    sharpe : float
        Of the best trial, per period.
    n : int
        Its returns.
    trials, variance : int, float
        As in `expected_max_sharpe`; the variance is that of the trials' Sharpe ratios per period.
    skew, kurtosis : float
        Standardised moments of the best trial's returns; those of a normal by default.

    Raises
    ------
    DataError
        As `expected_max_sharpe` and `probabilistic_sharpe`.

    Notes
    -----
    Source: D. Bailey and M. Lopez de Prado, "The Deflated Sharpe Ratio", Journal of Portfolio
    Management 40(5), 2014.

    Examples
    --------
    Five years of days with an annual Sharpe ratio of 2.5, the best of 100; from that paper:

    >>> round(deflated_sharpe(
    ...     2.5 / 250 ** 0.5, 1250, trials=100, variance=0.5 / 250, skew=-3.0, kurtosis=10.0
    ... ), 4)
    0.9004
    """
    luck = expected_max_sharpe(trials, variance)
    return probabilistic_sharpe(sharpe, n, skew=skew, kurtosis=kurtosis, benchmark=luck)


def minimum_backtest_length(trials: int, target_sharpe: float = 1.0) -> float:
    """Years of data below which the best of `trials` reaches an annual Sharpe ratio by luck.

    Parameters
    ----------
    trials : int
        Independent variants that were tried, at least 2.
    target_sharpe : float
        Annual Sharpe ratio of the best one.

    Raises
    ------
    DataError
        If there are fewer than two trials or the target is not above zero.

    Notes
    -----
    (expected_max_sharpe(trials) / target)^2. Source: as `expected_max_sharpe`, theorem 1.

    Examples
    --------
    >>> round(minimum_backtest_length(45), 1)
    5.0
    """
    if not (math.isfinite(target_sharpe) and target_sharpe > 0):
        raise DataError(
            f"minimum_backtest_length: expected a target above zero, found {target_sharpe}; give "
            "the annual Sharpe ratio of the best trial."
        )
    return (expected_max_sharpe(trials) / target_sharpe) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One way to part the data in two halves.

    Attributes
    ----------
    in_sample : tuple of int
        Blocks in which the best strategy was picked, from 0; it was judged in all others.
    best : int
        Column of the strategy that was best there.
    relative_rank : float
        Its rank among all in the other half (1 is the worst) over their number plus 1.
    logit : float
        log(relative_rank / (1 - relative_rank)); zero or below: no better than the median.
    """

    in_sample: tuple[int, ...]
    best: int
    relative_rank: float
    logit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfitting:
    """What `probability_of_backtest_overfitting` found.

    Attributes
    ----------
    probability : float
        Share of the splits with a logit of zero or below.
    splits : tuple of Split
        Every split, in lexical order of their blocks.
    rows_left_out : int
        Oldest rows that no block holds, because the blocks have one length.
    """

    probability: float
    splits: tuple[Split, ...]
    rows_left_out: int


def probability_of_backtest_overfitting(returns: ArrayLike, partitions: int = 16) -> Overfitting:
    """How often the best strategy of one half of the data is below the median in the other.

    Parameters
    ----------
    returns : float array of shape (n_periods, n_strategies)
        Simple returns of every strategy that was tried, per period, in order of time.
    partitions : int
        Blocks of consecutive rows, an even number from 2 to 20. Every choice of half of them is
        one split: 16 blocks give 12,870.

    Raises
    ------
    DataError
        If there are fewer than two strategies, blocks of fewer than two rows, a value that is not
        finite, or an odd number of blocks.

    Notes
    -----
    Combinatorially symmetric cross-validation; a half is judged by mean over standard deviation
    (ddof 1), 0 where returns never vary. Of equals the first column is the best, and ranks are
    averaged. Source: D. Bailey, J. Borwein, M. Lopez de Prado and Q. Zhu, "The Probability of
    Backtest Overfitting", Journal of Computational Finance 20(4), 2016.

    Examples
    --------
    >>> steady, shaky = [0.02, 0.01] * 4, [0.01, -0.01] * 4
    >>> probability_of_backtest_overfitting(list(zip(steady, shaky)), 4).probability
    0.0
    """
    table = _check_table(returns, partitions)
    left_out = len(table) % partitions
    blocks = table[left_out:].reshape(partitions, -1, table.shape[1])
    sums, squares, centre = _block_sums(blocks)
    rows = blocks.shape[1]
    everything = frozenset(range(partitions))
    splits = []
    for chosen in combinations(range(partitions), partitions // 2):
        rest = sorted(everything.difference(chosen))
        own = _quality(chosen, sums, squares, centre, rows)
        other = _quality(rest, sums, squares, centre, rows)
        best = int(np.argmax(own))
        below, same = int((other < other[best]).sum()), int((other == other[best]).sum())
        rank = (below + (same + 1) / 2) / (table.shape[1] + 1)
        logit = math.log(rank / (1.0 - rank))
        splits.append(Split(in_sample=chosen, best=best, relative_rank=rank, logit=logit))
    failed = sum(1 for split in splits if split.logit <= 0)
    return Overfitting(
        probability=failed / len(splits), splits=tuple(splits), rows_left_out=left_out
    )


def _check_finite(name: str, value: float) -> None:
    if not math.isfinite(value):
        raise DataError(f"{name}: expected a finite number, found {value}; correct it.")


def _check_table(returns: ArrayLike, partitions: int) -> FloatArray:
    try:
        table = np.asarray(returns, np.float64)
    except (TypeError, ValueError):
        table = np.zeros(0)
    if table.ndim != 2 or table.shape[1] < 2 or not np.isfinite(table).all():
        raise DataError(
            "returns: expected finite numbers of shape (n_periods, n_strategies) with at least two "
            f"strategies, found shape {table.shape}; give one column per strategy tried."
        )
    if partitions % 2 or not 2 <= partitions <= _MOST_PARTITIONS:
        raise DataError(
            f"partitions: expected an even number from 2 to {_MOST_PARTITIONS}, found "
            f"{partitions}; 16 is usual."
        )
    if len(table) < 2 * partitions:
        raise DataError(
            f"returns: expected at least {2 * partitions} rows for {partitions} blocks, found "
            f"{len(table)}; give more rows or fewer partitions."
        )
    return table


def _block_sums(blocks: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Per block and strategy the sums of values and of squares about its mean; the means."""
    n_blocks, _, n = blocks.shape
    flat = blocks.reshape(-1, n)
    centre = np.array([math.fsum(flat[:, k].tolist()) / len(flat) for k in range(n)])
    apart = blocks - centre
    sums, squares = np.zeros((n_blocks, n)), np.zeros((n_blocks, n))
    for block in range(n_blocks):
        for k in range(n):
            values: list[float] = apart[block, :, k].tolist()
            sums[block, k] = math.fsum(values)
            squares[block, k] = math.fsum(value * value for value in values)
    return sums, squares, centre


def _quality(
    chosen: Sequence[int], sums: FloatArray, squares: FloatArray, centre: FloatArray, rows: int
) -> FloatArray:
    """Mean over standard deviation of each strategy in the chosen blocks."""
    n = rows * len(chosen)
    total, square = np.zeros_like(centre), np.zeros_like(centre)
    for block in chosen:
        total += sums[block]
        square += squares[block]
    variance = np.maximum(square - total * total / n, 0.0) / (n - 1)
    spread = np.sqrt(variance)
    mean = centre + total / n
    is_flat = spread <= 1e-12 * np.maximum(np.abs(mean), np.sqrt(square / n))
    return np.where(is_flat, 0.0, mean / np.where(is_flat, 1.0, spread))
