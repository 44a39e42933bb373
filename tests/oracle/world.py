"""The nouns of the oracle: the rows it gives, and the state it moves from event to event.

Everything is exact: prices and money are decimals, a position is a signed count of increments.
A *print* is a price at which all instruments fill together (opening, closing, same close); an
*offer* is one order at one price, its `raw`, about to fill.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from .scenarios import BASE, Action, InstrumentSpec, Scenario

ZERO = Decimal(0)
WORKING = ("NEW", "TRIGGERED", "PARTIALLY_FILLED")
TRAILING = ("trailing_stop", "trailing_stop_limit")
IF_TOUCHED = ("market_if_touched", "limit_if_touched")
STOP_LIMITS = ("stop_limit", "limit_if_touched", "trailing_stop_limit")
TRIGGERED = ("stop", "market_if_touched", "trailing_stop", *STOP_LIMITS)
ON_OPEN = ("market_on_open", "limit_on_open")
ON_CLOSE = ("market_on_close", "limit_on_close")


# ------------------------------------------------------------------------------------------ results


@dataclass
class FillRow:
    """One fill: signed units, prices; commission, slippage and impact in money.

    `unsure` are flags that hang on a close call and may as well be missing, or be there.
    """

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
    impact: Decimal = ZERO
    flags: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()
    fees: Decimal = ZERO


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
class Posting:
    """One movement of a balance; `kind` is as the contract's table of postings has it."""

    ts: int
    kind: str
    symbol: str
    amount: Decimal
    currency: str = BASE


@dataclass
class Call:
    """A margin call, or a bankruptcy (`kind` is `margin_call`, `bankrupt` or `recall`)."""

    ts: int
    kind: str


@dataclass
class Outcome:
    """All that a run of the scenario must give, and where it hung on a close call.

    `status` is that of the account at the end: `sound`, `in_call` or `bankrupt`.
    """

    fills: list[FillRow]
    orders: list[OrderRow]
    equity: list[EquityRow]
    ambiguous: list[str]
    postings: list[Posting] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    status: str = "sound"
    since: int | None = None
    debt: Decimal = ZERO
    balances: dict[str, Decimal] = field(default_factory=dict)


# -------------------------------------------------------------------------------------------- state


@dataclass(frozen=True, eq=False)
class Bar:
    """One bar in decimals, with the one before it; it has trading unless its volume is zero.

    `stands_in` is the policy for a bar of zero volume: what of trading it has all the same.
    """

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
    spread: Decimal | None = None
    stands_in: str = "reject"
    borrow_shares: Decimal | None = None

    @property
    def has_trading(self) -> bool:
        return self.volume is None or self.volume > 0

    @property
    def has_path(self) -> bool:
        """Whether it counts as a bar with trading for paths, closing prints and auctions."""
        return self.has_trading or self.stands_in in ("minimum_liquidity", "range_spread")

    @property
    def has_print(self) -> bool:
        """Whether it counts as one for its opening print, and for the sessions of DAY orders."""
        return self.has_path or self.stands_in == "last_price"


