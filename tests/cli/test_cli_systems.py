"""Goal: systems, the menu, the doctor and the tools keep their promises on the command line.

Method: commands in this process; the menu over a pipe and over a terminal, in a process of its own.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
from typing import Any

import pytest
from cli_shop import QUANT, Shop, check_sentence
from test_cli_commands import read_all

from quant.ops import doctor

SYSTEM = """
    system_id: saw
    title: A cross on the saw
    description: What it does.
    strategy: ../cross.py
    params: {fast: 4}
    data: ../prices.csv
    windows:
      half: {start: 2024-01-02, end: 2024-03-28}
      quick: {start: 2024-01-02, end: 2024-02-15, params: {slow: 8}}
"""


@pytest.fixture
def own(shop: Shop) -> Shop:
    """A shop with one system of its own."""
    shop.file("systems/saw.yaml", SYSTEM)
    return shop


def test_systems_are_listed_and_shown(own: Shop) -> None:
    said = own.quant("systems", "list")
    assert said.status == 0
    for word in ("saw", "A cross on the saw", "half, quick", "us20-calm"):
        assert word in said.out
    rows = {row["system_id"]: row for row in own.quant("systems", "list", "--json").json}
    assert rows["saw"]["windows"]["quick"] == {
        "start": "2024-01-02", "end": "2024-02-15", "params": {"slow": 8}
    }  # fmt: skip
    shown = own.quant("systems", "show", "saw").out
    for word in ("saw: A cross on the saw", "What it does.", "params: fast=4", "slow=8", "quick"):
        assert word in shown
    told = own.quant("systems", "show", "saw", "--json").json
    assert (told["params"], told["config"]["cash"]) == ({"fast": 4}, 100_000)


def test_systems_elsewhere(own: Shop) -> None:
    (own.path / "systems").rename(own.path / "elsewhere")
    assert "saw" not in own.quant("systems", "list").out
    assert "saw" in own.quant("systems", "list", "--dir", "elsewhere").out
    assert own.quant("systems", "run", "saw", "--window", "quick", "--dir", "elsewhere").status == 0


def test_a_window_becomes_a_run_folder(own: Shop) -> None:
    said = own.quant("systems", "run", "saw", "--window", "quick", "--json", "--seed", "9")
    assert said.status == 0, said.err
    assert said.json["system"]["window"] == "quick"
    assert said.json["path"] == f"runs/{own.folder.name}"
    manifest = own.manifest()
    assert manifest["system"]["id"] == "saw"
    assert manifest["strategy"]["params"] == {"fast": 4, "slow": 8}
    assert (manifest["seed"], manifest["period"]["end"]) == (9, "2024-02-15")
    assert own.quant("runs", "verify").status == 0
    said = own.quant("systems", "run", "saw", "--window", "half")
    assert "Cross" in said.out
    assert "report: runs/run-" in said.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("systems run", "expected the id of a system, found none"),
        ("systems run swa", "Did you mean 'saw'?"),
        ("systems show swa", "Did you mean 'saw'?"),
        ("systems run saw", "expected --window with one of half, quick"),
        ("systems run saw --window quik", "Did you mean 'quick'?"),
        ("systems run --smoke --window quick", "drop one of the two options"),
        ("systems run saw --smoke --window quick", "drop one of the two options"),
        ("systems list --dir prices.csv", "expected a folder of systems, found a file"),
        ("systems lst", 'Did you mean "list"?'),
        ("tools call get_fills --args [", "--args: expected a JSON object"),
        ("run backtest Brakout --data prices.csv", "Did you mean 'Breakout'?"),
    ],
)
def test_mistakes_are_told(own: Shop, words: str, told: str) -> None:
    check_sentence(own.quant(*words.split()), told)
    assert not own.folders()


def test_a_strategy_that_raises_is_told(own: Shop) -> None:
    own.file("cross.py", "import quant as qt\n\n\nclass Own(qt.Strategy):\n"
             "    fast: int = 1\n    slow: int = 2\n\n"
             "    def on_bar(self, bar, ctx):\n        1 / 0\n")  # fmt: skip
    said = own.quant("systems", "run", "saw", "--window", "half")
    check_sentence(said, "the strategy raised ZeroDivisionError", status=3)
    assert own.manifest()["status"] == "failed"


def test_the_smoke_test_runs_the_shortest_windows(own: Shop) -> None:
    said = own.quant("systems", "run", "--smoke")
    assert said.status == 0, said.err
    assert "saw quick (2024-01-02 to 2024-02-15)" in said.out
    assert said.out.endswith("3 of 3 systems ran.\n")
    assert not own.folders()
    alone = own.quant("systems", "run", "saw", "--smoke", "--json").json
    assert alone == [{"system_id": "saw", "window": "quick", "ok": True, "error": None}]


def test_the_smoke_test_says_which_failed(own: Shop) -> None:
    own.file("systems/worse.yaml", SYSTEM.replace("id: saw", "id: worse").replace("fast", "fats"))
    own.file("systems/broken.yaml", "system_id: [")
    said = own.quant("systems", "run", "--smoke")
    assert said.status == 1
    assert re.search(r"^failed  broken.yaml: .*expected YAML", said.out, re.M)
    assert re.search(r"^failed  worse quick .*Did you mean 'fast'\?", said.out, re.M)
    assert said.out.endswith("3 of 5 systems ran.\n")
    rows = own.quant("systems", "run", "--smoke", "--json").json
    assert [row["system_id"] for row in rows if not row["ok"]] == ["broken.yaml", "worse"]


def test_a_broken_file_is_warned_of(own: Shop) -> None:
    own.file("systems/broken.yaml", "system_id: [")
    said = own.quant("systems", "list", "--json")
    assert (said.status, len(said.json)) == (0, 3)
    assert said.err.startswith("quant: warning: systems/broken.yaml, line 1: expected YAML")


def test_registered_strategies_run_by_name(own: Shop) -> None:
    names = [row["name"] for row in own.quant("strategies", "list", "--json").json]
    assert names[:2] == ["Breakout", "MovingAverageCross"]
    assert "quant.strategy.helpers:PairTrade" in own.quant("strategies", "list").out
    said = own.backtest("MovingAverageCross", "--param", "fast=3", "--param", "slow=9")
    assert said.status == 0, said.err
    assert own.manifest()["strategy"]["name"] == "MovingAverageCross"
    assert own.quant("runs", "verify").status == 0


# ---------------------------------------------------------------------- the menu


def chosen(shop: Shop, typed: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The menu in this process, with these lines typed."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    return shop.quant("menu")


def test_the_menu_runs_what_is_chosen(own: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    said = chosen(own, "1\n2\nn\nq\n", monkeypatch)
    assert said.status == 0
    assert "  1  saw: A cross on the saw" in said.out
    assert "  2  quick: 2024-01-02 to 2024-02-15, slow=8" in said.out
    assert "report: runs/run-" in said.out
    assert own.manifest()["system"]["window"] == "quick"


def test_the_menu_takes_names_goes_back_and_asks_again(
    own: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = chosen(own, "9\nfoo\n\nsaw\nb\nsaw\nhalf\nmaybe\nn\nQ\n", monkeypatch)
    assert said.status == 0
    assert said.out.count("Please type a number from 1 to 3, or q.") == 3
    assert said.out.count("Windows of saw") == 2
    assert own.manifest()["system"]["window"] == "half"


def test_the_menu_opens_the_report(own: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def browser(uri: str) -> bool:
        opened.append(uri)
        return len(opened) > 1

    monkeypatch.setattr("webbrowser.open", browser)
    said = chosen(own, "1\n2\ny\n1\n1\ny\nq\n", monkeypatch)
    assert [uri.rpartition("/")[2] for uri in opened] == ["report.html"] * 2
    assert said.out.count("Found no browser; open it by hand.") == 1


def test_a_mistake_in_the_menu_is_told_and_asked_about_again(
    own: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.file("systems/saw.yaml", SYSTEM.replace("fast", "fats"))
    said = chosen(own, "1\n1\n", monkeypatch)
    assert said.status == 0
    assert "Did you mean 'fast'?" in said.out
    assert said.out.count("Which system?") == 2
    assert not own.folders()


@pytest.mark.parametrize("typed", ["", "1\n", "1\n2\n"])
def test_the_end_of_input_leaves(own: Shop, typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = chosen(own, typed, monkeypatch)
    assert said.status == 0
    assert len(own.folders()) == (typed == "1\n2\n")


def terminal(shop: Shop, typed: bytes) -> tuple[int, str]:
    """The menu on a terminal of its own."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*QUANT, "menu"],
        cwd=shop.path,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        os.write(ours, typed)
        told = read_all(ours)
        return process.wait(timeout=60), told.decode()


