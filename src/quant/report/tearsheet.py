"""The tear sheet: one HTML file that says what a run earned, what it risked and what it assumed.

The page is complete in itself: style and pictures are inline, there is no script and nothing is
asked of any server. Equal input gives equal bytes. What a reader could be misled by (a cost of
zero, a fill at the close that decided it) is an `Assumption` of level ``amber``, announced at the
top and visible in the list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from quant.errors import DataError
from quant.report.definitions import DEFINITIONS, GROUPS
from quant.report.metrics import Metric
from quant.report.sessions import drawdown_path, iso_date
from quant.report.svg import Line, Plot, Scale, draw
from quant.report.ticks import MONTHS, linear_ticks, log_ticks
from quant.report.trades import FloatArray, IntArray
from quant.report.wording import MISSING, figure_text, money_text, percent_text, short_number

__all__ = ["Assumption", "TearSheet", "render_tearsheet"]

_NS_PER_DAY: Final = 86_400_000_000_000
_LOG_FROM: Final = 4.0
_YEAR: Final = 365
_ALIASES: Final = ("annual_return", "total_pnl")
_DONE: Final = ("ok", "done", "complete", "completed", "finished")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One sentence on what the run takes for granted; ``amber`` where it may flatter the result."""

    text: str
    level: Literal["info", "amber"] = "info"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TearSheet:
    """Everything the page shows.

    Attributes
    ----------
    title : str
        Name of the strategy.
    subtitle : str
        What it traded and when, in one line.
    run_id, status : str
        Of the run; a status other than completed is shown in amber.
    metrics : dict of str to Metric
        From `compute_metrics`; a name that is missing is left out.
    ts : int64 array of shape (n_rows,)
        Nanoseconds UTC, not decreasing; row 0 is the opening deposit.
    equity : float64 array of shape (n_rows,)
        Money.
    benchmark : float64 array of shape (n_rows,), optional
        Equity of the benchmark at the same rows.
    benchmark_name : str, optional
        As shown beside the figures; None where there is no benchmark.
    session_date : int64 array of shape (n_rows,), optional
        Days since 1970-01-01, for the table of months; the UTC dates of `ts` where absent.
    currency : str
        Of all money.
    assumptions : sequence of Assumption
        What the run assumes; amber ones are shown first.
    facts : sequence of (str, str)
        Period, data, seed, versions and the like: name and text, shown as given.
    """

    title: str
    run_id: str
    status: str
    metrics: dict[str, Metric]
    ts: IntArray
    equity: FloatArray
    currency: str
    assumptions: Sequence[Assumption]
    facts: Sequence[tuple[str, str]] = ()
    subtitle: str = ""
    benchmark: FloatArray | None = None
    benchmark_name: str | None = None
    session_date: IntArray | None = None

    def __post_init__(self) -> None:
        n = len(self.ts)
        columns: dict[str, Any] = {"equity": self.equity}
        if self.benchmark is not None:
            columns["benchmark"] = self.benchmark
        if self.session_date is not None:
            columns["session_date"] = self.session_date
        for name, column in columns.items():
            if n == 0 or len(column) != n or not np.isfinite(column).all():
                raise DataError(
                    f"The tear sheet's {name} needs one finite value per row of ts, but has "
                    f"{int(np.isfinite(column).sum())} finite of {len(column)} for {n} rows; give "
                    "the equity rows of the run."
                )
        if (np.diff(self.ts) < 0).any():
            row = int(np.flatnonzero(np.diff(self.ts) < 0)[0]) + 1
            raise DataError(
                f"The tear sheet's ts must not go back, but row {row} is before row {row - 1}; "
                "sort the equity rows."
            )
        if (self.benchmark is None) != (self.benchmark_name is None):
            raise DataError(
                "A tear sheet's benchmark needs both a name and equity, but only one was given; "
                "give both or none."
            )


