"""Pictures of a page made small enough to keep, and how far two of them are apart.

A page is cut into its first screen and its charts, whose sizes do not hang on fonts. Each part is
shrunk to a quarter, blurred, and compared with the golden one: the mean difference of their colours
over the mean distance of the golden part from its own background. A part that is missing is 1
apart; another font moves words a little and stays low.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from page_checks import charts_of, picture_of
from PIL import Image, ImageFilter
from playwright.sync_api import Page

__all__ = ["FACTOR", "distances", "parts_of", "read_sheet", "write_sheet"]

Parts: TypeAlias = dict[str, Image.Image]

FACTOR = 4


def parts_of(page: Page) -> Parts:
    """The first screen and every chart, shrunk."""
    page.evaluate("() => scrollTo(0, 0)")
    first = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    found = {"first": first, **{name: picture_of(page, name) for name in charts_of(page)}}
    return {name: _small(part) for name, part in found.items()}


def _small(part: Image.Image) -> Image.Image:
    width, height = (max(1, side // FACTOR) for side in part.size)
    return part.resize((width, height), Image.Resampling.BOX)


def distances(parts: Parts, golden: Parts) -> dict[str, float]:
    """How far each part is from the golden one: 0 equal, 1 as far as if nothing were there."""
    assert list(parts) == list(golden)
    return {name: _distance(parts[name], golden[name]) for name in golden}


def _distance(part: Image.Image, golden: Image.Image) -> float:
    # Sizes differ by a pixel or two where scroll bars do.
    mine, wanted = _blurred(part.resize(golden.size)), _blurred(golden)
    background = np.median(wanted.reshape(-1, 3), axis=0)
    ink = float(np.abs(wanted - background).mean())
    return float(np.abs(mine - wanted).mean()) / max(ink, 0.5)


def _blurred(part: Image.Image) -> NDArray[np.float64]:
    return np.asarray(part.filter(ImageFilter.BoxBlur(2)), dtype=np.float64)


def write_sheet(parts: Parts, path: Path) -> None:
    """All parts below one another in one small file."""
    width = max(part.width for part in parts.values())
    sheet = Image.new("RGB", (width, sum(part.height for part in parts.values())))
    top = 0
    for part in parts.values():
        sheet.paste(part, (0, top))
        top += part.height
    sheet.save(path, optimize=True)


def read_sheet(path: Path, like: Parts) -> Parts:
    """The parts of a file, by the sizes of the parts they are compared with."""
    sheet = Image.open(path).convert("RGB")
    found, top = {}, 0
    for name, part in like.items():
        found[name] = sheet.crop((0, top, part.width, top + part.height))
        top += part.height
    assert top == sheet.height, f"{path.name}: expected parts of {sheet.height} rows, found {top}"
    return found
