"""Every small world of one order: all sides and types against all ways the price can come.

Each world has one instrument with three daily bars. The order leaves at the close of the first and
meets the second; the third shows what became of it. The second bar comes to the levels from above
or from below or not at all, with a gap or without one, and with the nearer extreme on either side.
Prices and levels are whole numbers, so that levels lie at the open, at extremes and between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, Final

from .scenarios import (
    DAY,
    HOUR,
    Action,
    BarRow,
    InstrumentSpec,
    Scenario,
    default_execution,
    session_closes,
)

SIDES: Final = (1, -1)
# (open, high, low, close) of the bar that the order meets; the mark is 100 when it leaves.
CROSSINGS: Final = {
    "from above": (102, 103, 97, 98),
    "from above and back": (102, 103, 97, 101),
    "from above, gap": (98, 99, 95, 96),
    "from below": (98, 103, 97, 102),
    "from below and back": (98, 103, 97, 99),
    "from below, gap": (102, 105, 101, 104),
    "above only": (103, 105, 102, 104),
    "below only": (97, 98, 95, 96),
    "at the level": (100, 100, 100, 100),
}
LATER: Final = {"back": (100, 104, 96, 100), "on": (94, 95, 92, 93)}
LEVELS: Final = (99, 100, 101)
# (trigger, limit) of orders with both: equal, and either above the other.
BOTH: Final = ((100, 100), (99, 101), (101, 99))
TRAILS: Final = (1.0, 2.0, 4.0)
AUCTIONS: Final = ("market_on_open", "market_on_close")
LIMIT_AUCTIONS: Final = ("limit_on_open", "limit_on_close")


def _terms() -> Iterator[dict[str, Any]]:
    """Every type with its prices, and the conditions that go with one order alone."""
    yield {"type": "market"}
    for kind in AUCTIONS:
        yield {"type": kind}
    for kind, level in product(("limit", *LIMIT_AUCTIONS), LEVELS):
        yield {"type": kind, "limit_price": float(level)}
    for tif in ("IOC", "FOK"):
        yield {"type": "market", "tif": tif}
        for level in LEVELS:
            yield {"type": "limit", "limit_price": float(level), "tif": tif}
    for level in LEVELS:
        yield {"type": "limit", "limit_price": float(level), "post_only": True}
    for kind, level in product(("stop", "market_if_touched"), LEVELS):
        yield {"type": kind, "stop_price": float(level)}
    for kind, (trigger, limit) in product(("stop_limit", "limit_if_touched"), BOTH):
        yield {"type": kind, "stop_price": float(trigger), "limit_price": float(limit)}
    for amount in TRAILS:
        yield {"type": "trailing_stop", "trail_amount": amount}
        yield {"type": "trailing_stop_limit", "trail_amount": amount, "limit_offset": 1.0}


def _is_daily(terms: dict[str, Any]) -> bool:
    return terms["type"] in (*AUCTIONS, *LIMIT_AUCTIONS)


def scenarios() -> Iterator[Scenario]:
    """Each world once; orders that may rest do so to the third bar."""
    for side, terms, bar, later, trailing in product(
        SIDES, _terms(), CROSSINGS.values(), LATER.values(), ("path", "close")
    ):
        if trailing == "close" and "trail_amount" not in terms:
            continue
        tif = "DAY" if _is_daily(terms) else "GTC"
        yield _scenario([bar, later], {"tif": tif, **terms, "qty": 3.0 * side}, trailing)


def _scenario(
    later_bars: list[tuple[int, int, int, int]], terms: dict[str, Any], trailing: str
) -> Scenario:
    rows = [(100, 101, 99, 100), *later_bars]
    bars = [
        BarRow(day * DAY + 14 * HOUR, day * DAY + 20 * HOUR, day, o, h, low, c, None)
        for day, (o, h, low, c) in enumerate(rows)
    ]
    spec = InstrumentSpec("A", "1", None, bars)
    execution = default_execution()
    execution["trailing"] = trailing
    return Scenario(
        cash=1_000.0,
        account={"kind": "gross_leverage", "k": 1.0},
        execution=execution,
        commission={"kind": "rate", "rate": 0.0},
        slippage={"kind": "rate", "rate": 0.001},
        instruments=[spec],
        actions=[Action(bars[0].t_close, "order", "A", **terms)],
        session_closes=session_closes([spec]),
    )
