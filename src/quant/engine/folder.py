"""The run folder: written whole or absent, read-only afterwards, every file hashed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from quant.clock import utc_now
from quant.engine.interrupts import holding_back_interrupts
from quant.engine.journal import line_text
from quant.engine.manifest import json_text, manifest_hash, manifest_of
from quant.engine.run import Run
from quant.engine.source import source_of
from quant.engine.writing import csv_text, explain_os_error, sha256_of, time_text
from quant.errors import RunError
from quant.report.metrics import metrics_json
from quant.report.tearsheet import render_tearsheet
from quant.seeds import run_token

__all__ = [
    "RESULT_FILES",
    "RunFolder",
    "artifacts_of",
    "find_run",
    "list_runs",
    "prepare_folder",
    "results_of",
    "save_run",
]

_MANIFEST_KEYS = (
    "run_id",
    "status",
    "error",
    "strategy",
    "config",
    "period",
    "data_versions",
    "calendar",
    "versions",
    "platform",
    "warnings",
    "artifacts",
    "result_hash",
    "manifest_hash",
)
RESULTS = ("equity", "orders", "fills", "positions", "trades", "ledger")
RESULT_FILES = (*(f"{name}.csv" for name in RESULTS), "metrics.json")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run on disk.

    Attributes
    ----------
    path : Path
        The folder.
    """

    path: Path

    @property
    def run_id(self) -> str:
        """Name of the folder."""
        return self.path.name

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.path / "report.html"

    @property
    def manifest(self) -> dict[str, Any]:
        """manifest.json, read and checked against its own hash.

        Raises
        ------
        RunError
            If it is damaged, changed, or of an earlier version.
        """
        content = self.unchecked_manifest()
        raw = (self.path / "manifest.json").read_bytes()
        if manifest_hash(content) != content["manifest_hash"] or raw != json_text(content).encode():
            raise self._changed("manifest.json")
        return content

    def unchecked_manifest(self) -> dict[str, Any]:
        """manifest.json, whatever has been done to it, if it has all its keys."""
        content = self._object("manifest.json", self._bytes("manifest.json"))
        lacking = [name for name in _MANIFEST_KEYS if name not in content]
        if lacking and "run_id" in content and "result_hash" in content:
            raise RunError(
                f"{self.path / 'manifest.json'}: expected the key {lacking[0]}, found none: an "
                "earlier version of quant wrote this run; run the backtest again."
            )
        if lacking:
            raise RunError(
                f"{self.path / 'manifest.json'}: expected the key {lacking[0]}, found none; the "
                "run folder is damaged: run the backtest again."
            )
        return content

    @property
    def metrics(self) -> dict[str, Any]:
        """metrics.json, read and checked against its hash."""
        return self._object("metrics.json", self.read("metrics.json"))

    def read(self, name: str) -> bytes:
        """The bytes of one of the files, which must be those of the run.

        Raises
        ------
        RunError
            If the file is missing or has been changed.
        """
        content = self._bytes(name)
        expected = self.manifest["artifacts"].get(name)
        if hashlib.sha256(content).hexdigest() != expected:
            raise self._changed(name)
        return content

    def table(self, name: str) -> pl.DataFrame:
        """One of the CSV tables, times as text."""
        return pl.read_csv(self.read(f"{name}.csv"), infer_schema_length=None)

    def _changed(self, name: str) -> RunError:
        return RunError(
            f"{self.path / name}: expected the bytes that the run wrote, found others: it was "
            f"changed; quant runs verify {self.run_id} lists every change."
        )

    def _bytes(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise RunError(
                f"{self.path / name}: expected a file of the run, found {error.strerror}; the run "
                "folder is damaged: run the backtest again."
            ) from None

    def _object(self, name: str, content: bytes) -> dict[str, Any]:
        try:
            found = json.loads(content)
        except ValueError as error:
            raise RunError(
                f"{self.path / name}: expected a readable {name}, found {error}; the run folder is "
                "damaged: run the backtest again."
            ) from None
        if not isinstance(found, dict):
            raise RunError(
                f"{self.path / name}: expected an object, found {type(found).__name__}; the run "
                "folder is damaged: run the backtest again."
            )
        return found


def results_of(run: Run) -> dict[str, bytes]:
    """The artifacts that the result hash covers, by file name."""
    found = {f"{name}.csv": csv_text(getattr(run, name)).encode() for name in RESULTS}
    found["metrics.json"] = json_text(metrics_json(run.metric_details)).encode()
    return found


def artifacts_of(run: Run, run_id: str) -> dict[str, bytes]:
    """All files that come out of a run, by name: the results, the log and the report."""
    found = results_of(run)
    found["order_events.csv"] = csv_text(run.order_events).encode()
    found["logs.jsonl"] = _log_bytes(run, run_id)
    found["report.html"] = render_tearsheet(run.sheet(run_id)).encode()
    return found


def prepare_folder(runs: Path) -> None:
    """Make sure that a run could be written under ``runs``, before the run; leaves nothing behind.

    Raises
    ------
    RunError
        If the folder cannot be made or written.
    """
    try:
        place = next(one for one in (runs, *runs.absolute().parents) if one.exists())
        with tempfile.NamedTemporaryFile(dir=place, prefix=".quant-"):
            pass
    except OSError as error:
        raise explain_os_error(runs, error) from None


def save_run(run: Run, runs: Path) -> RunFolder:
    """Write a run under ``runs`` and return its folder.

    Everything is written to a hidden folder beside it first and renamed, so that a reader never
    meets half a run. The files are read-only afterwards.

    Raises
    ------
    RunError
        If the disk is full or the folder cannot be written; nothing is left behind.
    KeyboardInterrupt
        After a Ctrl-C: with the folder written, or at the second one, with nothing left behind.
    """
    with holding_back_interrupts() as held:
        folder = _save(run, runs)
    if held:
        raise KeyboardInterrupt(f"the run is in {folder.path}")
    return folder


def _save(run: Run, runs: Path) -> RunFolder:
    run_id = f"run-{utc_now():%Y%m%dT%H%M%SZ}-{run_token()}"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=runs, prefix=".quant-"))
    except OSError as error:
        raise explain_os_error(runs, error) from None
    try:
        _write_all(run, run_id, partial)
        os.chmod(partial, 0o755)
        os.replace(partial, runs / run_id)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise explain_os_error(runs, error) from None
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return RunFolder(runs / run_id)


