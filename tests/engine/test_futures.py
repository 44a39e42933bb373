"""Goal: a future moves money as it gains, every day, and its trade says the same.

Method: scripted trades with a multiplier; every posting is a sum by hand.
"""

from __future__ import annotations

from typing import Any

import pytest

from helpers.worlds import Deed, Played, market, play
from quant.engine.run import Run
from quant.kernel.codes import POSTING_KIND


def _flat(*prices: float) -> list[tuple[float, ...]]:
    return [(price,) * 4 for price in prices]


def _played(deeds: dict[int, Deed], rows: list[tuple[float, ...]], **config: Any) -> Played:
    future = {"valuation": "margined", "multiplier": 50.0}
    settings = {"cash": 10_000.0, "instruments": {"A": future}} | config
    return play(deeds, market(A=rows), settings)


def _postings(played: Played) -> list[tuple[int, float]]:
    rows = played.simulation.state.used("postings")[1:]
    return [(int(row["kind"]), float(row["amount"])) for row in rows]


def test_gains_are_paid_at_the_close_and_where_it_is_closed() -> None:
    played = _played(
        {0: lambda ctx: ctx.order("A", 2), 1: lambda ctx: ctx.order("A", -2)},
        [(100.0,) * 4, (100.0, 103.0, 100.0, 103.0), (101.0,) * 4],
        account={"kind": "gross_leverage", "k": 2},
    )
    variation = POSTING_KIND.VARIATION
    # bought at 100, settled at 103: 2 * 50 * 3; sold at 101: 2 * 50 * -2
    assert _postings(played) == [(variation, 300.0), (variation, -200.0)]
    assert [(cash, equity) for _, cash, equity in played.equity] == [
        (10_000.0, 10_000.0),
        (10_300.0, 10_300.0),
        (10_100.0, 10_100.0),
    ]
    run = Run(played.simulation)
    run.check()
    assert run.trades["pnl_gross"].to_list() == [100.0]
    # notional counts as exposure, the value is what has not been settled
    assert run.equity["gross_exposure"].to_list()[2] == 10_300.0
    assert run.equity["positions_value"].to_list()[2] == 0.0


def test_an_addition_averages_the_reference() -> None:
    played = _played(
        {
            0: lambda ctx: ctx.order("A", 1),
            1: lambda ctx: ctx.order("A", 1),
            2: lambda ctx: ctx.order("A", -3),
        },
        [(100.0,) * 4, (100.0, 104.0, 100.0, 104.0), (110.0,) * 4, (108.0,) * 4, (108.0,) * 4],
        account={"kind": "gross_leverage", "k": 10},
    )
    # 1: +4 * 50. 2: one from 104 and one at 110, settled at 110: +6 * 50.
    # 3: two sold at 108: -2 * 2 * 50
    assert [amount for _, amount in _postings(played)] == [200.0, 300.0, -200.0]
    # the third sale opens a short at 108
    assert played.position("A") == -1.0
    position = played.simulation.state["positions"][0]
    assert (position["reference"], position["avg_price"]) == (108.0, 108.0)
    Run(played.simulation).check()


def test_margin_in_money_a_contract() -> None:
    config = {
        "account": {"kind": "margin", "minimum_equity": 0},
        "instruments": {
            "A": {
                "valuation": "margined",
                "multiplier": 50.0,
                "initial_money": 4_000.0,
                "maintenance_money": 3_000.0,
            }
        },
    }
    three = _played({0: lambda ctx: ctx.order("A", 3)}, _flat(100.0, 100.0), **config)
    assert three.fates == [("REJECTED", "insufficient_funds")]
    two = _played(
        {0: lambda ctx: ctx.order("A", 2)}, _flat(100.0, 100.0, 59.0, 59.0, 59.0), **config
    )
    # 10,000 - 2 * 50 * 41 = 5,900 is less than 6,000: one contract is sold at the next print
    assert two.trades == [(1, 2.0, 100.0), (2, -1.0, 59.0)]
    portfolio = two.simulation.ctx.portfolio
    assert (portfolio.maintenance_margin, portfolio.equity) == (3_000.0, 5_900.0)
    assert portfolio.status == "sound"


@pytest.mark.parametrize("interval", [1, 2])
def test_a_split_run_settles_the_same(interval: int) -> None:
    rows = _flat(100.0, 103.0, 99.0, 107.0, 111.0)
    deeds: dict[int, Deed] = {
        0: lambda ctx: ctx.order("A", 2),
        2: lambda ctx: ctx.order("A", -interval),
    }
    k = {"account": {"kind": "gross_leverage", "k": 5}}
    assert _played(deeds, rows, **k).own_hash == _played(deeds, rows, **k).own_hash
