"""What a strategy is told: facts, never changed after they are made.

Market events (`Bar`, `Clock`) say what became knowable; `Fill` and `OrderUpdate` say what became of
orders. Times are integers, nanoseconds UTC; ``time`` gives the same as a datetime.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

__all__ = ["Clock", "Fill", "OrderUpdate", "as_datetime"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_datetime(ts: int) -> datetime:
    """A nanosecond timestamp as a UTC datetime, cut to microseconds.

    Examples
    --------
    >>> as_datetime(1_577_998_800_000_000_000).isoformat()
    '2020-01-02T21:00:00+00:00'
    """
    return _EPOCH + timedelta(microseconds=ts // 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A timer of ``ctx.every`` has come due.

    Attributes
    ----------
    ts : int
        Nanoseconds UTC.
    tag : str
        The tag the timer was given, else its schedule.
    session : date
        The session the instant belongs to.
    """

    ts: int
    tag: str
    session: date

    @property
    def time(self) -> datetime:
        """The instant as a UTC datetime."""
        return as_datetime(self.ts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution of one order.

    Attributes
    ----------
    fill_id, order_id : int
        From 1.
    symbol : str
    side : str
        "BUY" or "SELL".
    qty : float
        Unsigned; ``qty_signed`` carries the sign.
    price, price_raw : float
        Paid, and the market's before slippage.
    commission, fees, slippage : float
        Money; positive is a cost.
    ts : int
        Nanoseconds UTC of the execution.
    reason : str
        The rule of the contract that gave the price.
    tag : str or None
        The order's tag.
    """

    fill_id: int
    order_id: int
    symbol: str
    side: str
    qty: float
    price: float
    price_raw: float
    commission: float
    fees: float
    slippage: float
    ts: int
    reason: str
    tag: str | None

    @property
    def qty_signed(self) -> float:
        """Quantity, negative for a sale."""
        return self.qty if self.side == "BUY" else -self.qty

    @property
    def time(self) -> datetime:
        """The instant as a UTC datetime."""
        return as_datetime(self.ts)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdate:
    """An order changed its state.

    Attributes
    ----------
    order_id : int
    symbol : str
    status : str
        TRIGGERED, CANCELED, REJECTED, EXPIRED; ACTIVATED (a child whose parent filled), REPLACED
        (other terms, or a quantity cut by another order) or REPLACE_REJECTED (too late). Fills come
        as `Fill`.
    reason : str
        Why, for example ``insufficient_funds``.
    needed, available : float
        Both figures of a refusal for money, else 0.
    rule : str
        The limit of `RiskLimits` that refused it, else empty.
    limit, value : float
        Of a refusal by a limit, in the rule's unit: what is allowed and what was found; NaN where
        it is not known, and of everything else.
    ts : int
        Nanoseconds UTC.
    tag : str or None
        The order's tag.
    """

    order_id: int
    symbol: str
    status: str
    reason: str
    needed: float
    available: float
    ts: int
    tag: str | None
    rule: str = ""
    limit: float = math.nan
    value: float = math.nan

    @property
    def time(self) -> datetime:
        """The instant as a UTC datetime."""
        return as_datetime(self.ts)
