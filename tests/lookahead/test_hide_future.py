"""Goal: what is known at a moment stays, to the bit; all else is made up, and stays plausible.

Method: samples and made-up intraday bars, hidden at every kind of moment.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

import quant as qt
from quant.engine.lookahead.hide import hide_future
from quant.lake.bars import PRICES


@pytest.fixture(scope="module")
def stocks() -> qt.Bars:
    return qt.load_bars("sample:us20")


def _intraday() -> qt.Bars:
    frame = pl.DataFrame(
        {
            "ts": [f"2024-03-0{d}T{h:02d}:30:00Z" for d in (4, 5) for h in range(14, 21)],
            "open": [100.0 + i for i in range(14)],
            "high": [102.0 + i for i in range(14)],
            "low": [99.0 + i for i in range(14)],
            "close": [101.0 + i for i in range(14)],
            "volume": [10.0] * 14,
            "mood": [float(i) for i in range(14)],
        }
    )
    return qt.load_bars(frame, qt.DataOptions(bar="1h", calendar="XNYS"))


@pytest.mark.parametrize("drop", [True, False])
@pytest.mark.parametrize("place", [0, 1, 1000, -1])
def test_the_past_stays_and_the_future_does_not(stocks: qt.Bars, place: int, drop: bool) -> None:
    moment = int(np.unique(stocks.ts_close)[place])
    hidden = hide_future(stocks, moment, seed=3, drop=drop)
    for i in range(len(stocks.symbols)):
        was = slice(stocks.offsets[i], stocks.offsets[i + 1])
        now = slice(hidden.offsets[i], hidden.offsets[i + 1])
        n = int((stocks.ts_close[was] <= moment).sum())
        assert (hidden.ts_close[now] == stocks.ts_close[was][: hidden.ts_close[now].size]).all()
        for name in (*PRICES, "volume"):
            one, two = hidden.columns[name][now], stocks.columns[name][was]
            assert np.array_equal(one[:n], two[:n], equal_nan=True)
            later = two[n : len(one)]
            known = ~np.isnan(later) & (later != 0)
            assert not known.any() or (one[n:][known] == later[known]).mean() < 0.1
        assert drop or now.stop - now.start == was.stop - was.start
    later = np.unique(hidden.session[hidden.ts_open > moment])
    assert not drop or len(later) <= 1  # the next session with bars, and no further one


def test_made_up_bars_could_be_true() -> None:
    index = qt.load_bars("sample:sp500")
    hidden = hide_future(index, int(index.ts_close[0]), seed=5, drop=False)
    o, h, low, c = (hidden.columns[name] for name in PRICES)
    assert (h >= np.maximum(o, c)).all()
    assert (low <= np.minimum(o, c)).all()
    assert (low > 0).all()
    rose = index.columns["close"] > index.columns["open"]
    assert 0.4 < ((c > o) == rose)[1:].mean() < 0.6


def test_a_bar_that_has_begun_keeps_its_open_alone() -> None:
    bars = _intraday()
    inside = int(bars.ts_open[3]) + 60_000_000_000
    hidden = hide_future(bars, inside, seed=1, drop=True)
    assert hidden.columns["open"][3] == bars.columns["open"][3]
    assert hidden.columns["close"][3] != bars.columns["close"][3]
    assert hidden.columns["open"][4] != bars.columns["open"][4]
    assert len(hidden.ts_open) == 7  # the rest of the session, and no other
    assert hidden.columns["volume"].tolist() == [10.0] * 7
    assert set(hidden.columns["mood"][3:]) <= set(bars.columns["mood"][:3])


def test_a_bar_that_begins_at_the_moment_is_not_known() -> None:
    bars = _intraday()
    hidden = hide_future(bars, int(bars.ts_open[3]), seed=1, drop=True)
    assert hidden.columns["close"][2] == bars.columns["close"][2]
    assert hidden.columns["open"][3] != bars.columns["open"][3]


def test_a_series_of_closes_stays_one() -> None:
    frame = pl.DataFrame(
        {"date": ["2024-07-02", "2024-07-03", "2024-07-05"], "close": [1.0, 2.0, 3.0]}
    )
    bars = qt.load_bars(frame)
    hidden = hide_future(bars, int(bars.ts_close[0]), seed=1, drop=False)
    assert all(np.array_equal(hidden.columns[name], hidden.columns["close"]) for name in PRICES)
    assert hidden.columns["close"][0] == 1.0


def test_nothing_leads_back_to_what_is_hidden(stocks: qt.Bars) -> None:
    hidden = hide_future(stocks, int(stocks.ts_close[500]), seed=1, drop=True)
    arrays = [*hidden.columns.values(), hidden.ts_open, hidden.ts_close, hidden.session]
    originals = [*stocks.columns.values(), stocks.ts_open, stocks.ts_close, stocks.session]
    assert not any(np.shares_memory(a, b) for a in arrays for b in originals)


def test_the_noise_is_that_of_its_seed(stocks: qt.Bars) -> None:
    moment = int(stocks.ts_close[100])
    one, two, three = (hide_future(stocks, moment, seed=s, drop=False) for s in (1, 1, 2))
    assert np.array_equal(one.columns["close"], two.columns["close"])
    assert not np.array_equal(one.columns["close"], three.columns["close"])


def test_nothing_of_the_true_future_goes_into_the_noise(stocks: qt.Bars) -> None:
    """Another future gives the same noise, to the bit: it is made from the past alone."""
    moment = int(np.unique(stocks.ts_close)[3000])
    turned = {
        name: np.where(stocks.ts_close <= moment, column, column[::-1] * 3.0)
        for name, column in stocks.columns.items()
    }
    other = dataclasses.replace(stocks, columns=turned)
    for drop in (True, False):
        one, two = (hide_future(bars, moment, seed=8, drop=drop) for bars in (stocks, other))
        for name, column in one.columns.items():
            assert np.array_equal(column, two.columns[name], equal_nan=True)


def test_noise_is_as_wild_as_the_past() -> None:
    index = qt.load_bars("sample:sp500")
    moment = int(index.ts_close[3000])
    hidden = hide_future(index, moment, seed=2, drop=False)
    moves = np.diff(np.log(hidden.columns["close"]))
    assert moves[3000:].std() == pytest.approx(moves[1000:3000].std(), rel=0.1)
    true = np.diff(np.log(index.columns["close"]))[3000:]
    assert abs(np.corrcoef(moves[3000:], true)[0, 1]) < 0.1


def test_a_gap_in_the_data_keeps_the_session_behind_it() -> None:
    """A timer that falls into the gap comes due in a cut run as in the full one."""
    days = [f"2024-03-{d:02d}" for d in (1, 4, 5, 18, 19, 20)]
    frame = pl.DataFrame({"date": days, "close": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})
    bars = qt.load_bars(frame)
    hidden = hide_future(bars, int(bars.ts_close[2]), seed=1, drop=True)
    assert len(hidden.ts_close) == 4
    assert hidden.columns["close"][:3].tolist() == [1.0, 2.0, 3.0]
    assert hidden.columns["close"][3] != 4.0
