"""Goal: every example in a docstring gives what it shows.

Method: all modules of the package that hold ``>>>`` run through doctest, each in an empty folder.
"""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from docs.pages import ROOT

SOURCE = ROOT / "src"
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def _module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = [
    _module_name(path)
    for path in sorted(SOURCE.rglob("*.py"))
    if ">>>" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert result.attempted > 0
    assert result.failed == 0


def test_the_public_front_has_examples() -> None:
    assert {"quant.engine.backtest", "quant.strategy.base", "quant.model.config"} <= set(MODULES)
