"""Goal: trades are the fills, matched by the method asked for, and no cent is lost between them.

Method: small books summed by hand; random books against a matcher that knows no counts, only
single units in a queue, with exact fractions; and the identity of trades, open lots and equity.
"""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from collections import deque
from dataclasses import fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_books import DAY_NS, bar_arrays, fill_arrays, flat_bars

from quant.errors import DataError
from quant.report.trades import METHODS, FillArrays, TradeArrays, open_result, round_trips

ONE = np.ones(1)


def random_fills(seed: int, n: int, n_instruments: int = 3, increment: float = 1.0) -> FillArrays:
    rng = np.random.default_rng(seed)
    bars = np.sort(rng.integers(0, 40, n))
    rows = [
        {
            "instrument": int(rng.integers(0, n_instruments)),
            "units": int(rng.integers(1, 9) * rng.choice([-1, 1])),
            "price": float(np.round(rng.uniform(50, 150), 2)),
            "commission": float(np.round(rng.uniform(0, 3), 2)),
            "fees": float(np.round(rng.uniform(-0.2, 0.5), 2)),
            "bar": int(bar),
            "at_open": bool(rng.random() < 0.4),
        }
        for bar in bars
    ]
    return fill_arrays(rows, increment)


def random_bars(seed: int, n_instruments: int = 3, n: int = 40) -> Any:
    rng = np.random.default_rng(seed + 1)
    return bar_arrays(
        *(
            [(c + u, c - d, c) for c, u, d in rng.uniform((60, 0, 0), (140, 9, 9), (n, 3))]
            for _ in range(n_instruments)
        )
    )


def test_one_round_trip_has_the_figures_of_the_hand_sum() -> None:
    fills = fill_arrays(
        [
            {"units": 10, "price": 100.0, "commission": 1.0, "fees": 0.5, "bar": 0},
            {"units": -10, "price": 110.0, "commission": 1.0, "fees": 0.5, "bar": 3},
        ],
        increment=0.5,
    )
    trades = round_trips(fills, flat_bars(5), np.array([20.0]))
    assert len(trades) == 1
    # 5 units of quantity x 10 of price x multiplier 20, and 3 of costs.
    assert trades.pnl_gross[0] == 1000.0
    assert trades.costs[0] == 3.0
    assert trades.pnl_net[0] == 997.0
    assert trades.return_[0] == 997.0 / 10_000.0
    assert (trades.side[0], trades.qty[0], trades.units[0]) == (1, 5.0, 10)
    assert (trades.bars_held[0], trades.entry_ts[0], trades.exit_ts[0]) == (3, 0, 3 * DAY_NS)
    assert (trades.entry_fill[0], trades.exit_fill[0], trades.trade_id[0]) == (0, 1, 1)
    assert len(trades.open_lots) == 0


def test_a_short_earns_when_the_price_falls() -> None:
    fills = fill_arrays([{"units": -4, "price": 50.0}, {"units": 4, "price": 45.0, "bar": 1}])
    trades = round_trips(fills, flat_bars(2), ONE)
    assert (trades.side[0], trades.pnl_gross[0], trades.return_[0]) == (-1, 20.0, 0.1)


def test_one_sale_of_two_purchases_is_two_trades_oldest_first() -> None:
    fills = fill_arrays(
        [
            {"units": 3, "price": 10.0, "commission": 3.0},
            {"units": 5, "price": 20.0, "commission": 5.0, "bar": 1},
            {"units": -6, "price": 30.0, "commission": 6.0, "bar": 2},
        ]
    )
    trades = round_trips(fills, flat_bars(3), ONE)
    assert trades.units.tolist() == [3, 3]
    assert trades.entry_price.tolist() == [10.0, 20.0]
    assert trades.pnl_gross.tolist() == [60.0, 30.0]
    assert trades.costs.tolist() == [6.0, 6.0]
    lots = trades.open_lots
    assert (lots.units.tolist(), lots.price.tolist(), lots.costs.tolist()) == ([2], [20.0], [2.0])


def test_a_reversal_ends_one_trade_and_starts_another() -> None:
    fills = fill_arrays(
        [
            {"units": 4, "price": 10.0},
            {"units": -6, "price": 12.0, "commission": 6.0, "bar": 1},
            {"units": 2, "price": 11.0, "bar": 2},
        ]
    )
    trades = round_trips(fills, flat_bars(3), ONE)
    assert trades.side.tolist() == [1, -1]
    assert trades.pnl_gross.tolist() == [8.0, 2.0]
    assert trades.costs.tolist() == [4.0, 2.0]
    assert trades.exit_fill.tolist() == [1, 2]
    assert len(trades.open_lots) == 0


