"""Data as it stood at a moment: what a decision of then could have seen."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime

import numpy as np

from quant.engine.timeline import session_closes
from quant.errors import ConfigError, DataError
from quant.lake import Bars
from quant.lake.bars import PRICES
from quant.model.events import as_datetime

__all__ = ["bars_asof", "bars_end", "moment_of", "session_at"]

_EPOCH = date(1970, 1, 1)


def moment_of(bars: Bars, asof: datetime | date | str) -> int:
    """A moment in nanoseconds UTC; a date is the end of its session, or of the last one before.

    Raises
    ------
    ConfigError
        If it is no time, or a time without a zone.
    DataError
        If it lies outside the calendar.
    """
    if isinstance(asof, str):
        try:
            asof = date.fromisoformat(asof) if len(asof) == 10 else datetime.fromisoformat(asof)
        except ValueError:
            raise ConfigError(
                f"asof: expected a date or an ISO time such as 2020-01-02T15:00Z, found {asof!r}; "
                "correct it."
            ) from None
    if isinstance(asof, datetime):
        if asof.tzinfo is None:
            raise ConfigError(f"asof: expected a time with a zone, found {asof}; add one.")
        whole = int(asof.replace(microsecond=0).timestamp())
        return whole * 1_000_000_000 + asof.microsecond * 1000
    if not isinstance(asof, date):
        raise ConfigError(f"asof: expected a date, a datetime or ISO text, found {asof!r}.")
    days = bars.calendar.days
    place = int(np.searchsorted(days, (asof - _EPOCH).days, side="right")) - 1
    if place < 0:
        raise DataError(
            f"asof {asof}: expected a date from {np.datetime64(int(days[0]), 'D')} on, found one "
            "before the calendar begins; correct it."
        )
    of_session = bars.ts_close[bars.session == place]
    last = int(of_session.max()) if len(of_session) else 0
    return max(int(session_closes(bars)[place]), last)


def bars_end(bars: Bars) -> datetime:
    """When the last bar ends."""
    return as_datetime(int(bars.ts_close.max()))


def session_at(bars: Bars, moment: int) -> int:
    """The session that runs or has ended at a moment, as a place in the calendar."""
    return int(bars.calendar.sessions_of(np.array([moment]), side="ending")[0])


def bars_asof(bars: Bars, moment: int) -> Bars:
    """The bars that had ended by a moment, and the open of those under way.

    Raises
    ------
    DataError
        If none had ended, or a whole session before the moment is missing.
    """
    ended = bars.ts_close <= moment
    where = bars.source.name
    when = np.datetime64(moment, "ns").astype("datetime64[s]")
    if not ended.any():
        raise DataError(
            f"{where}: expected bars that ended by {when}Z, found none (the first ends at "
            f"{np.datetime64(int(bars.ts_close.min()), 'ns').astype('datetime64[s]')}Z); ask for a "
            "later time."
        )
    closes = session_closes(bars)
    due = int(np.searchsorted(closes, moment, side="right")) - 1
    last = int(bars.session[ended].max())
    if last < due:
        days = bars.calendar.days
        raise DataError(
            f"{where}: expected bars up to the session of {np.datetime64(int(days[due]), 'D')}, "
            f"found {np.datetime64(int(days[last]), 'D')} as the last; bring the data up to date "
            "or ask for an earlier time."
        )
    kept = ended | ((bars.ts_open < moment) & (not bars.closes_only))
    under_way = ~ended[kept]
    columns = {name: column[kept] for name, column in bars.columns.items()}
    for name, column in columns.items():
        if name in PRICES:
            column[under_way] = columns["open"][under_way]
        else:
            column[under_way] = np.nan
    if bars.closes_only:
        columns |= dict.fromkeys(PRICES, columns["close"])
    counts = [
        int(kept[low:high].sum())
        for low, high in zip(bars.offsets[:-1].tolist(), bars.offsets[1:].tolist(), strict=True)
    ]
    return dataclasses.replace(
        bars,
        offsets=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        ts_open=bars.ts_open[kept],
        ts_close=bars.ts_close[kept],
        session=bars.session[kept],
        columns=columns,
    )
