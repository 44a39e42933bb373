"""Strategies that say what they want to hold: an adapter from signals to orders.

The user writes ``generate_signal(snapshot, params)``. At the end of every bar of every symbol the
adapter shows a `RuntimeSnapshot`, asks the policy about the `Signal` that comes back, and sends
``ctx.order_target``. Everything it shows comes from ``ctx``, so what holds for a `Strategy` holds
here: a run may be split, repeated and audited.

What the adapter must remember (equity at the session's start, its peak, what working orders aim at,
whether trading has stopped) is in ``state`` under the key ``account``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quant.errors import ConfigError, OrderError, StrategyError
from quant.risk import PortfolioSnapshot, RiskDecision, RiskPolicy, Signal, policy_from
from quant.risk.policy_parse import policy_mapping
from quant.risk.sizing import VolatilityScaled
from quant.strategy.base import Strategy, parameters_of
from quant.strategy.feature_set import FeatureSet, SymbolFeatures
from quant.strategy.market import Bar

if TYPE_CHECKING:
    from quant.strategy.context import Context
    from quant.strategy.timeframes import HigherBar

__all__ = ["RuntimeSnapshot", "SignalStrategy", "TimeframeSnapshot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeframeSnapshot:
    """One higher timeframe as of now: complete bars only.

    Attributes
    ----------
    tf : str
        For example ``1w``.
    bar : HigherBar
        The last complete bar.
    features : mapping of str to float
        Indicators declared on this timeframe, at that bar.
    n_bars : int
        Complete bars so far.
    """

    tf: str
    bar: HigherBar
    features: Mapping[str, float]
    n_bars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSnapshot:
    """What is known at the end of a bar.

    Attributes
    ----------
    ts_close : int
        Now, nanoseconds UTC: the end of the bar.
    symbol : str
    bar : Bar
        The bar that ended, with symbol, tf, ts_open, ts_close and its prices and volume.
    features : mapping of str to float
        Indicators declared on the data's own bars, as of now.
    timeframes : mapping of str to TimeframeSnapshot
        The declared higher timeframes, shortest first.
    portfolio : PortfolioSnapshot
        The account at the marks of now.
    """

    ts_close: int
    symbol: str
    bar: Bar
    features: Mapping[str, float]
    timeframes: Mapping[str, TimeframeSnapshot]
    portfolio: PortfolioSnapshot

    @property
    def bar_ltf(self) -> Bar:
        """The same as ``bar``: the bar of the lowest timeframe."""
        return self.bar

    @property
    def mtf(self) -> TimeframeSnapshot:
        """The shortest of the higher timeframes."""
        return self._declared()[0]

    @property
    def htf(self) -> TimeframeSnapshot:
        """The longest of the higher timeframes; the same as ``mtf`` where one is declared."""
        return self._declared()[-1]

    @property
    def position(self) -> float:
        """Signed quantity held of the symbol."""
        return self.portfolio.positions.get(self.symbol, 0.0)

    def _declared(self) -> list[TimeframeSnapshot]:
        if not self.timeframes:
            raise StrategyError(
                "snapshot: expected a higher timeframe to be declared, found none; write "
                "features.timeframe('1w') in declare."
            )
        return list(self.timeframes.values())


class SignalStrategy(Strategy):
    """Base of strategies that answer with signals.

    Parameters are those of a `Strategy`, and ``policy``. A class with an ``__init__`` of its own
    sets ``policy`` as an attribute, or takes it as an argument.

    Attributes
    ----------
    policy : RiskPolicy or mapping
        Which signals become orders, and how large. A mapping has the keys of `RiskPolicy`.

    Examples
    --------
    >>> import quant as qt
    >>> class Above(qt.SignalStrategy):
    ...     n: int = 50
    ...     policy = qt.RiskPolicy(sizing=qt.EquityFraction(fraction=0.9))
    ...     def declare(self, features, params):
    ...         features.add("mean", "rolling_mean", n=params["n"])
    ...     def generate_signal(self, snapshot, params):
    ...         above = snapshot.bar.close > snapshot.features["mean"]
    ...         return qt.Signal(symbol=snapshot.symbol, direction="LONG" if above else "FLAT")
    >>> run = qt.backtest(Above(n=100), qt.sample("sp500"), end="2001-12-31")
    >>> run.status
    'done'
    """

    policy: Any = RiskPolicy()

    def __new__(cls, *args: object, **kwargs: object) -> SignalStrategy:
        """Check the policy; the manifest of a run names it as JSON types, defaults written out."""
        self = super().__new__(cls, *args, **kwargs)
        assert isinstance(self, SignalStrategy)
        if "policy" in parameters_of(cls):
            given = policy_from(self._given.get("policy", cls.policy))
            self._given["policy"] = policy_mapping(given)
        return self

    def declare(self, features: FeatureSet, params: dict[str, Any]) -> None:
        """Name the indicators and higher timeframes to be shown; once, before the run."""

    def generate_signal(self, snapshot: RuntimeSnapshot, params: dict[str, Any]) -> Signal | None:
        """What to hold of a symbol from now on; None changes nothing.

        Asked at the end of every bar, symbols in order, from the bar on at which every declared
        indicator has enough bars.
        """
        raise StrategyError(
            f"{type(self).__name__}: expected def generate_signal(self, snapshot, params), found "
            "none; write that method."
        )

    def on_start(self, ctx: Context) -> None:
        """Declare for every symbol. A subclass that needs this hook calls this one too."""
        if type(self).generate_signal is SignalStrategy.generate_signal:
            SignalStrategy.generate_signal(self, None, {})  # type: ignore[arg-type]
        self._policy = policy_from(self.policy)
        self._params = {
            name: self._given.get(name, getattr(self, name, None))
            for name in parameters_of(type(self))
            if name != "policy"
        }
        declared = FeatureSet()
        self.declare(declared, dict(self._params))
        self._features = {symbol: SymbolFeatures(symbol, declared, ctx) for symbol in ctx.symbols}
        self._now = -1
        equity = ctx.portfolio.equity
        self.state["account"] = {
            "session": "",
            "start": equity,
            "low": equity,
            "last": equity,
            "peak": equity,
            "flows": ctx.portfolio.net_flows,
            "pending": {},
            "stopped": "",
        }

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Show the snapshot, ask for the signal, ask the policy, send the order."""
        try:
            features = self._features[bar.symbol]
        except AttributeError:
            raise StrategyError(
                f"{type(self).__name__}.on_start: expected it to call super().on_start(ctx), found "
                "that it did not; add that line, or use declare."
            ) from None
        features.take(bar, ctx)
        if ctx.now_ns != self._now:
            self._now = ctx.now_ns
            self._new_moment(ctx)
        if self.state["account"]["stopped"]:
            self._wind_down(bar.symbol, ctx)
        elif features.is_ready:
            self._ask(features, bar, ctx)

    def should_stop(self) -> bool:
        """Whether the policy has ended trading for good."""
        return bool(self.state["account"]["stopped"])

    def _new_moment(self, ctx: Context) -> None:
        """Equity of the session and of the run up to now; the stop."""
        account, equity = self.state["account"], ctx.portfolio.equity
        _take_in(account, ctx.portfolio.net_flows)
        session = str(ctx.session)
        if session != account["session"]:
            account["session"], account["start"] = session, account["last"]
            account["low"] = account["start"]
        account["low"] = min(account["low"], equity)
        account["peak"] = max(account["peak"], equity)
        account["last"] = equity
        pending = account["pending"]
        for symbol in [one for one in pending if not ctx.working_orders(one)]:
            del pending[symbol]
        self._portfolio = _portfolio_of(ctx, account)
        decision = self._policy.stop_decision(self._portfolio)
        if decision is not None and not account["stopped"]:
            account["stopped"] = decision.rule
            _log(ctx, f"trading stops: {decision.reason}", decision, {})
            for order_id in ctx.working_orders():
                ctx.cancel(order_id)

    def _wind_down(self, symbol: str, ctx: Context) -> None:
        """After the stop: out of the symbol, unless positions are kept."""
        if self._policy.on_stop == "close" and ctx.portfolio.qty(symbol) != 0.0:
            ctx.order_target(symbol, 0, tag="stop")

    def _ask(self, features: SymbolFeatures, bar: Bar, ctx: Context) -> None:
        """One signal of one symbol."""
        snapshot = RuntimeSnapshot(
            ts_close=bar.ts_close,
            symbol=bar.symbol,
            bar=bar,
            features=features.values(),
            timeframes={
                tf: TimeframeSnapshot(
                    tf=tf, bar=feed.bar, features=dict(feed.values), n_bars=feed.n_bars
                )
                for tf, feed in features.feeds.items()
                if feed.bar is not None
            },
            portfolio=self._portfolio,
        )
        signal = self.generate_signal(snapshot, dict(self._params))
        if signal is None:
            return
        if not isinstance(signal, Signal):
            raise OrderError(
                f"{type(self).__name__}.generate_signal: expected a qt.Signal or None, found "
                f"{signal!r}; return qt.Signal(symbol=snapshot.symbol, direction=…)."
            )
        self._act(signal, bar, ctx)

    def _act(self, signal: Signal, bar: Bar, ctx: Context) -> None:
        """The signal as an order, if the policy lets it pass."""
        symbol = signal.symbol
        held = ctx.portfolio.qty(symbol)
        portfolio = self._portfolio
        aim = portfolio.aim(symbol)
        if signal.side * aim > 0.0 and self._policy.repeat == "hold":
            return
        if signal.side == 0 and held == 0.0 and aim == 0.0:
            return
        if signal.size_usd is None and isinstance(self._policy.sizing, VolatilityScaled):
            volatility = {symbol: _volatility(self._policy.sizing, symbol, bar.tf, ctx)}
            portfolio = _portfolio_of(ctx, self.state["account"], volatility)
        decision = self._policy.check_signal(signal, portfolio)
        facts = _facts(signal)
        if decision.rule:
            word = "cut" if decision.allowed and decision.adjusted_size else "refused"
            text = f"{signal.direction} {symbol} {word}: {decision.reason}"
            _log(ctx, text, decision, facts)
        if not decision.allowed:
            return
        value = signal.side * decision.adjusted_size
        tag = signal.strategy or None
        if value == 0.0:
            order_id = ctx.order_target(symbol, 0, tag=tag)
        else:
            order_id = ctx.order_target(symbol, value=value, tag=tag)
        if order_id is not None:
            self.state["account"]["pending"][symbol] = value
            self._portfolio = _portfolio_of(ctx, self.state["account"])
            ctx.log(f"{signal.direction} {symbol}", order_id=order_id, value=value, **facts)


