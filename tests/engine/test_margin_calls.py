"""Goal: an account that fails does what its settings say, at prices the market gave.

Method: small worlds in which a call, or the end, comes at a price worked out by hand.
"""

from __future__ import annotations

from typing import Any

import pytest

import quant as qt
from helpers.worlds import Deed, Played, market, play
from quant.engine.assumptions import warnings_of
from quant.engine.run import Run

REG_T = {"kind": "margin"}


def _flat(*prices: float) -> list[tuple[float, ...]]:
    return [(price,) * 4 for price in prices]


def _events(played: Played) -> list[str]:
    return [line["event"] for line in Run(played.simulation).log if line["level"] == "warning"]


def _falling(after: float = 60.0, **call: Any) -> Played:
    """200 at 100 with equity of 10,000, at 60 equity is 2,000 and the margin to keep 3,000."""
    return play(
        {0: lambda ctx: ctx.order("A", 200)},
        market(A=_flat(100.0, 100.0, 60.0, after, after)),
        {"cash": 10_000.0, "account": REG_T, "margin_call": call},
    )


@pytest.mark.parametrize(
    ("size", "sold"),
    [
        # 1,000 lacking at 15 a share to keep
        ("maintenance", 67.0),
        # to open: 6,000 needed, 4,000 lacking at 30 a share
        ("initial", 134.0),
        ("all", 200.0),
    ],
)
def test_a_call_sells_no_more_than_it_must(size: str, sold: float) -> None:
    played = _falling(size=size)
    assert played.trades[1:] == [(2, -sold, 60.0)]
    assert played.simulation.ctx.desk.tags == [None, "margin_call"]
    assert _events(played)[0] == "margin_call"


def test_a_call_that_is_met_is_over() -> None:
    played = _falling(58.0)
    # 2,000 - 200 * 2 = 1,600 of equity; 133 * 58 * 0.25 = 1,928.5 are needed: a second call
    assert played.simulation.state.used("orders")["forced"].tolist()[1:] == [1, 1]
    met = _falling(size="all")
    log = [line["event"] for line in Run(met.simulation).log]
    assert log.count("margin_call") == 1
    assert "margin_call_met" in log
    assert "1 margin call; logs.jsonl says when." in warnings_of(met.simulation)
    assert met.simulation.ctx.portfolio.status == "sound"


def test_a_warning_sells_nothing() -> None:
    played = _falling(action="warn")
    assert len(played.trades) == 1
    assert _events(played) == ["margin_call"]
    assert played.simulation.ctx.portfolio.status == "in_call"


def test_a_stop_ends_the_run_with_its_timestamp() -> None:
    played = _falling(action="stop")
    assert len(played.equity) == 3
    assert len(played.trades) == 1
    run = Run(played.simulation)
    assert run.account["status"] == "in_call"
    run.check()


@pytest.mark.parametrize(
    ("order", "first"),
    [("largest_first", "B"), ("smallest_first", "A"), ("losers_first", "C"), ("in_order", "A")],
)
def test_positions_are_closed_in_the_order_that_was_named(order: str, first: str) -> None:
    # A 40 -> 40, B 80 -> 80, C 80 -> 50 a share; 100 of each cost 20,000 on equity of 10,000
    played = play(
        {0: lambda ctx: [ctx.order(s, 100) for s in "ABC"]},
        market(A=_flat(40.0, 40.0, 35.0, 35.0), B=_flat(80.0, 80.0, 60.0, 60.0),
               C=_flat(80.0, 80.0, 36.0, 36.0)),
        {"cash": 10_000.0, "account": REG_T, "margin_call": {"order": order}},
    )  # fmt: skip
    # values 3,500, 6,000, 3,600; equity 3,100 of 3,275
    assert [fill["symbol"] for fill in played.fills[3:]] == [first]


def test_inside_a_bar_the_call_is_met_at_its_level() -> None:
    played = play(
        {0: lambda ctx: ctx.order("A", 200)},
        market(A=[*_flat(100.0, 100.0), (100.0, 100.0, 40.0, 90.0)]),
        {"cash": 10_000.0, "account": REG_T, "margin_call": {"at": "inside_bar"}},
    )
    # 200 p - 10,000 = 50 p: p = 66.67
    assert played.trades[1][1] == -200.0
    assert played.trades[1][2] == pytest.approx(200.0 / 3.0, rel=1e-12)


