"""Goal: an array function and its twin give the same bits, also after saving and loading.

Method: every indicator, with small and large windows, over clean bars, bars with missing rows and
values that are hard on floats; the outputs are compared as bytes. A twin is cut at rows before and
after its start, sent through JSON and continued.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from quant.errors import DataError
from quant.indicators import INDICATORS


def test_every_twin_equals_its_array_function(case: Any, bars: Callable[..., Any]) -> None:
    columns = bars(11, 400)
    assert case.feed(columns).tobytes() == case.compute(columns).tobytes()


def test_also_with_missing_rows(
    case: Any, bars: Callable[..., Any], spoil: Callable[..., Any]
) -> None:
    columns = spoil(bars(12, 400), 13)
    assert case.feed(columns).tobytes() == case.compute(columns).tobytes()


def test_also_with_values_hard_on_floats(case: Any) -> None:
    random = np.random.Generator(np.random.Philox(key=14))
    values = [0.0, -0.0, 1.0, 0.1, 5e-324, 1e-308, 1e308, -1e308, 1.7e308, 1e16, np.nan, np.inf]
    columns = {name: random.choice(values, size=600) for name in ("high", "low", "close")}
    found = case.compute(columns)
    assert case.feed(columns).tobytes() == found.tobytes()
    assert not np.isinf(found).any()


def test_the_first_value_comes_at_the_lookback(case: Any, bars: Callable[..., Any]) -> None:
    found = case.compute(bars(15, 120))
    assert np.isnan(found[: case.lookback - 1]).all()
    assert np.isfinite(found[case.lookback - 1 :]).all()


def test_a_saved_twin_continues_with_the_same_bits(
    case: Any, bars: Callable[..., Any], spoil: Callable[..., Any]
) -> None:
    columns = spoil(bars(16, 130), 17)
    expected = case.compute(columns)
    for cut in (0, 1, case.lookback - 1, case.lookback, 99):
        first = case.spec.twin(**case.params)
        case.feed({name: column[:cut] for name, column in columns.items()}, first)
        text = json.dumps(first.state(), allow_nan=False)
        second = case.spec.twin(**case.params)
        second.load(json.loads(text))
        rest = case.feed({name: column[cut:] for name, column in columns.items()}, second)
        assert rest.tobytes() == expected[cut:].tobytes()


def test_a_state_does_not_change_with_the_twin_it_came_from() -> None:
    twin = INDICATORS["rolling_mean"].twin(n=2)
    twin.update(1.0)
    state = twin.state()
    twin.update(2.0)
    assert state == {"name": "rolling_mean", "n": 2, "rows": [1.0]}


def test_loading_replaces_what_the_twin_had_seen() -> None:
    fresh = INDICATORS["rsi"].twin(n=2)
    used = INDICATORS["rsi"].twin(n=2)
    for value in (1.0, 2.0, 3.0):
        used.update(value)
    used.load(fresh.state())
    assert used.state() == fresh.state()


@pytest.mark.parametrize(
    ("name", "params", "state"),
    [
        ("rolling_mean", {"n": 2}, {"name": "rolling_mean", "n": 3, "rows": []}),
        ("rolling_mean", {"n": 2}, {"name": "rolling_min", "n": 2, "rows": []}),
        ("rolling_mean", {"n": 2}, {"name": "rolling_mean", "n": 2}),
        ("rolling_mean", {"n": 2}, {"name": "rolling_mean", "n": 2, "rows": [None]}),
        ("rolling_std", {"n": 2}, {"name": "rolling_std", "n": 2, "ddof": 0, "rows": []}),
        ("ema", {"n": 2}, {"name": "ema", "n": 2, "seen": "1", "first": 1.0, "level": 0.0}),
        ("ema", {"n": 2}, {"name": "ema", "n": 2, "seen": 1, "first": "1", "level": 0.0}),
        ("ema", {"n": 2}, {"name": "ema", "n": 2, "seen": 1, "first": 1.0}),
    ],
)
def test_a_state_that_does_not_fit_is_refused_whole(
    name: str, params: dict[str, Any], state: dict[str, Any]
) -> None:
    twin = INDICATORS[name].twin(**params)
    twin.update(7.0)
    before = twin.state()
    with pytest.raises(DataError, match=f"state of {name}: expected .*, found .*; "):
        twin.load(state)
    assert twin.state() == before


def test_the_registry_names_each_indicator_once_with_its_fields() -> None:
    assert {name: spec.inputs for name, spec in INDICATORS.items()} == {
        "rolling_mean": ("field",),
        "rolling_std": ("field",),
        "rolling_min": ("field",),
        "rolling_max": ("field",),
        "zscore": ("field",),
        "ema": ("field",),
        "rsi": ("field",),
        "atr": ("high", "low", "close"),
        "donchian_upper": ("high",),
        "donchian_lower": ("low",),
        "vol_target": ("field",),
    }
    for name, spec in INDICATORS.items():
        params = {"n": 5} | ({"target": 0.1, "periods_per_year": 1} if name == "vol_target" else {})
        assert spec.name == name
        assert spec.twin(**params).state()["name"] == name
        assert spec.lookback(**params) == (6 if name in ("rsi", "atr", "vol_target") else 5)
