"""Goal: each limit before the order refuses what goes beyond it, and says rule, limit and value.

Method: small markets with prices that a reader can add up; every figure has its sum beside it. What
is refused is read from the kernel's reports, the log, the table of events and ``on_order``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import polars as pl
import pytest

import quant as qt
from helpers.worlds import DAY_0, Played, market, play
from quant.engine.journal import order_lines
from quant.engine.order_events import order_events_table
from quant.engine.simulation import Simulation
from quant.errors import ConfigError
from quant.kernel.codes import REASON, names
from quant.kernel.snapshot import own_hash
from quant.lake import DataOptions, load_bars
from quant.model.limits import RULES
from quant.model.parse import config_from
from quant.risk import Refusal
from quant.strategy import Context, Slice, Strategy

Deed = Callable[[Context], object]
TEN = (10.0, 10.0, 10.0, 10.0)


def flat(n: int, price: float = 10.0) -> list[tuple[float, ...]]:
    return [(price,) * 4] * n


def closes(*prices: float) -> list[tuple[float, ...]]:
    """Bars that open where the one before closed."""
    before = (prices[0], *prices)
    return [(o, max(o, c), min(o, c), c) for o, c in zip(before, prices, strict=False)]


def on_tens(*deeds: Deed, risk: Mapping[str, Any], **config: Any) -> Played:
    """A, B and C at 10 throughout; 1,000 of cash; the n-th deed after the n-th day."""
    bars = market(**{name: flat(len(deeds) + 2) for name in "ABC"})
    return play(dict(enumerate(deeds)), bars, {"cash": 1_000, "risk": dict(risk), **config})


def buys(*orders: tuple[str, float]) -> Deed:
    def deed(ctx: Context) -> None:
        for symbol, qty in orders:
            ctx.order(symbol, qty)

    return deed


def refusals(played: Played) -> list[tuple[int, str, float, float]]:
    """Order, rule, limit and value of every refusal by a limit, as the log has them."""
    run = played.simulation
    lines = order_lines(run.state, run.bars.symbols, run.ctx.desk.tags)
    return [
        (line["order_id"], line["rule"], line["limit"], pytest.approx(line["value"], rel=1e-12))
        for line in lines
        if "rule" in line
    ]


SECTORS = {"A": {"sector": "tech"}, "B": {"sector": "tech"}, "C": {"sector": "oil"}}


@pytest.mark.parametrize(
    ("risk", "orders", "wanted"),
    [
        # 60·10 and 50·10 of 1000
        ({"max_gross": 1.0}, [("A", 60), ("B", 50), ("B", 40)], (2, "max_gross", 1.0, 1.1)),
        ({"max_symbol": 0.5}, [("A", 30), ("A", 30), ("B", 50)], (2, "max_symbol", 0.5, 0.6)),
        # 30 + 30 − (−10): the sale of C lowers the net
        ({"max_net": 0.5}, [("A", 30), ("C", -10), ("B", 40)], (3, "max_net", 0.5, 0.6)),
        # A and B are one sector, C another
        ({"max_sector": 0.5}, [("A", 30), ("C", 50), ("B", -30)], (3, "max_sector", 0.5, 0.6)),
        ({"max_order_qty": 20}, [("A", 20), ("A", -41)], (2, "max_order_qty", 20, 41)),
        ({"max_order_notional": 250}, [("A", 25), ("B", 26)], (2, "max_order_notional", 250, 260)),
        ({"max_order_share": 0.2}, [("A", 20), ("B", -21)], (2, "max_order_share", 0.2, 0.21)),
        (
            {"max_orders_per_session": 2},
            [("A", 1), ("B", 1), ("C", 1)],
            (3, "max_orders_per_session", 2, 3),
        ),
    ],
)
def test_a_limit_refuses_the_first_order_beyond_it(
    risk: dict[str, float], orders: list[tuple[str, float]], wanted: tuple[Any, ...]
) -> None:
    played = on_tens(buys(*orders), risk=risk, instruments=SECTORS)
    assert refusals(played) == [wanted]
    passed = [status for status, reason in played.fates if not reason.startswith("risk_")]
    assert passed == ["FILLED"] * (len(orders) - 1)


@pytest.mark.parametrize(
    "risk",
    [
        {"max_gross": 0.1},
        {"max_symbol": 0.1},
        {"max_net": 0.1},
        {"max_sector": 0.1},
        {"max_order_qty": 1},
        {"max_order_notional": 1.0},
        {"max_order_share": 0.01},
        {"max_orders_per_session": 1},
        {"max_var": 0.01, "window": 20},
        {"vol_target": 0.01, "window": 20},
    ],
)
def test_what_does_not_enlarge_always_passes(risk: dict[str, Any]) -> None:
    """The limit is set after the position is there."""

    def closes_in_parts(ctx: Context) -> None:
        ctx.risk.set(**risk)
        for qty in (-10, -10, -20):
            ctx.order("A", qty)

    played = on_tens(buys(("A", 40)), closes_in_parts, risk={}, instruments=SECTORS)
    assert [status for status, _ in played.fates] == ["FILLED"] * 4
    assert played.position("A") == 0


def test_orders_of_a_session_are_counted_anew_in_the_next() -> None:
    three = buys(("A", 1), ("A", 1), ("A", 1))
    played = on_tens(three, three, risk={"max_orders_per_session": 2})
    assert refusals(played) == [
        (3, "max_orders_per_session", 2, 3),
        (6, "max_orders_per_session", 2, 3),
    ]


def test_orders_that_never_left_are_not_counted() -> None:
    """The first asks for nothing and the second for too much: neither leaves."""
    played = on_tens(
        buys(("A", 0.4), ("A", 900), ("A", 1), ("A", 1)),
        risk={"max_orders_per_session": 2, "max_gross": 1.0},
    )
    assert [reason or status for status, reason in played.fates] == [
        *("zero_quantity", "risk_max_gross"),
        *("FILLED", "FILLED"),
    ]


def test_closing_orders_count_and_pass() -> None:
    played = on_tens(
        buys(("A", 10)),
        buys(("A", -5), ("A", -5), ("B", 1)),
        risk={"max_orders_per_session": 2},
    )
    assert refusals(played) == [(4, "max_orders_per_session", 2, 3)]


def test_sectors_without_a_name_have_no_limit() -> None:
    played = on_tens(
        buys(("C", 90), ("A", 10)),
        risk={"max_sector": 0.2},
        instruments={"A": {"sector": "tech"}},
    )
    assert [status for status, _ in played.fates] == ["FILLED", "FILLED"]


@pytest.mark.parametrize("latency", [0, 1_000_000_000])
def test_an_amendment_may_not_enlarge_beyond_a_limit(latency: int) -> None:
    """40 of A rest at 9; 70 would be 0.7 of equity. The refusal leaves the order as it was, and a
    smaller quantity is never refused."""

    def rests(ctx: Context) -> None:
        ctx.order("A", 40, "limit", limit_price=9.0, tif="GTC")

    played = on_tens(
        rests,
        lambda ctx: ctx.amend(1, qty=70),
        lambda ctx: ctx.amend(1, qty=45),
        lambda ctx: ctx.amend(1, qty=10),
        risk={"max_gross": 0.5},
        latency={"kind": "constant", "amend_ns": latency},
    )
    run = played.simulation
    table = order_events_table(run.state, run.bars)
    told = table.filter(
        pl.col("event").str.starts_with("replace") & pl.col("event").ne("replace_asked")
    )
    assert told.select("event", "reason", "status", "qty", "limit", "value").rows() == [
        ("replace_rejected", "risk_max_gross", "NEW", 40, 0.5, 0.7),
        ("replaced", "amended", "NEW", 45, None, None),
        ("replaced", "amended", "NEW", 10, None, None),
    ]
    assert played.fates == [("NEW", "")]
    assert refusals(played) == [(1, "max_gross", 0.5, 0.7)]


def test_an_amendment_is_no_new_order_and_waits_for_its_own() -> None:
    """The one order that a session may have can be made larger at its end. An order amended before
    it leaves is looked at as it leaves, with the quantity it then has: (45 + 12)·10 of 1000."""
    lines = [
        {"ts": datetime.combine(DAY_0, time(hour), UTC), "symbol": "A", "close": 10.0}
        for hour in (0, 12)
    ]
    bars = load_bars(pl.DataFrame(lines), DataOptions(calendar="24/7", bar="12h"))

    def rests(ctx: Context) -> None:
        ctx.order("A", 10, "limit", limit_price=9.0, tif="GTC")

    def enlarges(ctx: Context) -> None:
        assert ctx.risk.now.n_orders == 1
        ctx.amend(1, qty=20)

    one = play({0: rests, 1: enlarges}, bars, {"risk": {"max_orders_per_session": 1}})
    assert refusals(one) == []
    assert one.order(1)["units"] == 20

    def changes_its_mind(ctx: Context) -> None:
        made = ctx.order("A", 1)
        ctx.amend(made, qty=12)

    other = on_tens(buys(("A", 45)), changes_its_mind, risk={"max_symbol": 0.5})
    assert refusals(other) == [(2, "max_symbol", 0.5, 0.57)]


def test_what_brings_long_and_short_nearer_passes_beyond_the_limit() -> None:
    """60 of A are a net of 0.6 when the limit becomes 0.3; 20 of C sold short make it 0.4."""

    def hedges(ctx: Context) -> None:
        ctx.risk.set(max_net=0.3)
        assert ctx.risk.check("C", -20) is None
        ctx.order("C", -20)
        ctx.order("B", 1)

    played = on_tens(buys(("A", 60)), hedges, risk={})
    assert refusals(played) == [(3, "max_net", 0.3, 0.41)]
    assert played.position("C") == -20


# ------------------------------------------------------------------------------------------- stops

FALL = closes(10, 10, 9, 9, 9, 9)


def test_a_daily_loss_blocks_the_rest_of_the_session() -> None:
    """50 A from day 1 on. Day 2 closes at 9: −50 of 1000, which is the stop. Its evening buys
    nothing; the next evening does. What only closes passes."""
    enter, more = buys(("A", 50)), buys(("A", 1), ("A", -10), ("B", 5))
    bars = market(A=FALL, B=flat(6))
    played = play(
        {0: enter, 2: more, 3: more}, bars, {"cash": 1_000, "risk": {"daily_loss_stop": 0.05}}
    )
    assert refusals(played) == [
        (2, "daily_loss_stop", 0.05, 0.05),
        (4, "daily_loss_stop", 0.05, 0.05),
    ]
    assert [played.fates[i][0] for i in (2, 4, 5, 6)] == ["FILLED"] * 4


def test_a_drawdown_blocks_for_good_until_it_is_reset() -> None:
    """100 A at 10 of 1000: the close of 12 makes a peak of 1200, that of 9 a fall of 300 from it:
    25 %. It stays blocked at 12; the reset begins a new peak, of 1200."""
    bars = market(A=closes(10, 10, 12, 9, 12, 12, 12, 12), B=flat(8))
    one = buys(("B", 1))

    def lifts(ctx: Context) -> None:
        ctx.risk.reset()
        ctx.order("B", 1)
        assert ctx.risk.now.drawdown == 0.0

    config = {"cash": 1_000, "account": {"k": 2.0}, "risk": {"drawdown_stop": 0.2}}
    played = play({0: buys(("A", 100)), 3: one, 4: one, 5: lifts, 6: one}, bars, config)
    assert refusals(played) == [(2, "drawdown_stop", 0.2, 0.25), (3, "drawdown_stop", 0.2, 0.25)]
    assert [status for status, _ in played.fates[3:]] == ["FILLED", "FILLED"]


def test_a_stop_that_nobody_looked_at_holds_all_the_same() -> None:
    """No order leaves on the day of the fall; the row of that day is judged later."""
    bars = market(A=closes(10, 10, 8, 10, 10), B=flat(5))
    config = {"cash": 1_000, "risk": {"drawdown_stop": 0.15}}
    played = play({0: buys(("A", 100)), 3: buys(("B", 1))}, bars, config)
    assert refusals(played) == [(2, "drawdown_stop", 0.15, 0.2)]


def test_a_stop_set_anew_is_judged_anew() -> None:
    """A fall of 20 % that is over is not held against a stop that comes later."""

    def sets(ctx: Context) -> None:
        ctx.risk.set(drawdown_stop=0.15)
        assert ctx.risk.now.stop is None
        assert ctx.risk.now.drawdown == 0.0
        ctx.order("A", -50)
        ctx.order("B", 1)

    bars = market(A=closes(10, 10, 8, 10, 10), B=flat(5))
    played = play({0: buys(("A", 100)), 3: sets}, bars, {"cash": 1_000})
    assert refusals(played) == []

    def widens(ctx: Context) -> None:
        assert ctx.risk.now.stop == "drawdown_stop"
        ctx.risk.set(drawdown_stop=0.3)
        assert ctx.risk.now.stop is None
        ctx.order("B", 1)

    config = {"cash": 1_000, "account": {"k": 2.0}, "risk": {"drawdown_stop": 0.15}}
    played = play(
        {0: buys(("A", 100)), 3: widens}, market(A=closes(10, 10, 8, 8, 8), B=flat(5)), config
    )
    assert refusals(played) == []


def test_flatten_cancels_and_closes_before_the_hooks_run() -> None:
    """Day 2 closes 5 % down: 50 A are sold at the next print, the resting limit is gone, and a
    target of the strategy does not bring the position back."""

    def rests(ctx: Context) -> None:
        ctx.order("A", 50)
        ctx.order("B", 10, "limit", limit_price=5.0, tif="GTC")

    def insists(ctx: Context) -> None:
        assert ctx.risk.now.stop == "daily_loss_stop"
        ctx.order_target("A", weight=0.5)

    bars = market(A=FALL, B=flat(6))
    risk = {"daily_loss_stop": 0.05, "on_loss_stop": "flatten"}
    played = play({0: rests, 2: insists, 4: buys(("B", 1))}, bars, {"cash": 1_000, "risk": risk})
    tags = played.simulation.ctx.desk.tags
    assert tags == [None, None, "risk:flatten", None, None]
    assert [reason or status for status, reason in played.fates] == [
        *("FILLED", "canceled", "FILLED", "risk_daily_loss_stop", "FILLED")
    ]
    assert played.trades[:2] == [(1, 50, 10), (3, -50, 9)]
    assert played.position("A") == 0
    notes = [line for line in played.simulation.journal.lines if line["event"] == "risk_flatten"]
    assert [(line["rule"], line["limit"], line["level"]) for line in notes] == [
        ("daily_loss_stop", 0.05, "warning")
    ]


def test_flatten_asks_again_until_all_is_closed() -> None:
    """The position's own market is shut for two days, then the third order meets a print."""
    days: list[Any] = [*closes(10, 10, 8), None, None, (8.0, 8.0, 8.0, 8.0), (8.0,) * 4]
    risk = {"drawdown_stop": 0.1, "on_loss_stop": "flatten"}
    played = play({0: buys(("A", 100))}, market(A=days, B=flat(7)), {"cash": 1_000, "risk": risk})
    assert played.position("A") == 0
    assert set(played.simulation.ctx.desk.tags[1:]) == {"risk:flatten"}


