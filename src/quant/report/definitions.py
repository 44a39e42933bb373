"""What each metric is called, its unit and its formula in one sentence: the table of all metrics.

The order of the table is the order of metrics.json and of the tear sheet. Units are ``fraction``
(0.1 is ten percent), ``money`` (of the run's currency), ``count``, ``ratio``, ``days``,
``sessions``, ``bars``, ``per_year`` and ``bps`` (1/10,000). Names that end in ``_pct`` hold
fractions like all others. *Session ends* are the last equity rows of the sessions; a session
without a row keeps the equity of the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["DEFINITIONS", "GROUPS", "Definition"]


@dataclass(frozen=True, slots=True)
class Definition:
    """Label for people, unit, and formula of one metric, and the group it is shown in."""

    group: str
    label: str
    unit: str
    text: str


_RETURN: Final = "Return"
_RISK: Final = "Risk"
_TRADES: Final = "Trades"
_EXPOSURE: Final = "Exposure and turnover"
_COSTS: Final = "Costs"
_BENCHMARK: Final = "Benchmark"

GROUPS: Final = (_RETURN, _RISK, _TRADES, _EXPOSURE, _COSTS, _BENCHMARK)

_FRACTION, _MONEY, _COUNT, _RATIO = "fraction", "money", "count", "ratio"

DEFINITIONS: Final[dict[str, Definition]] = {
    "total_return": Definition(
        _RETURN, "Total return", _FRACTION, "Last equity over the opening equity, minus 1."
    ),
    "net_profit": Definition(
        _RETURN, "Net profit", _MONEY, "Last equity minus the opening equity, after all costs."
    ),
    "total_pnl": Definition(
        _RETURN,
        "Total P&L",
        _MONEY,
        "Net P&L of all trades plus what is open or came in as cash; equal to net_profit.",
    ),
    "cagr": Definition(
        _RETURN,
        "CAGR",
        _FRACTION,
        "(last equity / opening equity) ^ (365.25 / calendar days from first to last session) - 1.",
    ),
    "annual_return": Definition(
        _RETURN, "Annual return", _FRACTION, "The same as cagr, under its other name."
    ),
    "start_equity": Definition(
        _RETURN, "Opening equity", _MONEY, "Equity of the first row, the opening deposit."
    ),
    "end_equity": Definition(_RETURN, "Final equity", _MONEY, "Equity of the last row."),
    "min_equity": Definition(_RETURN, "Lowest equity", _MONEY, "Lowest equity of all rows."),
    "n_sessions": Definition(
        _RETURN, "Sessions", _COUNT, "Sessions from the first to the last with an equity row."
    ),
    "hit_rate": Definition(
        _RETURN,
        "Share of sessions up",
        _FRACTION,
        "Sessions with a return above zero over all sessions.",
    ),
    "best_session": Definition(
        _RETURN, "Best session", _FRACTION, "Highest simple return of a session."
    ),
    "worst_session": Definition(
        _RETURN, "Worst session", _FRACTION, "Lowest simple return of a session."
    ),
    "volatility": Definition(
        _RISK,
        "Volatility",
        _FRACTION,
        "Standard deviation of session returns (ddof 1) x sqrt(periods_per_year).",
    ),
    "sharpe": Definition(
        _RISK,
        "Sharpe ratio",
        _RATIO,
        "mean(r - rf) / standard deviation of (r - rf) (ddof 1) x sqrt(periods_per_year), with "
        "rf = (1 + risk_free) ^ (1 / periods_per_year) - 1 per session.",
    ),
    "sortino": Definition(
        _RISK,
        "Sortino ratio",
        _RATIO,
        "mean(r) / sqrt(sum of min(r, 0)^2 / n) x sqrt(periods_per_year), over all n sessions.",
    ),
    "calmar": Definition(
        _RISK, "Calmar ratio", _RATIO, "cagr over max_drawdown_pct, over the whole run."
    ),
    "max_drawdown_pct": Definition(
        _RISK,
        "Max drawdown",
        _FRACTION,
        "Largest (highest equity so far - equity) / highest equity so far, over all rows "
        "from the opening deposit on.",
    ),
    "max_drawdown_abs": Definition(
        _RISK,
        "Max drawdown in money",
        _MONEY,
        "Largest highest equity so far - equity, over all rows; may be another drawdown "
        "than max_drawdown_pct.",
    ),
    "longest_drawdown_days": Definition(
        _RISK,
        "Longest drawdown, days",
        "days",
        "Most calendar days from a peak to the first row back at it, or to the end of the run.",
    ),
    "longest_drawdown_sessions": Definition(
        _RISK,
        "Longest drawdown, sessions",
        "sessions",
        "Most sessions from a peak to the first row back at it, or to the end of the run.",
    ),
    "downside_deviation": Definition(
        _RISK,
        "Downside deviation",
        _FRACTION,
        "sqrt(sum of min(r, 0)^2 / n) x sqrt(periods_per_year), over all n sessions.",
    ),
    "var_95": Definition(
        _RISK,
        "Value at risk 95%",
        _FRACTION,
        "Historical 5% quantile of session returns (linear interpolation); a loss is negative.",
    ),
    "cvar_95": Definition(
        _RISK,
        "Expected shortfall 95%",
        _FRACTION,
        "Mean of the session returns at or below var_95; a loss is negative.",
    ),
    "skewness": Definition(
        _RISK, "Skewness", _RATIO, "Third standardised moment of session returns (ddof 0)."
    ),
    "kurtosis": Definition(
        _RISK,
        "Kurtosis",
        _RATIO,
        "Fourth standardised moment of session returns (ddof 0), not excess: a normal has 3.",
    ),
    "total_trades": Definition(
        _TRADES,
        "Trades",
        _COUNT,
        "Round trips: pairs of an opening lot and a closing fill, first in first out.",
    ),
    "winning_trades": Definition(
        _TRADES, "Winning trades", _COUNT, "Trades with a net P&L above zero."
    ),
    "losing_trades": Definition(
        _TRADES, "Losing trades", _COUNT, "Trades with a net P&L below zero."
    ),
    "win_rate": Definition(_TRADES, "Win rate", _FRACTION, "Winning trades over all trades."),
    "loss_rate": Definition(_TRADES, "Loss rate", _FRACTION, "Losing trades over all trades."),
    "profit_factor": Definition(
        _TRADES,
        "Profit factor",
        _RATIO,
        "Sum of net P&L of winning trades over the absolute sum of losing trades.",
    ),
    "expectancy": Definition(
        _TRADES,
        "Expectancy per trade",
        _MONEY,
        "win_rate x avg_win + loss_rate x avg_loss, which is the mean net P&L of a trade.",
    ),
    "avg_trade_pnl": Definition(_TRADES, "Average trade", _MONEY, "Mean net P&L of a trade."),
    "avg_trade_return_pct": Definition(
        _TRADES,
        "Average trade return",
        _FRACTION,
        "Mean over trades of net P&L / (entry price x quantity x multiplier).",
    ),
    "avg_win": Definition(_TRADES, "Average win", _MONEY, "Mean net P&L of winning trades."),
    "avg_loss": Definition(
        _TRADES, "Average loss", _MONEY, "Mean net P&L of losing trades, negative."
    ),
    "largest_win": Definition(
        _TRADES, "Largest win", _MONEY, "Highest net P&L of a winning trade."
    ),
    "largest_loss": Definition(
        _TRADES, "Largest loss", _MONEY, "Lowest net P&L of a losing trade, negative."
    ),
    "avg_holding_days": Definition(
        _TRADES,
        "Average holding, days",
        "days",
        "Mean time from entry to exit of a trade, in days of 24 hours.",
    ),
    "avg_holding_bars": Definition(
        _TRADES, "Average holding, bars", "bars", "Mean of exit bar minus entry bar of a trade."
    ),
    "avg_mae": Definition(
        _TRADES,
        "Average worst while held",
        _FRACTION,
        "Mean maximum adverse excursion: worst price while held, as fraction of the entry price.",
    ),
    "avg_mfe": Definition(
        _TRADES,
        "Average best while held",
        _FRACTION,
        "Mean maximum favourable excursion: best price while held, as fraction of the entry price.",
    ),
    "exposure_gross": Definition(
        _EXPOSURE,
        "Gross exposure",
        _FRACTION,
        "Mean over session ends of (long + short notional) / equity.",
    ),
    "exposure_net": Definition(
        _EXPOSURE,
        "Net exposure",
        _FRACTION,
        "Mean over session ends of (long - short notional) / equity.",
    ),
    "max_gross_exposure": Definition(
        _EXPOSURE,
        "Highest gross exposure",
        _FRACTION,
        "Largest (long + short notional) / equity of all rows.",
    ),
    "turnover": Definition(
        _EXPOSURE,
        "Turnover per year",
        "per_year",
        "min(money bought, money sold) / mean equity of session ends / years of 365.25 days.",
    ),
    "traded_notional": Definition(
        _EXPOSURE, "Traded notional", _MONEY, "Sum over fills of price x quantity x multiplier."
    ),
    "n_orders": Definition(_EXPOSURE, "Orders", _COUNT, "Orders that the strategy sent."),
    "orders_filled": Definition(
        _EXPOSURE, "Orders with a fill", _COUNT, "Orders with at least one fill."
    ),
    "n_fills": Definition(_EXPOSURE, "Fills", _COUNT, "Executions of orders."),
    "total_commission": Definition(
        _COSTS, "Commission", _MONEY, "Sum of the commissions of all fills."
    ),
    "total_fees": Definition(_COSTS, "Fees", _MONEY, "Sum of the fees of all fills."),
    "total_slippage": Definition(
        _COSTS,
        "Slippage and impact",
        _MONEY,
        "Sum over fills of the money lost between the raw price and the fill price.",
    ),
    "total_costs": Definition(
        _COSTS, "All costs", _MONEY, "total_commission + total_fees + total_slippage."
    ),
    "cost_share_of_gross": Definition(
        _COSTS,
        "Costs over P&L before costs",
        _FRACTION,
        "total_costs / |net_profit + total_costs|.",
    ),
    "cost_per_year_pct": Definition(
        _COSTS,
        "Costs per year over equity",
        _FRACTION,
        "total_costs / mean equity of session ends / years of 365.25 days.",
    ),
    "slippage_per_order": Definition(
        _COSTS, "Slippage per order", _MONEY, "total_slippage over orders with a fill."
    ),
    "slippage_per_order_bps": Definition(
        _COSTS,
        "Slippage, basis points",
        "bps",
        "10,000 x total_slippage over the sum of raw price x quantity x multiplier of all fills, "
        "that is weighted by money.",
    ),
    "benchmark_total_return": Definition(
        _BENCHMARK, "Benchmark total return", _FRACTION, "total_return of the benchmark's equity."
    ),
    "benchmark_cagr": Definition(
        _BENCHMARK, "Benchmark CAGR", _FRACTION, "cagr of the benchmark's equity."
    ),
    "benchmark_volatility": Definition(
        _BENCHMARK, "Benchmark volatility", _FRACTION, "volatility of the benchmark's equity."
    ),
    "benchmark_sharpe": Definition(
        _BENCHMARK, "Benchmark Sharpe ratio", _RATIO, "sharpe of the benchmark's equity."
    ),
    "benchmark_max_drawdown_pct": Definition(
        _BENCHMARK,
        "Benchmark max drawdown",
        _FRACTION,
        "max_drawdown_pct of the benchmark's equity.",
    ),
    "excess_cagr": Definition(
        _BENCHMARK, "CAGR above benchmark", _FRACTION, "cagr minus benchmark_cagr."
    ),
}
