"""From the result before costs to the result: what each kind of cost took."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from quant.report.sheet import TearSheet

__all__ = ["CostPart", "cost_parts"]

_ONLY_IF_PAID = ("fees", "impact", "interest", "borrowing", "conversion")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPart:
    """One step of the way from gross to net.

    Attributes
    ----------
    key, label : str
        Name for programs and for people.
    amount : float
        Money, positive = cost; of ``gross`` and ``net`` the profit itself.
    share : float or None
        Of the profit before costs; None where that is not positive.
    bps : float or None
        Of the traded value, in 1/10,000; None where nothing was traded.
    """

    key: str
    label: str
    amount: float
    share: float | None
    bps: float | None


def cost_parts(sheet: TearSheet) -> list[CostPart]:
    """Profit before costs, commission, fees, slippage, impact, interest, borrowing and changing
    money where any, and net profit.

    Notes
    -----
    Net profit is last equity minus first, less net deposits. Profit before costs is net profit plus
    all costs: what the same fills would have earned at their raw prices, without commission, fees,
    interest, borrowing and costs of changing money. What lower costs would have changed in the
    orders themselves is not modelled. Sums are exact.
    """
    activity = sheet.activity
    if activity is None:
        return []
    fills = activity.money
    amounts = [
        ("commission", "Commission", math.fsum(fills.commission.tolist())),
        ("fees", "Fees", math.fsum(fills.fees.tolist())),
        ("slippage", "Slippage", math.fsum((fills.slippage - activity.impact).tolist())),
        ("impact", "Market impact", math.fsum(activity.impact.tolist())),
        ("interest", "Interest", activity.interest),
        ("borrowing", "Borrowed shares", activity.borrowing),
        ("conversion", "Changing money", activity.conversion),
    ]
    net = sheet.profit
    gross = math.fsum([net, *(amount for _, _, amount in amounts)])
    value = np.abs(fills.qty * fills.price_raw) * activity.multipliers[fills.instrument]
    traded = math.fsum(value.tolist())
    rows = [("gross", "Profit before costs", gross), *amounts, ("net", "Net profit", net)]
    return [
        CostPart(
            key=key,
            label=label,
            amount=amount,
            share=amount / gross if gross > 0 else None,
            bps=amount / traded * 1e4 if traded > 0 else None,
        )
        for key, label, amount in rows
        if amount or key not in _ONLY_IF_PAID
    ]
