"""Opens that repeat the close before, which many sources fill in where they have none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from quant.lake.bars import Bars
from quant.lake.rows import MAX_SHOWN

__all__ = ["equal_opens"]

_EQUAL_PARTS: Final = 5


def equal_opens(bars: Bars, first: int, last: int) -> str:
    """A sentence if in a year more than a fifth of a symbol's opens equal the close before.

    An order for the next open then trades at the very price it was decided on.

    Parameters
    ----------
    bars : Bars
    first, last : int
        Sessions that count, as places in the calendar, both inclusive.

    Returns
    -------
    str
        Empty if there is no such year, and for data of closes alone.
    """
    if bars.closes_only or len(bars.ts_open) < 2:
        return ""
    codes = np.repeat(np.arange(len(bars.symbols)), np.diff(bars.offsets))
    inside = (bars.session >= first) & (bars.session <= last)
    same = (codes[1:] == codes[:-1]) & inside[1:]
    if not same.any():
        return ""
    equal = same & (bars.columns["open"][1:] == bars.columns["close"][:-1])
    years = bars.calendar.days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    begin = int(years[0])
    years = years - begin
    n_years = int(years[-1]) + 1
    keys = codes[1:] * n_years + years[bars.session[1:]]
    size = len(bars.symbols) * n_years
    opens = np.bincount(keys[same], minlength=size).reshape(-1, n_years)
    equals = np.bincount(keys[equal], minlength=size).reshape(-1, n_years)
    hit = _EQUAL_PARTS * equals > opens
    if not hit.any():
        return ""
    found = [
        f"{bars.symbols[code]} {_spans((np.flatnonzero(hit[code]) + begin + 1970).tolist())}"
        for code in np.flatnonzero(hit.any(axis=1)).tolist()
    ]
    more = f"; and {len(found) - MAX_SHOWN} more symbols" if len(found) > MAX_SHOWN else ""
    return (
        f"{bars.source.name}: more than a fifth of a year's opens equal the close before "
        f"({'; '.join(found[:MAX_SHOWN])}{more}), so 'next open' there would be the deciding "
        "close: fill at the next close, or leave these years out."
    )


def _spans(years: Sequence[int]) -> str:
    """Years in words, runs of them as spans: ``2000-2005, 2012``."""
    spans: list[list[int]] = []
    for year in years:
        if spans and year == spans[-1][1] + 1:
            spans[-1][1] = year
        else:
            spans.append([year, year])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)
