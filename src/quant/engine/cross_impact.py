"""How the moves that orders leave behind in one instrument carry over to others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.errors import ConfigError, nearest
from quant.kernel.layout import ARRAYS
from quant.lake import Bars
from quant.model.config import Config, SquareRootImpact

__all__ = ["cross_records"]


def cross_records(bars: Bars, config: Config, instruments: NDArray[np.void]) -> NDArray[np.void]:
    """The kernel's factors, by the instrument that is moved; notes with each where its own lie.

    Raises
    ------
    ConfigError
        If the settings name a symbol that the data does not have.
    """
    impact = config.impact
    if not isinstance(impact, SquareRootImpact) or not impact.cross:
        return np.zeros(0, ARRAYS["crosses"])
    found = sorted(
        (_place(bars, moved), _place(bars, mover), factor)
        for mover, factors in impact.cross.items()
        for moved, factor in factors.items()
        if factor != 0.0
    )
    records = np.zeros(len(found), ARRAYS["crosses"])
    for k, (_, mover, factor) in enumerate(found):
        records[k] = (mover, factor)
    places = np.array([moved for moved, _, _ in found], np.int64)
    every = np.arange(len(instruments))
    instruments["cross_lo"] = np.searchsorted(places, every, side="left")
    instruments["cross_hi"] = np.searchsorted(places, every, side="right")
    return records


def _place(bars: Bars, symbol: str) -> int:
    if symbol not in bars.symbols:
        raise ConfigError(
            f"config impact.cross: expected symbols of the data ({', '.join(bars.symbols[:5])}"
            f"{', …' if len(bars.symbols) > 5 else ''}), found {symbol!r}; correct or remove it."
            f"{nearest(symbol, bars.symbols)}"
        )
    return bars.symbols.index(symbol)
