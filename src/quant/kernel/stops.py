"""Loss stops: what an account has lost since its session began, and since its peak.

Equity rows are judged when somebody asks: before orders leave, before a limit changes, when a
strategy looks. Nothing is done per bar. A stop that is met holds, for the session or for good.
"""

from __future__ import annotations

import math
from typing import Any

from quant.kernel import memory as mem
from quant.kernel.jit import compiled, entry, inlined
from quant.kernel.margin import SAME

__all__ = ["judge_rows", "judge_stops"]


@inlined
def _fall(before: float, now: float) -> float:
    """The part of an amount that is gone; of nothing, all is."""
    return (before - now) / before if before > 0.0 else math.inf


@inlined
def _enter(risk: Any, session: int) -> None:
    """A session begins with what the last row of the earlier ones left."""
    if session != risk["session"]:
        risk["session"] = session
        risk["equity_begin"] = risk["equity_last"]
        risk["is_loss_stopped"] = 0


@inlined
def _take_flows(risk: Any, flows: float) -> None:
    """Money that came in or went out is neither gained nor lost: what is compared moves with it."""
    if flows == risk["flows_seen"]:
        return
    before = risk["equity_last"]
    if before > 0.0:
        share = (before + (flows - risk["flows_seen"])) / before
        risk["peak"] *= share
        risk["equity_begin"] *= share
        risk["equity_last"] *= share
    risk["flows_seen"] = flows


@inlined
def _judge(risk: Any, equity: float) -> None:
    """Whether an equity of the present session meets a stop. NaN compares false: no stop."""
    loss = _fall(risk["equity_begin"], equity)
    if loss >= risk["daily_loss_stop"] - SAME:
        if risk["is_loss_stopped"] == 0 or loss > risk["loss_found"]:
            risk["loss_found"] = loss
        risk["is_loss_stopped"] = 1
    drawdown = _fall(risk["peak"], equity)
    if drawdown >= risk["drawdown_stop"] - SAME:
        if risk["is_drawdown_stopped"] == 0 or drawdown > risk["drawdown_found"]:
            risk["drawdown_found"] = drawdown
        risk["is_drawdown_stopped"] = 1


@compiled
def _catch_up(h: int, a: int) -> None:
    """Judge the equity rows written since the last time."""
    risk = mem.risks(h)[a]
    rows = mem.equity_rows(h)
    n = mem.sims(h)[0]["n_equity"]
    for j in range(risk["row_next"], n):
        row = rows[j]
        if row["account"] != a:
            continue
        equity = row["equity"]
        if risk["peak"] != risk["peak"]:
            # the first row: what the run begins with
            risk["session"] = row["session"]
            risk["equity_begin"] = equity
            risk["peak"] = equity
            risk["equity_last"] = equity
            risk["flows_seen"] = row["flows"]
        _enter(risk, row["session"])
        _take_flows(risk, row["flows"])
        risk["peak"] = max(risk["peak"], equity)
        _judge(risk, equity)
        risk["equity_last"] = equity
    risk["row_next"] = n


@compiled
def judge_stops(h: int, a: int) -> None:
    """Judge all rows and the equity of now. Rows alone make peaks and the sessions' beginnings."""
    _catch_up(h, a)
    risk = mem.risks(h)[a]
    if risk["peak"] != risk["peak"]:
        # before the opening deposit
        return
    _enter(risk, mem.sims(h)[0]["session"])
    _take_flows(risk, mem.accounts(h)[a]["flows"])
    _judge(risk, mem.accounts(h)[a]["equity"])


@entry
def judge_rows(h: int, a: int, with_now: int) -> None:
    """The same, for callers outside: with the equity of now, or rows alone."""
    if with_now != 0:
        judge_stops(h, a)
    else:
        _catch_up(h, a)
