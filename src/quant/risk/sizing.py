"""How large a position becomes when the signal does not say: one small object per rule."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from quant.model.checks import number, whole_number
from quant.risk.signal import PortfolioSnapshot, Signal

__all__ = ["EquityFraction", "FixedMoney", "Sizing", "VolatilityScaled"]


def _set(record: object, name: str, value: object) -> None:
    object.__setattr__(record, name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedMoney:
    """The same amount for every position.

    Attributes
    ----------
    amount : float
        Money of the account.
    """

    kind: ClassVar[str] = "fixed_money"
    amount: float

    def __post_init__(self) -> None:
        _set(self, "amount", number("policy sizing.amount", self.amount, above=0.0))

    def size(self, signal: Signal, portfolio: PortfolioSnapshot) -> float:
        """Unsigned size in money."""
        return self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityFraction:
    """A fraction of equity at the moment of the signal.

    Attributes
    ----------
    fraction : float
        For example 0.25; above 1 needs an account that lends.

    Examples
    --------
    >>> from datetime import date
    >>> account = PortfolioSnapshot(ts=0, session=date(2024, 1, 2), equity=8000.0, cash=8000.0)
    >>> EquityFraction(fraction=0.25).size(Signal(symbol="SPY", direction="LONG"), account)
    2000.0
    """

    kind: ClassVar[str] = "equity_fraction"
    fraction: float

    def __post_init__(self) -> None:
        _set(self, "fraction", number("policy sizing.fraction", self.fraction, above=0.0))

    def size(self, signal: Signal, portfolio: PortfolioSnapshot) -> float:
        """Unsigned size in money; 0 when equity is gone."""
        return self.fraction * max(portfolio.equity, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityScaled:
    """The fraction of equity that brings the position's own volatility to a target.

    Attributes
    ----------
    target : float
        Annual volatility of the position, as a fraction of equity, for example 0.1.
    n : int
        Returns of the estimate; before there are as many, the signal is refused.
    max_fraction : float
        Most of equity in one position.
    periods_per_year : float or None
        Bars in a year; None takes the calendar's sessions, which fits daily bars alone.
    """

    kind: ClassVar[str] = "volatility_scaled"
    target: float
    n: int = 60
    max_fraction: float = 1.0
    periods_per_year: float | None = None

    def __post_init__(self) -> None:
        _set(self, "target", number("policy sizing.target", self.target, above=0.0))
        _set(self, "n", whole_number("policy sizing.n", self.n, low=2))
        most = number("policy sizing.max_fraction", self.max_fraction, above=0.0)
        _set(self, "max_fraction", most)
        if self.periods_per_year is not None:
            where = "policy sizing.periods_per_year"
            _set(self, "periods_per_year", number(where, self.periods_per_year, above=0.0))

    def size(self, signal: Signal, portfolio: PortfolioSnapshot) -> float:
        """Unsigned size in money; NaN while the volatility is unknown or zero."""
        volatility = portfolio.volatility.get(signal.symbol, math.nan)
        if not volatility > 0.0:
            return math.nan
        return min(self.target / volatility, self.max_fraction) * max(portfolio.equity, 0.0)


Sizing = FixedMoney | EquityFraction | VolatilityScaled
