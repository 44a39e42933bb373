"""What the tests of the indicators share: every indicator with small and large windows, and bars.

A *case* is one indicator with its parameters. ``bars`` draws columns from a seed; ``spoil`` puts
missing rows into them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from quant.indicators import INDICATORS, IndicatorSpec

Columns = dict[str, NDArray[np.float64]]

VOL = {"target": 0.1, "periods_per_year": 252.0, "max_leverage": 2.0}
PARAMETERS: list[tuple[str, dict[str, Any]]] = [
    *((name, {"n": n}) for name in INDICATORS for n in (2, 3, 14, 50) if name != "vol_target"),
    *(
        (name, {"n": 1})
        for name in INDICATORS
        if name not in ("vol_target", "zscore", "rolling_std")
    ),
    *((name, {"n": 9, "ddof": 0}) for name in ("rolling_std", "zscore")),
    ("rolling_std", {"n": 1, "ddof": 0}),
    *(("vol_target", {"n": n, **VOL}) for n in (2, 3, 20)),
]
RECURSIVE = ("ema", "rsi", "atr")


@dataclass(frozen=True)
class Case:
    """One indicator with its parameters."""

    spec: IndicatorSpec
    params: dict[str, Any]

    @property
    def lookback(self) -> int:
        return self.spec.lookback(**self.params)

    def inputs(self, columns: Columns) -> list[NDArray[np.float64]]:
        return [columns["close" if name == "field" else name] for name in self.spec.inputs]

    def compute(self, columns: Columns) -> NDArray[np.float64]:
        return self.spec.compute(*self.inputs(columns), **self.params)

    def feed(self, columns: Columns, twin: Any = None) -> NDArray[np.float64]:
        """The outputs of the twin, a new one unless given, row by row."""
        twin = self.spec.twin(**self.params) if twin is None else twin
        rows = zip(*(column.tolist() for column in self.inputs(columns)), strict=True)
        return np.array([twin.update(*row) for row in rows], dtype=np.float64)


def _name(case: Case) -> str:
    return "-".join([case.spec.name, *(f"{key}{value}" for key, value in case.params.items())])


CASES = [Case(INDICATORS[name], params) for name, params in PARAMETERS]
WINDOWED = [case for case in CASES if case.spec.name not in RECURSIVE]


def _given(request: pytest.FixtureRequest) -> Case:
    found = request.param
    assert isinstance(found, Case)
    return found


@pytest.fixture(scope="session", params=CASES, ids=_name)
def case(request: pytest.FixtureRequest) -> Case:
    """Every indicator."""
    return _given(request)


@pytest.fixture(scope="session", params=WINDOWED, ids=_name)
def windowed(request: pytest.FixtureRequest) -> Case:
    """Every indicator of the last n rows."""
    return _given(request)


@pytest.fixture(scope="session", params=[c for c in CASES if c not in WINDOWED], ids=_name)
def recursive(request: pytest.FixtureRequest) -> Case:
    """Every indicator that carries a state from row to row."""
    return _given(request)


def _bars(seed: int, n_rows: int, drift: float = 0.0) -> Columns:
    random = np.random.Generator(np.random.Philox(key=seed))
    close = 100.0 * np.exp(np.cumsum(random.normal(drift, 0.01, n_rows)))
    high = close * (1.0 + random.uniform(0.0, 0.01, n_rows))
    low = close * (1.0 - random.uniform(0.0, 0.01, n_rows))
    return {"high": high, "low": low, "close": close}


def _spoil(columns: Columns, seed: int) -> Columns:
    random = np.random.Generator(np.random.Philox(key=seed))
    spoiled = {name: column.copy() for name, column in columns.items()}
    for column in spoiled.values():
        rows = random.integers(0, len(column), size=max(1, len(column) // 60))
        column[rows] = random.choice([np.nan, np.inf, -np.inf], size=len(rows))
    return spoiled


@pytest.fixture(scope="session")
def bars() -> Callable[..., Columns]:
    """``bars(seed, n_rows, drift=0.0)``: columns high, low, close."""
    return _bars


@pytest.fixture(scope="session")
def spoil() -> Callable[[Columns, int], Columns]:
    """``spoil(columns, seed)``: a copy with missing rows in each column."""
    return _spoil
