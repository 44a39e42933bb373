"""The parameters that a strategy was made with, as JSON types."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np

from quant.strategy.base import Strategy, parameters_of

__all__ = ["parameters_used"]


def _plain(value: object) -> object:
    """A parameter as JSON: itself where JSON knows it, else its text."""
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return str(value)


def parameters_used(strategy: Strategy) -> dict[str, Any]:
    """The strategy's parameters and the values it ran with.

    They are the arguments it was made with, whatever it did with them since.
    """
    found: dict[str, Any] = {}
    for name, parameter in parameters_of(type(strategy)).items():
        given = strategy._given
        default = None if parameter.default is parameter.empty else parameter.default
        found[name] = _plain(given.get(name, getattr(strategy, name, default)))
    return found
