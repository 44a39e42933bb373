"""Goal: limits hold whatever is asked for, the kernel and `risk.check` agree, and nothing that only
looks, splits or renames a run changes who is refused.

Method: hypothesis draws small markets, limits and strategies that ask for orders of many kinds;
``QUANT_PROPERTY_EXAMPLES`` sets how many (100 by default, always the same ones).
"""

from __future__ import annotations

import math
import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.worlds import Played, market, play
from quant.engine.simulation import Simulation
from quant.kernel.codes import REASON, names
from quant.kernel.snapshot import own_hash
from quant.model.parse import config_from
from quant.risk import Refusal
from quant.strategy import Context, OneCancelsOther, Order, Slice, Strategy

_N = int(os.environ.get("QUANT_PROPERTY_EXAMPLES", "100"))
drawn = settings(max_examples=_N, deadline=None, derandomize=_N == 100)
REASONS = names(REASON)
SECTORS = {"A": {"sector": "x"}, "B": {"sector": "x"}, "C": {"sector": "y"}}


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


@st.composite
def limits(draw: st.DrawFn) -> dict[str, Any]:
    share = st.integers(1, 30).map(lambda n: n / 16)
    found = {
        name: draw(some(share))
        for name in ("max_gross", "max_symbol", "max_net", "max_sector", "max_order_share")
    }
    found["max_order_qty"] = draw(some(st.integers(3, 60)))
    found["max_order_notional"] = draw(some(st.integers(50, 900)))
    found["max_orders_per_session"] = draw(some(st.integers(1, 6)))
    found["daily_loss_stop"] = draw(some(st.sampled_from([0.01, 0.05, 0.2])))
    found["drawdown_stop"] = draw(some(st.sampled_from([0.05, 0.2])))
    return found


@st.composite
def looking_back(draw: st.DrawFn) -> dict[str, Any]:
    """Limits that need the past besides the others."""
    found = draw(limits()) | {"window": 20}
    found["max_var"] = draw(some(st.integers(1, 20).map(lambda n: n / 64)))
    found["vol_target"] = draw(some(st.integers(1, 40).map(lambda n: n / 16)))
    return found


Walk = list[tuple[float, ...]]


@st.composite
def walk(draw: st.DrawFn, n: int) -> Walk:
    closes = [10.0]
    for step in draw(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), min_size=n, max_size=n)):
        closes.append(max(closes[-1] + step, 2.0))
    opens = [closes[0], *closes[:-1]]
    return [(o, max(o, c), min(o, c), c) for o, c in zip(opens, closes, strict=True)]


class Asks(Strategy):
    """Asks for orders of many kinds by random numbers, and before each plain one what the limits
    would say. What takes orders back comes first: it would change what was said before it."""

    def __init__(self, *, looks: bool = True, first: int = 0) -> None:
        self.looks = looks
        self.first = first
        self.expected: dict[int, Refusal | None] = {}

    def on_slice(self, market: Slice, ctx: Context) -> None:
        self.state["n"] = self.state.get("n", 0) + 1
        draw = [
            (
                int(ctx.random.integers(0, 7)),
                str(ctx.random.choice(ctx.symbols)),
                int(ctx.random.integers(1, 60)) * (1 if ctx.random.random() < 0.6 else -1),
            )
            for _ in range(int(ctx.random.integers(0, 5)))
        ]
        if self.state["n"] > self.first:
            if ctx.random.random() < 0.3:
                ctx.cancel("g")
            for kind, symbol, size in sorted(draw):
                self.ask(kind, symbol, size, ctx)

    def ask(self, kind: int, symbol: str, size: int, ctx: Context) -> None:
        if kind == 0:
            ctx.order_target(symbol, weight=size / 40)
        elif kind <= 3:
            said = ctx.risk.check(symbol, size) if self.looks else None
            self.expected[ctx.order(symbol, size)] = said
        elif kind == 4:
            said = ctx.risk.check(symbol, size) if self.looks else None
            made = ctx.order(symbol, size, "limit", limit_price=9.0, tif="GTC", tag="g")
            self.expected[made] = said
        elif kind == 5:
            legs = tuple(
                Order(symbol=symbol, qty=size, type="limit", limit_price=p, tif="GTC")
                for p in (8.0, 9.0)
            )
            ctx.submit(OneCancelsOther(orders=legs))
        else:
            ctx.bracket(symbol, abs(size), take_profit=14.0, stop_loss=6.0)


