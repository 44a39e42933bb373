"""One run in progress: state, strategy, and the loop that joins them.

``Simulation`` can be stopped at any slice, turned into bytes and continued in another process; the
result is the same as if it had never stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date

import numpy as np

from quant.calendars import parse_schedule
from quant.engine.account import give_account
from quant.engine.assemble import assemble
from quant.engine.flatten import flattener
from quant.engine.flows import flows_left_out
from quant.engine.hooks import ticker, wants_of
from quant.engine.journal import Journal
from quant.engine.plan_install import install_plan
from quant.engine.timeline import (
    Period,
    Timeline,
    build_timeline,
    period_of,
    session_closes,
)
from quant.errors import ConfigError, InvariantError, RunError
from quant.kernel.codes import HALT, SLICE_FLAG, VALUATION
from quant.kernel.layout import word_of
from quant.kernel.memory import attach
from quant.kernel.run import drive
from quant.kernel.snapshot import SnapshotError, restore, snapshot
from quant.kernel.step import begin, break_off
from quant.lake import Bars
from quant.model.config import Config
from quant.strategy.base import Strategy
from quant.strategy.context import Context
from quant.strategy.declared import Declared
from quant.strategy.views import StateViews
from quant.strategy.witness import Witness

__all__ = ["Simulation"]

_NOW = word_of("sim", "now")
_CHUNK = 50_000


class Simulation:
    """A strategy on bars, from its first session to its last.

    Parameters
    ----------
    strategy : Strategy
    bars : Bars
    config : Config
    start, end : date, optional
        Session labels, both inclusive; rows before ``start`` only feed views.
    witness : Witness, optional
        Notes what the strategy reads and decides.
    is_open_ended : bool
        Whether ``end`` may lie after the last bar: sessions without one are walked too.

    Examples
    --------
    See ``quant.engine.backtest``, which is what users call.
    """

    def __init__(
        self,
        strategy: Strategy,
        bars: Bars,
        config: Config,
        *,
        start: date | None = None,
        end: date | None = None,
        witness: Witness | None = None,
        is_open_ended: bool = False,
    ) -> None:
        _check_calendar(config, bars)
        self.strategy = strategy
        self.bars = bars
        self.config = config
        self.period = period_of(bars, start, end, is_open_ended=is_open_ended)
        self.timeline = self._build_timeline([])
        self.state = assemble(bars, config, self.timeline, self.period)
        self._token = attach(self.state)
        self.views = StateViews(self.state)
        sim = self.views.sim_q
        self.journal = Journal(lambda: sim[_NOW])
        self.ctx = Context(bars, config, self.views, self.journal.note, witness)
        _check_window(config, bars, self.period)
        self._tick: Callable[[], None] | None = None
        self._failure: list[BaseException] = []

    def _build_timeline(self, timers: list[str]) -> Timeline:
        bars = self.bars
        closes = session_closes(bars)
        last = min(self.period.last, len(bars.calendar.days) - 1)
        instants = [
            parse_schedule(spec).instants(bars.calendar, self.period.first, last, closes=closes)
            for spec in timers
        ]
        wants = wants_of(self.strategy)
        hooks = wants.opens or wants.closes
        return build_timeline(bars, self.period, instants, with_session_hooks=hooks)

    def prepare(self) -> None:
        """Feed the bars before the start, post the deposit and run ``on_start``."""
        self._drive(self._first_slice(), lambda: None)
        sim = self.state["sim"][0]
        sim["now"] = self.timeline.start
        sim["session"] = self.period.first
        begin(self.state.address)
        self.ctx.features.is_open = True
        self.strategy.on_start(self.ctx)
        self._settle()
        self.journal.note("start", strategy=type(self.strategy).__name__)
        for flow in flows_left_out(self.config, self.bars, self.period):
            self.journal.note(
                "cash_flow_left_out", level="warning", date=flow.date, amount=flow.amount
            )

    def _settle(self) -> None:
        """What ``on_start`` declared takes effect."""
        self.ctx.features.is_open = False
        warmup = self.strategy.warmup
        if not isinstance(warmup, int) or isinstance(warmup, bool) or warmup < 0:
            raise ConfigError(
                f"{type(self.strategy).__name__}.warmup: expected a whole number of bars, found "
                f"{warmup!r}; change it."
            )
        instruments = self.state["instruments"]
        instruments["warmup"] = warmup
        for i, bars_needed in self.ctx.features.lookbacks.items():
            instruments["warmup"][i] = max(warmup, bars_needed)
        if self.ctx.witness is not None:
            self.ctx.witness.decide("warmup", *instruments["warmup"].tolist())
        wants_of(self.strategy).write(self.state)
        if self.ctx.timers:
            self.timeline = self._build_timeline([spec for spec, _ in self.ctx.timers])
            self.state.arrays["slices"] = self.timeline.slices
            self.state.refresh()
            self.state["sim"][0]["n_slices"] = len(self.timeline.slices)
        guards = []
        if self.ctx.risk.limits.on_loss_stop == "flatten":
            # asked at every bar, whatever the strategy wants
            self.state["sim"][0]["wants_bars"] = 1
            guards.append(flattener(self.ctx, self.journal.note))
        self.ctx.risk.can_flatten = bool(guards)
        is_plain = not guards and not self.ctx.delays.is_any and self.ctx.witness is None
        if is_plain and isinstance(self.strategy, Declared) and self.strategy.fits_kernel:
            install_plan(self.state, self.strategy.plan, self.timeline)
        self._tick = ticker(
            self.strategy,
            self.ctx,
            self.state,
            self.bars,
            self.timeline.timer_ids.tolist(),
            self._failure,
            guards,
        )

    def _first_slice(self) -> int:
        """The first slice that is not warm-up."""
        warm = (self.timeline.slices["flags"] & SLICE_FLAG.WARM) != 0
        return int(np.argmin(warm)) if not warm.all() else len(warm)

    @property
    def n_slices(self) -> int:
        """Timestamps of the run, warm-up included; fewer where a call of the account ends it."""
        return min(len(self.timeline.slices), int(self.state["sim"][0]["n_slices"]))

    @property
    def slice(self) -> int:
        """The timestamp that comes next."""
        return int(self.state["sim"][0]["slice"])

    @property
    def is_done(self) -> bool:
        """Whether every timestamp has been walked."""
        return self.slice >= self.n_slices

    def advance(
        self, until: int | None = None, on_progress: Callable[[int], None] | None = None
    ) -> None:
        """Walk timestamps up to ``until`` (default: all), telling progress now and then."""
        assert self._tick is not None
        goal = self.n_slices if until is None else min(until, self.n_slices)
        while self.slice < min(goal, self.n_slices):
            self._drive(min(goal, self.slice + _CHUNK), self._tick)
            if on_progress is not None:
                on_progress(self.slice)

    def _drive(self, until: int, tick: Callable[[], None]) -> None:
        code = drive(self.state, tick, until, self.views.refresh)
        if self._failure:
            raise self._failure[0]
        if code == HALT.STOPPED:
            raise InvariantError("the loop stopped without a reason; this is a bug in quant.")

    def replace_account(
        self, cash: float, positions: Mapping[str, float], prices: Mapping[str, float]
    ) -> None:
        """Put cash and positions in the place of the simulated ones; working orders are gone.

        For decisions, not for results: the books no longer explain the account.

        Raises
        ------
        ConfigError
            For a symbol that the data does not have.
        """
        give_account(self.state, self.bars.symbols, cash, positions, prices)
        self.views.refresh()
        self.ctx.desk.rebuild(self.ctx.desk.tags)
        self.ctx.risk.forget()
        self.state["risks"]["n_orders_session"] = 0

    def break_off(self) -> None:
        """After a failure: write the equity row of the timestamp whose decision failed."""
        break_off(self.state.address)

    def finish(self) -> None:
        """Run ``on_end``, and check that the books add up."""
        if self.ctx.witness is not None:
            self.ctx.witness.is_on = False
        self.strategy.on_end(self.ctx)
        self.check_books()
        self.journal.note("end")

    def check_books(self) -> None:
        """Raise InvariantError unless cash is the sum of postings and equity that of its parts."""
        state = self.state
        account = state["accounts"][0]
        postings = state.used("postings")
        cash = 0.0
        for c, balance in enumerate(state["balances"]):
            own = float(balance["cash"])
            total = 0.0
            for amount in postings["amount"][postings["currency"] == c].tolist():
                total += amount
            if abs(total - own) > 1e-9 * max(1.0, abs(own), abs(float(account["equity"]))):
                raise InvariantError(
                    f"ledger: expected postings to sum to cash {own!r}, found {total!r} at slice "
                    f"{self.slice}, seed {self.config.seed}; this is a bug in quant."
                )
            if own != 0.0:
                cash += own * float(balance["fx"])
        scale = max(1.0, abs(cash), abs(float(account["equity"])))
        value = 0.0
        for position in state["positions"]:
            if position["units"] != 0:
                ins = state["instruments"][int(position["instrument"])]
                qty = position["units"] * ins["unit_num"] / ins["unit_den"]
                price = ins["mark"]
                if ins["valuation"] != VALUATION.PAID:
                    price = price - position["reference"]
                fx = state["balances"][int(ins["currency"])]["fx"]
                value += float(qty * ins["multiplier"] * price * fx)
        if abs(cash + value - float(account["equity"])) > 1e-9 * scale:
            raise InvariantError(
                f"equity: expected cash {cash!r} plus positions {value!r}, found "
                f"{float(account['equity'])!r} at slice {self.slice}; this is a bug in quant."
            )

    def snapshot(self) -> bytes:
        """Everything needed to go on elsewhere: kernel, strategy state, tags, random numbers."""
        head = {
            "data": self.bars.source.sha256,
            "state": self.strategy.state,
            "tags": self.ctx.desk.tags,
            "random": _random_state(self.ctx),
            "log": self.journal.lines,
        }
        text = json.dumps(head).encode()
        return len(text).to_bytes(8, "little") + text + snapshot(self.state)

    def resume(self, data: bytes) -> None:
        """Continue from a snapshot of the same strategy, data and settings.

        Runs ``on_start`` to declare indicators and timers again, then puts everything back.
        """
        size = int.from_bytes(data[:8], "little")
        try:
            head = json.loads(data[8 : 8 + size])
            version = head["data"]
        except (ValueError, KeyError, TypeError):
            raise RunError(
                "snapshot: expected bytes made by Simulation.snapshot, found something else or a "
                "part of them; make a new one."
            ) from None
        if version != self.bars.source.sha256:
            raise RunError(
                f"snapshot: expected data {version[:12]}, found "
                f"{self.bars.source.sha256[:12]}; continue it on the data it was made on."
            )
        self.prepare()
        try:
            restore(self.state, data[8 + size :])
        except SnapshotError as error:
            raise RunError(str(error)) from None
        self.views.refresh()
        self.strategy.state = head["state"]
        self.ctx.desk.rebuild(head["tags"])
        self.ctx.risk.rebuild()
        self.journal.lines[:] = head["log"]
        if head["random"] is not None:
            generator = self.ctx.random
            generator.bit_generator.state = _from_json(head["random"])


def _check_calendar(config: Config, bars: Bars) -> None:
    """The settings may not ask for another calendar than the data was loaded with."""
    if config.calendar not in ("auto", bars.calendar.name):
        raise ConfigError(
            f"config calendar: expected that of the loaded data ({bars.calendar.name}) or auto, "
            f"found {config.calendar!r}; load the data with that calendar."
        )


def _check_window(config: Config, bars: Bars, period: Period) -> None:
    """Limits that look back must be able to see that far by the run's end."""
    known = period.last - int(bars.session.min())
    if config.risk.looks_back and known < config.risk.window:
        name = "max_var" if config.risk.max_var is not None else "vol_target"
        raise ConfigError(
            f"config risk.window and risk.{name}: expected at most the {known} session returns "
            f"that there are by the end of the run, found {config.risk.window}, so that no order "
            "could ever be judged; lower window or begin the data earlier."
        )


def _random_state(ctx: Context) -> object:
    """The state of the strategy's generator as JSON types; None if it was never used."""
    if ctx._random is None:
        return None
    return _to_json(ctx._random.bit_generator.state)


def _to_json(value: object) -> object:
    if isinstance(value, dict):
        return {str(k): _to_json(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return {"__array__": value.tolist(), "dtype": str(value.dtype)}
    return value.item() if isinstance(value, np.generic) else value


def _from_json(value: object) -> dict[str, object]:
    def back(x: object) -> object:
        if isinstance(x, dict):
            if "__array__" in x:
                return np.array(x["__array__"], dtype=x["dtype"])
            return {k: back(v) for k, v in x.items()}
        return x

    result = back(value)
    assert isinstance(result, dict)
    return result
