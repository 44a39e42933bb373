"""Makes docs/images/report.png, the picture of the README: the top of a report as readers see it.

Run it after a change of the report's looks, then look at the picture::

    python tools/build_report_picture.py

It needs playwright and a Chromium: on the path as ``chromium``, or named by QUANT_CHROMIUM.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from quant.cli.demo import INDEX_CONFIG
from quant.engine.backtest import simulate
from quant.lake import load_bars
from quant.model.parse import config_from
from quant.strategy.helpers import MovingAverageCross

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "report.png"
_WIDTH, _HEIGHT = 1200, 1110


def take(report: Path, chromium: str) -> Image.Image:
    """The first screen of a report, at the sharpness of today's displays."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": _WIDTH, "height": _HEIGHT}, device_scale_factor=1.5
        )
        page.goto(report.as_uri())
        shot = page.screenshot(animations="disabled")
        browser.close()
    return Image.open(io.BytesIO(shot)).convert("RGB")


def main() -> int:
    """Run the demo's first strategy, picture its report, keep the picture small."""
    chromium = os.environ.get("QUANT_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        print("no Chromium: install Debian's package chromium or set QUANT_CHROMIUM")
        return 1
    strategy, bars = MovingAverageCross(20, 100), load_bars("sample:sp500")
    run = simulate(strategy, bars, config_from(INDEX_CONFIG))
    with tempfile.TemporaryDirectory() as folder:
        picture = take(run.report(Path(folder) / "report.html"), chromium)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(192, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
