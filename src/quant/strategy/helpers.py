"""Ready strategies: to use as they are, to subclass, or to read.

Each decides at the end of a bar and trades weights, so that costs and cash are respected by the
sizing at the fill.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quant.errors import StrategyError
from quant.strategy.base import Strategy
from quant.strategy.market import Bar

if TYPE_CHECKING:
    from quant.model.events import Clock
    from quant.strategy.context import Context

__all__ = ["Breakout", "MovingAverageCross", "PairTrade", "VolatilityTarget"]


def _chosen(symbols: str | Sequence[str] | None, ctx: Context) -> tuple[str, ...]:
    """The symbols a helper trades: those asked for, else all of the data."""
    if symbols is None:
        return ctx.symbols
    return (symbols,) if isinstance(symbols, str) else tuple(symbols)


class MovingAverageCross(Strategy):
    """Long while the fast mean of closes is above the slow one, else flat.

    Parameters
    ----------
    fast, slow : int
        Bars of the two means.
    weight : float
        Fraction of equity when long, shared by the symbols.
    symbols : str or sequence, optional
        What to trade; all of the data by default.

    Examples
    --------
    >>> import quant as qt
    >>> run = qt.backtest(qt.MovingAverageCross(20, 100), qt.sample("sp500"), end="2002-12-31")
    >>> run.status
    'done'
    """

    def __init__(
        self,
        fast: int = 10,
        slow: int = 50,
        weight: float = 1.0,
        symbols: str | Sequence[str] | None = None,
    ) -> None:
        if fast >= slow:
            raise StrategyError(
                f"MovingAverageCross: expected fast below slow, found {fast} and {slow}; "
                "exchange or correct them."
            )
        self.fast, self.slow, self.weight, self.symbols = fast, slow, weight, symbols

    def on_start(self, ctx: Context) -> None:
        """Declare both means of every symbol."""
        chosen = _chosen(self.symbols, ctx)
        self.means = {
            symbol: (
                ctx.features.rolling_mean(symbol, "close", self.fast),
                ctx.features.rolling_mean(symbol, "close", self.slow),
            )
            for symbol in chosen
        }

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Enter above, leave below; a held position is left alone."""
        if bar.symbol not in self.means:
            return
        fast, slow = self.means[bar.symbol]
        held = ctx.portfolio.qty(bar.symbol)
        if fast > slow and held == 0:
            ctx.order_target(bar.symbol, weight=self.weight / len(self.means))
        elif fast < slow and held != 0:
            ctx.order_target(bar.symbol, 0)


class Breakout(Strategy):
    """Long when the close is above the channel of the ``entry`` bars before, flat when it is below
    that of the ``exit`` bars before (Donchian channels).

    Parameters
    ----------
    entry, exit : int
        Bars of the two channels.
    weight : float
        Fraction of equity when long, shared by the symbols.
    symbols : str or sequence, optional
        What to trade; all of the data by default.
    """

    def __init__(
        self,
        entry: int = 55,
        exit: int = 20,
        weight: float = 1.0,
        symbols: str | Sequence[str] | None = None,
    ) -> None:
        self.entry, self.exit, self.weight, self.symbols = entry, exit, weight, symbols

    def on_start(self, ctx: Context) -> None:
        """Declare both channels of every symbol."""
        self.channels = {
            symbol: (
                ctx.features.donchian_upper(symbol, self.entry),
                ctx.features.donchian_lower(symbol, self.exit),
            )
            for symbol in _chosen(self.symbols, ctx)
        }

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Compare with the channel that ended one bar ago."""
        if bar.symbol not in self.channels:
            return
        upper, lower = self.channels[bar.symbol]
        held = ctx.portfolio.qty(bar.symbol)
        if held == 0 and bar.close > upper[-2]:
            ctx.order_target(bar.symbol, weight=self.weight / len(self.channels))
        elif held != 0 and bar.close < lower[-2]:
            ctx.order_target(bar.symbol, 0)


class PairTrade(Strategy):
    """Trade the ratio of two symbols back to its mean.

    When the z-score of ``first / second`` over ``n`` bars is above ``entry`` it sells the first and
    buys the second, below ``-entry`` the reverse; inside ``exit`` it is flat.

    Parameters
    ----------
    first, second : str
        The pair.
    n : int
        Bars of mean and deviation.
    entry, exit : float
        Z-scores.
    weight : float
        Fraction of equity in each leg.
    """

    def __init__(
        self,
        first: str,
        second: str,
        n: int = 60,
        entry: float = 2.0,
        exit: float = 0.5,
        weight: float = 0.45,
    ) -> None:
        self.first, self.second, self.n = first, second, n
        self.entry, self.exit, self.weight = entry, exit, weight
        self.warmup = n

    def on_slice(self, market: object, ctx: Context) -> None:
        """Judge the ratio at every bar end of both symbols."""
        pair = ctx.data.get([self.first, self.second], "close", self.n)
        if len(pair) < self.n:
            return
        ratio = pair[:, 0] / pair[:, 1]
        deviation = float(ratio.std(ddof=1))
        if not deviation > 0.0:
            return
        z = float((ratio[-1] - ratio.mean()) / deviation)
        held = ctx.portfolio.qty(self.first)
        if abs(z) < self.exit and held != 0:
            ctx.order_target(self.first, 0)
            ctx.order_target(self.second, 0)
        elif abs(z) > self.entry and held == 0:
            side = -1.0 if z > 0 else 1.0
            ctx.order_target(self.first, weight=side * self.weight)
            ctx.order_target(self.second, weight=-side * self.weight)


class VolatilityTarget(Strategy):
    """Hold each symbol at the weight that brings its volatility to a target, reset on a schedule.

    Parameters
    ----------
    target : float
        Annual volatility, for example 0.1; shared by the symbols.
    n : int
        Bars of the estimate.
    every : str
        A schedule of ``ctx.every``.
    max_leverage : float
        Most weight of one symbol before sharing.
    symbols : str or sequence, optional
        What to hold; all of the data by default.
    """

    def __init__(
        self,
        target: float = 0.1,
        n: int = 60,
        every: str = "month close",
        max_leverage: float = 1.0,
        symbols: str | Sequence[str] | None = None,
    ) -> None:
        self.target, self.n, self.every = target, n, every
        self.max_leverage, self.symbols = max_leverage, symbols

    def on_start(self, ctx: Context) -> None:
        """Declare one weight per symbol and the schedule."""
        self.weights = {
            symbol: ctx.features.vol_target(
                symbol, self.n, self.target, max_leverage=self.max_leverage
            )
            for symbol in _chosen(self.symbols, ctx)
        }
        ctx.every(self.every)

    def on_clock(self, clock: Clock, ctx: Context) -> None:
        """Reset every weight that is known."""
        for symbol, weight in self.weights.items():
            if weight.is_ready:
                ctx.order_target(symbol, weight=weight.value / len(self.weights))
