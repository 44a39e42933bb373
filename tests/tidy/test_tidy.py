"""Goal: what style says is true of every file, without a reviewer having to look.

Method: the tracked files are read, Python ones as syntax trees. Every exemption stands in a table
here, with its reason; one that is no longer needed fails too.
"""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Files of others, kept as they came; tests/report/test_report_vendor.py holds their hashes.
VENDORED = "src/quant/report/vendor/"

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "quant"

MOST_FILE_LINES = 800
MOST_CODE_LINES = 70
MOST_ARGUMENTS = 7

# Public fronts, which are keyword-only after the first three, and compiled functions, into which a
# record would have to be copied field by field.
LONG_ARGUMENTS = {
    "engine/backtest.py backtest": "what users type; keyword-only after the second",
    "engine/lookahead/audit.py audit_lookahead": "what users type; keyword-only after the second",
    "engine/declarative.py from_orders": "what users type; keyword-only after the second",
    "engine/signal_arrays.py from_signals": "what users type; keyword-only after the fifth",
    "engine/signal.py orders_at": "what users type; keyword-only after the second",
    "strategy/context.py order": "what users type; keyword-only after the third",
    "strategy/context.py bracket": "what users type; keyword-only after the third",
    "engine/merge.py lay_out": "compiled; one argument per column of a bar",
    "research/impact.py estimate_almgren_cost": "what users type; keyword-only after the fifth",
    "kernel/pricing.py taken": "compiled; a fill in plain numbers",
    "kernel/path.py _collect": "compiled; a segment and the place of its queue in plain numbers",
    "kernel/path.py _queue_if_met": "compiled; a segment and the place of its queue",
    "kernel/path.py _queue_those_set_free": "compiled; a segment and the place of its queue",
    "kernel/path.py _run_queue": "compiled; a segment and the place of its queue",
}
LONG_FUNCTIONS: dict[str, str] = {}

_CLOCK = re.compile(r"(datetime|date|dt)\.(.*\.)?(now|utcnow|today)")

# Booleans by position.
BOOLEANS: dict[str, str] = {}

# Places that may do what is banned elsewhere.
PRINTS = {
    "engine/backtest.py": "says that the kernel is being compiled, once per machine",
    "engine/lookahead/worker.py": "answers the process that started it, line by line",
}
PRINTING_PACKAGES = {"cli": "prints what commands say"}


def _python_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


FILES = _python_files(SOURCE)
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def _tracked() -> list[Path]:
    """Files of the repository, the ones not yet added included."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a checkout: the list of files is unknown")
    paths = (ROOT / line for line in listed.splitlines())
    return [path for path in paths if path.is_file()]


def _texts() -> Iterator[tuple[str, str]]:
    """Names and contents of the tracked text files."""
    for path in _tracked():
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node


def _code_lines(function: ast.FunctionDef, text: list[str]) -> int:
    """Lines with code: no blanks, comments, docstring."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    if not body:
        return 0
    lines = text[body[0].lineno - 1 : function.end_lineno]
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in lines)


