"""``quant runs list``: finished runs as a table that can be sorted and filtered."""

from __future__ import annotations

import operator
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.table import Table

from quant.cli.tables import console, number, percent, print_json
from quant.engine.folder import RunFolder, list_runs
from quant.errors import ConfigError, RunError, nearest

__all__ = ["list_them"]

_COLUMNS = ("run_id", "strategy", "status", "account", "start", "end", "audit", "seed", "calendar")
_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "~": lambda value, part: str(part).lower() in str(value).lower(),
}
_FILTER = re.compile(r"\s*([\w. -]+?)\s*(>=|<=|!=|>|<|=|~)\s*(.*?)\s*")
_SHOWN = ("cagr", "sharpe", "max_drawdown_pct")


def list_them(
    out: str,
    *,
    sort: str | None = None,
    reverse: bool = False,
    filters: list[str] | None = None,
    limit: int | None = None,
    as_json: bool,
) -> int:
    """The runs under a folder that pass all filters; oldest first unless sorted."""
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit: expected 1 or more, found {limit}; change it.")
    rows = _rows(out)
    known = [name for name in dict.fromkeys(n for row in rows for n in row) if name != "params"]
    for text in filters or []:
        rows = _filtered(rows, known, text)
    if sort is not None and rows:
        rows = _sorted(rows, _known_name("--sort", sort, known))
    if reverse:
        rows.reverse()
    rows = rows[:limit]
    if as_json:
        print_json([_short(row, sort) for row in rows])
    elif not rows:
        found = "no runs" if not known else "no run that passes the filters"
        console().print(f"{found} under {out}; quant demo makes two.", markup=False)
    else:
        _print(rows, sort)
    return 0


def _rows(out: str) -> list[dict[str, Any]]:
    """Every run that can be read; of the others standard error tells."""
    if Path(out).exists() and not Path(out).is_dir():
        raise RunError(f"{out}: expected a folder of runs, found a file; correct --out.")
    rows = []
    for folder in list_runs(Path(out)):
        try:
            rows.append(_row(folder))
        except RunError as error:
            print(f"quant: {error}", file=sys.stderr)
    return rows


def _row(folder: RunFolder) -> dict[str, Any]:
    """What a run can be sorted and filtered by: its columns, parameters and figures."""
    manifest = folder.manifest
    audit = manifest.get("audit")
    found: dict[str, Any] = {
        "run_id": folder.run_id,
        "strategy": manifest["strategy"]["name"],
        "params": manifest["strategy"]["params"],
        "status": manifest["status"],
        "account": manifest.get("account", {}).get("status", "sound"),
        "start": manifest["period"]["start"],
        "end": manifest["period"]["end"],
        "audit": None if audit is None else audit["lookahead"]["verdict"],
        "seed": manifest["seed"],
        "calendar": manifest["calendar"],
    }
    found |= {f"param.{name}": value for name, value in manifest["strategy"]["params"].items()}
    return found | {name: one.get("value") for name, one in folder.metrics.items()}


def _known_name(where: str, name: str, known: list[str]) -> str:
    if name in known:
        return name
    raise ConfigError(
        f"{where} {name}: expected a column ({', '.join(_COLUMNS)}), param.NAME or a metric, found "
        f"{name!r}; correct it.{nearest(name, known)}"
    )


def _filtered(rows: list[dict[str, Any]], known: list[str], text: str) -> list[dict[str, Any]]:
    """The rows for which a condition such as ``sharpe>1`` or ``strategy~cross`` holds."""
    parts = _FILTER.fullmatch(text)
    if parts is None:
        raise ConfigError(
            f"--filter {text}: expected NAME and one of {' '.join(_TESTS)} and a value, such as "
            "sharpe>1, found something else; correct it."
        )
    if not rows:
        return rows
    name = _known_name("--filter", parts[1], known)
    test, wanted = _TESTS[parts[2]], parts[3]
    values = [row[name] for row in rows if row.get(name) is not None]
    are_numbers = bool(values) and all(_is_number(value) for value in values)
    if are_numbers and (test is _TESTS["~"] or not _is_number_text(wanted)):
        raise ConfigError(
            f"--filter {text}: expected a comparison of {name} with a number, such as {name}>1, "
            f"found {parts[2]} and {wanted!r}; correct it."
        )
    return [row for row in rows if _holds(test, row.get(name), wanted)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_number_text(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _holds(test: Callable[[Any, Any], bool], value: Any, wanted: str) -> bool:
    """Numbers are compared as numbers, all else as text; what does not exist passes nothing."""
    if value is None:
        return False
    if _is_number(value) and _is_number_text(wanted):
        return test(value, float(wanted))
    return test(str(value), wanted)


def _sorted(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Numbers from the highest on, text from A; runs without the figure last."""
    there = [row for row in rows if row.get(name) is not None]
    are_numbers = all(isinstance(row[name], int | float) for row in there)
    if are_numbers:
        there.sort(key=lambda row: -row[name])
    else:
        there.sort(key=lambda row: str(row[name]))
    return [*there, *(row for row in rows if row.get(name) is None)]


def _short(row: dict[str, Any], sort: str | None) -> dict[str, Any]:
    """The columns, the headline figures and the one sorted by."""
    names = [*_COLUMNS[:2], "params", *_COLUMNS[2:], *_SHOWN, *([sort] if sort else [])]
    return {name: row.get(name) for name in dict.fromkeys(names)}


def _print(rows: list[dict[str, Any]], sort: str | None) -> None:
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("run", "strategy", "status", "period", "audit"):
        table.add_column(name, no_wrap=True)
    for name in ("CAGR", "Sharpe", "max drawdown"):
        table.add_column(name, justify="right", no_wrap=True)
    further = sort if sort not in (None, *_COLUMNS, *_SHOWN) else None
    if further is not None:
        table.add_column(further, justify="right", no_wrap=True)
    for row in rows:
        cells = [
            row["run_id"],
            row["strategy"],
            row["status"] if row["account"] == "sound" else f"{row['status']}, {row['account']}",
            f"{row['start']} to {row['end']}",
            row["audit"] or "–",
            percent(row.get("cagr")),
            number(row.get("sharpe")),
            percent(row.get("max_drawdown_pct")),
        ]
        if further is not None:
            value = row.get(further)
            cells.append(number(value, 4) if isinstance(value, float) else str(value))
        table.add_row(*cells)
    console().print(table)
