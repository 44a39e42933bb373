"""Figures beside a benchmark: its own summary, and the strategy's returns against its."""

from __future__ import annotations

import math

from quant.report import comparison
from quant.report.equity_figures import put_summary
from quant.report.measures import Figure, Undefined, mean, per_period, ratio
from quant.report.metric_sheet import NO_BENCHMARK, NOT_POSITIVE, Rows, Sheet
from quant.report.trades import FloatArray, IntArray

__all__ = ["SUMMARY", "put_benchmark"]

SUMMARY = ("total_return", "cagr", "volatility", "sharpe", "max_drawdown_pct")
_REGRESSION = ("alpha", "beta", "treynor")
_PAIRED = (
    *_REGRESSION,
    "correlation",
    "r_squared",
    "tracking_error",
    "information_ratio",
    "up_capture",
    "down_capture",
    "batting_average",
)


def put_benchmark(
    sheet: Sheet,
    session: IntArray,
    session_date: IntArray,
    benchmark_equity: FloatArray | None,
    risk_free: float,
) -> None:
    """The group *Benchmark*; the arrays are those of `RunArrays`."""
    beside = {name: f"benchmark_{name}" for name in SUMMARY}
    if benchmark_equity is None:
        sheet.lack((*beside.values(), "excess_cagr", *_PAIRED), NO_BENCHMARK.why)
        return
    periods = sheet.rows.periods_per_year
    other = Sheet(Rows.of(session, session_date, benchmark_equity, periods))
    put_summary(other, risk_free)
    for name, metric in other.found.items():
        sheet.put(beside[name], other.figure(name), metric.n, **metric.inputs)
    own, against = sheet.figure("cagr"), sheet.figure("benchmark_cagr")
    excess: Figure = own if isinstance(own, Undefined) else against
    if not isinstance(own, Undefined) and not isinstance(against, Undefined):
        excess = own - against
    sheet.put("excess_cagr", excess, sheet.rows.n)
    if not (sheet.rows.sessions.is_positive and other.rows.sessions.is_positive):
        sheet.lack(_PAIRED, NOT_POSITIVE.why)
        return
    returns, others = sheet.rows.sessions.returns, other.rows.sessions.returns
    _put_line(sheet, returns, others, risk_free)
    _put_active(sheet, returns, others)


def _put_line(sheet: Sheet, returns: list[float], others: list[float], risk_free: float) -> None:
    """The regression on the benchmark, both above the risk-free rate."""
    n, periods = len(returns), sheet.rows.periods_per_year
    rate = per_period(risk_free, periods)
    excess = [r - rate for r in returns]
    line = comparison.fit_line(excess, [b - rate for b in others])
    inputs = {"periods_per_year": periods, "risk_free": risk_free}
    if isinstance(line, Undefined):
        sheet.lack(_REGRESSION, line.why)
    else:
        yearly = math.fsum(excess) / n * periods
        sheet.put("alpha", line.alpha * periods, n, **inputs)
        sheet.put("beta", line.beta, n)
        sheet.put("treynor", ratio(yearly, line.beta, "The beta is zero."), n, **inputs)
    together = comparison.correlation(returns, others)
    sheet.put("correlation", together, n)
    shared = together if isinstance(together, Undefined) else together * together
    sheet.put("r_squared", shared, n)


def _put_active(sheet: Sheet, returns: list[float], others: list[float]) -> None:
    """The difference to the benchmark, session by session."""
    n, periods = len(returns), sheet.rows.periods_per_year
    apart = comparison.tracking_error(returns, others, periods)
    sheet.put("tracking_error", apart, n, periods_per_year=periods, ddof=1)
    quality = comparison.information_ratio(returns, others, periods)
    sheet.put("information_ratio", quality, n, periods_per_year=periods, ddof=1)
    for name, sign in (("up_capture", 1), ("down_capture", -1)):
        share, count = comparison.capture(returns, others, sign)
        sheet.put(name, share, count)
    ahead = [float(r > b) for r, b in zip(returns, others, strict=True)]
    sheet.put("batting_average", mean(ahead, "There are no returns."), n)
