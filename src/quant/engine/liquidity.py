"""What is known of spreads, volatility and volume at each bar, for the models that ask."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from quant.errors import ConfigError
from quant.lake import Bars
from quant.model.config import Config, SpreadSlippage, SquareRootImpact

__all__ = ["known_rows"]

FloatArray = NDArray[np.float64]
NOTHING = np.zeros(0)


def known_rows(bars: Bars, config: Config, rows: NDArray[np.int64]) -> dict[str, FloatArray]:
    """The kernel's arrays of what is known, in the order of ``rows``; empty where no model asks.

    Parameters
    ----------
    bars : Bars
    config : Config
    rows : int64 array of shape (n_rows,)
        For each of the kernel's bars its place in the columns of ``bars``.

    Raises
    ------
    ConfigError
        If a model needs columns that the data does not have.
    """
    found = {"row_spreads": NOTHING, "row_sigmas": NOTHING, "row_advs": NOTHING}
    if isinstance(config.slippage, SpreadSlippage):
        found["row_spreads"] = _spreads(bars)[rows]
    impact, execution = config.impact, config.execution
    if isinstance(impact, SquareRootImpact):
        if impact.sigma is None:
            found["row_sigmas"] = _by_session(bars, impact.window, _volatility)[rows]
        if impact.adv is None:
            found["row_advs"] = _by_session(bars, impact.window, _mean_volume)[rows]
    if execution.cap_by == "adv":
        if len(found["row_advs"]) and impact.window != execution.adv_window:  # type: ignore[union-attr]
            raise ConfigError(
                "config execution.adv_window and impact.window: expected one window of average "
                f"volume, found {execution.adv_window} and {impact.window}; "  # type: ignore[union-attr]
                "make them equal."
            )
        found["row_advs"] = _by_session(bars, execution.adv_window, _mean_volume)[rows]
    return found


def _spreads(bars: Bars) -> FloatArray:
    """The spread of every bar, NaN where it is not known."""
    columns = bars.columns
    if "spread" in columns:
        spread = np.asarray(columns["spread"], np.float64)
    elif "bid" in columns and "ask" in columns:
        spread = np.asarray(columns["ask"]) - np.asarray(columns["bid"])
    else:
        raise ConfigError(
            "config slippage: kind spread expects a column spread, or bid and ask, found none in "
            f"{bars.source.name} ({', '.join(sorted(columns))}); add it, or use another kind."
        )
    wrong = np.flatnonzero(spread < 0.0)
    if len(wrong):
        raise ConfigError(
            f"config slippage: kind spread expects spreads of at least 0, found {spread[wrong[0]]} "
            f"in row {int(wrong[0])} of {bars.source.name}; correct bid and ask."
        )
    return spread


def _by_session(bars: Bars, window: int, figure: object) -> FloatArray:
    """A figure of the ``window`` sessions before each bar's own, instrument by instrument."""
    result = np.full(len(bars.session), math.nan)
    for begin, end in zip(bars.offsets[:-1].tolist(), bars.offsets[1:].tolist(), strict=True):
        session = bars.session[begin:end]
        if len(session) == 0:
            continue
        starts = np.concatenate(([0], np.flatnonzero(np.diff(session)) + 1))
        ends = np.concatenate((starts[1:], [len(session)]))
        close = np.asarray(bars.columns["close"])[begin:end][ends - 1]
        volume = np.add.reduceat(np.asarray(bars.columns["volume"])[begin:end], starts)
        values = figure(close, volume, window)  # type: ignore[operator]
        result[begin:end] = np.repeat(values, ends - starts)
    return result


def _mean_volume(close: FloatArray, volume: FloatArray, window: int) -> FloatArray:
    """Mean volume of the sessions before each one, at most ``window`` of them."""
    return np.array(
        [
            math.fsum(volume[max(k - window, 0) : k].tolist()) / min(k, window) if k else math.nan
            for k in range(len(volume))
        ]
    )


def _volatility(close: FloatArray, volume: FloatArray, window: int) -> FloatArray:
    """Standard deviation of the last log returns known before each session."""
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = [
            math.log(b / a) if a > 0.0 and b > 0.0 else math.nan
            for a, b in zip(close[:-1].tolist(), close[1:].tolist(), strict=True)
        ]
    found = [math.nan] * len(close)
    for k in range(len(close)):
        # the returns between the sessions before this one
        known = moves[max(k - 1 - window, 0) : max(k - 1, 0)]
        if len(known) >= 2:
            mean = math.fsum(known) / len(known)
            squares = math.fsum((x - mean) ** 2 for x in known)
            found[k] = math.sqrt(squares / (len(known) - 1))
    return np.array(found)
