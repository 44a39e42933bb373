"""The figures of a page: headline tiles and the table of every metric, as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from quant.report.definitions import DEFINITIONS, GROUPS
from quant.report.sheet import TearSheet
from quant.report.wording import MISSING, figure_text, money_text, short_number

__all__ = ["FigureRow", "Tile", "groups_of", "tiles_of"]

_YEAR: Final = 365
_ALIASES: Final = ("annual_return", "total_pnl")
# What says nothing where no money came in or went out.
_OF_FLOWS: Final = ("time_weighted_return", "money_weighted_return", "net_flows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One headline figure, and the line beneath it."""

    label: str
    text: str
    beneath: str
    title: str


def tiles_of(sheet: TearSheet) -> list[Tile]:
    """The eight headline figures."""
    money = ("end_equity", "total_costs")
    found = (
        ("cagr", _beside(sheet, "benchmark_cagr")),
        ("total_return", _beside(sheet, "benchmark_total_return")),
        ("volatility", _beside(sheet, "benchmark_volatility")),
        ("sharpe", _beside(sheet, "benchmark_sharpe")),
        ("max_drawdown_pct", _beside(sheet, "benchmark_max_drawdown_pct")),
        ("end_equity", _begun(sheet)),
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
            beneath = (
                _phrase("{} \u00b7 ", beneath)
                + f"from {days} {'day' if days == 1 else 'days'} only"
            )
        tiles.append(
            Tile(
                label=DEFINITIONS[key].label,
                text=_text(sheet, key, is_short=key in money) or MISSING,
                beneath=metric.why or beneath,
                title=metric.definition,
            )
        )
    return tiles


def _begun(sheet: TearSheet) -> str:
    """What the equity began with, and what came in since."""
    text = _phrase("from {}", _text(sheet, "start_equity", is_short=True))
    if not sheet.has_flows:
        return text
    return text + _phrase(", net deposits {}", _text(sheet, "net_flows", is_short=True))


def _text(sheet: TearSheet, key: str, *, is_short: bool = False) -> str:
    """A metric as shown; empty where it has no value.

    Short: no cents from 10,000 on, four digits from a hundred million on.
    """
    metric = sheet.metrics.get(key)
    if metric is None or metric.value is None:
        return ""
    if is_short and abs(metric.value) >= 1e8:
        return f"{short_number(float(f'{metric.value:.4g}'))} {sheet.currency}"
    if is_short and abs(metric.value) >= 10_000:
        return money_text(metric.value, sheet.currency, 0)
    return figure_text(metric.value, metric.unit, sheet.currency)


def _phrase(pattern: str, text: str) -> str:
    return pattern.format(text) if text else ""


def _beside(sheet: TearSheet, key: str) -> str:
    text = _text(sheet, key)
    return f"{sheet.benchmark_name}: {text}" if text and sheet.benchmark_name else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """One metric as shown."""

    label: str
    text: str
    definition: str
    why: str
    n: str
    inputs: str


def _row(sheet: TearSheet, name: str) -> FigureRow:
    metric = sheet.metrics[name]
    known = DEFINITIONS.get(name)
    inputs = "; ".join(f"{key} {_input_text(value)}" for key, value in metric.inputs.items())
    return FigureRow(
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


def groups_of(sheet: TearSheet) -> list[tuple[str, list[FigureRow]]]:
    """The metrics by group, aliases left out; no benchmark group without a benchmark, and
    no figures of deposits and withdrawals without any."""
    found: list[tuple[str, list[FigureRow]]] = []
    for group in GROUPS:
        if group == "Benchmark" and sheet.benchmark is None:
            continue
        names = [name for name, known in DEFINITIONS.items() if known.group == group]
        hidden = _ALIASES if sheet.has_flows else (*_ALIASES, *_OF_FLOWS)
        shown = [name for name in names if name in sheet.metrics and name not in hidden]
        if shown:
            found.append((group, [_row(sheet, name) for name in shown]))
    return found
