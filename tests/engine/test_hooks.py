"""Goal: a strategy is told everything that became known, in the written order, and nothing earlier.

Method: recording strategies on small markets; what they were told, at which time and in which order
is compared with lists by hand.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from helpers.worlds import Played, market, market_on, play
from quant.engine.simulation import Simulation
from quant.errors import ConfigError, DataError
from quant.lake import Bars, DataOptions, load_bars
from quant.model.events import Clock, Fill, OrderUpdate
from quant.model.parse import config_from
from quant.strategy import Bar, Context, Slice, Strategy

FLAT = (10.0, 10.0, 10.0, 10.0)


def days(n: int, first: float = 10.0) -> list[tuple[float, ...]]:
    """Flat bars at 10, 11, 12 and so on."""
    return [(first + i,) * 4 for i in range(n)]


def hours(*prices: tuple[float, ...] | None, symbol: str = "A") -> pl.DataFrame:
    """Bars of one hour from 10:00 UTC on 2024-01-02."""
    begin = datetime(2024, 1, 2, 10, tzinfo=UTC)
    names = ("open", "high", "low", "close")
    rows = [
        {"ts": begin + timedelta(hours=n), "symbol": symbol, **dict(zip(names, row, strict=True))}
        for n, row in enumerate(prices)
        if row is not None
    ]
    return pl.DataFrame(rows)


def hourly(*frames: pl.DataFrame) -> Bars:
    return load_bars(pl.concat(frames), DataOptions(calendar="24/7", bar="1h"))


class Records(Strategy):
    """Writes down every call as (hook, detail, now); acts by the script of its subclass."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any, datetime]] = []

    def note(self, hook: str, detail: Any, ctx: Context) -> None:
        self.calls.append((hook, detail, ctx.now))

    def on_start(self, ctx: Context) -> None:
        self.note("start", None, ctx)

    def on_fill(self, fill: Fill, ctx: Context) -> None:
        self.note("fill", fill.order_id, ctx)

    def on_order(self, update: OrderUpdate, ctx: Context) -> None:
        self.note("order", (update.order_id, update.status, update.reason), ctx)

    def on_session_open(self, session: date, ctx: Context) -> None:
        self.note("open", session, ctx)

    def on_session_close(self, session: date, ctx: Context) -> None:
        self.note("close", session, ctx)

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        self.note("bar", bar.symbol, ctx)

    def on_clock(self, clock: Clock, ctx: Context) -> None:
        self.note("clock", clock.tag, ctx)

    def on_slice(self, market: Slice, ctx: Context) -> None:
        self.note("slice", market.ts, ctx)

    def on_end(self, ctx: Context) -> None:
        self.note("end", None, ctx)

    def at(self, moment: datetime) -> list[tuple[str, Any]]:
        return [(hook, detail) for hook, detail, now in self.calls if now == moment]


# ---------------------------------------------------------------------- order of hooks


class OnFirstDay(Records):
    """On its first day: a market order, one that will expire, and two timers."""

    def on_start(self, ctx: Context) -> None:
        super().on_start(ctx)
        ctx.every("session close", tag="daily")
        ctx.every("week close")

    def on_slice(self, market: Slice, ctx: Context) -> None:
        super().on_slice(market, ctx)
        if ctx.session == date(2024, 1, 4):
            ctx.order("A", 1, "limit", limit_price=1.0)
            ctx.order("B", 1)


def test_order_of_hooks_at_one_timestamp() -> None:
    """Friday's close: a fill, an expiry, a session's end, two bars, two timers, one slice."""
    strategy = OnFirstDay()
    play(strategy, market_on("XNYS", B=days(5), A=days(5)))
    friday = datetime(2024, 1, 5, 21, tzinfo=UTC)
    assert strategy.at(friday) == [
        ("fill", 2),
        ("order", (1, "EXPIRED", "day_end")),
        ("close", date(2024, 1, 5)),
        ("bar", "A"),
        ("bar", "B"),
        ("clock", "daily"),
        ("clock", "week close"),
        ("slice", int(friday.timestamp()) * 10**9),
    ]
    assert strategy.at(friday.replace(hour=14, minute=30)) == [("open", date(2024, 1, 5))]


