"""What the money would have become without the strategy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.engine.timeline import Period
from quant.errors import ConfigError, nearest
from quant.lake import Bars
from quant.model.config import Config

__all__ = ["Benchmark", "benchmark_equity", "benchmark_lack", "benchmark_name"]

FloatArray = NDArray[np.float64]
Benchmark = FloatArray | None


def _instruments(choice: str, bars: Bars, config: Config) -> list[int]:
    if choice == "buy_and_hold":
        rates = {rate.symbol for rate in config.currencies.values()}
        held = [i for i, symbol in enumerate(bars.symbols) if symbol not in rates]
        return held or list(range(len(bars.symbols)))
    if choice in bars.symbols:
        return [bars.symbols.index(choice)]
    known = ("buy_and_hold", "none", *bars.symbols)
    shown = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
    raise ConfigError(
        f"config benchmark: expected one of {shown}, found {choice!r}; "
        f"correct it.{nearest(choice, known)}"
    )


def benchmark_name(config: Config, bars: Bars) -> str | None:
    """How the benchmark is called in reports."""
    choice = config.benchmark
    if choice == "none":
        return None
    held = _instruments(choice, bars, config)
    if len(held) == 1:
        return f"buy and hold {bars.symbols[held[0]]}"
    return f"the {len(held)} symbols held equally"


def _start(bars: Bars, i: int, period: Period) -> tuple[int, float] | None:
    """The row (of the symbol's own) and the price at which a symbol is bought; None without one."""
    rows = slice(int(bars.offsets[i]), int(bars.offsets[i + 1]))
    session = bars.session[rows]
    first = int(np.searchsorted(session, period.first))
    if first == len(session):
        return None
    name = "close" if bars.closes_only else "open"
    return first, float(bars.columns[name][rows][first])


def benchmark_lack(config: Config, bars: Bars, period: Period) -> str:
    """Why a run has no benchmark although its settings name one; empty if it has.

    What costs nothing or less cannot be bought with a part of the cash.
    """
    if config.benchmark == "none":
        return ""
    for i in _instruments(config.benchmark, bars, config):
        start = _start(bars, i, period)
        if start is not None and start[1] <= 0.0:
            return (
                f"There is no benchmark: {bars.symbols[i]} begins at a price of {start[1]:g}, at "
                "which a part of the cash buys nothing that could be held."
            )
    return ""


def _rates(config: Config, bars: Bars, code: str, ts: NDArray[np.int64]) -> FloatArray:
    """What a currency was worth at some times: the last price of its rate, or the first to come."""
    rate = config.currencies[code]
    if rate.symbol is None:
        return np.full(len(ts), rate.fixed)
    i = bars.symbols.index(rate.symbol)
    rows = slice(int(bars.offsets[i]), int(bars.offsets[i + 1]))
    place = np.searchsorted(bars.ts_close[rows], ts, side="right") - 1
    price = bars.columns["close"][rows][np.maximum(place, 0)]
    return 1.0 / price if rate.inverted else np.asarray(price)


def benchmark_equity(
    config: Config, bars: Bars, period: Period, ts: NDArray[np.int64]
) -> Benchmark:
    """Equity of buying and holding, at the rows of the equity curve, without costs.

    Each instrument gets an equal part of the cash, invested at its first price in the period: the
    open of its first bar, the close where the data has only closes. Until then its part is cash.
    Prices in another currency are changed at the rate of their time; symbols that are rates are
    not held. None, too, where a first price is zero or below (`benchmark_lack`).

    Parameters
    ----------
    config : Config
        Its ``benchmark`` is ``buy_and_hold``, a symbol, or ``none``.
    ts : int64 array of shape (n_rows,)
        Times of the rows; the first is the opening deposit.

    Returns
    -------
    float64 array of shape (n_rows,), or None
    """
    choice, cash = config.benchmark, config.cash
    if choice == "none" or benchmark_lack(config, bars, period):
        return None
    held = _instruments(choice, bars, config)
    part = cash / len(held)
    total = np.zeros(len(ts))
    for i in held:
        rows = slice(int(bars.offsets[i]), int(bars.offsets[i + 1]))
        begun = _start(bars, i, period)
        if begun is None:
            total += part
            continue
        first, start = begun
        ends = bars.ts_close[rows]
        close = bars.columns["close"][rows]
        place = np.searchsorted(ends, ts, side="right") - 1
        price = close[np.maximum(place, 0)]
        begin = bars.ts_close[rows] if bars.closes_only else bars.ts_open[rows]
        code = config.currency_of(bars.symbols[i])
        if code != config.currency:
            start = start * _rates(config, bars, code, begin[first : first + 1])[0]
            price = price * _rates(config, bars, code, ts)
        growth = np.where(place >= first, price / start, 1.0)
        total += part * growth
    total[0] = cash
    return total
