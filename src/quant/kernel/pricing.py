"""What an order pays where the market gave a price: slippage first, then impact.

Both move the price against the order. What rests pays neither. The contract is in
docs/concepts/fills.md, *Cost*.
"""

from __future__ import annotations

import math

from quant.kernel import memory as mem
from quant.kernel.codes import (
    AUCTION,
    CAP_BY,
    FILL_FLAG,
    MARKET_PRICE,
    ORDER_TYPE,
    SLIPPAGE_KIND,
    TRIGGER,
    ZERO_VOLUME,
)
from quant.kernel.cost import on_tick, quantity
from quant.kernel.jit import compiled, inlined

__all__ = [
    "AT_CLOSE",
    "AT_DECISION",
    "AT_OPEN",
    "INSIDE",
    "anticipate",
    "is_taker",
    "keep_prices",
    "paid_price",
    "reference_volume",
    "restore_prices",
    "settle_impact",
    "taken",
]

# Where in a bar a fill happens; up to its open nothing of the bar is known but that price. At a
# decision an order is only thought of.
AT_DECISION, AT_OPEN, INSIDE, AT_CLOSE = -1, 0, 1, 2

_RATE = SLIPPAGE_KIND.RATE
_TICKS = SLIPPAGE_KIND.TICKS
_RANGE = SLIPPAGE_KIND.RANGE
_SPREAD = SLIPPAGE_KIND.SPREAD
_SHARE_OF_VOLUME = SLIPPAGE_KIND.VOLUME_SHARE
_RANGE_SPREAD = ZERO_VOLUME.RANGE_SPREAD
_REJECT = ZERO_VOLUME.REJECT
_NO_AUCTION = AUCTION.NONE
_MARKET = ORDER_TYPE.MARKET
_MID = MARKET_PRICE.MID_RANGE
_NO_TRIGGER = TRIGGER.NONE
_BY_PREVIOUS = CAP_BY.PREVIOUS_BAR
_BY_ADV = CAP_BY.ADV
_CLAMPED = FILL_FLAG.CLAMPED
_NO_IMPACT = FILL_FLAG.NO_IMPACT


@inlined
def is_taker(h: int, o: int) -> bool:
    """What has no limit takes; a limit only in the bar in which it first met a print that it could
    take."""
    order = mem.orders(h)[o]
    if order["is_limited"] == 0:
        return True
    return order["taker_bar"] == mem.instruments(h)[order["instrument"]]["bar"]


@inlined
def _is_empty(h: int, i: int, at: int) -> bool:
    """Whether the bar under way has no volume, and trades by a policy all the same."""
    if at == AT_DECISION or mem.policies(h)[0]["zero_volume"] == _REJECT:
        return False
    return mem.bars(h)[mem.instruments(h)[i]["bar"]]["volume"] <= 0.0


@compiled
def reference_volume(h: int, i: int, at: int) -> float:
    """The volume that caps an order, and that its share is counted by: NaN if it is not known."""
    ins = mem.instruments(h)[i]
    policy = mem.policies(h)[0]
    if policy["cap_by"] == _BY_ADV:
        return mem.row_advs(h)[ins["bar"]]
    if policy["cap_by"] == _BY_PREVIOUS:
        # after its end a bar is its own predecessor's successor still
        is_counted = ins["counted"] == ins["bar"] and at != AT_DECISION
        return ins["volume_before"] if is_counted else ins["prev_volume"]
    if _is_empty(h, i, at):
        least = policy["minimum_volume"]
        return least if least > 0.0 else float("nan")
    if at <= AT_OPEN:
        return ins["prev_volume"]
    return mem.bars(h)[ins["bar"]]["volume"]


@inlined
def _range(h: int, i: int, at: int) -> float:
    """The range of a bar; at its open, before it is known, that of the last one that traded."""
    ins = mem.instruments(h)[i]
    if at <= AT_OPEN:
        return ins["prev_range"]
    bar = mem.bars(h)[ins["bar"]]
    return bar["high"] - bar["low"]


@inlined
def _spread(h: int, i: int, at: int) -> float:
    """The spread as last known; at an open the bar's own is not."""
    ins = mem.instruments(h)[i]
    own = mem.row_spreads(h)[ins["bar"]]
    if at <= AT_OPEN or own != own:
        return ins["prev_spread"]
    return own


@inlined
def _share(h: int, i: int, at: int, count: int) -> float:
    """Our part of the reference volume once ``count`` more have filled."""
    ins = mem.instruments(h)[i]
    model = mem.slippages(h)[ins["slippage"]]
    volume = reference_volume(h, i, at)
    ours = count
    if at >= AT_OPEN:
        ours += ins["filled_open"]
    if at > AT_OPEN:
        ours += ins["filled_inside"]
    if not volume > 0.0:
        return model["volume_limit"]
    return min(quantity(ins, ours) / volume, model["volume_limit"])


