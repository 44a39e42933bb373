"""Goal: a confined process reads what was named and nothing else, whoever does the reading.

Method: fresh interpreters confine themselves and try; one table of attempts and outcomes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from quant.engine.lookahead.confine import landlock_abi, trees_without
from quant.engine.lookahead.reach import reach_of

pytestmark = pytest.mark.skipif(landlock_abi() == 0, reason="this kernel has no Landlock")

_ATTEMPTS = """
import json, sys
from pathlib import Path
from quant.engine.lookahead.confine import confine
from quant.engine.lookahead.reach import reach_of
place = Path(sys.argv[1])
reach = reach_of(str(place / "data.csv"), [str(place / "own.py")], [place / "declared"])
(place / "scratch").mkdir()
print(confine(reach.paths(), place / "scratch"))
def attempt(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    except Exception as error:
        return "PermissionError" if "ermission denied" in str(error) else repr(error)
    return "done"
def compiled(name):
    import polars as pl
    return pl.read_csv(place / name)
def program():
    import subprocess
    told = subprocess.run(["cat", str(place / "data.csv")], capture_output=True, text=True)
    if told.returncode:
        raise PermissionError(told.stderr)
def connect():
    import socket
    socket.create_connection(("0.0.0.0", 9), timeout=2)
def unix():
    import socket
    socket.socket(socket.AF_UNIX)
def datagrams():
    import socket
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def shared():
    Path("/dev/shm/quant-test").write_text("")
def loop():
    import asyncio
    asyncio.run(asyncio.sleep(0))
found = {
    "own source": attempt(lambda: (place / "own.py").read_text()),
    "declared": attempt(lambda: (place / "declared" / "a.csv").read_text()),
    "data": attempt(lambda: (place / "data.csv").read_text()),
    "data, compiled": attempt(lambda: compiled("data.csv")),
    "data, by another program": attempt(program),
    "neighbour": attempt(lambda: (place / "other.csv").read_text()),
    "neighbour, compiled": attempt(lambda: compiled("other.csv")),
    "write": attempt(lambda: (place / "new.txt").write_text("")),
    "write scratch": attempt(lambda: (place / "scratch" / "new.txt").write_text("")),
    "delete": attempt(lambda: (place / "other.csv").unlink()),
    "connect": attempt(connect),
    "unix socket": attempt(unix),
    "datagrams": attempt(datagrams),
    "shared memory": attempt(shared),
    "event loop": attempt(loop),
    "library": attempt(lambda: __import__("statistics")),
    "zones": attempt(lambda: __import__("zoneinfo").ZoneInfo("Europe/Rome")),
}
print(json.dumps(found))
"""


def test_what_a_confined_process_can_do(tmp_path: Path) -> None:
    for name in ("own.py", "data.csv", "other.csv"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    (tmp_path / "declared").mkdir()
    (tmp_path / "declared" / "a.csv").write_text("a\n1\n")
    ran = subprocess.run(
        [sys.executable, "-c", _ATTEMPTS, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={"OPENBLAS_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
    )
    confined, found = ran.stdout.strip().splitlines()
    assert confined == "True"
    assert json.loads(found) == {
        "own source": "done",
        "declared": "done",
        "data": "PermissionError",
        "data, compiled": "PermissionError",
        "data, by another program": "PermissionError",
        "neighbour": "PermissionError",
        "neighbour, compiled": "PermissionError",
        "write": "PermissionError",
        "write scratch": "done",
        "delete": "PermissionError",
        "connect": "PermissionError",
        "unix socket": "PermissionError",
        "datagrams": "PermissionError",
        "shared memory": "PermissionError",
        "event loop": "done",
        "library": "done",
        "zones": "done",
    }


def test_a_process_with_threads_is_not_confined(tmp_path: Path) -> None:
    code = (
        "import threading, time; from pathlib import Path; "
        "from quant.engine.lookahead.confine import confine; "
        "threading.Thread(target=time.sleep, args=(2,), daemon=True).start(); "
        f"print(confine([], Path({str(tmp_path)!r})))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_siblings_of_what_is_hidden_are_named(tmp_path: Path) -> None:
    for name in ("a/x.csv", "a/y.py", "b/z.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    found = trees_without(tmp_path, [tmp_path / "a" / "x.csv"])
    assert found == [tmp_path / "a" / "y.py", tmp_path / "b"]
    assert trees_without(tmp_path / "b", [tmp_path / "b"]) == []


def test_samples_and_data_are_out_of_reach_wherever_they_lie(tmp_path: Path) -> None:
    import quant as qt

    data = tmp_path / "lib" / "prices.csv"
    data.parent.mkdir()
    pl.DataFrame({"a": [1]}).write_csv(data)
    reach = reach_of(str(data), [str(data.parent / "own.py")], [])
    assert not reach.permits(data)
    assert not reach.permits(qt.sample("sp500").path)
    assert reach.permits(Path(json.__file__))
    assert reach.permits(data.parent / "own.py")
    assert not reach_of(str(data), [], [data.parent]).permits(data)
    assert reach_of(str(data), [], [data.parent]).permits(data.parent / "weights.txt")
    assert reach.permits(Path("/proc/self/status"))


def test_data_among_libraries_is_data_and_a_strategy_s_folder_is_its_source(tmp_path: Path) -> None:
    package = Path(pl.__file__).parent
    reach = reach_of(None, [str(tmp_path / "own.py")], [], str(tmp_path / "own.py"))
    assert reach.permits(package / "__init__.py")
    assert not reach.permits(package / "goog.npz")
    assert not reach.permits(tmp_path / "data" / "ups.txt")
    assert not reach_of(None, ["/usr/lib/app/a.csv"], [], "/usr/lib/app/own.py").permits(
        Path("/usr/lib/app/a.csv")
    )
