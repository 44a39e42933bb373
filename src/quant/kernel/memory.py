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

from quant.kernel.jit import INTERPRETED
from quant.kernel.layout import ARRAYS, State
from quant.kernel.subsystem import load

__all__ = [
    "accounts",
    "active",
    "amendments",
    "attach",
    "balances",
    "bars",
    "candidates",
    "commissions",
    "crosses",
    "currencies",
    "equity_rows",
    "events",
    "fee_rows",
    "fills",
    "forced_orders",
    "held",
    "hit_distances",
    "hit_levels",
    "hits",
    "instruments",
    "interests",
    "next_rows",
    "open_rows",
    "order_templates",
    "orders",
    "plan_signals",
    "plan_sizes",
    "plans",
    "policies",
    "position_rows",
    "positions",
    "postings",
    "reports",
    "risks",
    "row_advs",
    "row_borrow_rates",
    "row_borrow_shares",
    "row_flags",
    "row_sigmas",
    "row_spreads",
    "saved_orders",
    "scenario_results",
    "sectors",
    "session_closes",
    "settle_on",
    "settlements",
    "session_marks",
    "saved_held",
    "saved_position",
    "saved_instrument",
    "saved_balances",
    "saved_account",
    "saved_sim",
    "saved_volume",
    "session_dates",
    "sims",
    "slices",
    "slippages",
    "volumes",
]

_STATES: weakref.WeakValueDictionary[int, _Registered] = weakref.WeakValueDictionary()


class _Registered:
    """A weakly held state; ``State`` itself has slots and cannot be referenced weakly."""

    def __init__(self, state: State) -> None:
        self.state = state


def attach(state: State) -> object:
    """Make a state usable: load the compiled kernel, or register the state when interpreted.

    Keep the returned token as long as the state.
    """
    load()
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
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic
    from numba.np import numpy_support
    from numba.np.arrayobj import make_array, populate_array

    def _accessor(name: str) -> Callable[[int], Any]:
        """An accessor as a piece of machine code: no function of its own to compile and link."""
        place = _NAMES.index(name)
        n = len(_NAMES)
        kind = types.Array(numpy_support.from_dtype(ARRAYS[name]), 1, "C")
        itemsize = ARRAYS[name].itemsize

        @intrinsic
        def get(typing_context, h):  # type: ignore[no-untyped-def]
            def build(context, builder, signature, args):  # type: ignore[no-untyped-def]
                word = ir.IntType(64)
                table = builder.inttoptr(args[0], word.as_pointer())
                address = builder.load(builder.gep(table, [word(place)]))
                length = builder.load(builder.gep(table, [word(n + place)]))
                array = make_array(kind)(context, builder)
                data = builder.inttoptr(address, context.get_data_type(kind.dtype).as_pointer())
                populate_array(
                    array,
                    data=data,
                    shape=cgutils.pack_array(builder, [length]),
                    strides=cgutils.pack_array(builder, [word(itemsize)]),
                    itemsize=word(itemsize),
                    meminfo=None,
                )
                return array._getvalue()

            return kind(types.int64), build

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
amendments = _accessor("amendments")
candidates = _accessor("candidates")
reports = _accessor("reports")
fills = _accessor("fills")
postings = _accessor("postings")
equity_rows = _accessor("equity")
position_rows = _accessor("position_rows")
bars = _accessor("bars")
open_rows = _accessor("open_rows")
slices = _accessor("slices")
session_closes = _accessor("session_closes")
row_flags = _accessor("row_flags")
row_spreads = _accessor("row_spreads")
row_sigmas = _accessor("row_sigmas")
row_advs = _accessor("row_advs")
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
settlements = _accessor("settlements")
interests = _accessor("interests")
settle_on = _accessor("settle_on")
crosses = _accessor("crosses")
plan_sizes = _accessor("plan_sizes")
plan_signals = _accessor("plan_signals")
plans = _accessor("plan")
order_templates = _accessor("order_template")
next_rows = _accessor("next_rows")
row_borrow_rates = _accessor("row_borrow_rates")
row_borrow_shares = _accessor("row_borrow_shares")
currencies = _accessor("currencies")
forced_orders = _accessor("forced_order")
fee_rows = _accessor("fee_rows")
volumes = _accessor("volumes")
saved_volume = _accessor("saved_volume")
session_dates = _accessor("session_dates")
risks = _accessor("risks")
sectors = _accessor("sectors")
session_marks = _accessor("session_marks")
scenario_results = _accessor("scenario_results")
