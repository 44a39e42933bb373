"""The tables of a run: what the kernel noted, with names instead of codes.

Each function makes one polars frame, in the columns of the run folder's CSV file of that name.
Times are UTC datetimes with nanoseconds, sessions dates.
"""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant.engine.account_events import borrow_charges, financing_total
from quant.engine.columns import (
    column,
    missing,
    quantities,
    session_dates,
    side_words,
    symbol_names,
    times,
    word_column,
)
from quant.engine.currencies import conversion_costs
from quant.engine.flows import flow_rows
from quant.kernel.codes import (
    FILL_FLAG,
    FILL_REASON,
    LIQUIDITY,
    ORDER_TYPE,
    POSTING_KIND,
    REASON,
    STATUS,
    TIF,
    names,
)
from quant.kernel.layout import State
from quant.lake import Bars
from quant.report.flows import profit_path, wealth_index
from quant.report.metrics import PositionArrays
from quant.report.rolling import further_figures, rolling_figures
from quant.report.sessions import drawdown_path, fold_sessions, list_drawdowns
from quant.report.sheet import Activity, Prices, TearSheet
from quant.report.trades import BarArrays, FillArrays, TradeArrays

__all__ = [
    "activity_of",
    "bar_arrays",
    "drawdowns_table",
    "equity_table",
    "fill_arrays",
    "fills_table",
    "ledger_table",
    "orders_table",
    "position_arrays",
    "positions_table",
    "rolling_table",
    "trades_table",
]

_NS_PER_DAY = 86_400_000_000_000
_FLAGS = tuple(names(FILL_FLAG).items())


def equity_table(state: State, bars: Bars) -> pl.DataFrame:
    """The equity curve; row 0 is the opening deposit. Drawdowns leave later flows out."""
    rows = state["equity"][: int(state["sim"][0]["n_equity"])]
    equity = column(rows, "equity")
    return pl.DataFrame(
        {
            "ts": times(rows["ts"]),
            "session": session_dates(rows["session"], bars),
            "equity": equity,
            "cash": column(rows, "cash"),
            "accrued": column(rows, "accrued"),
            "debt": column(rows, "debt"),
            "positions_value": column(rows, "positions_value"),
            "gross_exposure": column(rows, "gross"),
            "net_exposure": column(rows, "net"),
            "drawdown": drawdown_path(wealth_index(equity, flow_rows(state))),
        }
    )


def orders_table(state: State, bars: Bars, tags: list[str | None]) -> pl.DataFrame:
    """All orders, as they stood at the end."""
    rows = state.used("orders")
    instrument = rows["instrument"]
    qty = quantities(state, instrument, rows["units"])
    filled = quantities(state, instrument, rows["filled"])
    unsized = (rows["target_kind"] > 1) & (rows["units"] == 0)
    side = side_words(rows["side"])
    with np.errstate(invalid="ignore", divide="ignore"):
        average = np.where(filled > 0, rows["value_filled"] / filled, np.nan)
    return pl.DataFrame(
        {
            "order_id": np.arange(1, len(rows) + 1),
            "ts": times(rows["ts_submit"]),
            "session": session_dates(rows["session_sent"], bars),
            "symbol": symbol_names(instrument, bars),
            "side": pl.select(
                pl.when(pl.Series(unsized)).then(None).otherwise(side).alias("side")
            ).to_series(),
            "type": word_column(rows["type"], names(ORDER_TYPE)),
            "qty": _blank_where(qty, unsized),
            "limit_price": missing(rows["limit"]),
            "stop_price": missing(rows["stop"]),
            "tif": word_column(rows["tif"], names(TIF, upper=True)),
            "tag": pl.Series(tags, dtype=pl.String),
            "status": word_column(rows["status"], names(STATUS, upper=True)),
            "filled_qty": filled,
            "avg_price": missing(average),
            "reason": word_column(rows["reason"], {k: v for k, v in names(REASON).items() if k}),
        }
    )


def _blank_where(values: NDArray[np.float64], where: NDArray[np.bool_]) -> pl.Series:
    return missing(np.where(where, np.nan, values))


