"""``qt.from_weights`` and ``qt.from_orders``: runs of decisions that are arrays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import numpy as np

from quant.engine.backtest import Progress, simulate
from quant.engine.inputs import config_of, day_of, load_for
from quant.engine.run import Run
from quant.engine.wide import FloatArray, times_of, wide_array
from quant.errors import ConfigError
from quant.lake import Bars, DataOptions
from quant.model.checks import choice
from quant.model.config import Config, GrossLeverage
from quant.strategy.base import Strategy
from quant.strategy.declared import SIZE_TYPES, DeclaredOrders, SizePlan

__all__ = ["from_orders", "from_weights", "run_planned"]


def from_orders(
    data: Any,
    size: Any,
    *,
    size_type: str = "units",
    config: Config | Mapping[str, Any] | None = None,
    start: date | datetime | str | None = None,
    end: date | datetime | str | None = None,
    seed: int | None = None,
    options: DataOptions | None = None,
    on_progress: Progress | None = None,
) -> Run:
    """Run orders that are an array: one row for each time at which bars end.

    A row is decided when its bars have ended, in order of instrument, and filled by the rules of
    every run: at the next open unless ``execution.timing`` says otherwise.

    Parameters
    ----------
    data : frame, path, sample or Bars
        As for `backtest`.
    size : array or frame of shape (n_times, n_symbols)
        NaN leaves an instrument alone. Columns are in order of symbol, or named by symbol.
    size_type : str
        ``units``, ``value`` (base money) or ``percent`` (fraction of equity): a market order beside
        what is held, signed. ``target_units``, ``target_value`` or ``target_weight``: what is to be
        held, as ``ctx.order_target`` has it.
    config, start, end, seed, options, on_progress
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
    >>> import numpy as np
    >>> import quant as qt
    >>> bars = qt.load_bars(qt.sample("sp500"))
    >>> size = np.full((len(bars.ts_close), 1), np.nan)
    >>> size[0] = 10
    >>> run = qt.from_orders(bars, size, config={"cash": 100_000})
    >>> run.fills["qty"].to_list()
    [10.0]
    """
    choice("from_orders size_type", size_type, SIZE_TYPES)
    settings = config_of(config, seed)
    bars = load_for(data, settings, options)
    times = times_of(bars)
    sizes = wide_array("from_orders size", size, bars, times)
    if size_type == "target_weight":
        _check_weights("from_orders size", sizes, settings, bars)
    planned = DeclaredOrders(SizePlan(sizes=sizes, size_type=size_type, times=times))
    return run_planned(planned, bars, settings, start, end, on_progress)


def run_planned(
    strategy: Strategy,
    bars: Bars,
    config: Config,
    start: date | datetime | str | None,
    end: date | datetime | str | None,
    on_progress: Progress | None = None,
) -> Run:
    """A run of what was planned, whole or not at all."""
    run = simulate(
        strategy,
        bars,
        config,
        start=day_of("start", start),
        end=day_of("end", end),
        on_progress=on_progress,
    )
    if run.failure is not None:
        raise run.failure.error
    return run


def from_weights(data: Any, weights: Any, **settings: Any) -> Run:
    """Run target weights that are an array: `from_orders` with ``size_type="target_weight"``.

    Parameters
    ----------
    data : frame, path, sample or Bars
    weights : array or frame of shape (n_times, n_symbols)
        Fractions of equity to hold from the next print on; NaN leaves an instrument alone.
    **settings
        config, start, end, seed, options and on_progress of `from_orders`.

    Returns
    -------
    Run

    Examples
    --------
    >>> import quant as qt
    >>> run = qt.from_weights(qt.sample("sp500"), 0.5, end="2000-12-29")
    >>> len(run.fills) > 1
    True
    """
    return from_orders(data, weights, size_type="target_weight", **settings)


def _check_weights(where: str, weights: FloatArray, config: Config, bars: Bars) -> None:
    """Weights that the account's leverage could never hold are a mistake, not a wish."""
    if not isinstance(config.account, GrossLeverage):
        return
    gross = np.nansum(np.abs(weights), axis=1)
    worst = int(np.argmax(gross)) if len(gross) else 0
    if len(gross) and gross[worst] > config.account.k * (1.0 + 1e-9):
        raise ConfigError(
            f"{where}: expected weights of together at most the account's leverage "
            f"{config.account.k:g}, found {gross[worst]:g} in row {worst}; lower them or raise "
            "account.k."
        )
