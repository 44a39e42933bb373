"""Inside a bar: the assumed path, and the orders it meets on the way.

A path has four points and three segments. All instruments whose bar ends now walk theirs in
lockstep, one account after another; on each segment an instrument's orders form a queue by distance
and sequence. ``choose`` decides the order of the extremes; for ``adverse`` it walks both on saved
copies and puts everything back.
"""

from __future__ import annotations

from quant.kernel import memory as mem
from quant.kernel.calls import breach_on, close_inside, fail_if_lost, fail_inside
from quant.kernel.codes import (
    ACCOUNT_STATUS,
    AUCTION,
    BATCH,
    FILL_REASON,
    LIMIT_RULE,
    NONE,
    PATH,
    REASON,
    TRIGGER,
)
from quant.kernel.fees import volume_place
from quant.kernel.jit import compiled, inlined
from quant.kernel.margin import position_place, remark
from quant.kernel.match import (
    cap_left,
    closing_part,
    fill_closing,
    fill_rest,
    has_trading,
)
from quant.kernel.pricing import INSIDE
from quant.kernel.reports import close_out, is_final, remaining, trigger
from quant.kernel.subsystem import subsystem
from quant.kernel.trailing import follow, trails, trails_by_close

__all__ = ["walk_bars"]

_FIFO = BATCH.FIFO
_BANKRUPT = ACCOUNT_STATUS.BANKRUPT
_NO_AUCTION = AUCTION.NONE
_NO_TRIGGER = TRIGGER.NONE
_STOP = TRIGGER.STOP
_ADVERSE = PATH.ADVERSE
_OHLC = PATH.OHLC
_OLHC = PATH.OLHC
_NEAREST = PATH.NEAREST_EXTREME
_THROUGH = LIMIT_RULE.THROUGH
_R_LIMIT = FILL_REASON.LIMIT
_R_STOP = FILL_REASON.STOP
_R_STOP_LIMIT = FILL_REASON.STOP_LIMIT
_R_LIMIT_OPEN = FILL_REASON.LIMIT_OPEN
_R_TOUCHED = FILL_REASON.TOUCHED
_R_LIMIT_IF_TOUCHED = FILL_REASON.LIMIT_IF_TOUCHED
_POST_ONLY = REASON.POST_ONLY
_TIE = 1e-9
_TICK_SNAP = 1e-6
# Live levels inside a bar from which on the order of its extremes matters.
_ENOUGH = 2
_CLOSING, _OPENING, _PASSES_BY = 0, 1, 2
# What a level does to an order that reaches it: fill it, trigger it, or fill it where it joined the
# path and could take at once.
_FILLS, _TRIGGERS, _TAKES = 1, 2, 3


@inlined
def _point(h: int, row: int, path: int, k: int) -> float:
    """The ``k``-th of the four points of a bar's path."""
    bar = mem.bars(h)[row]
    if k == 0:
        return bar["open"]
    if k == 3:
        return bar["close"]
    if (k == 1) == (path == _OHLC):
        return bar["high"]
    return bar["low"]


@inlined
def _is_resting_limit(h: int, o: int) -> bool:
    """A limit that nothing has to trigger any more."""
    order = mem.orders(h)[o]
    return order["is_limited"] != 0 and (order["trigger"] == 0 or order["is_triggered"] != 0)


@inlined
def _came_too_late(h: int, o: int) -> bool:
    """Whether a child has been set free while this bar was walked, and does not join it."""
    order = mem.orders(h)[o]
    ins = mem.instruments(h)[order["instrument"]]
    if order["parent"] < 0 or order["join_bar"] == ins["bar"]:
        return False
    return order["ts_arrival"] > ins["opened_at"] + mem.policies(h)[0]["bar_slack_ns"]


@inlined
def _can_be_met(h: int, o: int) -> bool:
    """Whether a path can do anything to an order."""
    order = mem.orders(h)[o]
    if order["is_held"] != 0 or is_final(order["status_venue"]) or remaining(h, o) <= 0:
        return False
    if order["auction"] != _NO_AUCTION or _came_too_late(h, o):
        return False
    # without a limit, and with nothing left to trigger, an order waits for a print
    return order["is_limited"] != 0 or (order["trigger"] != 0 and order["is_triggered"] == 0)


