"""The three ways quant compiles a function, and the switch that turns all off.

``entry`` is called from Python; its machine code, with all that it calls, is kept on disk.
``compiled`` is called from other compiled code only. ``inlined`` is a helper that is always copied
into its caller, which is what keeps record access at the price of a pointer. None ever uses
``fastmath`` or ``parallel``: a sum must be the same sum in every mode. With
``NUMBA_DISABLE_JIT=1`` all leave the function as it is, and the same source runs interpreted.

numba would compile a function once more for every constant it is called with; here calls ask for
the plain types instead: one function, one piece of machine code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from quant.kernel.cache import prepare

prepare()

from numba import config, njit, types  # noqa: E402

__all__ = ["INTERPRETED", "compiled", "entry", "inlined"]

INTERPRETED: bool = bool(config.DISABLE_JIT)

_F = TypeVar("_F", bound=Callable[..., Any])
_MODEL = "numpy"
# No way in from Python: that halves what has to be compiled.
_INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def _without_literals(dispatcher: Any) -> Any:
    """Make calls from other compiled functions ask for ``int64``, not for one given integer."""
    resolve = dispatcher.get_call_template

    def get_call_template(args: Any, kws: Any) -> Any:
        plain = {name: types.unliteral(kind) for name, kind in kws.items()}
        return resolve([types.unliteral(kind) for kind in args], plain)

    dispatcher.get_call_template = get_call_template
    return dispatcher


def _build(function: Any, **options: Any) -> Any:
    if INTERPRETED:
        return function
    return _without_literals(njit(error_model=_MODEL, **options)(function))


def entry(function: _F) -> _F:
    """A compiled function that Python calls; kept on disk."""
    return _build(function, cache=True)


def compiled(function: _F) -> _F:
    """A compiled function that only compiled functions call."""
    return _build(function, **_INNER)


def inlined(function: _F) -> _F:
    """A compiled helper that is copied into each of its callers."""
    return _build(function, forceinline=True, **_INNER)
