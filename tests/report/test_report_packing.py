"""Goal: numbers and texts arrive in a page as they were, and never as markup.

Method: columns are read back by a decoder written here from the description of the format, on
random and on extreme values; texts are searched for what could end a script.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pytest

from quant.errors import DataError
from quant.report.packing import (
    decimals_for,
    hash_source,
    pack_numbers,
    pack_whole,
    script_json,
)
from quant.report.sheet import Activity


def unpack(column: dict[str, Any]) -> list[float]:
    """Seven bits to the byte, lowest first; 0, -1, 1, -2 as 0, 1, 2, 3; differences; decimals."""
    values, total, folded, shift = [], 0, 0, 0
    for byte in base64.b64decode(column["d"]):
        folded |= (byte & 127) << shift
        shift += 7
        if byte & 128:
            continue
        total += -(folded + 1) // 2 if folded % 2 else folded // 2
        values.append(total / 10 ** column["k"] if column["k"] >= 0 else total * 10 ** -column["k"])
        folded = shift = 0
    return values


@pytest.mark.parametrize("seed", range(20))
def test_numbers_are_read_back_to_the_stated_decimals(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-6, 12)
    values = scale * rng.normal(size=500).cumsum()
    decimals = decimals_for(np.array([scale]), 6)
    found = np.array(unpack(pack_numbers(values, decimals)))
    assert np.abs(found - values).max() <= 0.5001 * 10.0**-decimals


@pytest.mark.parametrize(
    "values", [[], [0], [-1], [2**52, -(2**52), 0], [1_700_000_000_000, 1_700_086_400_000]]
)
def test_whole_numbers_are_read_back_exactly(values: list[int]) -> None:
    assert unpack(pack_whole(np.array(values, np.int64))) == values


def test_a_missing_number_is_its_neighbour() -> None:
    values = np.array([np.nan, 1.0, np.nan, np.nan, 2.0])
    assert unpack(pack_numbers(values, 1)) == [0.0, 1.0, 1.0, 1.0, 2.0]


def test_decimals_never_leave_what_a_float_can_count() -> None:
    wide = np.array([1e-9, 1e9])
    decimals = decimals_for(wide)
    assert 1e9 * 10.0**decimals < 2**53
    assert decimals_for(np.array([0.0, np.nan])) == 0
    assert decimals_for(np.array([5e12]), 8) == -5


def test_text_for_a_script_cannot_end_it() -> None:
    for evil in ("</script>", "<!--", "]]>", "\u2028\u2029", "&lt;", '"\\', "\ud800"):
        text = script_json({evil: [evil]})
        assert not set(text) & set("<>&\u2028\u2029")
        text.encode("utf-8")
        if "\ud800" not in evil:
            assert json.loads(text) == {evil: [evil]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json(float("nan"))


def test_the_hash_is_that_of_the_standard() -> None:
    """The example of the W3C's Content Security Policy Level 3, section 6.7.3.3."""
    expected = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    assert hash_source("alert('Hello, world.');") == expected


def test_activity_needs_one_reason_per_fill() -> None:
    from report_books import fill_arrays, flat_bars

    from quant.report.sheet import Prices
    from quant.report.trades import round_trips

    bars, fills = flat_bars(1), fill_arrays([{"units": 1, "price": 2.0}])
    ones = np.ones(1)
    prices = Prices(
        symbols=["A"], offsets=bars.offsets, ts=np.zeros(1, np.int64), open=ones, high=ones,
        low=ones, close=ones, closes_only=False, is_dated=True,
    )  # fmt: skip
    with pytest.raises(DataError, match="reasons needs one entry per fill, but has 0 for 1"):
        Activity(
            prices=prices, fills=fills, reasons=[], tags=[None], impact=np.zeros(1),
            trades=round_trips(fills, bars, ones), multipliers=ones,
        )  # fmt: skip
