"""The limits that orders pass before they leave: names, bounds, and what contradicts what."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quant.errors import ConfigError
from quant.model.checks import choice, number, put, whole_number

__all__ = ["RULES", "STOPS", "RiskLimits", "check_limits"]

# In the order in which an order is judged; max_leverage is the account's, looked at with its money.
RULES = (
    "drawdown_stop",
    "daily_loss_stop",
    "max_orders_per_session",
    "max_order_qty",
    "max_order_notional",
    "max_order_share",
    "max_symbol",
    "max_sector",
    "max_gross",
    "max_net",
    "max_var",
    "vol_target",
    "max_leverage",
)
STOPS = ("daily_loss_stop", "drawdown_stop")
_FRACTIONS = ("max_gross", "max_symbol", "max_leverage", "max_net", "max_sector")
_ABOVE_ZERO = ("max_order_qty", "max_order_notional", "max_order_share", "max_var", "vol_target")
_MOST_SESSIONS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """Limits checked before an order leaves; None: no limit. Fractions are of equity.

    Attributes
    ----------
    max_gross : float or None
        Σ|value| of positions and working orders together, a fraction.
    max_symbol : float or None
        |value| of one symbol, position and working orders together, a fraction.
    max_leverage : float or None
        Σ|value| of positions after a fill, a fraction; lowers the account's own limit.
    max_net : float or None
        |long − short| of positions and working orders together, a fraction.
    max_sector : float or None
        Σ|value| of the symbols of one sector (`InstrumentSettings.sector`), a fraction.
    max_order_qty : float or None
        Quantity of one order.
    max_order_notional : float or None
        |value| of one order, in the account's currency.
    max_order_share : float or None
        |value| of one order, a fraction.
    max_orders_per_session : int or None
        Orders that may leave in one session.
    daily_loss_stop : float or None
        Loss since the session began, a fraction of the equity it began with, at which the session's
        trading stops.
    drawdown_stop : float or None
        Fall from the highest equity row, a fraction of it, at which trading stops for good.
    on_loss_stop : "block" or "flatten"
        What a stop does: it refuses what would enlarge exposure, or besides cancels working orders
        and closes all positions.
    max_var : float or None
        Historical 95 % one-session VaR of the proposed positions, a fraction.
    vol_target : float or None
        Annual volatility of the proposed positions, a fraction.
    window : int
        Sessions of returns that VaR and volatility are taken from, at least 20.

    Examples
    --------
    >>> RiskLimits(max_gross=1.5, daily_loss_stop=0.02).on_loss_stop
    'block'
    >>> RiskLimits(daily_loss_stop=2)
    Traceback (most recent call last):
    quant.errors.ConfigError: config risk.daily_loss_stop: expected a fraction between 0 and 1, \
found 2; write 0.02 for 2 %.
    """

    max_gross: float | None = None
    max_symbol: float | None = None
    max_leverage: float | None = None
    max_net: float | None = None
    max_sector: float | None = None
    max_order_qty: float | None = None
    max_order_notional: float | None = None
    max_order_share: float | None = None
    max_orders_per_session: int | None = None
    daily_loss_stop: float | None = None
    drawdown_stop: float | None = None
    on_loss_stop: str = "block"
    max_var: float | None = None
    vol_target: float | None = None
    window: int = 252

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        for name, value in check_limits("config risk.", given).items():
            put(self, name, value)

    @property
    def looks_back(self) -> bool:
        """Whether a limit needs the returns of past sessions."""
        return self.max_var is not None or self.vol_target is not None


def _stop(where: str, value: Any) -> float:
    """A loss at which to stop: a part of what there is, not all of it."""
    found = number(where, value)
    if not 0.0 < found < 1.0:
        raise ConfigError(
            f"{where}: expected a fraction between 0 and 1, found {found:g}; write 0.02 for 2 %."
        )
    return found


def _checked(where: str, name: str, value: Any) -> Any:
    """One limit in its final type."""
    if name == "on_loss_stop":
        return choice(where, value, ("block", "flatten"))
    if name == "window":
        return whole_number(where, value, low=20, high=_MOST_SESSIONS)
    if value is None:
        return None
    if name == "max_orders_per_session":
        return whole_number(where, value, low=1)
    if name in STOPS:
        return _stop(where, value)
    if name in _FRACTIONS:
        return number(where, value, low=0.0)
    assert name in _ABOVE_ZERO
    return number(where, value, above=0.0)


def check_limits(head: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All limits in their final types.

    Parameters
    ----------
    head : str
        What stands before a limit's name in a message.
    given : mapping of str to number, str or None
        Every field of `RiskLimits`.

    Raises
    ------
    ConfigError
        If a value is out of its range, or two contradict each other.
    """
    found = {name: _checked(f"{head}{name}", name, value) for name, value in given.items()}
    if found["on_loss_stop"] == "flatten" and all(found[name] is None for name in STOPS):
        raise ConfigError(
            f"{head}on_loss_stop and {head}daily_loss_stop: expected a daily_loss_stop or a "
            "drawdown_stop with flatten, found neither; set one or drop on_loss_stop."
        )
    return found
