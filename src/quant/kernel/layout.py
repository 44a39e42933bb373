"""The state of a simulation as record arrays: their only definition.

Every field is eight bytes wide (``i8`` or ``f8``), so that a record is a row of words and Python
can read any field through a memoryview at the cost of an index. One integer crosses into compiled
code: the address of ``table``, whose words are the addresses of these arrays and their lengths.

This file imports neither numba nor anything that compiles.

Keys. A position is (account, instrument, book); its place is
``(account * n_books + book) * n_instruments + instrument``. An order carries account, book, parent,
group, group kind, ratio and net limit, and two statuses: the venue's and ours. ``Q`` counts are
whole increments.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ARRAYS",
    "GROWING",
    "LAYOUT_VERSION",
    "MARKET",
    "N_FEE_SLOTS",
    "N_FEE_TIERS",
    "N_TIERS",
    "N_VOLUME_DAYS",
    "PER_WORKING_ORDER",
    "State",
    "dtype_of",
    "word_of",
]

LAYOUT_VERSION = 4
N_TIERS = 8
# Of a schedule of fees: components, tiers of one, and the days that a rolling volume looks back.
N_FEE_SLOTS = 8
N_FEE_TIERS = 16
N_VOLUME_DAYS = 30


def _record(ints: str = "", floats: str = "", extra: tuple[tuple[str, int], ...] = ()) -> np.dtype:
    fields: list[tuple[str, str] | tuple[str, str, int]] = []
    fields += [(name, "<i8") for name in ints.split()]
    fields += [(name, "<f8") for name in floats.split()]
    fields += [(name, "<f8", size) for name, size in extra]
    return np.dtype(fields)


SIM = _record(
    # where the run is
    "now slice stage n_slices first_slice session "
    # how much of each growing array is used
    "n_orders n_sent n_active n_reports n_fills n_postings n_equity n_position_rows n_events "
    "n_amendments "
    # progress marks: events executed, reports told to the strategy, break point, demand to stop
    "event_next n_told until stop "
    # what the strategy wants to be called for
    "wants_bars wants_notices wants_sessions "
    # who decides (codes DECIDER)
    "decider "
    # the bars that end now, for the strategy's hooks
    "row_lo row_hi "
    # sizes
    "n_accounts n_books n_instruments n_currencies n_held n_candidates n_cancels stamp print_id "
    # amendments under way and the first of them; orders ever made that end at a moment of their
    # own, that trail, that only reduce, for an auction; the instrument of a trial walk (or
    # NONE); whether a fill under way is a part of one that is whole, and what the whole pays
    "n_amends first_amend n_dated n_trailing n_reducers n_auctions trial in_parts whole_flags "
    # settlements ever noted, and the first that is not yet due
    "n_settlements first_settlement "
    # whether the bars that end now could bring an account to a line
    "watched "
    # whether money was booked for the night at this timestamp
    "has_accrued "
    # whether the strategy's own leverage forbids what the orders of a batch do together
    "batch_over_cap",
    # what ``fees.find_due`` found
    "whole_price whole_impact due_commission due_fees "
    # what the orders of a batch together take of an account's room, and what they may
    "batch_taken batch_most",
)
POLICY = _record(
    "timing path limit_rule insufficient size_at gap_improvement rounding "
    "bar_slack_ns has_participation over_cap trailing close_cutoff_ns "
    "zero_volume cap_by has_caps has_impact batch market_price "
    # what a margin call, and bankruptcy, does (codes CALL_…)
    "call_action call_order call_size call_at bankrupt_action "
    # money that costs, shares that must be borrowed, futures that settle each day
    "has_interest has_borrow has_availability recall has_margined has_margin accrues "
    # whether other currencies are changed into the base at once
    "converts",
    "participation participation_open max_shares max_notional minimum_volume guardrail "
    "range_spread_fraction "
    "impact_alpha impact_sigma impact_adv impact_permanent impact_half_life "
    # short maintenance below a price: a rate and an amount a share; from it on an amount a share
    "short_low_price short_low_rate short_low_amount short_amount borrow_basis "
    # what changing money costs, as a fraction of it
    "conversion_cost",
)
ACCOUNT = _record(
    # status: codes ACCOUNT_STATUS, since ts_status; settles: whether the money of sales takes days,
    # and spends_unsettled: may buy before; locks_proceeds: whether that of shorts is set aside
    "kind base_currency status ts_status settles spends_unsettled locks_proceeds",
    "k equity positions_value gross net cash accrued debt max_gross max_symbol max_leverage room "
    # money not yet settled; money lent till settlement; most |long| + |short| of net leverage
    "unsettled credit gross_k "
    # margin required of what is held, to open it and to keep it; the least equity to open at all
    "initial maintenance minimum_equity longs "
    # deposits less withdrawals since the opening deposit
    "flows",
)
# What a currency is worth in the base: an instrument's price or its inverse, or else the value.
CURRENCY = _record("instrument is_inverted", "value")
BALANCE = _record("account currency", "fx minor_unit cash receivable payable debt unsettled")
INSTRUMENT = _record(
    "currency valuation commission slippage status warmup closes_only "
    # what the market last said
    "mark_ts bar seen opened_at "
    # the bar counted last, for those who ask what was before it
    "counted "
    # our use of this bar's and this session's volume, the move we caused, and scratch of the batch
    "filled_open filled_inside filled_session filled_day level_ts stamp head queue_size queue_done "
    # whose moves carry over to it: its part of ``crosses``
    "cross_lo cross_hi "
    # a list of its orders, those known to have ended taken off; the one that aims at a target
    "working target_order "
    # what fills that are only thought of may change
    "kept_level_ts kept_open kept_inside "
    # the order that filled last
    "last_order",
    "multiplier unit_num unit_den tick mark prev_volume prev_range prev_spread notional_used level "
    "mark_before volume_before kept_level "
    # margin of a long and of a short, to open and to keep: of the value, and in money a unit
    "initial_long initial_short keep_long keep_short initial_unit keep_unit borrow_rate",
)
# How much of what stays of another instrument's move is one of ours.
CROSS = _record("instrument", "factor")
POSITION = _record(
    "account instrument book units is_held path projected claimed",
    "avg_price reference realized",
)
ORDER = _record(
    "account instrument book type side tif units "
    # what it is made of (codes TRIGGER, AUCTION), and its conditions
    "trigger is_limited is_trailing is_percent auction reduce_only post_only "
    # the next of the instrument's working orders
    "next_working "
    # its tree: descendants follow their parent in the order of sequence
    "parent first_child next_child n_descendants "
    # its group: a ring of members
    "group group_kind next_in_group "
    # how many reports there were when it was made, and when its cancel was asked for
    "reports_before reports_at_cancel session_cancel "
    # ts_first: its arrival as it was sent; amendments move ts_arrival
    "target_kind ts_submit ts_first ts_arrival ts_cancel ts_cancel_sent cancel_reason "
    "good_till good_session session_sent day_session open_bar has_print taker_bar tag "
    # the venue's side. whole: the quantity that children's shares are counted by; held_back: what
    # waits for fills of the parent; cut: what an OCO group took away; join_bar: the bar on whose
    # path a child joined; is_fresh: its price has been amended since its last print;
    # revived: the print or segment in which a child with nothing live was given something
    "status_venue side_venue units_venue filled_venue is_triggered is_sized is_held "
    "whole held_back cut join_bar "
    "is_fresh revived level_ts "
    "next stamp in_batch last_meeting last_print plan_close plan_open is_refused "
    # our side
    "status filled reason last_fill ts_end "
    # why the account made it (codes FORCED)
    "forced "
    # schedules of fees: a bit for each component that has charged anything
    "fee_begun",
    "ratio net_limit limit_sent stop_sent limit stop trail limit_offset water target "
    "value_venue commission_venue level value_filled commission needed available "
    # what is owed before rounding, the fees charged, and the account's volumes at the first fill
    "commission_due fees_due fees_venue first_month_quantity first_rolling_notional",
    # by component: what its rates come to before bounds, and the value they are bounded by
    (("fee_accrued", N_FEE_SLOTS), ("fee_value", N_FEE_SLOTS)),
)
# What an amendment asks for: NONE and NaN leave a term as it is.
AMENDMENT = _record(
    "order ts_sent ts_arrival session reports_before is_done units good_till good_session",
    "limit stop trail",
)
REPORT = _record(
    "kind ts session order account instrument book units reason fill_reason flags liquidity "
    "is_merge bar currency posting_kind new_units "
    # how the order stands on our side after it, and the fill it made
    "status filled whole fill "
    # the session whose begin settles the money; NONE: at once
    "settles",
    # fx: what its currency was worth
    "price price_raw commission fees slippage impact amount needed available fx",
)
FILL = _record(
    "order ts session account instrument book units reason flags liquidity bar settles",
    "price price_raw commission fees slippage impact fx",
)
POSTING = _record("ts session kind account instrument currency ref", "amount balance fx")
EQUITY = _record(
    "ts session account",
    # flows: deposits less withdrawals so far
    "equity cash accrued debt positions_value gross net flows",
)
POSITION_ROW = _record(
    "ts session account instrument book units is_stale",
    "avg_price mark market_value unrealized realized",
)
BAR = _record("instrument ts_open ts_close session", "open high low close volume")
# nights: calendar days from the session that closes here to the next
SLICE = _record(
    "ts close_lo close_hi open_lo open_hi timer_lo timer_hi session session_next flags nights"
)
# Money of sales that is not there yet: noted in order of the session whose begin brings it.
SETTLEMENT = _record("session account currency", "amount")
# Interest by marginal tiers of a balance: what is owed, what is held, what short sales brought.
INTEREST = _record(
    "n_tiers",
    "basis rebate",
    (
        ("debit_from", N_TIERS),
        ("debit_rate", N_TIERS),
        ("credit_from", N_TIERS),
        ("credit_rate", N_TIERS),
    ),
)
# Decisions made before the run: one row of ``plan_sizes`` for each timestamp at which bars end, and
# one of ``plan_signals`` where they are signals; ``kind`` says what a size is (codes SIZE).
PLAN = _record("kind row again opposite")
EVENT = _record("ts phase instrument seq verb account currency book", "quantity a b price")
COMMISSION = _record(
    # a schedule has rows in ``fee_rows`` instead
    "n_tiers first_fee n_fees",
    "rate per_share per_order minimum maximum maximum_rate",
    (("tier_from", N_TIERS), ("tier_rate", N_TIERS)),
)
SLIPPAGE = _record("kind", "size k_stop k_auction volume_limit cap_fraction")
# One component of a schedule for the sessions in which its terms are in force. ``manners`` has a
# bit for each manner of filling that it charges (see fees.py), ``slot`` its place in an order.
FEE = _record(
    "is_fee slot manners session_from session_until n_tiers tiers_by tiers_of is_marginal",
    "per_share rate per_order minimum maximum maximum_rate round_up",
    (("tier_from", N_FEE_TIERS), ("tier_value", N_FEE_TIERS)),
)
# What an account has traded under one commission: this month, and by days in a ring.
VOLUME = _record(
    "month",
    "month_quantity",
    (("day", N_VOLUME_DAYS), ("day_notional", N_VOLUME_DAYS)),
)
# The date of a session: days since 1970-01-01, and months since January 1970.
SESSION_DATE = _record("day month")
# An account's limits before the order, besides the three in ACCOUNT; NaN: none.
RISK = _record(
    # n_limits: how many are looked at before orders leave; window, first_session: sessions of
    # history that are asked for, the first that is known; row_next: the first equity row not judged
    "n_limits on_stop window first_session row_next "
    # the session of the last judgement, and the stops that hold; orders that left in a session
    "session is_loss_stopped is_drawdown_stopped count_session n_orders_session",
    "max_net max_sector max_order_qty max_order_notional max_order_share max_orders_per_session "
    "daily_loss_stop drawdown_stop max_var vol_target periods_root "
    "equity_begin equity_last peak loss_found drawdown_found flows_seen",
)
WORD = np.dtype("<i8")

# The order fixes each array's place in the table.
ARRAYS: dict[str, np.dtype] = {
    "sim": SIM,
    "policy": POLICY,
    "accounts": ACCOUNT,
    "balances": BALANCE,
    "instruments": INSTRUMENT,
    "positions": POSITION,
    "held": WORD,
    "orders": ORDER,
    "amendments": AMENDMENT,
    "active": WORD,
    "candidates": WORD,
    "reports": REPORT,
    "fills": FILL,
    "postings": POSTING,
    "equity": EQUITY,
    "position_rows": POSITION_ROW,
    "bars": BAR,
    "open_rows": WORD,
    "slices": SLICE,
    "session_closes": WORD,
    # flags of ``bars``, row by row; empty until an order for an auction asks
    "row_flags": WORD,
    # what is known of spread, volatility and volume, row by row; empty where no model asks
    "row_spreads": np.dtype("<f8"),
    "row_sigmas": np.dtype("<f8"),
    "row_advs": np.dtype("<f8"),
    "events": EVENT,
    "commissions": COMMISSION,
    "slippages": SLIPPAGE,
    "crosses": CROSS,
    "order_template": ORDER,
    "plan": PLAN,
    "plan_sizes": np.dtype("<f8"),
    # empty where sizes are orders
    "plan_signals": WORD,
    "saved_orders": ORDER,
    "saved_sim": SIM,
    "saved_account": ACCOUNT,
    "saved_balances": BALANCE,
    "saved_instrument": INSTRUMENT,
    "saved_position": POSITION,
    "saved_held": WORD,
    "hits": WORD,
    "hit_levels": np.dtype("<f8"),
    "hit_distances": np.dtype("<f8"),
    "settlements": SETTLEMENT,
    "interests": INTEREST,
    # the session at whose begin a session's sales settle; empty where they settle at once
    "settle_on": WORD,
    # the next bar of each bar's instrument; empty likewise
    "next_rows": WORD,
    # the yearly rate and the quantity that can be borrowed, row by row; empty where not known
    "row_borrow_rates": np.dtype("<f8"),
    "row_borrow_shares": np.dtype("<f8"),
    "currencies": CURRENCY,
    # an order as the account makes it
    "forced_order": ORDER,
    # empty but the saved one where no commission is a schedule
    "fee_rows": FEE,
    "volumes": VOLUME,
    "saved_volume": VOLUME,
    "session_dates": SESSION_DATE,
    "risks": RISK,
    # the sector of each instrument; NONE: none
    "sectors": WORD,
    # last price at the end of each session by instrument, session after session, and scratch for
    # what the proposed positions would have earned; empty until a limit asks
    "session_marks": np.dtype("<f8"),
    "scenario_results": np.dtype("<f8"),
}

# These grow by doubling between steps; the counter in SIM says how much is used.
GROWING: dict[str, str] = {
    "orders": "n_orders",
    "amendments": "n_amendments",
    "reports": "n_reports",
    "fills": "n_fills",
    "postings": "n_postings",
    "position_rows": "n_position_rows",
    "settlements": "n_settlements",
}

# Lists and scratch with one entry per order that the venue works; they grow together.
# Their lengths in such entries: an order can stand in a queue twice, once to trigger, once to fill.
PER_WORKING_ORDER = {
    "active": 1,
    "candidates": 1,
    "hits": 2,
    "hit_levels": 2,
    "hit_distances": 2,
    "saved_orders": 1,
}

# What the run reads but never writes, and scratch that each use fills anew: not part of a snapshot.
MARKET = (
    *("bars", "open_rows", "slices", "session_closes"),
    *("row_flags", "row_spreads", "row_sigmas", "row_advs"),
    *("settle_on", "next_rows", "row_borrow_rates", "row_borrow_shares"),
    "session_dates",
    *("session_marks", "scenario_results"),
    *("plan_sizes", "plan_signals"),
)


def dtype_of(name: str) -> np.dtype:
    """The record type of one array of the state."""
    return ARRAYS[name]


def word_of(name: str, field_name: str) -> int:
    """The word of a field inside its record, for reading through a memoryview.

    Examples
    --------
    >>> word_of("sim", "now")
    0
    """
    fields = ARRAYS[name].fields
    assert fields is not None
    return int(fields[field_name][1]) // 8


@dataclass(slots=True, eq=False)
class State:
    """All arrays of one simulation, and the table of their addresses.

    The arrays must outlive every call that was given ``address``; holding the state does that.
    """

    arrays: dict[str, NDArray[np.void]]
    table: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.table = np.zeros(2 * len(ARRAYS), np.int64)
        self.refresh()

    def refresh(self) -> None:
        """Write the addresses anew, after an array has been replaced."""
        n = len(ARRAYS)
        for place, name in enumerate(ARRAYS):
            array = self.arrays[name]
            self.table[place] = array.ctypes.data
            self.table[n + place] = len(array)

    @property
    def address(self) -> int:
        """The one integer that compiled code is given."""
        return int(self.table.ctypes.data)

    def __getitem__(self, name: str) -> NDArray[np.void]:
        return self.arrays[name]

    def used(self, name: str) -> NDArray[np.void]:
        """The used part of a growing array."""
        return self.arrays[name][: int(self.arrays["sim"][0][GROWING[name]])]
