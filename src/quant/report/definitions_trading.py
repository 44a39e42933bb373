"""Names, units and formulas of what is read off trades, fills and positions."""

from __future__ import annotations

from typing import Final

from quant.report.groups import (
    COSTS,
    COUNT,
    EXPOSURE,
    FRACTION,
    HELD,
    MARGIN,
    MONEY,
    RATIO,
    TRADES,
    Definition,
)

__all__ = ["TRADING_DEFINITIONS"]

TRADING_DEFINITIONS: Final[dict[str, Definition]] = {
    "total_trades": Definition(
        TRADES,
        "Trades",
        COUNT,
        "Round trips: pairs of an opening lot and a closing fill.",
    ),
    "winning_trades": Definition(
        TRADES, "Winning trades", COUNT, "Trades with a net P&L above zero."
    ),
    "losing_trades": Definition(
        TRADES, "Losing trades", COUNT, "Trades with a net P&L below zero."
    ),
    "win_rate": Definition(TRADES, "Win rate", FRACTION, "Winning trades over all trades."),
    "loss_rate": Definition(TRADES, "Loss rate", FRACTION, "Losing trades over all trades."),
    "profit_factor": Definition(
        TRADES,
        "Profit factor",
        RATIO,
        "Sum of net P&L of winning trades over the absolute sum of losing trades.",
    ),
    "payoff_ratio": Definition(TRADES, "Payoff ratio", RATIO, "avg_win / |avg_loss|."),
    "expectancy": Definition(
        TRADES,
        "Expectancy per trade",
        MONEY,
        "win_rate x avg_win + loss_rate x avg_loss, which is the mean net P&L of a trade.",
    ),
    "avg_trade_pnl": Definition(TRADES, "Average trade", MONEY, "Mean net P&L of a trade."),
    "median_trade_pnl": Definition(TRADES, "Median trade", MONEY, "Median net P&L of a trade."),
    "trade_pnl_deviation": Definition(
        TRADES,
        "Deviation of trades",
        MONEY,
        "Standard deviation (ddof 1) of the net P&L of trades.",
    ),
    "avg_trade_return_pct": Definition(
        TRADES,
        "Average trade return",
        FRACTION,
        "Mean over trades of net P&L / (entry price x quantity x multiplier).",
    ),
    "best_trade_return_pct": Definition(
        TRADES, "Best trade return", FRACTION, "Highest net P&L / entry notional of a trade."
    ),
    "worst_trade_return_pct": Definition(
        TRADES, "Worst trade return", FRACTION, "Lowest net P&L / entry notional of a trade."
    ),
    "avg_win": Definition(TRADES, "Average win", MONEY, "Mean net P&L of winning trades."),
    "avg_loss": Definition(
        TRADES, "Average loss", MONEY, "Mean net P&L of losing trades, negative."
    ),
    "largest_win": Definition(TRADES, "Largest win", MONEY, "Highest net P&L of a winning trade."),
    "largest_loss": Definition(
        TRADES, "Largest loss", MONEY, "Lowest net P&L of a losing trade, negative."
    ),
    "max_consecutive_wins": Definition(
        TRADES,
        "Most wins in a row",
        COUNT,
        "Most winning trades in a row, in order of exit; any other trade ends a row.",
    ),
    "max_consecutive_losses": Definition(
        TRADES,
        "Most losses in a row",
        COUNT,
        "Most losing trades in a row, in order of exit; any other trade ends a row.",
    ),
    "sqn": Definition(
        TRADES,
        "System quality number",
        RATIO,
        "sqrt(n) x mean / standard deviation (ddof 1) of the net P&L of trades.",
    ),
    "kelly_fraction": Definition(
        TRADES,
        "Kelly fraction",
        FRACTION,
        "w - (1 - w) / payoff_ratio, with w = winning trades / (winning + losing trades).",
    ),
    "trades_per_year": Definition(
        TRADES, "Trades per year", "per_year", "Trades over years of 365.25 days."
    ),
    "long_trades": Definition(TRADES, "Long trades", COUNT, "Trades that bought first."),
    "long_win_rate": Definition(
        TRADES, "Win rate of long trades", FRACTION, "Winning long trades over long trades."
    ),
    "long_pnl": Definition(TRADES, "P&L of long trades", MONEY, "Sum of net P&L of long trades."),
    "short_trades": Definition(TRADES, "Short trades", COUNT, "Trades that sold first."),
    "short_win_rate": Definition(
        TRADES, "Win rate of short trades", FRACTION, "Winning short trades over short trades."
    ),
    "short_pnl": Definition(
        TRADES, "P&L of short trades", MONEY, "Sum of net P&L of short trades."
    ),
    "avg_holding_days": Definition(
        HELD,
        "Average holding, days",
        "days",
        "Mean time from entry to exit of a trade, in days of 24 hours.",
    ),
    "avg_holding_bars": Definition(
        HELD, "Average holding, bars", "bars", "Mean of exit bar minus entry bar of a trade."
    ),
    "max_holding_days": Definition(
        HELD,
        "Longest holding, days",
        "days",
        "Longest time from entry to exit of a trade, in days of 24 hours.",
    ),
    "avg_win_holding_days": Definition(
        HELD,
        "Average holding of wins, days",
        "days",
        "Mean time from entry to exit of winning trades, in days of 24 hours.",
    ),
    "avg_loss_holding_days": Definition(
        HELD,
        "Average holding of losses, days",
        "days",
        "Mean time from entry to exit of losing trades, in days of 24 hours.",
    ),
    "avg_mae": Definition(
        HELD,
        "Average worst while held",
        FRACTION,
        "Mean maximum adverse excursion: worst price while held, as fraction of the entry price.",
    ),
    "median_mae": Definition(
        HELD, "Median worst while held", FRACTION, "Median maximum adverse excursion of trades."
    ),
    "worst_mae": Definition(
        HELD, "Worst while held", FRACTION, "Lowest maximum adverse excursion of a trade."
    ),
    "avg_mae_wins": Definition(
        HELD,
        "Average worst while held, wins",
        FRACTION,
        "Mean maximum adverse excursion of winning trades: what a tighter stop would have cut.",
    ),
    "avg_mfe": Definition(
        HELD,
        "Average best while held",
        FRACTION,
        "Mean maximum favourable excursion: best price while held, as fraction of the entry price.",
    ),
    "median_mfe": Definition(
        HELD, "Median best while held", FRACTION, "Median maximum favourable excursion of trades."
    ),
    "best_mfe": Definition(
        HELD, "Best while held", FRACTION, "Highest maximum favourable excursion of a trade."
    ),
    "avg_mfe_losses": Definition(
        HELD,
        "Average best while held, losses",
        FRACTION,
        "Mean maximum favourable excursion of losing trades: what was given back.",
    ),
    "edge_ratio": Definition(HELD, "Edge ratio", RATIO, "avg_mfe / |avg_mae|."),
    "mfe_captured": Definition(
        HELD,
        "Share of the best that was kept",
        FRACTION,
        "Sum over trades of the move from entry to exit price in the direction of the "
        "trade, over the sum of the maximum favourable excursions, all as fractions of the "
        "entry price.",
    ),
    "time_in_market": Definition(
        EXPOSURE,
        "Time in market",
        FRACTION,
        "Rows with a position, over all rows after the opening one.",
    ),
    "exposure_gross": Definition(
        EXPOSURE,
        "Gross exposure",
        FRACTION,
        "Mean over session ends of (long + short notional) / equity.",
    ),
    "exposure_net": Definition(
        EXPOSURE,
        "Net exposure",
        FRACTION,
        "Mean over session ends of (long - short notional) / equity.",
    ),
    "exposure_long": Definition(
        EXPOSURE, "Long exposure", FRACTION, "Mean over session ends of long notional / equity."
    ),
    "exposure_short": Definition(
        EXPOSURE,
        "Short exposure",
        FRACTION,
        "Mean over session ends of short notional / equity, positive.",
    ),
    "max_gross_exposure": Definition(
        EXPOSURE,
        "Highest gross exposure",
        FRACTION,
        "Largest (long + short notional) / equity of all rows.",
    ),
    "max_net_exposure": Definition(
        EXPOSURE,
        "Highest net exposure",
        FRACTION,
        "Largest (long - short notional) / equity of all rows.",
    ),
    "min_net_exposure": Definition(
        EXPOSURE,
        "Lowest net exposure",
        FRACTION,
        "Smallest (long - short notional) / equity of all rows; below zero where shorts prevailed.",
    ),
    "avg_positions": Definition(
        EXPOSURE, "Positions held", RATIO, "Positions at session closes over sessions."
    ),
    "max_positions": Definition(
        EXPOSURE, "Most positions held", COUNT, "Most positions at one session close."
    ),
    "avg_position_pct": Definition(
        EXPOSURE,
        "Average position",
        FRACTION,
        "Mean |market value| / session-end equity of the positions at session closes.",
    ),
    "max_position_pct": Definition(
        EXPOSURE,
        "Largest position",
        FRACTION,
        "Largest |market value| / session-end equity of a position at a session close.",
    ),
    "turnover": Definition(
        EXPOSURE,
        "Turnover per year",
        "per_year",
        "min(money bought, money sold) / mean equity of session ends / years of 365.25 days.",
    ),
    "traded_notional": Definition(
        EXPOSURE, "Traded notional", MONEY, "Sum over fills of price x quantity x multiplier."
    ),
    "n_orders": Definition(EXPOSURE, "Orders", COUNT, "Orders that the strategy sent."),
    "orders_filled": Definition(
        EXPOSURE, "Orders with a fill", COUNT, "Orders with at least one fill."
    ),
    "n_fills": Definition(EXPOSURE, "Fills", COUNT, "Executions of orders."),
    "avg_margin_utilisation": Definition(
        MARGIN,
        "Margin used",
        FRACTION,
        "Mean over session ends of gross exposure / (k x equity), k being the most leverage"
        " the account allows (1 for a cash account).",
    ),
    "max_margin_utilisation": Definition(
        MARGIN, "Most margin used", FRACTION, "Largest gross exposure / (k x equity) of all rows."
    ),
    "min_margin_headroom": Definition(
        MARGIN,
        "Least room for positions",
        MONEY,
        "Lowest k x equity - gross exposure of all rows: notional that could still be opened.",
    ),
    "rows_over_limit": Definition(
        MARGIN,
        "Rows over the limit",
        COUNT,
        "Rows whose gross exposure is above k x equity, because prices moved after the fills.",
    ),
    "min_distance_to_liquidation": Definition(
        MARGIN,
        "Least distance to zero equity",
        FRACTION,
        "Lowest equity / gross exposure of the rows with a position: the move against every"
        " position at once, as fraction of its price, that takes equity to zero.",
    ),
    "avg_distance_to_liquidation": Definition(
        MARGIN,
        "Average distance to zero equity",
        FRACTION,
        "Mean equity / gross exposure of the session ends with a position.",
    ),
    "rows_without_equity": Definition(
        MARGIN, "Rows without equity", COUNT, "Rows with an equity of zero or below."
    ),
    "total_commission": Definition(
        COSTS, "Commission", MONEY, "Sum of the commissions of all fills."
    ),
    "total_fees": Definition(COSTS, "Fees", MONEY, "Sum of the fees of all fills."),
    "total_slippage": Definition(
        COSTS,
        "Slippage and impact",
        MONEY,
        "Sum over fills of the money lost between the raw price and the fill price.",
    ),
    "conversion_costs": Definition(
        COSTS,
        "Changing money",
        MONEY,
        "Sum over all changes of money between another currency and the run's of |amount x rate| "
        "x config.conversion.cost.",
    ),
    "total_costs": Definition(
        COSTS,
        "All costs",
        MONEY,
        "total_commission + total_fees + total_slippage + conversion_costs.",
    ),
    "cost_share_of_gross": Definition(
        COSTS, "Costs over P&L before costs", FRACTION, "total_costs / |net_profit + total_costs|."
    ),
    "fee_share_of_gross": Definition(
        COSTS,
        "Commission and fees over P&L before costs",
        FRACTION,
        "(total_commission + total_fees) / |net_profit + total_costs|.",
    ),
    "slippage_share_of_gross": Definition(
        COSTS,
        "Slippage over P&L before costs",
        FRACTION,
        "total_slippage / |net_profit + total_costs|.",
    ),
    "cost_per_year_pct": Definition(
        COSTS,
        "Costs per year over equity",
        FRACTION,
        "total_costs / mean equity of session ends / years of 365.25 days.",
    ),
    "fee_per_year_pct": Definition(
        COSTS,
        "Commission and fees per year over equity",
        FRACTION,
        "(total_commission + total_fees) / mean equity of session ends / years of 365.25 days.",
    ),
    "slippage_per_year_pct": Definition(
        COSTS,
        "Slippage per year over equity",
        FRACTION,
        "total_slippage / mean equity of session ends / years of 365.25 days.",
    ),
    "fee_bps": Definition(
        COSTS,
        "Commission and fees, basis points",
        "bps",
        "10,000 x (total_commission + total_fees) / traded_notional.",
    ),
    "slippage_per_order": Definition(
        COSTS, "Slippage per order", MONEY, "total_slippage over orders with a fill."
    ),
    "slippage_per_order_bps": Definition(
        COSTS,
        "Slippage, basis points",
        "bps",
        "10,000 x total_slippage over the sum of raw price x quantity x multiplier of all "
        "fills, that is weighted by money.",
    ),
    "break_even_cost_bps": Definition(
        COSTS,
        "Costs that leave no profit, basis points",
        "bps",
        "10,000 x (net_profit + total_costs) / traded_notional: costs of this size take all"
        " profit; below zero there is none before costs.",
    ),
}