@inlined
def _joins(h: int, o: int) -> bool:
    """Whether an order has just joined the path under way: where that is, is its first print."""
    order = mem.orders(h)[o]
    return (
        order["has_print"] == 0
        and order["join_bar"] >= 0
        and order["join_bar"] == mem.instruments(h)[order["instrument"]]["bar"]
    )


@inlined
def _reached(h: int, o: int, level: float, end: float, direction: int) -> bool:
    """Whether a segment that ends at ``end`` fills a resting limit at ``level``."""
    beyond = (end - level) * direction
    if mem.policies(h)[0]["limit_rule"] != _THROUGH:
        return beyond >= 0.0
    tick = mem.instruments(h)[mem.orders(h)[o]["instrument"]]["tick"]
    if tick > 0.0:
        # a whole tick, where a price is the nearest double to its decimal
        return beyond >= tick * (1.0 - _TICK_SNAP)
    return beyond > 0.0


@inlined
def _at_start(h: int, o: int, start: float) -> float:
    """The price of what the opening print left of a marketable limit."""
    order = mem.orders(h)[o]
    if mem.policies(h)[0]["gap_improvement"] != 0:
        return start
    bar = mem.bars(h)[mem.instruments(h)[order["instrument"]]["bar"]]
    if order["side_venue"] > 0:
        return min(order["limit"], bar["high"])
    return max(order["limit"], bar["low"])


@compiled
def _level_met(h: int, o: int, seg: int, start: float, end: float) -> float:
    """The price at which a segment meets an order, NaN if it does not."""
    order = mem.orders(h)[o]
    nan = math_nan()
    if not _can_be_met(h, o):
        return nan
    side = order["side_venue"]
    direction = 1 if end > start else -1
    joins = _joins(h, o)
    if _is_resting_limit(h, o):
        level = order["limit"]
        if (level - start) * side >= 0.0:
            if joins:
                return start
            if seg == 0:
                return _at_start(h, o, start)
        if end == start or direction == side or (level - start) * direction <= 0.0:
            return nan
        return level if _reached(h, o, level, end, direction) else nan
    level = order["stop"]
    turn = side * order["trigger"]
    if joins and (start - level) * turn >= 0.0:
        return start
    if end == start or direction != turn:
        return nan
    if (level - start) * direction > 0.0 and (end - level) * direction >= 0.0:
        return level
    return nan


@inlined
def math_nan() -> float:
    """Not a number, spelled so that compiled and interpreted code agree."""
    return float("nan")


@compiled
def _put(h: int, o: int, place: int, last: int, level: float, distance: float) -> None:
    """Put an order into a queue that reaches from ``place`` to before ``last``, by distance and
    sequence."""
    hits = mem.hits(h)
    levels = mem.hit_levels(h)
    distances = mem.hit_distances(h)
    j = last
    while j > place and (
        distances[j - 1] > distance or (distances[j - 1] == distance and hits[j - 1] > o)
    ):
        hits[j] = hits[j - 1]
        levels[j] = levels[j - 1]
        distances[j] = distances[j - 1]
        j -= 1
    hits[j] = o
    levels[j] = level
    distances[j] = distance


@compiled
def _queue_if_met(
    h: int, o: int, place: int, last: int, seg: int, start: float, end: float, origin: float
) -> int:
    """Queue an order if the way from ``start`` to ``end`` meets it; 1 if so.

    ``origin`` is where the segment began, from which distances count.
    """
    level = _level_met(h, o, seg, start, end)
    if level != level:
        return 0
    order = mem.orders(h)[o]
    distance = abs(level - origin)
    code = _TRIGGERS
    if _is_resting_limit(h, o):
        code = _FILLS
        if (order["limit"] - start) * order["side_venue"] >= 0.0:
            # marketable where it stands
            distance = abs(start - origin)
            if _joins(h, o):
                code = _TAKES
    order["in_batch"] = code
    _put(h, o, place, last, level, distance)
    return 1


