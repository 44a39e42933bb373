"""Schedules of fees: what a fill owes by the components of a venue's price list.

A schedule is a list of rows, one for each component and each span of sessions in which its terms
are in force. A fill adds to what each component has *accrued* for its order: rates times what
filled, at the terms of the fill's session. What the component charges is that sum within its
bounds, so minima and maxima are per order, however many fills and changes of rates there are. A
fill owes what the charge grows by. A *manner* is one of four ways to fill: taking or making, buying
or selling.

Tiers look at what the account has traded under the same commission: its quantity in the calendar
month of the fill's session, or its notional in the 30 days that end with that session.
"""

from __future__ import annotations

import math

from quant.kernel import memory as mem
from quant.kernel.codes import NONE, TIERS_BY, TIERS_OF
from quant.kernel.jit import compiled, inlined
from quant.kernel.layout import N_VOLUME_DAYS
from quant.kernel.subsystem import subsystem

__all__ = ["find_due", "manner_of", "note_fees", "volume_place"]

_BY_MONTH = TIERS_BY.MONTH_QUANTITY
_BY_ROLLING = TIERS_BY.ROLLING_NOTIONAL
_BY_ORDER = TIERS_BY.ORDER_NOTIONAL
_OF_QUANTITY = TIERS_OF.QUANTITY


@inlined
def manner_of(side: int, takes: int) -> int:
    """The manner of a fill: 0 takes and buys, 1 takes and sells, 2 makes and buys, 3 makes and
    sells."""
    return (0 if takes != 0 else 2) + (0 if side > 0 else 1)


@inlined
def volume_place(h: int, a: int, i: int) -> int:
    """Where the volume of an account under an instrument's commission is counted."""
    return a * len(mem.commissions(h)) + mem.instruments(h)[i]["commission"]


@compiled
def _volume(h: int, place: int, by: int) -> float:
    """What has been traded so far: quantity this month, or notional in the last 30 days."""
    volume = mem.volumes(h)[place]
    date = mem.session_dates(h)[mem.sims(h)[0]["session"]]
    if by == _BY_MONTH:
        return volume["month_quantity"] if volume["month"] == date["month"] else 0.0
    total = 0.0
    for j in range(N_VOLUME_DAYS):
        if volume["day"][j] > date["day"] - N_VOLUME_DAYS:
            total += volume["day_notional"][j]
    return total


@compiled
def _count_volume(h: int, place: int, qty: float, notional: float) -> None:
    """Count a fill towards the volumes of its session."""
    volume = mem.volumes(h)[place]
    date = mem.session_dates(h)[mem.sims(h)[0]["session"]]
    if volume["month"] != date["month"]:
        volume["month"] = date["month"]
        volume["month_quantity"] = 0.0
    volume["month_quantity"] += qty
    j = date["day"] % N_VOLUME_DAYS
    if volume["day"][j] != date["day"]:
        volume["day"][j] = date["day"]
        volume["day_notional"][j] = 0.0
    volume["day_notional"][j] += notional


@inlined
def _tier_at(h: int, r: int, start: float) -> float:
    """The value of the tier that a volume has reached."""
    row = mem.fee_rows(h)[r]
    value = row["tier_value"][0]
    for j in range(row["n_tiers"]):
        if start >= row["tier_from"][j]:
            value = row["tier_value"][j]
    return value


@inlined
def _over_tiers(h: int, r: int, start: float, more: float) -> float:
    """Parts of ``more`` beyond ``start`` times the values of their tiers."""
    row = mem.fee_rows(h)[r]
    n = row["n_tiers"]
    stop = start + more
    total = 0.0
    for j in range(n):
        low = max(row["tier_from"][j], start)
        high = stop
        if j + 1 < n and row["tier_from"][j + 1] < stop:
            high = row["tier_from"][j + 1]
        if high > low:
            total += (high - low) * row["tier_value"][j]
    return total


@compiled
def _start(h: int, o: int, place: int, by: int, is_marginal: int) -> float:
    """The volume that tiers are counted from. Where the whole order pays one tier, it is that of
    before its first fill."""
    if is_marginal == 0 and o != NONE and mem.orders(h)[o]["filled_venue"] > 0:
        order = mem.orders(h)[o]
        if by == _BY_MONTH:
            return order["first_month_quantity"]
        return order["first_rolling_notional"]
    return _volume(h, place, by)


