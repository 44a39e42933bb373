"""One timestamp, phase by phase (docs/concepts/fills.md, *When things happen*).

``before_decide`` runs phases 1 to 6, ``after_decide`` the rest. Between them the strategy decides,
if it wants to be asked at this timestamp.
"""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.accrual import accrue, settle_due
from quant.kernel.amend import amend_due
from quant.kernel.batch import run_batch
from quant.kernel.calls import check_accounts, watch
from quant.kernel.codes import (
    ACCOUNT_STATUS,
    AUCTION,
    CAP_BY,
    FILL_REASON,
    GROUP_KIND,
    NONE,
    ORDER_TYPE,
    POSTING_KIND,
    REASON,
    REPORT_KIND,
    ROW_FLAG,
    SLICE_FLAG,
    TIF,
    TIMING,
    VERB,
    ZERO_VOLUME,
)
from quant.kernel.flows import post_flow
from quant.kernel.jit import compiled, entry, inlined
from quant.kernel.leave import cancel_due, compact, refuse_early, send_orders
from quant.kernel.margin import remark
from quant.kernel.match import (
    has_close_print,
    has_open_print,
    has_trading,
    note_position,
)
from quant.kernel.path import walk_bars
from quant.kernel.post import post
from quant.kernel.pricing import AT_CLOSE, AT_OPEN
from quant.kernel.reports import end_order, expire_if_past, is_final, new_report
from quant.kernel.subsystem import subsystem
from quant.kernel.trailing import follow, trails, trails_by_close

__all__ = ["after_decide", "before_decide", "begin", "break_off", "open_bars"]

_IN_CALL = ACCOUNT_STATUS.IN_CALL
_WARM = SLICE_FLAG.WARM
_CLOSES = SLICE_FLAG.SESSION_CLOSE
_SESSION_FIRST = ROW_FLAG.SESSION_FIRST
_SESSION_LAST = ROW_FLAG.SESSION_LAST
_DAY = TIF.DAY
_GTD = TIF.GTD
_BY_PREVIOUS = CAP_BY.PREVIOUS_BAR
_NO_AUCTION = AUCTION.NONE
_ON_OPEN = AUCTION.ON_OPEN
_ON_CLOSE = AUCTION.ON_CLOSE
_ATOMIC = GROUP_KIND.ATOMIC
_MARKET = ORDER_TYPE.MARKET
_NEXT_OPEN = TIMING.NEXT_OPEN
_NEXT_CLOSE = TIMING.NEXT_CLOSE
_SAME_CLOSE = TIMING.SAME_CLOSE
_R_OPEN = FILL_REASON.MARKET_OPEN
_R_CLOSE = FILL_REASON.MARKET_CLOSE
_R_SAME = FILL_REASON.SAME_CLOSE
_DAY_END = REASON.DAY_END
_NO_PRINT = REASON.NO_PRINT
_GOOD_TILL = REASON.GOOD_TILL
_EXPIRED = REPORT_KIND.EXPIRED
_CASH_REPORT = REPORT_KIND.CASH
_CASH_VERB = VERB.CASH
_FLOW_VERB = VERB.FLOW
_LAST_PRICE = ZERO_VOLUME.LAST_PRICE
_DEPOSIT = POSTING_KIND.DEPOSIT
_WITHDRAWAL = POSTING_KIND.WITHDRAWAL
# What orders can meet at a timestamp.
_OPENING, _PATH, _CLOSING = 0, 1, 2


@inlined
def _waits_for_close(h: int, o: int) -> bool:
    """Whether an order fills at closing prints only: a market order, with a timing that says so."""
    timing = mem.policies(h)[0]["timing"]
    return mem.orders(h)[o]["type"] == _MARKET and timing != _NEXT_OPEN


@inlined
def _is_in_time(h: int, o: int, session: int) -> bool:
    """Whether an order for the close arrived early enough before that of a session."""
    close = mem.session_closes(h)[session]
    arrival = mem.orders(h)[o]["ts_arrival"]
    return arrival <= close - mem.policies(h)[0]["close_cutoff_ns"] and arrival < close


