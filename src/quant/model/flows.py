"""Deposits and withdrawals after the opening one: money from and to outside, on dates or by a rule.

Each is due at the open of a session. Dates are kept as ISO text, so that settings are JSON types.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date as Date
from datetime import datetime
from typing import Any, ClassVar

from quant.errors import ConfigError, nearest
from quant.model.checks import choice, naming, number, put

__all__ = ["CashFlow", "RepeatedCashFlow", "cash_flows_of", "plain_flow"]

_PERIODS = ("week", "month", "quarter", "year")
_WHERE = "config cash_flows"


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFlow:
    """One deposit or withdrawal.

    Attributes
    ----------
    amount : float
        Money in the account's currency: a deposit above zero, a withdrawal below.
    date : str
        ISO date, or ISO time with a zone (a date or datetime is accepted). It is posted at the open
        of the first session on or after it.
    withdrawal : "reject" or "partial"
        What becomes of a withdrawal above the free cash: refused, or as much as there is.

    Raises
    ------
    ConfigError
        If the date is none, a time has no zone, or the amount is zero or no finite number.

    Examples
    --------
    >>> CashFlow(date="2020-03-02", amount=5000).amount
    5000.0
    """

    keys: ClassVar[tuple[str, ...]] = ("date", "amount", "withdrawal")
    date: str
    amount: float
    withdrawal: str = "reject"

    def __post_init__(self) -> None:
        put(self, "date", _moment_text(f"{_WHERE} date", self.date))
        _check_amount(self)

    @property
    def moment(self) -> Date | datetime:
        """The date, or the time with its zone."""
        return _parsed(self.date)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedCashFlow:
    """The same deposit or withdrawal on the first session of every week, month, quarter or year.

    Attributes
    ----------
    amount : float
        Money in the account's currency: a deposit above zero, a withdrawal below.
    every : "week", "month", "quarter" or "year"
        By the calendar; weeks begin on Monday.
    since, until : str or None
        ISO dates, both inclusive; sessions outside, and outside the run, have none.
    withdrawal : "reject" or "partial"
        As in `CashFlow`.

    Raises
    ------
    ConfigError
        If a word or date is not known, since lies after until, or the amount is zero.

    Examples
    --------
    >>> RepeatedCashFlow(every="month", amount=-500, since="2020-01-01").withdrawal
    'reject'
    """

    keys: ClassVar[tuple[str, ...]] = ("every", "amount", "since", "until", "withdrawal")
    every: str
    amount: float
    since: str | None = None
    until: str | None = None
    withdrawal: str = "reject"

    def __post_init__(self) -> None:
        choice(f"{_WHERE} every", self.every, _PERIODS)
        for name in ("since", "until"):
            value = getattr(self, name)
            if value is not None:
                put(self, name, _date_text(f"{_WHERE} {name}", value))
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ConfigError(
                f"{_WHERE}: expected since not after until, found {self.since} and {self.until}; "
                "exchange or correct them."
            )
        _check_amount(self)


def cash_flows_of(value: object) -> tuple[CashFlow | RepeatedCashFlow, ...]:
    """Cash flows from what users write: records, or mappings with ``date`` or ``every``.

    Raises
    ------
    ConfigError
        If it is no list of these, or one of them is wrong.

    Examples
    --------
    >>> cash_flows_of([{"every": "month", "amount": 500}])[0].every
    'month'
    """
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        raise ConfigError(
            f"{_WHERE}: expected a list, found {value!r}; write [{{date: 2020-03-02, amount: "
            "5000}]."
        )
    return tuple(_flow(i, one) for i, one in enumerate(value))


def plain_flow(flow: CashFlow | RepeatedCashFlow) -> dict[str, Any]:
    """A flow as JSON types."""
    return {one.name: getattr(flow, one.name) for one in fields(flow)}


def _flow(place: int, value: object) -> CashFlow | RepeatedCashFlow:
    if isinstance(value, CashFlow | RepeatedCashFlow):
        return value
    where = f"{_WHERE}[{place}]"
    if not isinstance(value, Mapping) or ("date" in value) == ("every" in value):
        raise ConfigError(
            f"{where}: expected an amount with a date or with every, found {value!r}; write "
            "{date: 2020-03-02, amount: 5000} or {every: month, amount: 500}."
        )
    kind: type[CashFlow] | type[RepeatedCashFlow]
    kind = CashFlow if "date" in value else RepeatedCashFlow
    for key in value:
        if key not in kind.keys:
            raise ConfigError(
                f"{where}: unknown setting {key!r}, expected one of {', '.join(kind.keys)}; "
                f"remove or correct it.{nearest(str(key), kind.keys)}"
            )
    if "amount" not in value:
        raise ConfigError(f"{where}: expected an amount, found none; add amount: 5000.")
    with naming(_WHERE, where):
        return kind(**value)


def _check_amount(flow: CashFlow | RepeatedCashFlow) -> None:
    put(flow, "amount", number(f"{_WHERE} amount", flow.amount))
    if flow.amount == 0.0:
        raise ConfigError(
            f"{_WHERE} amount: expected a deposit above or a withdrawal below zero, found 0; "
            "change or remove it."
        )
    choice(f"{_WHERE} withdrawal", flow.withdrawal, ("reject", "partial"))


def _parsed(text: str) -> Date | datetime:
    return Date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)


def _date_text(where: str, value: object) -> str:
    """A date as ISO text."""
    text = _moment_text(where, value)
    if len(text) != 10:
        raise ConfigError(
            f"{where}: expected a date such as 2020-03-02, found {value}; correct it."
        )
    return text


def _moment_text(where: str, value: object) -> str:
    """A date, or a time with a zone, as ISO text."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = _parsed(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ConfigError(f"{where}: expected a time with a zone, found {value}; add one, as in Z.")
    if not isinstance(value, Date):
        raise ConfigError(
            f"{where}: expected a date such as 2020-03-02 or a time such as 2020-03-02T14:30Z, "
            f"found {value!r}; correct it."
        )
    return value.isoformat()