def test_costs_of_the_parts_sum_to_the_cost_of_the_fill() -> None:
    rows = [{"units": 7, "price": 10.0, "commission": 0.1}]
    rows += [{"units": -1, "price": 10.0, "bar": 1} for _ in range(7)]
    trades = round_trips(fill_arrays(rows), flat_bars(2), ONE)
    assert math.fsum(trades.costs.tolist()) == pytest.approx(0.1, abs=1e-17)


@pytest.mark.parametrize(
    ("entry", "leave", "worst", "best"),
    [
        # entry bar 0 (high 120, low 80, close 105), bar 1 (130, 95, 110), exit bar 2 (140, 70, 90)
        ({"at_open": True}, {"at_close": True}, -0.30, 0.40),
        ({"at_open": True}, {}, -0.20, 0.30),
        ({}, {"at_close": True}, -0.30, 0.40),
        ({}, {}, -0.05, 0.30),
        ({"at_close": True}, {"at_open": True}, -0.05, 0.30),
    ],
)
def test_excursions_use_only_bars_the_position_certainly_saw(
    entry: dict[str, bool], leave: dict[str, bool], worst: float, best: float
) -> None:
    bars = bar_arrays([(120.0, 80.0, 105.0), (130.0, 95.0, 110.0), (140.0, 70.0, 90.0)])
    fills = [
        {"units": 1, "price": 100.0, **entry},
        {"units": -1, "price": 100.0, "bar": 2, **leave},
    ]
    trades = round_trips(fill_arrays(fills), bars, ONE)
    assert trades.mae[0] == pytest.approx(worst, abs=1e-15)
    assert trades.mfe[0] == pytest.approx(best, abs=1e-15)


def test_excursions_of_a_short_change_sign() -> None:
    bars = bar_arrays([(120.0, 80.0, 105.0), (130.0, 95.0, 110.0)])
    fills = [
        {"units": -1, "price": 100.0, "at_open": True},
        {"units": 1, "price": 90.0, "bar": 1, "at_open": True},
    ]
    trades = round_trips(fill_arrays(fills), bars, ONE)
    assert (trades.mae[0], trades.mfe[0]) == (-0.2, 0.2)


def test_a_close_after_the_exit_is_not_seen() -> None:
    bars = bar_arrays([(120.0, 80.0, 119.0)])
    fills = [{"units": 1, "price": 100.0}, {"units": -1, "price": 101.0}]
    trades = round_trips(fill_arrays(fills), bars, ONE)
    assert (trades.mae[0], trades.mfe[0]) == (0.0, pytest.approx(0.01))


def test_long_holdings_see_every_bar() -> None:
    n = 1_000
    rng = np.random.default_rng(5)
    close = rng.uniform(90, 110, n)
    bars = bar_arrays([(c + 1, c - 1, c) for c in close])
    for first, last in ((0, n - 1), (63, 64), (64, 128), (1, 63), (130, 777)):
        fills = [
            {"units": 1, "price": 100.0, "bar": first, "at_open": True},
            {"units": -1, "price": 100.0, "bar": last, "at_close": True},
        ]
        trades = round_trips(fill_arrays(fills), bars, ONE)
        seen = close[first : last + 1]
        assert trades.mae[0] == pytest.approx(min(0.0, (seen.min() - 101) / 100), abs=1e-12)
        assert trades.mfe[0] == pytest.approx(max(0.0, (seen.max() - 99) / 100), abs=1e-12)


def test_a_missing_price_counts_for_nothing() -> None:
    bars = bar_arrays([(math.nan, math.nan, math.nan), (130.0, 95.0, 110.0)])
    fills = [
        {"units": 1, "price": 100.0},
        {"units": -1, "price": 100.0, "bar": 1, "at_close": True},
    ]
    trades = round_trips(fill_arrays(fills), bars, ONE)
    assert (trades.mae[0], trades.mfe[0]) == (-0.05, 0.3)


def one_by_one(fills: FillArrays, method: str) -> tuple[dict[tuple[int, int], int], dict[int, int]]:
    """Pairs and open lots from a queue (or a stack) of single units."""
    queues: dict[int, deque[tuple[int, int]]] = {}
    pairs: dict[tuple[int, int], int] = {}
    for row in range(len(fills)):
        queue = queues.setdefault(int(fills.instrument[row]), deque())
        sign = 1 if fills.units[row] > 0 else -1
        for _ in range(abs(int(fills.units[row]))):
            if queue and queue[0][1] != sign:
                lot, _ = queue.popleft() if method == "fifo" else queue.pop()
                pairs[lot, row] = pairs.get((lot, row), 0) + 1
            else:
                queue.append((row, sign))
    held: dict[int, int] = {}
    for queue in queues.values():
        for row, _ in queue:
            held[row] = held.get(row, 0) + 1
    return pairs, held


