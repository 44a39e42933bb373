"""The strategy of the bundled system sp500-weekly-trend: two timeframes, one signal."""

from __future__ import annotations

from typing import Any

import quant as qt
from quant.strategy import FeatureSet

__all__ = ["WeeklyTrend"]


class WeeklyTrend(qt.SignalStrategy):
    """Long while day and week both point up.

    Parameters
    ----------
    fast : int
        Days of the daily mean.
    weeks : int
        Complete weeks of the weekly mean.
    """

    fast: int = 20
    weeks: int = 30

    def declare(self, features: FeatureSet, params: dict[str, Any]) -> None:
        """Both means."""
        features.add("fast", "rolling_mean", n=params["fast"])
        features.add("slow", "rolling_mean", tf="1w", n=params["weeks"])

    def generate_signal(
        self, snapshot: qt.RuntimeSnapshot, params: dict[str, Any]
    ) -> qt.Signal | None:
        """Long or flat, from complete bars alone."""
        week = snapshot.htf
        is_up = week.bar.close > week.features["slow"]
        is_up = is_up and snapshot.bar.close > snapshot.features["fast"]
        return qt.Signal(
            symbol=snapshot.symbol,
            direction="LONG" if is_up else "FLAT",
            strategy="weekly-trend",
        )
