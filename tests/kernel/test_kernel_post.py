"""Goal: our side changes by reports alone.

Method: a finished run's reports are posted into a fresh state that knows the orders as the strategy
made them and nothing of the market; our side must then have the same hash as the run's.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from helpers.continuing import simulation as named
from oracle.engine import Scripted, bars_of, config_of
from oracle.scenarios import random_scenario
from quant.engine.simulation import Simulation
from quant.kernel.codes import FORCED, REASON, REPORT_KIND, TARGET_KIND, names
from quant.kernel.layout import MARKET
from quant.kernel.post import own_fields, post_all
from quant.kernel.run import grow
from quant.kernel.snapshot import own_hash


def scenario_run(seed: int, rounding: str = "none") -> Simulation:
    scenario = random_scenario(seed)
    config = config_of(scenario)
    execution = dataclasses.replace(config.execution, rounding=rounding)
    config = dataclasses.replace(config, execution=execution)
    return Simulation(Scripted(scenario.actions), bars_of(scenario), config)


def finish(run: Simulation) -> Simulation:
    run.prepare()
    run.advance()
    return run


def rebuild(done: Simulation, fresh: Simulation) -> None:
    """Post the reports of one run into the state of another that never saw a bar."""
    state, source = fresh.state, done.state
    for name in MARKET:
        state.arrays[name] = state[name][:0]
    state["instruments"]["mark"] = np.nan
    for name in ("orders", "reports", "fills", "postings"):
        used = source.used(name)
        if len(used) > len(state[name]):
            grow(state, name, len(used))
    orders = source.used("orders")
    state["orders"][: len(orders)] = as_made(orders)
    reports = source.used("reports")
    state["reports"][: len(reports)] = reports
    state["sim"][0]["n_orders"] = len(orders)
    state["sim"][0]["n_reports"] = len(reports)
    state.refresh()
    post_all(state.address, 0, len(reports))


def as_made(orders: NDArray[np.void]) -> NDArray[np.void]:
    """Orders as the strategy made them: the parts of both sides that come later are blank."""
    made = orders.copy()
    for name in own_fields()["orders"]:
        if name not in ("side", "units"):
            made[name] = -1 if name in ("last_fill", "ts_end") else 0
    for name in made.dtype.names or ():
        if name.endswith("_venue"):
            made[name] = 0
    by_money = made["target_kind"] > TARGET_KIND.QTY
    # what the account made, it made for a reason
    for code, name in names(FORCED, upper=True).items():
        if code:
            made["reason"][made["forced"] == code] = getattr(REASON, name)
    made["side"][by_money] = 1
    made["units"][by_money] = 0
    return made


@pytest.mark.parametrize("rounding", ["none", "minor_unit"])
@pytest.mark.parametrize("first", range(0, 120, 20))
def test_reports_alone_rebuild_our_side(first: int, rounding: str) -> None:
    for seed in range(first, first + 20):
        done = finish(scenario_run(seed, rounding))
        fresh = scenario_run(seed, rounding)
        assert own_hash(fresh.state) != own_hash(done.state)
        rebuild(done, fresh)
        assert own_hash(fresh.state) == own_hash(done.state), f"seed {seed}"
        assert (fresh.state["held"] == done.state["held"])[: done.state["sim"][0]["n_held"]].all()


def test_reports_of_a_strategy_with_every_kind_of_order() -> None:
    done, fresh = finish(named("restless")), named("restless")
    kinds = set(done.state.used("reports")["kind"].tolist())
    assert kinds >= {REPORT_KIND.CASH, REPORT_KIND.FILL, REPORT_KIND.TRIGGERED}
    assert kinds >= {REPORT_KIND.CANCELED, REPORT_KIND.REJECTED}
    rebuild(done, fresh)
    assert own_hash(fresh.state) == own_hash(done.state)


def test_the_hash_sees_a_cent() -> None:
    done, fresh = finish(scenario_run(3)), scenario_run(3)
    rebuild(done, fresh)
    fresh.state["balances"]["cash"] += 0.01
    assert own_hash(fresh.state) != own_hash(done.state)