def test_flatten_goes_on_after_a_split() -> None:
    """A does not print for two hours after the fall. The strategy lifts the stop and insists on a
    target: the order that closes A is not replaced, in a run that is split anywhere, either."""
    prices = {"A": [10.0, 10.0, 8.0, None, None, 8.0, 8.0], "B": [10.0] * 7}
    lines = [
        {"ts": datetime.combine(DAY_0, time(hour), UTC), "symbol": name, "close": price}
        for name, row in prices.items()
        for hour, price in enumerate(row)
        if price is not None
    ]
    bars = load_bars(pl.DataFrame(lines), DataOptions(calendar="24/7", bar="1h"))
    risk = {"drawdown_stop": 0.1, "on_loss_stop": "flatten"}

    class Insists(Strategy):
        def on_slice(self, market: Slice, ctx: Context) -> None:
            self.state["n"] = self.state.get("n", 0) + 1
            if self.state["n"] == 4:
                ctx.risk.reset()
            else:
                ctx.order_target("A", weight=1.0)

    settings = config_from({"cash": 1_000, "risk": risk})
    whole = play(Insists(), bars, {"cash": 1_000, "risk": risk})
    tags = whole.simulation.ctx.desk.tags
    assert tags.count("risk:flatten") == 1
    assert whole.fates[tags.index("risk:flatten")] == ("FILLED", "")
    for cut in range(1, whole.simulation.n_slices):
        first, second = (Simulation(Insists(), bars, settings) for _ in range(2))
        first.prepare()
        first.advance(until=cut)
        second.resume(first.snapshot())
        second.advance()
        assert own_hash(second.state) == whole.own_hash, cut