def test_all_data_are_applied_before_the_first_hook() -> None:
    class Looks(Strategy):
        seen: list[tuple[str, list[float]]]

        def on_bar(self, bar: Bar, ctx: Context) -> None:
            self.seen.append((bar.symbol, ctx.data.get(["A", "B"], "close")[0].tolist()))

    strategy = Looks(seen=[])
    play(strategy, market(A=days(2), B=days(2, 20.0)))
    assert strategy.seen == [
        ("A", [10.0, 20.0]),
        ("B", [10.0, 20.0]),
        ("A", [11.0, 21.0]),
        ("B", [11.0, 21.0]),
    ]


def test_on_event_stands_in_for_hooks_that_are_missing() -> None:
    class Both(Strategy):
        def __init__(self) -> None:
            self.told: list[str] = []

        def on_start(self, ctx: Context) -> None:
            ctx.every("session close")

        def on_event(self, evt: Any, ctx: Context) -> None:
            self.told.append(type(evt).__mro__[-2].__name__)
            if isinstance(evt, Bar) and evt.close == 10.0:
                ctx.order("A", 1)
                ctx.order("A", 0)

        def on_clock(self, clock: Clock, ctx: Context) -> None:
            self.told.append("on_clock")

    strategy = Both()
    play(strategy, market_on("XNYS", A=days(2)))
    assert strategy.told == ["Bar", "on_clock", "OrderUpdate", "Fill", "Bar", "on_clock"]


def test_only_the_hooks_it_defines_are_called() -> None:
    class FillsOnly(Strategy):
        def __init__(self) -> None:
            self.told: list[datetime] = []

        def on_start(self, ctx: Context) -> None:
            ctx.order("A", 3)

        def on_fill(self, fill: Fill, ctx: Context) -> None:
            self.told.append(ctx.now)

    strategy = FillsOnly()
    played = play(strategy, market_on("XNYS", A=days(3)))
    assert played.trades == [(1, 3, 10.0)]
    assert strategy.told == [datetime(2024, 1, 2, 21, tzinfo=UTC)]


# ---------------------------------------------------------------------- notices


class BuysAtOnce(Records):
    """Buys at market when the first bar has ended, with a limit below that the path reaches."""

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        super().on_bar(bar, ctx)
        if len([call for call in self.calls if call[0] == "bar"]) == 1:
            ctx.order("A", 1)
            ctx.order("A", 1, "limit", limit_price=9.0)


def test_fills_are_told_at_the_next_timestamp() -> None:
    """The open at 11:00 comes after the decision at 11:00; the path before that at 12:00."""
    strategy = BuysAtOnce()
    played = play(strategy, hourly(hours(FLAT, (10.0, 10.0, 8.0, 9.0), FLAT)))
    eleven = datetime(2024, 1, 2, 11, tzinfo=UTC)
    assert [fill["ts"] for fill in played.fills] == [
        int(eleven.timestamp()) * 10**9,
        int(eleven.replace(hour=12).timestamp()) * 10**9,
    ]
    assert [hook for hook, _ in strategy.at(eleven)] == ["bar", "slice"]
    assert strategy.at(eleven.replace(hour=12))[:2] == [("fill", 1), ("fill", 2)]


def test_a_fill_of_the_same_close_is_told_later() -> None:
    strategy = BuysAtOnce()
    config = {"execution": {"timing": "same_close"}}
    played = play(strategy, hourly(hours(FLAT, FLAT, FLAT)), config)
    told = [now for hook, _, now in strategy.calls if hook == "fill"]
    assert played.fills[0]["ts"] == int(datetime(2024, 1, 2, 11, tzinfo=UTC).timestamp()) * 10**9
    assert told[0] == datetime(2024, 1, 2, 12, tzinfo=UTC)


def test_refusals_come_with_both_figures() -> None:
    class Greedy(Strategy):
        def __init__(self) -> None:
            self.updates: list[OrderUpdate] = []

        def on_bar(self, bar: Bar, ctx: Context) -> None:
            if not ctx.working_orders() and not self.updates:
                ctx.order("A", 20, tag="too much")

        def on_order(self, update: OrderUpdate, ctx: Context) -> None:
            self.updates.append(update)

    strategy = Greedy()
    play(strategy, market(A=days(3)), {"cash": 100})
    (update,) = strategy.updates
    assert (update.status, update.reason) == ("REJECTED", "insufficient_funds")
    assert (update.needed, update.available) == (200.0, 100.0)
    assert (update.order_id, update.symbol, update.tag) == (1, "A", "too much")


