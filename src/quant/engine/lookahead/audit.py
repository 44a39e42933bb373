"""``qt.audit_lookahead``: does a strategy decide by what was not yet known?"""

from __future__ import annotations

import filecmp
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from quant.engine.inputs import config_of, day_of, load_for, strategy_of
from quant.engine.lookahead.job import Job, StrategyPlace, marks_of, place_of_strategy
from quant.engine.lookahead.judging import Judge
from quant.engine.lookahead.launch import Launcher
from quant.engine.lookahead.suspicion import long_parameters
from quant.engine.lookahead.verdict import LookAheadAudit
from quant.engine.timeline import period_of
from quant.errors import ConfigError, StrategyError, nearest
from quant.lake import Bars, DataOptions
from quant.model.config import Config
from quant.strategy.base import Strategy, check_hooks
from quant.strategy.witness import Decision

__all__ = ["AT_DECISIONS", "Subject", "AuditSettings", "audit_lookahead", "audit_subject"]

Progress = Callable[[int, int], None]
AT_DECISIONS = 100
_LEAST = 20
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """How to audit, and what the user vouches for; see `audit_lookahead`.

    Attributes
    ----------
    known, files : tuples of str
        Columns known at the end of their row's bar; files or folders that may be read.
    cuts : int
        Directly after decisions.
    workers : int or None
        Processes at a time.
    on_progress : callable or None
        Called with (runs done, runs in all).
    """

    known: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    cuts: int = AT_DECISIONS
    workers: int | None = None
    on_progress: Progress | None = None


