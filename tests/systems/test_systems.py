"""Goal: a system runs exactly what its file says, and a wrong file is told by its place.

Method: small YAML files in an empty folder; the same run through ``qt.backtest``; the manifest.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import quant as qt
from quant.errors import ConfigError, StrategyError
from quant.systems import (
    RunRequest,
    bundled_folder,
    find_system,
    find_window,
    read_systems,
    run_system,
    smoke_window,
)

Write = Callable[..., Path]
BUNDLED = ("sp500-weekly-trend", "us20-calm")


def test_a_system_is_read_as_written(write: Write) -> None:
    path = write()
    system = find_system("hold")
    assert system.path.resolve() == path.resolve()
    assert system.strategy == str(path.parent.resolve() / "strategies" / "hold.py")
    assert system.config.commission == qt.RateCommission(rate=0.001)
    assert (system.config.seed, system.config.benchmark) == (7, "none")
    assert list(system.windows) == ["year", "month", "all"]
    assert system.windows["year"].end == date(2010, 12, 31)
    assert smoke_window(system).name == "month"


def test_a_window_is_the_backtest_it_describes(write: Write) -> None:
    path = write()
    system = find_system("hold")
    run = run_system(system, find_window(system, "month"))
    from quant.engine.strategy_file import load_class

    plain = qt.backtest(
        load_class(str(path.parent / "strategies" / "hold.py"))(weight=0.25),
        "sample:sp500",
        config={"commission": {"kind": "rate", "rate": 0.001}, "benchmark": "none", "seed": 7},
        start="2010-01-04",
        end="2010-01-29",
    )
    assert run.fills.equals(plain.fills)
    assert run.equity.equals(plain.equity)
    manifest = run.save("runs").manifest
    assert manifest["strategy"]["params"]["weight"] == 0.25
    assert manifest["system"] == {
        "id": "hold",
        "window": "month",
        "file": "hold.yaml",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    assert plain.save("runs").manifest["system"] is None


def test_seed_progress_and_warnings_are_passed_on(write: Write) -> None:
    write()
    system = find_system("hold")
    told: list[str] = []
    steps: list[tuple[int, int]] = []
    request = RunRequest(
        seed=3, on_warning=told.append, on_progress=lambda done, total: steps.append((done, total))
    )
    run = run_system(system, system.windows["month"], request)
    assert run.config.seed == 3
    assert told == []  # of a month in which opens are opens
    assert steps[-1][0] == steps[-1][1]


def test_data_beside_the_file_and_its_options(write: Write) -> None:
    path = write(
        """
        system_id: local
        strategy: MovingAverageCross
        params: {fast: 2, slow: 3}
        data: {path: ../prices.csv, calendar: 24/7, symbol: COIN, columns: {close: px}}
        windows: {all: {}}
        """,
        "local.yaml",
    )
    days = "\n".join(f"2024-01-{d:02},{100 + d % 4}" for d in range(1, 21))
    (path.parent.parent / "prices.csv").write_text(f"date,px\n{days}\n")
    system = find_system("local")
    run = run_system(system, find_window(system, None))
    bars = run.simulation.bars
    assert (bars.symbols, bars.calendar.name, bars.source.kind) == (("COIN",), "24/7", "csv")


def test_a_policy_reaches_a_signal_strategy(write: Write) -> None:
    write(
        """
        import quant as qt


        class Signals(qt.SignalStrategy):
            def generate_signal(self, snapshot, params):
                return qt.Signal(symbol=snapshot.symbol, direction="LONG")
        """,
        "strategies/signals.py",
    )
    text = """
        system_id: signals
        strategy: strategies/signals.py:Signals
        policy: {mode: rules, sizing: {kind: fixed_money, amount: 20000}}
        data: sample:sp500
        windows: {w: {start: "2010-01-04", end: "2010-02-26"}}
        """
    write(text, "signals.yaml")
    system = find_system("signals")
    run = run_system(system, system.windows["w"])
    cost = run.fills["qty"][0] * run.fills["price"][0]
    assert 18_000 < cost <= 20_000
    params = run.save("runs").manifest["strategy"]["params"]
    assert params["policy"]["sizing"] == {"kind": "fixed_money", "amount": 20000}
    plain = dataclasses.replace(find_system("us20-calm"), policy={"mode": "none"})
    with pytest.raises(ConfigError, match="expected a strategy that takes a policy"):
        run_system(plain, plain.windows["smoke"])


def test_bundled_systems_are_always_there(write: Write, tmp_path: Path) -> None:
    write()
    assert tuple(s.system_id for s in read_systems().systems) == tuple(sorted([*BUNDLED, "hold"]))
    shelf = read_systems(tmp_path / "nowhere")
    assert tuple(system.system_id for system in shelf.systems) == BUNDLED
    assert shelf.problems == ()
    assert len(list(bundled_folder().glob("*.yaml"))) == len(BUNDLED)


@pytest.mark.parametrize("system_id", BUNDLED)
def test_bundled_systems_run(system_id: str) -> None:
    system = find_system(system_id)
    run = run_system(system, smoke_window(system))
    assert run.status == "done"
    assert len(run.fills) > 0
    assert run.config.commission.to_params()["rate"] == 0.0005
    assert system.description.endswith(".")


def test_an_own_system_hides_a_bundled_one(write: Write) -> None:
    write(name="mine.yaml", text="""
        system_id: us20-calm
        title: mine
        strategy: Breakout
        data: sample:sp500
        windows: {w: {}}
        """)  # fmt: skip
    assert find_system("us20-calm").title == "mine"


def test_a_broken_file_does_not_hide_the_others(write: Write) -> None:
    write()
    write("system_id: [", "broken.yaml")
    write(name="twice.yaml")
    write("text", "notes.txt")
    shelf = read_systems()
    assert "hold" in [system.system_id for system in shelf.systems]
    first, second = (f"{path.name}: {why}" for path, why in shelf.problems)
    assert first.startswith("broken.yaml: ")
    assert ", line 1: expected YAML" in first
    assert "expected a system_id of its own, found 'hold' as in" in second
    with pytest.raises(ConfigError, match="line 1: expected YAML"):
        find_system("broken")
    with pytest.raises(ConfigError, match="2 files could not be read"):
        find_system("nothing")


BASE = "system_id: s\nstrategy: strategies/hold.py\ndata: sample:sp500\nwindows: {w: {}}\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("strategy: Breakout\n", "system: expected system_id, found none"),
        (BASE.replace("data: sample:sp500\n", ""), "expected data, found none"),
        (BASE + "windos: {}\n", "unknown setting 'windos'.*Did you mean 'windows'"),
        (BASE + "cash: -5\n", "config cash: expected a number above 0"),
        (BASE + "cash: ten\n", "config cash: expected a number, found 'ten'"),
        (BASE + "execution: {timng: x}\n", "config execution: unknown setting 'timng'"),
        (BASE + "commission: {kind: rte}\n", "Did you mean 'rate'"),
        (BASE + "costs: {comission: {}}\n", "costs: unknown setting 'comission'"),
        (BASE + "costs: {slippage: {}}\nslippage: {}\n", "costs.slippage: expected slippage once"),
        (BASE + "policy: {mod: rules}\n", "policy: unknown setting 'mod'"),
        (BASE + "params: [1]\n", "params: expected settings by name"),
        (BASE + "params: {1: 2}\n", "params: expected names as text, found 1"),
        (BASE + "title: 5\n", "title: expected text, found 5"),
        (BASE.replace("system_id: s", "system_id: a b"), "expected letters, digits"),
        (BASE.replace("sample:sp500", "{tz: UTC}"), "data.path: expected a file"),
        (BASE.replace("sample:sp500", "{path: x.csv, tzz: UTC}"), "data: unknown setting 'tzz'"),
        (BASE.replace("sample:sp500", "{path: x.csv, bar: 1m}"), "Did you mean '1min'"),
        (BASE.replace("{w: {}}", "{}"), "windows: expected at least one"),
        (BASE.replace("{w: {}}", "{1: {}}"), "windows.1: expected a name as text"),
        (BASE.replace("{w: {}}", "{w: {strt: 2010-01-04}}"), "Did you mean 'start'"),
        (BASE.replace("{w: {}}", "{w: {start: soon}}"), "windows.w.start: expected a date"),
        (BASE.replace("{w: {}}", "{w: {start: 2011-01-01, end: 2010-01-01}}"), "exchange them"),
        ("- a\n- b\n", "system: expected settings by name"),
        ("", "system: expected system_id, found none"),
        (BASE + "cash: 1\ncash: 2\n", "expected YAML, found .*duplicate key"),
    ],
)
def test_a_wrong_file_is_told_by_its_place(text: str, told: str, write: Write) -> None:
    path = write(text, "s.yaml")
    ((where, why),) = read_systems().problems
    assert where.name == path.name
    assert "s.yaml" in why
    with pytest.raises(ConfigError, match=told):
        raise ConfigError(why)


@pytest.mark.parametrize(
    ("params", "error", "told"),
    [
        ("{wight: 1}", ConfigError, "params.wight: expected a parameter of Hold.*'weight'"),
        ("{weight: heavy}", ConfigError, "params.weight: expected float, found 'heavy'"),
        ("{times: 1.5}", ConfigError, "params.times: expected int, found 1.5"),
        ("{times: true}", ConfigError, "params.times: expected int, found True"),
        ("{name: 5}", ConfigError, "params.name: expected str, found 5"),
        ("{policy: {}}", ConfigError, "params.policy: expected a parameter of Hold"),
    ],
)
def test_a_wrong_parameter_is_told(
    params: str, error: type[Exception], told: str, write: Write
) -> None:
    write(f"{BASE}params: {params}\n", "s.yaml")
    system = find_system("s")
    with pytest.raises(error, match=told) as raised:
        run_system(system, system.windows["w"])
    assert "s.yaml: system s" in str(raised.value)


def test_a_missing_strategy_parameter_window_or_system_is_told(write: Write) -> None:
    write(BASE.replace("strategies/hold.py", "strategies/hld.py"), "s.yaml")
    system = find_system("s")
    with pytest.raises(StrategyError, match=r"expected a strategy file.*Did you mean 'hold.py'"):
        run_system(system, system.windows["w"])
    write(BASE.replace("strategies/hold.py", "PairTrade"), "s.yaml")
    system = find_system("s")
    with pytest.raises(ConfigError, match=r"params.first: expected a value, found none"):
        run_system(system, system.windows["w"])
    write()
    with pytest.raises(ConfigError, match="Did you mean 'hold'"):
        find_system("hodl")
    with pytest.raises(ConfigError, match="Did you mean 'year'"):
        find_window(find_system("hold"), "yaer")
    with pytest.raises(ConfigError, match="expected --window with one of year, month, all"):
        find_window(find_system("hold"), None)
    with pytest.raises(ConfigError, match="found a file"):
        read_systems("systems/hold.yaml")


def test_whole_numbers_are_floats_as_well(write: Write) -> None:
    write(f"{BASE}params: {{weight: 1}}\n", "s.yaml")
    system = find_system("s")
    window: Any = dataclasses.replace(system.windows["w"], end=date(2000, 3, 1))
    assert run_system(system, window).status == "done"


@pytest.mark.parametrize("system_id", BUNDLED)
def test_windows_of_bundled_systems_lie_inside_their_data(system_id: str) -> None:
    system = find_system(system_id)
    sample = qt.sample(system.data.removeprefix("sample:"))
    for window in system.windows.values():
        assert sample.first <= str(window.start) < str(window.end) <= sample.last
