"""Goal: cheats are caught and honest strategies pass, each a small file as users write them.

Method: every file under ``cheats`` and ``honest`` is copied beside a file of prices that it could
read, and audited with fewer cuts than users take. What must come out stands in a table here.
"""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import quant as qt
from quant.engine.lookahead.confine import landlock_abi
from quant.engine.strategy_file import load_class
from quant.errors import ConfigError, StrategyError

HERE = Path(__file__).parent
FAILED, OPEN = "failed", "not certifiable"

CHEATS = {
    "base_of_a_view": (FAILED, "it sees the future"),
    "calls_home": (OPEN, "starts another program"),
    "full_sample_zscore": (FAILED, "it sees the future"),
    "global_frame": (OPEN, "prices.csv"),
    "leaking_global": (FAILED, "it sees the future"),
    "max_in_on_start": (FAILED, "it sees the future"),
    "monthly_peek": (FAILED, "it sees the future"),
    "opened_file": (OPEN, "prices.csv"),
    "quiet_file": (OPEN, "reads something else"),
    "sample_again": (OPEN, "sp500.parquet"),
    "shifted_column": (OPEN, "column signal"),
    "shifted_inside": (FAILED, "it sees the future"),
    "unseeded": (OPEN, "does not repeat itself"),
    "written_down": (OPEN, "Days of the period are written into the source"),
    "known_by_heart": (OPEN, "all but ignores its data"),
    "cached_feature": (OPEN, "writes a file"),
    "warmup_peek": (FAILED, "warmup("),
    "liar": (FAILED, "it sees the future"),
    "behind_the_desk": (FAILED, "other orders"),
    "copied_columns": (OPEN, "nothing says that its values were known"),
    "keeps_a_log": (OPEN, "ctx.log"),
}
HONEST = {
    "bracket_by_hand": {},
    "buy_and_hold": {},
    "coin_and_price": {},
    "keeps_state": {},
    "known_column": {"known": ["mood"]},
    "monthly_timer": {},
    "moving_averages": {},
    "panel_momentum": {"data": "sample:us20", "start": "2020-01-02", "end": "2021-12-31"},
    "reads_weights": {"files": ["limits.json"]},
    "seeded_coin": {},
    "session_hooks": {},
    "volatility_target": {},
    "own_numba": {},
    "looks_around": {},
}
# Caught by what is done to the strategy rather than by what it does; tests of their own.
APART = {"set_from_outside", "long_parameter"}
READS_NO_PRICE = {"buy_and_hold", "monthly_timer", "seeded_coin"}

