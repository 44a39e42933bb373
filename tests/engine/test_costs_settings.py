"""Goal: settings of costs and liquidity that contradict each other or the data are refused.

Method: configurations are built, or run on bars that lack what they need; messages are compared
with the words that a user needs to mend the mistake.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

import quant as qt
from helpers.worlds import DAY_0
from quant.engine.assumptions import impact_words, warnings_of
from quant.errors import ConfigError
from quant.research import fit_impact_alpha


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"execution": {"participation": 1.5}}, "participation: expected at most 1"),
        ({"execution": {"participation_open": 0.0}}, "participation_open: expected a number above"),
        (
            {"execution": {"participation": None, "participation_open": 0.1}},
            "participation and participation_open",
        ),
        ({"execution": {"participation": None, "cap_by": "adv"}}, "participation and cap_by"),
        ({"execution": {"zero_volume": "minimum_liquidity"}}, "zero_volume and minimum_volume"),
        ({"execution": {"zero_volume": "skip"}}, "zero_volume: expected one of reject"),
        ({"execution": {"batch": "fifo", "insufficient": "scale"}}, "batch and insufficient"),
        (
            {"execution": {"batch": "simultaneous", "insufficient": "partial"}},
            "batch and insufficient",
        ),
        ({"execution": {"market_price": "mid_range"}}, "market_price and timing"),
        ({"execution": {"max_shares": -1}}, "max_shares: expected a number above 0"),
        ({"execution": {"adv_window": 0}}, "adv_window: expected at least 1"),
        ({"slippage": {"kind": "spread", "k": -0.1}}, "slippage.k: expected at least 0"),
        (
            {"slippage": {"kind": "volume_share", "volume_limit": 2}},
            "volume_limit: expected at most",
        ),
        ({"impact": {"kind": "square_root", "permanent": 2}}, "permanent: expected at most 1"),
        (
            {"impact": {"kind": "square_root", "cross": {"A": {"B": 0.5}}}},
            "config impact.cross and permanent: expected a permanent above 0",
        ),
        (
            {"impact": {"kind": "square_root", "permanent": 0.5, "cross": {"A": {"A": 1}}}},
            "config impact.cross.A: expected other symbols, found itself",
        ),
        (
            {"impact": {"kind": "square_root", "permanent": 0.5, "cross": {"A": {"B": "x"}}}},
            "config impact.cross.A.B: expected a number, found 'x'",
        ),
        (
            {"impact": {"kind": "square_root", "permanent": 0.5, "cross": {"A": 0.5}}},
            "config impact.cross.A: expected values by symbol, found 0.5",
        ),
        ({"impact": {"kind": "square_root", "window": 1}}, "window: expected at least 2"),
        ({"impact": {"kind": "sqrt"}}, "impact.kind: expected one of none, square_root"),
        (
            {"commission": {"kind": "rate", "rate": 0.001, "minimum": 5, "maximum": 1}},
            "commission.minimum and maximum: .* found 5 and 1; exchange",
        ),
        (
            {"commission": {"kind": "per_share", "minimum": 5, "maximum": 1}},
            "commission.minimum and maximum",
        ),
        (
            {"commission": {"kind": "tiered", "minimum": 5, "maximum": 1}},
            "commission.minimum and maximum",
        ),
        (
            {"commission": {"kind": "rate", "rate": 5}},
            "commission.rate: expected a fraction of at most 1, found 5; write 0.05 for 5 %",
        ),
        (
            {"commission": {"kind": "tiered", "tiers": [[0, 5]]}},
            "commission.tiers: expected a fraction of at most 1, found 5",
        ),
        (
            {"slippage": {"kind": "rate", "rate": 1.5}},
            "slippage.rate: expected a fraction of at most 1, found 1.5",
        ),
        (
            {"slippage": {"kind": "rate", "rate": 0.06}},
            "slippage.rate and execution.guardrail: .* found 0.06 and 0.05; lower rate",
        ),
        (
            {"execution": {"over_cap": "reject", "participation": None}},
            "execution.over_cap and participation: expected a cap",
        ),
        (
            {
                "execution": {"over_cap": "reject", "participation": None},
                "slippage": {"kind": "volume_share", "cap": False},
            },
            "execution.over_cap and participation: expected a cap",
        ),
        (
            {"execution": {"minimum_volume": 10}},
            "execution.zero_volume and minimum_volume: .* found reject and 10; set zero_volume",
        ),
    ],
)
def test_contradictions_are_named(config: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        qt.config_from(config)


@pytest.mark.parametrize(
    "config",
    [
        {"commission": {"kind": "rate", "rate": 1, "minimum": 5, "maximum": 5}},
        {"slippage": {"kind": "rate", "rate": 0.06}, "execution": {"guardrail": 0.06}},
        {"execution": {"over_cap": "reject"}},
        {"execution": {"over_cap": "reject", "participation": None, "max_shares": 100}},
        {"execution": {"over_cap": "reject", "participation": None, "max_notional": 100}},
        {"profile": "zipline", "execution": {"over_cap": "reject"}},
        {"execution": {"zero_volume": "last_price", "minimum_volume": 10}},
        {"execution": {"zero_volume": "range_spread", "minimum_volume": 10}},
    ],
)
def test_what_lies_beside_a_contradiction_passes(config: dict[str, Any]) -> None:
    qt.config_from(config)


class Idle(qt.Strategy):
    """Does nothing."""

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        """Nothing."""


def _frame(**columns: list[float]) -> pl.DataFrame:
    days = [DAY_0 + timedelta(days=n) for n in range(3)]
    return pl.DataFrame({"ts": days, "symbol": "A", "close": [10.0] * 3} | columns)


@pytest.mark.parametrize(
    ("columns", "config", "text"),
    [
        ({}, {"slippage": {"kind": "spread"}}, "a column spread, or bid and ask, found none"),
        (
            {"bid": [10.0] * 3, "ask": [10.1, 9.9, 10.1]},
            {"slippage": {"kind": "spread"}},
            "spreads of at least 0, found -0.0",
        ),
        (
            {"volume": [10.0] * 3},
            {"impact": {"kind": "square_root"}, "execution": {"cap_by": "adv", "adv_window": 5}},
            "adv_window and impact.window",
        ),
        (
            {},
            {"impact": {"kind": "square_root", "permanent": 0.5, "cross": {"A": {"B": 0.5}}}},
            "impact.cross: expected symbols of the data .A., found 'B'",
        ),
        (
            {},
            {"account": {"kind": "margin"}, "margin_call": {"at": "inside_bar"}},
            "margin_call.at: inside_bar expects bars with high and low, found closes only",
        ),
    ],
)
def test_data_without_what_a_model_needs(
    columns: dict[str, list[float]], config: dict[str, Any], text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        qt.backtest(Idle, _frame(**columns), config=qt.config_from(config))


def test_the_run_says_what_carries_over() -> None:
    impact = {"kind": "square_root", "permanent": 0.25, "cross": {"A": {"B": 0.5, "C": -1}}}
    text = impact_words(qt.config_from({"impact": impact}))
    assert text.endswith("25 % of it stays and carries over between 2 pairs of instruments")


@pytest.mark.parametrize(
    "given",
    [([], [], [], []), ([0.1], [1.0, 2.0], [1.0], [1.0]), ([0.1], [0.0], [1.0], [0.2])],
)
def test_alpha_needs_orders(given: tuple[list[float], ...]) -> None:
    with pytest.raises(ConfigError, match="fit_impact_alpha"):
        fit_impact_alpha(*given)


def test_alpha_is_found_again_from_simulated_fills() -> None:
    """Orders simulated with alpha 0.7 fit to alpha 0.7."""

    class Buys(qt.Strategy):
        def __init__(self) -> None:
            self.n = 0

        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            self.n += 1
            if self.n < 8:
                ctx.order("A", 10.0 * self.n)

    days = [DAY_0 + timedelta(days=n) for n in range(9)]
    frame = pl.DataFrame({"ts": days, "symbol": "A"} | {
        name: [100.0] * 9 for name in ("open", "high", "low", "close")
    })  # fmt: skip
    impact = {"kind": "square_root", "alpha": 0.7, "sigma": 0.02, "adv": 1_000.0}
    run = qt.backtest(Buys, frame, config=qt.config_from({"cash": 1e6, "impact": impact}))
    fills = run.fills
    paid = (fills["price"] / fills["price_raw"] - 1.0).to_list()
    n = len(fills)
    fit = fit_impact_alpha(paid, fills["qty"].to_list(), [1_000.0] * n, [0.02] * n)
    assert n == 7
    assert fit.alpha == pytest.approx(0.7, rel=1e-9)
    assert fit.standard_error == pytest.approx(0.0, abs=1e-9)
    assert fit.r_squared == pytest.approx(1.0)


class Swings(qt.Strategy):
    """Buys and sells in turn, at every bar."""

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        ctx.order(bar.symbol, -5 if ctx.portfolio.qty(bar.symbol) > 0 else 5)


def _amber(n: int, config: dict[str, Any], **columns: list[Any]) -> tuple[qt.Run, list[str]]:
    """A run over n days, and what its report says in amber."""
    rows = {name: [10.0, 11.0, 10.5, 12.0, 11.0, 10.0][:n] for name in ("open", "high", "low")}
    days = {"ts": [DAY_0 + timedelta(days=k) for k in range(n)], "symbol": ["A"] * n}
    frame = pl.DataFrame(days | rows | {"close": rows["open"]} | columns)
    run = qt.backtest(Swings, frame, config={"benchmark": "none"} | config)
    return run, [one.text for one in run.sheet().assumptions if one.level == "amber"]


def test_impact_that_is_never_charged_is_amber() -> None:
    impact = {"impact": {"kind": "square_root"}, "execution": {"participation": None}}
    run, amber = _amber(4, impact)
    assert run.fills["impact"].sum() == 0.0
    said = "of 3 fills paid no market impact, because volatility or volume was not known"
    assert any(text.startswith(f"3 {said}") for text in amber)
    assert any(text.startswith(f"3 {said}") for text in warnings_of(run.simulation))


def test_impact_that_is_charged_later_is_counted() -> None:
    """Two returns are known from the fourth session on."""
    impact = {"impact": {"kind": "square_root"}, "execution": {"participation": None}}
    run, amber = _amber(6, impact, volume=[1e6] * 6)
    free = int(run.fills["reason"].str.contains("no_impact").sum())
    assert (free, len(run.fills)) == (2, 5)
    assert any(text.startswith("2 of 5 fills paid no market impact") for text in amber)
    fixed = {"kind": "square_root", "sigma": 0.02, "adv": 1e6}
    _, amber = _amber(4, impact | {"impact": fixed})
    assert not any("market impact" in text for text in amber)


@pytest.mark.parametrize(
    ("spread", "free"),
    [
        ([None] * 4, 3),
        # a fill at an open knows the spread of the bar before: that of day 2 from day 3 on
        ([None, 0.2, None, None], 1),
        ([0.2, None, None, None], 0),
    ],
)
def test_spreads_that_are_never_charged_are_amber(spread: list[float | None], free: int) -> None:
    columns = {"spread": pl.Series(spread, dtype=pl.Float64)}
    run, amber = _amber(4, {"slippage": {"kind": "spread"}}, **columns)
    assert int((run.fills["slippage"] == 0.0).sum()) == free
    told = [text for text in amber if "paid no spread" in text]
    assert [text.split(" paid")[0] for text in told] == ([f"{free} of 3 fills"] if free else [])


def test_one_is_told_in_the_singular() -> None:
    """A single clamped fill, a single order refused."""
    slippage = {
        "slippage": {"kind": "ticks", "ticks": 300},
        "execution": {"guardrail": 0.1},
        "instruments": {"default": {"tick": 0.01}},
    }
    _, amber = _amber(2, slippage)
    assert "1 fill had slippage beyond the guardrail and was clamped to it." in amber
    _, amber = _amber(1, {"cash": 1})
    assert "1 of 1 order was rejected; orders.csv says why." in amber