def test_each_fill_is_told_once_with_its_own_row() -> None:
    class Listens(Strategy):
        def __init__(self) -> None:
            self.fills: list[Fill] = []

        def on_bar(self, bar: Bar, ctx: Context) -> None:
            ctx.order("A", 2, tag=f"day {len(self.fills)}")

        def on_fill(self, fill: Fill, ctx: Context) -> None:
            self.fills.append(fill)

    strategy = Listens()
    played = play(
        strategy, market(A=days(5)), {"commission": {"kind": "per_order", "per_order": 1}}
    )
    # the fill of the last open is told at the last close
    assert len(played.fills) == 4
    assert [fill.fill_id for fill in strategy.fills] == [1, 2, 3, 4]
    for fill, row in zip(strategy.fills, played.fills, strict=True):
        assert (fill.order_id, fill.ts, fill.price) == (row["order"], row["ts"], row["price"])
        assert (fill.qty, fill.side, fill.commission) == (2.0, "BUY", 1.0)
        assert fill.reason == "market_open"
    assert strategy.fills[0].tag == "day 0"


# ---------------------------------------------------------------------- timers, sessions


class Timed(Records):
    def __init__(self, *specs: str) -> None:
        super().__init__()
        self.specs = specs

    def on_start(self, ctx: Context) -> None:
        for spec in self.specs:
            ctx.every(spec)

    def on_clock(self, clock: Clock, ctx: Context) -> None:
        self.note("clock", (clock.tag, clock.session, ctx.data.times("A").tolist()), ctx)
        assert clock.ts == ctx.now_ns
        ctx.order("A", 1)


def test_a_timer_before_the_close_does_not_see_the_bar() -> None:
    strategy = Timed("session close - 10min")
    played = play(strategy, market_on("XNYS", A=days(3)))
    clocks = [(detail, now) for hook, detail, now in strategy.calls if hook == "clock"]
    ends = played.simulation.bars.ts_close.tolist()
    assert [now for _, now in clocks] == [
        datetime(2024, 1, day, 20, 50, tzinfo=UTC) for day in (2, 3, 4)
    ]
    assert [detail[1] for detail, _ in clocks] == [date(2024, 1, day) for day in (2, 3, 4)]
    # at 20:50 the last bar known is yesterday's
    assert [detail[2] for detail, _ in clocks] == [[], ends[:1], ends[1:2]]
    # and the next print is tomorrow's open
    assert [fill["ts"] for fill in played.fills] == played.simulation.bars.ts_open[1:].tolist()


def test_month_ends_are_the_calendar_s() -> None:
    """The run's data stop in mid-March: no month ends there."""
    strategy = Timed("month close")
    play(strategy, market_on("XNYS", A=days(50)))
    found = [now.date() for hook, _, now in strategy.calls if hook == "clock"]
    assert found == [date(2024, 1, 31), date(2024, 2, 29)]


def test_steps_inside_a_session() -> None:
    strategy = Timed("3h")
    play(strategy, market_on("XNYS", A=days(1)))
    found = [now for hook, _, now in strategy.calls if hook == "clock"]
    opening = datetime(2024, 1, 2, 14, 30, tzinfo=UTC)
    assert found == [opening + timedelta(hours=3), opening + timedelta(hours=6)]


def test_timers_are_made_at_the_start_only() -> None:
    with pytest.raises(ConfigError, match="on_start"):
        play({0: lambda ctx: ctx.every("session close")}, market(A=days(2)))
    with pytest.raises(ConfigError, match="fortnight"):
        play(Timed("fortnight close"), market(A=days(2)))


def test_an_order_of_the_session_s_open_takes_its_opening_print() -> None:
    class Early(Strategy):
        def __init__(self) -> None:
            self.sessions: list[tuple[date, date]] = []

        def on_session_open(self, session: date, ctx: Context) -> None:
            self.sessions.append((session, ctx.session))
            ctx.order("A", 1)

    strategy = Early()
    played = play(strategy, market_on("XNYS", A=days(3)))
    assert [session for session, _ in strategy.sessions] == [
        date(2024, 1, day) for day in (2, 3, 4)
    ]
    assert played.trades == [(1, 1, 10.0), (2, 1, 11.0), (3, 1, 12.0)]


def test_session_of_the_context_inside_hooks() -> None:
    class Asks(Strategy):
        def __init__(self) -> None:
            self.found: list[tuple[str, date, date]] = []

        def on_session_open(self, session: date, ctx: Context) -> None:
            self.found.append(("open", session, ctx.session))

        def on_session_close(self, session: date, ctx: Context) -> None:
            self.found.append(("close", session, ctx.session))

    strategy = Asks()
    play(strategy, market_on("XNYS", A=days(2)))
    assert [(word, session) for word, session, _ in strategy.found] == [
        ("open", date(2024, 1, 2)),
        ("close", date(2024, 1, 2)),
        ("open", date(2024, 1, 3)),
        ("close", date(2024, 1, 3)),
    ]
    assert all(session == own for _, session, own in strategy.found)