@dataclass(eq=False)
class Order:
    """One order: `side` is +1 or −1, `units` counts without sign, None while it is not sized.

    `arrival` is when it is at the venue; a held child has none of its own until it is live. Of the
    `units` of a child `share` are live. `cut` is what the fills of its OCO group took from it.
    Orders of a group know one another by number, so that a copy of some of them stays whole.
    """

    number: int
    symbol: str
    type: str
    tif: str
    made_at: int
    arrival: int = 0
    side: int = 0
    units: int | None = None
    limit: Decimal | None = None
    stop: Decimal | None = None
    trail_amount: Decimal | None = None
    trail_percent: Decimal | None = None
    limit_offset: Decimal = ZERO
    water: Decimal | None = None
    good_till: int | None = None
    is_till_moment: bool = False
    reduce_only: bool = False
    post_only: bool = False
    tag: str = ""
    parent: int = 0
    children: list[int] = field(default_factory=list)
    oco: list[int] = field(default_factory=list)
    is_cut_by_increment: bool = False
    atomic: list[int] = field(default_factory=list)
    held: bool = False
    share: int = 0
    is_parent_over: bool = False
    cut: int = 0
    joined: Bar | None = None
    came_with_open: bool = False
    open_met: Bar | None = None
    target: str = ""
    value: Decimal = ZERO
    is_replaced: bool = False
    status: str = "NEW"
    reason: str = ""
    filled: int = 0
    notional: Decimal = ZERO
    charged: Decimal = ZERO
    charged_fee: Decimal = ZERO
    exact: tuple[Decimal, Decimal] = (ZERO, ZERO)
    accrued: tuple[Accrued | None, ...] = ()
    volumes: tuple[Decimal, Decimal] | None = None
    triggered: bool = False
    met_print: bool = False
    is_repriced: bool = False
    is_resized: bool = False
    had_print: bool = False
    session: int | None = None
    needed: Decimal | None = None
    available: Decimal | None = None
    is_accounts: bool = False

    @property
    def working(self) -> bool:
        return self.status in WORKING

    @property
    def live(self) -> bool:
        return self.working and not self.held

    @property
    def whole(self) -> int:
        """All it can come to fill: its quantity, of a child whose parent is over the live share."""
        if self.units is None:
            return 0
        return max(0, (self.share if self.is_parent_over else self.units) - self.cut)

    @property
    def remaining(self) -> int:
        """What of it can fill now."""
        if self.units is None or not self.live:
            return 0
        return max(0, (self.share if self.parent else self.units) - self.cut - self.filled)

    @property
    def is_dormant(self) -> bool:
        """Whether nothing of it is live: its group took what was; more of its parent may come."""
        return self.units is not None and self.remaining == 0

    @property
    def can_grow(self) -> bool:
        """Whether its parent may still fill, so that what it is to protect may still come."""
        return self.parent != 0 and not self.is_parent_over

    @property
    def is_sized_by_money(self) -> bool:
        return self.target in ("weight", "value")

    @property
    def is_limit(self) -> bool:
        return self.type == "limit" or (self.type in STOP_LIMITS and self.triggered)

    @property
    def waits_for_stop(self) -> bool:
        return self.type in TRIGGERED and not self.triggered

    @property
    def is_trailing(self) -> bool:
        return self.type in TRAILING and not self.triggered

    @property
    def is_touched(self) -> bool:
        return self.type in IF_TOUCHED

    @property
    def is_protecting(self) -> bool:
        return self.held or bool(self.oco) or self.reduce_only

    @property
    def fills_whole(self) -> bool:
        """Whether it fills all at once or not at all: fill or kill, and the legs of a group."""
        return self.tif == "FOK" or bool(self.atomic)

    @property
    def acts_on_path(self) -> bool:
        """Whether it could fill between the prints."""
        if self.fills_whole or self.tif == "IOC":
            return False
        return self.type in TRIGGERED or self.type == "limit"


@dataclass(frozen=True)
class Accrued:
    """What a component of a fee schedule has accrued for an order, and for how much money."""

    amount: Decimal
    notional: Decimal


@dataclass(frozen=True)
class Traded:
    """What one fill has traded, for tiers by volume."""

    session: int
    quantity: Decimal
    notional: Decimal


@dataclass(frozen=True)
class Print:
    """A price at which orders fill together; `kind` is `open`, `close` or `same`."""

    kind: str
    bar: Bar
    price: Decimal
    ts: int


@dataclass(frozen=True)
class Offer:
    """An order about to fill at `raw`; `where` picks the bar for slippage by range.

    `point` is where the path is when it fills, None at a print.
    """

    order: Order
    bar: Bar
    raw: Decimal
    reason: str
    taker: bool
    ts: int
    where: str
    distance: Decimal = ZERO
    point: Decimal | None = None


@dataclass(frozen=True)
class Arrival:
    """A child that its parent's fill on the path made live, and where the path was.

    `is_back` of one that was live before, and of which nothing was left.
    """

    order: Order
    point: Decimal
    distance: Decimal
    is_back: bool = False


@dataclass(frozen=True)
class Request:
    """A cancel (no action), or an amend, on its way to the venue."""

    number: int
    arrives: int
    action: Action | None = None
    reason: str = "canceled"


@dataclass(frozen=True)
class Used:
    """What fills took from a bar: increments, and money at raw prices."""

    units: int = 0
    money: Decimal = ZERO


@dataclass(frozen=True)
class Move:
    """What a fill of an order left in the price: a signed fraction, from a time on."""

    order: int
    ts: int
    fraction: Decimal


@dataclass(frozen=True)
class Change:
    """A trade that is only imagined: what it does to cash and to one position."""

    symbol: str
    signed: int
    raw: Decimal
    price: Decimal
    commission: Decimal


@dataclass(frozen=True)
class Unsettled:
    """Net proceeds of sales, and the session at whose beginning they are there; None: later."""

    due: int | None
    amount: Decimal
    currency: str = BASE


