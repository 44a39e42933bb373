"""Goal: the page of two runs shows both curves, says what differs, and is as sound as the report.

Method: two runs of different length, settings and length of names, written as folders, compared and
opened on a laptop and a phone.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from page_checks import Opened, charts_of, draw_all, empty_charts, open_page, too_wide
from playwright.sync_api import Browser
from report_runs import Flip, daily

import quant as qt
from quant.engine.diff import comparison_page, diff_runs
from quant.report.comparison_page import render_comparison

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("compared")
    prices = daily(400)
    one = qt.backtest(Flip(), prices, config={"cash": 100_000}).save(place)
    config = {"cash": 50_000, "commission": {"kind": "rate", "rate": 0.001}}
    other = qt.backtest(Flip(), prices, config=config, start="2020-06-01").save(place)
    page = place / "diff.html"
    text = render_comparison(comparison_page(diff_runs(one, other)))
    assert text == render_comparison(comparison_page(diff_runs(one, other)))
    page.write_text(text, encoding="utf-8")
    return page


def _sound(opened: Opened) -> str:
    draw_all(opened.page)
    assert charts_of(opened.page) == ["equity"]
    assert empty_charts(opened.page) == []
    assert too_wide(opened.page) == []
    assert (opened.complaints, opened.requests) == ([], [])
    return " ".join(opened.page.locator("main").inner_text().split())


@pytest.mark.parametrize("context", [{}, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_sound_and_says_what_differs(
    browser: Browser, path: Path, context: dict[str, object], scheme: str
) -> None:
    opened = open_page(browser, path, color_scheme=scheme, **context)
    words = _sound(opened)
    assert "config cash 100000.0 50000.0" in words
    assert "config commission.rate 0.0 0.001" in words
    assert "first session" in words
    assert "equity.csv" in words
    opened.page.context.close()


def test_both_curves_stand_on_one_axis_of_time(browser: Browser, path: Path) -> None:
    """The shorter run is flat at its opening equity until it begins."""
    opened = open_page(browser, path)
    draw_all(opened.page)
    series = opened.page.evaluate(
        """() => echarts.getInstanceByDom(document.querySelector('[data-chart="equity"]'))
             .getOption().series.slice(0, 2).map((one) => [one.name, one.data])"""
    )
    (other_name, other), (name, own) = series
    assert (name[:2], other_name[:2]) == ("A ", "B ")
    assert [row[0] for row in own] == [row[0] for row in other]
    assert {row[1] for row in other[:50]} == {50_000}
    assert own[0][1] == 100_000
    opened.page.context.close()
