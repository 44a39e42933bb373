"""``qt.backtest``: a strategy, data and settings in, a run out."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from quant.engine.benchmark import benchmark_name
from quant.engine.flows import check_flows
from quant.engine.inputs import config_of, day_of, load_for, strategy_of
from quant.engine.interrupts import noticing_interrupts
from quant.engine.journal import in_words
from quant.engine.lookahead.audit import Subject, audit_subject
from quant.engine.run import Failure, Run
from quant.engine.simulation import Simulation
from quant.errors import ConfigError
from quant.kernel.cache import is_warm, mark_warm
from quant.kernel.jit import INTERPRETED
from quant.lake import Bars, DataOptions
from quant.model.config import Config
from quant.strategy.base import Strategy, check_hooks
from quant.strategy.witness import Witness

__all__ = ["backtest", "simulate"]

Progress = Callable[[int, int], None]


def simulate(
    strategy: Strategy,
    bars: Bars,
    config: Config,
    *,
    start: date | None = None,
    end: date | None = None,
    on_progress: Progress | None = None,
    witness: Witness | None = None,
) -> Run:
    """Run to the end, or to the event that fails; a failure is part of the run.

    Raises
    ------
    ConfigError, DataError, StrategyError
        Only for what is wrong before the first event.
    """
    check_hooks(strategy)
    _check_benchmark(config, bars)
    check_flows(config, bars)
    _announce_first_compile()
    simulation = Simulation(strategy, bars, config, start=start, end=end, witness=witness)
    failure: Failure | None = None
    with noticing_interrupts() as interrupts:
        try:
            simulation.prepare()
            total = simulation.n_slices

            def tell(done: int) -> None:
                if interrupts:  # raised where someone swallowed it
                    raise KeyboardInterrupt
                if on_progress is not None:
                    on_progress(done, total)

            tell(simulation.slice)
            simulation.advance(on_progress=tell)
            simulation.finish()
        except BaseException as error:  # whatever a strategy may raise is part of its run
            simulation.break_off()
            failure = _failure(simulation, error, is_interrupted=bool(interrupts))
    if simulation.slice > 0 and not INTERPRETED:  # a run that ended before compiled nothing
        mark_warm()
    run = Run(simulation, failure)
    if failure is None:
        run.check()
    return run


def _check_benchmark(config: Config, bars: Bars) -> None:
    """Raise before the run what would else be found after it."""
    if not isinstance(config.benchmark, str):
        raise ConfigError(
            f"config benchmark: expected buy_and_hold, none or a symbol, found "
            f"{config.benchmark!r}; correct it."
        )
    benchmark_name(config.benchmark, bars)


def _failure(simulation: Simulation, error: BaseException, *, is_interrupted: bool) -> Failure:
    """Why a run ended early, also told to its log."""
    if is_interrupted or isinstance(error, KeyboardInterrupt):
        simulation.journal.note("interrupted", level="warning")
        told = error if isinstance(error, KeyboardInterrupt) else KeyboardInterrupt()
        return Failure(status="interrupted", error=told, traceback="")
    text = "".join(traceback.format_exception(error))
    simulation.journal.note("failed", level="error", error=in_words(error), traceback=text)
    return Failure(status="failed", error=error, traceback=text)


def _announce_first_compile() -> None:
    """Say what is happening when the kernel of this installation is compiled for the first time."""
    if not INTERPRETED and not is_warm():
        print(
            "quant: compiling its kernel for this installation, once (some 15 to 30 seconds) …",
            file=sys.stderr,
            flush=True,
        )


def backtest(
    strategy: Strategy | type[Strategy],
    data: Any,
    *,
    config: Config | Mapping[str, Any] | None = None,
    start: date | datetime | str | None = None,
    end: date | datetime | str | None = None,
    seed: int | None = None,
    options: DataOptions | None = None,
    certify: bool = False,
    on_progress: Progress | None = None,
) -> Run:
    """Run a strategy on history.

    Parameters
    ----------
    strategy : Strategy class or instance
        A class is made with its default parameters.
    data : polars or pandas frame, dict of frames by symbol, path, ``sample:NAME``, qt.sample(...)
        Bars in long form: ts, symbol, open, high, low, close, volume. Only the time and a close are
        indispensable.
    config : Config or mapping, optional
        Settings; a mapping has the keys of the YAML file.
    start, end : date or ISO text, optional
        Session labels, both inclusive. Rows before ``start`` only feed views and indicators.
    seed : int, optional
        Overrides the seed of ``config``.
    options : DataOptions, optional
        How to read the data: time zone, bar length, columns.
    certify : bool
        Audit the strategy for look-ahead as well; the verdict is ``run.audit`` and goes into the
        manifest and the report. `audit_lookahead` has more to set.
    on_progress : callable, optional
        Called now and then with (timestamps done, timestamps in all).

    Returns
    -------
    Run
        Tables and figures; ``run.save()`` writes the run folder.

    Raises
    ------
    ConfigError, StrategyError, DataError, OrderError
        For mistakes in settings, strategy, data and orders.
    Exception
        Whatever the strategy raises, as it raised it.

    Examples
    --------
    >>> import quant as qt
    >>> class Hold(qt.Strategy):
    ...     def on_bar(self, bar, ctx):
    ...         ctx.order_target(bar.symbol, weight=0.5)
    >>> run = qt.backtest(Hold, qt.sample("sp500"), start="2010-01-04", end="2010-12-31")
    >>> run.equity["session"][0]
    datetime.date(2010, 1, 4)
    """
    ready = strategy_of(strategy)
    settings = config_of(config, seed)
    bars = load_for(data, settings, options)
    subject = Subject.of(ready) if certify else None
    witness = Witness() if certify else None
    run = simulate(
        ready,
        bars,
        settings,
        start=day_of("start", start),
        end=day_of("end", end),
        on_progress=on_progress,
        witness=witness,
    )
    if run.failure is not None:
        raise run.failure.error
    if subject is not None and witness is not None:
        period = (day_of("start", start), day_of("end", end))
        run.audit = audit_subject(subject, bars, settings, period, expected=witness.decisions)
    return run