def test_the_menu_on_a_terminal_shows_progress(own: Shop) -> None:
    status, told = terminal(own, b"1\n2\nn\nq\n")
    assert status == 0, told
    assert "saw quick" in told
    assert "timestamps" in told
    assert "report: runs/run-" in told


def test_control_c_in_the_menu_leaves_politely(own: Shop) -> None:
    with subprocess.Popen(
        [*QUANT, "menu"], cwd=own.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        shown = ""
        while "Which system?" not in shown:
            letter = process.stdout.read(1)
            assert letter, process.communicate()
            shown += letter
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (130, "quant: interrupted.\n")


# ---------------------------------------------------------------------- doctor and tools


def test_the_doctor_on_the_command_line(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    said = shop.quant("doctor")
    assert said.status == 0, said.out
    assert re.search(r"^ok +known run: ", said.out, re.M)
    assert re.search(r"^ok: \d+, notes: \d+, problems: 0$", said.out, re.M)
    found = shop.quant("doctor", "--json").json
    assert found["ok"] is True
    assert {"name", "status", "text", "advice"} == set(found["checks"][0])
    wrong = dataclasses.replace(
        doctor.examine()[0], status="problem", text="[red]bad", advice="mend"
    )
    monkeypatch.setattr(doctor, "examine", lambda out: [wrong])
    said = shop.quant("doctor")
    assert said.status == 1
    assert "problem  quant: [red]bad → mend" in said.out
    assert shop.quant("doctor", "--json").json["ok"] is False


@pytest.mark.parametrize("library", ["numba", "polars", "numpy"])
def test_the_doctor_speaks_where_a_library_is_broken(shop: Shop, library: str) -> None:
    shop.file(f"broken/{library}.py", "raise ImportError('made for another Python')")
    path = os.pathsep.join(filter(None, [str(shop.path / "broken"), os.environ.get("PYTHONPATH")]))
    done = shop.process("doctor", PYTHONPATH=path)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"^problem +known run: raised \w+: .*another Python", done.stdout, re.M)
    assert re.search(r"^ok +temporary folder: ", done.stdout, re.M)
    told = shop.process("doctor", "--json", PYTHONPATH=path)
    assert (told.returncode, json.loads(told.stdout)["ok"]) == (1, False)


def test_tools_on_the_command_line(own: Shop) -> None:
    own.quant("systems", "run", "saw", "--window", "quick")
    names = [tool["name"] for tool in own.quant("tools", "list", "--json").json]
    assert "get_fills" in names
    assert "Bars of one symbol" in own.quant("tools", "list").out
    said = own.quant("tools", "call", "get_fills", "--args", '{"limit": 2}')
    assert (said.status, len(said.json["result"]["rows"])) == (0, 2)
    assert own.quant("tools", "call", "get_fills", "--json").json["ok"] is True
    said = own.quant("tools", "call", "get_fill")
    assert (said.status, said.json["ok"]) == (2, False)
    assert said.err == ""
    said = own.quant("tools", "call", "backtest_run", "--args",
                     '{"system_id": "saw", "window_name": "quick"}')  # fmt: skip
    assert said.json["result"]["system"]["id"] == "saw"
