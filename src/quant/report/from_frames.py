"""Metrics of trades and an equity curve that come from anywhere, by the formulas of a run.

Frames have the columns of a run folder's ``trades.csv`` and ``equity.csv``; only those that a
figure needs must be there. A list will do: of net results per trade, of equity per session.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from quant.calendars import load_calendar
from quant.errors import DataError, SchemaError
from quant.lake.frames import is_frame, to_polars
from quant.report.benchmark_figures import put_benchmark
from quant.report.definitions import DEFINITIONS
from quant.report.metric_sheet import Rows, Sheet, check_rates
from quant.report.metrics import put_account
from quant.report.trade_figures import TradeColumns, put_trades
from quant.report.trades import FloatArray, IntArray

__all__ = ["compute_backtest_metrics"]

_EXCHANGE = "XNYS"
_TIMES = ("session", "ts", "timestamp", "time", "date", "datetime", "index")
_RESULTS = ("pnl_net", "pnl", "net_pnl")
_SIDES = {"LONG": 1, "BUY": 1, "SHORT": -1, "SELL": -1}
_DAY_NS = 86_400_000_000_000
# Figures that ask for the days between rows, or for the months and years they lie in.
_DATED = frozenset(
    (
        "cagr",
        "annual_return",
        "money_weighted_return",
        "calmar",
        "cagr_over_volatility",
        "martin_ratio",
        "gain_to_pain",
        "n_months",
        "best_month",
        "worst_month",
        "avg_month",
        "positive_months",
        "n_years",
        "best_year",
        "worst_year",
        "positive_years",
        "longest_drawdown_days",
        "avg_drawdown_days",
        "max_drawdown_fall_days",
        "max_drawdown_recovery_days",
        "avg_recovery_days",
        "trades_per_year",
        "benchmark_cagr",
        "excess_cagr",
    )
)
_TRADES, _EQUITY = "trades", "equity_curve"


def compute_backtest_metrics(
    trades: Any,
    equity_curve: Any,
    initial_capital: float,
    *,
    calendar: str = "auto",
    periods_per_year: int | None = None,
    risk_free: float = 0.0,
    benchmark: Sequence[float] | None = None,
) -> dict[str, float | int | None]:
    """Metrics of trades and equity, each by the formula of the metric of that name.

    Parameters
    ----------
    trades : polars or pandas DataFrame, list of mappings, or list of numbers
        One row per closed trade in order of exit: ``pnl_net`` (or ``pnl``), and what is known of
        ``return, side, entry_ts, exit_ts, entry_price, exit_price, bars_held, mae, mfe``, as in
        trades.csv. Numbers are net results.
    equity_curve : polars or pandas DataFrame or Series, or list of numbers
        Equity after costs, in order of time: column ``equity``, and ``session`` or a time. A column
        ``flow`` says what was deposited less what was withdrawn since the row before. Where
        every time is midnight they are dates; naive times are UTC. Numbers, and a Series without
        times, are one value per session.
    initial_capital : float
        Equity before the first session. A first row of exactly this equity is taken as that opening
        where the second row has the same date, as in equity.csv, or where there are no dates;
        else an opening row is put in front.
    calendar : str
        ``XNYS``, ``24/7``, ``weekdays``, or ``auto``: XNYS if every date is one of its sessions,
        24/7 if weekends occur, else weekdays. A session without a row keeps its equity.
    periods_per_year : int, optional
        For curves of another rhythm, such as 12 for months: each date is then one period and no
        calendar is asked.
    risk_free : float
        Annual rate.
    benchmark : sequence of float, optional
        Equity of a benchmark, one value per row of the curve.

    Returns
    -------
    dict of str to number or None
        Every metric that trades, equity and benchmark can give; None where it does not exist.
        Exposure, margin and costs need fills and positions and are not among them.

    Raises
    ------
    DataError
        If a column is missing, a value is not finite, rows go back in time, or nothing says how
        many periods a year has.

    Examples
    --------
    >>> found = compute_backtest_metrics([60.0, -10.0], [1060.0, 1050.0], 1000.0, calendar="XNYS")
    >>> found["net_profit"], found["profit_factor"], found["total_trades"]
    (50.0, 6.0, 2)
    """
    opening = float(initial_capital)
    if not math.isfinite(opening) or opening <= 0:
        raise DataError(
            f"initial_capital: expected a finite amount above zero, found {initial_capital!r}; "
            "give the equity before the first row."
        )
    curve = _read_curve(equity_curve, calendar, periods_per_year)
    check_rates(curve.periods_per_year, risk_free)
    values, other = curve.equity, _benchmark(benchmark, len(curve.equity))
    flows = curve.flows
    session, date = curve.session, curve.date
    if values[0] != opening or not curve.may_open:
        values = np.concatenate(([opening], values))
        session, date = (np.concatenate((column[:1], column)) for column in (session, date))
        if other is not None:
            other = np.concatenate(([opening], other))
        flows = None if flows is None else np.concatenate(([0.0], flows))
    found = _read_trades(trades)
    sheet = Sheet(Rows.of(session, date, values, curve.periods_per_year, flows))
    put_account(sheet, math.fsum(found.pnl_net), len(found.pnl_net), risk_free, "")
    put_trades(sheet, found, "")
    if other is not None:
        put_benchmark(sheet, session, date, other, risk_free)
    unknown = () if curve.has_dates else _DATED
    return {
        name: None if name in unknown else sheet.found[name].value
        for name in DEFINITIONS
        if name in sheet.found
    }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Curve:
    """An equity curve; without dates, `date` only counts sessions.

    `may_open` says whether the first row can be the opening and not a session of its own. What
    flowed before such a row is part of the opening.
    """

    equity: FloatArray
    session: IntArray
    date: IntArray
    periods_per_year: int
    has_dates: bool
    may_open: bool
    flows: FloatArray | None = None


def _read_curve(given: Any, calendar: str, periods_per_year: int | None) -> _Curve:
    frame = _curve_frame(given)
    equity = _numbers(frame, "equity", _EQUITY)
    flows = _numbers(frame, "flow", _EQUITY) if "flow" in frame.columns else None
    if len(equity) == 0:
        raise DataError(f"{_EQUITY}: expected at least one row, found none; give the equity rows.")
    days = _days(frame, calendar)
    if days is None:
        count = np.arange(len(equity), dtype=np.int64)
        if periods_per_year is None and calendar == "auto":
            raise DataError(
                f"{_EQUITY}: expected a column session or ts, or how many values a year has, found "
                "neither; pass calendar= or periods_per_year=."
            )
        periods = periods_per_year
        return _Curve(
            equity=equity,
            session=count,
            date=count,
            periods_per_year=(
                load_calendar(calendar).periods_per_year if periods is None else periods
            ),
            has_dates=False,
            may_open=True,
            flows=flows,
        )
    if (np.diff(days) < 0).any():
        row = int(np.flatnonzero(np.diff(days) < 0)[0]) + 1
        raise DataError(
            f"{_EQUITY}: expected rows in order of time, found row {row} before row "
            f"{row - 1}; sort the rows."
        )
    if periods_per_year is not None:
        session = np.unique(days, return_inverse=True)[1].astype(np.int64)
        periods = periods_per_year
    else:
        table = load_calendar(_choose(calendar, days))
        session = np.array([table.index_of(day) for day in days.tolist()], np.int64)
        periods = table.periods_per_year
    return _Curve(
        equity=equity,
        session=session,
        date=days,
        periods_per_year=periods,
        has_dates=True,
        may_open=len(days) > 1 and bool(days[0] == days[1]),
        flows=flows,
    )


def _curve_frame(given: Any) -> pl.DataFrame:
    """The curve with a column equity; a Series gives its values and, if it has one, its index."""
    if hasattr(given, "to_frame"):
        frame = to_polars(given.to_frame(), _EQUITY)
        return frame.rename({frame.columns[-1]: "equity"})
    if is_frame(given):
        return to_polars(given, _EQUITY)
    try:
        values = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        values = np.zeros((0, 0))
    if values.ndim != 1:
        raise SchemaError(
            f"{_EQUITY}: expected a frame, a Series or a list of numbers, found "
            f"{type(given).__name__}; give one number per session."
        )
    return pl.DataFrame({"equity": values})


def _days(frame: pl.DataFrame, calendar: str) -> IntArray | None:
    """Date of each row as days since 1970-01-01; None where the frame has no times."""
    named = {name.lower(): name for name in frame.columns}
    column = next((named[name] for name in _TIMES if name in named), None)
    if column is None:
        return None
    series = frame[column]
    if series.dtype == pl.String:
        text = series.str.slice(0, 10) if column.lower() == "session" else series
        series = text.str.to_date(strict=False) if column.lower() == "session" else _times(text)
    if not series.dtype.is_temporal() or series.null_count():
        raise SchemaError(
            f"{_EQUITY}: expected dates or times in {column}, found {frame[column].dtype} with "
            f"values that are none; convert the column."
        )
    if series.dtype == pl.Date:
        return series.to_physical().to_numpy().astype(np.int64)
    fine = series.dt.cast_time_unit("ns")
    wall = fine.dt.replace_time_zone(None).to_physical().to_numpy()
    if (wall % _DAY_NS == 0).all():
        return np.asarray(wall // _DAY_NS, np.int64)
    ts = fine.to_physical().to_numpy()
    if calendar == "auto":
        # The instant of midnight ends a day, as the last bar of a market that never closes does.
        return np.asarray((ts - 1) // _DAY_NS, np.int64)
    table = load_calendar(calendar)
    return np.asarray(table.days[table.sessions_of(ts, side="ending")], np.int64)


def _times(text: pl.Series) -> pl.Series:
    """Times or dates as text; null where they are neither."""
    if text.str.len_chars().max() == len("2020-01-02"):
        return text.str.to_date(strict=False)
    return text.str.to_datetime(time_unit="ns", time_zone="UTC", strict=False)


def _choose(calendar: str, days: IntArray) -> str:
    """The calendar that fits the dates, where none is named."""
    if calendar != "auto":
        return calendar
    if load_calendar(_EXCHANGE).are_sessions(days).all():
        return _EXCHANGE
    # 1970-01-01 was a Thursday: days 2 and 3 are a weekend.
    return "24/7" if np.isin(days % 7, (2, 3)).any() else "weekdays"


def _benchmark(given: Sequence[float] | None, n: int) -> FloatArray | None:
    if given is None:
        return None
    values = np.asarray(given, np.float64)
    if values.shape != (n,) or not np.isfinite(values).all():
        raise DataError(
            f"benchmark: expected {n} finite values, one per row of the equity curve, found shape "
            f"{values.shape}; give its equity at the same rows."
        )
    return values


def _read_trades(given: Any) -> TradeColumns:
    frame = _trade_frame(given)
    column = next((name for name in _RESULTS if name in frame.columns), None)
    if column is None and frame.width == 0:
        return TradeColumns(pnl_net=[])
    if column is None:
        raise SchemaError(
            f"{_TRADES}: expected a column pnl_net, found {', '.join(frame.columns)}; name the net "
            "result of a trade so."
        )

    def known(name: str) -> list[Any] | None:
        return _numbers(frame, name, _TRADES).tolist() if name in frame.columns else None

    side, bars = _sides(frame), known("bars_held")
    return TradeColumns(
        pnl_net=_numbers(frame, column, _TRADES).tolist(),
        returns=known("return"),
        side=side,
        held_ns=_held(frame),
        bars_held=None if bars is None else [int(value) for value in bars],
        mae=known("mae"),
        mfe=known("mfe"),
        move=_moves(known("entry_price"), known("exit_price"), side),
    )


def _trade_frame(given: Any) -> pl.DataFrame:
    if is_frame(given):
        return to_polars(given, _TRADES)
    rows = list(given) if isinstance(given, Sequence | np.ndarray) else None
    if rows is not None and all(isinstance(row, Mapping) for row in rows):
        return pl.DataFrame([dict(row) for row in rows])
    if rows is not None and all(isinstance(row, int | float | np.number) for row in rows):
        return pl.DataFrame({"pnl_net": [float(row) for row in rows]})
    raise SchemaError(
        f"{_TRADES}: expected a frame, a list of mappings or a list of numbers, found "
        f"{type(given).__name__}; give one row or one net result per trade."
    )


def _numbers(frame: pl.DataFrame, name: str, where: str) -> FloatArray:
    """A column as finite float64."""
    if name not in frame.columns:
        raise SchemaError(
            f"{where}: expected a column {name}, found {', '.join(frame.columns)}; add it or "
            "rename the one that holds it."
        )
    series = frame[name]
    if not series.dtype.is_numeric():
        raise SchemaError(
            f"{where}: expected numbers in {name}, found {series.dtype}; convert the column."
        )
    values = series.cast(pl.Float64).to_numpy().astype(np.float64)
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(
            f"{where}: expected a finite {name} in every row, found {series[row]} in row {row}; "
            "correct or drop the row, or leave the column out."
        )
    return values


def _sides(frame: pl.DataFrame) -> list[int] | None:
    if "side" not in frame.columns:
        return None
    words = [str(word).upper() for word in frame["side"].to_list()]
    odd = next((word for word in words if word not in _SIDES), None)
    if odd is not None:
        raise SchemaError(
            f"{_TRADES}: expected LONG or SHORT in side, found {odd}; rename the values."
        )
    return [_SIDES[word] for word in words]


def _held(frame: pl.DataFrame) -> list[int] | None:
    """Nanoseconds from entry to exit."""
    if not {"entry_ts", "exit_ts"} <= set(frame.columns):
        return None
    ends: list[list[int]] = []
    for name in ("entry_ts", "exit_ts"):
        series = _times(frame[name]) if frame[name].dtype == pl.String else frame[name]
        if series.dtype == pl.Date:
            series = series.cast(pl.Datetime("ns"))
        if not isinstance(series.dtype, pl.Datetime) or series.null_count():
            raise SchemaError(
                f"{_TRADES}: expected times in {name}, found {frame[name].dtype} with values that "
                "are none; convert the column or leave it out."
            )
        ends.append(series.dt.cast_time_unit("ns").to_physical().to_list())
    return [after - before for before, after in zip(*ends, strict=True)]


def _moves(
    entry: list[float] | None, leave: list[float] | None, side: list[int] | None
) -> list[float] | None:
    """From entry to exit in the direction of the trade, as fraction of the entry price."""
    if entry is None or leave is None or side is None:
        return None
    return [s * (b - a) / abs(a) for a, b, s in zip(entry, leave, side, strict=True)]
