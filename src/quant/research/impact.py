"""What orders cost by the market impact models of the literature, and alpha fitted from fills.

The engine's own model is the square-root law (`qt.SquareRootImpact`). These closed forms help to
choose its constant, and to see what an order would cost before it is simulated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from quant.errors import ConfigError

__all__ = [
    "AlmgrenCost",
    "AlphaFit",
    "estimate_almgren_cost",
    "fit_impact_alpha",
    "square_root_impact",
    "uniform_schedule_cost",
]


def square_root_impact(qty: float, adv: float, sigma: float, alpha: float = 1.0) -> float:
    """Impact of an order as a fraction of price: ``alpha · sigma · sqrt(qty / adv)``.

    Parameters
    ----------
    qty, adv : float
        Quantity of the order, and the average daily volume; both in the same unit.
    sigma : float
        Daily volatility as a fraction.
    alpha : float
        The law's constant.

    Examples
    --------
    A hundredth of a day's volume at 2 % volatility moves the price by 20 basis points:

    >>> round(square_root_impact(10_000, 1_000_000, 0.02) * 1e4, 9)
    20.0
    """
    _positive(adv=adv)
    _not_negative(qty=qty, sigma=sigma, alpha=alpha)
    return alpha * sigma * math.sqrt(qty / adv)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlmgrenCost:
    """Cost of an order in basis points of its value.

    Attributes
    ----------
    permanent : float
        The move that stays.
    temporary : float
        The cost of taking liquidity at the order's pace.
    total : float
        What the order pays: half the permanent move and the temporary cost.
    """

    permanent: float
    temporary: float
    total: float


def estimate_almgren_cost(
    qty: float,
    adv: float,
    sigma: float,
    days: float,
    shares_outstanding: float,
    *,
    gamma: float = 0.314,
    eta: float = 0.142,
    beta: float = 0.6,
    delta: float = 0.25,
) -> AlmgrenCost:
    """Cost of trading an equity order evenly over a time.

    Parameters
    ----------
    qty, adv, shares_outstanding : float
        In shares.
    sigma : float
        Daily volatility as a fraction.
    days : float
        Time of trading, in trading days.
    gamma, eta, beta, delta : float
        The constants of the paper.

    Notes
    -----
    ``I = γσ (X/V)(Θ/V)^δ``, ``K = ησ |X/(VT)|^β``, ``J = I/2 + K``: R. Almgren, C. Thum,
    E. Hauptmann, H. Li, *Direct Estimation of Equity Market Impact*, Risk, July 2005.

    Examples
    --------
    A tenth of a day's volume of IBM over half a day:

    >>> cost = estimate_almgren_cost(656_000, 6_561_000, 0.0157, 0.5, 263 * 6_561_000)
    >>> round(cost.total)
    18
    """
    _positive(adv=adv, days=days, shares_outstanding=shares_outstanding)
    _not_negative(qty=qty, sigma=sigma)
    share = qty / adv
    permanent = gamma * sigma * share * (shares_outstanding / adv) ** delta
    temporary = eta * sigma * (share / days) ** beta
    total = permanent / 2.0 + temporary
    return AlmgrenCost(permanent=permanent * 1e4, temporary=temporary * 1e4, total=total * 1e4)


def uniform_schedule_cost(
    qty: float, days: float, slices: int, *, sigma: float, epsilon: float, gamma: float, eta: float
) -> tuple[float, float]:
    """Expected cost and its variance of trading in equal slices, by Almgren and Chriss.

    Parameters
    ----------
    qty : float
        Quantity in all.
    days : float
        Time of trading.
    slices : int
        Number of equal trades.
    sigma : float
        Volatility in money per share and root of a day.
    epsilon, gamma, eta : float
        Half the spread, permanent impact per share, temporary impact per share and day.

    Returns
    -------
    (float, float)
        Expected cost in money, and its variance in money squared.

    Notes
    -----
    R. Almgren, N. Chriss, *Optimal execution of portfolio transactions*, Journal of Risk 3 (2000),
    equations for the minimum-impact strategy.

    Examples
    --------
    >>> cost, _ = uniform_schedule_cost(
    ...     1e6, 5, 5, sigma=0.95, epsilon=0.0625, gamma=2.5e-7, eta=2.5e-6
    ... )
    >>> round(cost)
    662500
    """
    _positive(days=days, slices=slices)
    _not_negative(qty=qty, sigma=sigma, epsilon=epsilon, gamma=gamma, eta=eta)
    tau = days / slices
    cost = 0.5 * gamma * qty**2 + epsilon * qty + (eta - 0.5 * gamma * tau) * qty**2 / days
    left = (1.0 - 1.0 / slices) * (1.0 - 0.5 / slices)
    return cost, sigma**2 * qty**2 * days * left / 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AlphaFit:
    """The constant of the square-root law, as fills show it.

    Attributes
    ----------
    alpha : float
        The fitted constant.
    standard_error : float
        Of alpha; NaN with fewer than two orders.
    n : int
        Orders that were used.
    r_squared : float
        The part of the squared costs that the law explains, from 0 to 1.
    """

    alpha: float
    standard_error: float
    n: int
    r_squared: float


def fit_impact_alpha(
    costs: Sequence[float],
    quantities: Sequence[float],
    advs: Sequence[float],
    sigmas: Sequence[float],
) -> AlphaFit:
    """Fit alpha by least squares through the origin, one observation for each parent order.

    Parameters
    ----------
    costs : sequence of float
        What each order paid against its arrival price, as a fraction of it; positive is a cost.
    quantities, advs : sequences of float
        Size of each order, and the average daily volume then.
    sigmas : sequence of float
        Daily volatility then, as a fraction.

    Raises
    ------
    ConfigError
        If the sequences differ in length, are empty, or hold what cannot be.

    Notes
    -----
    ``cost = alpha · x`` with ``x = sigma · sqrt(qty / adv)``: alpha = Σ x·cost / Σ x². The average
    cost of an order over its fills is what is observed, so alpha is the constant of the average,
    as the engine uses it.

    Examples
    --------
    >>> fit = fit_impact_alpha([0.0016, 0.0032], [10_000, 40_000], [1e6, 1e6], [0.02, 0.02])
    >>> round(fit.alpha, 12), fit.n
    (0.8, 2)
    """
    n = len(costs)
    if n == 0 or not n == len(quantities) == len(advs) == len(sigmas):
        raise ConfigError(
            "fit_impact_alpha: expected costs, quantities, advs and sigmas of one length above 0, "
            f"found {n}, {len(quantities)}, {len(advs)} and {len(sigmas)}; give one of each per "
            "order."
        )
    scale = [
        square_root_impact(qty, adv, sigma)
        for qty, adv, sigma in zip(quantities, advs, sigmas, strict=True)
    ]
    squares = math.fsum(x * x for x in scale)
    if squares == 0.0:
        raise ConfigError(
            "fit_impact_alpha: expected quantities and volatilities above 0, found none; nothing "
            "can be fitted."
        )
    alpha = math.fsum(x * y for x, y in zip(scale, costs, strict=True)) / squares
    left = math.fsum((y - alpha * x) ** 2 for x, y in zip(scale, costs, strict=True))
    total = math.fsum(y * y for y in costs)
    error = math.sqrt(left / (n - 1) / squares) if n > 1 else math.nan
    return AlphaFit(
        alpha=alpha,
        standard_error=error,
        n=n,
        r_squared=1.0 - left / total if total > 0.0 else 0.0,
    )


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0.0):
            raise ConfigError(f"{name}: expected a number above 0, found {value!r}; change it.")


def _not_negative(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0.0):
            raise ConfigError(f"{name}: expected a number of at least 0, found {value!r}.")
