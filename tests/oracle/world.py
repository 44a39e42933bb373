"""The nouns of the oracle: the rows it gives, and the state it moves from event to event.

Everything is exact: prices and money are decimals, a position is a signed count of increments.
A *print* is a price at which all instruments fill together (opening, closing, same close); an
*offer* is one order at one price, its `raw`, about to fill.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from .scenarios import InstrumentSpec, Scenario

ZERO = Decimal(0)
WORKING = ("NEW", "TRIGGERED", "PARTIALLY_FILLED")


# ------------------------------------------------------------------------------------------ results


@dataclass
class FillRow:
    """One fill: signed units, prices, commission and slippage in money."""

    order: int
    ts: int
    symbol: str
    units: int
    price: Decimal
    price_raw: Decimal
    commission: Decimal
    slippage: Decimal
    liquidity: str
    reason: str


@dataclass
class OrderRow:
    """One order at the end; `units` are signed, None while it was never sized."""

    order: int
    status: str
    filled_units: int
    units: int | None
    reason: str
    needed: Decimal | None = None
    available: Decimal | None = None


@dataclass
class EquityRow:
    """Cash and equity after phases 1 to 8 of a time at which a bar ended."""

    ts: int
    cash: Decimal
    equity: Decimal


@dataclass
class Outcome:
    """All that a run of the scenario must give, and where it hung on a close call."""

    fills: list[FillRow]
    orders: list[OrderRow]
    equity: list[EquityRow]
    ambiguous: list[str]


# -------------------------------------------------------------------------------------------- state


@dataclass(frozen=True)
class Bar:
    """One bar in decimals, with the one before it; it has trading unless its volume is zero."""

    symbol: str
    t_open: int
    t_close: int
    session: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None
    earlier: Bar | None = None

    @property
    def has_trading(self) -> bool:
        return self.volume is None or self.volume > 0


@dataclass
class Order:
    """One order: `side` is +1 or −1, `units` counts without sign, None while it is not sized."""

    number: int
    symbol: str
    type: str
    tif: str
    made_at: int
    side: int = 0
    units: int | None = None
    limit: Decimal | None = None
    stop: Decimal | None = None
    target: str = ""
    value: Decimal = ZERO
    status: str = "NEW"
    reason: str = ""
    filled: int = 0
    notional: Decimal = ZERO
    charged: Decimal = ZERO
    triggered: bool = False
    met_print: bool = False
    had_print: bool = False
    session: int | None = None
    needed: Decimal | None = None
    available: Decimal | None = None

    @property
    def working(self) -> bool:
        return self.status in WORKING

    @property
    def remaining(self) -> int:
        return 0 if self.units is None or not self.working else self.units - self.filled

    @property
    def is_sized_by_money(self) -> bool:
        return self.target in ("weight", "value")

    @property
    def is_limit(self) -> bool:
        return self.type == "limit" or (self.type == "stop_limit" and self.triggered)

    @property
    def waits_for_stop(self) -> bool:
        return self.type in ("stop", "stop_limit") and not self.triggered


@dataclass(frozen=True)
class Print:
    """A price at which orders fill together; `kind` is `open`, `close` or `same`."""

    kind: str
    bar: Bar
    price: Decimal
    ts: int


@dataclass(frozen=True)
class Offer:
    """An order about to fill at `raw`; `where` picks the bar for slippage by range."""

    order: Order
    bar: Bar
    raw: Decimal
    reason: str
    taker: bool
    ts: int
    where: str
    distance: Decimal = ZERO


@dataclass(frozen=True)
class Change:
    """A trade that is only imagined: what it does to cash and to one position."""

    symbol: str
    signed: int
    raw: Decimal
    price: Decimal
    commission: Decimal


@dataclass
class State:
    """Everything that changes in a run: money, positions, marks, caps left, orders, rows."""

    scenario: Scenario
    specs: dict[str, InstrumentSpec]
    bars: dict[str, list[Bar]]
    cash: Decimal
    now: int = 0
    position: dict[str, int] = field(default_factory=dict)
    mark: dict[str, Decimal] = field(default_factory=dict)
    cap: dict[str, int | None] = field(default_factory=dict)
    filled_at_open: dict[str, int] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    fills: list[FillRow] = field(default_factory=list)
    rows: dict[int, FillRow] = field(default_factory=dict)
    equity_rows: list[EquityRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    peak: Decimal = ZERO

    @property
    def timing(self) -> str:
        return self.scenario.execution["timing"]

    @property
    def closes_only(self) -> bool:
        return any(spec.closes_only for spec in self.scenario.instruments)

    @property
    def is_cash_account(self) -> bool:
        return self.scenario.account["kind"] == "cash"

    def note(self, text: str) -> None:
        entry = f"{self.now} {text}"
        if entry not in self.notes:
            self.notes.append(entry)

    def worth(self, symbol: str, units: int) -> Decimal:
        """Money per price point of so many increments: their quantity times the multiplier."""
        return self.amount(symbol, units) * Decimal(self.specs[symbol].multiplier)

    def amount(self, symbol: str, units: int) -> Decimal:
        """The quantity of so many increments."""
        return units * Decimal(self.specs[symbol].increment)

    def working(self, symbol: str) -> list[Order]:
        return [o for o in self.orders if o.symbol == symbol and o.working]

    def equity(self) -> Decimal:
        return self.cash + sum(
            (self.worth(s, n) * self.mark[s] for s, n in self.position.items() if n), ZERO
        )

    def gross(self) -> Decimal:
        return sum(
            (abs(self.worth(s, n)) * self.mark[s] for s, n in self.position.items() if n), ZERO
        )
