"""Goal: nothing in the documentation is wrong when it is typed in.

Method: every page runs in an empty folder of its own: its files are written, its Python blocks run
in one namespace, its ``$ quant`` commands run and must exit and print as shown, in the order of the
page. Commands of other programs must be known ones and are not run.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from docs.pages import ROOT, Block, all_pages, blocks_of, commands_of, shows
from quant.cli.main import run
from quant.report.definitions import DEFINITIONS

# Programs that may stand in a session without being run here.
NOT_RUN = ("make", "pip", "git", "cd", "python", "python3")
# Blocks that show code and cannot run; a page that wants another one needs a reason.
MOST_NO_RUN = 2


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


RUNNABLE = [
    page
    for page in all_pages()
    if any(block.language in ("python", "console") or block.title for block in blocks_of(page))
]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """An empty module in an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    made = ModuleType("page_of_the_docs")
    monkeypatch.setitem(sys.modules, made.__name__, made)
    path = list(sys.path)
    yield made
    sys.path[:] = path
    for name, loaded in list(sys.modules.items()):
        if str(getattr(loaded, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def _run_python(block: Block, page: str, module: ModuleType) -> str:
    """Run a block; what it printed. Tracebacks show the page and its line."""
    source = "\n" * (block.line - 1) + block.text
    linecache.cache[page] = (len(source), None, source.splitlines(keepends=True), page)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, page, "exec"), module.__dict__)
    return out.getvalue()


def _run_quant(words: list[str]) -> tuple[int, str]:
    """Status and output of one command, run in this process."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            status = run(words)
        except SystemExit as error:
            status = int(error.code or 0)
    return status, out.getvalue()


def _run_session(block: Block, page: str) -> None:
    for command in commands_of(block):
        program, *words = shlex.split(command.words, comments=True)
        if program != "quant":
            assert program in NOT_RUN, f"{page}:{block.line}: unknown program {program}"
            continue
        status, output = _run_quant(words)
        where = f"{page}:{block.line}: {command.words}"
        assert status == command.status, f"{where}\n{output}"
        for line in command.shown:
            assert shows(output, line), f"{where}\nshows: {line}\nbut printed:\n{output}"


@pytest.mark.parametrize("page", RUNNABLE, ids=_name)
def test_every_block_does_what_the_page_says(page: Path, module: ModuleType) -> None:
    name = _name(page)
    printed: str | None = None
    for block in blocks_of(page):
        before, printed = printed, None
        if block.title is not None:
            Path(block.title).parent.mkdir(parents=True, exist_ok=True)
            Path(block.title).write_text(block.text, encoding="utf-8")
            if block.language == "python":
                compile(block.text, block.title, "exec")
        elif block.language == "python" and "no-run" not in block.words:
            printed = _run_python(block, name, module)
        elif block.language == "console":
            _run_session(block, name)
        elif block.language == "text" and before is not None:
            shown = block.text.splitlines()
            real = before.splitlines()
            assert len(real) == len(shown), f"{name}:{block.line}\n{before}"
            for line, wanted in zip(real, shown, strict=True):
                assert shows(line or " ", wanted or " "), f"{name}:{block.line}\n{before}"


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {
        command.words.split()[1]
        for page in all_pages()
        for block in blocks_of(page)
        if block.language == "console"
        for command in commands_of(block)
        if command.words.startswith("make ")
    }
    assert {"demo", "test"} <= named
    for target in sorted(named):
        assert f"\n{target}:" in makefile, target


def test_the_number_of_metrics_is_the_one_told() -> None:
    for name in ("README.md", "CHANGELOG.md"):
        assert f"{len(DEFINITIONS)} metrics" in (ROOT / name).read_text(encoding="utf-8")


def test_code_that_does_not_run_is_rare() -> None:
    found = [
        f"{_name(page)}:{block.line}"
        for page in all_pages()
        for block in blocks_of(page)
        if "no-run" in block.words
    ]
    assert len(found) <= MOST_NO_RUN, found


def test_every_block_says_its_language() -> None:
    bare = [
        f"{_name(page)}:{block.line}"
        for page in all_pages()
        for block in blocks_of(page)
        if not block.language
    ]
    assert not bare


def test_a_wrong_line_is_found() -> None:
    """The comparison itself: blanks and run ids do not count, other differences do."""
    output = "run-20240102T030405Z-0a1b2c  done\ncosts   0.00 USD\n"
    assert shows(output, "run-19990101T000000Z-ffffff done")
    assert shows(output, "costs … USD")
    assert not shows(output, "costs 0.01 USD")
    assert not shows(output, "costs 0.00")
