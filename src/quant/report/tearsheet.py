"""The tear sheet: one HTML file that says what a run earned, what it risked and what it assumed.

The page is complete in itself: style, scripts, chart libraries and data are inline and nothing is
asked of any server; its content security policy names the hash of each script and forbids all
else. Equal input gives equal bytes. Figures, months, costs and assumptions are text and need no
script; without scripts two pictures stand for the charts. What a reader could be misled by (a cost
of zero, a fill at the close that decided it) is an `Assumption` of level ``amber``, announced at
the top and visible in the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from quant.report.costs import cost_parts
from quant.report.figures import groups_of, tiles_of
from quant.report.flow_section import flow_section
from quant.report.packing import hash_source, script_json
from quant.report.payload import page_data
from quant.report.periods import deepest_drawdowns, months_of, returns_by_year
from quant.report.pictures import (
    drawdown_picture,
    drawdown_words,
    equity_picture,
    equity_words,
)
from quant.report.sessions import iso_date
from quant.report.sheet import Activity, Assumption, Prices, TearSheet
from quant.report.ticks import MONTHS
from quant.report.wording import MISSING, figure_text, money_text, percent_text

__all__ = [
    "Activity",
    "Assumption",
    "Prices",
    "TearSheet",
    "page_environment",
    "page_scripts",
    "render_tearsheet",
]

_DONE: Final = ("ok", "done", "complete", "completed", "finished")
_VENDOR: Final = ("echarts.min.js", "lightweight-charts.standalone.production.js")
_OWN: Final = ("pack.js", "words.js", "theme.js", "series.js", "bars.js", "price.js", "page.js")
_TINTS: Final = (0.0005, 0.01, 0.02, 0.035, 0.055, 0.08)


def render_tearsheet(sheet: TearSheet) -> str:
    """The page, as the text of one HTML file.

    Notes
    -----
    Charts of more than 10,000 rows are drawn from the lowest and highest row of each bucket of
    rows, and say so. The table of months compares the last equity of each month with the one
    before. Equity starts on a ratio scale where it spans a factor of 4 or more.
    """
    ambers = [item for item in sheet.assumptions if item.level == "amber"]
    others = [item for item in sheet.assumptions if item.level != "amber"]
    data = page_data(sheet)
    scripts = page_scripts()
    page = page_environment().get_template("tearsheet.html")
    groups = groups_of(sheet)
    return page.render(
        sheet=sheet,
        is_done=sheet.status.lower() in _DONE,
        period=f"{iso_date(int(sheet.dates[0]))} to {iso_date(int(sheet.dates[-1]))}",
        policy=" ".join(hash_source(script) for script in scripts),
        scripts=[Markup(script) for script in scripts],
        data=data,
        data_json=Markup(script_json(data)),
        tiles=tiles_of(sheet),
        legend=_legend(sheet),
        equity_words=equity_words(sheet),
        drawdown_words=drawdown_words(sheet) if sheet.equity[0] > 0 else "",
        equity_picture=equity_picture(sheet),
        drawdown_picture=drawdown_picture(sheet),
        flows=flow_section(sheet),
        account_end=money_text(float(sheet.equity[-1]), sheet.currency),
        month_names=MONTHS,
        tables=_month_tables(sheet),
        drawdowns=_drawdowns(sheet),
        costs=_costs(sheet),
        n_amber=len(ambers),
        assumptions=[*ambers, *others],
        groups=groups,
        formulas=[row for _, rows in groups for row in rows],
    )


@cache
def page_environment() -> Environment:
    """Where templates are, and how they are filled in."""
    return Environment(
        loader=PackageLoader("quant.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def page_scripts() -> tuple[str, str, str, str]:
    """What runs: before the first paint, the two libraries, and the page's own script."""
    here = resources.files("quant.report")
    early = (here / "templates" / "early.js").read_text(encoding="utf-8")
    first, second = ((here / "vendor" / name).read_text(encoding="utf-8") for name in _VENDOR)
    own = "\n".join((here / "templates" / name).read_text(encoding="utf-8") for name in _OWN)
    return early, first, second, f'(() => {{\n"use strict";\n{own}}})();\n'


def _legend(sheet: TearSheet) -> list[tuple[str, str, str]]:
    """Style, name and last value of each line."""
    last = money_text(float(sheet.index[-1]), sheet.currency, 0)
    name = "Strategy, deposits and withdrawals taken out" if sheet.has_flows else "Strategy"
    found = [("strategy", name, last)]
    if sheet.benchmark is not None and sheet.benchmark_name is not None:
        last = money_text(float(sheet.benchmark[-1]), sheet.currency, 0)
        found.append(("benchmark", sheet.benchmark_name, last))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One return of the table of months, and the class that tints it."""

    text: str
    tint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _MonthTable:
    """A table of months: id, name, and per year its twelve months and the whole."""

    id: str
    name: str
    years: list[tuple[int, list[_Cell]]]


def _month_tables(sheet: TearSheet) -> list[_MonthTable]:
    """Of the strategy, and of the benchmark where there is one.

    None within one month, and none of a run that was bankrupt: it has no return from there on.
    """
    months = months_of(sheet.dates)
    if months[0] == months[-1] or not returns_by_year(sheet.dates, sheet.index):
        return []
    found = [("own", "Strategy", sheet.index)]
    if sheet.benchmark is not None and sheet.benchmark_name is not None:
        found.append(("other", sheet.benchmark_name, sheet.benchmark))
    tables = []
    for key, name, equity in found:
        years = [
            (entry.year, [*(_cell(value) for value in entry.months), _cell(entry.whole)])
            for entry in returns_by_year(sheet.dates, equity)
        ]
        if years:
            tables.append(_MonthTable(id=key, name=name, years=years))
    return tables


def _cell(value: float | None) -> _Cell:
    if value is None:
        return _Cell(text="", tint="")
    strength = sum(abs(value) >= edge for edge in _TINTS)
    tint = f"{'up' if value > 0 else 'down'}{strength}" if strength else ""
    return _Cell(text=percent_text(value, 1), tint=tint)


def _drawdowns(sheet: TearSheet) -> list[dict[str, str]]:
    """The deepest drawdowns as text."""
    found = []
    for entry in deepest_drawdowns(sheet.index):
        end = len(sheet.ts) - 1 if entry.back is None else entry.back
        days = int(sheet.dates[end]) - int(sheet.dates[entry.peak])
        found.append(
            {
                "depth": percent_text(-entry.depth),
                "peak": iso_date(int(sheet.dates[entry.peak])),
                "trough": iso_date(int(sheet.dates[entry.trough])),
                "back": "not yet" if entry.back is None else iso_date(int(sheet.dates[end])),
                "days": f"{days:,}",
            }
        )
    return found


def _costs(sheet: TearSheet) -> list[dict[str, str]]:
    """The way from profit before costs to net profit, as text."""
    found = []
    for part in cost_parts(sheet):
        is_cost = part.key not in ("gross", "net")
        found.append(
            {
                "key": part.key,
                "label": part.label,
                "amount": money_text(-part.amount if is_cost else part.amount, sheet.currency),
                "share": MISSING if part.share is None else percent_text(part.share, 1),
                "bps": figure_text(part.bps, "bps", sheet.currency) if is_cost else "",
            }
        )
    return found
