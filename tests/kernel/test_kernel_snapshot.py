"""Goal: a run split anywhere and continued elsewhere is the same run; damage is refused.

Method: runs are stopped at every timestamp, turned into bytes and continued in a fresh simulation,
some of them in a new process; one hash over our side, equity rows and the strategy's memory is
compared with the whole run's. Snapshots are then cut, changed and given to runs they do not fit.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from helpers.continuing import outcome, run_script, simulation
from helpers.worlds import market
from oracle.scenarios import random_scenario
from quant.engine.simulation import Simulation
from quant.errors import QuantError, RunError
from quant.kernel.layout import LAYOUT_VERSION
from quant.model.parse import config_from
from quant.strategy import Strategy

# the first few seeds that use different timings, paths and account kinds
SEEDS = (1, 8, 15, 23, 58, 64, 77, 114)
NAMES = ["restless", "schedule", "limited", "flows-3", "flows-4"]
NAMES += [f"seed-{seed}" for seed in SEEDS]


def whole(name: str) -> Simulation:
    run = simulation(name)
    run.prepare()
    run.advance()
    return run


def snapshots(name: str) -> dict[int, bytes]:
    """What a run would leave behind at each timestamp, the first and the last included."""
    run = simulation(name)
    run.prepare()
    found = {run.slice: run.snapshot()}
    while not run.is_done:
        run.advance(until=run.slice + 1)
        found[run.slice] = run.snapshot()
    return found


@pytest.mark.parametrize("name", NAMES)
def test_split_at_every_timestamp(name: str) -> None:
    wanted = outcome(whole(name))
    cuts = snapshots(name)
    assert len(cuts) >= 10
    for place, data in cuts.items():
        run = simulation(name)
        run.resume(data)
        assert run.slice == place
        run.advance()
        assert outcome(run) == wanted, f"{name} continued at {place}"


def test_the_runs_that_are_split_differ_in_kind() -> None:
    scenarios = [random_scenario(int(name[5:])) for name in NAMES if name.startswith("seed-")]
    assert {s.execution["timing"] for s in scenarios} >= {"next_open", "next_close", "same_close"}
    assert {s.account["kind"] for s in scenarios} == {"gross_leverage", "cash"}


def test_a_snapshot_of_a_resumed_run_is_the_same_snapshot() -> None:
    for name in NAMES[:4]:
        for data in itertools.islice(snapshots(name).values(), 3, None, 7):
            run = simulation(name)
            run.resume(data)
            assert run.snapshot() == data


def test_continued_in_another_process(tmp_path: Path) -> None:
    wanted: dict[str, str] = {}
    for name in NAMES[:5]:
        cuts = snapshots(name)
        places = sorted(cuts)
        for place in (places[0], places[len(places) // 3], places[len(places) // 2], places[-2]):
            file = tmp_path / f"{name}.{place}"
            file.write_bytes(cuts[place])
            wanted[str(file)] = outcome(whole(name))
    assert run_script("resume", list(wanted)) == wanted


def test_compiled_snapshots_go_on_interpreted(tmp_path: Path) -> None:
    cuts = snapshots("restless")
    file = tmp_path / f"restless.{len(cuts) // 2}"
    file.write_bytes(cuts[len(cuts) // 2])
    found = run_script("resume", [str(file)], NUMBA_DISABLE_JIT="1")
    assert found == {str(file): outcome(whole("restless"))}


# ------------------------------------------------------------------------------------------- damage


def kernel_part(data: bytes) -> int:
    """Where the kernel's bytes begin."""
    return 8 + int.from_bytes(data[:8], "little")


@pytest.fixture(scope="module")
def good() -> bytes:
    cuts = snapshots("restless")
    return cuts[len(cuts) // 2]


def resumed(data: bytes) -> Simulation:
    run = simulation("restless")
    run.resume(data)
    return run


@pytest.mark.parametrize("version", [0, LAYOUT_VERSION - 1, LAYOUT_VERSION + 1])
def test_another_layout_is_refused(good: bytes, version: int) -> None:
    place = kernel_part(good) + 8
    assert int.from_bytes(good[place : place + 8], "little") == LAYOUT_VERSION
    changed = good[:place] + version.to_bytes(8, "little") + good[place + 8 :]
    with pytest.raises(RunError, match=f"layout version {LAYOUT_VERSION}, found {version};"):
        resumed(changed)


def test_other_bytes_are_refused(good: bytes) -> None:
    place = kernel_part(good)
    with pytest.raises(RunError, match="expected bytes made by quant"):
        resumed(good[:place] + b"PARQUET1" + good[place + 8 :])


def test_a_cut_snapshot_is_refused(good: bytes) -> None:
    place = kernel_part(good)
    lengths = {place, place + 4, place + 8, place + 23, place + 24, place + 39, place + 40}
    # also cuts on whole words and whole records near the end, where arrays are scratch
    lengths |= {len(good) - n for n in (1, 7, 8, 16, 64, 8 * 255, 8 * 256, 4_096, 65_536)}
    lengths |= set(range(place, len(good), max(1, (len(good) - place) // 50)))
    for length in sorted(lengths):
        with pytest.raises(RunError):
            resumed(good[:length])


def test_a_longer_snapshot_is_refused(good: bytes) -> None:
    for more in (b"\0", b"\0" * 8, good[kernel_part(good) :]):
        with pytest.raises(RunError):
            resumed(good + more)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 40])
def test_a_snapshot_cut_in_its_head_is_refused(good: bytes, length: int) -> None:
    assert length < kernel_part(good)
    with pytest.raises(RunError):
        resumed(good[:length])


def test_a_refused_snapshot_changes_nothing(good: bytes) -> None:
    """Half a snapshot must not be half a state."""
    run = simulation("restless")
    run.prepare()
    before = outcome(run)
    with pytest.raises(RunError):
        run.resume(good[:-8])
    run = simulation("restless")
    run.prepare()
    assert outcome(run) == before


class Idle(Strategy):
    """Does nothing."""


def test_data_of_another_run_is_refused() -> None:
    def idle(price: float, **config: object) -> Simulation:
        bars = market(A=[(price,) * 4] * 3)
        run = Simulation(Idle(), bars, config_from(config))
        run.prepare()
        return run

    data = idle(10.0).snapshot()
    with pytest.raises(RunError, match="expected data"):
        idle(11.0).resume(data)


def test_another_configuration_is_refused() -> None:
    """A snapshot carries the settings of its run; other settings would silently lose."""

    def idle(cash: float) -> Simulation:
        return Simulation(Idle(), market(A=[(10.0,) * 4] * 3), config_from({"cash": cash}))

    run = idle(1_000.0)
    run.prepare()
    with pytest.raises(QuantError):
        idle(2_000.0).resume(run.snapshot())