@pytest.mark.parametrize(("stop", "price"), [(70.0, 70.0), (60.0, 200.0 / 3.0)])
def test_a_stop_before_the_level_comes_first(stop: float, price: float) -> None:
    played = play(
        {
            0: lambda ctx: ctx.order("A", 200),
            1: lambda ctx: ctx.order("A", -200, "stop", stop_price=stop, tif="GTC"),
        },
        market(A=[*_flat(100.0, 100.0), (100.0, 100.0, 40.0, 90.0)]),
        {"cash": 10_000.0, "account": REG_T, "margin_call": {"at": "inside_bar"}},
    )
    assert [trade[2] for trade in played.trades[1:]] == [pytest.approx(price, rel=1e-12)]


def _leveraged(rows: list[tuple[float, ...]], deeds: dict[int, Deed], **config: Any) -> Played:
    settings: dict[str, Any] = {
        "cash": 1_000.0,
        "account": {"kind": "gross_leverage", "k": 10},
    }
    return play({0: lambda ctx: ctx.order("A", 50)} | deeds, market(A=rows), settings | config)


def test_a_long_on_borrowed_money_ends_at_its_level() -> None:
    # 50 at 100 with 1,000: nothing is left at 80
    played = _leveraged([*_flat(100.0, 100.0), (95.0, 120.0, 70.0, 110.0)], {})
    assert played.trades[1] == (2, -50.0, 80.0)
    assert played.final_equity == 0.0
    assert Run(played.simulation).account == {
        "status": "bankrupt",
        "since": Run(played.simulation).equity["ts"][-1],
        "reason": "bankrupt",
        "equity": 0.0,
        "debt": 0.0,
    }


def test_a_gap_leaves_a_debt_that_is_shown() -> None:
    played = _leveraged([*_flat(100.0, 100.0), (70.0, 90.0, 65.0, 85.0), *_flat(85.0)], {})
    # opens at 70: 50 * 70 - 4,000 = -500
    assert played.trades[1] == (2, -50.0, 70.0)
    run = Run(played.simulation)
    assert (run.account["equity"], run.account["debt"]) == (-500.0, 500.0)
    texts = [one.text for one in run.sheet().assumptions if one.level == "amber"]
    assert any("bankrupt" in text and "owing 500.00" in text for text in texts)


def test_what_is_sent_after_the_end_is_refused() -> None:
    played = _leveraged(
        [*_flat(100.0, 100.0), (95.0, 120.0, 70.0, 110.0), *_flat(110.0, 110.0)],
        {1: lambda ctx: ctx.order("A", 1, "limit", limit_price=1.0, tif="GTC"),
         3: lambda ctx: ctx.order("A", 1)},
    )  # fmt: skip
    assert played.order(2)["reason"] == played.order(4)["reason"]
    assert played.fates[1] == ("CANCELED", "bankrupt")
    assert played.fates[3] == ("REJECTED", "bankrupt")


def test_the_other_positions_of_a_bankrupt_account_are_closed_too() -> None:
    played = play(
        {0: lambda ctx: (ctx.order("A", 50), ctx.order("B", 10), ctx.order("C", 10))},
        market(
            A=[*_flat(100.0, 100.0), (95.0, 120.0, 70.0, 110.0), *_flat(110.0)],
            B=[*_flat(100.0, 100.0), (100.0, 101.0, 99.0, 100.0), *_flat(100.0)],
            C=[*_flat(100.0, 100.0), None, *_flat(90.0)],
        ),
        {
            "cash": 1_000.0,
            "account": {"kind": "gross_leverage", "k": 10},
            "execution": {"path": "olhc"},
        },
    )
    closing = {fill["symbol"]: fill for fill in played.fills[3:]}
    # A is met on the way down at 80, B at the end of that segment, C at its next print
    assert closing["A"]["price"] == 80.0
    assert closing["B"]["price"] == 99.0
    assert closing["C"]["price"] == 90.0
    assert played.final_equity == pytest.approx(-110.0)


