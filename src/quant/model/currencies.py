"""Currencies besides the base: what they are worth, and when money changes from one to another."""

from __future__ import annotations

from dataclasses import dataclass

from quant.errors import ConfigError
from quant.model.checks import choice, number, put, switch

__all__ = ["Conversion", "Rate", "check_code"]


def check_code(where: str, text: object) -> str:
    """Three capital letters (ISO 4217).

    Raises
    ------
    ConfigError
        If it is something else.
    """
    if not (isinstance(text, str) and len(text) == 3 and text.isalpha() and text.isupper()):
        raise ConfigError(
            f"{where}: expected three capital letters such as USD, found {text!r}; correct it."
        )
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one unit of a currency is worth in the base currency.

    Attributes
    ----------
    symbol : str or None
        The data's symbol whose prices are the rate.
    inverted : bool
        Whether the prices, or the value, are units of the currency per unit of the base, as USDJPY
        is for yen in a dollar account.
    value : float or None
        One rate for the whole run, in place of a symbol.

    Examples
    --------
    >>> Rate(value=160, inverted=True).fixed
    0.00625
    """

    symbol: str | None = None
    inverted: bool = False
    value: float | None = None

    def __post_init__(self) -> None:
        where = "config currencies"
        if (self.symbol is None) == (self.value is None):
            raise ConfigError(
                f"{where} symbol and value: expected one of them, found "
                f"{'neither' if self.symbol is None else 'both'}; give one of them, such as value: "
                "1.1."
            )
        if self.symbol is not None and not isinstance(self.symbol, str):
            raise ConfigError(
                f"{where} symbol: expected a symbol, found {self.symbol!r}; write one of the data."
            )
        switch(f"{where} inverted", self.inverted)
        if self.value is not None:
            put(self, "value", number(f"{where} value", self.value, above=0.0))

    @property
    def fixed(self) -> float | None:
        """What one unit is worth for the whole run; None where a symbol says it."""
        if self.value is None:
            return None
        return 1.0 / self.value if self.inverted else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """When money changes between currencies.

    Attributes
    ----------
    when : "at_once" or "never"
        Whether what a fill, a fee or a night costs or brings in another currency is changed at once
        at the rate of the moment, or stays as a balance of its own, below zero where it is owed.
    cost : float
        What changing costs, as a fraction of the amount: half the spread.
    """

    when: str = "at_once"
    cost: float = 0.0

    def __post_init__(self) -> None:
        choice("config conversion.when", self.when, ("at_once", "never"))
        put(self, "cost", number("config conversion.cost", self.cost, low=0.0, high=0.5))
        if self.when == "never" and self.cost > 0.0:
            raise ConfigError(
                f"config conversion.when and cost: expected no cost with never, found "
                f"{self.cost:g}; what is never changed costs nothing: drop cost, or set at_once."
            )
