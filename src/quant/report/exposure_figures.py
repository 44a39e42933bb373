"""Figures of what was held and traded: exposure, turnover, margin, costs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from quant.report.measures import Figure, Undefined, mean, ratio
from quant.report.metric_sheet import (
    NO_FILLS,
    NO_SESSIONS,
    NOT_POSITIVE,
    PositionArrays,
    RunArrays,
    Sheet,
    per_year_of_equity,
)
from quant.report.trades import FloatArray, IntArray

__all__ = ["put_costs", "put_exposure", "put_margin"]

# Exposure within one part in 10^12 of the limit is at the limit, as in the kernel's check.
_SAME = 1e-12
_NO_POSITION = "The run never held a position."


def put_exposure(sheet: Sheet, run: RunArrays) -> None:
    """The group *Exposure and turnover*."""
    rows, fills = sheet.rows, run.fills
    ends = rows.sessions.rows
    long, short = (run.gross + run.net) / 2, (run.gross - run.net) / 2
    for name, column in (
        ("exposure_gross", run.gross),
        ("exposure_net", run.net),
        ("exposure_long", long),
        ("exposure_short", short),
    ):
        sheet.put(name, _mean_share(column[ends], run.equity[ends]), rows.n)
    is_positive = bool((run.equity > 0).all())
    for name, column, choose in (
        ("max_gross_exposure", run.gross, np.max),
        ("max_net_exposure", run.net, np.max),
        ("min_net_exposure", run.net, np.min),
    ):
        furthest: Figure = NOT_POSITIVE
        if is_positive:
            furthest = float(choose(column / run.equity))
        sheet.put(name, furthest, len(run.equity))
    n_rows = len(run.equity) - 1
    held = int((run.gross[1:] > 0).sum())
    sheet.put("time_in_market", ratio(held, n_rows, NO_SESSIONS), n_rows, rows_held=held)
    notional = np.abs(fills.qty * fills.price) * run.multipliers[fills.instrument]
    bought = math.fsum(notional[fills.units > 0].tolist())
    sold = math.fsum(notional[fills.units < 0].tolist())
    turnover = per_year_of_equity(rows, min(bought, sold))
    sheet.put("turnover", turnover, len(fills), bought=bought, sold=sold, years=rows.years)
    traded = math.fsum(notional.tolist())
    sheet.put("traded_notional", traded, len(fills), currency=run.currency)
    sheet.put("n_orders", run.n_orders, run.n_orders)
    sheet.put("orders_filled", run.orders_filled, run.n_orders)
    sheet.put("n_fills", len(fills), len(fills))
    _put_positions(sheet, run)


def _put_positions(sheet: Sheet, run: RunArrays) -> None:
    names = ("avg_positions", "max_positions", "avg_position_pct", "max_position_pct")
    if run.positions is None:
        sheet.lack(names, "The positions by session are not known.")
        return
    place, value = _at_session_ends(run.positions, run)
    n, counts = len(value), np.bincount(place, minlength=1)
    sheet.put("avg_positions", ratio(n, sheet.rows.n, NO_SESSIONS), sheet.rows.n)
    sheet.put("max_positions", int(counts.max()), sheet.rows.n)
    equity = np.array(sheet.rows.ends[1:])[place]
    shares: list[float] = []
    absent = _NO_POSITION
    if (equity > 0).all():
        shares = (np.abs(value) / equity).tolist()
    else:
        absent = NOT_POSITIVE.why
    sheet.put("avg_position_pct", mean(shares, absent), n)
    sheet.put("max_position_pct", max(shares) if shares else Undefined(absent), n)


def _at_session_ends(positions: PositionArrays, run: RunArrays) -> tuple[IntArray, FloatArray]:
    """Session, from 0, and value of every position that was held at a session's close.

    The last row of an instrument in a session is its position at the close: all that is held
    then has a row, and what went flat before has one from its last fill.
    """
    first = int(run.session[1]) if len(run.session) > 1 else 0
    n = int(run.session[-1]) - first + 1 if len(run.session) > 1 else 0
    width = int(positions.instrument.max(initial=0)) + 1
    keys = positions.session * width + positions.instrument
    _, from_end = np.unique(keys[::-1], return_index=True)
    last = len(keys) - 1 - from_end
    place, value = positions.session[last] - first, positions.value[last]
    kept = (value != 0) & (place >= 0) & (place < n)
    return place[kept], value[kept]


def put_margin(sheet: Sheet, run: RunArrays) -> None:
    """The group *Margin*."""
    ends, n_rows = sheet.rows.sessions.rows, len(run.equity)
    limit = run.leverage_limit
    names = ("avg_margin_utilisation", "max_margin_utilisation", "min_margin_headroom")
    if limit is None:
        sheet.lack(
            (*names, "rows_over_limit"), "The leverage that the account allows is not known."
        )
    else:
        mean_used = _mean_share(run.gross[ends], run.equity[ends] * limit)
        most_used: Figure = NOT_POSITIVE
        if (run.equity > 0).all():
            most_used = float(np.max(run.gross / (run.equity * limit)))
        room = run.equity * limit - run.gross
        over = room < -_SAME * np.maximum(run.gross, np.abs(run.equity) * limit)
        sheet.put(names[0], mean_used, sheet.rows.n, leverage_limit=limit)
        sheet.put(names[1], most_used, n_rows, leverage_limit=limit)
        sheet.put(names[2], float(room.min()), n_rows, leverage_limit=limit)
        sheet.put("rows_over_limit", int(over.sum()), n_rows, leverage_limit=limit)
    all_rows = _distances(run.equity, run.gross)
    at_ends = _distances(run.equity[ends], run.gross[ends])
    least: Figure = min(all_rows) if all_rows else Undefined(_NO_POSITION)
    sheet.put("min_distance_to_liquidation", least, len(all_rows))
    none_held = "No session ended with a position."
    sheet.put("avg_distance_to_liquidation", mean(at_ends, none_held), len(at_ends))
    sheet.put("rows_without_equity", int((run.equity <= 0).sum()), n_rows)


def _distances(equity: FloatArray, gross: FloatArray) -> list[float]:
    """Equity over gross exposure, of the rows with a position."""
    held = gross > 0
    found: list[float] = (equity[held] / gross[held]).tolist()
    return found


def put_costs(sheet: Sheet, run: RunArrays) -> None:
    """The group *Costs*."""
    rows, fills, n = sheet.rows, run.fills, len(run.fills)
    paid, fees = math.fsum(fills.commission.tolist()), math.fsum(fills.fees.tolist())
    slipped = math.fsum(fills.slippage.tolist())
    changes = [] if run.conversions is None else run.conversions.tolist()
    changed = math.fsum(changes)
    costs = math.fsum((paid, fees, slipped, changed))
    for name, money, count in (
        ("total_commission", paid, n),
        ("total_fees", fees, n),
        ("total_slippage", slipped, n),
        ("conversion_costs", changed, len(changes)),
        ("total_costs", costs, n),
    ):
        sheet.put(name, money, count, currency=run.currency)
    earned = float(rows.equity[-1] - rows.equity[0])
    if rows.flows is not None:
        earned -= rows.net_flows
    before = earned + costs
    no_profit = "The P&L before costs is zero."
    for name, yearly, money in (
        ("cost_share_of_gross", "cost_per_year_pct", costs),
        ("fee_share_of_gross", "fee_per_year_pct", paid + fees),
        ("slippage_share_of_gross", "slippage_per_year_pct", slipped),
    ):
        sheet.put(name, ratio(money, abs(before), no_profit), n, pnl_before_costs=before)
        sheet.put(yearly, per_year_of_equity(rows, money), n, years=rows.years)
    per_order = ratio(slipped, run.orders_filled, NO_FILLS)
    sheet.put("slippage_per_order", per_order, run.orders_filled, currency=run.currency)
    raw = np.abs(fills.qty * fills.price_raw) * run.multipliers[fills.instrument]
    notional = math.fsum(raw.tolist())
    bps = ratio(slipped * 10_000, notional, NO_FILLS)
    sheet.put("slippage_per_order_bps", bps, n, raw_notional=notional)
    traded = sheet.figure("traded_notional")
    sheet.put("fee_bps", ratio((paid + fees) * 10_000, traded, NO_FILLS), n)
    even = ratio(before * 10_000, traded, NO_FILLS)
    sheet.put("break_even_cost_bps", even, n, pnl_before_costs=before)


def _mean_share(column: FloatArray, equity: FloatArray) -> Figure:
    """Mean of a column over equity; needs positive equity everywhere."""
    if not (equity > 0).all():
        return NOT_POSITIVE
    shares: Sequence[float] = (column / equity).tolist()
    return mean(shares, NO_SESSIONS)
