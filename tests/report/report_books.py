"""Fills, bars and equity for the tests of this folder, built without the code under test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from quant.report.metrics import RunArrays
from quant.report.trades import BarArrays, FillArrays, round_trips

DAY_NS = 86_400_000_000_000
FIRST_DAY = 18_262  # 2020-01-01


def fill_arrays(rows: Sequence[dict[str, Any]], increment: float = 1.0) -> FillArrays:
    """Fills from rows with units and price; all else has a plain default."""

    def column(name: str, kind: type, default: Any) -> Any:
        return np.array([row.get(name, default) for row in rows], dtype=kind)

    units = column("units", np.int64, 0)
    price = column("price", np.float64, 1.0)
    raw = [row.get("price_raw", row["price"]) for row in rows]
    return FillArrays(
        instrument=column("instrument", np.int64, 0),
        ts=np.array([row.get("ts", row.get("bar", 0) * DAY_NS) for row in rows], np.int64),
        units=units,
        qty=units * increment,
        price=price,
        price_raw=np.array(raw, np.float64),
        commission=column("commission", np.float64, 0.0),
        fees=column("fees", np.float64, 0.0),
        slippage=column("slippage", np.float64, 0.0),
        bar=column("bar", np.int64, 0),
        at_open=column("at_open", np.bool_, False),
        at_close=column("at_close", np.bool_, False),
    )


def bar_arrays(*instruments: Sequence[tuple[float, float, float]]) -> BarArrays:
    """Bars from (high, low, close) rows per instrument."""
    flat = np.array([bar for bars in instruments for bar in bars], np.float64).reshape(-1, 3)
    return BarArrays(
        offsets=np.cumsum([0, *(len(bars) for bars in instruments)]).astype(np.int64),
        high=flat[:, 0].copy(),
        low=flat[:, 1].copy(),
        close=flat[:, 2].copy(),
    )


def flat_bars(n: int, price: float = 100.0) -> BarArrays:
    """One instrument whose price never moves."""
    return bar_arrays([(price, price, price)] * n)


def run_arrays(equity: Sequence[float], **changes: Any) -> RunArrays:
    """A run with one equity row per session and calendar day, no fills unless given."""
    n = len(equity)
    fills = changes.pop("fills", fill_arrays([]))
    bars = changes.pop("bars", flat_bars(max(n, 1)))
    multipliers = changes.get("multipliers", np.ones(len(bars.offsets) - 1))
    session = np.maximum(np.arange(n) - 1, 0)
    plain: dict[str, Any] = {
        "ts": (FIRST_DAY + session) * DAY_NS + np.minimum(np.arange(n), 1),
        "session": session,
        "session_date": FIRST_DAY + session,
        "equity": np.array(equity, np.float64),
        "gross": np.zeros(n),
        "net": np.zeros(n),
        "periods_per_year": 252,
        "risk_free": 0.0,
        "currency": "USD",
        "trades": round_trips(fills, bars, multipliers),
        "fills": fills,
        "n_orders": len(fills),
        "orders_filled": len(fills),
        "multipliers": multipliers,
    }
    return RunArrays(**{**plain, **changes})