def fills_table(state: State, bars: Bars) -> pl.DataFrame:
    """All fills, in order of execution."""
    rows = state.used("fills")
    reasons = names(FILL_REASON)
    texts = [
        "|".join([reasons[reason], *(text for bit, text in _FLAGS if flags & bit)])
        for reason, flags in zip(rows["reason"].tolist(), rows["flags"].tolist(), strict=True)
    ]
    return pl.DataFrame(
        {
            "fill_id": np.arange(1, len(rows) + 1),
            "order_id": rows["order"] + 1,
            "ts": times(rows["ts"]),
            "session": session_dates(rows["session"], bars),
            "symbol": symbol_names(rows["instrument"], bars),
            "side": side_words(rows["units"]),
            "qty": np.abs(quantities(state, rows["instrument"], rows["units"])),
            "price": column(rows, "price"),
            "price_raw": column(rows, "price_raw"),
            "commission": column(rows, "commission"),
            "fees": column(rows, "fees"),
            "slippage": column(rows, "slippage"),
            "impact": column(rows, "impact"),
            "liquidity": word_column(rows["liquidity"], names(LIQUIDITY)),
            "reason": pl.Series(texts, dtype=pl.String),
        }
    )


def positions_table(state: State, bars: Bars) -> pl.DataFrame:
    """Positions at every session close and after every change."""
    rows = state.used("position_rows")
    return pl.DataFrame(
        {
            "ts": times(rows["ts"]),
            "session": session_dates(rows["session"], bars),
            "symbol": symbol_names(rows["instrument"], bars),
            "qty": quantities(state, rows["instrument"], rows["units"]),
            "avg_price": column(rows, "avg_price"),
            "mark": column(rows, "mark"),
            "market_value": column(rows, "market_value"),
            "unrealized_pnl": column(rows, "unrealized"),
            "realized_pnl": column(rows, "realized"),
        }
    )


def ledger_table(state: State, bars: Bars, currencies: tuple[str, ...]) -> pl.DataFrame:
    """Every movement of cash, the opening deposit first."""
    rows = state.used("postings")
    refs = [f"fill:{ref}" if ref > 0 else None for ref in rows["ref"].tolist()]
    return pl.DataFrame(
        {
            "ts": times(rows["ts"]),
            "session": session_dates(rows["session"], bars),
            "kind": word_column(rows["kind"], names(POSTING_KIND)),
            "symbol": symbol_names(rows["instrument"], bars),
            "amount": column(rows, "amount"),
            "currency": pl.Series(
                [currencies[c] for c in rows["currency"].tolist()], dtype=pl.String
            ),
            "balance": column(rows, "balance"),
            "ref": pl.Series(refs, dtype=pl.String),
        }
    )


def fill_arrays(state: State, bars: Bars) -> FillArrays:
    """Fills as the report folds them."""
    rows = state.used("fills")
    reason = rows["reason"]
    opens = (
        FILL_REASON.MARKET_OPEN,
        FILL_REASON.LIMIT_OPEN,
        FILL_REASON.STOP_OPEN,
        FILL_REASON.TOUCHED_OPEN,
        FILL_REASON.ON_OPEN,
    )
    closes = (
        FILL_REASON.MARKET_CLOSE,
        FILL_REASON.SAME_CLOSE,
        FILL_REASON.LIMIT_CLOSE,
        FILL_REASON.STOP_CLOSE,
        FILL_REASON.TOUCHED_CLOSE,
        FILL_REASON.ON_CLOSE,
    )
    ends = bars.ts_close[bars.offsets[rows["instrument"]] + rows["bar"]]
    at_start = column(rows, "ts") < ends
    return FillArrays(
        instrument=column(rows, "instrument"),
        ts=column(rows, "ts"),
        units=column(rows, "units"),
        qty=quantities(state, rows["instrument"], rows["units"]),
        price=column(rows, "price"),
        price_raw=column(rows, "price_raw"),
        commission=column(rows, "commission"),
        fees=column(rows, "fees"),
        slippage=column(rows, "slippage") + column(rows, "impact"),
        bar=column(rows, "bar"),
        at_open=np.isin(reason, opens) & at_start,
        at_close=np.isin(reason, closes),
    )


def position_arrays(state: State) -> PositionArrays:
    """Positions as the report folds them."""
    rows = state.used("position_rows")
    return PositionArrays(
        session=column(rows, "session"),
        instrument=column(rows, "instrument"),
        value=column(rows, "market_value"),
    )


def bar_arrays(bars: Bars) -> BarArrays:
    """Bars as the report folds them."""
    return BarArrays(
        offsets=bars.offsets,
        high=bars.columns["high"],
        low=bars.columns["low"],
        close=bars.columns["close"],
    )


def prices_of(bars: Bars) -> Prices:
    """Bars as the report draws them: dated ones stand at their session's date."""
    days = bars.calendar.days[bars.session] * _NS_PER_DAY
    return Prices(
        symbols=bars.symbols,
        offsets=bars.offsets,
        ts=days if bars.is_dated else bars.ts_open,
        open=bars.columns["open"],
        high=bars.columns["high"],
        low=bars.columns["low"],
        close=bars.columns["close"],
        closes_only=bars.closes_only,
        is_dated=bars.is_dated,
    )


