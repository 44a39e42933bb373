"""Bars whose future is hidden: what is not known at a moment is replaced by made-up numbers.

*Known* at a moment are bars that have ended by then, and the open of bars that have begun before.
All else is noise: opens and closes are multiplied by a random walk and by independent factors,
highs and lows made up around them, and further columns drawn from other rows. Instants stay as they
are, since when a market is open is known beforehand.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from quant.lake.bars import PRICES, Bars
from quant.seeds import generator

__all__ = ["hide_future"]

FloatArray = NDArray[np.float64]
_WALK = 0.02
_JUMP = 0.05


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
        Leave out every session after the one that runs or begins at the moment; else all bars stay,
        with noise for what is not known.

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
    (100, True)
    """
    kept = np.ones(len(bars.ts_open), np.bool_)
    if drop:
        kept = bars.session <= _session_at(bars, moment)
    if not kept.any():  # nothing has begun yet: the first session, unknown
        kept = bars.session == bars.session.min()
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


def _session_at(bars: Bars, moment: int) -> int:
    """The session that runs or begins at a moment, or else the next."""
    return int(bars.calendar.sessions_of(np.array([moment]), side="beginning")[0])


def _noised(
    columns: dict[str, FloatArray],
    offsets: NDArray[np.int64],
    is_known: NDArray[np.bool_],
    has_open: NDArray[np.bool_],
    seed: int,
) -> dict[str, FloatArray]:
    """The columns with noise wherever a row is not known."""
    random = generator(seed, "look-ahead audit")
    found = {name: column.copy() for name, column in columns.items()}
    for low, high in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        unknown = low + np.flatnonzero(~is_known[low:high])
        if len(unknown) == 0:
            continue
        walk = np.cumsum(random.normal(0.0, _WALK, len(unknown)))
        for name in ("open", "close"):
            found[name][unknown] *= np.exp(walk + random.normal(0.0, _JUMP, len(unknown)))
        _reach_out(found, unknown, random)
        found["volume"][unknown] *= np.exp(random.normal(0.0, 0.5, len(unknown)))
        known = low + np.flatnonzero(is_known[low:high])
        pool = known if len(known) else np.arange(low, high)
        for name in sorted(found.keys() - {*PRICES, "volume"}):
            found[name][unknown] = columns[name][random.choice(pool, len(unknown))]
    _keep_opens(found, columns, has_open, random)
    return found


def _reach_out(
    found: dict[str, FloatArray], rows: NDArray[np.int64], random: np.random.Generator
) -> None:
    """Highs and lows around the opens and closes of some rows."""
    begin, end = found["open"][rows], found["close"][rows]
    top, bottom = np.maximum(begin, end), np.minimum(begin, end)
    found["high"][rows] = top + np.abs(top) * np.abs(random.normal(0.0, _WALK, len(rows)))
    found["low"][rows] = bottom - np.abs(bottom) * np.abs(random.normal(0.0, _WALK, len(rows)))


def _keep_opens(
    found: dict[str, FloatArray],
    columns: dict[str, FloatArray],
    has_open: NDArray[np.bool_],
    random: np.random.Generator,
) -> None:
    """Bars that have begun keep their open; the rest of them is made up around it."""
    rows = np.flatnonzero(has_open)
    found["open"][rows] = columns["open"][rows]
    found["close"][rows] = columns["open"][rows] * np.exp(random.normal(0.0, _JUMP, len(rows)))
    _reach_out(found, rows, random)
