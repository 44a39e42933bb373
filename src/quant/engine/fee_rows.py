"""From commission models to the kernel's records: one per model, and the rows of fee schedules."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quant.calendars import Calendar
from quant.errors import ConfigError
from quant.kernel.codes import TIERS_BY, TIERS_OF, names
from quant.kernel.layout import ARRAYS
from quant.model.config import Commission, Config, ScheduleCommission
from quant.model.fees import FeeComponent, FeeTerms, steps_per_money

__all__ = ["check_fee_currencies", "commissions", "fee_arrays", "known_dates", "others_money"]

_EPOCH = date(1970, 1, 1)
_BY = {text: code for code, text in names(TIERS_BY).items()}
_NOT_SET = ("minimum", "maximum", "maximum_rate")


def commissions(symbols: tuple[str, ...], config: Config) -> list[Commission]:
    """The different commissions of a run, that of the configuration first."""
    found = [config.commission]
    for symbol in symbols:
        model = config.commission_of(symbol)
        if model not in found:
            found.append(model)
    return found


def check_fee_currencies(symbols: tuple[str, ...], config: Config) -> None:
    """Refuse amounts in one currency charged on prices in another.

    Symbols whose prices are a rate of the settings are let through: they are rarely traded, and
    what they would pay is told in the report.

    Raises
    ------
    ConfigError
        For the first symbol whose schedule charges amounts in another currency than its own.
    """
    rates = {rate.symbol for rate in config.currencies.values()}
    for symbol in symbols:
        model, own = config.commission_of(symbol), config.currency_of(symbol)
        if not others_money(model, own) or symbol in rates:
            continue
        assert isinstance(model, ScheduleCommission)
        if not model.has_amounts:
            continue
        has_own = config.settings_of(symbol).commission is not None
        where = f"instruments.{symbol}.commission" if has_own else "commission"
        what = f"the schedule {model.name}" if model.name else "its components"
        raise ConfigError(
            f"config {where}: expected instruments priced in {model.priced_in}, the currency of "
            f"the amounts of {what}, found {symbol} in {own}; give instruments.{symbol}.commission "
            f"a schedule in {own}, or correct instruments.{symbol}.currency."
        )


def others_money(model: Commission, currency: str) -> bool:
    """Whether a commission says that its money is of another currency."""
    if not isinstance(model, ScheduleCommission):
        return False
    return model.priced_in not in (None, currency)


def fee_arrays(models: list[Commission], calendar: Calendar) -> dict[str, NDArray[np.void]]:
    """The kernel's arrays of commissions, fee rows, traded volumes and dates of sessions."""
    record = np.zeros(len(models), ARRAYS["commissions"])
    rows: list[NDArray[np.void]] = []
    for one, model in zip(record, models, strict=True):
        for name in _NOT_SET:
            one[name] = math.nan
        if isinstance(model, ScheduleCommission):
            one["first_fee"] = len(rows)
            for slot, part in enumerate(model.parts):
                rows += _rows(part, slot, calendar)
            one["n_fees"] = len(rows) - one["first_fee"]
        else:
            _set_params(one, model.to_params())
    has_schedule = any(isinstance(model, ScheduleCommission) for model in models)
    return {
        "commissions": record,
        "fee_rows": np.concatenate(rows) if rows else np.zeros(0, ARRAYS["fee_rows"]),
        "volumes": np.zeros(len(models) if has_schedule else 0, ARRAYS["volumes"]),
        "session_dates": _session_dates(calendar, len(calendar.days) if has_schedule else 0),
    }


def _set_params(one: Any, params: dict[str, object]) -> None:
    for name, value in params.items():
        if name == "tiers":
            tiers: tuple[tuple[float, float], ...] = value  # type: ignore[assignment]
            one["n_tiers"] = len(tiers)
            one["tier_from"][: len(tiers)] = [start for start, _ in tiers]
            one["tier_rate"][: len(tiers)] = [rate for _, rate in tiers]
        else:
            one[name] = value


def _manners(part: FeeComponent) -> int:
    """A bit for each manner of filling (kernel/fees.py) that a component charges."""
    found = 0
    for manner in range(4):
        liquidity = "taker" if manner < 2 else "maker"
        side = "buy" if manner % 2 == 0 else "sell"
        if part.liquidity in ("both", liquidity) and part.side in ("both", side):
            found |= 1 << manner
    return found


def _rows(part: FeeComponent, slot: int, calendar: Calendar) -> list[NDArray[np.void]]:
    """One row for each of a component's terms that a session can meet."""
    found = []
    for place, terms in enumerate(part.terms):
        following = part.terms[place + 1] if place + 1 < len(part.terms) else None
        first, last = _sessions(terms, following, calendar)
        if first > last:
            continue
        record = np.zeros(1, ARRAYS["fee_rows"])
        one = record[0]
        one["is_fee"] = int(part.posted_as == "fee")
        one["slot"] = slot
        one["manners"] = _manners(part)
        one["session_from"], one["session_until"] = first, last
        one["round_up"] = steps_per_money(part.round_up)
        for name in ("per_share", "rate", "per_order"):
            one[name] = getattr(terms, name)
        for name in _NOT_SET:
            value = getattr(terms, name)
            one[name] = math.nan if value is None else value
        if terms.tiers is not None:
            values = terms.tiers.values
            one["n_tiers"] = len(values)
            one["tiers_by"] = _BY[terms.tiers.by]
            one["tiers_of"] = TIERS_OF.QUANTITY if terms.tiers.per_share else TIERS_OF.NOTIONAL
            one["is_marginal"] = int(bool(terms.tiers.marginal))
            one["tier_from"][: len(values)] = [start for start, _ in values]
            one["tier_value"][: len(values)] = [value for _, value in values]
        found.append(record)
    return found


def _sessions(terms: FeeTerms, following: FeeTerms | None, calendar: Calendar) -> tuple[int, int]:
    """First and last session, as places in the calendar's table, at which terms are in force."""
    until = terms.until
    if until is None and following is not None:
        assert following.since is not None
        until = following.since - timedelta(days=1)
    days = calendar.days
    first = 0
    if terms.since is not None:
        first = int(np.searchsorted(days, (terms.since - _EPOCH).days, side="left"))
    last = len(days) - 1
    if until is not None:
        last = int(np.searchsorted(days, (until - _EPOCH).days, side="right")) - 1
    return first, last


def _session_dates(calendar: Calendar, n: int) -> NDArray[np.void]:
    """Day and month of the first ``n`` sessions."""
    found = np.zeros(n, ARRAYS["session_dates"])
    days = calendar.days[:n]
    found["day"] = days
    found["month"] = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return found


def known_dates(part: FeeComponent) -> tuple[date | None, date | None]:
    """First and last session for which a component says what it charges; None: no end."""
    return part.terms[0].since, part.terms[-1].until
