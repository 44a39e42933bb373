"""Is a run what it says it is? Check its files, run it again, compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from quant.engine.backtest import simulate
from quant.engine.folder import RunFolder, results_of
from quant.engine.manifest import environment, result_hash
from quant.engine.writing import sha256_of
from quant.errors import DataError, RunError
from quant.lake import DataOptions, load_bars
from quant.model.parse import config_from
from quant.strategy.base import Strategy

__all__ = ["Verdict", "verify"]

MakeStrategy = Callable[[str, dict[str, Any]], Strategy]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What ``verify`` found.

    Attributes
    ----------
    is_same : bool
        Files untouched and the same result hash again.
    tampered : list of str
        Files whose hash is not the manifest's, that are missing, or that it does not name.
    differing : list of str
        Artifacts that came out different.
    text : str
        The verdict in words.
    """

    is_same: bool
    tampered: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    text: str = ""


def _tampered(folder: RunFolder) -> list[str]:
    """Files that are not what the manifest says, and files it does not name."""
    manifest = folder.manifest
    found = []
    for name, expected in manifest["artifacts"].items():
        path = folder.path / name
        if not path.is_file() or sha256_of(path) != expected:
            found.append(name)
    known = {"manifest.json", *manifest["artifacts"]}
    present = {p.relative_to(folder.path).as_posix() for p in folder.path.rglob("*") if p.is_file()}
    return sorted([*found, *(present - known)])


def verify(folder: RunFolder, make: MakeStrategy, data: str | None = None) -> Verdict:
    """Check a run's files against their hashes, run it again from ``source/`` and compare.

    Parameters
    ----------
    folder : RunFolder
    make : callable
        Makes the strategy from a file and its parameters.
    data : str, optional
        Where the data is now; default: where the manifest says it was.

    Raises
    ------
    RunError
        If the run cannot be repeated: it failed, its source or data is not at hand.
    """
    manifest = folder.manifest
    tampered = _tampered(folder)
    if tampered:
        text = f"{', '.join(tampered)} changed since the run was written"
        return Verdict(is_same=False, tampered=tampered, text=text)
    if manifest["status"] != "done":
        raise RunError(
            f"{folder.path}: expected a run that ended by itself, found status "
            f"{manifest['status']}; only such runs can be repeated."
        )
    results = _repeat(folder, manifest, make, data)
    differing = [
        name for name, content in results.items() if (folder.path / name).read_bytes() != content
    ]
    same = result_hash(results) == manifest["result_hash"]
    text = "every file is untouched, and the run gives the same bytes again"
    if differing:
        text = f"run again, {', '.join(differing)} came out different{_other_than(manifest)}"
    elif not same:
        text = "manifest.json holds another result_hash than the run gives"
    return Verdict(is_same=same and not differing, differing=differing, text=text)


def _other_than(manifest: dict[str, Any]) -> str:
    """Which versions and which machine are not those of the run, in words."""
    now = environment()
    changed = [
        f"{name} {was} then, {now[part].get(name)} now"
        for part in ("versions", "platform")
        for name, was in manifest[part].items()
        if now[part].get(name) != was
    ]
    return f" ({'; '.join(changed)})" if changed else ", on the versions and machine of the run"


def _repeat(
    folder: RunFolder, manifest: dict[str, Any], make: MakeStrategy, data: str | None
) -> dict[str, bytes]:
    """The artifacts of the run, computed anew."""
    entry = manifest["data_versions"][0]
    place = data or entry["name"]
    if entry["kind"] == "frame" and data is None:
        raise RunError(
            f"{folder.path}: expected data that can be found again, found a frame that was only in "
            "memory; give it with --data."
        )
    options = dict(entry["options"])
    options["allow_nonpositive"] = tuple(options["allow_nonpositive"])
    try:
        bars = load_bars(place, DataOptions(**options))
    except DataError as error:
        if data is not None or not isinstance(place, str) or Path(place).exists():
            raise
        raise RunError(
            f"{folder.path}: expected the data of the run at {place}, found none; give its place "
            "with --data."
        ) from error
    if bars.source.sha256 != entry["sha256"]:
        raise RunError(
            f"{place}: expected the data of the run (sha256 {entry['sha256'][:12]}…), found "
            f"{bars.source.sha256[:12]}…; give the original with --data."
        )
    strategy = _strategy(folder, manifest["strategy"], make)
    period = manifest["period"]
    run = simulate(
        strategy,
        bars,
        config_from(manifest["config"]),
        start=date.fromisoformat(period["start"]),
        end=date.fromisoformat(period["end"]),
    )
    return results_of(run)


def _strategy(folder: RunFolder, entry: dict[str, Any], make: MakeStrategy) -> Strategy:
    """The strategy as it was, from the run's own copy."""
    if entry["file"] is None:
        raise RunError(
            f"{folder.path}: expected the strategy's source, found none (it was typed into a "
            "console); such a run cannot be repeated."
        )
    path = folder.path / "source" / entry["file"]
    return make(f"{Path(path)}:{entry['name']}", entry["params"])
