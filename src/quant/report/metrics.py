"""The figures of a run, each with its unit, formula, number of observations and inputs.

Two tools give two Sharpe ratios for one run because they differ in what stands beside the formula:
periods per year, the risk-free rate, which deviation, which days count. A `Metric` carries all of
it, so that anyone can do the sum again from the run's tables. What does not exist is null and says
why; no figure is ever NaN or infinite.

Returns are simple, per session of the base calendar, at its last mark; the opening deposit (row 0)
is the start of the first. Drawdowns look at every row, the opening one included. No money is
assumed to come in or go out but by trading. :mod:`~quant.report.definitions` has every formula.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from quant.errors import DataError, InvariantError
from quant.report import measures
from quant.report.definitions import DEFINITIONS
from quant.report.measures import DAYS_PER_YEAR, Figure, Undefined, mean, ratio
from quant.report.sessions import Drawdowns, Sessions, find_drawdowns, fold_sessions, iso_date
from quant.report.trades import FillArrays, FloatArray, IntArray, TradeArrays

__all__ = ["JsonValue", "Metric", "RunArrays", "compute_metrics", "metrics_json", "summary_of"]

JsonValue: TypeAlias = float | int | str | bool | None

_NS_PER_DAY = 86_400_000_000_000
_NO_TRADES = "There are no closed trades."
_NO_SESSIONS = "There is no session after the opening deposit."
_NO_TIME = "The run spans less than one calendar day."
_NO_FILLS = "No order was filled."
_NOT_POSITIVE = Undefined("Equity is not positive in every session.")
_NO_BENCHMARK = Undefined("The run has no benchmark.")
_SUMMARY = ("total_return", "cagr", "volatility", "sharpe", "max_drawdown_pct")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure and what is needed to do the sum again.

    Attributes
    ----------
    value : float, int or None
        Finite, or None where the figure does not exist.
    unit : str
        ``fraction``, ``money``, ``count``, ``ratio``, ``days``, ``sessions``, ``bars``,
        ``per_year`` or ``bps``.
    definition : str
        The formula, in one sentence.
    n : int
        Observations used.
    inputs : dict
        Every choice and intermediate figure that the value hangs on; JSON values.
    why : str or None
        Why there is no value; set exactly when `value` is None.
    """

    value: float | int | None
    unit: str
    definition: str
    n: int
    inputs: dict[str, JsonValue]
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunArrays:
    """What the figures of a run are computed from; row 0 is the opening deposit.

    Attributes
    ----------
    ts : int64 array of shape (n_rows,)
        Nanoseconds UTC.
    session : int64 array of shape (n_rows,)
        Ordinal of the row's session in the base calendar; that of row 0 is not looked at.
    session_date : int64 array of shape (n_rows,)
        Date of the session, days since 1970-01-01; that of row 0 starts the calendar days.
    equity, gross, net : float64 arrays of shape (n_rows,)
        Equity, |long| + |short| and long - short notional, in money.
    periods_per_year : int
        Sessions in a year of the base calendar.
    risk_free : float
        Annual rate.
    currency : str
        Of all money.
    trades : TradeArrays
        From `round_trips` of the same fills.
    fills : FillArrays
        All fills.
    n_orders, orders_filled : int
        Orders sent, and those with at least one fill.
    multipliers : float64 array of shape (n_instruments,)
        Money per unit of quantity and of price.
    benchmark_equity : float64 array of shape (n_rows,), optional
        Equity of the benchmark at the same rows, from the same opening equity.
    """

    ts: IntArray
    session: IntArray
    session_date: IntArray
    equity: FloatArray
    gross: FloatArray
    net: FloatArray
    periods_per_year: int
    risk_free: float
    currency: str
    trades: TradeArrays
    fills: FillArrays
    n_orders: int
    orders_filled: int
    multipliers: FloatArray
    benchmark_equity: FloatArray | None = None

    def __post_init__(self) -> None:
        _check_rates(self.periods_per_year, self.risk_free)
        n = len(self.equity)
        columns = {"ts": self.ts, "gross": self.gross, "net": self.net}
        if self.benchmark_equity is not None:
            columns["benchmark_equity"] = self.benchmark_equity
        for name, column in columns.items():
            if len(column) != n or not np.isfinite(column).all():
                raise DataError(
                    f"The run's {name} needs {n} finite values, one per equity row, but has "
                    f"{int(np.isfinite(column).sum())} finite of {len(column)}; give every row."
                )


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
    sheet = _Sheet(_Rows.of(run.session, run.session_date, run.equity, run.periods_per_year))
    _put_equity(sheet, run.risk_free)
    _put_return(sheet, run)
    _put_risk(sheet)
    _put_trades(sheet, run)
    _put_exposure(sheet, run)
    _put_costs(sheet, run)
    _put_benchmark(sheet, run)
    if sheet.found.keys() != DEFINITIONS.keys():
        missing = sorted(sheet.found.keys() ^ DEFINITIONS.keys())
        raise InvariantError(
            f"Metrics must be computed for each name of the table of definitions, but {missing} "
            "are on one side only; report this."
        )
    return {name: sheet.found[name] for name in DEFINITIONS}


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
    _check_rates(periods_per_year, risk_free)
    sheet = _Sheet(_Rows.of(session, session_date, equity, periods_per_year))
    _put_equity(sheet, risk_free)
    return {name: sheet.found[name] for name in _SUMMARY}


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Rows:
    """Equity rows and what is read off them once."""

    sessions: Sessions
    drawdowns: Drawdowns | None
    session_date: IntArray
    equity: FloatArray
    periods_per_year: int

    @classmethod
    def of(
        cls, session: IntArray, session_date: IntArray, equity: FloatArray, periods_per_year: int
    ) -> _Rows:
        sessions = fold_sessions(session, session_date, equity)
        is_positive = sessions.equity[0] > 0
        found = find_drawdowns(sessions.place, session_date, equity) if is_positive else None
        return cls(
            sessions=sessions,
            drawdowns=found,
            session_date=session_date,
            equity=equity,
            periods_per_year=periods_per_year,
        )

    @property
    def n(self) -> int:
        return len(self.sessions)

    @property
    def years(self) -> float:
        return self.sessions.days / DAYS_PER_YEAR

    @property
    def dates(self) -> dict[str, JsonValue]:
        return {"start": iso_date(self.sessions.start), "end": iso_date(self.sessions.end)}

    @property
    def mean_equity(self) -> float | Undefined:
        return mean(self.sessions.equity[1:], _NO_SESSIONS)