def activity_of(
    state: State,
    bars: Bars,
    tags: list[str | None],
    trades: TradeArrays,
    base_fills: FillArrays,
) -> Activity:
    """What was traded, as the report shows it."""
    table = fills_table(state, bars)
    fx = column(state.used("fills"), "fx")
    return Activity(
        prices=prices_of(bars),
        fills=fill_arrays(state, bars),
        reasons=table["reason"].to_list(),
        tags=[tags[order - 1] for order in table["order_id"].to_list()],
        impact=table["impact"].to_numpy() * fx,
        trades=trades,
        multipliers=np.ascontiguousarray(state["instruments"]["multiplier"]),
        base_fills=base_fills,
        interest=0.0 - financing_total(state),
        borrowing=math.fsum(borrow_charges(state).amount.tolist()),
        conversion=math.fsum(conversion_costs(state).tolist()),
    )


def rolling_table(sheet: TearSheet, window: int) -> pl.DataFrame:
    """Figures of every full window by its last session; null where there is none."""
    sessions = fold_sessions(sheet.sessions, sheet.dates, sheet.index)
    other = None
    if sheet.benchmark is not None:
        other = fold_sessions(sheet.sessions, sheet.dates, sheet.benchmark)
    found = rolling_figures(sessions, window, sheet.periods_per_year, sheet.risk_free, other)
    days = sheet.dates[sessions.rows[found.place]].astype(np.int32)
    columns = {
        "session": pl.Series(days).cast(pl.Date),
        "sharpe": missing(found.sharpe),
        "volatility": found.volatility,
    }
    if found.beta is not None:
        columns["beta"] = missing(found.beta)
    more = further_figures(sessions, window, sheet.periods_per_year, sheet.risk_free, other)
    return pl.DataFrame(columns | {name: missing(values) for name, values in more.items()})


def trades_table(trades: TradeArrays, bars: Bars) -> pl.DataFrame:
    """Round trips: lots matched first in, first out."""
    return pl.DataFrame(
        {
            "trade_id": trades.trade_id,
            "symbol": symbol_names(trades.instrument, bars),
            "side": pl.Series(
                ["LONG" if s > 0 else "SHORT" for s in trades.side.tolist()], dtype=pl.String
            ),
            "entry_ts": times(trades.entry_ts).alias("entry_ts"),
            "entry_price": trades.entry_price,
            "exit_ts": times(trades.exit_ts).alias("exit_ts"),
            "exit_price": trades.exit_price,
            "qty": trades.qty,
            "pnl_gross": trades.pnl_gross,
            "pnl_net": trades.pnl_net,
            "return": trades.return_,
            "bars_held": trades.bars_held,
            "mae": trades.mae,
            "mfe": trades.mfe,
        }
    )


def drawdowns_table(equity: pl.DataFrame, flows: NDArray[np.float64] | None = None) -> pl.DataFrame:
    """Every drawdown of the equity curve, in order of time; ``flows`` by row are taken out.

    ``peak_ts, trough_ts, recovery_ts`` (missing where equity is not back at the peak), ``depth``
    (fraction of the peak), ``depth_money``, ``days`` (calendar days from peak to recovery or to
    the end), ``days_to_trough``, ``days_to_recovery`` (from the trough).
    """
    money = equity["equity"].to_numpy()
    index = wealth_index(money, flows)
    found = list_drawdowns(index, None if index is money else profit_path(money, flows))
    day, ts = equity["session"].to_physical().to_numpy(), equity["ts"]
    end = pl.Series(found.end_row)
    peak, trough, last = (day[rows] for rows in (found.peak_row, found.trough_row, found.end_row))
    is_back = pl.Series("is_back", found.is_recovered)
    return pl.DataFrame(
        {
            "peak_ts": ts.gather(pl.Series(found.peak_row)),
            "trough_ts": ts.gather(pl.Series(found.trough_row)),
            "recovery_ts": ts.gather(end),
            "depth": found.depth,
            "depth_money": found.depth_money,
            "days": (last - peak).astype(np.int64),
            "days_to_trough": (trough - peak).astype(np.int64),
            "days_to_recovery": (last - trough).astype(np.int64),
        }
    ).with_columns(
        pl.when(is_back).then(pl.col(name)).otherwise(None).alias(name)
        for name in ("recovery_ts", "days_to_recovery")
    )
