"""Goal: what is under way arrives when it arrives, whatever else happens in between.
Method: a few daily and minute bars, latencies and timers, fills compared by hand."""

from __future__ import annotations

from datetime import date

import pytest

from helpers.worlds import market, market_on, play
from quant.strategy import Bar, Context, Slice, Strategy

FLAT = (10.0, 10.0, 10.0, 10.0, 1e9)
SECOND = 1_000_000_000
ROOMY = {"account": {"kind": "gross_leverage", "k": 10.0}}


class Targets(Strategy):
    """Sets one target after another, bar by bar."""

    def __init__(self, counts: list[float]) -> None:
        self.counts = counts

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        if self.counts:
            ctx.order_target("A", self.counts.pop(0))


@pytest.mark.parametrize("latency", [0, SECOND // 2, 90 * SECOND])
def test_targets_end_where_the_last_one_says(latency: int) -> None:
    """An order being replaced may fill before its cancel arrives; the new one makes up for it."""
    config = {**ROOMY, "execution": {"latency_ns": latency}}
    played = play(Targets([100, 50, 80]), market(A=[FLAT] * 8), config)
    assert played.simulation.ctx.portfolio.qty("A") == 80


class CancelsAtNoon(Strategy):
    """A limit that the close would reach, cancelled in the middle of the day."""

    def __init__(self, with_timer: bool) -> None:
        self.with_timer = with_timer

    def on_start(self, ctx: Context) -> None:
        ctx.every("session open + 1h", tag="cancel")
        if self.with_timer:
            ctx.every("session open + 3h", tag="nothing")

    def on_clock(self, clock: object, ctx: Context) -> None:
        if getattr(clock, "tag", "") == "cancel" and ctx.session == date(2024, 1, 3):
            ctx.cancel("dip")

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        if ctx.session == date(2024, 1, 2):
            ctx.order("A", 5, "limit", limit_price=9.0, tif="GTC", tag="dip")


@pytest.mark.parametrize("with_timer", [True, False])
@pytest.mark.parametrize("latency", [0, 60 * SECOND])
def test_a_cancel_that_has_arrived_holds_without_another_timestamp(
    latency: int, with_timer: bool
) -> None:
    rows = [FLAT, (10.0, 10.5, 8.0, 10.0, 1e9), (10.0, 10.5, 8.0, 10.0, 1e9)]
    config = {"execution": {"latency_ns": latency}}
    played = play(CancelsAtNoon(with_timer), market_on("XNYS", A=rows), config)
    assert played.fills == []
    assert played.fates == [("CANCELED", "canceled")]


class JustAfterTheOpen(Strategy):
    def __init__(self, kind: str) -> None:
        self.kind = kind

    def on_start(self, ctx: Context) -> None:
        ctx.every("session open + 1s")

    def on_clock(self, clock: object, ctx: Context) -> None:
        if ctx.session == date(2024, 1, 3):
            price = 10.5 if self.kind == "limit" else None
            ctx.order("A", 5, self.kind, limit_price=price)


@pytest.mark.parametrize("kind", ["market", "limit"])
def test_an_order_within_the_slack_takes_the_open_and_says_so(kind: str) -> None:
    rows = [FLAT, (10.0, 11.0, 9.0, 10.8, 1e9), (12.0, 12.0, 12.0, 12.0, 1e9)]
    config = {"slippage": {"kind": "rate", "rate": 0.001}}
    played = play(JustAfterTheOpen(kind), market_on("XNYS", A=rows), config)
    assert len(played.fills) == 1
    fill = played.fills[0]
    assert (float(fill["price_raw"]), float(fill["price"])) == (10.0, pytest.approx(10.01))
    assert int(played.simulation.state.used("fills")["flags"][0]) & 2
    opened = int(played.simulation.bars.ts_open[1])
    assert int(fill["ts"]) == opened + SECOND


class Weights(Strategy):
    def __init__(self, plan: list[dict[str, float]]) -> None:
        self.plan = plan

    def on_slice(self, market: Slice, ctx: Context) -> None:
        if self.plan:
            for symbol, weight in self.plan.pop(0).items():
                ctx.order_target(symbol, weight=weight)


def limited(plan: list[dict[str, float]], limits: dict[str, float]) -> list[tuple[str, str]]:
    config = {"account": {"kind": "gross_leverage", "k": 2.0}, "risk": limits}
    bars = market(A=[FLAT] * 5, B=[FLAT] * 5)
    played = play(Weights(plan), bars, config)
    return [(status, reason) for status, reason in played.fates]


def test_gross_limit_counts_the_weights_before_it() -> None:
    fates = limited([{"A": 0.9, "B": 0.9}], {"max_gross": 1.0})
    assert fates == [("FILLED", ""), ("REJECTED", "risk_max_gross")]


def test_a_limit_never_refuses_an_exit() -> None:
    class Tightens(Weights):
        def on_slice(self, market: Slice, ctx: Context) -> None:
            if not self.plan[1:]:
                ctx.risk.set(max_symbol=0.1, max_gross=0.1)
            super().on_slice(market, ctx)

    config = {"account": {"kind": "gross_leverage", "k": 2.0}}
    played = play(Tightens([{"A": 0.9}, {"A": 0.5}]), market(A=[FLAT] * 5), config)
    assert played.fates == [("FILLED", ""), ("FILLED", "")]
    played = play(Tightens([{"A": 0.9}, {"A": 0.0}]), market(A=[FLAT] * 5), config)
    assert played.fates == [("FILLED", ""), ("FILLED", "")]
    played = play(Tightens([{"A": 0.9}, {"A": 1.2}]), market(A=[FLAT] * 5), config)
    assert played.fates == [("FILLED", ""), ("REJECTED", "risk_max_symbol")]