needs_landlock = pytest.mark.skipif(
    landlock_abi() == 0, reason="this kernel has no Landlock, without which nothing can pass"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Strategies, and beside them the prices of the run with two columns more."""
    place = tmp_path_factory.mktemp("audited")
    day = pl.col("date")
    prices = pl.read_parquet(qt.sample("sp500").path).with_columns(day.cast(pl.Date))
    prices = prices.filter(day.is_between(pl.date(2007, 1, 1), pl.date(2010, 12, 31)))
    growth = pl.col("close").shift(-1) / pl.col("close") - 1
    prices = prices.with_columns(
        signal=growth.fill_null(0.0), mood=pl.col("close") / pl.col("open") - 1
    )
    prices.write_csv(place / "prices.csv")
    (place / "limits.json").write_text('{"weight": 0.5}')
    for kind in ("cheats", "honest"):
        for file in (HERE / kind).glob("*.py"):
            shutil.copy(file, place)
    return place


def _audit(folder: Path, name: str, data: Any = None, **given: Any) -> qt.LookAheadAudit:
    kind = load_class(str(folder / f"{name}.py"))
    if "files" in given:
        given["files"] = [folder / one for one in given["files"]]
    given.setdefault("workers", 1)
    return qt.audit_lookahead(kind, data or str(folder / "prices.csv"), cuts=20, **given)


def test_every_file_is_in_a_table() -> None:
    assert {file.stem for file in (HERE / "cheats").glob("*.py")} == set(CHEATS) | APART
    assert {file.stem for file in (HERE / "honest").glob("*.py")} == set(HONEST)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CHEATS))
def test_a_cheat_is_caught(folder: Path, name: str) -> None:
    verdict, words = CHEATS[name]
    data = "sample:sp500" if name == "sample_again" else None
    audit = _audit(folder, name, data)
    assert (audit.verdict, words in audit.text) == (verdict, True), audit.text
    assert (audit.first is not None) == (verdict == FAILED)
    if audit.first is not None:
        assert audit.first.full != audit.first.hidden
        assert audit.first.ts <= audit.first.hidden_from


@pytest.mark.slow
@needs_landlock
@pytest.mark.parametrize("name", sorted(HONEST))
def test_an_honest_strategy_passes(folder: Path, name: str) -> None:
    audit = _audit(folder, name, **HONEST[name])
    assert audit.verdict == "passed", audit.text
    assert ("reads no price" in audit.text) == (name in READS_NO_PRICE)
    assert audit.n_decisions > 0
    assert audit.cuts_at_decisions == min(20, audit.n_decisions)


@pytest.mark.slow
def test_what_the_user_has_not_declared_is_not_vouched_for(folder: Path) -> None:
    for name, words in (("known_column", "column mood"), ("reads_weights", "limits.json")):
        audit = _audit(folder, name)
        assert audit.verdict == OPEN
        assert words in audit.text


def test_the_first_change_is_told_with_its_time(folder: Path) -> None:
    """The monthly trader decides on the first session of a month, and nowhere else."""
    audit = _audit(folder, "monthly_peek", start="2008-03-03")
    assert audit.first is not None
    assert audit.first.ts[8:10] in ("01", "02", "03", "04", "05")
    assert "order_target('SP500', weight=" in audit.first.full
    assert audit.first.ts in audit.text


@pytest.mark.slow
def test_the_plan_and_verdict_repeat(folder: Path) -> None:
    one, two = (_audit(folder, "monthly_peek", workers=n) for n in (1, 3))
    assert one == two


def test_a_strategy_that_raises_cannot_be_judged(folder: Path) -> None:
    (folder / "raises.py").write_text(
        "import quant as qt\n\n\nclass Raises(qt.Strategy):\n"
        "    def on_bar(self, bar, ctx):\n        raise ValueError('too high')\n"
    )
    audit = _audit(folder, "raises")
    assert audit.raised
    assert (audit.verdict, "ValueError: too high" in audit.text) == (OPEN, True)
    assert "raises.py line 6" in audit.text


def test_a_strategy_that_never_decides_shows_nothing(folder: Path) -> None:
    (folder / "idle.py").write_text(
        "import quant as qt\n\n\nclass Idle(qt.Strategy):\n"
        "    def on_bar(self, bar, ctx):\n        self.last = bar.close\n"
    )
    audit = _audit(folder, "idle")
    assert (audit.verdict, "decided nothing" in audit.text) == (OPEN, True)


def test_a_run_that_dies_is_told(folder: Path) -> None:
    """A process that ends in the middle gives no report; the audit says so and goes on."""
    (folder / "dies.py").write_text(
        "import os\nimport quant as qt\n\n\nclass Dies(qt.Strategy):\n"
        "    def on_bar(self, bar, ctx):\n        os._exit(7)\n"
    )
    audit = _audit(folder, "dies")
    assert audit.raised
    assert "ended with status 7" in audit.text


def test_a_class_that_no_other_process_can_import(folder: Path) -> None:
    class Inside(qt.Strategy):
        def on_bar(self, bar: qt.Bar, ctx: qt.Context) -> None:
            ctx.order_target(bar.symbol, weight=1.0)

    audit = qt.audit_lookahead(Inside, str(folder / "prices.csv"))
    assert (audit.verdict, "top of a file" in audit.text) == (OPEN, True)


def test_parameters_reach_the_other_processes(folder: Path) -> None:
    kind = load_class(str(folder / "moving_averages.py"))
    few = qt.audit_lookahead(kind(fast=3, slow=250), str(folder / "prices.csv"), cuts=20)
    assert few.n_decisions == 1008
    with pytest.raises(ConfigError, match="known: expected columns of the data"):
        qt.audit_lookahead(kind, str(folder / "prices.csv"), known=["moood"])


def test_answers_set_after_a_strategy_was_made(folder: Path) -> None:
    kind = load_class(str(folder / "set_from_outside.py"))
    data = str(folder / "prices.csv")
    answers = {str(day): True for day in range(20)}
    one = kind()
    one.model = answers
    audit = qt.audit_lookahead(one, data)
    assert (audit.verdict, "model was set afterwards" in audit.text) == (OPEN, True)
    kind.model = answers  # type: ignore[attr-defined]
    assert "model was set afterwards" in qt.audit_lookahead(kind, data).text
    kind.model = None  # type: ignore[attr-defined]
    assert qt.audit_lookahead(kind, data, cuts=20).is_passed


def test_a_parameter_with_an_answer_for_every_day(folder: Path) -> None:
    kind = load_class(str(folder / "long_parameter.py"))
    given = kind(answers={str(day): True for day in range(100)})
    audit = qt.audit_lookahead(given, str(folder / "prices.csv"))
    assert (audit.verdict, "The parameter answers" in audit.text) == (OPEN, True)


def test_a_run_that_is_not_the_strategy_s_own_is_not_certified(folder: Path) -> None:
    """What was monkeypatched in this process is not there in the audit's."""
    kind = load_class(str(folder / "keeps_state.py"))
    kind.on_bar = lambda self, bar, ctx: ctx.order(bar.symbol, 1)  # type: ignore[method-assign]
    run = qt.backtest(kind, str(folder / "prices.csv"), certify=True)
    assert run.audit is not None
    assert (run.audit.verdict, "not the strategy's own" in run.audit.text) == (OPEN, True)


@needs_landlock
def test_a_timer_in_a_gap_of_the_data_is_no_peek(tmp_path: Path) -> None:
    """Exchanges go out; a month that begins while they are closed is decided in every run."""
    days = [date(2024, 1, 1) + timedelta(days=k) for k in range(180)]
    kept = [day for day in days if not (day.day in (30, 31, 1, 2) and day.month % 2)]
    closes = [100.0 + (k * 37 % 11) for k in range(len(kept))]
    pl.DataFrame({"date": kept, "close": closes}).write_csv(tmp_path / "gaps.csv")
    (tmp_path / "monthly.py").write_text(
        "import quant as qt\n\n\nclass Monthly(qt.Strategy):\n"
        "    def on_start(self, ctx):\n        ctx.every('month open')\n\n"
        "    def on_clock(self, clock, ctx):\n"
        "        up = ctx.data.get('gaps', 'close', 1)[-1:] > 105\n"
        "        ctx.order_target('gaps', weight=0.5 if up else 0.1)\n"
    )
    kind = load_class(str(tmp_path / "monthly.py"))
    audit = qt.audit_lookahead(kind, str(tmp_path / "gaps.csv"))
    assert audit.verdict != FAILED, audit.text


def test_a_file_that_audits_itself_ends(folder: Path) -> None:
    (folder / "endless.py").write_text(
        "import quant as qt\n\n\nclass Endless(qt.Strategy):\n"
        "    def on_bar(self, bar, ctx):\n        ctx.order_target(bar.symbol, weight=1.0)\n\n\n"
        "if __name__ != 'quant_strategy_endless' or qt.seen:\n"
        "    qt.audit_lookahead(Endless, 'sample:sp500')\n"
    )
    qt.seen = False  # type: ignore[attr-defined]
    try:
        kind = load_class(str(folder / "endless.py"))
    finally:
        del qt.seen  # type: ignore[attr-defined]
    with pytest.raises(StrategyError, match="expected to import it"):
        qt.audit_lookahead(kind, str(folder / "prices.csv"))


@pytest.mark.slow
def test_certify_puts_the_verdict_into_the_run(folder: Path, tmp_path: Path) -> None:
    kind = load_class(str(folder / "max_in_on_start.py"))
    run = qt.backtest(kind, str(folder / "prices.csv"), certify=True)
    assert run.audit is not None
    assert run.audit.verdict == FAILED
    manifest = run.save(tmp_path).manifest
    assert manifest["audit"]["lookahead"] == run.audit.to_json()


def test_an_audit_inside_a_run_of_an_audit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quant.engine.lookahead.launch.Launcher.is_allowed", False)
    with pytest.raises(StrategyError, match="__main__"):
        qt.audit_lookahead(qt.MovingAverageCross, "sample:sp500")
