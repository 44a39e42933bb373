"""Random ways to ruin: one position on leverage, a price that jumps, trends and crashes.

`disaster(seed)` is a scenario of a few bars. The price has fat tails (Student's t with three
degrees of freedom), gaps between bars and sometimes a trend against the position; half of the paths
are free of costs and of volume caps, so that what is left at their end has one explanation only.
"""

from __future__ import annotations

import math
import random

from .scenarios import (
    DAY,
    FIRST_DAY,
    HOUR,
    Account,
    Action,
    BarRow,
    Commission,
    InstrumentSpec,
    Margin,
    MarginCall,
    Scenario,
    Slippage,
    default_execution,
    session_closes,
)

CASH = 10_000.0


def disaster(seed: int) -> Scenario:
    """One path; the same seed gives the same path."""
    rng = random.Random(f"disaster {seed}")
    leverage, side = rng.uniform(1.0, 10.0), rng.choice((1, -1))
    has_costs = rng.random() < 0.5
    is_capped = has_costs and rng.random() < 0.3
    spec = _instrument(rng, side, is_capped=is_capped)
    account, margin = _account(rng, leverage, spec)
    spec.margin = margin
    first = spec.bars[0]
    units = int(leverage * CASH / (first.close * spec.multiplier))
    actions = [Action(first.t_close, "order", "A", float(side * max(1, units)), tif="GTC")]
    if rng.random() < 0.3:
        # Who doubles down, or has a stop, still comes to an end that is explained.
        at = spec.bars[rng.randrange(1, len(spec.bars) - 1)].t_close
        actions.append(Action(at, "order", "A", float(side * max(1, units // 2)), tif="GTC"))
    if rng.random() < 0.2:
        stop = round(first.close * (1 - side * rng.uniform(0.02, 0.2)), 2)
        out = float(-side * max(1, units))
        actions.append(
            Action(first.t_close, "order", "A", out, "stop", stop_price=stop, tif="GTC",
                   reduce_only=True)
        )  # fmt: skip
    actions.sort(key=lambda action: action.at)
    execution = default_execution()
    execution["participation"] = 0.1 if is_capped else None
    execution["path"] = rng.choice(("adverse", "ohlc", "olhc"))
    execution["insufficient"] = "partial"
    return Scenario(
        cash=CASH,
        account=account,
        execution=execution,
        commission=Commission(kind="rate", rate=0.001 if has_costs else 0.0),
        slippage=Slippage(kind="rate", rate=0.002 if has_costs else 0.0),
        instruments=[spec],
        actions=actions,
        session_closes=session_closes([spec]),
        margin_call=MarginCall(
            size=rng.choice(("maintenance", "initial", "all")),
            at=rng.choice(("next_print", "inside_bar")),
        ),
    )


def is_free(scenario: Scenario) -> bool:
    """Whether nothing costs anything and no cap holds."""
    return not scenario.commission["rate"] and scenario.execution["participation"] is None


def _account(rng: random.Random, leverage: float, spec: InstrumentSpec) -> tuple[Account, Margin]:
    kind = rng.choice(("gross", "maintained", "margin"))
    if kind == "gross":
        return Account(kind="gross_leverage", k=leverage), Margin()
    if kind == "maintained":
        part = rng.choice((0.3, 0.6)) / leverage
        return Account(kind="gross_leverage", k=leverage, maintenance=part), Margin()
    first = 1 / leverage
    account = Account(
        kind="margin",
        initial=first,
        maintenance=first * 0.6,
        short_initial=first,
        short_maintenance=first * 0.6,
        minimum_equity=0.0,
        short_amount=0.0,
        short_low_price=0.0,
    )
    if spec.is_margined and rng.random() < 0.5:
        money = round(spec.bars[0].close * spec.multiplier * first, 2)
        return account, Margin(initial_money=money, maintenance_money=money * 0.6)
    return account, Margin()


def _instrument(rng: random.Random, side: int, *, is_capped: bool) -> InstrumentSpec:
    spec = InstrumentSpec("A", "1", None, [])
    if rng.random() < 0.35:
        spec.is_margined, spec.multiplier = True, rng.choice((1.0, 5.0))
    trend = -side * rng.choice((0.0, 0.0, 0.02, 0.05))
    price = rng.choice((100.0, 37.5))
    for day in range(rng.randint(5, 9)):
        start = (FIRST_DAY + day) * DAY + 14 * HOUR
        gap = _fat(rng) * 0.02 if rng.random() < 0.7 else _fat(rng) * 0.08
        open_ = price * math.exp(gap if day else 0.0)
        points = [open_ * math.exp(trend / 2 + 0.03 * _fat(rng)) for _ in range(3)]
        if not day:
            points = [open_]
        prices = [round(max(0.01, p), 2) for p in (open_, *points)]
        row = prices[0], max(prices), min(prices), prices[-1]
        volume = float(rng.randint(200, 3_000)) if is_capped else None
        spec.bars.append(BarRow(start, start + 6 * HOUR, FIRST_DAY + day, *row, volume))
        price = prices[-1]
    return spec


def _fat(rng: random.Random) -> float:
    """Student's t with three degrees of freedom, cut where a price would lose its meaning."""
    square = sum(rng.gauss(0.0, 1.0) ** 2 for _ in range(3)) / 3
    return max(-12.0, min(12.0, rng.gauss(0.0, 1.0) / math.sqrt(square)))