@dataclass(slots=True)
class _Sheet:
    """The metrics found so far."""

    rows: _Rows
    found: dict[str, Metric] = field(default_factory=dict)

    def put(self, name: str, figure: Figure, n: int, **inputs: JsonValue) -> None:
        """Add one metric; its unit and definition come from the table."""
        known = DEFINITIONS[name]
        if not isinstance(figure, Undefined) and not math.isfinite(figure):
            figure = Undefined("The result is too large for a float64.")
        self.found[name] = Metric(
            # The sum with 0 turns the float -0.0, which is no figure for people, into 0.0.
            value=None if isinstance(figure, Undefined) else figure + 0,
            unit=known.unit,
            definition=known.text,
            n=n,
            inputs=inputs,
            why=figure.why if isinstance(figure, Undefined) else None,
        )

    def figure(self, name: str) -> Figure:
        """The value put under a name, or why there is none."""
        metric = self.found[name]
        return Undefined(metric.why or "") if metric.value is None else metric.value


def _check_rates(periods_per_year: int, risk_free: float) -> None:
    if periods_per_year < 1 or not math.isfinite(risk_free) or risk_free <= -1:
        raise DataError(
            "Metrics need at least 1 period per year and a finite risk-free rate above -1, but "
            f"have {periods_per_year} and {risk_free}; correct the calendar or risk_free."
        )


def _put_equity(sheet: _Sheet, risk_free: float) -> None:
    """The summary: figures that need equity rows alone."""
    rows = sheet.rows
    ends, returns, periods = rows.sessions.equity, rows.sessions.returns, rows.periods_per_year
    total: Figure = Undefined("The opening equity is not positive.")
    if ends[0] > 0:
        total = ends[-1] / ends[0] - 1.0
    sheet.put("total_return", total, rows.n, **rows.dates)
    rate = measures.compound_rate(ends[0], ends[-1], rows.sessions.days)
    sheet.put("cagr", rate, rows.n, days=rows.sessions.days, **rows.dates)
    spread: Figure = _NOT_POSITIVE
    quality: Figure = _NOT_POSITIVE
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
        sheet.put("max_drawdown_pct", _NOT_POSITIVE, len(rows.equity))
        return
    sheet.put(
        "max_drawdown_pct",
        fallen.deepest,
        len(rows.equity),
        peak=iso_date(int(rows.session_date[fallen.peak_row])),
        trough=iso_date(int(rows.session_date[fallen.trough_row])),
    )


