"""Deposits and withdrawals as the page shows them: figures, one sentence, a table, and marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from quant.report.packing import pack_numbers, pack_whole
from quant.report.sessions import iso_date
from quant.report.sheet import FlowRow, TearSheet
from quant.report.trades import IntArray
from quant.report.wording import MISSING, figure_text, money_text

__all__ = ["FlowSection", "flow_marks", "flow_rows_shown", "flow_section"]

_MS: Final = 1_000_000
_MOST_OPEN: Final = 12
_MOST_MARKS: Final = 400
_FIGURES: Final = (
    ("total_return", "Time-weighted return"),
    ("cagr", "Time-weighted return per year"),
    ("money_weighted_return", "Money-weighted return per year"),
    ("net_flows", "Net deposits after the opening"),
    ("net_profit", "Net profit"),
)
_WHY: Final = (
    "The time-weighted return leaves out when money came and went, and is what every other return, "
    "ratio, drawdown and curve of this page is made of; the money-weighted return counts each unit "
    "of money for as long as it was in the account, so that it is the higher of the two where more "
    "money was there in the better times."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSection:
    """The section of the page.

    Attributes
    ----------
    figures : list of (label, text, why)
        The two returns side by side, and the money; `why` says why there is none.
    why : str
        Why the two returns differ.
    rows : list of (date, kind, asked, posted, note)
        Each deposit and withdrawal, refused ones too.
    is_long : bool
        Whether the rows are folded away at first.
    """

    figures: list[tuple[str, str, str]]
    why: str
    rows: list[tuple[str, str, str, str, str]]
    is_long: bool


def flow_section(sheet: TearSheet) -> FlowSection | None:
    """The section, or None where nothing was deposited or withdrawn or asked to be."""
    if not sheet.flow_table:
        return None
    figures = []
    for name, label in _FIGURES:
        metric = sheet.metrics.get(name)
        if metric is not None:
            text = figure_text(metric.value, metric.unit, sheet.currency)
            figures.append((label, text, metric.why or ""))
    rows = [_row(entry, sheet.currency) for entry in sheet.flow_table]
    return FlowSection(figures=figures, why=_WHY, rows=rows, is_long=len(rows) > _MOST_OPEN)


def _row(entry: FlowRow, currency: str) -> tuple[str, str, str, str, str]:
    note = ""
    if entry.available is not None:
        word = "paid in part" if entry.amount else "refused"
        note = f"{word}: free cash was {money_text(entry.available, currency)}"
    return (
        iso_date(entry.day),
        "Deposit" if entry.asked > 0 else "Withdrawal",
        money_text(abs(entry.asked), currency),
        money_text(abs(entry.amount), currency) if entry.amount else MISSING,
        note,
    )


def flow_rows_shown(sheet: TearSheet) -> IntArray:
    """Equity rows with a mark: all that have a flow, or those of the largest flows."""
    if sheet.flows is None or not sheet.has_flows:
        return np.zeros(0, np.int64)
    rows = np.flatnonzero(sheet.flows[1:]) + 1
    if len(rows) > _MOST_MARKS:
        largest = np.argsort(-np.abs(sheet.flows[rows]), kind="stable")[:_MOST_MARKS]
        rows = np.sort(rows[largest])
    return rows.astype(np.int64)


def flow_marks(sheet: TearSheet) -> dict[str, Any] | None:
    """Time, height on the curve and money of each mark; null where there is none."""
    rows = flow_rows_shown(sheet)
    if sheet.flows is None or not len(rows):
        return None
    return {
        "t": pack_whole(sheet.ts[rows] // _MS),
        "at": pack_numbers(sheet.index[rows], 2),
        "money": pack_numbers(sheet.flows[rows], 2),
    }
