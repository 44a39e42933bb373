"""Goal: a higher bar is what its bucket says and is never seen before it is complete.

Method: half-hour bars of New York whose prices are their numbers, so that every higher bar can be
read off; then a naive second computation in local time on random markets, at every bar.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import quant as qt
from helpers.worlds import market, market_on
from quant.errors import ConfigError, StrategyError
from quant.indicators import INDICATORS
from quant.strategy import FeatureSet
from quant.strategy.timeframes import timeframe_ns

NEW_YORK = ZoneInfo("America/New_York")
HALF = timedelta(minutes=30)


class Watch(qt.SignalStrategy):
    """Writes down what it is shown of higher timeframes."""

    timeframes: str = "4h,1d,1w"

    def __init__(self, timeframes: str = "4h,1d,1w") -> None:
        self.timeframes = timeframes
        self.seen: list[tuple[datetime, str, dict[str, Any]]] = []

    def declare(self, features: FeatureSet, params: dict[str, Any]) -> None:
        for tf in params["timeframes"].split(","):
            features.timeframe(tf)

    def generate_signal(self, snapshot: qt.RuntimeSnapshot, params: dict[str, Any]) -> None:
        bars = {tf: one.bar for tf, one in snapshot.timeframes.items()}
        assert all(bar.ts_close <= snapshot.ts_close + 1 for bar in bars.values())
        self.seen.append((snapshot.bar.time, snapshot.symbol, bars))


def sessions() -> Iterator[tuple[datetime, datetime]]:
    """Hours of two weeks around the Fourth of July 2024: an early close, a holiday."""
    for day in range(1, 13):
        opening = datetime(2024, 7, day, 9, 30, tzinfo=NEW_YORK)
        if opening.weekday() < 5 and day != 4:
            yield opening, opening.replace(hour=13 if day == 3 else 16, minute=0)


def half_hours() -> pl.DataFrame:
    """Bar i opens at i, closes at i + 0.25, reaches from i - 0.5 to i + 0.5; volume 100 + i."""
    rows = []
    for opening, closing in sessions():
        while opening < closing:
            rows.append(opening.astimezone(UTC))
            opening += HALF
    i = pl.int_range(len(rows), eager=True).cast(pl.Float64)
    columns = {"ts": rows, "open": i + 10, "high": i + 10.5, "low": i + 9.5, "close": i + 10.25}
    return pl.DataFrame({**columns, "volume": i + 100.0})


def watched(data: Any, timeframes: str = "4h,1d,1w", **options: Any) -> list[Any]:
    strategy = Watch(timeframes)
    qt.backtest(strategy, data, options=qt.DataOptions(**options))
    return strategy.seen


def figures(bar: Any) -> tuple[float, ...]:
    return (bar.open - 10, bar.high - 10.5, bar.low - 9.5, bar.close - 10.25, bar.volume)


def at(seen: list[Any], text: str) -> dict[str, Any]:
    (found,) = [bars for time, _, bars in seen if f"{time:%d %H:%M}" == text]
    return found


def test_higher_bars_of_half_hours_by_hand() -> None:
    seen = watched(half_hours(), "4h,1d", calendar="XNYS")
    # nothing is asked before both have a bar: the first day closes at 20:00 UTC with bar 12
    assert f"{seen[0][0]:%d %H:%M}" == "01 20:00"
    first = at(seen, "01 20:00")
    # 13:30 to 16:00 are bars 0 to 4, 16:00 to 20:00 are 5 to 12
    assert figures(first["4h"]) == (5, 12, 5, 12, sum(range(105, 113)))
    assert figures(first["1d"]) == (0, 12, 0, 12, sum(range(100, 113)))
    assert f"{first['4h'].time:%H:%M}" == "20:00"
    # the next morning still shows them, until 16:00 completes bars 13 to 17
    assert at(seen, "02 15:30") == first
    assert figures(at(seen, "02 16:00")["4h"]) == (13, 17, 13, 17, sum(range(113, 118)))
    assert at(seen, "02 16:00")["1d"] == first["1d"]
    # 3 July closes at 13:00 in New York, 17:00 UTC: bars 26 to 32, the last two from 16:00 on
    early = at(seen, "03 17:00")
    assert figures(early["4h"]) == (31, 32, 31, 32, 131 + 132)
    assert figures(early["1d"]) == (26, 32, 26, 32, sum(range(126, 133)))
    assert (early["1d"].tf, f"{early['1d'].time:%d %H:%M}") == ("1d", "03 17:00")


def test_a_week_ends_with_its_last_session() -> None:
    seen = watched(half_hours(), "1w", calendar="XNYS")
    # Monday to Friday without the fourth: 13 + 13 + 7 + 13 bars
    first = at(seen, "05 20:00")["1w"]
    assert f"{seen[0][0]:%d %H:%M}" == "05 20:00"
    assert figures(first) == (0, 45, 0, 45, sum(range(100, 146)))
    assert at(seen, "12 19:30")["1w"] == first
    assert at(seen, "12 20:00")["1w"].open - 10 == 46
    assert (
        datetime.fromtimestamp(first.ts_open / 1e9, UTC).isoformat() == "2024-07-01T13:30:00+00:00"
    )


def test_good_friday_ends_its_week_on_thursday() -> None:
    bars = market_on("XNYS", A=[(i + 10.0,) * 4 for i in range(65)])  # 2 January to 4 April
    weeks = {f"{time:%m-%d}": seen["1w"] for time, _, seen in watched(bars, "1w")}
    assert f"{weeks['03-28'].time:%m-%d}" == "03-28"
    assert f"{weeks['03-27'].time:%m-%d}" == "03-22"


def test_days_without_hours_end_their_week_on_sunday() -> None:
    bars = market(A=[(i + 10.0,) * 4 for i in range(15)])  # from Monday 1 January 2024
    seen = watched(bars, "1w")
    assert next(f"{time:%a %d}" for time, _, _ in seen) == "Sun 07"
    assert [bars["1w"].close for _, _, bars in seen] == [16.0] * 7 + [23.0] * 2


def test_a_bar_that_never_comes_does_not_hold_a_week_open() -> None:
    days: list[Any] = [(i + 10.0,) * 4 for i in range(10)]
    days[6] = None  # no bar on Sunday
    seen = watched(market(A=days, B=[(1.0,) * 4] * 10), "1w")
    of_a = {f"{time:%d}": bars["1w"].close for time, symbol, bars in seen if symbol == "A"}
    assert of_a == {"08": 15.0, "09": 15.0, "10": 15.0}


def test_hours_outside_of_the_session_have_bars_of_their_own() -> None:
    frame = half_hours().filter(pl.col("ts").dt.day() <= 2)
    early = datetime(2024, 7, 2, 12, 30, tzinfo=UTC)
    late = datetime(2024, 7, 2, 20, 0, tzinfo=UTC)
    more = [{"ts": ts, **dict.fromkeys(("open", "high", "low", "close"), 99.0), "volume": 1.0}
            for ts in (early, early + HALF, late)]  # fmt: skip
    seen = watched(pl.concat([frame, pl.DataFrame(more)]).sort("ts"), "4h,1d", calendar="XNYS")
    last = at(seen, "02 20:30")
    assert figures(last["1d"]) == (13, 25, 13, 25, sum(range(113, 126)))
    # 12:00 to 13:30 before the open, complete there
    assert figures(at(seen, "02 13:30")["4h"])[:1] == (89,)
    assert f"{at(seen, '02 13:30')['4h'].time:%H:%M}" == "13:30"
    assert figures(at(seen, "02 16:00")["4h"])[:2] == (13, 17)


def naive(rows: list[Any], now: datetime, tf: str) -> tuple[float, float] | None:
    """Open and close of the last complete bar by plain dates of New York; rows are (end, o, c)."""
    groups: dict[Any, list[Any]] = {}
    for end, o, c in rows:
        local = (end - timedelta(seconds=1)).astimezone(NEW_YORK)
        if tf == "1d":
            key: Any = (0, local.date())
        elif tf == "1w":
            key = local.isocalendar()[:2]
        else:
            start = end - timedelta(seconds=1)
            key = (local.date(), start.hour // int(tf[:-1]))
        groups.setdefault(key, []).append((end, o, c))
    closings = {opening.date(): closing for opening, closing in sessions()}
    done = []
    for key, members in groups.items():
        local = (members[0][0] - timedelta(seconds=1)).astimezone(NEW_YORK)
        closing = closings[local.date()]
        if tf == "1w":
            week = local.isocalendar()[:2]
            closing = max(c for day, c in closings.items() if day.isocalendar()[:2] == week)
        elif tf != "1d":
            hours = int(tf[:-1])
            day = members[0][0] - timedelta(seconds=1)
            bucket = day.replace(hour=key[1] * hours, minute=0, second=0)
            closing = min(closing, bucket + timedelta(hours=hours))
        if closing <= now:
            done.append((closing, members[0][1], members[-1][2]))
    return max(done)[1:] if done else None


def test_a_second_computation_agrees_at_every_bar() -> None:
    random = np.random.default_rng(5)
    for _ in range(6):
        frame = half_hours()
        keep = random.random(len(frame)) > 0.25
        frame = frame.filter(pl.Series(keep))
        rows = [(ts + HALF, o, c) for ts, o, c in frame.select("ts", "open", "close").iter_rows()]
        for tf in ("2h", "4h", "1d", "1w"):
            seen = watched(frame, tf, calendar="XNYS", bar="30min")
            shown = {time: (bars[tf].open, bars[tf].close) for time, _, bars in seen}
            for n, (end, _, _) in enumerate(rows):
                assert shown.get(end) == naive(rows[: n + 1], end, tf), (tf, end)


@pytest.mark.parametrize(("tf", "every"), [("4h", "4h"), ("1d", "1d"), ("1w", "1w")])
def test_round_the_clock_bars_are_those_of_a_peer(tf: str, every: str) -> None:
    """polars groups the whole series at once; what it gives for each end is what was shown then."""
    random = np.random.default_rng(8)
    n = 24 * 23
    ts = [datetime(2024, 2, 26, tzinfo=UTC) + timedelta(hours=i) for i in range(n)]  # a Monday
    close = 100 + random.normal(size=n).cumsum()
    frame = pl.DataFrame({
        "ts": ts, "open": close + 0.5, "high": close + 2, "low": close - 2, "close": close,
        "volume": random.integers(1, 9, n).astype(float),
    }).filter(pl.Series(random.random(n) > 0.1) | (pl.int_range(n) % 24 == 23))  # fmt: skip
    grouped = frame.group_by_dynamic(
        "ts", every=every, start_by="monday" if tf == "1w" else "window"
    )
    peer = grouped.agg(
        pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last(),
        pl.col("volume").sum(),
    )  # fmt: skip
    step = {"4h": timedelta(hours=4), "1d": timedelta(days=1), "1w": timedelta(days=7)}[tf]
    known = {row[0] + step: row[1:] for row in peer.iter_rows()}
    shown = 0
    for time, _, bars in watched(frame, tf, calendar="24/7", bar="1h"):
        end = max(one for one in known if one <= time)
        bar = bars[tf]
        assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == known[end]
        assert bar.time == end
        shown += 1
    assert shown > n // 2


def test_what_comes_later_changes_nothing_seen_before() -> None:
    whole = watched(half_hours(), calendar="XNYS")
    for n in (50, 66, 80):
        part = watched(half_hours().head(n), calendar="XNYS")
        assert part == whole[: len(part)]


def test_rows_before_the_start_count() -> None:
    strategy = Watch("1w")
    qt.backtest(strategy, half_hours(), options=qt.DataOptions(calendar="XNYS"), start="2024-07-08")
    assert f"{strategy.seen[0][0]:%d %H:%M}" == "08 14:00"
    assert figures(strategy.seen[0][2]["1w"]) == (0, 45, 0, 45, sum(range(100, 146)))


@pytest.mark.parametrize("text", ["1m", "7h", "25h", "0h", "1mo", "2d", "", None, 5])
def test_a_wrong_timeframe_is_refused(text: object) -> None:
    with pytest.raises(ConfigError, match="expected minutes or hours that divide a day"):
        timeframe_ns(text)


@pytest.mark.parametrize("tf", ["30min", "15min", "45min"])
def test_a_timeframe_that_is_no_multiple_is_refused(tf: str) -> None:
    with pytest.raises(ConfigError, match="multiples of the data's bars"):
        watched(half_hours(), tf, calendar="XNYS")


class Declares(qt.SignalStrategy):
    """Declares what it is told."""

    def __init__(self, what: list[dict[str, Any]]) -> None:
        self.what = what

    def declare(self, features: FeatureSet, params: dict[str, Any]) -> None:
        for one in self.what:
            features.add(**one)

    def generate_signal(self, snapshot: qt.RuntimeSnapshot, params: dict[str, Any]) -> None:
        self.last = snapshot


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ([{"name": "m", "indicator": "emma", "n": 3}], "Did you mean 'ema'"),
        ([{"name": "m", "indicator": "ema", "n": 3}] * 2, "found it taken"),
        ([{"name": "m", "indicator": "ema", "m": 3}], "expected the parameters of ema"),
        ([{"name": "m", "indicator": "ema", "tf": "1w", "m": 3}], "expected the parameters of ema"),
        ([{"name": "m", "indicator": "ema", "field": "clos", "n": 3, "tf": "1w"}], "'close'"),
    ],
)
def test_a_wrong_declaration_is_told(what: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        qt.backtest(Declares(what), market(A=[(1.0,) * 4] * 9))


def test_indicators_on_higher_bars_are_those_of_a_plain_computation() -> None:
    what = [
        {"name": "mean", "indicator": "rolling_mean", "n": 3, "tf": "1w"},
        {"name": "range", "indicator": "atr", "n": 2, "tf": "1w"},
        {"name": "top", "indicator": "donchian_upper", "n": 2, "tf": "1w"},
        {"name": "mean", "indicator": "rolling_mean", "n": 4},
    ]
    random = np.random.default_rng(2)
    close = (100 + random.normal(size=35).cumsum()).round(2).tolist()
    rows = [(c, c + 1.0, c - 1.0, c) for c in close]
    strategy = Declares(what)
    qt.backtest(strategy, market(A=rows))
    weeks = [close[7 * w : 7 * w + 7] for w in range(5)]  # Monday to Sunday, five whole weeks
    week = strategy.last.htf
    assert week is strategy.last.mtf
    assert week.n_bars == 5
    assert week.features["mean"] == pytest.approx(np.mean([w[-1] for w in weeks[-3:]]), rel=1e-14)
    assert week.features["top"] == max(max(w) + 1.0 for w in weeks[-2:])
    assert strategy.last.features["mean"] == pytest.approx(np.mean(close[-4:]), rel=1e-14)
    tops, lows = [max(w) + 1 for w in weeks], [min(w) - 1 for w in weeks]
    true = [max(t, w[-1]) - min(low, w[-1])
            for t, low, w in zip(tops[1:], lows[1:], weeks, strict=False)]  # fmt: skip
    atr = (true[0] + true[1]) / 2
    for one in true[2:]:
        atr = (atr + one) / 2
    assert week.features["range"] == pytest.approx(atr, rel=1e-14)


def test_without_a_declared_timeframe_there_is_none() -> None:
    strategy = Declares([])
    qt.backtest(strategy, market(A=[(1.0,) * 4] * 3))
    with pytest.raises(StrategyError, match=r"write features.timeframe\('1w'\)"):
        assert strategy.last.htf
    assert strategy.last.bar_ltf is strategy.last.bar
    assert strategy.last.bar.tf == "1d"
    assert date(2024, 1, 3) == strategy.last.portfolio.session


def test_every_indicator_can_be_declared_on_both() -> None:
    more: dict[str, dict[str, Any]] = {"vol_target": {"target": 0.1, "periods_per_year": 52.0}}
    what = [
        {"name": name, "indicator": name, "tf": tf, "n": 2, **more.get(name, {})}
        for name in INDICATORS
        for tf in (None, "1w")
    ]
    random = np.random.default_rng(3)
    close = (100 + random.normal(size=35).cumsum()).round(2).tolist()
    strategy = Declares(what)
    qt.backtest(strategy, market(A=[(c, c + 1.0, c - 1.0, c) for c in close]))
    for values in (strategy.last.features, strategy.last.htf.features):
        assert set(values) == set(INDICATORS)
        assert np.isfinite(list(values.values())).all()
