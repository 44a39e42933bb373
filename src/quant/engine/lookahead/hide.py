"""Bars whose future is hidden: what is not known at a moment is replaced by made-up numbers.

*Known* at a moment are bars that have ended by then, and the open of bars that have begun before.
All else is made from what is known alone: prices walk on from the last known close by returns that
were seen before, in another order and with random signs; volumes and further columns are drawn from
earlier rows. Nothing of the true future goes into it. Instants stay as they are: when a market is
open is known beforehand.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from quant.lake.bars import PRICES, Bars
from quant.seeds import generator

__all__ = ["hide_future"]

FloatArray = NDArray[np.float64]
_LEVEL = 100.0  # where nothing is known of an instrument
_SPREAD = 0.02
_FEW = 20  # returns from which on they are drawn, not made up


def hide_future(bars: Bars, moment: int, *, seed: int, drop: bool) -> Bars:
    """The bars as one could know them at a moment.

    Parameters
    ----------
    bars : Bars
    moment : int
        Nanoseconds UTC. A bar that begins at it is not known at all: its open is traded later.
    seed : int
        Of the noise.
    drop : bool
        Leave out what comes after the next session that has bars; else all instants stay, with
        made-up values for what is not known.

    Returns
    -------
    Bars
        New arrays; nothing of the original is referred to. All symbols stay, if need be without
        rows.

    Examples
    --------
    >>> from quant.lake import load_bars
    >>> bars = load_bars("sample:sp500")
    >>> cut = hide_future(bars, int(bars.ts_close[99]), seed=1, drop=True)
    >>> len(cut.ts_open), bool((cut.columns["close"][:100] == bars.columns["close"][:100]).all())
    (101, True)
    """
    kept = np.ones(len(bars.ts_open), np.bool_)
    if drop:
        # one session more: timers between it and the moment, in a gap of the data, stay the same
        later = bars.session[bars.ts_open >= moment]
        now = int(bars.calendar.sessions_of(np.array([moment]), side="beginning")[0])
        kept = bars.session <= max(now, int(later.min()) if len(later) else now)
    counts = np.add.reduceat(np.append(kept, False), bars.offsets[:-1]) if len(kept) else kept
    counts = np.where(np.diff(bars.offsets) > 0, counts, 0)
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    begin, end = bars.ts_open[kept], bars.ts_close[kept]
    columns = {name: column[kept] for name, column in bars.columns.items()}
    is_known = end <= moment
    has_open = (begin < moment) & ~is_known & (not bars.closes_only)
    hidden = _noised(columns, offsets, is_known, has_open, seed)
    if bars.closes_only:
        hidden |= dict.fromkeys(PRICES, hidden["close"])
    return dataclasses.replace(
        bars,
        offsets=offsets,
        ts_open=begin,
        ts_close=end,
        session=bars.session[kept],
        columns=hidden,
    )


def _noised(
    columns: dict[str, FloatArray],
    offsets: NDArray[np.int64],
    is_known: NDArray[np.bool_],
    has_open: NDArray[np.bool_],
    seed: int,
) -> dict[str, FloatArray]:
    """The columns with made-up values wherever a row is not known."""
    random = generator(seed, "look-ahead audit")
    found = {name: column.copy() for name, column in columns.items()}
    has_volume = not bool(np.isnan(columns["volume"][is_known]).all())
    for low, high in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        known = low + np.flatnonzero(is_known[low:high])
        unknown = low + np.flatnonzero(~is_known[low:high])
        if len(unknown) == 0:
            continue
        _walk_on(found, columns["close"][known], unknown, random)
        for name in sorted(found.keys() - set(PRICES)):
            seen = columns[name][known]
            if len(seen):
                found[name][unknown] = random.choice(seen, len(unknown))
            elif name == "volume" and has_volume:
                found[name][unknown] = np.exp(random.normal(13.0, 0.5, len(unknown)))
            else:
                found[name][unknown] = np.nan
    rows = np.flatnonzero(has_open)
    found["open"][rows] = columns["open"][rows]
    found["close"][rows] = columns["open"][rows] * (1.0 + random.normal(0.0, _SPREAD, len(rows)))
    _reach_out(found, rows, random)
    return found


def _walk_on(
    found: dict[str, FloatArray],
    closes: FloatArray,
    rows: NDArray[np.int64],
    random: np.random.Generator,
) -> None:
    """Prices of some rows, going on from the closes that are known."""
    n = len(rows)
    level = float(closes[-1]) if len(closes) else _LEVEL
    if level > 0:
        steps = _steps(closes, 2 * n, random)
        path = level * np.exp(np.cumsum(steps[:n]))
        gaps = np.exp(steps[n:] / 2.0)
        found["open"][rows] = np.concatenate(([level], path[:-1])) * gaps
    else:  # a price that may be negative has no ratios
        wide = max(abs(level), 1.0) * _SPREAD
        path = level + np.cumsum(random.normal(0.0, wide, n))
        found["open"][rows] = np.concatenate(([level], path[:-1])) + random.normal(0.0, wide, n)
    found["close"][rows] = path
    _reach_out(found, rows, random)


def _steps(closes: FloatArray, n: int, random: np.random.Generator) -> FloatArray:
    """Logarithmic returns: those that were seen, with random signs; normal ones of 2 % if few."""
    recent = closes[-2_000:]
    recent = recent[recent > 0]
    seen = np.diff(np.log(recent)) if len(recent) > _FEW else np.zeros(0)
    if not seen.any():
        return random.normal(0.0, _SPREAD, n)
    drawn: FloatArray = random.choice(seen, n) * random.choice([-1.0, 1.0], n)
    return drawn


def _reach_out(
    found: dict[str, FloatArray], rows: NDArray[np.int64], random: np.random.Generator
) -> None:
    """Highs and lows around the opens and closes of some rows."""
    begin, end = found["open"][rows], found["close"][rows]
    top, bottom = np.maximum(begin, end), np.minimum(begin, end)
    found["high"][rows] = top + np.abs(top) * np.abs(random.normal(0.0, 0.005, len(rows)))
    found["low"][rows] = bottom - np.abs(bottom) * np.abs(random.normal(0.0, 0.005, len(rows)))
