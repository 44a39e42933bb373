"""The tables of a comparison, as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from parity import match
from quant.model.profiles import find_profile

SYMBOLS = {
    match.EQUAL: "equal",
    match.EXPLAINED: "explained",
    match.DIFFERENT: "**DIFFERENT**",
    match.STALE: "**STALE**",
    match.NOT_EXPRESSIBLE: "–",
    match.NOT_YET: "not yet",
}
PROFILES = Path(__file__).resolve().parent / "profiles"
HEAD = """# Parity with other tools

Written by `make parity`. Each scenario is one rule, run by another tool with its own defaults and
by quant under that tool's profile; fills are compared one by one, final equity to the cent.

`equal`: every fill and the final equity agree. `explained`: they differ, for the reason in the
second table, and the figures of both sides are on record. `–`: the tool cannot express it.
`not yet`: quant has no such order.
"""


@dataclass(frozen=True)
class Cell:
    """One scenario with one peer: the verdict, both results, and the explanation on record."""

    verdict: match.Verdict
    peer: dict[str, Any]
    quant: dict[str, Any]
    known: dict[str, Any] | None


def counted(cells: Iterable[Cell]) -> str:
    """How many cells have which status."""
    counts = Counter(cell.verdict.status for cell in cells)
    return ", ".join(f"{n} {status}" for status, n in counts.most_common())


def _row(values: Iterable[str]) -> str:
    return "| " + " | ".join(value.replace("|", "\\|") for value in values) + " |"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [_row(head), "|" + "---|" * len(head), *map(_row, rows), ""]


def _fills(result: dict[str, Any]) -> str:
    fills = "; ".join(match.show(fill) for fill in match.told(result)) or "no fill"
    end = f"; the run ends after bar {result['stopped']}" if "stopped" in result else ""
    return f"{fills}; equity {result['equity']:,.2f}{end}"


def expressed(
    scenarios: Sequence[dict[str, Any]], peers: Sequence[str], cells: dict[tuple[str, str], Cell]
) -> list[str]:
    """How many of the scenarios each tool can express."""
    counts = {
        peer: sum(cells[s["name"], peer].verdict.status != match.NOT_EXPRESSIBLE for s in scenarios)
        for peer in peers
    }
    told = ", ".join(f"{peer} {n}" for peer, n in counts.items())
    lines = [f"Of the {len(scenarios)} scenarios these can be expressed:", f"{told}."]
    if "bt" in counts:
        lines += [
            "bt stays below the rest because no order of it waits: an algo trades at once, at the",
            "price of its row, and cannot say a stop, a limit, an auction or a bracket. These are",
            "not rebuilt in its runner: that would test the runner.",
        ]
    return [*lines, ""]


def written(
    scenarios: Sequence[dict[str, Any]], peers: Sequence[str], cells: dict[tuple[str, str], Cell]
) -> str:
    """The whole page."""
    lines = [HEAD, "## Scenarios", ""]
    rows = []
    for s in scenarios:
        found = [SYMBOLS[cells[s["name"], p].verdict.status] for p in peers]
        rows.append([f"{s['title']} (`{s['name']}`)", *found])
    lines += _table(["scenario", *peers], rows)
    lines += ["## What differs, and who is right", ""]
    rows = []
    for s in scenarios:
        for p in peers:
            cell = cells[s["name"], p]
            if cell.known and cell.verdict.status == match.EXPLAINED:
                why = " ".join(cell.known["why"].split())
                right = f"{cell.known['right']}. {why} ({cell.known['source']})"
                rows.append([f"`{s['name']}`", p, _fills(cell.peer), _fills(cell.quant), right])
    lines += _table(["scenario", "peer", "what it does", "what quant does", "right, and why"], rows)
    lines += ["## What a tool cannot express", "", *expressed(scenarios, peers, cells)]
    rows = [
        [f"`{s['name']}`", p, cells[s["name"], p].verdict.reason]
        for s in scenarios
        for p in peers
        if cells[s["name"], p].verdict.status == match.NOT_EXPRESSIBLE
    ]
    lines += _table(["scenario", "peer", "why"], rows)
    return "\n".join(lines)


def profiles(peers: Sequence[str]) -> str:
    """The profile of each peer: what is set besides, and what quant has no setting for."""
    lines = [
        "## Profiles",
        "",
        "Each tool is compared under quant's profile of its name (`quant profiles show`), and what",
        "is set here besides: the bars it is given, and the account of scenarios that never sell",
        "short.",
        "",
    ]
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    for peer in peers:
        found = yaml.load(PROFILES / f"{peer}.yaml")
        text = StringIO()
        yaml.dump(found, text)
        lines += [f"### {peer}", "", "```yaml", text.getvalue().rstrip(), "```", ""]
        lines += [
            "There is no setting for:",
            "",
            *(f"- {lack}" for lack in find_profile(peer).lacks),
            "",
        ]
    return "\n".join(lines)


def stub(name: str, peer: str, cell: Cell) -> str:
    """The figures of an explanation to be written."""
    lines = [f"{name}:", f"  {peer}:"]
    for side, result in (("peer", cell.peer), ("quant", cell.quant)):
        if "fills" not in result:
            return ""
        lines.append(f"    {side}:")
        lines.append(f"      equity: {result['equity']:.6f}")
        if "stopped" in result:
            lines.append(f"      stopped: {result['stopped']}")
        rows = [
            f"[{bar}, {symbol}, {qty:.12g}, {price:.12g}, {commission:.8g}]"
            for bar, symbol, qty, price, commission in match.fills_of(result)
        ]
        lines.append(f"      fills: [{', '.join(rows)}]")
    return "\n".join([*lines, "    right: ", "    why: ", "    source: "])
