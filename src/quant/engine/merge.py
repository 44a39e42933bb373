"""One pass over sorted instants: where bars end, where they begin, and other moments."""

from __future__ import annotations

from typing import Any

from quant.kernel.jit import entry

__all__ = ["lay_out", "merge_instants"]

_NEVER = 2**63 - 1


@entry
def merge_instants(bars: Any, begin_rows: Any, others: Any, slices: Any) -> int:
    """Write one slice per instant and return how many there are; without room, only count.

    Parameters
    ----------
    bars : BAR records of shape (n_rows,), ascending in ``ts_close``
    begin_rows : int64 array of shape (n_rows,), rows of ``bars`` ascending in ``ts_open``
    others : int64 array, ascending; instants at which no bar need end or begin
    slices : SLICE records; long enough for every instant, or empty to count them

    Notes
    -----
    A slice at which no bar ends (begins) has the session -1 (``session_next`` -1) afterwards.
    """
    n = len(bars)
    m = len(others)
    e = 0
    b = 0
    k = 0
    count = 0
    while e < n or b < n or k < m:
        end = bars[e]["ts_close"] if e < n else _NEVER
        begin = bars[begin_rows[b]]["ts_open"] if b < n else _NEVER
        other = others[k] if k < m else _NEVER
        now = min(end, begin, other)
        e0 = e
        b0 = b
        while e < n and bars[e]["ts_close"] == now:
            e += 1
        while b < n and bars[begin_rows[b]]["ts_open"] == now:
            b += 1
        while k < m and others[k] == now:
            k += 1
        if len(slices) > 0:
            at = slices[count]
            at["ts"] = now
            at["close_lo"] = e0
            at["close_hi"] = e
            at["open_lo"] = b0
            at["open_hi"] = b
            at["timer_lo"] = 0
            at["timer_hi"] = 0
            at["flags"] = 0
            at["session"] = bars[e0]["session"] if e > e0 else -1
            at["session_next"] = bars[begin_rows[b0]]["session"] if b > b0 else -1
        count += 1
    return count


@entry
def lay_out(
    rows: Any,
    instrument: Any,
    ts_open: Any,
    ts_close: Any,
    session: Any,
    opens: Any,
    highs: Any,
    lows: Any,
    closes: Any,
    volumes: Any,
    records: Any,
) -> None:
    """Write columns as BAR records, in the order of ``rows``."""
    for k in range(len(rows)):
        r = rows[k]
        bar = records[k]
        bar["instrument"] = instrument[r]
        bar["ts_open"] = ts_open[r]
        bar["ts_close"] = ts_close[r]
        bar["session"] = session[r]
        bar["open"] = opens[r]
        bar["high"] = highs[r]
        bar["low"] = lows[r]
        bar["close"] = closes[r]
        bar["volume"] = volumes[r]