@pytest.mark.parametrize("method", ["fifo", "lifo"])
@pytest.mark.parametrize("seed", range(12))
def test_random_books_match_a_queue_of_single_units(seed: int, method: str) -> None:
    fills = random_fills(seed, 120, increment=0.25)
    multipliers = np.array([1.0, 50.0, 0.1])
    trades = round_trips(fills, random_bars(seed), multipliers, method)
    pairs, held = one_by_one(fills, method)
    found = zip(trades.entry_fill.tolist(), trades.exit_fill.tolist(), strict=True)
    assert dict(zip(found, trades.units.tolist(), strict=True)) == pairs
    lots = trades.open_lots
    assert dict(zip(lots.fill.tolist(), lots.units.tolist(), strict=True)) == held
    for k, ((first, last), units) in enumerate(pairs.items()):
        costs = sum(
            (Fraction(fills.commission[row]) + Fraction(fills.fees[row]))
            * Fraction(units, abs(int(fills.units[row])))
            for row in (first, last)
        )
        move = Fraction(fills.price[last]) - Fraction(fills.price[first])
        side = 1 if fills.units[first] > 0 else -1
        gross = side * move * units / 4 * Fraction(multipliers[fills.instrument[first]])
        assert trades.pnl_net[k] == pytest.approx(float(gross - costs), rel=1e-12, abs=1e-11)


def test_one_sale_of_two_purchases_newest_first_and_at_average_price() -> None:
    fills = fill_arrays(
        [
            {"units": 3, "price": 10.0, "commission": 3.0},
            {"units": 5, "price": 20.0, "commission": 5.0, "bar": 1},
            {"units": -6, "price": 30.0, "commission": 6.0, "bar": 2},
        ]
    )
    newest = round_trips(fills, flat_bars(3), ONE, "lifo")
    assert newest.entry_price.tolist() == [20.0, 10.0]
    assert newest.units.tolist() == [5, 1]
    assert newest.pnl_gross.tolist() == [50.0, 20.0]
    assert newest.open_lots.price.tolist() == [10.0]
    assert newest.open_lots.costs.tolist() == [2.0]
    # (3 x 10 + 5 x 20) / 8 = 16.25; one trade of 6, and 2 of 8 in costs stay with what is open
    average = round_trips(fills, flat_bars(3), ONE, "average")
    assert average.entry_price.tolist() == [16.25]
    assert (average.pnl_gross.tolist(), average.costs.tolist()) == ([82.5], [12.0])
    lots = average.open_lots
    assert (lots.units.tolist(), lots.price.tolist(), lots.costs.tolist()) == ([2], [16.25], [2.0])


@pytest.mark.parametrize("seed", range(12))
def test_random_books_at_average_price_match_exact_fractions(seed: int) -> None:
    fills = random_fills(seed, 120, increment=0.25)
    multipliers = np.array([1.0, 50.0, 0.1])
    trades = round_trips(fills, random_bars(seed), multipliers, "average")
    pools: dict[int, tuple[int, Fraction, int]] = {}
    wanted: list[tuple[int, int, int, Fraction]] = []
    for row in range(len(fills)):
        i, change, price = int(fills.instrument[row]), int(fills.units[row]), fills.price[row]
        units, average, first = pools.get(i, (0, Fraction(0), row))
        if units * change < 0:
            part = min(abs(units), abs(change))
            move = (Fraction(price) - average) * (1 if units > 0 else -1)
            wanted.append((first, row, part, move * part / 4 * Fraction(multipliers[i])))
            rest = units + change
            is_flipped = rest * units < 0
            pools[i] = (rest, Fraction(price), row) if is_flipped else (rest, average, first)
        else:
            total = units + change
            mean = (average * units + Fraction(price) * change) / total
            pools[i] = (total, mean, first if units else row)
    found = zip(trades.entry_fill, trades.exit_fill, trades.units, trades.pnl_gross, strict=True)
    for (*one, gross), (*other, exact) in zip(found, wanted, strict=True):
        assert [int(x) for x in one] == other
        assert gross == pytest.approx(float(exact), rel=1e-9, abs=1e-9)
    lots = zip(trades.open_lots.instrument, trades.open_lots.units, strict=True)
    assert {int(i): int(units) for i, units in lots} == {
        i: abs(units) for i, (units, _, _) in pools.items() if units
    }


