"""Goal: what has no reason to matter does not matter.

Method: a run and its counterpart (mirrored, cut into pieces, its names exchanged, its targets said
again) must come to the same; hypothesis draws the seeds. ``QUANT_PROPERTY_EXAMPLES`` sets how many.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_invariants import drawn, finished, seeds

from helpers.worlds import market, play
from oracle.engine import Scripted, bars_of, config_of
from oracle.order_scenarios import any_scenario, random_order_scenario
from oracle.scenarios import Action, BarRow, Commission, OcoSpec, OrderSpec, Scenario, Slippage
from quant.engine.simulation import Simulation
from quant.kernel.snapshot import own_hash
from quant.strategy import Context, Strategy

# ------------------------------------------------------------------------------ long and short


def _turning_points(scenario: Scenario) -> dict[str, float]:
    """For each name twice the price that its prices are mirrored at, on its tick."""
    found = {}
    for spec in scenario.instruments:
        top = max((bar.high for bar in spec.bars), default=1.0)
        tick = spec.tick or 1.0
        found[spec.symbol] = tick * math.ceil(4.0 * top / tick)
    return found


def _turned(price: float | None, sum_: float) -> float | None:
    return None if price is None else round(sum_ - price, 9)


def _mirrored_bar(bar: BarRow, sum_: float) -> BarRow:
    o, h, low, c = (round(sum_ - p, 9) for p in (bar.open, bar.high, bar.low, bar.close))
    return dataclasses.replace(bar, open=o, high=low, low=h, close=c)


def _mirrored_order(order: OrderSpec | OcoSpec, sums: dict[str, float]) -> OrderSpec | OcoSpec:
    if isinstance(order, OcoSpec):
        return OcoSpec([_as_order(_mirrored_order(leg, sums)) for leg in order.orders])
    return dataclasses.replace(
        order,
        qty=None if order.qty is None else -order.qty,
        limit_price=_turned(order.limit_price, sums[order.symbol]),
        stop_price=_turned(order.stop_price, sums[order.symbol]),
        children=[_mirrored_order(child, sums) for child in order.children],
    )


def _as_order(order: OrderSpec | OcoSpec) -> OrderSpec:
    assert isinstance(order, OrderSpec)
    return order


def _symbol_of_tag(scenario: Scenario) -> dict[str, str]:
    """Which name an order's tag belongs to; an amendment knows only the tag."""
    found: dict[str, str] = {}

    def note(order: OrderSpec | OcoSpec | Action) -> None:
        if isinstance(order, OcoSpec):
            for leg in order.orders:
                note(leg)
            return
        found.setdefault(order.tag, order.symbol)
        for child in order.orders if isinstance(order, Action) else order.children:
            note(child)

    for action in scenario.actions:
        if action.kind != "amend":
            note(action)
    return found


def _mirrored_action(action: Action, sums: dict[str, float], symbols: dict[str, str]) -> Action:
    orders = [_mirrored_order(order, sums) for order in action.orders]
    symbol = action.symbol or symbols.get(action.tag, "")
    if symbol not in sums:
        return dataclasses.replace(action, orders=orders)
    return dataclasses.replace(
        action,
        qty=-action.qty,
        limit_price=_turned(action.limit_price, sums[symbol]),
        stop_price=_turned(action.stop_price, sums[symbol]),
        orders=orders,
    )


# What an order may cost without regard to the height of prices: by quantity, by order, by range.
_COMMISSIONS: tuple[Commission, ...] = (
    {"kind": "rate", "rate": 0.0},
    {"kind": "per_share", "per_share": 0.25, "minimum": 1.0, "maximum": 20.0},
    {"kind": "per_order", "per_order": 3.0},
)
_SLIPPAGES: tuple[Slippage, ...] = (
    {"kind": "rate", "rate": 0.0},
    {"kind": "range", "fraction": 0.125},
    {"kind": "ticks", "ticks": 2.0},
)


def _without_heights(scenario: Scenario, commission: Commission, slippage: Slippage) -> Scenario:
    """Only what does not depend on the height of prices: no rates, no percent, no scarce money."""
    scenario.account = {"kind": "gross_leverage", "k": 1.0}
    scenario.cash = 1e9
    scenario.commission = commission
    scenario.slippage = slippage
    if slippage["kind"] == "ticks" and any(spec.tick is None for spec in scenario.instruments):
        scenario.slippage = _SLIPPAGES[0]
    scenario.execution["guardrail"] = 1.0
    scenario.execution["path"] = "ohlc"
    targets = ("target_weight", "target_value")
    scenario.actions = [
        action
        for action in scenario.actions
        if action.kind not in targets and not _has_percent([action])
    ]
    return scenario


def _has_percent(orders: Sequence[OrderSpec | OcoSpec | Action]) -> bool:
    """Whether anything in a tree of orders trails by per cent."""
    for order in orders:
        if isinstance(order, OrderSpec | Action) and order.trail_percent is not None:
            return True
        if _has_percent(order.children if isinstance(order, OrderSpec) else order.orders):
            return True
    return False