def _n_arguments(function: ast.FunctionDef) -> int:
    a = function.args
    names = [arg.arg for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def _imports(tree: ast.Module) -> Iterator[str]:
    """Every module imported, at whatever depth, with the names taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _dotted(node: ast.expr) -> str:
    """``np.random.default_rng`` of the expression that reads so; empty for others."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = _dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def _calls(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield _dotted(node.func)


def test_files_are_not_too_long() -> None:
    checked = [*FILES, *_python_files(ROOT / "tests"), *_python_files(ROOT / "tools")]
    long = {
        path.relative_to(ROOT).as_posix(): n
        for path in checked
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > MOST_FILE_LINES
    }
    assert not long


def test_functions_are_not_too_long() -> None:
    long = {}
    for path, tree in TREES.items():
        text = path.read_text(encoding="utf-8").splitlines()
        for function in _functions(tree):
            n = _code_lines(function, text)
            if n > MOST_CODE_LINES:
                long[f"{_name(path)} {function.name}"] = n
    assert set(long) == set(LONG_FUNCTIONS), long


def test_functions_have_few_arguments() -> None:
    many = {}
    for path, tree in TREES.items():
        for function in _functions(tree):
            n = _n_arguments(function)
            if n > MOST_ARGUMENTS:
                many[f"{_name(path)} {function.name}"] = n
    assert set(many) == set(LONG_ARGUMENTS), many


def test_only_one_file_reads_the_clock() -> None:
    """``quant.clock`` reads it; everyone else asks ``quant.clock``."""
    found = []
    for path, tree in TREES.items():
        if _name(path) == "clock.py":
            continue
        if {"time", "timeit"} & set(_imports(tree)):
            found.append(f"{_name(path)}: imports time")
        found += [f"{_name(path)}: {call}" for call in _calls(tree) if _CLOCK.fullmatch(call)]
    assert not found


def test_only_one_file_makes_randomness() -> None:
    found = []
    for path, tree in TREES.items():
        if _name(path) == "seeds.py":
            continue
        banned = {"random", "secrets", "uuid", "numpy.random"}
        found += [f"{_name(path)}: {name}" for name in _imports(tree) if name in banned]
        found += [
            f"{_name(path)}: {call}"
            for call in _calls(tree)
            if call.startswith(("np.random.", "numpy.random.")) or call == "os.urandom"
        ]
    assert not found


def test_nothing_prints_but_the_command_line() -> None:
    prints = {
        _name(path)
        for path, tree in TREES.items()
        if "print" in set(_calls(tree)) and _name(path).split("/")[0] not in PRINTING_PACKAGES
    }
    assert prints == set(PRINTS)


def test_the_one_notice_is_one() -> None:
    for name in PRINTS:
        assert list(_calls(TREES[SOURCE / name])).count("print") == 1


def test_nothing_reorders_arithmetic() -> None:
    """Compiled and interpreted code must give the same bits."""
    found = []
    for path, tree in TREES.items():
        found += [
            f"{_name(path)}: {node.arg}"
            for node in ast.walk(tree)
            if isinstance(node, ast.keyword) and node.arg in ("fastmath", "parallel")
        ]
        if _name(path).split("/")[0] in ("kernel", "indicators"):
            sums = {"np.sum", "np.mean", "np.dot", "np.nansum", "np.cumsum", "math.fsum", "sum"}
            found += [f"{_name(path)}: {call}" for call in _calls(tree) if call in sums]
    assert not found


def test_nothing_executes_text() -> None:
    found = [
        f"{_name(path)}: {call}"
        for path, tree in TREES.items()
        for call in _calls(tree)
        if call in ("exec", "eval", "compile", "__import__")
    ]
    assert not found


def test_the_environment_is_read_in_few_places() -> None:
    # the cache's place; and what an audit hands on to the processes it starts
    allowed = {"kernel/cache.py", "engine/lookahead/launch.py"}
    found = {
        _name(path)
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and _dotted(node) in ("os.environ", "os.getenv")
    }
    found = {name for name in found if name.split("/")[0] != "cli"}
    assert found <= allowed


def test_nothing_is_left_to_do() -> None:
    mark = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [_name(path) for path in FILES if mark.search(path.read_text(encoding="utf-8"))]
    assert not found


def _is_public(name: str, tree: ast.Module) -> bool:
    """Whether a module lists a name in ``__all__``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and _dotted(node.targets[0]) == "__all__":
            return name in ast.literal_eval(node.value)
    return False


def test_every_public_name_has_a_docstring() -> None:
    """Exempt are the classes of codes, whose names say what they stand for, and empty modules."""
    bare = []
    for path, tree in TREES.items():
        if tree.body and ast.get_docstring(tree) is None:
            bare.append(_name(path))
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            if _name(path) == "kernel/codes.py" and isinstance(node, ast.ClassDef):
                continue
            if _is_public(node.name, tree) and ast.get_docstring(node) is None:
                bare.append(f"{_name(path)} {node.name}")
    assert not bare


def test_every_public_method_of_the_front_has_a_docstring() -> None:
    bare = []
    for path, tree in TREES.items():
        for node in tree.body:
            if not isinstance(node, ast.ClassDef) or not _is_public(node.name, tree):
                continue
            bare += [
                f"{_name(path)} {node.name}.{method.name}"
                for method in node.body
                if isinstance(method, ast.FunctionDef)
                and not method.name.startswith("_")
                and ast.get_docstring(method) is None
            ]
    assert not bare


def test_every_public_name_exists() -> None:
    for path, tree in TREES.items():
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        module = importlib.import_module(name)
        for public in getattr(module, "__all__", ()):
            assert hasattr(module, public), f"{name}.{public}"
            assert _is_public(public, tree)


def test_no_boolean_is_a_positional_argument() -> None:
    found = []
    for path, tree in TREES.items():
        for function in _functions(tree):
            a = function.args
            found += [
                f"{_name(path)} {function.name}({arg.arg})"
                for arg in (*a.posonlyargs, *a.args)
                if isinstance(arg.annotation, ast.Name) and arg.annotation.id == "bool"
            ]
    assert set(found) == set(BOOLEANS)


def test_no_place_of_a_machine_in_the_text() -> None:
    """No folder of a workplace and no address of a host; words are put together here."""
    folders = [f"/{name}/" for name in ("work", "root", "home", "Users", "mnt")]
    hosts = re.compile(r"\b(localhost|127\.0\.0\.1|[\w.-]+\.(internal|local|lan|corp))\b")
    found = []
    for name, text in _texts():
        if name in ("LICENSE", "NOTICE") or name.startswith(VENDORED):
            continue
        found += [f"{name}: {folder}" for folder in folders if folder in text]
        found += [f"{name}: {match[0]}" for match in hosts.finditer(text)]
    here = Path(__file__).relative_to(ROOT).as_posix()
    assert not [line for line in found if not line.startswith(f"{here}:")]


def test_locks_hold_no_address() -> None:
    locks = sorted((ROOT / "requirements").iterdir())
    assert locks
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text, lock.name
        assert "--index-url" not in text, lock.name


def test_locks_hold_hashes() -> None:
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        text = lock.read_text(encoding="utf-8")
        packages = re.findall(r"^[\w.\[\]-]+==", text, flags=re.M)
        assert packages, lock.name
        assert text.count("--hash=sha256:") >= len(packages), lock.name


def test_the_changelog_begins_with_numbers() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.split(r"^## ", text, flags=re.M)[1:]
    assert versions
    for version in versions:
        sections = re.findall(r"^### (.*)$", version, flags=re.M)
        assert sections, version
        assert sections[0] == "Numbers", version.splitlines()[0]


def test_the_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text


def test_importing_quant_loads_nothing_heavy() -> None:
    code = (
        "import sys, quant, quant.kernel.layout; "
        "print([m for m in ('numba', 'polars', 'pandas', 'pydantic', 'rich') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_pandas_is_never_needed() -> None:
    code = "import sys, quant.engine.backtest, quant.cli.main; print('pandas' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"