@compiled
def _collect(
    h: int, a: int, c0: int, c1: int, base: int, seg: int, start: float, end: float
) -> int:
    """Queue the orders of one instrument that a segment meets; returns the queue's length.

    The queue lies in ``hits`` from ``base`` on, nearest first, then by sequence.
    """
    n = 0
    for c in range(c0, c1):
        o = mem.candidates(h)[c]
        order = mem.orders(h)[o]
        if order["account"] == a:
            joins = _joins(h, o)
            n += _queue_if_met(h, o, base, base + n, seg, start, end, start)
            if joins and order["is_held"] == 0:
                order["has_print"] = 1
                order["is_fresh"] = 0
    return n


@compiled
def _queue_those_set_free(
    h: int, o: int, place: int, last: int, seg: int, level: float, end: float, origin: float
) -> int:
    """After order ``o`` was met at ``level``: queue what the rest of the segment now meets.

    That is ``o`` itself if it has become a resting limit, children it has set free, and those that
    it has given something to fill again.
    """
    n = 0
    order = mem.orders(h)[o]
    print_id = mem.sims(h)[0]["print_id"]
    if order["trigger"] != _NO_TRIGGER and order["in_batch"] == _TRIGGERS:
        n += _queue_if_met(h, o, place, last, NONE, level, end, origin)
    c = order["first_child"]
    while c >= 0:
        child = mem.orders(h)[c]
        if child["instrument"] == order["instrument"] and _joins(h, c):
            n += _queue_if_met(h, c, place, last + n, NONE, level, end, origin)
            child["has_print"] = 1
        elif child["instrument"] == order["instrument"] and child["revived"] == print_id:
            here = seg if level == origin else NONE
            n += _queue_if_met(h, c, place, last + n, here, level, end, origin)
            child["revived"] = NONE
        c = child["next_child"]
    return n


@inlined
def _can_fill_here(h: int, o: int, level: float) -> bool:
    """Whether an order met at ``level`` fills there, or triggers and then has to wait."""
    order = mem.orders(h)[o]
    if order["is_limited"] == 0 or order["in_batch"] != _TRIGGERS:
        return True
    return (order["limit"] - level) * order["side_venue"] >= 0.0


@compiled
def _front(h: int, o: int, level: float) -> int:
    """What the head of a queue would do: only close, open, or pass by without a fill."""
    if is_final(mem.orders(h)[o]["status_venue"]) or not _can_fill_here(h, o, level):
        return _PASSES_BY
    want = min(remaining(h, o), cap_left(h, mem.orders(h)[o]["instrument"], INSIDE, level))
    if want <= 0:
        return _PASSES_BY
    if mem.orders(h)[o]["reduce_only"] != 0:
        return _CLOSING
    return _CLOSING if closing_part(h, o, want) == want else _OPENING


@inlined
def _reason_of(h: int, o: int, seg: int, start: float) -> int:
    """The fill reason of an order that its queue has come to."""
    order = mem.orders(h)[o]
    if order["in_batch"] == _TRIGGERS:
        if order["trigger"] == _STOP:
            return _R_STOP_LIMIT if order["is_limited"] != 0 else _R_STOP
        return _R_LIMIT_IF_TOUCHED if order["is_limited"] != 0 else _R_TOUCHED
    is_first = seg == 0 and order["in_batch"] == _FILLS
    if is_first and (order["limit"] - start) * order["side_venue"] >= 0.0:
        return _R_LIMIT_OPEN
    return _R_LIMIT


@compiled
def _meet(h: int, o: int, level: float, seg: int, start: float, closing_only: int) -> None:
    """Let an order meet its level: trigger, then fill."""
    order = mem.orders(h)[o]
    if is_final(order["status_venue"]):
        return
    fill_reason = _reason_of(h, o, seg, start)
    if order["in_batch"] == _TRIGGERS and order["is_triggered"] == 0:
        trigger(h, o)
        if not _can_fill_here(h, o, level):
            return
    if order["in_batch"] == _TAKES and order["post_only"] != 0:
        close_out(h, o, _POST_ONLY, 0.0, 0.0)
        return
    if order["in_batch"] != _FILLS:
        order["taker_bar"] = mem.instruments(h)[order["instrument"]]["bar"]
    if closing_only != 0:
        fill_closing(h, o, level, INSIDE, fill_reason)
    else:
        fill_rest(h, o, level, INSIDE, fill_reason)
    order["taker_bar"] = NONE