def _write_all(run: Run, run_id: str, folder: Path) -> None:
    files = artifacts_of(run, run_id)
    results = {name: files[name] for name in RESULT_FILES}
    source = source_of(run.simulation.strategy)
    files |= {f"source/{name}": content for name, content in source.files.items()}
    (folder / "source").mkdir()
    hashes = {}
    for name in sorted(files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])
        hashes[name] = sha256_of(path)
        os.chmod(path, 0o444)
    manifest = folder / "manifest.json"
    manifest.write_text(json_text(manifest_of(run, run_id, source, results, hashes)))
    os.chmod(manifest, 0o444)


def _log_bytes(run: Run, run_id: str) -> bytes:
    lines = []
    for line in run.log:
        head = {"ts": time_text(line["ts"]), "level": line["level"], "event": line["event"]}
        rest = {k: v for k, v in line.items() if k not in head}
        lines.append(line_text({**head, "run_id": run_id, **rest}))
    return b"".join(line + b"\n" for line in lines)


def list_runs(runs: Path) -> list[RunFolder]:
    """The runs under a folder, oldest first; other files are passed over."""
    if not runs.is_dir():
        return []
    found = [path for path in runs.iterdir() if (path / "manifest.json").is_file()]
    return [RunFolder(path) for path in sorted(found, key=_age)]


def _age(path: Path) -> tuple[str, int, str]:
    """Order of runs: by the second in the name, then by when they were written."""
    return (path.name[4:20], (path / "manifest.json").stat().st_mtime_ns, path.name)


def find_run(name: str, runs: str | Path = "runs") -> RunFolder:
    """A run by path, id, unique prefix of an id, or ``latest``.

    Raises
    ------
    RunError
        If none, or more than one, fits.
    """
    runs = Path(runs)
    path = Path(name)
    if (path / "manifest.json").is_file():
        return RunFolder(path)
    known = list_runs(runs)
    if not known:
        raise RunError(
            f"{runs}: expected runs there, found none; run a backtest first or name the folder "
            "with --out."
        )
    if name == "latest":
        return known[-1]
    fits = [run for run in known if run.run_id.startswith(name) or run.run_id == f"run-{name}"]
    if len(fits) == 1:
        return fits[0]
    found = "none" if not fits else ", ".join(run.run_id for run in fits[:4])
    raise RunError(
        f"run {name!r}: expected exactly one run under {runs} to begin so, found {found}; "
        "see quant runs list."
    )
