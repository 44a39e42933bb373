"""Goal: the doctor says ok where all is well, and names what is not with what to do.

Method: a healthy examination; then each part is broken in turn.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from docs.pages import ROOT
from quant.engine.lookahead.confine import landlock_abi
from quant.ops import doctor, known_run
from quant.ops.doctor import Check, examine


def named(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_a_sound_installation_has_no_problem(tmp_path: Path) -> None:
    checks = examine(str(tmp_path / "runs"))
    assert len(named(checks)) == len(checks) == 14
    for check in checks:
        assert check.status in ("ok", "note"), check
        assert check.text
        assert check.status == "ok" or check.advice
    assert not list(tmp_path.iterdir())


def test_the_known_run_is_the_one_shipped() -> None:
    """A change detector: the numbers are those of the oracle-tested engine when they were written,
    and move only on purpose (tools/build_known_run.py)."""
    found = known_run.observed(known_run.run_it())
    assert known_run.compare(found, known_run.expected()) != "different"
    assert len(found["fills"]) >= 3


def test_the_known_run_by_hand() -> None:
    """The first fill: the close of 2 April 2019, 2 basis points worse, commission 5 of them."""
    qty, price, commission = known_run.expected()["fills"][0]
    run = known_run.run_it()
    raw = run.fills["price_raw"][0]
    assert price == pytest.approx(raw * 1.0002, rel=1e-12)
    assert commission == pytest.approx(qty * price * 0.0005, rel=1e-12)
    assert qty == 100_000 // (price * 1.0005)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "same bytes"),
        ({"sha256": "other"}, "within 1e-9"),
        ({"sha256": "other", "equity": [100.0 + 1e-8]}, "within 1e-9"),
        ({"sha256": "other", "equity": [100.0 + 1e-6]}, "different"),
        ({"sha256": "other", "equity": [100.0, 100.0]}, "different"),
    ],
)
def test_results_are_compared_by_bytes_then_by_value(change: dict[str, Any], said: str) -> None:
    wanted = {"sha256": "it", "fills": [[1.0, 10.0, 0.5]], "equity": [100.0]}
    assert known_run.compare({**wanted, **change}, wanted) == said


def broken(name: str, tmp_path: Path) -> Check:
    check = named(examine(str(tmp_path / "runs")))[name]
    assert check.advice
    return check


def test_another_result_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_run, "compare", lambda found, wanted: "different")
    assert broken("known run", tmp_path).status == "problem"
    monkeypatch.setattr(known_run, "compare", lambda found, wanted: "within 1e-9")
    assert broken("known run", tmp_path).status == "note"


def test_a_run_that_raises_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise ImportError("no numba")

    monkeypatch.setattr(known_run, "run_it", fails)
    check = broken("known run", tmp_path)
    assert (check.status, check.text) == ("problem", "raised ImportError: no numba")


def test_a_missing_or_old_library_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def versions(name: str) -> str:
        if name == "orjson":
            raise PackageNotFoundError(name)
        return "1.0" if name == "numpy" else "99.0"

    monkeypatch.setattr(doctor, "version", versions)
    monkeypatch.setattr(doctor, "requires", lambda name: ["numpy>=2.2", "pytest>=9; extra"])
    check = broken("libraries", tmp_path)
    assert check.status == "problem"
    assert check.text == "numpy 1.0 is older than 2.2; orjson is missing"


def test_the_oldest_versions_are_read_from_the_requirements(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stated = ["numpy>=2.2", "polars<3,>=2.1", "ruamel.yaml>=0.19", "tzdata", "ray>=2; extra == 'x'"]
    monkeypatch.setattr(doctor, "requires", lambda name: stated)
    assert doctor._lowest() == {"numpy": "2.2", "polars": "2.1", "ruamel.yaml": "0.19"}


def test_folders_that_cannot_be_written_are_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs").write_text("in the way")
    assert broken("runs folder", tmp_path).status == "problem"
    monkeypatch.setattr(doctor, "_is_writable", lambda folder: False)
    assert broken("kernel cache", tmp_path).status == "problem"
    assert "TMPDIR" in broken("temporary folder", tmp_path).advice


def test_what_is_missing_but_not_needed_is_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import webbrowser

    def no_browser(*_: object) -> None:
        raise webbrowser.Error("none")

    monkeypatch.setattr(webbrowser, "get", no_browser)
    monkeypatch.setattr(doctor, "landlock_abi", lambda: 0)
    monkeypatch.setitem(sys.modules, "pandas", None)
    checks = named(examine(str(tmp_path)))
    for name in ("browser", "confinement", "pandas"):
        assert checks[name].status == "note", name


def test_landlock_answers_like_the_system() -> None:
    abi = landlock_abi()
    assert 0 <= abi < 100
    listed = Path("/sys/kernel/security/lsm")
    if sys.platform == "linux" and listed.exists():
        assert (abi > 0) == ("landlock" in listed.read_text())


def test_the_shipped_result_is_current() -> None:
    tool = ROOT / "tools" / "build_known_run.py"
    done = subprocess.run(
        [sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
