"""Goal: what the page draws is what the run's tables say.

Method: months, drawdowns, costs, candles, markers and bins are summed again from the tables of a
run or by hand; columns are read back by the decoder of `test_report_packing`.
"""

from __future__ import annotations

import math
import xml.dom.minidom
from base64 import b64decode
from collections import defaultdict
from typing import Any

import numpy as np
import polars as pl
import pytest
from report_books import bar_arrays, fill_arrays
from test_report_packing import unpack

import quant as qt
from quant.report import candles
from quant.report.costs import cost_parts
from quant.report.distribution import holding_bins, return_bins, trade_charts
from quant.report.payload import page_data
from quant.report.periods import deepest_drawdowns, returns_by_year, traded_by_period
from quant.report.trades import round_trips


class Turn(qt.Strategy):
    """Long above the mean of thirty closes, short below."""

    def on_start(self, ctx: qt.Context) -> None:
        self.mean = ctx.features.rolling_mean("SP500", "close", 30)

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        weight = 0.9 if bar.close > self.mean.value else -0.4
        if (ctx.portfolio.qty("SP500") > 0) != (weight > 0):
            ctx.order_target("SP500", weight=weight, tag="turn")


@pytest.fixture(scope="module")
def run() -> Any:
    config = qt.Config(
        commission=qt.RateCommission(rate=0.001), slippage=qt.RateSlippage(rate=0.0005)
    )
    return qt.backtest(
        Turn, qt.sample("sp500"), start="2007-01-03", end="2010-06-30", config=config
    )


@pytest.fixture(scope="module")
def data(run: Any) -> dict[str, Any]:
    return page_data(run.sheet())


def test_equity_and_drawdown_are_the_rows_of_the_table(run: Any, data: dict[str, Any]) -> None:
    ts = run.equity["ts"].to_physical().to_numpy() // 1_000_000
    assert unpack(data["equity"]["t"]) == ts.tolist()
    own = np.array(unpack(data["equity"]["own"]))
    assert np.abs(own - run.equity["equity"].to_numpy()).max() <= 0.00501
    down = np.array(unpack(data["equity"]["down"]))
    assert np.abs(down + run.equity["drawdown"].to_numpy()).max() <= 5.1e-7
    gross = np.array(unpack(data["exposure"]["gross"]))
    wanted = (run.equity["gross_exposure"] / run.equity["equity"]).to_numpy()
    assert np.abs(gross - wanted).max() <= 5.1e-6


def test_months_are_the_compounded_sessions(run: Any) -> None:
    last = run.equity.group_by("session", maintain_order=True).last()
    returns = last["equity"] / pl.concat([run.equity["equity"][:1], last["equity"][:-1]]) - 1.0
    product: dict[tuple[int, int], float] = defaultdict(lambda: 1.0)
    for session, value in zip(last["session"], returns, strict=True):
        product[session.year, session.month] *= 1.0 + value
    sheet = run.sheet()
    years = returns_by_year(sheet.dates, sheet.equity)
    found = {
        (entry.year, k + 1): value
        for entry in years
        for k, value in enumerate(entry.months)
        if value is not None
    }
    assert found.keys() == product.keys()
    for key, value in found.items():
        assert 1.0 + value == pytest.approx(product[key], rel=1e-12)
    whole = math.prod(1.0 + entry.whole for entry in years) - 1.0
    assert whole == pytest.approx(run.metrics["total_return"], rel=1e-12)


def test_costs_lead_from_gross_to_net(run: Any) -> None:
    parts = {part.key: part for part in cost_parts(run.sheet())}
    assert list(parts) == ["gross", "commission", "slippage", "net"]
    assert parts["net"].amount == run.metrics["net_profit"]
    costs = math.fsum(parts[key].amount for key in ("commission", "slippage"))
    assert costs == pytest.approx(run.metrics["total_costs"], rel=1e-12)
    assert parts["gross"].amount - costs == pytest.approx(parts["net"].amount, rel=1e-12)
    assert parts["commission"].bps == pytest.approx(10.0, rel=1e-3)
    # Slippage is 5 bps of the raw price.
    assert parts["slippage"].bps == pytest.approx(5.0, rel=1e-3)
    gross = parts["gross"].amount
    if gross > 0:
        assert parts["commission"].share == pytest.approx(parts["commission"].amount / gross)
    # What the fills would have made at their raw prices, marked at the last close.
    signed = pl.when(pl.col("side") == "BUY").then(pl.col("qty")).otherwise(-pl.col("qty"))
    fills = run.fills.with_columns(signed.alias("signed"))
    cash = -math.fsum((fills["signed"] * fills["price_raw"]).to_list())
    held = math.fsum(fills["signed"].to_list()) * run.positions["mark"][-1]
    assert gross == pytest.approx(cash + held, rel=1e-9)


