"""Cost models: commission and slippage."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from quant.errors import ConfigError
from quant.model.checks import fraction, number, put, switch, whole_number
from quant.model.fees import ScheduleCommission

__all__ = [
    "Commission",
    "Impact",
    "NoImpact",
    "PerOrderCommission",
    "PerShareCommission",
    "RangeSlippage",
    "RateCommission",
    "RateSlippage",
    "ScheduleCommission",
    "Slippage",
    "SpreadSlippage",
    "SquareRootImpact",
    "TickSlippage",
    "TieredCommission",
    "VolumeShareSlippage",
]

MAX_TIERS = 8
_TIERS = "write for example [[0, 0.001], [10000, 0.0005]]."


def _bounds(record: object, *names: str) -> None:
    """Check optional non-negative numbers of a commission or slippage."""
    for name in names:
        value = getattr(record, name)
        if value is not None:
            put(record, name, number(f"config commission.{name}", value, low=0.0))
    least, most = getattr(record, "minimum", None), getattr(record, "maximum", None)
    if least is not None and most is not None and least > most:
        raise ConfigError(
            "config commission.minimum and maximum: expected a minimum of at most the maximum, "
            f"found {least:g} and {most:g}; exchange or correct them."
        )


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
        put(self, "rate", fraction("config commission.rate", self.rate))
        _bounds(self, "minimum", "maximum", "maximum_rate")

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
                f"{where}: expected pairs [from notional, rate], found {self.tiers!r}; {_TIERS}"
            ) from None
        if not 1 <= len(pairs) <= MAX_TIERS:
            raise ConfigError(
                f"{where}: expected 1 to {MAX_TIERS} pairs, found {len(pairs)}; {_TIERS}"
            )
        checked = tuple((number(where, a, low=0.0), fraction(where, r)) for a, r in pairs)
        starts = [start for start, _ in checked]
        if starts[0] != 0.0 or any(a >= b for a, b in itertools.pairwise(starts)):
            raise ConfigError(
                f"{where}: expected ascending notionals from 0, found {starts}; {_TIERS}"
            )
        put(self, "tiers", checked)
        _bounds(self, "minimum", "maximum", "maximum_rate")

    def to_params(self) -> dict[str, object]:
        """The fields of the kernel's commission record that this model sets."""
        return _params(self, tiers=self.tiers)


Commission = (
    RateCommission | PerShareCommission | PerOrderCommission | TieredCommission | ScheduleCommission
)


