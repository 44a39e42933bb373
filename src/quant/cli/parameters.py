"""From ``--param k=v``, or a manifest, to a strategy with its parameters."""

from __future__ import annotations

import inspect
from typing import Any, get_args, get_type_hints

from quant.engine.strategy_file import make_from
from quant.errors import StrategyError, nearest
from quant.strategy.base import Strategy, parameters_of

__all__ = ["make_strategy", "remake_strategy"]


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
    return make_from(kind, values)


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
    return make_from(kind, values)


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
    """Mappings are written as JSON, lists and the like as JSON or with commas."""
    if text.startswith("{") and wanted is not str:
        return _json_or(text)
    if not str(wanted).startswith(("list", "tuple", "set", "collections", "typing.Sequence")):
        return text
    if text.startswith("["):
        return _json_or(text)
    return [part.strip() for part in text.split(",")]


def _json_or(text: str) -> Any:
    """The value of JSON text; the text itself where it is none."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text
