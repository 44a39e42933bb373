"""Goal: compiled and interpreted give the same bits, missing rows and overflows included.

Method: one script hashes the outputs of every indicator; it runs in two fresh processes, one with
the compiler switched off, with warnings as errors, and both must print the same hash.
"""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import hashlib
import numpy as np
from quant.indicators import INDICATORS
from quant.kernel.jit import INTERPRETED

random = np.random.Generator(np.random.Philox(key=31))
close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, 700)))
hard = random.choice([0.0, -0.0, 0.1, 5e-324, 1e308, -1e308, 1.7e308, 1e16, np.nan, np.inf], 700)
spoiled = close.copy()
spoiled[random.integers(0, 700, 12)] = np.nan
digest = hashlib.sha256()
for name, spec in INDICATORS.items():
    for n in (2, 3, 10, 33):
        extra = {"target": 0.1, "periods_per_year": 252} if name == "vol_target" else {}
        for values in (close, spoiled, hard, hard[::-1]):
            inputs = {"high": values + 1.0, "low": values - 1.0, "close": values, "field": values}
            columns = [inputs[field] for field in spec.inputs]
            digest.update(spec.compute(*columns, n=n, **extra).tobytes())
print(INTERPRETED, digest.hexdigest())
"""


def printed(disable_jit: str) -> list[str]:
    environment = dict(os.environ, NUMBA_DISABLE_JIT=disable_jit)
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_the_compiler_changes_no_bit() -> None:
    compiled, interpreted = printed("0"), printed("1")
    assert (compiled[0], interpreted[0]) == ("False", "True")
    assert compiled[1] == interpreted[1]
