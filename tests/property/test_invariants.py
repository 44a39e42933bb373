"""Goal: what must hold whatever the market does and whatever the strategy asks for.

Method: hypothesis draws adversarial scenarios (by seed, so that a failure names one number) and
small worlds with a strategy that reacts to all it sees; each property is checked on whole runs.
``QUANT_PROPERTY_EXAMPLES`` sets how many are drawn (100 by default, always the same ones).
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.worlds import DAY_0, Played, market, play, played
from oracle.engine import Scripted, bars_of, config_of
from oracle.scenarios import Action, Scenario, random_scenario
from quant.engine.simulation import Simulation
from quant.kernel.codes import STATUS
from quant.kernel.snapshot import own_hash
from quant.lake import DataOptions, load_bars
from quant.model.config import Config
from quant.strategy import Context, Slice, Strategy

SECOND = 1_000_000_000
_N = int(os.environ.get("QUANT_PROPERTY_EXAMPLES", "100"))
drawn = settings(max_examples=_N, deadline=None, derandomize=_N == 100)
seeds = st.integers(0, 10**9)


def finished(
    scenario: Scenario, change: Callable[[Config], Config] = lambda config: config
) -> Played:
    """A scenario through the engine, with changed settings."""
    bars = bars_of(scenario)
    run = Simulation(Scripted(scenario.actions), bars, change(config_of(scenario)))
    run.prepare()
    run.advance()
    run.check_books()
    return played(run)


def with_execution(**changes: Any) -> Callable[[Config], Config]:
    return lambda config: dataclasses.replace(
        config, execution=dataclasses.replace(config.execution, **changes)
    )


def latency(scenario: Scenario, seconds: float) -> Callable[[Config], Config]:
    if scenario.execution["timing"] == "same_close":
        return lambda config: config
    return with_execution(latency_ns=int(seconds * SECOND))


delays = st.sampled_from([0.0, 0.0, 0.4, 1.0, 1.5, 30.0, 90.0, 7_200.0])


def records(run: Played, name: str) -> list[dict[str, Any]]:
    """Kernel records as dicts of Python numbers."""
    rows = run.simulation.state.used(name)
    return [dict(zip(rows.dtype.names or (), row, strict=True)) for row in rows.tolist()]


def fills_with_orders(run: Played) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    orders = records(run, "orders")
    return [(fill, orders[fill["order"]]) for fill in records(run, "fills")]


# ---------------------------------------------------------------------- fills and their bars


@drawn
@given(seeds, delays)
def test_fills_lie_inside_bars_with_trading(seed: int, delay: float) -> None:
    scenario = random_scenario(seed)
    run = finished(scenario, latency(scenario, delay))
    bars = {spec.symbol: spec.bars for spec in scenario.instruments}
    for fill in run.fills:
        assert any(
            bar.low <= fill["price_raw"] <= bar.high
            for bar in bars[fill["symbol"]]
            if bar.volume != 0 and bar.t_open <= fill["ts"] <= bar.t_close
        ), fill


@drawn
@given(seeds, delays)
def test_a_limit_is_never_filled_worse(seed: int, delay: float) -> None:
    scenario = random_scenario(seed)
    for fill, order in fills_with_orders(finished(scenario, latency(scenario, delay))):
        if order["limit"] == order["limit"]:
            assert (order["limit"] - fill["price"]) * fill["units"] >= 0


@drawn
@given(seeds, delays)
def test_slippage_only_costs_and_stays_within_the_guardrail(seed: int, delay: float) -> None:
    scenario = random_scenario(seed)
    run = finished(scenario, latency(scenario, delay))
    most = scenario.execution["guardrail"]
    for fill in records(run, "fills"):
        moved = (fill["price"] - fill["price_raw"]) * (1 if fill["units"] > 0 else -1)
        assert 0 <= moved <= most * fill["price_raw"] * (1 + 1e-12)
        assert fill["slippage"] >= 0
        assert fill["commission"] >= 0


@drawn
@given(seeds, delays)
def test_fills_never_exceed_their_order(seed: int, delay: float) -> None:
    scenario = random_scenario(seed)
    run = finished(scenario, latency(scenario, delay))
    filled: dict[int, int] = {}
    for fill, order in fills_with_orders(run):
        assert fill["units"] * order["side"] > 0
        filled[fill["order"]] = filled.get(fill["order"], 0) + abs(fill["units"])
    for place, order in enumerate(records(run, "orders")):
        assert filled.get(place, 0) == order["filled"] <= max(order["units"], 0)
        assert (order["status"] == STATUS.FILLED) == (order["filled"] == order["units"] > 0)


@drawn
@given(seeds, delays)
def test_no_fill_before_arrival(seed: int, delay: float) -> None:
    """Inside a bar only orders fill that had arrived by its open, or within a second of it."""
    scenario = random_scenario(seed)
    run = finished(scenario, latency(scenario, delay))
    own = {spec.symbol: spec.bars for spec in scenario.instruments}
    symbols = run.simulation.bars.symbols
    same_close = scenario.execution["timing"] == "same_close"
    for fill, order in fills_with_orders(run):
        assert fill["ts"] >= order["ts_arrival"] >= order["ts_submit"]
        if same_close or order["forced"]:
            # what the account closes inside a bar was never sent
            continue
        begun = [bar.t_open for bar in own[symbols[fill["instrument"]]] if bar.t_open <= fill["ts"]]
        assert max(begun) + SECOND >= order["ts_arrival"]
        assert fill["ts"] > order["ts_submit"] or fill["ts"] in begun


@drawn
@given(seeds, delays)
def test_nothing_fills_once_a_cancel_has_arrived(seed: int, delay: float) -> None:
    """A cancel arrives in phase 7 of the first timestamp at or after it is due."""
    scenario = random_scenario(seed)
    run = finished(scenario, latency(scenario, delay))
    times = run.simulation.timeline.slices["ts"]
    for fill, order in fills_with_orders(run):
        if order["cancel_reason"] != 0:
            arrived = times[min(np.searchsorted(times, order["ts_cancel"]), len(times) - 1)]
            assert fill["ts"] <= arrived


# ---------------------------------------------------------------------- money and sizes


def plain(scenario: Scenario) -> Scenario:
    """Explicit quantities, no cap, no rounding of sizes, costs in proportion."""
    scenario.execution["participation"] = None
    scenario.execution["insufficient"] = "reject"
    scenario.commission = {"kind": "rate", "rate": 0.0015}
    scenario.actions = [a for a in scenario.actions if a.kind in ("order", "target_qty", "cancel")]
    return scenario


def doubled(scenario: Scenario) -> Scenario:
    actions = [dataclasses.replace(a, qty=2 * a.qty) for a in scenario.actions]
    return dataclasses.replace(scenario, cash=2 * scenario.cash, actions=actions)


@drawn
@given(seeds)
def test_twice_the_money_and_size_is_twice_the_result(seed: int) -> None:
    """Doubling is exact in binary, so the rows must be equal to the last bit."""
    scenario = plain(random_scenario(seed))
    # half an increment is nothing, and one when doubled
    scenario.actions = [_in_whole_counts(scenario, action) for action in scenario.actions]
    once, twice = finished(scenario), finished(doubled(scenario))
    assert [2 * qty for _, qty, _ in once.trades] == [qty for _, qty, _ in twice.trades]
    assert [(ts, 2 * cash, 2 * equity) for ts, cash, equity in once.equity] == twice.equity


def _in_whole_counts(scenario: Scenario, action: Action) -> Action:
    increments = {spec.symbol: float(spec.increment) for spec in scenario.instruments}
    increment = increments.get(action.symbol, 1.0)
    return dataclasses.replace(action, qty=math.ceil(action.qty / increment - 1e-6) * increment)


rates = st.floats(0, 0.05, allow_subnormal=False)


@drawn
@given(seeds, rates, rates)
def test_more_commission_never_more_equity(seed: int, one: float, other: float) -> None:
    """For the same fills: there is money for all of them, and no path is chosen by its cost."""
    low, high = sorted((one, other))
    scenario = plain(random_scenario(seed))
    scenario.cash *= 1_000_000
    scenario.execution["path"] = "olhc"
    scenario.account = {"kind": "gross_leverage", "k": 2.0}
    cheap, dear = (
        finished(dataclasses.replace(scenario, commission={"kind": "rate", "rate": rate}))
        for rate in (low, high)
    )
    assert cheap.trades == dear.trades
    for (_, _, before), (_, _, after) in zip(cheap.equity, dear.equity, strict=True):
        assert after <= before
    paid = sum(fill["commission"] for fill in dear.fills)
    saved = sum(fill["commission"] for fill in cheap.fills)
    difference = cheap.final_equity - dear.final_equity
    assert abs(difference - (paid - saved)) <= 1e-9 * cheap.final_equity


@drawn
@given(seeds)
def test_gross_exposure_stays_within_leverage_when_it_opens(seed: int) -> None:
    """In the row after a fill that opened, marks aside: checked where prices never move."""
    scenario = random_scenario(seed)
    scenario.account = {"kind": "gross_leverage", "k": 1.0}
    for spec in scenario.instruments:
        for bar in spec.bars:
            bar.open = bar.high = bar.low = bar.close = 10.0
    run = finished(scenario)
    state = run.simulation.state
    # costs alone may eat into equity after the last opening, so compare without them
    spent = sum(fill["commission"] + fill["slippage"] for fill in run.fills)
    for row in state["equity"][: int(state["sim"][0]["n_equity"])]:
        assert row["gross"] <= row["equity"] + spent + 1e-9 * scenario.cash


# ---------------------------------------------------------------------- small worlds

Cells = tuple[float | None, ...]
Days = list[Cells | None]

prices = st.integers(8, 14)
volumes = st.sampled_from([None, 0.0, 40.0, 200.0, 1e5])


@st.composite
def bar(draw: st.DrawFn) -> Cells:
    four = [float(draw(prices)) for _ in range(4)]
    return four[0], max(four), min(four), four[3], draw(volumes)


@st.composite
def world(draw: st.DrawFn) -> dict[str, Days]:
    """Two or three names over some days; each has a bar on the first, some days are missing."""
    n = draw(st.integers(6, 14))
    names = draw(st.sampled_from([("A", "B"), ("A", "B", "C")]))
    later: st.SearchStrategy[Cells | None] = st.one_of(st.none(), bar(), bar(), bar())
    return {name: [draw(bar()), *(draw(later) for _ in range(n - 1))] for name in names}


class Reacts(Strategy):
    """Does something different for everything it sees: prices, money, positions, random numbers."""

    def __init__(self, names: Sequence[str] = ("A", "B")) -> None:
        self.names = names
        self.seen: list[tuple[Any, ...]] = []

    def on_start(self, ctx: Context) -> None:
        self.mean = ctx.features.rolling_mean(list(self.names), "close", 2)

    def on_slice(self, market: Slice, ctx: Context) -> None:
        for symbol in self.names:
            past = ctx.data.get(symbol, ["close", "low", "high"], 3)
            self.seen.append((market.ts, symbol, past.tobytes(), ctx.portfolio.equity))
            pick = int(ctx.random.integers(0, 5))
            size = 1 + int(past[-1, 0] + ctx.portfolio.cash) % 9
            if pick == 0:
                ctx.order_target(symbol, weight=0.1 * (size - 3))
            elif pick == 1:
                ctx.order(symbol, size, "limit", limit_price=past[-1, 1], tif="GTC", tag="l")
            elif pick == 2:
                ctx.order(symbol, -size, "stop", stop_price=past.min(), tif="GTC", tag="s")
            elif pick == 3:
                ctx.cancel("l" if ctx.portfolio.qty(symbol) > 0 else "s")
            elif self.mean[symbol].value < past[-1, 0]:
                ctx.order_target(symbol, size)


CONFIG = {"cash": 500, "execution": {"insufficient": "partial"}, "seed": 3}


@drawn
@given(world(), st.data())
def test_cutting_the_future_changes_no_past_decision(
    rows: dict[str, Days], data: st.DataObject
) -> None:
    n = len(rows["A"])
    cut = data.draw(st.integers(1, n - 1))
    whole_run, short_run = Reacts(tuple(rows)), Reacts(tuple(rows))
    full = play(whole_run, market(**rows), CONFIG)
    part = play(short_run, market(**{name: days[:cut] for name, days in rows.items()}), CONFIG)
    assert short_run.seen == whole_run.seen[: len(short_run.seen)]
    last = int(part.simulation.bars.ts_close.max())
    assert part.equity == [row for row in full.equity if row[0] <= last]
    assert part.fills == [fill for fill in full.fills if fill["ts"] <= last]
    for one, other in zip(records(part, "orders"), records(full, "orders"), strict=False):
        for name in ("instrument", "type", "tif", "limit", "stop", "target", "ts_submit"):
            assert np.array_equal(one[name], other[name], equal_nan=True)


def long_frame(rows: dict[str, Days]) -> pl.DataFrame:
    names = ("open", "high", "low", "close", "volume")
    lines = [
        {"ts": DAY_0 + timedelta(days=day), "symbol": name, **dict(zip(names, row, strict=True))}
        for name, days in rows.items()
        for day, row in enumerate(days)
        if row is not None
    ]
    return pl.DataFrame(lines, infer_schema_length=None)


@drawn
@given(world(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_changes_nothing(rows: dict[str, Days], random: Any) -> None:
    """Symbols may come one after the other, by day, or interleaved at random."""
    frame = long_frame(rows)
    options = DataOptions(calendar="24/7")
    wanted = play(Reacts(tuple(rows)), load_bars(frame, options), CONFIG)
    names = list(rows)
    queues = {name: frame.filter(pl.col("symbol") == name) for name in names}
    turns = [name for name in names for _ in range(len(queues[name]))]
    random.shuffle(turns)
    places = dict.fromkeys(names, 0)
    parts = []
    for name in turns:
        parts.append(queues[name].slice(places[name], 1))
        places[name] += 1
    columns = frame.columns
    random.shuffle(columns)
    shuffled = pl.concat(parts).select(columns)
    by_name = {name: queues[name].drop("symbol") for name in reversed(names)}
    for data in (frame.sort("ts", maintain_order=True), shuffled, by_name):
        found = play(Reacts(tuple(rows)), load_bars(data, options), CONFIG)
        assert found.own_hash == wanted.own_hash
        assert found.equity == wanted.equity


@drawn
@given(world(), st.permutations(["A", "B", "C"]))
def test_names_are_only_names(rows: dict[str, Days], order: list[str]) -> None:
    """With money for everything, each name's fills are the same under any other name."""
    renamed = dict(zip(["A", "B", "C"], order, strict=True))

    class Fixed(Strategy):
        def __init__(self, names: dict[str, str]) -> None:
            self.names = names
            self.day = 0

        def on_slice(self, market: Slice, ctx: Context) -> None:
            self.day += 1
            for place, name in enumerate(rows):
                own, size = self.names[name], 1 + (self.day * 7 + place * 3) % 5
                level = 8.0 + (self.day + place) % 6
                ctx.order(own, size, "limit", limit_price=level, tif="GTC")
                ctx.order(own, -size, "stop", stop_price=level)
                ctx.order_target(own, size * (self.day % 3 - 1))

    def fills(names: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
        bars = market(**{names[name]: days for name, days in rows.items()})
        run = play(Fixed(names), bars, {"cash": 1e9})
        found: dict[str, list[tuple[Any, ...]]] = {name: [] for name in rows}
        back = {new: old for old, new in names.items()}
        for fill in run.fills:
            found[back[fill["symbol"]]].append(
                (fill["ts"], fill["units"], fill["price"], fill["reason"])
            )
        return found

    assert fills(renamed) == fills({name: name for name in "ABC"})


@drawn
@given(world(), bar())
def test_a_name_that_is_never_traded_changes_nothing(rows: dict[str, Days], other: Cells) -> None:
    """It prints on days on which A prints too, so that it opens no session of its own."""
    watched: Days = [(*other[:4], row[4]) if row else None for row in rows["A"]]
    alone = play(Reacts(("A", "B")), market(A=rows["A"], B=rows["B"]), CONFIG)
    beside = play(Reacts(("A", "B")), market(A=rows["A"], B=rows["B"], AA=watched), CONFIG)
    names = ("ts", "order", "symbol", "units", "price", "commission", "reason")
    for one, two in zip(alone.fills, beside.fills, strict=True):
        assert [one[name] for name in names] == [two[name] for name in names]
    assert alone.fates == beside.fates
    assert alone.equity == beside.equity


@drawn
@given(seeds)
def test_a_run_repeats_itself(seed: int) -> None:
    scenario = random_scenario(seed)
    one, two = finished(scenario), finished(random_scenario(seed))
    assert own_hash(one.simulation.state) == own_hash(two.simulation.state)
    assert one.equity == two.equity