def _take_in(account: dict[str, Any], flows: float) -> None:
    """Restate what is remembered of equity as if money that came or went since had been there.

    A withdrawal is no loss and a deposit no new peak: shares of the equity before stay the same.
    """
    flow = flows - account["flows"]
    if flow == 0.0:
        return
    account["flows"] = flows
    before, after = account["last"], account["last"] + flow
    if before > 0.0 and after > 0.0:
        for name in ("start", "low", "peak"):
            account[name] *= after / before
    else:
        account["start"] = account["low"] = account["peak"] = after
    account["last"] = after


def _portfolio_of(
    ctx: Context, account: Mapping[str, Any], volatility: Mapping[str, float] | None = None
) -> PortfolioSnapshot:
    """The account at the marks of now."""
    held = ctx.portfolio.positions
    return PortfolioSnapshot(
        ts=ctx.now_ns,
        session=ctx.session,
        equity=ctx.portfolio.equity,
        cash=ctx.portfolio.cash,
        positions={symbol: one.qty for symbol, one in held.items()},
        values={symbol: one.market_value for symbol, one in held.items()},
        pending=dict(account["pending"]),
        session_start_equity=account["start"],
        session_low_equity=account["low"],
        peak_equity=account["peak"],
        volatility=volatility or {},
    )