def test_another_method_is_refused() -> None:
    with pytest.raises(DataError, match=r"one of fifo, lifo, average, but method is 'hifo'"):
        round_trips(fill_arrays([]), flat_bars(3), ONE, "hifo")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(12))
def test_trades_and_open_lots_are_the_change_of_equity(seed: int, method: str) -> None:
    fills = random_fills(seed, 300, increment=1e-8)
    multipliers, marks = np.array([1.0, 50.0, 0.1]), np.array([101.0, 77.5, 133.3])
    trades = round_trips(fills, random_bars(seed), multipliers, method)
    still = open_result(trades.open_lots, marks, multipliers)
    cash = Fraction(0)
    value = Fraction(0)
    for row in range(len(fills)):
        i = fills.instrument[row]
        paid = Fraction(fills.qty[row]) * Fraction(multipliers[i])
        cash -= paid * Fraction(fills.price[row])
        cash -= Fraction(fills.commission[row]) + Fraction(fills.fees[row])
        value += paid * Fraction(marks[i])
    total = math.fsum(trades.pnl_net.tolist()) + still.pnl_gross - still.costs
    assert total == pytest.approx(float(cash + value), rel=1e-9)
    assert still.pnl_net == still.pnl_gross - still.costs


@pytest.mark.parametrize("seed", range(6))
def test_excursions_lie_on_both_sides_of_zero_and_hold_the_result(seed: int) -> None:
    fills = random_fills(seed, 200)
    trades = round_trips(fills, random_bars(seed), np.ones(3))
    move = trades.side * (trades.exit_price / trades.entry_price - 1.0)
    assert (trades.mae <= 0.0).all()
    assert (trades.mfe >= 0.0).all()
    assert (trades.mae <= move + 1e-12).all()
    assert (trades.mfe >= move - 1e-12).all()


def test_no_fills_are_no_trades() -> None:
    trades = round_trips(fill_arrays([]), flat_bars(3), ONE)
    assert len(trades) == 0
    assert open_result(trades.open_lots, np.array([math.nan]), ONE).pnl_net == 0.0


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"units": 0, "price": 1.0}, "units 0"),
        ({"units": 1, "price": 1.0, "bar": 3}, "bar 3"),
        ({"units": 1, "price": 1.0, "bar": -1}, "bar -1"),
        ({"units": 1, "price": 1.0, "instrument": 1}, "instrument 1"),
    ],
)
def test_fills_that_cannot_be_are_refused(row: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=f"Fill row 1 .*{words}"):
        round_trips(fill_arrays([{"units": 1, "price": 1.0}, row]), flat_bars(3), ONE)


def test_an_open_lot_without_a_mark_is_refused() -> None:
    trades = round_trips(fill_arrays([{"units": 1, "price": 1.0}]), flat_bars(3), ONE)
    with pytest.raises(DataError, match="instrument 0 has nan"):
        open_result(trades.open_lots, np.array([math.nan]), ONE)


def digest(trades: TradeArrays) -> str:
    columns = [getattr(trades, f.name) for f in fields(trades) if f.name != "open_lots"]
    columns += [getattr(trades.open_lots, f.name) for f in fields(trades.open_lots)]
    return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()


@pytest.mark.parametrize("method", METHODS)
def test_compiled_and_interpreted_give_the_same_bits(method: str) -> None:
    code = (
        "import test_report_trades as t, numpy as np;"
        "trades = t.round_trips("
        f"t.random_fills(9, 400), t.random_bars(9), np.ones(3), {method!r});"
        "print(t.digest(trades))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    trades = round_trips(random_fills(9, 400), random_bars(9), np.ones(3), method)
    assert len(trades) > 100
    assert done.stdout.strip() == digest(trades)


def test_arrays_of_different_length_are_refused() -> None:
    fills, bars = fill_arrays([{"units": 1, "price": 1.0}]), flat_bars(3)
    with pytest.raises(DataError, match="price has the shape"):
        round_trips(replace(fills, price=np.ones(2)), bars, ONE)
    with pytest.raises(DataError, match="Bar offsets must be 3 numbers"):
        round_trips(fills, bars, np.ones(2))
    with pytest.raises(DataError, match="low has 2"):
        round_trips(fills, replace(bars, low=np.ones(2)), ONE)
