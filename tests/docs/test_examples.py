"""Goal: every example runs from anywhere, is short, and checks a number.

Method: each file runs as a program in an empty folder of its own; its text is read for the rest.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from docs.pages import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
MOST_LINES = 80
MOST_OUTPUT = 12

each = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)


@each
def test_example_runs(example: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(example)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert 1 <= len(result.stdout.splitlines()) <= MOST_OUTPUT, result.stdout
    assert not list(tmp_path.iterdir()), "an example leaves nothing behind"


@each
def test_example_is_short_has_cells_and_ends_with_a_check(example: Path) -> None:
    text = example.read_text(encoding="utf-8")
    assert len(text.splitlines()) < MOST_LINES
    assert text.count("# %%") >= 2
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert isinstance(tree.body[-1], ast.Assert)


def test_examples_are_numbered_without_gaps() -> None:
    numbers = [int(example.name[:2]) for example in EXAMPLES]
    assert numbers == list(range(1, len(EXAMPLES) + 1))
    assert len(EXAMPLES) >= 7


NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_is_kept_without_output(notebook: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 3
    names: dict[str, object] = {}
    for cell in code:
        assert cell["outputs"] == []
        exec(compile("".join(cell["source"]), str(notebook), "exec"), names)
