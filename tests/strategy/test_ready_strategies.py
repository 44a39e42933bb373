"""Goal: the ready strategies decide as their docstrings say. Method: each runs on the bundled index
or on a few rows, and every decision is computed again with plain numpy from the same closes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import quant as qt
from quant.errors import StrategyError

YEAR = {"start": "2010-01-04", "end": "2011-12-30"}
NEXT_CLOSE = {"execution": {"timing": "next_close"}}


def closes(end: str = "2011-12-30") -> pl.DataFrame:
    frame = pl.read_parquet(qt.sample("sp500").path)
    return frame.filter(pl.col("date") <= pl.lit(end).str.to_date())


def decided(run: qt.Run) -> list[tuple[str, str]]:
    """(session, side) of every order that filled."""
    rows = run.orders.filter(pl.col("status") == "FILLED").select("session", "side").rows()
    return [(str(session), side) for session, side in rows]


def test_the_cross_trades_exactly_where_the_means_cross() -> None:
    run = qt.backtest(qt.MovingAverageCross(10, 30), qt.sample("sp500"), config=NEXT_CLOSE, **YEAR)
    frame = closes()
    close, dates = frame["close"].to_numpy(), frame["date"].cast(pl.String).to_list()
    expected, is_long = [], False
    for t in range(30, len(close)):
        if dates[t] < YEAR["start"] or t == len(close) - 1:
            continue
        above = close[t - 9 : t + 1].mean() - close[t - 29 : t + 1].mean()
        # an order fills one bar later, so a decision follows the last one by two bars at least
        if above > 0 and not is_long:
            expected.append((dates[t], "BUY"))
            is_long = True
        elif above < 0 and is_long:
            expected.append((dates[t], "SELL"))
            is_long = False
    assert decided(run) == expected
    assert len(expected) > 10


def test_a_cross_with_fast_above_slow_is_refused() -> None:
    with pytest.raises(StrategyError, match="fast below slow"):
        qt.MovingAverageCross(50, 20)


def test_the_breakout_compares_with_the_channel_before_the_bar() -> None:
    run = qt.backtest(qt.Breakout(20, 10), qt.sample("sp500"), config=NEXT_CLOSE, **YEAR)
    frame = closes()
    high, low = frame["high"].to_numpy(), frame["low"].to_numpy()
    close, dates = frame["close"].to_numpy(), frame["date"].cast(pl.String).to_list()
    place = {date: t for t, date in enumerate(dates)}
    found = decided(run)
    assert len(found) > 5
    for session, side in found:
        t = place[session]
        if side == "BUY":
            assert close[t] > high[t - 20 : t].max()
        else:
            assert close[t] < low[t - 10 : t].min()
    assert [side for _, side in found] == ["BUY", "SELL"] * (len(found) // 2) + ["BUY"] * (
        len(found) % 2
    )


def pair(n: int) -> pl.DataFrame:
    """Two symbols whose ratio swings around one."""
    days = np.arange("2020-01-01", "2021-06-01", dtype="datetime64[D]")[:n]
    wave = np.sin(np.arange(n) / 7.0) * 0.05 + np.sin(np.arange(n) / 2.3) * 0.01
    first, second = 100.0 * (1.0 + wave), np.full(n, 100.0)
    return pl.DataFrame(
        {
            "date": np.concatenate([days, days]),
            "symbol": ["AAA"] * n + ["BBB"] * n,
            "close": np.concatenate([first, second]),
        }
    )


def test_the_pair_sells_what_is_dear_and_buys_what_is_cheap() -> None:
    frame = pair(300)
    run = qt.backtest(
        qt.PairTrade("AAA", "BBB", n=60, entry=1.2),
        frame,
        config={"instruments": {"default": {"increment": "0.01"}}},
    )
    ratio = frame.filter(pl.col("symbol") == "AAA")["close"].to_numpy() / 100.0
    dates = frame.filter(pl.col("symbol") == "AAA")["date"].cast(pl.String).to_list()
    entries = run.orders.filter((pl.col("symbol") == "AAA") & (pl.col("status") == "FILLED"))
    sides = entries["side"].to_list()
    assert len(sides) >= 4
    opened = dict(zip(entries["session"].cast(pl.String).to_list()[::2], sides[::2], strict=True))
    for session, side in opened.items():
        t = dates.index(session)
        window = ratio[t - 59 : t + 1]
        z = (window[-1] - window.mean()) / window.std(ddof=1)
        assert abs(z) > 1.2
        assert side == ("SELL" if z > 0 else "BUY")
    both = run.fills.group_by("ts").len()["len"].to_list()
    assert set(both) == {2}


def test_the_volatility_target_holds_the_weight_it_computes() -> None:
    run = qt.backtest(
        qt.VolatilityTarget(target=0.1, n=60),
        qt.sample("sp500"),
        config={**NEXT_CLOSE, "instruments": {"default": {"increment": "0.001"}}},
        **YEAR,
    )
    frame = closes()
    close, dates = frame["close"].to_numpy(), frame["date"].cast(pl.String).to_list()
    first = run.orders.row(0, named=True)
    t = dates.index(str(first["session"]))
    returns = close[t - 59 : t + 1] / close[t - 60 : t] - 1.0
    weight = min(1.0, 0.1 / (returns.std(ddof=1) * np.sqrt(252)))
    assert first["filled_qty"] * close[t + 1] / 100_000.0 == pytest.approx(weight, abs=1e-4)
    assert str(first["session"]) == "2010-01-29"


def test_the_demo_momentum_holds_the_best_of_the_year() -> None:
    from quant.cli.demo import STOCKS_CONFIG, Momentum

    run = qt.backtest(
        Momentum(top=3),
        qt.sample("us20"),
        config=STOCKS_CONFIG,
        start="2019-01-02",
        end="2019-03-29",
    )
    held = run.positions.filter(pl.col("session") == pl.date(2019, 1, 31), pl.col("qty") > 0)
    wide = (
        pl.read_parquet(qt.sample("us20").path)
        .filter(pl.col("date") <= pl.date(2019, 1, 2))
        .pivot(on="symbol", index="date", values="close")
        .sort("date")
        .drop("date")
    )
    past = {name: wide[name][-22] / wide[name][-253] for name in wide.columns}
    best = sorted(past, key=lambda name: past[name])[-3:]
    assert sorted(set(held["symbol"])) == sorted(best)


def test_a_feature_calculates_like_its_value() -> None:
    seen: list[tuple[float, float]] = []

    class Distance(qt.Strategy):
        def on_start(self, ctx: qt.Context) -> None:
            self.mean = ctx.features.rolling_mean("SP500", "close", 3)

        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            mean = self.mean
            if not mean.is_ready:
                return
            value = mean.value
            assert (bar.close - mean, mean - bar.close) == (bar.close - value, value - bar.close)
            assert (2 * mean, mean * 2, mean / 2, 2 / mean) == (
                2 * value,
                2 * value,
                value / 2,
                2 / value,
            )
            assert (mean + 1, 1 + mean, -mean, abs(-mean)) == (value + 1, 1 + value, -value, value)
            assert (mean + mean, mean - mean, mean * mean, mean / mean) == (
                2 * value,
                0,
                value**2,
                1,
            )
            assert (mean > mean, mean >= mean, mean < 0, mean <= value) == (
                False,
                True,
                False,
                True,
            )
            seen.append((float(mean), bar.close))

    qt.backtest(Distance, qt.sample("sp500"), end="2000-01-31")
    assert len(seen) == 18