def _mirrored(scenario: Scenario) -> Scenario:
    sums = _turning_points(scenario)
    symbols = _symbol_of_tag(scenario)
    return dataclasses.replace(
        scenario,
        instruments=[
            dataclasses.replace(
                spec, bars=[_mirrored_bar(bar, sums[spec.symbol]) for bar in spec.bars]
            )
            for spec in scenario.instruments
        ],
        execution={**scenario.execution, "path": "olhc"},
        actions=[_mirrored_action(action, sums, symbols) for action in scenario.actions],
    )


@drawn
@given(seeds, st.sampled_from(_COMMISSIONS), st.sampled_from(_SLIPPAGES))
def test_a_mirrored_market_gives_the_mirrored_result(
    seed: int, commission: Commission, slippage: Slippage
) -> None:
    """Prices turned upside down and sides exchanged: the same money, bar for bar."""
    scenario = _without_heights(random_order_scenario(seed), commission, slippage)
    sums = _turning_points(scenario)
    one, other = finished(scenario), finished(_mirrored(scenario))
    assert one.fates == other.fates
    for fill, turned in zip(one.fills, other.fills, strict=True):
        assert (fill["order"], fill["ts"], fill["units"]) == (
            turned["order"], turned["ts"], -turned["units"]
        )  # fmt: skip
        total = fill["price"] + turned["price"]
        assert total == pytest.approx(sums[fill["symbol"]], abs=1e-6)
        assert fill["commission"] == pytest.approx(turned["commission"], abs=1e-9)
    for (_, _, before), (_, _, after) in zip(one.equity, other.equity, strict=True):
        assert before == pytest.approx(after, abs=1e-4)


# ---------------------------------------------------------------------------- pieces of a run


@drawn
@given(seeds, st.integers(1, 30))
def test_a_run_in_pieces_is_one_run(seed: int, step: int) -> None:
    scenario = any_scenario(seed)
    whole = finished(scenario)
    pieces = Simulation(Scripted(scenario.actions), bars_of(scenario), config_of(scenario))
    pieces.prepare()
    while not pieces.is_done:
        pieces.advance(until=pieces.slice + step)
    assert own_hash(pieces.state) == own_hash(whole.simulation.state)


# ---------------------------------------------------------------------------- names and targets

NAMES = "ABC"
Day = tuple[tuple[int, int, int, int], ...]
days = st.lists(st.tuples(*[st.tuples(*[st.integers(8, 14)] * 4)] * 3), min_size=4, max_size=8)
sizes = st.lists(st.tuples(*[st.integers(-6, 6)] * 3), min_size=3, max_size=7)


class Trades(Strategy):
    """Sends the sizes of each day, one order per name."""

    def __init__(self, sizes: Sequence[Sequence[int]], names: Sequence[str]) -> None:
        self.sizes = list(sizes)
        self.names = names

    def on_slice(self, market: object, ctx: Context) -> None:
        if self.sizes:
            for name, size in zip(self.names, self.sizes.pop(0), strict=True):
                if size:
                    ctx.order(name, size)


def _cells(day: tuple[int, ...]) -> tuple[float, ...]:
    return float(day[0]), float(max(day)), float(min(day)), float(day[3])


@drawn
@given(days, sizes, st.permutations(NAMES))
def test_nobody_is_first_where_all_fill_at_once(
    rows: list[Day], wishes: list[tuple[int, ...]], names: list[str]
) -> None:
    """``batch: simultaneous``: with too little money for all, names and their order say nothing."""
    config = {"cash": 100, "execution": {"batch": "simultaneous", "participation": None}}
    first, second = (
        play(
            Trades(wishes, order),
            market(**{name: [_cells(day[i]) for day in rows] for i, name in enumerate(order)}),
            config,
        )
        for order in (list(NAMES), names)
    )
    for one, other in zip(NAMES, names, strict=True):
        assert first.position(one) == second.position(other)
    assert first.final_equity == pytest.approx(second.final_equity, abs=1e-9)


class Holds(Strategy):
    """Asks for a quantity some times at its first bar, and some times at each later one."""

    def __init__(self, size: int, *, first: int, later: int) -> None:
        self.size = size
        self.times = first
        self.later = later

    def on_slice(self, market: object, ctx: Context) -> None:
        for _ in range(self.times):
            ctx.order_target("A", self.size)
        self.times = self.later


def _same_trades(rows: list[Day], one: Holds, other: Holds, *volume: float) -> None:
    cells = [(*_cells(day[0]), *volume) for day in rows]
    first, second = (play(strategy, market(A=cells)) for strategy in (one, other))
    assert first.trades == second.trades
    assert first.equity == second.equity


@drawn
@given(days, st.integers(-20, 20))
def test_a_target_that_is_held_changes_nothing(rows: list[Day], size: int) -> None:
    once, always = Holds(size, first=1, later=0), Holds(size, first=1, later=1)
    _same_trades(rows, once, always)


@drawn
@given(days, st.integers(-20, 20), st.sampled_from([30.0, 90.0]))
def test_a_target_under_way_changes_nothing(rows: list[Day], size: int, volume: float) -> None:
    """The cap lets it fill in parts, day by day; said three times a day it is the same order."""
    once, thrice = Holds(size, first=1, later=1), Holds(size, first=3, later=3)
    _same_trades(rows, once, thrice, volume)