def test_flatten_is_chosen_before_the_run() -> None:
    def late(ctx: Context) -> None:
        with pytest.raises(ConfigError, match="on_start"):
            ctx.risk.set(on_loss_stop="flatten", daily_loss_stop=0.1)

    on_tens(late, risk={})


# ------------------------------------------------------------------------------ VaR and volatility


def known_past() -> dict[str, list[tuple[float, ...]]]:
    """21 closes of A: returns of +1 % and −1 % in turn; B does the opposite; C stands still."""
    a, b = [100.0], [100.0]
    for k in range(20):
        a.append(a[-1] * (1.01 if k % 2 == 0 else 0.99))
        b.append(b[-1] * (0.99 if k % 2 == 0 else 1.01))
    tail = [a[-1]] * 3, [b[-1]] * 3
    return {
        "A": closes(*a, *tail[0]),
        "B": closes(*b, *tail[1]),
        "C": flat(24),
    }


def test_value_at_risk_of_the_proposed_positions() -> None:
    """Returns of ±1 %, ten of each: the 5 % quantile lies between order statistics 0 and 1 of 20
    (19·0.05 = 0.95), both −1 %. So 100 % of equity in A is a VaR of 1 %, and 60 % one of 0.6 %."""
    past = known_past()
    price = past["A"][-1][3]

    def tries(ctx: Context) -> None:
        ctx.order("A", 0.7e6 / price)
        ctx.order("A", 0.3e6 / price)
        ctx.order("A", 0.2e6 / price)

    config = {
        "cash": 1e6,
        "risk": {"max_var": 0.006, "window": 20},
        "instruments": {"default": {"increment": "0.0001"}},
    }
    played = play({20: tries}, market(**past), config)
    found = refusals(played)
    assert [row[:3] for row in found] == [(1, "max_var", 0.006)]
    assert played.order(1)["needed"] == pytest.approx(0.007, rel=1e-6)


