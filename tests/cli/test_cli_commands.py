"""Goal: every command keeps its exit status, its two streams and its promises at their edges.

Method: help, versions, wrong words and ambiguous names in this process; signals, closed pipes, full
disks, terminals and imports in processes of their own.
"""

from __future__ import annotations

import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_shop import QUANT, Shop, check_sentence

import quant.cli.runs
from quant.cli import main


def test_version_and_help(shop: Shop) -> None:
    assert shop.quant("--version").out.strip() == quant.__version__
    for words in ([], ["--help"], ["run"], ["runs"], ["runs", "verify", "--help"]):
        said = shop.quant(*words)
        assert (said.status, said.err) == (0, "")
        assert "Usage" in said.out
    help_text = shop.quant("run", "backtest", "--help").out
    for option in [
        "data",
        "start",
        "end",
        "config",
        "param",
        "seed",
        "out",
        "tz",
        "ts-is",
        "bar",
        "calendar",
        "columns",
        "symbol",
    ]:
        assert f"--{option}" in help_text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("foo", '"foo"'),
        ("--foo", "--foo"),
        ("runs lst", 'Did you mean "list"?'),
        ("run backtest", "FILE"),
        ("run backtest cross.py", "--data"),
        ("run backtest cross.py --data", "--data"),
        ("run backtest cross.py extra --data prices.csv", "extra"),
        ("run backtest cross.py --data prices.csv --foo", "--foo"),
        ("runs show a b", "'b'"),
        ("runs show", "expected runs there, found none"),
        ("runs verify", "expected runs there, found none"),
        ("report nothing", "expected runs there, found none"),
    ],
)
def test_wrong_words(shop: Shop, words: str, told: str) -> None:
    check_sentence(shop.quant(*words.split()), told)


def test_no_runs_is_no_mistake_for_a_list(shop: Shop) -> None:
    assert shop.quant("runs", "list").out.startswith("no runs under runs")
    assert shop.quant("runs", "list", "--json").json == []


def test_runs_are_found_by_id_prefix_path_and_latest(shop: Shop) -> None:
    shop.backtest("cross.py", "--param", "fast=3")
    shop.backtest("cross.py", "--param", "fast=4")
    first, second = shop.folders()
    for name in (second.name, f"runs/{second.name}", second.name[4:], second.name[:-1], "latest"):
        said = shop.quant("runs", "show", name, "--json")
        assert said.json["manifest"]["strategy"]["params"]["fast"] == 4, name
    check_sentence(shop.quant("runs", "show", "run-"), "exactly one", first.name, second.name)
    check_sentence(shop.quant("report", "run-1999"), "found none", "quant runs list")


def test_tables_and_json_of_runs(shop: Shop) -> None:
    said = shop.backtest("cross.py", "--json")
    assert said.err == ""
    assert said.json["path"] == f"runs/{shop.folder.name}"
    assert said.json["status"] == "done"
    assert said.json["error"] is None
    metrics = json.loads((shop.folder / "metrics.json").read_text())
    assert said.json["sharpe"] == metrics["sharpe"]["value"]
    (row,) = shop.quant("runs", "list", "--json").json
    assert (row["run_id"], row["status"], row["sharpe"]) == (
        shop.folder.name, "done", metrics["sharpe"]["value"]
    )  # fmt: skip
    assert shop.folder.name in shop.quant("runs", "list").out
    shown = shop.quant("runs", "show").out
    assert "Cross(fast=5, slow=20)" in shown
    assert "2024-01-02 to 2024-06-24, XNYS" in shown
    report = shop.quant("report", "--json").json["report"]
    assert report == str(shop.folder / "report.html")
    assert shop.quant("report").out.strip() == report


def test_a_failed_run_says_so_in_lists(shop: Shop) -> None:
    shop.backtest(shop.strategy("def on_start(self, ctx):\n    1 / 0"))
    assert "failed" in shop.quant("runs", "list").out
    assert "ZeroDivisionError: division by zero" in shop.quant("runs", "show").out
    assert shop.quant("runs", "list", "--json").json[0]["status"] == "failed"


