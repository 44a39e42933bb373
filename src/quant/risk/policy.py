"""The rules a signal must pass before it becomes an order.

The order of the rules is fixed: what takes exposure away passes; then the size; then the session's
loss; then the largest position; then the leverage. The first two of these refuse, the last two cut.
A signal that turns a position round and whose new side is refused still closes the old one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from quant.errors import ConfigError, OrderError
from quant.model.checks import choice, number
from quant.risk.signal import PortfolioSnapshot, Signal
from quant.risk.sizing import EquityFraction, FixedMoney, Sizing, VolatilityScaled

__all__ = ["RiskDecision", "RiskPolicy"]

_LIMITS = ("max_position", "max_leverage", "daily_loss_cap", "max_drawdown", "min_equity")


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskDecision:
    """What a policy says to a signal.

    Attributes
    ----------
    allowed : bool
        Whether an order may follow.
    adjusted_size : float
        Unsigned size in money the position may have; 0 closes it. Only meaningful if allowed.
    reason : str
        Why it was refused or cut, in words; empty if neither.
    rule : str
        The rule that refused or cut, for example ``daily_loss_cap``; empty if none did.
    limit, value : float
        The rule's limit and what was measured against it; NaN without a rule.
    """

    allowed: bool
    adjusted_size: float
    reason: str = ""
    rule: str = ""
    limit: float = math.nan
    value: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPolicy:
    """Which signals become orders, and how large.

    Attributes
    ----------
    mode : "none" or "rules"
        ``none`` lets every signal pass and only sizes it; limits need ``rules``.
    sizing : FixedMoney, EquityFraction, VolatilityScaled or None
        Size of signals that bring none.
    repeat : "hold" or "rebalance"
        What a signal does that points where the position already points: nothing, or it brings the
        position to the size again.
    max_position : float or None
        Most |value| of one symbol, as a fraction of equity. Larger signals are cut.
    max_leverage : float or None
        Most |long| + |short| held or on its way, as a fraction of equity. Larger signals are cut to
        what is left, and refused where nothing is.
    daily_loss_cap : float or None
        Once equity has fallen by more than this fraction since the session's start, entries are
        refused until the next session.
    max_drawdown : float or None
        Trading stops for good once equity has fallen by this fraction from its peak.
    min_equity : float or None
        Trading stops for good once equity is at or below this amount. Under ``rules`` it also stops
        at zero.
    on_stop : "close" or "keep"
        What happens to open positions when trading stops.

    Raises
    ------
    ConfigError
        If a value is out of range, or a limit is given under mode ``none``.

    Examples
    --------
    >>> from datetime import date
    >>> policy = RiskPolicy(mode="rules", max_position=0.5)
    >>> account = PortfolioSnapshot(ts=0, session=date(2024, 1, 2), equity=1000.0, cash=1000.0)
    >>> said = policy.check_signal(Signal(symbol="SPY", direction="LONG", size_usd=800), account)
    >>> said.allowed, said.adjusted_size, said.rule
    (True, 500.0, 'max_position')
    """

    mode: str = "none"
    sizing: Sizing | None = None
    repeat: str = "hold"
    max_position: float | None = None
    max_leverage: float | None = None
    daily_loss_cap: float | None = None
    max_drawdown: float | None = None
    min_equity: float | None = None
    on_stop: str = "close"

    def __post_init__(self) -> None:
        choice("policy mode", self.mode, ("none", "rules"))
        choice("policy repeat", self.repeat, ("hold", "rebalance"))
        choice("policy on_stop", self.on_stop, ("close", "keep"))
        sizings = (FixedMoney, EquityFraction, VolatilityScaled)
        if self.sizing is not None and not isinstance(self.sizing, sizings):
            raise ConfigError(
                f"policy sizing: expected {', '.join(k.__name__ for k in sizings)} or none, found "
                f"{self.sizing!r}; build one."
            )
        for name in _LIMITS:
            value = getattr(self, name)
            if value is None:
                continue
            high = 1.0 if name in ("daily_loss_cap", "max_drawdown") else None
            checked = number(f"policy {name}", value, above=0.0, high=high)
            object.__setattr__(self, name, checked)
            if self.mode == "none":
                raise ConfigError(
                    f"policy {name}: expected mode rules with a limit, found mode none; set mode "
                    "to rules or drop the limit."
                )

    def size_position(self, signal: Signal, portfolio: PortfolioSnapshot) -> float:
        """Unsigned size in money before any limit; NaN if the sizing cannot tell yet.

        Raises
        ------
        OrderError
            If neither the signal nor the policy says a size.
        """
        if signal.side == 0:
            return 0.0
        if signal.size_usd is not None:
            return float(signal.size_usd)
        if self.sizing is None:
            raise OrderError(
                f"Signal({signal.symbol} {signal.direction}): expected size_usd or a policy with a "
                "sizing, found neither; write Signal(size_usd=1000, …) or policy = qt.RiskPolicy("
                "sizing=qt.EquityFraction(fraction=0.5))."
            )
        return self.sizing.size(signal, portfolio)

    def check_signal(self, signal: Signal, portfolio: PortfolioSnapshot) -> RiskDecision:
        """Whether a signal may become an order, and how large.

        Parameters
        ----------
        signal : Signal
        portfolio : PortfolioSnapshot
            The account at the moment of the signal, with what its working orders aim at.

        Returns
        -------
        RiskDecision
        """
        wanted = self.size_position(signal, portfolio)
        aim = portfolio.aim(signal.symbol)
        if wanted != wanted:
            text = "there are too few bars, or no movement, to estimate a volatility"
            return _refused(signal, aim, text, "sizing", math.nan, math.nan)
        is_less = signal.side * aim >= 0.0 and wanted <= abs(aim)
        if self.mode == "none" or signal.side == 0 or is_less:
            return RiskDecision(allowed=True, adjusted_size=wanted)
        cap = self.daily_loss_cap
        if cap is not None and portfolio.session_loss > cap:
            text = "equity has fallen by more than the cap since the session began"
            return _refused(signal, aim, text, "daily_loss_cap", cap, portfolio.session_loss)
        return self._cut(signal, portfolio, wanted, aim)

    def _cut(
        self, signal: Signal, portfolio: PortfolioSnapshot, wanted: float, aim: float
    ) -> RiskDecision:
        """The size within the largest position and the leverage."""
        equity = max(portfolio.equity, 0.0)
        said = RiskDecision(allowed=True, adjusted_size=wanted)
        if self.max_position is not None and wanted > self.max_position * equity:
            said = RiskDecision(
                allowed=True,
                adjusted_size=self.max_position * equity,
                reason="cut to the largest position",
                rule="max_position",
                limit=self.max_position,
                value=wanted / equity if equity else math.inf,
            )
        if self.max_leverage is None:
            return said
        others = portfolio.gross_without(signal.symbol)
        room = self.max_leverage * equity - others
        if said.adjusted_size <= room:
            return said
        value = (others + said.adjusted_size) / equity if equity else math.inf
        if room <= 0.0:
            text = "what is held and on its way leaves no room"
            return _refused(signal, aim, text, "max_leverage", self.max_leverage, value)
        return RiskDecision(
            allowed=True,
            adjusted_size=room,
            reason="cut to the leverage that is left",
            rule="max_leverage",
            limit=self.max_leverage,
            value=value,
        )

    def stop_decision(self, portfolio: PortfolioSnapshot) -> RiskDecision | None:
        """The rule that ends trading for good, or None while none does."""
        if self.mode == "none":
            return None
        if self.max_drawdown is not None and portfolio.drawdown >= self.max_drawdown:
            text, rule = "equity has fallen too far from its peak", "max_drawdown"
            limit, value = self.max_drawdown, portfolio.drawdown
        elif portfolio.equity <= (self.min_equity or 0.0):
            text, rule = "equity is too low to go on", "min_equity"
            limit, value = self.min_equity or 0.0, portfolio.equity
        else:
            return None
        return RiskDecision(
            allowed=False, adjusted_size=0.0, reason=text, rule=rule, limit=limit, value=value
        )

    def should_stop(self, portfolio: PortfolioSnapshot) -> bool:
        """Whether trading ends for good."""
        return self.stop_decision(portfolio) is not None


def _refused(
    signal: Signal, aim: float, text: str, rule: str, limit: float, value: float
) -> RiskDecision:
    """No entry; a position on the other side is closed all the same."""
    return RiskDecision(
        allowed=signal.side * aim < 0.0,
        adjusted_size=0.0,
        reason=text,
        rule=rule,
        limit=limit,
        value=value,
    )
