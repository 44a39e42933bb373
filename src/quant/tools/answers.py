"""The one form in which tools answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson

from quant.errors import InvariantError, QuantError

__all__ = ["Answer", "answered", "refused"]

Answer = dict[str, Any]


def refused(text: str, kind: str, **more: Any) -> Answer:
    """The answer to a mistake."""
    return {"ok": False, "error": " ".join(text.split()), "kind": kind, **more}


def answered(function: Callable[[], Any]) -> Answer:
    """What a function gives, or why the caller was wrong.

    A bug of quant (`InvariantError`, or any exception that is not quant's) is raised, not answered:
    no caller can mend it.

    Examples
    --------
    >>> answered(lambda: {"n": 1})
    {'ok': True, 'result': {'n': 1}}
    >>> from quant.errors import ConfigError
    >>> def wrong():
    ...     raise ConfigError("config cash: expected a number, found 'a'; change it.")
    >>> answered(wrong)["kind"]
    'ConfigError'
    """
    try:
        result = function()
    except InvariantError:
        raise
    except QuantError as error:
        return refused(str(error), type(error).__name__)
    return {"ok": True, "result": _plain(result)}


def _plain(value: Any) -> Any:
    """The value as JSON types; NaN becomes null, dates and times text."""
    return json.loads(orjson.dumps(value, default=str, option=orjson.OPT_SERIALIZE_NUMPY))