def test_a_browser_that_is_not_there(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.backtest()
    monkeypatch.setattr("webbrowser.open", lambda uri: False)
    check_sentence(shop.quant("report", "--open"), "report.html", "open it by hand")


def test_a_browser_is_given_the_report(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.backtest()
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda uri: not opened.append(uri))
    assert shop.quant("report", "latest", "--open").status == 0
    assert opened == [(shop.folder / "report.html").resolve().as_uri()]


def test_names_with_brackets_are_printed_as_they_are(shop: Shop) -> None:
    (shop.path / "[red]").mkdir()
    (shop.path / "prices.csv").rename(shop.path / "[a].csv")
    said = shop.backtest("cross.py", "--out", "[red]/[/b]", data="[a].csv")
    assert said.status == 0, said.err
    assert "report: [red]/[/b]/run-" in said.out
    assert "buy and hold [a]" in said.out
    assert shop.quant("runs", "show", "--out", "[red]/[/b]").status == 0


def test_a_bug_of_ours_is_told_as_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> int:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr(quant.cli.run_list, "list_them", broken)
    said = shop.quant("runs", "list")
    assert said.status == 70
    assert "Traceback" in said.err
    assert said.err.splitlines()[-1].startswith("quant: ")
    assert "a bug in quant" in said.err


def test_data_warnings_go_to_standard_error(shop: Shop) -> None:
    said = shop.backtest("cross.py", "--json", "--end", "2000-12-29", data="sample:sp500")
    assert said.status == 0
    assert said.err.startswith("quant: warning: ")
    assert said.json["status"] == "done"


# ---------------------------------------------------------------------- processes of their own


ENDLESS = """
    import pathlib
    import quant as qt

    class Own(qt.Strategy):
        def on_bar(self, bar, ctx):
            self.n = getattr(self, "n", 0) + 1
            if self.n == 3:
                ctx.order("prices", 10)
            if self.n == 10:
                pathlib.Path("begun").touch()
                while True:
                    pass
"""


def test_control_c_keeps_what_was_simulated(shop: Shop) -> None:
    shop.file("own.py", ENDLESS)
    words = [*QUANT, "run", "backtest", "own.py", "--data", "prices.csv"]
    with subprocess.Popen(words, cwd=shop.path, stderr=subprocess.PIPE, text=True) as process:
        wait_for(shop.path / "begun", process)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "Traceback" not in told
    assert f"quant: interrupted; what was simulated is in runs/{shop.folder.name}.\n" in told
    assert shop.manifest()["status"] == "interrupted"
    assert len((shop.folder / "equity.csv").read_text().splitlines()) == 1 + 1 + 10
    assert len((shop.folder / "fills.csv").read_text().splitlines()) == 1 + 1


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    """Until the process has made the file."""
    for _ in range(600):
        if path.exists():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"{path} was never made")


def test_control_c_before_the_run_leaves_nothing(shop: Shop) -> None:
    shop.file("own.py", "import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(60)\n")
    words = [*QUANT, "run", "backtest", "own.py", "--data", "prices.csv"]
    with subprocess.Popen(words, cwd=shop.path, stderr=subprocess.PIPE, text=True) as process:
        wait_for(shop.path / "begun", process)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (130, "quant: interrupted.\n")
    assert not shop.runs.exists()


def test_a_reader_that_leaves_is_no_error(shop: Shop) -> None:
    shop.backtest()
    for words in (["runs", "list"], ["runs", "show", "--json"], ["--help"], ["--version"]):
        ends = os.pipe()
        os.close(ends[0])
        done = subprocess.run(
            [*QUANT, *words], cwd=shop.path, stdout=ends[1], stderr=subprocess.PIPE, check=False
        )
        os.close(ends[1])
        assert (done.returncode, done.stderr) == (0, b""), words


def test_a_full_disk_leaves_nothing(shop: Shop) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [*QUANT, "run", "backtest", "cross.py", "--data", "prices.csv"],
        cwd=shop.path,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        preexec_fn=limit,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("quant: runs: expected to write there, but the disk is full; ")
    assert done.stderr.count("\n") == 1
    assert not list(shop.runs.iterdir())


def test_progress_shows_on_a_terminal_and_nowhere_else(shop: Shop) -> None:
    done = shop.process("run", "backtest", "cross.py", "--data", "prices.csv")
    assert done.returncode == 0
    assert done.stderr == (
        "quant: 5 assumptions of Cross may flatter the result; the report names them.\n"
    )
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*QUANT, "run", "backtest", "cross.py", "--data", "prices.csv"],
        cwd=shop.path,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        told = read_all(ours)
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"Cross" in told
    assert b"timestamps" in told


def read_all(handle: int) -> bytes:
    """Everything written to a terminal until its writer has gone."""
    parts = []
    while select.select([handle], [], [], 60)[0]:
        try:
            part = os.read(handle, 4096)
        except OSError:  # how Linux tells that the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(handle)
    return b"".join(parts)


@pytest.mark.parametrize("name", ["quant", "quant.cli.main"])
def test_an_import_loads_nothing_heavy(name: str) -> None:
    code = f"import {name}, sys; print(sorted({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numba", "llvmlite", "polars", "pandas", "pydantic", "jinja2", "ruamel"}
    assert not heavy & set(done.stdout.replace("'", "").strip("[]\n").split(", "))


def test_the_entry_point_exits_with_the_status(shop: Shop) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["runs", "show"])
    assert ended.value.code == 2


@pytest.mark.slow
def test_demo_prints_both_strategies_and_their_reports(shop: Shop) -> None:
    said = shop.quant("demo")
    assert said.status == 0, said.err
    assert "next close" in said.err
    for word in ("MovingAverageCross", "buy and hold SP500", "Momentum", "20 symbols held equally",
                 "CAGR", "volatility", "Sharpe", "max drawdown", "trades", "costs"):  # fmt: skip
        assert word in said.out
    reports = [line[8:] for line in said.out.splitlines() if line.startswith("report: ")]
    assert len(reports) == 2
    assert all("<svg" in (shop.path / path).read_text(encoding="utf-8") for path in reports)
    for folder in shop.folders():
        assert shop.quant("runs", "verify", folder.name).status == 0
