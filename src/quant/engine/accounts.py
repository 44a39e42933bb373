"""Account, margin, interest and borrowing, from settings to the kernel's records."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.calendars.settlement import settlement_sessions
from quant.errors import ConfigError
from quant.kernel.codes import (
    ACCOUNT_KIND,
    CALL_ACTION,
    CALL_AT,
    CALL_ORDER,
    CALL_SIZE,
    RECALL,
    VALUATION,
    names,
)
from quant.kernel.layout import ARRAYS
from quant.lake import Bars
from quant.model.accounts import Account, CashAccount, GrossLeverage, MarginAccount, NetLeverage
from quant.model.config import Config, InstrumentSettings

__all__ = [
    "account_record",
    "borrow_rows",
    "gross_limit",
    "is_settling",
    "interest_record",
    "set_account_policy",
    "set_margins",
    "settle_sessions",
]

FloatArray = NDArray[np.float64]


def _code(kind: type, word: str) -> int:
    """The kernel's code of a word of the configuration."""
    return next(code for code, text in names(kind).items() if text == word)


def gross_limit(account: Account) -> float | None:
    """Most |long| + |short| over equity that an account may open; None where nothing limits it."""
    if isinstance(account, MarginAccount):
        return 1.0 / account.initial
    if isinstance(account, NetLeverage):
        return account.gross
    if isinstance(account, GrossLeverage):
        return account.k
    return 1.0 if isinstance(account, CashAccount) else None


def account_record(config: Config) -> NDArray[np.void]:
    """The one account of a run."""
    record = np.zeros(1, ARRAYS["accounts"])
    one = record[0]
    kind = config.account
    one["kind"] = _code(ACCOUNT_KIND, kind.kind)
    one["gross_k"] = math.nan
    one["k"] = 1.0
    if isinstance(kind, GrossLeverage | NetLeverage):
        one["k"] = kind.k
    if isinstance(kind, NetLeverage) and kind.gross is not None:
        one["gross_k"] = kind.gross
    if isinstance(kind, MarginAccount):
        one["k"] = 1.0 / kind.initial
        one["minimum_equity"] = kind.minimum_equity
    if isinstance(kind, CashAccount):
        one["settles"] = int(is_settling(kind))
        one["spends_unsettled"] = int(kind.unsettled == "spend")
        one["credit"] = kind.credit
    else:
        one["locks_proceeds"] = int(kind.short_proceeds == "locked")
    # ctx.risk writes the limits of the settings
    for name in ("max_gross", "max_symbol", "max_leverage"):
        one[name] = math.nan
    return record


def set_account_policy(one: Any, bars: Bars, config: Config) -> None:
    """What calls, interest and borrowing do, in the policy's record."""
    call, borrow = config.margin_call, config.borrow
    if call.at == "inside_bar" and bars.closes_only:
        raise ConfigError(
            "config margin_call.at: inside_bar expects bars with high and low, found closes only "
            f"in {bars.source.name}; use next_print, or add the columns."
        )
    one["call_action"] = _code(CALL_ACTION, call.action)
    one["call_order"] = _code(CALL_ORDER, call.order)
    one["call_size"] = _code(CALL_SIZE, call.size)
    one["call_at"] = _code(CALL_AT, call.at)
    one["bankrupt_action"] = _code(CALL_ACTION, call.bankruptcy)
    rates = [settings.borrow_rate for settings in config.instruments.values()]
    one["has_interest"] = int(config.interest.is_any)
    one["has_borrow"] = int(borrow.rate > 0.0 or any(rates) or "borrow_rate" in bars.columns)
    one["borrow_basis"] = borrow.basis
    one["has_availability"] = int(borrow.availability == "column")
    one["recall"] = _code(RECALL, borrow.recall)
    margined = any(s.valuation == "margined" for s in config.instruments.values())
    one["has_margined"] = int(margined)
    account = config.account
    one["has_margin"] = int(
        isinstance(account, MarginAccount) or getattr(account, "maintenance", None) is not None
    )
    one["converts"] = int(bool(config.currencies) and config.conversion.when == "at_once")
    one["conversion_cost"] = config.conversion.cost
    one["accrues"] = int(
        bool(one["has_interest"] or one["has_borrow"] or margined or one["recall"])
    )
    if isinstance(account, MarginAccount):
        one["short_amount"] = account.short_amount
        one["short_low_price"] = account.short_low_price
        one["short_low_rate"] = account.short_low_rate
        one["short_low_amount"] = account.short_low_amount


