"""How much fills: the volume a place goes by, and what its caps leave.

Follows `How much fills` of `docs/concepts/fills.md`. What all our orders took from a bar is kept by
bar and added up anew for every question. Where the written rule leaves room, the reading taken
stands in a comment that starts `Reading:`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from .counts import whole
from .sessions import adv
from .world import ZERO, Bar, Offer, State, Used

ADV_WINDOW = 20


def cap_left(state: State, offer: Offer, used: Mapping[Bar, Used] | None = None) -> int | None:
    """Increments that the caps leave for an offer, after what was taken; None without a cap."""
    used = state.used if used is None else used
    execution = state.scenario.execution
    bar, symbol = offer.bar, offer.bar.symbol
    increment = Decimal(state.specs[symbol].increment)
    in_bar = used.get(bar, Used())
    lefts: list[int] = []
    fraction = _fraction(state, offer.where)
    volume = volume_of_cap(state, bar, offer.where)
    if fraction is not None and volume is not None:
        taken = _in_session(used, bar) if _cap_by(state) == "adv" else in_bar.units
        lefts.append(whole(fraction * volume / increment) - taken)
    most = execution.get("max_shares")
    if most is not None:
        lefts.append(whole(Decimal(most) / increment) - in_bar.units)
    most = execution.get("max_notional")
    if most is not None:
        money = Decimal(most) - in_bar.money
        lefts.append(whole(money / (abs(offer.raw) * state.worth(symbol, 1))))
    return max(0, min(lefts)) if lefts else None


def take(state: State, used: dict[Bar, Used], offer: Offer, units: int) -> None:
    """Counts a fill, real or imagined, against the caps of its bar."""
    before = used.get(offer.bar, Used())
    money = state.worth(offer.bar.symbol, units) * abs(offer.raw)
    used[offer.bar] = Used(before.units + units, before.money + money)


def volume_of_cap(state: State, bar: Bar, where: str) -> Decimal | None:
    """The volume that the cap of a place goes by; None if it is unknown."""
    # Reading: the volume that stands for that of an empty bar counts where the bar's own would.
    if _cap_by(state) == "adv":
        window = state.scenario.execution.get("adv_window", ADV_WINDOW)
        return adv(state, bar.symbol, bar.session, window)
    if where == "decision":
        # Reading: the bar is the last with trading before the decision, as for a range.
        return bar.volume
    if not bar.has_trading and _cap_by(state) == "bar":
        least = Decimal(state.scenario.execution.get("minimum_volume", 0.0))
        return least if least > 0 else None
    if where == "open" or _cap_by(state) == "previous_bar":
        earlier = last_with_trading(bar)
        return None if earlier is None else earlier.volume
    return bar.volume


def last_with_trading(bar: Bar) -> Bar | None:
    """The last earlier bar that had trading of its own; none that a setting made count."""
    earlier = bar.earlier
    while earlier is not None and not earlier.has_trading:
        earlier = earlier.earlier
    return earlier


def _cap_by(state: State) -> str:
    return state.scenario.execution.get("cap_by", "bar")


def _fraction(state: State, where: str) -> Decimal | None:
    """The part of the volume that may fill: participation, and that of slippage by share."""
    execution, slippage = state.scenario.execution, state.scenario.slippage
    part = execution["participation"]
    if where == "open" and execution.get("participation_open") is not None:
        part = execution["participation_open"]
    parts = [] if part is None else [Decimal(part)]
    if slippage["kind"] == "volume_share" and slippage.get("cap", True):
        parts.append(Decimal(slippage["volume_limit"]))
    return min(parts, default=None)


def _in_session(used: Mapping[Bar, Used], bar: Bar) -> int:
    """What all our orders took from the bars of an instrument's session."""
    return sum(
        taken.units
        for other, taken in used.items()
        if other.symbol == bar.symbol and other.session == bar.session
    )


def quantity_taken(state: State, bar: Bar) -> Decimal:
    """The quantity that all our orders took from a bar so far."""
    taken = state.used.get(bar)
    return ZERO if taken is None else state.amount(bar.symbol, taken.units)
