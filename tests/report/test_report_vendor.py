"""Goal: the chart libraries of the report are the published ones, named, licensed and delivered.

Method: files against the hashes beside them and the NOTICE; a wheel and an sdist are built.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "src" / "quant" / "report" / "vendor"
PACKAGES = json.loads((VENDOR / "metadata.json").read_text(encoding="utf-8"))["packages"]


def test_every_file_is_the_published_one() -> None:
    listed = {entry["file"]: entry["sha256"] for one in PACKAGES for entry in one["files"]}
    assert {path.name for path in VENDOR.iterdir()} == {*listed, "metadata.json"}
    for name, digest in listed.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package["package"]))
def test_every_package_has_its_licence_and_is_in_the_notice(package: dict[str, object]) -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert f"Package: {package['package']}, version {package['version']} (npm)" in notice
    files = [entry["file"] for entry in package["files"]]  # type: ignore[attr-defined]
    assert f"{package['package']}.LICENSE.txt" in files
    assert package["licence"] == "Apache-2.0"


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_the_libraries_are_delivered(kind: str, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(tmp_path)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    built = next(tmp_path.iterdir())
    if kind == "wheel":
        with zipfile.ZipFile(built) as archive:
            names = archive.namelist()
    else:
        with tarfile.open(built) as archive:
            names = archive.getnames()
    wanted = [path.name for path in VENDOR.iterdir()]
    wanted += [path.name for path in (VENDOR.parent / "templates").iterdir()]
    for name in wanted:
        assert any(found.endswith(f"quant/report/{found_in(name)}/{name}") for found in names), name


def found_in(name: str) -> str:
    """Folder of a file of the report."""
    return "vendor" if (VENDOR / name).exists() else "templates"
