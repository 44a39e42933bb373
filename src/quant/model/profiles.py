"""Named sets of settings: how strict a run is, and whose habits it follows.

A profile names general settings only; it knows no strategy, no data and no account size. What a
configuration says besides wins over its profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from quant.errors import ConfigError, nearest

__all__ = ["PROFILES", "Profile", "find_profile", "merge_settings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One named set of settings.

    Attributes
    ----------
    name : str
    about : str
        What it is for, in a sentence.
    settings : mapping
        As `config_from` takes them.
    lacks : tuple of str
        Habits of the tool it is named after that no setting of quant follows.
    """

    name: str
    about: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()


_UNLIMITED = {"kind": "unlimited"}
_IN_DEBT = {"bankruptcy": "warn"}
_LIST = (
    Profile(name="default", about="quant's own rules: strict fills, no costs, no borrowing."),
    Profile(
        name="realistic",
        about="What a careful trader of liquid names expects: fills that trade through, costs, "
        "impact.",
        settings={
            "execution": {"limit": "through", "participation": 0.05},
            "commission": {"kind": "rate", "rate": 0.0005},
            "slippage": {"kind": "rate", "rate": 0.0005},
            "impact": {"kind": "square_root", "alpha": 1.0},
        },
    ),
    Profile(
        name="optimistic",
        about="The upper end: no costs, no volume cap, the kinder order of high and low.",
        settings={
            "execution": {
                "path": "nearest_extreme",
                "participation": None,
                "insufficient": "partial",
            }
        },
    ),
    Profile(
        name="pessimistic",
        about="The lower end: no price improvement, high costs, thin volume, impact that stays.",
        settings={
            "execution": {
                "limit": "through",
                "participation": 0.02,
                "gap_improvement": False,
            },
            "commission": {"kind": "rate", "rate": 0.002},
            "slippage": {"kind": "rate", "rate": 0.002},
            "impact": {"kind": "square_root", "alpha": 1.5, "permanent": 0.3},
        },
    ),
    Profile(
        name="legacy_paper",
        about="Fills at the bar just decided on: market orders at the middle of its range, limits "
        "at their price when touched, no costs. It trades on what it has just seen.",
        settings={
            "account": _UNLIMITED,
            "margin_call": _IN_DEBT,
            "execution": {
                "timing": "same_close",
                "market_price": "mid_range",
                "participation": None,
                "gap_improvement": False,
                "limit": "touch",
                "batch": "fifo",
            },
        },
    ),
    Profile(
        name="backtrader",
        about="backtrader 1.9.78.123, its default broker.",
        settings={
            "account": {"kind": "gross_leverage", "k": 1.0},
            "margin_call": _IN_DEBT,
            "execution": {
                "size_at": "decision",
                "batch": "fifo",
                "trailing": "close",
                "participation": None,
            },
        },
        lacks=(
            "slippage on resting limits that fill at an open, up to the limit",
            "an account that asks only for cash at or above zero and counts the proceeds "
            "of a short sale",
            "the difference to a weight rounded to whole shares, in place of the target",
            "commission with its minimum for the closing and the opening part of a "
            "reversal, each on its own",
            "the volume cap of an opening fill taken of the bar's own volume",
            "target and stop of a bracket from the bar after the entry on",
        ),
    ),
    Profile(
        name="vectorbt",
        about="vectorbt 1.2.0, one group with shared cash, sales first.",
        settings={
            "account": {"kind": "gross_leverage", "k": 1.0},
            "margin_call": _IN_DEBT,
            "execution": {"insufficient": "partial", "participation": None},
        },
        lacks=(
            "no slippage on stops",
            "an account that asks only for cash at or above zero and counts the proceeds "
            "of a short sale",
            "the difference to a weight rounded to whole shares, in place of the target",
            "target and stop of a bracket from the bar after the entry on",
            "a trailing stop that trails the highs of earlier bars only, not the path of its own",
        ),
    ),
    Profile(
        name="backtesting_py",
        about="backtesting.py 0.6.6 with margin=1.",
        settings={
            "account": {"kind": "gross_leverage", "k": 1.0},
            "execution": {"participation": None},
        },
        lacks=(
            "slippage on resting limits that open a position, beyond the limit too",
            "slippage on orders that open a position only",
            "commission with its minimum per trade closed or opened, in place of per order",
        ),
    ),
    Profile(
        name="zipline",
        about="zipline-reloaded 3.2.1: every order is judged at the close of a later bar.",
        settings={
            "account": _UNLIMITED,
            "margin_call": _IN_DEBT,
            "execution": {
                "timing": "next_close",
                "size_at": "decision",
                "participation": None,
            },
            "slippage": {"kind": "volume_share", "price_impact": 0.1, "volume_limit": 0.025},
        },
        lacks=(
            "slippage on resting limits, beyond the limit too",
            "limits and stops judged at closes (give data without open, high and low)",
            "the difference to a weight rounded to whole shares, in place of the target",
        ),
    ),
    Profile(
        name="bt",
        about="bt 1.4.1 with whole positions: rebalances at the close it decides on.",
        settings={
            "account": _UNLIMITED,
            "execution": {
                "timing": "same_close",
                "size_at": "decision",
                "participation": None,
            },
        },
        lacks=(
            "limits and stops judged at closes (give data without open, high and low)",
            "commission on the price before slippage",
        ),
    ),
    Profile(
        name="nautilus",
        about="nautilus_trader 1.221.0 on bars, without margins.",
        settings={
            "account": _UNLIMITED,
            "margin_call": _IN_DEBT,
            "execution": {
                "timing": "same_close",
                "path": "ohlc",
                "gap_improvement": False,
                "batch": "fifo",
                "participation": None,
            },
        },
        lacks=(
            "a stop that fills at its own price where the market opens beyond it",
            "a limit that fills at its own price where the bar never showed it",
        ),
    ),
)
PROFILES: Mapping[str, Profile] = MappingProxyType({one.name: one for one in _LIST})


def find_profile(name: object) -> Profile:
    """A profile by its name.

    Raises
    ------
    ConfigError
        If there is none, naming the nearest.

    Examples
    --------
    >>> find_profile("realistic").settings["execution"]["limit"]
    'through'
    """
    if not isinstance(name, str) or name not in PROFILES:
        raise ConfigError(
            f"config profile: expected one of {', '.join(PROFILES)}, found {name!r}; "
            f"quant profiles list tells what each is for.{nearest(str(name), PROFILES)}"
        )
    return PROFILES[name]


def merge_settings(base: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a profile with those given besides, which win key by key within a section.

    A section of another kind replaces the profile's as a whole; one that says nothing leaves it.

    Examples
    --------
    >>> merge_settings({"execution": {"limit": "through"}}, {"execution": {"path": "ohlc"}})
    {'execution': {'limit': 'through', 'path': 'ohlc'}}
    """
    merged = dict(base)
    for name, value in given.items():
        if value is None and name in merged:
            continue
        own = merged.get(name)
        merged[name] = {**(own or {}), **value} if _are_of_one_kind(own, value) else value
    return merged


def _are_of_one_kind(own: Any, given: Any) -> bool:
    """Whether two sections can be laid over each other, key by key."""
    if not (isinstance(own, Mapping) and isinstance(given, Mapping)):
        return False
    return bool(given.get("kind", own.get("kind")) == own.get("kind"))