@compiled
def _slippage(h: int, i: int, raw: float, at: int, count: int, urgency: float) -> float:
    """How far slippage moves the price; ``urgency`` is the k of a spread model."""
    ins = mem.instruments(h)[i]
    model = mem.slippages(h)[ins["slippage"]]
    kind = model["kind"]
    if kind == _RATE:
        move = abs(raw) * model["size"]
    elif kind == _TICKS:
        move = model["size"] * ins["tick"]
    elif kind == _RANGE:
        move = model["size"] * _range(h, i, at)
    elif kind == _SPREAD:
        move = urgency * _spread(h, i, at)
    else:
        share = _share(h, i, at, count)
        move = abs(raw) * model["size"] * share * share
    policy = mem.policies(h)[0]
    if policy["zero_volume"] == _RANGE_SPREAD and _is_empty(h, i, at):
        move += 0.5 * policy["range_spread_fraction"] * _range(h, i, at)
    return move


@inlined
def _urgency(h: int, o: int) -> float:
    """The k of a spread model for an order."""
    order = mem.orders(h)[o]
    model = mem.slippages(h)[mem.instruments(h)[order["instrument"]]["slippage"]]
    if order["auction"] != _NO_AUCTION:
        return model["k_auction"]
    return model["size"] if order["trigger"] == _NO_TRIGGER else model["k_stop"]


@inlined
def _sigma(h: int, i: int) -> float:
    fixed = mem.policies(h)[0]["impact_sigma"]
    return fixed if fixed == fixed else mem.row_sigmas(h)[mem.instruments(h)[i]["bar"]]


@inlined
def _adv(h: int, i: int) -> float:
    fixed = mem.policies(h)[0]["impact_adv"]
    return fixed if fixed == fixed else mem.row_advs(h)[mem.instruments(h)[i]["bar"]]


@compiled
def own_impact(h: int, i: int, done: int, count: int) -> float:
    """The impact of ``count`` increments after ``done`` of the same order, as a fraction of price.

    The square-root law holds for the order as a whole, so that its cost does not depend on how it
    is sliced. NaN where volatility or volume is not known.
    """
    ins = mem.instruments(h)[i]
    adv = _adv(h, i)
    sigma = _sigma(h, i)
    if not (adv > 0.0 and sigma >= 0.0) or count <= 0:
        return float("nan")
    scale = mem.policies(h)[0]["impact_alpha"] * sigma
    before = quantity(ins, done)
    after = quantity(ins, done + count)
    cost = after * math.sqrt(after / adv) - before * math.sqrt(before / adv)
    return scale * cost / (after - before)


@compiled
def _law(h: int, i: int, count: int) -> float:
    """The square-root law for ``count`` increments, as a fraction of price; NaN where volatility or
    volume is not known."""
    ins = mem.instruments(h)[i]
    adv = _adv(h, i)
    sigma = _sigma(h, i)
    if not (adv > 0.0 and sigma >= 0.0):
        return math.nan
    return mem.policies(h)[0]["impact_alpha"] * sigma * math.sqrt(quantity(ins, count) / adv)


@inlined
def _left(h: int, level: float, since: int, ts: int) -> float:
    """What is left of a move at ``ts``."""
    if level == 0.0:
        return 0.0
    passed = (ts - since) / mem.policies(h)[0]["impact_half_life"]
    return level * math.pow(0.5, max(passed, 0.0))


@inlined
def _carried_over(h: int, i: int, ts: int) -> float:
    """What the moves of other instruments do to this one's price at ``ts``."""
    ins = mem.instruments(h)[i]
    moved = 0.0
    for k in range(ins["cross_lo"], ins["cross_hi"]):
        cross = mem.crosses(h)[k]
        mover = mem.instruments(h)[cross["instrument"]]
        moved += cross["factor"] * _left(h, mover["level"], mover["level_ts"], ts)
    return moved


@inlined
def _moment(h: int, o: int, at: int) -> int:
    """When a fill happens: at an opening print not before its order has arrived."""
    now = mem.sims(h)[0]["now"]
    if o < 0 or at != AT_OPEN:
        return now
    return max(now, mem.orders(h)[o]["ts_arrival"])


@compiled
def _impact(
    h: int, i: int, side: int, raw: float, at: int, count: int, o: int
) -> tuple[float, int]:
    """How far impact moves the price, and the flags that go with it.

    An order pays what is left of the moves of others, not of its own: its own cost does not depend
    on slicing. ``o`` is NONE for an order that is only thought of.
    """
    if mem.policies(h)[0]["has_impact"] == 0:
        return 0.0, 0
    done = mem.orders(h)[o]["filled_venue"] if o >= 0 else 0
    own = own_impact(h, i, done, count)
    if own != own:
        return 0.0, _NO_IMPACT
    ins = mem.instruments(h)[i]
    now = _moment(h, o, at)
    moved = _left(h, ins["level"], ins["level_ts"], now) + _carried_over(h, i, now)
    if o >= 0:
        order = mem.orders(h)[o]
        moved -= _left(h, order["level"], order["level_ts"], now)
    return abs(raw) * (own + max(side * moved, 0.0)), 0


