"""Whether two results are the same: fill by fill, and final equity to the cent.

Parts of one order that a tool books as several rows (a reversal as a closing and an opening trade,
for example) are put together first: fills of one bar, symbol, side and price are one fill.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

EQUAL, EXPLAINED, DIFFERENT = "equal", "explained", "DIFFERENT"
NOT_EXPRESSIBLE, NOT_YET, STALE = "not expressible", "not yet in quant", "STALE"
FAILURES = (DIFFERENT, STALE)

RELATIVE = 1e-9  # two prices or quantities
MONEY = 0.005  # half a cent: two sums of money
Fill = tuple[int, str, float, float, float]


@dataclass(frozen=True)
class Verdict:
    """What comparing one scenario with one peer came to."""

    status: str
    reason: str = ""


def fills_of(result: dict[str, Any]) -> list[Fill]:
    """The fills of a result, put together and in order of bar, symbol, side and price."""
    return sorted(told(result), key=lambda fill: (fill[0], fill[1], fill[2] > 0, fill[3]))


def told(result: dict[str, Any]) -> list[Fill]:
    """The fills of a result, put together and in the order in which they were told."""
    sums: dict[tuple[int, str, bool, float], list[float]] = {}
    for fill in result["fills"]:
        key = (fill["bar"], fill["symbol"], fill["qty"] > 0, round(fill["price"], 9))
        entry = sums.setdefault(key, [0.0, fill["price"], 0.0])
        entry[0] += fill["qty"]
        entry[2] += fill["commission"]
    return [(key[0], key[1], qty, price, cost) for key, (qty, price, cost) in sums.items()]


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What differs between two results, in words; empty if nothing does."""
    ours, theirs = fills_of(one), fills_of(other)
    found = []
    for k in range(max(len(ours), len(theirs))):
        a = ours[k] if k < len(ours) else None
        b = theirs[k] if k < len(theirs) else None
        if a is None or b is None or not _same_fill(a, b):
            found.append(f"fill {k + 1}: {show(a)} against {show(b)}")
    if one.get("stopped") != other.get("stopped"):
        found.append(f"stopped after bar {one.get('stopped')} against {other.get('stopped')}")
    if abs(one["equity"] - other["equity"]) >= MONEY:
        found.append(f"equity {one['equity']:.2f} against {other['equity']:.2f}")
    return found


def _same_fill(a: Fill, b: Fill) -> bool:
    close = (math.isclose(x, y, rel_tol=RELATIVE) for x, y in zip(a[2:4], b[2:4], strict=True))
    return a[:2] == b[:2] and all(close) and abs(a[4] - b[4]) < MONEY


def show(fill: Fill | None) -> str:
    """One fill as text."""
    if fill is None:
        return "none"
    bar, symbol, qty, price, commission = fill
    cost = f" costs {commission:.4f}".rstrip("0").rstrip(".") if commission else ""
    return f"bar {bar} {symbol} {qty:+,.10g} @ {price:.10g}{cost}"


def judge(peer: dict[str, Any], quant: dict[str, Any], known: dict[str, Any] | None) -> Verdict:
    """Compare a peer's result with quant's; ``known`` is the explanation on record, if any."""
    if "unsupported" in peer:
        return Verdict(NOT_EXPRESSIBLE, peer["unsupported"])
    for side, result in (("the peer", peer), ("quant", quant)):
        if "error" in result:
            return Verdict(DIFFERENT, f"{side} failed: {result['error']}")
    if "unsupported" in quant:
        return Verdict(NOT_YET, quant["unsupported"])
    found = differences(peer, quant)
    if known is None:
        return Verdict(DIFFERENT, "; ".join(found)) if found else Verdict(EQUAL)
    if not found:
        return Verdict(STALE, "both agree, the explanation is no longer needed")
    for side, result in (("peer", peer), ("quant", quant)):
        moved = differences(result, expected(known[side]))
        if moved:
            return Verdict(STALE, f"the explanation's {side} no longer holds: {'; '.join(moved)}")
    return Verdict(EXPLAINED, known["why"])


def expected(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures of an explanation in the shape of a result."""
    names = ("bar", "symbol", "qty", "price", "commission")
    fills = [dict(zip(names, row, strict=True)) for row in figures["fills"]]
    return {"fills": fills} | {k: figures[k] for k in ("equity", "stopped") if k in figures}
