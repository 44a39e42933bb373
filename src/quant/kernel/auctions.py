"""The bars whose open or close is that of their session: found once an order asks."""

from __future__ import annotations

import numpy as np

from quant.kernel.codes import ROW_FLAG, ZERO_VOLUME
from quant.kernel.layout import State

__all__ = ["know_auctions"]


def know_auctions(state: State) -> None:
    """Flag the first and the last bar with trading of every instrument and session."""
    bars = state["bars"]
    if len(state["row_flags"]) == len(bars):
        return
    trading = np.flatnonzero(~(bars["volume"] <= 0.0))
    if int(state["policy"][0]["zero_volume"]) >= ZERO_VOLUME.MINIMUM_LIQUIDITY:
        trading = np.arange(len(bars))
    # rows stand in order of their end, so one instrument's are ascending in time
    order = np.lexsort((trading, bars["session"][trading], bars["instrument"][trading]))
    rows = trading[order]
    whose, session = bars["instrument"][rows], bars["session"][rows]
    parts = np.flatnonzero((np.diff(whose) != 0) | (np.diff(session) != 0))
    flags = np.zeros(max(len(bars), 1), np.int64)
    if len(rows):
        flags[rows[np.concatenate(([0], parts + 1))]] |= ROW_FLAG.SESSION_FIRST
        flags[rows[np.concatenate((parts, [len(rows) - 1]))]] |= ROW_FLAG.SESSION_LAST
    state.arrays["row_flags"] = flags  # type: ignore[assignment]
    state.refresh()
