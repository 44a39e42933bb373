"""``qt.audit_lookahead``: plan the re-runs of a strategy, start them, judge what they decided."""

from __future__ import annotations

import pickle
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from quant.engine.inputs import config_of, day_of, load_for, strategy_of
from quant.engine.lookahead.job import Confinement, Cut, Job, place_of_strategy
from quant.engine.lookahead.launch import Launcher, Outcome
from quant.engine.lookahead.reach import Reach, reach_of
from quant.engine.lookahead.verdict import Difference, LookAheadAudit, difference
from quant.engine.timeline import period_of
from quant.errors import ConfigError, StrategyError, nearest
from quant.lake import Bars, DataOptions
from quant.lake.bars import PRICES
from quant.model.config import Config
from quant.seeds import generator
from quant.strategy.base import Strategy, check_hooks
from quant.strategy.witness import Decision

__all__ = ["AT_DECISIONS", "audit_lookahead"]

Progress = Callable[[int, int], None]
_EPOCH = date(1970, 1, 1)
AT_DECISIONS = 30
_AT_RANDOM = 6
_NOISED = 3
_WHAT_TO_DO = (
    "Take it out, hand it over as data, or declare it if it holds nothing later than the start of "
    "the run."
)
_GUARD = (
    " A file that runs a backtest when it is imported needs that part under "
    'if __name__ == "__main__":.'
)
_USUAL = {*PRICES, "volume"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """The cuts of an audit, by kind."""

    at_decisions: list[int]
    at_random: list[int]
    noised: list[int]

    @property
    def size(self) -> int:
        return len(self.at_decisions) + len(self.at_random) + len(self.noised)


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
        Cuts directly after decisions; all decisions if there are fewer.
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
    ...     qt.MovingAverageCross(20, 100), qt.sample("sp500"), end="2002-12-31", cuts=2
    ... )
    >>> audit.verdict
    'passed'
    """
    if not Launcher.is_allowed:
        raise StrategyError(
            "audit_lookahead: expected not to be called while a strategy's file is imported, found "
            'that it is; put the call under if __name__ == "__main__":.'
        )
    ready, settings = strategy_of(strategy), config_of(config, seed)
    bars = load_for(data, settings, options)
    check_hooks(ready)
    _check(bars, known, files, cuts)
    period = period_of(bars, day_of("start", start), day_of("end", end))
    try:
        place = place_of_strategy(ready)
    except StrategyError as error:
        return LookAheadAudit(verdict="not certifiable", text=str(error))
    days = bars.calendar.days
    with Launcher(workers) as launcher:
        path = launcher.path / "bars"
        path.write_bytes(pickle.dumps(bars))
        job = Job(
            place=place,
            bars=path,
            config=settings,
            start=_EPOCH + timedelta(days=int(days[period.first])),
            end=_EPOCH + timedelta(days=int(days[period.last])),
            cut=None,
            confinement=None,
            report=path,
        )
        audit = _Audit(launcher, job, bars, tuple(known), tuple(map(str, files)), on_progress)
        return audit.judge(cuts)


def _check(bars: Bars, known: Sequence[str], files: Sequence[str | Path], cuts: object) -> None:
    """Raise unless what the user vouches for exists, and there is a cut at all."""
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
    if not isinstance(cuts, int) or cuts < 1:
        raise ConfigError(f"cuts: expected a whole number of 1 or more, found {cuts!r}; change it.")


class _Audit:
    """One audit under way."""

    def __init__(
        self,
        launcher: Launcher,
        job: Job,
        bars: Bars,
        known: tuple[str, ...],
        files: tuple[str, ...],
        on_progress: Progress | None,
    ) -> None:
        self._launcher = launcher
        self._job = job
        self._bars = bars
        self._known = known
        self._files = files
        self._on_progress = on_progress

    def judge(self, cuts: int) -> LookAheadAudit:
        """Run with all data, run again shut in, then with the future hidden."""
        first = self._launcher.run(self._job)
        if first.error is not None:
            text = f"With all its data the strategy raised {_error_text(first.error)}"
            return self._found(first, "not certifiable", text, raised=True)
        source = self._bars.source
        data = source.name if source.kind in ("csv", "parquet") else None
        reach = reach_of(data, first.modules, self._files)
        plan = self._plan(first.decisions, cuts)
        self._tell(1, plan)
        again = self._launcher.run(self._shut_in(reach), hash_seed=1)
        self._tell(2, plan)
        reason = self._why_not_repeatable(first, again, reach)
        if reason:
            return self._found(first, "not certifiable", reason)
        outcomes = self._run_cuts(plan, reach)
        changed = self._first_change(first, plan, outcomes)
        if changed is not None:
            text = (
                f"At {changed.ts} it decided {changed.full} with all data, but {changed.hidden} "
                f"when what came after {changed.hidden_from} was hidden: it sees the future."
            )
            return self._found(first, "failed", text, plan=plan, changed=changed)
        reason = self._why_not_certifiable(first, again, plan, outcomes)
        if reason:
            return self._found(first, "not certifiable", reason, plan=plan)
        return self._found(first, "passed", _passed_text(first, plan), plan=plan)

    def _found(
        self,
        first: Outcome,
        verdict: Any,
        text: str,
        *,
        plan: _Plan | None = None,
        changed: Difference | None = None,
        raised: bool = False,
    ) -> LookAheadAudit:
        plan = plan or _Plan(at_decisions=[], at_random=[], noised=[])
        return LookAheadAudit(
            verdict=verdict,
            text=text,
            first=changed,
            n_decisions=len(first.decisions),
            cuts_at_decisions=len(plan.at_decisions),
            cuts_at_random=len(plan.at_random),
            noised=len(plan.noised),
            reads=tuple(first.reads),
            known=self._known,
            files=self._files,
            raised=raised,
        )

    def _tell(self, done: int, plan: _Plan) -> None:
        if self._on_progress is not None:
            self._on_progress(done, plan.size + 2)

    def _plan(self, decisions: Sequence[Decision], cuts: int) -> _Plan:
        """Cuts spread over the decisions, at other bars, and moments from which on is noise."""
        job, bars = self._job, self._bars
        random = generator(job.config.seed, "look-ahead audit plan")
        inside = (bars.session >= _index(bars, job.start)) & (bars.session <= _index(bars, job.end))
        ends = np.unique(bars.ts_close[inside])
        start = int(bars.ts_open[inside].min())
        times = sorted({int(d[0]) for d in decisions})
        picked = times
        if len(times) > cuts:
            # one from each of as many stretches of the decisions, the first and the last included
            edges = np.linspace(0, len(times), cuts + 1).astype(np.int64)
            places = [int(random.integers(a, b)) for a, b in pairwise(edges)]
            picked = sorted({times[i] for i in (0, *places[1:-1], len(times) - 1)})
        others = np.setdiff1d(ends, np.array(picked, np.int64))
        chosen = random.choice(others, min(_AT_RANDOM, len(others)), replace=False)
        thirds = [ends[len(ends) * k // _NOISED] for k in range(1, _NOISED)]
        return _Plan(
            at_decisions=picked,
            at_random=sorted(int(ts) for ts in chosen),
            noised=sorted({start, *(int(ts) for ts in thirds)}),
        )

    def _shut_in(self, reach: Reach) -> Job:
        """The job, confined to what it may read."""
        limits = Confinement(readable=tuple(reach.paths()), scratch=self._launcher.new_folder())
        return replace(self._job, confinement=limits)

    def _run_cuts(self, plan: _Plan, reach: Reach) -> list[Outcome]:
        """All re-runs with a hidden future, in the order of the plan."""
        jobs = []
        for place, moment in enumerate((*plan.at_decisions, *plan.at_random, *plan.noised)):
            is_cut = place < len(plan.at_decisions) + len(plan.at_random)
            cut = Cut(moment=moment, seed=place, drop=is_cut)
            jobs.append(replace(self._shut_in(reach), cut=cut))
        return self._launcher.run_all(jobs, lambda done: self._tell(done + 2, plan))

    def _why_not_repeatable(self, first: Outcome, again: Outcome, reach: Reach) -> str:
        """Why the run cannot be judged by running it again; empty if it can."""
        undeclared = [
            name
            for name in dict.fromkeys((*first.files, *again.files))
            if not name.endswith(".pyc") and not reach.permits(Path(name))
        ]
        if undeclared:
            return (
                f"The strategy opens {undeclared[0]}{_more(undeclared)}: what is in it could be "
                f"the future. {_WHAT_TO_DO}"
            )
        others = [*first.others, *again.others]
        if others:
            return f"The strategy {others[0]}, so that what it knows cannot be seen. Take that out."
        if again.error is not None and again.error["is_access"]:
            at_import = "expected to import it" in again.error["text"]
            return (
                "The strategy reads something that is neither its source nor declared: "
                f"{_error_text(again.error)} {_WHAT_TO_DO}{_GUARD if at_import else ''}"
            )
        if again.error is not None:
            where = "Shut into its own source, libraries and declared files, the strategy raised "
            return where + _error_text(again.error)
        place = _first_unequal(first.decisions, again.decisions)
        if place is not None:
            return self._why_unequal(first, again, place)
        if not first.decisions:
            return "The strategy decided nothing in this period: there is nothing to compare."
        return ""

    def _why_unequal(self, first: Outcome, again: Outcome, place: int) -> str:
        """Why a second run on the same data decided otherwise: chance, or what it reads."""
        changed = difference(*_pair(first.decisions, again.decisions, place), 0)
        free = self._launcher.run(self._job, hash_seed=1)
        if free.decisions == first.decisions:
            return (
                f"At {changed.ts} the strategy decided {changed.full}, but {changed.hidden} when "
                "shut into its own source, libraries and declared files: it reads something else. "
                f"{_WHAT_TO_DO}"
            )
        return (
            f"The strategy does not repeat itself: at {changed.ts} it decided {changed.full}, and "
            f"on the same data again {changed.hidden}. Use ctx.random, not other randomness, "
            "clocks or the order of sets."
        )

    def _first_change(
        self, first: Outcome, plan: _Plan, outcomes: list[Outcome]
    ) -> Difference | None:
        """The earliest decision that a hidden future changed."""
        found: list[tuple[int, Difference]] = []
        moments = (*plan.at_decisions, *plan.at_random, *plan.noised)
        for moment, outcome in zip(moments, outcomes, strict=True):
            full = _until(first.decisions, moment)
            hidden = _until(outcome.decisions, moment)
            place = _first_unequal(full, hidden)
            error = outcome.error
            if place is None and (error is None or error["ts"] > moment):
                continue
            if place is None:
                assert error is not None
                words = f"raised {_error_text(error)}"
                found.append((int(error["ts"]), difference(None, words, moment)))
                continue
            one, other = _pair(full, hidden, place)
            instead: Decision | str | None = other
            if other is None and error is not None:
                instead = f"raised {_error_text(error)}"
            when = min(d[0] for d in (one, other) if d is not None)
            found.append((int(when), difference(one, instead, moment)))
        return min(found, key=lambda pair: pair[0])[1] if found else None

    def _why_not_certifiable(
        self, first: Outcome, again: Outcome, plan: _Plan, outcomes: list[Outcome]
    ) -> str:
        """Why equal decisions are no proof; empty if they are."""
        columns = [name for name in first.reads if name not in _USUAL and name not in self._known]
        if columns:
            return (
                f"The strategy reads the column {columns[0]}{_more(columns)} of the data, and "
                "nothing says that its values were known at their row's time. Declare it as known "
                "if they were."
            )
        if not again.is_confined:
            return (
                "On this system a process cannot be shut in (that takes Linux with Landlock), so "
                "files that compiled readers open would go unseen."
            )
        noised = outcomes[len(outcomes) - len(plan.noised) :]
        repeats = all(
            outcome.error is None
            and _after(outcome.decisions, moment) == _after(first.decisions, moment)
            for moment, outcome in zip(plan.noised, noised, strict=True)
        )
        if first.reads and repeats:
            return (
                "The strategy ignores its data: it reads prices, and yet decides the same when "
                "they are noise. What it decides from cannot be seen."
            )
        return ""


def _index(bars: Bars, day: date) -> int:
    return bars.calendar.index_at_or_after((day - _EPOCH).days)


def _passed_text(first: Outcome, plan: _Plan) -> str:
    """What a pass rests on."""
    n = len(first.decisions)
    text = (
        f"{'All' if n > 1 else 'The'} {n:,} decision{'s' if n > 1 else ''} stayed the same in "
        f"{plan.size} runs without the future: cut off directly after a decision "
        f"({len(plan.at_decisions)}), cut off at another time ({len(plan.at_random)}), replaced by "
        f"noise ({len(plan.noised)})."
    )
    return text if first.reads else f"{text} The strategy reads no price."


def _more(names: Sequence[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""


def _error_text(error: Mapping[str, Any]) -> str:
    """Kind, words and place of an exception, as the end of a sentence."""
    told = ": ".join(part for part in (error["kind"], error["text"]) if part)
    return f"{told}{error['place']}.".replace("..", ".")


def _until(decisions: list[Decision], moment: int) -> list[Decision]:
    return decisions[: bisect_right(decisions, moment, key=lambda d: d[0])]


def _after(decisions: list[Decision], moment: int) -> list[Decision]:
    return decisions[bisect_right(decisions, moment, key=lambda d: d[0]) :]


def _first_unequal(one: list[Decision], other: list[Decision]) -> int | None:
    """The place of the first decision that differs, is missing or is too many."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return None if len(one) == len(other) else min(len(one), len(other))


def _pair(
    one: list[Decision], other: list[Decision], place: int
) -> tuple[Decision | None, Decision | None]:
    """The decisions at a place; None where a list has ended."""
    return (
        one[place] if place < len(one) else None,
        other[place] if place < len(other) else None,
    )