def config(risk: dict[str, Any], seed: int) -> dict[str, Any]:
    return {
        "cash": 1_000,
        "seed": seed,
        "risk": risk,
        "account": {"kind": "gross_leverage", "k": 50.0},
        "instruments": SECTORS,
    }


def outcomes(played: Played) -> dict[int, tuple[str, float, float]]:
    """Rule, value and limit by order, of those refused by a limit."""
    return {
        o + 1: (
            REASONS[int(order["reason"])].removeprefix("risk_"),
            float(order["needed"]),
            float(order["available"]),
        )
        for o, order in enumerate(played.simulation.state.used("orders"))
        if REASONS[int(order["reason"])].startswith("risk_")
    }


def same(one: float, other: float) -> bool:
    return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=1e-9)


@drawn
@given(st.data(), looking_back(), st.integers(0, 10**6))
def test_the_check_in_python_says_what_the_kernel_does(
    data: st.DataObject, risk: dict[str, Any], seed: int
) -> None:
    bars = market(**{name: data.draw(walk(26)) for name in "ABC"})
    strategy = Asks(first=data.draw(st.sampled_from([0, 18])))
    played = play(strategy, bars, config(risk, seed))
    found = outcomes(played)
    for order_id, said in strategy.expected.items():
        if said is None:
            assert order_id not in found
            continue
        rule, value, limit = found[order_id]
        assert (rule, limit) == (said.rule, said.limit)
        assert same(value, said.value)


@drawn
@given(st.data(), looking_back(), st.integers(0, 10**6))
def test_looking_changes_nothing(data: st.DataObject, risk: dict[str, Any], seed: int) -> None:
    bars = market(**{name: data.draw(walk(24)) for name in "ABC"})
    one = play(Asks(), bars, config(risk, seed))
    other = play(Asks(looks=False), bars, config(risk, seed))
    assert one.own_hash == other.own_hash


class Plain(Strategy):
    """One market order per symbol, at prices that never move: what is checked is what is filled."""

    def __init__(self) -> None:
        self.held: list[float] = []

    def on_slice(self, market: Slice, ctx: Context) -> None:
        for symbol in ctx.random.permutation(list(ctx.symbols)).tolist():
            self.held.append(ctx.portfolio.qty(symbol))
            ctx.order(symbol, int(ctx.random.integers(-60, 61)) or 1)


@drawn
@given(limits(), st.integers(0, 10**6))
def test_no_sequence_of_orders_leaves_the_account_beyond_a_limit(
    risk: dict[str, Any], seed: int
) -> None:
    """All prices are 10 and nothing costs: after every timestamp the account is within each limit
    on exposures, and no order that opened was larger or later than it might be."""
    bars = market(**{name: [(10.0,) * 4] * 12 for name in "ABC"})
    run = Simulation(Plain(), bars, config_from(config(risk, seed)))
    run.prepare()
    while not run.is_done:
        run.advance(until=run.slice + 1)
        now = run.ctx.risk.now
        values = [abs(one.market_value) for one in run.ctx.portfolio.positions.values()]
        tables = {
            "max_gross": now.gross,
            "max_symbol": max(values, default=0.0) / 1_000,
            "max_sector": max(now.sectors.values()),
        }
        for name, value in tables.items():
            assert risk[name] is None or value <= risk[name] * (1 + 1e-9)
    left: dict[int, int] = {}
    for order, held in zip(run.state.used("orders"), run.strategy.held, strict=True):
        if REASONS[int(order["reason"])].startswith("risk_"):
            continue
        session = int(order["session_sent"])
        left[session] = left.get(session, 0) + 1
        qty = int(order["units"])
        if held * order["side"] < 0 and qty <= abs(held):
            continue
        sizes = {
            "max_order_qty": qty,
            "max_order_notional": qty * 10,
            "max_order_share": qty * 10 / 1_000,
            "max_orders_per_session": left[session],
        }
        for name, value in sizes.items():
            assert risk[name] is None or value <= risk[name] * (1 + 1e-9)


