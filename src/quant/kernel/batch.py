"""One print, many orders: opening prints, closing prints and the same close.

The candidates lie in ``candidates`` in order of instrument and sequence. Triggers come first, then
sizing from one equity, then every closing part, then the rest (contract: *Order of fills at one
print*).
"""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.codes import INSUFFICIENT, NONE, TARGET_KIND
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import remark
from quant.kernel.match import AT_OPEN, fill_closing, fill_rest, is_final
from quant.kernel.prints import meet_print, raw_at, reason_at
from quant.kernel.scale import fill_scaled
from quant.kernel.sizing import size_order
from quant.kernel.subsystem import subsystem

__all__ = ["run_batch"]

_QTY = TARGET_KIND.QTY
_SCALE = INSUFFICIENT.SCALE


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
    at_open = 1 if at == AT_OPEN else 0
    for j in range(n):
        o = mem.candidates(h)[j]
        order = mem.orders(h)[o]
        if order["in_batch"] != 0 and _is_unsized(h, o):
            equity = mem.accounts(h)[order["account"]]["equity"]
            size_order(h, o, raw_at(h, o, at), equity, at_open)


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
    for j in range(n):
        o = candidates[j]
        order = mem.orders(h)[o]
        if order["in_batch"] != 0 and not is_final(order["status_venue"]):
            fill_closing(h, o, raw_at(h, o, at), at, reason_at(h, o, at, market_reason))
    if mem.policies(h)[0]["insufficient"] == _SCALE:
        fill_scaled(h, n, at, market_reason)
    else:
        for j in range(n):
            o = candidates[j]
            order = mem.orders(h)[o]
            if order["in_batch"] != 0 and not is_final(order["status_venue"]):
                fill_rest(h, o, raw_at(h, o, at), at, reason_at(h, o, at, market_reason))
    for j in range(n):
        # what fills after this print is passive
        mem.orders(h)[candidates[j]]["taker_bar"] = NONE