# ---------------------------------------------------------------------- start and end


class AtStart(Strategy):
    """Looks back and buys in ``on_start``."""

    def __init__(self) -> None:
        self.closes: list[float] = []
        self.now = datetime.min
        self.session = date.min
        self.bars: list[float] = []

    def on_start(self, ctx: Context) -> None:
        self.closes = ctx.data.get("A", "close", 10).tolist()
        self.now, self.session = ctx.now, ctx.session
        ctx.order("A", 1)

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        self.bars.append(bar.close)


def test_rows_before_the_start_feed_views_only() -> None:
    strategy = AtStart()
    played = play(
        strategy,
        market_on("XNYS", A=days(6)),
        start=date(2024, 1, 4),
        end=date(2024, 1, 8),
    )
    assert strategy.closes == [10.0, 11.0]
    assert strategy.now == datetime(2024, 1, 4, 14, 30, tzinfo=UTC)
    assert strategy.session == date(2024, 1, 4)
    assert strategy.bars == [12.0, 13.0, 14.0]
    # an order of the start takes the first opening print
    assert played.trades == [(1, 1, 12.0)]
    assert len(played.equity) == 3
    first = played.simulation.state["equity"][0]
    assert (first["cash"], first["equity"]) == (100_000, 100_000)
    assert first["ts"] == int(strategy.now.timestamp()) * 10**9


def test_the_bar_before_the_start_caps_the_first_open() -> None:
    class Large(AtStart):
        def on_start(self, ctx: Context) -> None:
            ctx.order("A", 20, tif="GTC")

    rows = [(10.0, 10.0, 10.0, 10.0, volume) for volume in (50.0, 1e6, 1e6)]
    played = play(Large(), market_on("XNYS", A=rows), start=date(2024, 1, 3))
    assert [qty for _, qty, _ in played.trades] == [5, 15]


@pytest.mark.parametrize("calendar", ["XNYS", "24/7", "weekdays"])
def test_the_first_session_opens_like_the_others(calendar: str) -> None:
    """An order of the start takes the first opening print, and the hook of that open is called."""
    wednesday = date(2024, 1, 3)
    bars = market_on(calendar, A=days(5))
    strategy = Records()
    play(strategy, bars, start=wednesday)
    opened = [session for hook, session, _ in strategy.calls if hook == "open"]
    assert opened[0] == wednesday
    played = play(AtStart(), bars, start=wednesday)
    assert played.fills[0]["ts"] == played.simulation.timeline.start


def test_orders_of_the_end_never_fill() -> None:
    class Late(Records):
        def on_end(self, ctx: Context) -> None:
            super().on_end(ctx)
            ctx.order("A", 1)

    strategy = Late()
    played = play(strategy, market(A=days(2)))
    assert [hook for hook, _, _ in strategy.calls].count("end") == 1
    assert strategy.calls[0][0] == "start"
    assert strategy.calls[-1][0] == "end"
    assert played.fills == []