def test_stop_ends_the_run_and_keeps_the_position() -> None:
    rows = [*_flat(100.0, 100.0), (95.0, 120.0, 70.0, 110.0), *_flat(110.0)]
    played = _leveraged(rows, {}, margin_call={"bankruptcy": "stop"})
    assert len(played.trades) == 1
    assert len(played.equity) == 3
    assert Run(played.simulation).account["status"] == "bankrupt"


def test_warn_goes_on_into_debt() -> None:
    rows = [*_flat(100.0, 100.0), (95.0, 120.0, 70.0, 70.0), *_flat(110.0)]
    played = _leveraged(rows, {}, margin_call={"bankruptcy": "warn"})
    assert len(played.trades) == 1
    assert [equity for _, _, equity in played.equity][2:] == [-500.0, 1_500.0]
    assert _events(played) == ["bankrupt"]


def test_volume_limits_what_can_be_closed() -> None:
    rows = [(100.0, 100.0, 100.0, 100.0, 1000.0)] * 2
    rows += [(95.0, 120.0, 70.0, 110.0, 200.0), (60.0, 60.0, 60.0, 60.0, 1e6)]
    played = _leveraged(rows, {}, execution={"over_cap": "reject"})
    # a tenth of 200 inside the bar, the rest at the next open: a tenth of the volume before it
    assert [trade[1:] for trade in played.trades[1:]][:2] == [(-20.0, 80.0), (-20.0, 60.0)]


def test_a_fully_paid_long_account_is_never_closed() -> None:
    played = play(
        {0: lambda ctx: ctx.order_target("A", weight=1.0)},
        market(A=_flat(100.0, 100.0, 0.01, 0.01)),
        {"cash": 10_000.0},
    )
    assert len(played.trades) == 1
    assert played.simulation.ctx.portfolio.status == "sound"


def test_a_split_run_is_the_same_run() -> None:
    rows = [*_flat(100.0, 100.0), (100.0, 100.0, 62.0, 64.0), *_flat(60.0, 58.0, 55.0, 60.0)]

    class Buyer(qt.Strategy):
        """Buys all it can on the first day."""

        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            """Buys once."""
            if not self.state:
                self.state["done"] = True
                ctx.order("A", 200)

    from quant.engine.simulation import Simulation

    bars = market(A=rows)
    config = qt.config_from({"cash": 10_000.0, "account": REG_T})
    whole = Simulation(Buyer(), bars, config)
    whole.prepare()
    whole.advance()
    for cut in range(1, whole.n_slices):
        first = Simulation(Buyer(), bars, config)
        first.prepare()
        first.advance(until=cut)
        second = Simulation(Buyer(), bars, config)
        second.resume(first.snapshot())
        second.advance()
        assert second.snapshot() == whole.snapshot()
        assert second.ctx.desk.tags == whole.ctx.desk.tags


def test_a_last_close_that_ends_the_account_does_not_pass_silently() -> None:
    """A fee of 3,000 at the close of the last bar, of 1,000."""
    played = play(
        {2: lambda ctx: ctx.order("A", 1)},
        market(A=[(10.0,) * 4] * 3),
        {
            "cash": 1_000.0,
            "account": {"kind": "unlimited"},
            "commission": {"kind": "per_order", "per_order": 3_000.0},
            "execution": {"timing": "same_close"},
        },
    )
    run = Run(played.simulation)
    assert run.account["status"] == "bankrupt"
    assert run.account["debt"] == 2_000.0
    assert [line["event"] for line in run.log if "bankrupt" in line["event"]] == ["bankrupt"]


def test_an_account_in_debt_may_recover() -> None:
    seen: list[tuple[str, float]] = []

    def look(ctx: qt.Context) -> None:
        seen.append((ctx.portfolio.status, ctx.portfolio.equity))

    def buy(ctx: qt.Context) -> None:
        ctx.order("A", 20)

    played = play(
        {0: buy, 1: look, 2: look, 3: look},
        market(A=[(price,) * 4 for price in (100.0, 100.0, 40.0, 100.0)]),
        {
            "cash": 1_000.0,
            "account": {"kind": "gross_leverage", "k": 2},
            "margin_call": {"bankruptcy": "warn"},
        },
    )
    # 20 at 100 on 1,000: at 40 they are worth 800, and 1,000 are owed
    assert seen == [("sound", 1_000.0), ("in_call", -200.0), ("sound", 1_000.0)]
    assert Run(played.simulation).account["status"] == "sound"
