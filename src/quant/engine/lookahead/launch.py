"""Runs of an audit, each in a process of its own, a few at a time."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from quant.clock import monotonic
from quant.engine.lookahead.job import Job
from quant.errors import RunError

__all__ = ["Launcher", "Outcome"]

_FIRST_LIMIT = 86_400.0
_LEAST_LIMIT = 120.0
_PATIENCE = 20.0
# Libraries that would start threads, which no confinement reaches.
_ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run reported; `worker.run_job` has the keys."""

    decisions: list[list[Any]] = field(default_factory=list)
    orders: list[list[Any]] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    is_confined: bool = False
    error: dict[str, Any] | None = None


# What may be set after a process has begun, and still counts for those it starts.
_PASSED_ON = ("QUANT_CACHE", "XDG_CACHE_HOME", "HOME", "TMPDIR", "PYTHONPATH", "NUMBA_DISABLE_JIT")


def _environment() -> dict[str, str]:
    """The environment this process was started with: the strategy's file may have changed its."""
    try:
        content = Path("/proc/self/environ").read_bytes()
    except OSError:
        return dict(os.environ)
    pairs = (os.fsdecode(pair).partition("=") for pair in content.split(b"\0") if pair)
    found = {name: value for name, _, value in pairs}
    return found | {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


class _Server:
    """A worker process that runs one job after another."""

    def __init__(self, hash_seed: int, errors: Path) -> None:
        self._errors = errors
        with errors.open("wb") as told:
            self.process = subprocess.Popen(
                [sys.executable, "-B", "-m", "quant.engine.lookahead.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=told,
                env={**_environment(), **_ONE_THREAD, "PYTHONHASHSEED": str(hash_seed)},
                text=True,
                start_new_session=True,
            )

    def run(self, path: Path, limit: float) -> str:
        """Run a job; what went wrong, or nothing."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        watch = threading.Timer(limit, self.kill)
        watch.start()
        began = monotonic()
        try:
            self.process.stdin.write(f"{path}\n")
            self.process.stdin.flush()
            status = self.process.stdout.readline().strip()
        except OSError:
            status = ""
        finally:
            watch.cancel()
        if status == "0":
            return ""
        if monotonic() - began >= limit:
            return f"ran for more than {limit:,.0f} s"
        told = self._errors.read_text(errors="replace").strip().splitlines()
        return f"ended with status {status or 'unknown'}{': ' if told else ''}{''.join(told[-1:])}"

    @property
    def is_alive(self) -> bool:
        """Whether it can run another job."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End it and what it has started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it and wait."""
        self.kill()
        with suppress(OSError, ValueError):
            self.process.communicate()


class Launcher:
    """Starts workers in a temporary folder of its own; use it as a context manager.

    Parameters
    ----------
    workers : int, optional
        Processes at a time; by default one for every processor.
    """

    is_allowed = True  # False within a run of an audit: a file that audits itself would never end

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or os.cpu_count() or 1
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="quant-audit-")
        except OSError as error:
            raise RunError(
                f"{tempfile.gettempprefix()}: expected a temporary folder for the audit, found "
                f"{error.strerror or error}; make room or set TMPDIR to another folder."
            ) from None
        self._lock = threading.Lock()
        self._servers: list[_Server] = []
        self._idle: dict[int, list[_Server]] = {}
        self._limit = _FIRST_LIMIT
        self._count = 0
        self.path = Path(self._folder.name)

    def __enter__(self) -> Launcher:
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        self._folder.cleanup()

    def new_folder(self) -> Path:
        """A folder that exists as long as the launcher."""
        with self._lock:
            self._count += 1
            folder = self.path / str(self._count)
        folder.mkdir()
        return folder

    def run(self, job: Job, *, hash_seed: int = 0) -> Outcome:
        """One run, waited for; a run that takes far longer than the first is ended."""
        folder = self.new_folder()
        path = folder / "job"
        path.write_bytes(pickle.dumps(replace(job, report=folder / "report.json")))
        server = self._take(hash_seed)
        began = monotonic()
        wrong = server.run(path, self._limit)
        if self._limit == _FIRST_LIMIT:
            self._limit = max(_LEAST_LIMIT, _PATIENCE * (monotonic() - began))
        with self._lock:
            if server.is_alive:
                self._idle[hash_seed].append(server)
        return _read(folder, wrong)

    def _take(self, hash_seed: int) -> _Server:
        """A server that has nothing to do, or a new one."""
        with self._lock:
            idle = self._idle.setdefault(hash_seed, [])
            if idle:
                return idle.pop()
            server = _Server(hash_seed, self.path / f"errors-{len(self._servers)}")
            self._servers.append(server)
            return server

    def run_all(
        self, jobs: Sequence[Job], on_done: Callable[[int], None] | None = None
    ) -> list[Outcome]:
        """Several runs, in the order of the jobs."""
        found: list[Outcome] = []
        with ThreadPoolExecutor(self.workers) as pool:
            waiting = [pool.submit(self.run, job) for job in jobs]
            try:
                for one in waiting:
                    found.append(one.result())
                    if on_done is not None:
                        on_done(len(found))
            except BaseException:
                for one in waiting:
                    one.cancel()
                for server in self._servers:
                    server.kill()
                raise
        return found


def _read(folder: Path, wrong: str) -> Outcome:
    """The report of a run, or that there is none."""
    try:
        return Outcome(**json.loads((folder / "report.json").read_bytes()))
    except (OSError, ValueError, TypeError):
        told = ""
        with suppress(OSError):
            told = (folder / "errors").read_text(errors="replace").strip()
        last = f": {told.splitlines()[-1]}" if told else ""
        return Outcome(error=_broken(f"it {wrong or 'gave no report'}{last}"))


def _broken(text: str) -> dict[str, Any]:
    """The error of a run that could not report."""
    return {
        "kind": "",
        "text": text,
        "place": "",
        "is_ours": False,
        "ts": 0,
        "traceback": "",
    }
