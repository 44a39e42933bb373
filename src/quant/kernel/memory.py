"""The boundary: one integer in, record arrays out.

``h`` is the address of a state's table (see layout.py). Each accessor below turns it into one of
the state's arrays at the price of two loads, without reference counts, so every compiled function
takes ``h`` and opens only what it needs. Interpreted, the same accessors look the state up in a
registry that ``attach`` fills.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from quant.kernel.jit import INTERPRETED, inlined
from quant.kernel.layout import ARRAYS, State

__all__ = [
    "accounts",
    "active",
    "attach",
    "balances",
    "bars",
    "candidates",
    "commissions",
    "equity_rows",
    "events",
    "fills",
    "held",
    "hit_distances",
    "hit_levels",
    "hits",
    "instruments",
    "open_rows",
    "orders",
    "policies",
    "position_rows",
    "positions",
    "postings",
    "reports",
    "saved_orders",
    "saved_held",
    "saved_position",
    "saved_instrument",
    "saved_balances",
    "saved_account",
    "saved_sim",
    "sims",
    "slices",
    "slippages",
]

_STATES: weakref.WeakValueDictionary[int, _Registered] = weakref.WeakValueDictionary()


class _Registered:
    """A weakly held state; ``State`` itself has slots and cannot be referenced weakly."""

    def __init__(self, state: State) -> None:
        self.state = state


def attach(state: State) -> object:
    """Make a state known to interpreted code. Keep the returned token as long as the state."""
    token = _Registered(state)
    _STATES[state.address] = token
    return token


_NAMES = list(ARRAYS)

if INTERPRETED:

    def _accessor(name: str) -> Callable[[int], Any]:
        def get(h: int) -> Any:
            return _STATES[h].state.arrays[name]

        return get

else:
    import llvmlite.ir as ir
    from numba import carray, types
    from numba.core import cgutils
    from numba.extending import intrinsic

    @intrinsic
    def _pointer(typing_context, address):  # type: ignore[no-untyped-def]  # noqa: ANN
        def build(context, builder, signature, args):  # type: ignore[no-untyped-def]
            return builder.inttoptr(args[0], cgutils.voidptr_t)

        return types.voidptr(types.int64), build

    @intrinsic
    def _word(typing_context, address, index):  # type: ignore[no-untyped-def]
        def build(context, builder, signature, args):  # type: ignore[no-untyped-def]
            base = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
            return builder.load(builder.gep(base, [args[1]]))

        return types.int64(types.int64, types.int64), build

    def _accessor(name: str) -> Callable[[int], Any]:
        place = _NAMES.index(name)
        length = len(_NAMES) + place
        dtype = ARRAYS[name]

        @inlined
        def get(h):  # type: ignore[no-untyped-def]
            return carray(_pointer(_word(h, place)), (_word(h, length),), dtype)

        return get


sims = _accessor("sim")
policies = _accessor("policy")
accounts = _accessor("accounts")
balances = _accessor("balances")
instruments = _accessor("instruments")
positions = _accessor("positions")
held = _accessor("held")
orders = _accessor("orders")
active = _accessor("active")
candidates = _accessor("candidates")
reports = _accessor("reports")
fills = _accessor("fills")
postings = _accessor("postings")
equity_rows = _accessor("equity")
position_rows = _accessor("position_rows")
bars = _accessor("bars")
open_rows = _accessor("open_rows")
slices = _accessor("slices")
events = _accessor("events")
commissions = _accessor("commissions")
slippages = _accessor("slippages")
saved_orders = _accessor("saved_orders")
hits = _accessor("hits")
hit_levels = _accessor("hit_levels")
saved_sim = _accessor("saved_sim")
saved_account = _accessor("saved_account")
saved_balances = _accessor("saved_balances")
saved_instrument = _accessor("saved_instrument")
saved_position = _accessor("saved_position")
saved_held = _accessor("saved_held")
hit_distances = _accessor("hit_distances")
