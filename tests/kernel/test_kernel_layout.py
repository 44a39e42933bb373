"""Goal: the state is a row of eight-byte words at known addresses, whatever has grown.

Method: the record types and the table of addresses are read back word by word; arrays are grown by
hand and by runs that need far more orders at once than any array holds at first.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from helpers.worlds import market, play
from quant.kernel.layout import ARRAYS, GROWING, PER_WORKING_ORDER, SIM, State, dtype_of, word_of
from quant.kernel.run import grow
from quant.strategy import Context


def small_state() -> State:
    return State({name: np.zeros(3, dtype) for name, dtype in ARRAYS.items()})


@pytest.mark.parametrize("name", ARRAYS)
def test_every_field_is_made_of_eight_byte_words(name: str) -> None:
    dtype = dtype_of(name)
    fields = dtype.fields or {"": (dtype, 0)}
    end = 0
    for kind, offset, *_ in fields.values():
        base = kind.base if kind.subdtype else kind
        assert base.str in ("<i8", "<f8")
        assert offset == end
        end += kind.itemsize
    assert end == dtype.itemsize


def test_the_table_holds_addresses_and_lengths() -> None:
    state = small_state()
    n = len(ARRAYS)
    assert len(state.table) == 2 * n
    assert state.address == state.table.ctypes.data
    for place, name in enumerate(ARRAYS):
        assert state.table[place] == state[name].ctypes.data
        assert state.table[n + place] == len(state[name])


@pytest.mark.parametrize("name", [name for name, dtype in ARRAYS.items() if dtype.names])
def test_a_word_is_read_where_word_of_says(name: str) -> None:
    dtype = dtype_of(name)
    array = np.zeros(2, dtype)
    array.view(np.int64)[:] = np.arange(2 * dtype.itemsize // 8)
    row: Any = array.view(np.int64).ravel()
    words = memoryview(row)
    for field in dtype.names or ():
        place = dtype.itemsize // 8 + word_of(name, field)
        assert np.ravel(array[1][field]).view(np.int64)[0] == words[place]


@pytest.mark.parametrize("name", [*GROWING, *PER_WORKING_ORDER])
def test_growth_keeps_contents_and_address(name: str) -> None:
    state = small_state()
    old = state[name]
    old.view(np.int64)[:] = np.arange(old.nbytes // 8) + 1
    address, before = state.address, old.copy()
    grow(state, name, 4)
    assert len(state[name]) == 6
    assert (state[name][:3] == before).all()
    assert not state[name][3:].view(np.int64).any()
    assert state.address == address
    assert state.table[list(ARRAYS).index(name)] == state[name].ctypes.data
    assert state.table[len(ARRAYS) + list(ARRAYS).index(name)] == 6
    grow(state, name, 100)
    assert len(state[name]) == 100


def test_counters_of_growing_arrays_exist() -> None:
    assert set(GROWING.values()) <= set(SIM.names or ())
    state = small_state()
    state["sim"][0]["n_fills"] = 2
    assert len(state.used("fills")) == 2


def test_the_layout_loads_nothing_that_compiles() -> None:
    code = "import sys, quant.kernel.layout; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_thousand_orders_at_once() -> None:
    """Arrays begin with room for 256 of each."""

    def crowd(ctx: Context) -> None:
        for n in range(1_000):
            ctx.order("A", 1 if n % 3 else 2)

    flat = (10.0,) * 4
    played = play({0: crowd}, market(A=[flat, flat, flat]))
    assert len(played.fills) == 1_000
    assert {status for status, _ in played.fates} == {"FILLED"}
    assert played.position("A") == 666 + 2 * 334
    assert played.cash == 100_000 - 10 * 1_334
    # row 0 is the deposit, then one posting for each fill
    assert len(played.simulation.state.used("postings")) == 1_001


def test_a_thousand_working_orders_meet_one_bar() -> None:
    """On the way down the nearer limits fill first, at their own price."""

    def ladder(ctx: Context) -> None:
        for n in range(1_000):
            ctx.order("A", 1, "limit", limit_price=100 - 0.01 * n, tif="GTC")

    rows = [(100.5,) * 4, (100.5, 100.5, 95.0, 96.0), (96.0, 96.0, 80.0, 81.0)]
    played = play({0: ladder}, market(A=rows), {"cash": 1e6})
    prices = [price for _, _, price in played.trades]
    assert len(prices) == 1_000
    assert prices == pytest.approx([100 - 0.01 * n for n in range(1_000)])
    assert [f["ts"] for f in played.fills].count(played.simulation.bars.ts_close[1]) == 501
