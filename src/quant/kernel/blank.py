"""An order record as every order begins."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from quant.kernel.codes import NEVER, NONE, ORDER_TYPE, TIF
from quant.kernel.layout import ARRAYS

__all__ = ["blank_order", "forced_template", "market_template"]

_NONE_AT_FIRST = (
    *("parent", "first_child", "next_child", "group", "next_in_group"),
    *("day_session", "good_session", "open_bar", "taker_bar", "join_bar"),
    *("next_working", "last_fill", "last_meeting", "tag", "ts_end", "ts_cancel_sent"),
)
_NAN_AT_FIRST = (
    *("net_limit", "limit", "stop", "limit_sent", "stop_sent"),
    *("trail", "limit_offset", "water", "target"),
)


def blank_order() -> NDArray[np.void]:
    """One record of an order that says nothing yet."""
    record = np.zeros(1, ARRAYS["orders"])
    for name in _NONE_AT_FIRST:
        record[name] = NONE
    record["ts_cancel"] = NEVER
    record["good_till"] = NEVER
    record["ratio"] = 1.0
    for name in _NAN_AT_FIRST:
        record[name] = math.nan
    return record


def market_template() -> NDArray[np.void]:
    """A market order for the day, as the desk sends it."""
    record = blank_order()
    record["type"] = ORDER_TYPE.MARKET
    record["tif"] = TIF.DAY
    return record


def forced_template() -> NDArray[np.void]:
    """The order that an account makes by itself: at market, only reducing, until filled."""
    record = blank_order()
    record["type"] = ORDER_TYPE.MARKET
    record["tif"] = TIF.GTC
    record["reduce_only"] = 1
    return record
