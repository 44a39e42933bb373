"""Is a run what it says it is? Check its files, run it again, compare."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from quant.engine.backtest import simulate
from quant.engine.compare import Comparison, compare_files
from quant.engine.folder import RESULT_FILES, RunFolder, artifacts_of
from quant.engine.lookahead.verdict import LookAheadAudit
from quant.engine.manifest import environment, json_text, manifest_hash, result_hash
from quant.engine.run import Run
from quant.engine.writing import sha256_of
from quant.errors import DataError, RunError
from quant.lake import Bars, DataOptions, load_bars
from quant.model.parse import config_from
from quant.strategy.base import Strategy

__all__ = ["Verdict", "verify"]

Progress = Callable[[int, int], None]
MakeStrategy = Callable[[str, dict[str, Any]], Strategy]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What ``verify`` found.

    Attributes
    ----------
    is_same : bool
        Files untouched, and the run again gives the same bytes; or numbers within 1e-9 on other
        versions or another machine.
    level : "equal", "close", "different" or "tampered"
        The worst of all files.
    tampered : list of str
        Files whose hash is not the manifest's, that are missing, or that it does not name.
    compared : list of Comparison
        Every file that came out of the run again, in order of names.
    text : str
        The verdict in words, with the first difference.
    """

    is_same: bool
    level: str
    tampered: list[str] = field(default_factory=list)
    compared: list[Comparison] = field(default_factory=list)
    text: str = ""

    @property
    def differing(self) -> list[str]:
        """Files that came out different, however little."""
        return [one.name for one in self.compared if one.level != "equal"]


def _tampered(folder: RunFolder) -> dict[str, str]:
    """Files that are not what the manifest says, each with what happened to it."""
    manifest = folder.unchecked_manifest()
    found = {}
    for name, expected in manifest["artifacts"].items():
        path = folder.path / name
        if not path.is_file():
            found[name] = "is missing"
        elif sha256_of(path) != expected:
            found[name] = "changed"
    files = {name: folder.path / name for name in RESULT_FILES}
    is_whole = all(path.is_file() for path in files.values())
    results = result_hash({name: path.read_bytes() for name, path in files.items() if is_whole})
    written = (folder.path / "manifest.json").read_bytes()
    if (
        manifest_hash(manifest) != manifest["manifest_hash"]
        or written != json_text(manifest).encode()
        or (not found and results != manifest["result_hash"])
    ):
        found["manifest.json"] = "changed"
    known = {"manifest.json", *manifest["artifacts"]}
    present = {
        p.relative_to(folder.path).as_posix()
        for p in folder.path.rglob("*")
        if p.is_symlink() or not p.is_dir()
    }
    found |= dict.fromkeys(present - known, "was added")
    return {name: found[name] for name in sorted(found)}


def verify(
    folder: RunFolder,
    make: MakeStrategy,
    data: str | None = None,
    on_progress: Progress | None = None,
) -> Verdict:
    """Check a run's files against their hashes, run it again from ``source/`` and compare.

    Parameters
    ----------
    folder : RunFolder
    make : callable
        Makes the strategy from a file and its parameters.
    data : str, optional
        Where the data is now; default: where the manifest says it was.
    on_progress : callable, optional
        Called now and then with (timestamps done, timestamps in all).

    Raises
    ------
    RunError
        If the run cannot be repeated: it failed, its source or data is not at hand.
    """
    tampered = _tampered(folder)
    if tampered:
        told = ", ".join(f"{name} {fate}" for name, fate in tampered.items())
        text = f"{told} since the run was written"
        return Verdict(is_same=False, level="tampered", tampered=list(tampered), text=text)
    manifest = folder.manifest
    if manifest["status"] != "done":
        raise RunError(
            f"{folder.path}: expected a run that ended by itself, found status "
            f"{manifest['status']}; only such runs can be repeated."
        )
    run = _repeat(folder, manifest, make, data, on_progress)
    again = artifacts_of(run, manifest["run_id"])
    compared = [
        compare_files(name, (folder.path / name).read_bytes(), again[name])
        for name in sorted(again)
    ]
    return _judged(manifest, compared)


def _judged(manifest: dict[str, Any], compared: list[Comparison]) -> Verdict:
    """The verdict on files that are untouched."""
    changed = _other_than(manifest)
    unequal = [one for one in compared if one.level != "equal"]
    if not unequal:
        text = "every file is untouched, and the run gives the same bytes again"
        return Verdict(is_same=True, level="equal", compared=compared, text=text)
    numbers = [one for one in unequal if one.name != "report.html"]
    worst = max(unequal, key=lambda one: ("equal", "close", "different").index(one.level))
    is_close = bool(changed) and all(one.level == "close" for one in numbers)
    names = ", ".join(one.name for one in unequal)
    if is_close and not numbers:
        text = f"every number is the same to the bit; the page looks otherwise{changed}"
        return Verdict(is_same=True, level="equal", compared=compared, text=text)
    first = (numbers or unequal)[0]
    told = f"{names} came out different{changed or ', on the versions and machine of the run'}"
    where = f"; first in {first.name}, {first.first} (then and now)"
    if is_close:
        text = f"every file is untouched, and the run gives the same within 1e-9: {told}{where}"
        return Verdict(is_same=True, level="close", compared=compared, text=text)
    return Verdict(is_same=False, level=worst.level, compared=compared, text=f"{told}{where}")


def _other_than(manifest: dict[str, Any]) -> str:
    """Which versions and which machine are not those of the run, in words; empty if none."""
    now = environment()
    changed = [
        f"{name} {was} then, {now[part].get(name)} now"
        for part in ("versions", "platform")
        for name, was in manifest[part].items()
        if now[part].get(name) != was
    ]
    return f" ({'; '.join(changed)})" if changed else ""


def _repeat(
    folder: RunFolder,
    manifest: dict[str, Any],
    make: MakeStrategy,
    data: str | None,
    on_progress: Progress | None,
) -> Run:
    """The run once more, with the verdict of its audit."""
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
    bars = _as_it_was_called(bars, entry)
    strategy = _strategy(folder, manifest["strategy"], make)
    period = manifest["period"]
    run = simulate(
        strategy,
        bars,
        config_from(manifest["config"]),
        start=date.fromisoformat(period["start"]),
        end=date.fromisoformat(period["end"]),
        on_progress=on_progress,
    )
    if manifest["audit"] is not None:
        run.audit = LookAheadAudit.from_json(manifest["audit"]["lookahead"])
    return run


def _as_it_was_called(bars: Bars, entry: dict[str, Any]) -> Bars:
    """The data under the name and kind it had in the run, whose report tells them."""
    now, then = bars.source.name, entry["name"]
    source = dataclasses.replace(bars.source, name=then, kind=entry["kind"])
    warnings = tuple(
        f"{then}{text.removeprefix(now)}" if text.startswith(now) else text
        for text in bars.warnings
    )
    return dataclasses.replace(bars, source=source, warnings=warnings)


def _strategy(folder: RunFolder, entry: dict[str, Any], make: MakeStrategy) -> Strategy:
    """The strategy as it was, from the run's own copy."""
    if entry["file"] is None:
        raise RunError(
            f"{folder.path}: expected the strategy's source, found none (it was typed into a "
            "console); such a run cannot be repeated."
        )
    path = folder.path / "source" / entry["file"]
    return make(f"{Path(path)}:{entry['name']}", entry["params"])
