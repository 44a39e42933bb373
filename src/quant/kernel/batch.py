"""One print, many orders: opening prints, closing prints and the same close.

The candidates lie in ``candidates`` in order of instrument and sequence. Triggers come first, then
sizing from one equity, then every closing part, then the rest (contract: *Order of fills at one
print*).
"""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import (
    AUCTION,
    BATCH,
    INSUFFICIENT,
    NONE,
    REASON,
    REPORT_KIND,
    TARGET_KIND,
    TIF,
)
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import remark
from quant.kernel.match import fill_closing, fill_rest
from quant.kernel.prints import meet_print, raw_at, reason_at
from quant.kernel.reports import end_order, is_final
from quant.kernel.scale import fill_scaled
from quant.kernel.sizing import size_order
from quant.kernel.subsystem import subsystem
from quant.kernel.whole import fill_whole, is_whole

__all__ = ["run_batch"]

_QTY = TARGET_KIND.QTY
_SCALE = INSUFFICIENT.SCALE
_FIFO = BATCH.FIFO
_SIMULTANEOUS = BATCH.SIMULTANEOUS
_NO_AUCTION = AUCTION.NONE
_IOC = TIF.IOC
_FOK = TIF.FOK
_R_IOC = REASON.IOC
_R_FOK = REASON.FOK
_R_NOT_MET = REASON.NOT_MET
_R_DAY_END = REASON.DAY_END
_CANCELED = REPORT_KIND.CANCELED
_EXPIRED = REPORT_KIND.EXPIRED


@inlined
def _is_unsized(h: int, o: int) -> bool:
    order = mem.orders(h)[o]
    return order["target_kind"] > _QTY and order["is_sized"] == 0


@compiled
def _size_all(h: int, n: int, at: int) -> None:
    """Size the batch's unsized targets, every account from its equity at this print."""
    any_unsized = False
    for j in range(n):
        if _is_unsized(h, mem.candidates(h)[j]):
            any_unsized = True
    if not any_unsized:
        return
    for j in range(n):
        o = mem.candidates(h)[j]
        order = mem.orders(h)[o]
        if order["in_batch"] != 0 and _is_unsized(h, o):
            equity = mem.accounts(h)[order["account"]]["equity"]
            size_order(h, o, raw_at(h, o, at), equity, at, 1)


@inlined
def _still_fills(h: int, o: int) -> bool:
    order = mem.orders(h)[o]
    return order["in_batch"] != 0 and not is_final(order["status_venue"])


@compiled
def _end_what_had_one_print(h: int, o: int) -> None:
    """An order that had this one print to fill at ends with what it did not get."""
    order = mem.orders(h)[o]
    if order["auction"] != _NO_AUCTION:
        reason = _R_DAY_END if order["in_batch"] != 0 else _R_NOT_MET
        end_order(h, o, _EXPIRED, reason, 0.0, 0.0)
    elif order["tif"] == _IOC:
        end_order(h, o, _CANCELED, _R_IOC, 0.0, 0.0)
    elif order["tif"] == _FOK:
        end_order(h, o, _CANCELED, _R_FOK, 0.0, 0.0)


@compiled
def _in_sequence(h: int, n: int) -> None:
    """Put the candidates in the order in which they were made, whatever their instrument."""
    candidates = mem.candidates(h)
    for c in range(1, n):
        o = candidates[c]
        j = c
        while j > 0 and candidates[j - 1] > o:
            candidates[j] = candidates[j - 1]
            j -= 1
        candidates[j] = o


@subsystem("void(int64, int64, int64, int64)")
def run_batch(h: int, n: int, at: int, market_reason: int) -> None:
    """Fill the first ``n`` candidates at the print of their instruments' bars."""
    sim = mem.sims(h)[0]
    sim["print_id"] += 1
    candidates = mem.candidates(h)
    for j in range(n):
        o = candidates[j]
        mem.orders(h)[o]["in_batch"] = meet_print(h, o, at)
    for a in range(sim["n_accounts"]):
        remark(h, a)
    _size_all(h, n, at)
    batch = mem.policies(h)[0]["batch"]
    if batch == _FIFO:
        _in_sequence(h, n)
    for j in range(n):
        o = candidates[j]
        if batch != _FIFO and _still_fills(h, o) and not is_whole(h, o):
            fill_closing(h, o, raw_at(h, o, at), at, reason_at(h, o, at, market_reason))
    is_scaled = mem.policies(h)[0]["insufficient"] == _SCALE or batch == _SIMULTANEOUS
    for j in range(n):
        o = candidates[j]
        order = mem.orders(h)[o]
        if order["revived"] == sim["print_id"] and order["in_batch"] == 0:
            # its parent has just given it something to fill: it is judged in its turn
            order["revived"] = NONE
            order["in_batch"] = meet_print(h, o, at)
        if not _still_fills(h, o):
            continue
        if is_whole(h, o):
            fill_whole(h, o, at, market_reason)
        elif not is_scaled:
            fill_rest(h, o, raw_at(h, o, at), at, reason_at(h, o, at, market_reason))
    if is_scaled:
        fill_scaled(h, n, at, market_reason)
    for j in range(n):
        o = candidates[j]
        # what fills after this print is passive
        mem.orders(h)[o]["taker_bar"] = NONE
        if not is_final(mem.orders(h)[o]["status_venue"]):
            _end_what_had_one_print(h, o)