def test_volatility_of_the_proposed_positions_and_a_hedge() -> None:
    """sd of ten +1 % and ten −1 % with ddof 1 is 0.01·√(20/19); a year of 24/7 has 365 sessions:
    0.01·√(20/19)·√365 = 19.60 %. 60 % in A is 11.76 %, 50 % 9.80 %. On day 22 two of the twenty
    returns are 0: √(18/19) in place of √(20/19). B moves against A, so that buying B lowers the
    figure and passes although it is above its limit."""
    past = known_past()
    a, b = past["A"][-1][3], past["B"][-1][3]
    year = 0.01 * math.sqrt(20 / 19) * math.sqrt(365)

    def first(ctx: Context) -> None:
        assert math.isnan(ctx.risk.now.volatility)
        said = ctx.risk.check("A", 1)
        assert said is not None
        assert said.text == "vol_target: not known yet, and limited to 0.1"
        ctx.order("A", 1)

    def enters(ctx: Context) -> None:
        ctx.order("A", 0.6e6 / a)
        ctx.order("A", 0.5e6 / a)

    def hedges(ctx: Context) -> None:
        assert ctx.risk.now.volatility == pytest.approx(0.5 * year * math.sqrt(18 / 20))
        ctx.risk.set(vol_target=0.05)
        ctx.order("A", 100)
        ctx.order("B", 0.2e6 / b)

    config = {
        "cash": 1e6,
        "risk": {"vol_target": 0.1, "window": 20},
        "instruments": {"default": {"increment": "0.0001"}},
    }
    played = play({19: first, 20: enters, 22: hedges}, market(**past), config)
    assert [reason or status for status, reason in played.fates] == [
        *("risk_vol_target", "risk_vol_target", "FILLED", "risk_vol_target", "FILLED")
    ]
    assert math.isnan(played.order(1)["needed"])
    assert played.order(2)["needed"] == pytest.approx(0.6 * year, rel=1e-6)


