"""Commissions and fee schedules in plain words, and what a reader should know of them."""

from __future__ import annotations

from datetime import date, timedelta

from quant.engine.fee_rows import commissions, known_dates, others_money
from quant.engine.timeline import Period
from quant.lake import Bars
from quant.model.config import (
    Commission,
    Config,
    PerOrderCommission,
    PerShareCommission,
    RateCommission,
    ScheduleCommission,
    TieredCommission,
)
from quant.model.fee_files import bundled_schedule
from quant.report.wording import counted

__all__ = ["commission_words", "own_commissions", "schedule_warnings"]

_EPOCH = date(1970, 1, 1)


def commission_words(model: Commission, currency: str) -> str:
    """A commission in words; empty if there is none."""
    if isinstance(model, RateCommission):
        return f"{model.rate * 100:.4g} % of notional" if model.rate else ""
    if isinstance(model, PerShareCommission):
        text = f"{model.per_share:.4g} {currency} per unit"
        return text if model.per_share else ""
    if isinstance(model, PerOrderCommission):
        text = f"{model.per_order:.4g} {currency} per order"
        return text if model.per_order else ""
    if isinstance(model, ScheduleCommission):
        names = ", ".join(part.name for part in model.parts)
        if model.name:
            return f"the schedule {model.name} ({bundled_schedule(model.name).title}): {names}"
        return f"a fee schedule of its own: {names}"
    assert isinstance(model, TieredCommission)
    parts = [f"{rate * 100:.4g} % from {start:,.0f}" for start, rate in model.tiers]
    return ", ".join(parts) if any(rate for _, rate in model.tiers) else ""


def own_commissions(bars: Bars, config: Config) -> list[tuple[str, str]]:
    """Symbols whose commission is their own, and that in words."""
    found = []
    for symbol in bars.symbols:
        model = config.settings_of(symbol).commission
        if model is not None:
            found.append((symbol, commission_words(model, config.currency) or "none"))
    return found


def schedule_warnings(bars: Bars, period: Period, config: Config) -> list[str]:
    """Where a run's fee schedules say less than the run needs: dates, currency, figures."""
    found = []
    days = bars.calendar.days
    first = _EPOCH + timedelta(days=int(days[period.first]))
    last = _EPOCH + timedelta(days=int(days[period.last]))
    for model in commissions(bars.symbols, config):
        if not isinstance(model, ScheduleCommission):
            continue
        for part in model.parts:
            since, until = known_dates(part)
            if since is not None and first < since:
                found.append(f"{part.name} is known from {since} on: nothing is charged before.")
            if until is not None and last > until:
                found.append(f"{part.name} is known until {until}: nothing is charged after.")
        found += _of_other_money(model, bars, config)
        if model.name:
            found += _of_bundled(model.name)
    return found


def _of_other_money(model: ScheduleCommission, bars: Bars, config: Config) -> list[str]:
    """Whom a schedule charges by amounts of another currency than theirs, where that is let by."""
    what = "its amounts" if model.has_amounts else "the bounds of its tiers"
    if not (model.has_amounts or model.has_bounds):
        return []
    name = f"The fee schedule {model.name}" if model.name else "A fee schedule of its own"
    found: dict[str, list[str]] = {}
    for symbol in bars.symbols:
        currency = config.currency_of(symbol)
        if config.commission_of(symbol) == model and others_money(model, currency):
            found.setdefault(currency, []).append(symbol)
    return [
        f"{name} is in {model.priced_in}; {what} were taken as {currency} for "
        f"{', '.join(symbols[:5])}{', …' if len(symbols) > 5 else ''}."
        for currency, symbols in found.items()
    ]


def _of_bundled(name: str) -> list[str]:
    schedule = bundled_schedule(name)
    found = []
    if schedule.unverified:
        n = len(schedule.unverified)
        were = "was not verified with its" if n == 1 else "were not verified with their"
        found.append(
            f"{counted(n, 'figure')} of the fee schedule {name} {were} publisher; "
            f"quant fees show {name} lists them and what it leaves out."
        )
    return found
