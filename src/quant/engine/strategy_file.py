"""From ``FILE.py:Class`` or a registered name to a strategy class, and from that to a strategy;
from an exception to its place in the file."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from quant.engine.journal import in_words
from quant.engine.registry import is_path, load_registered
from quant.errors import QuantError, StrategyError, nearest
from quant.strategy.base import Strategy

__all__ = ["load_class", "make_from", "named", "place_of"]


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
    # the folder may be that of a run, which holds what its manifest names, and no compiled copies
    writes_no_copies, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise _syntax_error(path, error) from None
    except (Exception, SystemExit) as error:
        raise StrategyError(
            f"{path}: expected to import it, found that it raised {named(error)}"
            f"{place_of(error, path)}; mend the file."
        ) from error
    finally:
        sys.dont_write_bytecode = writes_no_copies
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
    """The strategy class of ``FILE.py[:Class]``, or of a registered name.

    A registered name has no dot, colon or separator in it; all else is a path.

    Raises
    ------
    StrategyError
        If the file, class or name is missing, cannot be imported, or several classes fit.
    """
    if not is_path(spec):
        return load_registered(spec)
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


def make_from(kind: type[Strategy], values: Mapping[str, Any]) -> Strategy:
    """The strategy with these parameters, or why its ``__init__`` refused them.

    Raises
    ------
    StrategyError
        If making it raised something.
    """
    try:
        return kind(**values)
    except QuantError:
        raise
    except (Exception, SystemExit) as error:
        shown = ", ".join(f"{name}={value!r}" for name, value in values.items())
        file = inspect.getsourcefile(kind)
        place = place_of(error, Path(file)) if file else ""
        raise StrategyError(
            f"{kind.__name__}({shown}): expected to be made, found that it raised "
            f"{named(error)}{place}; check the parameters."
        ) from error
