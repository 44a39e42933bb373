"""Two runs side by side: what they were given, what came out, and where they part."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from quant.engine.compare import Comparison, compare_files
from quant.engine.flows import rows_of_ledger
from quant.engine.folder import RESULT_FILES, RunFolder
from quant.report.comparison_page import ComparedRun, ComparisonPage
from quant.report.flows import wealth_index

__all__ = ["Change", "Figures", "RunDiff", "comparison_page", "diff_runs", "short_hash"]

# What the manifest says was put into a run, by the words of a reader.
_GIVEN = {
    "strategy.name": "strategy",
    "code_hash": "code",
    "seed": "seed",
    "period.start": "first session",
    "period.end": "last session",
    "calendar": "calendar",
    "calendar_version": "calendar version",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that the two runs were given differently; None where a run has no such thing."""

    name: str
    one: Any
    other: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One metric of both runs; None where it does not exist."""

    name: str
    unit: str
    one: float | int | None
    other: float | int | None

    @property
    def change(self) -> float | int | None:
        """The second less the first."""
        return None if self.one is None or self.other is None else self.other - self.one


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDiff:
    """What sets two runs apart.

    Attributes
    ----------
    one, other : RunFolder
        The runs.
    given : list of Change
        Strategy, parameters, settings, data, versions: what differs, in order of the manifest.
    figures : list of Figures
        Every metric of either run.
    files : list of Comparison
        The six tables and metrics.json, each with its first difference.
    """

    one: RunFolder
    other: RunFolder
    given: list[Change]
    figures: list[Figures]
    files: list[Comparison]

    @property
    def is_same(self) -> bool:
        """Whether both runs left the same bytes in every result."""
        return all(one.level == "equal" for one in self.files)

    def to_json(self) -> dict[str, Any]:
        """The same as JSON types."""
        return {
            "one": self.one.run_id,
            "other": self.other.run_id,
            "same": self.is_same,
            "given": [{"name": c.name, "one": c.one, "other": c.other} for c in self.given],
            "metrics": {
                f.name: {"one": f.one, "other": f.other, "change": f.change} for f in self.figures
            },
            "files": [
                {"file": c.name, "level": c.level, "rows": c.n_differing, "first": c.first}
                for c in self.files
            ],
        }


def comparison_page(diff: RunDiff) -> ComparisonPage:
    """The same as a page with both curves."""
    sides = [_compared(run) for run in (diff.one, diff.other)]
    return ComparisonPage(
        one=sides[0],
        other=sides[1],
        currency=diff.one.manifest["config"]["currency"],
        given=[(c.name, _shown(c.one), _shown(c.other)) for c in diff.given],
        figures=[(f.name, f.unit, f.one, f.other) for f in diff.figures],
        files=[(c.name, _words(c)) for c in diff.files],
    )


def _compared(run: RunFolder) -> ComparedRun:
    strategy = run.manifest["strategy"]
    params = ", ".join(f"{name}={value}" for name, value in strategy["params"].items())
    table = run.table("equity")
    ts = table["ts"].str.to_datetime(time_unit="ns", time_zone="UTC").to_physical().to_numpy()
    title = f"{strategy['name']}({params})" if params else strategy["name"]
    flows = rows_of_ledger(ts, run.table("ledger"))
    return ComparedRun(
        run_id=run.run_id,
        title=title if flows is None else f"{title}, deposits and withdrawals taken out",
        ts=ts,
        equity=wealth_index(table["equity"].cast(pl.Float64).to_numpy(), flows),
    )


def _words(found: Comparison) -> str:
    """How far two files are the same."""
    if found.level == "equal":
        return "the same bytes"
    near = "within 1e-9: " if found.level == "close" else ""
    rows = "row differs" if found.n_differing == 1 else "rows differ"
    return f"{near}{found.n_differing:,} {rows}, first {found.first} (A and B)"


def _shown(value: Any) -> str:
    return "–" if value is None else short_hash(str(value))


def short_hash(text: str) -> str:
    """A hash by its first twelve digits, other text as it is.

    Examples
    --------
    >>> short_hash("a" * 64), short_hash("sha256:" + "b" * 64), short_hash("next_open")
    ('aaaaaaaaaaaa…', 'sha256:bbbbbbbbbbbb…', 'next_open')
    """
    return re.sub(r"([0-9a-f]{12})[0-9a-f]{52}", r"\1…", text)


def diff_runs(one: RunFolder, other: RunFolder) -> RunDiff:
    """Compare two runs by what their folders hold.

    Raises
    ------
    RunError
        If a folder is damaged.
    """
    return RunDiff(
        one=one,
        other=other,
        given=list(_given(one.manifest, other.manifest)),
        figures=_figures(one.metrics, other.metrics),
        files=[
            compare_files(name, one.read(name), other.read(name)) for name in sorted(RESULT_FILES)
        ],
    )


def _given(one: dict[str, Any], other: dict[str, Any]) -> Iterator[Change]:
    """What the manifests say was put in, where they disagree."""
    flat = [_flat(manifest) for manifest in (one, other)]
    for name in dict.fromkeys((*flat[0], *flat[1])):
        a, b = flat[0].get(name), flat[1].get(name)
        if a != b:
            yield Change(name=name, one=a, other=b)


def _flat(manifest: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a run by name."""
    found: dict[str, Any] = {}
    for path, name in _GIVEN.items():
        head, _, tail = path.partition(".")
        found[name] = manifest[head][tail] if tail else manifest[head]
    found |= {f"parameter {name}": v for name, v in manifest["strategy"]["params"].items()}
    found |= dict(_leaves(manifest["config"], "config"))
    for data in manifest["data_versions"]:
        found["data"] = data["name"]
        found["data sha256"] = data["sha256"]
        found |= dict(_leaves(data["options"], "data option"))
    found |= dict(_leaves(manifest["versions"], "version of"))
    found |= dict(_leaves(manifest["platform"], "platform"))
    return found


def _leaves(value: Any, head: str, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """All values of a nested mapping, named by ``head`` and the dotted keys that lead to them."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, head, (*path, key))
    else:
        yield f"{head} {'.'.join(path)}", value


def _figures(one: dict[str, Any], other: dict[str, Any]) -> list[Figures]:
    nothing: dict[str, Any] = {}
    found = []
    for name in dict.fromkeys((*one, *other)):
        a, b = one.get(name, nothing), other.get(name, nothing)
        unit = str(a.get("unit", b.get("unit", "")))
        found.append(Figures(name=name, unit=unit, one=a.get("value"), other=b.get("value")))
    return found
