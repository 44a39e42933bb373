"""Deposits and withdrawals of the settings as events of the kernel, and what became of them.

A flow is due when the first bar of its session begins: phase 10 there comes after the equity row
of what ended before, and before any order meets the opening print.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant.engine.timeline import Period
from quant.errors import ConfigError
from quant.kernel.codes import NONE, POSTING_KIND, REPORT_KIND, VERB, names
from quant.kernel.layout import ARRAYS, State
from quant.lake import Bars
from quant.model.config import CashFlow, Config, RepeatedCashFlow
from quant.model.events import as_datetime
from quant.report.sheet import FlowRow

__all__ = [
    "check_flows",
    "flow_events",
    "flow_lines",
    "flow_rows",
    "flow_table",
    "flows_left_out",
    "net_flows",
    "rows_of_ledger",
]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
_EPOCH = date(1970, 1, 1)
_OUTSIDE = (POSTING_KIND.DEPOSIT, POSTING_KIND.WITHDRAWAL)
_WORDS = tuple(names(POSTING_KIND)[kind] for kind in _OUTSIDE)
_SESSION_OPEN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sessions:
    """The sessions that have bars: place in the calendar, date, and begin of the first bar."""

    place: IntArray
    day: IntArray
    begin: IntArray

    @classmethod
    def of(cls, bars: Bars, session: IntArray, ts_open: IntArray) -> _Sessions:
        order = np.argsort(ts_open, kind="stable")
        place, first = np.unique(session[order], return_index=True)
        return cls(place=place, day=bars.calendar.days[place], begin=ts_open[order][first])


def check_flows(config: Config, bars: Bars) -> None:
    """Raise ConfigError for a dated flow outside the data, with both figures."""
    if not config.cash_flows:
        return
    known = _Sessions.of(bars, bars.session, bars.ts_open)
    first, last = (str(np.datetime64(int(known.day[k]), "D")) for k in (0, -1))
    for i, flow in enumerate(config.cash_flows):
        if not isinstance(flow, CashFlow):
            continue
        if _place_of(flow.moment, known) is None:
            until = f"the open of {last}" if isinstance(flow.moment, datetime) else last
            raise ConfigError(
                f"config cash_flows[{i}]: expected a date inside the data, {first} to {until}, "
                f"found {flow.date}; correct or remove it."
            )


def flows_left_out(config: Config, bars: Bars, period: Period) -> list[CashFlow]:
    """Dated flows of the settings that the run's period does not reach."""
    if not config.cash_flows:
        return []
    known = _in_period(bars, period)
    dated = [flow for flow in config.cash_flows if isinstance(flow, CashFlow)]
    return [flow for flow in dated if _place_of(flow.moment, known) is None]


def _in_period(bars: Bars, period: Period) -> _Sessions:
    inside = (bars.session >= period.first) & (bars.session <= period.last)
    return _Sessions.of(bars, bars.session[inside], bars.ts_open[inside])


def _place_of(moment: date | datetime, known: _Sessions) -> int | None:
    """Which of the sessions a moment belongs to: the first on or after it; None outside."""
    if isinstance(moment, datetime):
        whole = int(moment.replace(microsecond=0).timestamp()) * 1_000_000_000
        found = int(np.searchsorted(known.begin, whole + moment.microsecond * 1000))
        day = (as_datetime(whole).date() - _EPOCH).days
    else:
        day = (moment - _EPOCH).days
        found = int(np.searchsorted(known.day, day))
    # before the first session there is no account yet
    return found if found < len(known.day) and day >= int(known.day[0]) else None


def _begins(days: IntArray, every: str) -> NDArray[np.bool_]:
    """Which sessions are the first of their week, month, quarter or year."""
    if every == "week":
        # 1970-01-01 was a Thursday: Monday is day 4
        unit = (days + 3) // 7
    else:
        months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        unit = months // {"month": 1, "quarter": 3, "year": 12}[every]
    first = np.ones(len(days), np.bool_)
    first[1:] = unit[1:] != unit[:-1]
    return first


def _places_of(
    flow: CashFlow | RepeatedCashFlow, known: _Sessions, days: IntArray, period: Period
) -> list[int]:
    """Which of the sessions with bars a flow falls on."""
    if isinstance(flow, CashFlow):
        place = _place_of(flow.moment, known)
        return [] if place is None else [place]
    wanted = np.flatnonzero(_begins(days, flow.every))
    wanted = wanted[(wanted >= period.first) & (wanted <= period.last)]
    for text, sign in ((flow.since, 1), (flow.until, -1)):
        if text is not None:
            bound = (date.fromisoformat(text) - _EPOCH).days
            wanted = wanted[(days[wanted] - bound) * sign >= 0]
    found = np.searchsorted(known.place, wanted)
    return [place for place in found.tolist() if place < len(known.place)]


