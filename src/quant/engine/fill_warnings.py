"""Fills that paid less, or other, than the run's models of costs say, counted."""

from __future__ import annotations

import numpy as np

from quant.engine.simulation import Simulation
from quant.kernel.codes import FILL_FLAG, LIQUIDITY
from quant.kernel.layout import State
from quant.model.config import SpreadSlippage, SquareRootImpact
from quant.report.wording import counted

__all__ = ["fill_warnings"]


def fill_warnings(simulation: Simulation) -> list[str]:
    """Fills that were clamped, and those that paid no impact or spread for want of data."""
    state, config = simulation.state, simulation.config
    flags = state.used("fills")["flags"]
    found = []
    clamped = int(((flags & FILL_FLAG.CLAMPED) != 0).sum())
    if clamped:
        were = "was clamped" if clamped == 1 else "were clamped"
        found.append(
            f"{counted(clamped, 'fill')} had slippage beyond the guardrail and {were} to it."
        )
    if isinstance(config.impact, SquareRootImpact) and config.impact.alpha:
        free = int(((flags & FILL_FLAG.NO_IMPACT) != 0).sum())
        if free:
            found.append(
                f"{free:,} of {counted(len(flags), 'fill')} paid no market impact, because "
                "volatility or volume was not known; give data with volume, or impact.sigma and "
                "impact.adv."
            )
    slippage = config.slippage
    if isinstance(slippage, SpreadSlippage) and max(
        slippage.k, slippage.k_stop, slippage.k_auction
    ):
        free = _without_spread(state)
        if free:
            found.append(
                f"{free:,} of {counted(len(flags), 'fill')} paid no spread, because none was known "
                "yet; fill the column spread, or bid and ask."
            )
    return found


def _without_spread(state: State) -> int:
    """Fills that took before their instrument had a bar with a spread."""
    rows, fills = state["bars"], state.used("fills")
    known = np.flatnonzero(~np.isnan(state["row_spreads"]))
    since = np.full(len(state["instruments"]), np.iinfo(np.int64).max)
    np.minimum.at(since, rows["instrument"][known], rows["ts_close"][known])
    takes = fills["liquidity"] == LIQUIDITY.TAKER
    return int((takes & (fills["ts"] < since[fills["instrument"]])).sum())
