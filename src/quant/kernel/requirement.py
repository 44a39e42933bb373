"""The margin that positions require, to open them and to keep them, and the rule of each account
kind: what a proposed state takes up, and what it may take up at most."""

from __future__ import annotations

from typing import Any

from quant.kernel import memory as mem
from quant.kernel.codes import ACCOUNT_KIND, VALUATION
from quant.kernel.cost import quantity
from quant.kernel.jit import compiled, inlined

__all__ = [
    "initial_of",
    "keep_of",
    "leverage_limit",
    "room_taken",
    "spendable",
    "under_own_cap",
    "worth_of",
]

_GROSS = ACCOUNT_KIND.GROSS_LEVERAGE
_MARGIN = ACCOUNT_KIND.MARGIN
_NET = ACCOUNT_KIND.NET_LEVERAGE
_PAID = VALUATION.PAID


@inlined
def worth_of(ins: Any, position: Any, mark: float) -> float:
    """What a position adds to equity: its price where it was paid for, else its gain since the
    last settlement."""
    size = quantity(ins, position["units"]) * ins["multiplier"]
    if ins["valuation"] == _PAID:
        return size * mark
    return size * (mark - position["reference"])


@inlined
def keep_of(policy: Any, ins: Any, units: int, price: float) -> float:
    """Margin to keep ``units`` at a price, in the instrument's currency.

    A paid short below a price counts by another rate and amount: FINRA Rule 4210(c)(2) and (3).
    """
    size = abs(quantity(ins, units))
    if units > 0:
        return size * ins["multiplier"] * abs(price) * ins["keep_long"] + size * ins["keep_unit"]
    rate = ins["keep_short"]
    amount = 0.0
    if rate > 0.0 and ins["valuation"] == _PAID:
        amount = policy["short_amount"]
        if price < policy["short_low_price"]:
            rate = max(rate, policy["short_low_rate"])
            amount = policy["short_low_amount"]
    each = max(rate * abs(price), amount)
    return size * ins["multiplier"] * each + size * ins["keep_unit"]


@inlined
def initial_of(policy: Any, ins: Any, units: int, price: float) -> float:
    """Margin to open ``units`` at a price, in the instrument's currency; never less than what keeps
    them."""
    size = abs(quantity(ins, units))
    rate = ins["initial_long"] if units > 0 else ins["initial_short"]
    needed = size * ins["multiplier"] * abs(price) * rate + size * ins["initial_unit"]
    return max(needed, keep_of(policy, ins, units, price)) if units < 0 else needed


@inlined
def leverage_limit(account: Any) -> float:
    """The account's k, or the strategy's own cap where that is lower (NaN: not set)."""
    k = account["k"]
    if account["max_leverage"] < k:
        k = account["max_leverage"]
    return k


@inlined
def spendable(account: Any) -> float:
    """What a cash account may spend: without what has not settled, if that has to wait."""
    free = account["cash"] + account["credit"]
    if account["settles"] != 0 and account["spends_unsettled"] == 0:
        free -= account["unsettled"]
    return free


@compiled
def room_taken(
    h: int, a: int, equity: float, gross: float, net: float, initial: float, longs: float
) -> tuple[float, float]:
    """What a proposed state takes of an account's room, and the most it may take; of a cash
    account, which counts money, nothing.

    Where several rules hold, those of the one it exceeds by most.
    """
    account = mem.accounts(h)[a]
    kind = account["kind"]
    if kind == _GROSS:
        return gross, account["k"] * equity
    if kind == _MARGIN:
        # Reg T's least equity: never more than the full price of what was bought
        floor = account["minimum_equity"]
        if gross <= longs and longs < floor:
            floor = longs
        return max(initial, floor), equity
    if kind == _NET:
        taken, most = abs(net), account["k"] * equity
        limit = account["gross_k"] * equity
        if gross - limit > taken - most:
            taken, most = gross, limit
        return taken, most
    return 0.0, 0.0


@inlined
def under_own_cap(
    account: Any, equity: float, gross: float, taken: float, most: float
) -> tuple[float, float, int]:
    """What a state takes and may take at most by the rule of its account, or by the strategy's own
    leverage where it exceeds that by more; 1 if so."""
    # NaN, which compares false, where there is none
    limit = account["max_leverage"] * equity
    if gross - limit > taken - most:
        return gross, limit, 1
    return taken, most, 0