@compiled
def _meet_lines(h: int, a: int, i: int, start: float, end: float) -> None:
    """Close a position where its price brings the account to a line on the way to ``end``."""
    p = position_place(h, a, 0, i)
    level = breach_on(h, p, start, end)
    if level == level and fail_inside(h, p, level) != 0:
        # a call that is only noted leaves the position, and the line at zero
        level = breach_on(h, p, level, end)
        if level == level:
            fail_inside(h, p, level)


@inlined
def _met_at(h: int, place: int, start: float) -> float:
    """Where on the way a head of a queue is met: at the start, where a limit fills at its own price
    though the bar has opened better."""
    level = mem.hit_levels(h)[place]
    return start if abs(level - start) > mem.hit_distances(h)[place] else level


@inlined
def _reached_by_queue(h: int, base: int, done: int, start: float) -> float:
    """How far a segment has been walked by a queue of which ``done`` heads are done with."""
    return _met_at(h, base + done - 1, start) if done > 0 else start


@compiled
def _run_queue(
    h: int, i: int, base: int, first: int, seg: int, start: float, end: float, only_exits: int
) -> int:
    """Work instrument ``i``'s queue from place ``first`` on; returns how many heads are done with.

    With ``only_exits`` it stops before the first order that would open, after that order's closing
    part. What a fill sets free queues behind it. Where a line of the account comes first, it is met
    first.
    """
    ins = mem.instruments(h)[i]
    j = first
    here = _reached_by_queue(h, base, j, start)
    while j < ins["queue_size"]:
        o = mem.hits(h)[base + j]
        level = mem.hit_levels(h)[base + j]
        there = _met_at(h, base + j, start)
        if mem.sims(h)[0]["watched"] != 0:
            _meet_lines(h, mem.orders(h)[o]["account"], i, here, there)
        here = there
        if only_exits != 0 and _front(h, o, level) == _OPENING:
            if closing_part(h, o, remaining(h, o)) > 0:
                _meet(h, o, level, seg, start, 1)
            return j
        _meet(h, o, level, seg, start, 0)
        # what is filled at its limit though the bar opened better is met at the start
        is_at_start = abs(level - start) > mem.hit_distances(h)[base + j]
        j += 1
        ins["queue_size"] += _queue_those_set_free(
            h,
            o,
            base + j,
            base + ins["queue_size"],
            seg,
            start if is_at_start else level,
            end,
            start,
        )
    return j


@inlined
def _group_end(h: int, c0: int, n: int) -> int:
    """Where the candidates of the instrument at ``c0`` end."""
    i = mem.orders(h)[mem.candidates(h)[c0]]["instrument"]
    c = c0 + 1
    while c < n and mem.orders(h)[mem.candidates(h)[c]]["instrument"] == i:
        c += 1
    return c


@compiled
def _levels_inside(h: int, a: int, c0: int, c1: int, row: int) -> int:
    """How many levels of working orders, and of what waits for their fills, lie inside the bar."""
    bar = mem.bars(h)[row]
    low = bar["low"]
    high = bar["high"]
    n = 0
    for c in range(c0, c1):
        o = mem.candidates(h)[c]
        order = mem.orders(h)[o]
        if order["account"] != a or is_final(order["status_venue"]):
            continue
        if order["auction"] != _NO_AUCTION:
            continue
        if order["is_limited"] != 0 and low <= order["limit"] <= high:
            n += 1
        if order["trigger"] != _NO_TRIGGER and order["is_triggered"] == 0:
            if order["is_trailing"] != 0 and order["is_held"] == 0:
                # its level may come inside the bar on the way
                n += _ENOUGH
            elif low <= order["stop"] <= high:
                n += 1
    return n


