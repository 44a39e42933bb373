"""``quant demo``: two strategies on bundled real data."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from quant.cli.progress import progress_bar
from quant.cli.tables import print_json, print_summary
from quant.engine.backtest import simulate
from quant.engine.folder import RunFolder, prepare_folder
from quant.engine.run import Run
from quant.lake import load_bars
from quant.model.config import Config
from quant.model.parse import config_from
from quant.strategy.base import Strategy
from quant.strategy.context import Context
from quant.strategy.helpers import MovingAverageCross
from quant.strategy.market import Slice

__all__ = ["INDEX_CONFIG", "STOCKS_CONFIG", "Momentum", "run_demo"]

# The bundled index repeats the close before as its open in several years, so the next open would
# be the very close that was decided on: the demo fills at the next close instead.
INDEX_CONFIG = {
    "execution": {"timing": "next_close"},
    "commission": {"kind": "rate", "rate": 0.0005},
    "slippage": {"kind": "rate", "rate": 0.0002},
}
# Adjusted prices are not what was paid: costs are rates, quantities fractions of a share.
STOCKS_CONFIG = {
    "instruments": {"default": {"increment": "0.0001"}},
    "commission": {"kind": "rate", "rate": 0.0005},
    "slippage": {"kind": "rate", "rate": 0.0005},
}


class Momentum(Strategy):
    """Once a month, hold the ``top`` of all symbols by return over a year, the last month left out.

    Parameters
    ----------
    lookback, skip : int
        Bars from which and up to which the return counts, back from now.
    top : int
        How many to hold, equally.
    """

    def __init__(self, lookback: int = 252, skip: int = 21, top: int = 5) -> None:
        self.lookback, self.skip, self.top = lookback, skip, top
        self.warmup = lookback + 1

    def on_slice(self, market: Slice, ctx: Context) -> None:
        """Choose again at the first close of each month."""
        if ctx.session.month == self.state.get("month"):
            return
        self.state["month"] = ctx.session.month
        closes = ctx.data.get(ctx.symbols, "close", self.lookback + 1)
        if len(closes) <= self.lookback:
            return
        returns = closes[-1 - self.skip] / closes[0] - 1.0
        best = set(np.argsort(returns)[-self.top :].tolist())
        for i, symbol in enumerate(market.symbols):
            weight = 0.98 / self.top if i in best else 0.0
            ctx.order_target(symbol, weight=weight)


def _one(
    strategy: Strategy, data: str, settings: dict[str, object], out: str
) -> tuple[Run, RunFolder]:
    bars = load_bars(data)
    config: Config = config_from(settings)
    with progress_bar(type(strategy).__name__) as on_progress:
        run = simulate(strategy, bars, config, on_progress=on_progress)
    if run.failure is not None:
        raise run.failure.error
    return run, run.save(out)


def run_demo(out: str, *, as_json: bool) -> int:
    """Run both, print their figures against buy and hold, and where the reports are."""
    prepare_folder(Path(out))
    print(
        "quant demo: a moving-average cross on the S&P 500 index (2000–2020, filled at the next "
        "close: in several years of this data the open repeats the close before), and monthly "
        "momentum over 20 stocks (1990–2022, survivors at adjusted prices). Both pay costs.",
        file=sys.stderr,
    )
    runs = [
        _one(MovingAverageCross(20, 100), "sample:sp500", INDEX_CONFIG, out),
        _one(Momentum(), "sample:us20", STOCKS_CONFIG, out),
    ]
    if as_json:
        print_json([{"run_id": f.run_id, "report": str(f.report), **r.metrics} for r, f in runs])
    else:
        print_summary(runs)
    return 0
