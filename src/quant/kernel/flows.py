"""Money that comes into an account from outside, or leaves it.

A deposit is posted as it is. A withdrawal is asked for the free cash of its moment: what is there
without borrowing and without going over the account's limit. One that asks for more is refused, or
posted in part; either way its report carries both figures.
"""

from __future__ import annotations

import math

from quant.kernel import memory as mem
from quant.kernel.codes import ACCOUNT_KIND, NONE, POSTING_KIND, REPORT_KIND, ROUNDING
from quant.kernel.jit import compiled
from quant.kernel.margin import SAME, remark
from quant.kernel.post import post
from quant.kernel.reports import new_report

__all__ = ["free_cash", "post_flow"]

_GROSS = ACCOUNT_KIND.GROSS_LEVERAGE
_MARGIN = ACCOUNT_KIND.MARGIN
_NET = ACCOUNT_KIND.NET_LEVERAGE
_CASH_REPORT = REPORT_KIND.CASH
_DEPOSIT = POSTING_KIND.DEPOSIT
_WITHDRAWAL = POSTING_KIND.WITHDRAWAL
_MINOR_UNIT = ROUNDING.MINOR_UNIT


@compiled
def free_cash(h: int, a: int) -> float:
    """What may leave account ``a`` at the marks of the last ``remark``: never borrowed, never what
    has not settled, and never the equity that its positions need by the rule of its kind."""
    account = mem.accounts(h)[a]
    kind = account["kind"]
    free = account["cash"] - account["unsettled"]
    if kind == _MARGIN:
        free = min(free, account["equity"] - account["initial"])
    elif kind == _NET:
        free = min(free, account["equity"] - abs(account["net"]) / account["k"])
        if account["gross_k"] == account["gross_k"]:
            free = min(free, account["equity"] - account["gross"] / account["gross_k"])
    elif kind == _GROSS:
        free = min(free, account["equity"] - account["gross"] / account["k"])
    return max(free, 0.0)


@compiled
def _granted(h: int, e: int) -> float:
    """How much of a withdrawal (``a`` of event ``e``, as a positive sum) is paid."""
    event = mem.events(h)[e]
    wanted = -event["a"]
    free = free_cash(h, event["account"])
    if wanted <= free + SAME * max(wanted, free):
        return wanted
    if event["b"] == 0.0:
        return 0.0
    if mem.policies(h)[0]["rounding"] == _MINOR_UNIT:
        # down, for rounding half-even might pay more than there is
        place = event["account"] * mem.sims(h)[0]["n_currencies"] + event["currency"]
        unit = mem.balances(h)[place]["minor_unit"]
        return math.floor(free * unit + 1e-6) / unit
    return free


@compiled
def post_flow(h: int, e: int) -> None:
    """Execute event ``e``: deposit ``a``, or withdraw it (negative; ``b``: in part if need be)."""
    event = mem.events(h)[e]
    a = event["account"]
    amount = event["a"]
    free = 0.0
    if amount < 0.0:
        free = free_cash(h, a)
        amount = -_granted(h, e)
    r = new_report(h, _CASH_REPORT, NONE, event["ts"])
    report = mem.reports(h)[r]
    report["account"] = a
    report["instrument"] = event["instrument"]
    report["book"] = event["book"]
    report["currency"] = event["currency"]
    report["amount"] = amount
    report["posting_kind"] = _DEPOSIT if event["a"] >= 0.0 else _WITHDRAWAL
    if amount != event["a"]:
        report["needed"] = -event["a"]
        report["available"] = free
    before = mem.sims(h)[0]["n_postings"]
    post(h, r)
    if mem.sims(h)[0]["n_postings"] > before:
        mem.accounts(h)[a]["flows"] += mem.postings(h)[before]["amount"]
    remark(h, a)
