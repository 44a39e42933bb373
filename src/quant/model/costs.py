"""Cost models: commission and slippage."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import ClassVar

from quant.errors import ConfigError
from quant.model.checks import number, put

__all__ = [
    "Commission",
    "PerOrderCommission",
    "PerShareCommission",
    "RangeSlippage",
    "RateCommission",
    "RateSlippage",
    "Slippage",
    "TickSlippage",
    "TieredCommission",
]

MAX_TIERS = 8


def _bounds(record: object, *names: str) -> None:
    """Check optional non-negative numbers of a commission or slippage."""
    for name in names:
        value = getattr(record, name)
        if value is not None:
            put(record, name, number(f"config commission.{name}", value, low=0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCommission:
    """Commission as a fraction of notional.

    Attributes
    ----------
    rate : float
        Fraction of notional, for example 0.001.
    minimum, maximum : float or None
        Money per order.
    maximum_rate : float or None
        Most per order, as a fraction of notional.
    """

    kind: ClassVar[str] = "rate"
    rate: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    maximum_rate: float | None = None

    def __post_init__(self) -> None:
        _bounds(self, "rate", "minimum", "maximum", "maximum_rate")

    def to_params(self) -> dict[str, object]:
        """The fields of the kernel's commission record that this model sets."""
        return _params(self, rate=self.rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerShareCommission:
    """Commission in money per unit of quantity, with the bounds of `RateCommission`."""

    kind: ClassVar[str] = "per_share"
    per_share: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    maximum_rate: float | None = None

    def __post_init__(self) -> None:
        _bounds(self, "per_share", "minimum", "maximum", "maximum_rate")

    def to_params(self) -> dict[str, object]:
        """The fields of the kernel's commission record that this model sets."""
        return _params(self, per_share=self.per_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerOrderCommission:
    """Commission in money per order that fills at all, however many fills it takes."""

    kind: ClassVar[str] = "per_order"
    per_order: float = 0.0

    def __post_init__(self) -> None:
        _bounds(self, "per_order")

    def to_params(self) -> dict[str, object]:
        """The fields of the kernel's commission record that this model sets."""
        return {"per_order": self.per_order}


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredCommission:
    """Marginal rates by an order's notional: each applies to the part inside its tier.

    Attributes
    ----------
    tiers : sequence of (float, float)
        Pairs of (notional from which, rate), ascending, the first from 0; at most eight.
    minimum, maximum, maximum_rate : float or None
        As in `RateCommission`.
    """

    kind: ClassVar[str] = "tiered"
    tiers: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    minimum: float | None = None
    maximum: float | None = None
    maximum_rate: float | None = None

    def __post_init__(self) -> None:
        where = "config commission.tiers"
        try:
            pairs = [(start, rate) for start, rate in self.tiers]
        except (TypeError, ValueError):
            raise ConfigError(
                f"{where}: expected pairs [from notional, rate], found {self.tiers!r}; "
                "write for example [[0, 0.001], [10000, 0.0005]]."
            ) from None
        if not 1 <= len(pairs) <= MAX_TIERS:
            raise ConfigError(f"{where}: expected 1 to {MAX_TIERS} pairs, found {len(pairs)}.")
        checked = tuple((number(where, a, low=0.0), number(where, r, low=0.0)) for a, r in pairs)
        starts = [start for start, _ in checked]
        if starts[0] != 0.0 or any(a >= b for a, b in itertools.pairwise(starts)):
            raise ConfigError(f"{where}: expected ascending notionals from 0, found {starts}.")
        put(self, "tiers", checked)
        _bounds(self, "minimum", "maximum", "maximum_rate")

    def to_params(self) -> dict[str, object]:
        """The fields of the kernel's commission record that this model sets."""
        return _params(self, tiers=self.tiers)


Commission = RateCommission | PerShareCommission | PerOrderCommission | TieredCommission


def _params(model: object, **own: object) -> dict[str, object]:
    bounds = {name: getattr(model, name) for name in ("minimum", "maximum", "maximum_rate")}
    return own | {name: value for name, value in bounds.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSlippage:
    """Slippage as a fraction of the price, for example 0.0005 for 5 basis points."""

    kind: ClassVar[str] = "rate"
    rate: float = 0.0

    def __post_init__(self) -> None:
        put(self, "rate", number("config slippage.rate", self.rate, low=0.0))

    @property
    def size(self) -> float:
        """The model's one number."""
        return self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class TickSlippage:
    """Slippage of a number of ticks; every instrument needs a tick."""

    kind: ClassVar[str] = "ticks"
    ticks: float = 0.0

    def __post_init__(self) -> None:
        put(self, "ticks", number("config slippage.ticks", self.ticks, low=0.0))

    @property
    def size(self) -> float:
        """The model's one number."""
        return self.ticks


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeSlippage:
    """Slippage as a fraction of a bar's range (high − low)."""

    kind: ClassVar[str] = "range"
    fraction: float = 0.0

    def __post_init__(self) -> None:
        put(self, "fraction", number("config slippage.fraction", self.fraction, low=0.0))

    @property
    def size(self) -> float:
        """The model's one number."""
        return self.fraction


Slippage = RateSlippage | TickSlippage | RangeSlippage
