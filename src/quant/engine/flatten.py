"""What a loss stop with ``flatten`` does, before the strategy's hooks run."""

from __future__ import annotations

from collections.abc import Callable

from quant.strategy.context import Context

__all__ = ["flattener"]


def flattener(ctx: Context, note: Callable[..., None]) -> Callable[[int], None]:
    """A step of the tick: while a stop holds, cancel what works and close what is held.

    Parameters
    ----------
    ctx : Context
        Of the run.
    note : callable
        Writes a line of the log.
    """

    def step(base: int) -> None:
        stop = ctx.risk.judge()
        if stop is None:
            return
        limits = ctx.risk.limits
        if limits.on_loss_stop == "flatten" and ctx.desk.flatten() > 0:
            limit, value = getattr(limits, stop), ctx.risk.found(stop)
            note("risk_flatten", level="warning", rule=stop, limit=limit, value=value)

    return step
