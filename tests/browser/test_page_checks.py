"""Goal: a broken report is found: every check of a page can fail.

Method: the page is broken in one way at a time, and the check that watches over it must say so.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_checks import draw_all, empty_charts, open_page, too_wide
from playwright.sync_api import Browser


def broken(report: Path, folder: Path, pattern: str, by: str, *, is_guarded: bool = True) -> Path:
    """The page with one text replaced; unguarded: its content policy is taken out too."""
    text = report.read_text(encoding="utf-8")
    changed = text.replace(pattern, by, 1)
    assert changed != text
    if not is_guarded:
        changed = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", changed)
    path = folder / "broken.html"
    path.write_text(changed, encoding="utf-8")
    return path


def test_a_changed_script_is_not_run_and_that_is_heard(
    browser: Browser, report: Path, tmp_path: Path
) -> None:
    path = broken(report, tmp_path, "const LOG_FROM = 4;", "const LOG_FROM = 5;")
    opened = open_page(browser, path)
    assert any("Content Security Policy" in text for text in opened.complaints)
    assert "equity" in empty_charts(opened.page)
    opened.page.context.close()


def test_a_request_is_heard(browser: Browser, report: Path, tmp_path: Path) -> None:
    image = f'<img src="{(tmp_path / "other.png").as_uri()}" alt=""></main>'
    opened = open_page(browser, broken(report, tmp_path, "</main>", image, is_guarded=False))
    assert any("other.png" in address for address in opened.requests)
    opened.page.context.close()


def test_the_policy_forbids_a_request(browser: Browser, report: Path, tmp_path: Path) -> None:
    image = f'<img src="{(tmp_path / "other.png").as_uri()}" alt=""></main>'
    opened = open_page(browser, broken(report, tmp_path, "</main>", image))
    assert any("Content Security Policy" in text for text in opened.complaints)
    opened.page.context.close()


def test_what_is_too_wide_is_found(browser: Browser, report: Path, tmp_path: Path) -> None:
    bar = '<p class="stray" style="width: 1400px">wide</p></main>'
    opened = open_page(browser, broken(report, tmp_path, "</main>", bar))
    assert too_wide(opened.page) == ["P stray"]
    opened.page.context.close()


@pytest.mark.parametrize(
    ("pattern", "by", "empty"),
    [
        ("    series: equitySeries(),", "    series: [],", "equity"),
        ("price.series.setData(price.book.bars);", "price.book.fills = [];", "price"),
        ("() => colours.strategy);", "() => colours.card);", "holding"),
    ],
)
def test_a_chart_without_its_data_is_found(
    browser: Browser, report: Path, tmp_path: Path, pattern: str, by: str, empty: str
) -> None:
    opened = open_page(browser, broken(report, tmp_path, pattern, by, is_guarded=False))
    draw_all(opened.page)
    assert empty_charts(opened.page) == [empty]
    opened.page.context.close()


def test_an_error_of_the_page_is_heard(browser: Browser, report: Path, tmp_path: Path) -> None:
    path = broken(report, tmp_path, "\nstart();", "\nstart(); absent();", is_guarded=False)
    opened = open_page(browser, path)
    assert any("absent" in text for text in opened.complaints)
    opened.page.context.close()
