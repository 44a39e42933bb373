"""Small market worlds for the fill and account rules, and a generator of adversarial ones.

A `Scenario` is everything a run needs: bars, settings and the actions of a strategy written out
beforehand. It knows nothing of any engine, so an oracle and an engine can read the same one.

`random_scenario(seed)` draws one. Prices usually lie on a coarse grid and order levels are taken
from bars that are still to come, so that ties (a level at the open or at an extreme, two orders at
one level, equal distances) are the rule and not the exception; cash is often so small that the
money rules decide. Times are nanoseconds, prices and volumes floats as an engine would get them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FIRST_DAY = 18_000
BASE = "USD"


@dataclass
class BarRow:
    """One bar: open and close time in ns, session label, four prices, volume (None: unknown).

    `spread`, `bid` and `ask` are there if the scenario's `columns` name them; None is missing.
    """

    t_open: int
    t_close: int
    session: int
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    spread: float | None = None
    bid: float | None = None
    ask: float | None = None
    borrow_shares: float | None = None


class Margin(TypedDict, total=False):
    """Margin of an instrument's own in an account of kind `margin`; what is absent is not set."""

    initial: float
    maintenance: float
    short_initial: float
    short_maintenance: float
    initial_money: float
    maintenance_money: float
    leverage_factor: float


@dataclass
class InstrumentSpec:
    """One instrument: its increment as text, its tick, its bars in time order without overlap.

    `is_margined` of one whose gains are settled every day, as a future's are.
    """

    symbol: str
    increment: str
    tick: float | None
    bars: list[BarRow]
    closes_only: bool = False
    multiplier: float = 1.0
    is_margined: bool = False
    margin: Margin = field(default_factory=lambda: Margin())
    borrow_rate: float | None = None
    currency: str = BASE


@dataclass
class OrderSpec:
    """An order as it is written down; as a child its `qty` may be None: the parent's, opposite.

    `good_till` is a moment in ns, `good_till_session` the label of a session; a GTD order has one.
    """

    symbol: str
    qty: float | None = None
    type: str = "market"
    limit_price: float | None = None
    stop_price: float | None = None
    tif: str = "DAY"
    trail_amount: float | None = None
    trail_percent: float | None = None
    limit_offset: float | None = None
    good_till: int | None = None
    good_till_session: int | None = None
    reduce_only: bool = False
    post_only: bool = False
    tag: str = ""
    children: list[OrderSpec | OcoSpec] = field(default_factory=list)


@dataclass
class OcoSpec:
    """A group in which the fills of one order take from the others, or end them."""

    orders: list[OrderSpec]


@dataclass
class Action:
    """One thing the strategy does in phase 7 at `at`, always the close time of some bar.

    `kind` is `order`, `submit`, `amend`, `cancel`, `target_qty`, `target_weight` or `target_value`;
    `qty` is signed. `cancel` is the number of an order made earlier, counted from 1; where it is 0,
    a cancel means the order with that `tag`, as an amend always does. Of an amend the prices,
    trails, `good_till` or `good_till_session` that are set are the new ones, and `qty` unless 0.
    """

    at: int
    kind: str
    symbol: str = ""
    qty: float = 0.0
    type: str = "market"
    limit_price: float | None = None
    stop_price: float | None = None
    tif: str = "DAY"
    value: float = 0.0
    cancel: int = 0
    trail_amount: float | None = None
    trail_percent: float | None = None
    limit_offset: float | None = None
    good_till: int | None = None
    good_till_session: int | None = None
    reduce_only: bool = False
    post_only: bool = False
    tag: str = ""
    orders: list[OrderSpec | OcoSpec] = field(default_factory=list)
    atomic: bool = False