def _volatility(sizing: VolatilityScaled, symbol: str, tf: str, ctx: Context) -> float:
    """Annual deviation of the last simple returns (ddof 1); NaN before there are enough."""
    per_year = sizing.periods_per_year
    if per_year is None:
        if tf != "1d":
            raise ConfigError(
                f"policy sizing.periods_per_year: expected a number for bars of {tf}, found none; "
                "give the number of bars in a year."
            )
        per_year = float(ctx.calendar.periods_per_year)
    closes = ctx.data.get(symbol, "close", sizing.n + 1).tolist()
    if len(closes) <= sizing.n:
        return math.nan
    returns = [b / a - 1.0 for a, b in itertools.pairwise(closes)]
    mean = math.fsum(returns) / len(returns)
    variance = math.fsum((r - mean) ** 2 for r in returns) / (len(returns) - 1)
    return math.sqrt(variance * per_year)


def _facts(signal: Signal) -> dict[str, Any]:
    """What a log line says of a signal."""
    facts: dict[str, Any] = {"symbol": signal.symbol, "direction": signal.direction}
    if signal.confidence != 1.0:
        facts["confidence"] = signal.confidence
    if signal.metadata:
        facts["metadata"] = dict(signal.metadata)
    return facts


def _log(ctx: Context, text: str, decision: RiskDecision, facts: Mapping[str, Any]) -> None:
    """A refusal or cut: the rule, its limit, and what was measured."""
    known = {"limit": decision.limit, "value": decision.value}
    numbers = {name: number for name, number in known.items() if number == number}
    ctx.log(text, rule=decision.rule, **numbers, **facts)
