"""The integers that stand for words inside the kernel, and the words they stand for.

The kernel returns codes; the edge turns them into text. Each class lists one kind of code, and
``names`` gives the text of each as it appears in results.
"""

from __future__ import annotations

__all__ = [
    "ACCOUNT_KIND",
    "ACCOUNT_STATUS",
    "AUCTION",
    "AGAIN",
    "BATCH",
    "BUY",
    "CALL_ACTION",
    "CALL_AT",
    "CALL_ORDER",
    "CALL_SIZE",
    "CAP_BY",
    "DECIDER",
    "FILL_FLAG",
    "FILL_REASON",
    "FORCED",
    "GROUP_KIND",
    "HALT",
    "INSUFFICIENT",
    "LIMIT_RULE",
    "LIQUIDITY",
    "MARKET_PRICE",
    "NEVER",
    "NONE",
    "ON_STOP",
    "OPPOSITE",
    "ORDER_TYPE",
    "OVER_CAP",
    "PATH",
    "POSTING_KIND",
    "REASON",
    "RECALL",
    "REPORT_KIND",
    "ROUNDING",
    "ROW_FLAG",
    "SELL",
    "SIZE_AT",
    "SIGNAL",
    "SIZE",
    "SLICE_FLAG",
    "SLIPPAGE_KIND",
    "STATUS",
    "TARGET_KIND",
    "TIERS_BY",
    "TIERS_OF",
    "TIF",
    "TIMING",
    "TRAILING",
    "TRIGGER",
    "VALUATION",
    "VERB",
    "ZERO_VOLUME",
    "names",
]

BUY, SELL = 1, -1
NONE = -1
NEVER = 2**63 - 1


class ORDER_TYPE:
    """The names of order types. What an order does follows from the parts it is made of: trigger,
    limit and auction (see ``ORDER`` in layout.py), not from its name."""

    (
        MARKET,
        LIMIT,
        STOP,
        STOP_LIMIT,
        MARKET_IF_TOUCHED,
        LIMIT_IF_TOUCHED,
        TRAILING_STOP,
        TRAILING_STOP_LIMIT,
        MARKET_ON_OPEN,
        LIMIT_ON_OPEN,
        MARKET_ON_CLOSE,
        LIMIT_ON_CLOSE,
    ) = range(12)


class AUCTION:
    """The one print of a session that an order waits for."""

    NONE, ON_OPEN, ON_CLOSE = range(3)


class TRIGGER:
    """Which way the price comes to a trigger, times the order's side: a stop is met from inside the
    order's own direction, an if-touched order against it."""

    TOUCHED, NONE, STOP = -1, 0, 1


class TIF:
    DAY, GTC, GTD, IOC, FOK = range(5)


class TRAILING:
    """What moves the water mark of a trailing stop."""

    PATH, CLOSE = range(2)


class STATUS:
    """Order states, in FIX spelling. All from FILLED on are final."""

    (
        NEW,
        TRIGGERED,
        PARTIALLY_FILLED,
        PENDING_CANCEL,
        PENDING_REPLACE,
        FILLED,
        CANCELED,
        REJECTED,
        EXPIRED,
    ) = range(9)


class REASON:
    """Why an order ended, or why it was cut."""

    (
        NONE,
        WARMUP,
        ZERO_QUANTITY,
        INSUFFICIENT_FUNDS,
        SHORT_NOT_ALLOWED,
        SIZED_DOWN,
        NO_CHANGE,
        CANCELED,
        REPLACED,
        DAY_END,
        NO_PRINT,
        RISK_MAX_GROSS,
        RISK_MAX_SYMBOL,
        OVER_CAP,
        NOT_MET,
        GOOD_TILL,
        IOC,
        FOK,
        REDUCE_ONLY,
        POST_ONLY,
        PARENT_ENDED,
        PARENT_FILLED,
        OCO,
        ATOMIC,
        AMENDED,
        TOO_LATE,
        BANKRUPT,
        NO_BORROW,
        MARGIN_CALL,
        RECALL,
        NO_RATE,
        RISK_MAX_LEVERAGE,
        RISK_MAX_NET,
        RISK_MAX_SECTOR,
        RISK_MAX_ORDER_QTY,
        RISK_MAX_ORDER_NOTIONAL,
        RISK_MAX_ORDER_SHARE,
        RISK_MAX_ORDERS_PER_SESSION,
        RISK_DAILY_LOSS_STOP,
        RISK_DRAWDOWN_STOP,
        RISK_MAX_VAR,
        RISK_VOL_TARGET,
    ) = range(42)


