"""Goal: the report is right in the hands of a reader: drawn, quiet, and working to the last button.

Method: a real Chromium opens the file and does what readers do. `page_checks` says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from page_checks import Opened, charts_of, draw_all, empty_charts, open_page, picture_of, too_wide
from playwright.sync_api import Browser, Page
from report_runs import golden_run

CHARTS = [
    "equity", "years", "rolling", "price", "returns", "holding", "excursion", "exposure",
    "turnover", "costs",
]  # fmt: skip
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def shared(browser: Browser, report: Path) -> Iterator[Opened]:
    """One page for the tests that leave it as they found it."""
    opened = open_page(browser, report)
    draw_all(opened.page)
    yield opened
    opened.page.context.close()


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    """A page of its own; it may not complain, whatever the test does."""
    opened = open_page(browser, report)
    yield opened.page
    opened.page.context.close()
    assert opened.complaints == []
    assert opened.requests == []


def zoom_of(page: Page, name: str = "equity") -> tuple[float, float]:
    """The window of time in view, as percent of the run."""
    start, end = page.evaluate(
        """(name) => {
          const box = document.querySelector(`[data-chart="${name}"]`);
          const { start, end } = echarts.getInstanceByDom(box).getOption().dataZoom[0];
          return [start, end];
        }""",
        name,
    )
    return start, end


def axis_of(page: Page) -> list[float]:
    """Marks of the vertical axis of equity, as numbers."""
    words: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('[data-chart="equity"] text')]
             .map((text) => text.textContent).filter((text) => /^[\\d.,]+k$/.test(text))"""
    )
    return sorted(float(word[:-1].replace(",", "")) for word in words)


def test_every_chart_is_drawn_and_nothing_is_said_or_asked(shared: Opened) -> None:
    assert charts_of(shared.page) == CHARTS
    assert empty_charts(shared.page) == []
    assert shared.complaints == []
    assert shared.requests == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_all_of_it_without_going_sideways(
    browser: Browser, report: Path, scheme: str
) -> None:
    opened = open_page(browser, report, color_scheme=scheme, **PHONE)
    draw_all(opened.page)
    assert too_wide(opened.page) == []
    assert empty_charts(opened.page) == []
    assert opened.complaints == []
    opened.page.context.close()


def test_only_what_is_in_view_is_drawn_at_once(page: Page) -> None:
    drawn = "() => [...document.querySelectorAll('[data-chart]')].filter((b) => b.innerHTML).length"
    assert page.evaluate(drawn) == 1
    assert page.evaluate("() => performance.getEntriesByName('report-drawn').length") == 1
    draw_all(page)
    assert page.evaluate(drawn) == len(CHARTS)


def test_columns_are_read_back_as_they_were_written(shared: Opened) -> None:
    """The whole way: tables of the run, packed by Python, unpacked and drawn by the page."""
    run = golden_run()
    seen = shared.page.evaluate(
        """() => {
          const box = (name) => document.querySelector(`[data-chart="${name}"]`);
          return ['equity', 'rolling']
            .map((name) => echarts.getInstanceByDom(box(name)).getOption().series)
            .map((series) => series.map((one) => [one.name, one.data]));
        }"""
    )
    curves = {name: np.array(data, dtype=np.float64) for name, data in seen[0]}
    moments = run.equity["ts"].to_physical().to_numpy() // 1_000_000
    assert (curves["Strategy"][:, 0] == moments).all()
    assert np.abs(curves["Strategy"][:, 1] - run.equity["equity"].to_numpy()).max() <= 0.00501
    assert np.abs(curves["drawdown"][:, 1] + run.equity["drawdown"].to_numpy()).max() <= 5.1e-7
    rolled = {name: np.array(data, dtype=np.float64) for name, data in seen[1]}
    table = run.rolling(126)
    assert np.abs(rolled["Sharpe ratio"][:, 1] - table["sharpe"].to_numpy()).max() <= 5.1e-5
    assert np.abs(rolled["Volatility"][:, 1] - table["volatility"].to_numpy()).max() <= 5.1e-7