@dataclass
class State:
    """Everything that changes in a run: money, positions, marks, what was taken, orders, rows."""

    scenario: Scenario
    specs: dict[str, InstrumentSpec]
    bars: dict[str, list[Bar]]
    balances: dict[str, Decimal]
    now: int = 0
    position: dict[str, int] = field(default_factory=dict)
    mark: dict[str, Decimal] = field(default_factory=dict)
    marks_before: dict[str, Decimal] = field(default_factory=dict)
    used: dict[Bar, Used] = field(default_factory=dict)
    moves: dict[str, tuple[Move, ...]] = field(default_factory=dict)
    volatilities: dict[tuple[str, int, int], Decimal | None] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    fills: list[FillRow] = field(default_factory=list)
    rows: dict[int, FillRow] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    canceling: set[int] = field(default_factory=set)
    equity_rows: list[EquityRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    peak: Decimal = ZERO
    n_flows: int = 0
    refused: list[tuple[Decimal, Decimal, Decimal]] = field(default_factory=list)
    reference: dict[str, Decimal] = field(default_factory=dict)
    average: dict[str, Decimal] = field(default_factory=dict)
    postings: list[Posting] = field(default_factory=list)
    looked_at: int = 0
    traded: list[Traded] = field(default_factory=list)
    unsettled: list[Unsettled] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    status: str = "sound"
    since: int | None = None
    is_over: bool = False
    capped_at: set[Bar] = field(default_factory=set)
    closing_out: dict[str, int] = field(default_factory=dict)

    @property
    def timing(self) -> str:
        return self.scenario.execution["timing"]

    @property
    def closes_only(self) -> bool:
        return any(spec.closes_only for spec in self.scenario.instruments)

    @property
    def is_cash_account(self) -> bool:
        return self.scenario.account["kind"] == "cash"

    @property
    def is_scaled(self) -> bool:
        return self.scenario.execution["insufficient"] == "scale"

    @property
    def batch(self) -> str:
        return self.scenario.execution.get("batch", "exits_first")

    @property
    def opens_together(self) -> bool:
        """Whether the opening parts of a print are judged together, all or none or by a factor."""
        return self.is_scaled or self.batch == "simultaneous"

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
        """Orders of an instrument that can fill: held ones meet nothing."""
        return [o for o in self.orders if o.symbol == symbol and o.live]

    def on_its_way(
        self, symbol: str, without: Order | None = None, *, at_decision: bool = False
    ) -> int:
        """What the working orders of an instrument would still do, protecting ones aside.

        At a decision those whose cancel is under way do not count either.
        """
        # Reading: what is not yet sized counts 0.
        others = (o for o in self.working(symbol) if o is not without and not o.is_protecting)
        asked = {r.number for r in self.requests if r.action is None} if at_decision else set()
        gone = asked | self.canceling
        return sum(o.side * o.remaining for o in others if gone.isdisjoint((o.number, *o.atomic)))

    def is_canceling(self, order: Order) -> bool:
        """Whether a cancel of this very moment ends it, or a leg with which it ends."""
        return not self.canceling.isdisjoint((order.number, *order.atomic))

    def find(self, number: int) -> Order | None:
        """The order of a number; a copy of one instrument does not have the others' orders."""
        return next((o for o in self.orders if o.number == number), None)

    def rate(self, currency: str) -> Decimal:
        """What one unit of a currency is worth in the base, at the marks."""
        rate = self.scenario.currencies.get(currency)
        if rate is None:
            return Decimal(1)
        if rate.value is not None:
            return Decimal(rate.value)
        mark = self.mark[rate.symbol]
        return 1 / mark if rate.is_inverted else mark

    def has_rate(self, symbol: str) -> bool:
        """Whether the currency of an instrument has a rate yet."""
        rate = self.scenario.currencies.get(self.specs[symbol].currency)
        return rate is None or rate.value is not None or rate.symbol in self.mark

    def fx(self, symbol: str) -> Decimal:
        """What one unit of the currency of an instrument is worth in the base."""
        return self.rate(self.specs[symbol].currency)

    @property
    def cash(self) -> Decimal:
        """All balances, in the base."""
        return sum((n * self.rate(code) for code, n in self.balances.items() if n), ZERO)

    def equity(self) -> Decimal:
        held = [(s, n) for s, n in self.position.items() if n]
        values = (self.fx(s) * self.value(s, n, self.mark[s]) for s, n in held)
        return self.cash + sum(values, ZERO)

    def value(self, symbol: str, units: int, price: Decimal) -> Decimal:
        """What a position is worth at a price, in its own currency.

        A margined one is worth its gain since it was settled.
        """
        if self.specs[symbol].is_margined:
            price -= self.reference[symbol]
        return self.worth(symbol, units) * price

    def net(self) -> Decimal:
        held = [(s, n) for s, n in self.position.items() if n]
        return sum((self.fx(s) * self.worth(s, n) * self.mark[s] for s, n in held), ZERO)

    def gross(self) -> Decimal:
        return sum(
            (
                self.fx(s) * abs(self.worth(s, n)) * self.mark[s]
                for s, n in self.position.items()
                if n
            ),
            ZERO,
        )
