"""Where compiled code is kept, and when quant says that it must compile first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import quant
from quant.kernel import cache
from quant.kernel.jit import INTERPRETED


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """The folder is chosen once per process: choose anew, before and after."""
    cache.cache_folder.cache_clear()
    yield
    cache.cache_folder.cache_clear()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Another copy of the compiled sources, their times kept."""
    source, target = Path(quant.__file__).parent, tmp_path / "copy"
    for package in ("kernel", "indicators"):
        shutil.copytree(source / package, target / package)
    return target


def test_warm_only_once_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANT_CACHE", str(tmp_path / "kept"))
    assert not cache.is_warm()
    cache.mark_warm()
    assert cache.is_warm()


def test_another_copy_of_the_same_code_is_not_warm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, copy: Path
) -> None:
    monkeypatch.setenv("QUANT_CACHE", str(tmp_path / "kept"))
    cache.mark_warm()
    mine = cache.installation()
    other = cache.installation(copy)
    assert other != mine
    monkeypatch.setattr(cache, "installation", lambda: other)
    assert not cache.is_warm()


def test_a_copy_installed_anew_is_another(copy: Path) -> None:
    before = cache.installation(copy)
    assert cache.installation(copy) == before
    os.utime(copy / "kernel" / "run.py", ns=(1, 1))
    assert cache.installation(copy) != before


def test_a_home_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.delenv("QUANT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(tmp_path))
    assert cache.cache_folder().parent == tmp_path / f"quant-cache-{os.getuid()}"


COMPILING = "quant: compiling its kernel for this installation"


class Raises(quant.Strategy):
    def on_start(self, ctx: quant.Context) -> None:
        raise ZeroDivisionError


class Holds(quant.Strategy):
    def on_bar(self, bar: quant.Bar, ctx: quant.Context) -> None:
        pass


def test_only_a_run_that_came_to_its_bars_counts_as_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QUANT_CACHE", str(tmp_path / "kept"))
    told = []
    for strategy in (Raises, Holds, Holds):
        with suppress(ZeroDivisionError):
            quant.backtest(strategy, quant.sample("sp500"), end="2000-01-31")
        told.append(COMPILING in capsys.readouterr().err)
    assert told == ([False] * 3 if INTERPRETED else [True, True, False])
