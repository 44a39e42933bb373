"""Goal: the stated rules hold: starts, missing rows, flat prices, overflow, refusals.

Method: small cases computed by hand, and the rule itself written as a second, slow computation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from quant import indicators
from quant.errors import ConfigError, SchemaError
from quant.indicators import INDICATORS

NAN = float("nan")


def column(*values: float) -> Any:
    return np.array(values, dtype=np.float64)


class TestByHand:
    def test_mean(self) -> None:
        found = indicators.rolling_mean(column(1, 2, 3, 4, 5, 6, 0), 5)
        np.testing.assert_array_equal(found, [NAN, NAN, NAN, NAN, 3, 4, 3.6])

    def test_std(self) -> None:
        # Of 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squares 32, population 2, sample sqrt(32 / 7).
        values = column(2, 4, 4, 4, 5, 5, 7, 9)
        assert indicators.rolling_std(values, 8, ddof=0)[-1] == 2.0
        assert indicators.rolling_std(values, 8)[-1] == np.sqrt(32.0 / 7.0)

    def test_zscore(self) -> None:
        assert indicators.zscore(column(2, 4, 4, 4, 5, 5, 7, 9), 8, ddof=0)[-1] == 2.0

    def test_min_and_max(self) -> None:
        values = column(5, 3, 4, 4, 1, 2, 3)
        np.testing.assert_array_equal(indicators.rolling_min(values, 3), [NAN, NAN, 3, 3, 1, 1, 1])
        np.testing.assert_array_equal(indicators.rolling_max(values, 3), [NAN, NAN, 5, 4, 4, 4, 3])

    def test_ema(self) -> None:
        # Seed (1 + 2 + 6) / 3 = 3, then halfway to each row.
        found = indicators.ema(column(1, 2, 6, 7, 5, 13), 3)
        np.testing.assert_array_equal(found, [NAN, NAN, 3, 5, 5, 9])

    def test_rsi(self) -> None:
        # Gains 1, 0 and losses 0, 1: 50. Then gain (0.5 + 3) / 2, loss 0.5 / 2: 87.5.
        found = indicators.rsi(column(10, 11, 10, 13), 2)
        np.testing.assert_array_equal(found, [NAN, NAN, 50, 87.5])

    def test_rsi_of_a_rise_a_fall_and_no_change(self) -> None:
        assert indicators.rsi(column(1, 2, 3), 2)[-1] == 100.0
        assert indicators.rsi(column(3, 2, 1), 2)[-1] == 0.0
        assert indicators.rsi(column(2, 2, 2), 2)[-1] == 0.0

    def test_atr_takes_each_of_the_three_ranges(self) -> None:
        # Row 1: high - low = 2. Row 2: gap up, high - close before = 9 - 5 = 4, mean 3.
        # Row 3: gap down, close before - low = 8 - 1 = 7, (3 + 7) / 2 = 5.
        high, low, close = column(5, 6, 9, 2), column(3, 4, 7, 1), column(4, 5, 8, 1.5)
        found = indicators.atr(high, low, close, 2)
        np.testing.assert_array_equal(found, [NAN, NAN, 3, 5])

    def test_donchian_holds_its_own_row(self) -> None:
        assert indicators.donchian_upper(column(1, 2, 9), 2)[-1] == 9.0
        assert indicators.donchian_lower(column(3, 2, 1), 2)[-1] == 1.0

    def test_vol_target(self) -> None:
        # Returns +1/2 and −1/2: sample deviation sqrt(1/2), a year of two periods: 1.
        prices = column(100, 150, 75)
        found = indicators.vol_target(prices, 2, target=0.25, periods_per_year=2)
        np.testing.assert_allclose(found, [NAN, NAN, 0.25], rtol=1e-15)

    def test_vol_target_is_capped_and_full_without_volatility(self) -> None:
        prices = column(100, 150, 75, 75, 75)
        settings = {"target": 5.0, "periods_per_year": 2.0, "max_leverage": 1.5}
        found = indicators.vol_target(prices, 2, **settings)
        np.testing.assert_array_equal(found, [NAN, NAN, 1.5, 1.5, 1.5])


def test_a_window_does_not_depend_on_where_the_series_starts(
    windowed: Any, bars: Callable[..., Any], spoil: Callable[..., Any]
) -> None:
    columns = spoil(bars(21, 300), 22)
    whole = windowed.compute(columns)
    for cut in (1, 2, 3, 5, 8, 64, 201):
        part = windowed.compute({name: values[cut:] for name, values in columns.items()})
        due = windowed.lookback - 1
        assert part[due:].tobytes() == whole[cut + due :].tobytes()


def test_cutting_the_end_changes_no_row_before_it(case: Any, bars: Callable[..., Any]) -> None:
    columns = bars(23, 200)
    whole = case.compute(columns)
    for rows in (0, 1, 77, 199):
        part = case.compute({name: values[:rows] for name, values in columns.items()})
        assert part.tobytes() == whole[:rows].tobytes()


def test_a_missing_row_makes_nan_exactly_the_windows_that_hold_it(
    windowed: Any, bars: Callable[..., Any]
) -> None:
    columns = bars(24, 200)
    clean = windowed.compute(columns)
    for missing in (NAN, np.inf, -np.inf):
        windowed.inputs(columns)[0][100] = missing
        found = windowed.compute(columns)
        held = slice(100, 100 + windowed.lookback)
        assert np.isnan(found[held]).all()
        assert np.delete(found, np.r_[held]).tobytes() == np.delete(clean, np.r_[held]).tobytes()


def test_recursive_indicators_go_on_as_if_the_missing_row_were_not_there(
    recursive: Any, bars: Callable[..., Any], spoil: Callable[..., Any]
) -> None:
    columns = spoil(bars(25, 300), 26)
    present = np.all([np.isfinite(values) for values in recursive.inputs(columns)], axis=0)
    assert 0 < (~present).sum() < 100
    found = recursive.compute(columns)
    without = recursive.compute({name: values[present] for name, values in columns.items()})
    assert np.isnan(found[~present]).all()
    assert found[present].tobytes() == without.tobytes()


@pytest.mark.parametrize("price", [0.1, 1 / 3, 33.33, 1e-7, 12345.678])
@pytest.mark.parametrize("n", [2, 3, 7, 10, 49])
def test_a_flat_price_has_itself_as_mean_and_no_deviation(price: float, n: int) -> None:
    flat = np.full(60, price)
    due = slice(n - 1, None)
    assert (indicators.rolling_mean(flat, n)[due] == price).all()
    assert (indicators.ema(flat, n)[due] == price).all()
    assert (indicators.rolling_std(flat, n)[due] == 0.0).all()
    assert np.isnan(indicators.zscore(flat, n)).all()


def test_a_return_needs_a_positive_price_to_divide_by() -> None:
    prices = column(1, 2, 1, 0, 1, 2, 1, 2, -1, 1, 2, 1)
    found = indicators.vol_target(prices, 2, target=0.1, periods_per_year=1)
    # The returns into rows 4 and 9 divide by 0 and by −1; two windows hold each of them.
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found)), [0, 1, 4, 5, 9, 10])


def test_of_equal_values_the_newest_is_the_extreme() -> None:
    for name in ("rolling_min", "rolling_max", "donchian_upper", "donchian_lower"):
        found = INDICATORS[name].compute(column(0.0, -0.0, 0.0), n=2)
        assert np.signbit(found[1:]).tolist() == [True, False]


def test_an_overflow_is_nan_and_passes() -> None:
    values = column(1.7e308, -1.7e308, 1.0, 2.0)
    found = indicators.rolling_mean(values, 2)
    np.testing.assert_array_equal(found, [NAN, NAN, -8.5e307, 1.5])
    assert indicators.rolling_std(values, 2)[-1] == np.sqrt(0.5)


class TestArrays:
    def test_input_is_read_only_to_the_function(self, case: Any, bars: Callable[..., Any]) -> None:
        columns = bars(27, 80)
        copies = {name: values.copy() for name, values in columns.items()}
        case.compute(columns)
        for name, values in columns.items():
            assert values.tobytes() == copies[name].tobytes()

    def test_layout_does_not_matter(self, case: Any, bars: Callable[..., Any]) -> None:
        columns = bars(28, 80)
        strided = {name: np.repeat(values, 3)[::3] for name, values in columns.items()}
        frozen = {name: values.copy() for name, values in columns.items()}
        for values in frozen.values():
            values.flags.writeable = False
        expected = case.compute(columns).tobytes()
        assert case.compute(strided).tobytes() == expected
        assert case.compute(frozen).tobytes() == expected

    def test_fewer_rows_than_needed_give_nan(self, case: Any, bars: Callable[..., Any]) -> None:
        for rows in (0, case.lookback - 1):
            found = case.compute(bars(29, rows))
            assert found.shape == (rows,)
            assert found.dtype == np.float64
            assert np.isnan(found).all()

    @pytest.mark.parametrize(
        ("values", "found"),
        [
            ([1.0, 2.0], "a list"),
            (np.array([1, 2]), "int64 of shape"),
            (np.array([1.0], dtype=np.float32), "float32 of shape"),
            (np.ones((2, 2)), r"float64 of shape \(2, 2\)"),
            (np.array(1.0), r"float64 of shape \(\)"),
            (np.ma.masked_invalid([1.0, NAN]), "a MaskedArray"),
        ],
    )
    def test_anything_but_a_float_column_is_refused(self, values: Any, found: str) -> None:
        for function in (indicators.rolling_mean, indicators.ema, indicators.rolling_max):
            with pytest.raises(SchemaError, match=f"values to be a float64 .*, found {found}"):
                function(values, 2)

    def test_columns_of_different_lengths_are_refused(self) -> None:
        with pytest.raises(SchemaError, match=r"atr: .* found rows high 2, low 2, close 3; "):
            indicators.atr(column(1, 2), column(1, 2), column(1, 2, 3), 2)


class TestParameters:
    @pytest.mark.parametrize("n", [0, -1, 2.0, "3", None, True, NAN, 2**31])
    def test_n_is_a_whole_number_from_one(self, case: Any, n: Any) -> None:
        params = case.params | {"n": n}
        inputs = [column(1, 2, 3)] * len(case.spec.inputs)
        message = f"{case.spec.name}: expected n to be a whole number from .* found"
        with pytest.raises(ConfigError, match=message):
            case.spec.compute(*inputs, **params)
        with pytest.raises(ConfigError, match=message):
            case.spec.twin(**params)
        with pytest.raises(ConfigError, match=message):
            case.spec.lookback(**params)

    def test_a_numpy_integer_is_a_whole_number(self) -> None:
        assert indicators.rolling_mean(column(1, 3), np.int64(2))[-1] == 2.0  # type: ignore[arg-type]
        assert INDICATORS["ema"].twin(n=np.int32(2)).state()["n"] == 2

    @pytest.mark.parametrize(("n", "ddof"), [(1, 1), (3, 3), (3, -1), (3, 0.5), (3, True)])
    def test_ddof_is_less_than_n(self, n: int, ddof: Any) -> None:
        for name in ("rolling_std", "zscore"):
            for make in (INDICATORS[name].twin, INDICATORS[name].lookback):
                with pytest.raises(ConfigError, match=f"{name}: expected (ddof|n) to be"):
                    make(n=n, ddof=ddof)
            with pytest.raises(ConfigError, match=f"{name}: expected (ddof|n) to be"):
                INDICATORS[name].compute(column(1, 2, 3), n=n, ddof=ddof)

    @pytest.mark.parametrize("name", ["target", "periods_per_year", "max_leverage"])
    @pytest.mark.parametrize("value", [0.0, -1.0, NAN, np.inf, "1", None, True, 10**400])
    def test_vol_target_takes_finite_numbers_above_zero(self, name: str, value: Any) -> None:
        params = {"n": 2, "target": 0.1, "periods_per_year": 252, "max_leverage": 1} | {name: value}
        message = f"vol_target: expected {name} to be a finite number above zero"
        with pytest.raises(ConfigError, match=message):
            INDICATORS["vol_target"].compute(column(1, 2, 3), **params)
        with pytest.raises(ConfigError, match=message):
            INDICATORS["vol_target"].twin(**params)

    def test_one_return_or_one_row_has_no_spread(self) -> None:
        with pytest.raises(ConfigError, match=r"vol_target: expected n .* from 2"):
            INDICATORS["vol_target"].lookback(n=1, target=0.1, periods_per_year=252)
        with pytest.raises(ConfigError, match=r"zscore: expected n .* from 2"):
            INDICATORS["zscore"].lookback(n=1, ddof=0)