def test_the_scale_switches_to_ratios_and_back(page: Page) -> None:
    even = axis_of(page)
    assert len(set(np.diff(even))) == 1
    page.get_by_role("button", name="Log").click()
    assert page.get_by_role("button", name="Log").get_attribute("aria-pressed") == "true"
    ratios = axis_of(page)
    assert ratios != even
    assert len(ratios) >= 3
    assert "equity" not in empty_charts(page)
    page.get_by_role("button", name="Linear").click()
    assert axis_of(page) == even


def test_a_period_is_chosen_for_all_charts_over_time(page: Page) -> None:
    draw_all(page)
    page.get_by_role("button", name="1Y").click()
    start, end = zoom_of(page)
    assert end == 100
    assert 80 < start < 85  # one of six years
    assert zoom_of(page, "rolling") == pytest.approx((start, end))
    assert zoom_of(page, "exposure") == pytest.approx((start, end))
    page.get_by_role("button", name="Log").click()
    assert zoom_of(page) == pytest.approx((start, end))
    page.locator("[data-span=all]").click()
    assert zoom_of(page, "rolling") == (0, 100)


def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl(page: Page) -> None:
    box = page.locator("[data-chart=equity]")
    box.hover()
    page.mouse.wheel(0, 200)
    page.wait_for_function("() => scrollY > 0")
    assert zoom_of(page) == (0, 100)
    page.evaluate("() => scrollTo(0, 0)")
    box.hover()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -240)
    page.keyboard.up("Control")
    page.wait_for_timeout(150)
    start, end = zoom_of(page)
    assert end - start < 100


def drag(page: Page, *paths: list[tuple[float, float]]) -> None:
    """Fingers put down, moved along their paths at the same time, and lifted."""
    session = page.context.new_cdp_session(page)
    for k, places in enumerate(zip(*paths, strict=True)):
        points = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(places)]
        kind = "touchMove" if k else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(16)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(150)


@pytest.mark.parametrize("name", ["equity", "price"])
def test_one_finger_scrolls_the_page(browser: Browser, report: Path, name: str) -> None:
    opened = open_page(browser, report, **PHONE)
    page = opened.page
    draw_all(page)
    page.locator(f"[data-chart={name}]").scroll_into_view_if_needed()
    box = page.locator(f"[data-chart={name}]").bounding_box()
    assert box is not None
    before = page.evaluate("() => scrollY")
    drag(page, [(195, box["y"] + 250 - 15 * k) for k in range(12)])
    assert page.evaluate("() => scrollY") > before + 50
    assert zoom_of(page) == (0, 100)
    page.context.close()


def test_two_fingers_zoom_the_chart_and_not_the_page(browser: Browser, report: Path) -> None:
    opened = open_page(browser, report, **PHONE)
    page = opened.page
    page.locator("[data-chart=equity]").scroll_into_view_if_needed()
    box = page.locator("[data-chart=equity]").bounding_box()
    assert box is not None
    y = box["y"] + 120
    steps = range(12)
    drag(page, [(180 - 9 * k, y) for k in steps], [(210 + 9 * k, y) for k in steps])
    start, end = zoom_of(page)
    assert end - start < 90
    assert page.evaluate("() => visualViewport.scale") == 1
    page.context.close()


def test_keys_zoom_move_and_reset(page: Page) -> None:
    page.locator("[data-chart=equity]").focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    start, end = zoom_of(page)
    assert (start, end) == pytest.approx((18, 82))
    page.keyboard.press("ArrowRight")
    assert zoom_of(page) == pytest.approx((24.4, 88.4))
    page.keyboard.press("-")
    assert zoom_of(page)[1] - zoom_of(page)[0] > 64
    page.keyboard.press("Home")
    assert zoom_of(page) == (0, 100)


