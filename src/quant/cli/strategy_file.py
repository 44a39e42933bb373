"""From ``FILE.py:Class`` and ``--param k=v`` to a strategy."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

from quant.engine.journal import in_words
from quant.errors import QuantError, StrategyError, nearest
from quant.strategy.base import Strategy, parameters_of

__all__ = ["load_class", "make_strategy", "place_of", "remake_strategy"]


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
            f"{path}: expected to import it, found that it raised {_named(error)}"
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


def _named(error: BaseException) -> str:
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


def make_strategy(kind: type[Strategy], params: list[str]) -> Strategy:
    """A strategy with the parameters of ``--param``, read by their annotated types.

    Raises
    ------
    StrategyError
        For an unknown or mistyped parameter, or one without a value.
    """
    known = parameters_of(kind)
    values: dict[str, Any] = {}
    for text in params:
        name, equals, value = text.partition("=")
        if not equals:
            raise StrategyError(f"--param {text}: expected name=value, found no '='; add it.")
        if name not in known:
            raise StrategyError(
                f"--param {name}: expected a parameter of {kind.__name__} "
                f"({', '.join(known) or 'it has none'}), found {name!r}; "
                f"correct it.{nearest(name, known)}"
            )
        if name in values:
            raise StrategyError(
                f"--param {name}: expected one value, found several; keep one of them."
            )
        values[name] = _typed(kind, name, value, known[name])
    lacking = [name for name, p in known.items() if p.default is p.empty and name not in values]
    if lacking:
        raise StrategyError(
            f"{kind.__name__}: expected a value for {', '.join(lacking)}, found none; give "
            f"--param {lacking[0]}=…."
        )
    return _made(kind, values)


def remake_strategy(kind: type[Strategy], params: dict[str, Any]) -> Strategy:
    """A strategy with the parameters a manifest holds; dates and the like are text there.

    Raises
    ------
    StrategyError
        If they do not fit the class.
    """
    known = parameters_of(kind)
    if set(params) != set(known):
        raise StrategyError(
            f"{kind.__name__}: expected the parameters {', '.join(known) or 'none'}, found "
            f"{', '.join(params) or 'none'} in the manifest; give the run's own source."
        )
    values = {
        name: _typed(kind, name, value, known[name]) if isinstance(value, str) else value
        for name, value in params.items()
    }
    return _made(kind, values)


def _made(kind: type[Strategy], values: dict[str, Any]) -> Strategy:
    """The strategy, or why its ``__init__`` refused."""
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
            f"{_named(error)}{place}; check the parameters."
        ) from error


def _typed(kind: type[Strategy], name: str, text: str, parameter: inspect.Parameter) -> Any:
    """The text as the annotated type; without annotation as that of the default."""
    from pydantic import PydanticUserError, TypeAdapter, ValidationError

    owner: Any = kind.__init__ if kind.__init__ is not Strategy.__init__ else kind
    try:
        wanted = get_type_hints(owner).get(name)
    except Exception:  # an annotation is any expression
        wanted = None
    if wanted is None:
        default = parameter.default
        wanted = str if default is parameter.empty or default is None else type(default)
    if text.lower() == "none" and type(None) in get_args(wanted):
        return None
    try:
        return TypeAdapter(wanted).validate_python(_structure(text, wanted))
    except PydanticUserError:
        shown = getattr(wanted, "__name__", str(wanted))
        raise StrategyError(
            f"--param {name}: expected a parameter whose type can be written as text (int, float, "
            f"bool, str, date, list[int] …), found {shown}; annotate it so or set it in the file."
        ) from None
    except ValidationError as error:
        shown = getattr(wanted, "__name__", str(wanted))
        reason = error.errors()[0]["msg"].lower()
        raise StrategyError(
            f"--param {name}: expected {shown}, found {text!r} ({reason}); correct it."
        ) from None


def _structure(text: str, wanted: Any) -> Any:
    """Lists and the like are written as JSON or with commas."""
    if not str(wanted).startswith(("list", "tuple", "set", "collections", "typing.Sequence")):
        return text
    if text.startswith("["):
        import json

        try:
            return json.loads(text)
        except ValueError:
            return text
    return [part.strip() for part in text.split(",")]