@inlined
def _is_about(h: int, o: int, slack: int) -> bool:
    """Whether an order may have to do with its instrument's bar: it was there when the bar began,
    or it waits for its parent or for the close of the session."""
    order = mem.orders(h)[o]
    if order["ts_arrival"] <= mem.instruments(h)[order["instrument"]]["opened_at"] + slack:
        return True
    return order["is_held"] != 0 or order["auction"] == _ON_CLOSE


@compiled
def _gather(h: int, lo: int, hi: int, is_open: int, slack: int) -> int:
    """Put the orders of the bars that begin (or end) now on ``candidates``; returns how many.

    Per-instrument lists are built from the back, so that each comes out in order of sequence, and
    the bars are in order of instrument.
    """
    sim = mem.sims(h)[0]
    stamp = sim["stamp"] + 1
    sim["stamp"] = stamp
    for j in range(lo, hi):
        row = mem.open_rows(h)[j] if is_open != 0 else j
        ins = mem.instruments(h)[mem.bars(h)[row]["instrument"]]
        if has_open_print(h, row) if is_open != 0 else has_close_print(h, row):
            ins["stamp"] = stamp
        ins["head"] = NONE
    j = sim["n_active"] - 1
    while j >= 0:
        o = mem.active(h)[j]
        order = mem.orders(h)[o]
        ins = mem.instruments(h)[order["instrument"]]
        if ins["stamp"] == stamp and _is_about(h, o, slack):
            order["next"] = ins["head"]
            ins["head"] = o
        j -= 1
    n = 0
    for j in range(lo, hi):
        row = mem.open_rows(h)[j] if is_open != 0 else j
        o = mem.instruments(h)[mem.bars(h)[row]["instrument"]]["head"]
        while o >= 0:
            mem.candidates(h)[n] = o
            n += 1
            o = mem.orders(h)[o]["next"]
    return n


@inlined
def _meets(h: int, o: int, what: int) -> bool:
    """Whether an order of a bar can fill at its opening print, on its path or at its close."""
    order = mem.orders(h)[o]
    ins = mem.instruments(h)[order["instrument"]]
    if order["is_held"] != 0:
        # it may be set free on the way
        return what == _PATH and ins["closes_only"] == 0
    if order["auction"] == _ON_OPEN:
        is_first = (mem.row_flags(h)[ins["bar"]] & _SESSION_FIRST) != 0
        return what == _OPENING and is_first
    if order["auction"] == _ON_CLOSE:
        is_last = (mem.row_flags(h)[ins["bar"]] & _SESSION_LAST) != 0
        session = mem.bars(h)[ins["bar"]]["session"]
        has_come = order["ts_arrival"] <= mem.sims(h)[0]["now"]
        return what == _CLOSING and is_last and has_come and _is_in_time(h, o, session)
    if order["group_kind"] == _ATOMIC and what == _PATH:
        return False
    if what == _OPENING and order["good_till"] <= max(ins["opened_at"], order["ts_arrival"]):
        # good till that very moment, and not at it
        return False
    at_close = _waits_for_close(h, o) or ins["closes_only"] != 0
    return at_close == (what == _CLOSING)


@compiled
def _keep(h: int, n: int, what: int) -> int:
    """Of the candidates keep those that can fill at ``what``."""
    stamp = mem.sims(h)[0]["stamp"]
    kept = 0
    for c in range(n):
        o = mem.candidates(h)[c]
        order = mem.orders(h)[o]
        if not is_final(order["status_venue"]) and _meets(h, o, what):
            order["stamp"] = stamp
            mem.candidates(h)[kept] = o
            kept += 1
    return kept


@compiled
def _assign_day(h: int, session: int, latest_arrival: int, closes: int, opens: int) -> None:
    """Give DAY orders the session of the first print at which their type could fill.

    With ``same_close`` a market order needs no bar of its own: any closing print after it was sent.
    ``opens``: whether a session opens with this print. Orders for the close are not asked here.
    """
    sim = mem.sims(h)[0]
    is_same_close = mem.policies(h)[0]["timing"] == _SAME_CLOSE
    for j in range(sim["n_active"]):
        o = mem.active(h)[j]
        order = mem.orders(h)[o]
        if order["tif"] != _DAY or order["day_session"] != NONE or order["is_held"] != 0:
            continue
        if order["auction"] == _ON_CLOSE:
            continue
        if order["auction"] == _ON_OPEN and opens == 0:
            continue
        ins = mem.instruments(h)[order["instrument"]]
        at_close = _waits_for_close(h, o) or ins["closes_only"] != 0
        bound = latest_arrival
        if closes != 0 and is_same_close and order["type"] == _MARKET:
            bound = sim["now"]
        if at_close == (closes != 0) and order["ts_first"] <= bound:
            order["day_session"] = session