def test_a_tooltip_names_the_day_and_the_figures(page: Page) -> None:
    page.locator("[data-chart=equity]").hover(position={"x": 500, "y": 120})
    tip = page.locator("[data-chart=equity] .tooltip")
    tip.wait_for()
    words = tip.inner_text()
    for part in ("2008", "Strategy", "buy and hold SP500", "USD", "Drawdown", "%"):
        assert part in words


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_definitions_show_for_mouse_and_keyboard(page: Page, way: str) -> None:
    term = page.locator("#figures .term", has_text="Sortino ratio").first
    box = page.locator("#definition")
    assert box.is_hidden()
    if way == "mouse":
        term.hover()
    else:
        term.focus()
    assert "sqrt(periods_per_year)" in box.inner_text()
    assert term.get_attribute("aria-describedby") == "definition"
    page.keyboard.press("Escape")
    assert box.is_hidden()


def test_definitions_show_for_a_finger(browser: Browser, report: Path) -> None:
    opened = open_page(browser, report, **PHONE)
    page = opened.page
    page.locator(".tile .term", has_text="CAGR").tap()
    box = page.locator("#definition")
    assert "365.25" in box.inner_text()
    edge = box.bounding_box()
    assert edge is not None
    assert edge["x"] >= 0
    assert edge["x"] + edge["width"] <= 390
    page.context.close()


def test_fills_are_stepped_through_and_explained(page: Page) -> None:
    fills = golden_run().fills
    page.get_by_role("button", name="Next fill").click()
    tip = page.locator("#price-tip")
    words = tip.inner_text()
    first = fills.row(0, named=True)
    verb = "Bought" if first["side"] == "BUY" else "Sold"
    assert f"{verb}\n{first['qty']:,.0f} at {first['price']:,.2f}" in words
    assert "market open" in words
    assert "cross" in words
    page.get_by_role("button", name="Fill before").click()
    last = fills.row(-1, named=True)
    assert f"{last['price']:,.2f}" in tip.inner_text()


def test_the_switch_of_colours_changes_page_and_charts_and_is_kept(page: Page) -> None:
    draw_all(page)
    before = np.asarray(picture_of(page, "years")).mean()
    page.get_by_role("button", name="Switch to dark colours").click()
    page.wait_for_timeout(50)
    assert np.asarray(picture_of(page, "years")).mean() < before / 2
    assert np.asarray(picture_of(page, "price")).mean() < before / 2
    assert empty_charts(page) == []
    page.reload()
    assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
    page.get_by_role("button", name="Switch to light colours").click()


def test_paper_gets_every_chart_in_light_colours(browser: Browser, report: Path) -> None:
    opened = open_page(browser, report, color_scheme="dark")
    page = opened.page
    assert len(page.pdf(prefer_css_page_size=True, print_background=True)) > 50_000
    page.emulate_media(media="print")
    page.wait_for_function("() => document.documentElement.classList.contains('printing')")
    assert charts_of(page) == CHARTS
    assert empty_charts(page) == []
    assert np.asarray(picture_of(page, "equity")).mean() > 220
    assert np.asarray(picture_of(page, "price")).mean() > 220
    widths = page.evaluate(
        "() => [...document.querySelectorAll('[data-chart] > *')].map((b) => b.offsetWidth || 0)"
    )
    assert max(widths) <= 690
    page.emulate_media(media="screen")
    page.wait_for_function("() => !document.documentElement.classList.contains('printing')")
    draw_all(page)
    assert np.asarray(picture_of(page, "equity")).mean() < 80
    assert opened.complaints == []
    page.context.close()


def test_every_control_is_reached_by_the_tab_key(page: Page) -> None:
    met: list[str] = []
    for _ in range(150):
        page.keyboard.press("Tab")
        met.append(
            page.evaluate("() => document.activeElement.id || document.activeElement.className")
        )
    assert {"print", "theme", "symbol", "fill-after", "term"} <= set(met)
    assert any("chart" in name for name in met)


def test_without_scripts_pictures_and_tables_remain(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    pictures = page.locator("svg.plot")
    assert pictures.count() == 2
    assert all(picture.is_visible() for picture in pictures.all())
    assert page.locator("table.months").first.is_visible()
    assert page.locator("#costs table").is_visible()
    assert not page.locator("[data-chart=equity]").is_visible()
    assert not page.locator("#theme").is_visible()
    context.close()
