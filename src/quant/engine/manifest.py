"""manifest.json: everything that decides a result, and what came out."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson

from quant import __version__
from quant.clock import utc_now
from quant.engine.journal import in_words
from quant.engine.run import Run
from quant.engine.source import StrategySource
from quant.kernel.cache import cpu_name, source_hash
from quant.model.config import Commission, ScheduleCommission
from quant.model.parse import to_mapping

__all__ = [
    "data_entry",
    "environment",
    "json_text",
    "manifest_hash",
    "manifest_of",
    "result_hash",
]

_LIBRARIES = ("numpy", "numba", "llvmlite", "polars")


def json_text(value: object) -> str:
    """JSON with sorted structure kept as given, two spaces, a final newline."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode()
    except TypeError:  # whole numbers beyond 64 bits, such as a long seed
        text = json.dumps(value, indent=2, ensure_ascii=False)
    return text + "\n"


def params_hash(params: dict[str, Any]) -> str:
    """SHA-256 of the parameters as canonical JSON."""
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()


def data_entry(run: Run) -> dict[str, Any]:
    """What the manifest says about the data."""
    bars = run.simulation.bars
    source, options = bars.source, bars.source.options
    return {
        "kind": source.kind,
        "name": source.name,
        "sha256": source.sha256,
        "rows": source.n_rows,
        "dropped_rows": source.dropped_rows,
        "bad_rows": list(source.bad_rows),
        "symbols": list(bars.symbols),
        "options": {
            "tz": options.tz,
            "ts_is": options.ts_is,
            "bar": options.bar,
            "calendar": options.calendar,
            "columns": dict(options.columns),
            "symbol": options.symbol,
            "on_bad_rows": options.on_bad_rows,
            "allow_nonpositive": list(options.allow_nonpositive),
        },
    }


def environment() -> dict[str, dict[str, str | None]]:
    """Versions and platform: what may differ where bytes differ."""
    libraries = {name: _version_of(name) for name in _LIBRARIES}
    versions = {"quant": __version__, "kernel": source_hash(), **libraries}
    return {"versions": versions, "platform": dict(_platform())}


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _platform() -> dict[str, str]:
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "cpu": hashlib.sha256(cpu_name().encode()).hexdigest()[:16],
        "libc": " ".join(platform.libc_ver()),
        "python": ".".join(map(str, sys.version_info[:3])),
    }


def result_hash(artifacts: dict[str, bytes]) -> str:
    """SHA-256 over the six CSV files and metrics.json, by name."""
    digest = hashlib.sha256()
    for name in sorted(artifacts):
        digest.update(f"{name}\0{len(artifacts[name])}\0".encode())
        digest.update(artifacts[name])
    return digest.hexdigest()


def manifest_hash(manifest: dict[str, Any]) -> str:
    """SHA-256 over a manifest as it is written, without its own ``manifest_hash``."""
    rest = {name: value for name, value in manifest.items() if name != "manifest_hash"}
    return hashlib.sha256(json_text(rest).encode()).hexdigest()


def manifest_of(
    run: Run,
    run_id: str,
    source: StrategySource,
    results: dict[str, bytes],
    hashes: dict[str, str],
) -> dict[str, Any]:
    """The manifest of a run about to be written."""
    simulation = run.simulation
    config = to_mapping(simulation.config)
    params = run.parameters
    calendar = simulation.bars.calendar
    sessions = run.equity["session"]
    manifest = {
        "run_id": run_id,
        "status": run.status,
        "error": None if run.failure is None else _error_text(run.failure.error),
        "timestamp": utc_now().isoformat(timespec="seconds").replace("+00:00", "Z"),
        "strategy": {"name": source.name, "file": source.main, "params": params},
        "params_hash": params_hash(params),
        "system": run.system,
        "git_sha": source.git_sha,
        "git_dirty": source.git_dirty,
        "code_hash": source.code_hash,
        "config": config,
        "slippage_model": config["slippage"],
        "cost_models": {
            "commission": _commission(simulation.config.commission, config["commission"]),
            "slippage": config["slippage"],
        },
        "seed": simulation.config.seed,
        "period": {
            "start": _label(run, simulation.period.first),
            "end": _label(run, simulation.period.last),
            "last_session": str(sessions[-1]),
        },
        "data_versions": [data_entry(run)],
        "calendar": calendar.name,
        "calendar_version": calendar.version,
        **environment(),
        "account": _account(run),
        "warnings": _warnings(run),
        "audit": None if run.audit is None else {"lookahead": run.audit.to_json()},
        "artifacts": hashes,
        "result_hash": result_hash(results),
    }
    return {**manifest, "manifest_hash": manifest_hash(manifest)}


def _commission(model: Commission, written: dict[str, Any]) -> dict[str, Any]:
    """A commission as the manifest keeps it: of a bundled schedule with what it charged then."""
    if isinstance(model, ScheduleCommission):
        return {**written, "components": [part.to_mapping() for part in model.parts]}
    return written


def _label(run: Run, index: int) -> str:
    from datetime import date, timedelta

    days = int(run.simulation.bars.calendar.days[index])
    return str(date(1970, 1, 1) + timedelta(days=days))


def _account(run: Run) -> dict[str, Any]:
    """How the account ended, its time as text."""
    found = run.account
    since = found["since"]
    return found | {"since": None if since is None else since.isoformat().replace("+00:00", "Z")}


def _error_text(error: BaseException) -> str:
    text = in_words(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _warnings(run: Run) -> list[str]:
    from quant.engine.assumptions import warnings_of

    return warnings_of(run.simulation)
