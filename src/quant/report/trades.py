"""Round trips out of fills: first in first out, last in first out, or at average price.

A fill that opens leaves a *lot*: its units that are still held. A fill that closes takes units from
the oldest lots of its instrument, or from the newest; at average price the lots of an instrument
are one, from the fill that began the position on. Every pair of a lot and a closing fill is one
*trade*, so one sale of two purchases is two trades, and a reversal is the end of one trade and the
start of another. What is left at the end are the *open lots*. Trades are a fold over fills: nothing
here is stored as truth, and the sum of all trades and open lots is the change of equity.

Costs of a fill (commission and fees) go to its parts by count of units, the last part takes the
rest. Slippage is part of the price and is not subtracted again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from quant.errors import DataError

__all__ = [
    "METHODS",
    "BarArrays",
    "FillArrays",
    "OpenLots",
    "OpenResult",
    "TradeArrays",
    "open_result",
    "round_trips",
]

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
METHODS: Final = ("fifo", "lifo", "average")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FillArrays:
    """One row per fill, in order of execution; arrays of shape (n_fills,).

    Attributes
    ----------
    instrument : int64
        Index of the instrument, from 0.
    ts : int64
        Time of the fill, nanoseconds UTC.
    units : int64
        Signed count of the instrument's increments; never 0.
    qty : float64
        Signed quantity: units times the increment.
    price, price_raw : float64
        With and without slippage and impact, in money per unit of quantity.
    commission, fees : float64
        Money paid; a rebate is negative.
    slippage : float64
        Money lost between `price_raw` and `price`, impact included; already part of `price`.
    bar : int64
        Index of the bar of its instrument in which it happened.
    at_open, at_close : bool
        Made at that bar's open, at that bar's close.
    """

    instrument: IntArray
    ts: IntArray
    units: IntArray
    qty: FloatArray
    price: FloatArray
    price_raw: FloatArray
    commission: FloatArray
    fees: FloatArray
    slippage: FloatArray
    bar: IntArray
    at_open: BoolArray
    at_close: BoolArray

    def __len__(self) -> int:
        return len(self.units)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarArrays:
    """The bars, flat, instrument after instrument: bar `b` of `i` is row ``offsets[i] + b``.

    Attributes
    ----------
    offsets : int64 array of shape (n_instruments + 1,)
        First row of each instrument, then the number of rows.
    high, low, close : float64 arrays of shape (n_bars,)
        Prices, in money per unit of quantity.
    """

    offsets: IntArray
    high: FloatArray
    low: FloatArray
    close: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenLots:
    """What is still held of opening fills, in order of the fills; arrays of shape (n_lots,).

    Attributes
    ----------
    fill : int64
        Row of the opening fill.
    instrument, ts, bar : int64
        Of the opening fill.
    side : int64
        +1 long, -1 short.
    price : float64
        Of the opening fill, or the average.
    units : int64
        Count still held, positive.
    qty : float64
        Quantity still held, positive.
    costs : float64
        Commission and fees of the opening fill that no trade has taken.
    """

    fill: IntArray
    instrument: IntArray
    ts: IntArray
    bar: IntArray
    side: IntArray
    price: FloatArray
    units: IntArray
    qty: FloatArray
    costs: FloatArray

    def __len__(self) -> int:
        return len(self.fill)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeArrays:
    """One row per trade, in order of exit; arrays of shape (n_trades,).

    Attributes
    ----------
    trade_id : int64
        From 1.
    instrument : int64
        Index of the instrument.
    side : int64
        +1 long, -1 short.
    entry_ts, exit_ts : int64
        Times of the two fills, nanoseconds UTC.
    entry_price, exit_price : float64
        Prices of the two fills; of the entry the average price, if that is the method.
    units : int64
        Count of increments, positive.
    qty : float64
        Quantity, positive.
    pnl_gross, costs, pnl_net : float64
        Money: by prices, commission and fees of both fills' parts, and the difference.
    return_ : float64
        `pnl_net` over the entry notional (`entry_price` x `qty` x multiplier).
    bars_held : int64
        Exit bar minus entry bar.
    mae, mfe : float64
        Worst and best price while held, as fractions of the entry price; mae <= 0 <= mfe.
    entry_fill, exit_fill : int64
        Rows of the two fills.
    open_lots : OpenLots
        What no fill has closed.
    """

    trade_id: IntArray
    instrument: IntArray
    side: IntArray
    entry_ts: IntArray
    entry_price: FloatArray
    exit_ts: IntArray
    exit_price: FloatArray
    units: IntArray
    qty: FloatArray
    pnl_gross: FloatArray
    costs: FloatArray
    pnl_net: FloatArray
    return_: FloatArray
    bars_held: IntArray
    mae: FloatArray
    mfe: FloatArray
    entry_fill: IntArray
    exit_fill: IntArray
    open_lots: OpenLots

    def __len__(self) -> int:
        return len(self.trade_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenResult:
    """Result of the open lots at given marks, in money.

    Attributes
    ----------
    pnl_gross : float
        Marked value minus entry value.
    costs : float
        Commission and fees of the lots' entries, already paid.
    """

    pnl_gross: float
    costs: float

    @property
    def pnl_net(self) -> float:
        """`pnl_gross` minus `costs`."""
        return self.pnl_gross - self.costs


def round_trips(
    fills: FillArrays, bars: BarArrays, multipliers: FloatArray, method: str = "fifo"
) -> TradeArrays:
    """All trades of the fills, and the lots still open.

    Parameters
    ----------
    fills : FillArrays
        In order of execution.
    bars : BarArrays
        All bars of every instrument that has a fill.
    multipliers : float64 array of shape (n_instruments,)
        Money per unit of quantity and of price.
    method : "fifo", "lifo" or "average"
        Whether a closing fill takes the oldest lots, the newest, or a part of the whole position at
        its average price. Every closing fill is then one trade, which began with the position.

    Returns
    -------
    TradeArrays
        In order of exit; pairs of one closing fill in the order in which lots are taken.

    Raises
    ------
    DataError
        If lengths differ, a fill has no units, a fill's bar or instrument does not exist, or the
        method is another.

    Notes
    -----
    The costs of a fill are shared by count of units over all its parts, trades and open lots; the
    last part takes the rest.

    `mae` and `mfe` look at the prices the position certainly saw: the entry and the exit, the
    extremes of all bars between them, those of the entry bar if entered at its open, those of the
    exit bar if left at its close, and the close of an entry bar that was entered later than its
    open. The rest of an entry or exit bar may lie outside the holding and is left out, and so is
    a missing price (NaN).

    Splits and other events that change a quantity without a fill are not modelled.

    Examples
    --------
    >>> import numpy as np
    >>> zeros, yes, no = np.zeros(2), np.array([True, True]), np.array([False, False])
    >>> fills = FillArrays(
    ...     instrument=np.array([0, 0]), ts=np.array([0, 1]), units=np.array([10, -10]),
    ...     qty=np.array([10.0, -10.0]), price=np.array([100.0, 110.0]),
    ...     price_raw=np.array([100.0, 110.0]), commission=np.array([1.0, 1.0]), fees=zeros,
    ...     slippage=zeros, bar=np.array([0, 1]), at_open=yes, at_close=no,
    ... )
    >>> bars = BarArrays(
    ...     offsets=np.array([0, 2]), high=np.array([104.0, 115.0]), low=np.array([95.0, 108.0]),
    ...     close=np.array([103.0, 114.0]),
    ... )
    >>> trades = round_trips(fills, bars, np.array([1.0]))
    >>> float(trades.pnl_net[0]), float(trades.mae[0]), float(trades.mfe[0])
    (98.0, -0.05, 0.1)
    """
    # numba is loaded with the first run, not with the package.
    from quant.report import matching

    _check(fills, bars, len(multipliers))
    if method not in METHODS:
        raise DataError(
            f"Trades are matched by one of {', '.join(METHODS)}, but method is {method!r}; choose "
            "one of them."
        )
    n = len(multipliers)
    costs_left = fills.commission + fills.fees
    if method == "average":
        pairs, pair_costs, entry_price, held, lot_price = matching.match_average(
            fills.instrument, fills.units, fills.price, costs_left, n
        )
    else:
        held = np.zeros(len(fills), np.int64)
        pairs, pair_costs = matching.match(
            fills.instrument, fills.units, costs_left, held, n, int(method == "lifo")
        )
        entry_price, lot_price = fills.price[pairs[:, 0]], fills.price
    first, last, units = pairs[:, 0], pairs[:, 1], pairs[:, 2]
    instrument = fills.instrument[first]
    side = np.sign(fills.units[first])
    exit_price = fills.price[last]
    qty = _part_of(fills, first, last, units)
    gross = side * (exit_price - entry_price) * qty * multipliers[instrument]
    costs = pair_costs[:, 0] + pair_costs[:, 1]
    net = gross - costs
    mae, mfe = _excursions(fills, bars, first, last, entry_price)
    return TradeArrays(
        trade_id=np.arange(1, len(pairs) + 1, dtype=np.int64),
        instrument=instrument,
        side=side,
        entry_ts=fills.ts[first],
        entry_price=entry_price,
        exit_ts=fills.ts[last],
        exit_price=exit_price,
        units=units.copy(),
        qty=qty,
        pnl_gross=gross,
        costs=costs,
        pnl_net=net,
        return_=net / (np.abs(entry_price) * qty * multipliers[instrument]),
        bars_held=fills.bar[last] - fills.bar[first],
        mae=mae,
        mfe=mfe,
        entry_fill=first.copy(),
        exit_fill=last.copy(),
        open_lots=_open_lots(fills, held, lot_price, costs_left),
    )


def open_result(lots: OpenLots, marks: FloatArray, multipliers: FloatArray) -> OpenResult:
    """Unrealised result of the open lots at given marks.

    With it the books close: the sum of `pnl_net` over all trades plus the `pnl_net` of this result
    is the change of equity, where nothing but fills moved money.

    Parameters
    ----------
    lots : OpenLots
        From `round_trips`.
    marks : float64 array of shape (n_instruments,)
        Prices to value at; looked at only for instruments with an open lot.
    multipliers : float64 array of shape (n_instruments,)
        Money per unit of quantity and of price.

    Raises
    ------
    DataError
        If an instrument with an open lot has no finite mark.
    """
    marked = marks[lots.instrument]
    if not np.isfinite(marked).all():
        instrument = int(lots.instrument[~np.isfinite(marked)][0])
        raise DataError(
            f"Open lots need a finite mark per instrument, but instrument {instrument} has "
            f"{float(marks[instrument])}; give the last price at which it was marked."
        )
    gross = lots.side * (marked - lots.price) * lots.qty * multipliers[lots.instrument]
    return OpenResult(pnl_gross=math.fsum(gross.tolist()), costs=math.fsum(lots.costs.tolist()))


def _check(fills: FillArrays, bars: BarArrays, n_instruments: int) -> None:
    n = len(fills)
    for field in fields(fills):
        column: NDArray[Any] = getattr(fills, field.name)
        if column.shape != (n,):
            raise DataError(
                f"Fills need arrays of one length, but {field.name} has the shape {column.shape} "
                f"and units has {n} rows; give one value per fill."
            )
    n_bars = len(bars.close)
    if len(bars.offsets) != n_instruments + 1 or int(bars.offsets[-1]) != n_bars:
        raise DataError(
            f"Bar offsets must be {n_instruments + 1} numbers that end with {n_bars}, but are "
            f"{len(bars.offsets)} numbers that end with {bars.offsets[-1:].tolist()}; give the "
            "first row of each instrument, then the number of rows."
        )
    if len(bars.low) != n_bars or len(bars.high) != n_bars:
        raise DataError(
            f"Bars need arrays of one length, but low has {len(bars.low)}, high {len(bars.high)} "
            f"and close {n_bars} rows; give one value per bar."
        )
    known = (fills.instrument >= 0) & (fills.instrument < n_instruments)
    rows = bars.offsets[np.where(known, fills.instrument, 0)] + fills.bar if n else fills.bar
    ends = bars.offsets[np.where(known, fills.instrument, 0) + 1] if n else fills.bar
    usable = known & (fills.units != 0) & (fills.bar >= 0) & (rows < ends)
    if not usable.all():
        row = int(np.flatnonzero(~usable)[0])
        raise DataError(
            f"Fill row {row} needs units, a known instrument and one of its bars, but has units "
            f"{int(fills.units[row])}, instrument {int(fills.instrument[row])} and bar "
            f"{int(fills.bar[row])}; pass only fills that happened, with the bars of the run."
        )


def _part_of(fills: FillArrays, first: IntArray, last: IntArray, units: IntArray) -> FloatArray:
    """Quantity of each pair: that of the fill it makes up whole, else the share by count."""
    # The quantity of a whole fill is taken as it is: a product and a quotient could move it.
    in_units, out_units = np.abs(fills.units[first]), np.abs(fills.units[last])
    in_qty, out_qty = np.abs(fills.qty[first]), np.abs(fills.qty[last])
    share = in_qty * units / in_units
    part = np.where(units == in_units, in_qty, np.where(units == out_units, out_qty, share))
    return part.astype(np.float64)


def _excursions(
    fills: FillArrays, bars: BarArrays, first: IntArray, last: IntArray, entry: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Worst and best price of each holding as fractions of its entry price."""
    from quant.report import matching

    start = bars.offsets[fills.instrument[first]]
    entry_row, exit_row = start + fills.bar[first], start + fills.bar[last]
    leave = fills.price[last]
    whole_entry, whole_exit = fills.at_open[first], fills.at_close[last]
    lows, highs = matching.block_extremes(bars.low, bars.high)
    low, high = matching.excursions(
        np.where(whole_entry, entry_row, entry_row + 1),
        np.where(whole_exit, exit_row + 1, exit_row),
        bars.low,
        bars.high,
        lows,
        highs,
    )
    saw_close = ~whole_entry & ((exit_row > entry_row) | whole_exit)
    close = np.where(saw_close, bars.close[entry_row], entry)
    low = np.fmin(np.fmin(low, close), np.fmin(entry, leave))
    high = np.fmax(np.fmax(high, close), np.fmax(entry, leave))
    down, up = (low - entry) / np.abs(entry), (high - entry) / np.abs(entry)
    is_long = fills.units[first] > 0
    return np.where(is_long, down, 0.0 - up), np.where(is_long, up, 0.0 - down)


def _open_lots(
    fills: FillArrays, held: IntArray, lot_price: FloatArray, costs_left: FloatArray
) -> OpenLots:
    rows = np.flatnonzero(held).astype(np.int64)
    units, all_units = held[rows], np.abs(fills.units[rows])
    qty = np.abs(fills.qty[rows])
    return OpenLots(
        fill=rows,
        instrument=fills.instrument[rows],
        ts=fills.ts[rows],
        bar=fills.bar[rows],
        side=np.sign(fills.units[rows]),
        price=lot_price[rows],
        units=units,
        qty=np.where(units == all_units, qty, qty * units / all_units),
        costs=costs_left[rows],
    )