def test_a_session_that_goes_on_is_no_history_yet() -> None:
    """Two bars a day: at noon of the last day its close, which is a crash in one of the two
    markets, is not known, so both find the same volatility and refuse the same order."""

    def found(last: float) -> tuple[float, float]:
        lines = []
        for day in range(22):
            noon = 100.0 if day % 2 == 0 else 101.0
            for hour, price in ((0, 100.0), (12, last if day == 21 else noon)):
                stamp = datetime.combine(DAY_0 + timedelta(days=day), time(hour), UTC)
                lines.append({"ts": stamp, "symbol": "A", "close": price})
        bars = load_bars(pl.DataFrame(lines), DataOptions(calendar="24/7", bar="12h"))
        seen: list[float] = []

        class Looks(Strategy):
            def on_bar(self, bar: qt.Bar, ctx: Context) -> None:
                self.state["n"] = self.state.get("n", 0) + 1
                if self.state["n"] == 43:
                    said = ctx.risk.check("A", 500)
                    assert said is not None
                    seen.append(said.value)
                    ctx.order("A", 500)

        risk = {"vol_target": 0.01, "window": 20}
        played = play(Looks(), bars, {"cash": 100_000, "risk": risk})
        return seen[0], float(played.order(1)["needed"])

    calm, crash = found(100.0), found(50.0)
    assert calm == crash
    assert calm[0] == pytest.approx(calm[1])
    # ten returns of 1 % and ten of −1/101, half of equity: sd 0.00995·√(20/19), times √365 / 2
    assert calm[1] == pytest.approx((0.01 + 1 / 101) / 2 * math.sqrt(20 / 19 * 365) / 2)


