"""Names, units and formulas of what is read off equity rows, alone and beside the benchmark."""

from __future__ import annotations

from typing import Final

from quant.report.groups import (
    BENCHMARK,
    COUNT,
    DRAWDOWN,
    FRACTION,
    MONEY,
    PERIODS,
    QUALITY,
    RATIO,
    RETURN,
    RISK,
    Definition,
)

__all__ = ["EQUITY_DEFINITIONS"]

EQUITY_DEFINITIONS: Final[dict[str, Definition]] = {
    "total_return": Definition(
        RETURN,
        "Total return",
        FRACTION,
        "Last equity over the opening equity, minus 1; deposits and withdrawals are taken out.",
    ),
    "time_weighted_return": Definition(
        RETURN,
        "Time-weighted return",
        FRACTION,
        "The same as total_return: the product of equity / (equity before + flow) over all rows, "
        "minus 1, where flow is what was deposited less what was withdrawn between the two rows.",
    ),
    "money_weighted_return": Definition(
        RETURN,
        "Money-weighted return per year",
        FRACTION,
        "Internal rate of return: the r of sum(payment x (1 + r) ^ (calendar days to the last "
        "session / 365.25)) = last equity, over the opening deposit, deposits and, negative, "
        "withdrawals.",
    ),
    "net_flows": Definition(
        RETURN,
        "Net deposits",
        MONEY,
        "Deposits less withdrawals after the opening deposit.",
    ),
    "net_profit": Definition(
        RETURN,
        "Net profit",
        MONEY,
        "Last equity minus the opening equity minus net_flows, after all costs.",
    ),
    "total_pnl": Definition(
        RETURN,
        "Total P&L",
        MONEY,
        "Net P&L of all trades plus what is open or came in as cash; equal to net_profit.",
    ),
    "cagr": Definition(
        RETURN,
        "CAGR",
        FRACTION,
        "(1 + total_return) ^ (365.25 / calendar days from first to last session) - 1.",
    ),
    "annual_return": Definition(
        RETURN, "Annual return", FRACTION, "The same as cagr, under its other name."
    ),
    "start_equity": Definition(
        RETURN, "Opening equity", MONEY, "Equity of the first row, the opening deposit."
    ),
    "end_equity": Definition(RETURN, "Final equity", MONEY, "Equity of the last row."),
    "min_equity": Definition(RETURN, "Lowest equity", MONEY, "Lowest equity of all rows."),
    "min_equity_pct": Definition(
        RETURN, "Lowest over opening equity", FRACTION, "min_equity / start_equity."
    ),
    "n_sessions": Definition(
        RETURN, "Sessions", COUNT, "Sessions from the first to the last with an equity row."
    ),
    "hit_rate": Definition(
        RETURN,
        "Share of sessions up",
        FRACTION,
        "Sessions with a return above zero over all sessions.",
    ),
    "avg_session": Definition(
        RETURN, "Average session", FRACTION, "Mean simple return of a session."
    ),
    "best_session": Definition(
        RETURN, "Best session", FRACTION, "Highest simple return of a session."
    ),
    "worst_session": Definition(
        RETURN, "Worst session", FRACTION, "Lowest simple return of a session."
    ),
    "avg_session_up": Definition(
        RETURN,
        "Average session up",
        FRACTION,
        "Mean return of the sessions with a return above zero.",
    ),
    "avg_session_down": Definition(
        RETURN,
        "Average session down",
        FRACTION,
        "Mean return of the sessions with a return below zero, negative.",
    ),
    "n_months": Definition(
        PERIODS,
        "Months",
        COUNT,
        "Calendar months from the first to the last with an equity row; the first and the "
        "last may be parts.",
    ),
    "best_month": Definition(
        PERIODS,
        "Best month",
        FRACTION,
        "Highest return of a month: last session end in it over the last one before it (the"
        " opening equity at first), minus 1.",
    ),
    "worst_month": Definition(PERIODS, "Worst month", FRACTION, "Lowest return of a month."),
    "avg_month": Definition(PERIODS, "Average month", FRACTION, "Mean return of the months."),
    "positive_months": Definition(
        PERIODS, "Share of months up", FRACTION, "Months with a return above zero over all months."
    ),
    "n_years": Definition(
        PERIODS,
        "Years",
        COUNT,
        "Calendar years from the first to the last with an equity row; the first and the "
        "last may be parts.",
    ),
    "best_year": Definition(
        PERIODS,
        "Best year",
        FRACTION,
        "Highest return of a calendar year, by the rule of best_month.",
    ),
    "worst_year": Definition(PERIODS, "Worst year", FRACTION, "Lowest return of a calendar year."),
    "positive_years": Definition(
        PERIODS,
        "Share of years up",
        FRACTION,
        "Calendar years with a return above zero over all calendar years.",
    ),
    "volatility": Definition(
        RISK,
        "Volatility",
        FRACTION,
        "Standard deviation of session returns (ddof 1) x sqrt(periods_per_year).",
    ),
    "downside_deviation": Definition(
        RISK,
        "Downside deviation",
        FRACTION,
        "sqrt(sum of min(r, 0)^2 / n) x sqrt(periods_per_year), over all n sessions.",
    ),
    "var_95": Definition(
        RISK,
        "Value at risk 95%",
        FRACTION,
        "Historical 5% quantile of session returns (linear interpolation); a loss is negative.",
    ),
    "cvar_95": Definition(
        RISK,
        "Expected shortfall 95%",
        FRACTION,
        "Mean of the session returns at or below var_95; a loss is negative.",
    ),
    "var_95_normal": Definition(
        RISK,
        "Value at risk 95%, normal",
        FRACTION,
        "mean(r) - 1.645 x standard deviation (ddof 1) of session returns: the 5% quantile "
        "if they were normal.",
    ),
    "cvar_95_normal": Definition(
        RISK,
        "Expected shortfall 95%, normal",
        FRACTION,
        "mean(r) - 2.063 x standard deviation (ddof 1) of session returns: the mean below "
        "var_95_normal if they were normal.",
    ),
    "tail_ratio": Definition(
        RISK,
        "Tail ratio",
        RATIO,
        "|95% quantile| / |5% quantile| of session returns (linear interpolation).",
    ),
    "skewness": Definition(
        RISK, "Skewness", RATIO, "Third standardised moment of session returns (ddof 0)."
    ),
    "kurtosis": Definition(
        RISK,
        "Kurtosis",
        RATIO,
        "Fourth standardised moment of session returns (ddof 0), not excess: a normal has 3.",
    ),
    "sharpe": Definition(
        QUALITY,
        "Sharpe ratio",
        RATIO,
        "mean(r - rf) / standard deviation of (r - rf) (ddof 1) x sqrt(periods_per_year), "
        "with rf = (1 + risk_free) ^ (1 / periods_per_year) - 1 per session.",
    ),
    "sortino": Definition(
        QUALITY,
        "Sortino ratio",
        RATIO,
        "mean(r) / sqrt(sum of min(r, 0)^2 / n) x sqrt(periods_per_year), over all n sessions.",
    ),
    "calmar": Definition(
        QUALITY, "Calmar ratio", RATIO, "cagr over max_drawdown_pct, over the whole run."
    ),
    "omega": Definition(
        QUALITY,
        "Omega ratio",
        RATIO,
        "Sum of session returns above zero over the absolute sum of those below zero.",
    ),
    "gain_to_pain": Definition(
        QUALITY,
        "Gain to pain, months",
        RATIO,
        "Sum of monthly returns over the absolute sum of the negative ones.",
    ),
    "common_sense_ratio": Definition(QUALITY, "Common sense ratio", RATIO, "omega x tail_ratio."),
    "cagr_over_volatility": Definition(
        QUALITY, "CAGR over volatility", RATIO, "cagr / volatility: what some tools call Sharpe."
    ),
    "martin_ratio": Definition(
        QUALITY,
        "Martin ratio (UPI)",
        RATIO,
        "(cagr - risk_free) / ulcer_index: the ulcer performance index.",
    ),
    "recovery_factor": Definition(
        QUALITY, "Recovery factor", RATIO, "net_profit / max_drawdown_abs."
    ),
    "stability": Definition(
        QUALITY,
        "Stability",
        RATIO,
        "R squared of a straight line through the logarithm of session-end equity, by count"
        " of sessions; 1 is steady growth or steady decline.",
    ),
    "probabilistic_sharpe": Definition(
        QUALITY,
        "Probability of a Sharpe above 0",
        FRACTION,
        "Normal CDF of s / e, where s = sharpe / sqrt(periods_per_year) and e = sqrt((1 - "
        "skewness x s + (kurtosis - 1) / 4 x s^2) / (n - 1)).",
    ),
    "max_drawdown_pct": Definition(
        DRAWDOWN,
        "Max drawdown",
        FRACTION,
        "Largest (highest equity so far - equity) / highest equity so far, over all rows "
        "from the opening deposit on; later deposits and withdrawals are taken out.",
    ),
    "max_drawdown_abs": Definition(
        DRAWDOWN,
        "Max drawdown in money",
        MONEY,
        "Largest highest equity so far - equity, over all rows, both less the net deposits so far; "
        "may be another drawdown than max_drawdown_pct.",
    ),
    "max_drawdown_fall_days": Definition(
        DRAWDOWN,
        "Fall of max drawdown, days",
        "days",
        "Calendar days from peak to lowest row of the drawdown of max_drawdown_pct.",
    ),
    "max_drawdown_recovery_days": Definition(
        DRAWDOWN,
        "Recovery of max drawdown, days",
        "days",
        "Calendar days from the lowest row of the drawdown of max_drawdown_pct to the first"
        " row back at its peak.",
    ),
    "longest_drawdown_days": Definition(
        DRAWDOWN,
        "Longest drawdown, days",
        "days",
        "Most calendar days from a peak to the first row back at it, or to the end of the run.",
    ),
    "longest_drawdown_sessions": Definition(
        DRAWDOWN,
        "Longest drawdown, sessions",
        "sessions",
        "Most sessions from a peak to the first row back at it, or to the end of the run.",
    ),
    "n_drawdowns": Definition(
        DRAWDOWN,
        "Drawdowns",
        COUNT,
        "Times that equity fell below an earlier peak, until a row back at it.",
    ),
    "avg_drawdown_pct": Definition(
        DRAWDOWN,
        "Average drawdown",
        FRACTION,
        "Mean over drawdowns of peak to lowest row, as fraction of the peak.",
    ),
    "avg_drawdown_days": Definition(
        DRAWDOWN,
        "Average drawdown, days",
        "days",
        "Mean calendar days from a peak to the first row back at it, or to the end of the run.",
    ),
    "avg_recovery_days": Definition(
        DRAWDOWN,
        "Average recovery, days",
        "days",
        "Mean over recovered drawdowns of calendar days from the lowest row to the first "
        "row back at the peak.",
    ),
    "current_drawdown_pct": Definition(
        DRAWDOWN,
        "Drawdown at the end",
        FRACTION,
        "(highest equity - last equity) / highest equity.",
    ),
    "underwater_share": Definition(
        DRAWDOWN,
        "Share of sessions in drawdown",
        FRACTION,
        "Session ends below the highest equity so far, over all session ends.",
    ),
    "ulcer_index": Definition(
        DRAWDOWN,
        "Ulcer index",
        FRACTION,
        "sqrt(mean over session ends of ((highest equity so far - equity) / highest equity "
        "so far)^2).",
    ),
    "benchmark_total_return": Definition(
        BENCHMARK, "Benchmark total return", FRACTION, "total_return of the benchmark's equity."
    ),
    "benchmark_cagr": Definition(
        BENCHMARK, "Benchmark CAGR", FRACTION, "cagr of the benchmark's equity."
    ),
    "benchmark_volatility": Definition(
        BENCHMARK, "Benchmark volatility", FRACTION, "volatility of the benchmark's equity."
    ),
    "benchmark_sharpe": Definition(
        BENCHMARK, "Benchmark Sharpe ratio", RATIO, "sharpe of the benchmark's equity."
    ),
    "benchmark_max_drawdown_pct": Definition(
        BENCHMARK, "Benchmark max drawdown", FRACTION, "max_drawdown_pct of the benchmark's equity."
    ),
    "excess_cagr": Definition(
        BENCHMARK, "CAGR above benchmark", FRACTION, "cagr minus benchmark_cagr."
    ),
    "alpha": Definition(
        BENCHMARK,
        "Alpha per year",
        FRACTION,
        "Jensen's alpha: (mean(r - rf) - beta x mean(b - rf)) x periods_per_year, b being "
        "the benchmark's session returns.",
    ),
    "beta": Definition(
        BENCHMARK,
        "Beta",
        RATIO,
        "Covariance of session returns with the benchmark's, over the variance of the benchmark's.",
    ),
    "correlation": Definition(
        BENCHMARK,
        "Correlation",
        RATIO,
        "Pearson's correlation of session returns with the benchmark's.",
    ),
    "r_squared": Definition(BENCHMARK, "R squared", FRACTION, "correlation^2."),
    "tracking_error": Definition(
        BENCHMARK,
        "Tracking error",
        FRACTION,
        "Standard deviation of r - b (ddof 1) x sqrt(periods_per_year).",
    ),
    "information_ratio": Definition(
        BENCHMARK,
        "Information ratio",
        RATIO,
        "mean(r - b) / standard deviation of (r - b) (ddof 1) x sqrt(periods_per_year).",
    ),
    "treynor": Definition(
        BENCHMARK, "Treynor ratio", RATIO, "mean(r - rf) x periods_per_year / beta."
    ),
    "up_capture": Definition(
        BENCHMARK,
        "Up capture",
        FRACTION,
        "Geometric mean return of the sessions in which the benchmark rose, over that of "
        "the benchmark in them.",
    ),
    "down_capture": Definition(
        BENCHMARK,
        "Down capture",
        FRACTION,
        "Geometric mean return of the sessions in which the benchmark fell, over that of "
        "the benchmark in them; below zero: a gain.",
    ),
    "batting_average": Definition(
        BENCHMARK,
        "Share of sessions ahead",
        FRACTION,
        "Sessions with a return above that of the benchmark, over all sessions.",
    ),
}
