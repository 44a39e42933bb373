"""An order against the limits: which rule refuses it, with the limit and what was found.

`check` is a function of plain numbers: an order, the account as it would be once all that works is
done, and the limits. It knows no mode; what guards an order on its way to a broker asks it. In a
run the kernel applies the same rules where orders leave (``kernel/limits.py``), and a property
test holds the two to one answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from quant.errors import OrderError
from quant.model.limits import RiskLimits
from quant.risk.scenarios import scenario_results, value_at_risk, volatility

__all__ = ["AccountState", "Exposure", "ProposedOrder", "Refusal", "check", "met_stop"]

# Amounts within one part in 10^12 are the same amount.
_SAME = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """One instrument as it would be once its working orders are done.

    Attributes
    ----------
    qty : float
        Signed quantity.
    price : float
        The last one; NaN before the first, then it counts with no value.
    multiplier : float
        Money per price point and unit.
    sector : str or None
    """

    qty: float
    price: float
    multiplier: float = 1.0
    sector: str | None = None

    def value(self, qty: float) -> float:
        """Value of a quantity; NaN before the first price."""
        return qty * self.multiplier * self.price if qty else 0.0

    def worth(self, qty: float) -> float:
        """Size of a quantity's value with the sign of the quantity; 0 before the first price."""
        value = self.value(qty)
        return math.copysign(abs(value), qty) if value == value else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedOrder:
    """An order that wants to leave: a symbol and a signed quantity."""

    symbol: str
    qty: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.qty):
            raise OrderError(
                f"ProposedOrder({self.symbol}): expected qty to be a finite number, found "
                f"{self.qty}; correct it."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """What an order is judged against.

    Attributes
    ----------
    equity : float
        In the account's currency.
    exposures : mapping of str to Exposure
        Every symbol held, on its way or asked for.
    n_orders : int
        Orders that have left in this session.
    session_loss, drawdown : float
        Loss since the session began and fall from the peak, as fractions, as the stops have found
        them: a stop that was met holds, also when equity has recovered.
    returns : mapping of str to sequence of float
        Simple returns of the window's sessions by symbol; empty where they are not known.
    periods_per_year : float
        Sessions of a year.
    """

    equity: float
    exposures: Mapping[str, Exposure]
    n_orders: int = 0
    session_loss: float = 0.0
    drawdown: float = 0.0
    returns: Mapping[str, Sequence[float]] = field(default_factory=dict)
    periods_per_year: float = 252.0

    def share(self, amount: float) -> float:
        """An amount as a fraction of equity; infinite where there is none."""
        return amount / self.equity if self.equity > 0.0 else math.inf

    def with_order(self, order: ProposedOrder) -> dict[str, Exposure]:
        """The exposures once an order is done, too."""
        one = self.exposures[order.symbol]
        after = Exposure(
            qty=one.qty + order.qty,
            price=one.price,
            multiplier=one.multiplier,
            sector=one.sector,
        )
        return {**self.exposures, order.symbol: after}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an order may not leave.

    Attributes
    ----------
    rule : str
        The limit's name, as in `RiskLimits`.
    limit, value : float
        What is allowed and what was found, in the rule's unit; NaN where it could not be found.

    Examples
    --------
    >>> Refusal(rule="max_gross", limit=1.0, value=1.25).text
    'max_gross: 1.25 is beyond 1'
    """

    rule: str
    limit: float
    value: float

    @property
    def text(self) -> str:
        """The refusal in words."""
        if math.isnan(self.value):
            return f"{self.rule}: not known yet, and limited to {self.limit:g}"
        return f"{self.rule}: {self.value:.6g} is beyond {self.limit:g}"


def _exceeds(amount: float, limit: float) -> bool:
    return amount > limit + _SAME * abs(limit)


def met_stop(state: AccountState, limits: RiskLimits) -> str | None:
    """The loss stop that a state meets, by name; None if none.

    Examples
    --------
    >>> fallen = AccountState(equity=800.0, exposures={}, drawdown=0.2)
    >>> met_stop(fallen, RiskLimits(drawdown_stop=0.2))
    'drawdown_stop'
    """
    falls = (("drawdown_stop", state.drawdown), ("daily_loss_stop", state.session_loss))
    for rule, found in falls:
        stop = getattr(limits, rule)
        if stop is not None and found >= stop - _SAME:
            return rule
    return None


def _of_the_order(order: ProposedOrder, state: AccountState, limits: RiskLimits) -> Refusal | None:
    """Rules on any order, and on the size of one."""
    stop = met_stop(state, limits)
    if stop is not None:
        found = state.drawdown if stop == "drawdown_stop" else state.session_loss
        return Refusal(rule=stop, limit=getattr(limits, stop), value=found)
    one = state.exposures[order.symbol]
    value = abs(one.worth(order.qty))
    sizes = (
        ("max_orders_per_session", float(state.n_orders + 1), 1.0),
        ("max_order_qty", abs(order.qty), 1.0),
        ("max_order_notional", value, 1.0),
        ("max_order_share", value, state.equity),
    )
    return _first_beyond(sizes, state, limits)


def _first_beyond(
    amounts: Sequence[tuple[str, float, float]], state: AccountState, limits: RiskLimits
) -> Refusal | None:
    """The first of (rule, amount, what the limit is a fraction of) that is too large."""
    for rule, amount, of in amounts:
        limit = getattr(limits, rule)
        if limit is not None and _exceeds(amount, limit * of):
            is_share = rule not in ("max_orders_per_session", "max_order_qty", "max_order_notional")
            value = state.share(amount) if is_share else amount
            return Refusal(rule=rule, limit=float(limit), value=value)
    return None


def _of_the_exposures(
    order: ProposedOrder, state: AccountState, limits: RiskLimits
) -> Refusal | None:
    """Rules on a symbol, its sector, all symbols, and long less short."""
    after = state.with_order(order)
    worth = {symbol: one.worth(one.qty) for symbol, one in after.items()}
    sector = after[order.symbol].sector
    in_sector = [abs(v) for s, v in worth.items() if sector and after[s].sector == sector]
    amounts = (
        ("max_symbol", abs(worth[order.symbol]), state.equity),
        ("max_sector", math.fsum(in_sector), state.equity if sector else math.inf),
        ("max_gross", math.fsum(abs(v) for v in worth.values()), state.equity),
    )
    refusal = _first_beyond(amounts, state, limits)
    if refusal is not None:
        return refusal
    before = abs(math.fsum(one.worth(one.qty) for one in state.exposures.values()))
    net = abs(math.fsum(worth.values()))
    if net <= before:
        return None
    return _first_beyond((("max_net", net, state.equity),), state, limits)


def _of_the_past(order: ProposedOrder, state: AccountState, limits: RiskLimits) -> Refusal | None:
    """Rules on what the positions would have done; what betters a figure passes."""
    if not limits.looks_back:
        return None
    known = {symbol: list(row)[-limits.window :] for symbol, row in state.returns.items()}
    returns = {symbol: row for symbol, row in known.items() if len(row) == limits.window}
    figures = [
        _figures({symbol: one.value(one.qty) for symbol, one in exposures.items()}, returns, state)
        for exposures in (state.with_order(order), state.exposures)
    ]
    for rule, now, before in zip(("max_var", "vol_target"), *figures, strict=True):
        limit = getattr(limits, rule)
        if limit is None or now <= limit + _SAME * limit or now <= before:
            continue
        return Refusal(rule=rule, limit=limit, value=now)
    return None


def _figures(
    values: Mapping[str, float], returns: Mapping[str, Sequence[float]], state: AccountState
) -> tuple[float, float]:
    """VaR and volatility of positions."""
    results = scenario_results(values, returns)
    if not results:
        return math.nan, math.nan
    return (
        value_at_risk(results, state.equity),
        volatility(results, state.equity, state.periods_per_year),
    )


_Judge = Callable[[ProposedOrder, AccountState, RiskLimits], Refusal | None]
_JUDGES: tuple[_Judge, ...] = (_of_the_order, _of_the_exposures, _of_the_past)


def check(order: ProposedOrder, state: AccountState, limits: RiskLimits) -> Refusal | None:
    """The first rule that an order would break; None if it may leave.

    An order that does not enlarge its symbol's position always may. ``max_leverage`` is not judged
    here: it lowers what the account's own rule allows, which is looked at with its money.

    Parameters
    ----------
    order : ProposedOrder
    state : AccountState
        It knows the order's symbol.
    limits : RiskLimits

    Raises
    ------
    OrderError
        If the state does not know the symbol.

    Examples
    --------
    >>> state = AccountState(equity=1000.0, exposures={"A": Exposure(qty=50, price=10.0)})
    >>> check(ProposedOrder(symbol="A", qty=60), state, RiskLimits(max_gross=1.0))
    Refusal(rule='max_gross', limit=1.0, value=1.1)
    >>> check(ProposedOrder(symbol="A", qty=-50), state, RiskLimits(max_gross=0.1)) is None
    True
    """
    if order.symbol not in state.exposures:
        raise OrderError(
            f"risk.check({order.symbol}): expected a symbol of the state, found one it does not "
            "know; add its exposure, with a qty of 0 if nothing is held."
        )
    before = state.exposures[order.symbol].qty
    after = before + order.qty
    if not (abs(after) > abs(before) or after * before < 0.0):
        return None
    for judge in _JUDGES:
        refusal = judge(order, state, limits)
        if refusal is not None:
            return refusal
    return None
