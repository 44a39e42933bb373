"""Fast reads of the kernel's state from Python.

A memoryview of words costs an index per read; numpy records cost ten times as much. Arrays that
grow are replaced by the kernel's owner, who then calls ``refresh``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from quant.kernel.layout import ARRAYS, State, word_of

__all__ = ["StateViews", "words"]


def words(state: State, name: str) -> tuple[memoryview[int], memoryview[float]]:
    """One array as a row of integers and as a row of floats, over the same memory."""
    array: Any = state[name]
    return memoryview(array.view(np.int64).ravel()), memoryview(array.view(np.float64).ravel())


class StateViews:
    """Memoryviews of everything the strategy's side reads and writes."""

    __slots__ = (
        "account_f",
        "account_q",
        "balance_f",
        "instrument_f",
        "instrument_q",
        "order_f",
        "order_q",
        "position_f",
        "position_q",
        "risk_f",
        "risk_q",
        "sim_q",
        "state",
    )

    def __init__(self, state: State) -> None:
        self.state = state
        self._take()

    def _take(self) -> None:
        state = self.state
        self.sim_q = words(state, "sim")[0]
        self.account_q, self.account_f = words(state, "accounts")
        self.balance_f = words(state, "balances")[1]
        self.instrument_q, self.instrument_f = words(state, "instruments")
        self.position_q, self.position_f = words(state, "positions")
        self.order_q, self.order_f = words(state, "orders")
        self.risk_q, self.risk_f = words(state, "risks")

    def refresh(self) -> None:
        """Take new views, after arrays have been replaced."""
        self._take()


def record_words(name: str) -> int:
    """Words of one record."""
    return ARRAYS[name].itemsize // 8


SIM_NOW = word_of("sim", "now")
SIM_SLICE = word_of("sim", "slice")
SIM_SESSION = word_of("sim", "session")