@compiled
def _lines_inside(h: int, a: int, row: int) -> int:
    """1 if the account comes to a line on the way to one of the bar's extremes."""
    if mem.sims(h)[0]["watched"] == 0:
        return 0
    bar = mem.bars(h)[row]
    p = position_place(h, a, 0, bar["instrument"])
    low = breach_on(h, p, bar["open"], bar["low"])
    high = breach_on(h, p, bar["open"], bar["high"])
    return 1 if low == low or high == high else 0


@compiled
def _save(h: int, a: int, i: int, c0: int, c1: int) -> None:
    """Copy all that a walk of one instrument can change."""
    sim = mem.sims(h)[0]
    mem.saved_sim(h)[0] = mem.sims(h)[0]
    mem.saved_account(h)[0] = mem.accounts(h)[a]
    mem.saved_instrument(h)[0] = mem.instruments(h)[i]
    for c in range(sim["n_currencies"]):
        mem.saved_balances(h)[c] = mem.balances(h)[a * sim["n_currencies"] + c]
    for b in range(sim["n_books"]):
        mem.saved_position(h)[b] = mem.positions(h)[position_place(h, a, b, i)]
    for j in range(sim["n_held"]):
        mem.saved_held(h)[j] = mem.held(h)[j]
    for c in range(c0, c1):
        mem.saved_orders(h)[c] = mem.orders(h)[mem.candidates(h)[c]]
    if len(mem.volumes(h)) > 0:
        mem.saved_volume(h)[0] = mem.volumes(h)[volume_place(h, a, i)]
    sim["trial"] = i


@compiled
def _restore(h: int, a: int, i: int, c0: int, c1: int) -> None:
    """Put back what ``_save`` copied."""
    mem.sims(h)[0] = mem.saved_sim(h)[0]
    mem.accounts(h)[a] = mem.saved_account(h)[0]
    mem.instruments(h)[i] = mem.saved_instrument(h)[0]
    sim = mem.sims(h)[0]
    for c in range(sim["n_currencies"]):
        mem.balances(h)[a * sim["n_currencies"] + c] = mem.saved_balances(h)[c]
    for b in range(sim["n_books"]):
        mem.positions(h)[position_place(h, a, b, i)] = mem.saved_position(h)[b]
    for j in range(sim["n_held"]):
        mem.held(h)[j] = mem.saved_held(h)[j]
    for c in range(c0, c1):
        mem.orders(h)[mem.candidates(h)[c]] = mem.saved_orders(h)[c]
    if len(mem.volumes(h)) > 0:
        mem.volumes(h)[volume_place(h, a, i)] = mem.saved_volume(h)[0]


@compiled
def _move_marks(h: int, a: int, c0: int, c1: int, end: float) -> None:
    """The end of a segment has been passed: water marks may follow it."""
    if mem.sims(h)[0]["n_trailing"] == 0 or trails_by_close(h):
        return
    for c in range(c0, c1):
        o = mem.candidates(h)[c]
        order = mem.orders(h)[o]
        if order["account"] != a or is_final(order["status_venue"]) or _joins(h, o):
            continue
        if trails(h, o):
            follow(h, o, end)


@compiled
def _walk_alone(h: int, a: int, c0: int, c1: int, row: int, path: int) -> tuple[float, float]:
    """Walk one instrument by itself; equity at the bar's end and its lowest at the three points."""
    i = mem.bars(h)[row]["instrument"]
    lowest = math_inf()
    for seg in range(3):
        mem.sims(h)[0]["print_id"] += 1
        start = _point(h, row, path, seg)
        end = _point(h, row, path, seg + 1)
        mem.instruments(h)[i]["mark"] = start
        remark(h, a)
        mem.instruments(h)[i]["queue_size"] = _collect(h, a, c0, c1, 0, seg, start, end)
        done = _run_queue(h, i, 0, 0, seg, start, end, 0)
        if mem.sims(h)[0]["watched"] != 0:
            _meet_lines(h, a, i, _reached_by_queue(h, 0, done, start), end)
        _move_marks(h, a, c0, c1, end)
        mem.instruments(h)[i]["mark"] = end
        remark(h, a)
        equity = mem.accounts(h)[a]["equity"]
        if equity < lowest:
            lowest = equity
    return mem.accounts(h)[a]["equity"], lowest