def test_candles_and_markers_are_the_bars_and_fills(run: Any, data: dict[str, Any]) -> None:
    entry = data["prices"]["symbols"][0]
    bars = pl.read_parquet(qt.sample("sp500").path).filter(
        pl.col("date").is_between(run.equity["session"][0], run.equity["session"][-1])
    )
    assert entry["bars"] == 1
    days = bars["date"].cast(pl.Int32).to_numpy().astype(np.int64) * 86_400
    assert unpack(entry["t"]) == days.tolist()
    close = np.array(unpack(entry["c"]))
    unit = 0.51 * 10.0 ** -entry["c"]["k"]
    assert np.abs(close - bars["close"].to_numpy()).max() <= unit
    for key, name in (("o", "open"), ("h", "high"), ("l", "low")):
        found = close + np.array(unpack(entry[key]))
        assert np.abs(found - bars[name].to_numpy()).max() <= unit
    fills = run.fills
    assert data["prices"]["left_out"] == 0
    assert [bars["date"][int(at)] for at in unpack(entry["at"])] == fills["session"].to_list()
    assert unpack(entry["side"]) == [int(side == "BUY") for side in fills["side"]]
    assert unpack(entry["qty"]) == fills["qty"].to_list()
    assert np.array(unpack(entry["price"])) == pytest.approx(fills["price"].to_numpy(), rel=1e-6)
    assert data["prices"]["words"] == ["market open · turn"]


def test_more_bars_than_room_become_fewer_candles(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candles, "MOST_CANDLES", 100)
    monkeypatch.setattr(candles, "LEAST_PER_SYMBOL", 100)
    monkeypatch.setattr(candles, "MOST_MARKERS", 10)
    found = page_data(run.sheet())["prices"]
    entry = found["symbols"][0]
    bars = pl.read_parquet(qt.sample("sp500").path).filter(
        pl.col("date").is_between(run.equity["session"][0], run.equity["session"][-1])
    )
    assert entry["bars"] == 9 == math.ceil(len(bars) / 100)
    chunks = [bars[k : k + 9] for k in range(0, len(bars), 9)]
    close, high = np.array(unpack(entry["c"])), np.array(unpack(entry["h"]))
    assert close == pytest.approx([chunk["close"][-1] for chunk in chunks], rel=1e-5)
    assert close + high == pytest.approx([chunk["high"].max() for chunk in chunks], rel=1e-5)
    assert len(unpack(entry["at"])) == 10
    assert sum(unpack(entry["n"])) + found["left_out"] == len(run.fills)


def test_turnover_is_what_was_bought_and_sold(run: Any, data: dict[str, Any]) -> None:
    found = data["turnover"]
    assert found["unit"] == "month"
    assert len(found["starts"]) == 42
    month = found["starts"].index((2008 - 1970) * 12 + 9)
    inside = pl.col("session").dt.strftime("%Y-%m") == "2008-10"
    equity = run.equity.filter(inside)["equity"].to_list()
    fills = run.fills.filter(inside, side="SELL")
    sold = math.fsum((fills["qty"] * fills["price"]).to_list())
    assert found["sold"][month] == pytest.approx(sold / (math.fsum(equity) / len(equity)), abs=1e-5)