def flow_events(config: Config, bars: Bars, period: Period) -> NDArray[np.void]:
    """EVENT records of every flow inside the period, in order of time."""
    if not config.cash_flows:
        return np.zeros(0, ARRAYS["events"])
    known = _in_period(bars, period)
    due = [
        (int(known.begin[place]), i, flow)
        for i, flow in enumerate(config.cash_flows)
        for place in _places_of(flow, known, bars.calendar.days, period)
    ]
    due.sort(key=lambda one: one[:2])
    events = np.zeros(len(due), ARRAYS["events"])
    for seq, (ts, _, flow) in enumerate(due):
        one = events[seq]
        one["ts"], one["phase"], one["seq"] = ts, _SESSION_OPEN, seq + 1
        one["verb"], one["instrument"] = VERB.FLOW, NONE
        one["a"] = flow.amount
        one["b"] = float(flow.withdrawal == "partial")
    return events


def _postings(state: State) -> NDArray[np.void]:
    """Postings of deposits and withdrawals after the opening deposit, which is the first."""
    rows = state.used("postings")[1:]
    found: NDArray[np.void] = rows[np.isin(rows["kind"], _OUTSIDE)]
    return found


def net_flows(state: State) -> float:
    """Deposits less withdrawals since the opening deposit."""
    total = 0.0
    for amount in _postings(state)["amount"].tolist():
        total += amount
    return total


def _by_row(ts: IntArray, when: IntArray, amounts: FloatArray) -> FloatArray | None:
    """Money that came in before each row, since the one before it; None if there was none.

    Phase 10 follows the row of its timestamp, so a flow shows in the next one.
    """
    if not len(when):
        return None
    found = np.zeros(len(ts))
    rows = np.searchsorted(ts, when, side="right")
    for row, amount in zip(rows.tolist(), amounts.tolist(), strict=True):
        if row < len(ts):  # else the run broke off before its next row
            found[row] += amount
    return found


def flow_rows(state: State) -> FloatArray | None:
    """Deposits less withdrawals by equity row, of shape (n_rows,); None if there was none."""
    ts = np.ascontiguousarray(state["equity"]["ts"][: int(state["sim"][0]["n_equity"])])
    rows = _postings(state)
    return _by_row(ts, np.ascontiguousarray(rows["ts"]), np.ascontiguousarray(rows["amount"]))


def rows_of_ledger(ts: IntArray, ledger: pl.DataFrame) -> FloatArray | None:
    """The same from a run folder: times of equity.csv, and ledger.csv as text."""
    rows = ledger[1:].filter(pl.col("kind").is_in(_WORDS))
    when = rows["ts"].cast(pl.String).str.to_datetime(time_unit="ns", time_zone="UTC")
    return _by_row(
        ts,
        when.to_physical().to_numpy().astype(np.int64),
        rows["amount"].cast(pl.Float64).to_numpy(),
    )


def _flow_reports(state: State) -> NDArray[np.void]:
    rows = state.used("reports")
    is_flow = (rows["kind"] == REPORT_KIND.CASH) & np.isin(rows["posting_kind"], _OUTSIDE)
    found: NDArray[np.void] = rows[is_flow][1:]
    return found


def flow_lines(state: State) -> list[dict[str, Any]]:
    """One log line per withdrawal that was refused or paid in part, with both figures."""
    return [
        {
            "ts": int(report["ts"]),
            "level": "warning",
            "event": "withdrawal_cut" if report["amount"] else "withdrawal_refused",
            "needed": float(report["needed"]),
            "available": float(report["available"]),
            "paid": 0.0 - float(report["amount"]),
        }
        for report in _flow_reports(state)
        if report["needed"]
    ]


def flow_table(state: State, bars: Bars) -> list[FlowRow]:
    """Every deposit and withdrawal asked for after the opening one, as the report shows it."""
    return list(_flow_table(state, bars))


def _flow_table(state: State, bars: Bars) -> Iterator[FlowRow]:
    for report in _flow_reports(state):
        amount = float(report["amount"])
        yield FlowRow(
            day=int(bars.calendar.days[int(report["session"])]),
            ts=int(report["ts"]),
            asked=0.0 - float(report["needed"]) if report["needed"] else amount,
            amount=amount,
            available=float(report["available"]) if report["needed"] else None,
        )
