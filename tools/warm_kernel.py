"""Compile everything once, so that test workers find it on disk instead of each compiling it."""

from __future__ import annotations

import quant as qt
from quant.engine.everything import UsesEverything
from quant.strategy.helpers import VolatilityTarget


def main() -> None:
    """One short run of each kind."""
    for strategy in (UsesEverything(), VolatilityTarget()):
        run = qt.backtest(strategy, qt.sample("sp500"), end="2000-12-29")
        assert run.metrics["total_trades"] is not None


if __name__ == "__main__":
    main()