def render_tearsheet(sheet: TearSheet) -> str:
    """The page, as the text of one HTML file.

    Notes
    -----
    Pictures hold at most 1,500 points per line: the lowest and highest of each bucket of rows.
    The table of months compares the last equity of each month with the one before. A ratio scale
    is chosen where equity spans a factor of 4 or more; the reader can switch.
    """
    ambers = [item for item in sheet.assumptions if item.level == "amber"]
    others = [item for item in sheet.assumptions if item.level != "amber"]
    page = _environment().get_template("tearsheet.html")
    return page.render(
        sheet=sheet,
        is_done=sheet.status.lower() in _DONE,
        period=f"{iso_date(int(_dates(sheet)[0]))} to {iso_date(int(_dates(sheet)[-1]))}",
        tiles=_tiles(sheet),
        legend=_legend(sheet),
        equity_plots=_equity_plots(sheet),
        drawdown_plot=_drawdown_plot(sheet),
        month_names=MONTHS,
        years=_years(sheet),
        n_amber=len(ambers),
        assumptions=[*ambers, *others],
        groups=_groups(sheet),
        formulas=_formulas(sheet),
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("quant.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _dates(sheet: TearSheet) -> IntArray:
    return sheet.ts // _NS_PER_DAY if sheet.session_date is None else sheet.session_date


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tile:
    """One headline figure, and the line beneath it."""

    label: str
    text: str
    beneath: str
    title: str


def _tiles(sheet: TearSheet) -> list[_Tile]:
    """The eight headline figures."""
    money = ("end_equity", "total_costs")
    found = (
        ("cagr", _beside(sheet, "benchmark_cagr")),
        ("total_return", _beside(sheet, "benchmark_total_return")),
        ("volatility", _beside(sheet, "benchmark_volatility")),
        ("sharpe", _beside(sheet, "benchmark_sharpe")),
        ("max_drawdown_pct", _beside(sheet, "benchmark_max_drawdown_pct")),
        ("end_equity", _phrase("from {}", _text(sheet, "start_equity", is_short=True))),
        ("total_trades", _phrase("{} won", _text(sheet, "win_rate"))),
        ("total_costs", _phrase("{} of equity a year", _text(sheet, "cost_per_year_pct"))),
    )
    tiles = []
    for key, beneath in found:
        metric = sheet.metrics.get(key)
        if metric is None:
            continue
        days = metric.inputs.get("days")
        is_young = key == "cagr" and isinstance(days, int) and days < _YEAR
        if is_young and metric.value is not None:
            beneath = _phrase("{} \u00b7 ", beneath) + f"from {days} days only"
        tiles.append(
            _Tile(
                label=DEFINITIONS[key].label,
                text=_text(sheet, key, is_short=key in money) or MISSING,
                beneath=metric.why or beneath,
                title=metric.definition,
            )
        )
    return tiles


def _text(sheet: TearSheet, key: str, *, is_short: bool = False) -> str:
    """A metric as shown; empty where it has no value. Short: no cents from 10,000 on."""
    metric = sheet.metrics.get(key)
    if metric is None or metric.value is None:
        return ""
    if is_short and abs(metric.value) >= 10_000:
        return money_text(metric.value, sheet.currency, 0)
    return figure_text(metric.value, metric.unit, sheet.currency)


def _phrase(pattern: str, text: str) -> str:
    return pattern.format(text) if text else ""


def _beside(sheet: TearSheet, key: str) -> str:
    text = _text(sheet, key)
    return f"{sheet.benchmark_name}: {text}" if text and sheet.benchmark_name else ""


def _legend(sheet: TearSheet) -> list[tuple[str, str, str]]:
    """Style, name and last value of each line."""
    last = money_text(float(sheet.equity[-1]), sheet.currency, 0)
    found = [("strategy", "Strategy", last)]
    if sheet.benchmark is not None and sheet.benchmark_name is not None:
        last = money_text(float(sheet.benchmark[-1]), sheet.currency, 0)
        found.append(("benchmark", sheet.benchmark_name, last))
    return found


def _lines(sheet: TearSheet) -> list[Line]:
    found = [] if sheet.benchmark is None else [Line(values=sheet.benchmark, style="benchmark")]
    return [*found, Line(values=sheet.equity, style="strategy")]


def _equity_plots(sheet: TearSheet) -> list[tuple[str, str, bool, Markup]]:
    """The equity picture by scale: id, name, whether it is shown first, and the picture."""
    lines = _lines(sheet)
    low = min(float(line.values.min()) for line in lines)
    high = max(float(line.values.max()) for line in lines)
    is_log = low > 0 and high / low >= _LOG_FROM
    found = [("linear", "Linear", not is_log, _equity_plot(sheet, lines, _linear(low, high)))]
    if low > 0 and high > low:
        scale = Scale(low=low / 1.03, high=high * 1.03, is_log=True)
        found.append(("log", "Log", is_log, _equity_plot(sheet, lines, scale)))
    return found


def _linear(low: float, high: float) -> Scale:
    """A scale with room above and below; of a line that never moves, too."""
    room = (high - low) * 0.04 or max(abs(high) * 0.01, 1.0)
    return Scale(low=low - room, high=high + room)


def _equity_plot(sheet: TearSheet, lines: list[Line], scale: Scale) -> Markup:
    values = log_ticks(scale.low, scale.high) if scale.is_log else None
    values = linear_ticks(scale.low, scale.high) if values is None else values
    first, last = float(sheet.equity[0]), float(sheet.equity[-1])
    label = (
        f"Equity of {sheet.title} from {money_text(first, sheet.currency, 0)} "
        f"to {money_text(last, sheet.currency, 0)}"
    )
    if sheet.benchmark is not None:
        end = money_text(float(sheet.benchmark[-1]), sheet.currency, 0)
        label += f"; {sheet.benchmark_name} ends at {end}"
    plot = Plot(
        ts=sheet.ts,
        lines=lines,
        scale=scale,
        ticks=[(value, short_number(value)) for value in values],
        height=300,
        label=label + (", on a logarithmic scale." if scale.is_log else "."),
    )
    return Markup(draw(plot))


def _drawdown_plot(sheet: TearSheet) -> Markup | None:
    """Fractions below the highest equity so far; None where equity does not start positive."""
    if sheet.equity[0] <= 0:
        return None
    own = 0.0 - drawdown_path(sheet.equity)
    lines = [Line(values=own, style="drawdown", is_area=True)]
    if sheet.benchmark is not None and sheet.benchmark[0] > 0:
        other = 0.0 - drawdown_path(sheet.benchmark)
        lines.insert(0, Line(values=other, style="benchmark"))
    lowest = min(float(line.values.min()) for line in lines)
    scale = Scale(low=lowest * 1.06 if lowest < 0 else -0.01, high=0.0)
    ticks = linear_ticks(scale.low, 0.0, 4)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 0.01
    decimals = max(0, -math.floor(math.log10(step * 100) + 1e-9))
    decimals += 1 if round(step * 100 * 10**decimals, 6) % 1 else 0
    plot = Plot(
        ts=sheet.ts,
        lines=lines,
        scale=scale,
        ticks=[(value, percent_text(value, decimals)) for value in ticks],
        height=170,
        label=f"Drawdown of {sheet.title}: deepest {percent_text(-float(own.min()))} below a peak.",
    )
    return Markup(draw(plot))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One return of the table of months, and the class that tints it."""

    text: str
    tint: str


def _years(sheet: TearSheet) -> list[tuple[int, list[_Cell]]]:
    """Year, its twelve months and the whole year; empty for runs within one month."""
    days = _dates(sheet)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    if months[0] == months[-1]:
        return []
    ends: dict[int, float] = dict(zip(months.tolist(), sheet.equity.tolist(), strict=True))
    if min(ends.values()) <= 0 or sheet.equity[0] <= 0:
        return []
    cells: dict[int, list[_Cell]] = {}
    before = year_before = float(sheet.equity[0])
    for month, end in ends.items():
        year, place = 1970 + month // 12, month % 12
        if year not in cells:
            cells[year] = [_Cell(text="", tint="")] * 13
            year_before = before
        cells[year][place] = _cell(end / before - 1.0)
        cells[year][12] = _cell(end / year_before - 1.0)
        before = end
    return list(cells.items())


def _cell(value: float) -> _Cell:
    strength = sum(abs(value) >= edge for edge in (0.0005, 0.02, 0.05))
    tint = f"{'up' if value > 0 else 'down'}{strength}" if strength else ""
    return _Cell(text=percent_text(value, 1), tint=tint)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One metric as shown."""

    label: str
    text: str
    definition: str
    why: str
    n: str
    inputs: str


def _row(sheet: TearSheet, name: str) -> _Row:
    metric = sheet.metrics[name]
    known = DEFINITIONS.get(name)
    inputs = "; ".join(f"{key} {_input_text(value)}" for key, value in metric.inputs.items())
    return _Row(
        label=known.label if known else name,
        text=figure_text(metric.value, metric.unit, sheet.currency),
        definition=metric.definition,
        why=metric.why or "",
        n=f"{metric.n:,}",
        inputs=inputs,
    )


def _input_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _groups(sheet: TearSheet) -> list[tuple[str, list[_Row]]]:
    """The metrics by group, aliases left out; no benchmark group without a benchmark."""
    found: list[tuple[str, list[_Row]]] = []
    for group in GROUPS:
        if group == "Benchmark" and sheet.benchmark is None:
            continue
        names = [name for name, known in DEFINITIONS.items() if known.group == group]
        shown = [name for name in names if name in sheet.metrics and name not in _ALIASES]
        if shown:
            found.append((group, [_row(sheet, name) for name in shown]))
    return found


def _formulas(sheet: TearSheet) -> list[_Row]:
    return [row for _, rows in _groups(sheet) for row in rows]