@inlined
def math_inf() -> float:
    return float("inf")


@inlined
def _lower(x: float, y: float) -> int:
    """1 if x is lower than y, −1 if higher, 0 if they are equal within one part in 10^9."""
    if abs(x - y) <= _TIE * max(1.0, abs(x), abs(y)):
        return 0
    return 1 if x < y else -1


@subsystem("int64(int64, int64, int64, int64, int64)")
def choose(h: int, a: int, c0: int, c1: int, row: int) -> int:
    """The order of the extremes for one account in one bar."""
    policy = mem.policies(h)[0]["path"]
    bar = mem.bars(h)[row]
    if policy in (_OHLC, _OLHC):
        return policy
    if policy == _NEAREST:
        return _OHLC if bar["high"] - bar["open"] < bar["open"] - bar["low"] else _OLHC
    i = bar["instrument"]
    if c1 == c0 or _levels_inside(h, a, c0, c1, row) + _lines_inside(h, a, row) < _ENOUGH:
        return _OLHC
    _save(h, a, i, c0, c1)
    end_olhc, low_olhc = _walk_alone(h, a, c0, c1, row, _OLHC)
    _restore(h, a, i, c0, c1)
    mem.sims(h)[0]["trial"] = i
    end_ohlc, low_ohlc = _walk_alone(h, a, c0, c1, row, _OHLC)
    _restore(h, a, i, c0, c1)
    verdict = _lower(end_ohlc, end_olhc)
    if verdict == 0:
        verdict = _lower(low_ohlc, low_olhc)
    return _OHLC if verdict > 0 else _OLHC


@compiled
def _is_any_met(h: int, n: int) -> bool:
    """A quick look: whether any candidate's bar can meet it at all."""
    for c in range(n):
        o = mem.candidates(h)[c]
        order = mem.orders(h)[o]
        if not _can_be_met(h, o):
            continue
        bar = mem.bars(h)[mem.instruments(h)[order["instrument"]]["bar"]]
        if _is_resting_limit(h, o):
            level = order["limit"]
            is_beyond = (level - bar["open"]) * order["side_venue"] >= 0.0
        else:
            if order["is_trailing"] != 0:
                return True
            level = order["stop"]
            turn = order["side_venue"] * order["trigger"]
            is_beyond = _joins(h, o) and (bar["open"] - level) * turn >= 0.0
        if is_beyond or (bar["low"] <= level and bar["high"] >= level):
            return True
    return False


@compiled
def _note_joined(h: int, n: int) -> None:
    """A path that met nobody was the first print of those who joined it."""
    for c in range(n):
        o = mem.candidates(h)[c]
        if _joins(h, o) and mem.orders(h)[o]["is_held"] == 0:
            mem.orders(h)[o]["has_print"] = 1
            mem.orders(h)[o]["is_fresh"] = 0


@compiled
def _choose_all(h: int, a: int, lo: int, hi: int, n: int) -> None:
    """Choose a path for every bar that ends now, with all marks as phase 1 found them."""
    c = 0
    for row in range(lo, hi):
        i = mem.bars(h)[row]["instrument"]
        c0 = c
        if c < n and mem.orders(h)[mem.candidates(h)[c]]["instrument"] == i:
            c = _group_end(h, c, n)
        mem.positions(h)[position_place(h, a, 0, i)]["path"] = choose(h, a, c0, c, row)


@subsystem("void(int64, int64, int64, int64)")
def walk_bars(h: int, lo: int, hi: int, n: int) -> None:
    """Walk the bars ``lo`` to ``hi - 1``, which end now, with ``n`` candidates.

    Candidates stand in order of instrument and sequence, as the bars do.
    """
    if not _is_any_met(h, n) and mem.sims(h)[0]["watched"] == 0:
        _note_joined(h, n)
        return
    for a in range(mem.sims(h)[0]["n_accounts"]):
        remark(h, a)
        _choose_all(h, a, lo, hi, n)
        for seg in range(3):
            _walk_segment(h, a, lo, hi, n, seg)


