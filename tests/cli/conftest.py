"""One folder per test to be a user in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_shop import Shop, make_shop


@pytest.fixture
def shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shop]:
    """A folder with prices.csv and cross.py, and the command in it."""
    yield from make_shop(tmp_path, monkeypatch, capsys)
