"""Goal: everything that happens to an order is told, in order, with time and reason.

Method: scripted strategies on small markets; the rows of ``order_events`` are compared with lists
by hand, and with orders and fills of the same run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

import quant as qt
from helpers.worlds import DAY_0

HOUR = 3_600_000_000_000
Deed = Callable[[qt.Context], object]


class Acts(qt.Strategy):
    """The n-th deed after the n-th bar; notes what it is told."""

    def __init__(self, deeds: list[Deed]) -> None:
        self.deeds = deeds
        self.n = 0
        self.told: list[tuple[int, str, str]] = []

    def on_order(self, update: qt.OrderUpdate, ctx: qt.Context) -> None:
        self.told.append((self.n, update.status, update.reason))

    def on_fill(self, fill: qt.Fill, ctx: qt.Context) -> None:
        self.told.append((self.n, "FILL", fill.reason))

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        if self.n < len(self.deeds):
            self.deeds[self.n](ctx)
        self.n += 1


def acted(rows: list[tuple[float, ...]], *deeds: Deed, **config: Any) -> tuple[qt.Run, Acts]:
    frame = pl.DataFrame(
        {"ts": DAY_0 + timedelta(days=n), "symbol": "A"}
        | dict(zip(("open", "high", "low", "close", "volume"), row, strict=False))
        for n, row in enumerate(rows)
    )
    strategy = Acts(list(deeds))
    run = qt.backtest(strategy, frame, config=qt.config_from({"benchmark": "none", **config}))
    return run, strategy


def rows_of(run: qt.Run) -> list[tuple[Any, ...]]:
    names = ("order_id", "event", "status", "reason", "qty", "filled_qty")
    return run.order_events.select(names).rows()


def flat(*prices: float) -> list[tuple[float, ...]]:
    return [(p, p, p, p) for p in prices]


def test_a_bracket_tells_its_whole_story() -> None:
    rows = [*flat(100), (100.0, 102.0, 98.0, 100.0), (101.0, 106.0, 100.0, 105.0)]
    run, strategy = acted(
        rows,
        lambda ctx: ctx.bracket(
            "A", 5, "limit", limit_price=99.0, take_profit=105.0, stop_loss=95.0
        ),
        lambda ctx: ctx.amend(3, stop_price=96.0),
    )
    assert rows_of(run) == [
        (1, "submitted", "NEW", None, 5, 0),
        (2, "submitted", "NEW", None, 5, 0),
        (3, "submitted", "NEW", None, 5, 0),
        (1, "filled", "FILLED", None, 5, 5),
        (2, "activated", "NEW", "parent_filled", 5, 0),
        (3, "activated", "NEW", "parent_filled", 5, 0),
        (3, "replaced", "NEW", "amended", 5, 0),
        (2, "filled", "FILLED", None, 5, 5),
        (3, "canceled", "CANCELED", "oco", 5, 0),
    ]
    events = run.order_events
    assert events["parent_id"].to_list()[:3] == [None, 1, 1]
    assert events["group_id"].to_list()[:3] == [None, 2, 2]
    assert events["group"].to_list()[:3] == [None, "oco_shared", "oco_shared"]
    assert events["stop_price"].to_list()[2] == 95.0
    assert events["stop_price"].to_list()[6] == 96.0
    assert strategy.told == [
        (1, "FILL", "limit"),
        (1, "ACTIVATED", "parent_filled"),
        (1, "ACTIVATED", "parent_filled"),
        (2, "REPLACED", "amended"),
        (2, "FILL", "limit"),
        (2, "CANCELED", "oco"),
    ]


def test_a_reversal_is_one_event() -> None:
    run, _ = acted(
        flat(100, 100, 100), lambda ctx: ctx.order("A", 5), lambda ctx: ctx.order("A", -8)
    )
    assert rows_of(run)[3] == (2, "filled", "FILLED", None, 8, 8)
    assert len(run.order_events) == 4


def test_requests_under_way_are_told_and_come_too_late() -> None:
    slow = {"latency": {"kind": "constant", "amend_ns": 30 * HOUR, "cancel_ns": 30 * HOUR}}
    run, _ = acted(
        flat(100, 100, 100, 100, 100),
        lambda ctx: [
            ctx.order("A", 5, "limit", limit_price=99.0, tif="GTC"),
            ctx.order("A", 1, "limit", limit_price=90.0, tif="GTC"),
        ],
        lambda ctx: [ctx.amend(1, limit_price=101.0), ctx.cancel(2)],
        lambda ctx: ctx.amend(1, qty=2),
        **slow,
    )
    assert rows_of(run)[2:] == [
        (2, "cancel_asked", "PENDING_CANCEL", "canceled", 1, 0),
        (1, "replace_asked", "PENDING_REPLACE", None, 5, 0),
        (1, "replace_asked", "PENDING_REPLACE", None, 2, 0),
        (2, "canceled", "CANCELED", "canceled", 1, 0),
        (1, "replaced", "NEW", "amended", 5, 0),
        (1, "filled", "FILLED", None, 5, 5),
        (1, "replace_rejected", "FILLED", "too_late", 5, 5),
    ]


def test_the_last_event_of_every_order_is_how_it_stands_in_orders() -> None:
    run, _ = acted(
        [(100.0, 101.0, 99.0, 100.0, 30.0)] * 6,
        lambda ctx: [
            ctx.order("A", 5),
            ctx.order("A", 2, "limit", limit_price=99.0, tif="GTC"),
            ctx.order("A", -4, "stop", stop_price=99.5, reduce_only=True),
            ctx.order("A", 9, tif="IOC"),
        ],
        lambda ctx: ctx.order_target("A", weight=0.1),
        lambda ctx: ctx.order("A", 900),
        cash=2_000,
    )
    last = run.order_events.group_by("order_id").last().sort("order_id")
    assert last["status"].to_list() == run.orders["status"].to_list()
    assert last["filled_qty"].to_list() == run.orders["filled_qty"].to_list()
    assert {"EXPIRED", "FILLED", "REJECTED", "CANCELED"} <= set(last["status"].to_list())
    filled = run.order_events.filter(pl.col("event") == "filled")
    assert len(filled) == len(run.fills)


@pytest.mark.parametrize(("report_ns", "told_at"), [(0, 1), (24 * HOUR, 2), (58 * HOUR, 3)])
def test_reports_take_their_time_but_the_account_does_not(report_ns: int, told_at: int) -> None:
    """The fill is made at midnight, the hooks run at the ends of days."""
    seen: list[float] = []
    run, strategy = acted(
        flat(100, 100, 100, 100, 100),
        lambda ctx: ctx.order("A", 5),
        lambda ctx: seen.append(ctx.portfolio.qty("A")),
        latency={"kind": "constant", "report_ns": report_ns},
    )
    assert seen == [5.0]
    assert strategy.told == [(told_at, "FILL", "market_open")]
    assert len(run.fills) == 1


def test_drawn_delays_depend_on_the_seed_alone() -> None:
    def played(seed: int, kind: str) -> list[Any]:
        run, _ = acted(
            flat(*[100.0] * 6),
            *[lambda ctx: ctx.order("A", 1)] * 4,
            latency={"kind": kind, "submit_ns": 300_000_000},
            seed=seed,
        )
        return run.fills["ts"].to_list()

    for kind in ("uniform", "exponential"):
        assert played(1, kind) == played(1, kind)
        assert played(1, kind) != played(2, kind)


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"execution": {"latency_ns": 5}, "latency": {"submit_ns": 5}}, "latency_ns and latency"),
        (
            {"execution": {"timing": "same_close"}, "latency": {"submit_ns": 5}},
            "timing and latency",
        ),
        ({"execution": {"timing": "same_close", "latency_ns": 5}}, "timing and latency"),
        ({"latency": {"kind": "unifrom"}}, "Did you mean 'uniform'"),
        ({"latency": {"kind": "uniform", "spread": 1.5}}, "latency.spread: expected at most 1"),
        (
            {"latency": {"kind": "uniform", "spread": 0.2}},
            "latency.kind and submit_ns, .*: expected a delay above 0 to draw from, found uniform",
        ),
        ({"latency": {"kind": "exponential"}}, "latency.kind and submit_ns"),
        ({"latency": {"submit_ns": -1}}, "latency.submit_ns: expected at least 0"),
    ],
)
def test_contradictory_delays_are_refused(config: dict[str, Any], text: str) -> None:
    from quant.errors import ConfigError

    with pytest.raises(ConfigError, match=text):
        qt.config_from(config)


def _refused(run: qt.Run) -> list[tuple[Any, ...]]:
    """Reason, rule, limit and value of every event that has a reason."""
    table = run.order_events.filter(pl.col("reason").is_not_null())
    return table.select("reason", "rule", "limit", "value").rows()


@pytest.mark.parametrize("insufficient", ["reject", "partial"])
def test_a_refusal_for_money_has_its_figures(insufficient: str) -> None:
    """10 at 10 and a tenth of commission need 110 of 100."""
    tenth = {"kind": "rate", "rate": 0.1}
    run, _ = acted(
        flat(10.0, 10.0, 10.0), lambda ctx: ctx.order("A", 10),
        cash=100, commission=tenth, execution={"insufficient": insufficient},
    )  # fmt: skip
    (row,) = _refused(run)
    assert row == ("insufficient_funds", "insufficient_funds", 100.0, pytest.approx(110.0))
    (line,) = (line for line in run.log if "needed" in line)
    assert (line["available"], line["needed"]) == row[2:]


def test_a_refusal_without_figures_names_its_rule() -> None:
    run, _ = acted(
        [(10.0, 10.0, 10.0, 10.0, 100.0)] * 3, lambda ctx: ctx.order("A", 11),
        execution={"over_cap": "reject", "participation": 0.1},
    )  # fmt: skip
    assert _refused(run) == [("over_cap", "over_cap", None, None)]