@inlined
def _ends_of(h: int, a: int, i: int, seg: int) -> tuple[float, float]:
    """Where a segment of instrument ``i``'s path begins and ends."""
    row = mem.instruments(h)[i]["bar"]
    path = mem.positions(h)[position_place(h, a, 0, i)]["path"]
    return _point(h, row, path, seg), _point(h, row, path, seg + 1)


@compiled
def _walk_segment(h: int, a: int, lo: int, hi: int, n: int, seg: int) -> None:
    """One segment of the lockstep: mark everything at its start, queue, exits first, then rest."""
    mem.sims(h)[0]["print_id"] += 1
    for row in range(lo, hi):
        i = mem.bars(h)[row]["instrument"]
        if not has_trading(h, row):
            continue
        path = mem.positions(h)[position_place(h, a, 0, i)]["path"]
        mem.instruments(h)[i]["mark"] = _point(h, row, path, seg)
    remark(h, a)
    if mem.sims(h)[0]["watched"] != 0 and fail_if_lost(h, a) != 0:
        _close_all(h, a, lo, hi, seg, 0)
    c = 0
    while c < n:
        c1 = _group_end(h, c, n)
        i = mem.orders(h)[mem.candidates(h)[c]]["instrument"]
        start, end = _ends_of(h, a, i, seg)
        mem.instruments(h)[i]["queue_size"] = _collect(h, a, c, c1, 2 * c, seg, start, end)
        mem.instruments(h)[i]["queue_done"] = 0
        c = c1
    is_fifo = mem.policies(h)[0]["batch"] == _FIFO
    for only_exits in (1, 0):
        c = n if is_fifo and only_exits != 0 else 0
        while c < n:
            c1 = _group_end(h, c, n)
            i = mem.orders(h)[mem.candidates(h)[c]]["instrument"]
            ins = mem.instruments(h)[i]
            start, end = _ends_of(h, a, i, seg)
            ins["queue_done"] = _run_queue(
                h, i, 2 * c, ins["queue_done"], seg, start, end, only_exits
            )
            if only_exits == 0:
                _move_marks(h, a, c, c1, end)
            c = c1
        if mem.sims(h)[0]["watched"] != 0 and not (is_fifo and only_exits != 0):
            _meet_lines_left(h, a, lo, hi, n, seg)
    if mem.accounts(h)[a]["status"] == _BANKRUPT:
        # where one position ends an account, the others are closed at the end of the segment
        _close_all(h, a, lo, hi, seg, 1)


@compiled
def _meet_lines_left(h: int, a: int, lo: int, hi: int, n: int, seg: int) -> None:
    """What is left of each instrument's way, to its end or to the next order that waits for its
    turn: an account's lines only close, and so come before what opens elsewhere."""
    c = 0
    for row in range(lo, hi):
        i = mem.bars(h)[row]["instrument"]
        here, end = _ends_of(h, a, i, seg)
        if c < n and mem.orders(h)[mem.candidates(h)[c]]["instrument"] == i:
            ins = mem.instruments(h)[i]
            start = here
            here = _reached_by_queue(h, 2 * c, ins["queue_done"], start)
            if ins["queue_done"] < ins["queue_size"]:
                end = _met_at(h, 2 * c + ins["queue_done"], start)
            c = _group_end(h, c, n)
        if has_trading(h, row):
            _meet_lines(h, a, i, here, end)


@compiled
def _close_all(h: int, a: int, lo: int, hi: int, seg: int, at_end: int) -> None:
    """Close what a bankrupt account still holds at the beginning or the end of a segment."""
    for row in range(lo, hi):
        i = mem.bars(h)[row]["instrument"]
        p = position_place(h, a, 0, i)
        if has_trading(h, row) and mem.positions(h)[p]["units"] != 0:
            start, end = _ends_of(h, a, i, seg)
            close_inside(h, p, end if at_end != 0 else start)