@compiled
def _latest_open(h: int, lo: int, hi: int) -> int:
    """The latest begin of the bars with trading that end now; NONE if there is none."""
    latest = NONE
    for row in range(lo, hi):
        if has_close_print(h, row):
            latest = max(latest, mem.bars(h)[row]["ts_open"])
    return latest


@compiled
def _market_phase(h: int, lo: int, hi: int) -> None:
    """Phase 1: the path inside the bars that end now, then their closing prints."""
    sim = mem.sims(h)[0]
    slack = mem.policies(h)[0]["bar_slack_ns"]
    if mem.policies(h)[0]["zero_volume"] == _LAST_PRICE:
        for row in range(lo, hi):
            ins = mem.instruments(h)[mem.bars(h)[row]["instrument"]]
            ins["mark_before"] = ins["mark"]
    if sim["n_held"] > 0:
        watch(h)
    else:
        sim["watched"] = 0
    if sim["n_active"] > 0 or sim["watched"] != 0:
        latest = _latest_open(h, lo, hi)
        if latest >= 0:
            _assign_day(h, sim["session"], latest + slack, 1, 0)
        n = _keep(h, _gather(h, lo, hi, 0, slack), _PATH)
        if n > 0 or sim["watched"] != 0:
            walk_bars(h, lo, hi, n)
            if sim["n_trailing"] > 0 and trails_by_close(h):
                _follow_closes(h, n)
            compact(h)
    bars = mem.bars(h)
    instruments = mem.instruments(h)
    now = sim["now"]
    for row in range(lo, hi):
        bar = bars[row]
        ins = instruments[bar["instrument"]]
        ins["mark"] = bar["close"]
        ins["mark_ts"] = now
    if sim["n_active"] > 0 and mem.policies(h)[0]["timing"] != _SAME_CLOSE:
        n = _keep(h, _gather(h, lo, hi, 0, slack), _CLOSING)
        if n > 0:
            run_batch(h, n, AT_CLOSE, _R_CLOSE)
            compact(h)
    elif sim["n_active"] > 0:
        n = _keep_others(h, _keep(h, _gather(h, lo, hi, 0, slack), _CLOSING))
        if n > 0:
            run_batch(h, n, AT_CLOSE, _R_CLOSE)
            compact(h)


@compiled
def _follow_closes(h: int, n: int) -> None:
    """Where only closes move them: the bars that ended move the water marks."""
    for c in range(n):
        o = mem.candidates(h)[c]
        order = mem.orders(h)[o]
        if trails(h, o) and not is_final(order["status_venue"]):
            follow(h, o, mem.bars(h)[mem.instruments(h)[order["instrument"]]["bar"]]["close"])


@compiled
def _keep_others(h: int, n: int) -> int:
    """With ``same_close``, market orders wait for phase 8; what else fills at closes does not."""
    kept = 0
    for c in range(n):
        o = mem.candidates(h)[c]
        if mem.orders(h)[o]["type"] != _MARKET:
            mem.candidates(h)[kept] = o
            kept += 1
    return kept


@compiled
def _count_bars(h: int, lo: int, hi: int) -> None:
    """The bars have ended: they are seen, and they are the earlier bar of the next."""
    bars = mem.bars(h)
    instruments = mem.instruments(h)
    knows_spreads = len(mem.row_spreads(h)) > 0
    looks_back = mem.policies(h)[0]["cap_by"] == _BY_PREVIOUS
    for row in range(lo, hi):
        bar = bars[row]
        ins = instruments[bar["instrument"]]
        ins["seen"] += 1
        if looks_back:
            ins["counted"] = row
            ins["volume_before"] = ins["prev_volume"]
        if not bar["volume"] <= 0.0:
            ins["prev_volume"] = bar["volume"]
            ins["prev_range"] = bar["high"] - bar["low"]
        if knows_spreads and mem.row_spreads(h)[row] == mem.row_spreads(h)[row]:
            ins["prev_spread"] = mem.row_spreads(h)[row]


