"""Goal: strategies are found by name, wherever they are installed, and mistakes are told.

Method: quant's own by name; a package made in an empty folder, with the metadata that an installer
would write, on the path.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import quant as qt
from docs.pages import ROOT
from quant.engine.registry import GROUP, is_path, load_registered, registered_strategies
from quant.engine.strategy_file import load_class
from quant.errors import StrategyError

MODULE = """
import quant as qt


class Carry(qt.Strategy):
    def on_bar(self, bar, ctx):
        ctx.order_target(bar.symbol, weight=0.5)


not_a_class = 5
"""


def install(folder: Path, package: str, points: str, module: str = MODULE) -> None:
    """A package as an installer leaves it."""
    (folder / f"{package}_code.py").write_text(module)
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder on the path; what is imported from it is forgotten after."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.endswith("_code"):
            del sys.modules[name]


def test_quants_own_are_known_without_metadata() -> None:
    assert load_class("MovingAverageCross") is qt.MovingAverageCross
    own = {one.name: one.target for one in registered_strategies() if one.package == "quant"}
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert own == declared["project"]["entry-points"][GROUP]
    for name in own:
        assert load_registered(name) is getattr(qt, name)


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("a.py", True), ("a.py:B", True), ("dir/a", True), ("a:B", True), (".", True),
        ("prices.csv", True), ("Carry", False), ("my-carry", False), ("carry_2", False),
    ],
)  # fmt: skip
def test_names_and_paths(spec: str, path: bool) -> None:
    assert is_path(spec) is path


def test_a_package_registers_its_strategies(site: Path) -> None:
    install(site, "carrypack", "Carry = carrypack_code:Carry\nBreakout = carrypack_code:Carry")
    assert [one.package for one in registered_strategies() if one.name == "Carry"] == ["carrypack"]
    kind = load_class("Carry")
    assert kind.__module__ == "carrypack_code"
    assert load_class("Breakout") is qt.Breakout
    run = qt.backtest(kind, "sample:sp500", start="2010-01-04", end="2010-01-29")
    assert len(run.fills) >= 1


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ("Carry = carrypack_code:Cary", "found that it raised AttributeError"),
        ("Carry = nothing_code:Carry", "found that it raised ModuleNotFoundError"),
        ("Carry = carrypack_code:not_a_class", "a class that extends qt.Strategy, found 5"),
    ],
)
def test_a_broken_registration_is_told(site: Path, points: str, told: str) -> None:
    install(site, "carrypack", points)
    with pytest.raises(StrategyError, match=told) as error:
        load_class("Carry")
    assert "package carrypack" in str(error.value)


def test_a_name_that_two_packages_take_is_told(site: Path) -> None:
    install(site, "carrypack", "Carry = carrypack_code:Carry")
    install(site, "otherpack", "Carry = otherpack_code:Carry")
    with pytest.raises(StrategyError, match="found carrypack and otherpack; remove one"):
        load_class("Carry")


def test_an_unknown_name_hears_of_names_and_files(site: Path) -> None:
    with pytest.raises(
        StrategyError, match=r"found neither; correct it. Did you mean 'Breakout'\?"
    ):
        load_class("Breakot")


def test_a_forgotten_ending_is_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cross.py").write_text("")
    with pytest.raises(StrategyError, match=r"Did you mean 'cross.py'\?"):
        load_class("cross")
