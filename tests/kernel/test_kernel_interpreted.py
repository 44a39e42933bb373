"""Goal: compiled and interpreted code give the same bits.

Method: the same runs in two new processes, one with the compiler switched off; one hash over
orders, positions, fills, ledger and equity of each.
"""

from __future__ import annotations

from helpers.continuing import run_script

RUNS = ["restless", "schedule", "limited", "borrowed", "settling"]
RUNS += [f"planned-{size_type}" for size_type in ("units", "percent", "target_weight")]
RUNS += [f"seed-{seed}" for seed in range(60)]
RUNS += [f"flows-{seed}" for seed in range(20)]


def test_interpreted_runs_have_the_same_hash() -> None:
    compiled = run_script("hash", RUNS, NUMBA_DISABLE_JIT="0")
    interpreted = run_script("hash", RUNS, NUMBA_DISABLE_JIT="1")
    assert list(compiled) == RUNS
    assert len(set(compiled.values())) == len(RUNS)
    differing = [name for name in RUNS if compiled[name] != interpreted[name]]
    assert differing == []
