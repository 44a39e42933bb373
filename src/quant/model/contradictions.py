"""Settings of different sections that contradict each other, or of which one disarms the other.

A setting that can change nothing is refused like a contradiction: who wrote it believes otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quant.errors import ConfigError
from quant.model.accounts import (
    CashAccount,
    GrossLeverage,
    MarginAccount,
    MarginCall,
    NetLeverage,
)
from quant.model.costs import RateSlippage, VolumeShareSlippage
from quant.model.financing import Borrow

if TYPE_CHECKING:
    from quant.model.config import Config

__all__ = ["check_together"]


def check_together(config: Config) -> None:
    """Raise for the first two settings that do not go together.

    Raises
    ------
    ConfigError
        It names both.
    """
    _check_margins(config)
    _check_calls(config)
    _check_shorts(config)
    _check_caps(config)
    _check_guardrail(config)


def _check_margins(config: Config) -> None:
    """What an instrument says that it takes to open is not below what it takes to keep."""
    account = config.account
    if not isinstance(account, MarginAccount):
        return
    for symbol, settings in config.instruments.items():
        for side in ("", "short_"):
            first = getattr(settings, f"{side}initial")
            keep = settings.margin_rate(f"{side}maintenance", account)
            if first is None or first >= keep:
                continue
            where = f"instruments.{symbol}.{side}maintenance"
            if getattr(settings, f"{side}maintenance") is None:
                where = f"account.{side}maintenance"
            if settings.leverage_factor > 1.0:
                where += f" times instruments.{symbol}.leverage_factor"
            raise ConfigError(
                f"config instruments.{symbol}.{side}initial and {where}: expected at least as much "
                f"margin to open as to keep, found {first:g} and {keep:g}; raise {side}initial or "
                "lower the other."
            )


def _check_calls(config: Config) -> None:
    """What happens at a margin call needs a margin to keep."""
    account, call = config.account, config.margin_call
    if isinstance(account, MarginAccount) or getattr(account, "maintenance", None) is not None:
        return
    changed = [
        name
        for name in ("action", "order", "size", "at")
        if getattr(call, name) != getattr(MarginCall(), name)
    ]
    if changed:
        can_have = isinstance(account, GrossLeverage | NetLeverage)
        what = "set account.maintenance" if can_have else "use account kind margin"
        raise ConfigError(
            f"config margin_call.{changed[0]} and account: expected an account with a margin to "
            f"keep, without which there is no call, found {account.kind}"
            f"{' without maintenance' if can_have else ''}; {what}, or drop {changed[0]}."
        )


def _check_shorts(config: Config) -> None:
    """What short sales cost and bring needs an account that sells short."""
    account = config.account
    if config.interest.rebate != 0.0 and getattr(account, "short_proceeds", "free") == "free":
        found = "free" if hasattr(account, "short_proceeds") else f"account kind {account.kind}"
        raise ConfigError(
            "config interest.rebate and account.short_proceeds: expected locked proceeds, on which "
            f"a rebate is paid, found {config.interest.rebate:g} and {found}; set short_proceeds: "
            "locked in an account that sells short, or drop rebate."
        )
    if not isinstance(account, CashAccount):
        return
    names = [
        f"borrow.{name}"
        for name in ("rate", "basis", "availability", "recall")
        if getattr(config.borrow, name) != getattr(Borrow(), name)
    ]
    names += [
        f"instruments.{symbol}.borrow_rate"
        for symbol, settings in config.instruments.items()
        if settings.borrow_rate
    ]
    if names:
        raise ConfigError(
            f"config {names[0]} and account: expected an account that sells short, found kind "
            f"cash; use account kind margin or gross_leverage, or drop {names[0]}."
        )


def _check_caps(config: Config) -> None:
    """What happens beyond a cap needs a cap."""
    execution, slippage = config.execution, config.slippage
    caps = (execution.participation, execution.max_shares, execution.max_notional)
    has_cap = any(most is not None for most in caps)
    has_cap = has_cap or (isinstance(slippage, VolumeShareSlippage) and slippage.cap)
    if execution.over_cap == "reject" and not has_cap:
        raise ConfigError(
            "config execution.over_cap and participation: expected a cap that an order can be "
            "over, found reject and null; set participation, max_shares or max_notional, or leave "
            "over_cap."
        )


def _check_guardrail(config: Config) -> None:
    """Slippage that is one rate lies within what it may be at most."""
    slippage, most = config.slippage, config.execution.guardrail
    if isinstance(slippage, RateSlippage) and slippage.rate > most:
        raise ConfigError(
            f"config slippage.rate and execution.guardrail: expected slippage within the "
            f"guardrail, to which each fill would be clamped, found {slippage.rate:g} and "
            f"{most:g}; lower rate or raise guardrail."
        )
