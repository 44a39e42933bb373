"""Which indicators a signal strategy is shown, by name, and their values for one symbol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quant.errors import ConfigError, nearest
from quant.lake.options import parse_bar
from quant.strategy.features import Feature
from quant.strategy.market import Bar
from quant.strategy.timeframes import BarMaker, Edges, TimeframeFeed, timeframe_ns

if TYPE_CHECKING:
    from quant.indicators import Twin
    from quant.strategy.context import Context

__all__ = ["FeatureSet", "SymbolFeatures"]

_PRICES = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Declared:
    """One indicator: its name in the snapshot, what computes it, on which bars."""

    name: str
    indicator: str
    field: str
    tf: str | None
    params: dict[str, Any]


class FeatureSet:
    """What ``declare`` is given: name indicators and higher timeframes, for every symbol alike."""

    def __init__(self) -> None:
        self._declared: list[_Declared] = []
        self._timeframes: set[str] = set()

    @property
    def timeframes(self) -> list[str]:
        """The declared higher timeframes, shortest first."""
        return sorted(self._timeframes, key=timeframe_ns)

    def timeframe(self, tf: str) -> None:
        """Show the last complete bar of a higher timeframe: ``15min``, ``1h``, ``4h``, ``1d``,
        ``1w``."""
        timeframe_ns(tf)
        self._timeframes.add(tf)

    def add(
        self,
        name: str,
        indicator: str,
        field: str = "close",
        *,
        tf: str | None = None,
        **params: Any,
    ) -> None:
        """Show an indicator as ``features[name]``.

        Parameters
        ----------
        name : str
        indicator : str
            A method of ``ctx.features``, such as ``ema`` or ``atr``.
        field : str
            The column it takes; ``atr`` and the Donchian channels need none.
        tf : str, optional
            A higher timeframe; without it the data's own bars.
        **params
            The indicator's own, such as ``n``.

        Raises
        ------
        ConfigError
            If the indicator is unknown, or the name is taken on that timeframe.
        """
        from quant.indicators import INDICATORS

        if indicator not in INDICATORS:
            raise ConfigError(
                f"features.add({name!r}): expected one of {', '.join(INDICATORS)}, found "
                f"{indicator!r}; correct it.{nearest(str(indicator), INDICATORS)}"
            )
        if tf is not None:
            self.timeframe(tf)
        if any((one.name, one.tf) == (name, tf) for one in self._declared):
            raise ConfigError(
                f"features.add({name!r}): expected a name that is free on "
                f"{tf or 'the own bars of the data'}, found it taken; choose another."
            )
        one = _Declared(name=name, indicator=indicator, field=field, tf=tf, params=params)
        self._declared.append(one)

    def of(self, tf: str | None) -> list[_Declared]:
        """What is declared on a timeframe, or on the data's own bars."""
        return [one for one in self._declared if one.tf == tf]


class SymbolFeatures:
    """The declared indicators of one symbol, as of now."""

    def __init__(self, symbol: str, declared: FeatureSet, ctx: Context) -> None:
        self._symbol = symbol
        self._own = {one.name: _feature(one, symbol, ctx) for one in declared.of(None)}
        self._lookback = max((one.lookback for one in self._own.values()), default=0)
        edges = Edges(ctx.calendar) if declared.timeframes else None
        self.feeds: dict[str, TimeframeFeed] = {}
        for tf in declared.timeframes:
            assert edges is not None
            twins = {one.name: _twin(one) for one in declared.of(tf)}
            self.feeds[tf] = TimeframeFeed(BarMaker(symbol, tf, edges), twins)
        self._n_bars = 0

    @property
    def is_ready(self) -> bool:
        """Whether every declared indicator and timeframe has had enough bars."""
        enough = self._n_bars >= self._lookback
        return enough and all(feed.is_ready for feed in self.feeds.values())

    def take(self, bar: Bar, ctx: Context) -> None:
        """Take the bar that has just ended; the first time, all that ended before it as well."""
        if self._n_bars == 0:
            times = ctx.data.times(self._symbol, 1 << 40).tolist()
            self._n_bars = len(times)
            if self.feeds:
                self._check_lengths(bar.tf)
                rows = ctx.data.get(self._symbol, _PRICES, 1 << 40).tolist()
                for ts, row in zip(times, rows, strict=True):
                    self._feed(ts, row)
            return
        self._n_bars += 1
        if self.feeds:
            self._feed(bar.ts_close, (bar.open, bar.high, bar.low, bar.close, bar.volume))

    def values(self) -> dict[str, float]:
        """Indicators on the data's own bars, by name."""
        return {name: feature.value for name, feature in self._own.items()}

    def _feed(self, ts: int, values: Any) -> None:
        for feed in self.feeds.values():
            feed.add(ts, values)

    def _check_lengths(self, tf: str) -> None:
        """A higher bar holds a whole number of the data's bars, and more than one."""
        own = parse_bar(tf)
        for higher in self.feeds:
            step = timeframe_ns(higher)
            if step <= own or step % own != 0:
                raise ConfigError(
                    f"features: expected timeframes that are multiples of the data's bars ({tf}), "
                    f"found {higher!r} for {self._symbol}; choose a longer one."
                )


def _feature(one: _Declared, symbol: str, ctx: Context) -> Feature:
    """The indicator on the data's own bars."""
    from quant.indicators import INDICATORS

    method = getattr(ctx.features, one.indicator)
    arguments = [symbol]
    if INDICATORS[one.indicator].inputs == ("field",):
        arguments.append(one.field)
    try:
        if one.indicator == "vol_target":
            return method(symbol, field=one.field, **one.params)  # type: ignore[no-any-return]
        return method(*arguments, **one.params)  # type: ignore[no-any-return]
    except TypeError as error:
        raise _misfit(one, error) from None


def _twin(one: _Declared) -> tuple[Twin, tuple[str, ...]]:
    """The indicator on higher bars, and the fields of these it takes."""
    from quant.indicators import INDICATORS

    spec = INDICATORS[one.indicator]
    if one.field not in _PRICES:
        raise ConfigError(
            f"features.add({one.name!r}): expected one of {', '.join(_PRICES)} on {one.tf}, found "
            f"{one.field!r}; higher bars have no other columns.{nearest(one.field, _PRICES)}"
        )
    try:
        twin = spec.twin(**one.params)
    except TypeError as error:
        raise _misfit(one, error) from None
    return twin, tuple(one.field if name == "field" else name for name in spec.inputs)


def _misfit(one: _Declared, error: TypeError) -> ConfigError:
    shown = ", ".join(f"{name}={value!r}" for name, value in one.params.items()) or "none"
    said = str(error).partition("() ")[2] or str(error)
    return ConfigError(
        f"features.add({one.name!r}): expected the parameters of {one.indicator}, found {shown} "
        f"({said}); see the list of indicators."
    )
