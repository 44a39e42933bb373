"""Goal: the report of an unusual run is as sound as any: drawn, quiet, and no wider than a phone.

Method: small markets made for one edge each; every page is opened at the width of a phone.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from page_checks import Opened, charts_of, draw_all, empty_charts, open_page, too_wide
from playwright.sync_api import Browser
from report_runs import Flip, daily, play

import quant as qt
from quant.engine.run import Run
from quant.lake import DataOptions

PHONE = {"viewport": {"width": 390, "height": 844}}
EVIL = "</script><img src=x onerror=alert(1)>\u2028&\"'"


class Idle(qt.Strategy):
    """Does nothing."""


class Short(qt.Strategy):
    """Sells short three times its equity, once."""

    def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
        if ctx.portfolio.qty(bar.symbol) == 0:
            ctx.order_target(bar.symbol, weight=-3.0)


class Broken(Flip):
    """Fails after a while."""

    def on_session_close(self, session: object, ctx: qt.Context) -> None:
        if self.seen["AAA"] == 90:
            raise ValueError("the strategy's own mistake")


def rising(n: int) -> pl.DataFrame:
    """Prices that double again and again."""
    growth = pl.Series(np.exp(np.linspace(0.0, 3.0, n)))
    return daily(n).with_columns(pl.col("open", "high", "low", "close") * growth)


def minutes(n: int) -> pl.DataFrame:
    """One symbol by the minute, round the clock."""
    rng = np.random.default_rng(5)
    close = 30_000 * np.exp(np.cumsum(rng.normal(0, 3e-4, n)))
    ts = [datetime(2024, 1, 1) + timedelta(minutes=k) for k in range(n)]
    columns = {"open": close, "high": close * 1.0005, "low": close * 0.9995, "close": close}
    return pl.DataFrame({"ts": ts, "symbol": "BTC", **columns, "volume": np.full(n, 1e9)})


def shown(browser: Browser, run: Run, folder: Path) -> Opened:
    """The report of a run on a phone, scrolled through, and sound."""
    opened = open_page(browser, run.report(folder / "report.html"), **PHONE)
    draw_all(opened.page)
    assert opened.complaints == []
    assert opened.requests == []
    assert too_wide(opened.page) == []
    return opened


def words_of(opened: Opened) -> str:
    return " ".join(opened.page.locator("main").inner_text().split())


def test_a_run_without_trades(browser: Browser, tmp_path: Path) -> None:
    opened = shown(browser, play(Idle(), daily(90)), tmp_path)
    assert "No order was filled" in words_of(opened)
    assert "No trade was closed" in words_of(opened)
    assert not {"price", "returns", "turnover", "costs"} & set(charts_of(opened.page))
    opened.page.context.close()


def test_a_run_of_one_session(browser: Browser, tmp_path: Path) -> None:
    opened = shown(browser, play(Flip(), daily(1)), tmp_path)
    assert empty_charts(opened.page) == []
    assert "The run spans less than one calendar day." in words_of(opened)
    opened.page.context.close()


def test_a_bankrupt_run_has_no_ratio_scale_and_no_returns(browser: Browser, tmp_path: Path) -> None:
    settings = {"account": {"kind": "gross_leverage", "k": 5}}
    opened = shown(browser, play(Short(), rising(300), settings), tmp_path)
    assert "bankrupt" in words_of(opened)
    assert "This run sold short." in words_of(opened)
    assert opened.page.locator("#scales").is_hidden()
    assert not {"years", "rolling", "exposure"} & set(charts_of(opened.page))
    assert "Returns by month" not in words_of(opened)
    assert empty_charts(opened.page) == []
    opened.page.context.close()


def test_a_failed_run_says_so(browser: Browser, tmp_path: Path) -> None:
    run = play(Broken(), daily(200))
    assert run.status == "failed"
    opened = shown(browser, run, tmp_path)
    assert opened.page.locator(".chip.amber").inner_text() == "failed"
    assert "did not reach its end" in words_of(opened)
    assert empty_charts(opened.page) == []
    opened.page.context.close()


def test_a_run_without_a_benchmark(browser: Browser, tmp_path: Path) -> None:
    opened = shown(browser, play(Flip(), daily(400), {"benchmark": "none"}), tmp_path)
    assert "Equity against" not in words_of(opened)
    assert empty_charts(opened.page) == []
    opened.page.context.close()


def test_closes_alone_are_drawn_as_a_line(browser: Browser, tmp_path: Path) -> None:
    opened = shown(browser, play(Flip(), daily(400, closes=True)), tmp_path)
    assert empty_charts(opened.page) == []
    text = opened.page.locator("#data").text_content()
    symbol = json.loads(text or "")["prices"]["symbols"][0]
    assert "c" in symbol
    assert "h" not in symbol
    opened.page.context.close()


def test_huge_sums_of_another_currency(browser: Browser, tmp_path: Path) -> None:
    settings = {"currency": "JPY", "cash": 5e12}
    opened = shown(browser, play(Flip(), daily(400, scale=12_345.0), settings), tmp_path)
    assert re.search(r"Final equity [\d.]+T JPY", words_of(opened))
    assert "USD" not in words_of(opened)
    assert empty_charts(opened.page) == []
    opened.page.context.close()


def test_names_from_outside_stay_names(browser: Browser, tmp_path: Path) -> None:
    name = "VeryLongNameOfAStrategyThatSomeProgramMade_lookback_252_skip_21_top_5_v2_final"
    strategy = type(name, (Flip,), {"tag": EVIL})()
    opened = shown(browser, play(strategy, daily(200, symbols=(EVIL, "A & B"))), tmp_path)
    page = opened.page
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    assert page.locator("#symbol option").all_inner_texts() != []
    assert any("onerror" in text for text in page.locator("#symbol option").all_inner_texts())
    page.locator("#symbol").select_option(index=1)
    page.get_by_role("button", name="Next fill").click()
    assert "onerror" in page.locator("#price-tip").inner_text()
    assert page.locator("img").count() == 0
    assert empty_charts(page) == []
    page.context.close()


def test_the_chooser_changes_the_symbol(browser: Browser, tmp_path: Path) -> None:
    opened = shown(browser, play(Flip(), daily(300, symbols=("AAA", "BBB", "CCC"))), tmp_path)
    page = opened.page
    seen = set()
    for k in range(3):
        page.locator("#symbol").select_option(index=k)
        page.get_by_role("button", name="Next fill").click()
        seen.add(page.locator("#price-tip strong").inner_text().split(" ")[0])
    assert seen == {"AAA", "BBB", "CCC"}
    page.context.close()


def test_two_hundred_and_fifty_symbols(browser: Browser, tmp_path: Path) -> None:
    symbols = tuple(f"S{k:03d}" for k in range(250))
    settings = {"instruments": {"default": {"increment": "0.0001"}}}
    run = play(Flip(), daily(700, symbols=symbols), settings)
    opened = shown(browser, run, tmp_path)
    assert (tmp_path / "report.html").stat().st_size < 3_000_000
    assert opened.page.locator("#symbol option").count() == 120
    assert "The 120 symbols of 250 with the largest traded value." in words_of(opened)
    assert "Each candle stands for 2 bars." in words_of(opened)
    assert empty_charts(opened.page) == []
    opened.page.context.close()


def test_minutes_are_thinned_and_that_is_said(browser: Browser, tmp_path: Path) -> None:
    settings = {"instruments": {"default": {"increment": "0.0001"}}}
    run = play(Flip(), minutes(30_000), settings, DataOptions(tz="UTC"))
    opened = shown(browser, run, tmp_path)
    assert (tmp_path / "report.html").stat().st_size < 2_200_000
    assert "the run has 30,001 rows" in words_of(opened)
    assert "Times are UTC." in words_of(opened)
    assert empty_charts(opened.page) == []
    opened.page.context.close()


def test_deposits_and_withdrawals_are_marked(browser: Browser, tmp_path: Path) -> None:
    flows = [{"every": "month", "amount": 3_000}, {"date": "2020-05-10", "amount": -5_000}]
    run = play(Flip(), daily(200), {"cash_flows": flows})
    opened = shown(browser, run, tmp_path)
    page = opened.page
    assert "Deposits and withdrawals" in page.inner_text("#flows h2")
    marks = page.evaluate(
        "() => echarts.getInstanceByDom(document.querySelector('[data-chart=\"equity\"]'))"
        ".getOption().series.flatMap((one) => one.markPoint?.data ?? [])"
        ".map((one) => one.symbolRotate)"
    )
    assert marks.count(0) == run.metric_details["net_flows"].n - 1
    assert marks.count(180) == 1
