"""Parts of the kernel that are compiled once and called by name.

numba copies the code of every function into each function that calls it, all the way up, and
optimises it again at every level. For a deep program that is most of the compile time. A
*subsystem* is compiled by itself (and kept on disk by itself); its callers see an external symbol.

Definition order is dependency order, since a module imports what it calls: ``load`` compiles or
loads them in that order and gives each its symbol before anything that needs it is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from quant.kernel.cache import source_hash
from quant.kernel.jit import INTERPRETED

__all__ = ["load", "subsystem"]

_F = TypeVar("_F", bound=Callable[..., Any])

_waiting: list[tuple[str, str, Callable[..., Any]]] = []
_loaded: list[Any] = []


def subsystem(signature: str) -> Callable[[_F], _F]:
    """A compiled function that other compiled functions call by symbol.

    Parameters
    ----------
    signature : str
        As numba writes it, for example ``"void(int64, int64)"``.
    """

    def wrap(function: _F) -> _F:
        if INTERPRETED:
            return function
        from numba import types
        from numba.core import sigutils

        symbol = f"quant_{source_hash()[:12]}_{function.__module__}_{function.__name__}"
        symbol = symbol.replace(".", "_")
        _waiting.append((symbol, signature, function))
        arguments, result = sigutils.normalize_signature(signature)
        return types.ExternalFunction(symbol, result(*arguments))

    return wrap


def load() -> None:
    """Compile or load every subsystem defined so far. Costs nothing the second time."""
    if not _waiting:
        return
    import llvmlite.binding as llvm
    from numba import cfunc

    while _waiting:
        symbol, signature, function = _waiting[0]
        code = cfunc(signature, cache=True, error_model="numpy")(function)
        llvm.add_symbol(symbol, code.address)
        _loaded.append(code)
        _waiting.pop(0)
