"""How orders meet the market: the settings of fills and of delays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from quant.model.checks import choice, number, put, switch, whole_number

__all__ = ["ConstantLatency", "Execution", "ExponentialLatency", "Latency", "UniformLatency"]

# Latencies beyond a year are mistakes, and overflow 64 bits when added to a time.
YEAR_NS = 366 * 86_400 * 1_000_000_000


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
    trailing : "path" or "close"
        What moves the water mark of a trailing stop: the points of the path, or closes alone.
    close_cutoff_ns : int
        How long before a session's close an order for the close must have arrived.
    guardrail : float
        Most that slippage may move a fill, as a fraction of the price.
    latency_ns : int
        Nanoseconds from decision to venue for orders, amendments and cancels: short for a section
        ``latency``.
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
    trailing: str = "path"
    close_cutoff_ns: int = 600_000_000_000
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
            "trailing": ("path", "close"),
            "rounding": ("none", "minor_unit"),
        }
    )

    def __post_init__(self) -> None:
        for name, known in self.CHOICES.items():
            choice(f"config execution.{name}", getattr(self, name), known)
        if self.participation is not None:
            where = "config execution.participation"
            put(self, "participation", number(where, self.participation, above=0.0, high=1.0))
        switch("config execution.gap_improvement", self.gap_improvement)
        put(self, "guardrail", number("config execution.guardrail", self.guardrail, low=0.0))
        for name in ("latency_ns", "bar_slack_ns", "close_cutoff_ns"):
            value = getattr(self, name)
            put(self, name, whole_number(f"config execution.{name}", value, high=YEAR_NS))


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantLatency:
    """Delays that are always the same.

    Attributes
    ----------
    submit_ns, amend_ns, cancel_ns : int
        Nanoseconds from a decision to the venue: of orders, amendments and cancels.
    report_ns : int
        Nanoseconds until the strategy is told of fills and of changes of its orders. The account is
        the broker's and shows them at once.
    """

    kind: ClassVar[str] = "constant"
    submit_ns: int = 0
    amend_ns: int = 0
    cancel_ns: int = 0
    report_ns: int = 0

    def __post_init__(self) -> None:
        _check_delays(self)

    @property
    def is_any(self) -> bool:
        """Whether anything is delayed."""
        return any(getattr(self, name) > 0 for name in _DELAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class UniformLatency(ConstantLatency):
    """Delays drawn evenly from ``(1 − spread) · n`` to ``(1 + spread) · n``, one for each message.

    Attributes
    ----------
    spread : float
        Half the width, as a fraction of the delay.
    """

    kind: ClassVar[str] = "uniform"
    spread: float = 0.5

    def __post_init__(self) -> None:
        _check_delays(self)
        put(self, "spread", number("config latency.spread", self.spread, low=0.0, high=1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentialLatency(ConstantLatency):
    """Delays drawn from an exponential distribution whose means are the delays given."""

    kind: ClassVar[str] = "exponential"


_DELAYS = ("submit_ns", "amend_ns", "cancel_ns", "report_ns")


def _check_delays(latency: ConstantLatency) -> None:
    for name in _DELAYS:
        value = getattr(latency, name)
        put(latency, name, whole_number(f"config latency.{name}", value, high=YEAR_NS))


Latency = ConstantLatency | UniformLatency | ExponentialLatency
