"""The eight groups of metrics, of a run in memory or on disk."""

from __future__ import annotations

import polars as pl

from quant.engine.folder import RunFolder
from quant.engine.run import Run
from quant.errors import RunError
from quant.report.proof import BacktestMetricsV2

__all__ = ["compute_proof_metrics"]


def compute_proof_metrics(run: Run | RunFolder) -> BacktestMetricsV2:
    """The metrics of a run in eight frozen groups.

    Parameters
    ----------
    run : Run or RunFolder
        From ``qt.backtest`` or ``qt.open_run``. Of a folder, what is stored is read, not computed.

    Raises
    ------
    RunError
        If it is no run, or a folder that is damaged or was written by an earlier version.

    Examples
    --------
    >>> import quant as qt
    >>> run = qt.backtest(qt.MovingAverageCross, qt.sample("sp500"), end="2001-12-31")
    >>> proof = qt.compute_proof_metrics(run)
    >>> proof.drawdown.max_drawdown_pct == run.metrics["max_drawdown_pct"]
    True
    """
    if isinstance(run, Run):
        return run.metrics_v2
    if not isinstance(run, RunFolder):
        raise RunError(
            f"compute_proof_metrics: expected a run, found {type(run).__name__}; pass what "
            "qt.backtest gave, or qt.open_run(...) of a run folder."
        )
    values = {name: entry["value"] for name, entry in run.metrics.items()}
    underwater = run.table("equity").select(
        pl.col("ts").str.to_datetime(time_unit="ns", time_zone="UTC"),
        pl.col("session").cast(pl.String).str.to_date(),
        pl.col("drawdown"),
    )
    return BacktestMetricsV2.of(values, underwater)
