"""What a strategy hands to ``ctx.submit``: orders, and orders that hang together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, TypeAlias

from quant.errors import OrderError
from quant.kernel.codes import AUCTION, ORDER_TYPE, TIF, TRIGGER

__all__ = ["LIVES", "TYPES", "Node", "OneCancelsOther", "Order", "Parts"]


class Parts(NamedTuple):
    """What an order type is made of."""

    code: int
    trigger: int = TRIGGER.NONE
    is_limited: bool = False
    is_trailing: bool = False
    auction: int = AUCTION.NONE


TYPES = {
    "market": Parts(ORDER_TYPE.MARKET),
    "limit": Parts(ORDER_TYPE.LIMIT, is_limited=True),
    "stop": Parts(ORDER_TYPE.STOP, TRIGGER.STOP),
    "stop_limit": Parts(ORDER_TYPE.STOP_LIMIT, TRIGGER.STOP, is_limited=True),
    "market_if_touched": Parts(ORDER_TYPE.MARKET_IF_TOUCHED, TRIGGER.TOUCHED),
    "limit_if_touched": Parts(ORDER_TYPE.LIMIT_IF_TOUCHED, TRIGGER.TOUCHED, is_limited=True),
    "trailing_stop": Parts(ORDER_TYPE.TRAILING_STOP, TRIGGER.STOP, is_trailing=True),
    "trailing_stop_limit": Parts(
        ORDER_TYPE.TRAILING_STOP_LIMIT, TRIGGER.STOP, is_limited=True, is_trailing=True
    ),
    "market_on_open": Parts(ORDER_TYPE.MARKET_ON_OPEN, auction=AUCTION.ON_OPEN),
    "limit_on_open": Parts(ORDER_TYPE.LIMIT_ON_OPEN, is_limited=True, auction=AUCTION.ON_OPEN),
    "market_on_close": Parts(ORDER_TYPE.MARKET_ON_CLOSE, auction=AUCTION.ON_CLOSE),
    "limit_on_close": Parts(ORDER_TYPE.LIMIT_ON_CLOSE, is_limited=True, auction=AUCTION.ON_CLOSE),
}
LIVES = {"DAY": TIF.DAY, "GTC": TIF.GTC, "GTD": TIF.GTD, "IOC": TIF.IOC, "FOK": TIF.FOK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order to be handed to ``ctx.submit``; the fields are the arguments of ``ctx.order``.

    Attributes
    ----------
    qty : float or None
        Signed. A child's may be left out: then it is its parent's, on the other side.
    children : tuple of Order or OneCancelsOther
        Orders that wait for this one: each is live for its share of what this one has filled, and
        those that never came alive end with it. Children can have children.

    Examples
    --------
    An entry whose stop is placed as it fills:

    >>> entry = Order(
    ...     symbol="SPY", qty=100, type="limit", limit_price=99.0,
    ...     children=(Order(symbol="SPY", type="stop", stop_price=95.0, tif="GTC"),),
    ... )
    >>> entry.children[0].qty is None
    True
    """

    symbol: str
    qty: float | None = None
    type: str = "market"
    limit_price: float | None = None
    stop_price: float | None = None
    trail_amount: float | None = None
    trail_percent: float | None = None
    limit_offset: float | None = None
    tif: str = "DAY"
    good_till: date | str | None = None
    reduce_only: bool = False
    post_only: bool = False
    tag: str | None = None
    why: str | None = None
    children: tuple[Order | OneCancelsOther, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "children", _nodes("Order children", self.children))


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCancelsOther:
    """Orders of which one cancels the others.

    Members of one symbol, side and quantity share that quantity: each fill of one takes as much
    from the others. Otherwise the first fill of one ends the others.

    Attributes
    ----------
    orders : tuple of Order
        At least two.
    """

    orders: tuple[Order, ...]

    def __post_init__(self) -> None:
        members = _nodes("OneCancelsOther orders", self.orders)
        n = sum(isinstance(one, Order) for one in members)
        if n < 2 or n < len(members):
            groups = f" and {len(members) - n} qt.OneCancelsOther" if n < len(members) else ""
            raise OrderError(
                f"OneCancelsOther: expected at least two qt.Order objects, found {n}{groups}; "
                "give the orders of which one cancels the others."
            )
        object.__setattr__(self, "orders", members)


Node: TypeAlias = Order | OneCancelsOther


def _nodes(where: str, given: object) -> tuple[Node, ...]:
    """Orders and groups, as a tuple."""
    if isinstance(given, Order | OneCancelsOther):
        return (given,)
    if isinstance(given, list | tuple):
        wrong = [one for one in given if not isinstance(one, Order | OneCancelsOther)]
        if not wrong:
            return tuple(given)
        found = f"{wrong[0]!r} among them"
    else:
        found = repr(given)
    raise OrderError(
        f"{where}: expected a tuple of qt.Order or qt.OneCancelsOther objects, found {found}; "
        "write for example (qt.Order(symbol='SPY', type='stop', stop_price=95),)."
    )
