"""Goal: metrics of foreign trades and equity are those of a run with the same rows.

Method: the tables of runs go in as polars, pandas and lists and must give the run's own figures,
bit for bit; what is left out takes away exactly the figures that need it; mistakes are named.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import quant as qt
from quant.errors import DataError, SchemaError
from quant.report.definitions import DEFINITIONS
from quant.report.from_frames import _DATED

SOURCE_KEYS = (
    "net_profit",
    "total_pnl",
    "win_rate",
    "sharpe",
    "max_drawdown_abs",
    "max_drawdown_pct",
    "total_trades",
    "avg_trade_return_pct",
    "profit_factor",
)
COSTS = {"commission": {"kind": "rate", "rate": 0.001}, "risk_free": 0.02}
GROUPS_GIVEN = {
    "Return",
    "Months and years",
    "Risk",
    "Risk-adjusted return",
    "Drawdown",
    "Trades",
    "While held",
}


@pytest.fixture(scope="module")
def run() -> qt.Run:
    return qt.backtest(
        qt.MovingAverageCross(5, 20),
        qt.sample("sp500"),
        start="2008-01-02",
        end="2010-12-31",
        config=COSTS,
    )


def figures(run: qt.Run, trades: Any, curve: Any, **more: Any) -> dict[str, Any]:
    return qt.compute_backtest_metrics(trades, curve, run.config.cash, risk_free=0.02, **more)


def own(run: qt.Run, names: Any) -> dict[str, Any]:
    return {name: run.metrics[name] for name in names}


def test_the_tables_of_a_run_give_its_own_figures(run: qt.Run) -> None:
    found = figures(run, run.trades, run.equity, benchmark=run.benchmark)
    wanted = [
        name for name, one in DEFINITIONS.items() if one.group in GROUPS_GIVEN | {"Benchmark"}
    ]
    assert list(found) == wanted
    assert found == own(run, wanted)
    assert set(SOURCE_KEYS) <= found.keys()
    assert all(found[name] is not None for name in SOURCE_KEYS)


def test_the_files_of_a_run_give_its_own_figures(run: qt.Run, tmp_path: Any) -> None:
    folder = run.save(tmp_path)
    found = figures(run, folder.table("trades"), folder.table("equity"))
    assert found == own(run, found)


def test_pandas_frames_give_the_same(run: qt.Run) -> None:
    trades = pd.DataFrame({name: run.trades[name].to_list() for name in run.trades.columns})
    curve = pd.DataFrame(
        {
            "session": pd.to_datetime(run.equity["session"].to_list()),
            "equity": run.equity["equity"].to_list(),
        }
    )
    found = figures(run, trades, curve)
    assert found == own(run, found)
    series = curve.set_index("session")["equity"]
    assert figures(run, trades, series) == found
    assert figures(run, trades, series.rename(None)) == found


def test_a_list_of_mappings_is_a_frame(run: qt.Run) -> None:
    found = figures(run, run.trades.to_dicts(), run.equity)
    assert found == own(run, found)


def test_lists_give_all_but_what_counts_days(run: qt.Run) -> None:
    equity = run.equity["equity"].to_list()
    found = figures(run, run.trades, equity, calendar="XNYS")
    wanted = own(run, found)
    assert {name for name in found if found[name] != wanted[name]} <= _DATED
    assert all(found[name] is None for name in _DATED & found.keys())
    assert figures(run, run.trades, np.array(equity), periods_per_year=252) == found
    assert figures(run, run.trades, pl.Series("equity", equity), periods_per_year=252) == found


def test_only_the_figures_said_to_need_dates_need_them() -> None:
    """Other dates for the same equity move the dated figures, and no others."""
    rng = np.random.default_rng(4)
    equity = 100 * np.cumprod(1 + rng.normal(0.001, 0.02, 120))
    other = 100 * np.cumprod(1 + rng.normal(0.001, 0.02, 120))
    found = []
    for step in (1, 9):
        days = [date(2020, 1, 1) + timedelta(days=step * k) for k in range(120)]
        curve = pl.DataFrame({"session": days, "equity": equity})
        found.append(
            qt.compute_backtest_metrics(
                [5.0, -2.0], curve, 100.0, periods_per_year=252, benchmark=other.tolist()
            )
        )
    one, two = found
    moved = {name for name in one if one[name] != two[name]}
    assert moved == _DATED


@pytest.mark.parametrize(
    ("column", "lost"),
    [
        ("return", {"avg_trade_return_pct", "best_trade_return_pct", "worst_trade_return_pct"}),
        ("bars_held", {"avg_holding_bars"}),
        ("mae", {"avg_mae", "median_mae", "worst_mae", "avg_mae_wins", "edge_ratio"}),
        (
            "mfe",
            {"avg_mfe", "median_mfe", "best_mfe", "avg_mfe_losses", "edge_ratio", "mfe_captured"},
        ),
        ("entry_price", {"mfe_captured"}),
        (
            "exit_ts",
            {
                "avg_holding_days",
                "max_holding_days",
                "avg_win_holding_days",
                "avg_loss_holding_days",
            },
        ),
        (
            "side",
            {
                "long_trades",
                "long_win_rate",
                "long_pnl",
                "short_trades",
                "short_win_rate",
                "short_pnl",
                "mfe_captured",
            },
        ),
    ],
)
def test_a_column_that_is_not_there_takes_its_figures(
    run: qt.Run, column: str, lost: set[str]
) -> None:
    whole = figures(run, run.trades, run.equity)
    found = figures(run, run.trades.drop(column), run.equity)
    gone = {name for name in whole if found[name] is None and whole[name] is not None}
    assert gone | {"short_win_rate"} == lost | {"short_win_rate"}
    assert all(found[name] == whole[name] for name in whole if name not in gone)


def test_a_first_session_without_a_trade_is_a_session() -> None:
    days = [date(2024, 1, 2), date(2024, 1, 3)]
    curve = pl.DataFrame({"session": days, "equity": [100.0, 101.0]})
    assert qt.compute_backtest_metrics([], curve, 100.0)["n_sessions"] == 2
    again = pl.DataFrame({"session": [days[0], *days], "equity": [100.0, 100.0, 101.0]})
    assert qt.compute_backtest_metrics([], again, 100.0)["n_sessions"] == 2


def test_an_opening_row_is_put_in_front_where_there_is_none(run: qt.Run) -> None:
    found = figures(run, run.trades, run.equity[1:], benchmark=run.benchmark[1:])
    assert found == own(run, found)


def test_no_trades_are_trades_too() -> None:
    found = qt.compute_backtest_metrics([], [1000.0, 1010.0], 1000.0, calendar="24/7")
    assert (found["total_trades"], found["win_rate"], found["avg_trade_pnl"]) == (0, None, None)
    assert found["total_return"] == pytest.approx(0.01)


def test_the_calendar_is_recognised_from_the_dates() -> None:
    def n_sessions(*days: date, **more: Any) -> Any:
        curve = pl.DataFrame({"date": days, "equity": [101.0 + k for k in range(len(days))]})
        return qt.compute_backtest_metrics([], curve, 100.0, **more)["n_sessions"]

    friday, saturday, tuesday = date(2024, 1, 12), date(2024, 1, 13), date(2024, 1, 16)
    # Monday 15 January was a holiday of the exchange, a weekday, and a day.
    assert n_sessions(friday, tuesday) == 2
    assert n_sessions(friday, tuesday, calendar="weekdays") == 3
    assert n_sessions(friday, saturday, tuesday) == 5
    assert n_sessions(date(2024, 1, 15), tuesday) == 2
    assert n_sessions(friday, tuesday, periods_per_year=12) == 2
    with pytest.raises(DataError, match="2024-01-13"):
        n_sessions(friday, saturday, calendar="XNYS")


def test_times_within_a_day_are_folded_to_sessions() -> None:
    ts = [datetime(2024, 1, 2, 15), datetime(2024, 1, 2, 21), datetime(2024, 1, 3, 21)]
    equity = [90.0, 110.0, 121.0]
    for times in (ts, [f"{stamp.isoformat()}Z" for stamp in ts]):
        curve = pl.DataFrame({"ts": times, "equity": equity})
        found = qt.compute_backtest_metrics([], curve, 100.0, calendar="XNYS")
        assert found["n_sessions"] == 2
        assert found["max_drawdown_pct"] == pytest.approx(0.1)
        assert found["worst_session"] == pytest.approx(0.1)


def test_the_rows_of_a_market_that_never_closes_end_at_midnight() -> None:
    class Half(qt.Strategy):
        """Half in, always."""

        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            """Ask for one half."""
            ctx.order_target(bar.symbol, weight=0.5)

    n = 24 * 7
    close = 100 + np.sin(np.arange(n))
    bars = pl.DataFrame(
        {
            "ts": [datetime(2024, 1, 1) + timedelta(hours=k) for k in range(n)],
            "symbol": ["COIN"] * n,
            **dict.fromkeys(("open", "high", "low", "close"), close),
        }
    )
    run = qt.backtest(Half, qt.load_bars(bars, qt.DataOptions(tz="UTC", calendar="24/7")))
    assert run.metrics["n_sessions"] == 7
    for calendar in ("auto", "24/7"):
        curve = run.equity.select("ts", "equity")[1:]
        found = qt.compute_backtest_metrics(run.trades, curve, run.config.cash, calendar=calendar)
        assert found == own(run, found)


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York", "Asia/Tokyo"])
def test_midnights_are_dates_in_every_zone_and_the_index_counts(zone: str | None) -> None:
    index = pd.date_range("2024-01-02", periods=4, freq="B", tz=zone)
    equity = [101.0, 99.0, 102.0, 104.0]
    plain = pl.DataFrame({"session": [day.date() for day in index], "equity": equity})
    wanted = qt.compute_backtest_metrics([], plain, 100.0)
    assert wanted["n_sessions"] == 4
    for curve in (
        pd.Series(equity, index=index),
        pd.DataFrame({"equity": equity}, index=index),
        pd.DataFrame({"Date": index.strftime("%Y-%m-%d"), "equity": equity}),
        pd.DataFrame({"date": index.date, "equity": equity}),
    ):
        assert qt.compute_backtest_metrics([], curve, 100.0) == wanted


@pytest.mark.parametrize(
    ("trades", "curve", "capital", "more", "words"),
    [
        ([], [1.0], 0.0, {"calendar": "XNYS"}, "initial_capital"),
        ([], [1.0], float("nan"), {"calendar": "XNYS"}, "initial_capital"),
        ([], [1.0], 1.0, {}, "pass calendar= or periods_per_year="),
        ([], [], 1.0, {"calendar": "XNYS"}, "at least one row"),
        ([], [1.0, float("nan")], 1.0, {"calendar": "XNYS"}, "finite equity in every row"),
        ([], "words", 1.0, {"calendar": "XNYS"}, "one number per session"),
        ([], [1.0, 2.0], 1.0, {"calendar": "XNYS", "benchmark": [1.0]}, "2 finite values"),
        ([], [1.0, 2.0], 1.0, {"periods_per_year": 0}, "1 period per year"),
        (3, [1.0], 1.0, {"calendar": "XNYS"}, "one net result per trade"),
        ([{"profit": 1.0}], [1.0], 1.0, {"calendar": "XNYS"}, "a column pnl_net, found profit"),
        (
            [{"pnl": 1.0, "side": "UP"}],
            [1.0],
            1.0,
            {"calendar": "XNYS"},
            "LONG or SHORT in side, found UP",
        ),
        ([{"pnl": "much"}], [1.0], 1.0, {"calendar": "XNYS"}, "numbers in pnl"),
        (
            [{"pnl": 1.0, "entry_ts": "soon", "exit_ts": "later"}],
            [1.0],
            1.0,
            {"calendar": "XNYS"},
            "times in entry_ts",
        ),
    ],
)
def test_mistakes_are_named(
    trades: Any, curve: Any, capital: float, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        qt.compute_backtest_metrics(trades, curve, capital, **more)


@pytest.mark.parametrize(
    ("frame", "error", "words"),
    [
        ({"date": [date(2024, 1, 3), date(2024, 1, 2)]}, DataError, "row 1 before row 0"),
        ({"date": ["soon", "later"]}, SchemaError, "dates or times in date"),
        ({"date": [1, 2]}, SchemaError, "dates or times in date"),
    ],
)
def test_times_that_cannot_be_are_named(
    frame: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        qt.compute_backtest_metrics([], pl.DataFrame({**frame, "equity": [1.0, 2.0]}), 1.0)


def test_a_curve_without_equity_is_named() -> None:
    curve = pl.DataFrame({"date": [date(2024, 1, 2)], "value": [1.0]})
    with pytest.raises(SchemaError, match="a column equity, found date, value"):
        qt.compute_backtest_metrics([], curve, 1.0)