class Account(TypedDict, total=False):
    """`kind` is `gross_leverage`, `net_leverage`, `cash` or `margin`; each has keys of its own.

    What is absent has its default, see `account_terms.py`.
    """

    kind: str
    k: float
    gross: float | None
    maintenance: float | None
    short_proceeds: str
    settlement: str | int
    unsettled: str
    credit: float
    initial: float
    short_initial: float
    short_maintenance: float
    minimum_equity: float
    short_amount: float
    short_low_price: float
    short_low_rate: float
    short_low_amount: float


class MarginCall(TypedDict, total=False):
    """What happens when an account fails; what is absent has its default."""

    action: str
    order: str
    size: str
    at: str
    bankruptcy: str


class Interest(TypedDict, total=False):
    """Yearly rates, by marginal tiers: pairs of (balance from which, rate)."""

    debit: list[list[float]]
    credit: list[list[float]]
    rebate: float
    basis: int


class Borrow(TypedDict, total=False):
    """Yearly fee for shorts, and what can be borrowed."""

    rate: float
    basis: int
    availability: str
    recall: str


class Execution(TypedDict, total=False):
    """The execution settings, named and valued as in the written rule."""

    timing: str
    path: str
    limit: str
    participation: float | None
    over_cap: str
    insufficient: str
    size_at: str
    gap_improvement: bool
    guardrail: float
    trailing: str
    close_cutoff_ns: int
    cap_by: str
    participation_open: float | None
    adv_window: int
    max_shares: float | None
    max_notional: float | None
    zero_volume: str
    minimum_volume: float
    range_spread_fraction: float
    batch: str
    rounding: str


class Latency(TypedDict):
    """Nanoseconds from the decision to the venue, the same for every one."""

    submit_ns: int
    amend_ns: int
    cancel_ns: int


class FeeTiers(TypedDict, total=False):
    """Values by what has been traded: pairs of (from which, value), `per_share` or `rate`."""

    by: str
    per_share: list[list[float]]
    rate: list[list[float]]
    marginal: bool


class FeeTerms(TypedDict, total=False):
    """Amounts of a component, and the first and last session in which they are in force."""

    per_share: float
    rate: float
    per_order: float
    minimum: float
    maximum: float
    maximum_rate: float
    since: str
    until: str
    tiers: FeeTiers


FeePart = TypedDict(
    "FeePart",
    {
        "name": str,
        "as": str,
        "side": str,
        "liquidity": str,
        "round_up": float,
        "dated": list[FeeTerms],
    },
    total=False,
)


class Commission(TypedDict, total=False):
    """`kind` is `rate`, `per_share`, `per_order`, `tiered` or `schedule`.

    What is None or absent counts 0; a schedule has `components`.
    """

    kind: str
    rate: float | None
    per_share: float | None
    per_order: float | None
    minimum: float | None
    maximum: float | None
    maximum_rate: float | None
    tiers: list[list[float]] | None
    components: list[FeePart]


class Slippage(TypedDict, total=False):
    """`kind` is `rate`, `ticks`, `range`, `spread` or `volume_share`; each has keys of its own.

    The number of the first three is under `rate`, `ticks` and `fraction`.
    """

    kind: str
    rate: float
    ticks: float
    fraction: float
    k: float
    k_stop: float
    k_auction: float
    price_impact: float
    volume_limit: float
    cap: bool


class Impact(TypedDict, total=False):
    """What our own orders do to the price; `sigma` and `adv` are measured where None or absent."""

    alpha: float
    sigma: float | None
    adv: float | None
    window: int
    permanent: float
    half_life_ns: int
    cross: dict[str, dict[str, float]]


def default_execution() -> Execution:
    """The settings that hold where a scenario names none."""
    return Execution(
        timing="next_open",
        path="adverse",
        limit="touch",
        participation=0.1,
        insufficient="reject",
        size_at="fill",
        gap_improvement=True,
        guardrail=0.05,
    )


@dataclass
class FlowSpec:
    """A deposit, or negative a withdrawal, due in a session; one that cannot be paid whole is
    refused, or paid in part."""

    session: int
    amount: float
    is_partial: bool = False