def _put_return(sheet: _Sheet, run: RunArrays) -> None:
    rows = sheet.rows
    ends, n_rows = rows.sessions.equity, len(rows.equity)
    opening, final = float(rows.equity[0]), float(rows.equity[-1])
    profit = final - opening
    closed = math.fsum(run.trades.pnl_net.tolist())
    sheet.put("net_profit", profit, n_rows, currency=run.currency, start=opening, end=final)
    sheet.put(
        "total_pnl",
        profit,
        len(run.trades),
        currency=run.currency,
        trades_pnl_net=closed,
        open_and_cash=profit - closed,
    )
    days = rows.sessions.days
    sheet.put("annual_return", sheet.figure("cagr"), rows.n, days=days, **rows.dates)
    sheet.put("start_equity", opening, 1, currency=run.currency)
    sheet.put("end_equity", final, 1, currency=run.currency)
    sheet.put("min_equity", float(rows.equity.min()), n_rows, currency=run.currency)
    sheet.put("n_sessions", rows.n, n_rows, **rows.dates)
    returns = rows.sessions.returns
    ups = sum(1 for value in returns if value > 0)
    absent = _NO_SESSIONS if len(ends) == 1 else _NOT_POSITIVE.why
    sheet.put("hit_rate", ratio(ups, len(returns), absent), rows.n, sessions_up=ups)
    sheet.put("best_session", max(returns) if returns else Undefined(absent), rows.n)
    sheet.put("worst_session", min(returns) if returns else Undefined(absent), rows.n)


def _put_risk(sheet: _Sheet) -> None:
    rows = sheet.rows
    returns, periods = rows.sessions.returns, rows.periods_per_year
    root = math.sqrt(periods)
    if rows.sessions.is_positive:
        quality: Figure = measures.sortino(returns, periods)
        short: Figure = measures.downside_deviation(returns)
        short = short if isinstance(short, Undefined) else short * root
        tail: list[Figure] = [measures.quantile(returns, 0.05), measures.tail_mean(returns, 0.05)]
        shape: list[Figure] = [measures.skewness(returns), measures.kurtosis(returns)]
    else:
        quality = short = _NOT_POSITIVE
        tail = shape = [_NOT_POSITIVE, _NOT_POSITIVE]
    sheet.put("sortino", quality, rows.n, periods_per_year=periods, target=0.0)
    sheet.put("downside_deviation", short, rows.n, periods_per_year=periods, target=0.0)
    sheet.put("var_95", tail[0], rows.n, quantile=0.05)
    sheet.put("cvar_95", tail[1], rows.n, quantile=0.05)
    sheet.put("skewness", shape[0], rows.n, ddof=0)
    sheet.put("kurtosis", shape[1], rows.n, ddof=0)
    deepest = sheet.figure("max_drawdown_pct")
    calmar = ratio(sheet.figure("cagr"), deepest, "Equity never fell below an earlier peak.")
    sheet.put("calmar", calmar, rows.n)
    n_rows, fallen = len(rows.equity), rows.drawdowns
    figures: list[Figure] = [_NOT_POSITIVE] * 3
    if fallen is not None:
        figures = [fallen.deepest_money, fallen.longest_days, fallen.longest_sessions]
    recovered = fallen is not None and fallen.is_recovered
    sheet.put("max_drawdown_abs", figures[0], n_rows)
    sheet.put("longest_drawdown_days", figures[1], n_rows, recovered_at_end=recovered)
    sheet.put("longest_drawdown_sessions", figures[2], n_rows, recovered_at_end=recovered)


def _put_trades(sheet: _Sheet, run: RunArrays) -> None:
    trades, n = run.trades, len(run.trades)
    net: list[float] = trades.pnl_net.tolist()
    wins, losses = [x for x in net if x > 0], [x for x in net if x < 0]
    no_win, no_loss = "There are no winning trades.", "There are no losing trades."
    for name, count in (
        ("total_trades", n),
        ("winning_trades", len(wins)),
        ("losing_trades", len(losses)),
    ):
        sheet.put(name, count, n)
    sheet.put("win_rate", ratio(len(wins), n, _NO_TRADES), n)
    sheet.put("loss_rate", ratio(len(losses), n, _NO_TRADES), n)
    won, lost = math.fsum(wins), math.fsum(losses)
    factor = ratio(won, -lost, no_loss if n else _NO_TRADES)
    sheet.put("profit_factor", factor, n, sum_of_wins=won, sum_of_losses=lost)
    average = mean(net, _NO_TRADES)
    sheet.put("expectancy", average, n, currency=run.currency)
    sheet.put("avg_trade_pnl", average, n, currency=run.currency)
    sheet.put("avg_trade_return_pct", mean(trades.return_.tolist(), _NO_TRADES), n)
    sheet.put("avg_win", mean(wins, no_win), len(wins), currency=run.currency)
    sheet.put("avg_loss", mean(losses, no_loss), len(losses), currency=run.currency)
    sheet.put("largest_win", max(wins) if wins else Undefined(no_win), len(wins))
    sheet.put("largest_loss", min(losses) if losses else Undefined(no_loss), len(losses))
    held: list[int] = (trades.exit_ts - trades.entry_ts).tolist()
    sheet.put("avg_holding_days", ratio(sum(held), n * _NS_PER_DAY, _NO_TRADES), n)
    sheet.put("avg_holding_bars", ratio(sum(trades.bars_held.tolist()), n, _NO_TRADES), n)
    sheet.put("avg_mae", mean(trades.mae.tolist(), _NO_TRADES), n)
    sheet.put("avg_mfe", mean(trades.mfe.tolist(), _NO_TRADES), n)


