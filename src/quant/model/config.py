"""Settings of a run: frozen records with a default for everything.

Choices are objects with names from the field. Every default is listed in docs/reference/defaults.md
and tested against it. A record checks itself when it is made, so a ``Config`` that exists is valid.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from quant.errors import ConfigError
from quant.model.checks import choice, fraction_text, number, switch, whole_number

__all__ = [
    "Account",
    "CashAccount",
    "Commission",
    "Config",
    "Execution",
    "GrossLeverage",
    "InstrumentSettings",
    "PerOrderCommission",
    "PerShareCommission",
    "RangeSlippage",
    "RateCommission",
    "RateSlippage",
    "RiskLimits",
    "Slippage",
    "TickSlippage",
    "TieredCommission",
]

MAX_TIERS = 8
# Latencies beyond a year are mistakes, and overflow 64 bits when added to a time.
YEAR_NS = 366 * 86_400 * 1_000_000_000


def _set(record: object, name: str, value: object) -> None:
    object.__setattr__(record, name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrossLeverage:
    """An account whose long and short exposure together may be ``k`` times its equity.

    Attributes
    ----------
    k : float
        Most |long| + |short| over equity. 1 means no borrowing.
    """

    kind: ClassVar[str] = "gross_leverage"
    k: float = 1.0

    def __post_init__(self) -> None:
        _set(self, "k", number("config account.k", self.k, above=0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class CashAccount:
    """An account that buys with the cash it has and never sells short. Settlement is immediate."""

    kind: ClassVar[str] = "cash"


Account = GrossLeverage | CashAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How orders meet bars. docs/concepts/fills.md is the contract behind each word.

    Attributes
    ----------
    timing : "next_open", "next_close" or "same_close"
        The print a market order fills at.
    path : "adverse", "ohlc", "olhc" or "nearest_extreme"
        The assumed path inside a bar.
    limit : "touch" or "through"
        Whether a limit fills when the price touches it or only when it trades through it.
    participation : float or None
        Most of a bar's volume that all our orders may take; None: no cap.
    over_cap : "partial" or "reject"
        What happens to an order that wants more than that: it fills in parts, or it ends.
    zero_volume : "reject"
        A bar without volume fills nothing.
    insufficient : "reject", "partial" or "scale"
        What happens to an explicit quantity that money does not reach for.
    batch : "exits_first"
        Who comes first when many orders fill at one print.
    size_at : "fill" or "decision"
        Where a weight or value becomes a quantity.
    gap_improvement : bool
        Whether a resting limit gets the better price of a gap.
    guardrail : float
        Most that slippage may move a fill, as a fraction of the price.
    latency_ns : int
        Nanoseconds from decision to venue.
    bar_slack_ns : int
        How long after its open a bar's open may still be taken.
    rounding : "none" or "minor_unit"
        Whether postings are rounded half-even to the currency's minor unit.
    """

    timing: str = "next_open"
    path: str = "adverse"
    limit: str = "touch"
    participation: float | None = 0.1
    over_cap: str = "partial"
    zero_volume: str = "reject"
    insufficient: str = "reject"
    batch: str = "exits_first"
    size_at: str = "fill"
    gap_improvement: bool = True
    guardrail: float = 0.05
    latency_ns: int = 0
    bar_slack_ns: int = 1_000_000_000
    rounding: str = "none"

    CHOICES: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType(
        {
            "timing": ("next_open", "next_close", "same_close"),
            "path": ("adverse", "ohlc", "olhc", "nearest_extreme"),
            "limit": ("touch", "through"),
            "over_cap": ("partial", "reject"),
            "zero_volume": ("reject",),
            "insufficient": ("reject", "partial", "scale"),
            "batch": ("exits_first",),
            "size_at": ("fill", "decision"),
            "rounding": ("none", "minor_unit"),
        }
    )

    def __post_init__(self) -> None:
        for name, known in self.CHOICES.items():
            choice(f"config execution.{name}", getattr(self, name), known)
        if self.participation is not None:
            where = "config execution.participation"
            _set(self, "participation", number(where, self.participation, above=0.0, high=1.0))
        switch("config execution.gap_improvement", self.gap_improvement)
        _set(self, "guardrail", number("config execution.guardrail", self.guardrail, low=0.0))
        _set(
            self,
            "latency_ns",
            whole_number("config execution.latency_ns", self.latency_ns, high=YEAR_NS),
        )
        _set(
            self,
            "bar_slack_ns",
            whole_number("config execution.bar_slack_ns", self.bar_slack_ns, high=YEAR_NS),
        )
        if self.timing == "same_close" and self.latency_ns > 0:
            raise ConfigError(
                "config execution: timing same_close fills at the moment of decision, found "
                f"latency_ns {self.latency_ns}; set latency_ns to 0 or use next_close."
            )


def _bounds(record: object, *names: str) -> None:
    """Check optional non-negative numbers of a commission or slippage."""
    for name in names:
        value = getattr(record, name)
        if value is not None:
            _set(record, name, number(f"config commission.{name}", value, low=0.0))


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
        _set(self, "tiers", checked)
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
        _set(self, "rate", number("config slippage.rate", self.rate, low=0.0))

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
        _set(self, "ticks", number("config slippage.ticks", self.ticks, low=0.0))

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
        _set(self, "fraction", number("config slippage.fraction", self.fraction, low=0.0))

    @property
    def size(self) -> float:
        """The model's one number."""
        return self.fraction


