"""The page of two runs: both curves on one chart, what was given differently, all figures.

It is drawn by the scripts of the tear sheet, the second run in the place of the benchmark, and like
it complete in itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from quant.errors import DataError
from quant.report.definitions import DEFINITIONS, GROUPS
from quant.report.packing import hash_source, script_json
from quant.report.payload import curve_data
from quant.report.tearsheet import page_environment, page_scripts
from quant.report.trades import FloatArray, IntArray
from quant.report.wording import change_text, figure_text, money_text

__all__ = ["ComparedRun", "ComparisonPage", "render_comparison"]

_NS_PER_DAY: Final = 86_400_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparedRun:
    """One of the two runs.

    Attributes
    ----------
    run_id, title : str
        Id, and the strategy with its parameters.
    ts : int64 array of shape (n_rows,)
        Nanoseconds UTC, ascending.
    equity : float64 array of shape (n_rows,)
        Money; deposits and withdrawals taken out, so that returns are compared.
    """

    run_id: str
    title: str
    ts: IntArray
    equity: FloatArray

    def __post_init__(self) -> None:
        if not len(self.ts) or len(self.ts) != len(self.equity):
            raise DataError(
                f"{self.run_id}: expected one equity per time and at least one, found "
                f"{len(self.equity)} for {len(self.ts)}; give the equity rows of the run."
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparisonPage:
    """Everything the page shows.

    Attributes
    ----------
    one, other : ComparedRun
        The runs, A and B.
    currency : str
        Of A; money of B is shown with it too, since a chart has one axis.
    given : sequence of (name, text of A, text of B)
        What the runs were given differently.
    figures : sequence of (name, unit, A, B)
        Metrics; a value that does not exist is None.
    files : sequence of (name, words)
        Each result, and where it first differs.
    """

    one: ComparedRun
    other: ComparedRun
    currency: str
    given: Sequence[tuple[str, str, str]]
    figures: Sequence[tuple[str, str, float | int | None, float | int | None]]
    files: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One metric of both runs, as shown."""

    label: str
    definition: str
    one: str
    other: str
    change: str


def render_comparison(page: ComparisonPage) -> str:
    """The page, as the text of one HTML file. Equal input gives equal bytes."""
    early, charts, _, own = page_scripts()
    scripts = (early, charts, own)
    ts, one, other = _aligned(page.one, page.other)
    name_one, name_other = f"A {page.one.title}", f"B {page.other.title}"
    data = {
        "currency": page.currency,
        "name": name_one,
        "benchmark": name_other,
        "daily": bool(_are_daily(ts)),
        "equity": curve_data(ts, one, other),
    }
    legend = [
        ("strategy", name_one, money_text(float(one[-1]), page.currency, 0)),
        ("benchmark", name_other, money_text(float(other[-1]), page.currency, 0)),
    ]
    return (
        page_environment()
        .get_template("comparison.html")
        .render(
            page=page,
            policy=" ".join(hash_source(script) for script in scripts),
            scripts=[Markup(script) for script in scripts],
            data_json=Markup(script_json(data)),
            legend=legend,
            groups=_groups(page),
        )
    )


def _aligned(one: ComparedRun, other: ComparedRun) -> tuple[IntArray, FloatArray, FloatArray]:
    """Both curves at the times of either; before its first row a run has its opening equity."""
    ts = np.union1d(one.ts, other.ts)
    curves = [
        run.equity[np.maximum(np.searchsorted(run.ts, ts, side="right") - 1, 0)]
        for run in (one, other)
    ]
    return ts, curves[0], curves[1]


def _are_daily(ts: IntArray) -> bool:
    """At most one row a day, the opening deposit aside."""
    days = ts[1:] // _NS_PER_DAY
    return len(np.unique(days)) == len(days)


def _groups(page: ComparisonPage) -> list[tuple[str, list[_Row]]]:
    """The metrics of either run by group; those of older versions at the end."""
    found: dict[str, list[_Row]] = {group: [] for group in GROUPS}
    for name, unit, one, other in page.figures:
        known = DEFINITIONS.get(name)
        change = None if one is None or other is None else other - one
        row = _Row(
            label=known.label if known else name,
            definition=known.text if known else "",
            one=figure_text(one, unit, page.currency),
            other=figure_text(other, unit, page.currency),
            change=change_text(change, unit, page.currency),
        )
        found.setdefault(known.group if known else "Further figures", []).append(row)
    return [(group, rows) for group, rows in found.items() if rows]