@drawn
@given(st.integers(0, 10**6), st.sampled_from([0.3, 0.6, 1.0]), st.integers(2, 10))
def test_the_net_holds_as_long_as_nothing_is_closed(seed: int, most: float, n: int) -> None:
    class Opens(Strategy):
        def on_slice(self, market: Slice, ctx: Context) -> None:
            # A is only bought and B only sold
            ctx.order("A", int(ctx.random.integers(1, 40)))
            ctx.order("B", -int(ctx.random.integers(1, 40)))

    bars = market(**{name: [(10.0,) * 4] * n for name in "ABC"})
    run = Simulation(Opens(), bars, config_from(config({"max_net": most}, seed)))
    run.prepare()
    while not run.is_done:
        run.advance(until=run.slice + 1)
        assert abs(run.ctx.risk.now.net) <= most * (1 + 1e-9)


@drawn
@given(st.data(), st.permutations(["A", "B", "C"]), st.integers(0, 10**6))
def test_names_do_not_decide_who_is_refused(
    data: st.DataObject, order: list[str], seed: int
) -> None:
    """One order per decision, so that orders do not compete."""
    rows = {name: data.draw(walk(24)) for name in "ABC"}
    risk = data.draw(looking_back())
    renamed = dict(zip("ABC", order, strict=True))

    class One(Strategy):
        def __init__(self, called: dict[str, str]) -> None:
            self.called = called

        def on_slice(self, market: Slice, ctx: Context) -> None:
            name = "ABC"[int(ctx.random.integers(0, 3))]
            ctx.order(self.called[name], int(ctx.random.integers(-60, 61)) or 1)

    def fates(called: dict[str, str]) -> list[tuple[Any, ...]]:
        settings = config(risk, seed) | {
            "instruments": {called[name]: one for name, one in SECTORS.items()}
        }
        played = play(One(called), market(**{called[n]: row for n, row in rows.items()}), settings)
        return played.fates

    assert fates(renamed) == fates({name: name for name in "ABC"})


@drawn
@given(st.data(), looking_back(), st.booleans(), st.integers(0, 10**6))
def test_a_run_split_at_any_bar_is_one_run(
    data: st.DataObject, risk: dict[str, Any], flattens: bool, seed: int
) -> None:
    if flattens:
        risk = risk | {"on_loss_stop": "flatten", "daily_loss_stop": 0.03}
    bars = market(**{name: data.draw(walk(24)) for name in "ABC"})
    whole = play(Asks(), bars, config(risk, seed))
    cut = data.draw(st.integers(1, whole.simulation.n_slices - 1))
    settings = config_from(config(risk, seed))
    first = Simulation(Asks(), bars, settings)
    first.prepare()
    first.advance(until=cut)
    second = Simulation(Asks(), bars, settings)
    second.resume(first.snapshot())
    second.advance()
    second.finish()
    assert own_hash(second.state) == whole.own_hash
    assert second.ctx.desk.tags == whole.simulation.ctx.desk.tags
    lines = [line for line in second.journal.lines if line["event"] == "risk_flatten"]
    wanted = [line for line in whole.simulation.journal.lines if line["event"] == "risk_flatten"]
    assert lines == wanted


@drawn
@given(st.data(), looking_back(), st.integers(0, 10**6))
def test_the_future_decides_no_refusal(
    data: st.DataObject, risk: dict[str, Any], seed: int
) -> None:
    """The table of past prices holds those of the whole data; a part must not tell."""
    rows = {name: data.draw(walk(30)) for name in "ABC"}
    cut = data.draw(st.integers(22, 30))
    full = play(Asks(), market(**rows), config(risk, seed))
    part = play(Asks(), market(**{n: row[:cut] for n, row in rows.items()}), config(risk, seed))
    # orders of the last decision have met no print yet, but every limit
    n = len(part.fates)
    found, wanted = outcomes(part), outcomes(full)
    for order_id in range(1, n + 1):
        assert str(found.get(order_id)) == str(wanted.get(order_id))
