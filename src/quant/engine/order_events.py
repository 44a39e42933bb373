"""Everything that happened to orders, one row per change, in the order in which it happened."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant.engine.columns import (
    IntArray,
    quantities,
    session_dates,
    symbol_names,
    times,
    word_column,
)
from quant.engine.refusals import MONEY_RULE_OF, RULE_OF
from quant.kernel.codes import GROUP_KIND, NONE, REASON, REPORT_KIND, STATUS, names
from quant.kernel.layout import State
from quant.lake import Bars

__all__ = ["order_events_table"]

_STATUS_WORDS = names(STATUS, upper=True)
_REASON_WORDS = {code: text for code, text in names(REASON).items() if code}
_RULES = MONEY_RULE_OF | RULE_OF
_RULE_WORDS = {code: _RULES.get(code, "") for code in names(REASON)}
_GROUP_WORDS = {code: text for code, text in names(GROUP_KIND).items() if code}
_REPORT_EVENTS = {
    REPORT_KIND.TRIGGERED: "triggered",
    REPORT_KIND.FILL: "filled",
    REPORT_KIND.CANCELED: "canceled",
    REPORT_KIND.REJECTED: "rejected",
    REPORT_KIND.EXPIRED: "expired",
    REPORT_KIND.ACTIVATED: "activated",
    REPORT_KIND.REPLACED: "replaced",
    REPORT_KIND.REPLACE_REJECTED: "replace_rejected",
}


def order_events_table(state: State, bars: Bars) -> pl.DataFrame:
    """Every order sent, every request about one, and every report of the venue.

    Columns: ``event_id, order_id, ts, session, symbol, event, status, reason, qty, filled_qty,
    limit_price, stop_price, parent_id, group_id, group, rule, limit, value``. ``status`` is our
    side's after the event; ``qty`` and ``filled_qty`` are unsigned, as they stand then; prices are
    given where an order is sent or its terms change, the last three where a limit refuses it, or
    the account's own rule: then ``limit`` is what was available, ``value`` what was needed.
    """
    orders = state.used("orders")
    parts = [
        _sent(orders),
        _cancels_asked(orders),
        _amends_asked(state.used("amendments"), orders),
        _reported(state.used("reports"), orders),
    ]
    place = np.concatenate([part["place"] for part in parts])
    is_report = np.repeat([0, 0, 0, 1], [len(part["place"]) for part in parts])
    rank = np.lexsort((is_report, place))
    column = {
        name: np.concatenate([part[name] for part in parts])[rank]
        for name in parts[0]
        if name != "place"
    }
    order = column["order"]
    instrument = np.ascontiguousarray(orders["instrument"])[order]
    parent, group = orders["parent"][order], orders["group"][order]
    return pl.DataFrame(
        {
            "event_id": np.arange(1, len(order) + 1),
            "order_id": order + 1,
            "ts": times(column["ts"]),
            "session": session_dates(column["session"], bars),
            "symbol": symbol_names(instrument, bars),
            "event": pl.Series(column["event"].tolist(), dtype=pl.String),
            "status": word_column(column["status"], _STATUS_WORDS),
            "reason": word_column(column["reason"], _REASON_WORDS),
            "qty": quantities(state, instrument, column["qty"]),
            "filled_qty": quantities(state, instrument, column["filled"]),
            "limit_price": pl.Series(column["limit"]).fill_nan(None),
            "stop_price": pl.Series(column["stop"]).fill_nan(None),
            "parent_id": _ids(parent),
            "group_id": _ids(group),
            "group": word_column(orders["group_kind"][order], _GROUP_WORDS),
            "rule": word_column(column["reason"], _RULE_WORDS),
            "limit": pl.Series(column["bound"]).fill_nan(None),
            "value": pl.Series(column["found"]).fill_nan(None),
        }
    )


def _ids(places: IntArray) -> pl.Series:
    """Ids from 1; null for NONE."""
    ids = pl.Series(np.ascontiguousarray(places) + 1)
    return pl.select(pl.when(ids > 0).then(ids).alias("ids")).to_series()


def _columns(n: int, **given: Any) -> dict[str, NDArray[Any]]:
    """Columns of one kind of event; one value stands for all rows."""
    blank: dict[str, Any] = {"status": 0, "reason": 0, "filled": 0}
    blank |= dict.fromkeys(("limit", "stop", "bound", "found"), np.nan)
    return {
        name: np.full(n, value) if np.ndim(value) == 0 else np.ascontiguousarray(value)
        for name, value in (blank | given).items()
    }


def _sent(orders: NDArray[np.void]) -> dict[str, NDArray[Any]]:
    """Orders as they were sent."""
    asked = np.where(orders["target_kind"] > 1, 0, orders["whole"])
    return _columns(
        len(orders),
        place=orders["reports_before"],
        order=np.arange(len(orders)),
        ts=orders["ts_submit"],
        session=orders["session_sent"],
        event="submitted",
        status=STATUS.NEW,
        qty=asked,
        limit=orders["limit_sent"],
        stop=orders["stop_sent"],
    )


def _cancels_asked(orders: NDArray[np.void]) -> dict[str, NDArray[Any]]:
    """Cancels that are under way for a while; one that takes effect at once is a report alone."""
    rows = np.flatnonzero(orders["ts_cancel"] > orders["ts_cancel_sent"])
    rows = rows[orders["ts_cancel_sent"][rows] != NONE]
    asked = orders[rows]
    return _columns(
        len(rows),
        place=asked["reports_at_cancel"],
        order=rows,
        ts=asked["ts_cancel_sent"],
        session=asked["session_cancel"],
        event="cancel_asked",
        status=STATUS.PENDING_CANCEL,
        reason=asked["cancel_reason"],
        qty=asked["whole"],
    )


def _amends_asked(
    amendments: NDArray[np.void], orders: NDArray[np.void]
) -> dict[str, NDArray[Any]]:
    """Amendments that are under way for a while."""
    asked = amendments[amendments["ts_arrival"] > amendments["ts_sent"]]
    units = np.where(asked["units"] == NONE, orders["whole"][asked["order"]], asked["units"])
    return _columns(
        len(asked),
        place=asked["reports_before"],
        order=asked["order"],
        ts=asked["ts_sent"],
        session=asked["session"],
        event="replace_asked",
        status=STATUS.PENDING_REPLACE,
        qty=units,
        limit=asked["limit"],
        stop=asked["stop"],
    )


def _reported(reports: NDArray[np.void], orders: NDArray[np.void]) -> dict[str, NDArray[Any]]:
    """What the venue told; the closing and the opening part of one fill are one event."""
    keep = reports["order"] >= 0
    merged = np.flatnonzero(reports["is_merge"] != 0)
    if len(merged):
        last = {int(reports["fill"][r]): int(r) for r in merged}
        fills = np.flatnonzero(reports["kind"] == REPORT_KIND.FILL)
        early = [r for r in fills.tolist() if last.get(int(reports["fill"][r]), r) != r]
        keep[early] = False
    rows = np.flatnonzero(keep)
    told = reports[rows]
    changed = told["kind"] == REPORT_KIND.REPLACED
    # what is refused for the sake of others, or by a volume cap, carries no figures
    has_figures = (told["needed"] != 0.0) | (told["available"] != 0.0)
    by_limit = np.isin(told["reason"], list(RULE_OF))
    by_limit |= has_figures & np.isin(told["reason"], list(MONEY_RULE_OF))
    words = np.array([_REPORT_EVENTS.get(kind, "") for kind in range(max(_REPORT_EVENTS) + 1)])
    return _columns(
        len(rows),
        place=rows,
        order=told["order"],
        ts=told["ts"],
        session=told["session"],
        event=words[told["kind"]],
        status=told["status"],
        reason=told["reason"],
        qty=told["whole"],
        filled=told["filled"],
        limit=np.where(changed, told["price"], np.nan),
        stop=np.where(changed, told["price_raw"], np.nan),
        bound=np.where(by_limit, told["available"], np.nan),
        found=np.where(by_limit, told["needed"], np.nan),
    )
