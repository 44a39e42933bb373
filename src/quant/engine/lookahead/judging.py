"""One audit: the runs, in order, and what their decisions prove."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from quant.engine.lookahead.job import Confinement, Cut, Job
from quant.engine.lookahead.launch import Launcher, Outcome
from quant.engine.lookahead.plan import Plan, plan_of
from quant.engine.lookahead.reach import Reach, reach_of
from quant.engine.lookahead.suspicion import (
    changed_since_made,
    dates_in_source,
    repeats_directions,
)
from quant.engine.lookahead.verdict import Difference, LookAheadAudit, difference
from quant.errors import StrategyError
from quant.lake import Bars
from quant.lake.bars import PRICES
from quant.strategy.witness import Decision

__all__ = ["Judge"]

Progress = Callable[[int, int], None]
_WHAT_TO_DO = (
    "Take it out, hand it over as data, or declare it if it holds nothing later than the start of "
    "the run."
)
_GUARD = (
    " A file that runs a backtest when it is imported needs that part under "
    'if __name__ == "__main__":.'
)
_USUAL = (*PRICES, "volume")
_ACTS = ("order", "order_target", "cancel")


class Judge:
    """An audit under way.

    Parameters
    ----------
    launcher : Launcher
    job : Job
        The run with all data, unconfined.
    bars : Bars
    known, files : tuples of str
        What the user vouches for.
    marks : dict of str to str
        Of the strategy that was given, see `marks_of`.
    expected : list of Decision, optional
        What the run that is to be certified decided.
    on_progress : callable, optional
    """

    def __init__(
        self,
        launcher: Launcher,
        job: Job,
        bars: Bars,
        known: tuple[str, ...],
        files: tuple[str, ...],
        marks: Mapping[str, str],
        expected: list[Decision] | None,
    ) -> None:
        self._launcher = launcher
        self._job = job
        self._bars = bars
        self._known = known
        self._files = files
        self._marks = marks
        self._expected = expected
        self.on_progress: Progress | None = None

    def judge(self, cuts: int) -> LookAheadAudit:
        """Run with all data, run again shut in, then with the future hidden."""
        first = self._launcher.run(self._free_to_read())
        if first.error is not None:
            return self._failed_at_once(first)
        source = self._bars.source
        data = source.name if source.kind in ("csv", "parquet") else None
        reach = reach_of(data, first.modules, self._files, self._job.place.file)
        reason = self._why_not_as_it_is(first, reach)
        if reason:
            return self._found(first, "not certifiable", reason)
        job = self._job
        acts = [d for d in first.decisions if d[1] in _ACTS]
        plan = plan_of(acts, self._bars, job.start, job.end, cuts, job.config.seed)
        self._tell(1, plan)
        again = self._launcher.run(self._shut_in(reach), hash_seed=1)
        self._tell(2, plan)
        reason = self._why_not_repeatable(first, again)
        if reason:
            return self._found(first, "not certifiable", reason)
        outcomes = self._run_cuts(plan, reach)
        changed = _first_change(first, plan, outcomes)
        if changed is not None:
            text = (
                f"At {changed.ts} it decided {changed.full} with all data, but {changed.hidden} "
                f"when what came after {changed.hidden_from} was hidden: it sees the future."
            )
            return self._found(first, "failed", text, plan=plan, changed=changed)
        reason = _why_no_proof(first, again, plan, outcomes)
        if reason:
            return self._found(first, "not certifiable", reason, plan=plan)
        return self._found(first, "passed", _passed_text(len(acts), first, plan), plan=plan)

    def _found(
        self,
        first: Outcome,
        verdict: Literal["passed", "failed", "not certifiable"],
        text: str,
        *,
        plan: Plan | None = None,
        changed: Difference | None = None,
        raised: bool = False,
    ) -> LookAheadAudit:
        plan = plan or Plan(at_decisions=[], at_random=[], noised=[])
        return LookAheadAudit(
            verdict=verdict,
            text=text,
            first=changed,
            n_decisions=sum(d[1] in _ACTS for d in first.decisions),
            cuts_at_decisions=len(plan.at_decisions),
            cuts_at_random=len(plan.at_random),
            noised=len(plan.noised),
            reads=tuple(first.reads),
            known=self._known,
            files=self._files,
            raised=raised,
        )

    def _tell(self, done: int, plan: Plan) -> None:
        if self.on_progress is not None:
            self.on_progress(done, len(plan.moments) + 2)

    def _free_to_read(self) -> Job:
        """The job, free to read all, so that it can be seen what is read; writing nowhere."""
        limits = Confinement(readable=(Path("/"),), scratch=self._launcher.new_folder())
        return replace(self._job, confinement=limits)

    def _shut_in(self, reach: Reach) -> Job:
        """The job, confined to what it may read, and to columns that may be known."""
        limits = Confinement(readable=tuple(reach.paths()), scratch=self._launcher.new_folder())
        kept = tuple(c for c in self._bars.columns if c in (*_USUAL, *self._known))
        return replace(self._job, confinement=limits, columns=kept)

    def _run_cuts(self, plan: Plan, reach: Reach) -> list[Outcome]:
        """All re-runs with a hidden future, in the order of the plan."""
        n_cuts = len(plan.at_decisions) + len(plan.at_random)
        jobs = [
            replace(self._shut_in(reach), cut=Cut(moment=moment, seed=place, drop=place < n_cuts))
            for place, moment in enumerate(plan.moments)
        ]
        return self._launcher.run_all(jobs, lambda done: self._tell(done + 2, plan))

    def _failed_at_once(self, first: Outcome) -> LookAheadAudit:
        """The verdict on a strategy that raised with all its data.

        Raises
        ------
        StrategyError
            If it is the user's mistake: a file that cannot be imported, an impossible order.
        """
        error = first.error
        assert error is not None
        if "ermission denied" in error["text"]:
            text = (
                f"The strategy writes a file or opens a socket: {_error_text(error)} In an audit "
                "nothing can be written, since what one run writes another could read. Use "
                "ctx.log, which writes logs.jsonl."
            )
            return self._found(first, "not certifiable", text)
        told = f"With all its data the strategy raised {_error_text(error)}"
        if error["is_ours"]:
            raise StrategyError(told)
        return self._found(first, "not certifiable", told, raised=True)

    def _why_not_as_it_is(self, first: Outcome, reach: Reach) -> str:
        """Why one look is enough to certify nothing; empty if it is not."""
        changed = changed_since_made(self._marks, first.marks)
        if changed:
            return (
                f"The strategy is not as it was made: {changed[0]}{_more(changed)} was set "
                "afterwards, and what is in it could be the future. Make it a parameter."
            )
        undeclared = [
            name
            for name in first.files
            if not name.endswith(".pyc")
            and not Path(name).is_relative_to(self._launcher.path)
            and not reach.permits(Path(name))
        ]
        if undeclared:
            return (
                f"The strategy opens {undeclared[0]}{_more(undeclared)}: what is in it could be "
                f"the future. {_WHAT_TO_DO}"
            )
        if first.others:
            return (
                f"The strategy {first.others[0]}, so that what it knows cannot be seen. Take that "
                "out, or do it before the run."
            )
        columns = [c for c in first.reads if c not in (*_USUAL, *self._known)]
        if columns:
            return (
                f"The strategy reads the column {columns[0]}{_more(columns)} of the data, and "
                "nothing says that its values were known at their row's time. Declare it as known "
                "if they were."
            )
        if not any(d[1] in _ACTS for d in first.decisions):
            return "The strategy decided nothing in this period: there is nothing to compare."
        own = [m for m in reach.modules if not any(m.is_relative_to(a) for a in reach.allowed)]
        days = dates_in_source(own, self._job.start, self._job.end)
        if days:
            return (
                f"Days of the period are written into the source ({days[0]} and {len(days) - 1} "
                "more): a list of days could have been drawn up afterwards. Hand it over as a "
                "column of the data, and declare that as known."
            )
        if self._expected is not None:
            place = _first_unequal(self._expected, first.decisions)
            if place is not None:
                ran, made = _pair(self._expected, first.decisions, place)
                told = difference(ran, made, 0)
                return (
                    f"The run is not the strategy's own: at {told.ts} it decided {told.full}, and "
                    f"the same strategy made anew {told.hidden}. What differs was set from outside."
                )
        return ""

    def _why_not_repeatable(self, first: Outcome, again: Outcome) -> str:
        """Why the run cannot be judged by running it again; empty if it can."""
        error = again.error
        if error is not None:
            at_import = "expected to import it" in error["text"]
            return (
                "Shut into its own source, libraries and what is declared, the strategy raised "
                f"{_error_text(error)} It reads something else. {_WHAT_TO_DO}"
                f"{_GUARD if at_import else ''}"
            )
        place = _first_unequal(first.decisions, again.decisions)
        if place is None and first.orders == again.orders:
            return ""
        if place is None:
            return "The strategy does not repeat itself: its orders differ on the same data."
        changed = difference(*_pair(first.decisions, again.decisions, place), 0)
        free = self._launcher.run(self._free_to_read(), hash_seed=1)
        if free.decisions == first.decisions:
            return (
                f"At {changed.ts} the strategy decided {changed.full}, but {changed.hidden} when "
                "shut into its own source, libraries and what is declared: it reads something "
                f"else. {_WHAT_TO_DO}"
            )
        return (
            f"The strategy does not repeat itself: at {changed.ts} it decided {changed.full}, and "
            f"on the same data again {changed.hidden}. Use ctx.random, not other randomness, "
            "clocks or the order of sets."
        )


def _first_change(first: Outcome, plan: Plan, outcomes: list[Outcome]) -> Difference | None:
    """The earliest decision that a hidden future changed."""
    found = []
    for moment, outcome in zip(plan.moments, outcomes, strict=True):
        changed = _change(first, moment, outcome)
        if changed is not None:
            found.append(changed)
    return min(found, key=lambda one: one.ts) if found else None


def _change(first: Outcome, moment: int, outcome: Outcome) -> Difference | None:
    """The first decision that differs in one run with a hidden future."""
    full, hidden = (_until(one.decisions, moment) for one in (first, outcome))
    place, error = _first_unequal(full, hidden), outcome.error
    if place is not None:
        one, other = _pair(full, hidden, place)
        if other is None and error is not None:
            return difference(one, f"raised {_error_text(error)}", moment)
        return difference(one, other, moment)
    if error is not None and error["ts"] <= moment:
        return difference(None, f"raised {_error_text(error)}", moment, at=error["ts"])
    asked, again = (_until(one.orders, moment) for one in (first, outcome))
    if asked != again:
        # an order that no one was seen to ask for: the desk was passed by
        place = _first_unequal(asked, again)
        assert place is not None
        ts = min(row[0] for row in (*asked[place : place + 1], *again[place : place + 1]))
        return difference(None, "orders that differ", moment, at=ts, full_text="other orders")
    return None


def _why_no_proof(first: Outcome, again: Outcome, plan: Plan, outcomes: list[Outcome]) -> str:
    """Why equal decisions are no proof; empty if they are."""
    if not again.is_confined:
        return (
            "On this system a process cannot be shut in (that takes Linux with Landlock and "
            "seccomp), so files that compiled readers open would go unseen."
        )
    if not first.reads:
        return ""
    noised = outcomes[len(outcomes) - len(plan.noised) :]
    later = [
        (_after(first.decisions, moment), _after(outcome.decisions, moment), outcome.error)
        for moment, outcome in zip(plan.noised, noised, strict=True)
    ]
    if all(full == other and error is None for full, other, error in later):
        return (
            "The strategy ignores its data: it reads prices, and yet decides the same when they "
            "are noise. What it decides from cannot be seen."
        )
    if repeats_directions((full, other) for full, other, _ in later):
        return (
            "The strategy all but ignores its data: when prices are noise, it decides the same "
            "directions at the same times, and only sizes differ. What it decides from cannot be "
            "seen."
        )
    return ""


def _passed_text(n: int, first: Outcome, plan: Plan) -> str:
    """What a pass rests on."""
    text = (
        f"{'All' if n > 1 else 'The'} {n:,} decision{'s' if n > 1 else ''} stayed the same in "
        f"{len(plan.moments)} runs without the future: cut off directly after a decision "
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


def _until(rows: list[list[Any]], moment: int) -> list[list[Any]]:
    return rows[: bisect_right(rows, moment, key=lambda row: row[0])]


def _after(rows: list[list[Any]], moment: int) -> list[list[Any]]:
    return rows[bisect_right(rows, moment, key=lambda row: row[0]) :]


def _first_unequal(one: list[list[Any]], other: list[list[Any]]) -> int | None:
    """The place of the first row that differs, is missing or is too many."""
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
