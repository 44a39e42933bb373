"""Goal: what holds for every fill holds for every kind of order, group, cost and cap.

Method: as in ``test_invariants``, on scenarios with brackets, trails, groups, amendments, impact
and bars without volume; and what is in the books is rebuilt from fills and postings alone.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_invariants import drawn, fills_with_orders, finished, records, seeds

from oracle.cost_scenarios import random_cost_scenario
from oracle.engine import Scripted, bars_of, config_of
from oracle.order_scenarios import any_scenario, random_order_scenario
from oracle.scenarios import Scenario
from quant.engine.simulation import Simulation
from quant.kernel.snapshot import own_hash

kinds = st.sampled_from([random_order_scenario, random_cost_scenario])


def _amended(scenario: Scenario) -> set[str]:
    return {action.tag for action in scenario.actions if action.kind == "amend"}


@drawn
@given(kinds, seeds)
def test_the_market_gave_every_price(draw: Any, seed: int) -> None:
    """Except where the last price stands for a bar without volume, which the fill says."""
    scenario = draw(seed)
    bars = {spec.symbol: spec.bars for spec in scenario.instruments}
    for fill in finished(scenario).fills:
        if "no_volume" in fill["flags"]:
            continue
        assert any(
            bar.low <= fill["price_raw"] <= bar.high
            for bar in bars[fill["symbol"]]
            if bar.t_open <= fill["ts"] <= bar.t_close
        ), fill


@drawn
@given(kinds, seeds)
def test_no_limit_is_filled_worse(draw: Any, seed: int) -> None:
    """Of orders whose limit never moves: no trail, no amendment."""
    scenario = draw(seed)
    run = finished(scenario)
    moved = _amended(scenario)
    tags = run.simulation.ctx.desk.tags
    for fill, order in fills_with_orders(run):
        if order["is_limited"] and not order["is_trailing"] and tags[order["tag"]] not in moved:
            assert (order["limit"] - fill["price"]) * fill["units"] >= 0


@drawn
@given(kinds, seeds)
def test_no_order_fills_more_than_it_asks_for(draw: Any, seed: int) -> None:
    run = finished(draw(seed))
    filled: dict[int, int] = {}
    for fill, order in fills_with_orders(run):
        assert fill["units"] * order["side"] > 0
        assert fill["ts"] >= order["ts_arrival"] or order["ts_arrival"] > order["ts_first"]
        filled[fill["order"]] = filled.get(fill["order"], 0) + abs(fill["units"])
    for place, order in enumerate(records(run, "orders")):
        assert filled.get(place, 0) == order["filled"]


@drawn
@given(seeds)
def test_fills_stay_within_their_share_of_the_volume(seed: int) -> None:
    """All fills of an instrument in a bar, beside its own volume and, at the open, the last one."""
    scenario = random_order_scenario(seed)
    share = scenario.execution["participation"]
    run = finished(scenario)
    if share is None:
        return
    rows = records(run, "fills")
    for spec in scenario.instruments:
        filled: dict[int, float] = {}
        for fill, row in zip(run.fills, rows, strict=True):
            if fill["symbol"] == spec.symbol:
                filled[row["bar"]] = filled.get(row["bar"], 0.0) + abs(run.quantity(fill))
        known: float | None = None
        for place, bar in enumerate(spec.bars):
            if bar.volume and known:
                most = share * max(bar.volume, known)
                assert filled.get(place, 0.0) <= most * (1 + 1e-9)
            if bar.volume is None or bar.volume > 0:
                known = bar.volume


@drawn
@given(seeds)
def test_fills_and_postings_alone_rebuild_the_books(seed: int) -> None:
    scenario = any_scenario(seed)
    run = finished(scenario)
    state = run.simulation.state
    balance = 0.0
    paid: dict[int, float] = {}
    for posting in records(run, "postings"):
        balance += posting["amount"]
        assert posting["balance"] == balance
        paid[posting["ts"]] = balance
    held: dict[str, float] = {}
    for fill in run.fills:
        held[fill["symbol"]] = held.get(fill["symbol"], 0.0) + run.quantity(fill)
    for symbol in run.simulation.bars.symbols:
        assert run.position(symbol) == pytest.approx(held.get(symbol, 0.0), abs=1e-9)
    # what left the account for goods, and what it paid for the service
    flows = sum(
        -run.quantity(fill) * fill["price"] * multiplier - fill["commission"]
        for fill in run.fills
        for multiplier in [_multiplier(scenario, fill["symbol"])]
    )
    assert balance == run.cash == state["balances"][0]["cash"]
    assert scenario.cash + flows == pytest.approx(run.cash, rel=1e-9, abs=1e-6)


def _multiplier(scenario: Scenario, symbol: str) -> float:
    return next(spec.multiplier for spec in scenario.instruments if spec.symbol == symbol)


@drawn
@given(seeds, st.floats(0, 1))
def test_a_run_put_away_and_taken_up_again_is_one_run(seed: int, part: float) -> None:
    scenario = any_scenario(seed)
    whole = finished(scenario)
    first, second = (
        Simulation(Scripted(scenario.actions), bars_of(scenario), config_of(scenario))
        for _ in range(2)
    )
    first.prepare()
    first.advance(until=int(part * first.n_slices))
    second.resume(first.snapshot())
    second.advance()
    assert own_hash(second.state) == own_hash(whole.simulation.state)
    _check(second)


def _check(simulation: Simulation) -> None:
    simulation.check_books()
    assert simulation.is_done
