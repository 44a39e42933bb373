"""Scenarios through vectorbt: orders decided at a close fill at the next row's open.

Scripts of market orders go through ``from_orders`` (whole shares, one cash account, sales first).
An entry with a stop, a target or a trailing stop goes through ``from_signals``, whose stops are
fractions of the entry price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt

from parity.peers.common import Scenario, Unsupported, actions_of, refuse, result, serve
from parity.scenarios import SESSIONS

LIMITS = "no order that waits for an entry; from_signals knows stops of an open position only"
FIELDS = ("open", "high", "low", "close")


@dataclass
class Protected:
    """An entry and the stops of its position, as fractions of the entry price."""

    symbol: str
    qty: int
    row: int
    entry: float
    stop: float = np.nan
    target: float = np.nan
    is_trailing: bool = False


def _frames(scenario: Scenario) -> dict[str, pd.DataFrame]:
    bars = scenario["bars"]
    index = pd.DatetimeIndex(SESSIONS[: len(next(iter(bars.values())))])
    return {
        field: pd.DataFrame(
            {s: [row[k] for row in bars[s]] for s in bars}, index=index, dtype=float
        )
        for k, field in enumerate(FIELDS)
    }


def _costs(scenario: Scenario) -> dict[str, float]:
    terms = scenario["commission"]
    return {
        "fees": terms["rate"] if terms else 0.0,
        "slippage": scenario["slippage"],
        "init_cash": scenario["cash"],
        "size_granularity": 1.0,
    }


def _from_orders(scenario: Scenario) -> Any:
    frames = _frames(scenario)
    is_late = scenario["timing"] != "same_close"
    size = frames["close"] * np.nan
    kind = "amount"
    for bar, actions in scenario["script"].items():
        for action in actions:
            row = int(bar) + is_late
            if action["do"] == "weights":
                kind = "targetpercent"
                for symbol, weight in action["weights"].items():
                    size.iloc[row, size.columns.get_loc(symbol)] = weight
            else:
                size.iloc[row, size.columns.get_loc(action["symbol"])] = action["qty"]
    return vbt.Portfolio.from_orders(
        frames["close"],
        size,
        size_type=kind,
        direction="both",
        price=frames["open" if is_late else "close"],
        cash_sharing=True,
        group_by=True,
        call_seq="auto",
        **_costs(scenario),
    )


def _protected(scenario: Scenario) -> Protected | None:
    """The scenario as an entry with stops, or None if it only has market orders."""
    if not any(
        a["do"] == "bracket" or a.get("type", "market") != "market" for a in actions_of(scenario)
    ):
        return None
    found: Protected | None = None
    for bar, actions in scenario["script"].items():
        for action in actions:
            if found is None:
                if action.get("type", "market") != "market":
                    raise Unsupported(LIMITS)
                row = int(bar) + 1
                entry = scenario["bars"][action["symbol"]][row][0]
                found = Protected(action["symbol"], action["qty"], row, entry)
                parts = [action] if action["do"] == "bracket" else []
            else:
                parts = action.get("orders", [action])
            for part in parts:
                _protect(found, part)
    return found


def _protect(position: Protected, part: dict[str, Any]) -> None:
    if part["do"] == "bracket":
        position.target = abs(part["target"] / position.entry - 1.0)
        position.stop = abs(part["stop"] / position.entry - 1.0)
    elif part["qty"] != -position.qty:
        raise Unsupported("stops end the whole position")
    elif part["type"] == "stop":
        position.stop = abs(part["stop"] / position.entry - 1.0)
    elif part["type"] == "limit":
        position.target = abs(part["limit"] / position.entry - 1.0)
    elif part["type"] == "trailing_stop" and "percent" in part:
        position.stop, position.is_trailing = part["percent"] / 100.0, True
    else:
        raise Unsupported("a trailing stop trails by a fraction of the price, not by an amount")


def _from_signals(scenario: Scenario, position: Protected) -> Any:
    frames = {field: frame[position.symbol] for field, frame in _frames(scenario).items()}
    entries = pd.Series(False, index=frames["close"].index)
    entries.iloc[position.row] = True
    return vbt.Portfolio.from_signals(
        frames["close"],
        entries=entries,
        exits=False,
        size=float(abs(position.qty)),
        direction="longonly" if position.qty > 0 else "shortonly",
        price=frames["open"],
        open=frames["open"],
        high=frames["high"],
        low=frames["low"],
        sl_stop=position.stop,
        sl_trail=position.is_trailing,
        tp_stop=position.target,
        stop_entry_price="price",
        **_costs(scenario),
    )


def run(scenario: Scenario) -> dict[str, Any]:
    """One scenario through vectorbt."""
    refuse(
        scenario,
        stop_limit=LIMITS,
        market_if_touched=LIMITS,
        market_on_close="all orders of a run have one price per row, here the open",
        day=LIMITS,
        cancel=LIMITS,
        participation="no volume limit; max_size drops what is too much",
        per_share="commissions are a fraction of the value and an amount per order",
    )
    symbols = list(scenario["bars"])
    position = _protected(scenario)
    done = _from_signals(scenario, position) if position else _from_orders(scenario)
    fills = []
    for record in done.orders.values:
        side = 1.0 if record["side"] == vbt.portfolio.enums.OrderSide.Buy else -1.0
        rest = (record["size"] * side, record["price"], record["fees"])
        fills.append((record["idx"], symbols[record["col"]], *rest))
    return result(fills, np.ravel(done.cash())[-1], np.ravel(done.value())[-1])


if __name__ == "__main__":
    serve(run)
