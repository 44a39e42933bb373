"""What hand-worked examples of the oracle share: bars of a few days, orders, conditions on any run.

`T[i]` is the close of day i, where the strategy acts; `OPENS[i]` its open. Minute bars have their
times from `minute`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Any

import pytest

from .compare import difference
from .reference import FillRow, Outcome, simulate
from .scenarios import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Action,
    BarRow,
    Commission,
    Execution,
    InstrumentSpec,
    OcoSpec,
    OrderSpec,
    Scenario,
    Slippage,
    default_execution,
    session_closes,
)

T = [day * DAY + 20 * HOUR for day in range(10)]
OPENS = [day * DAY + 14 * HOUR for day in range(10)]
FLAT = (100, 100, 100, 100)


def instrument(symbol: str, *days: Sequence[float | None] | None, **more: Any) -> InstrumentSpec:
    """Daily bars from (open, high, low, close[, volume]); None is a day without a bar."""
    bars = []
    for i, day in enumerate(days):
        if day is not None:
            o, h, low, c, *rest = day
            assert o is not None
            assert h is not None
            assert low is not None
            assert c is not None
            volume = rest[0] if rest else None
            bars.append(BarRow(OPENS[i], T[i], i, o, h, low, c, volume))
    fields: dict[str, Any] = {"increment": "1", "tick": None, **more}
    return InstrumentSpec(symbol, bars=bars, **fields)


def run(
    instruments: InstrumentSpec | list[InstrumentSpec],
    actions: list[Action],
    cash: float = 1_000.0,
    **settings: Any,
) -> Outcome:
    """The oracle's answer, which the engine must have given too; settings are execution keys or
    `kind`, `k`, `commission`, `slippage`, `impact`, `latency` and `columns`."""
    specs = instruments if isinstance(instruments, list) else [instruments]
    kind, k = settings.pop("kind", "gross_leverage"), settings.pop("k", 1.0)
    commission = settings.pop("commission", Commission(kind="rate", rate=0.0))
    slippage = settings.pop("slippage", Slippage(kind="rate", rate=0.0))
    latency = settings.pop("latency", None)
    impact, columns = settings.pop("impact", None), settings.pop("columns", ())
    execution = default_execution()
    assert settings.keys() <= Execution.__annotations__.keys()
    execution.update(settings)  # type: ignore[typeddict-item]
    scenario = Scenario(
        cash=cash,
        account={"kind": kind, "k": k},
        execution=execution,
        commission=commission,
        slippage=slippage,
        instruments=specs,
        actions=actions,
        session_closes=session_closes(specs),
        latency=latency,
        impact=impact,
        columns=columns,
    )
    outcome = simulate(scenario)
    check_conditions(scenario, outcome)
    assert outcome.ambiguous == []
    # a number worked by hand binds the engine too, not only the oracle
    assert difference(scenario) is None
    return outcome


def market(day: int, symbol: str, qty: float, tif: str = "DAY") -> Action:
    return Action(T[day], "order", symbol, qty, tif=tif)


def limit(day: int, symbol: str, qty: float, price: float, tif: str = "DAY") -> Action:
    return Action(T[day], "order", symbol, qty, "limit", limit_price=price, tif=tif)


def stop(day: int, symbol: str, qty: float, price: float, tif: str = "DAY") -> Action:
    return Action(T[day], "order", symbol, qty, "stop", stop_price=price, tif=tif)


def stop_limit(day: int, symbol: str, qty: float, trigger: float, price: float) -> Action:
    return Action(T[day], "order", symbol, qty, "stop_limit", limit_price=price, stop_price=trigger)


def target(day: int, symbol: str, **goal: float) -> Action:
    """`qty=`, `weight=` or `money=` (a value)."""
    ((kind, amount),) = goal.items()
    if kind == "qty":
        return Action(T[day], "target_qty", symbol, amount)
    return Action(T[day], "target_weight" if kind == "weight" else "target_value", symbol,
                  value=amount)  # fmt: skip


def fills(outcome: Outcome) -> list[tuple[int, int, float, str]]:
    """Order, signed units, price paid and reason of every fill."""
    return [(f.order, f.units, float(f.price), f.reason) for f in outcome.fills]


def ends(outcome: Outcome) -> list[tuple[str, str]]:
    return [(o.status, o.reason) for o in outcome.orders]


def amounts(outcome: Outcome, ix: int) -> tuple[float, float]:
    """Needed and available of an order that was refused for money."""
    order = outcome.orders[ix]
    assert order.needed is not None
    assert order.available is not None
    return float(order.needed), float(order.available)


def equities(outcome: Outcome) -> list[float]:
    return [float(row.equity) for row in outcome.equity]


# ---------------------------------------------------------------- minute bars, all kinds of orders


def minute(day: int, count: int) -> int:
    """The end of so many minute bars of a day; 0 is where its session opens."""
    return OPENS[day] + count * MINUTE


def minutes(symbol: str, *days: Sequence[Sequence[float] | None], **more: Any) -> InstrumentSpec:
    """Minute bars, a session a day, from (open, high, low, close[, volume]); None is no bar."""
    bars = []
    for day, rows in enumerate(days):
        for i, row in enumerate(rows):
            if row is not None:
                volume = row[4] if len(row) > 4 else None
                o, h, low, c = row[:4]
                times = minute(day, i), minute(day, i + 1)
                bars.append(BarRow(*times, day, o, h, low, c, volume))
    fields: dict[str, Any] = {"increment": "1", "tick": None, **more}
    return InstrumentSpec(symbol, bars=bars, **fields)


def order(at: int, symbol: str, qty: float, type: str = "market", **terms: Any) -> Action:
    """A single order; `at` is the number of a day, or a time."""
    return Action(_time(at), "order", symbol, qty, type, **terms)


def spec(symbol: str, qty: float | None, type: str = "market", **terms: Any) -> OrderSpec:
    return OrderSpec(symbol, qty, type, **terms)


def submit(at: int, *orders: OrderSpec | OcoSpec, atomic: bool = False) -> Action:
    return Action(_time(at), "submit", orders=list(orders), atomic=atomic)


def amend(at: int, tag: str, **changes: Any) -> Action:
    return Action(_time(at), "amend", tag=tag, **changes)


def cancel(at: int, tag: str) -> Action:
    return Action(_time(at), "cancel", tag=tag)


def _time(at: int) -> int:
    return T[at] if at < len(T) else at


# --------------------------------------------------------------------------- conditions on any run


def check_conditions(scenario: Scenario, outcome: Outcome) -> None:
    """Conditions that hold whatever the prices are, each computed anew from the rows."""
    with localcontext(prec=60):
        for fill in outcome.fills:
            _check_fill(scenario, fill)
        _check_cash(scenario, outcome)
    filled: dict[int, int] = {}
    for fill in outcome.fills:
        filled[fill.order] = filled.get(fill.order, 0) + fill.units
    for order in outcome.orders:
        assert order.filled_units == filled.get(order.order, 0)
        # a member of a group may end with no more than it had filled, and it is not FILLED then
        if order.reason != "oco":
            assert order.units is None or abs(order.filled_units) <= abs(order.units)
            assert (order.status == "FILLED") == (order.units == order.filled_units != 0)


def _check_fill(scenario: Scenario, fill: FillRow) -> None:
    """The raw price lies in a bar with trading that begins or ends then; slippage only costs."""
    spec = next(s for s in scenario.instruments if s.symbol == fill.symbol)
    quantity = abs(fill.units * Decimal(spec.increment) * Decimal(spec.multiplier))
    stands_in = scenario.execution.get("zero_volume", "reject")
    # an order may arrive up to a second after the open that it takes
    bars = [
        b
        for b in spec.bars
        if (b.volume != 0 or stands_in != "reject")
        and (fill.ts == b.t_close or 0 <= fill.ts - b.t_open <= SECOND)
    ]
    is_inside = any(Decimal(b.low) <= fill.price_raw <= Decimal(b.high) for b in bars)
    # a bar without volume may stand for a print at the last price
    assert is_inside or (bars and stands_in == "last_price" and "no_volume" in fill.flags)
    assert (fill.price - fill.price_raw) * fill.units >= 0
    assert min(fill.slippage, fill.impact) >= 0
    assert fill.slippage + fill.impact == pytest.approx(
        quantity * abs(fill.price - fill.price_raw), abs=Decimal("1e-40")
    )
    assert fill.commission >= 0


def _check_cash(scenario: Scenario, outcome: Outcome) -> None:
    """Cash is the sum of the fills so far; a cash account is never short.

    A row at which some order filled at an open is left out: such a fill may come after the row.
    """
    at_trigger = ("stop_limit", "limit_if_touched")
    increments = {
        s.symbol: Decimal(s.increment) * Decimal(s.multiplier) for s in scenario.instruments
    }
    for row in outcome.equity:
        past = [fill for fill in outcome.fills if fill.ts <= row.ts]
        if row is not outcome.equity[-1] and any(
            fill.ts == row.ts and (fill.reason.endswith("_open") or fill.reason in at_trigger)
            for fill in past
        ):
            continue
        cash = Decimal(scenario.cash)
        position = dict.fromkeys(increments, 0)
        for fill in past:
            cash -= fill.units * increments[fill.symbol] * fill.price
            cash -= fill.commission + fill.fees
            position[fill.symbol] += fill.units
        assert row.cash == pytest.approx(cash, abs=Decimal("1e-40"))
        assert scenario.account["kind"] != "cash" or min(position.values()) >= 0
