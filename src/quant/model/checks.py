"""Checks that settings share: each returns the value in its final type or says what is wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from numbers import Integral, Real

from quant.errors import ConfigError, nearest

__all__ = [
    "choice",
    "fraction",
    "fraction_text",
    "naming",
    "number",
    "put",
    "switch",
    "whole_number",
]


def put(record: object, name: str, value: object) -> None:
    """Set a field of a frozen record while it checks itself."""
    object.__setattr__(record, name, value)


@contextmanager
def naming(general: str, own: str) -> Iterator[None]:
    """Let the messages of a record that is made here say whose it is.

    Examples
    --------
    >>> with naming("config instruments ", "config instruments.A."):
    ...     number("config instruments tick", -1, above=0)
    Traceback (most recent call last):
    quant.errors.ConfigError: config instruments.A.tick: expected a number above 0, found -1; \
raise it.
    """
    try:
        yield
    except ConfigError as error:
        text = str(error)
        raise ConfigError(text if own in text else text.replace(general, own)) from None


def number(
    where: str,
    value: object,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
) -> float:
    """A finite float within bounds.

    Examples
    --------
    >>> number("config cash", 100_000)
    100000.0
    >>> number("config commission.rate", "abc")
    Traceback (most recent call last):
    quant.errors.ConfigError: config commission.rate: expected a number, found 'abc'; change it.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ConfigError(f"{where}: expected a number, found {value!r}; change it.")
    result = float(value)
    if above is not None and result <= above:
        raise ConfigError(
            f"{where}: expected a number above {above:g}, found {result:g}; raise it."
        )
    if low is not None and result < low:
        raise ConfigError(f"{where}: expected at least {low:g}, found {result:g}; raise it.")
    if high is not None and result > high:
        raise ConfigError(f"{where}: expected at most {high:g}, found {result:g}; lower it.")
    return result


def fraction(where: str, value: object) -> float:
    """A part of a whole, from 0 to 1.

    Examples
    --------
    >>> fraction("config commission.rate", 5)
    Traceback (most recent call last):
    quant.errors.ConfigError: config commission.rate: expected a fraction of at most 1, found 5; \
write 0.05 for 5 %.
    """
    result = number(where, value, low=0.0)
    if result > 1.0:
        raise ConfigError(
            f"{where}: expected a fraction of at most 1, found {result:g}; write "
            f"{result / 100.0:g} for {result:g} %."
        )
    return result


def whole_number(where: str, value: object, *, low: int = 0, high: int | None = None) -> int:
    """A whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ConfigError(f"{where}: expected a whole number, found {value!r}; change it.")
    if int(value) < low:
        raise ConfigError(f"{where}: expected at least {low}, found {int(value)}; raise it.")
    if high is not None and int(value) > high:
        raise ConfigError(f"{where}: expected at most {high}, found {int(value)}; lower it.")
    return int(value)


def choice(where: str, value: object, known: Iterable[str]) -> str:
    """One of the known words."""
    options = list(known)
    if not isinstance(value, str) or value not in options:
        hint = nearest(str(value), options)
        raise ConfigError(
            f"{where}: expected one of {', '.join(options)}, found {value!r}; change it.{hint}"
        )
    return value


def switch(where: str, value: object) -> bool:
    """True or false, and nothing that merely looks like it."""
    if not isinstance(value, bool):
        raise ConfigError(f"{where}: expected true or false, found {value!r}; change it.")
    return value


def fraction_text(where: str, value: object) -> str:
    """The decimal text of a positive quantity step, for example ``"0.01"``."""
    from decimal import Decimal, InvalidOperation

    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        exact = Decimal("NaN")
    if isinstance(value, bool) or not exact.is_finite() or exact <= 0:
        raise ConfigError(f"{where}: expected a number above 0, found {value!r}; change it.")
    return format(exact.normalize(), "f")