@compiled
def _expire(h: int, only_same_close: int) -> None:
    """Phase 2 (and the end of phase 8): orders whose last session ends now."""
    sim = mem.sims(h)[0]
    is_same_close = mem.policies(h)[0]["timing"] == _SAME_CLOSE
    for j in range(sim["n_active"]):
        o = mem.active(h)[j]
        order = mem.orders(h)[o]
        if only_same_close == 0:
            expire_if_past(h, o, sim["now"])
        if is_final(order["status_venue"]):
            continue
        if order["auction"] == _ON_CLOSE and only_same_close == 0:
            if _is_in_time(h, o, sim["session"]):
                end_order(h, o, _EXPIRED, _NO_PRINT, 0.0, 0.0)
            continue
        if order["tif"] == _GTD and 0 <= order["good_session"] <= sim["session"]:
            if only_same_close == 0:
                end_order(h, o, _EXPIRED, _GOOD_TILL, 0.0, 0.0)
            continue
        if order["tif"] != _DAY or order["day_session"] == NONE:
            continue
        in_phase_8 = is_same_close and order["type"] == _MARKET
        if in_phase_8 == (only_same_close != 0) and order["day_session"] <= sim["session"]:
            reason = _DAY_END if order["has_print"] != 0 else _NO_PRINT
            end_order(h, o, _EXPIRED, reason, 0.0, 0.0)
    compact(h)


@compiled
def _expire_dated(h: int, latest: int) -> None:
    """End orders that were good till a moment that has come."""
    for j in range(mem.sims(h)[0]["n_active"]):
        expire_if_past(h, mem.active(h)[j], latest)
    compact(h)


@compiled
def before_decide(h: int) -> None:
    """Phases 1 to 6 of the current slice."""
    sim = mem.sims(h)[0]
    at = mem.slices(h)[sim["slice"]]
    sim["now"] = at["ts"]
    sim["session"] = at["session"]
    lo = at["close_lo"]
    hi = at["close_hi"]
    if (at["flags"] & _WARM) != 0:
        for row in range(lo, hi):
            bar = mem.bars(h)[row]
            ins = mem.instruments(h)[bar["instrument"]]
            ins["bar"] = row
            ins["mark"] = bar["close"]
            ins["mark_ts"] = at["ts"]
        _count_bars(h, lo, hi)
        return
    # what arrived or came due since the last timestamp, before this one's prints
    if sim["n_cancels"] > 0:
        cancel_due(h, sim["now"] - 1)
    if sim["n_amends"] > 0:
        amend_due(h, sim["now"] - 1)
        compact(h)
    if sim["n_dated"] > 0:
        _expire_dated(h, sim["now"] - 1)
    if hi > lo:
        _market_phase(h, lo, hi)
        _count_bars(h, lo, hi)
    if (at["flags"] & _CLOSES) != 0 and sim["n_active"] > 0:
        _expire(h, 0)
    elif sim["n_dated"] > 0:
        _expire_dated(h, sim["now"])
    has_line = mem.policies(h)[0]["has_margin"]
    for a in range(sim["n_accounts"]):
        remark(h, a)
        account = mem.accounts(h)[a]
        if account["equity"] <= 0.0 or account["status"] == _IN_CALL:
            has_line = 1
    if (at["flags"] & _CLOSES) != 0 and mem.policies(h)[0]["accrues"] != 0:
        booked = sim["n_postings"]
        accrue(h, at["nights"])
        sim["has_accrued"] = 1 if sim["n_postings"] > booked else 0
        for a in range(sim["n_accounts"]):
            remark(h, a)
        has_line = 1
    if has_line != 0:
        check_accounts(h)
        compact(h)