class ON_STOP:
    """What a loss stop does: it blocks what enlarges exposure, or closes all positions, too."""

    BLOCK, FLATTEN = range(2)


class FILL_REASON:
    """Which rule of the contract gave a fill its price."""

    (
        MARKET_OPEN,
        MARKET_CLOSE,
        SAME_CLOSE,
        LIMIT_OPEN,
        LIMIT,
        STOP_OPEN,
        STOP,
        STOP_LIMIT,
        LIMIT_CLOSE,
        STOP_CLOSE,
        TOUCHED_OPEN,
        TOUCHED,
        TOUCHED_CLOSE,
        LIMIT_IF_TOUCHED,
        ON_OPEN,
        ON_CLOSE,
        LIQUIDATION,
    ) = range(17)


class FILL_FLAG:
    """Remarks on a fill; any number of them, added."""

    UNCAPPED, LATE_OPEN, CLAMPED, NO_VOLUME, NO_IMPACT = 1, 2, 4, 8, 16


class LIQUIDITY:
    MAKER, TAKER = range(2)


class TARGET_KIND:
    """What an order was made to reach. From WEIGHT on it is sized at its print; COUNT is a quantity
    whose order is sized there, because an earlier order may still fill on the way."""

    NONE, QTY, WEIGHT, VALUE, COUNT = range(5)


class GROUP_KIND:
    """How orders of one group hang together. OCO: a fill of one ends the others; OCO_SHARED: they
    share one quantity, and a fill of one takes as much from the others; ATOMIC: all at one print
    or none. Children of an order (OTO) are a tree, not a group."""

    NONE, OCO, OCO_SHARED, ATOMIC = range(4)


class VALUATION:
    """Paid instruments are worth q·m·mark, margined q·m·(mark−ref), inverse q·m·(1/ref−1/mark)."""

    PAID, MARGINED, INVERSE = range(3)


class ACCOUNT_KIND:
    GROSS_LEVERAGE, CASH, MARGIN, NET_LEVERAGE, UNLIMITED = range(5)


class ACCOUNT_STATUS:
    """How an account stands. A bankrupt one takes no order any more."""

    SOUND, IN_CALL, BANKRUPT = range(3)


class CALL_ACTION:
    """What a margin call, and what bankruptcy, does: sell and cover, end the run, or only warn."""

    LIQUIDATE, STOP, WARN = range(3)


class CALL_ORDER:
    """Which positions are closed first."""

    LARGEST_FIRST, SMALLEST_FIRST, LOSERS_FIRST, IN_ORDER = range(4)


class CALL_SIZE:
    """How much a call closes: until maintenance, until initial margin is met, or everything."""

    MAINTENANCE, INITIAL, ALL = range(3)


class CALL_AT:
    """Where a call is met: at the next print, or where the path reaches its level."""

    NEXT_PRINT, INSIDE_BAR = range(2)


class RECALL:
    """What happens to a short that can no longer be borrowed."""

    KEEP, BUY_IN = range(2)


class FORCED:
    """Why an order was made by the account, not by the strategy; its name is the order's tag."""

    NONE, MARGIN_CALL, BANKRUPT, RECALL = range(4)


class TIMING:
    NEXT_OPEN, NEXT_CLOSE, SAME_CLOSE = range(3)


class PATH:
    ADVERSE, OHLC, OLHC, NEAREST_EXTREME = range(4)


class LIMIT_RULE:
    TOUCH, THROUGH = range(2)


