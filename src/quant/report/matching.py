"""The compiled half of :mod:`quant.report.trades`: matching of fills, and extremes.

Lots of one instrument are a chain of fill rows, linked by `following`: a queue, or a stack where
the last comes out first; `held` is what is left of each. At average price they are one pool.
`unbooked` counts the units of a fill, opening and closing alike, whose share of its costs
no trade has taken yet, so that the last share is the rest. Extremes over long holdings come from
blocks of rows, so that many lots held for years cost no more than a few steps each.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from quant.kernel.jit import compiled, entry

__all__ = ["BLOCK", "block_extremes", "excursions", "match", "match_average"]

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]

BLOCK = 64
_NONE = -1


@compiled
def _take(row: int, units: int, costs_left: FloatArray, unbooked: IntArray) -> float:
    """The share of a fill's costs that belongs to `units` of it; the last share is the rest."""
    share = costs_left[row]
    if units != unbooked[row]:
        share = share * units / unbooked[row]
    costs_left[row] -= share
    unbooked[row] -= units
    return share  # type: ignore[no-any-return]


@entry
def match(
    instrument: IntArray,
    units: IntArray,
    costs_left: FloatArray,
    held: IntArray,
    n_instruments: int,
    is_stack: int,
) -> tuple[IntArray, FloatArray]:
    """Pairs (entry fill, exit fill, units) in order of exit, and the costs of both parts.

    `costs_left` comes in as each fill's costs and goes out as what no pair has taken; `held` comes
    in as zeros and goes out as the open units of each fill.
    """
    n = len(units)
    pairs = np.empty((2 * n, 3), np.int64)
    costs = np.empty((2 * n, 2), np.float64)
    unbooked = np.abs(units)
    following = np.full(n, _NONE, np.int64)
    first = np.full(n_instruments, _NONE, np.int64)
    last = np.full(n_instruments, _NONE, np.int64)
    n_pairs = 0
    for row in range(n):
        i = instrument[row]
        left = abs(units[row])
        while left > 0 and first[i] != _NONE and (units[first[i]] > 0) != (units[row] > 0):
            lot = first[i]
            part = min(left, held[lot])
            pairs[n_pairs, 0] = lot
            pairs[n_pairs, 1] = row
            pairs[n_pairs, 2] = part
            costs[n_pairs, 0] = _take(lot, part, costs_left, unbooked)
            costs[n_pairs, 1] = _take(row, part, costs_left, unbooked)
            n_pairs += 1
            left -= part
            held[lot] -= part
            if held[lot] == 0:
                first[i] = following[lot]
        if left > 0:
            held[row] = left
            if is_stack != 0:
                following[row] = first[i]
                first[i] = row
            elif first[i] == _NONE:
                first[i] = row
            else:
                following[last[i]] = row
            last[i] = row
    return pairs[:n_pairs].copy(), costs[:n_pairs].copy()


@entry
def match_average(
    instrument: IntArray,
    units: IntArray,
    price: FloatArray,
    costs_left: FloatArray,
    n_instruments: int,
) -> tuple[IntArray, FloatArray, FloatArray, IntArray, FloatArray]:
    """As ``match`` with one pool per instrument: pairs, costs, the average price of each entry, and
    the units and prices of pools.

    A pool stands at the row of the fill that began it, where `costs_left` has the costs that no
    pair has taken.
    """
    n = len(units)
    held = np.zeros(n, np.int64)
    pool_price = np.zeros(n, np.float64)
    pairs = np.empty((n, 3), np.int64)
    costs = np.empty((n, 2), np.float64)
    entry_price = np.empty(n, np.float64)
    unbooked = np.abs(units)
    pool = np.full(n_instruments, _NONE, np.int64)
    n_pairs = 0
    for row in range(n):
        i = instrument[row]
        first = pool[i]
        left = abs(units[row])
        if first != _NONE and (units[first] > 0) != (units[row] > 0):
            part = min(left, held[first])
            pairs[n_pairs, 0] = first
            pairs[n_pairs, 1] = row
            pairs[n_pairs, 2] = part
            entry_price[n_pairs] = pool_price[first]
            share = costs_left[first]
            if part != held[first]:
                share = share * part / held[first]
            costs_left[first] -= share
            costs[n_pairs, 0] = share
            costs[n_pairs, 1] = _take(row, part, costs_left, unbooked)
            n_pairs += 1
            left -= part
            held[first] -= part
            if held[first] == 0:
                costs_left[first] = 0.0
                first = _NONE
                pool[i] = _NONE
        if left > 0:
            if first == _NONE:
                pool[i] = row
                held[row] = left
                pool_price[row] = price[row]
            else:
                total = held[first] + left
                pool_price[first] = (pool_price[first] * held[first] + price[row] * left) / total
                held[first] = total
                costs_left[first] += costs_left[row]
                costs_left[row] = 0.0
    return pairs[:n_pairs], costs[:n_pairs], entry_price[:n_pairs], held, pool_price


@compiled
def _lower(known: float, price: float) -> float:
    """The lower of the two; a missing price (NaN) counts for nothing."""
    return price if price < known else known


@compiled
def _higher(known: float, price: float) -> float:
    """The higher of the two; a missing price (NaN) counts for nothing."""
    return price if price > known else known


@entry
def block_extremes(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest low and highest high of every `BLOCK` rows."""
    n_blocks = (len(low) + BLOCK - 1) // BLOCK
    lows = np.full(n_blocks, np.inf)
    highs = np.full(n_blocks, -np.inf)
    for row in range(len(low)):
        block = row // BLOCK
        lows[block] = _lower(lows[block], low[row])
        highs[block] = _higher(highs[block], high[row])
    return lows, highs


@entry
def excursions(
    first: IntArray,
    end: IntArray,
    low: FloatArray,
    high: FloatArray,
    lows: FloatArray,
    highs: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Lowest low and highest high of rows first to end (not included); infinite where none."""
    lowest = np.full(len(first), np.inf)
    highest = np.full(len(first), -np.inf)
    for k in range(len(first)):
        row = first[k]
        while row < end[k]:
            if row % BLOCK == 0 and row + BLOCK <= end[k]:
                block = row // BLOCK
                lowest[k] = _lower(lowest[k], lows[block])
                highest[k] = _higher(highest[k], highs[block])
                row += BLOCK
            else:
                lowest[k] = _lower(lowest[k], low[row])
                highest[k] = _higher(highest[k], high[row])
                row += 1
    return lowest, highest
