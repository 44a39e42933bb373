"""How orders meet the market: the settings of fills and of delays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from quant.errors import ConfigError
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
    participation_open : float or None
        The same at opening prints; None: as ``participation``.
    cap_by : "bar", "previous_bar" or "adv"
        The volume that participation is a part of: the bar's (at an open the last earlier one's),
        always that earlier one's, or the average of sessions, for a session's fills together.
    adv_window : int
        Sessions of that average.
    max_shares, max_notional : float or None
        Most quantity, and most money, of all our fills in one instrument and bar.
    zero_volume : "reject", "last_price", "minimum_liquidity" or "range_spread"
        What a bar without volume does: nothing; orders meet the last price at its open; it trades
        as if ``minimum_volume`` had traded; it trades at half a spread made from its range.
    minimum_volume : float
        The volume that such a bar counts with; 0: no cap (not with minimum_liquidity).
    range_spread_fraction : float
        The spread of such a bar, as a fraction of its range.
    insufficient : "reject", "partial" or "scale"
        What happens to an explicit quantity that money does not reach for.
    batch : "exits_first", "fifo" or "simultaneous"
        Who comes first when many orders fill at one print: closing parts; who was sent first; or
        nobody: all opening parts fill or none does (with ``insufficient: scale``: all in part).
    market_price : "print" or "mid_range"
        What a market order meets at a closing print: the close, or the middle of the bar's range.
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
    participation_open: float | None = None
    cap_by: str = "bar"
    adv_window: int = 20
    max_shares: float | None = None
    max_notional: float | None = None
    zero_volume: str = "reject"
    minimum_volume: float = 0.0
    range_spread_fraction: float = 0.5
    insufficient: str = "reject"
    batch: str = "exits_first"
    market_price: str = "print"
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
            "cap_by": ("bar", "previous_bar", "adv"),
            "zero_volume": ("reject", "last_price", "minimum_liquidity", "range_spread"),
            "insufficient": ("reject", "partial", "scale"),
            "batch": ("exits_first", "fifo", "simultaneous"),
            "market_price": ("print", "mid_range"),
            "size_at": ("fill", "decision"),
            "trailing": ("path", "close"),
            "rounding": ("none", "minor_unit"),
        }
    )

    def __post_init__(self) -> None:
        for name, known in self.CHOICES.items():
            choice(f"config execution.{name}", getattr(self, name), known)
        for name in ("participation", "participation_open"):
            share = getattr(self, name)
            if share is not None:
                where = f"config execution.{name}"
                put(self, name, number(where, share, above=0.0, high=1.0))
        for name in ("max_shares", "max_notional"):
            most = getattr(self, name)
            if most is not None:
                put(self, name, number(f"config execution.{name}", most, above=0.0))
        for name in ("minimum_volume", "range_spread_fraction"):
            put(self, name, number(f"config execution.{name}", getattr(self, name), low=0.0))
        window = whole_number("config execution.adv_window", self.adv_window, low=1, high=10_000)
        put(self, "adv_window", window)
        self._check_pairs()
        switch("config execution.gap_improvement", self.gap_improvement)
        put(self, "guardrail", number("config execution.guardrail", self.guardrail, low=0.0))
        for name in ("latency_ns", "bar_slack_ns", "close_cutoff_ns"):
            value = getattr(self, name)
            put(self, name, whole_number(f"config execution.{name}", value, high=YEAR_NS))

    def _check_pairs(self) -> None:
        """Settings that contradict each other."""
        if self.zero_volume == "minimum_liquidity" and self.minimum_volume == 0.0:
            raise ConfigError(
                "config execution.zero_volume and minimum_volume: minimum_liquidity expects a "
                "minimum_volume above 0, found 0; set it."
            )
        if self.zero_volume == "reject" and self.minimum_volume > 0.0:
            raise ConfigError(
                "config execution.zero_volume and minimum_volume: expected a policy that lets bars "
                f"without volume trade, found reject and {self.minimum_volume:g}; set zero_volume: "
                "minimum_liquidity, or drop minimum_volume."
            )
        if self.participation is None and self.participation_open is not None:
            raise ConfigError(
                "config execution.participation and participation_open: expected a cap inside the "
                f"bar with one at its open, found null and {self.participation_open:g}; set both "
                "or neither."
            )
        if self.batch == "fifo" and self.insufficient == "scale":
            raise ConfigError(
                "config execution.batch and insufficient: expected one factor for all orders of a "
                "print, or one order after the other, found scale and fifo; change one of them."
            )
        if self.batch == "simultaneous" and self.insufficient == "partial":
            raise ConfigError(
                "config execution.batch and insufficient: expected orders that fill together, "
                "found simultaneous and partial; use scale, or another batch."
            )
        if self.market_price == "mid_range" and self.timing == "next_open":
            raise ConfigError(
                "config execution.market_price and timing: expected a closing print for mid_range, "
                "since an open is met before the bar's range is known, found next_open; use "
                "same_close or next_close."
            )
        if self.participation is None and self.cap_by != "bar":
            raise ConfigError(
                "config execution.participation and cap_by: expected a participation to be a part "
                f"of {self.cap_by}, found null; set one, or leave cap_by."
            )


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
        put(self, "spread", number("config latency.spread", self.spread, low=0.0, high=1.0))
        _check_delays(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentialLatency(ConstantLatency):
    """Delays drawn from an exponential distribution whose means are the delays given."""

    kind: ClassVar[str] = "exponential"


_DELAYS = ("submit_ns", "amend_ns", "cancel_ns", "report_ns")


def _check_delays(latency: ConstantLatency) -> None:
    for name in _DELAYS:
        value = getattr(latency, name)
        put(latency, name, whole_number(f"config latency.{name}", value, high=YEAR_NS))
    if latency.kind != ConstantLatency.kind and not latency.is_any:
        raise ConfigError(
            f"config latency.kind and {', '.join(_DELAYS)}: expected a delay above 0 to draw from, "
            f"found {latency.kind} and 0 everywhere; set one of them, or drop latency."
        )


Latency = ConstantLatency | UniformLatency | ExponentialLatency
