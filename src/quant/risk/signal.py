"""What a strategy wants, and the account it wants it for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from numbers import Real
from typing import Any, Final

from quant.errors import OrderError, nearest

__all__ = ["DIRECTIONS", "PortfolioSnapshot", "Signal"]

DIRECTIONS: Final = {"LONG": 1, "SHORT": -1, "FLAT": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a strategy wants to hold of one symbol from now on.

    Attributes
    ----------
    symbol : str
        One of the data's.
    direction : "LONG", "SHORT" or "FLAT"
    size_usd : float or None
        Size of the position in the account's currency, whichever that is; never negative. None
        leaves it to the policy's sizing.
    strategy : str
        A name; it becomes the tag of the order.
    confidence : float
        From 0 to 1. It is logged; no rule reads it.
    metadata : mapping
        Anything to be logged with the signal.

    Raises
    ------
    OrderError
        If a field is not what is said above.

    Examples
    --------
    >>> Signal(symbol="SPY", direction="LONG", size_usd=5000).side
    1
    >>> Signal(symbol="SPY", direction="LOG")
    Traceback (most recent call last):
    quant.errors.OrderError: Signal(SPY): expected direction to be one of LONG, SHORT, FLAT, found \
'LOG'; correct it. Did you mean 'LONG'?
    """

    symbol: str
    direction: str
    size_usd: float | None = None
    strategy: str = ""
    confidence: float = 1.0
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = f"Signal({self.symbol})"
        if not isinstance(self.symbol, str) or not self.symbol:
            raise OrderError(
                f"Signal: expected symbol as text such as 'SPY', found {self.symbol!r}; give the "
                "symbol of the snapshot."
            )
        if not isinstance(self.direction, str) or self.direction not in DIRECTIONS:
            raise OrderError(
                f"{where}: expected direction to be one of {', '.join(DIRECTIONS)}, found "
                f"{self.direction!r}; correct it.{nearest(str(self.direction).upper(), DIRECTIONS)}"
            )
        if self.size_usd is not None and not _within(self.size_usd, 0.0, math.inf):
            raise OrderError(
                f"{where}: expected size_usd to be a finite amount of 0 or more, or None, found "
                f"{self.size_usd!r}; say the side with direction."
            )
        if not isinstance(self.strategy, str):
            raise OrderError(f"{where}: expected strategy as text, found {self.strategy!r}.")
        if not _within(self.confidence, 0.0, 1.0):
            raise OrderError(
                f"{where}: expected confidence from 0 to 1, found {self.confidence!r}; scale it."
            )
        if not isinstance(self.metadata, Mapping):
            raise OrderError(
                f"{where}: expected metadata as a mapping, found {self.metadata!r}; write {{…}}."
            )

    @property
    def side(self) -> int:
        """1 for LONG, -1 for SHORT, 0 for FLAT."""
        return DIRECTIONS[self.direction]


def _within(value: object, low: float, high: float) -> bool:
    """Whether it is a finite number within both bounds."""
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and low <= value <= high  # type: ignore[arg-type,operator]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioSnapshot:
    """The account at one moment, as risk rules need it; all money in the account's currency.

    Attributes
    ----------
    ts : int
        Nanoseconds UTC.
    session : date
        The session of that moment.
    equity, cash : float
        At last marks.
    positions : mapping of str to float
        Signed quantities that are not zero, by symbol.
    values : mapping of str to float
        Signed market values of these positions.
    pending : mapping of str to float
        Signed value that a symbol's working orders aim at, for symbols that have such orders.
    session_start_equity : float
        Equity at the last bar end before this session began; the opening deposit in the first.
    session_low_equity : float
        Least equity at any bar end of this session so far, now included.
    peak_equity : float
        Highest equity at any bar end so far, the opening deposit included. Deposits and withdrawals
        scale this figure and the two before it, so that they count as neither profit nor loss.
    volatility : mapping of str to float
        Annual standard deviation of returns, by symbol, as far as the policy's sizing asks for it.
    """

    ts: int
    session: date
    equity: float
    cash: float
    positions: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, float] = field(default_factory=dict)
    pending: Mapping[str, float] = field(default_factory=dict)
    session_start_equity: float = math.nan
    session_low_equity: float = math.nan
    peak_equity: float = math.nan
    volatility: Mapping[str, float] = field(default_factory=dict)

    def aim(self, symbol: str) -> float:
        """Signed value held, or on its way where an order is working."""
        return self.pending.get(symbol, self.values.get(symbol, 0.0))

    def gross_without(self, symbol: str) -> float:
        """Sum of |value| held or on its way over all other symbols."""
        others = sorted({*self.values, *self.pending} - {symbol})
        return math.fsum(abs(self.aim(one)) for one in others)

    @property
    def gross_exposure(self) -> float:
        """Sum of |value| over what is held."""
        return math.fsum(abs(value) for value in self.values.values())

    @property
    def session_loss(self) -> float:
        """Most that equity has been below the session's start, as a fraction of it; 0 if never."""
        if not self.session_start_equity > 0.0:
            return 0.0
        fall = self.session_start_equity - self.session_low_equity
        return max(fall / self.session_start_equity, 0.0)

    @property
    def drawdown(self) -> float:
        """Fall of equity from its peak, as a fraction of the peak."""
        if not self.peak_equity > 0.0:
            return 0.0
        return max((self.peak_equity - self.equity) / self.peak_equity, 0.0)