@compiled
def _same_close(h: int, lo: int, hi: int, flags: int) -> None:
    """Phase 8: market orders meet the close they were decided at."""
    sim = mem.sims(h)[0]
    # no bound on when the bar began: what has arrived by now is sorted out below
    n = _keep(h, _gather(h, lo, hi, 0, sim["now"]), _CLOSING)
    n = _keep_market(h, n)
    if n > 0:
        run_batch(h, n, AT_CLOSE, _R_SAME)
        compact(h)
    if (flags & _CLOSES) != 0:
        _expire(h, 1)
    for a in range(sim["n_accounts"]):
        remark(h, a)


@compiled
def _keep_market(h: int, n: int) -> int:
    """Market orders that have arrived."""
    kept = 0
    for c in range(n):
        o = mem.candidates(h)[c]
        order = mem.orders(h)[o]
        if order["type"] == _MARKET and order["ts_arrival"] <= mem.sims(h)[0]["now"]:
            mem.candidates(h)[kept] = o
            kept += 1
    return kept


@compiled
def _write_row(h: int) -> None:
    """Phase 9: one equity row per account."""
    sim = mem.sims(h)[0]
    accounts = mem.accounts(h)
    rows = mem.equity_rows(h)
    for a in range(sim["n_accounts"]):
        account = accounts[a]
        row = rows[sim["n_equity"]]
        row["ts"] = sim["now"]
        row["session"] = sim["session"]
        row["account"] = a
        row["equity"] = account["equity"]
        row["cash"] = account["cash"]
        row["accrued"] = account["accrued"]
        row["debt"] = account["debt"]
        row["positions_value"] = account["positions_value"]
        row["gross"] = account["gross"]
        row["net"] = account["net"]
        row["flows"] = account["flows"]
        sim["n_equity"] += 1


@subsystem("void(int64)")
def run_events(h: int) -> None:
    """Phases 10 and 11: events whose time has come."""
    sim = mem.sims(h)[0]
    while sim["event_next"] < sim["n_events"]:
        event = mem.events(h)[sim["event_next"]]
        if event["ts"] > sim["now"]:
            return
        if event["verb"] == _CASH_VERB:
            r = new_report(h, _CASH_REPORT, NONE, event["ts"])
            report = mem.reports(h)[r]
            report["account"] = event["account"]
            report["instrument"] = event["instrument"]
            report["book"] = event["book"]
            report["currency"] = event["currency"]
            report["amount"] = event["a"]
            report["posting_kind"] = _DEPOSIT if event["a"] >= 0.0 else _WITHDRAWAL
            post(h, r)
        elif event["verb"] == _FLOW_VERB:
            if sim["n_equity"] == 0:
                # row 0 is the opening deposit alone
                return
            post_flow(h, sim["event_next"])
        sim["event_next"] += 1


@compiled
def open_bars(h: int, lo: int, hi: int) -> int:
    """Begin the bars of this slice and mark their opens; 1 if any of them prints an open."""
    now = mem.sims(h)[0]["now"]
    open_rows = mem.open_rows(h)
    bars = mem.bars(h)
    instruments = mem.instruments(h)
    prints = 0
    for j in range(lo, hi):
        row = open_rows[j]
        bar = bars[row]
        ins = instruments[bar["instrument"]]
        ins["bar"] = row
        ins["opened_at"] = bar["ts_open"]
        ins["filled_open"] = 0
        ins["filled_inside"] = 0
        ins["notional_used"] = 0.0
        if ins["closes_only"] != 0:
            continue
        if has_trading(h, row):
            ins["mark"] = bar["open"]
            ins["mark_ts"] = now
            prints = 1
        elif has_open_print(h, row):
            prints = 1
    return prints


@compiled
def _opens_session(h: int, lo: int, hi: int) -> bool:
    """Whether a session of any instrument opens with the bars that begin now."""
    found = 0
    for j in range(lo, hi):
        found |= mem.row_flags(h)[mem.open_rows(h)[j]] & _SESSION_FIRST
    return found != 0


