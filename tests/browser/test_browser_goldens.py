"""Goal: the report looks as it looked when someone looked at it.

Method: its first screen and every chart, for a laptop in light and dark, a phone and paper, are
compared with pictures kept in ``goldens``. The tolerance lets another font pass and nothing that is
missing; both are shown here. After a change on purpose, look at the page and then run
``pytest tests/browser --update-goldens``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from page_checks import draw_all, open_page
from pictures import Parts, distances, parts_of, read_sheet, write_sheet
from playwright.sync_api import Browser

GOLDENS = Path(__file__).parent / "goldens"
# Another font moves a part by up to a quarter, missing lines or bars by 0.8 and more (see below).
TOLERANCE = 0.4
VIEWS: dict[str, dict[str, Any]] = {
    "laptop-light": {"viewport": {"width": 1280, "height": 800}},
    "laptop-dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "print": {"viewport": {"width": 1280, "height": 800}},
}


def look(browser: Browser, path: Path, view: str, style: str = "") -> Parts:
    """The parts of a page in a view, with a style sheet of the test's own."""
    opened = open_page(browser, path, **VIEWS[view], bypass_csp=True)
    page = opened.page
    if style:
        page.add_style_tag(content=style)
    draw_all(page)
    if view == "print":
        page.emulate_media(media="print")
        page.wait_for_function("() => document.documentElement.classList.contains('printing')")
    elif style:
        # Fonts are read when a chart is drawn: draw them again in the new one.
        page.locator("#theme").click()
        page.locator("#theme").click()
    parts = parts_of(page)
    page.context.close()
    return parts


@pytest.fixture(scope="module")
def seen(browser: Browser, report: Path) -> Callable[[str], Parts]:
    """The parts of the report in a view, looked at once."""
    return cache(lambda view: look(browser, report, view))


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_looks_as_before(
    seen: Callable[[str], Parts], view: str, request: pytest.FixtureRequest
) -> None:
    parts = seen(view)
    path = GOLDENS / f"{view}.png"
    if request.config.getoption("--update-goldens", default=False):
        write_sheet(parts, path)
    found = distances(parts, read_sheet(path, parts))
    assert {name: far for name, far in found.items() if far > TOLERANCE} == {}


def test_another_font_passes(browser: Browser, report: Path) -> None:
    style = "html body, html body button { font-family: serif }"
    parts = look(browser, report, "laptop-light", style)
    found = distances(parts, read_sheet(GOLDENS / "laptop-light.png", parts))
    assert max(found.values()) <= TOLERANCE


@pytest.mark.parametrize(
    ("pattern", "by", "chart"),
    [
        ("    series: equitySeries(),", "    series: [],", "equity"),
        ("price.series.setData(price.book.bars);", "price.book.fills = [];", "price"),
    ],
)
def test_a_missing_chart_does_not(
    browser: Browser, report: Path, tmp_path: Path, pattern: str, by: str, chart: str
) -> None:
    text = report.read_text(encoding="utf-8")
    assert pattern in text
    path = tmp_path / "broken.html"
    path.write_text(text.replace(pattern, by, 1), encoding="utf-8")
    parts = look(browser, path, "laptop-light")
    found = distances(parts, read_sheet(GOLDENS / "laptop-light.png", parts))
    assert {name for name, far in found.items() if far > TOLERANCE} == {chart}


def test_the_wrong_colours_do_not(seen: Callable[[str], Parts]) -> None:
    parts = seen("laptop-dark")
    found = distances(parts, read_sheet(GOLDENS / "laptop-light.png", parts))
    assert min(found.values()) > TOLERANCE


def test_the_pictures_are_small() -> None:
    assert sum(path.stat().st_size for path in GOLDENS.iterdir()) < 400_000
