"""A finished run: its tables, its figures, and what it assumed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from quant.engine import tables
from quant.engine.account_events import (
    account_lines,
    account_state,
    borrow_charges,
    financing_total,
    violation_lines,
    violations_table,
)
from quant.engine.accounts import gross_limit
from quant.engine.assumptions import assumptions_of, facts_of
from quant.engine.benchmark import benchmark_equity, benchmark_lack, benchmark_name
from quant.engine.currencies import (
    conversion_costs,
    currency_split,
    in_base,
    rates_now,
    revaluation,
    variation_gains,
    with_base_results,
)
from quant.engine.flows import flow_lines, flow_rows, flow_table, net_flows
from quant.engine.journal import order_lines
from quant.engine.lookahead.verdict import LookAheadAudit
from quant.engine.order_events import order_events_table
from quant.engine.parameters import parameters_used
from quant.engine.simulation import Simulation
from quant.engine.source import source_of
from quant.errors import InvariantError
from quant.kernel.codes import FILL_REASON
from quant.report.financing import charge_trades
from quant.report.metric_sheet import NO_BENCHMARK
from quant.report.metrics import Metric, RunArrays, compute_metrics
from quant.report.proof import BacktestMetricsV2
from quant.report.tearsheet import TearSheet, render_tearsheet
from quant.report.trades import FillArrays, TradeArrays, open_result, round_trips
from quant.report.wording import counted

if TYPE_CHECKING:
    from quant.engine.folder import RunFolder

__all__ = ["Failure", "Run"]

_MOST_PARAMETERS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a run did not end by itself.

    Attributes
    ----------
    status : str
        ``failed`` or ``interrupted``.
    error : BaseException
        What was raised.
    traceback : str
        Where; empty for an interruption.
    """

    status: str
    error: BaseException
    traceback: str


