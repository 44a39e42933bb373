"""What must be true of a report in a browser, as functions that return what is wrong.

An empty answer means that nothing is wrong; `test_page_checks.py` shows that each of them can
answer otherwise.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

__all__ = [
    "Opened",
    "charts_of",
    "draw_all",
    "empty_charts",
    "open_page",
    "picture_of",
    "too_wide",
]

# Axes, marks and words are grey; what a chart is about has colour.
_COLOURED = 40
_LEAST_COLOURED = 0.0004


@dataclass(slots=True)
class Opened:
    """A page, and what it said and asked for, itself aside, since it was opened."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def open_page(browser: Browser, path: Path, **context: Any) -> Opened:
    """Open a file in a context of its own and listen to it from the first byte on."""
    page = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context}).new_page()
    opened = Opened(page)
    page.on("console", lambda message: opened.complaints.append(message.text))
    page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    address = path.as_uri()
    page.on("request", lambda sent: sent.url == address or opened.requests.append(sent.url))
    page.goto(address)
    return opened


def charts_of(page: Page) -> list[str]:
    """Names of the page's charts, from top to bottom."""
    found: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('[data-chart]')].map((box) => box.dataset.chart)"
    )
    return found


def draw_all(page: Page) -> None:
    """Scroll to every chart, as a reader would, and back to the top."""
    for name in charts_of(page):
        page.locator(f'[data-chart="{name}"]').scroll_into_view_if_needed()
        page.wait_for_function(
            "(name) => document.querySelector(`[data-chart='${name}']`)?.childElementCount > 0",
            arg=name,
            timeout=5_000,
        )
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))")
    page.evaluate("() => scrollTo(0, 0)")


def picture_of(page: Page, name: str) -> Image.Image:
    """One chart as it is shown."""
    shot = page.locator(f'[data-chart="{name}"]').screenshot(animations="disabled")
    return Image.open(io.BytesIO(shot)).convert("RGB")


def empty_charts(page: Page) -> list[str]:
    """Charts without a line, bar or point: no colour but the greys of axes and words."""
    found = []
    for name in charts_of(page):
        pixels = np.asarray(picture_of(page, name), dtype=np.int16)
        colour = pixels.max(axis=2) - pixels.min(axis=2)
        if float((colour > _COLOURED).mean()) < _LEAST_COLOURED:
            found.append(name)
    return found


def too_wide(page: Page) -> list[str]:
    """What reaches beyond the right side of the page, scrolling boxes left aside."""
    found: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          const scrolls = (box) => box.closest('.scroll, .links');
          return [...document.querySelectorAll('body *')]
            .filter((box) => box.getBoundingClientRect().right > width + 1 && !scrolls(box))
            .map((box) => `${box.tagName} ${box.className}`);
        }"""
    )
    return found