def _params(model: object, **own: object) -> dict[str, object]:
    bounds = {name: getattr(model, name) for name in ("minimum", "maximum", "maximum_rate")}
    return own | {name: value for name, value in bounds.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSlippage:
    """Slippage as a fraction of the price, for example 0.0005 for 5 basis points."""

    kind: ClassVar[str] = "rate"
    rate: float = 0.0

    def __post_init__(self) -> None:
        put(self, "rate", fraction("config slippage.rate", self.rate))

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadSlippage:
    """Slippage of k spreads, counted from the mid: 0.5 crosses half the spread.

    The spread is a column ``spread`` of the data, or the difference of columns ``ask`` and ``bid``.

    Attributes
    ----------
    k : float
        Of market orders, and of limits that take.
    k_stop : float
        Of what was triggered: stops, if-touched and trailing orders.
    k_auction : float
        Of orders for the opening and the closing print.

    Notes
    -----
    ``fill = mid ± k · spread`` with k by urgency: how much an order has to hurry.
    """

    kind: ClassVar[str] = "spread"
    k: float = 0.5
    k_stop: float = 0.5
    k_auction: float = 0.5

    def __post_init__(self) -> None:
        for name in ("k", "k_stop", "k_auction"):
            put(self, name, number(f"config slippage.{name}", getattr(self, name), low=0.0))

    @property
    def size(self) -> float:
        """The model's first number."""
        return self.k


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeShareSlippage:
    """Slippage that grows with the square of our share of a bar's volume.

    Attributes
    ----------
    price_impact : float
        Fraction of the price at a share of one.
    volume_limit : float
        The share counts up to this; with ``cap`` no more of the volume is filled, either.
    cap : bool
        Whether ``volume_limit`` caps fills as ``execution.participation`` does.

    Notes
    -----
    ``price · price_impact · min(share, volume_limit)²``, the model of zipline's
    ``VolumeShareSlippage`` (zipline-reloaded 3.1, 2024; without ``cap`` that of LEAN's
    ``VolumeShareSlippageModel``).
    """

    kind: ClassVar[str] = "volume_share"
    price_impact: float = 0.1
    volume_limit: float = 0.025
    cap: bool = True

    def __post_init__(self) -> None:
        where = "config slippage"
        put(self, "price_impact", number(f"{where}.price_impact", self.price_impact, low=0.0))
        limit = number(f"{where}.volume_limit", self.volume_limit, above=0.0, high=1.0)
        put(self, "volume_limit", limit)
        switch(f"{where}.cap", self.cap)

    @property
    def size(self) -> float:
        """The model's first number."""
        return self.price_impact


Slippage = RateSlippage | TickSlippage | RangeSlippage | SpreadSlippage | VolumeShareSlippage


@dataclass(frozen=True, slots=True, kw_only=True)
class NoImpact:
    """Our orders do not move the price."""

    kind: ClassVar[str] = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SquareRootImpact:
    """Our orders move the price by alpha · sigma · sqrt(quantity / ADV), a fraction of it.

    Attributes
    ----------
    alpha : float
        The law's one constant: between 0.5 and 1.5 in what is published; `quant tools` and
        docs/how-to/calibrate-impact.md fit it from fills.
    sigma : float or None
        Daily volatility as a fraction; None: of the last ``window`` sessions.
    adv : float or None
        Average daily volume; None: of the last ``window`` sessions.
    window : int
        Sessions that sigma and ADV are taken from.
    permanent : float
        The part that stays in the price for later orders, and decays.
    half_life_ns : int
        Nanoseconds in which half of it is gone.
    cross : mapping of str to mapping of str to float
        What stays of a move of the first symbol moves the second by this factor of it, as a
        fraction of its price: ``{"QQQ": {"SPY": 0.6}}``. Each direction is given by itself.

    Notes
    -----
    The law holds for an order as a whole: its cost is the same however its fills slice it. For the
    law and its range see J. Gatheral, *No-dynamic-arbitrage and market impact*, Quantitative
    Finance 10 (2010); B. Tóth et al., *Anomalous price impact*, Physical Review X 1 (2011).
    """

    kind: ClassVar[str] = "square_root"
    alpha: float = 1.0
    sigma: float | None = None
    adv: float | None = None
    window: int = 20
    permanent: float = 0.0
    half_life_ns: int = 86_400_000_000_000
    cross: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        where = "config impact"
        put(self, "alpha", number(f"{where}.alpha", self.alpha, low=0.0))
        if self.sigma is not None:
            put(self, "sigma", number(f"{where}.sigma", self.sigma, low=0.0))
        if self.adv is not None:
            put(self, "adv", number(f"{where}.adv", self.adv, above=0.0))
        put(self, "window", whole_number(f"{where}.window", self.window, low=2, high=10_000))
        put(self, "permanent", number(f"{where}.permanent", self.permanent, low=0.0, high=1.0))
        half = whole_number(f"{where}.half_life_ns", self.half_life_ns, low=1)
        put(self, "half_life_ns", half)
        put(self, "cross", _cross(f"{where}.cross", self.cross))
        if self.cross and self.permanent == 0.0:
            raise ConfigError(
                f"{where}.cross and permanent: expected a permanent above 0 with cross, found 0; "
                "only what stays of a move can move others: set permanent, or drop cross."
            )


Impact = NoImpact | SquareRootImpact


def _cross(where: str, given: object) -> dict[str, dict[str, float]]:
    """Factors by the symbol that moves and the one that is moved."""
    result: dict[str, dict[str, float]] = {}
    for mover, moved in _by_symbol(where, given).items():
        result[mover] = {}
        for symbol, factor in _by_symbol(f"{where}.{mover}", moved).items():
            if symbol == mover:
                raise ConfigError(
                    f"{where}.{mover}: expected other symbols, found itself; what stays of its own "
                    "move is permanent: remove it."
                )
            result[mover][symbol] = number(f"{where}.{mover}.{symbol}", factor)
    return result


def _by_symbol(where: str, value: object) -> dict[str, object]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: expected values by symbol, found {value!r}; write {{…}}.")
    return {str(symbol): one for symbol, one in value.items()}