@compiled
def _accrual(h: int, o: int, i: int, a: int, r: int, qty: float, notional: float) -> float:
    """What a fill adds to a component before its bounds."""
    row = mem.fee_rows(h)[r]
    fee = row["per_share"] * qty + row["rate"] * notional
    if row["n_tiers"] == 0:
        return fee
    by = row["tiers_by"]
    base = qty if row["tiers_of"] == _OF_QUANTITY else notional
    more = qty if by == _BY_MONTH else notional
    if by == _BY_ORDER:
        start = mem.orders(h)[o]["fee_value"][row["slot"]] if o != NONE else 0.0
    else:
        start = _start(h, o, volume_place(h, a, i), by, row["is_marginal"])
        if by != _BY_MONTH:
            more = notional * _fx(h, a, i)
    if row["is_marginal"] == 0:
        return fee + _tier_at(h, r, start) * base
    if more <= 0.0:
        return fee
    total = _over_tiers(h, r, start, more)
    return fee + (total if more == base else total * (base / more))


@inlined
def _fx(h: int, a: int, i: int) -> float:
    place = a * mem.sims(h)[0]["n_currencies"] + mem.instruments(h)[i]["currency"]
    return mem.balances(h)[place]["fx"]


@inlined
def _bounded(h: int, r: int, accrued: float, value: float) -> float:
    """What a component charges an order that has filled ``value``. A maximum wins."""
    row = mem.fee_rows(h)[r]
    fee = accrued + row["per_order"]
    # NaN compares false: a bound that is not set does nothing
    if fee < row["minimum"]:
        fee = row["minimum"]
    if fee > row["maximum_rate"] * value:
        fee = row["maximum_rate"] * value
    if fee > row["maximum"]:
        fee = row["maximum"]
    if row["round_up"] > 0.0:
        steps = fee * row["round_up"]
        nearest = math.floor(steps + 0.5)
        # an amount in whole steps must not be rounded up for the last bit of a product
        if abs(steps - nearest) <= 1e-6:
            fee = nearest / row["round_up"]
        else:
            fee = math.ceil(steps) / row["round_up"]
    return fee


@inlined
def _is_due(h: int, r: int, manner: int) -> bool:
    """Whether a row charges a fill of this manner in the session under way."""
    row = mem.fee_rows(h)[r]
    session = mem.sims(h)[0]["session"]
    if session < row["session_from"] or session > row["session_until"]:
        return False
    return (row["manners"] >> manner) & 1 != 0


@subsystem("void(int64, int64, int64, int64, int64, float64, float64)")
def find_due(h: int, o: int, i: int, a: int, manner: int, qty: float, notional: float) -> None:
    """Find what the next fill of order ``o`` (NONE: of a new one) owes, commission and fees.

    ``qty`` and ``notional`` are those of the fill, unsigned. The answer stands in the run's record:
    a part of the kernel that is compiled by itself returns nothing.
    """
    commission = 0.0
    fees = 0.0
    schedule = mem.commissions(h)[mem.instruments(h)[i]["commission"]]
    for r in range(schedule["first_fee"], schedule["first_fee"] + schedule["n_fees"]):
        if not _is_due(h, r, manner):
            continue
        row = mem.fee_rows(h)[r]
        slot = row["slot"]
        accrued = 0.0
        value = 0.0
        before = 0.0
        if o != NONE:
            order = mem.orders(h)[o]
            accrued = order["fee_accrued"][slot]
            value = order["fee_value"][slot]
            if (order["fee_begun"] >> slot) & 1 != 0:
                before = _bounded(h, r, accrued, value)
        after = accrued + _accrual(h, o, i, a, r, qty, notional)
        more = _bounded(h, r, after, value + notional) - before
        if row["is_fee"] != 0:
            fees += more
        else:
            commission += more
    mem.sims(h)[0]["due_commission"] = commission
    mem.sims(h)[0]["due_fees"] = fees


@subsystem("void(int64, int64, int64, float64, float64)")
def note_fees(h: int, o: int, manner: int, qty: float, notional: float) -> None:
    """Count a fill towards its order's components and its account's volumes.

    Called before the fill is added to ``filled_venue``.
    """
    order = mem.orders(h)[o]
    i = order["instrument"]
    a = order["account"]
    find_due(h, o, i, a, manner, qty, notional)
    order["commission_due"] += mem.sims(h)[0]["due_commission"]
    order["fees_due"] += mem.sims(h)[0]["due_fees"]
    place = volume_place(h, a, i)
    if order["filled_venue"] == 0:
        order["first_month_quantity"] = _volume(h, place, _BY_MONTH)
        order["first_rolling_notional"] = _volume(h, place, _BY_ROLLING)
    schedule = mem.commissions(h)[mem.instruments(h)[i]["commission"]]
    for r in range(schedule["first_fee"], schedule["first_fee"] + schedule["n_fees"]):
        if _is_due(h, r, manner):
            slot = mem.fee_rows(h)[r]["slot"]
            order["fee_accrued"][slot] += _accrual(h, o, i, a, r, qty, notional)
            order["fee_value"][slot] += notional
            order["fee_begun"] |= 1 << slot
    _count_volume(h, place, qty, notional * _fx(h, a, i))