@dataclass
class RateSpec:
    """What a currency is worth in the base: the price of a symbol, or inverted; or one value."""

    symbol: str = ""
    is_inverted: bool = False
    value: float | None = None


class Conversion(TypedDict, total=False):
    """When money of other currencies is changed, and at what cost."""

    when: str
    cost: float


@dataclass
class Scenario:
    """A whole run: money, settings, bars, what the strategy does, when each session closes (ns)."""

    cash: float
    account: Account
    execution: Execution
    commission: Commission
    slippage: Slippage
    instruments: list[InstrumentSpec]
    actions: list[Action]
    session_closes: dict[int, int] = field(default_factory=dict)
    latency: Latency | None = None
    impact: Impact | None = None
    columns: tuple[str, ...] = ()
    margin_call: MarginCall = field(default_factory=lambda: MarginCall())
    interest: Interest | None = None
    borrow: Borrow | None = None
    flows: list[FlowSpec] = field(default_factory=list)
    currencies: dict[str, RateSpec] = field(default_factory=dict)
    conversion: Conversion = field(default_factory=lambda: Conversion())


def session_closes(instruments: Sequence[InstrumentSpec]) -> dict[int, int]:
    """The last close time of each session over all instruments, in ns, by session label."""
    closes: dict[int, int] = {}
    for spec in instruments:
        for bar in spec.bars:
            closes[bar.session] = max(closes.get(bar.session, bar.t_close), bar.t_close)
    return dict(sorted(closes.items()))


# ------------------------------------------------------------------------------------ generator


@dataclass(frozen=True)
class Style:
    """What all instruments of one scenario share: clock, kind of prices, kind of volumes."""

    clock: str
    bars_per_session: int
    n_bars: int
    closes_only: bool
    prices: str
    step: float
    base: float
    increment: str
    volume: str
    p_missing: float
    tick: float | None


def random_scenario(seed: int) -> Scenario:
    """One adversarial scenario; the same seed gives the same scenario."""
    rng = random.Random(seed)
    execution = draw_execution(rng)
    slippage = draw_slippage(rng)
    style = draw_style(rng, slippage["kind"], execution["limit"])
    instruments = [
        draw_instrument(rng, style, symbol) for symbol in "ABCD"[: rng.choice((1, 1, 2, 2, 3, 4))]
    ]
    rng.shuffle(instruments)
    account = Account(
        kind=rng.choice(("gross_leverage", "gross_leverage", "gross_leverage", "cash")),
        k=rng.choice((1.0, 1.0, 2.0, 100.0)),
    )
    cash = draw_cash(rng, style)
    scenario = Scenario(
        cash=cash,
        account=account,
        execution=execution,
        commission=draw_commission(rng, style),
        slippage=slippage,
        instruments=instruments,
        actions=[on_tick(a, instruments) for a in _actions(rng, style, instruments)],
        session_closes=session_closes(instruments),
    )
    complicate(rng, scenario)
    return scenario


def complicate(rng: random.Random, scenario: Scenario) -> None:
    """Now and then a multiplier, or orders that end where the cap would cut them."""
    if rng.random() < 0.2:
        for spec in scenario.instruments:
            spec.multiplier = rng.choice((1.0, 2.0, 5.0, 0.5))
    if rng.random() < 0.15:
        scenario.execution["over_cap"] = "reject"


def on_tick(action: Action, instruments: Sequence[InstrumentSpec]) -> Action:
    """The action with its prices on the instrument's tick: others are mistakes, not orders."""
    tick = next((spec.tick for spec in instruments if spec.symbol == action.symbol), None)
    if tick:
        for name in ("limit_price", "stop_price"):
            price = getattr(action, name)
            if price is not None:
                setattr(action, name, round(price / tick) * tick)
    return action


