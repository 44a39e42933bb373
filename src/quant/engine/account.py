"""An account that someone has, in the place of the simulated one."""

from __future__ import annotations

import math
from collections.abc import Mapping

from quant.errors import ConfigError, nearest
from quant.kernel.codes import STATUS
from quant.kernel.layout import State

__all__ = ["give_account"]

_SNAP = 1e-9


def give_account(
    state: State,
    symbols: tuple[str, ...],
    cash: float,
    positions: Mapping[str, float],
    prices: Mapping[str, float],
) -> None:
    """Replace cash and positions, end all working orders, and value the account at the marks.

    Parameters
    ----------
    state : State
        Between two timestamps; one account, one book. The cash is in the base currency.
    symbols : tuple of str
        Of the instruments, in their order.
    cash : float
        In the account's currency.
    positions, prices : mappings of str to float
        Signed quantities, and average prices; the mark where a price is missing.

    Raises
    ------
    ConfigError
        For a symbol without an instrument, or a quantity that is no whole count of increments.
    """
    for symbol in positions:
        if symbol not in symbols:
            raise ConfigError(
                f"portfolio positions: expected symbols of the data ({', '.join(symbols[:8])}), "
                f"found {symbol!r}; add its bars or leave it out.{nearest(symbol, symbols)}"
            )
    places = {symbol: i for i, symbol in enumerate(symbols)}
    records, instruments = state["positions"], state["instruments"]
    for name in ("units", "avg_price", "reference", "realized", "is_held"):
        records[name] = 0
    held = []
    value = gross = 0.0
    for symbol in sorted(positions, key=places.__getitem__):
        i = places[symbol]
        one, position = instruments[i], records[i]
        exact = positions[symbol] * float(one["unit_den"]) / float(one["unit_num"])
        count = math.floor(exact + 0.5)
        if abs(exact - count) > _SNAP * max(1.0, abs(exact)):
            raise ConfigError(
                f"portfolio positions {symbol}: expected whole increments, found "
                f"{positions[symbol]}; set instruments.{symbol}.increment."
            )
        if count == 0:
            continue
        mark = float(one["mark"])
        if mark != mark:
            raise ConfigError(
                f"portfolio positions {symbol}: expected a price by then, found no bar; ask for a "
                "later time or leave it out."
            )
        position["units"], position["is_held"] = count, 1
        position["avg_price"] = prices.get(symbol, mark)
        held.append(i)
        fx = float(state["balances"]["fx"][int(one["currency"])])
        worth = positions[symbol] * float(one["multiplier"]) * mark * fx
        value += worth
        gross += abs(worth)
    state["held"][: len(held)] = held
    sim, account, balance = state["sim"][0], state["accounts"][0], state["balances"][0]
    sim["n_held"] = len(held)
    state["balances"]["cash"] = 0.0
    balance["cash"] = cash
    for name in ("receivable", "payable", "debt"):
        balance[name] = 0.0
    account["cash"], account["accrued"], account["debt"] = cash, 0.0, 0.0
    account["positions_value"] = account["net"] = value
    account["gross"], account["equity"] = gross, cash + value
    working = state.used("orders")
    for name in ("status", "status_venue"):
        working[name][working[name] < STATUS.FILLED] = STATUS.CANCELED
    sim["n_active"] = 0
