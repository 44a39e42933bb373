"""Goal: what must hold for any series, not only for those that look like prices.

Method: hypothesis draws series of floats of every size with missing rows among them. Scaling by a
power of two and changing the sign are exact in binary floats, so those are compared bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from quant import indicators
from quant.indicators import INDICATORS

ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)
PRICE = st.floats(min_value=1e-3, max_value=1e6)
MAYBE_PRICE = st.one_of(PRICE, st.just(float("nan")))
WINDOW = st.integers(min_value=1, max_value=12)

profile = settings(max_examples=100, deadline=None, derandomize=True)


def series(values: Any) -> Any:
    return st.lists(values, max_size=40).map(lambda rows: np.array(rows, dtype=np.float64))


def parameters(name: str, n: int) -> dict[str, Any]:
    if name == "vol_target":
        return {"n": n + 1, "target": 0.1, "periods_per_year": 252}
    return {"n": n + 1 if name in ("rolling_std", "zscore") else n}


@profile
@given(rows=st.lists(st.tuples(ANY_FLOAT, ANY_FLOAT, ANY_FLOAT), max_size=40), n=WINDOW)
def test_twin_and_array_agree_on_any_floats(rows: list[tuple[float, ...]], n: int) -> None:
    for name, spec in INDICATORS.items():
        width = len(spec.inputs)
        columns = [np.array([row[k] for row in rows], dtype=np.float64) for k in range(width)]
        found = spec.compute(*columns, **parameters(name, n))
        twin = spec.twin(**parameters(name, n))
        fed = np.array([twin.update(*row[:width]) for row in rows], dtype=np.float64)
        assert fed.tobytes() == found.tobytes(), name
        assert not np.isinf(found).any(), name


@profile
@given(values=series(MAYBE_PRICE), n=WINDOW, cut=st.integers(min_value=0, max_value=40))
def test_windows_do_not_depend_on_the_start(values: NDArray[np.float64], n: int, cut: int) -> None:
    for name in (
        "rolling_mean",
        "rolling_std",
        "rolling_min",
        "rolling_max",
        "zscore",
        "vol_target",
    ):
        params = parameters(name, n)
        spec = INDICATORS[name]
        due = spec.lookback(**params) - 1
        whole = spec.compute(values, **params)[cut:]
        part = spec.compute(values[cut:], **params)
        assert part[due:].tobytes() == whole[due:].tobytes(), name


@profile
@given(values=series(MAYBE_PRICE), n=WINDOW)
def test_extremes_are_rows_of_the_window_and_hold_the_mean(
    values: NDArray[np.float64], n: int
) -> None:
    low, high = indicators.rolling_min(values, n), indicators.rolling_max(values, n)
    mean = indicators.rolling_mean(values, n)
    for row in range(n - 1, len(values)):
        window = values[row - n + 1 : row + 1]
        if np.isnan(window).any():
            assert np.isnan([low[row], high[row], mean[row]]).all()
            continue
        assert low[row] == window.min()
        assert high[row] == window.max()
        slack = 1e-12 * high[row]
        assert low[row] - slack <= mean[row] <= high[row] + slack


@profile
@given(values=series(MAYBE_PRICE), n=WINDOW)
def test_changing_the_sign_mirrors(values: NDArray[np.float64], n: int) -> None:
    np.testing.assert_array_equal(
        indicators.rolling_max(-values, n), -indicators.rolling_min(values, n)
    )
    np.testing.assert_array_equal(
        indicators.rolling_mean(-values, n), -indicators.rolling_mean(values, n)
    )
    np.testing.assert_array_equal(indicators.ema(-values, n), -indicators.ema(values, n))
    np.testing.assert_array_equal(
        indicators.rolling_std(-values, n, 0), indicators.rolling_std(values, n, 0)
    )


@profile
@given(values=series(MAYBE_PRICE), n=WINDOW, power=st.sampled_from([-20, -1, 1, 3, 20]))
def test_a_change_of_unit_by_a_power_of_two_is_exact(
    values: NDArray[np.float64], n: int, power: int
) -> None:
    unit = 2.0**power
    for name in ("rolling_mean", "rolling_std", "ema"):
        params = parameters(name, n)
        found = INDICATORS[name].compute(values * unit, **params)
        assert found.tobytes() == (INDICATORS[name].compute(values, **params) * unit).tobytes()
    for name in ("rsi", "zscore", "vol_target"):
        params = parameters(name, n)
        found = INDICATORS[name].compute(values * unit, **params)
        assert found.tobytes() == INDICATORS[name].compute(values, **params).tobytes()


@profile
@given(rows=st.lists(st.tuples(PRICE, PRICE, PRICE), max_size=40), n=WINDOW)
def test_ranges_of_values(rows: list[tuple[float, float, float]], n: int) -> None:
    low, close, high = np.sort(np.array(rows, dtype=np.float64).reshape(-1, 3), axis=1).T
    atr = indicators.atr(high, low, close, n)[n:]
    rsi = indicators.rsi(close, n)[n:]
    std = indicators.rolling_std(close, n + 1)[n:]
    weight = indicators.vol_target(
        close, n + 1, target=0.1, periods_per_year=252, max_leverage=3.0
    )[n + 1 :]
    assert (atr >= 0.0).all()
    assert ((rsi >= 0.0) & (rsi <= 100.0)).all()
    assert (std >= 0.0).all()
    assert ((weight > 0.0) & (weight <= 3.0)).all()
