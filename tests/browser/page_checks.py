"""What must be true of a report in a browser, as functions that return what is wrong.

An empty answer means that nothing is wrong; `test_page_checks.py` shows that each of them can
answer otherwise.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    missing: list[str] = page.evaluate(
        """async () => {
          const frame = () => new Promise((done) => requestAnimationFrame(done));
          const missing = [];
          for (const box of document.querySelectorAll('[data-chart]')) {
            box.scrollIntoView({ block: 'center' });
            for (let k = 0; k < 60 && !box.childElementCount; k += 1) await frame();
            if (!box.childElementCount) missing.push(box.dataset.chart);
          }
          scrollTo(0, 0);
          for (let k = 0; k < 4; k += 1) await frame();
          return missing;
        }"""
    )
    assert missing == []


def picture_of(page: Page, name: str) -> Image.Image:
    """One chart as it is shown."""
    shot = page.locator(f'[data-chart="{name}"]').screenshot(animations="disabled")
    return Image.open(io.BytesIO(shot)).convert("RGB")


def empty_charts(page: Page) -> list[str]:
    """Charts without a line, bar or point: no colour but the greys of axes and words."""
    found: list[str] = page.evaluate(
        """([coloured, least]) => {
          const isColoured = ([r, g, b]) => Math.max(r, g, b) - Math.min(r, g, b) > coloured;
          const parts = (text) => (text.match(/[\\d.]+/g) || [0, 0, 0]).slice(0, 3).map(Number);
          const shapes = 'svg path, svg rect, svg circle, svg polyline';
          const isShown = (shape) => {
            const { width, height } = shape.getBoundingClientRect();
            const style = getComputedStyle(shape);
            return width + height > 2 && [style.fill, style.stroke]
              .some((text) => text.startsWith('rgb') && isColoured(parts(text)));
          };
          const share = (canvas) => {
            if (!canvas.width || !canvas.height) return 0;
            const context = canvas.getContext('2d');
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            let n = 0;
            for (let i = 0; i < data.length; i += 4) {
              if (data[i + 3] && isColoured(data.subarray(i, i + 3))) n += 1;
            }
            return (4 * n) / data.length;
          };
          return [...document.querySelectorAll('[data-chart]')]
            .filter((box) => ![...box.querySelectorAll(shapes)].some(isShown)
              && ![...box.querySelectorAll('canvas')].some((canvas) => share(canvas) > least))
            .map((box) => box.dataset.chart);
        }""",
        [_COLOURED, _LEAST_COLOURED],
    )
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