def _put_exposure(sheet: _Sheet, run: RunArrays) -> None:
    rows, fills = sheet.rows, run.fills
    ends = rows.sessions.rows
    for name, column in (("exposure_gross", run.gross), ("exposure_net", run.net)):
        sheet.put(name, _mean_share(column[ends], run.equity[ends]), rows.n)
    highest: Figure = _NOT_POSITIVE
    if (run.equity > 0).all():
        highest = float(np.max(run.gross / run.equity))
    sheet.put("max_gross_exposure", highest, len(run.equity))
    notional = np.abs(fills.qty * fills.price) * run.multipliers[fills.instrument]
    bought = math.fsum(notional[fills.units > 0].tolist())
    sold = math.fsum(notional[fills.units < 0].tolist())
    turnover = _per_year_of_equity(rows, min(bought, sold))
    sheet.put("turnover", turnover, len(fills), bought=bought, sold=sold, years=rows.years)
    traded = math.fsum(notional.tolist())
    sheet.put("traded_notional", traded, len(fills), currency=run.currency)
    sheet.put("n_orders", run.n_orders, run.n_orders)
    sheet.put("orders_filled", run.orders_filled, run.n_orders)
    sheet.put("n_fills", len(fills), len(fills))


def _put_costs(sheet: _Sheet, run: RunArrays) -> None:
    rows, fills, n = sheet.rows, run.fills, len(run.fills)
    paid, fees = math.fsum(fills.commission.tolist()), math.fsum(fills.fees.tolist())
    slipped = math.fsum(fills.slippage.tolist())
    costs = math.fsum((paid, fees, slipped))
    for name, money in (
        ("total_commission", paid),
        ("total_fees", fees),
        ("total_slippage", slipped),
        ("total_costs", costs),
    ):
        sheet.put(name, money, n, currency=run.currency)
    before = float(rows.equity[-1] - rows.equity[0]) + costs
    share = ratio(costs, abs(before), "The P&L before costs is zero.")
    sheet.put("cost_share_of_gross", share, n, pnl_before_costs=before)
    sheet.put("cost_per_year_pct", _per_year_of_equity(rows, costs), n, years=rows.years)
    per_order = ratio(slipped, run.orders_filled, _NO_FILLS)
    sheet.put("slippage_per_order", per_order, run.orders_filled, currency=run.currency)
    raw = np.abs(fills.qty * fills.price_raw) * run.multipliers[fills.instrument]
    notional = math.fsum(raw.tolist())
    bps = ratio(slipped * 10_000, notional, _NO_FILLS)
    sheet.put("slippage_per_order_bps", bps, n, raw_notional=notional)


def _put_benchmark(sheet: _Sheet, run: RunArrays) -> None:
    n = sheet.rows.n
    beside = {name: f"benchmark_{name}" for name in _SUMMARY}
    if run.benchmark_equity is None:
        for name in (*beside.values(), "excess_cagr"):
            sheet.put(name, _NO_BENCHMARK, 0)
        return
    found = summary_of(
        session=run.session,
        session_date=run.session_date,
        equity=run.benchmark_equity,
        periods_per_year=run.periods_per_year,
        risk_free=run.risk_free,
    )
    for name, metric in found.items():
        figure: Figure = Undefined(metric.why or "") if metric.value is None else metric.value
        sheet.put(beside[name], figure, metric.n, **metric.inputs)
    own, other = sheet.figure("cagr"), sheet.figure("benchmark_cagr")
    excess: Figure = own if isinstance(own, Undefined) else other
    if not isinstance(own, Undefined) and not isinstance(other, Undefined):
        excess = own - other
    sheet.put("excess_cagr", excess, n)


def _mean_share(column: FloatArray, equity: FloatArray) -> Figure:
    """Mean of a column over equity; needs positive equity everywhere."""
    if not (equity > 0).all():
        return _NOT_POSITIVE
    shares: Sequence[float] = (column / equity).tolist()
    return mean(shares, _NO_SESSIONS)


def _per_year_of_equity(rows: _Rows, money: float) -> Figure:
    average = rows.mean_equity
    if not isinstance(average, Undefined) and average <= 0:
        return Undefined("The mean equity of session ends is not positive.")
    return ratio(ratio(money, average, _NO_SESSIONS), rows.years, _NO_TIME)
