"""What an order is charged: commission by its formula, or commission and fees by a schedule.

Follows `Commission`, `Fee schedules` and `Tiers` of `docs/concepts/fills.md`, section Cost. A bill
is made without changing anything, so that a question about a fill costs nothing; `keep` books it.
Where the written rule leaves room, the reading taken stands in a comment that starts `Reading:`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from .currencies import currency_of, rounded
from .scenarios import FeePart, FeeTerms, FeeTiers
from .world import ZERO, Accrued, Order, State, Traded

EPOCH = date(1970, 1, 1)
MONTH_AND_DAYS = 30
STEP = Decimal("1e-6")


@dataclass(frozen=True)
class Slice:
    """A fill as far as charges go: what, how much, for how much money, when, and as what."""

    symbol: str
    side: int
    quantity: Decimal
    notional: Decimal
    session: int
    is_taker: bool


@dataclass(frozen=True)
class Bill:
    """What a fill owes, and by component what the order has come to with it."""

    commission: Decimal
    fee: Decimal = ZERO
    accrued: tuple[Accrued | None, ...] = ()

    @property
    def total(self) -> Decimal:
        return self.commission + self.fee


def bill(state: State, order: Order | None, fill: Slice) -> Bill:
    """What a fill owes after the fills of its order so far, if there is one; to the last digit.

    What was charged so far is what was posted: what rounding took or gave evens out in the next.
    """
    # Reading: what can be afforded, and how much a weight comes to, is asked without rounding.
    charged_fee = ZERO if order is None else order.charged_fee
    charged_so_far = ZERO if order is None else order.charged
    owed = _whole(state, order, fill)
    return replace(owed, commission=owed.commission - charged_so_far, fee=owed.fee - charged_fee)


def keep(state: State, order: Order, fill: Slice, owed: Bill) -> Bill:
    """Books what a fill has been charged, as it is posted."""
    currency = currency_of(state, fill.symbol)
    posted = replace(
        owed,
        commission=rounded(state, currency, owed.commission),
        fee=rounded(state, currency, owed.fee),
    )
    if order.volumes is None:
        order.volumes = _volumes(state, fill.session)
    order.notional += fill.notional
    order.exact = order.charged + owed.commission, order.charged_fee + owed.fee
    order.charged += posted.commission
    order.charged_fee += posted.fee
    order.accrued = owed.accrued
    state.traded = [*state.traded, Traded(fill.session, fill.quantity, fill.notional)]
    return posted


def _whole(state: State, order: Order | None, fill: Slice) -> Bill:
    """What an order is charged with a fill, all its fills together."""
    if state.scenario.commission["kind"] == "schedule":
        return _by_schedule(state, order, fill)
    if order is None:
        return Bill(_commission(state, fill.quantity, fill.notional))
    quantity = state.amount(order.symbol, order.filled) + fill.quantity
    return Bill(_commission(state, quantity, order.notional + fill.notional))


def _commission(state: State, quantity: Decimal, notional: Decimal) -> Decimal:
    rule = state.scenario.commission
    fee = Decimal(rule.get("per_order") or 0.0)
    fee += Decimal(rule.get("per_share") or 0.0) * quantity
    fee += Decimal(rule.get("rate") or 0.0) * notional
    tiers = rule.get("tiers") or []
    for i, (start, rate) in enumerate(tiers):
        upper = notional if i + 1 == len(tiers) else min(notional, Decimal(tiers[i + 1][0]))
        fee += Decimal(rate) * max(ZERO, upper - Decimal(start))
    maximum, maximum_rate = rule.get("maximum"), rule.get("maximum_rate")
    if maximum is not None:
        fee = min(fee, Decimal(maximum))
    if maximum_rate is not None:
        fee = min(fee, Decimal(maximum_rate) * notional)
    minimum = rule.get("minimum")
    return fee if minimum is None else max(fee, Decimal(minimum))


# ---------------------------------------------------------------------------------------- schedules


def _by_schedule(state: State, order: Order | None, fill: Slice) -> Bill:
    parts = state.scenario.commission["components"]
    before = order.accrued if order is not None and order.accrued else (None,) * len(parts)
    commission, fee = (ZERO, ZERO) if order is None else order.exact
    sums = {"commission": commission, "fee": fee}
    accrued: list[Accrued | None] = []
    for part, so_far in zip(parts, before, strict=True):
        terms = in_force(part, fill.session)
        if terms is None or not _charges(part, fill):
            accrued.append(so_far)
            continue
        base = so_far or Accrued(ZERO, ZERO)
        more = _accrual(state, order, terms, base, fill)
        after = Accrued(base.amount + more, base.notional + fill.notional)
        # Reading: of what was not charged before nothing was owed, also where there is a minimum.
        owed = charged(part, terms, after)
        owed -= ZERO if so_far is None else charged(part, terms, so_far)
        sums[part.get("as", "commission")] += owed
        accrued.append(after)
    return Bill(sums["commission"], sums["fee"], tuple(accrued))


def in_force(part: FeePart, session: int) -> FeeTerms | None:
    """The terms of a session: the last that have begun, unless they have ended."""
    day = EPOCH + timedelta(days=session)
    found = None
    for terms in part["dated"]:
        since = terms.get("since")
        if since is None or date.fromisoformat(since) <= day:
            found = terms
    until = None if found is None else found.get("until")
    return None if until is not None and date.fromisoformat(until) < day else found


def _charges(part: FeePart, fill: Slice) -> bool:
    side = "buy" if fill.side > 0 else "sell"
    liquidity = "taker" if fill.is_taker else "maker"
    is_side = part.get("side", "both") in ("both", side)
    return is_side and part.get("liquidity", "both") in ("both", liquidity)


def charged(part: FeePart, terms: FeeTerms, so_far: Accrued) -> Decimal:
    """What a component charges an order, given what it has accrued and for how much money."""
    fee = Decimal(terms.get("per_order", 0.0)) + so_far.amount
    if "minimum" in terms:
        fee = max(fee, Decimal(terms["minimum"]))
    if "maximum_rate" in terms:
        fee = min(fee, Decimal(terms["maximum_rate"]) * so_far.notional)
    if "maximum" in terms:
        fee = min(fee, Decimal(terms["maximum"]))
    return _rounded_up(fee, part.get("round_up"))


def _rounded_up(fee: Decimal, step: float | None) -> Decimal:
    if step is None:
        return fee
    # A part of one such as 0.01: its decimal, not the float's.
    unit = Decimal(repr(step))
    count = fee / unit
    floor = count.to_integral_value(rounding=ROUND_FLOOR)
    # Reading: what lies within a millionth of a step above one is that step, as for postings.
    if count - floor > STEP:
        floor = count.to_integral_value(rounding=ROUND_CEILING)
    return floor * unit


# -------------------------------------------------------------------------------------------- tiers


def _volumes(state: State, session: int) -> tuple[Decimal, Decimal]:
    """Quantity traded in the month of a session, and notional in the 30 days that end with it."""
    today = EPOCH + timedelta(days=session)
    month, rolling = ZERO, ZERO
    for trade in state.traded:
        day = EPOCH + timedelta(days=trade.session)
        if (day.year, day.month) == (today.year, today.month):
            month += trade.quantity
        if session - MONTH_AND_DAYS < trade.session <= session:
            rolling += trade.notional
    return month, rolling


def _accrual(
    state: State, order: Order | None, terms: FeeTerms, so_far: Accrued, fill: Slice
) -> Decimal:
    """What a fill adds to what a component has accrued."""
    amount = Decimal(terms.get("per_share", 0.0)) * fill.quantity
    amount += Decimal(terms.get("rate", 0.0)) * fill.notional
    tiers = terms.get("tiers")
    if tiers is None:
        return amount
    now = _volumes(state, fill.session)
    first = now if order is None or order.volumes is None else order.volumes
    is_marginal = tiers.get("marginal", tiers["by"] != "rolling_notional")
    month, rolling = now if is_marginal else first
    # Reading: the order's own notional is that which the component charges, as for the maximum.
    start = {"month_quantity": month, "rolling_notional": rolling}.get(tiers["by"], so_far.notional)
    base = fill.quantity if "per_share" in tiers else fill.notional
    if not is_marginal:
        return amount + _value_at(tiers, start) * base
    more = fill.quantity if tiers["by"] == "month_quantity" else fill.notional
    return amount + _marginal(tiers, start, more) * base / more


def _pairs(tiers: FeeTiers) -> list[tuple[Decimal, Decimal]]:
    pairs = tiers["per_share"] if "per_share" in tiers else tiers["rate"]
    return [(Decimal(start), Decimal(value)) for start, value in pairs]


def _value_at(tiers: FeeTiers, volume: Decimal) -> Decimal:
    return [value for start, value in _pairs(tiers) if start <= volume][-1]


def _marginal(tiers: FeeTiers, start: Decimal, more: Decimal) -> Decimal:
    """Σ value · the part of (start, start + more] inside its tier."""
    pairs, total = _pairs(tiers), ZERO
    for place, (low, value) in enumerate(pairs):
        high = start + more if place + 1 == len(pairs) else pairs[place + 1][0]
        total += value * max(ZERO, min(high, start + more) - max(low, start))
    return total


__all__ = ["Bill", "Slice", "bill", "charged", "in_force", "keep"]