class INSUFFICIENT:
    REJECT, PARTIAL, SCALE = range(3)


class BATCH:
    """Who comes first where many orders fill at one print."""

    EXITS_FIRST, FIFO, SIMULTANEOUS = range(3)


class MARKET_PRICE:
    """What a market order meets at a closing print: the close, or the middle of the bar's range."""

    PRINT, MID_RANGE = range(2)


class OVER_CAP:
    """What happens to an order that wants more than the volume cap leaves."""

    PARTIAL, REJECT = range(2)


class SIZE_AT:
    FILL, DECISION = range(2)


class ROUNDING:
    NONE, MINOR_UNIT = range(2)


class SLIPPAGE_KIND:
    RATE, TICKS, RANGE, SPREAD, VOLUME_SHARE = range(5)


class ZERO_VOLUME:
    """What a bar without volume does."""

    REJECT, LAST_PRICE, MINIMUM_LIQUIDITY, RANGE_SPREAD = range(4)


class CAP_BY:
    """The volume that participation is a part of."""

    BAR, PREVIOUS_BAR, ADV = range(3)


class REPORT_KIND:
    """What the venue tells us. Our side changes by these alone."""

    (
        CASH,
        TRIGGERED,
        FILL,
        CANCELED,
        REJECTED,
        EXPIRED,
        ACTIVATED,
        REPLACED,
        REPLACE_REJECTED,
        SETTLED,
        VARIATION,
        CALL,
    ) = range(12)


class POSTING_KIND:
    DEPOSIT, WITHDRAWAL, TRADE, COMMISSION, FEE, INTEREST, BORROW, VARIATION, CONVERSION = range(9)


class TIERS_BY:
    """What the tiers of a fee look at."""

    MONTH_QUANTITY, ROLLING_NOTIONAL, ORDER_NOTIONAL = range(3)


class TIERS_OF:
    """What the values of tiers are multiplied by."""

    QUANTITY, NOTIONAL = range(2)


class VERB:
    """What an event of the event array does. CASH moves money into or out of an account; FLOW does
    so after the opening deposit, and asks a withdrawal whether there is so much."""

    CASH, FLOW = range(2)


class SLICE_FLAG:
    """What a timestamp is; any number of them, added."""

    WARM, SESSION_OPEN, SESSION_CLOSE, TIMER = 1, 2, 4, 8


class ROW_FLAG:
    """What a bar is; any number of them, added: the first, the last bar with trading of its
    instrument in its session, whose open, close is that of the session."""

    SESSION_FIRST, SESSION_LAST = 1, 2


class DECIDER:
    """Who is asked at a decision: a strategy in Python, or the plan."""

    PYTHON, PLAN = range(2)


class SIZE:
    """What the sizes of a plan are: those of orders, or those that positions are to have."""

    UNITS, VALUE, PERCENT, TARGET_UNITS, TARGET_VALUE, TARGET_WEIGHT = range(6)


class SIGNAL:
    """What a plan of signals says at one time of one instrument; any number of them, added."""

    LONG_ENTRY, LONG_EXIT, SHORT_ENTRY, SHORT_EXIT = 1, 2, 4, 8


class AGAIN:
    """What an entry does where its position is held already."""

    IGNORE, ADD = range(2)


class OPPOSITE:
    """What an entry does against a position."""

    REVERSE, CLOSE, IGNORE = range(3)


class HALT:
    """Why the compiled loop gave control back."""

    DONE, DECIDE, GROW, BREAK, STOPPED = range(5)


def names(kind: type, *, upper: bool = False) -> dict[int, str]:
    """Code → text for one of the classes above, in lower case unless asked otherwise.

    Examples
    --------
    >>> names(TIF)[TIF.DAY]
    'day'
    >>> names(STATUS, upper=True)[STATUS.FILLED]
    'FILLED'
    """
    pairs = ((v, k) for k, v in vars(kind).items() if k.isupper() and isinstance(v, int))
    return {code: text if upper else text.lower() for code, text in pairs}