def draw_execution(rng: random.Random) -> Execution:
    return Execution(
        timing=rng.choice(("next_open", "next_open", "next_open", "next_close", "same_close")),
        path=rng.choice(("adverse", "adverse", "adverse", "ohlc", "olhc", "nearest_extreme")),
        limit=rng.choice(("touch", "touch", "through")),
        participation=rng.choice((None, 0.1, 0.1, 0.25, 0.5, 1.0)),
        insufficient=rng.choice(("reject", "reject", "reject", "partial", "partial", "scale")),
        size_at=rng.choice(("fill", "fill", "decision")),
        gap_improvement=rng.random() < 0.75,
        guardrail=rng.choice((0.05, 0.05, 0.01)),
    )


def draw_slippage(rng: random.Random) -> Slippage:
    kind = rng.choice(("none", "none", "rate", "ticks", "range"))
    if kind == "ticks":
        return Slippage(kind="ticks", ticks=rng.choice((1.0, 2.0)))
    if kind == "range":
        return Slippage(kind="range", fraction=rng.choice((0.125, 0.1, 0.5)))
    rates = (0.001, 0.005, 0.01) if kind == "rate" else (0.0,)
    return Slippage(kind="rate", rate=rng.choice(rates))


def draw_style(rng: random.Random, slippage: str, limit: str) -> Style:
    prices = rng.choice(("grid", "grid", "grid", "cents", "float"))
    # A limit less a tick is exact in floats on the grid only.
    may_have_tick = prices == "grid" or limit == "touch"
    if slippage == "ticks" and not may_have_tick:
        prices = "grid"
    has_tick = slippage == "ticks" or (may_have_tick and rng.random() < 0.5)
    return Style(
        clock=rng.choice(("daily", "daily", "minute", "minute", "round", "day24", "staggered")),
        bars_per_session=rng.randint(2, 6),
        n_bars=rng.randint(6, 25),
        closes_only=rng.random() < 0.1,
        prices=prices,
        step=rng.choice((1.0, 1.0, 0.5)),
        base=rng.choice((10.0, 20.0, 100.0)),
        increment=rng.choice(("1", "1", "1", "0.1", "0.01")),
        volume=rng.choice(("absent", "plain", "plain", "zeros", "mixed")),
        p_missing=rng.choice((0.0, 0.05, 0.2)),
        tick=0.5 if has_tick else None,
    )


def draw_cash(rng: random.Random, style: Style) -> float:
    """Cash that buys a handful, dozens or any number of increments at the base price."""
    count = rng.choice((rng.randint(1, 8), rng.randint(10, 40), 100, 1_000, 1_000_000))
    amount = Decimal(style.base) * Decimal(style.increment) * count
    return float(amount) + (0.37 if rng.random() < 0.2 else 0.0)


def draw_commission(rng: random.Random, style: Style) -> Commission:
    kind = rng.choice(("none", "none", "rate", "per_share", "per_order", "tiered"))
    unit = style.base * float(style.increment)
    fees = Commission(kind="rate" if kind == "none" else kind)
    if kind in ("none", "rate"):
        fees["rate"] = 0.0 if kind == "none" else rng.choice((0.001, 0.01, 0.0625))
    elif kind == "per_share":
        fees["per_share"] = rng.choice((0.005, 0.25)) * style.base / 10
    elif kind == "per_order":
        fees["per_order"] = unit * rng.choice((0.125, 0.5, 3.0))
    else:
        fees["tiers"] = [[0.0, 0.01], [unit * 4, 0.002], [unit * 11, 0.0005]]
    if kind in ("none", "per_order"):
        return fees
    if rng.random() < 0.4:
        fees["minimum"] = unit * rng.choice((0.25, 1.0))
    if rng.random() < 0.25:
        fees["maximum"] = max(unit * rng.choice((0.5, 2.0)), fees.get("minimum") or 0.0)
    if rng.random() < 0.2:
        fees["maximum_rate"] = rng.choice((0.005, 0.05))
    return fees


