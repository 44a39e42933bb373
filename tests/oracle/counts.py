"""Whole counts and whole ticks out of decimals, with the care that the written rule takes."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

WHOLE_COUNT = Decimal("1e-9")
WHOLE_STEP = Decimal("1e-6")


def whole(count: Decimal) -> int:
    """The count truncated toward zero; within one part in 10⁹ of a whole one it is that one."""
    nearest = count.to_integral_value()
    if abs(count - nearest) <= WHOLE_COUNT * abs(nearest):
        return int(nearest)
    return int(count)


def is_next_to_a_step(price: Decimal, tick: Decimal) -> bool:
    """Whether a price is so far from a tick that floats may take it for that one or the next."""
    steps = price / tick
    return abs(abs(steps - steps.to_integral_value()) - WHOLE_STEP) <= WHOLE_STEP / 1000


def on_tick(price: Decimal, tick: Decimal, side: int) -> Decimal:
    """The next price on the tick against the order."""
    steps = price / tick
    nearest = steps.to_integral_value()
    if abs(steps - nearest) <= WHOLE_STEP:
        return nearest * tick
    rounding = ROUND_CEILING if side > 0 else ROUND_FLOOR
    return steps.to_integral_value(rounding=rounding) * tick
