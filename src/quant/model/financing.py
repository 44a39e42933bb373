"""What time costs: interest on cash and debts, fees for borrowed shares."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from quant.errors import ConfigError
from quant.model.checks import choice, number, put

__all__ = ["Borrow", "Interest"]

MAX_TIERS = 8
_BASES = (360, 365)
_TIERS = "write for example [[0, 0.06], [100000, 0.055]]."


def _tiers(where: str, tiers: object) -> tuple[tuple[float, float], ...]:
    """Checked pairs of (balance from which, yearly rate)."""
    if isinstance(tiers, int | float) and not isinstance(tiers, bool):
        tiers = [[0.0, tiers]]
    try:
        pairs = [(start, rate) for start, rate in tiers]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise ConfigError(
            f"{where}: expected a yearly rate, or pairs [from balance, rate], found {tiers!r}; "
            f"{_TIERS}"
        ) from None
    if not 1 <= len(pairs) <= MAX_TIERS:
        raise ConfigError(f"{where}: expected 1 to {MAX_TIERS} pairs, found {len(pairs)}; {_TIERS}")
    checked = tuple((number(where, a, low=0.0), number(where, r, low=-1.0)) for a, r in pairs)
    starts = [start for start, _ in checked]
    if starts[0] != 0.0 or any(a >= b for a, b in itertools.pairwise(starts)):
        raise ConfigError(f"{where}: expected ascending balances from 0, found {starts}; {_TIERS}")
    return checked


def _basis(where: str, days: object) -> int:
    if days not in _BASES or isinstance(days, bool):
        raise ConfigError(
            f"{where}.basis: expected 360 or 365 days a year, found {days!r}; choose one of them."
        )
    return int(days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """Yearly rates on cash and on what is borrowed, by marginal tiers of the balance.

    Attributes
    ----------
    debit : float or sequence of (float, float)
        On cash below zero: one rate, or pairs of (balance from which, rate).
    credit : float or sequence of (float, float)
        On cash above zero.
    rebate : float
        On the proceeds of short sales, where they are locked.
    basis : 360 or 365
        Days of a year; each calendar day costs its part.
    """

    debit: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    credit: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    rebate: float = 0.0
    basis: int = 360

    def __post_init__(self) -> None:
        put(self, "debit", _tiers("config interest.debit", self.debit))
        put(self, "credit", _tiers("config interest.credit", self.credit))
        put(self, "rebate", number("config interest.rebate", self.rebate, low=-1.0))
        put(self, "basis", _basis("config interest", self.basis))

    @property
    def is_any(self) -> bool:
        """Whether any rate is not zero."""
        rates = [rate for _, rate in (*self.debit, *self.credit)]
        return self.rebate != 0.0 or any(rate != 0.0 for rate in rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrow:
    """What borrowed shares cost, and whether there are any.

    Attributes
    ----------
    rate : float
        Yearly fee on the value of a short. A column ``borrow_rate`` of the data, row by row, and an
        instrument's own ``borrow_rate`` go before it.
    basis : 360 or 365
        Days of a year.
    availability : "any" or "column"
        Whether everything can be borrowed, or as many shares as a column ``borrow_shares`` says,
        all of the account's shorts together.
    recall : "keep" or "buy_in"
        What happens to a short that is more than can be borrowed at a session's close: it stays, or
        what is too much is bought back at the next print.
    """

    rate: float = 0.0
    basis: int = 365
    availability: str = "any"
    recall: str = "keep"

    def __post_init__(self) -> None:
        put(self, "rate", number("config borrow.rate", self.rate, low=0.0))
        put(self, "basis", _basis("config borrow", self.basis))
        choice("config borrow.availability", self.availability, ("any", "column"))
        choice("config borrow.recall", self.recall, ("keep", "buy_in"))
        if self.recall == "buy_in" and self.availability == "any":
            raise ConfigError(
                "config borrow.recall and availability: expected a column that says what can be "
                "borrowed, found buy_in and any; set availability: column, or recall: keep."
            )