def _clock(rng: random.Random, style: Style) -> list[tuple[int, int, int]]:
    """Open time, close time and session of every bar one instrument could have."""
    per = style.bars_per_session
    rows: list[tuple[int, int, int]] = []
    for i in range(style.n_bars):
        day = FIRST_DAY + (i if style.clock in ("daily", "day24") else i // per)
        if style.clock == "daily":
            start = day * DAY + 14 * HOUR
            rows.append((start, start + 6 * HOUR, day))
        elif style.clock == "day24":
            rows.append((day * DAY, (day + 1) * DAY - 1, day))
        elif style.clock == "round":
            start = FIRST_DAY * DAY + i * HOUR
            rows.append((start, start + HOUR, day))
        else:
            start = day * DAY + 14 * HOUR + (i % per) * MINUTE
            rows.append((start, start + MINUTE, day))
    if style.clock == "staggered":
        return _staggered(rng, rows)
    return rows


def _staggered(rng: random.Random, rows: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The clock as it is, shifted by half a bar, or with pairs of a session's bars joined."""
    habit = rng.choice(("same", "shifted", "joined"))
    if habit == "shifted":
        return [(a + MINUTE // 2, b + MINUTE // 2, day) for a, b, day in rows]
    if habit == "joined":
        return [
            (first[0], second[1], first[2])
            for first, second in zip(rows[::2], rows[1::2], strict=False)
            if first[2] == second[2]
        ] or rows
    return rows


def draw_instrument(rng: random.Random, style: Style, symbol: str) -> InstrumentSpec:
    bars: list[BarRow] = []
    last = style.base
    for t_open, t_close, session in _clock(rng, style):
        prices = _prices(rng, style, last)
        last = prices[3]
        if bars and rng.random() < style.p_missing:
            continue
        if style.closes_only:
            prices = (last, last, last, last)
        bars.append(BarRow(t_open, t_close, session, *prices, _volume(rng, style)))
    return InstrumentSpec(symbol, style.increment, style.tick, bars, style.closes_only)


def _prices(rng: random.Random, style: Style, last: float) -> tuple[float, float, float, float]:
    gap = rng.choice((0, 0, 0, 0, 1, -1, 2, -2)) if rng.random() > 0.06 else rng.randint(-6, 6)
    open_ = shift(rng, style, last, gap)
    close = shift(rng, style, open_, rng.randint(-2, 2))
    high = shift(rng, style, max(open_, close), rng.choice((0, 0, 1, 2)))
    low = shift(rng, style, min(open_, close), -rng.choice((0, 0, 1, 2)))
    return open_, max(high, open_, close), min(low, open_, close), close


def shift(rng: random.Random, style: Style, price: float, steps: int) -> float:
    """The price moved by so many steps; off the grid a step is a random half per cent or so."""
    if style.prices == "grid":
        return max(style.step, price + steps * style.step)
    moved = price * (1 + steps * rng.uniform(0.001, 0.012))
    return round(moved, 2) if style.prices == "cents" else moved


def _volume(rng: random.Random, style: Style) -> float | None:
    draw = rng.random()
    if style.volume == "absent" or (style.volume == "mixed" and draw < 0.1):
        return None
    if style.volume in ("zeros", "mixed") and draw > 0.85:
        return 0.0
    count = rng.choice((rng.randint(1, 30), rng.randint(20, 200), 10_000))
    return float(Decimal(style.increment) * count)


def _actions(rng: random.Random, style: Style, instruments: list[InstrumentSpec]) -> list[Action]:
    """What the strategy does; `made` is a lower bound of the orders made so far."""
    times = sorted({bar.t_close for spec in instruments for bar in spec.bars})
    actions: list[Action] = []
    made = 0
    for at in times[:-1]:
        if rng.random() > 0.55:
            continue
        for _ in range(rng.choice((1, 1, 2, 2, 3, 5))):
            spec = rng.choice(instruments)
            drawn = _draw(rng, style, spec, at, made)
            made += sum(action.kind == "order" for action in drawn)
            actions.extend(drawn)
    return actions


def _draw(
    rng: random.Random, style: Style, spec: InstrumentSpec, at: int, made: int
) -> list[Action]:
    draw = rng.random()
    if draw < 0.08 and made:
        return [Action(at, "cancel", cancel=rng.randint(1, made))]
    if draw < 0.3:
        return [draw_target(rng, style, spec, at)]
    if draw < 0.42:
        return _bracket(rng, style, spec, at)
    return [_order(rng, style, spec, at)]


def draw_target(rng: random.Random, style: Style, spec: InstrumentSpec, at: int) -> Action:
    kind = rng.choice(("target_qty", "target_weight", "target_value"))
    action = Action(at, kind, spec.symbol)
    if kind == "target_qty":
        halves = rng.choice((0, 2, 4, 10, 15, 24, 25, -6, -10))
        action.qty = float(Decimal(style.increment) * halves / 2)
    elif kind == "target_weight":
        action.value = rng.choice((0.0, 0.25, 0.3, 0.5, 1.0, 1.0, 1.5, -0.5, 1 / 3))
    else:
        count = rng.choice((0, 3, 5, 8, 20, -4))
        action.value = float(Decimal(style.base) * Decimal(style.increment) * count)
    return action


def draw_count(rng: random.Random) -> int:
    return rng.choice((rng.randint(1, 6), rng.randint(1, 12), rng.randint(10, 60)))


def quantity(style: Style, count: int) -> float:
    return float(Decimal(style.increment) * count)


def _bracket(rng: random.Random, style: Style, spec: InstrumentSpec, at: int) -> list[Action]:
    """An entry now and then, and a target with a stop on either side of a coming bar."""
    side = rng.choice((1, 1, -1))
    count = draw_count(rng)
    tif = rng.choice(("GTC", "DAY"))
    low, high = draw_level(rng, style, spec, at), draw_level(rng, style, spec, at)
    low, high = min(low, high), max(low, high)
    target, stop = (high, low) if side > 0 else (low, high)
    exit_qty = quantity(style, -side * count)
    orders = [
        Action(at, "order", spec.symbol, exit_qty, "limit", limit_price=target, tif=tif),
        Action(at, "order", spec.symbol, exit_qty, "stop", stop_price=stop, tif=tif),
    ]
    if rng.random() < 0.5:
        orders.insert(0, Action(at, "order", spec.symbol, quantity(style, side * count)))
    return orders


def _order(rng: random.Random, style: Style, spec: InstrumentSpec, at: int) -> Action:
    kind = rng.choice(("market", "market", "limit", "limit", "stop", "stop_limit"))
    action = Action(at, "order", spec.symbol, type=kind, tif=rng.choice(("DAY", "DAY", "GTC")))
    action.qty = quantity(style, rng.choice((1, 1, 1, -1, -1)) * draw_count(rng))
    if rng.random() < 0.02:
        action.qty = float(Decimal(style.increment) / 3)
    if kind in ("limit", "stop_limit"):
        action.limit_price = draw_level(rng, style, spec, at)
    if kind in ("stop", "stop_limit"):
        action.stop_price = draw_level(rng, style, spec, at)
    return action


def draw_level(rng: random.Random, style: Style, spec: InstrumentSpec, at: int) -> float:
    """A price of one of the next few bars, sometimes a step away from it."""
    ahead = [bar for bar in spec.bars if bar.t_open >= at][:4] or spec.bars[-1:]
    bar = rng.choice(ahead)
    level = rng.choice((bar.open, bar.high, bar.low, bar.close))
    return shift(rng, style, level, rng.choice((0, 0, 0, 1, -1)))
