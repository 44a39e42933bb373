"""Goal: what a fill costs is right to the last bit that money has.

Method: commissions and slippage against sums by hand and against the same formula in `Decimal` on
random draws; rounding to cents against exact whole-number arithmetic on 10⁷ draws, ties among them;
minima across several fills through the event front.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from helpers import kernel_calls as kernel
from helpers.worlds import Played, market, play
from quant.kernel.codes import FILL_FLAG
from quant.kernel.jit import INTERPRETED

FLAT = (10.0, 10.0, 10.0, 10.0, 1e6)
TIERS = [[0, 0.01], [1_000, 0.005], [5_000, 0.001]]


def world(**config: Any) -> Played:
    return play({}, market(A=[FLAT, (10.0, 12.0, 8.0, 11.0, 1e6)]), config)


def owed(commission: dict[str, Any], qty: float, notional: float) -> float:
    run = world(commission=commission)
    return kernel.commission(run.address, qty, notional)


# --------------------------------------------------------------------------------------- commission


@pytest.mark.parametrize(
    ("model", "qty", "notional", "fee"),
    [
        ({"kind": "rate", "rate": 0.001}, 100, 5_000, 5.0),
        ({"kind": "rate", "rate": 0.001, "minimum": 7}, 100, 5_000, 7.0),
        ({"kind": "rate", "rate": 0.001, "maximum": 3}, 100, 5_000, 3.0),
        ({"kind": "rate", "rate": 0.001, "maximum_rate": 0.0004}, 100, 5_000, 2.0),
        # the minimum wins over the largest rate
        ({"kind": "rate", "rate": 0.001, "minimum": 1, "maximum_rate": 0.0001}, 100, 5_000, 1.0),
        ({"kind": "per_share", "per_share": 0.005}, 300, 5_000, 1.5),
        ({"kind": "per_share", "per_share": 0.005, "minimum": 1}, 100, 5_000, 1.0),
        # 1 % of notional bounds small orders in cheap shares: 0.01 · 20 = 0.2
        ({"kind": "per_share", "per_share": 0.005, "maximum_rate": 0.01}, 100, 20, 0.2),
        ({"kind": "per_order", "per_order": 4.95}, 1, 1, 4.95),
        ({"kind": "per_order", "per_order": 4.95}, 1e6, 1e9, 4.95),
        # marginal: 10 + 20 + 2
        ({"kind": "tiered", "tiers": TIERS}, 1, 7_000, 32.0),
        ({"kind": "tiered", "tiers": TIERS}, 1, 1_000, 10.0),
        ({"kind": "tiered", "tiers": TIERS}, 1, 1_000.5, 10.0025),
        ({"kind": "tiered", "tiers": TIERS, "maximum": 25}, 1, 7_000, 25.0),
    ],
)
def test_commission_by_hand(model: dict[str, Any], qty: float, notional: float, fee: float) -> None:
    assert owed(model, qty, notional) == pytest.approx(fee, rel=1e-15)


amounts = st.floats(0, 1e7, allow_subnormal=False)
rates = st.floats(0, 0.1, allow_subnormal=False)
bounds = st.none() | st.floats(0, 1e4, allow_subnormal=False)
tiers = st.lists(st.tuples(st.floats(1, 1e6), rates), max_size=7, unique_by=lambda pair: pair[0])


@settings(max_examples=60, deadline=None)
@given(rates, tiers, bounds, bounds, st.none() | rates, st.lists(amounts, min_size=1, max_size=5))
@example(0.0, [], None, None, None, [0.0])
def test_tiers_and_bounds_as_in_decimal(
    first: float,
    rest: list[tuple[float, float]],
    low: float | None,
    high: float | None,
    share: float | None,
    notionals: list[float],
) -> None:
    pairs = [(0.0, first), *sorted(rest)]
    model: dict[str, Any] = {"kind": "tiered", "tiers": [list(pair) for pair in pairs]}
    if low is not None and high is not None:
        low, high = min(low, high), max(low, high)
    given_bounds = {"minimum": low, "maximum": high, "maximum_rate": share}
    model |= {name: value for name, value in given_bounds.items() if value is not None}
    run = world(commission=model)
    for notional in notionals:
        fee = Decimal(0)
        ends = [Decimal(start) for start, _ in pairs[1:]] + [Decimal("inf")]
        for (start, rate), end in zip(pairs, ends, strict=True):
            fee += max(Decimal(0), min(Decimal(notional), end) - Decimal(start)) * Decimal(rate)
        if share is not None:
            fee = min(fee, Decimal(share) * Decimal(notional))
        fee = min(fee, Decimal(high)) if high is not None else fee
        fee = max(fee, Decimal(low)) if low is not None else fee
        found = kernel.commission(run.address, 1.0, notional)
        assert found == pytest.approx(float(fee), rel=1e-12, abs=1e-12)


def test_a_minimum_is_charged_once_per_order() -> None:
    """40 shares in four fills at 0.01 each: 1 at once, then nothing until 100 shares are passed."""
    rows = [(10.0, 10.0, 10.0, 10.0, volume) for volume in (100, 100, 1_000, 2_000, 100)]
    played = play(
        {0: lambda ctx: ctx.order("A", 250, tif="GTC")},
        market(A=rows),
        {"commission": {"kind": "per_share", "per_share": 0.01, "minimum": 1.0}},
    )
    assert [f["units"] for f in played.fills] == [10, 10, 100, 130]
    assert [f["commission"] for f in played.fills] == pytest.approx([1.0, 0.0, 0.2, 1.3])


# ----------------------------------------------------------------------------------------- slippage


@pytest.mark.parametrize(
    ("model", "at_open", "move"),
    [
        # 0.011, on the next tick of 0.05
        ({"kind": "rate", "rate": 0.001}, 1, 0.05),
        ({"kind": "rate", "rate": 0.01}, 1, 0.15),
        ({"kind": "ticks", "ticks": 3}, 0, 0.15),
        # the range of this bar is 4
        ({"kind": "range", "fraction": 0.1}, 0, 0.4),
        ({"kind": "rate", "rate": 0.0}, 0, 0.0),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_slippage_by_hand(model: dict[str, Any], at_open: int, move: float, sign: int) -> None:
    config = {"slippage": model, "instruments": {"default": {"tick": 0.05}}}
    run = world(**config)
    price, was_clamped = kernel.slip(run.address, 0, sign, 11.0, at_open)
    assert price == pytest.approx(11.0 + sign * move, rel=1e-14)
    assert was_clamped == 0


@pytest.mark.parametrize(("sign", "price"), [(1, 11.0), (-1, 11.0)])
def test_the_tick_never_carries_a_price_beyond_the_guardrail(sign: int, price: float) -> None:
    run = world(
        slippage={"kind": "rate", "rate": 0.001},
        execution={"guardrail": 0.01},
        instruments={"default": {"tick": 0.5}},
    )
    assert kernel.slip(run.address, 0, sign, 11.0, 0) == (price, 1)


def test_range_slippage_at_an_open_knows_only_the_earlier_bar() -> None:
    rows = [
        (10.0, 12.0, 9.0, 10.0, 1e6),
        (10.0, 10.0, 10.0, 10.0, 0.0),
        (10.0, 19.0, 2.0, 10.0, 1e6),
    ]
    played = play(
        {1: lambda ctx: ctx.order("A", 1)},
        market(A=rows),
        {"slippage": {"kind": "range", "fraction": 0.1}},
    )
    # the bar before has no trading, so the one before that counts: 0.1 · (12 − 9)
    assert played.fills[0]["price"] == pytest.approx(10.3)


@pytest.mark.parametrize("qty", [5, -5])
def test_the_guardrail_clamps_and_flags(qty: int) -> None:
    played = play(
        {0: lambda ctx: ctx.order("A", qty)},
        market(A=[FLAT, FLAT]),
        {
            "slippage": {"kind": "ticks", "ticks": 8},
            "execution": {"guardrail": 0.05},
            "instruments": {"A": {"tick": 0.1}},
        },
    )
    (fill,) = played.fills
    assert fill["price"] == pytest.approx(10.5 if qty > 0 else 9.5)
    assert fill["slippage"] == pytest.approx(2.5)
    assert int(played.simulation.state["fills"][0]["flags"]) & FILL_FLAG.CLAMPED


# --------------------------------------------------------------------------------------- quantities


@pytest.mark.parametrize("increment", ["1", "0.1", "0.01", "0.001", "1e-8", "0.25", "100"])
def test_quantities_are_the_nearest_doubles(increment: str) -> None:
    played = play(
        {}, market(A=[FLAT, FLAT]), {"instruments": {"default": {"increment": increment}}}
    )
    address = played.address
    for units in (0, 1, 3, 7, 10, 99, 12_345, 1_000_003, -3, -12_345):
        assert kernel.quantity_of(address, 0, units) == float(Decimal(increment) * units)


def test_whole_counts() -> None:
    assert [kernel.whole_of(x) for x in (0.0, 0.9, 1.0, 2.5, 2.9999999999, 3 - 1e-8)] == [
        0, 0, 1, 2, 3, 2,
    ]  # fmt: skip
    assert kernel.whole_of(0.1 * 3 / 0.1) == 3
    assert kernel.whole_of(1e12 - 0.5) == 10**12


# ----------------------------------------------------------------------------------------- rounding


def rounded(values: NDArray[np.float64], minor_unit: float = 100.0) -> NDArray[np.float64]:
    out = np.empty_like(values)
    kernel.round_all(values, minor_unit, out)
    return out


def half_even(numerators: NDArray[np.int64], places: int) -> NDArray[np.int64]:
    """Cents in so many units of 10^−places, exactly, ties to even."""
    step = 10 ** (places - 2)
    low, rest = np.divmod(numerators, step)
    up = (2 * rest > step) | ((2 * rest == step) & (low % 2 == 1))
    return np.asarray(low + up)


# 10⁷ in all where the loop is compiled
N_DRAWS = 2_000 if INTERPRETED else 2_000_000


@pytest.mark.parametrize("places", [3, 4, 5, 6, 7])
def test_rounding_equals_decimal_on_many_draws(places: int) -> None:
    random = np.random.Generator(np.random.Philox(key=places))
    largest = 10**7 * 10**places
    numerators = random.integers(-largest, largest, N_DRAWS - N_DRAWS // 20)
    # one in twenty is a tie: some cents and a half
    cents = random.integers(-(10**6), 10**6, N_DRAWS // 20)
    ties = cents * 10 ** (places - 2) + 10 ** (places - 2) // 2
    numerators = np.concatenate([numerators, ties])
    values = numerators / 10.0**places
    wrong = rounded(values) != half_even(numerators, places) / 100.0
    assert not wrong.any(), values[wrong][:5]


def test_the_whole_number_sums_equal_decimal() -> None:
    random = np.random.Generator(np.random.Philox(key=1))
    for places in (3, 5):
        numerators = random.integers(-(10**8), 10**8, 20_000)
        numerators[::4] = numerators[::4] // 10 * 10 + 5
        for n, cents in zip(numerators.tolist(), half_even(numerators, places), strict=True):
            exact = Decimal(n).scaleb(-places).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
            assert exact == Decimal(int(cents)).scaleb(-2)


@pytest.mark.parametrize(
    ("value", "minor_unit", "result"),
    [
        (2.675, 100.0, 2.68),  # below the tie in binary, the tie in decimal
        (2.665, 100.0, 2.66),
        (-2.675, 100.0, -2.68),
        (0.5, 1.0, 0.0),
        (1.5, 1.0, 2.0),
        (1.2345, 1000.0, 1.234),
        (1e12 + 0.25, 100.0, 1e12 + 0.25),
    ],
)
def test_rounding_by_hand(value: float, minor_unit: float, result: float) -> None:
    (found,) = rounded(np.array([value]), minor_unit).tolist()
    assert found == result
    assert math.copysign(1.0, found) == math.copysign(1.0, value) or found == 0.0


def test_rounded_postings_are_whole_cents() -> None:
    rows = [(10.0, 10.0, 10.0, 10.0)] + [(p, p, p, p) for p in (10.333, 10.445, 9.999)]
    played = play(
        {0: lambda ctx: ctx.order("A", 7), 1: lambda ctx: ctx.order("A", -9)},
        market(A=rows),
        {
            "commission": {"kind": "rate", "rate": 0.0015},
            "execution": {"rounding": "minor_unit"},
        },
    )
    amounts = played.simulation.state.used("postings")["amount"].tolist()
    # 7 · 10.333 = 72.331, fee 0.1084965; 7 · 10.445 = 73.115 (a tie), fee 0.1096725; then what
    # opens: 2 · 10.445, fee 0.031335
    assert amounts == [100_000, -72.33, -0.11, 73.12, -0.11, 20.89, -0.03]