def set_margins(one: Any, settings: InstrumentSettings, config: Config) -> None:
    """What an instrument's positions require, in its record."""
    is_paid = settings.valuation == "paid"
    one["valuation"] = VALUATION.PAID if is_paid else VALUATION.MARGINED
    rate = settings.borrow_rate
    one["borrow_rate"] = config.borrow.rate if rate is None else rate
    one["initial_unit"] = settings.initial_money
    one["keep_unit"] = settings.maintenance_money
    account = config.account
    if not isinstance(account, MarginAccount):
        keep = getattr(account, "maintenance", None) or 0.0
        limit = gross_limit(account) or getattr(account, "k", 0.0)
        one["keep_long"] = one["keep_short"] = keep
        one["initial_long"] = one["initial_short"] = max(1.0 / limit if limit else 0.0, keep)
        return
    for field, name in (
        ("initial_long", "initial"),
        ("initial_short", "short_initial"),
        ("keep_long", "maintenance"),
        ("keep_short", "short_maintenance"),
    ):
        one[field] = settings.margin_rate(name, account)
    # what is kept may not be more than what opens
    one["initial_long"] = max(one["initial_long"], one["keep_long"])
    one["initial_short"] = max(one["initial_short"], one["keep_short"])


def interest_record(config: Config) -> NDArray[np.void]:
    """The rates on cash and debts."""
    record = np.zeros(1, ARRAYS["interests"])
    one = record[0]
    model = config.interest
    one["basis"] = model.basis
    one["rebate"] = model.rebate
    one["n_tiers"] = max(len(model.debit), len(model.credit))
    for name, tiers in (("debit", model.debit), ("credit", model.credit)):
        one[f"{name}_from"] = math.inf
        one[f"{name}_from"][: len(tiers)] = [start for start, _ in tiers]
        one[f"{name}_rate"][: len(tiers)] = [rate for _, rate in tiers]
    return record


def is_settling(account: Account) -> bool:
    """Whether the money of sales takes days."""
    return isinstance(account, CashAccount) and account.settlement not in ("immediate", 0)


def settle_sessions(bars: Bars, config: Config) -> NDArray[np.int64]:
    """By the calendar's sessions: the one whose begin brings the money of its sales."""
    account = config.account
    if not isinstance(account, CashAccount) or not is_settling(account):
        return np.zeros(0, np.int64)
    return settlement_sessions(bars.calendar, account.settlement)


def borrow_rows(bars: Bars, config: Config, rows: NDArray[np.int64]) -> dict[str, FloatArray]:
    """What the data say of borrowing, in the kernel's order of bars; empty where nothing asks.

    Raises
    ------
    ConfigError
        If a column that the settings ask for is missing, or says what cannot be.
    """
    found = {"row_borrow_rates": np.zeros(0), "row_borrow_shares": np.zeros(0)}
    if "borrow_rate" in bars.columns:
        found["row_borrow_rates"] = _checked(bars, "borrow_rate")[rows]
    if config.borrow.availability == "column":
        if "borrow_shares" not in bars.columns:
            raise ConfigError(
                "config borrow.availability: expected a column borrow_shares in "
                f"{bars.source.name}, found {', '.join(sorted(bars.columns))}; add it, or set "
                "availability: any."
            )
        found["row_borrow_shares"] = _checked(bars, "borrow_shares")[rows]
    return found


def _checked(bars: Bars, name: str) -> FloatArray:
    """A column of numbers not below zero; NaN where nothing is known."""
    values = np.asarray(bars.columns[name], np.float64)
    wrong = np.flatnonzero(values < 0.0)
    if len(wrong):
        raise ConfigError(
            f"config borrow: expected {name} of at least 0, found {values[wrong[0]]} in row "
            f"{int(wrong[0])} of {bars.source.name}; correct it."
        )
    return values
