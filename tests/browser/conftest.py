"""One Chromium for all tests of this folder, and the reports they look at.

Without a Chromium the tests skip, with QUANT_REQUIRE_BROWSER=1 they fail. QUANT_CHROMIUM names one
that is not on the path. ``pytest tests/browser --update-goldens`` writes the pictures anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from report_runs import golden_run

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write the pictures anew")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("QUANT_CHROMIUM") or shutil.which("chromium")
    if path is None:
        words = "no Chromium: install Debian's package chromium or set QUANT_CHROMIUM"
        if os.environ.get("QUANT_REQUIRE_BROWSER") == "1":
            pytest.fail(words)
        pytest.skip(words)
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the run that the goldens show."""
    return golden_run().report(tmp_path_factory.mktemp("report") / "report.html")
