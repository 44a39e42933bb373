"""Goal: the indicators' numbers are those of the field.

Method: TA-Lib computes the same on random, rising, falling and short series without gaps (it never
recovers from a missing row); what TA-Lib has not is compared with numpy over copied windows and
with a published table. Tolerance 1e-9, relative, since TA-Lib uses running sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from quant import indicators

talib = pytest.importorskip("talib", reason="TA-Lib, of the dev extra, is the oracle")

SERIES = [(1, 3000, 0.0), (2, 3000, 0.001), (3, 3000, -0.001), (4, 60, 0.0)]
WINDOWS = [2, 3, 14, 50]


def same(found: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9, equal_nan=True)


@pytest.fixture(params=SERIES, ids=["random", "rising", "falling", "short"])
def columns(request: pytest.FixtureRequest, bars: Callable[..., Any]) -> Any:
    return bars(*request.param)


@pytest.mark.parametrize("n", WINDOWS)
class TestTaLib:
    def test_mean(self, columns: Any, n: int) -> None:
        close = columns["close"]
        same(indicators.rolling_mean(close, n), talib.SMA(close, n))

    def test_std(self, columns: Any, n: int) -> None:
        close = columns["close"]
        same(indicators.rolling_std(close, n, ddof=0), talib.STDDEV(close, n))

    def test_min_and_max(self, columns: Any, n: int) -> None:
        close = columns["close"]
        np.testing.assert_array_equal(indicators.rolling_min(close, n), talib.MIN(close, n))
        np.testing.assert_array_equal(indicators.rolling_max(close, n), talib.MAX(close, n))

    def test_donchian(self, columns: Any, n: int) -> None:
        upper = indicators.donchian_upper(columns["high"], n)
        lower = indicators.donchian_lower(columns["low"], n)
        np.testing.assert_array_equal(upper, talib.MAX(columns["high"], n))
        np.testing.assert_array_equal(lower, talib.MIN(columns["low"], n))

    def test_ema(self, columns: Any, n: int) -> None:
        close = columns["close"]
        same(indicators.ema(close, n), talib.EMA(close, n))

    def test_rsi(self, columns: Any, n: int) -> None:
        close = columns["close"]
        same(indicators.rsi(close, n), talib.RSI(close, n))

    def test_atr(self, columns: Any, n: int) -> None:
        high, low, close = columns["high"], columns["low"], columns["close"]
        same(indicators.atr(high, low, close, n), talib.ATR(high, low, close, n))


@pytest.mark.parametrize("n", WINDOWS)
class TestNumpyWindows:
    def test_std_and_zscore(self, columns: Any, n: int) -> None:
        close = columns["close"]
        windows = np.lib.stride_tricks.sliding_window_view(close, n)
        for ddof in (0, 1):
            std = np.std(windows, axis=1, ddof=ddof)
            score = (close[n - 1 :] - np.mean(windows, axis=1)) / std
            same(indicators.rolling_std(close, n, ddof)[n - 1 :], std)
            same(indicators.zscore(close, n, ddof)[n - 1 :], score)

    def test_vol_target(self, columns: Any, n: int) -> None:
        close = columns["close"]
        returns = close[1:] / close[:-1] - 1.0
        windows = np.lib.stride_tricks.sliding_window_view(returns, n)
        vol = np.std(windows, axis=1, ddof=1) * np.sqrt(252.0)
        found = indicators.vol_target(close, n, target=0.1, periods_per_year=252, max_leverage=0.9)
        assert np.isnan(found[:n]).all()
        same(found[n:], np.minimum(0.9, 0.1 / vol))


def test_rsi_of_a_published_table() -> None:
    # StockCharts ChartSchool, "Relative Strength Index (RSI)", worked example with n = 14.
    table = """
        44.3389 44.0902 44.1497 43.6124 44.3278 44.8264 45.0955 45.4245 45.8433 46.0826
        45.8931 46.0328 45.6140 46.2820 46.2820 46.0028 46.0328 46.4116 46.2222 45.6439
    """
    prices = np.array([float(price) for price in table.split()])
    found = indicators.rsi(prices, 14)[14:]
    np.testing.assert_allclose(found, [70.53, 66.32, 66.55, 69.41, 66.36, 57.97], atol=0.005)