@compiled
def _move(h: int, o: int, done: int, count: int, at: int) -> float:
    """Let what stays of a fill's impact move its instrument; returns the move. What stays of an
    order is the same however its fills slice it, as what it pays."""
    policy = mem.policies(h)[0]
    order = mem.orders(h)[o]
    i = order["instrument"]
    further = _law(h, i, done + count) - _law(h, i, done)
    if policy["impact_permanent"] == 0.0 or further != further:
        return 0.0
    ins = mem.instruments(h)[i]
    now = _moment(h, o, at)
    more = order["side_venue"] * policy["impact_permanent"] * further
    ins["level"] = _left(h, ins["level"], ins["level_ts"], now) + more
    ins["level_ts"] = now
    return more


@compiled
def settle_impact(h: int, o: int, done: int, count: int, at: int) -> None:
    """After a fill that took: what stays of its impact in the price."""
    more = _move(h, o, done, count, at)
    if more == 0.0:
        return
    order = mem.orders(h)[o]
    now = _moment(h, o, at)
    order["level"] = _left(h, order["level"], order["level_ts"], now) + more
    order["level_ts"] = now


@inlined
def _prices_depend(h: int, i: int) -> bool:
    """Whether what an order pays depends on fills before it."""
    policy = mem.policies(h)[0]
    if policy["has_impact"] != 0 and policy["impact_permanent"] > 0.0:
        return True
    return mem.slippages(h)[mem.instruments(h)[i]["slippage"]]["kind"] == _SHARE_OF_VOLUME


@compiled
def keep_prices(h: int, i: int) -> None:
    """Note what fills that are only thought of may change; ``restore_prices`` puts it back."""
    ins = mem.instruments(h)[i]
    ins["kept_level"] = ins["level"]
    ins["kept_level_ts"] = ins["level_ts"]
    ins["kept_open"] = ins["filled_open"]
    ins["kept_inside"] = ins["filled_inside"]


@compiled
def restore_prices(h: int, i: int) -> None:
    """Forget the fills that were only thought of."""
    ins = mem.instruments(h)[i]
    ins["level"] = ins["kept_level"]
    ins["level_ts"] = ins["kept_level_ts"]
    ins["filled_open"] = ins["kept_open"]
    ins["filled_inside"] = ins["kept_inside"]


@compiled
def anticipate(h: int, o: int, count: int, at: int) -> None:
    """Let a fill that is only thought of count in the prices of those after it."""
    order = mem.orders(h)[o]
    if not _prices_depend(h, order["instrument"]):
        return
    ins = mem.instruments(h)[order["instrument"]]
    if at == AT_OPEN:
        ins["filled_open"] += count
    else:
        ins["filled_inside"] += count
    if is_taker(h, o) and mem.policies(h)[0]["has_impact"] != 0:
        _move(h, o, order["filled_venue"], count, at)


@compiled
def taken(
    h: int, i: int, side: int, raw: float, at: int, count: int, o: int, urgency: float
) -> tuple[float, float, float, int]:
    """The price of taking ``count`` increments at ``raw``: price, the two moves, and flags.

    ``o`` is the order, NONE for one that is only thought of.
    """
    ins = mem.instruments(h)[i]
    slip = _slippage(h, i, raw, at, count, urgency)
    impact, flags = _impact(h, i, side, raw, at, count, o)
    move = slip + impact
    most = mem.policies(h)[0]["guardrail"] * abs(raw)
    was_clamped = move > most
    price = raw + side * (most if was_clamped else move)
    if move > 0.0 and ins["tick"] > 0.0:
        price = on_tick(price, ins["tick"], side)
        if abs(price - raw) > most:
            # the next tick would be beyond the guardrail: the last one before it
            was_clamped = True
            price = on_tick(raw + side * most, ins["tick"], -side)
            price = max(price, raw) if side > 0 else min(price, raw)
    if was_clamped:
        flags += _CLAMPED
    return price, slip, impact, flags


@compiled
def paid_price(h: int, o: int, count: int, raw: float, at: int) -> tuple[float, float, int]:
    """What an order pays for ``count`` increments, the part of that which is impact, and flags."""
    order = mem.orders(h)[o]
    if not is_taker(h, o):
        return raw, 0.0, 0
    side = order["side_venue"]
    i = order["instrument"]
    meets = raw
    if at == AT_CLOSE and order["type"] == _MARKET and mem.policies(h)[0]["market_price"] == _MID:
        bar = mem.bars(h)[mem.instruments(h)[i]["bar"]]
        meets = 0.5 * (bar["high"] + bar["low"])
    price, slip, impact, flags = taken(h, i, side, meets, at, count, o, _urgency(h, o))
    if order["is_limited"] != 0 and (price - order["limit"]) * side > 0.0:
        price = order["limit"]
    if impact == 0.0:
        return price, 0.0, flags
    total = abs(price - meets)
    return price, min(impact, max(total - min(slip, total), 0.0)), flags
