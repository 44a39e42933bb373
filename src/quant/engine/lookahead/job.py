"""What one run of an audit is told: the strategy, its data, what to hide and what may be read."""

from __future__ import annotations

import hashlib
import inspect
import pickle
import sys
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path

import numpy as np

from quant.engine.strategy_file import load_class
from quant.errors import StrategyError
from quant.model.config import Config
from quant.strategy.base import Strategy

__all__ = ["Confinement", "Cut", "Job", "StrategyPlace", "marks_of", "place_of_strategy"]


_PLAIN = (bool, int, float, str, bytes, list, tuple, dict, date)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPlace:
    """Where a fresh process finds a strategy: a file or an importable module, and the class."""

    file: str | None
    module: str
    name: str
    given: bytes
    sys_path: tuple[str, ...]

    def make(self) -> Strategy:
        """The strategy, made anew."""
        sys.path[:] = [*dict.fromkeys((*sys.path, *self.sys_path))]
        if self.file is not None:
            kind = load_class(f"{self.file}:{self.name}")
        else:
            kind = getattr(import_module(self.module), self.name)
        return kind(**pickle.loads(self.given))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """From which moment on the future is hidden.

    Attributes
    ----------
    moment : int
        Nanoseconds UTC.
    seed : int
        Of the noise.
    drop : bool
        Whether later sessions are left out, and the run ends at the moment.
    """

    moment: int
    seed: int
    drop: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What may be read from the import of the strategy on, and where may be written."""

    readable: tuple[Path, ...]
    scratch: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """All that one run of an audit needs; of the data only ``columns``, if they are named."""

    place: StrategyPlace
    bars: Path
    config: Config
    start: date
    end: date
    cut: Cut | None
    confinement: Confinement | None
    report: Path
    columns: tuple[str, ...] | None = None


def place_of_strategy(strategy: Strategy) -> StrategyPlace:
    """Where a fresh process finds the class of a strategy, and the arguments it was made with.

    Raises
    ------
    StrategyError
        If no other process could: the class was typed into a console or made inside a function, or
        an argument cannot be copied.
    """
    kind = type(strategy)
    try:
        file = inspect.getsourcefile(kind)
    except (TypeError, OSError):
        file = None
    if file is None or not Path(file).is_file():
        raise StrategyError(
            f"{kind.__name__}: expected its source in a file, found a class typed into a console "
            "or notebook; write it to a file, so that a fresh process can import it."
        )
    if kind.__qualname__ != kind.__name__:
        raise StrategyError(
            f"{kind.__name__}: expected a class at the top of a file, found {kind.__qualname__}; "
            "move it to the top, so that a fresh process can import it."
        )
    try:
        given = pickle.dumps(strategy._given)
    except Exception as error:  # pickle raises what it likes
        raise StrategyError(
            f"{kind.__name__}: expected parameters that can be copied to a fresh process, found "
            f"some that cannot ({error}); use numbers, text, dates and lists of them."
        ) from None
    is_loose = kind.__module__ == "__main__" or kind.__module__.startswith("quant_strategy_")
    return StrategyPlace(
        file=str(Path(file).resolve()) if is_loose else None,
        module=kind.__module__,
        name=kind.__name__,
        given=given,
        sys_path=tuple(sys.path),
    )


def marks_of(strategy: Strategy) -> dict[str, str]:
    """A mark of every value that a strategy and its class hold, by name.

    Two strategies made alike have the same marks. Functions have none.
    """
    found: dict[str, str] = {}
    for kind in reversed(type(strategy).__mro__):
        if kind in (Strategy, object):
            continue
        for name, value in vars(kind).items():
            if not name.startswith("__") and not callable(value):
                found[name] = _mark(value)
    for name, value in vars(strategy).items():
        if name not in ("_given", "state"):
            found[name] = _mark(value)
    return found


def _mark(value: object) -> str:
    """A text that is equal for equal values in any process; of other objects only their kind."""
    if isinstance(value, set | frozenset):
        value = sorted(map(repr, value))
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if value is not None and not isinstance(value, _PLAIN):
        return f"a {type(value).__name__}"
    return hashlib.sha256(repr(value).encode("utf-8", "replace")).hexdigest()[:16]