def test_sessions_before_the_start_are_history() -> None:
    past = known_past()
    config = {"cash": 1e6, "risk": {"max_var": 0.5, "window": 20}}
    played = play({0: buys(("A", 1))}, market(**past), config, start=DAY_0 + timedelta(days=20))
    assert played.fates == [("FILLED", "")]


# ------------------------------------------------------------------------------------ what is told


class Told(qt.Strategy):
    """Buys too much once, and notes what it is told."""

    def __init__(self) -> None:
        self.updates: list[qt.OrderUpdate] = []

    def on_start(self, ctx: qt.Context) -> None:
        ctx.risk.set(max_symbol=0.5)

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        if ctx.risk.now.n_orders == 0 and not self.updates:
            ctx.order("A", 60, tag="much")

    def on_order(self, update: qt.OrderUpdate, ctx: qt.Context) -> None:
        self.updates.append(update)


def test_a_refusal_is_told_with_rule_limit_and_value(tmp_path: Any) -> None:
    frame = pl.DataFrame(
        {"ts": DAY_0 + timedelta(days=n), "symbol": "A", "close": 10.0} for n in range(3)
    )
    strategy = Told()
    run = qt.backtest(strategy, frame, config={"cash": 1_000, "benchmark": "none"})
    update = strategy.updates[0]
    assert (update.rule, update.limit, update.value) == ("max_symbol", 0.5, 0.6)
    assert (update.status, update.reason, update.needed) == ("REJECTED", "risk_max_symbol", 0.0)
    row = run.order_events.filter(pl.col("event") == "rejected").select("rule", "limit", "value")
    assert row.rows()[0] == ("max_symbol", 0.5, 0.6)
    assert run.order_events.row(0, named=True)["rule"] is None
    folder = run.save(tmp_path)
    lines = [json.loads(line) for line in (folder.path / "logs.jsonl").read_text().splitlines()]
    line = next(line for line in lines if line["event"] == "order_rejected")
    assert (line["rule"], line["limit"], line["value"]) == ("max_symbol", 0.5, 0.6)
    header, *rows = (folder.path / "order_events.csv").read_text().splitlines()
    assert header.endswith(",rule,limit,value")
    assert rows[1].endswith(",max_symbol,0.5,0.6")


def test_every_rule_has_a_reason_and_the_other_way_round() -> None:
    reasons = {text for text in names(REASON).values() if text.startswith("risk_")}
    assert reasons == {f"risk_{rule}" for rule in RULES}