class Run:
    """What ``qt.backtest`` gives back.

    Attributes
    ----------
    equity, orders, order_events, fills, positions, trades, ledger : polars.DataFrame
        The tables of the run folder (docs/reference/run-folder.md).
    metrics : dict of str to number or None
        Every figure by name; ``metric_details`` has unit, definition and inputs.
    audit : LookAheadAudit or None
        The look-ahead audit of the run; None if there was none.
    system : dict or None
        Id and window of the configured system it ran, with the name and hash of its file.

    Examples
    --------
    >>> import quant as qt
    >>> class Hold(qt.Strategy):
    ...     def on_bar(self, bar, ctx):
    ...         ctx.order_target(bar.symbol, weight=1.0)
    >>> run = qt.backtest(Hold, qt.sample("sp500"), end="2000-12-29")
    >>> run.status, len(run.fills)
    ('done', 1)
    """

    def __init__(self, simulation: Simulation, failure: Failure | None = None) -> None:
        self.simulation = simulation
        self.failure = failure
        self.audit: LookAheadAudit | None = None
        self.system: dict[str, str] | None = None

    @property
    def status(self) -> str:
        """``done``, ``failed`` or ``interrupted``."""
        return self.failure.status if self.failure else "done"

    @property
    def strategy_name(self) -> str:
        """Name of the strategy's class."""
        return type(self.simulation.strategy).__name__

    @property
    def parameters(self) -> dict[str, Any]:
        """The strategy's parameters and the values it ran with, as JSON types."""
        return parameters_used(self.simulation.strategy)

    @property
    def called(self) -> str:
        """The strategy as it was made, such as ``Cross(fast=10, slow=50)``."""
        given = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.strategy_name}({given})"

    @property
    def config(self) -> Any:
        """The settings of the run."""
        return self.simulation.config

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of logs.jsonl, in order of time."""
        sim = self.simulation
        orders = order_lines(sim.state, sim.bars.symbols, sim.ctx.desk.tags)
        account = account_lines(sim.state, sim.bars.symbols) + violation_lines(self.violations)
        found = [*orders, *account, *flow_lines(sim.state), *sim.journal.lines]
        return sorted(found, key=lambda line: int(line["ts"]))

    @property
    def account(self) -> dict[str, Any]:
        """How the account ended: ``status`` (``sound``, ``in_call``, ``bankrupt``), ``since``,
        ``reason``, ``equity`` and ``debt``."""
        return account_state(self.simulation.state)

    @cached_property
    def violations(self) -> pl.DataFrame:
        """Good-faith and free-riding violations of a cash account (docs/concepts/accounting.md)."""
        sim = self.simulation
        return violations_table(sim.state, sim.bars, sim.config.account)

    @cached_property
    def equity(self) -> pl.DataFrame:
        """One row per timestamp at which a bar ended; row 0 is the opening deposit."""
        return tables.equity_table(self.simulation.state, self.simulation.bars)

    @cached_property
    def orders(self) -> pl.DataFrame:
        """All orders, as they stood at the end."""
        sim = self.simulation
        return tables.orders_table(sim.state, sim.bars, sim.ctx.desk.tags)

    @cached_property
    def order_events(self) -> pl.DataFrame:
        """Everything that happened to orders, one row per change, with its reason."""
        return order_events_table(self.simulation.state, self.simulation.bars)

    @cached_property
    def fills(self) -> pl.DataFrame:
        """All fills, in order of execution."""
        return tables.fills_table(self.simulation.state, self.simulation.bars)

    @cached_property
    def positions(self) -> pl.DataFrame:
        """Positions at every session close and after every change."""
        return tables.positions_table(self.simulation.state, self.simulation.bars)

    @cached_property
    def ledger(self) -> pl.DataFrame:
        """Every movement of cash."""
        sim = self.simulation
        return tables.ledger_table(sim.state, sim.bars, sim.config.currency_codes)

    @cached_property
    def trades(self) -> pl.DataFrame:
        """Round trips, as ``config.trades`` matches them."""
        return tables.trades_table(self.trade_arrays, self.simulation.bars)

    @cached_property
    def trade_arrays(self) -> TradeArrays:
        """The trades as arrays, with the lots still open."""
        return self._charged[0]

    @cached_property
    def _charged(self) -> tuple[TradeArrays, float]:
        """The trades with what borrowed shares cost them, and what no trade has borne."""
        sim = self.simulation
        multipliers = np.ascontiguousarray(sim.state["instruments"]["multiplier"])
        trades = self._matched(sim.config.trades)[1]
        late = sim.state.used("fills")["reason"] == FILL_REASON.SAME_CLOSE
        return charge_trades(trades, borrow_charges(sim.state), multipliers, late)

    def _matched(self, method: str) -> tuple[TradeArrays, TradeArrays]:
        """Trades with results in the instruments' currencies, and in the base."""
        sim = self.simulation
        multipliers = np.ascontiguousarray(sim.state["instruments"]["multiplier"])
        bars = tables.bar_arrays(sim.bars)
        local = round_trips(tables.fill_arrays(sim.state, sim.bars), bars, multipliers, method)
        if not sim.config.currencies:
            return local, local
        base = round_trips(self.base_fills, bars, multipliers, method)
        return local, with_base_results(sim.state, local, base)

    @cached_property
    def base_fills(self) -> FillArrays:
        """Fills as arrays, their money in the base currency."""
        sim = self.simulation
        fills = tables.fill_arrays(sim.state, sim.bars)
        if not sim.config.currencies:
            return fills
        return in_base(fills, np.ascontiguousarray(sim.state.used("fills")["fx"]))

    @cached_property
    def currency_split(self) -> pl.DataFrame:
        """What prices and what currencies gained, symbol by symbol, in the base currency: columns
        ``symbol``, ``currency``, ``price_pnl``, ``currency_pnl`` (docs/concepts/accounting.md)."""
        sim = self.simulation
        # by lots, whatever the method: an average price has no rate of its own
        return currency_split(sim.state, sim.bars, sim.config, *self._matched("fifo"))

    @cached_property
    def benchmark(self) -> Any:
        """Equity of the benchmark at the rows of the equity curve, or None."""
        sim = self.simulation
        ts = self.equity["ts"].to_physical().to_numpy()
        return benchmark_equity(sim.config, sim.bars, sim.period, ts)

    @cached_property
    def flows(self) -> Any:
        """Deposits less withdrawals since the row before, by equity row; None if there was none."""
        return flow_rows(self.simulation.state)

    @cached_property
    def metric_details(self) -> dict[str, Metric]:
        """Every figure with unit, definition, number of observations and inputs."""
        sim = self.simulation
        rows = sim.state["equity"][: int(sim.state["sim"][0]["n_equity"])]
        orders = sim.state.used("orders")
        session = np.ascontiguousarray(rows["session"])
        found = compute_metrics(
            RunArrays(
                ts=np.ascontiguousarray(rows["ts"]),
                session=session,
                session_date=np.ascontiguousarray(sim.bars.calendar.days[session]),
                equity=np.ascontiguousarray(rows["equity"]),
                gross=np.ascontiguousarray(rows["gross"]),
                net=np.ascontiguousarray(rows["net"]),
                periods_per_year=sim.bars.calendar.periods_per_year,
                risk_free=sim.config.risk_free,
                currency=sim.config.currency,
                trades=self.trade_arrays,
                fills=self.base_fills,
                n_orders=len(orders),
                orders_filled=int((orders["filled"] > 0).sum()),
                multipliers=np.ascontiguousarray(sim.state["instruments"]["multiplier"]),
                benchmark_equity=self.benchmark,
                leverage_limit=gross_limit(sim.config.account),
                positions=tables.position_arrays(sim.state),
                flows=self.flows,
                conversions=conversion_costs(sim.state),
            )
        )
        lack = benchmark_lack(sim.config, sim.bars, sim.period)
        if not lack:
            return found
        return {
            name: replace(one, why=lack) if one.why == NO_BENCHMARK.why else one
            for name, one in found.items()
        }

    @cached_property
    def metrics_v2(self) -> BacktestMetricsV2:
        """The figures in eight frozen groups, with the underwater curve."""
        return BacktestMetricsV2.of(self.metrics, self.equity.select("ts", "session", "drawdown"))

    @cached_property
    def drawdowns(self) -> pl.DataFrame:
        """Every drawdown, in order of time: peak, trough and recovery, depth, days, sessions."""
        return tables.drawdowns_table(self.equity, self.flows)

    @property
    def metrics(self) -> dict[str, float | int | None]:
        """Every figure by name."""
        return {name: metric.value for name, metric in self.metric_details.items()}

    def check(self) -> None:
        """Raise InvariantError unless trades, open lots, costs, interest, deposits and withdrawals
        explain the change of equity."""
        sim = self.simulation
        sim.check_books()
        instruments = sim.state["instruments"]
        multipliers = np.ascontiguousarray(instruments["multiplier"])
        marks = np.ascontiguousarray(instruments["mark"]) * rates_now(sim.state)
        result = open_result(self.trade_arrays.open_lots, marks, multipliers)
        explained = float(np.sum(self.trade_arrays.pnl_net)) + result.pnl_net
        explained += financing_total(sim.state) - self._charged[1]
        if sim.config.currencies:
            explained += revaluation(sim.state) + variation_gains(sim.state, self.trade_arrays)
        paid_in = net_flows(sim.state)
        change = float(sim.state["accounts"][0]["equity"]) - sim.config.cash - paid_in
        traded = float(np.sum(np.abs(self.trade_arrays.pnl_gross)))
        scale = max(1.0, sim.config.cash, abs(paid_in), abs(change), traded)
        if sim.config.execution.rounding == "none" and abs(explained - change) > 1e-9 * scale:
            raise InvariantError(
                f"trades: expected them to explain a change of equity of {change!r}, found "
                f"{explained!r}; seed {sim.config.seed}; this is a bug in quant."
            )

    def sheet(self, run_id: str = "unsaved") -> TearSheet:
        """Everything the HTML report shows."""
        sim = self.simulation
        rows = sim.state["equity"][: int(sim.state["sim"][0]["n_equity"])]
        has_benchmark = self.benchmark is not None
        name = benchmark_name(sim.config, sim.bars) if has_benchmark else None
        return TearSheet(
            title=self.strategy_name,
            subtitle=_subtitle(self),
            run_id=run_id,
            status=self.status,
            metrics=self.metric_details,
            ts=np.ascontiguousarray(rows["ts"]),
            equity=np.ascontiguousarray(rows["equity"]),
            currency=sim.config.currency,
            assumptions=assumptions_of(sim, self.audit, is_partial=self.failure is not None),
            facts=facts_of(sim, self.called, source_of(sim.strategy).code_hash),
            benchmark=self.benchmark,
            benchmark_name=name,
            session=np.ascontiguousarray(rows["session"]),
            session_date=np.ascontiguousarray(sim.bars.calendar.days[rows["session"]]),
            gross=np.ascontiguousarray(rows["gross"]),
            net=np.ascontiguousarray(rows["net"]),
            periods_per_year=sim.bars.calendar.periods_per_year,
            risk_free=sim.config.risk_free,
            flows=self.flows,
            flow_table=flow_table(sim.state, sim.bars),
            activity=tables.activity_of(
                sim.state, sim.bars, sim.ctx.desk.tags, self.trade_arrays, self.base_fills
            ),
        )

    def report(self, path: str | Path) -> Path:
        """Write the HTML report to ``path`` and return it."""
        from quant.engine.writing import write_text

        return write_text(Path(path), render_tearsheet(self.sheet()))

    def _repr_html_(self) -> str:
        """What a notebook shows: key figures and the picture of equity, no script."""
        from quant.report.notebook import notebook_html

        return notebook_html(self.sheet())

    def rolling(self, window: int = 126) -> pl.DataFrame:
        """Figures of every full window of sessions.

        Parameters
        ----------
        window : int
            Sessions in a window, at least 2; half a year of XNYS by default.

        Returns
        -------
        polars.DataFrame
            Columns session (the last of the window), sharpe, volatility, total_return, sortino,
            max_drawdown_pct (by session ends); where the run has a benchmark beta, alpha,
            correlation, tracking_error, information_ratio, up_capture and down_capture. A figure
            that does not exist is null, none is NaN. No rows if the run has fewer sessions or its
            equity was not positive.

        Raises
        ------
        DataError
            If the window has fewer than 2 sessions.

        Notes
        -----
        Conventions are those of the whole run's figures (docs/reference/metrics.md): annualised by
        the calendar's sessions per year, ddof 1, the Sharpe ratio over the config's risk-free rate.

        Examples
        --------
        >>> import quant as qt
        >>> class Hold(qt.Strategy):
        ...     def on_bar(self, bar, ctx):
        ...         ctx.order_target(bar.symbol, weight=1.0)
        >>> run = qt.backtest(Hold, qt.sample("sp500"), end="2001-12-31")
        >>> run.rolling(252).columns[:6]
        ['session', 'sharpe', 'volatility', 'beta', 'total_return', 'sortino']
        """
        return tables.rolling_table(self.sheet(), window)

    def save(self, runs: str | Path = "runs") -> RunFolder:
        """Write the run folder under ``runs``, whole or not at all, and return it."""
        from quant.engine.folder import save_run

        return save_run(self, Path(runs))

    def __repr__(self) -> str:
        end = self.equity["equity"][-1]
        return (
            f"<Run {self.strategy_name} {self.status}: "
            f"{counted(len(self.equity) - 1, 'row')}, {counted(len(self.fills), 'fill')}, "
            f"equity {end:,.2f} {self.config.currency}>"
        )


def _subtitle(run: Run) -> str:
    """What was traded and when, in one line."""
    bars = run.simulation.bars
    symbols = ", ".join(bars.symbols[:4])
    if len(bars.symbols) > 4:
        symbols = f"{len(bars.symbols)} symbols"
    sessions = run.equity["session"]
    first: date = sessions[0]
    last: date = sessions[-1]
    what = f"{symbols} · {first} to {last}"
    chosen = {name: value for name, value in run.parameters.items() if value is not None}
    given = ", ".join(f"{name}={value}" for name, value in chosen.items())
    return f"{given} · {what}" if given and len(given) <= _MOST_PARAMETERS else what