@pytest.mark.parametrize(
    ("start", "end", "error", "text"),
    [
        (date(2024, 1, 5), date(2024, 1, 3), ConfigError, "start not after end"),
        (date(2025, 1, 1), None, DataError, "found none"),
        (None, date(2023, 1, 1), DataError, "found none"),
    ],
)
def test_periods_without_bars(
    start: date | None, end: date | None, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        Simulation(Records(), market(A=days(6)), config_from({}), start=start, end=end)


# ---------------------------------------------------------------------- what may go wrong


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("hook", ["on_bar", "on_slice", "on_fill", "on_clock"])
def test_what_a_hook_raises_comes_out_unchanged(hook: str, error: type[BaseException]) -> None:
    def fails(self: Strategy, event: Any, ctx: Context) -> None:
        if ctx.now_ns > 0 and len(ctx.data.times("A", 9)) == 3:
            raise error("third day")

    class Base(Strategy):
        def on_start(self, ctx: Context) -> None:
            ctx.every("session close")
            for _ in range(3):
                ctx.order("A", 1, "limit", limit_price=5.0, tif="GTC")

    kind = type("Fails", (Base,), {hook: fails})
    rows = [FLAT, FLAT, (10.0, 10.0, 4.0, 10.0), FLAT]
    simulation = Simulation(kind(), market_on("XNYS", A=rows), config_from({}))
    simulation.prepare()
    with pytest.raises(error, match="third day"):
        simulation.advance()
    simulation.check_books()


def test_warmup_refuses_orders_until_enough_bars_were_seen() -> None:
    class Warm(Strategy):
        warmup = 3

        def on_bar(self, bar: Bar, ctx: Context) -> None:
            ctx.order(bar.symbol, 1)

    played = play(Warm(), market(A=days(5), B=[None, *days(4)]))
    symbols = played.simulation.state.used("orders")["instrument"].tolist()
    by_symbol: dict[int, list[str]] = {0: [], 1: []}
    for i, (_, reason) in zip(symbols, played.fates, strict=True):
        by_symbol[i].append(reason)
    # each name counts its own bars
    assert by_symbol[0] == ["warmup", "warmup", "", "", ""]
    assert by_symbol[1] == ["warmup", "warmup", "", ""]


def test_declared_indicators_add_their_own_warmup() -> None:
    class Means(Strategy):
        warmup = 2

        def on_start(self, ctx: Context) -> None:
            self.mean = ctx.features.rolling_mean("A", "close", 4)

        def on_bar(self, bar: Bar, ctx: Context) -> None:
            ctx.order(bar.symbol, 1)

    played = play(Means(), market(A=days(6), B=days(6)))
    orders = played.simulation.state.used("orders")
    refused = [int(o["instrument"]) for o, fate in zip(orders, played.fates, strict=True)
               if fate[1] == "warmup"]  # fmt: skip
    assert (refused.count(0), refused.count(1)) == (3, 1)


@pytest.mark.parametrize("warmup", [-1, 1.5, True, "3"])
def test_a_warmup_is_a_count(warmup: object) -> None:
    kind = type("Odd", (Strategy,), {"warmup": warmup})
    with pytest.raises(ConfigError, match=r"Odd\.warmup"):
        play(kind(), market(A=days(2)))


def test_history_before_the_start_counts_for_the_warmup() -> None:
    class Warm(AtStart):
        warmup = 2

    bars = market_on("XNYS", A=days(5))
    played = play(Warm(), bars, start=date(2024, 1, 4))
    assert played.fates == [("FILLED", "")]
    played = play(Warm(), bars, start=date(2024, 1, 3))
    assert played.fates == [("REJECTED", "warmup")]


def test_random_numbers_depend_on_the_seed_alone() -> None:
    class Draws(Strategy):
        def __init__(self, *, also_trades: bool = False) -> None:
            self.also_trades = also_trades
            self.drawn: list[float] = []

        def on_bar(self, bar: Bar, ctx: Context) -> None:
            self.drawn.append(float(ctx.random.random()))
            if self.also_trades:
                ctx.order("A", 1)

    def drawn(seed: int, **options: bool) -> list[float]:
        strategy = Draws(**options)
        play(strategy, market(A=days(6)), {"seed": seed})
        return strategy.drawn

    assert drawn(7) == drawn(7) == drawn(7, also_trades=True)
    assert drawn(7) != drawn(8)
    assert len(set(drawn(7))) == 6


def test_log_lines_carry_the_time_of_the_simulation() -> None:
    played = play({1: lambda ctx: ctx.log("halfway", cash=ctx.portfolio.cash)}, market(A=days(3)))
    lines = [line for line in played.simulation.journal.lines if line["event"] == "strategy"]
    ends = played.simulation.bars.ts_close
    assert lines == [
        {"ts": int(ends[1]), "level": "info", "event": "strategy", "text": "halfway",
         "cash": 100_000.0}
    ]  # fmt: skip


def _final(played: Played) -> tuple[float, float]:
    return played.cash, played.final_equity


def test_running_in_pieces_is_running_at_once() -> None:
    bars = market(A=days(9), B=days(9, 5.0))

    def deed(ctx: Context) -> None:
        ctx.order_target("A", weight=0.5)
        ctx.order("B", 7, "limit", limit_price=6.0)

    at_once = Simulation(_scripted(deed), bars, config_from({}))
    at_once.prepare()
    at_once.advance()
    at_once.finish()
    # play() goes timestamp by timestamp
    pieces = play(_scripted(deed), bars)
    account = at_once.state["accounts"][0]
    assert _final(pieces) == (account["cash"], account["equity"])


def _scripted(deed: Any) -> Strategy:
    class Repeats(Strategy):
        def on_slice(self, market: Slice, ctx: Context) -> None:
            deed(ctx)

    return Repeats()