Slippage = RateSlippage | TickSlippage | RangeSlippage


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLimits:
    """Limits checked before an order leaves, as fractions of equity; None: no limit.

    Attributes
    ----------
    max_gross : float or None
        Σ|value| of positions and working orders together.
    max_symbol : float or None
        |value| of one symbol, position and working orders together.
    max_leverage : float or None
        Σ|value| of positions after a fill; lowers the account's own limit.
    """

    max_gross: float | None = None
    max_symbol: float | None = None
    max_leverage: float | None = None

    def __post_init__(self) -> None:
        for name in ("max_gross", "max_symbol", "max_leverage"):
            value = getattr(self, name)
            if value is not None:
                _set(self, name, number(f"config risk.{name}", value, low=0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentSettings:
    """What one instrument, or all (under the name ``default``), trades in.

    Attributes
    ----------
    increment : str
        Smallest quantity, as decimal text (a number is accepted). 1 for shares.
    tick : float or None
        Smallest price step; order prices must lie on it. None: any price.
    multiplier : float
        Money per price point and unit.
    allow_nonpositive : bool
        Whether prices of zero and below are legal.
    """

    increment: str = "1"
    tick: float | None = None
    multiplier: float = 1.0
    allow_nonpositive: bool = False

    def __post_init__(self) -> None:
        where = "config instruments"
        _set(self, "increment", fraction_text(f"{where} increment", self.increment))
        if self.tick is not None:
            _set(self, "tick", number(f"{where} tick", self.tick, above=0.0))
        _set(self, "multiplier", number(f"{where} multiplier", self.multiplier, above=0.0))
        switch(f"{where} allow_nonpositive", self.allow_nonpositive)


def _default_instruments() -> Mapping[str, InstrumentSettings]:
    return {"default": InstrumentSettings()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything a run may be told, each with a default.

    Attributes
    ----------
    cash : float
        Opening deposit, in ``currency``.
    currency : str
        Base currency, three letters.
    account : GrossLeverage or CashAccount
        The account kind.
    execution : Execution
        How orders meet bars.
    commission, slippage
        Cost models; zero by default, which every report says in amber.
    risk : RiskLimits
        Limits before the order.
    instruments : mapping of str to InstrumentSettings
        By symbol; ``default`` serves the others.
    calendar : str
        ``auto``, or a calendar's name.
    benchmark : str
        ``buy_and_hold`` (all instruments of the data, equally), one symbol, or ``none``.
    risk_free : float
        Annual rate used by Sharpe.
    seed : int
        Seed of ``ctx.random``.

    Examples
    --------
    >>> Config(commission=RateCommission(rate=0.001)).commission.rate
    0.001
    """

    cash: float = 100_000.0
    currency: str = "USD"
    account: Account = field(default_factory=GrossLeverage)
    execution: Execution = field(default_factory=Execution)
    commission: Commission = field(default_factory=RateCommission)
    slippage: Slippage = field(default_factory=RateSlippage)
    risk: RiskLimits = field(default_factory=RiskLimits)
    instruments: Mapping[str, InstrumentSettings] = field(default_factory=_default_instruments)
    calendar: str = "auto"
    benchmark: str = "buy_and_hold"
    risk_free: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        _set(self, "cash", number("config cash", self.cash, above=0.0))
        _set(self, "risk_free", number("config risk_free", self.risk_free, above=-1.0))
        _set(self, "seed", whole_number("config seed", self.seed))
        text = self.currency
        if not (isinstance(text, str) and len(text) == 3 and text.isalpha() and text.isupper()):
            raise ConfigError(
                f"config currency: expected three capital letters such as USD, found {text!r}."
            )
        for name, kinds in _SECTIONS.items():
            _check_section(name, getattr(self, name), kinds)
        for symbol, settings in self.instruments.items():
            _check_section(f"instruments.{symbol}", settings, (InstrumentSettings,))
        complete = {"default": InstrumentSettings()} | dict(self.instruments)
        _set(self, "instruments", MappingProxyType(complete))

    def settings_of(self, symbol: str) -> InstrumentSettings:
        """The settings of one symbol: its own, else the default ones."""
        return self.instruments.get(symbol, self.instruments["default"])

    def __reduce__(self) -> tuple[object, ...]:
        from quant.model.parse import config_from, to_mapping

        return config_from, (to_mapping(self),)


_SECTIONS: dict[str, tuple[type, ...]] = {
    "account": (GrossLeverage, CashAccount),
    "execution": (Execution,),
    "commission": (RateCommission, PerShareCommission, PerOrderCommission, TieredCommission),
    "slippage": (RateSlippage, TickSlippage, RangeSlippage),
    "risk": (RiskLimits,),
}


def _check_section(name: str, value: object, kinds: tuple[type, ...]) -> None:
    if not isinstance(value, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise ConfigError(
            f"config {name}: expected {names}, found {value!r}; build it, or use config_from()."
        )
