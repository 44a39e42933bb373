"""The figures of a run, each with its unit, formula, number of observations and inputs.

Two tools give two Sharpe ratios for one run because they differ in what stands beside the formula:
periods per year, the risk-free rate, which deviation, which days count. A `Metric` carries all of
it, so that anyone can do the sum again from the run's tables. What does not exist is null and says
why; no figure is ever NaN or infinite.

Returns are simple, per session of the base calendar, at its last mark; the opening deposit (row 0)
is the start of the first. Drawdowns look at every row, the opening one included. Deposits and
withdrawals are taken out of both (:mod:`~quant.report.flows`).
:mod:`~quant.report.definitions` has every formula; :mod:`~quant.report.equity_figures`,
:mod:`~quant.report.trade_figures`, :mod:`~quant.report.exposure_figures` and
:mod:`~quant.report.benchmark_figures` have the sums.
"""

from __future__ import annotations

import math

from quant.errors import InvariantError
from quant.report.benchmark_figures import SUMMARY, put_benchmark
from quant.report.definitions import DEFINITIONS
from quant.report.equity_figures import (
    put_drawdown,
    put_periods,
    put_quality,
    put_return,
    put_risk,
    put_summary,
)
from quant.report.exposure_figures import put_costs, put_exposure, put_margin
from quant.report.metric_sheet import (
    JsonValue,
    Metric,
    PositionArrays,
    Rows,
    RunArrays,
    Sheet,
    check_rates,
)
from quant.report.trade_figures import TradeColumns, put_trades
from quant.report.trades import FloatArray, IntArray

__all__ = [
    "JsonValue",
    "Metric",
    "PositionArrays",
    "RunArrays",
    "compute_metrics",
    "metrics_json",
    "summary_of",
]


def compute_metrics(run: RunArrays) -> dict[str, Metric]:
    """Every metric of a run by name, in the order of `DEFINITIONS`.

    Parameters
    ----------
    run : RunArrays
        Equity rows, fills and trades of one run.

    Returns
    -------
    dict of str to Metric
        Always the same names; a metric that does not exist has the value None.

    Raises
    ------
    DataError
        If there is no row, lengths differ, sessions go back or an equity is not finite.

    Notes
    -----
    Sums are exact (`math.fsum`). A standard deviation up to 1e-15 counts as zero.
    """
    sheet = Sheet(
        Rows.of(run.session, run.session_date, run.equity, run.periods_per_year, run.flows)
    )
    closed = math.fsum(run.trades.pnl_net.tolist())
    put_account(sheet, closed, len(run.trades), run.risk_free, run.currency)
    put_trades(sheet, TradeColumns.of(run.trades), run.currency)
    put_exposure(sheet, run)
    put_margin(sheet, run)
    put_costs(sheet, run)
    put_benchmark(sheet, run.session, run.session_date, run.benchmark_equity, run.risk_free)
    if sheet.found.keys() != DEFINITIONS.keys():
        missing = sorted(sheet.found.keys() ^ DEFINITIONS.keys())
        raise InvariantError(
            f"Metrics must be computed for each name of the table of definitions, but {missing} "
            "are on one side only; report this."
        )
    return {name: sheet.found[name] for name in DEFINITIONS}


def put_account(
    sheet: Sheet, closed: float, n_trades: int, risk_free: float, currency: str
) -> None:
    """All figures that need equity rows alone, and the sum of the net P&L of the trades."""
    put_summary(sheet, risk_free)
    put_return(sheet, closed, n_trades, currency)
    put_periods(sheet)
    put_risk(sheet)
    put_drawdown(sheet)
    put_quality(sheet, risk_free)


def summary_of(
    *,
    session: IntArray,
    session_date: IntArray,
    equity: FloatArray,
    periods_per_year: int,
    risk_free: float = 0.0,
) -> dict[str, Metric]:
    """total_return, cagr, volatility, sharpe and max_drawdown_pct of equity rows alone.

    Parameters
    ----------
    session, session_date : int64 arrays of shape (n_rows,)
        As in `RunArrays`.
    equity : float64 array of shape (n_rows,)
        Money; row 0 is the opening deposit.
    periods_per_year : int
        Sessions in a year.
    risk_free : float
        Annual rate.

    Examples
    --------
    >>> import numpy as np
    >>> figures = summary_of(
    ...     session=np.array([0, 0, 1]), session_date=np.array([18262, 18262, 18263]),
    ...     equity=np.array([100.0, 110.0, 99.0]), periods_per_year=252,
    ... )
    >>> round(figures["total_return"].value, 12), round(figures["max_drawdown_pct"].value, 12)
    (-0.01, 0.1)
    """
    check_rates(periods_per_year, risk_free)
    sheet = Sheet(Rows.of(session, session_date, equity, periods_per_year))
    put_summary(sheet, risk_free)
    return {name: sheet.found[name] for name in SUMMARY}


def metrics_json(metrics: dict[str, Metric]) -> dict[str, dict[str, object]]:
    """``{name: {value, unit, definition, n, inputs[, why]}}``, ready for a JSON writer.

    Examples
    --------
    >>> metrics_json({"n_fills": Metric(value=2, unit="count", definition="Fills.", n=2,
    ...                                 inputs={})})
    {'n_fills': {'value': 2, 'unit': 'count', 'definition': 'Fills.', 'n': 2, 'inputs': {}}}
    """
    out: dict[str, dict[str, object]] = {}
    for name, metric in metrics.items():
        out[name] = {
            "value": metric.value,
            "unit": metric.unit,
            "definition": metric.definition,
            "n": metric.n,
            "inputs": dict(metric.inputs),
        }
        if metric.why is not None:
            out[name]["why"] = metric.why
    return out
