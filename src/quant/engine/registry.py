"""Strategies by name: those that come with quant, and those of installed packages.

A package registers its strategies as entry points of the group ``quant.strategies``::

    [project.entry-points."quant.strategies"]
    Carry = "my_package.carry:Carry"

Wherever ``FILE.py`` is accepted, ``Carry`` then is too. quant's own are known without any metadata
of the installation, and no package can take their names.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final

from quant.engine.journal import in_words
from quant.errors import StrategyError, nearest
from quant.strategy.base import Strategy

__all__ = ["GROUP", "RegisteredStrategy", "is_path", "load_registered", "registered_strategies"]

GROUP: Final = "quant.strategies"

_OWN: Final = {
    name: f"quant.strategy.helpers:{name}"
    for name in ("Breakout", "MovingAverageCross", "PairTrade", "VolatilityTarget")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredStrategy:
    """A strategy that can be run by its name.

    Attributes
    ----------
    name : str
    target : str
        ``module:Class``.
    package : str
        The installed package that registers it.
    """

    name: str
    target: str
    package: str


def is_path(spec: str) -> bool:
    """Whether a text names a file: a registered name has no dot, colon or separator in it.

    Examples
    --------
    >>> is_path("cross.py:Cross"), is_path("strategies/cross"), is_path("MovingAverageCross")
    (True, True, False)
    """
    return re.fullmatch(r"[\w-]+", spec) is None


def registered_strategies() -> list[RegisteredStrategy]:
    """Every registered strategy, in order of name; quant's own hide others of their name."""
    found = [
        RegisteredStrategy(name=name, target=target, package="quant")
        for name, target in _OWN.items()
    ]
    for point in _points():
        if point.name not in _OWN:
            package = point.dist.name if point.dist is not None else "unknown"
            one = RegisteredStrategy(name=point.name, target=point.value, package=package)
            if one not in found:
                found.append(one)
    return sorted(found, key=lambda one: (one.name, one.package))


def load_registered(name: str) -> type[Strategy]:
    """The strategy class of a registered name.

    Raises
    ------
    StrategyError
        If the name is unknown or registered twice, or its class cannot be imported.
    """
    if name in _OWN:
        return _load(RegisteredStrategy(name=name, target=_OWN[name], package="quant"))
    known = registered_strategies()
    fits = [one for one in known if one.name == name]
    if len(fits) == 1:
        return _load(fits[0])
    if fits:
        packages = " and ".join(one.package for one in fits)
        raise StrategyError(
            f"strategy {name!r}: expected one package to register it, found {packages}; remove "
            "one of them."
        )
    names = [one.name for one in known]
    raise StrategyError(
        f"strategy {name!r}: expected FILE.py[:Class] or a registered name "
        f"({', '.join(names)}), found neither; correct it."
        f"{nearest(name, [*names, *(path.name for path in Path().glob('*.py'))])}"
    )


def _points() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))


def _load(one: RegisteredStrategy) -> type[Strategy]:
    """Import what a registered name points at."""
    where = f"strategy {one.name!r} of the package {one.package}"
    module, _, attribute = one.target.partition(":")
    try:
        kind = getattr(importlib.import_module(module.strip()), attribute.strip())
    except (Exception, SystemExit) as error:
        raise StrategyError(
            f"{where}: expected to import {one.target}, found that it raised "
            f"{type(error).__name__}: {in_words(error)}; mend or reinstall the package."
        ) from error
    if not (isinstance(kind, type) and issubclass(kind, Strategy)):
        raise StrategyError(
            f"{where}: expected {one.target} to be a class that extends qt.Strategy, found "
            f"{kind!r}; mend the package."
        )
    return kind
