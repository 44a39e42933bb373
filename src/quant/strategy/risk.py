"""``ctx.risk``: the limits in force, how near they are, and what they would say to an order."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from quant.errors import ConfigError, nearest
from quant.kernel.codes import ON_STOP, names
from quant.kernel.layout import ARRAYS, word_of
from quant.kernel.stops import judge_rows
from quant.lake import Bars
from quant.model.config import Config
from quant.model.limits import STOPS, RiskLimits, check_limits
from quant.risk.limits import AccountState, ProposedOrder, Refusal, check, met_stop
from quant.risk.scenarios import scenario_results, session_marks, value_at_risk, volatility
from quant.strategy.desk import OrderDesk
from quant.strategy.proposed import Projection
from quant.strategy.views import StateViews
from quant.strategy.witness import Witness

__all__ = ["Risk", "RiskNow"]

_ACCOUNT = {name: word_of("accounts", name) for name in ("max_gross", "max_symbol", "max_leverage")}
_RISK = {name: word_of("risks", name) for name in ARRAYS["risks"].names or ()}
_EQUITY = word_of("accounts", "equity")
_GROSS = word_of("accounts", "gross")
_NET = word_of("accounts", "net")
_SESSION = word_of("sim", "session")
_NOW = word_of("sim", "now")
_N_EQUITY = word_of("sim", "n_equity")
_FIELDS = [field.name for field in dataclasses.fields(RiskLimits)]
_NUMBERS = [name for name in _FIELDS if name not in ("on_loss_stop", "window")]
# the leverage is looked at with the account's money, not before orders leave
_LOOKED_AT = [name for name in _NUMBERS if name != "max_leverage"]
_WHOLE = ("max_orders_per_session",)
_ON_STOP = names(ON_STOP)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskNow:
    """How an account stands against limits; fractions of equity where nothing else is said.

    Attributes
    ----------
    gross, net : float
        |long| + |short|, and long less short, of what is held.
    sectors : mapping of str to float
        Gross by sector, of instruments that have one.
    session_loss : float
        Loss since the session began, a fraction of the equity it began with; negative for a gain.
    drawdown : float
        Fall from the peak, a fraction of it.
    n_orders : int
        Orders that have left in this session.
    value_at_risk, volatility : float
        Of what is held, as ``max_var`` and ``vol_target`` have them; NaN where neither is set, or
        where the returns are not known yet.
    stop : str or None
        The loss stop that holds, or that the equity of now meets.
    """

    gross: float
    net: float
    sectors: Mapping[str, float]
    session_loss: float
    drawdown: float
    n_orders: int
    value_at_risk: float
    volatility: float
    stop: str | None


class Risk:
    """``ctx.risk``: limits checked before an order leaves.

    Examples
    --------
    In a hook::

        ctx.risk.set(max_gross=1.0, daily_loss_stop=0.02)
        if ctx.risk.check("SPY", 100) is None:
            ctx.order("SPY", 100)
    """

    def __init__(
        self,
        views: StateViews,
        bars: Bars,
        config: Config,
        desk: OrderDesk,
        witness: Witness | None,
    ) -> None:
        self._views = views
        self._bars = bars
        self._desk = desk
        self._witness = witness
        self._sectors = [config.settings_of(symbol).sector for symbol in bars.symbols]
        # false once the run has begun without a guard that could close positions
        self.can_flatten = True
        self._write(config.risk)

    def __repr__(self) -> str:
        shown = {name: value for name, value in self.caps.items() if value is not None}
        return f"<Risk limits={shown} now={self.now}>"

    @property
    def limits(self) -> RiskLimits:
        """The limits in force."""
        q = self._views.risk_q
        return RiskLimits(
            **self.caps,  # type: ignore[arg-type]
            on_loss_stop=_ON_STOP[q[_RISK["on_stop"]]],
            window=q[_RISK["window"]],
        )

    @property
    def caps(self) -> dict[str, float | None]:
        """The limits in force by name; None where there is none."""
        found: dict[str, float | None] = {}
        for name in _NUMBERS:
            bound = self._floats(name)[self._word(name)]
            found[name] = None if bound != bound else bound
            if name in _WHOLE and bound == bound:
                found[name] = int(bound)
        return found

    def _word(self, name: str) -> int:
        return _ACCOUNT[name] if name in _ACCOUNT else _RISK[name]

    def _floats(self, name: str) -> memoryview[float]:
        return self._views.account_f if name in _ACCOUNT else self._views.risk_f

    def set(self, **limits: Any) -> None:
        """Change limits by the names of `RiskLimits`; None lifts one.

        An order beyond a limit is REJECTED with the reason ``risk_`` and the limit's name. A stop
        that is set anew is judged anew. ``flatten`` can be chosen in the settings and in
        ``on_start``.

        Raises
        ------
        ConfigError
            For an unknown name (naming the nearest), a value out of range, or a contradiction.
        """
        for name in limits:
            if name not in _FIELDS:
                raise ConfigError(
                    f"ctx.risk.set: unknown limit {name!r}, expected one of {', '.join(_FIELDS)}; "
                    f"correct it.{nearest(name, _FIELDS)}"
                )
        merged = {name: getattr(self.limits, name) for name in _FIELDS} | limits
        found = check_limits("ctx.risk.set ", merged)
        self._check_meaning(found, limits)
        if self._witness is not None:
            for name in limits:
                value = found[name]
                self._witness.decide("risk.set", name, math.nan if value is None else value)
        if any(name in STOPS for name in limits):
            self._catch_up()
        self._write(RiskLimits(**found))
        for name, flag in zip(STOPS, ("is_loss_stopped", "is_drawdown_stopped"), strict=True):
            if name in limits:
                self._views.risk_q[_RISK[flag]] = 0

    def _check_meaning(self, found: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        """What the limits need from elsewhere must be there."""
        if given.get("max_sector") is not None and not any(self._sectors):
            raise ConfigError(
                "ctx.risk.set max_sector and instruments: expected a sector of at least one "
                "instrument, found none; set instruments.SYMBOL.sector in the settings."
            )
        if found["on_loss_stop"] == "flatten" and not self.can_flatten:
            raise ConfigError(
                "ctx.risk.set on_loss_stop: expected flatten in the settings or in on_start, found "
                "it later; move it there."
            )

    def reset(self) -> None:
        """Lift the stops that hold. Peak and the session's loss count anew from now on."""
        if self._witness is not None:
            self._witness.decide("risk.reset")
        self.forget()

    def forget(self) -> None:
        """Begin anew with the equity of now, without a word to a witness."""
        self._catch_up()
        q, f = self._views.risk_q, self._views.risk_f
        equity = self._views.account_f[_EQUITY]
        q[_RISK["is_loss_stopped"]] = q[_RISK["is_drawdown_stopped"]] = 0
        q[_RISK["session"]] = self._views.sim_q[_SESSION]
        for name in ("equity_begin", "equity_last", "peak"):
            f[_RISK[name]] = equity

    def rebuild(self) -> None:
        """Know again, in a restored state, what is no part of a snapshot."""
        self._know_past(self.limits)

    def check(self, symbol: str, qty: float) -> Refusal | None:
        """What the limits would say now to an order for a signed quantity; None: nothing.

        Positions count with all working orders and with those made before in this decision, at
        last prices. ``max_leverage``, which is looked at with the account's money, is not asked.

        Raises
        ------
        OrderError
            For an unknown symbol, or a quantity that is not a number.
        """
        limits = self.limits
        order = ProposedOrder(symbol=symbol, qty=self._desk.cut(symbol, qty))
        account = self._account(limits)
        state = self._views.state
        projection = Projection(state, self._bars.symbols, limits, account, self._sectors)
        return check(order, projection.state_for(symbol), limits)

    @property
    def now(self) -> RiskNow:
        """The figures that limits are held against, at the marks of now."""
        equity = self._views.account_f[_EQUITY]
        worth = self._worth()
        by_sector: dict[str, float] = {name: 0.0 for name in self._sectors if name is not None}
        for value, sector in zip(worth.values(), self._sectors, strict=True):
            if sector is not None:
                by_sector[sector] += abs(value)
        limits = self.limits
        account = self._account(limits)
        results = scenario_results(worth, account.returns) if account.returns else []
        begin, peak = self._bases()
        return RiskNow(
            gross=account.share(self._views.account_f[_GROSS]),
            net=self._views.account_f[_NET] / equity if equity > 0.0 else math.nan,
            sectors={name: account.share(value) for name, value in sorted(by_sector.items())},
            session_loss=_fall(begin, equity),
            drawdown=max(_fall(peak, equity), 0.0),
            n_orders=account.n_orders,
            value_at_risk=value_at_risk(results, equity),
            volatility=volatility(results, equity, account.periods_per_year),
            stop=self._stop_that_holds() or met_stop(account, limits),
        )

    # ------------------------------------------------------------------------------ what is behind

    def judge(self) -> str | None:
        """Hold the equity of now against the stops; the one that holds."""
        judge_rows(self._views.state.address, 0, 1)
        return self._stop_that_holds()

    def _catch_up(self) -> None:
        """Hold the rows written so far against the stops."""
        if self._views.sim_q[_N_EQUITY] > self._views.risk_q[_RISK["row_next"]]:
            judge_rows(self._views.state.address, 0, 0)

    def _stop_that_holds(self) -> str | None:
        self._catch_up()
        q = self._views.risk_q
        if q[_RISK["is_drawdown_stopped"]]:
            return "drawdown_stop"
        is_now = q[_RISK["session"]] == self._views.sim_q[_SESSION]
        return "daily_loss_stop" if is_now and q[_RISK["is_loss_stopped"]] else None

    def found(self, stop: str) -> float:
        """The fall at which a stop that holds was met, or a deeper one since."""
        name = "loss_found" if stop == "daily_loss_stop" else "drawdown_found"
        return self._views.risk_f[_RISK[name]]

    def _bases(self) -> tuple[float, float]:
        """Equity at the session's beginning, and its peak."""
        self._catch_up()
        q, f = self._views.risk_q, self._views.risk_f
        is_now = q[_RISK["session"]] == self._views.sim_q[_SESSION]
        return f[_RISK["equity_begin" if is_now else "equity_last"]], f[_RISK["peak"]]

    def _worth(self) -> dict[str, float]:
        """Signed market values by symbol."""
        state = self._views.state
        ins, units = state["instruments"], state["positions"]["units"]
        qty = units * ins["unit_num"] / ins["unit_den"]
        worth = np.where(units != 0, qty * ins["multiplier"] * ins["mark"], 0.0)
        return dict(zip(self._bars.symbols, worth.tolist(), strict=True))

    def _account(self, limits: RiskLimits) -> AccountState:
        """The account without its exposures. A look at it is no judgement: no stop holds by it."""
        q = self._views.risk_q
        is_now = q[_RISK["count_session"]] == self._views.sim_q[_SESSION]
        equity = self._views.account_f[_EQUITY]
        stop = self._stop_that_holds()
        begin, peak = self._bases()
        loss, drawdown = _fall(begin, equity), _fall(peak, equity)
        if stop == "daily_loss_stop":
            loss = max(loss, self.found(stop))
        elif stop == "drawdown_stop":
            drawdown = max(drawdown, self.found(stop))
        return AccountState(
            equity=equity,
            exposures={},
            n_orders=q[_RISK["n_orders_session"]] if is_now else 0,
            session_loss=loss,
            drawdown=drawdown,
            returns=self._returns(limits) if limits.looks_back else {},
            periods_per_year=float(self._bars.calendar.periods_per_year),
        )

    def _returns(self, limits: RiskLimits) -> dict[str, list[float]]:
        """Returns of the last sessions that have ended by now; none where they are too few."""
        state, n = self._views.state, len(self._bars.symbols)
        marks = state["session_marks"].reshape(-1, n).view(np.float64)
        session = self._views.sim_q[_SESSION]
        last = session - self._views.risk_q[_RISK["first_session"]]
        if int(state["session_closes"][session]) > self._views.sim_q[_NOW]:
            last -= 1
        last = min(last, len(marks) - 1)
        if last < limits.window:
            return {}
        seen = marks[last - limits.window : last + 1]
        before = np.where(seen[:-1] > 0.0, seen[:-1], np.nan)
        found = seen[1:] / before - 1.0
        return {symbol: found[:, i].tolist() for i, symbol in enumerate(self._bars.symbols)}

    def _write(self, limits: RiskLimits) -> None:
        """Put limits where the kernel reads them."""
        for name in _NUMBERS:
            value = getattr(limits, name)
            self._floats(name)[self._word(name)] = math.nan if value is None else float(value)
        q, f = self._views.risk_q, self._views.risk_f
        q[_RISK["n_limits"]] = sum(getattr(limits, name) is not None for name in _LOOKED_AT)
        q[_RISK["on_stop"]] = ON_STOP.FLATTEN if limits.on_loss_stop == "flatten" else ON_STOP.BLOCK
        q[_RISK["window"]] = limits.window
        f[_RISK["periods_root"]] = math.sqrt(self._bars.calendar.periods_per_year)
        self._know_past(limits)

    def _know_past(self, limits: RiskLimits) -> None:
        """Lay out the prices of past sessions, once a limit asks for them."""
        if not limits.looks_back:
            return
        state, bars = self._views.state, self._bars
        arrays: dict[str, Any] = state.arrays
        if len(arrays["session_marks"]) == 0:
            first, last = int(bars.session.min()), int(bars.session.max())
            self._views.risk_q[_RISK["first_session"]] = first
            closes: Any = state["session_closes"]
            arrays["session_marks"] = session_marks(
                bars.ts_close, bars.columns["close"], bars.offsets, closes[first : last + 1]
            ).ravel()
        if len(arrays["scenario_results"]) < limits.window:
            arrays["scenario_results"] = np.zeros(limits.window)
        state.refresh()


def _fall(before: float, now: float) -> float:
    """The part of an amount that is gone; of nothing, all is."""
    return (before - now) / before if before > 0.0 else math.inf
