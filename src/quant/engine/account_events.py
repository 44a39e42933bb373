"""What happened to the account itself: calls, bankruptcy, recalls, and money spent too early."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from quant.engine.columns import session_dates, symbol_names, times
from quant.kernel.codes import ACCOUNT_STATUS, POSTING_KIND, REASON, REPORT_KIND, names
from quant.kernel.layout import State
from quant.lake import Bars
from quant.model.accounts import CashAccount
from quant.report.financing import Charges

__all__ = [
    "account_lines",
    "account_state",
    "account_words",
    "borrow_charges",
    "financing_total",
    "since_text",
    "violation_lines",
    "violations_table",
]

_EVENTS = {
    0: "margin_call_met",
    REASON.MARGIN_CALL: "margin_call",
    REASON.BANKRUPT: "bankrupt",
    REASON.RECALL: "borrow_recalled",
}


def account_lines(state: State, symbols: tuple[str, ...]) -> list[dict[str, Any]]:
    """One log line per call, recall, and bankruptcy, with the figures that made it."""
    reports = state.used("reports")
    lines = []
    for report in reports[reports["kind"] == REPORT_KIND.CALL]:
        reason, i = int(report["reason"]), int(report["instrument"])
        line: dict[str, Any] = {
            "ts": int(report["ts"]),
            "level": "info" if reason == 0 else "warning",
            "event": _EVENTS[reason],
        }
        if i >= 0:
            line["symbol"] = symbols[i]
        if reason == REASON.RECALL:
            line |= {"short": float(report["needed"]), "to_borrow": float(report["available"])}
        else:
            line["equity"] = float(report["available"])
            if reason != REASON.BANKRUPT:
                line["maintenance"] = float(report["needed"])
        lines.append(line)
    return lines


def account_state(state: State) -> dict[str, Any]:
    """How the account ended: ``status`` (sound, in_call, bankrupt), ``since`` (UTC, or None),
    ``reason``, ``equity``, and ``debt``, what it owes beyond what it has."""
    account = state["accounts"][0]
    status = names(ACCOUNT_STATUS)[int(account["status"])]
    equity = float(account["equity"])
    reports = state.used("reports")
    calls = reports[reports["kind"] == REPORT_KIND.CALL]
    last = calls[-1] if len(calls) and status != "sound" else None
    since = None if last is None else times(state["accounts"]["ts_status"])[0]
    return {
        "status": status,
        "since": since,
        "reason": None if last is None else _EVENTS[int(last["reason"])],
        "equity": equity,
        "debt": -equity if equity < 0.0 else 0.0,
    }


def since_text(since: datetime | None) -> str | None:
    """A time as run folders write it."""
    return None if since is None else since.isoformat().replace("+00:00", "Z")


def account_words(account: dict[str, Any], currency: str) -> str | None:
    """How an account ended badly, in a sentence without its full stop; None if it did not.

    Examples
    --------
    >>> account_words({"status": "bankrupt", "since": "2008-10-10T20:00:00Z", "equity": -5.0,
    ...                "debt": 5.0}, "USD")
    'the account was bankrupt on 2008-10-10 and ends owing 5.00 USD'
    """
    if account["status"] == "sound":
        return None
    when = str(account["since"])[:10]
    if account["status"] == "in_call":
        return f"the account ends in a margin call of {when}"
    owed = account["debt"] > 0.0
    amount = f"{account['debt' if owed else 'equity']:,.2f} {currency}"
    return f"the account was bankrupt on {when} and ends {'owing' if owed else 'with'} {amount}"


def financing_total(state: State) -> float:
    """Interest booked, positive where it was earned."""
    rows = state.used("postings")
    rows = rows[rows["kind"] == POSTING_KIND.INTEREST]
    return math.fsum((rows["amount"] * rows["fx"]).tolist())


def borrow_charges(state: State) -> Charges:
    """What shorts have paid for their shares."""
    rows = state.used("postings")
    rows = rows[rows["kind"] == POSTING_KIND.BORROW]
    return Charges(
        ts=rows["ts"].copy(),
        instrument=rows["instrument"].copy(),
        amount=-rows["amount"] * rows["fx"],
    )


@dataclass(slots=True)
class _Lot:
    """A purchase in a cash account, and what paid for it that was not there yet."""

    units: int
    # amounts of earlier sales, each with the session that brings it
    unsettled: list[list[float]] = field(default_factory=list)
    credit: float = 0.0


class _Funds:
    """Whose money paid for what: settled money first, then that of sales under way, then credit."""

    def __init__(self, settled: float) -> None:
        self.settled = settled
        self.coming: deque[list[float]] = deque()
        self.lots: dict[int, deque[_Lot]] = {}

    def _pay_back(self) -> None:
        """Settled money pays for what was bought on credit, the oldest purchase first."""
        for lots in self.lots.values():
            for lot in lots:
                paid = min(lot.credit, max(self.settled, 0.0))
                lot.credit -= paid
                self.settled -= paid

    def begin(self, session: int) -> None:
        """A session begins: money that it brings is there."""
        while self.coming and self.coming[0][1] <= session:
            self.settled += self.coming.popleft()[0]
        self._pay_back()

    def add(self, amount: float) -> None:
        """Money is paid in or out."""
        self.settled += amount
        self._pay_back()

    def buy(self, instrument: int, units: int, cost: float) -> None:
        lot = _Lot(units)
        paid = min(cost, max(self.settled, 0.0))
        self.settled -= paid
        cost -= paid
        while cost > 0.0 and self.coming:
            first = self.coming[0]
            part = min(cost, first[0])
            lot.unsettled.append([part, first[1]])
            first[0] -= part
            cost -= part
            if first[0] <= 0.0:
                self.coming.popleft()
        lot.credit = cost
        self.lots.setdefault(instrument, deque()).append(lot)

    def sell(self, instrument: int, units: int, session: int) -> tuple[float, float]:
        """Take units from the oldest purchases; what of their price had not settled, and what had
        never been paid."""
        early = unpaid = 0.0
        lots = self.lots.get(instrument, deque())
        while units > 0 and lots:
            lot = lots[0]
            part = min(units, lot.units)
            share = part / lot.units
            early += share * math.fsum(a for a, due in lot.unsettled if due > session)
            unpaid += share * lot.credit
            for piece in lot.unsettled:
                piece[0] *= 1.0 - share
            lot.credit *= 1.0 - share
            lot.units -= part
            units -= part
            if lot.units == 0:
                lots.popleft()
        return early, unpaid


_LEAST = 0.005


def _violations(state: State) -> list[dict[str, Any]]:
    """Sales of what had not been paid for with settled money."""
    funds = _Funds(0.0)
    found = []
    ledger = state.used("postings")
    fills = state.used("fills")
    cash = [0.0] * len(fills)
    events: list[tuple[int, int]] = []
    for k, row in enumerate(ledger):
        ref = int(row["ref"])
        if ref > 0:
            cash[ref - 1] += float(row["amount"])
            if not events or events[-1] != (1, ref - 1):
                events.append((1, ref - 1))
        else:
            events.append((0, k))
    for is_fill, k in events:
        if not is_fill:
            funds.begin(int(ledger[k]["session"]))
            funds.add(float(ledger[k]["amount"]))
            continue
        fill = fills[k]
        session, units, i = int(fill["session"]), int(fill["units"]), int(fill["instrument"])
        funds.begin(session)
        if units > 0:
            funds.buy(i, units, -cash[k])
            continue
        early, unpaid = funds.sell(i, -units, session)
        for kind, amount in (("good_faith", early), ("free_riding", unpaid)):
            if amount >= _LEAST:
                found.append({"fill": k, "kind": kind, "amount": amount})
        if int(fill["settles"]) >= 0:
            funds.coming.append([cash[k], int(fill["settles"])])
        else:
            funds.add(cash[k])
    return found


def violations_table(state: State, bars: Bars, account: object) -> pl.DataFrame:
    """Sales in a cash account of what had not been paid for with settled money.

    ``kind`` is ``good_faith`` where money of a sale that had not settled had bought what is sold
    again, ``free_riding`` where nothing had paid for it; ``amount`` is that money.
    """
    found = []
    if isinstance(account, CashAccount) and (account.unsettled == "spend" or account.credit > 0.0):
        found = _violations(state)
    fills = state.used("fills")[[row["fill"] for row in found]]
    return pl.DataFrame(
        {
            "ts": times(fills["ts"]),
            "session": session_dates(fills["session"], bars),
            "fill_id": pl.Series([row["fill"] + 1 for row in found], dtype=pl.Int64),
            "symbol": symbol_names(fills["instrument"], bars),
            "kind": pl.Series([row["kind"] for row in found], dtype=pl.String),
            "amount": pl.Series([row["amount"] for row in found], dtype=pl.Float64),
        }
    )


def violation_lines(violations: pl.DataFrame) -> list[dict[str, Any]]:
    """One log line per violation."""
    return [
        {
            "ts": ts,
            "level": "warning",
            "event": f"{row['kind']}_violation",
            "symbol": row["symbol"],
            "fill_id": row["fill_id"],
            "amount": row["amount"],
        }
        for row, ts in zip(
            violations.iter_rows(named=True),
            violations["ts"].to_physical().to_list(),
            strict=True,
        )
    ]
