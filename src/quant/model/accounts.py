"""Account kinds: what an account may hold, what it may owe, and what happens when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from quant.errors import ConfigError
from quant.model.checks import choice, number, put, whole_number

__all__ = [
    "Account",
    "CashAccount",
    "GrossLeverage",
    "MarginAccount",
    "MarginCall",
    "NetLeverage",
    "UnlimitedAccount",
]

_PROCEEDS = ("locked", "free")


def _rate(record: object, name: str, high: float = 10.0) -> None:
    value = getattr(record, name)
    if value is not None:
        put(record, name, number(f"config account.{name}", value, low=0.0, high=high))


@dataclass(frozen=True, slots=True, kw_only=True)
class GrossLeverage:
    """An account whose long and short exposure together may be ``k`` times its equity.

    Attributes
    ----------
    k : float
        Most |long| + |short| over equity. 1 means no borrowing.
    maintenance : float or None
        Least equity over |long| + |short|; below it comes a margin call. None: no such line.
    short_proceeds : "locked" or "free"
        Whether what short sales brought is set aside: it then earns and pays no interest.
    """

    kind: ClassVar[str] = "gross_leverage"
    k: float = 1.0
    maintenance: float | None = None
    short_proceeds: str = "locked"

    def __post_init__(self) -> None:
        put(self, "k", number("config account.k", self.k, above=0.0))
        _rate(self, "maintenance")
        _check_line(self.k, self.maintenance)
        choice("config account.short_proceeds", self.short_proceeds, _PROCEEDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetLeverage:
    """An account whose long less short exposure may be ``k`` times its equity, either way.

    Attributes
    ----------
    k : float
        Most |long − short| over equity.
    gross : float or None
        Most long + short over equity; None: no limit, for hedged books.
    maintenance, short_proceeds
        As in `GrossLeverage`.
    """

    kind: ClassVar[str] = "net_leverage"
    k: float = 1.0
    gross: float | None = None
    maintenance: float | None = None
    short_proceeds: str = "locked"

    def __post_init__(self) -> None:
        put(self, "k", number("config account.k", self.k, above=0.0))
        if self.gross is not None:
            put(self, "gross", number("config account.gross", self.gross, above=0.0))
            if self.gross < self.k:
                raise ConfigError(
                    f"config account.gross and k: expected gross of at least k, since long plus "
                    f"short is never below long less short, found {self.gross:g} and {self.k:g}; "
                    "raise gross or lower k."
                )
        _rate(self, "maintenance")
        _check_line(self.gross or self.k, self.maintenance)
        choice("config account.short_proceeds", self.short_proceeds, _PROCEEDS)


def _check_line(k: float, maintenance: float | None) -> None:
    """A position that may be opened must not be called at once."""
    if maintenance is not None and maintenance * k > 1.0:
        raise ConfigError(
            "config account.maintenance and k: expected a maintenance of at most 1 / k, found "
            f"{maintenance:g} and {k:g}; positions at the limit would be called at once."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CashAccount:
    """An account that buys with the cash it has and never sells short.

    Attributes
    ----------
    settlement : "immediate", "us" or int
        When the money of a sale is there: at once; by the business days of the United States
        (SEC Rule 15c6-1: T+5, T+3 from 1995-06-07, T+2 from 2017-09-05, T+1 from 2024-05-28, bank
        holidays left out); or a number of sessions later.
    unsettled : "hold" or "spend"
        Whether money that has not settled waits, or may buy. Spent money can make good-faith
        violations, which the run reports.
    credit : float
        Money that may be spent before it is paid in. What is sold without having been paid for is
        free riding, which the run reports.
    """

    kind: ClassVar[str] = "cash"
    settlement: str | int = "immediate"
    unsettled: str = "hold"
    credit: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.settlement, str):
            if self.settlement not in ("immediate", "us"):
                raise ConfigError(
                    "config account.settlement: expected immediate, us or a number of sessions, "
                    f"found {self.settlement!r}; write for example 2."
                )
        else:
            days = whole_number("config account.settlement", self.settlement, low=0, high=30)
            put(self, "settlement", days)
        choice("config account.unsettled", self.unsettled, ("hold", "spend"))
        put(self, "credit", number("config account.credit", self.credit, low=0.0))
        if self.unsettled == "spend" and self.settlement in ("immediate", 0):
            raise ConfigError(
                "config account.unsettled and settlement: expected a settlement that takes days, "
                f"found spend and {self.settlement}; set settlement: us, or leave unsettled."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginAccount:
    """An account with margin rates: Regulation T to open, FINRA's rules to keep.

    Attributes
    ----------
    initial, short_initial : float
        Margin to open, as a fraction of value: 0.5 (Regulation T, 12 CFR 220.12, since 1974).
        Instruments may have their own.
    maintenance, short_maintenance : float
        Margin to keep: 0.25 of longs, 0.30 of shorts (FINRA Rule 4210(c), 2024).
    minimum_equity : float
        Least equity to open anything, but never more than the full price of what is bought:
        2,000 (FINRA Rule 4210(b)).
    short_amount : float
        Least money a share to keep a short: 5.00; it counts where it is more than the rate.
    short_low_price, short_low_rate, short_low_amount : float
        Below this price a short needs this fraction, or this money a share, whichever is more:
        below 5.00 all of its value, or 2.50.
    short_proceeds : "locked" or "free"
        As in `GrossLeverage`.
    """

    kind: ClassVar[str] = "margin"
    initial: float = 0.5
    maintenance: float = 0.25
    short_initial: float = 0.5
    short_maintenance: float = 0.3
    minimum_equity: float = 2000.0
    short_amount: float = 5.0
    short_low_price: float = 5.0
    short_low_rate: float = 1.0
    short_low_amount: float = 2.5
    short_proceeds: str = "locked"

    def __post_init__(self) -> None:
        where = "config account"
        for name in ("initial", "short_initial"):
            put(self, name, number(f"{where}.{name}", getattr(self, name), above=0.0, high=10.0))
        for name in ("maintenance", "short_maintenance"):
            _rate(self, name)
        for side in ("", "short_"):
            first, keep = getattr(self, f"{side}initial"), getattr(self, f"{side}maintenance")
            if keep > first:
                raise ConfigError(
                    f"{where}.{side}maintenance and {side}initial: expected a maintenance of at "
                    f"most the initial margin, found {keep:g} and {first:g}; a position would be "
                    "called as it is opened."
                )
        for name in ("minimum_equity", "short_amount", "short_low_price", "short_low_amount"):
            put(self, name, number(f"{where}.{name}", getattr(self, name), low=0.0))
        _rate(self, "short_low_rate")
        choice(f"{where}.short_proceeds", self.short_proceeds, _PROCEEDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlimitedAccount:
    """An account that is never refused anything, as some tools have it: for comparing with them.

    Attributes
    ----------
    short_proceeds
        As in `GrossLeverage`.
    """

    kind: ClassVar[str] = "unlimited"
    short_proceeds: str = "locked"

    def __post_init__(self) -> None:
        choice("config account.short_proceeds", self.short_proceeds, _PROCEEDS)


Account = GrossLeverage | CashAccount | MarginAccount | NetLeverage | UnlimitedAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginCall:
    """What happens when equity falls below the margin to keep, and when it falls to zero.

    Attributes
    ----------
    action : "liquidate", "stop" or "warn"
        At a margin call: positions are closed; the run ends; the call is only noted.
    order : "largest_first", "smallest_first", "losers_first" or "in_order"
        Which positions are closed first: by value, by loss, or in order of symbols.
    size : "maintenance", "initial" or "all"
        How much is closed: until equity meets the margin to keep, the margin to open, or all.
    at : "next_print" or "inside_bar"
        Where: at the next print after the timestamp that shows it, or on the path inside a bar,
        where the price brings the account to its line; there the whole position is closed.
    bankruptcy : "liquidate", "stop" or "warn"
        At equity of zero or below, looked for inside bars too: orders are cancelled, everything is
        closed, and nothing more is opened; the run ends; it is only noted, and the run goes on
        into debt, as some other tools' do.
    """

    action: str = "liquidate"
    order: str = "largest_first"
    size: str = "maintenance"
    at: str = "next_print"
    bankruptcy: str = "liquidate"

    def __post_init__(self) -> None:
        where = "config margin_call"
        choice(f"{where}.action", self.action, ("liquidate", "stop", "warn"))
        orders = ("largest_first", "smallest_first", "losers_first", "in_order")
        choice(f"{where}.order", self.order, orders)
        choice(f"{where}.size", self.size, ("maintenance", "initial", "all"))
        choice(f"{where}.at", self.at, ("next_print", "inside_bar"))
        choice(f"{where}.bankruptcy", self.bankruptcy, ("liquidate", "stop", "warn"))
