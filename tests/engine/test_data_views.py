"""Goal: a strategy sees the past, all of it and nothing else, and cannot change it.

Method: at each timestamp every view is compared with the bars that have ended by then; returned
arrays are overwritten and searched for a base that holds more than was asked for; indicators are
compared bit by bit with their one-row-at-a-time twins fed along the run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from helpers.worlds import market, market_on, play
from quant.errors import ConfigError, DataError, LookAheadError, OrderError, SchemaError
from quant.indicators import INDICATORS
from quant.strategy import Bar, Context, Slice, Strategy

N = 12
NAN = float("nan")


def rising(n: int, first: float = 10.0) -> list[tuple[float, ...] | None]:
    """Open, high, low, close and volume that say which day it is."""
    return [
        (first + day, first + day + 0.75, first + day - 0.5, first + day + 0.25, 1e5 + day)
        for day in range(n)
    ]


def gappy(n: int) -> list[tuple[float, ...] | None]:
    """The same from 50 on, without days 0 and 1 and every third day."""
    return [row if day > 1 and day % 3 else None for day, row in enumerate(rising(n, 50.0))]


def each_day(look: Callable[[int, Context], None]) -> None:
    """Run with A every day and B with gaps, calling ``look(day, ctx)`` after each close."""
    deeds = {day: (lambda ctx, day=day: look(day, ctx)) for day in range(N)}
    play(deeds, market(A=rising(N), B=gappy(N)))


def present(day: int) -> list[int]:
    """Days up to ``day`` on which B has a bar."""
    return [d for d in range(day + 1) if d > 1 and d % 3]


# ---------------------------------------------------------------------- ctx.data.get


def test_one_field_of_one_symbol() -> None:
    def look(day: int, ctx: Context) -> None:
        closes = ctx.data.get("A", "close", 5)
        assert closes.tolist() == [10.25 + d for d in range(max(0, day - 4), day + 1)]
        assert ctx.data.get("B", "open", 100).tolist() == [50.0 + d for d in present(day)]
        assert ctx.data.get("A").tolist() == [10.25 + day]

    each_day(look)


def test_several_fields_of_one_symbol() -> None:
    def look(day: int, ctx: Context) -> None:
        block = ctx.data.get("A", ["high", "volume"], 3)
        wanted = [[10.75 + d, 1e5 + d] for d in range(max(0, day - 2), day + 1)]
        assert block.tolist() == wanted

    each_day(look)


@pytest.mark.parametrize("fill", ["last", "nan"])
def test_several_symbols_are_aligned(fill: str) -> None:
    def look(day: int, ctx: Context) -> None:
        block = ctx.data.get(["B", "A"], "close", 6, fill=fill)
        rows = range(max(0, day - 5), day + 1)
        for found, d in zip(block, rows, strict=True):
            known = present(d)
            wanted = 50.25 + known[-1] if known and (fill == "last" or known[-1] == d) else NAN
            assert np.array_equal(found, [wanted, 10.25 + d], equal_nan=True)
        assert ctx.data.get(["A", "B"], ["open", "close"], 6).shape == (len(rows), 2, 2)

    each_day(look)


def test_times_are_the_ends_of_the_same_bars() -> None:
    def look(day: int, ctx: Context) -> None:
        times = ctx.data.times("A", 4)
        assert times[-1] == ctx.now_ns
        assert len(times) == min(4, day + 1)
        assert (np.diff(times) == 86_400_000_000_000).all()

    each_day(look)


def _past(day: int) -> list[Any]:
    """One moment, three ways to say it."""
    end = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day)
    return [end, end.isoformat(), end.astimezone().isoformat()]


def test_an_earlier_moment() -> None:
    """Midnight after day d is when day d is known, day d + 1 is not."""

    def look(day: int, ctx: Context) -> None:
        if day < 4:
            return
        for at in _past(day - 1):
            assert ctx.data.get("A", "close", 2, at=at).tolist() == [7.25 + day, 8.25 + day]
        # a date is the end of that day
        for at in (date(2024, 1, day - 1), f"2024-01-{day - 1:02}"):
            assert ctx.data.get("A", "close", at=at).tolist() == [8.25 + day]
        assert ctx.data.get("A", "close", at=date(2024, 1, day + 1)).tolist() == [10.25 + day]
        assert ctx.data.get("A", "close", 3, at=date(1999, 1, 1)).shape == (0,)

    each_day(look)


def test_later_than_now_is_refused() -> None:
    def look(day: int, ctx: Context) -> None:
        nanosecond_after = ctx.now + timedelta(microseconds=1)
        tomorrow = ctx.session + timedelta(days=1)
        for at in (nanosecond_after, tomorrow, tomorrow.isoformat(), "2030-01-01T00:00Z"):
            with pytest.raises(LookAheadError, match="no later than now"):
                ctx.data.get("A", "close", at=at)
            with pytest.raises(LookAheadError):
                ctx.data.get(["A", "B"], "close", 2, at=at)

    each_day(look)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("A", "closing"), SchemaError, "Did you mean 'close'"),
        (("A", ["open", "closing"]), SchemaError, "closing"),
        (("AA", "close"), OrderError, "AA"),
        ((["A", "AA"], "close"), OrderError, "AA"),
        (("A", "close", 0), ConfigError, "number of 1 or more"),
        (("A", "close", 1, datetime(2024, 1, 1)), ConfigError, "with a zone"),
        (("A", "close", 1, "yesterday"), ConfigError, "ISO"),
        ((["A", "B"], "close", 1, None, "zero"), ConfigError, "fill"),
    ],
)
def test_questions_that_cannot_be_answered(
    arguments: tuple[Any, ...], error: type[Exception], text: str
) -> None:
    def look(day: int, ctx: Context) -> None:
        with pytest.raises(error, match=text):
            ctx.data.get(*arguments)

    each_day(look)


# ---------------------------------------------------------------------- copies


def reaches(array: NDArray[Any]) -> int:
    """Bytes that can be got at through an array and what it is a view of."""
    most, base = array.nbytes, array.base
    while base is not None:
        most = max(most, base.nbytes if isinstance(base, np.ndarray) else memoryview(base).nbytes)
        base = getattr(base, "base", None)
    return most


def views(market: Slice, ctx: Context) -> dict[str, NDArray[Any]]:
    """Every array a strategy can be given."""
    return {
        "get": ctx.data.get("A", "close", 3),
        "get fields": ctx.data.get("A", ["close", "open"], 3),
        "get symbols": ctx.data.get(["A", "B"], "close", 3),
        "get both": ctx.data.get(["A", "B"], ["close", "open"], 3),
        "times": ctx.data.times("A", 3),
        **{name: getattr(market, name) for name in ("open", "high", "low", "close", "volume")},
        "fresh": market.fresh,
    }


class Meddles(Strategy):
    """Overwrites all it is given and looks again."""

    def on_slice(self, market: Slice, ctx: Context) -> None:
        before = {name: array.copy() for name, array in views(market, ctx).items()}
        for name, array in views(market, ctx).items():
            assert reaches(array) == array.nbytes, name
            array[...] = 0
        for name, array in views(market, ctx).items():
            assert np.array_equal(array, before[name], equal_nan=array.dtype.kind == "f"), name


def test_arrays_are_copies_without_a_way_to_the_future() -> None:
    bars = market(A=rising(N), B=gappy(N))
    before = {name: column.copy() for name, column in bars.columns.items()}
    play(Meddles(), bars)
    for name, column in bars.columns.items():
        assert np.array_equal(column, before[name], equal_nan=True)
        assert not column.flags.writeable


# ---------------------------------------------------------------------- slice and bar


def test_a_slice_has_last_known_values_and_says_what_is_fresh() -> None:
    class Panels(Strategy):
        def __init__(self) -> None:
            self.day = -1

        def on_slice(self, market: Slice, ctx: Context) -> None:
            self.day += 1
            known = present(self.day)
            last = float(known[-1]) if known else NAN
            assert market.symbols == ("A", "B")
            assert market.ts == ctx.now_ns
            assert market.fresh.tolist() == [True, bool(known) and known[-1] == self.day]
            for name, shift in (("open", 0.0), ("high", 0.75), ("low", -0.5), ("close", 0.25)):
                wanted = [10.0 + self.day + shift, 50.0 + last + shift]
                assert np.array_equal(getattr(market, name), wanted, equal_nan=True)
            volumes = [1e5 + self.day, 1e5 + last]
            assert np.array_equal(market.volume, volumes, equal_nan=True)

    play(Panels(), market(A=rising(N), B=gappy(N)))


def test_a_slice_in_which_only_the_other_name_has_a_bar() -> None:
    class OnlyB(Strategy):
        fresh: list[list[bool]]

        def on_slice(self, market: Slice, ctx: Context) -> None:
            self.fresh.append(market.fresh.tolist())

    strategy = OnlyB(fresh=[])
    rows = rising(3)
    play(strategy, market(A=[rows[0], None, rows[2]], B=[None, rows[1], rows[2]]))
    assert strategy.fresh == [[True, False], [False, True], [True, True]]


def test_bars_are_what_the_data_say() -> None:
    class Keeps(Strategy):
        def __init__(self) -> None:
            self.bars: list[Bar] = []

        def on_bar(self, bar: Bar, ctx: Context) -> None:
            assert bar.ts == bar.ts_close == ctx.now_ns
            assert bar.time == ctx.now
            self.bars.append(bar)

    strategy = Keeps()
    play(strategy, market_on("XNYS", A=rising(4), B=[None, *rising(3, 50.0)]))
    # a bar that is kept does not change
    assert [bar.symbol for bar in strategy.bars] == ["A", *["A", "B"] * 3]
    first = strategy.bars[2]
    assert (first.open, first.high, first.low, first.close) == (50.0, 50.75, 49.5, 50.25)
    assert first.volume == 1e5
    assert first.ts_close - first.ts_open == 390 * 60 * 10**9
    with pytest.raises(AttributeError):
        first.close = 1.0  # type: ignore[misc]


# ---------------------------------------------------------------------- indicators

WINDOWS: dict[str, dict[str, Any]] = {
    "rolling_mean": {"n": 3},
    "rolling_std": {"n": 3},
    "rolling_min": {"n": 3},
    "rolling_max": {"n": 3},
    "zscore": {"n": 4},
    "ema": {"n": 3},
    "rsi": {"n": 3},
    "atr": {"n": 3},
    "donchian_upper": {"n": 3},
    "donchian_lower": {"n": 3},
    "vol_target": {"n": 3, "target": 0.1},
}


class Twins(Strategy):
    """Feeds a twin of every indicator and symbol along the run."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self.names = symbols
        self.n_compared = 0
        self.history: dict[tuple[str, str], list[float]] = {}

    def on_start(self, ctx: Context) -> None:
        self.features: dict[tuple[str, str], Any] = {}
        self.twins: dict[tuple[str, str], Any] = {}
        for kind, params in WINDOWS.items():
            fields = () if kind in ("atr", "donchian_upper", "donchian_lower") else ("close",)
            if kind == "vol_target":
                panel = ctx.features.vol_target(list(self.names), **params)
                params = {**params, "periods_per_year": 365.0, "max_leverage": 1.0}
            else:
                panel = getattr(ctx.features, kind)(list(self.names), *fields, **params)
            for symbol in self.names:
                self.features[kind, symbol] = panel[symbol]
                self.twins[kind, symbol] = INDICATORS[kind].twin(**params)
                self.history[kind, symbol] = []

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        values = {"high": bar.high, "low": bar.low, "close": bar.close}
        for kind in WINDOWS:
            key = (kind, bar.symbol)
            inputs = [values.get(name, bar.close) for name in INDICATORS[kind].inputs]
            wanted = self.twins[key].update(*inputs)
            found = self.features[key]
            past = self.history[key]
            assert np.float64(found.value).tobytes() == np.float64(wanted).tobytes(), key
            assert found.is_ready == (wanted == wanted)
            past.append(wanted)
            for back in range(1, min(4, len(past)) + 1):
                assert np.array_equal(found[-back], past[-back], equal_nan=True)
            assert np.isnan(found[-len(past) - 1])
            self.n_compared += 1


