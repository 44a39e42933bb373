"""``qt.from_signals``: runs of entries and exits that are arrays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.engine.declarative import run_planned
from quant.engine.inputs import config_of, load_for
from quant.engine.plan_install import OPPOSITES
from quant.engine.run import Run
from quant.engine.wide import FloatArray, times_of, wide_array
from quant.errors import ConfigError
from quant.kernel.codes import SIGNAL
from quant.lake import Bars, DataOptions
from quant.model.checks import choice
from quant.model.config import Config
from quant.strategy.declared_signals import DeclaredSignals, Exits, SignalPlan

__all__ = ["from_signals"]

_ENTRIES = ("entries", "short_entries")


def from_signals(
    data: Any,
    entries: Any = None,
    exits: Any = None,
    short_entries: Any = None,
    short_exits: Any = None,
    *,
    size: Any = 1.0,
    size_type: str = "percent",
    stop_loss: Any = None,
    take_profit: Any = None,
    trailing: Any = None,
    on_conflict: str = "ignore",
    on_both: str = "ignore",
    on_again: str = "ignore",
    on_opposite: str = "reverse",
    config: Config | Mapping[str, Any] | None = None,
    start: date | datetime | str | None = None,
    end: date | datetime | str | None = None,
    seed: int | None = None,
    options: DataOptions | None = None,
) -> Run:
    """Run entries and exits that are arrays: one row for each time at which bars end.

    Parameters
    ----------
    data : frame, path, sample or Bars
        As for `backtest`.
    entries, exits, short_entries, short_exits : arrays or frames of shape (n_times, n_symbols)
        True (or not 0) where a long, or a short, is entered or left; NaN is false.
    size : number, array or frame
        Of an entry, above 0.
    size_type : "units", "value" or "percent"
        Units, base money, or a fraction of equity. Without exits of their own entries are targets:
        a percent of 1 is all there is, cost included, at the price of the fill.
    stop_loss, take_profit, trailing : number, array or frame, optional
        Fractions of the close at which an entry is decided, at which orders then protect it:
        0.05 is 5 % away. Such entries are sized at that close.
    on_conflict : "ignore", "entry" or "exit"
        Entry and exit of one side at once: neither, or the one that counts.
    on_both : "ignore", "long" or "short"
        Both sides entered at once: neither, or the one that counts.
    on_again : "ignore" or "add"
        An entry where its position is held already.
    on_opposite : "reverse", "close" or "ignore"
        An entry against a position.
    config, start, end, seed, options
        As for `backtest`.

    Returns
    -------
    Run

    Raises
    ------
    ConfigError, DataError
        For shapes, types and values that do not fit, before the run.

    Examples
    --------
    >>> import quant as qt
    >>> bars = qt.load_bars(qt.sample("sp500"))
    >>> close = bars.columns["close"]
    >>> rises = close > 1.02 * bars.columns["open"]
    >>> falls = close < 0.98 * bars.columns["open"]
    >>> run = qt.from_signals(bars, rises, falls, end="2001-12-31")
    >>> run.trades["side"].unique().to_list()
    ['LONG']
    """
    where = "from_signals"
    choice(f"{where} size_type", size_type, ("units", "value", "percent"))
    choice(f"{where} on_conflict", on_conflict, ("ignore", "entry", "exit"))
    choice(f"{where} on_both", on_both, ("ignore", "long", "short"))
    choice(f"{where} on_again", on_again, ("ignore", "add"))
    choice(f"{where} on_opposite", on_opposite, OPPOSITES)
    settings = config_of(config, seed)
    bars = load_for(data, settings, options)
    times = times_of(bars)
    flags = [
        _flags(f"{where} {name}", given, bars, times)
        for name, given in (
            ("entries", entries),
            ("exits", exits),
            ("short_entries", short_entries),
            ("short_exits", short_exits),
        )
    ]
    signals = _signals(_cleaned(flags, on_conflict, on_both))
    plan = SignalPlan(
        signals=signals,
        sizes=_sizes(f"{where} size", size, bars, times, signals),
        size_type=size_type,
        again=on_again,
        opposite=on_opposite,
        times=times,
        exits=_exits((stop_loss, take_profit, trailing), settings, bars, times),
    )
    return run_planned(DeclaredSignals(plan), bars, settings, start, end)


def _flags(where: str, given: Any, bars: Bars, times: NDArray[np.int64]) -> NDArray[np.bool_]:
    if given is None:
        return np.zeros((len(times), len(bars.symbols)), np.bool_)
    values = wide_array(where, given, bars, times)
    found: NDArray[np.bool_] = (values != 0.0) & (values == values)
    return found


def _cleaned(
    flags: list[NDArray[np.bool_]], on_conflict: str, on_both: str
) -> list[NDArray[np.bool_]]:
    """Signals of which no two contradict each other."""
    for entry, leave in (flags[:2], flags[2:]):
        at_once = entry & leave
        if on_conflict != "entry":
            entry &= ~at_once
        if on_conflict != "exit":
            leave &= ~at_once
    long, short = flags[0], flags[2]
    at_once = long & short
    if on_both != "long":
        long &= ~at_once
    if on_both != "short":
        short &= ~at_once
    return flags


def _signals(flags: list[NDArray[np.bool_]]) -> NDArray[np.int8]:
    codes = (SIGNAL.LONG_ENTRY, SIGNAL.LONG_EXIT, SIGNAL.SHORT_ENTRY, SIGNAL.SHORT_EXIT)
    signals = np.zeros(flags[0].shape, np.int8)
    for code, flag in zip(codes, flags, strict=True):
        signals[flag] |= code
    return signals


def _sizes(
    where: str, given: Any, bars: Bars, times: NDArray[np.int64], signals: NDArray[np.int8]
) -> FloatArray:
    """Sizes of entries; one number stays one."""
    sizes = wide_array(where, given, bars, times)
    is_entry = (signals & (SIGNAL.LONG_ENTRY | SIGNAL.SHORT_ENTRY)) != 0
    bad = np.argwhere(is_entry & ~(sizes > 0.0))
    if len(bad):
        row, column = bad[0].tolist()
        raise ConfigError(
            f"{where}: expected a number above 0 for each entry, found {sizes[row, column]:g} in "
            f"row {row} of {bars.symbols[column]}; short entries have sizes above 0, too."
        )
    return sizes[:1, :1] if np.ndim(given) == 0 and not hasattr(given, "columns") else sizes


def _exits(
    given: tuple[Any, Any, Any], config: Config, bars: Bars, times: NDArray[np.int64]
) -> Exits | None:
    if all(one is None for one in given):
        return None
    names = ("stop_loss", "take_profit", "trailing")
    found: dict[str, FloatArray | None] = {}
    for name, one in zip(names, given, strict=True):
        where = f"from_signals {name}"
        values = None if one is None else wide_array(where, one, bars, times)
        if values is not None and bool((values <= 0.0).any()):
            raise ConfigError(
                f"{where}: expected fractions above 0 or NaN, found {np.nanmin(values):g}; 0.05 is "
                "5 % away from the close."
            )
        if values is not None and name != "take_profit" and bool((values >= 1.0).any()):
            raise ConfigError(
                f"{where}: expected fractions below 1, found {np.nanmax(values):g}; 0.05 is 5 % "
                "away from the close."
            )
        found[name] = values
    ticks = tuple(config.settings_of(symbol).tick or 0.0 for symbol in bars.symbols)
    return Exits(ticks=ticks, **found)
