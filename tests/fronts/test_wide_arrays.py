"""Goal: arrays that do not fit are refused in one sentence, before the run.

Method: tables of wrong shapes, types and names; the words that a user needs to mend them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import quant as qt
from helpers.worlds import market
from quant.errors import ConfigError

ROWS = [(10.0,) * 4] * 3
NAN = np.full((3, 2), np.nan)


def _with(value: float) -> np.ndarray:
    array = NAN.copy()
    array[1, 0] = value
    return array


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (np.zeros((4, 2)), "expected 3 rows, one for each time at which bars end, found 4"),
        (np.zeros((3, 3)), "expected 2 columns, one for each instrument in order of symbol, found"),
        (np.zeros(3), "expected an array of times by instruments, shape (3, 2), found shape (3,)"),
        (np.array([["a", "b"]] * 3), "expected numbers, found values of type <U1"),
        (np.array([[None, 1]] * 3), "expected numbers, found values of type object"),
        (_with(np.inf), "expected finite numbers or NaN, found inf in row 1 of A"),
        (pl.DataFrame({"A": [1.0] * 3, "Z": [1.0] * 3}), "found 'Z'; rename or drop it."),
        (pl.DataFrame({"A": [1.0] * 2}), "expected 3 rows"),
    ],
)
def test_what_does_not_fit_is_said(size: Any, text: str) -> None:
    with pytest.raises(ConfigError) as error:
        qt.from_orders(market(A=ROWS, B=ROWS), size, size_type="target_units")
    assert str(error.value).startswith("from_orders size: ")
    assert text in str(error.value)


def test_weights_beyond_the_leverage_are_a_mistake() -> None:
    weights = np.array([[0.5, 0.5], [0.8, -0.4], [0.0, 0.0]])
    with pytest.raises(ConfigError, match=r"leverage 1, found 1\.2 in row 1; lower them or raise"):
        qt.from_weights(market(A=ROWS, B=ROWS), weights)
    run = qt.from_weights(market(A=ROWS, B=ROWS), weights, config={"account": {"k": 2}})
    assert len(run.fills) == 4


def test_a_size_type_is_known_by_name() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'target_weight'"):
        qt.from_orders(market(A=ROWS), 1.0, size_type="target_wight")


@pytest.mark.parametrize("library", ["polars", "pandas"])
def test_columns_are_found_by_symbol(library: str) -> None:
    """B stands first, and A is left alone."""
    columns = {"B": [5.0, np.nan, np.nan]}
    if library == "pandas":
        pd = pytest.importorskip("pandas")
        frame: Any = pd.DataFrame(columns)
    else:
        frame = pl.DataFrame(columns)
    run = qt.from_orders(market(A=ROWS, B=ROWS), frame)
    assert run.fills.select("symbol", "qty").rows() == [("B", 5.0)]
