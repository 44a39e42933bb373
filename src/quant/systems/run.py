"""Running a window of a system: exactly what ``quant run backtest`` would run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, get_type_hints

from quant.engine.assumptions import data_warnings
from quant.engine.backtest import simulate
from quant.engine.inputs import load_for
from quant.engine.run import Run
from quant.engine.strategy_file import load_class, make_from
from quant.engine.timeline import period_of
from quant.engine.writing import sha256_of
from quant.errors import ConfigError, StrategyError, nearest
from quant.strategy.base import Strategy, parameters_of
from quant.systems.spec import System, Window

__all__ = ["RunRequest", "run_system", "smoke_window", "strategy_of"]

_PLAIN = (bool, int, float, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """How to run a window.

    Attributes
    ----------
    seed : int or None
        In place of the system's.
    on_progress : callable or None
        Called now and then with (timestamps done, timestamps in all).
    on_warning : callable or None
        Called with each oddity of the data, in words.
    """

    seed: int | None = None
    on_progress: Callable[[int, int], None] | None = None
    on_warning: Callable[[str], None] | None = None


_AS_IT_IS = RunRequest()


def run_system(system: System, window: Window, request: RunRequest = _AS_IT_IS) -> Run:
    """Run one window of a system to its end; a failure of the strategy is part of the run.

    Raises
    ------
    ConfigError, DataError, StrategyError
        For what is wrong before the first event.
    """
    strategy = strategy_of(system, window)
    config = system.config
    if request.seed is not None:
        config = dataclasses.replace(config, seed=request.seed)
    bars = load_for(system.data, config, system.options)
    for warning in data_warnings(bars, period_of(bars, window.start, window.end), config):
        if request.on_warning is not None:
            request.on_warning(warning)
    run = simulate(
        strategy,
        bars,
        config,
        start=window.start,
        end=window.end,
        on_progress=request.on_progress,
    )
    run.system = {
        "id": system.system_id,
        "window": window.name,
        "file": system.path.name,
        "sha256": sha256_of(system.path),
    }
    return run


def smoke_window(system: System) -> Window:
    """The shortest window; one without a start or an end counts as the longest."""

    def length(window: Window) -> int:
        if window.start is None or window.end is None:
            return date.max.toordinal()
        return (window.end - window.start).days

    return min(system.windows.values(), key=length)


def strategy_of(system: System, window: Window) -> Strategy:
    """The strategy with the parameters of the system and those of the window.

    Raises
    ------
    ConfigError
        For an unknown parameter, one without a value, or one of the wrong type.
    StrategyError
        If the strategy cannot be loaded or made.
    """
    where = f"{system.path}: system {system.system_id}"
    try:
        kind = load_class(system.strategy)
    except StrategyError as error:
        raise StrategyError(f"{where}: {error}") from None
    known = parameters_of(kind)
    values = {**system.params, **window.params}
    if system.policy is not None:
        if "policy" in values:
            raise ConfigError(
                f"{where}: expected policy once, found it among params as well; keep one."
            )
        if "policy" not in known:
            raise ConfigError(
                f"{where} policy: expected a strategy that takes a policy, found {kind.__name__}; "
                "extend qt.SignalStrategy, or drop the policy."
            )
        values["policy"] = system.policy
    _check_params(where, kind, values)
    return make_from(kind, values)


def _check_params(where: str, kind: type[Strategy], values: Mapping[str, Any]) -> None:
    """Names that exist, values for all that need one, plain types as annotated."""
    known = parameters_of(kind)
    for name in values:
        if name not in known:
            raise ConfigError(
                f"{where} params.{name}: expected a parameter of {kind.__name__} "
                f"({', '.join(known) or 'it has none'}), found {name!r}; "
                f"correct it.{nearest(name, known)}"
            )
    lacking = [n for n, p in known.items() if p.default is p.empty and n not in values]
    if lacking:
        raise ConfigError(f"{where} params.{lacking[0]}: expected a value, found none; give it.")
    owner: Any = kind.__init__ if kind.__init__ is not Strategy.__init__ else kind
    try:
        hints = get_type_hints(owner)
    except Exception:  # an annotation is any expression
        hints = {}
    for name, value in values.items():
        wanted = hints.get(name)
        if wanted in _PLAIN and not _fits(value, wanted):
            raise ConfigError(
                f"{where} params.{name}: expected {wanted.__name__}, found {value!r}; correct it."
            )


def _fits(value: object, wanted: type) -> bool:
    """Whether a value of the YAML file is of a plain type; a whole number is a float as well."""
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, (int, float) if wanted is float else wanted)