@compiled
def _open_phase(h: int, lo: int, hi: int) -> None:
    """Phase 12: the first print of the bars that begin now."""
    sim = mem.sims(h)[0]
    prints = open_bars(h, lo, hi)
    if prints == 0:
        return
    if sim["n_active"] == 0:
        if sim["n_held"] > 0:
            for a in range(sim["n_accounts"]):
                remark(h, a)
        return
    slack = mem.policies(h)[0]["bar_slack_ns"]
    opens = 1 if sim["n_auctions"] > 0 and _opens_session(h, lo, hi) else 0
    _assign_day(h, sim["session"], sim["now"] + slack, 0, opens)
    n = _keep(h, _gather(h, lo, hi, 1, slack), _OPENING)
    if n > 0:
        run_batch(h, n, AT_OPEN, _R_OPEN)
        compact(h)
    elif sim["n_held"] > 0:
        for a in range(sim["n_accounts"]):
            remark(h, a)


@compiled
def after_decide(h: int) -> None:
    """Phases 7 (orders leave) to 12 of the current slice."""
    sim = mem.sims(h)[0]
    at = mem.slices(h)[sim["slice"]]
    sent = sim["n_sent"]
    booked = sim["n_postings"]
    if sim["n_orders"] > sent or sim["n_cancels"] > 0 or sim["n_amends"] > 0:
        refuse_early(h)
        cancel_due(h, sim["now"])
        amend_due(h, sim["now"])
        compact(h)
        send_orders(h)
    lo = at["close_lo"]
    hi = at["close_hi"]
    if mem.policies(h)[0]["timing"] == _SAME_CLOSE and sim["n_active"] > 0 and hi > lo:
        _same_close(h, lo, hi, at["flags"])
    if hi > lo or sim["has_accrued"] != 0:
        _write_row(h)
        sim["has_accrued"] = 0
    if (at["flags"] & _CLOSES) != 0:
        for j in range(sim["n_held"]):
            note_position(h, mem.held(h)[j], sim["now"])
    sim["session"] = at["session_next"]
    if sim["first_settlement"] < sim["n_settlements"]:
        settle_due(h)
    if sim["event_next"] < sim["n_events"]:
        run_events(h)
    if sim["n_sent"] > sent:
        n = _gather_late(h)
        if n > 0:
            run_batch(h, n, AT_OPEN, _R_OPEN)
            compact(h)
    if at["open_hi"] > at["open_lo"]:
        _open_phase(h, at["open_lo"], at["open_hi"])
    if sim["slice"] + 1 == sim["n_slices"] and sim["n_postings"] > booked:
        _judge_end(h)


@compiled
def _judge_end(h: int) -> None:
    """What was filled or booked after the last check of the run is judged now, or never."""
    for a in range(mem.sims(h)[0]["n_accounts"]):
        remark(h, a)
    check_accounts(h)
    compact(h)


@compiled
def _gather_late(h: int) -> int:
    """Orders that leave within ``bar_slack`` after the open of a bar still take that open."""
    sim = mem.sims(h)[0]
    now = sim["now"]
    slack = mem.policies(h)[0]["bar_slack_ns"]
    candidates = mem.candidates(h)
    n = 0
    for j in range(sim["n_active"]):
        o = mem.active(h)[j]
        order = mem.orders(h)[o]
        i = order["instrument"]
        ins = mem.instruments(h)[i]
        opened = ins["opened_at"]
        if ins["bar"] < 0 or opened >= now or order["ts_arrival"] > opened + slack:
            continue
        if order["ts_submit"] != now or mem.bars(h)[ins["bar"]]["ts_close"] <= now:
            continue
        if not has_open_print(h, ins["bar"]) or order["is_held"] != 0 or not _meets(h, o, _OPENING):
            continue
        if order["tif"] == _DAY and order["day_session"] == NONE:
            order["day_session"] = mem.bars(h)[ins["bar"]]["session"]
        k = n
        while k > 0 and mem.orders(h)[candidates[k - 1]]["instrument"] > i:
            candidates[k] = candidates[k - 1]
            k -= 1
        candidates[k] = o
        n += 1
    return n


@entry
def begin(h: int) -> None:
    """The opening deposits, and row 0 of the equity curve."""
    sim = mem.sims(h)[0]
    run_events(h)
    for a in range(sim["n_accounts"]):
        remark(h, a)
    _write_row(h)


@entry
def break_off(h: int) -> None:
    """The row of a timestamp whose decision failed: what its bars and the fills before it did."""
    sim = mem.sims(h)[0]
    if sim["stage"] == 1 and sim["row_hi"] > sim["row_lo"]:
        _write_row(h)
