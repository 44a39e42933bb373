"""How sure a Sharpe ratio is: its standard error, and the probability that it is above another.

Everything here is per period (a session), never annual: the Sharpe ratio, the one it is compared
with, and the moments. The fourth moment is not excess: a normal distribution has 3.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from quant.report.measures import Undefined

__all__ = ["probability_above", "sharpe_error"]


def sharpe_error(sharpe: float, n: int, skew: float, kurtosis: float) -> float | Undefined:
    """Standard error of a Sharpe ratio estimated from `n` independent returns.

    Parameters
    ----------
    sharpe : float
        Per period.
    n : int
        Returns it was estimated from.
    skew, kurtosis : float
        Standardised moments of the returns; the kurtosis of a normal is 3.

    Notes
    -----
    sqrt((1 - skew x SR + (kurtosis - 1) / 4 x SR^2) / (n - 1)). Source: D. Bailey and M. Lopez de
    Prado, "The Sharpe Ratio Efficient Frontier", Journal of Risk 15(2), 2012, after E. Mertens.

    Examples
    --------
    >>> round(sharpe_error(0.0, 26, 0.0, 3.0), 12)
    0.2
    """
    if n < 2:
        return Undefined("It needs at least two returns.")
    spread = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe * sharpe
    if not spread > 1e-15:
        return Undefined("The returns take two values only, so the standard error is zero.")
    return math.sqrt(spread / (n - 1))


def probability_above(sharpe: float, error: float, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe ratio is above `benchmark`, all per period.

    Examples
    --------
    >>> probability_above(0.1, 0.05, 0.1)
    0.5
    """
    return NormalDist().cdf((sharpe - benchmark) / error)