def test_long_runs_are_summed_by_year() -> None:
    days = np.array([0, 1, 400, 2_000])
    fills = fill_arrays([{"units": 5, "price": 2.0}, {"units": -5, "price": 4.0}])
    found = traded_by_period(days, np.full(4, 10.0), fills, np.array([1, 2]), np.array([3.0]))
    assert found.unit == "year"
    assert found.starts == [0, 12, 24, 36, 48, 60]
    assert found.bought == [3.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert found.sold == [0.0, 6.0, 0.0, 0.0, 0.0, 0.0]


def test_drawdowns_are_found_one_by_one() -> None:
    equity = np.array([100.0, 90.0, 95.0, 120.0, 60.0, 130.0, 117.0])
    found = [(e.peak, e.trough, e.back, e.depth) for e in deepest_drawdowns(equity)]
    assert found == [(3, 4, 5, 0.5), (0, 1, 3, 0.1), (5, 6, None, 0.1)]
    assert deepest_drawdowns(np.array([0.0, 5.0])) == []
    assert len(deepest_drawdowns(np.array([100.0, 99.0] * 20 + [101.0]), most=3)) == 3


def test_the_deepest_drawdown_is_the_metric(run: Any) -> None:
    deepest = deepest_drawdowns(run.sheet().equity)[0]
    assert deepest.depth == run.metrics["max_drawdown_pct"]


@pytest.mark.parametrize("seed", range(10))
def test_bins_hold_every_trade_on_its_side_of_zero(seed: int) -> None:
    rng = np.random.default_rng(seed)
    returns = rng.standard_t(2, size=int(rng.integers(1, 2_000))) * 0.02
    bins = return_bins(returns)
    assert sum(bins.counts) == len(returns)
    assert 0.0 in bins.edges
    assert len(bins.counts) <= 40
    zero = bins.edges.index(0.0)
    assert sum(bins.counts[:zero]) == int((returns < 0).sum())
    assert np.allclose(np.diff(bins.edges), bins.edges[1] - bins.edges[0])


def test_bins_of_equal_returns_and_of_holding_times() -> None:
    assert sum(return_bins(np.zeros(4)).counts) == 4
    held = holding_bins(np.array([0, 1, 1, 5]))
    assert held.edges == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert held.counts == [1, 2, 0, 0, 0, 1]
    long = holding_bins(np.array([1] * 500 + [9_000]))
    assert sum(long.counts) == 501
    assert long.is_cut == (False, True)


def test_points_of_trades_are_the_trades(run: Any, data: dict[str, Any]) -> None:
    found = data["trades"]
    assert found["n"] == len(run.trades) == len(unpack(found["id"]))
    for key in ("return", "mae", "mfe"):
        assert unpack(found[key]) == pytest.approx(run.trades[key].to_list(), abs=5.1e-7)
    assert unpack(found["long"]) == [int(side == "LONG") for side in run.trades["side"]]
    assert found["symbols"] == ["SP500"]


def test_a_trade_entered_at_zero_has_no_return_and_no_point() -> None:
    bars = bar_arrays([(0.0, 0.0, 0.0), (2.0, 2.0, 2.0), (4.0, 4.0, 4.0)])
    rows = [
        {"units": 1, "price": 0.0},
        {"units": -1, "price": 2.0, "bar": 1},
        {"units": 1, "price": 2.0, "bar": 1},
        {"units": -1, "price": 4.0, "bar": 2},
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        trades = round_trips(fill_arrays(rows), bars, np.ones(1))
    found = trade_charts(trades, ["OIL"])
    assert found is not None
    assert (found["n"], found["none"], unpack(found["id"])) == (1, 1, [2])
    assert unpack(found["return"]) == [1.0]


def test_a_page_is_the_same_bytes_twice(run: Any, tmp_path: Any) -> None:
    first, second = run.report(tmp_path / "a.html"), run.report(tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes()


def test_a_page_of_ten_years_of_twenty_symbols_is_small(tmp_path: Any) -> None:
    settings = {"default": qt.InstrumentSettings(increment="0.0001")}
    config = qt.Config(instruments=settings)
    run = qt.backtest(
        Spread, qt.sample("us20"), start="2012-01-03", end="2021-12-31", config=config
    )
    assert len(page_data(run.sheet())["prices"]["symbols"]) == 20
    assert run.report(tmp_path / "page.html").stat().st_size < 3_000_000


class Spread(qt.Strategy):
    """The same share of all symbols, set right every month."""

    def on_slice(self, market: qt.Slice, ctx: qt.Context) -> None:
        if ctx.session.month == self.state.get("month"):
            return
        self.state["month"] = ctx.session.month
        for symbol in market.symbols:
            ctx.order_target(symbol, weight=0.04)


def test_the_page_says_what_was_not_shown(run: Any) -> None:
    texts = {item.text: item.level for item in run.sheet().assumptions}
    assert texts["This run was not audited for look-ahead."] == "amber"
    source = run.simulation.bars.source
    assert any(source.sha256 in text for text in texts)
    assert texts["Borrowed shares cost nothing. This run sold short."] == "amber"


def test_a_notebook_shows_figures_and_a_picture_without_script(run: Any) -> None:
    html = run._repr_html_()
    assert "<script" not in html
    assert "://" not in html
    assert "Sharpe ratio" in html
    picture = html.partition("base64,")[2].partition('"')[0]
    document = xml.dom.minidom.parseString(b64decode(picture))
    assert len(document.getElementsByTagName("path")) == 2
    assert "may flatter the result" in html