_AS_USUAL = AuditSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A strategy as it is before a run, so that it can be made anew; or why it cannot be.

    Attributes
    ----------
    place : StrategyPlace or None
    marks : mapping of str to str
        Of its attributes, see `marks_of`.
    why_not : str
        Why it cannot be audited; empty if it can.
    """

    place: StrategyPlace | None
    marks: Mapping[str, str]
    why_not: str = ""

    @classmethod
    def of(cls, strategy: Strategy) -> Subject:
        """The strategy as it is now."""
        marks = marks_of(strategy)
        long = long_parameters(strategy._given)
        if long:
            text = (
                f"The parameter {long[0]} holds so many values that it could hold the future. Hand "
                "it over as a column of the data, or as a declared file."
            )
            return cls(place=None, marks=marks, why_not=text)
        try:
            return cls(place=place_of_strategy(strategy), marks=marks)
        except StrategyError as error:
            return cls(place=None, marks=marks, why_not=str(error))


def audit_lookahead(
    strategy: Strategy | type[Strategy],
    data: Any,
    *,
    config: Config | Mapping[str, Any] | None = None,
    start: date | datetime | str | None = None,
    end: date | datetime | str | None = None,
    seed: int | None = None,
    options: DataOptions | None = None,
    known: Sequence[str] = (),
    files: Sequence[str | Path] = (),
    cuts: int = AT_DECISIONS,
    workers: int | None = None,
    on_progress: Progress | None = None,
) -> LookAheadAudit:
    """Find out whether a strategy's decisions depend on what was not yet known.

    The strategy is run again in fresh processes, with the future cut off directly after decisions
    and at random times, and with noise in place of the future. Every order, target, cancel, limit
    and timer before the cut must be the same, in the same order.

    Parameters
    ----------
    strategy : Strategy class or instance
        Its source must be a file: a fresh process has to import it.
    data, config, start, end, seed, options
        As in `quant.backtest`.
    known : sequence of str
        Columns beyond open, high, low, close and volume that you vouch were known at the end of
        their row's bar.
    files : sequence of path
        Files or folders that the strategy may read, and that you vouch hold nothing later than the
        start of the run.
    cuts : int
        Cuts directly after decisions, at least 20; all decisions if there are fewer.
    workers : int, optional
        Processes at a time; by default all processors.
    on_progress : callable, optional
        Called with (runs done, runs in all).

    Returns
    -------
    LookAheadAudit
        ``passed``, ``failed`` with the first decision that changed, or ``not certifiable`` with the
        reason: it reads undeclared files or columns, ignores its data, does not repeat itself.

    Raises
    ------
    ConfigError, StrategyError, DataError
        For mistakes in settings, strategy and data, before the first run.

    Notes
    -----
    A cut shows a peek only where it changes a decision. A strategy that passes may still have been
    fitted to the years it is tested on.

    Examples
    --------
    >>> import quant as qt
    >>> audit = qt.audit_lookahead(
    ...     qt.MovingAverageCross(20, 100), qt.sample("sp500"), end="2002-12-31", cuts=20
    ... )
    >>> audit.verdict
    'passed'
    """
    ready, settings = strategy_of(strategy), config_of(config, seed)
    bars = load_for(data, settings, options)
    check_hooks(ready)
    return audit_subject(
        Subject.of(ready),
        bars,
        settings,
        (day_of("start", start), day_of("end", end)),
        AuditSettings(
            known=tuple(known),
            files=tuple(map(str, files)),
            cuts=cuts,
            workers=workers,
            on_progress=on_progress,
        ),
    )


def audit_subject(
    subject: Subject,
    bars: Bars,
    config: Config,
    dates: tuple[date | None, date | None],
    settings: AuditSettings = _AS_USUAL,
    *,
    expected: list[Decision] | None = None,
) -> LookAheadAudit:
    """The audit of a strategy that was made ready before its run; see `audit_lookahead`.

    Parameters
    ----------
    subject : Subject
    bars : Bars
    config : Config
    dates : (date or None, date or None)
        First and last session.
    settings : AuditSettings
    expected : list of Decision, optional
        What the run to be certified decided: the strategy made anew must decide the same.
    """
    if not Launcher.is_allowed:
        raise StrategyError(
            "audit_lookahead: expected not to be called while a strategy's file is imported, found "
            'that it is; put the call under if __name__ == "__main__":.'
        )
    _check(bars, settings)
    period = period_of(bars, *dates)
    if subject.place is None:
        return LookAheadAudit(verdict="not certifiable", text=subject.why_not)
    days = bars.calendar.days
    with Launcher(settings.workers) as launcher:
        path = launcher.path / "bars"
        path.write_bytes(pickle.dumps(bars))
        job = Job(
            place=subject.place,
            bars=path,
            config=config,
            start=_EPOCH + timedelta(days=int(days[period.first])),
            end=_EPOCH + timedelta(days=int(days[period.last])),
            cut=None,
            confinement=None,
            report=path,
        )
        judge = Judge(launcher, job, bars, settings.known, settings.files, subject.marks, expected)
        judge.on_progress = settings.on_progress
        return judge.judge(settings.cuts)


def _check(bars: Bars, settings: AuditSettings) -> None:
    """Raise unless what the user vouches for exists, and there are cuts enough."""
    known, files, cuts = settings.known, settings.files, settings.cuts
    for column in known:
        if column not in bars.columns:
            raise ConfigError(
                f"known: expected columns of the data ({', '.join(bars.columns)}), found "
                f"{column!r}; correct it.{nearest(column, bars.columns)}"
            )
    for file in files:
        if not Path(file).exists():
            raise ConfigError(
                f"{file}: expected a file or folder to declare, found none; correct it."
            )
        source = bars.source
        if source.kind in ("csv", "parquet") and _is_same_file(Path(file), Path(source.name)):
            raise ConfigError(
                f"{file}: expected other files than the data of the run, found the same; take it "
                "out."
            )
    if not isinstance(cuts, int) or cuts < _LEAST:
        raise ConfigError(
            f"cuts: expected a whole number of {_LEAST} or more, found {cuts!r}; change it."
        )


def _is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, or to the same bytes."""
    if one.resolve() == other.resolve():
        return True
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)
