"""The account as it would be once every working order is done, for ``ctx.risk.check``.

The kernel lays orders on positions in the same way before they leave (``kernel/limits.py``); here
it is done with plain numbers, for one look at an order that has not been made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quant.kernel.codes import GROUP_KIND, STATUS, TARGET_KIND
from quant.kernel.layout import State
from quant.model.limits import RiskLimits
from quant.risk.limits import AccountState, Exposure, ProposedOrder, check
from quant.strategy.terms import whole

__all__ = ["Projection"]

_IN_OCO = (GROUP_KIND.OCO, GROUP_KIND.OCO_SHARED)


class Projection:
    """Positions with the orders that work, and those of this decision that will be let through.

    Parameters
    ----------
    state : State
    symbols : tuple of str
    limits : RiskLimits
        In force.
    account : AccountState
        The account without exposures.
    sectors : sequence of str or None, by instrument
    """

    def __init__(
        self,
        state: State,
        symbols: tuple[str, ...],
        limits: RiskLimits,
        account: AccountState,
        sectors: Sequence[str | None],
    ) -> None:
        self._state = state
        self._symbols = symbols
        self._limits = limits
        self._account = account
        self._sectors = sectors
        self._units: list[int] = state["positions"]["units"].tolist()
        self._ended: set[int] = set()
        self._ahead = 0
        sim = state["sim"][0]
        for o in state["active"][: int(sim["n_active"])].tolist():
            if not self._is_over(o) and self._takes_room(o):
                self._units[self._place(o)] = self._wish(o)
        for o in range(int(sim["n_sent"]), int(sim["n_orders"])):
            self._lay(o)

    def state_for(self, symbol: str) -> AccountState:
        """What an order in a symbol is judged against, after all orders made so far."""
        exposures = {
            name: self._exposure(i)
            for i, name in enumerate(self._symbols)
            if self._units[i] != 0 or name == symbol
        }
        account = self._account
        return AccountState(
            equity=account.equity,
            exposures=exposures,
            n_orders=account.n_orders + self._ahead,
            session_loss=account.session_loss,
            drawdown=account.drawdown,
            returns=_of(exposures, account.returns),
            periods_per_year=account.periods_per_year,
        )

    def _exposure(self, i: int) -> Exposure:
        ins = self._state["instruments"][i]
        return Exposure(
            qty=self._qty(i, self._units[i]),
            price=float(ins["mark"]),
            multiplier=float(ins["multiplier"]),
            sector=self._sectors[i],
        )

    def _qty(self, i: int, units: int) -> float:
        ins = self._state["instruments"][i]
        return float(units * ins["unit_num"] / ins["unit_den"])

    def _order(self, o: int) -> Any:
        return self._state["orders"][o]

    def _place(self, o: int) -> int:
        return int(self._order(o)["instrument"])

    def _is_over(self, o: int) -> bool:
        """Final, or asked to be cancelled by a request that arrives before orders leave."""
        order = self._order(o)
        if o in self._ended or order["status_venue"] >= STATUS.FILLED:
            return True
        now = self._state["sim"][0]["now"]
        return bool(order["cancel_reason"] != 0 and order["ts_cancel"] <= now)

    def _takes_room(self, o: int) -> bool:
        """Whether an order counts: as the kernel's ``takes_room``."""
        order = self._order(o)
        if order["is_held"] != 0 or order["reduce_only"] != 0:
            return False
        if order["group_kind"] in _IN_OCO:
            mate = int(order["next_in_group"])
            while mate != o:
                if mate < o and not self._is_over(mate):
                    return False
                mate = int(self._order(mate)["next_in_group"])
        return True

    def _wish(self, o: int) -> int:
        """The position after an order, as far as can be said at the last mark."""
        order, i = self._order(o), self._place(o)
        before = self._units[i]
        kind = order["target_kind"]
        if kind <= TARGET_KIND.QTY or order["is_sized"] != 0:
            left = int(order["units_venue"]) - int(order["filled_venue"])
            return before + int(order["side_venue"]) * left
        if kind == TARGET_KIND.COUNT:
            return int(order["target"])
        value = float(order["target"])
        if kind == TARGET_KIND.WEIGHT:
            value *= max(self._account.equity, 0.0)
        one = abs(self._exposure(i).worth(self._qty(i, 1)))
        if one == 0.0:
            return before
        count = whole(abs(value) / one)
        return count if value > 0.0 else -count

    def _is_hopeless(self, o: int) -> bool:
        """Refused before any limit is asked: in warm-up, or for nothing."""
        order = self._order(o)
        ins = self._state["instruments"][self._place(o)]
        is_nothing = order["units_venue"] + order["held_back"] == 0
        is_in_warmup = ins["seen"] < ins["warmup"]
        return bool(is_in_warmup or (order["target_kind"] <= TARGET_KIND.QTY and is_nothing))

    def _lay(self, o: int) -> None:
        """Lay an order of this decision on the positions, unless it is going to be refused."""
        if self._is_over(o):
            return
        if self._is_hopeless(o):
            self._end(o)
            return
        if self._takes_room(o):
            i = self._place(o)
            after = self._wish(o)
            change = self._qty(i, after - self._units[i])
            order = ProposedOrder(symbol=self._symbols[i], qty=change)
            if check(order, self.state_for(order.symbol), self._limits) is not None:
                self._end(o)
                return
            self._units[i] = after
        self._ahead += 1

    def _end(self, o: int) -> None:
        """An order ends, with its children and with the legs it fills together with."""
        order = self._order(o)
        self._ended.update(range(o, o + 1 + int(order["n_descendants"])))
        if order["group_kind"] == GROUP_KIND.ATOMIC:
            mate = int(order["next_in_group"])
            while mate != o:
                self._ended.add(mate)
                mate = int(self._order(mate)["next_in_group"])


def _of(
    exposures: Mapping[str, Exposure], returns: Mapping[str, Sequence[float]]
) -> dict[str, Sequence[float]]:
    return {symbol: returns[symbol] for symbol in exposures if symbol in returns}