def wandering(seed: int, n: int) -> list[tuple[float, ...] | None]:
    random = np.random.Generator(np.random.Philox(key=seed))
    rows: list[tuple[float, ...] | None] = []
    last = 100.0
    for gap, high, low, close in random.normal(0, 0.01, (n, 4)).tolist():
        open_ = last * (1 + gap)
        last = open_ * (1 + close)
        top, bottom = max(open_, last) * (1 + abs(high)), min(open_, last) * (1 - abs(low))
        rows.append((open_, top, bottom, last))
    return rows


def test_indicators_equal_their_twins_along_the_run() -> None:
    days = 60
    holes = [row if day % 5 else None for day, row in enumerate(wandering(2, days))]
    strategy = Twins(("A", "B"))
    assert set(WINDOWS) == set(INDICATORS)
    play(strategy, market(A=wandering(1, days), B=holes))
    assert strategy.n_compared == len(WINDOWS) * (days + days * 4 // 5)


def test_indicators_before_the_start_of_the_run_are_warm() -> None:
    strategy = Twins(("A",))
    bars = market(A=wandering(3, 30))

    class Later(Twins):
        def on_bar(self, bar: Bar, ctx: Context) -> None:
            self.history["all", bar.symbol].append(self.features["rolling_mean", "A"].value)

    later = Later(("A",))
    later.history["all", "A"] = []
    play(strategy, bars)
    play(later, bars, start=date(2024, 1, 11))
    assert later.history["all", "A"] == strategy.history["rolling_mean", "A"][10:]


def test_an_indicator_has_no_future() -> None:
    class Peeks(Strategy):
        def on_start(self, ctx: Context) -> None:
            self.mean = ctx.features.rolling_mean("A", "close", 2)
            assert np.isnan(self.mean.value)
            assert not self.mean.is_ready
            assert np.isnan(self.mean[-1])

        def on_bar(self, bar: Bar, ctx: Context) -> None:
            for index in (0, 1, 5):
                with pytest.raises(LookAheadError, match="negative index"):
                    self.mean[index]

    play(Peeks(), market(A=rising(4)))


@pytest.mark.parametrize(
    ("declare", "error", "text"),
    [
        (lambda f: f.rolling_mean("A", "closing", 3), SchemaError, "Did you mean 'close'"),
        (lambda f: f.rolling_mean("AA", "close", 3), OrderError, "AA"),
        (lambda f: f.rolling_mean(5, "close", 3), ConfigError, "a symbol or a list"),
        (lambda f: f.rolling_mean("A", "close", 0), ConfigError, "n"),
    ],
)
def test_indicators_that_cannot_be(declare: Any, error: type[Exception], text: str) -> None:
    class Declares(Strategy):
        def on_start(self, ctx: Context) -> None:
            declare(ctx.features)

    with pytest.raises(error, match=text):
        play(Declares(), market(A=rising(3)))


def test_indicators_are_declared_at_the_start_only() -> None:
    with pytest.raises(ConfigError, match="on_start"):
        play({1: lambda ctx: ctx.features.rolling_mean("A", "close", 2)}, market(A=rising(3)))


def test_a_slice_kept_for_later_says_that_it_is_over() -> None:
    """Its arrays are copies and may be kept; the slice itself would show a later market."""
    kept: list[Slice] = []
    closes: list[float] = []

    class Keeps(Strategy):
        def on_slice(self, market: Slice, ctx: Context) -> None:
            kept.append(market)
            closes.append(float(market.close[0]))

    play(Keeps(), market(A=[(1.0, 1.0, 1.0, 1.0, 9.0), (2.0, 2.0, 2.0, 2.0, 9.0)]))
    assert closes == [1.0, 2.0]
    with pytest.raises(DataError, match="while it is current"):
        kept[0].close  # noqa: B018