def test_ctx_risk_shows_limits_and_figures() -> None:
    """30·10 of A and −20·10 of C on 1000; day 2 puts A at 9: equity 970."""
    seen: list[Any] = []

    def looks(ctx: Context) -> None:
        now = ctx.risk.now
        seen.append(now)
        assert (now.gross, now.net) == (470 / 970, 70 / 970)
        assert now.sectors == {"oil": 200 / 970, "tech": 270 / 970}
        assert (now.session_loss, now.drawdown) == (0.03, 0.03)
        assert (now.n_orders, now.stop) == (0, None)
        assert math.isnan(now.value_at_risk)
        assert ctx.risk.limits == qt.RiskLimits(max_gross=1.0)
        assert "max_gross" in repr(ctx.risk)
        # 47 % and 54 % of 970 more
        assert ctx.risk.check("A", 58) == Refusal(
            rule="max_gross", limit=1.0, value=pytest.approx((470 + 58 * 9) / 970)
        )
        assert ctx.risk.check("A", 55) is None
        assert ctx.risk.check("A", -30) is None
        ctx.order("A", 55)
        assert ctx.risk.check("A", 10) is not None

    bars = market(A=closes(10, 10, 9, 9), C=flat(4))
    instruments = {"A": {"sector": "tech"}, "C": {"sector": "oil"}}
    config = {"cash": 1_000, "risk": {"max_gross": 1.0}, "instruments": instruments}
    play({0: buys(("A", 30), ("C", -20)), 2: looks}, bars, config)
    assert len(seen) == 1


# -------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"risk": {"max_net": -1}}, "risk.max_net: expected at least 0"),
        ({"risk": {"daily_loss_stop": 1}}, "risk.daily_loss_stop: expected a fraction between 0"),
        ({"risk": {"drawdown_stop": 0}}, "risk.drawdown_stop: expected a fraction between 0"),
        ({"risk": {"vol_target": 0.1, "window": 19}}, "risk.window: expected at least 20"),
        ({"risk": {"max_orders_per_session": 1.5}}, "expected a whole number"),
        ({"risk": {"max_order_qty": 0}}, "above 0"),
        ({"risk": {"on_loss_stop": "flat"}}, "Did you mean 'flatten'"),
        ({"risk": {"on_loss_stop": "flatten"}}, "on_loss_stop and config risk.daily_loss_stop"),
        ({"risk": {"max_sector": 0.5}}, "risk.max_sector and instruments"),
        (
            {"risk": {"max_order_qty": 0.5}},
            "risk.max_order_qty and instruments.default.increment",
        ),
        ({"risk": {"max_sectr": 0.5}}, "Did you mean 'max_sector'"),
        ({"instruments": {"default": {"sector": 3}}}, "sector: expected a name"),
        ({"risk": {"max_var": 0.1}}, "risk.window and risk.max_var"),
    ],
)
def test_mistakes_are_named_before_the_run(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        on_tens(buys(("A", 1)), **{"risk": {}, **config})
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_netto": 1.0}, "Did you mean 'max_net'"),
        ({"daily_loss_stop": 2}, "ctx.risk.set daily_loss_stop"),
        ({"max_sector": 0.3}, "expected a sector"),
        ({"window": 5}, "ctx.risk.set window: expected at least 20"),
    ],
)
def test_mistakes_are_named_during_the_run(limits: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as raised:
        on_tens(lambda ctx: ctx.risk.set(**limits), risk={})
    assert words in str(raised.value)
    assert "ctx.risk.set" in str(raised.value)


def test_a_signal_says_what_its_limits_refuse() -> None:
    """6·100 of 1000 against 0.5. A given account has lost nothing yet: its stops begin with it."""

    class Much(qt.Strategy):
        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            ctx.order("A", 6 if bar.close == 100 else 90)

    frame = pl.DataFrame(
        {"ts": DAY_0 + timedelta(days=n), "symbol": "A", "close": price}
        for n, price in enumerate([10.0, 10.0, 1.0, 100.0])
    )
    config = {"risk": {"max_symbol": 0.5, "drawdown_stop": 0.5, "daily_loss_stop": 0.5}}
    plan = qt.orders_at(
        Much, frame, asof=DAY_0 + timedelta(days=3), portfolio={"cash": 1_000}, config=config
    )
    assert [(row["rule"], row["limit"], row["value"]) for row in plan.refused] == [
        ("max_symbol", 0.5, 0.6)
    ]
