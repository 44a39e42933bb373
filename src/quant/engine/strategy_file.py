"""From ``FILE.py:Class`` to a strategy class, and from an exception to its place in that file."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType

from quant.engine.journal import in_words
from quant.errors import StrategyError, nearest
from quant.strategy.base import Strategy

__all__ = ["load_class", "named", "place_of"]


def _split(spec: str) -> tuple[Path, str | None]:
    """File and class of ``FILE.py[:Class]``."""
    head, colon, tail = spec.rpartition(":")
    if colon and tail.isidentifier() and head:
        return Path(head), tail
    return Path(spec), None


def _import(path: Path) -> ModuleType:
    """The file as a module; its own folder is importable, as when it is run."""
    if not path.is_file():
        beside = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise StrategyError(
            f"{path}: expected a strategy file, found none; correct the path."
            f"{nearest(path.name, beside)}"
        )
    name = f"quant_strategy_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise StrategyError(f"{path}: expected a Python file ending in .py, found another kind.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise _syntax_error(path, error) from None
    except (Exception, SystemExit) as error:
        raise StrategyError(
            f"{path}: expected to import it, found that it raised {named(error)}"
            f"{place_of(error, path)}; mend the file."
        ) from error
    return module


def _syntax_error(path: Path, error: SyntaxError) -> StrategyError:
    """Which line of which file is not Python; the file may be one that the strategy imports."""
    is_own = error.filename is None or Path(error.filename).resolve() == path.resolve()
    where = str(path) if is_own else f"{error.filename} (imported by {path})"
    if error.lineno is None:
        return StrategyError(f"{where}: expected valid Python, found {error.msg}; mend the file.")
    found = f"{(error.text or '').strip()!r} ({error.msg})"
    return StrategyError(
        f"{where}, line {error.lineno}: expected valid Python, found {found}; mend that line."
    )


def named(error: BaseException) -> str:
    """Kind and words of an exception."""
    text = in_words(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def place_of(error: BaseException, path: Path) -> str:
    """The last line of a file that an exception passed through, as `` in on_bar at x.py line 7``.

    Empty if it passed through none.
    """
    found = ""
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if Path(code.co_filename).resolve() == path.resolve():
            inside = "" if code.co_name == "<module>" else f" in {code.co_name}"
            found = f"{inside} at {path.name} line {trace.tb_lineno}"
        trace = trace.tb_next
    return found


def load_class(spec: str) -> type[Strategy]:
    """The strategy class of ``FILE.py[:Class]``.

    Raises
    ------
    StrategyError
        If the file or class is missing, cannot be imported, or several classes fit.
    """
    path, wanted = _split(spec)
    module = _import(path)
    own = {
        kind.__name__: kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Strategy)
        and kind is not Strategy
        and kind.__module__ == module.__name__
    }
    if wanted is not None:
        kind = getattr(module, wanted, None)
        if isinstance(kind, type) and issubclass(kind, Strategy):
            return kind
        shown = ", ".join(own) or "none"
        raise StrategyError(
            f"{path}: expected a strategy class {wanted}, found {shown}; "
            f"correct the name.{nearest(wanted, own)}"
        )
    if len(own) == 1:
        return next(iter(own.values()))
    if not own:
        raise StrategyError(
            f"{path}: expected a class that extends qt.Strategy, found none; write one."
        )
    raise StrategyError(
        f"{path}: expected one strategy, found {', '.join(own)}; name one, as in "
        f"{path.name}:{next(iter(own))}."
    )
