"""What holding a position cost besides its fills, shared among the trades that held it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from quant.report.trades import TradeArrays

__all__ = ["Charges", "charge_trades"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Charges:
    """Money that positions paid while they were held; arrays of shape (n_charges,).

    Attributes
    ----------
    ts : int64
        When, nanoseconds UTC, ascending.
    instrument : int64
        Whose.
    amount : float64
        Money, positive where it was paid.
    """

    ts: IntArray
    instrument: IntArray
    amount: FloatArray


def charge_trades(
    trades: TradeArrays, charges: Charges, multipliers: FloatArray, late: NDArray[np.bool_]
) -> tuple[TradeArrays, float]:
    """Trades and open lots with their shares of the charges, and what nobody held.

    A charge is shared by quantity among the trades and lots that held its instrument at its time:
    entered by then, and not yet left. ``late`` says of each fill whether it came after a charge of
    its own time, as those at the close they were decided at do.

    Examples
    --------
    A short of 100 at 50, 10 % a year, costs 100 · 50 · 0.10 / 365 = 1.3699 a day; see
    tests/report/test_report_financing.py.
    """
    if not len(charges.ts):
        return trades, 0.0
    lots = trades.open_lots
    mine = np.zeros(len(trades))
    lots_mine = np.zeros(len(lots))
    rest = 0.0
    for i in np.unique(charges.instrument).tolist():
        rows = charges.instrument == i
        t, o = trades.instrument == i, lots.instrument == i
        end = np.full(int(o.sum()), np.iinfo(np.int64).max)
        shares, left = _shared(
            charges.ts[rows],
            charges.amount[rows],
            np.concatenate(
                (trades.entry_ts[t] + late[trades.entry_fill[t]], lots.ts[o] + late[lots.fill[o]])
            ),
            np.concatenate((trades.exit_ts[t] + late[trades.exit_fill[t]], end)),
            np.concatenate((trades.qty[t], lots.qty[o])),
        )
        mine[t], lots_mine[o] = shares[: int(t.sum())], shares[int(t.sum()) :]
        rest += left
    return _with_costs(trades, mine, lots_mine, multipliers), rest


def _shared(
    ts: IntArray, amount: FloatArray, entry: IntArray, leave: IntArray, qty: FloatArray
) -> tuple[FloatArray, float]:
    """The share of each holding in the charges of one instrument, and what nobody held."""
    first = np.searchsorted(ts, entry, side="left")
    last = np.searchsorted(ts, leave, side="left")
    held = np.zeros(len(ts) + 1)
    np.add.at(held, first, qty)
    np.add.at(held, last, -qty)
    open_qty = np.cumsum(held)[:-1]
    is_held = open_qty > 1e-9 * np.max(qty, initial=1.0)
    each = np.where(is_held, amount / np.where(is_held, open_qty, 1.0), 0.0)
    so_far = np.concatenate(([0.0], np.cumsum(each)))
    return qty * (so_far[last] - so_far[first]), math.fsum(amount[~is_held].tolist())


def _with_costs(
    trades: TradeArrays, mine: FloatArray, lots_mine: FloatArray, multipliers: FloatArray
) -> TradeArrays:
    """The same trades and lots with more costs."""
    lots = trades.open_lots
    net = trades.pnl_net - mine
    notional = np.abs(trades.entry_price) * trades.qty * multipliers[trades.instrument]
    return dataclasses.replace(
        trades,
        costs=trades.costs + mine,
        pnl_net=net,
        return_=np.where(mine != 0.0, net / notional, trades.return_),
        open_lots=dataclasses.replace(lots, costs=lots.costs + lots_mine),
    )
