"""The metrics of a run as eight frozen groups, for programs that want attributes and types.

Every field is the metric of the same name; nothing is computed here a second time. What does not
exist is None; ``run.metric_details`` says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from quant.errors import RunError

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "BacktestMetricsV2",
    "DrawdownMetrics",
    "EntryFrictionMetrics",
    "ExposureMetrics",
    "LiquidationProximityMetrics",
    "MarginStressMetrics",
    "PerformanceMetrics",
    "RiskAdjustedMetrics",
    "TradeQualityMetrics",
]

Value: TypeAlias = float | int | None
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceMetrics:
    """What was earned, how fast and how evenly."""

    total_return: Value
    time_weighted_return: Value
    money_weighted_return: Value
    net_flows: Value
    net_profit: Value
    total_pnl: Value
    cagr: Value
    volatility: Value
    start_equity: Value
    end_equity: Value
    n_sessions: Value
    hit_rate: Value
    best_session: Value
    worst_session: Value
    best_month: Value
    worst_month: Value
    positive_months: Value
    best_year: Value
    worst_year: Value
    positive_years: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawdownMetrics:
    """How far equity fell below earlier peaks, and how long it took to come back.

    Attributes
    ----------
    underwater : polars.DataFrame
        ``ts, session, drawdown``: the fraction below the highest equity so far, of every row.
    """

    max_drawdown_pct: Value
    max_drawdown_abs: Value
    max_drawdown_fall_days: Value
    max_drawdown_recovery_days: Value
    longest_drawdown_days: Value
    longest_drawdown_sessions: Value
    n_drawdowns: Value
    avg_drawdown_pct: Value
    avg_drawdown_days: Value
    avg_recovery_days: Value
    current_drawdown_pct: Value
    underwater_share: Value
    ulcer_index: Value
    underwater: pl.DataFrame = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeQualityMetrics:
    """What the closed trades were worth."""

    total_trades: Value
    winning_trades: Value
    losing_trades: Value
    win_rate: Value
    loss_rate: Value
    avg_win: Value
    avg_loss: Value
    largest_win: Value
    largest_loss: Value
    payoff_ratio: Value
    profit_factor: Value
    expectancy: Value
    avg_trade_return_pct: Value
    sqn: Value
    kelly_fraction: Value
    max_consecutive_wins: Value
    max_consecutive_losses: Value
    avg_holding_days: Value
    avg_mae: Value
    avg_mfe: Value
    edge_ratio: Value
    mfe_captured: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskAdjustedMetrics:
    """Return against risk."""

    sharpe: Value
    sortino: Value
    calmar: Value
    omega: Value
    martin_ratio: Value
    gain_to_pain: Value
    recovery_factor: Value
    cagr_over_volatility: Value
    tail_ratio: Value
    stability: Value
    probabilistic_sharpe: Value
    information_ratio: Value
    treynor: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginStressMetrics:
    """How much of the leverage that the account allows was used."""

    avg_margin_utilisation: Value
    max_margin_utilisation: Value
    min_margin_headroom: Value
    rows_over_limit: Value
    min_distance_to_liquidation: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFrictionMetrics:
    """What fees, slippage and changing money took, in money, of the profit, of equity and of what
    was traded."""

    total_commission: Value
    total_fees: Value
    total_slippage: Value
    conversion_costs: Value
    total_costs: Value
    cost_share_of_gross: Value
    fee_share_of_gross: Value
    slippage_share_of_gross: Value
    cost_per_year_pct: Value
    fee_per_year_pct: Value
    slippage_per_year_pct: Value
    fee_bps: Value
    slippage_per_order: Value
    slippage_per_order_bps: Value
    break_even_cost_bps: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationProximityMetrics:
    """How near equity came to zero."""

    min_distance_to_liquidation: Value
    avg_distance_to_liquidation: Value
    min_equity: Value
    min_equity_pct: Value
    rows_without_equity: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureMetrics:
    """How large positions were, how long they stood, how much was traded."""

    time_in_market: Value
    exposure_gross: Value
    exposure_net: Value
    exposure_long: Value
    exposure_short: Value
    max_gross_exposure: Value
    max_net_exposure: Value
    min_net_exposure: Value
    avg_positions: Value
    max_positions: Value
    avg_position_pct: Value
    max_position_pct: Value
    turnover: Value
    traded_notional: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestMetricsV2:
    """The metrics of one run in eight groups."""

    performance: PerformanceMetrics
    drawdown: DrawdownMetrics
    trade_quality: TradeQualityMetrics
    risk_adjusted: RiskAdjustedMetrics
    margin_stress: MarginStressMetrics
    entry_friction: EntryFrictionMetrics
    liquidation_proximity: LiquidationProximityMetrics
    exposure: ExposureMetrics

    @classmethod
    def of(cls, values: Mapping[str, Value], underwater: pl.DataFrame) -> BacktestMetricsV2:
        """Sort metrics into their groups.

        Parameters
        ----------
        values : mapping of str to number or None
            Every metric by name.
        underwater : polars.DataFrame
            ``ts, session, drawdown`` of every equity row.

        Raises
        ------
        RunError
            If a metric is missing, as in a run folder of an earlier version.
        """
        return cls(
            performance=_group(PerformanceMetrics, values),
            drawdown=_group(DrawdownMetrics, values, underwater=underwater),
            trade_quality=_group(TradeQualityMetrics, values),
            risk_adjusted=_group(RiskAdjustedMetrics, values),
            margin_stress=_group(MarginStressMetrics, values),
            entry_friction=_group(EntryFrictionMetrics, values),
            liquidation_proximity=_group(LiquidationProximityMetrics, values),
            exposure=_group(ExposureMetrics, values),
        )


def _group(kind: type[_T], values: Mapping[str, Value], **more: Any) -> _T:
    """One group, each field by its name."""
    names = [one.name for one in fields(kind) if one.name not in more]  # type: ignore[arg-type]
    lacking = [name for name in names if name not in values]
    if lacking:
        raise RunError(
            f"metrics: expected {lacking[0]}, found {len(values)} others; the run was saved by an "
            "earlier version: run the backtest again."
        )
    return kind(**{name: values[name] for name in names}, **more)
