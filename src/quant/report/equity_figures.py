"""Figures that need equity rows alone: return, months and years, risk, drawdowns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from quant.report import measures
from quant.report.flows import GROWTH_TOLERANCE, internal_rate
from quant.report.measures import Figure, Undefined, mean, ratio
from quant.report.metric_sheet import NO_SESSIONS, NOT_POSITIVE, JsonValue, Sheet
from quant.report.sessions import calendar_ends, drawdown_path, iso_date
from quant.report.significance import probability_above, sharpe_error

__all__ = ["put_drawdown", "put_periods", "put_quality", "put_return", "put_risk", "put_summary"]

_NEVER_FELL = "Equity never fell below an earlier peak."
_OPENING = Undefined("The opening equity is not positive.")


def put_summary(sheet: Sheet, risk_free: float) -> None:
    """total_return, cagr, volatility, sharpe and max_drawdown_pct."""
    rows = sheet.rows
    ends, returns, periods = rows.sessions.equity, rows.sessions.returns, rows.periods_per_year
    total: Figure = _OPENING
    if ends[0] > 0:
        total = ends[-1] / ends[0] - 1.0
    sheet.put("total_return", total, rows.n, **rows.dates)
    rate = measures.compound_rate(ends[0], ends[-1], rows.sessions.days)
    sheet.put("cagr", rate, rows.n, days=rows.sessions.days, **rows.dates)
    spread: Figure = NOT_POSITIVE
    quality: Figure = NOT_POSITIVE
    if rows.sessions.is_positive:
        spread = measures.deviation(returns)
        if not isinstance(spread, Undefined):
            spread *= math.sqrt(periods)
        quality = measures.sharpe(returns, periods, risk_free)
    sheet.put("volatility", spread, rows.n, periods_per_year=periods, ddof=1)
    rate_per_session = measures.per_period(risk_free, periods)
    sheet.put(
        "sharpe",
        quality,
        rows.n,
        periods_per_year=periods,
        risk_free=risk_free,
        risk_free_per_session=rate_per_session,
        ddof=1,
    )
    fallen = rows.drawdowns
    if fallen is None:
        sheet.put("max_drawdown_pct", NOT_POSITIVE, len(rows.equity))
        return
    sheet.put(
        "max_drawdown_pct",
        fallen.deepest,
        len(rows.equity),
        peak=iso_date(int(rows.session_date[fallen.peak_row])),
        trough=iso_date(int(rows.session_date[fallen.trough_row])),
    )


def put_return(sheet: Sheet, closed: float, n_trades: int, currency: str) -> None:
    """What was earned; `closed` is the sum of the net P&L of all trades."""
    rows = sheet.rows
    ends, n_rows = rows.sessions.equity, len(rows.equity)
    opening, final = float(rows.equity[0]), float(rows.equity[-1])
    profit, lowest = final - opening, float(rows.equity.min())
    known: dict[str, JsonValue] = {"start": opening, "end": final}
    if rows.flows is not None:
        profit, known = profit - rows.net_flows, known | {"net_flows": rows.net_flows}
    sheet.put("net_profit", profit, n_rows, currency=currency, **known)
    _put_flows(sheet, currency)
    sheet.put(
        "total_pnl",
        profit,
        n_trades,
        currency=currency,
        trades_pnl_net=closed,
        open_and_cash=profit - closed,
    )
    days = rows.sessions.days
    sheet.put("annual_return", sheet.figure("cagr"), rows.n, days=days, **rows.dates)
    sheet.put("start_equity", opening, 1, currency=currency)
    sheet.put("end_equity", final, 1, currency=currency)
    sheet.put("min_equity", lowest, n_rows, currency=currency)
    sheet.put("min_equity_pct", lowest / opening if opening > 0 else _OPENING, n_rows)
    sheet.put("n_sessions", rows.n, n_rows, **rows.dates)
    returns = rows.sessions.returns
    up, down = [r for r in returns if r > 0], [r for r in returns if r < 0]
    absent = NO_SESSIONS if len(ends) == 1 else NOT_POSITIVE.why
    sheet.put("hit_rate", ratio(len(up), len(returns), absent), rows.n, sessions_up=len(up))
    sheet.put("best_session", max(returns) if returns else Undefined(absent), rows.n)
    sheet.put("worst_session", min(returns) if returns else Undefined(absent), rows.n)
    sheet.put("avg_session", mean(returns, absent), rows.n)
    no_up = "No session had a return above zero." if returns else absent
    no_down = "No session had a return below zero." if returns else absent
    sheet.put("avg_session_up", mean(up, no_up), len(up))
    sheet.put("avg_session_down", mean(down, no_down), len(down))


def _put_flows(sheet: Sheet, currency: str) -> None:
    """Deposits and withdrawals, and the two returns that they set apart."""
    rows, flows = sheet.rows, sheet.rows.flows
    sheet.put("time_weighted_return", sheet.figure("total_return"), rows.n, **rows.dates)
    if flows is None:
        days = rows.sessions.days
        sheet.put("money_weighted_return", sheet.figure("cagr"), 1, days=days, **rows.dates)
        sheet.put("net_flows", 0.0, 0, currency=currency, deposits=0.0, withdrawals=0.0)
        return
    places = np.flatnonzero(flows)
    amounts: list[float] = flows[places].tolist()
    since = rows.session_date[places] - rows.sessions.start
    rate = internal_rate(
        [float(rows.equity[0]), *amounts],
        [0, *since.tolist()],
        float(rows.equity[-1]),
        rows.sessions.days,
    )
    paid_in = math.fsum(amount for amount in amounts if amount > 0)
    paid_out = math.fsum(-amount for amount in amounts if amount < 0)
    sheet.put(
        "money_weighted_return",
        rate,
        len(amounts) + 1,
        days=rows.sessions.days,
        tolerance=GROWTH_TOLERANCE,
        **rows.dates,
    )
    sheet.put(
        "net_flows",
        rows.net_flows,
        len(amounts),
        currency=currency,
        deposits=paid_in,
        withdrawals=paid_out,
    )


def put_periods(sheet: Sheet) -> None:
    """Months and years."""
    for unit, one, many in (("M", "month", "months"), ("Y", "year", "years")):
        found = _period_returns(sheet, unit)
        n = len(found)
        absent = NO_SESSIONS if sheet.rows.n == 0 else NOT_POSITIVE.why
        ups = sum(1 for value in found if value > 0)
        count: Figure = n if found or sheet.rows.n == 0 else NOT_POSITIVE
        sheet.put(f"n_{many}", count, sheet.rows.n)
        sheet.put(f"best_{one}", max(found) if found else Undefined(absent), n)
        sheet.put(f"worst_{one}", min(found) if found else Undefined(absent), n)
        sheet.put(f"positive_{many}", ratio(ups, n, absent), n)
        if unit == "M":
            sheet.put("avg_month", mean(found, absent), n)


def _period_returns(sheet: Sheet, unit: str) -> list[float]:
    """Returns of calendar months or years; none where an equity to start from is not positive."""
    ends = calendar_ends(sheet.rows.sessions, sheet.rows.session_date, unit)
    if not all(value > 0 for value in ends[:-1]):
        return []
    return [after / before - 1.0 for before, after in pairwise(ends)]


def put_risk(sheet: Sheet) -> None:
    """What the returns of sessions spread over."""
    rows = sheet.rows
    returns, periods = rows.sessions.returns, rows.periods_per_year
    figures: dict[str, Figure] = dict.fromkeys(
        ("downside_deviation", "tail_ratio", "skewness", "kurtosis"), NOT_POSITIVE
    )
    tail: list[Figure] = [NOT_POSITIVE] * 4
    if rows.sessions.is_positive:
        short = measures.downside_deviation(returns)
        figures["downside_deviation"] = (
            short if isinstance(short, Undefined) else short * math.sqrt(periods)
        )
        figures["tail_ratio"] = measures.tail_ratio(returns)
        figures["skewness"] = measures.skewness(returns)
        figures["kurtosis"] = measures.kurtosis(returns)
        tail = [
            measures.quantile(returns, 0.05),
            measures.tail_mean(returns, 0.05),
            measures.normal_quantile(returns, 0.05),
            measures.normal_shortfall(returns, 0.05),
        ]
    short_figure = figures["downside_deviation"]
    sheet.put("downside_deviation", short_figure, rows.n, periods_per_year=periods, target=0.0)
    sheet.put("var_95", tail[0], rows.n, quantile=0.05)
    sheet.put("cvar_95", tail[1], rows.n, quantile=0.05)
    sheet.put("var_95_normal", tail[2], rows.n, quantile=0.05, ddof=1)
    sheet.put("cvar_95_normal", tail[3], rows.n, quantile=0.05, ddof=1)
    sheet.put("tail_ratio", figures["tail_ratio"], rows.n, quantile=0.05)
    sheet.put("skewness", figures["skewness"], rows.n, ddof=0)
    sheet.put("kurtosis", figures["kurtosis"], rows.n, ddof=0)


def put_drawdown(sheet: Sheet) -> None:
    """Drawdowns but for max_drawdown_pct."""
    rows = sheet.rows
    n_rows, fallen = len(rows.equity), rows.drawdowns
    figures: list[Figure] = [NOT_POSITIVE] * 3
    if fallen is not None:
        figures = [fallen.deepest_money, fallen.longest_days, fallen.longest_sessions]
    recovered = fallen is not None and fallen.is_recovered
    sheet.put("max_drawdown_abs", figures[0], n_rows)
    sheet.put("longest_drawdown_days", figures[1], n_rows, recovered_at_end=recovered)
    sheet.put("longest_drawdown_sessions", figures[2], n_rows, recovered_at_end=recovered)
    _put_each_drawdown(sheet)
    current: Figure = NOT_POSITIVE
    under: Figure = NOT_POSITIVE
    ulcer: Figure = NOT_POSITIVE
    if fallen is not None:
        path = drawdown_path(rows.index)
        at_ends: list[float] = path[rows.sessions.rows].tolist()
        current = float(path[-1])
        under = ratio(sum(1 for value in at_ends if value > 0), rows.n, NO_SESSIONS)
        ulcer = measures.root_mean_square(at_ends, NO_SESSIONS)
    sheet.put("current_drawdown_pct", current, n_rows)
    sheet.put("underwater_share", under, rows.n)
    sheet.put("ulcer_index", ulcer, rows.n)


def _put_each_drawdown(sheet: Sheet) -> None:
    """Figures over the list of drawdowns."""
    rows, periods = sheet.rows, sheet.rows.periods
    names = ("n_drawdowns", "avg_drawdown_pct", "avg_drawdown_days", "max_drawdown_fall_days")
    if periods is None or rows.drawdowns is None:
        for name in (*names, "max_drawdown_recovery_days", "avg_recovery_days"):
            sheet.put(name, NOT_POSITIVE, 0)
        return
    date, n = rows.session_date, len(periods)
    sheet.put("n_drawdowns", n, len(rows.equity))
    sheet.put("avg_drawdown_pct", mean(periods.depth.tolist(), _NEVER_FELL), n)
    under = date[periods.end_row] - date[periods.peak_row]
    sheet.put("avg_drawdown_days", ratio(int(under.sum()), n, _NEVER_FELL), n)
    back = (date[periods.end_row] - date[periods.trough_row])[periods.is_recovered]
    none_back = "No drawdown has recovered." if n else _NEVER_FELL
    average = ratio(int(back.sum()), len(back), none_back)
    sheet.put("avg_recovery_days", average, len(back))
    fall: Figure = Undefined(_NEVER_FELL)
    recovery: Figure = Undefined(_NEVER_FELL)
    if n:
        # Its row of max_drawdown_pct: the first of the deepest.
        deepest = int(np.argmax(periods.depth))
        trough, end = int(periods.trough_row[deepest]), int(periods.end_row[deepest])
        fall = int(date[trough] - date[periods.peak_row[deepest]])
        recovery = Undefined("Equity is not back at the peak before the largest drawdown.")
        if periods.is_recovered[deepest]:
            recovery = int(date[end] - date[trough])
    sheet.put("max_drawdown_fall_days", fall, min(n, 1))
    sheet.put("max_drawdown_recovery_days", recovery, min(n, 1))


def put_quality(sheet: Sheet, risk_free: float) -> None:
    """Return against risk; needs the figures of both."""
    rows = sheet.rows
    returns, periods = rows.sessions.returns, rows.periods_per_year
    quality: Figure = NOT_POSITIVE
    gained: Figure = NOT_POSITIVE
    if rows.sessions.is_positive:
        quality = measures.sortino(returns, periods)
        gained = measures.omega(returns) if returns else Undefined(NO_SESSIONS)
    sheet.put("sortino", quality, rows.n, periods_per_year=periods, target=0.0)
    deepest = sheet.figure("max_drawdown_pct")
    sheet.put("calmar", ratio(sheet.figure("cagr"), deepest, _NEVER_FELL), rows.n)
    sheet.put("omega", gained, rows.n, threshold=0.0)
    months = _period_returns(sheet, "M")
    pain: Figure = NOT_POSITIVE
    if months or rows.n == 0:
        pain = _gain_to_pain(months)
    sheet.put("gain_to_pain", pain, len(months))
    tail = sheet.figure("tail_ratio")
    both: Figure = gained if isinstance(gained, Undefined) else tail
    if not isinstance(gained, Undefined) and not isinstance(tail, Undefined):
        both = gained * tail
    sheet.put("common_sense_ratio", both, rows.n)
    rate, spread = sheet.figure("cagr"), sheet.figure("volatility")
    calm = ratio(rate, spread, "The returns never vary, so the volatility is zero.")
    sheet.put("cagr_over_volatility", calm, rows.n)
    excess = rate if isinstance(rate, Undefined) else rate - risk_free
    martin = ratio(excess, sheet.figure("ulcer_index"), _NEVER_FELL)
    sheet.put("martin_ratio", martin, rows.n, risk_free=risk_free)
    profit, depth = sheet.figure("net_profit"), sheet.figure("max_drawdown_abs")
    sheet.put("recovery_factor", ratio(profit, depth, _NEVER_FELL), len(rows.equity))
    sheet.put("stability", _stability(rows.sessions.equity), rows.n)
    _put_probability(sheet, risk_free)


def _gain_to_pain(months: Sequence[float]) -> Figure:
    if not months:
        return Undefined(NO_SESSIONS)
    lost = math.fsum(-value for value in months if value < 0)
    return ratio(math.fsum(months), lost, "No month had a return below zero.")


def _stability(ends: Sequence[float]) -> Figure:
    """Fit of the logarithm of session ends, the opening equity left out."""
    if min(ends) <= 0:
        return NOT_POSITIVE
    return measures.trend_fit([math.log(end / ends[0]) for end in ends[1:]])


def _put_probability(sheet: Sheet, risk_free: float) -> None:
    rows = sheet.rows
    annual, skew = sheet.figure("sharpe"), sheet.figure("skewness")
    tail = sheet.figure("kurtosis")
    for figure in (annual, skew, tail):
        if isinstance(figure, Undefined):
            sheet.put("probabilistic_sharpe", figure, rows.n)
            return
    assert not isinstance(annual, Undefined)
    assert not isinstance(skew, Undefined)
    assert not isinstance(tail, Undefined)
    per_session = annual / math.sqrt(rows.periods_per_year)
    error = sharpe_error(per_session, rows.n, skew, tail)
    if isinstance(error, Undefined):
        sheet.put("probabilistic_sharpe", error, rows.n)
        return
    sheet.put(
        "probabilistic_sharpe",
        probability_above(per_session, error),
        rows.n,
        sharpe_per_session=per_session,
        standard_error=error,
        risk_free=risk_free,
    )
