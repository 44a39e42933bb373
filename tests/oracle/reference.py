"""What a scenario must give: the written rule of fills and accounts, computed the slow way.

`simulate(scenario)` follows `docs/concepts/fills.md` section by section in exact decimals (prices
are the decimals of their floats, quantities are whole counts times the increment). It shares no
code with the simulator and knows no arrays and no shortcuts: one market event after the other, one
order after the other. The phases are here; prints are in `prints.py`, paths in `paths.py`, levels
in `levels.py`, lives of orders in `lives.py`, groups in `groups.py`, the strategy's actions in
`making.py`, money in `money.py`, what an account allows in `allowed.py`, its books in `booking.py`,
money of other currencies and rounding in `currencies.py`, when sales settle in `settlement.py`,
what time costs in `accruals.py`, its end in `failing.py`, the price of a fill in `costs.py`, what
it is charged in `charges.py`, caps in `liquidity.py`, nouns in `world.py`.

Where the written rule leaves room, the reading taken stands in a comment that starts `Reading:`.
Decisions that hang on amounts of money closer than one part in 10⁹, and the few on which the rule
is silent (prefix `rule:`), are listed in `Outcome.ambiguous`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, localcontext

from .accruals import accrue
from .booking import is_settling, settle
from .failing import look, recall
from .flows import pay
from .groups import finish
from .making import arrive_now, arrive_since, decide
from .paths import close_at_prints, walk
from .prints import fill_together
from .scenarios import BASE, BarRow, InstrumentSpec, Scenario
from .world import ZERO, Bar, EquityRow, FillRow, Order, OrderRow, Outcome, Print, State

__all__ = ["EquityRow", "FillRow", "OrderRow", "Outcome", "play", "simulate"]

DIGITS = 60


def simulate(scenario: Scenario) -> Outcome:
    """The fills, orders and equity rows that the written rule gives for a scenario."""
    with localcontext(prec=DIGITS):
        state = play(scenario)
        orders = [_order_row(state, order) for order in state.orders]
        debt = max(ZERO, -state.equity())
        return Outcome(
            state.fills, orders, state.equity_rows, state.notes, state.postings, state.calls,
            state.status, state.since, debt, state.balances,
        )  # fmt: skip


def play(scenario: Scenario) -> State:
    """The state at the end of a scenario."""
    specs = {spec.symbol: spec for spec in sorted(scenario.instruments, key=lambda s: s.symbol)}
    state = State(
        scenario=scenario,
        specs=specs,
        bars={symbol: _bars(scenario, spec) for symbol, spec in specs.items()},
        balances={BASE: Decimal(scenario.cash)},
        position=dict.fromkeys(specs, 0),
        peak=abs(Decimal(scenario.cash)),
    )
    ending: dict[int, dict[str, Bar]] = {}
    beginning: dict[int, dict[str, Bar]] = {}
    for symbol, bars in state.bars.items():
        for bar in bars:
            ending.setdefault(bar.t_close, {})[symbol] = bar
            beginning.setdefault(bar.t_open, {})[symbol] = bar
    for now in sorted(ending.keys() | beginning.keys()):
        state.now = now
        if state.is_over:
            break
        _step(state, ending.get(now, {}), beginning.get(now, {}))
        rates = {rate.symbol for rate in scenario.currencies.values()}
        if state.is_over and not rates.isdisjoint(beginning.get(now, {})):
            state.note("open: a run that stops where a rate opens")
    if len(state.postings) > state.looked_at:
        # What was filled or booked after the last look is judged at the end.
        look(state)
    return state


def _bars(scenario: Scenario, spec: InstrumentSpec) -> list[Bar]:
    bars: list[Bar] = []
    for row in spec.bars:
        volume = None if row.volume is None else Decimal(row.volume)
        bar = Bar(
            symbol=spec.symbol,
            t_open=row.t_open,
            t_close=row.t_close,
            session=row.session,
            open=Decimal(row.open),
            high=Decimal(row.high),
            low=Decimal(row.low),
            close=Decimal(row.close),
            volume=volume,
            earlier=bars[-1] if bars else None,
            spread=_spread(scenario, row),
            stands_in=scenario.execution.get("zero_volume", "reject"),
            borrow_shares=None if row.borrow_shares is None else Decimal(row.borrow_shares),
        )
        bars.append(bar)
    return bars


def _spread(scenario: Scenario, row: BarRow) -> Decimal | None:
    """The data's own column where there is one, else the quotes'; None where it is missing."""
    if "spread" in scenario.columns:
        return None if row.spread is None else Decimal(row.spread)
    if row.bid is None or row.ask is None:
        return None
    return Decimal(row.ask) - Decimal(row.bid)


def _order_row(state: State, order: Order) -> OrderRow:
    units = None if order.units is None else order.side * order.whole
    is_asked = any(r.number == order.number and r.action is None for r in state.requests)
    return OrderRow(
        order.number,
        # Reading: a cancel still under way when the run ends is told as such.
        "PENDING_CANCEL" if is_asked and order.working else order.status,
        order.side * order.filled,
        units,
        order.reason,
        order.needed,
        order.available,
    )


# ------------------------------------------------------------------------------- When things happen


def _step(state: State, ending: Mapping[str, Bar], beginning: Mapping[str, Bar]) -> None:
    """All phases of one timestamp."""
    arrive_since(state)
    if ending and is_settling(state) and not all(state.has_rate(symbol) for symbol in state.specs):
        # See `test_account_differences.py`.
        state.note("open: an account that settles, and a currency without a rate")
    if ending:
        _market(state, ending)
    _session_close(state)
    accrue(state)
    recall(state)
    look(state)
    state.looked_at = len(state.postings)
    if ending:
        # Reading: a run that ends with a timestamp has all of its phases.
        decide(state)
        if state.timing == "same_close":
            _same_close(state, ending)
        state.equity_rows.append(EquityRow(state.now, state.cash, state.equity()))
    else:
        arrive_now(state)
    settle(state)
    if beginning:
        pay(state, beginning)
    if beginning and not state.closes_only:
        _open(state, beginning)


def _market(state: State, ending: Mapping[str, Bar]) -> None:
    """Phase 1: the paths in lockstep, then the closing print; phase 5 marks the same closes."""
    state.capped_at = set()
    traded = {s: ending[s] for s in sorted(ending) if ending[s].has_path}
    before = dict(state.mark)
    if state.closes_only:
        close_at_prints(state, traded)
    else:
        walk(state, traded)
        before = dict(state.mark)
    # Reading: a bar without trading does not walk; it is marked with the closing prints.
    for symbol, bar in ending.items():
        state.mark[symbol] = bar.close
    prints = {s: _closing_print(state, "close", bar, before.get(s)) for s, bar in ending.items()}
    fill_together(state, {s: at for s, at in sorted(prints.items()) if at is not None})
    # What came at this close meets the same print as what came before.
    state.marks_before = before


def _closing_print(state: State, kind: str, bar: Bar, last: Decimal | None) -> Print | None:
    """The print at the end of a bar, if it has one: in closes-only data also at the last price."""
    if bar.has_path:
        return Print(kind, bar, bar.close, bar.t_close)
    if state.closes_only and bar.has_print and last is not None:
        return Print(kind, bar, last, bar.t_close)
    return None


def _session_close(state: State, *, after_same_close: bool = False) -> None:
    """Phase 2 (for what waits for phase 8: after it): orders whose time is over."""
    closing = {s for s, ns in state.scenario.session_closes.items() if ns == state.now}
    for order in state.orders:
        if not order.working:
            continue
        if order.good_till == state.now and not after_same_close:
            # Held or not, and before the prints of phases 8 and 12.
            finish(state, order, "EXPIRED", "good_till")
        waits = state.timing == "same_close" and order.type == "market"
        if waits != after_same_close or order.held:
            continue
        if order.tif == "DAY" and order.session in closing:
            finish(state, order, "EXPIRED", "day_end" if order.had_print else "no_print")


def _same_close(state: State, ending: Mapping[str, Bar]) -> None:
    """Phase 8: market orders decided now meet the close they were decided at."""
    before = state.marks_before
    prints = {s: _closing_print(state, "same", bar, before.get(s)) for s, bar in ending.items()}
    fill_together(state, {s: at for s, at in sorted(prints.items()) if at is not None})
    _session_close(state, after_same_close=True)


def _open(state: State, beginning: Mapping[str, Bar]) -> None:
    """Phase 12: the opening prints of all bars that begin now, together."""
    prints: dict[str, Print] = {}
    for symbol in sorted(beginning):
        bar = beginning[symbol]
        last = state.mark.get(symbol)
        if bar.has_path:
            prints[symbol] = Print("open", bar, bar.open, bar.t_open)
            state.mark[symbol] = bar.open
        elif bar.has_print and last is not None:
            # Reading: before it has a first price there is nothing to meet.
            prints[symbol] = Print("open", bar, last, bar.t_open)
    fill_together(state, prints)
